//! `GET /routing/v1/providers/{cid}`: delegated routing, with the filters of IPIP-484.

use std::sync::Arc;

use axum::{
    body::Body,
    extract::{Path, Query, State},
    http::{HeaderMap, HeaderName, HeaderValue, StatusCode, header},
    response::{IntoResponse, Response},
};
use cid::Cid;
use serde::{Deserialize, Serialize};
use tokio::time::timeout;

use crate::{Gateway, Provider, ipfs::content_of, problem::Problem};

const JSON: HeaderValue = HeaderValue::from_static("application/json");
const NDJSON: HeaderValue = HeaderValue::from_static("application/x-ndjson");
/// Providers change, and less often than they are asked for.
const FOUND_CACHE: HeaderValue =
    HeaderValue::from_static("public, max-age=300, stale-while-revalidate=3600, stale-if-error=3600");
/// What isn't anywhere yet may soon be.
const NONE_CACHE: HeaderValue = HeaderValue::from_static("public, max-age=15");
/// Most records in an answer.
const MAX_PROVIDERS: usize = 100;
/// Seconds after which to ask again when the node can't answer.
const RETRY_SECONDS: u32 = 5;
/// Stands for "no addresses" and "no protocols" in filters.
const UNKNOWN: &str = "unknown";

#[derive(Deserialize)]
#[serde(rename_all = "kebab-case")]
pub(crate) struct Filters {
    filter_addrs: Option<String>,
    filter_protocols: Option<String>,
}

#[derive(Serialize)]
#[serde(rename_all = "PascalCase")]
struct Record {
    schema: &'static str,
    #[serde(rename = "ID")]
    id: String,
    addrs: Vec<String>,
    protocols: Vec<String>,
}

#[derive(Serialize)]
#[serde(rename_all = "PascalCase")]
struct Providers {
    providers: Vec<Record>,
}

/// Who has the content; 404 when nobody is known to.
pub(crate) async fn providers(
    State(gateway): State<Arc<Gateway>>,
    path: Result<Path<String>, axum::extract::rejection::PathRejection>,
    filters: Result<Query<Filters>, axum::extract::rejection::QueryRejection>,
    headers: HeaderMap,
) -> Result<Response, Problem> {
    gateway.metrics.routing_requests.one();
    let unprocessable = |why: String| Problem::new(StatusCode::UNPROCESSABLE_ENTITY, "bad-request", why);
    let Path(text) = path.map_err(|error| unprocessable(error.body_text()))?;
    let Query(filters) = filters.map_err(|error| unprocessable(error.body_text()))?;
    let cid = Cid::try_from(text.as_str()).map_err(|error| {
        Problem::new(StatusCode::UNPROCESSABLE_ENTITY, "bad-cid", format!("this isn't a CID: {error}"))
    })?;

    let mut found = match content_of(&cid) {
        Some(content) => timeout(gateway.limits.chain_time, gateway.chain.providers(&content))
            .await
            .map_err(|_| unavailable("looking for providers takes too long".into()))?
            .map_err(|error| unavailable(error.to_string()))?,
        None => Vec::new(),
    };
    found.retain_mut(|provider| filters.keep(provider));
    found.truncate(MAX_PROVIDERS);

    let ndjson = wants_ndjson(&headers);
    let (status, cache) = match found.is_empty() {
        true => (StatusCode::NOT_FOUND, NONE_CACHE),
        false => (StatusCode::OK, FOUND_CACHE),
    };
    let records: Vec<_> = found.into_iter().map(Record::from).collect();
    let body = if ndjson {
        let mut lines = Vec::new();
        for record in &records {
            serde_json::to_writer(&mut lines, record).map_err(Problem::internal)?;
            lines.push(b'\n');
        }
        lines
    } else {
        serde_json::to_vec(&Providers { providers: records }).map_err(Problem::internal)?
    };
    let kind = if ndjson { NDJSON } else { JSON };
    let headers: [(HeaderName, HeaderValue); 3] = [
        (header::CONTENT_TYPE, kind),
        (header::CACHE_CONTROL, cache),
        (header::VARY, HeaderValue::from_static("Accept")),
    ];
    Ok((status, headers, Body::from(body)).into_response())
}

fn unavailable(why: String) -> Problem {
    Problem::new(StatusCode::SERVICE_UNAVAILABLE, "chain-unavailable", why).retry_after(RETRY_SECONDS)
}

fn wants_ndjson(headers: &HeaderMap) -> bool {
    headers
        .get_all(header::ACCEPT)
        .iter()
        .filter_map(|value| value.to_str().ok())
        .flat_map(|value| value.split(','))
        .any(|range| {
            range
                .split(';')
                .next()
                .is_some_and(|kind| kind.trim().eq_ignore_ascii_case("application/x-ndjson"))
        })
}

impl From<Provider> for Record {
    fn from(provider: Provider) -> Self {
        Self { schema: "peer", id: provider.id, addrs: provider.addresses, protocols: provider.protocols }
    }
}

impl Filters {
    /// Drops the addresses that the client can't use, and says whether the provider is of use at all.
    fn keep(&self, provider: &mut Provider) -> bool {
        if let Some(list) = &self.filter_protocols {
            let matches = words(list).any(|word| match word {
                UNKNOWN => provider.protocols.is_empty(),
                word => provider.protocols.iter().any(|protocol| protocol.eq_ignore_ascii_case(word)),
            });
            if !matches {
                return false;
            }
        }
        let Some(list) = &self.filter_addrs else { return true };
        let has = |address: &str, name: &str| address.split('/').any(|part| part.eq_ignore_ascii_case(name));
        if provider.addresses.is_empty() {
            return words(list).any(|word| word == UNKNOWN);
        }
        let only_negative = words(list).all(|word| word.starts_with('!'));
        provider.addresses.retain(|address| {
            let refused =
                words(list).filter_map(|word| word.strip_prefix('!')).any(|name| has(address, name));
            let wanted = words(list).filter(|word| !word.starts_with('!')).any(|name| has(address, name));
            !refused && (only_negative || wanted)
        });
        !provider.addresses.is_empty()
    }
}

fn words(list: &str) -> impl Iterator<Item = &str> {
    list.split(',').map(str::trim).filter(|word| !word.is_empty())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn provider() -> Provider {
        Provider {
            id: "12D3".into(),
            addresses: vec!["/ip4/127.0.0.1/tcp/30333/ws".into(), "/ip6/::1/udp/4001/quic-v1".into()],
            protocols: vec!["transport-bitswap".into()],
        }
    }

    fn kept(addresses: Option<&str>, protocols: Option<&str>) -> Option<Vec<String>> {
        let filters =
            Filters { filter_addrs: addresses.map(Into::into), filter_protocols: protocols.map(Into::into) };
        let mut provider = provider();
        filters.keep(&mut provider).then_some(provider.addresses)
    }

    #[test]
    fn without_filters_a_provider_is_returned_whole() {
        assert_eq!(kept(None, None), Some(provider().addresses));
    }

    #[test]
    fn address_filters_keep_wanted_and_drop_refused() {
        assert_eq!(kept(Some("ws"), None), Some(vec!["/ip4/127.0.0.1/tcp/30333/ws".into()]));
        assert_eq!(kept(Some("!ip4"), None), Some(vec!["/ip6/::1/udp/4001/quic-v1".into()]));
        assert_eq!(kept(Some("WS,!ip4"), None), None);
        assert_eq!(kept(Some("webrtc"), None), None);
        assert_eq!(kept(Some("unknown"), None), None);
    }

    #[test]
    fn protocol_filters_drop_providers_that_speak_none() {
        assert!(kept(None, Some("unknown,Transport-Bitswap")).is_some());
        assert!(kept(None, Some("transport-ipfs-gateway-http")).is_none());
    }
}

//! `POST …/preupload/{revision}`: how each file is to be sent.
//!
//! From release 2 on, huggingface_hub sends files that are called large over a protocol of its maker's storage, and
//! doesn't fall back. It sends any file inside the commit, though, if it is told that the file is a regular one. So it is
//! told that up to [`super::super::HubLimits::regular_bytes`]; longer files take `HF_HUB_DISABLE_XET=1` there. Other
//! clients send what is larger than [`SMALL`] ahead of the commit.

use std::sync::Arc;

use axum::{
    Json,
    extract::{Path, State},
    http::{HeaderMap, Uri, header},
};
use serde::Deserialize;
use serde_json::{Value, json};

use super::super::{HubGateway, error::HubError, query::Params, reader::Reader};

/// Files that one question may name.
const MAX_FILES: usize = 1_000;
/// Files up to this size are sent inside the commit by every client.
const SMALL: u64 = 10 << 20;
/// First release of the Python client that must be told so of larger ones.
const XET_RELEASE: u64 = 2;

#[derive(Deserialize)]
struct Asked {
    files: Vec<File>,
}

#[derive(Deserialize)]
struct File {
    path: String,
    size: u64,
}

/// `POST …/preupload/{revision}`.
pub(in crate::hf) async fn preupload(
    State(hub): State<Arc<HubGateway>>,
    Path((kind, namespace, name, revision)): Path<(String, String, String, String)>,
    reader: Reader,
    headers: HeaderMap,
    uri: Uri,
    body: axum::body::Bytes,
) -> Result<Json<Value>, HubError> {
    super::commit::refuse_pull_requests(&Params::of(&uri)?)?;
    let (_, _, asset) = hub.writable(&reader, &kind, &namespace, &name).await?;
    let Asked { files } = super::repos::json(&body)?;
    if files.len() > MAX_FILES {
        return Err(HubError::BadRequest(format!("more than {MAX_FILES} files: ask in several parts")));
    }
    let most = match is_xet_client(&headers) {
        true => hub.limits.regular_bytes.max(SMALL),
        false => SMALL,
    };
    let known = hub.tags_of(&reader, &asset, &revision).await?;
    let describe = |file: File| {
        let regular = file.size <= most;
        // The client compares it with a git blob's id or a sha2-256, as it is told to send the file.
        let oid = known.get(&file.path).and_then(|digests| match (regular, digests.is_large()) {
            (true, false) => Some(hex::encode(digests.git)),
            (false, _) => Some(hex::encode(digests.sha256)),
            (true, true) => None,
        });
        json!({
            "path": file.path,
            "uploadMode": if regular { "regular" } else { "lfs" },
            "shouldIgnore": false,
            "oid": oid,
        })
    };
    let files: Vec<_> = files.into_iter().map(describe).collect();
    Ok(Json(json!({ "files": files })))
}

/// Whether this is a Python client that sends large files its own way.
fn is_xet_client(headers: &HeaderMap) -> bool {
    let agent = headers.get(header::USER_AGENT).and_then(|value| value.to_str().ok()).unwrap_or_default();
    let release = agent.split(['/', ';', ' ']).skip_while(|part| *part != "hf_hub").nth(1);
    let major = release.and_then(|release| release.split('.').next()?.parse::<u64>().ok());
    major.is_some_and(|major| major >= XET_RELEASE)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_python_client_is_known_by_its_release() {
        let of = |agent: &str| {
            is_xet_client(&HeaderMap::from_iter([(header::USER_AGENT, agent.parse().unwrap())]))
        };
        assert!(of("unknown/None; hf_hub/2.4.0; python/3.11.7"));
        assert!(of("transformers/5.23.0; hf_hub/10.0; python/3.11.7"));
        for other in ["unknown/None; hf_hub/1.33.0; python/3.11.7", "undici", "hf_hub", "hf_hub/x", ""] {
            assert!(!of(other), "{other}");
        }
        assert!(!is_xet_client(&HeaderMap::new()));
    }
}

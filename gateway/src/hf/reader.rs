//! Who asks: the account behind the bearer token, or nobody.

use std::sync::Arc;

use axum::{
    extract::FromRequestParts,
    http::{HeaderMap, header, request::Parts},
};

use super::{error::HubError, state::HubGateway};
use crate::{Account, Identity};

/// Longest token that is looked at.
const MAX_TOKEN: usize = 4 << 10;

/// Whoever sent a request.
#[derive(Clone, Debug)]
pub(super) struct Reader(Option<Identity>);

impl Reader {
    pub(super) fn identity(&self) -> Option<&Identity> {
        self.0.as_ref()
    }

    pub(super) fn account(&self) -> Option<&Account> {
        self.0.as_ref().map(|identity| &identity.account)
    }
}

impl FromRequestParts<Arc<HubGateway>> for Reader {
    type Rejection = HubError;

    async fn from_request_parts(parts: &mut Parts, hub: &Arc<HubGateway>) -> Result<Self, HubError> {
        match token(&parts.headers)? {
            None => Ok(Self(None)),
            Some(token) => {
                let identity = hub.ask(hub.hub.identify(token)).await?.ok_or(HubError::BadToken)?;
                Ok(Self(Some(identity)))
            }
        }
    }
}

/// The bearer token, if there is any. Any other way to log in is a bad one.
fn token(headers: &HeaderMap) -> Result<Option<&str>, HubError> {
    let Some(value) = headers.get(header::AUTHORIZATION) else { return Ok(None) };
    let text = value.to_str().map_err(|_| HubError::BadToken)?;
    let (scheme, token) = text.split_once(' ').ok_or(HubError::BadToken)?;
    let token = token.trim();
    let fine = scheme.eq_ignore_ascii_case("bearer") && !token.is_empty() && token.len() <= MAX_TOKEN;
    fine.then_some(Some(token)).ok_or(HubError::BadToken)
}

#[cfg(test)]
mod tests {
    use axum::http::HeaderValue;

    use super::*;

    fn read(value: &str) -> Option<String> {
        let headers = HeaderMap::from_iter([(header::AUTHORIZATION, HeaderValue::from_str(value).unwrap())]);
        token(&headers).ok().flatten().map(str::to_owned)
    }

    #[test]
    fn only_bearer_tokens_count() {
        assert_eq!(read("Bearer abc"), Some("abc".into()));
        assert_eq!(read("bearer abc"), Some("abc".into()));
        for bad in ["Basic abc", "Bearer", "Bearer ", "abc", &format!("Bearer {}", "a".repeat(5_000))] {
            assert_eq!(read(bad), None, "{bad}");
        }
        assert!(token(&HeaderMap::new()).unwrap().is_none());
    }
}

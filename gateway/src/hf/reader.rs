//! Who asks: the account behind the bearer token, or nobody.

use std::sync::Arc;

use axum::{extract::FromRequestParts, http::request::Parts};

use super::{error::HubError, state::HubGateway};
use crate::{
    Account,
    token::{Scope, Token},
};

/// Whoever sent a request.
#[derive(Clone, Debug)]
pub(super) struct Reader(Option<Token>);

impl Reader {
    pub(super) fn token(&self) -> Option<&Token> {
        self.0.as_ref()
    }

    pub(super) fn account(&self) -> Option<&Account> {
        self.0.as_ref().map(|token| &token.account)
    }

    /// The account, if its token may be used to write.
    pub(super) fn writer(&self) -> Result<Account, HubError> {
        match &self.0 {
            None => Err(HubError::NoToken),
            Some(Token { scope: Scope::Read, .. }) => Err(HubError::ReadToken),
            Some(Token { account, scope: Scope::Write, .. }) => Ok(*account),
        }
    }
}

impl FromRequestParts<Arc<HubGateway>> for Reader {
    type Rejection = HubError;

    async fn from_request_parts(parts: &mut Parts, hub: &Arc<HubGateway>) -> Result<Self, HubError> {
        Ok(Self(hub.gateway.token_of(&parts.headers).map_err(HubError::BadToken)?))
    }
}

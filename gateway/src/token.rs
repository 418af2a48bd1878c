//! Tokens: a wallet signs one once, and whoever sends it acts for the account at this gateway until it expires.
//!
//! A token is `hf_` and then, in base64url without padding, an sr25519 signature of 64 bytes and the text that it
//! covers:
//!
//! `stoa-token:1:<audience>:<account>:<scope>:<issued>:<expires>:<id>:<label>`
//!
//! The audience is this gateway's (`GET /token/audience`), so that a token given to one gateway is of no use to another.
//! The account is an ss58 address, the scope `read` or `write`, times are Unix seconds, the id is 16 random bytes in
//! hex, and the label is what its owner calls it. `stoa token new` makes one; any wallet that signs raw bytes can too,
//! since a text wrapped in `<Bytes>…</Bytes>` counts as well.

mod revoked;

use std::{
    path::Path,
    sync::Arc,
    time::{SystemTime, UNIX_EPOCH},
};

use axum::{
    Json,
    body::Body,
    extract::State,
    http::{HeaderMap, StatusCode, header},
    response::{IntoResponse, Response},
};
use base64::{Engine, engine::general_purpose::URL_SAFE_NO_PAD};
use serde::Deserialize;
use serde_json::{Value, json};
use tokio::task::spawn_blocking;

use self::revoked::Revoked;
pub(crate) use self::revoked::RevokedError;
use crate::{Account, Chain, Gateway, problem::Problem};

/// What a token begins with: clients of the hub take no other.
const PREFIX: &str = "hf_";
/// What a signed text begins with.
const HEAD: &str = "stoa-token:1:";
/// What a signed text begins with that ends all older tokens of an account.
const END_ALL: &str = "stoa-token-end:1:";
const SIGNATURE_SIZE: usize = 64;
/// Longest token that is looked at.
const MAX_TOKEN: usize = 2 << 10;
/// Longest label.
const MAX_LABEL: usize = 64;
/// Longest life of a token, in seconds: a year and a day.
const MAX_LIFE: u64 = 366 * 86_400;
/// How far the clock of whoever makes tokens may be ahead of ours, in seconds.
const SKEW: u64 = 300;
/// Longest body of a request.
const REQUEST_SIZE: usize = 4 << 10;

/// Names a token among those of its account.
pub(crate) type TokenId = [u8; 16];

/// What a token allows.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(crate) enum Scope {
    Read,
    Write,
}

/// A token whose signature was checked.
#[derive(Clone, Debug, Eq, PartialEq)]
pub(crate) struct Token {
    pub(crate) account: Account,
    pub(crate) scope: Scope,
    pub(crate) issued: u64,
    pub(crate) expires: u64,
    pub(crate) id: TokenId,
    pub(crate) label: String,
}

/// Why a token isn't good.
#[derive(Clone, Copy, Debug, Eq, PartialEq, thiserror::Error)]
pub(crate) enum TokenError {
    #[error("this isn't a token: make one with `stoa token new`")]
    Format,
    #[error("the token is meant for another gateway: make one for this with `stoa token new`")]
    Audience,
    #[error("the token's signature isn't its account's")]
    Signature,
    #[error("the token has expired: make another with `stoa token new`")]
    Expired,
    #[error("the token begins in the future: set the clock of the machine that made it")]
    Early,
    #[error("the token lives longer than a year")]
    Life,
    #[error("the token was revoked")]
    Revoked,
}

/// Checks tokens, and remembers those that were revoked.
pub(crate) struct Tokens {
    audience: String,
    revoked: Revoked,
}

impl Tokens {
    /// Opens the table of revoked tokens.
    pub(crate) fn open(audience: String, table: &Path) -> Result<Self, RevokedError> {
        Ok(Self { audience, revoked: Revoked::open(table, unix_time())? })
    }

    /// Whom a token speaks for.
    pub(crate) fn check(&self, chain: &dyn Chain, token: &str) -> Result<Token, TokenError> {
        let (signature, text) = split(token)?;
        let token = self.parse(chain, &text)?;
        let now = unix_time();
        if token.expires <= now {
            return Err(TokenError::Expired);
        }
        if token.issued > now.saturating_add(SKEW) {
            return Err(TokenError::Early);
        }
        if token.expires.saturating_sub(token.issued) > MAX_LIFE {
            return Err(TokenError::Life);
        }
        if !is_signed(chain, &token.account, &text, &signature) {
            return Err(TokenError::Signature);
        }
        match self.revoked.has(&token) {
            true => Err(TokenError::Revoked),
            false => Ok(token),
        }
    }

    fn parse(&self, chain: &dyn Chain, text: &str) -> Result<Token, TokenError> {
        let rest = text.strip_prefix(HEAD).ok_or(TokenError::Format)?;
        let mut parts = rest.splitn(7, ':');
        let mut part = || parts.next().ok_or(TokenError::Format);
        let (audience, account, scope, issued, expires, id, label) =
            (part()?, part()?, part()?, part()?, part()?, part()?, part()?);
        if audience != self.audience {
            return Err(TokenError::Audience);
        }
        let scope = match scope {
            "read" => Scope::Read,
            "write" => Scope::Write,
            _ => return Err(TokenError::Format),
        };
        let mut bytes = TokenId::default();
        hex::decode_to_slice(id, &mut bytes).map_err(|_| TokenError::Format)?;
        if label.len() > MAX_LABEL || label.chars().any(char::is_control) {
            return Err(TokenError::Format);
        }
        Ok(Token {
            account: chain.parse_account(account).ok_or(TokenError::Format)?,
            scope,
            issued: number(issued)?,
            expires: number(expires)?,
            id: bytes,
            label: label.to_owned(),
        })
    }
}

/// Only the shortest spelling, so that a token has one text.
fn number(text: &str) -> Result<u64, TokenError> {
    let number: u64 = text.parse().map_err(|_| TokenError::Format)?;
    (number.to_string() == text).then_some(number).ok_or(TokenError::Format)
}

fn split(token: &str) -> Result<([u8; SIGNATURE_SIZE], String), TokenError> {
    let encoded =
        token.strip_prefix(PREFIX).filter(|rest| rest.len() <= MAX_TOKEN).ok_or(TokenError::Format)?;
    let bytes = URL_SAFE_NO_PAD.decode(encoded).map_err(|_| TokenError::Format)?;
    let (signature, text) = bytes.split_first_chunk().ok_or(TokenError::Format)?;
    Ok((*signature, String::from_utf8(text.to_vec()).map_err(|_| TokenError::Format)?))
}

fn is_signed(chain: &dyn Chain, account: &Account, text: &str, signature: &[u8; SIGNATURE_SIZE]) -> bool {
    // Wallets wrap what they sign, so that nobody is made to sign a transaction.
    chain.verify(account, text.as_bytes(), signature)
        || chain.verify(account, format!("<Bytes>{text}</Bytes>").as_bytes(), signature)
}

pub(crate) fn unix_time() -> u64 {
    SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default().as_secs()
}

/// The bearer token of a request, if it has one. Any other way to log in is a bad one.
pub(crate) fn bearer(headers: &HeaderMap) -> Result<Option<&str>, TokenError> {
    let Some(value) = headers.get(header::AUTHORIZATION) else { return Ok(None) };
    let text = value.to_str().map_err(|_| TokenError::Format)?;
    let (scheme, token) = text.split_once(' ').ok_or(TokenError::Format)?;
    let token = token.trim();
    let fine = scheme.eq_ignore_ascii_case("bearer") && !token.is_empty();
    fine.then_some(Some(token)).ok_or(TokenError::Format)
}

impl Gateway {
    /// The token that a request carries; `None` when it carries none.
    pub(crate) fn token_of(&self, headers: &HeaderMap) -> Result<Option<Token>, TokenError> {
        bearer(headers)?.map(|token| self.tokens.check(self.chain.as_ref(), token)).transpose()
    }
}

/// `GET /token/audience`: what a token for this gateway must name.
pub(crate) async fn audience(State(gateway): State<Arc<Gateway>>) -> Json<Value> {
    Json(json!({ "audience": gateway.tokens.audience }))
}

#[derive(Deserialize)]
struct EndAll {
    account: String,
    /// Unix seconds: tokens issued until then end.
    until: u64,
    /// In hex, over `stoa-token-end:1:<audience>:<account>:<until>`.
    signature: String,
}

/// What a revocation writes.
type Ending = Box<dyn FnOnce(&Revoked) -> Result<(), RevokedError> + Send>;

/// `POST /token/revoke`: ends the token that the request carries, or all of an account that its wallet names.
pub(crate) async fn revoke(
    State(gateway): State<Arc<Gateway>>,
    headers: HeaderMap,
    body: Body,
) -> Result<Json<Value>, Response> {
    let refused = |status, code, why: String| Problem::new(status, code, why).into_response();
    let unauthorised = |error: TokenError| refused(StatusCode::UNAUTHORIZED, "bad-token", error.to_string());
    let work: Ending = match gateway.token_of(&headers).map_err(unauthorised)? {
        Some(token) => Box::new(move |revoked| revoked.end(&token, unix_time())),
        None => {
            let bad = |why: String| refused(StatusCode::BAD_REQUEST, "bad-request", why);
            let body =
                axum::body::to_bytes(body, REQUEST_SIZE).await.map_err(|error| bad(error.to_string()))?;
            let asked: EndAll = serde_json::from_slice(&body).map_err(|error| {
                bad(format!(
                    "send the token as Authorization: Bearer, or account, until and signature: {error}"
                ))
            })?;
            let account = gateway.tokens.end_all(gateway.chain.as_ref(), &asked).map_err(unauthorised)?;
            // An end in the future would end tokens that are made after it.
            let until = asked.until.min(unix_time());
            Box::new(move |revoked| revoked.end_all(&account, until))
        }
    };
    let shared = gateway.clone();
    spawn_blocking(move || work(&shared.tokens.revoked))
        .await
        .map_err(|error| Problem::internal(error).into_response())?
        .map_err(|error| match error {
            RevokedError::Full => {
                refused(StatusCode::INSUFFICIENT_STORAGE, "too-many-revoked", error.to_string())
            }
            error => Problem::internal(error).into_response(),
        })?;
    Ok(Json(json!({ "revoked": true })))
}

impl Tokens {
    fn end_all(&self, chain: &dyn Chain, asked: &EndAll) -> Result<Account, TokenError> {
        let account = chain.parse_account(&asked.account).ok_or(TokenError::Format)?;
        let mut signature = [0; SIGNATURE_SIZE];
        let digits = asked.signature.strip_prefix("0x").unwrap_or(&asked.signature);
        hex::decode_to_slice(digits, &mut signature).map_err(|_| TokenError::Format)?;
        let text = format!("{END_ALL}{}:{}:{}", self.audience, asked.account, asked.until);
        match is_signed(chain, &account, &text, &signature) {
            true => Ok(account),
            false => Err(TokenError::Signature),
        }
    }
}

#[cfg(test)]
mod tests {
    use async_trait::async_trait;
    use stoa_primitives::{ContentId, PieceRoot};

    use super::*;
    use crate::{ChainError, ChainHealth, Provider};

    const ALICE: Account = Account([1; 32]);

    /// Accounts are hex, and a signature is a keyed hash.
    struct Wallets;

    fn sign(account: &Account, message: &[u8]) -> [u8; 64] {
        let mut signature = [0; 64];
        blake3::Hasher::new_keyed(&account.0).update(message).finalize_xof().fill(&mut signature);
        signature
    }

    #[async_trait]
    impl Chain for Wallets {
        fn parse_account(&self, text: &str) -> Option<Account> {
            let mut account = Account([0; 32]);
            hex::decode_to_slice(text, &mut account.0).ok()?;
            Some(account)
        }
        fn account_text(&self, account: &Account) -> String {
            hex::encode(account.0)
        }
        fn verify(&self, account: &Account, message: &[u8], signature: &[u8; 64]) -> bool {
            sign(account, message) == *signature
        }
        async fn upload_allowance(&self, _: &Account) -> Result<Option<u64>, ChainError> {
            Ok(None)
        }
        async fn providers(&self, _: &ContentId) -> Result<Vec<Provider>, ChainError> {
            Ok(Vec::new())
        }
        async fn may_read(&self, _: &Account, _: &PieceRoot, _: &ContentId) -> Result<bool, ChainError> {
            Ok(false)
        }
        async fn health(&self) -> Result<ChainHealth, ChainError> {
            Err(ChainError("there is no chain".into()))
        }
    }

    fn tokens(folder: &Path) -> Tokens {
        Tokens::open("here".into(), &folder.join("tokens.redb")).unwrap()
    }

    fn text(audience: &str, scope: &str, issued: u64, expires: u64) -> String {
        let (account, id) = (hex::encode(ALICE.0), "0a".repeat(16));
        format!("stoa-token:1:{audience}:{account}:{scope}:{issued}:{expires}:{id}:my laptop: the old one")
    }

    fn token(text: &str, signature: [u8; 64]) -> String {
        let mut bytes = signature.to_vec();
        bytes.extend_from_slice(text.as_bytes());
        format!("hf_{}", URL_SAFE_NO_PAD.encode(bytes))
    }

    fn signed(text: &str) -> String {
        token(text, sign(&ALICE, text.as_bytes()))
    }

    #[test]
    fn a_signed_token_speaks_for_its_account() {
        let folder = tempfile::tempdir().unwrap();
        let (tokens, now) = (tokens(folder.path()), unix_time());
        let text = text("here", "write", now, now + 60);
        let found = tokens.check(&Wallets, &signed(&text)).unwrap();
        assert_eq!((found.account, found.scope, found.expires), (ALICE, Scope::Write, now + 60));
        assert_eq!(found.label, "my laptop: the old one");
        let wrapped = sign(&ALICE, format!("<Bytes>{text}</Bytes>").as_bytes());
        assert_eq!(tokens.check(&Wallets, &token(&text, wrapped)).unwrap(), found);
    }

    #[test]
    fn forged_foreign_stale_and_endless_tokens_are_refused() {
        let folder = tempfile::tempdir().unwrap();
        let (tokens, now) = (tokens(folder.path()), unix_time());
        for (text, error) in [
            (text("there", "read", now, now + 60), TokenError::Audience),
            (text("here", "read", now - 60, now), TokenError::Expired),
            (text("here", "read", now + SKEW + 60, now + SKEW + 90), TokenError::Early),
            (text("here", "read", now, now + MAX_LIFE + 1), TokenError::Life),
            (text("here", "admin", now, now + 60), TokenError::Format),
            (text("here", "read", now, now + 60).replace("0a0a", "xx0a"), TokenError::Format),
            (
                text("here", "read", now, now + 60).replace(&now.to_string(), &format!("+{now}")),
                TokenError::Format,
            ),
            (text("here", "read", now, now + 60) + &"x".repeat(MAX_LABEL), TokenError::Format),
            (text("here", "read", now, now + 60) + "\n", TokenError::Format),
        ] {
            assert_eq!(tokens.check(&Wallets, &signed(&text)), Err(error), "{text}");
        }
        let good = text("here", "read", now, now + 60);
        let other = sign(&Account([2; 32]), good.as_bytes());
        assert_eq!(tokens.check(&Wallets, &token(&good, other)), Err(TokenError::Signature));
        let raised = token(&good.replace(":read:", ":write:"), sign(&ALICE, good.as_bytes()));
        assert_eq!(tokens.check(&Wallets, &raised), Err(TokenError::Signature));
        for text in [
            "",
            "hf_",
            "hf_AAAA",
            "hf_%%%",
            &signed(&good)[3..],
            &format!("hf_{}", "A".repeat(MAX_TOKEN + 1)),
        ] {
            assert_eq!(tokens.check(&Wallets, text), Err(TokenError::Format), "{text}");
        }
    }

    #[test]
    fn a_revoked_token_stays_revoked_and_others_of_the_account_stay_good() {
        let folder = tempfile::tempdir().unwrap();
        let now = unix_time();
        let first = signed(&text("here", "read", now, now + 60));
        let second = signed(&text("here", "read", now, now + 60).replace("0a0a", "0b0b"));
        {
            let tokens = tokens(folder.path());
            let token = tokens.check(&Wallets, &first).unwrap();
            tokens.revoked.end(&token, now).unwrap();
            assert_eq!(tokens.check(&Wallets, &first), Err(TokenError::Revoked));
        }
        let tokens = tokens(folder.path());
        assert_eq!(tokens.check(&Wallets, &first), Err(TokenError::Revoked));
        assert!(tokens.check(&Wallets, &second).is_ok());
    }

    #[test]
    fn a_wallet_ends_all_its_older_tokens() {
        let folder = tempfile::tempdir().unwrap();
        let (tokens, now) = (tokens(folder.path()), unix_time());
        let old = signed(&text("here", "read", now - 10, now + 60));
        let new = signed(&text("here", "read", now - 5, now + 60));
        let account = hex::encode(ALICE.0);
        let asked = |until: u64, signer: &Account| EndAll {
            signature: hex::encode(sign(
                signer,
                format!("stoa-token-end:1:here:{account}:{until}").as_bytes(),
            )),
            account: account.clone(),
            until,
        };
        assert_eq!(tokens.end_all(&Wallets, &asked(now - 7, &Account([2; 32]))), Err(TokenError::Signature));
        let ended = tokens.end_all(&Wallets, &asked(now - 7, &ALICE)).unwrap();
        tokens.revoked.end_all(&ended, now - 7).unwrap();
        assert_eq!(tokens.check(&Wallets, &old), Err(TokenError::Revoked));
        assert!(tokens.check(&Wallets, &new).is_ok());
    }

    #[test]
    fn only_bearer_tokens_count() {
        let read = |value: &str| {
            let headers = HeaderMap::from_iter([(header::AUTHORIZATION, value.parse().unwrap())]);
            bearer(&headers).map(|token| token.map(str::to_owned))
        };
        assert_eq!(read("Bearer abc"), Ok(Some("abc".into())));
        assert_eq!(read("bearer abc"), Ok(Some("abc".into())));
        for bad in ["Basic abc", "Bearer", "Bearer ", "abc"] {
            assert_eq!(read(bad), Err(TokenError::Format), "{bad}");
        }
        assert_eq!(bearer(&HeaderMap::new()), Ok(None));
    }
}

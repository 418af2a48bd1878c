//! Tokens: what a wallet signs once, so that a program may act for its account at one gateway until it expires.
//!
//! A token is `hf_` and then, in base64url without padding, an sr25519 signature of 64 bytes and the text that it
//! covers: `stoa-token:1:<audience>:<account>:<scope>:<issued>:<expires>:<id>:<label>`. Programs send it as
//! `Authorization: Bearer <token>`; clients of the Hugging Face Hub take it as `HF_TOKEN`.

use crate::keys::{AccountId32, Keypair, address};
use base64::{Engine, engine::general_purpose::URL_SAFE_NO_PAD};
use rand::{TryRngCore, rngs::OsRng};
use serde::Serialize;
use std::{
    fmt,
    str::FromStr,
    time::{Duration, SystemTime, UNIX_EPOCH},
};

const PREFIX: &str = "hf_";
const HEAD: &str = "stoa-token:1:";
const END_ALL: &str = "stoa-token-end:1:";
const SIGNATURE_SIZE: usize = 64;
/// Longest label, in bytes.
pub const MAX_LABEL: usize = 64;
/// Longest life of a token; gateways refuse a longer one.
pub const MAX_LIFE: Duration = Duration::from_secs(366 * 86_400);
/// Longest audience.
const MAX_AUDIENCE: usize = 256;

/// Why a token can't be made or read.
#[derive(Debug, thiserror::Error)]
pub enum TokenError {
    /// The text isn't a token.
    #[error("this isn't a token of Stoa: make one with `stoa token new`")]
    Format,
    /// The audience can't be part of a signed text.
    #[error("the gateway calls itself `{0}`, which no token can name")]
    Audience(String),
    /// The label can't be part of a signed text.
    #[error("the label must have at most {MAX_LABEL} bytes and no control characters")]
    Label,
    /// It would live too long.
    #[error("a token lives at least a second and at most {} days", MAX_LIFE.as_secs() / 86_400)]
    Life,
    /// The system has no randomness to give.
    #[error("the system's random generator failed: {0}")]
    Random(String),
}

/// What a token allows.
#[derive(Clone, Copy, Debug, Default, Eq, PartialEq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum Scope {
    /// Reading what the account may read.
    #[default]
    Read,
    /// That, and publishing for it.
    Write,
}

impl Scope {
    /// As it is written in a token.
    pub fn word(self) -> &'static str {
        match self {
            Self::Read => "read",
            Self::Write => "write",
        }
    }
}

impl fmt::Display for Scope {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(self.word())
    }
}

impl FromStr for Scope {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        match text {
            "read" => Ok(Self::Read),
            "write" => Ok(Self::Write),
            other => Err(format!("`{other}` is neither read nor write")),
        }
    }
}

/// A token.
#[derive(Clone, Debug, Eq, PartialEq, Serialize)]
pub struct Token {
    /// What programs send.
    pub token: String,
    /// The gateway that it is meant for.
    pub audience: String,
    /// The account that signed it.
    pub account: AccountId32,
    /// What it allows.
    pub scope: Scope,
    /// When it was made, in Unix seconds.
    pub issued: u64,
    /// When it ends, in Unix seconds.
    pub expires: u64,
    /// What its owner calls it.
    pub label: String,
}

/// A token that is to be made.
#[derive(Clone, Debug)]
pub struct NewToken {
    /// The gateway that it is meant for, as [`crate::Gateway::audience`] says.
    pub audience: String,
    /// What it allows.
    pub scope: Scope,
    /// How long it lives.
    pub life: Duration,
    /// What its owner calls it.
    pub label: String,
}

impl NewToken {
    /// Signs the token, from now on.
    pub fn sign(&self, signer: &Keypair) -> Result<Token, TokenError> {
        let mut id = [0; 16];
        OsRng.try_fill_bytes(&mut id).map_err(|error| TokenError::Random(error.to_string()))?;
        self.sign_at(signer, now(), id)
    }

    fn sign_at(&self, signer: &Keypair, issued: u64, id: [u8; 16]) -> Result<Token, TokenError> {
        let Self { audience, scope, life, label } = self;
        check_audience(audience)?;
        if label.len() > MAX_LABEL || label.chars().any(char::is_control) {
            return Err(TokenError::Label);
        }
        if life.as_secs() == 0 || *life > MAX_LIFE {
            return Err(TokenError::Life);
        }
        let expires = issued.saturating_add(life.as_secs());
        let (account, id) = (address(signer), hex::encode(id));
        let text = format!("{HEAD}{audience}:{account}:{scope}:{issued}:{expires}:{id}:{label}");
        let mut bytes = signer.sign(text.as_bytes()).0.to_vec();
        bytes.extend_from_slice(text.as_bytes());
        format!("{PREFIX}{}", URL_SAFE_NO_PAD.encode(bytes)).parse()
    }
}

impl FromStr for Token {
    type Err = TokenError;

    /// Reads a token. Its signature is the gateway's to check.
    fn from_str(token: &str) -> Result<Self, TokenError> {
        let read = || {
            let bytes = URL_SAFE_NO_PAD.decode(token.strip_prefix(PREFIX)?).ok()?;
            let (_, text) = bytes.split_first_chunk::<SIGNATURE_SIZE>()?;
            let text = std::str::from_utf8(text).ok()?;
            let parts: Vec<_> = text.strip_prefix(HEAD)?.splitn(7, ':').collect();
            let [audience, account, scope, issued, expires, _id, label] = parts.try_into().ok()?;
            Some(Self {
                token: token.to_owned(),
                audience: audience.to_owned(),
                account: account.parse().ok()?,
                scope: scope.parse().ok()?,
                issued: issued.parse().ok()?,
                expires: expires.parse().ok()?,
                label: label.to_owned(),
            })
        };
        read().ok_or(TokenError::Format)
    }
}

/// What an account signs to end all its tokens at a gateway: account, Unix seconds up to which they were made, and the
/// signature in hex.
pub(crate) fn end_all(signer: &Keypair, audience: &str) -> Result<serde_json::Value, TokenError> {
    check_audience(audience)?;
    let (account, until) = (address(signer), now());
    let text = format!("{END_ALL}{audience}:{account}:{until}");
    let signature = hex::encode(signer.sign(text.as_bytes()).0);
    Ok(serde_json::json!({ "account": account, "until": until, "signature": signature }))
}

/// A gateway must not choose what else stands in a text that a wallet signs.
fn check_audience(audience: &str) -> Result<(), TokenError> {
    let plain = audience.bytes().all(|byte| byte.is_ascii_alphanumeric() || b"/-_.".contains(&byte));
    match plain && !audience.is_empty() && audience.len() <= MAX_AUDIENCE {
        true => Ok(()),
        false => Err(TokenError::Audience(audience.chars().take(MAX_AUDIENCE).collect())),
    }
}

fn now() -> u64 {
    SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default().as_secs()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::keys::pair_from_suri;
    use subxt_signer::sr25519::{Signature, verify};

    fn new() -> NewToken {
        NewToken {
            audience: "0x00/12D3".into(),
            scope: Scope::Write,
            life: Duration::from_secs(60),
            label: "laptop: old".into(),
        }
    }

    #[test]
    fn a_token_says_what_it_was_made_for_and_is_signed() {
        let alice = pair_from_suri("//Alice").unwrap();
        let token = new().sign_at(&alice, 1_000, [7; 16]).unwrap();
        assert_eq!((token.issued, token.expires, token.scope), (1_000, 1_060, Scope::Write));
        assert_eq!((token.label.as_str(), token.audience.as_str()), ("laptop: old", "0x00/12D3"));
        assert_eq!(token.account.to_string(), address(&alice));
        let bytes = URL_SAFE_NO_PAD.decode(&token.token[3..]).unwrap();
        let (signature, text) = bytes.split_at(64);
        let id = "07".repeat(16);
        let account = address(&alice);
        let expected = format!("stoa-token:1:0x00/12D3:{account}:write:1000:1060:{id}:laptop: old");
        assert_eq!(text, expected.as_bytes());
        assert!(verify(&Signature(signature.try_into().unwrap()), text, &alice.public_key()));
    }

    #[test]
    fn two_tokens_are_never_the_same() {
        let alice = pair_from_suri("//Alice").unwrap();
        assert_ne!(new().sign(&alice).unwrap().token, new().sign(&alice).unwrap().token);
    }

    #[test]
    fn what_can_not_stand_in_a_signed_text_is_refused() {
        let alice = pair_from_suri("//Alice").unwrap();
        for audience in ["", "a:b", "a\nb", "é", &"a".repeat(300)] {
            let wrong = NewToken { audience: audience.into(), ..new() };
            assert!(matches!(wrong.sign(&alice), Err(TokenError::Audience(_))), "{audience}");
        }
        assert!(matches!(NewToken { label: "a\n".into(), ..new() }.sign(&alice), Err(TokenError::Label)));
        for life in [Duration::ZERO, MAX_LIFE + Duration::from_secs(1)] {
            assert!(matches!(NewToken { life, ..new() }.sign(&alice), Err(TokenError::Life)));
        }
    }

    #[test]
    fn other_texts_are_no_tokens() {
        for text in ["", "hf_abcdefghijklmnop", "api_org_x", "hf_"] {
            assert!(matches!(text.parse::<Token>(), Err(TokenError::Format)), "{text}");
        }
    }
}

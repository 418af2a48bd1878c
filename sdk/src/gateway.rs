//! A gateway: blocks and CARs over the IPFS trustless gateway protocol, and uploads.
//!
//! Nothing that a gateway sends is believed: blocks are checked against their CIDs here, and a caller asks for
//! blocks that it knows from the root down.

use crate::{
    http::{Download, Http, HttpError, Timeouts},
    keys::{AccountId32, Keypair, address},
    token::{Token, TokenError, end_all},
};
use bytes::Bytes;
use futures::Stream;
use hyper::header::{HeaderName, HeaderValue};
use percent_encoding::{AsciiSet, NON_ALPHANUMERIC, utf8_percent_encode};
use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};
use std::io;
use stoa_content::{
    CarError, MAX_BLOCK_SIZE,
    car::{Block, Decoder},
    text,
};
use stoa_primitives::{ContentId, Piece};

const CAR: &str = "application/vnd.ipld.car; version=1; order=dfs; dups=y";
const RAW: &str = "application/vnd.ipld.raw";
/// Largest JSON answer that is read.
const MAX_JSON: usize = 64 * 1024;
/// Longest path that is asked for by name; beyond it servers refuse the request line.
const MAX_URL_PATH: usize = 4 * 1024;
/// What may stand in a path's segment as it is.
const SEGMENT: &AsciiSet = &NON_ALPHANUMERIC.remove(b'-').remove(b'.').remove(b'_').remove(b'~');

/// Why a gateway didn't give what it was asked for.
#[derive(Debug, thiserror::Error)]
pub enum GatewayError {
    /// The request failed.
    #[error(transparent)]
    Http(#[from] HttpError),
    /// A CAR that isn't one, or a block in it that doesn't hash to its CID.
    #[error("the gateway at {host} sent a bad CAR: {source}")]
    Car {
        /// The gateway.
        host: String,
        /// What is wrong with it.
        source: CarError,
    },
    /// A block that doesn't hash to its CID.
    #[error("the gateway at {host} sent bytes that don't hash to {}", text(.content))]
    Block {
        /// The gateway.
        host: String,
        /// What was asked for.
        content: ContentId,
    },
    /// The account may not upload that much.
    #[error("the gateway at {host} lets {account} upload {allowance} bytes more, and this takes {size}")]
    Allowance {
        /// The gateway.
        host: String,
        /// Who asked.
        account: String,
        /// How much it allows.
        allowance: u64,
        /// How much is needed.
        size: u64,
    },
    /// The gateway calls itself something that no token can name.
    #[error(transparent)]
    Token(#[from] TokenError),
    /// The gateway stored something other than what was sent.
    #[error("the gateway at {host} says that it stored {stored}, and {sent} was sent")]
    Stored {
        /// The gateway.
        host: String,
        /// What it says.
        stored: String,
        /// What was sent.
        sent: String,
    },
}

impl GatewayError {
    /// Whether the same request may succeed when it is sent again.
    pub fn is_transient(&self) -> bool {
        matches!(self, Self::Http(error) if error.is_transient())
    }

    /// Whether the gateway says that it doesn't have what was asked for.
    pub fn is_not_found(&self) -> bool {
        matches!(self, Self::Http(error) if matches!(error.status(), Some(404 | 410)))
    }

    /// Whether what came didn't verify.
    pub fn is_unverified(&self) -> bool {
        match self {
            Self::Car { source, .. } => !matches!(source, CarError::Truncated(_) | CarError::Read(_)),
            Self::Block { .. } => true,
            _ => false,
        }
    }
}

/// A client of one gateway.
#[derive(Clone, Debug)]
pub struct Gateway {
    http: Http,
}

/// How much of a DAG is asked for.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(crate) enum Scope {
    /// The block at the path's end alone, with those on the way.
    Block,
    /// The file at the path's end, from that byte on, with the blocks on the way.
    FileFrom(u64),
}

/// What an account must sign before it may upload.
#[derive(Clone, Debug, Deserialize, Eq, PartialEq)]
pub struct Challenge {
    /// The text to sign.
    pub challenge: String,
    /// Names the upload.
    pub nonce: String,
    /// When it ends, in seconds since 1970.
    pub expires: u64,
    /// How many bytes the account may upload.
    pub allowance: u64,
}

/// The key with which a gateway publishes for an account.
#[derive(Clone, Debug, Deserialize, Eq, PartialEq, Serialize)]
pub struct Delegate {
    /// The account.
    pub account: AccountId32,
    /// The key's own account.
    pub delegate: AccountId32,
    /// Whether the account lets it publish.
    pub authorised: bool,
    /// What the key has for fees, in plancks, in decimal.
    balance: String,
}

impl Delegate {
    /// What the key has for fees, in plancks.
    pub fn balance(&self) -> u128 {
        self.balance.parse().unwrap_or_default()
    }
}

/// What a gateway stored.
#[derive(Clone, Debug, Deserialize, Eq, PartialEq, Serialize)]
pub struct Uploaded {
    /// The root CID.
    pub content: String,
    /// The piece.
    pub piece: UploadedPiece,
}

/// The piece that a gateway stored.
#[derive(Clone, Debug, Deserialize, Eq, PartialEq, Serialize)]
pub struct UploadedPiece {
    /// Its BLAKE3 root in hex.
    pub root: String,
    /// Its size in bytes.
    pub size: u64,
}

impl Gateway {
    /// A client of the gateway at an `http` or `https` address.
    pub fn new(url: &str) -> Result<Self, GatewayError> {
        Self::with_timeouts(url, Timeouts::default())
    }

    /// As [`Gateway::new`], with time-outs of the caller's.
    pub fn with_timeouts(url: &str, timeouts: Timeouts) -> Result<Self, GatewayError> {
        Ok(Self { http: Http::new(url, timeouts)? })
    }

    /// The same client, which shows this token with every request.
    pub fn with_token(self, token: &Token) -> Self {
        Self { http: self.http.with_bearer(&token.token) }
    }

    /// Whom a token for this gateway must name.
    pub async fn audience(&self) -> Result<String, GatewayError> {
        #[derive(Deserialize)]
        struct Answer {
            audience: String,
        }
        let answer = self.http.get("/token/audience", "application/json").await?.bytes(MAX_JSON).await?;
        Ok(self.json::<Answer>(&answer)?.audience)
    }

    /// The key with which this gateway publishes for an account.
    pub async fn delegate(&self, account: &str) -> Result<Delegate, GatewayError> {
        let account: String = utf8_percent_encode(account, SEGMENT).collect();
        let path = format!("/gateway/delegate/{account}");
        let answer = self.http.get(&path, "application/json").await?.bytes(MAX_JSON).await?;
        self.json(&answer)
    }

    /// Ends a token at this gateway.
    pub async fn revoke_token(&self, token: &Token) -> Result<(), GatewayError> {
        let http = self.http.clone().with_bearer(&token.token);
        http.post_json("/token/revoke", &serde_json::json!({}), MAX_JSON).await?;
        Ok(())
    }

    /// Ends all tokens at this gateway that the account has made until now.
    pub async fn revoke_all_tokens(&self, signer: &Keypair) -> Result<(), GatewayError> {
        let audience = self.audience().await?;
        let asked = end_all(signer, &audience)?;
        self.http.clone().without_bearer().post_json("/token/revoke", &asked, MAX_JSON).await?;
        Ok(())
    }

    /// The gateway's name and port.
    pub fn host(&self) -> &str {
        self.http.host()
    }

    /// One block, its hash checked.
    pub async fn block(&self, content: &ContentId) -> Result<Bytes, GatewayError> {
        let path = format!("/ipfs/{}?format=raw", text(content));
        let block = self.http.get(&path, RAW).await?.bytes(MAX_BLOCK_SIZE).await?;
        if Sha256::digest(&block).as_slice() != content.digest {
            return Err(GatewayError::Block { host: self.host().to_owned(), content: *content });
        }
        Ok(block)
    }

    /// A CAR from a root along a path. Its blocks hash to their CIDs; which ones come is for the caller to check.
    pub(crate) async fn car(
        &self,
        root: &ContentId,
        path: &str,
        scope: Scope,
    ) -> Result<CarStream, GatewayError> {
        let mut url = format!("/ipfs/{}", text(root));
        for segment in path.split('/').filter(|segment| !segment.is_empty()) {
            url.push('/');
            url.extend(utf8_percent_encode(segment, SEGMENT));
        }
        if url.len() > MAX_URL_PATH {
            return Err(self.http.answer("the path is too long to be asked for by name").into());
        }
        match scope {
            Scope::Block => url.push_str("?format=car&dag-scope=block"),
            Scope::FileFrom(0) => url.push_str("?format=car&dag-scope=entity"),
            Scope::FileFrom(start) => {
                url.push_str(&format!("?format=car&dag-scope=entity&entity-bytes={start}:*"))
            }
        }
        // A repeated block is wanted again at its place, so that no block has to be kept.
        url.push_str("&car-order=dfs&car-dups=y");
        let body = self.http.get(&url, CAR).await?;
        if let Some(kind) = body.header(hyper::header::CONTENT_TYPE)
            && !kind.starts_with("application/vnd.ipld.car")
        {
            return Err(self
                .http
                .answer(format!("it isn't a CAR but `{kind}`; is it a trustless gateway?"))
                .into());
        }
        Ok(CarStream { body, decoder: Some(Decoder::new()), host: self.host().to_owned() })
    }

    /// Asks what an account must sign before it may upload.
    pub async fn challenge(&self, account: &str) -> Result<Challenge, GatewayError> {
        let body = serde_json::json!({ "account": account });
        let answer = self.http.post_json("/upload/challenge", &body, MAX_JSON).await?;
        self.json(&answer)
    }

    /// Uploads a CAR for an account: asks for the challenge, signs it, and sends the bytes as they come.
    pub async fn upload(
        &self,
        signer: &Keypair,
        content: &ContentId,
        piece: &Piece,
        car: impl Stream<Item = io::Result<Bytes>> + Send + Sync + 'static,
    ) -> Result<Uploaded, GatewayError> {
        let account = address(signer);
        let challenge = self.challenge(&account).await?;
        if challenge.allowance < piece.size {
            return Err(GatewayError::Allowance {
                host: self.host().to_owned(),
                account,
                allowance: challenge.allowance,
                size: piece.size,
            });
        }
        // Only a text that says what it is gets signed: a gateway must not get a signature of its choice.
        if !is_for_upload(&challenge, &signer.public_key().to_account_id()) {
            return Err(self.http.answer("its challenge isn't one for an upload by this account").into());
        }
        let nonce: String = utf8_percent_encode(&challenge.nonce, SEGMENT).collect();
        let signature = format!("0x{}", hex::encode(signer.sign(challenge.challenge.as_bytes()).0));
        let root = hex::encode(piece.root);
        let header = |name, value: String| match HeaderValue::try_from(value) {
            Ok(value) => Ok((HeaderName::from_static(name), value)),
            Err(error) => Err(self.http.answer(error.to_string())),
        };
        let headers = vec![
            header("x-stoa-signature", signature)?,
            header("x-stoa-piece", format!("{root}:{}", piece.size))?,
        ];
        let path = format!("/upload/{nonce}");
        let answer = self
            .http
            .put(&path, headers, "application/vnd.ipld.car; version=1", piece.size, car, MAX_JSON)
            .await?;
        let stored: Uploaded = self.json(&answer)?;
        if stored.content != text(content) || stored.piece.root.trim_start_matches("0x") != root {
            return Err(GatewayError::Stored {
                host: self.host().to_owned(),
                stored: stored.content,
                sent: text(content),
            });
        }
        Ok(stored)
    }

    fn json<T: for<'de> Deserialize<'de>>(&self, answer: &[u8]) -> Result<T, GatewayError> {
        serde_json::from_slice(answer).map_err(|error| self.http.answer(error.to_string()).into())
    }
}

/// Whether a challenge has the form `stoa-upload:<audience>:<nonce>:<account>:<expiry>` for that account.
fn is_for_upload(challenge: &Challenge, account: &AccountId32) -> bool {
    let mut parts = challenge.challenge.rsplitn(4, ':');
    let (expires, named, nonce, head) = (parts.next(), parts.next(), parts.next(), parts.next());
    head.is_some_and(|head| head.starts_with("stoa-upload:"))
        && nonce == Some(challenge.nonce.as_str())
        && named.and_then(|named| named.parse().ok()).as_ref() == Some(account)
        && expires == Some(challenge.expires.to_string().as_str())
}

/// The blocks of a CAR as they come.
#[derive(Debug)]
pub(crate) struct CarStream {
    body: Download,
    /// Gone after the end.
    decoder: Option<Decoder>,
    host: String,
}

impl CarStream {
    /// The next block; `None` at the end of a whole CAR.
    pub(crate) async fn next(&mut self) -> Result<Option<Block>, GatewayError> {
        let bad = |source| GatewayError::Car { host: self.host.clone(), source };
        loop {
            let Some(decoder) = &mut self.decoder else { return Ok(None) };
            if let Some(block) = decoder.next_block().map_err(bad)? {
                return Ok(Some(block));
            }
            match self.body.next().await? {
                Some(bytes) => decoder.push(&bytes),
                None => {
                    if let Some(decoder) = self.decoder.take() {
                        decoder.finish().map_err(bad)?;
                    }
                }
            }
        }
    }
}

//! Why a read was refused, in the client's words.

use axum::{
    http::{HeaderName, StatusCode, header},
    response::{IntoResponse, Response},
};
use cid::Cid;
use stoa_content::StoreError;

use crate::{problem::Problem, token::TokenError};

/// Seconds after which a busy node should be asked again.
const BUSY_SECONDS: u32 = 2;
/// Seconds after which a fetch that failed may be worth another try.
const FETCH_SECONDS: u32 = 30;

#[derive(Debug, thiserror::Error)]
pub(crate) enum ReadError {
    #[error("{0:?} isn't a CID: {1}")]
    Cid(String, String),
    #[error(
        "only sha2-256 CIDs, and identity CIDs of up to 64 bytes, are served here; this one has hash code {0:#x}"
    )]
    Hash(u64),
    #[error("CAR streams of codec {0:#x} aren't served: only raw and dag-pb DAGs are kept here")]
    Codec(u64),
    #[error("the path isn't percent-encoded UTF-8 without '.', '..', NUL and encoded slashes")]
    Path,
    #[error("the path has more than {0} parts")]
    LongPath(usize),
    #[error(
        "say what you want: ?format=raw or ?format=car, or Accept: application/vnd.ipld.raw or application/vnd.ipld.car"
    )]
    NoFormat,
    #[error("{0:?} isn't a format: ask for raw or car")]
    Format(String),
    #[error("only verifiable answers are given here: ask for raw or car and decode them on your side")]
    NotAcceptable,
    #[error("an IPNS record can't be had under /ipfs")]
    IpnsRecord,
    #[error("a block has no path: ask for ?format=car, or for the block by its own CID")]
    PathOfBlock,
    #[error("{name}={value} isn't understood: {expected}")]
    Parameter { name: &'static str, value: String, expected: &'static str },
    #[error("the entity has {size} bytes, and entity-bytes asks for none of them")]
    EntityBytes { size: u64 },
    #[error("the range asks for none of the block's {size} bytes")]
    Range { size: u64 },
    #[error("a service worker can't be had from a gateway path")]
    ServiceWorker,
    #[error("{0} isn't available on this node")]
    NotFound(Cid),
    #[error("{0} isn't available on this node, and only-if-cached forbids to look elsewhere")]
    NotCached(Cid),
    #[error("there is no {part:?} in {parent}")]
    NoSuchPath { parent: Cid, part: String },
    #[error("{0} was taken down")]
    Denied(Cid),
    #[error("too many reads are running: try again in a moment")]
    Busy,
    #[error("{0} couldn't be fetched from the peers that have it")]
    FetchFailed(Cid),
    #[error("{0} couldn't be fetched in time")]
    FetchTimedOut(Cid),
    #[error("block {0} isn't the UnixFS node that it is linked as: {1}")]
    Node(Cid, String),
    #[error(transparent)]
    Token(TokenError),
    #[error("the chain can't say who may read this: try again in a moment")]
    ChainSilent,
    #[error(transparent)]
    Store(#[from] StoreError),
    #[error("{0}")]
    Internal(String),
}

impl ReadError {
    pub(crate) fn internal(error: impl std::fmt::Display) -> Self {
        Self::Internal(error.to_string())
    }
}

impl IntoResponse for ReadError {
    fn into_response(self) -> Response {
        let new = |status, code| Problem::new(status, code, self.to_string());
        let problem = match &self {
            Self::Cid(..) | Self::Hash(_) | Self::Codec(_) => new(StatusCode::BAD_REQUEST, "bad-cid"),
            Self::Path | Self::LongPath(_) | Self::PathOfBlock => new(StatusCode::BAD_REQUEST, "bad-path"),
            Self::NoFormat | Self::Format(_) | Self::IpnsRecord => new(StatusCode::BAD_REQUEST, "bad-format"),
            Self::NotAcceptable => new(StatusCode::NOT_ACCEPTABLE, "not-acceptable"),
            Self::Parameter { .. } | Self::EntityBytes { .. } => {
                new(StatusCode::BAD_REQUEST, "bad-parameter")
            }
            Self::ServiceWorker => new(StatusCode::BAD_REQUEST, "service-worker"),
            Self::Range { size } => {
                let unsatisfied: [(HeaderName, String); 1] =
                    [(header::CONTENT_RANGE, format!("bytes */{size}"))];
                return (unsatisfied, new(StatusCode::RANGE_NOT_SATISFIABLE, "bad-range")).into_response();
            }
            Self::NotFound(_) => new(StatusCode::NOT_FOUND, "not-found"),
            Self::NoSuchPath { .. } => new(StatusCode::NOT_FOUND, "no-such-path"),
            Self::NotCached(_) => new(StatusCode::PRECONDITION_FAILED, "not-cached"),
            Self::Denied(_) => new(StatusCode::GONE, "taken-down"),
            Self::Busy => new(StatusCode::TOO_MANY_REQUESTS, "busy").retry_after(BUSY_SECONDS),
            Self::Token(_) => new(StatusCode::UNAUTHORIZED, "bad-token"),
            Self::ChainSilent => {
                new(StatusCode::SERVICE_UNAVAILABLE, "chain-unavailable").retry_after(BUSY_SECONDS)
            }
            Self::FetchFailed(_) => new(StatusCode::BAD_GATEWAY, "fetch-failed").retry_after(FETCH_SECONDS),
            Self::FetchTimedOut(_) => {
                new(StatusCode::GATEWAY_TIMEOUT, "fetch-timed-out").retry_after(FETCH_SECONDS)
            }
            Self::Node(..) | Self::Store(_) | Self::Internal(_) => Problem::internal(&self),
        };
        problem.into_response()
    }
}

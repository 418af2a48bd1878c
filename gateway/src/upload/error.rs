//! Why an upload was refused, in the client's words.

use axum::{
    http::StatusCode,
    response::{IntoResponse, Response},
};
use stoa_content::{CarError, StoreError};

use super::{
    challenge::ChallengeError,
    ledger::{LedgerError, QuotaError},
};
use crate::problem::Problem;

/// Seconds after which a busy node should be asked again.
const RETRY_SECONDS: u32 = 5;

#[derive(Debug, thiserror::Error)]
pub(crate) enum UploadError {
    #[error("send {{\"account\": \"<ss58 address>\"}}: {0}")]
    Request(String),
    #[error("this isn't an ss58 address of this chain")]
    Account,
    #[error("this account may not upload to this node: its operator or the chain must allow it")]
    NotAllowed,
    #[error("the chain can't be asked about the account: {0}")]
    Chain(String),
    #[error(transparent)]
    Challenge(#[from] ChallengeError),
    #[error("sign the challenge and send the signature in X-Stoa-Signature or ?signature=, in hex")]
    NoSignature,
    #[error("the signature isn't 64 bytes in hex")]
    BadSignature,
    #[error("the signature isn't the account's sr25519 signature over the challenge")]
    WrongSignature,
    #[error("X-Stoa-Piece isn't <root in hex>:<size>")]
    BadPiece,
    #[error("too many uploads are running: try again in a moment")]
    Busy,
    #[error(transparent)]
    Quota(#[from] QuotaError),
    #[error("{size} bytes are more than one upload may have, {limit}: publish in several parts")]
    TooLarge { size: u64, limit: u64 },
    #[error("nothing came for too long")]
    Silent,
    #[error("the bytes come too slowly")]
    TooSlow,
    #[error("the body broke off")]
    CutOff,
    #[error(transparent)]
    Store(#[from] StoreError),
    #[error(transparent)]
    Ledger(#[from] LedgerError),
    #[error("{0}")]
    Internal(String),
}

impl UploadError {
    pub(crate) fn internal(error: impl std::fmt::Display) -> Self {
        Self::Internal(error.to_string())
    }
}

impl UploadError {
    /// The status of the answer.
    pub(crate) fn status(&self) -> StatusCode {
        match self {
            Self::Request(_) | Self::Account | Self::NoSignature | Self::BadSignature | Self::BadPiece => {
                StatusCode::BAD_REQUEST
            }
            Self::NotAllowed => StatusCode::FORBIDDEN,
            Self::Chain(_) | Self::Busy | Self::Challenge(ChallengeError::Full) => {
                StatusCode::SERVICE_UNAVAILABLE
            }
            Self::Challenge(ChallengeError::Answered) => StatusCode::CONFLICT,
            Self::Challenge(_) | Self::WrongSignature => StatusCode::UNAUTHORIZED,
            Self::Quota(QuotaError::Uploads { .. }) => StatusCode::TOO_MANY_REQUESTS,
            Self::Quota(QuotaError::Bytes { .. })
            | Self::Store(StoreError::Full { .. } | StoreError::DiskFull(_)) => {
                StatusCode::INSUFFICIENT_STORAGE
            }
            Self::TooLarge { .. } => StatusCode::PAYLOAD_TOO_LARGE,
            Self::Silent | Self::TooSlow => StatusCode::REQUEST_TIMEOUT,
            Self::CutOff => StatusCode::BAD_REQUEST,
            Self::Store(StoreError::Car(CarError::Read(_))) => StatusCode::INTERNAL_SERVER_ERROR,
            Self::Store(StoreError::Car(_) | StoreError::Pack(_)) => StatusCode::BAD_REQUEST,
            Self::Store(StoreError::OtherPiece { .. }) => StatusCode::UNPROCESSABLE_ENTITY,
            Self::Store(_) | Self::Ledger(_) | Self::Internal(_) => StatusCode::INTERNAL_SERVER_ERROR,
        }
    }

    /// Whether the account's own quota is what stops it.
    pub(crate) fn is_quota(&self) -> bool {
        matches!(self, Self::Quota(_))
    }
}

impl IntoResponse for UploadError {
    fn into_response(self) -> Response {
        let new = |status, code| Problem::new(status, code, self.to_string());
        match &self {
            Self::Request(_) => new(StatusCode::BAD_REQUEST, "bad-request"),
            Self::Account => new(StatusCode::BAD_REQUEST, "bad-account"),
            Self::NotAllowed => new(StatusCode::FORBIDDEN, "not-allowed"),
            Self::Chain(_) => {
                new(StatusCode::SERVICE_UNAVAILABLE, "chain-unavailable").retry_after(RETRY_SECONDS)
            }
            Self::Challenge(ChallengeError::Unknown) => new(StatusCode::UNAUTHORIZED, "challenge-unknown"),
            Self::Challenge(ChallengeError::Expired) => new(StatusCode::UNAUTHORIZED, "challenge-expired"),
            Self::Challenge(ChallengeError::Answered) => new(StatusCode::CONFLICT, "challenge-answered"),
            Self::NoSignature | Self::BadSignature => new(StatusCode::BAD_REQUEST, "bad-signature"),
            Self::WrongSignature => new(StatusCode::UNAUTHORIZED, "wrong-signature"),
            Self::BadPiece => new(StatusCode::BAD_REQUEST, "bad-piece"),
            Self::Busy | Self::Challenge(ChallengeError::Full) => {
                new(StatusCode::SERVICE_UNAVAILABLE, "busy").retry_after(RETRY_SECONDS)
            }
            Self::Quota(QuotaError::Uploads { .. }) => {
                new(StatusCode::TOO_MANY_REQUESTS, "too-many-uploads").retry_after(RETRY_SECONDS)
            }
            Self::Quota(QuotaError::Bytes { .. }) => new(StatusCode::INSUFFICIENT_STORAGE, "over-quota"),
            Self::TooLarge { .. } => new(StatusCode::PAYLOAD_TOO_LARGE, "too-large"),
            Self::Silent | Self::TooSlow => new(StatusCode::REQUEST_TIMEOUT, "too-slow"),
            Self::CutOff => new(StatusCode::BAD_REQUEST, "cut-off"),
            Self::Store(StoreError::Car(CarError::Read(error))) => Problem::internal(error),
            Self::Store(StoreError::Car(_)) => new(StatusCode::BAD_REQUEST, "bad-car"),
            Self::Store(StoreError::OtherPiece { .. }) => {
                new(StatusCode::UNPROCESSABLE_ENTITY, "other-piece")
            }
            // The store's own words name its folder and what it holds.
            Self::Store(error @ (StoreError::Full { .. } | StoreError::DiskFull(_))) => {
                tracing::warn!(target: "gateway", "an upload doesn't fit: {error}");
                Problem::new(
                    StatusCode::INSUFFICIENT_STORAGE,
                    "store-full",
                    "the node has no room for this upload: try another node",
                )
            }
            Self::Store(_) | Self::Ledger(_) | Self::Internal(_) => Problem::internal(&self),
        }
        .into_response()
    }
}

//! Why a request was refused, in the terms that the clients turn into their exceptions.

use axum::{
    Json,
    http::{HeaderName, HeaderValue, StatusCode, header},
    response::{IntoResponse, Response},
};
use serde_json::json;
use stoa_primitives::registry::CommitId;

use super::{files::FileError, names::commit_text, table::TableError};
use crate::{ChainError, SubmitError, token::TokenError, upload::UploadError};

pub(super) const X_REPO_COMMIT: HeaderName = HeaderName::from_static("x-repo-commit");
const X_ERROR_CODE: HeaderName = HeaderName::from_static("x-error-code");
const X_ERROR_MESSAGE: HeaderName = HeaderName::from_static("x-error-message");
/// Seconds after which a busy node should be asked again.
const BUSY_SECONDS: u32 = 2;
/// Seconds after which files that are on their way may be here.
const COMING_SECONDS: u32 = 3;
/// Seconds after which a search for files that failed may be worth another try.
const ABSENT_SECONDS: u32 = 30;
/// Longest text from a request that is repeated in an answer.
const MAX_SHOWN: usize = 200;

#[derive(Debug, thiserror::Error)]
pub(super) enum HubError {
    #[error("there is nothing at this path")]
    NoSuchRoute,
    #[error("Repository not found")]
    RepoNotFound,
    #[error("Invalid rev id: {0}")]
    RevisionNotFound(String),
    #[error("{path} does not exist in this revision")]
    EntryNotFound { path: String, commit: Option<CommitId> },
    #[error(
        "Access to this repository is restricted: get a grant for it on the chain, and send the token of its account"
    )]
    Gated { known: bool },
    // The client knows this sentence.
    #[error("Access to this resource is disabled.")]
    Disabled,
    // And this one.
    #[error("Invalid credentials in Authorization header")]
    BadToken(TokenError),
    #[error("this needs a token: send it as Authorization: Bearer")]
    NoToken,
    #[error("this needs a token that may write: make one with `stoa token new --scope write`")]
    ReadToken,
    #[error("{0}")]
    BadRequest(String),
    #[error("the range asks for none of the file's {size} bytes")]
    Range { size: u64 },
    #[error("too many requests: try again in {seconds} seconds")]
    TooMany { seconds: u32 },
    #[error("too many files are being sent: try again in a moment")]
    Busy,
    #[error("the files of this revision are being fetched or checked: try again in a moment")]
    Coming,
    #[error("the files of this revision aren't on any node that can be reached")]
    Absent,
    #[error("the files of this revision can't be served: {0}")]
    Unusable(String),
    #[error("this gateway publishes for nobody: use another one, or `stoa publish`")]
    NoWriting,
    #[error("{0}")]
    Forbidden(String),
    #[error("{0}")]
    Conflict(String),
    #[error("A commit has happened since. Please refresh and try again.")]
    Stale,
    #[error("{0}")]
    NoSuchEntry(String),
    #[error("the file wasn't sent, or waited too long: send it again")]
    NoObject,
    #[error("the bytes hash to {found} and not to {oid}: send the file again")]
    OtherFile { oid: String, found: String },
    #[error("too many uploads are running: try again in a moment")]
    BusyWriting,
    #[error("the node has no room for this upload: try another node")]
    NoRoom,
    #[error(transparent)]
    Upload(#[from] UploadError),
    #[error(transparent)]
    Submit(#[from] SubmitError),
    #[error(transparent)]
    Chain(#[from] ChainError),
    #[error("the node takes too long to answer")]
    ChainSilent,
    #[error("{0}")]
    Internal(String),
}

impl HubError {
    pub(super) fn internal(error: impl std::fmt::Display) -> Self {
        Self::Internal(error.to_string())
    }

    /// Status, `X-Error-Code`, and the seconds after which to ask again.
    fn class(&self) -> (StatusCode, &'static str, Option<u32>) {
        match self {
            Self::NoSuchRoute => (StatusCode::NOT_FOUND, "NotFound", None),
            Self::RepoNotFound => (StatusCode::NOT_FOUND, "RepoNotFound", None),
            Self::RevisionNotFound(_) => (StatusCode::NOT_FOUND, "RevisionNotFound", None),
            Self::EntryNotFound { .. } => (StatusCode::NOT_FOUND, "EntryNotFound", None),
            Self::Gated { known: true } => (StatusCode::FORBIDDEN, "GatedRepo", None),
            Self::Gated { known: false } => (StatusCode::UNAUTHORIZED, "GatedRepo", None),
            Self::Disabled => (StatusCode::FORBIDDEN, "DisabledRepo", None),
            Self::BadToken(_) => (StatusCode::UNAUTHORIZED, "InvalidToken", None),
            Self::NoToken => (StatusCode::UNAUTHORIZED, "TokenRequired", None),
            Self::ReadToken => (StatusCode::FORBIDDEN, "TokenScope", None),
            Self::BadRequest(_) => (StatusCode::BAD_REQUEST, "BadRequest", None),
            Self::Range { .. } => (StatusCode::RANGE_NOT_SATISFIABLE, "RangeNotSatisfiable", None),
            Self::TooMany { seconds } => (StatusCode::TOO_MANY_REQUESTS, "TooManyRequests", Some(*seconds)),
            Self::Busy => (StatusCode::TOO_MANY_REQUESTS, "Busy", Some(BUSY_SECONDS)),
            Self::Coming => (StatusCode::SERVICE_UNAVAILABLE, "ContentComing", Some(COMING_SECONDS)),
            Self::Absent => (StatusCode::SERVICE_UNAVAILABLE, "ContentUnavailable", Some(ABSENT_SECONDS)),
            Self::Unusable(_) => (StatusCode::UNPROCESSABLE_ENTITY, "ContentUnusable", None),
            Self::Chain(_) | Self::ChainSilent => {
                (StatusCode::SERVICE_UNAVAILABLE, "ChainUnavailable", Some(BUSY_SECONDS))
            }
            Self::NoWriting => (StatusCode::NOT_IMPLEMENTED, "NoWriting", None),
            Self::Forbidden(_) => (StatusCode::FORBIDDEN, "Forbidden", None),
            Self::Conflict(_) => (StatusCode::CONFLICT, "Conflict", None),
            Self::Stale => (StatusCode::PRECONDITION_FAILED, "Stale", None),
            Self::NoSuchEntry(_) => (StatusCode::NOT_FOUND, "EntryNotFound", None),
            Self::NoObject => (StatusCode::UNPROCESSABLE_ENTITY, "NoObject", None),
            Self::OtherFile { .. } => (StatusCode::UNPROCESSABLE_ENTITY, "OtherFile", None),
            Self::BusyWriting => (StatusCode::SERVICE_UNAVAILABLE, "Busy", Some(BUSY_SECONDS)),
            Self::NoRoom => (StatusCode::INSUFFICIENT_STORAGE, "NoRoom", None),
            Self::Upload(error) => (error.status(), "Upload", None),
            Self::Submit(error) => of_submit(error),
            Self::Internal(_) => (StatusCode::INTERNAL_SERVER_ERROR, "Internal", None),
        }
    }
}

/// What the clients should make of a transaction that didn't succeed.
fn of_submit(error: &SubmitError) -> (StatusCode, &'static str, Option<u32>) {
    match error {
        SubmitError::NotAuthorised => (StatusCode::FORBIDDEN, "NotAuthorised", None),
        SubmitError::Fees => (StatusCode::PAYMENT_REQUIRED, "Fees", None),
        SubmitError::Refused { name, .. } => match name.rsplit("::").next().unwrap_or_default() {
            "NotOwner" | "NotPermitted" => (StatusCode::FORBIDDEN, "Forbidden", None),
            "NameTaken"
            | "AlreadyThere"
            | "TagImmovable"
            | "RefKindMismatch"
            | "CommitTaken"
            | "PieceControlledElsewhere" => (StatusCode::CONFLICT, "Conflict", None),
            "FundsUnavailable" | "NotConsumer" => (StatusCode::PAYMENT_REQUIRED, "Deposit", None),
            _ => (StatusCode::BAD_REQUEST, "Refused", None),
        },
        // The same request again would find a transaction on its way, so the client is not told to retry by itself.
        SubmitError::NotTaken(_) | SubmitError::TimedOut => (StatusCode::CONFLICT, "NotIncluded", None),
        SubmitError::Outdated => (StatusCode::NOT_IMPLEMENTED, "Outdated", None),
        SubmitError::Chain(_) => (StatusCode::SERVICE_UNAVAILABLE, "ChainUnavailable", Some(BUSY_SECONDS)),
    }
}

impl From<FileError> for HubError {
    fn from(error: FileError) -> Self {
        match error {
            // It was here a moment ago: the next request looks for it anew.
            FileError::Missing(_) => Self::Coming,
            FileError::Store(_) => Self::internal(error),
            error => Self::Unusable(error.to_string()),
        }
    }
}

/// A failure of the disk, of which a client learns only that there is no room.
impl From<std::io::Error> for HubError {
    fn from(error: std::io::Error) -> Self {
        match error.kind() {
            std::io::ErrorKind::StorageFull | std::io::ErrorKind::QuotaExceeded => {
                tracing::warn!(target: "gateway", "an upload doesn't fit: {error}");
                Self::NoRoom
            }
            _ => Self::internal(error),
        }
    }
}

impl From<TableError> for HubError {
    fn from(error: TableError) -> Self {
        Self::internal(error)
    }
}

/// A failure of ours: the log gets the detail, the client doesn't.
fn hidden(why: &str) -> String {
    tracing::error!(target: "gateway", "{why}");
    "the node failed to answer; its log says why".to_owned()
}

/// Text from a request, cut to a length that fits into an answer.
pub(super) fn shown(text: &str) -> String {
    text.chars().take(MAX_SHOWN).collect()
}

/// What fits into a header field.
fn header_text(text: &str) -> HeaderValue {
    let plain = |letter: char| if letter.is_ascii_graphic() || letter == ' ' { letter } else { '?' };
    let text: String = text.chars().map(plain).collect();
    HeaderValue::try_from(text).unwrap_or(HeaderValue::from_static("error"))
}

impl IntoResponse for HubError {
    fn into_response(self) -> Response {
        let (status, code, retry) = self.class();
        let message = match &self {
            Self::Internal(why) => hidden(why),
            // The store's own words name its folder and what it holds.
            Self::Upload(error) if status.is_server_error() && status != StatusCode::SERVICE_UNAVAILABLE => {
                match status {
                    StatusCode::INSUFFICIENT_STORAGE if error.is_quota() => error.to_string(),
                    StatusCode::INSUFFICIENT_STORAGE => Self::NoRoom.to_string(),
                    _ => hidden(&error.to_string()),
                }
            }
            error => error.to_string(),
        };
        let shown = match &self {
            // The field has the client's own sentence, the body says more.
            Self::BadToken(why) => why.to_string(),
            _ => message.clone(),
        };
        let mut response = (status, Json(json!({ "error": shown }))).into_response();
        let headers = response.headers_mut();
        headers.insert(header::CACHE_CONTROL, HeaderValue::from_static("no-store"));
        headers.insert(X_ERROR_CODE, HeaderValue::from_static(code));
        headers.insert(X_ERROR_MESSAGE, header_text(&message));
        if let Some(seconds) = retry {
            headers.insert(header::RETRY_AFTER, HeaderValue::from(seconds));
        }
        match &self {
            // The client caches an absence under the commit.
            Self::EntryNotFound { commit: Some(commit), .. } => {
                headers.insert(X_REPO_COMMIT, header_text(&commit_text(commit)));
            }
            Self::Range { size } => {
                headers.insert(header::CONTENT_RANGE, header_text(&format!("bytes */{size}")));
            }
            _ => {}
        }
        response
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn errors_carry_what_the_client_reads() {
        let commit = CommitId([7; 20]);
        let response =
            HubError::EntryNotFound { path: "é\r\nx: y".into(), commit: Some(commit) }.into_response();
        assert_eq!(response.status(), 404);
        let field = |name: &str| response.headers()[name].to_str().unwrap();
        assert_eq!(field("x-error-code"), "EntryNotFound");
        assert_eq!(field("x-error-message"), "???x: y does not exist in this revision");
        assert_eq!(field("x-repo-commit"), "07".repeat(20));
    }

    #[test]
    fn the_sentences_that_the_client_compares_are_kept() {
        for (error, sentence) in [
            (HubError::Disabled, "Access to this resource is disabled."),
            (HubError::BadToken(TokenError::Expired), "Invalid credentials in Authorization header"),
        ] {
            let response = error.into_response();
            assert_eq!(response.headers()["x-error-message"], sentence);
        }
    }

    #[test]
    fn a_stranger_to_a_gated_repository_is_told_to_log_in() {
        assert_eq!(HubError::Gated { known: false }.into_response().status(), 401);
        assert_eq!(HubError::Gated { known: true }.into_response().status(), 403);
    }
}

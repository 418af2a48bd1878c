//! All errors of the SDK in one, and what kind of failure each is.

use crate::{
    card::CardError,
    chain::ChainError,
    dag::{self, DagError},
    fetch::FetchError,
    gateway::GatewayError,
    http::HttpError,
    keys::KeyError,
    names::NameParseError,
    publish::PublishError,
    units::UnitError,
    verify::VerifyError,
};

/// What kind of failure an error is, for whoever decides by it what to do next.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum ErrorKind {
    /// Something on this machine: files, keys, a broken card.
    Failure,
    /// What was asked for makes no sense.
    Usage,
    /// What was asked for doesn't exist.
    NotFound,
    /// Bytes aren't what they should be.
    Unverified,
    /// The chain or the gateway understood, and said no.
    Refused,
    /// A node or gateway couldn't be reached, or failed.
    Network,
}

/// Any error of the SDK.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// A name.
    #[error(transparent)]
    Name(#[from] NameParseError),
    /// An amount, a size or a period.
    #[error(transparent)]
    Unit(#[from] UnitError),
    /// A key.
    #[error(transparent)]
    Key(#[from] KeyError),
    /// A model card.
    #[error(transparent)]
    Card(#[from] CardError),
    /// The chain.
    #[error(transparent)]
    Chain(#[from] ChainError),
    /// A gateway.
    #[error(transparent)]
    Gateway(#[from] GatewayError),
    /// A DAG.
    #[error(transparent)]
    Dag(#[from] DagError),
    /// A fetch.
    #[error(transparent)]
    Fetch(#[from] FetchError),
    /// A check.
    #[error(transparent)]
    Verify(#[from] VerifyError),
    /// A publication.
    #[error(transparent)]
    Publish(#[from] PublishError),
}

impl Error {
    /// What kind of failure it is.
    pub fn kind(&self) -> ErrorKind {
        match self {
            Self::Name(_) | Self::Unit(_) => ErrorKind::Usage,
            Self::Key(error) => key(error),
            Self::Card(_) => ErrorKind::Failure,
            Self::Chain(error) => chain(error),
            Self::Gateway(error) => gateway(error),
            Self::Dag(error) => dag(error),
            Self::Fetch(error) => fetch(error),
            Self::Verify(error) => verify(error),
            Self::Publish(error) => publish(error),
        }
    }
}

fn key(error: &KeyError) -> ErrorKind {
    match error {
        KeyError::Unknown { .. } => ErrorKind::NotFound,
        KeyError::Name(_) => ErrorKind::Usage,
        _ => ErrorKind::Failure,
    }
}

fn chain(error: &ChainError) -> ErrorKind {
    if error.is_refusal() { ErrorKind::Refused } else { ErrorKind::Network }
}

fn gateway(error: &GatewayError) -> ErrorKind {
    match error {
        GatewayError::Http(HttpError::Url { .. }) => ErrorKind::Usage,
        GatewayError::Http(HttpError::Source(_) | HttpError::Tls(_)) => ErrorKind::Failure,
        GatewayError::Http(HttpError::Status { status: 400..=499, .. }) if !error.is_transient() => {
            if error.is_not_found() { ErrorKind::NotFound } else { ErrorKind::Refused }
        }
        GatewayError::Allowance { .. } => ErrorKind::Refused,
        GatewayError::Stored { .. } => ErrorKind::Unverified,
        _ if error.is_unverified() => ErrorKind::Unverified,
        _ => ErrorKind::Network,
    }
}

fn dag(error: &DagError) -> ErrorKind {
    match error {
        DagError::Gateway(error) => gateway(error),
        DagError::NoSuchFile(_) => ErrorKind::NotFound,
        error if dag::is_unverified(error) => ErrorKind::Unverified,
        _ => ErrorKind::Failure,
    }
}

fn fetch(error: &FetchError) -> ErrorKind {
    match error {
        FetchError::Dag(error) => dag(error),
        FetchError::Verify(error) => verify(error),
        _ => ErrorKind::Failure,
    }
}

fn verify(error: &VerifyError) -> ErrorKind {
    match error {
        VerifyError::Dag(error) => dag(error),
        VerifyError::Differs { .. } | VerifyError::OtherPiece => ErrorKind::Unverified,
        _ => ErrorKind::Failure,
    }
}

fn publish(error: &PublishError) -> ErrorKind {
    match error {
        PublishError::Chain(error) => chain(error),
        PublishError::Gateway(error) => gateway(error),
        PublishError::Pack(_)
        | PublishError::Card(_)
        | PublishError::Temporary { .. }
        | PublishError::Stopped => ErrorKind::Failure,
        PublishError::ParentNotFound(_) => ErrorKind::NotFound,
        PublishError::NotOwner { .. }
        | PublishError::NotPermitted { .. }
        | PublishError::Closed { .. }
        | PublishError::TagTaken { .. }
        | PublishError::Funds { .. } => ErrorKind::Refused,
        PublishError::Other { .. }
        | PublishError::TooMany { .. }
        | PublishError::TooLong { .. }
        | PublishError::Name(_) => ErrorKind::Usage,
    }
}

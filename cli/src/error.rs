//! What a command can fail with, and the exit code for it.

use std::{io, path::PathBuf};
use stoa_sdk::{Error, ErrorKind, names::AssetAt};

/// Failed on this machine.
pub(crate) const FAILURE: u8 = 1;
/// The command line makes no sense.
pub(crate) const USAGE: u8 = 2;
/// What was asked for doesn't exist.
pub(crate) const NOT_FOUND: u8 = 3;
/// Bytes aren't what they should be.
pub(crate) const UNVERIFIED: u8 = 4;
/// The chain or the gateway refused.
pub(crate) const REFUSED: u8 = 5;
/// The node or the gateway couldn't be reached, or failed.
pub(crate) const NETWORK: u8 = 6;

/// Why a command failed.
#[derive(Debug, thiserror::Error)]
pub(crate) enum CliError {
    #[error(transparent)]
    Sdk(Box<Error>),
    #[error("{0}")]
    Usage(String),
    #[error("there is no asset {0} on this chain")]
    NoAsset(String),
    #[error("{} has no branch, tag or revision `{}`", .0.asset, .0.reference)]
    NoRevision(AssetAt),
    #[error("{0} was taken down by the chain's moderators, and nodes don't serve it")]
    TakenDown(AssetAt),
    #[error("{0}")]
    Missing(String),
    #[error("{0}")]
    Denied(String),
    #[error("nothing was done")]
    Declined,
    #[error("this can't be asked here: {0}")]
    NotAsked(&'static str),
    #[error("the answer couldn't be read: {0}")]
    Prompt(String),
    #[error("the result couldn't be written: {0}")]
    Output(io::Error),
    #[error("{} can't be used: {source}", path.display())]
    Io { path: PathBuf, source: io::Error },
    #[error("the program couldn't start: {0}")]
    Runtime(io::Error),
}

impl CliError {
    /// The exit code, and the word for it.
    pub(crate) fn code(&self) -> (u8, &'static str) {
        let failure = (FAILURE, "failure");
        match self {
            Self::Sdk(error) => match error.kind() {
                ErrorKind::Failure => failure,
                ErrorKind::Usage => (USAGE, "usage"),
                ErrorKind::NotFound => (NOT_FOUND, "not-found"),
                ErrorKind::Unverified => (UNVERIFIED, "verification-failed"),
                ErrorKind::Refused => (REFUSED, "refused"),
                ErrorKind::Network => (NETWORK, "network"),
            },
            Self::Usage(_) | Self::NotAsked(_) => (USAGE, "usage"),
            Self::NoAsset(_) | Self::NoRevision(_) | Self::Missing(_) => (NOT_FOUND, "not-found"),
            Self::TakenDown(_) | Self::Denied(_) => (REFUSED, "refused"),
            Self::Declined | Self::Prompt(_) | Self::Output(_) | Self::Io { .. } | Self::Runtime(_) => {
                failure
            }
        }
    }
}

/// Makes any error of the SDK one of a command.
pub(crate) fn sdk<E: Into<Error>>(error: E) -> CliError {
    CliError::Sdk(Box::new(error.into()))
}

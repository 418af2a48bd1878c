//! What the chain, or the way to it, can answer instead of what was asked for.

use std::time::Duration;
use subxt::error::{
    BackendError, DispatchError, ExtrinsicError, OnlineClientAtBlockError, OnlineClientError, RpcError,
    RuntimeApiError, TransactionEventsError, TransactionProgressError, TransactionStatusError,
};

/// Codes of `author_*` errors that speak of the transaction itself.
const TRANSACTION_REFUSED: std::ops::RangeInclusive<i32> = 1010..=1016;

/// Why the chain couldn't be asked, or refused.
#[derive(Debug, thiserror::Error)]
pub enum ChainError {
    /// The node can't be reached.
    #[error("the node at {url} can't be reached: {reason}; is it running, and is --node right?")]
    Connect {
        /// Its address.
        url: String,
        /// What failed.
        reason: String,
    },
    /// The connection broke, or the node failed.
    #[error("the node failed: {0}")]
    Node(String),
    /// The chain's runtime isn't one that this client speaks to.
    #[error(
        "the chain's runtime doesn't fit this client ({0}): use the release of the client that belongs to it"
    )]
    Incompatible(String),
    /// A call failed in a block.
    #[error("the chain refused: {name}{}", if docs.is_empty() { String::new() } else { format!(": {docs}") })]
    Refused {
        /// The error's name.
        name: String,
        /// What the runtime says about it.
        docs: String,
    },
    /// The pool didn't take a transaction, or dropped it.
    #[error("the transaction wasn't taken: {0}")]
    Rejected(String),
    /// It took too long.
    #[error("the transaction isn't {what} after {} seconds; it may still come: look before you send it again", after.as_secs())]
    Timeout {
        /// What was awaited.
        what: &'static str,
        /// How long.
        after: Duration,
    },
    /// A transaction succeeded without the event that it must have.
    #[error("the chain didn't tell what a successful transaction did: `{0}` is missing among its events")]
    MissingEvent(&'static str),
    /// A record that doesn't have the form that the chain promises.
    #[error("the chain holds a record that can't be read: {0}")]
    Record(String),
}

impl ChainError {
    /// Whether the chain, and not the way to it, said no.
    pub fn is_refusal(&self) -> bool {
        matches!(self, Self::Refused { .. } | Self::Rejected(_))
    }
}

impl From<OnlineClientError> for ChainError {
    fn from(error: OnlineClientError) -> Self {
        Self::Node(error.to_string())
    }
}

impl From<OnlineClientAtBlockError> for ChainError {
    fn from(error: OnlineClientAtBlockError) -> Self {
        Self::Node(error.to_string())
    }
}

impl From<subxt::rpcs::Error> for ChainError {
    fn from(error: subxt::rpcs::Error) -> Self {
        match error {
            subxt::rpcs::Error::User(user) if TRANSACTION_REFUSED.contains(&user.code) => {
                let data = user.data.as_ref().map(|data| data.get().trim_matches('"').to_owned());
                Self::Rejected(match data {
                    Some(data) => format!("{}: {data}", user.message),
                    None => user.message,
                })
            }
            other => Self::Node(other.to_string()),
        }
    }
}

impl From<BackendError> for ChainError {
    fn from(error: BackendError) -> Self {
        match error {
            BackendError::Rpc(RpcError::ClientError(error)) => error.into(),
            other => Self::Node(other.to_string()),
        }
    }
}

impl From<RuntimeApiError> for ChainError {
    fn from(error: RuntimeApiError) -> Self {
        match error {
            RuntimeApiError::CannotCallApi(error) => error.into(),
            other => Self::Incompatible(other.to_string()),
        }
    }
}

impl From<ExtrinsicError> for ChainError {
    fn from(error: ExtrinsicError) -> Self {
        match error {
            ExtrinsicError::ErrorSubmittingTransaction(error)
            | ExtrinsicError::TransactionStatusStreamError(error)
            | ExtrinsicError::CannotGetFeeInfo(error) => error.into(),
            ExtrinsicError::TransactionStatusError(error) => error.into(),
            ExtrinsicError::IncompatibleCodegen
            | ExtrinsicError::PalletNameNotFound(_)
            | ExtrinsicError::CallNameNotFound { .. }
            | ExtrinsicError::UnsupportedVersion
            | ExtrinsicError::EncodeError(_)
            | ExtrinsicError::Params(_)
            | ExtrinsicError::CannotDecodeFeeInfo(_) => Self::Incompatible(error.to_string()),
            other => Self::Node(other.to_string()),
        }
    }
}

impl From<TransactionStatusError> for ChainError {
    fn from(error: TransactionStatusError) -> Self {
        Self::Rejected(error.to_string())
    }
}

impl From<TransactionProgressError> for ChainError {
    fn from(error: TransactionProgressError) -> Self {
        match error {
            TransactionProgressError::CannotGetNextProgressUpdate(error) => error.into(),
            TransactionProgressError::TransactionStatusError(error) => error.into(),
            other => Self::Node(other.to_string()),
        }
    }
}

impl From<TransactionEventsError> for ChainError {
    fn from(error: TransactionEventsError) -> Self {
        match error {
            TransactionEventsError::ExtrinsicFailed(error) => error.into(),
            other => Self::Node(other.to_string()),
        }
    }
}

impl From<DispatchError> for ChainError {
    fn from(error: DispatchError) -> Self {
        let DispatchError::Module(module) = &error else {
            return Self::Refused { name: error.to_string(), docs: String::new() };
        };
        match module.details() {
            Ok(details) => Self::Refused {
                name: format!("{}::{}", details.pallet.name(), details.variant.name),
                docs: details.variant.docs.join(" ").trim().to_owned(),
            },
            Err(_) => Self::Refused { name: module.details_string(), docs: String::new() },
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use subxt::rpcs::UserError;

    #[test]
    fn what_the_pool_says_of_a_transaction_is_a_refusal_and_the_rest_is_not() {
        let error = |code| {
            subxt::rpcs::Error::User(UserError { code, message: "Invalid Transaction".into(), data: None })
        };
        assert!(ChainError::from(error(1010)).is_refusal());
        assert!(!ChainError::from(error(-32601)).is_refusal());
        let nested =
            ExtrinsicError::ErrorSubmittingTransaction(BackendError::Rpc(RpcError::ClientError(error(1014))));
        assert!(ChainError::from(nested).is_refusal());
    }
}

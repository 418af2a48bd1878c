//! What the gateway asks of the node to write to the registry for an account.

use async_trait::async_trait;
use stoa_primitives::{
    ContentId, Piece,
    registry::{AssetId, AssetKind, CommitId, RefKind, Visibility},
};

use crate::{Account, ChainError};

/// A call of the registry. Names were checked before, and messages cut to what the registry takes.
#[derive(Clone, Debug, Eq, PartialEq)]
pub enum RegistryCall {
    /// Registers a namespace.
    RegisterNamespace {
        /// Its name.
        name: String,
    },
    /// Creates an asset.
    CreateAsset {
        /// Its namespace.
        namespace: String,
        /// Its name.
        name: String,
        /// What it is.
        kind: AssetKind,
        /// Its licence's id; empty when none is stated.
        licence: String,
        /// Who may read it.
        visibility: Visibility,
    },
    /// Publishes a revision to a branch.
    Publish {
        /// The asset.
        asset: AssetId,
        /// The root of its DAG.
        content: ContentId,
        /// The CARv1 bytes of the DAG.
        piece: Piece,
        /// What its author says of it.
        message: String,
        /// The branch that moves to it.
        branch: String,
    },
    /// Makes a branch or tag.
    SetRef {
        /// The asset.
        asset: AssetId,
        /// Branch or tag.
        kind: RefKind,
        /// Its name.
        name: String,
        /// What it points at.
        commit: CommitId,
    },
    /// Deletes a branch or tag.
    DeleteRef {
        /// The asset.
        asset: AssetId,
        /// Its name.
        name: String,
    },
    /// Says who may read an asset.
    SetVisibility {
        /// The asset.
        asset: AssetId,
        /// Who may read it.
        visibility: Visibility,
    },
    /// Marks a revision as not to be used.
    Yank {
        /// The revision.
        commit: CommitId,
    },
}

/// The key of this machine that signs for an account.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct Delegate {
    /// The key's own account.
    pub account: Account,
    /// Whether the account lets it make calls of the registry, and nothing else.
    pub authorised: bool,
    /// What the key has for fees, in plancks.
    pub balance: u128,
}

/// What a transaction did.
#[derive(Clone, Debug, Default, Eq, PartialEq)]
pub struct Submitted {
    /// The revision that it published, if it did.
    pub commit: Option<CommitId>,
}

/// Why a transaction didn't succeed.
#[derive(Clone, Debug, thiserror::Error)]
pub enum SubmitError {
    /// The account doesn't let this machine's key act for it.
    #[error(
        "the account doesn't let this gateway publish for it: run `stoa gateway authorise` with the account's key, once"
    )]
    NotAuthorised,
    /// The key can't pay the fee.
    #[error(
        "the gateway's key for this account can't pay the fee: run `stoa gateway authorise` again to top it up"
    )]
    Fees,
    /// The call failed in its block.
    #[error("the chain refused: {name}{}", if docs.is_empty() { String::new() } else { format!(": {docs}") })]
    Refused {
        /// The error's name, such as `AssetRegistry::NameTaken`.
        name: String,
        /// What the runtime says about it.
        docs: String,
    },
    /// The pool didn't take the transaction, or dropped it.
    #[error("the transaction wasn't taken: {0}")]
    NotTaken(String),
    /// No block had it for too long.
    #[error("the transaction isn't in a block yet: look at the repository before you send it again")]
    TimedOut,
    /// The node's runtime isn't the chain's.
    #[error("this node is older than the chain's runtime, and can't publish until it is updated")]
    Outdated,
    /// The chain couldn't be asked.
    #[error(transparent)]
    Chain(#[from] ChainError),
}

/// Signs and sends calls of the registry for accounts that allow it.
#[async_trait]
pub trait Submitter: Send + Sync + 'static {
    /// The key that would sign for an account.
    async fn delegate(&self, account: &Account) -> Result<Delegate, ChainError>;

    /// Sends calls in one transaction that does all of them or none, and waits until it is in a block. A piece that it
    /// made public can be read when this returns.
    async fn submit(&self, account: &Account, calls: Vec<RegistryCall>) -> Result<Submitted, SubmitError>;
}

//! What the gateway asks of the node that embeds it.

use std::time::Duration;

use async_trait::async_trait;
use serde::Serialize;
use stoa_primitives::{ContentId, PieceRoot};

/// An account: an sr25519 public key.
#[derive(Clone, Copy, Debug, Eq, Hash, Ord, PartialEq, PartialOrd)]
pub struct Account(pub [u8; 32]);

/// The node couldn't answer.
#[derive(Clone, Debug, thiserror::Error)]
#[error("the node can't answer right now: {0}")]
pub struct ChainError(pub String);

/// A peer that has some content, as delegated routing describes it.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct Provider {
    /// Peer id, in base58.
    pub id: String,
    /// Multiaddrs.
    pub addresses: Vec<String>,
    /// Names of transfer protocols, such as `transport-bitswap`.
    pub protocols: Vec<String>,
}

/// What the node says of itself.
#[derive(Clone, Debug, Eq, PartialEq, Serialize)]
pub struct ChainHealth {
    /// Number of the best block.
    pub best: u64,
    /// Number of the last finalised block.
    pub finalised: u64,
    /// Connected peers.
    pub peers: u64,
    /// Whether the node is catching up with the chain.
    pub syncing: bool,
    /// Whether a node of this kind should have peers; a development chain shouldn't.
    #[serde(rename = "shouldHavePeers")]
    pub should_have_peers: bool,
}

/// Questions about accounts, peers and the chain.
#[async_trait]
pub trait Chain: Send + Sync + 'static {
    /// Reads an ss58 address of this chain.
    fn parse_account(&self, text: &str) -> Option<Account>;

    /// The ss58 address of an account on this chain.
    fn account_text(&self, account: &Account) -> String;

    /// Whether `signature` is the account's sr25519 signature over exactly these bytes.
    fn verify(&self, account: &Account, message: &[u8], signature: &[u8; 64]) -> bool;

    /// How many bytes of uploads this node keeps for the account; `None` when the account may not upload.
    async fn upload_allowance(&self, account: &Account) -> Result<Option<u64>, ChainError>;

    /// Peers that have the content, this node included when it serves it.
    async fn providers(&self, content: &ContentId) -> Result<Vec<Provider>, ChainError>;

    /// Whether the account may read a piece that isn't public, which holds that DAG: it works on the asset that governs the
    /// piece, or holds a grant for one of its revisions.
    async fn may_read(
        &self,
        account: &Account,
        piece: &PieceRoot,
        content: &ContentId,
    ) -> Result<bool, ChainError>;

    /// How the node is doing.
    async fn health(&self) -> Result<ChainHealth, ChainError>;
}

/// What came of an attempt to bring content here.
#[derive(Clone, Debug, Eq, PartialEq)]
pub enum FetchOutcome {
    /// It is in the store now, or was all along.
    Fetched,
    /// Nobody is known to have it, or it isn't public.
    NotFound,
    /// It was taken down.
    Denied,
    /// Peers were found, and time ran out.
    TimedOut,
    /// Too many fetches are running.
    Busy,
    /// Every peer failed; the text is for the log.
    Failed(String),
}

/// Brings content here that isn't in the store yet.
#[async_trait]
pub trait Fetch: Send + Sync + 'static {
    /// Tries to bring the piece that holds this content into the store, and comes back within `limit`.
    async fn fetch(&self, content: &ContentId, limit: Duration) -> FetchOutcome;
}

/// Fetches nothing: the gateway serves what the node has, which is what peers of a p2p network expect of one.
#[derive(Clone, Copy, Debug, Default)]
pub struct NoFetch;

#[async_trait]
impl Fetch for NoFetch {
    async fn fetch(&self, _content: &ContentId, _limit: Duration) -> FetchOutcome {
        FetchOutcome::NotFound
    }
}

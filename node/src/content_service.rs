//! Content as the rest of the node sees it: who may read which piece, and how to bring content here.
//!
//! [`ContentService`] is the handle; [`access`] follows the registry, [`registry`] is what it asks of the chain, and
//! [`gateway`] answers the HTTP gateway's questions. The service starts it so:
//! ```ignore
//! let registry = Arc::new(ChainRegistry::new(client.clone()));
//! let content = ContentService::new(store.clone(), registry.clone(), fetcher, bitswap, announcer.clone());
//! let follower = AccessFollower::new(store, registry, metrics).run(
//!     client.storage_changes_notification_stream(None, None)?,
//!     client.import_notification_stream(),
//!     announcer,
//! );
//! // spawn follower; give `content` to rpc::content::Content and to gateway::NodeChain, gateway::NodeFetch
//! ```

pub mod access;
pub mod gateway;
pub mod grants;
pub mod hub;
pub mod registry;
pub mod submit;

use std::{str::FromStr, sync::Arc};

use polkadot_sdk::{sc_network::PeerId, sc_network_bitswap::BitswapHandle};
use stoa_content::{Access, ContentId, Piece, PieceInfo, PieceRoot, Store, StoreError, parse_cid};
use stoa_primitives::registry::PieceAccess;
use tokio::task::spawn_blocking;

use crate::network::{
    LOG_TARGET,
    announce::Announcer,
    bitswap_fetch::{DagLimits, fetch_dag},
    slice::{FetchError, PieceFetcher, Told},
};
use access::JudgeError;
use registry::{Registry, RegistryError};

/// Pieces of one content that are tried before it counts as not to be had.
const MAX_CANDIDATES: u32 = 8;

/// Why the service couldn't answer.
#[derive(Debug, thiserror::Error)]
pub enum ServiceError {
    /// The store failed.
    #[error(transparent)]
    Store(#[from] StoreError),
    /// The chain failed.
    #[error(transparent)]
    Registry(#[from] RegistryError),
    /// The fetch failed.
    #[error(transparent)]
    Fetch(#[from] FetchError),
    /// It was taken down.
    #[error("it was taken down")]
    Denied,
    /// The text names nothing that can be fetched.
    #[error("{0} is neither a CIDv1 (raw or dag-pb, sha2-256) nor a piece as <root in hex>:<size>")]
    BadTarget(String),
    /// The node shuts down.
    #[error("the node shuts down")]
    Stopped,
}

impl From<JudgeError> for ServiceError {
    fn from(error: JudgeError) -> Self {
        match error {
            JudgeError::Store(error) => error.into(),
            JudgeError::Registry(error) => error.into(),
        }
    }
}

/// What can be fetched.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum Target {
    /// A DAG.
    Content(ContentId),
    /// A piece.
    Piece(Piece),
}

impl FromStr for Target {
    type Err = ServiceError;

    fn from_str(text: &str) -> Result<Self, ServiceError> {
        if let Some(content) = parse_cid(text) {
            return Ok(Self::Content(content));
        }
        let piece = || {
            let (root, size) = text.split_once(':')?;
            Some(Piece { root: parse_root(root)?, size: size.parse().ok()? })
        };
        piece().map(Self::Piece).ok_or_else(|| ServiceError::BadTarget(text.chars().take(128).collect()))
    }
}

/// Reads a piece's root from hex digits, with or without `0x`.
pub fn parse_root(text: &str) -> Option<PieceRoot> {
    let digits = text.strip_prefix("0x").unwrap_or(text);
    hex::decode(digits).ok()?.try_into().ok()
}

/// The node's content. Cheap to clone.
#[derive(Clone)]
pub struct ContentService {
    store: Store,
    registry: Arc<dyn Registry>,
    fetcher: PieceFetcher,
    bitswap: Option<BitswapHandle>,
    announcer: Announcer,
}

impl ContentService {
    /// Puts the parts together; `bitswap` is what `build_network` returned.
    pub fn new(
        store: Store,
        registry: Arc<dyn Registry>,
        fetcher: PieceFetcher,
        bitswap: Option<BitswapHandle>,
        announcer: Announcer,
    ) -> Self {
        Self { store, registry, fetcher, bitswap, announcer }
    }

    /// The pieces on disk.
    pub fn store(&self) -> &Store {
        &self.store
    }

    /// Runs disk or runtime work where it may block.
    pub async fn blocking<T: Send + 'static>(
        &self,
        work: impl FnOnce(&Store, &dyn Registry) -> Result<T, ServiceError> + Send + 'static,
    ) -> Result<T, ServiceError> {
        let (store, registry) = (self.store.clone(), self.registry.clone());
        spawn_blocking(move || work(&store, registry.as_ref())).await.unwrap_or(Err(ServiceError::Stopped))
    }

    /// Asks the registry at once whether a piece may be served, as after a fetch; `None` when it isn't here.
    pub async fn refresh(&self, root: PieceRoot) -> Result<Option<Access>, ServiceError> {
        let access = self.blocking(move |store, registry| Ok(access::judge(store, registry, root)?)).await?;
        match access {
            Some(Access::Public) => self.announcer.announce(root).await,
            Some(Access::Restricted) | None => self.announcer.withdraw(root).await,
        }
        Ok(access)
    }

    /// Peers that announced a piece.
    pub async fn announced_by(&self, root: PieceRoot) -> Vec<PeerId> {
        self.announcer.find(root).await
    }

    /// Pieces that the registry says hold a content, oldest first.
    pub async fn pieces_of(&self, content: ContentId) -> Result<Vec<Piece>, ServiceError> {
        self.blocking(move |_, registry| Ok(registry.pieces_of(content, MAX_CANDIDATES)?)).await
    }

    /// Pieces in the store that hold a content.
    pub async fn held(&self, content: ContentId) -> Result<Vec<PieceInfo>, ServiceError> {
        self.blocking(move |store, _| Ok(store.piece_by_content(&content)?)).await
    }

    /// Fetches a piece and lets it be served if the registry says so.
    pub async fn fetch_piece(&self, piece: Piece, told: Told<'_>) -> Result<PieceInfo, ServiceError> {
        self.fetch_piece_from(piece, Vec::new(), told).await
    }

    /// The same, from these peers and from the providers that keep it for pay before others.
    pub async fn fetch_piece_from(
        &self,
        piece: Piece,
        mut hints: Vec<PeerId>,
        told: Told<'_>,
    ) -> Result<PieceInfo, ServiceError> {
        hints.extend(self.holders(piece.root).await);
        let info = self.fetcher.fetch(piece, hints)?.outcome(told).await?;
        self.taken_in(info).await
    }

    /// Fetches a piece although it is here, because what is here is damaged. That stays until all of it has come.
    pub async fn fetch_piece_anew(&self, piece: Piece, told: Told<'_>) -> Result<PieceInfo, ServiceError> {
        let hints = self.holders(piece.root).await;
        let info = self.fetcher.fetch_anew(piece, hints)?.outcome(told).await?;
        self.taken_in(info).await
    }

    /// The peers of the providers that keep a piece; the network is told where they listen.
    async fn holders(&self, root: PieceRoot) -> Vec<PeerId> {
        // Without them, announcements and connected peers are left.
        let found = self.blocking(move |_, registry| Ok(registry.holders(root)?)).await;
        let holders = found.unwrap_or_else(|error| {
            log::debug!(target: LOG_TARGET, "Who keeps piece {}: {error}", hex::encode(root));
            Vec::new()
        });
        let peers = holders.iter().map(|holder| holder.peer).collect();
        self.announcer.learn(holders).await;
        peers
    }

    async fn taken_in(&self, info: PieceInfo) -> Result<PieceInfo, ServiceError> {
        let piece = info.piece;
        let access = self.refresh(piece.root).await?;
        Ok(PieceInfo { access: access.unwrap_or(info.access), ..info })
    }

    /// Fetches a public content through the pieces that the registry knows of it. `None` when it knows none that
    /// strangers may read.
    pub async fn fetch_public(
        &self,
        content: ContentId,
        told: Told<'_>,
    ) -> Result<Option<PieceInfo>, ServiceError> {
        let held = self.held(content).await?;
        if let Some(info) = held.into_iter().find(|info| info.access == Access::Public) {
            return Ok(Some(info));
        }
        let mut failure = None;
        for piece in self.pieces_of(content).await? {
            let access = self.blocking(move |_, registry| Ok(registry.access(piece.root)?)).await?;
            match access {
                PieceAccess::Public => {}
                PieceAccess::Denied => {
                    failure.get_or_insert(ServiceError::Denied);
                    continue;
                }
                PieceAccess::Restricted | PieceAccess::Unknown => continue,
            }
            match self.fetch_piece(piece, told).await {
                Ok(info) if info.content == content => return Ok(Some(info)),
                // Whoever published it lied about what it holds.
                Ok(_) => {}
                Err(error) => {
                    failure.get_or_insert(error);
                }
            }
        }
        failure.map_or(Ok(None), Err)
    }

    /// Fetches whatever the operator asks for: a piece, or a content through its pieces, or else block by block.
    pub async fn fetch(&self, target: Target, told: Told<'_>) -> Result<PieceInfo, ServiceError> {
        let content = match target {
            Target::Piece(piece) => return self.fetch_piece(piece, told).await,
            Target::Content(content) => content,
        };
        if let Some(info) = self.held(content).await?.into_iter().next() {
            return Ok(info);
        }
        if let Some(info) = self.fetch_public(content, told).await? {
            return Ok(info);
        }
        let bitswap = self.bitswap.as_ref().ok_or(FetchError::NotFound)?;
        let info = fetch_dag(bitswap, &self.store, content, DagLimits::default()).await?;
        let access = self.refresh(info.piece.root).await?;
        Ok(PieceInfo { access: access.unwrap_or(info.access), ..info })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn targets_are_cids_or_pieces() {
        let content = ContentId { codec: stoa_content::Codec::Raw, digest: [1; 32] };
        let text = stoa_content::text(&content);
        assert_eq!(text.parse::<Target>().unwrap(), Target::Content(content));
        let piece = Piece { root: [0xab; 32], size: 90 };
        for text in [format!("{}:90", "ab".repeat(32)), format!("0x{}:90", "AB".repeat(32))] {
            assert_eq!(text.parse::<Target>().unwrap(), Target::Piece(piece));
        }
        for bad in ["", ":", "ab:1", &"ab".repeat(32), &format!("{}:", "ab".repeat(32)), "QmYwAPJzv5CZsnA6"] {
            assert!(bad.parse::<Target>().is_err(), "{bad}");
        }
    }
}

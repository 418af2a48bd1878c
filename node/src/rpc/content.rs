//! `content_*`: what the node stores, and bringing more of it here.

use jsonrpsee::{
    RpcModule,
    core::{RegisterMethodError, RpcResult, SubscriptionResult},
    server::{PendingSubscriptionSink, SubscriptionMessage},
    types::{ErrorObjectOwned, error::ErrorCode},
};
use polkadot_sdk::sc_rpc_api::check_if_safe;
use serde::{Deserialize, Serialize};
use stoa_content::{Access, Piece, PieceInfo, PieceRoot, text};
use tokio::sync::watch;

use crate::{
    content_service::{ContentService, ServiceError, Target, parse_root},
    network::{metrics::ContentMetrics, slice::Progress},
};

/// Most pieces in a page.
const MAX_PAGE: u32 = 256;
/// The store, the chain or a fetch failed.
const FAILED: i32 = 7001;
/// The store doesn't have it.
const ABSENT: i32 = 7002;

/// A piece as text.
#[derive(Clone, Debug, Deserialize, Eq, PartialEq, Serialize)]
pub struct PieceName {
    /// Its BLAKE3 root, in hex.
    pub root: String,
    /// Its length in bytes.
    pub size: u64,
}

impl From<Piece> for PieceName {
    fn from(piece: Piece) -> Self {
        Self { root: hex::encode(piece.root), size: piece.size }
    }
}

/// A piece in the store.
#[derive(Clone, Debug, Deserialize, Eq, PartialEq, Serialize)]
pub struct StoredPiece {
    /// The piece.
    pub piece: PieceName,
    /// The CID of its DAG.
    pub content: String,
    /// Whether it is served to anybody.
    pub public: bool,
    /// Whether it is kept whatever the limit.
    pub pinned: bool,
    /// How many blocks it has.
    pub blocks: u64,
}

impl From<PieceInfo> for StoredPiece {
    fn from(info: PieceInfo) -> Self {
        Self {
            piece: info.piece.into(),
            content: text(&info.content),
            public: info.access == Access::Public,
            pinned: info.pinned,
            blocks: info.blocks,
        }
    }
}

/// A page of pieces.
#[derive(Clone, Debug, Deserialize, Eq, PartialEq, Serialize)]
pub struct PiecePage {
    /// The pieces, in the order of their roots.
    pub pieces: Vec<StoredPiece>,
    /// What to give as `after` for the next page; `null` after the last one.
    pub next: Option<String>,
}

/// What the content layer holds and did since the node started.
#[derive(Clone, Debug, Deserialize, Eq, PartialEq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct ContentStatus {
    /// Pieces in the store.
    pub pieces: u64,
    /// Blocks in them.
    pub blocks: u64,
    /// Bytes on disk.
    pub bytes: u64,
    /// Most bytes that are kept.
    pub byte_limit: u64,
    /// Pieces announced in the chain's DHT.
    pub announced: u64,
    /// Blocks served by Bitswap.
    pub bitswap_blocks: u64,
    /// Slices served to other nodes.
    pub slices: u64,
    /// Bytes of these slices.
    pub slice_bytes: u64,
    /// Fetches under way.
    pub fetches_running: u64,
    /// Bytes fetched from other nodes.
    pub fetched_bytes: u64,
}

/// Where content can be had.
#[derive(Clone, Debug, Deserialize, Eq, PartialEq, Serialize)]
pub struct Whereabouts {
    /// Public pieces in this node's store that hold it.
    pub here: Vec<StoredPiece>,
    /// Pieces that the registry says hold it.
    pub pieces: Vec<PieceName>,
    /// Peers that announced one of them.
    pub peers: Vec<String>,
}

/// How a fetch goes on.
#[derive(Clone, Debug, Deserialize, Eq, PartialEq, Serialize)]
#[serde(rename_all = "camelCase", tag = "state")]
pub enum FetchUpdate {
    /// Bytes arrive.
    Running {
        /// Bytes that are here and verified.
        done: u64,
        /// Bytes in all.
        size: u64,
        /// Peers that they come from.
        peers: u32,
    },
    /// It is here.
    Done {
        /// What is here.
        stored: StoredPiece,
    },
    /// It ended without success.
    Failed {
        /// Why.
        error: String,
    },
}

/// The methods over a node's content:
///
/// - `content_status()`: what the content layer holds and did.
/// - `content_pieces(after?, limit?)`: the pieces of the store after a root; those that aren't public only where unsafe
///   methods are allowed.
/// - `content_where(target)`: where a CID, or a piece as `<root>:<size>`, can be had.
/// - `content_pin(root)`, `content_unpin(root)`: keep a piece whatever the limit, or no longer. Unsafe.
/// - `content_fetch(target)`: brings a CID or piece into the store, and comes back when it is there. Unsafe.
/// - `content_fetchWatch(target)`: the same as a subscription to [`FetchUpdate`]s; unsubscribing cancels. Unsafe.
#[derive(Clone)]
pub struct Content {
    service: ContentService,
    metrics: ContentMetrics,
}

impl Content {
    /// Serves this content.
    pub fn new(service: ContentService, metrics: ContentMetrics) -> Self {
        Self { service, metrics }
    }

    /// The methods as a module. Written out, because jsonrpsee's macro needs debug assertions to be equal here and in it.
    pub fn into_rpc(self) -> Result<RpcModule<Self>, RegisterMethodError> {
        let mut module = RpcModule::new(self);
        module
            .register_async_method("content_status", |_, content, _| async move { content.status().await })?;
        module.register_async_method("content_pieces", |params, content, ext| async move {
            let mut params = params.sequence();
            let after = params.optional_next::<String>()?;
            let limit = params.optional_next::<u32>()?;
            content.pieces(check_if_safe(&ext).is_ok(), after, limit).await
        })?;
        module.register_async_method("content_where", |params, content, _| async move {
            content.whereabouts(params.one()?).await
        })?;
        module.register_async_method("content_pin", |params, content, ext| async move {
            check_if_safe(&ext)?;
            content.set_pinned(params.one()?, true).await
        })?;
        module.register_async_method("content_unpin", |params, content, ext| async move {
            check_if_safe(&ext)?;
            content.set_pinned(params.one()?, false).await
        })?;
        module.register_async_method("content_fetch", |params, content, ext| async move {
            check_if_safe(&ext)?;
            content.fetch(params.one()?).await
        })?;
        module.register_subscription(
            "content_fetchWatch",
            "content_fetchProgress",
            "content_fetchUnwatch",
            |params, pending, content, ext| async move {
                let target = check_if_safe(&ext)
                    .map_err(ErrorObjectOwned::from)
                    .and_then(|()| params.one::<String>())
                    .and_then(|target| target.parse().map_err(failed));
                content.fetch_watch(pending, target).await
            },
        )?;
        Ok(module)
    }

    async fn set_pinned(&self, root: String, pinned: bool) -> RpcResult<()> {
        let root = root_of(&root)?;
        let found =
            self.service.blocking(move |store, _| Ok(store.pin(&root, pinned)?)).await.map_err(failed)?;
        match found {
            true => Ok(()),
            false => Err(ErrorObjectOwned::owned(
                ABSENT,
                "the piece isn't in this node's store: fetch it first",
                None::<()>,
            )),
        }
    }

    async fn status(&self) -> RpcResult<ContentStatus> {
        let stats = self.service.blocking(|store, _| Ok(store.stats())).await.map_err(failed)?;
        let metrics = &self.metrics;
        Ok(ContentStatus {
            pieces: stats.pieces,
            blocks: stats.blocks,
            bytes: stats.bytes,
            byte_limit: stats.byte_limit,
            announced: metrics.announced.get(),
            bitswap_blocks: metrics.bitswap_blocks.get(),
            slices: metrics.slices.get(),
            slice_bytes: metrics.slice_bytes.get(),
            fetches_running: metrics.fetches_running.get(),
            fetched_bytes: metrics.fetched_bytes.get(),
        })
    }

    async fn pieces(&self, all: bool, after: Option<String>, limit: Option<u32>) -> RpcResult<PiecePage> {
        let after = after.as_deref().map(root_of).transpose()?;
        let limit = limit.unwrap_or(MAX_PAGE).clamp(1, MAX_PAGE) as usize;
        let page =
            self.service.blocking(move |store, _| Ok(store.pieces(after, limit)?)).await.map_err(failed)?;
        let next = page.last().filter(|_| page.len() >= limit).map(|last| hex::encode(last.piece.root));
        let shown = page.into_iter().filter(|info| all || info.access == Access::Public);
        Ok(PiecePage { pieces: shown.map(Into::into).collect(), next })
    }

    async fn whereabouts(&self, target: String) -> RpcResult<Whereabouts> {
        let target = target.parse::<Target>().map_err(failed)?;
        let (held, pieces) = match target {
            Target::Content(content) => (
                self.service.held(content).await.map_err(failed)?,
                self.service.pieces_of(content).await.map_err(failed)?,
            ),
            Target::Piece(piece) => {
                let held = self.service.blocking(move |store, _| Ok(store.piece(&piece.root)?)).await;
                (held.map_err(failed)?.into_iter().collect(), vec![piece])
            }
        };
        let searches = pieces.iter().map(|piece| self.service.announced_by(piece.root));
        let mut peers: Vec<_> = futures::future::join_all(searches).await.into_iter().flatten().collect();
        peers.sort_unstable();
        peers.dedup();
        let here = held.into_iter().filter(|info| info.access == Access::Public);
        Ok(Whereabouts {
            here: here.map(Into::into).collect(),
            pieces: pieces.into_iter().map(Into::into).collect(),
            peers: peers.into_iter().map(|peer| peer.to_base58()).collect(),
        })
    }

    async fn fetch(&self, target: String) -> RpcResult<StoredPiece> {
        let target = target.parse::<Target>().map_err(failed)?;
        self.service.fetch(target, &mut |_| {}).await.map(Into::into).map_err(failed)
    }

    async fn fetch_watch(
        &self,
        pending: PendingSubscriptionSink,
        target: RpcResult<Target>,
    ) -> SubscriptionResult {
        let target = match target {
            Ok(target) => target,
            Err(error) => {
                pending.reject(error).await;
                return Ok(());
            }
        };
        let sink = pending.accept().await?;
        let (told, mut news) = watch::channel(Progress::default());
        let mut tell = |progress: Progress| {
            told.send_replace(progress);
        };
        let fetch = self.service.fetch(target, &mut tell);
        tokio::pin!(fetch);
        let last = loop {
            tokio::select! {
                result = &mut fetch => break match result {
                    Ok(info) => FetchUpdate::Done { stored: info.into() },
                    Err(error) => FetchUpdate::Failed { error: error.to_string() },
                },
                Ok(()) = news.changed() => {
                    let Progress { done, size, peers } = *news.borrow_and_update();
                    let update = FetchUpdate::Running { done, size, peers };
                    sink.send(SubscriptionMessage::from_json(&update)?).await?;
                },
                // Nobody listens: dropping the fetch cancels it.
                () = sink.closed() => return Ok(()),
            }
        };
        sink.send(SubscriptionMessage::from_json(&last)?).await?;
        Ok(())
    }
}

fn invalid(message: String) -> ErrorObjectOwned {
    ErrorObjectOwned::owned(ErrorCode::InvalidParams.code(), message, None::<()>)
}

fn failed(error: ServiceError) -> ErrorObjectOwned {
    match error {
        error @ ServiceError::BadTarget(_) => invalid(error.to_string()),
        error => ErrorObjectOwned::owned(FAILED, error.to_string(), None::<()>),
    }
}

fn root_of(digits: &str) -> RpcResult<PieceRoot> {
    parse_root(digits).ok_or_else(|| invalid("a piece's root is 64 hex digits".into()))
}

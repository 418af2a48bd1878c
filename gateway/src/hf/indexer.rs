//! Keeps the search index in step with chain and content.

use std::{collections::HashSet, sync::Arc, time::Duration};

use futures::{Stream, StreamExt};
use parking_lot::Mutex;
use stoa_primitives::{
    ContentId,
    registry::{AssetId, Visibility},
};
use tokio::{
    sync::mpsc,
    task::spawn_blocking,
    time::{MissedTickBehavior, interval},
};

use super::{
    HubGateway,
    error::HubError,
    files::Source,
    listing::is_listed,
    names::{Kind, MAIN, commit_text},
    table::TableError,
};
use crate::{HubAsset, HubRevision};

/// Assets that one question of a sweep asks for.
const SWEEP_PAGE: u32 = 256;
/// How often download counts are written.
const SAVE_TIME: Duration = Duration::from_secs(5);
/// Revisions that wait for being hashed.
const MAX_QUEUED: usize = 1_024;

/// Revisions whose files are hashed before anybody asks for them.
pub(super) struct ToHash {
    sender: mpsc::Sender<(Source, HubRevision)>,
    receiver: Mutex<Option<mpsc::Receiver<(Source, HubRevision)>>>,
    /// What was queued once since the start.
    done: Mutex<HashSet<ContentId>>,
}

impl Default for ToHash {
    fn default() -> Self {
        let (sender, receiver) = mpsc::channel(MAX_QUEUED);
        Self { sender, receiver: Mutex::new(Some(receiver)), done: Mutex::default() }
    }
}

impl HubGateway {
    /// Follows the chain, for as long as the gateway serves: `changed` gives the assets of which anything changed, refs
    /// and visibility included. What it misses is found by a sweep over all assets, the first one at once.
    pub async fn follow(self: Arc<Self>, changed: impl Stream<Item = AssetId> + Send) {
        let queue = self.to_hash.receiver.lock().take();
        tokio::join!(self.follow_index(changed), self.hash_queued(queue));
    }

    /// Hashes what is queued, one revision after the other, so that readers' own files don't wait behind many.
    async fn hash_queued(self: &Arc<Self>, queue: Option<mpsc::Receiver<(Source, HubRevision)>>) {
        let Some(mut queue) = queue else { return };
        while let Some((source, revision)) = queue.recv().await {
            if let Err(error) = self.hash_all(&source, &revision).await {
                tracing::debug!(target: "gateway", "a revision isn't hashed ahead: {error}");
            }
        }
    }

    async fn follow_index(self: &Arc<Self>, changed: impl Stream<Item = AssetId> + Send) {
        let mut changed = std::pin::pin!(changed.fuse());
        let mut noted = self.notes.subscribe();
        let (mut sweep, mut save) = (interval(self.limits.sweep), interval(SAVE_TIME));
        sweep.set_missed_tick_behavior(MissedTickBehavior::Delay);
        save.set_missed_tick_behavior(MissedTickBehavior::Delay);
        loop {
            let outcome = tokio::select! {
                Some(asset) = changed.next() => self.update(asset).await,
                Ok(asset) = noted.recv() => self.update(asset).await,
                _ = sweep.tick() => self.sweep().await,
                _ = save.tick() => self.save().await,
            };
            if let Err(error) = outcome {
                tracing::warn!(target: "gateway", "the index of the hub lags behind: {error}");
            }
        }
    }

    /// Says that an asset's content came here.
    pub(super) fn note_asset(&self, asset: AssetId) {
        // Without a follower nobody waits for it.
        self.notes.send(asset).ok();
    }

    /// Brings the whole index up to date.
    pub async fn sweep(self: &Arc<Self>) -> Result<(), HubFollowError> {
        let mut gone: HashSet<u64> = self.index.ids().into_iter().collect();
        let mut start = Some(AssetId(0));
        while let Some(from) = start {
            let page = self.ask(self.hub.assets(from, SWEEP_PAGE)).await?;
            for asset in page.assets {
                gone.remove(&asset.id.0);
                let id = asset.id;
                // One asset's damaged files are no reason to leave the others out.
                if let Err(error) = self.update_known(asset).await {
                    tracing::debug!(target: "gateway", "asset {} isn't indexed: {error}", id.0);
                }
            }
            start = page.next.filter(|next| *next > from);
        }
        let hub = self.clone();
        let removed = spawn_blocking(move || gone.into_iter().try_for_each(|asset| hub.index.remove(asset)));
        Ok(removed.await.map_err(HubError::internal)??)
    }

    /// Brings one asset's entry up to date, and has its files hashed.
    async fn update(self: &Arc<Self>, id: AssetId) -> Result<(), HubFollowError> {
        let found = self.ask(self.hub.assets_by_id(&[id])).await?.into_iter().next().flatten();
        match found {
            Some(asset) => self.update_known(asset).await,
            None => Ok(self.forget(id).await?),
        }
    }

    async fn update_known(self: &Arc<Self>, asset: HubAsset) -> Result<(), HubFollowError> {
        let Some(kind) = Kind::of(asset.kind).filter(|kind| is_listed(&asset, *kind)) else {
            return Ok(self.forget(asset.id).await?);
        };
        let revision = self.ask(self.hub.resolve(&asset, MAIN)).await?;
        let source = revision.as_ref().and_then(|revision| self.index_source(revision));
        let described = match (&revision, &source) {
            (Some(revision), Some(source)) if self.is_described(&asset, revision) => {
                return self.queue_hashing(source, revision).await;
            }
            (Some(revision), Some(source)) => self.card(source, revision).await?,
            _ => None,
        };
        let facts = self.facts(&asset, revision.as_ref()).await?;
        let stored = facts.of(kind, &asset, revision.as_ref(), described.as_ref()).stored();
        let hub = self.clone();
        spawn_blocking(move || hub.index.put(&stored)).await.map_err(HubError::internal)??;
        match (&source, &revision) {
            (Some(source), Some(revision)) => self.queue_hashing(source, revision).await,
            _ => Ok(()),
        }
    }

    /// Where the index reads a revision: if its own piece is here, from that one, because the store learns only after the
    /// chain that a piece has become public.
    fn index_source(&self, revision: &HubRevision) -> Option<Source> {
        let source = self.record_source(revision).ok()?;
        let store = &self.gateway.store;
        let held = store.piece(&revision.piece.root).ok().flatten();
        match held.is_some_and(|info| info.content == revision.content) {
            true => Some(Source::piece(store.clone(), revision.piece.root)),
            false => Some(source),
        }
    }

    /// Whether the entry says all that there is to say.
    fn is_described(&self, asset: &HubAsset, revision: &HubRevision) -> bool {
        self.index.summary(asset.id.0).is_some_and(|summary| {
            summary.has_card
                && summary.name == asset.full_name()
                && summary.gated == (asset.visibility == Visibility::Gated)
                && (asset.licence.is_empty() || summary.tags.contains(&format!("license:{}", asset.licence)))
                && summary.commit.as_deref() == Some(&commit_text(&revision.commit))
        })
    }

    /// Has a revision's files hashed, unless they were or aren't here.
    async fn queue_hashing(
        self: &Arc<Self>,
        source: &Source,
        revision: &HubRevision,
    ) -> Result<(), HubFollowError> {
        if self.to_hash.done.lock().contains(&revision.content) || !self.is_here(source, revision).await? {
            return Ok(());
        }
        // A full queue is filled up by the next sweep.
        if self.to_hash.sender.try_send((source.clone(), revision.clone())).is_ok() {
            self.to_hash.done.lock().insert(revision.content);
        }
        Ok(())
    }

    async fn forget(self: &Arc<Self>, asset: AssetId) -> Result<(), HubError> {
        let hub = self.clone();
        Ok(spawn_blocking(move || hub.index.remove(asset.0)).await.map_err(HubError::internal)??)
    }

    /// Writes the download counts.
    async fn save(self: &Arc<Self>) -> Result<(), HubFollowError> {
        let hub = self.clone();
        Ok(spawn_blocking(move || hub.index.save_downloads()).await.map_err(HubError::internal)??)
    }
}

/// The index couldn't be brought up to date.
#[derive(Debug, thiserror::Error)]
#[error("{0}")]
pub struct HubFollowError(String);

impl From<HubError> for HubFollowError {
    fn from(error: HubError) -> Self {
        Self(error.to_string())
    }
}

impl From<TableError> for HubFollowError {
    fn from(error: TableError) -> Self {
        Self(error.to_string())
    }
}

//! A revision's files: brought here, listed, hashed, and their card read.
//!
//! All of it is work that many requests may wait for at once and that goes on without them; a request waits for
//! [`super::HubLimits::wait`] and is then told to come again.

use std::{collections::VecDeque, sync::Arc, time::Duration};

use futures::{FutureExt, future::BoxFuture};
use parking_lot::Mutex;
use stoa_primitives::ContentId;
use tokio::{sync::Semaphore, task::spawn_blocking, time::timeout};

use super::{
    card::{Card, MAX_README},
    error::HubError,
    files::{Digests, FileError, Listing, Source, budget, read_small},
    state::{FetchFailure, HubGateway},
};
use crate::{FetchOutcome, HubRevision};

/// Entries of all listings that are remembered.
const MAX_REMEMBERED: usize = 400_000;
/// Listings that are remembered.
const MAX_LISTINGS: usize = 256;
/// File digests that are written at once.
const DIGEST_BATCH: usize = 256;
/// The file that describes a repository.
const README: &str = "README.md";

/// Listings that were asked for lately. They don't say who may see them: that is asked before.
#[derive(Default)]
pub(super) struct Listings {
    recent: Mutex<VecDeque<(ContentId, Arc<Listing>)>>,
}

impl Listings {
    fn get(&self, root: &ContentId) -> Option<Arc<Listing>> {
        let mut recent = self.recent.lock();
        let place = recent.iter().position(|(known, _)| known == root)?;
        let entry = recent.remove(place)?;
        let listing = entry.1.clone();
        recent.push_front(entry);
        Some(listing)
    }

    fn put(&self, root: ContentId, listing: Arc<Listing>) {
        let mut recent = self.recent.lock();
        recent.push_front((root, listing));
        let mut entries = 0usize;
        let fitting = recent
            .iter()
            .take(MAX_LISTINGS)
            .take_while(|(_, listing)| {
                entries = entries.saturating_add(listing.len());
                entries <= MAX_REMEMBERED
            })
            .count();
        recent.truncate(fitting.max(1));
    }
}

impl HubGateway {
    /// Makes sure that a revision's DAG is here.
    pub(super) async fn bring(
        self: &Arc<Self>,
        source: &Source,
        revision: &HubRevision,
    ) -> Result<(), HubError> {
        self.bring_within(source, revision, self.limits.wait).await
    }

    /// The same, for a request that can do without and waits for another time.
    pub(super) async fn bring_within(
        self: &Arc<Self>,
        source: &Source,
        revision: &HubRevision,
        wait: Duration,
    ) -> Result<(), HubError> {
        if self.is_here(source, revision).await? {
            return Ok(());
        }
        // What isn't public is nowhere but on the nodes that were given it.
        if !source.is_public() {
            return Err(HubError::Absent);
        }
        let job = self.fetch_job(source.clone(), revision.content);
        match timeout(wait, job).await {
            Err(_) => Err(HubError::Coming),
            Ok(Err(FetchFailure::Absent)) => Err(HubError::Absent),
            Ok(Err(FetchFailure::Denied)) => Err(HubError::Disabled),
            Ok(Err(FetchFailure::Busy)) => Err(HubError::Busy),
            Ok(Ok(())) => match self.is_here(source, revision).await? {
                true => {
                    self.note_asset(revision.asset);
                    Ok(())
                }
                false => Err(HubError::Absent),
            },
        }
    }

    pub(super) async fn is_here(&self, source: &Source, revision: &HubRevision) -> Result<bool, HubError> {
        let (source, content) = (source.clone(), revision.content);
        Ok(spawn_blocking(move || source.has(&content)).await.map_err(HubError::internal)??)
    }

    fn fetch_job(
        self: &Arc<Self>,
        source: Source,
        content: ContentId,
    ) -> impl Future<Output = Result<(), FetchFailure>> + use<> {
        let hub = self.clone();
        self.fetching.run(content, Err(FetchFailure::Absent), move || async move {
            // A job may have ended between this request's look and now.
            if let Ok(Ok(true)) = spawn_blocking(move || source.has(&content)).await {
                return Ok(());
            }
            let Ok(_place) = hub.fetches.try_acquire() else { return Err(FetchFailure::Busy) };
            let metrics = &hub.gateway.metrics;
            metrics.fetches.one();
            let limit = hub.limits.fetch_time;
            let outcome = timeout(limit, hub.gateway.fetch.fetch(&content, limit)).await;
            let outcome = outcome.unwrap_or(FetchOutcome::TimedOut);
            if outcome != FetchOutcome::Fetched {
                metrics.fetches_failed.one();
            }
            match outcome {
                FetchOutcome::Fetched => Ok(()),
                FetchOutcome::Denied => Err(FetchFailure::Denied),
                FetchOutcome::Busy => Err(FetchFailure::Busy),
                FetchOutcome::NotFound | FetchOutcome::TimedOut => Err(FetchFailure::Absent),
                FetchOutcome::Failed(why) => {
                    tracing::debug!(target: "gateway", "a revision couldn't be fetched: {why}");
                    Err(FetchFailure::Absent)
                }
            }
        })
    }

    /// The files of a revision that is here.
    pub(super) async fn listing(
        &self,
        source: &Source,
        revision: &HubRevision,
    ) -> Result<Arc<Listing>, HubError> {
        let root = revision.content;
        if let Some(listing) = self.listings.get(&root) {
            return Ok(listing);
        }
        let _place = self.searches.acquire().await.map_err(HubError::internal)?;
        if let Some(listing) = self.listings.get(&root) {
            return Ok(listing);
        }
        let source = source.clone();
        let listing =
            spawn_blocking(move || Listing::read(&source, &root)).await.map_err(HubError::internal)??;
        let listing = Arc::new(listing);
        self.listings.put(root, listing.clone());
        Ok(listing)
    }

    /// The digests of some files of a revision that is here, hashed if they weren't yet. `None` for a file that can't
    /// be read.
    pub(super) async fn digests(
        self: &Arc<Self>,
        source: &Source,
        revision: &HubRevision,
        files: Vec<ContentId>,
    ) -> Result<Vec<Option<Digests>>, HubError> {
        let known = self.known_digests(files.clone()).await?;
        if known.iter().all(Option::is_some) {
            return Ok(known);
        }
        // One file is a reader's who waits for it; many are a revision's, which is hashed whole.
        let job = match files.as_slice() {
            [file] => self.hash_job(source, revision, *file, vec![*file], Some(self.hashers.clone())),
            _ => {
                let listing = self.listing(source, revision).await?;
                let all = listing.files().map(|entry| entry.content).collect();
                self.hash_job(source, revision, revision.content, all, Some(self.hashers.clone()))
            }
        };
        match timeout(self.limits.wait, job).await {
            Err(_) => Err(HubError::Coming),
            Ok(outcome) => {
                outcome?;
                self.known_digests(files).await
            }
        }
    }

    pub(super) async fn known_digests(
        self: &Arc<Self>,
        files: Vec<ContentId>,
    ) -> Result<Vec<Option<Digests>>, HubError> {
        let hub = self.clone();
        let found = spawn_blocking(move || hub.index.tables().digests(&files));
        Ok(found.await.map_err(HubError::internal)??)
    }

    /// Hashes those of the files that weren't yet, when there is a place for it.
    fn hash_job(
        self: &Arc<Self>,
        source: &Source,
        revision: &HubRevision,
        key: ContentId,
        files: Vec<ContentId>,
        places: Option<Arc<Semaphore>>,
    ) -> BoxFuture<'static, Result<(), FileError>> {
        let (hub, source, piece) = (self.clone(), source.clone(), revision.piece);
        let lost = Err(FileError::Store("hashing broke off".into()));
        let job = self.hashing.run(key, lost, move || async move {
            let stopped = |error: String| FileError::Store(error);
            let _place = match places {
                Some(places) => {
                    Some(places.acquire_owned().await.map_err(|error| stopped(error.to_string()))?)
                }
                None => None,
            };
            spawn_blocking(move || hub.hash(&source, files, budget(&piece)))
                .await
                .map_err(|error| stopped(error.to_string()))?
        });
        job.boxed()
    }

    fn hash(&self, source: &Source, mut files: Vec<ContentId>, mut budget: u64) -> Result<(), FileError> {
        let tables = self.index.tables();
        let failed = |error: super::table::TableError| FileError::Store(error.to_string());
        files.sort_unstable();
        files.dedup();
        let known = tables.digests(&files).map_err(failed)?;
        let unknown = files.into_iter().zip(known).filter(|(_, known)| known.is_none()).map(|(file, _)| file);
        let mut found = Vec::new();
        for file in unknown {
            match Digests::read(source, &file, &mut budget) {
                Ok(digests) => found.push((file, digests)),
                // The other files can do without it.
                Err(error @ FileError::Broken { .. }) => {
                    tracing::debug!(target: "gateway", "a file can't be read: {error}");
                }
                Err(error) => {
                    tables.put_digests(&found).map_err(failed)?;
                    return Err(error);
                }
            }
            if found.len() >= DIGEST_BATCH {
                tables.put_digests(&std::mem::take(&mut found)).map_err(failed)?;
            }
        }
        tables.put_digests(&found).map_err(failed)
    }

    /// Hashes all files of a revision that is here, so that no reader has to wait for it. It takes no reader's place.
    pub(super) async fn hash_all(
        self: &Arc<Self>,
        source: &Source,
        revision: &HubRevision,
    ) -> Result<(), HubError> {
        let listing = self.listing(source, revision).await?;
        let all = listing.files().map(|entry| entry.content).collect();
        Ok(self.hash_job(source, revision, revision.content, all, None).await?)
    }

    /// The card of a revision, read from its files once; `None` when they aren't here. A repository without a README
    /// has an empty one.
    pub(super) async fn card(
        self: &Arc<Self>,
        source: &Source,
        revision: &HubRevision,
    ) -> Result<Option<Card>, HubError> {
        let (hub, root) = (self.clone(), revision.content);
        let known = spawn_blocking(move || hub.index.tables().card(&root));
        if let Some(card) = known.await.map_err(HubError::internal)?? {
            return Ok(Some(card));
        }
        if !self.is_here(source, revision).await? {
            return Ok(None);
        }
        let readme = self.listing(source, revision).await?.find(README).map(|entry| entry.content);
        let (hub, source) = (self.clone(), source.clone());
        let read = spawn_blocking(move || {
            let card = match readme {
                Some(file) => read_card(&source, &file)?,
                None => Card::default(),
            };
            hub.index.tables().put_card(&root, &card)?;
            Ok::<_, HubError>(card)
        });
        read.await.map_err(HubError::internal)?.map(Some)
    }
}

fn read_card(source: &Source, file: &ContentId) -> Result<Card, FileError> {
    match read_small(source, file, MAX_README) {
        Ok(Some(bytes)) => Ok(Card::parse(&String::from_utf8_lossy(&bytes))),
        Ok(None) | Err(FileError::Broken { .. }) => Ok(Card::default()),
        Err(error) => Err(error),
    }
}

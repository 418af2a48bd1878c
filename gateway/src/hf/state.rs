//! What all requests of the API share, and its questions to the chain.

use std::{future::Future, path::PathBuf, sync::Arc, time::Duration};

use stoa_primitives::{
    ContentId,
    registry::{AssetId, CommitId, PieceAccess, Visibility},
};
use tokio::{
    sync::{Semaphore, broadcast},
    time::timeout,
};

use super::{
    content::Listings,
    error::{HubError, shown},
    files::{FileError, Source},
    index::Index,
    indexer::ToHash,
    inflight::InFlight,
    names::{Kind, full_name, reference},
    rates::Rates,
    reader::Reader,
    table::TableError,
    write::Writing,
};
use crate::{ChainError, Gateway, Hub, HubAsset, HubRevision, Submitter};

/// Assets that wait for being looked at because their content came here.
const MAX_NOTES: usize = 256;

/// How the Hugging Face API behaves.
#[derive(Clone, Debug)]
pub struct HubConfig {
    /// File of the search index, the file digests and the download counts. Made when it is missing; its folder must
    /// exist. All but the counts can be had again.
    pub index: PathBuf,
    /// Folder of files that wait for their commit. Made when it is missing, and emptied at start.
    pub staging: PathBuf,
    /// The limits.
    pub limits: HubLimits,
}

/// Limits of the Hugging Face API.
#[derive(Clone, Debug)]
pub struct HubLimits {
    /// Repositories in a page of a list.
    pub page: usize,
    /// Files in a page of a tree.
    pub tree_page: usize,
    /// Commits in a page of a history.
    pub commit_page: u32,
    /// Repositories in the search index; further ones can be read, and not be found.
    pub indexed: usize,
    /// How long the node may take for an answer.
    pub chain_time: Duration,
    /// How long a request waits for files that are being fetched or hashed, before it says so. The Python client gives
    /// up after ten seconds and asks again when it is told to.
    pub wait: Duration,
    /// How long a fetch may take, whether or not anybody still waits for it.
    pub fetch_time: Duration,
    /// Fetches at once.
    pub fetches: usize,
    /// Revisions being hashed for waiting readers at once, beside the one that is hashed ahead.
    pub hashers: usize,
    /// Files being sent at once.
    pub file_streams: usize,
    /// Searches at once.
    pub searches: usize,
    /// Files and commits being taken at once.
    pub writers: usize,
    /// Longest file that huggingface_hub from release 2 on is told to send inside a commit; it takes as much memory there.
    pub regular_bytes: u64,
    /// Requests to `/api` from one address in a window.
    pub api_requests: u32,
    /// Requests for files from one address in a window.
    pub file_requests: u32,
    /// Length of a window.
    pub window: Duration,
    /// Time between two sweeps over all assets, for changes that nobody told of.
    pub sweep: Duration,
}

impl Default for HubLimits {
    fn default() -> Self {
        Self {
            page: 100,
            tree_page: 1_000,
            commit_page: 50,
            indexed: 200_000,
            chain_time: Duration::from_secs(10),
            wait: Duration::from_secs(8),
            fetch_time: Duration::from_secs(900),
            fetches: 8,
            hashers: 1,
            file_streams: 256,
            searches: 4,
            writers: 16,
            regular_bytes: 256 << 20,
            api_requests: 3_000,
            file_requests: 20_000,
            window: Duration::from_secs(300),
            sweep: Duration::from_secs(300),
        }
    }
}

/// The Hugging Face API over a gateway's content and a chain's registry.
pub struct HubGateway {
    pub(super) gateway: Arc<Gateway>,
    pub(super) hub: Arc<dyn Hub>,
    pub(super) limits: HubLimits,
    pub(super) index: Index,
    pub(super) listings: Listings,
    /// Jobs by the root of the DAG that they fetch, list or hash.
    pub(super) fetching: InFlight<ContentId, Result<(), FetchFailure>>,
    pub(super) hashing: InFlight<ContentId, Result<(), FileError>>,
    pub(super) fetches: Arc<Semaphore>,
    pub(super) hashers: Arc<Semaphore>,
    pub(super) searches: Semaphore,
    pub(super) streams: Arc<Semaphore>,
    pub(super) rates: Rates,
    /// Assets whose content came here.
    pub(super) notes: broadcast::Sender<AssetId>,
    pub(super) to_hash: ToHash,
    pub(super) writing: Option<Writing>,
}

/// The API can't start.
#[derive(Debug, thiserror::Error)]
pub enum HubOpenError {
    /// The index can't be opened.
    #[error(transparent)]
    Index(#[from] TableError),
    /// The folder of files that wait for their commit can't be used.
    #[error("the folder of uploads can't be used: {0}")]
    Staging(#[from] std::io::Error),
}

/// Why files couldn't be brought here.
#[derive(Clone, Debug)]
pub(super) enum FetchFailure {
    Absent,
    Denied,
    Busy,
}

impl HubGateway {
    /// Opens the index; does disk I/O, so call it before the node's loops start. Without a submitter nothing is written.
    pub fn open(
        gateway: Arc<Gateway>,
        hub: Arc<dyn Hub>,
        submitter: Option<Arc<dyn Submitter>>,
        config: HubConfig,
    ) -> Result<Arc<Self>, HubOpenError> {
        let HubConfig { index, staging, limits } = config;
        let writing = submitter.map(|submitter| Writing::open(submitter, &staging, &limits)).transpose()?;
        Ok(Arc::new(Self {
            gateway,
            hub,
            index: Index::open(&index, limits.indexed)?,
            listings: Listings::default(),
            fetching: InFlight::default(),
            hashing: InFlight::default(),
            fetches: Arc::new(Semaphore::new(limits.fetches)),
            hashers: Arc::new(Semaphore::new(limits.hashers)),
            searches: Semaphore::new(limits.searches),
            streams: Arc::new(Semaphore::new(limits.file_streams)),
            rates: Rates::new(&limits),
            notes: broadcast::Sender::new(MAX_NOTES),
            to_hash: ToHash::default(),
            writing,
            limits,
        }))
    }

    /// Waits for an answer of the node.
    pub(super) async fn ask<T>(
        &self,
        answer: impl Future<Output = Result<T, ChainError>>,
    ) -> Result<T, HubError> {
        Ok(timeout(self.limits.chain_time, answer).await.map_err(|_| HubError::ChainSilent)??)
    }

    /// The repository of that kind and name, if the reader may know of it. A private one looks as if it didn't exist, and
    /// one that was deleted doesn't.
    pub(super) async fn asset(
        &self,
        reader: &Reader,
        kind: Kind,
        namespace: &str,
        name: &str,
    ) -> Result<HubAsset, HubError> {
        match self.asset_or_deleted(reader, kind, namespace, name).await? {
            asset if asset.deleted => Err(HubError::RepoNotFound),
            asset => Ok(asset),
        }
    }

    /// The same, which may have been deleted: to write to it brings it back.
    pub(super) async fn asset_or_deleted(
        &self,
        reader: &Reader,
        kind: Kind,
        namespace: &str,
        name: &str,
    ) -> Result<HubAsset, HubError> {
        let name = full_name(namespace, name).ok_or(HubError::RepoNotFound)?;
        let asset = self.ask(self.hub.asset(&name)).await?.ok_or(HubError::RepoNotFound)?;
        if Kind::of(asset.kind) != Some(kind) {
            return Err(HubError::RepoNotFound);
        }
        if asset.visibility == Visibility::Private && !self.may_read(reader, &asset, None).await? {
            return Err(HubError::RepoNotFound);
        }
        match asset.taken_down {
            true => Err(HubError::Disabled),
            false => Ok(asset),
        }
    }

    async fn may_read(
        &self,
        reader: &Reader,
        asset: &HubAsset,
        revision: Option<CommitId>,
    ) -> Result<bool, HubError> {
        match reader.account() {
            Some(account) => self.ask(self.hub.may_read(account, asset.id, revision)).await,
            None => Ok(false),
        }
    }

    /// The revision that a URL names.
    pub(super) async fn revision(&self, asset: &HubAsset, revision: &str) -> Result<HubRevision, HubError> {
        let missing = || HubError::RevisionNotFound(shown(revision));
        let reference = reference(revision).ok_or_else(missing)?;
        self.ask(self.hub.resolve(asset, &reference)).await?.ok_or_else(missing)
    }

    /// Where names, sizes and digests of a revision's files may be read from. Those of a gated repository are public,
    /// as on the hub; its bytes aren't.
    pub(super) fn record_source(&self, revision: &HubRevision) -> Result<Source, HubError> {
        match rights(revision, true) {
            Rights::Anybody => Ok(Source::public(self.gateway.store.clone())),
            Rights::Piece => Ok(Source::piece(self.gateway.store.clone(), revision.piece.root)),
            Rights::None { taken_down: true } => Err(HubError::Disabled),
            Rights::None { taken_down: false } => Err(HubError::Gated { known: true }),
        }
    }

    /// Where the bytes of a revision's files may be read from.
    pub(super) async fn byte_source(
        &self,
        reader: &Reader,
        asset: &HubAsset,
        revision: &HubRevision,
    ) -> Result<Source, HubError> {
        let granted = match revision.access {
            PieceAccess::Public | PieceAccess::Denied => false,
            PieceAccess::Restricted | PieceAccess::Unknown => {
                self.may_read(reader, asset, Some(revision.commit)).await?
            }
        };
        match rights(revision, granted) {
            Rights::Anybody => Ok(Source::public(self.gateway.store.clone())),
            Rights::Piece => Ok(Source::piece(self.gateway.store.clone(), revision.piece.root)),
            Rights::None { taken_down: true } => Err(HubError::Disabled),
            Rights::None { taken_down: false } => Err(HubError::Gated { known: reader.account().is_some() }),
        }
    }
}

/// What may be read of a revision's piece.
#[derive(Debug, Eq, PartialEq)]
enum Rights {
    /// What anybody may read.
    Anybody,
    /// The piece, whatever its access.
    Piece,
    None {
        taken_down: bool,
    },
}

/// `granted` is what the reader may do with the revision's own asset, which counts only when that asset governs the
/// piece: anybody can publish a revision that names somebody else's.
fn rights(revision: &HubRevision, granted: bool) -> Rights {
    match revision.access {
        PieceAccess::Public => Rights::Anybody,
        PieceAccess::Denied => Rights::None { taken_down: true },
        PieceAccess::Restricted | PieceAccess::Unknown => match granted && revision.governs_piece {
            true => Rights::Piece,
            false => Rights::None { taken_down: false },
        },
    }
}

#[cfg(test)]
mod tests {
    use stoa_primitives::{Codec, Piece, registry::CommitId};

    use super::*;
    use crate::Account;

    fn revision(access: PieceAccess, governs_piece: bool) -> HubRevision {
        HubRevision {
            commit: CommitId([1; 20]),
            asset: AssetId(1),
            number: 0,
            content: ContentId { codec: Codec::DagPb, digest: [2; 32] },
            piece: Piece { root: [3; 32], size: 1 },
            parents: Vec::new(),
            message: String::new(),
            author: Account([4; 32]),
            published: 0,
            yanked: false,
            access,
            governs_piece,
        }
    }

    #[test]
    fn rights_over_an_asset_are_none_over_a_piece_that_another_governs() {
        assert_eq!(rights(&revision(PieceAccess::Restricted, true), true), Rights::Piece);
        assert_eq!(
            rights(&revision(PieceAccess::Restricted, false), true),
            Rights::None { taken_down: false }
        );
        assert_eq!(
            rights(&revision(PieceAccess::Restricted, true), false),
            Rights::None { taken_down: false }
        );
        assert_eq!(rights(&revision(PieceAccess::Unknown, false), true), Rights::None { taken_down: false });
    }

    #[test]
    fn public_pieces_are_anybody_s_and_taken_down_ones_nobody_s() {
        for granted in [true, false] {
            assert_eq!(rights(&revision(PieceAccess::Public, false), granted), Rights::Anybody);
            assert_eq!(
                rights(&revision(PieceAccess::Denied, true), granted),
                Rights::None { taken_down: true }
            );
        }
    }
}

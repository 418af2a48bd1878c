//! What the Hugging Face API asks of the node: the registry's records, and who may read.

use async_trait::async_trait;
use stoa_primitives::{
    ContentId, Piece,
    registry::{AssetId, AssetKind, CommitId, PieceAccess, RefKind, Relation, Visibility},
};

use crate::{Account, ChainError};

/// An asset, as the registry has it.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct HubAsset {
    /// Its number.
    pub id: AssetId,
    /// Its namespace, as that one's owner wrote it.
    pub namespace: String,
    /// Its name, as its owner wrote it.
    pub name: String,
    /// What it is.
    pub kind: AssetKind,
    /// Who may read its content.
    pub visibility: Visibility,
    /// The licence id that the chain has for it; empty when none is stated.
    pub licence: String,
    /// Whether a moderator took it down.
    pub taken_down: bool,
    /// Whether it was deleted: it has revisions, and neither a branch nor a tag any more.
    pub deleted: bool,
}

impl HubAsset {
    /// `owner/name`.
    pub fn full_name(&self) -> String {
        format!("{}/{}", self.namespace, self.name)
    }
}

/// A revision, as the registry has it.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct HubRevision {
    /// Its id.
    pub commit: CommitId,
    /// Whose version it is.
    pub asset: AssetId,
    /// Which one, from 0.
    pub number: u32,
    /// The root of its DAG.
    pub content: ContentId,
    /// The CARv1 bytes of the DAG.
    pub piece: Piece,
    /// The assets that it was made from.
    pub parents: Vec<(AssetId, Relation)>,
    /// What its author says of it; bytes that aren't UTF-8 replaced.
    pub message: String,
    /// Who published it.
    pub author: Account,
    /// When it was published, in milliseconds since 1970: the time of the block's slot.
    pub published: u64,
    /// Marked as not to be used.
    pub yanked: bool,
    /// Whether nodes may hand out its piece to anybody.
    pub access: PieceAccess,
    /// Whether this very asset is the one whose visibility is the piece's (`PieceRecord::controller`). Whoever knows a
    /// piece's root can name it in an asset of their own, so rights over that asset are no rights over the piece.
    pub governs_piece: bool,
}

/// A branch or tag.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct HubRef {
    /// Its name.
    pub name: String,
    /// Branch or tag.
    pub kind: RefKind,
    /// What it points at.
    pub commit: CommitId,
}

/// A page of all assets.
#[derive(Clone, Debug, Default, Eq, PartialEq)]
pub struct HubPage {
    /// The assets, by number.
    pub assets: Vec<HubAsset>,
    /// The number that the next page starts at; `None` after the last one.
    pub next: Option<AssetId>,
}

/// The registry as of the best block, and who may read what it governs.
#[async_trait]
pub trait Hub: Send + Sync + 'static {
    /// The asset of `owner/name`, in any case, whatever its visibility.
    async fn asset(&self, name: &str) -> Result<Option<HubAsset>, ChainError>;

    /// The assets of these numbers, in the same order; `None` where there is none. At most
    /// [`crate::HubLimits::page`] are asked for.
    async fn assets_by_id(&self, ids: &[AssetId]) -> Result<Vec<Option<HubAsset>>, ChainError>;

    /// At most `limit` of all assets, from number `start` on.
    async fn assets(&self, start: AssetId, limit: u32) -> Result<HubPage, ChainError>;

    /// The revision that a branch, a tag or 40 hex digits name in an asset. A commit of another asset is `None`.
    async fn resolve(&self, asset: &HubAsset, reference: &str) -> Result<Option<HubRevision>, ChainError>;

    /// At most `limit` revisions of an asset from number `start` on, oldest first. Numbers may be missing.
    async fn revisions(&self, asset: AssetId, start: u32, limit: u32)
    -> Result<Vec<HubRevision>, ChainError>;

    /// The branches and tags of an asset; at most `limit`.
    async fn refs(&self, asset: AssetId, limit: u32) -> Result<Vec<HubRef>, ChainError>;

    /// Whether the account may read a revision of an asset that isn't public: it works on the asset, or holds a grant for
    /// it. Without a revision: whether it may read any, and so may know of the asset.
    async fn may_read(
        &self,
        account: &Account,
        asset: AssetId,
        revision: Option<CommitId>,
    ) -> Result<bool, ChainError>;

    /// Whether the account may publish to an asset.
    async fn may_write(&self, account: &Account, asset: AssetId) -> Result<bool, ChainError>;

    /// At most `limit` of the namespaces that an account owns.
    async fn namespaces(&self, account: &Account, limit: u32) -> Result<Vec<String>, ChainError>;
}

//! What the registry says, in types that don't depend on a runtime's metadata.

use crate::names::{AssetName, kind_word, relation_word, visibility_word};
use serde::{Serialize, Serializer};
use stoa_primitives::{
    ContentId, Piece,
    registry::{AssetId, AssetKind, CommitId, PieceAccess, RefKind, Relation, Visibility},
};
use subxt::utils::AccountId32;

/// The `owner` half of `owner/name`.
#[derive(Clone, Debug, Eq, PartialEq, Serialize)]
pub struct Namespace {
    /// As its owner wrote it.
    pub name: String,
    /// Who owns it.
    pub owner: AccountId32,
    /// How many assets it has.
    pub assets: u32,
}

/// An asset.
#[derive(Clone, Debug, Eq, PartialEq, Serialize)]
pub struct Asset {
    /// Its number.
    #[serde(serialize_with = "asset_id")]
    pub id: AssetId,
    /// Its name, as its owner wrote it.
    pub name: AssetName,
    /// Who owns it.
    pub owner: AccountId32,
    /// What it is.
    #[serde(serialize_with = "kind")]
    pub kind: AssetKind,
    /// Who may read its content.
    #[serde(serialize_with = "visibility")]
    pub visibility: Visibility,
    /// Under which terms its content may be used; empty when nothing is stated.
    pub license: String,
    /// How many revisions it has.
    pub revisions: u32,
    /// How many branches and tags it has.
    pub refs: u32,
    /// How many collaborators it has.
    pub collaborators: u32,
    /// Nothing can be published any more.
    pub retired: bool,
    /// It was taken down by a moderator.
    pub taken_down: bool,
}

/// A parent of a revision.
#[derive(Clone, Copy, Debug, Eq, PartialEq, Serialize)]
pub struct Parent {
    /// The parent's asset.
    #[serde(serialize_with = "asset_id")]
    pub asset: AssetId,
    /// The parent.
    #[serde(serialize_with = "commit_id")]
    pub commit: CommitId,
    /// How the child was made from it.
    #[serde(serialize_with = "relation")]
    pub relation: Relation,
}

/// One immutable version of an asset.
#[derive(Clone, Debug, Eq, PartialEq, Serialize)]
pub struct Revision {
    /// Its id.
    #[serde(serialize_with = "commit_id")]
    pub commit: CommitId,
    /// Whose version it is.
    #[serde(serialize_with = "asset_id")]
    pub asset: AssetId,
    /// Which one, from 0.
    pub number: u32,
    /// The root of its DAG.
    #[serde(serialize_with = "content_id")]
    pub content: ContentId,
    /// The CARv1 bytes of the DAG.
    #[serde(serialize_with = "piece")]
    pub piece: Piece,
    /// What it was made from.
    pub parents: Vec<Parent>,
    /// What its author says of it.
    pub message: String,
    /// Who published it.
    pub author: AccountId32,
    /// In which block.
    pub published: u32,
    /// How many revisions name it as a parent.
    pub children: u32,
    /// Marked by its owner as not to be used.
    pub yanked: bool,
    /// Whether nodes may hand it out.
    pub access: PieceAccess,
}

/// A branch or tag.
#[derive(Clone, Debug, Eq, PartialEq, Serialize)]
pub struct Ref {
    /// Its name.
    pub name: String,
    /// Branch or tag.
    pub kind: RefKind,
    /// What it points at.
    #[serde(serialize_with = "commit_id")]
    pub commit: CommitId,
}

/// A revision that another descends from, or that descends from it.
#[derive(Clone, Copy, Debug, Eq, PartialEq, Serialize)]
pub struct Lineage {
    /// The revision.
    #[serde(serialize_with = "commit_id")]
    pub commit: CommitId,
    /// Its asset.
    #[serde(serialize_with = "asset_id")]
    pub asset: AssetId,
    /// How the child at this edge was made from the parent at it.
    #[serde(serialize_with = "relation")]
    pub relation: Relation,
    /// How many steps away it is.
    pub depth: u32,
    /// Its record was removed.
    pub removed: bool,
}

/// A revision that is to be published.
#[derive(Clone, Debug)]
pub struct NewRevision {
    /// The root of its DAG.
    pub content: ContentId,
    /// The CARv1 bytes of the DAG.
    pub piece: Piece,
    /// What it was made from.
    pub parents: Vec<Parent>,
    /// What its author says of it.
    pub message: String,
    /// The branch that moves to it.
    pub branch: String,
    /// The tags that are made for it.
    pub tags: Vec<String>,
}

/// How long to wait for a transaction.
#[derive(Clone, Copy, Debug, Default, Eq, PartialEq)]
pub enum Wait {
    /// Until it is in a block, which may still be undone.
    InBlock,
    /// Until it is final.
    #[default]
    Finalized,
}

/// A transaction that succeeded.
#[derive(Clone, Debug, Eq, PartialEq, Serialize)]
pub struct Included {
    /// The block that it is in.
    pub block: String,
    /// Its hash.
    pub transaction: String,
    /// Whether that block is final.
    pub finalized: bool,
}

/// A commit id in hex, as it is written everywhere.
pub fn commit_text(commit: &CommitId) -> String {
    hex::encode(commit.0)
}

pub(super) fn asset_id<S: Serializer>(id: &AssetId, serializer: S) -> Result<S::Ok, S::Error> {
    serializer.serialize_u64(id.0)
}

pub(super) fn commit_id<S: Serializer>(commit: &CommitId, serializer: S) -> Result<S::Ok, S::Error> {
    serializer.serialize_str(&commit_text(commit))
}

pub(super) fn commit_id_option<S: Serializer>(
    commit: &Option<CommitId>,
    serializer: S,
) -> Result<S::Ok, S::Error> {
    commit.as_ref().map(commit_text).serialize(serializer)
}

/// Plancks as a text, because JSON's numbers are too small for them.
pub(super) fn plancks<S: Serializer>(amount: &u128, serializer: S) -> Result<S::Ok, S::Error> {
    serializer.collect_str(amount)
}

fn content_id<S: Serializer>(content: &ContentId, serializer: S) -> Result<S::Ok, S::Error> {
    serializer.serialize_str(&stoa_content::text(content))
}

fn piece<S: Serializer>(piece: &Piece, serializer: S) -> Result<S::Ok, S::Error> {
    #[derive(Serialize)]
    struct Text {
        root: String,
        size: u64,
    }
    Text { root: hex::encode(piece.root), size: piece.size }.serialize(serializer)
}

fn kind<S: Serializer>(kind: &AssetKind, serializer: S) -> Result<S::Ok, S::Error> {
    serializer.serialize_str(kind_word(*kind))
}

fn visibility<S: Serializer>(visibility: &Visibility, serializer: S) -> Result<S::Ok, S::Error> {
    serializer.serialize_str(visibility_word(*visibility))
}

fn relation<S: Serializer>(relation: &Relation, serializer: S) -> Result<S::Ok, S::Error> {
    serializer.serialize_str(relation_word(*relation))
}

#[cfg(test)]
mod tests {
    use super::*;
    use stoa_primitives::Codec;

    #[test]
    fn a_revision_is_written_in_the_forms_that_people_use() {
        let revision = Revision {
            commit: CommitId([0xab; 20]),
            asset: AssetId(7),
            number: 0,
            content: ContentId { codec: Codec::DagPb, digest: [1; 32] },
            piece: Piece { root: [2; 32], size: 3 },
            parents: vec![Parent {
                asset: AssetId(1),
                commit: CommitId([1; 20]),
                relation: Relation::FineTune,
            }],
            message: "first".into(),
            author: AccountId32([0; 32]),
            published: 4,
            children: 0,
            yanked: false,
            access: PieceAccess::Public,
        };
        let json = serde_json::to_value(&revision).unwrap();
        assert_eq!(json["commit"], "ab".repeat(20));
        assert_eq!(json["asset"], 7);
        assert!(json["content"].as_str().unwrap().starts_with("bafybe"));
        assert_eq!(json["piece"]["root"], "02".repeat(32));
        assert_eq!(json["parents"][0]["relation"], "fine-tune");
        assert_eq!(json["access"], "public");
        assert_eq!(json["author"], AccountId32([0; 32]).to_string());
    }
}

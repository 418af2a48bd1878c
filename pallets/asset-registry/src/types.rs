//! What the registry keeps and what it tells clients.

use alloc::vec::Vec;
use codec::{Decode, DecodeWithMemTracking, Encode, MaxEncodedLen};
use polkadot_sdk::{frame_support::BoundedVec, sp_core::ConstU32};
use scale_info::TypeInfo;
use stoa_primitives::{
    ContentId, Piece, PieceRoot,
    registry::{
        AssetId, AssetKind, CommitId, MAX_NAME_LEN, MAX_REF_LEN, PieceAccess, RefKind, Relation, Role,
        Visibility, name_key,
    },
};

/// Longest licence id, in bytes.
pub const MAX_LICENCE_LEN: u32 = 64;
/// Longest message of a revision, in bytes.
pub const MAX_MESSAGE_LEN: u32 = 1024;
/// Most parents that a revision may have.
pub const MAX_PARENTS: u32 = 16;
/// Most refs that a revision may be published to at once.
pub const MAX_NEW_REFS: u32 = 4;

/// A namespace's or an asset's name, as its owner wrote it.
pub type Name = BoundedVec<u8, ConstU32<MAX_NAME_LEN>>;
/// The name of a branch or tag.
pub type RefName = BoundedVec<u8, ConstU32<MAX_REF_LEN>>;
/// A licence id, such as `apache-2.0`; empty when none is stated.
pub type Licence = BoundedVec<u8, ConstU32<MAX_LICENCE_LEN>>;
/// What a revision's author says of it, in UTF-8 by convention.
pub type Message = BoundedVec<u8, ConstU32<MAX_MESSAGE_LEN>>;
/// What a revision was made from.
pub type Parents = BoundedVec<Parent, ConstU32<MAX_PARENTS>>;
/// The refs that a revision is published to.
pub type NewRefs = BoundedVec<NewRef, ConstU32<MAX_NEW_REFS>>;
/// Hash of the document that explains a moderator's decision.
pub type ReasonHash = [u8; 32];

/// The length of a bounded list, for a weight.
pub(crate) fn count(len: usize) -> u32 {
    u32::try_from(len).unwrap_or(u32::MAX)
}

/// A name in the form under which it is unique.
#[derive(
    Clone,
    Debug,
    Decode,
    DecodeWithMemTracking,
    Encode,
    Eq,
    MaxEncodedLen,
    Ord,
    PartialEq,
    PartialOrd,
    TypeInfo,
)]
pub struct NameKey(Name);

impl NameKey {
    /// The key of a name from outside; `None` when it is too long to be anybody's.
    pub fn find(name: &[u8]) -> Option<Self> {
        Name::try_from(name_key(name)).ok().map(Self)
    }

    /// The name in lower case.
    pub(crate) fn into_bytes(self) -> Vec<u8> {
        self.0.into_inner()
    }
}

impl From<&Name> for NameKey {
    fn from(name: &Name) -> Self {
        // Lower case has the length of the original, so nothing is cut.
        Self(Name::truncate_from(name_key(name)))
    }
}

/// The `owner` half of `owner/name`.
#[derive(Clone, Debug, Decode, Encode, Eq, MaxEncodedLen, PartialEq, TypeInfo)]
pub struct Namespace<AccountId, Ticket> {
    /// As its owner wrote it.
    pub name: Name,
    /// Who may create assets in it.
    pub owner: AccountId,
    /// Who may take it over.
    pub offered_to: Option<AccountId>,
    /// How many assets it has.
    pub assets: u32,
    /// The owner's deposit.
    pub ticket: Ticket,
}

/// An asset that waits for the owner of another namespace to accept it.
#[derive(Clone, Debug, Decode, Encode, Eq, MaxEncodedLen, PartialEq, TypeInfo)]
pub struct AssetOffer<AccountId> {
    /// Where it would go.
    pub namespace: NameKey,
    /// Who owned that namespace when the offer was made; nobody else may accept.
    pub to: AccountId,
    /// Who made the offer; it lapses when the asset's namespace gets another owner.
    pub by: AccountId,
}

/// `owner/name`.
#[derive(Clone, Debug, Decode, Encode, Eq, MaxEncodedLen, PartialEq, TypeInfo)]
pub struct Asset<AccountId, Ticket> {
    /// The namespace that it is in.
    pub namespace: NameKey,
    /// As its owner wrote it.
    pub name: Name,
    /// What it is.
    pub kind: AssetKind,
    /// Who may read the pieces that it controls.
    pub visibility: Visibility,
    /// Under which terms its content may be used.
    pub licence: Licence,
    /// A transfer that waits.
    pub offer: Option<AssetOffer<AccountId>>,
    /// Nothing can be published any more, and revisions can be removed.
    pub retired: bool,
    /// The number of the next revision.
    pub next_revision: u32,
    /// How many revisions it has.
    pub revisions: u32,
    /// How many branches and tags it has.
    pub refs: u32,
    /// How many collaborators it has.
    pub collaborators: u32,
    /// Who paid the deposit.
    pub depositor: AccountId,
    /// The depositor's deposit.
    pub ticket: Ticket,
}

/// Somebody beside the owner who may work on an asset.
#[derive(Clone, Debug, Decode, Encode, Eq, MaxEncodedLen, PartialEq, TypeInfo)]
pub struct Collaborator<AccountId, Ticket> {
    /// What they may do.
    pub role: Role,
    /// Who paid the deposit.
    pub depositor: AccountId,
    /// The depositor's deposit.
    pub ticket: Ticket,
}

/// What a revision was made from.
#[derive(
    Clone, Copy, Debug, Decode, DecodeWithMemTracking, Encode, Eq, MaxEncodedLen, PartialEq, TypeInfo,
)]
pub struct Parent {
    /// The parent's asset.
    pub asset: AssetId,
    /// The parent.
    pub commit: CommitId,
    /// How the child was made from it.
    pub relation: Relation,
}

/// A ref that a revision is published to.
#[derive(Clone, Debug, Decode, DecodeWithMemTracking, Encode, Eq, MaxEncodedLen, PartialEq, TypeInfo)]
pub struct NewRef {
    /// Branch or tag.
    pub kind: RefKind,
    /// Its name.
    pub name: RefName,
}

/// One immutable version of an asset.
#[derive(Clone, Debug, Decode, Encode, Eq, MaxEncodedLen, PartialEq, TypeInfo)]
pub struct Revision<AccountId, BlockNumber, Ticket> {
    /// Whose version it is.
    pub asset: AssetId,
    /// Which one, from 0.
    pub number: u32,
    /// Its place among all revisions ever published, which orders the indices.
    pub serial: u64,
    /// The root of its DAG.
    pub content: ContentId,
    /// The CARv1 bytes of the DAG.
    pub piece: Piece,
    /// What it was made from.
    pub parents: Parents,
    /// What its author says of it.
    pub message: Message,
    /// Who published it and paid its deposit.
    pub author: AccountId,
    /// When.
    pub published: BlockNumber,
    /// How many revisions name it as a parent.
    pub children: u32,
    /// Marked by its owner as not to be used.
    pub yanked: bool,
    /// The author's deposit.
    pub ticket: Ticket,
}

/// What is left of a removed revision for as long as others descend from it, so that no lineage breaks.
#[derive(Clone, Debug, Decode, Encode, Eq, MaxEncodedLen, PartialEq, TypeInfo)]
pub struct Tombstone<AccountId, Ticket> {
    /// Whose version it was.
    pub asset: AssetId,
    /// Its place among all revisions.
    pub serial: u64,
    /// What it was made from.
    pub parents: Parents,
    /// Who published it.
    pub author: AccountId,
    /// How many revisions name it as a parent.
    pub children: u32,
    /// What is still held of the author's deposit.
    pub ticket: Ticket,
}

/// A branch or tag.
#[derive(Clone, Debug, Decode, Encode, Eq, MaxEncodedLen, PartialEq, TypeInfo)]
pub struct Reference<AccountId, Ticket> {
    /// Branches move, tags don't.
    pub kind: RefKind,
    /// What it points at.
    pub commit: CommitId,
    /// Who paid the deposit.
    pub depositor: AccountId,
    /// The depositor's deposit.
    pub ticket: Ticket,
}

/// Who decides about a piece.
#[derive(Clone, Copy, Debug, Decode, Default, Encode, Eq, MaxEncodedLen, PartialEq, TypeInfo)]
pub struct PieceRecord {
    /// The asset whose visibility is the piece's; `None` once that asset let go of it.
    pub controller: Option<AssetId>,
    /// How many revisions name the piece.
    pub revisions: u32,
}

/// What a moderator took down.
#[derive(
    Clone,
    Copy,
    Debug,
    Decode,
    DecodeWithMemTracking,
    Encode,
    Eq,
    MaxEncodedLen,
    Ord,
    PartialEq,
    PartialOrd,
    TypeInfo,
)]
pub enum Subject {
    /// An asset, with every piece that it controls.
    #[codec(index = 0)]
    Asset(AssetId),
    /// A piece, whoever names it.
    #[codec(index = 1)]
    Piece(PieceRoot),
}

/// An entry of the deny-list.
#[derive(Clone, Copy, Debug, Decode, Encode, Eq, MaxEncodedLen, PartialEq, TypeInfo)]
pub struct TakeDown<BlockNumber> {
    /// Hash of the document that explains it.
    pub reason: ReasonHash,
    /// Since when.
    pub since: BlockNumber,
}

/// What an attestation says of a revision.
#[derive(
    Clone,
    Copy,
    Debug,
    Decode,
    DecodeWithMemTracking,
    Encode,
    Eq,
    MaxEncodedLen,
    Ord,
    PartialEq,
    PartialOrd,
    TypeInfo,
)]
pub enum Claim {
    /// It was made again from its parents, with the same result.
    #[codec(index = 0)]
    Reproduced,
    /// It was measured; the evidence has the figures.
    #[codec(index = 1)]
    Evaluated,
    /// It was examined for harm.
    #[codec(index = 2)]
    Audited,
    /// Its licence was examined.
    #[codec(index = 3)]
    LicenceChecked,
    /// Its origin, licence or figures aren't as its author says.
    #[codec(index = 4)]
    Disputed,
    /// Something else, which the evidence explains.
    #[codec(index = 5)]
    Other,
}

/// A statement about a revision.
#[derive(Clone, Debug, Decode, Encode, Eq, MaxEncodedLen, PartialEq, TypeInfo)]
pub struct Attestation<BlockNumber, Ticket> {
    /// What supports it.
    pub evidence: ContentId,
    /// When it was made.
    pub since: BlockNumber,
    /// The author's deposit.
    pub ticket: Ticket,
}

/// A namespace, for clients.
#[derive(Clone, Debug, Decode, Encode, Eq, PartialEq, TypeInfo)]
pub struct NamespaceInfo<AccountId> {
    /// As its owner wrote it.
    pub name: Vec<u8>,
    /// Who owns it.
    pub owner: AccountId,
    /// Who may take it over.
    pub offered_to: Option<AccountId>,
    /// How many assets it has.
    pub assets: u32,
}

/// An asset, for clients.
#[derive(Clone, Debug, Decode, Encode, Eq, PartialEq, TypeInfo)]
pub struct AssetInfo<AccountId> {
    /// Its number.
    pub id: AssetId,
    /// Its namespace, as that one's owner wrote it.
    pub namespace: Vec<u8>,
    /// Its name, as its owner wrote it.
    pub name: Vec<u8>,
    /// Who owns its namespace, and so the asset.
    pub owner: AccountId,
    /// What it is.
    pub kind: AssetKind,
    /// Who may read its content.
    pub visibility: Visibility,
    /// Under which terms its content may be used.
    pub licence: Vec<u8>,
    /// How many revisions it has.
    pub revisions: u32,
    /// How many branches and tags it has.
    pub refs: u32,
    /// How many collaborators it has.
    pub collaborators: u32,
    /// Nothing can be published any more.
    pub retired: bool,
    /// Why it was taken down.
    pub taken_down: Option<ReasonHash>,
    /// The namespace that it was offered to, in lower case.
    pub offered_to: Option<Vec<u8>>,
}

/// A revision, for clients.
#[derive(Clone, Debug, Decode, Encode, Eq, PartialEq, TypeInfo)]
pub struct RevisionInfo<AccountId, BlockNumber> {
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
    /// What it was made from.
    pub parents: Vec<Parent>,
    /// What its author says of it.
    pub message: Vec<u8>,
    /// Who published it.
    pub author: AccountId,
    /// When.
    pub published: BlockNumber,
    /// How many revisions name it as a parent.
    pub children: u32,
    /// Marked as not to be used.
    pub yanked: bool,
    /// Whether nodes may hand out its piece.
    pub access: PieceAccess,
}

/// A branch or tag, for clients.
#[derive(Clone, Debug, Decode, Encode, Eq, PartialEq, TypeInfo)]
pub struct RefInfo {
    /// Its name.
    pub name: Vec<u8>,
    /// Branch or tag.
    pub kind: RefKind,
    /// What it points at.
    pub commit: CommitId,
}

/// A collaborator, for clients.
#[derive(Clone, Debug, Decode, Encode, Eq, PartialEq, TypeInfo)]
pub struct CollaboratorInfo<AccountId> {
    /// Who.
    pub account: AccountId,
    /// What they may do.
    pub role: Role,
}

/// An attestation, for clients.
#[derive(Clone, Debug, Decode, Encode, Eq, PartialEq, TypeInfo)]
pub struct AttestationInfo<AccountId, BlockNumber> {
    /// Who made it.
    pub author: AccountId,
    /// What it says.
    pub claim: Claim,
    /// What supports it.
    pub evidence: ContentId,
    /// When it was made.
    pub since: BlockNumber,
}

/// One step of a lineage: a revision, and the edge over which it was reached.
#[derive(Clone, Copy, Debug, Decode, Encode, Eq, PartialEq, TypeInfo)]
pub struct LineageEntry {
    /// The revision.
    pub commit: CommitId,
    /// Its asset.
    pub asset: AssetId,
    /// How the child at this edge was made from the parent at it.
    pub relation: Relation,
    /// The other end of the edge, one step nearer to where the walk began.
    pub via: CommitId,
    /// How many steps away it is.
    pub depth: u32,
    /// Its record was removed: only its place in the lineage is left.
    pub removed: bool,
}

/// What a deposit is asked for.
#[derive(Clone, Copy, Debug, Decode, DecodeWithMemTracking, Encode, Eq, PartialEq, TypeInfo)]
pub enum DepositFor {
    /// A namespace.
    #[codec(index = 0)]
    Namespace {
        /// Length of its name, in bytes.
        name: u32,
    },
    /// An asset.
    #[codec(index = 1)]
    Asset {
        /// Length of its own name, in bytes.
        name: u32,
        /// Length of its licence id, in bytes.
        licence: u32,
    },
    /// A revision.
    #[codec(index = 2)]
    Revision {
        /// How many parents it names.
        parents: u32,
        /// Length of its message, in bytes.
        message: u32,
    },
    /// A branch or tag.
    #[codec(index = 3)]
    Reference {
        /// Length of its name, in bytes.
        name: u32,
    },
    /// A collaborator.
    #[codec(index = 4)]
    Collaborator,
    /// An attestation.
    #[codec(index = 5)]
    Attestation,
    /// What stays held of a removed revision while others descend from it.
    #[codec(index = 6)]
    Tombstone {
        /// How many parents it names.
        parents: u32,
    },
}

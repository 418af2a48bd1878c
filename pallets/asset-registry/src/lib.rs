//! Assets under `owner/name`: who owns them, their immutable revisions, and where those came from.
//!
//! An account registers a [namespace](types::Namespace) and creates [assets](types::Asset) in it. Owners and
//! collaborators publish [revisions](types::Revision), name them with branches and tags, and state what they were made
//! from. Anybody may attest to a revision; a moderation origin may take an asset or a piece down.
//!
//! # Who decides about a piece
//! The same bytes may be named by many assets, and anybody may name any piece. The asset that names a piece *first*
//! controls it: its visibility and its take-down alone decide [`Pallet::piece_access`], in at most four reads.
//! - So a stranger who names a gated piece in a public asset opens nothing.
//! - Naming a piece never fails because a stranger named it, except where a promise would break: an asset that isn't
//!   public can't publish a piece that another one controls ([`Error::PieceControlledElsewhere`]). Publish
//!   before uploading, and nobody who copies the call from the pool gains anything.
//! - A stranger who names public bytes first, to keep them closed, gains a root and not the content: the same files
//!   packed with one more have another root, and the moderation origin can [hand the root over](Pallet::assign_piece).
//! - A controller that lets go leaves the piece closed until an asset that names it [claims](Pallet::claim_piece) it.
//!
//! The chain doesn't check that a piece holds the content it is said to hold. Whoever has the bytes can, so a content
//! id leads to all its pieces in the order they were published, and never to a single one that a liar could own.
//!
//! # Deposits
//! Every entry holds a deposit on whoever paid it, for exactly the rows it takes, and returns it when it goes.
//! Revisions are permanent while their asset is in use. Its owner may retire it for ever; then anybody may remove its
//! revisions. One that others descend from leaves a tombstone with its parents, and a smaller deposit, until they are
//! gone too: no lineage ever breaks, and nobody can lock another's whole deposit by building on their work.
//!
//! # Invariants
//! Names are unique without regard to case. Parents exist before their children, so lineage has no cycle. Commit
//! ids are never used twice. Held balances equal the tickets. `try_state` checks all of it.

#![cfg_attr(not(feature = "std"), no_std)]

extern crate alloc;

pub mod deposits;
pub mod runtime_api;
pub mod types;
pub mod weights;

mod assets;
mod attestations;
#[cfg(feature = "runtime-benchmarks")]
mod benchmarking;
#[cfg(test)]
mod mock;
mod moderation;
mod namespaces;
mod pieces;
mod queries;
mod refs;
mod revisions;
#[cfg(test)]
mod tests;
#[cfg(any(test, feature = "try-runtime"))]
mod try_state;

pub use pallet::*;
pub use weights::WeightInfo;

use polkadot_sdk::{
    frame_support,
    frame_support::traits::fungible::Inspect,
    frame_system::{self, pallet_prelude::BlockNumberFor},
};

/// What a deposit is paid in.
pub type BalanceOf<T> = <<T as Config>::Currency as Inspect<<T as frame_system::Config>::AccountId>>::Balance;
/// A namespace as this runtime stores it.
pub type NamespaceOf<T> =
    types::Namespace<<T as frame_system::Config>::AccountId, deposits::NamespaceTicket<T>>;
/// An asset as this runtime stores it.
pub type AssetOf<T> = types::Asset<<T as frame_system::Config>::AccountId, deposits::AssetTicket<T>>;
/// A collaborator as this runtime stores it.
pub type CollaboratorOf<T> =
    types::Collaborator<<T as frame_system::Config>::AccountId, deposits::CollaboratorTicket<T>>;
/// A revision as this runtime stores it.
pub type RevisionOf<T> =
    types::Revision<<T as frame_system::Config>::AccountId, BlockNumberFor<T>, deposits::RevisionTicket<T>>;
/// A tombstone as this runtime stores it.
pub type TombstoneOf<T> =
    types::Tombstone<<T as frame_system::Config>::AccountId, deposits::RevisionTicket<T>>;
/// A branch or tag as this runtime stores it.
pub type ReferenceOf<T> =
    types::Reference<<T as frame_system::Config>::AccountId, deposits::ReferenceTicket<T>>;
/// An attestation as this runtime stores it.
pub type AttestationOf<T> = types::Attestation<BlockNumberFor<T>, deposits::AttestationTicket<T>>;
/// A revision as clients of this runtime read it.
pub type RevisionInfoOf<T> = types::RevisionInfo<<T as frame_system::Config>::AccountId, BlockNumberFor<T>>;

#[frame_support::pallet]
pub mod pallet {
    use super::*;
    use crate::types::*;
    use alloc::vec::Vec;
    use polkadot_sdk::{
        frame_support::{
            pallet_prelude::*,
            traits::{
                Footprint,
                fungible::{Mutate, MutateHold},
            },
        },
        frame_system::pallet_prelude::*,
        sp_runtime::traits::Convert,
    };
    use stoa_primitives::{
        ContentId, Piece, PieceRoot,
        registry::{AssetId, AssetKind, CommitId, PieceAccess, RefKind, Role, Visibility},
    };

    const STORAGE_VERSION: StorageVersion = StorageVersion::new(1);

    #[pallet::pallet]
    #[pallet::storage_version(STORAGE_VERSION)]
    pub struct Pallet<T>(_);

    /// What the registry needs of its runtime.
    #[pallet::config]
    pub trait Config: polkadot_sdk::frame_system::Config {
        /// The runtime's hold reasons.
        type RuntimeHoldReason: From<HoldReason>;
        /// What deposits are held in.
        type Currency: Mutate<Self::AccountId>
            + MutateHold<Self::AccountId, Reason = <Self as Config>::RuntimeHoldReason>;
        /// The deposit for rows and bytes; [`deposits::StoragePrice`] does it.
        type DepositPrice: Convert<Footprint, BalanceOf<Self>> + 'static;
        /// Who may take down, restore and hand over.
        type ModerationOrigin: EnsureOrigin<Self::RuntimeOrigin>;
        /// What the calls weigh.
        type WeightInfo: WeightInfo;
    }

    /// Why a balance is held.
    #[pallet::composite_enum]
    pub enum HoldReason {
        /// For a namespace.
        #[codec(index = 0)]
        Namespace,
        /// For an asset.
        #[codec(index = 1)]
        Asset,
        /// For a revision or its tombstone.
        #[codec(index = 2)]
        Revision,
        /// For a branch or tag.
        #[codec(index = 3)]
        Reference,
        /// For a collaborator.
        #[codec(index = 4)]
        Collaborator,
        /// For an attestation.
        #[codec(index = 5)]
        Attestation,
    }

    /// Every namespace, by name in lower case.
    #[pallet::storage]
    pub type Namespaces<T: Config> = StorageMap<_, Blake2_128Concat, NameKey, NamespaceOf<T>>;

    /// The namespaces of an account.
    #[pallet::storage]
    pub type NamespacesOf<T: Config> =
        StorageDoubleMap<_, Blake2_128Concat, T::AccountId, Blake2_128Concat, NameKey, ()>;

    /// Every asset.
    #[pallet::storage]
    pub type Assets<T: Config> = StorageMap<_, Blake2_128Concat, AssetId, AssetOf<T>>;

    /// The number of the next asset; none is used twice.
    #[pallet::storage]
    pub type NextAssetId<T: Config> = StorageValue<_, u64, ValueQuery>;

    /// The asset of a name in a namespace.
    #[pallet::storage]
    pub type AssetNames<T: Config> =
        StorageDoubleMap<_, Blake2_128Concat, NameKey, Blake2_128Concat, NameKey, AssetId>;

    /// The assets of a namespace, in the order of creation.
    // Hasher: the chain gives the numbers, so nobody chooses them, and big-endian ones list in order.
    #[pallet::storage]
    pub type AssetsOf<T: Config> = StorageDoubleMap<_, Blake2_128Concat, NameKey, Identity, [u8; 8], ()>;

    /// Who may work on an asset beside its owner.
    #[pallet::storage]
    pub type Collaborators<T: Config> =
        StorageDoubleMap<_, Blake2_128Concat, AssetId, Blake2_128Concat, T::AccountId, CollaboratorOf<T>>;

    /// Every revision.
    #[pallet::storage]
    pub type Revisions<T: Config> = StorageMap<_, Blake2_128Concat, CommitId, RevisionOf<T>>;

    /// What is left of removed revisions that others descend from.
    #[pallet::storage]
    pub type Tombstones<T: Config> = StorageMap<_, Blake2_128Concat, CommitId, TombstoneOf<T>>;

    /// The revisions of an asset by number.
    #[pallet::storage]
    pub type RevisionsOf<T: Config> =
        StorageDoubleMap<_, Blake2_128Concat, AssetId, Blake2_128Concat, u32, CommitId>;

    /// The serial number of the next revision; none is used twice.
    #[pallet::storage]
    pub type NextSerial<T: Config> = StorageValue<_, u64, ValueQuery>;

    /// The revisions that name a revision as a parent, in the order they were published.
    // Hasher: the chain gives the serial numbers, so nobody chooses them, and big-endian ones list in order.
    #[pallet::storage]
    pub type Children<T: Config> =
        StorageDoubleMap<_, Blake2_128Concat, CommitId, Identity, [u8; 8], CommitId>;

    /// The branches and tags of an asset.
    #[pallet::storage]
    pub type Refs<T: Config> =
        StorageDoubleMap<_, Blake2_128Concat, AssetId, Blake2_128Concat, RefName, ReferenceOf<T>>;

    /// Who decides about a piece.
    #[pallet::storage]
    pub type Pieces<T: Config> = StorageMap<_, Blake2_128Concat, PieceRoot, PieceRecord>;

    /// How many revisions of an asset name a piece.
    #[pallet::storage]
    pub type PieceAssets<T: Config> =
        StorageDoubleMap<_, Blake2_128Concat, PieceRoot, Blake2_128Concat, AssetId, u32, ValueQuery>;

    /// The revisions of a content root, in the order they were published.
    // Hasher: the chain gives the serial numbers, so nobody chooses them, and big-endian ones list in order.
    #[pallet::storage]
    pub type Contents<T: Config> =
        StorageDoubleMap<_, Blake2_128Concat, ContentId, Identity, [u8; 8], CommitId>;

    /// What was taken down, and why.
    #[pallet::storage]
    pub type DenyList<T: Config> = StorageMap<_, Blake2_128Concat, Subject, TakeDown<BlockNumberFor<T>>>;

    /// What others say of a revision.
    #[pallet::storage]
    pub type Attestations<T: Config> = StorageDoubleMap<
        _,
        Blake2_128Concat,
        CommitId,
        Blake2_128Concat,
        (T::AccountId, Claim),
        AttestationOf<T>,
    >;

    /// What happened.
    #[pallet::event]
    #[pallet::generate_deposit(pub(crate) fn deposit_event)]
    pub enum Event<T: Config> {
        /// A namespace was registered.
        #[codec(index = 0)]
        NamespaceRegistered {
            /// Its name.
            name: Name,
            /// Who owns it.
            owner: T::AccountId,
        },
        /// A namespace was offered.
        #[codec(index = 1)]
        NamespaceOffered {
            /// Its name.
            name: Name,
            /// Who may accept it.
            to: T::AccountId,
        },
        /// An offer of a namespace was withdrawn or declined.
        #[codec(index = 2)]
        NamespaceOfferCancelled {
            /// Its name.
            name: Name,
        },
        /// A namespace has a new owner.
        #[codec(index = 3)]
        NamespaceTransferred {
            /// Its name.
            name: Name,
            /// Who owned it.
            from: T::AccountId,
            /// Who owns it.
            to: T::AccountId,
        },
        /// A namespace was removed.
        #[codec(index = 4)]
        NamespaceRemoved {
            /// Its name.
            name: Name,
        },
        /// An asset was created.
        #[codec(index = 5)]
        AssetCreated {
            /// The asset.
            asset: AssetId,
            /// Its namespace, as that one's owner wrote it.
            namespace: Name,
            /// Its name.
            name: Name,
            /// What it is.
            kind: AssetKind,
            /// Who may read its content.
            visibility: Visibility,
        },
        /// An asset was offered to another namespace.
        #[codec(index = 6)]
        AssetOffered {
            /// The asset.
            asset: AssetId,
            /// The namespace.
            namespace: Name,
        },
        /// An offer of an asset was withdrawn or declined.
        #[codec(index = 7)]
        AssetOfferCancelled {
            /// The asset.
            asset: AssetId,
        },
        /// An asset went to another namespace.
        #[codec(index = 8)]
        AssetTransferred {
            /// The asset.
            asset: AssetId,
            /// Where it is.
            namespace: Name,
        },
        /// Who may read an asset's content was changed.
        #[codec(index = 9)]
        VisibilityChanged {
            /// The asset.
            asset: AssetId,
            /// Who may read it.
            visibility: Visibility,
        },
        /// A collaborator was added or given another role.
        #[codec(index = 10)]
        CollaboratorSet {
            /// The asset.
            asset: AssetId,
            /// The collaborator.
            account: T::AccountId,
            /// What they may do.
            role: Role,
        },
        /// A collaborator was removed, or left.
        #[codec(index = 11)]
        CollaboratorRemoved {
            /// The asset.
            asset: AssetId,
            /// The collaborator.
            account: T::AccountId,
        },
        /// An asset was retired.
        #[codec(index = 12)]
        AssetRetired {
            /// The asset.
            asset: AssetId,
        },
        /// An asset was removed.
        #[codec(index = 13)]
        AssetRemoved {
            /// The asset.
            asset: AssetId,
        },
        /// A revision was published.
        #[codec(index = 14)]
        RevisionPublished {
            /// The asset.
            asset: AssetId,
            /// The revision.
            commit: CommitId,
            /// Which one of the asset's, from 0.
            number: u32,
            /// Who published it.
            author: T::AccountId,
            /// The root of its DAG.
            content: ContentId,
            /// The CARv1 bytes.
            piece: Piece,
            /// The asset whose visibility decides who may read the piece.
            controller: Option<AssetId>,
        },
        /// A branch or tag was made, or a branch moved.
        #[codec(index = 15)]
        RefSet {
            /// The asset.
            asset: AssetId,
            /// Its name.
            name: RefName,
            /// Branch or tag.
            kind: RefKind,
            /// Where it points.
            commit: CommitId,
            /// Where it pointed.
            previous: Option<CommitId>,
        },
        /// A branch or tag was deleted.
        #[codec(index = 16)]
        RefDeleted {
            /// The asset.
            asset: AssetId,
            /// Its name.
            name: RefName,
        },
        /// A revision was marked as not to be used.
        #[codec(index = 17)]
        RevisionYanked {
            /// The asset.
            asset: AssetId,
            /// The revision.
            commit: CommitId,
        },
        /// A retired asset's revision was removed.
        #[codec(index = 18)]
        RevisionRemoved {
            /// The asset.
            asset: AssetId,
            /// The revision.
            commit: CommitId,
            /// Others descend from it, so its place in their lineage is kept.
            tombstone: bool,
        },
        /// Another asset decides about a piece.
        #[codec(index = 19)]
        PieceAssigned {
            /// The piece.
            root: PieceRoot,
            /// The asset.
            controller: AssetId,
        },
        /// An asset or a piece was taken down.
        #[codec(index = 20)]
        TakenDown {
            /// What.
            subject: Subject,
            /// Hash of the document that explains it.
            reason: ReasonHash,
        },
        /// An asset or a piece was restored.
        #[codec(index = 21)]
        Restored {
            /// What.
            subject: Subject,
        },
        /// Somebody attested to a revision.
        #[codec(index = 22)]
        Attested {
            /// The revision.
            commit: CommitId,
            /// Who.
            author: T::AccountId,
            /// What it says.
            claim: Claim,
            /// What supports it.
            evidence: ContentId,
        },
        /// An attestation was revoked by its author.
        #[codec(index = 23)]
        AttestationRevoked {
            /// The revision.
            commit: CommitId,
            /// Who.
            author: T::AccountId,
            /// What it said.
            claim: Claim,
        },
    }

    /// Why a call was refused, and what to do.
    #[pallet::error]
    pub enum Error<T> {
        /// The name is empty. Use 1 to 96 characters.
        #[codec(index = 0)]
        NameLength,
        /// The name has a character outside `[A-Za-z0-9._-]`. Leave it out.
        #[codec(index = 1)]
        NameCharacter,
        /// The name begins or ends with `-` or `.`. Leave it out.
        #[codec(index = 2)]
        NameEdge,
        /// The name has `--` or `..` inside. Use a single one.
        #[codec(index = 3)]
        NameRepeated,
        /// The name is in use, perhaps with other upper- and lower-case letters. Choose another.
        #[codec(index = 4)]
        NameTaken,
        /// The licence id has a character outside printable ASCII. Use an SPDX id.
        #[codec(index = 5)]
        LicenceCharacter,
        /// No such namespace. Register it.
        #[codec(index = 6)]
        NamespaceNotFound,
        /// No such asset. Create it.
        #[codec(index = 7)]
        AssetNotFound,
        /// No such revision of that asset.
        #[codec(index = 8)]
        RevisionNotFound,
        /// No such branch or tag.
        #[codec(index = 9)]
        RefNotFound,
        /// No such collaborator.
        #[codec(index = 10)]
        CollaboratorNotFound,
        /// A parent doesn't exist, or belongs to another asset than stated.
        #[codec(index = 11)]
        ParentNotFound,
        /// A parent is named twice. Name it once.
        #[codec(index = 12)]
        DuplicateParent,
        /// The caller doesn't own it. Sign with the owner's account.
        #[codec(index = 13)]
        NotOwner,
        /// The caller's role doesn't allow it. Ask an admin for a role.
        #[codec(index = 14)]
        NotPermitted,
        /// It isn't offered to the caller, or the offer lapsed. Ask the owner to offer it again.
        #[codec(index = 15)]
        NotOffered,
        /// It is there already. Nothing needs to be done.
        #[codec(index = 16)]
        AlreadyThere,
        /// The namespace has assets. Remove or transfer them first.
        #[codec(index = 17)]
        HasAssets,
        /// The asset has revisions. Retire it, then remove them first.
        #[codec(index = 18)]
        HasRevisions,
        /// The asset has branches or tags. Delete them first.
        #[codec(index = 19)]
        HasRefs,
        /// The asset has collaborators. Remove them first.
        #[codec(index = 20)]
        HasCollaborators,
        /// Others descend from the revision. Its tombstone goes after they did.
        #[codec(index = 21)]
        HasDescendants,
        /// The asset is retired: it takes no revisions, refs or collaborators.
        #[codec(index = 22)]
        Retired,
        /// The asset isn't retired, so its revisions are kept. Retire it first.
        #[codec(index = 23)]
        NotRetired,
        /// The piece has no bytes. Pack at least one file.
        #[codec(index = 24)]
        EmptyPiece,
        /// Another asset controls the piece, so it couldn't be kept from the public here. Pack it with one more file.
        #[codec(index = 25)]
        PieceControlledElsewhere,
        /// The asset that controls the piece still has it. Ask the moderators to hand it over.
        #[codec(index = 26)]
        PieceControlled,
        /// The commit id is in use. Change the message and publish again.
        #[codec(index = 27)]
        CommitTaken,
        /// A tag can't be moved. Choose another name.
        #[codec(index = 28)]
        TagImmovable,
        /// The name is a branch's and can't become a tag's, or the other way round. Delete the ref first.
        #[codec(index = 29)]
        RefKindMismatch,
        /// The revision is marked already.
        #[codec(index = 30)]
        AlreadyYanked,
        /// The moderators took it down. See the deny-list for the reason.
        #[codec(index = 31)]
        TakenDown,
        /// It isn't taken down.
        #[codec(index = 32)]
        NotTakenDown,
        /// The caller made this claim before. Revoke it first.
        #[codec(index = 33)]
        AttestationExists,
        /// The caller made no such claim.
        #[codec(index = 34)]
        AttestationNotFound,
        /// A counter is at its end.
        #[codec(index = 35)]
        Overflow,
    }

    #[pallet::hooks]
    impl<T: Config> Hooks<BlockNumberFor<T>> for Pallet<T> {
        fn integrity_test() {
            Self::check_constants();
        }

        #[cfg(feature = "try-runtime")]
        fn try_state(_: BlockNumberFor<T>) -> Result<(), polkadot_sdk::sp_runtime::TryRuntimeError> {
            Self::do_try_state()
        }
    }

    #[pallet::call]
    impl<T: Config> Pallet<T> {
        /// Registers a namespace for the caller, who pays its deposit.
        ///
        /// Errors: `NameLength`, `NameCharacter`, `NameEdge`, `NameRepeated`, `NameTaken`.
        #[pallet::call_index(0)]
        #[pallet::weight(T::WeightInfo::register_namespace(count(name.len())))]
        pub fn register_namespace(origin: OriginFor<T>, name: Name) -> DispatchResult {
            Self::do_register_namespace(ensure_signed(origin)?, name)
        }

        /// Offers the caller's namespace to another account; an earlier offer ends.
        ///
        /// Errors: `NamespaceNotFound`, `NotOwner`, `AlreadyThere`.
        #[pallet::call_index(1)]
        #[pallet::weight(T::WeightInfo::offer_namespace())]
        pub fn offer_namespace(origin: OriginFor<T>, name: Name, to: T::AccountId) -> DispatchResult {
            Self::do_offer_namespace(ensure_signed(origin)?, name, to)
        }

        /// Takes over a namespace that was offered to the caller, with all its assets. The caller pays the namespace's
        /// deposit and the old owner gets theirs back; the deposits of assets stay with those who paid them.
        ///
        /// Errors: `NamespaceNotFound`, `NotOffered`.
        #[pallet::call_index(2)]
        #[pallet::weight(T::WeightInfo::accept_namespace())]
        pub fn accept_namespace(origin: OriginFor<T>, name: Name) -> DispatchResult {
            Self::do_accept_namespace(ensure_signed(origin)?, name)
        }

        /// Withdraws the offer of the caller's namespace, or declines one that was made to the caller.
        ///
        /// Errors: `NamespaceNotFound`, `NotOffered`, `NotOwner`.
        #[pallet::call_index(3)]
        #[pallet::weight(T::WeightInfo::cancel_namespace_offer())]
        pub fn cancel_namespace_offer(origin: OriginFor<T>, name: Name) -> DispatchResult {
            Self::do_cancel_namespace_offer(ensure_signed(origin)?, name)
        }

        /// Removes the caller's namespace, which must have no assets, and returns its deposit.
        ///
        /// Errors: `NamespaceNotFound`, `NotOwner`, `HasAssets`.
        #[pallet::call_index(4)]
        #[pallet::weight(T::WeightInfo::remove_namespace())]
        pub fn remove_namespace(origin: OriginFor<T>, name: Name) -> DispatchResult {
            Self::do_remove_namespace(ensure_signed(origin)?, name)
        }

        /// Creates an asset in the caller's namespace; the caller pays its deposit.
        ///
        /// Errors: `NameLength`, `NameCharacter`, `NameEdge`, `NameRepeated`, `LicenceCharacter`, `NamespaceNotFound`,
        /// `NotOwner`, `NameTaken`.
        #[pallet::call_index(5)]
        #[pallet::weight(T::WeightInfo::create_asset(count(name.len()), count(licence.len())))]
        pub fn create_asset(
            origin: OriginFor<T>,
            namespace: Name,
            name: Name,
            kind: AssetKind,
            licence: Licence,
            visibility: Visibility,
        ) -> DispatchResult {
            Self::do_create_asset(ensure_signed(origin)?, namespace, name, kind, licence, visibility)
        }

        /// Offers an asset of the caller's to another namespace, as it is owned now; an earlier offer ends.
        ///
        /// Errors: `AssetNotFound`, `NotOwner`, `TakenDown`, `Retired`, `NamespaceNotFound`, `AlreadyThere`.
        #[pallet::call_index(6)]
        #[pallet::weight(T::WeightInfo::offer_asset())]
        pub fn offer_asset(origin: OriginFor<T>, asset: AssetId, namespace: Name) -> DispatchResult {
            Self::do_offer_asset(ensure_signed(origin)?, asset, namespace)
        }

        /// Takes an asset into the caller's namespace that it was offered to. The caller pays its deposit, and whoever
        /// paid before gets theirs back. Collaborators keep their roles.
        ///
        /// Errors: `AssetNotFound`, `NotOffered`, `TakenDown`, `NameTaken`.
        #[pallet::call_index(7)]
        #[pallet::weight(T::WeightInfo::accept_asset())]
        pub fn accept_asset(origin: OriginFor<T>, asset: AssetId) -> DispatchResult {
            Self::do_accept_asset(ensure_signed(origin)?, asset)
        }

        /// Withdraws the offer of the caller's asset, or declines one that was made to the caller.
        ///
        /// Errors: `AssetNotFound`, `NotOffered`, `NotOwner`.
        #[pallet::call_index(8)]
        #[pallet::weight(T::WeightInfo::cancel_asset_offer())]
        pub fn cancel_asset_offer(origin: OriginFor<T>, asset: AssetId) -> DispatchResult {
            Self::do_cancel_asset_offer(ensure_signed(origin)?, asset)
        }

        /// Says who may read the pieces that an asset controls. The caller is the owner or an admin.
        ///
        /// Errors: `AssetNotFound`, `NotPermitted`, `AlreadyThere`.
        #[pallet::call_index(9)]
        #[pallet::weight(T::WeightInfo::set_visibility())]
        pub fn set_visibility(
            origin: OriginFor<T>,
            asset: AssetId,
            visibility: Visibility,
        ) -> DispatchResult {
            Self::do_set_visibility(ensure_signed(origin)?, asset, visibility)
        }

        /// Adds a collaborator, or gives one another role. The caller is the owner or an admin, and pays the deposit of
        /// a new one.
        ///
        /// Errors: `AssetNotFound`, `NotPermitted`, `Retired`, `AlreadyThere`.
        #[pallet::call_index(10)]
        #[pallet::weight(T::WeightInfo::set_collaborator())]
        pub fn set_collaborator(
            origin: OriginFor<T>,
            asset: AssetId,
            account: T::AccountId,
            role: Role,
        ) -> DispatchResult {
            Self::do_set_collaborator(ensure_signed(origin)?, asset, account, role)
        }

        /// Removes a collaborator and returns the deposit. The caller is the owner, an admin or the collaborator.
        ///
        /// Errors: `AssetNotFound`, `NotPermitted`, `CollaboratorNotFound`.
        #[pallet::call_index(11)]
        #[pallet::weight(T::WeightInfo::remove_collaborator())]
        pub fn remove_collaborator(
            origin: OriginFor<T>,
            asset: AssetId,
            account: T::AccountId,
        ) -> DispatchResult {
            Self::do_remove_collaborator(ensure_signed(origin)?, asset, account)
        }

        /// Retires the caller's asset for ever: nothing more is published, and anybody may remove its revisions.
        ///
        /// Errors: `AssetNotFound`, `NotOwner`, `TakenDown`, `Retired`, `HasRefs`.
        #[pallet::call_index(12)]
        #[pallet::weight(T::WeightInfo::retire_asset())]
        pub fn retire_asset(origin: OriginFor<T>, asset: AssetId) -> DispatchResult {
            Self::do_retire_asset(ensure_signed(origin)?, asset)
        }

        /// Removes the caller's asset, which must be empty, and returns its deposit.
        ///
        /// Errors: `AssetNotFound`, `NotOwner`, `TakenDown`, `HasRevisions`, `HasRefs`, `HasCollaborators`.
        #[pallet::call_index(13)]
        #[pallet::weight(T::WeightInfo::remove_asset())]
        pub fn remove_asset(origin: OriginFor<T>, asset: AssetId) -> DispatchResult {
            Self::do_remove_asset(ensure_signed(origin)?, asset)
        }

        /// Publishes a revision, and moves branches and makes tags for it. The caller is the owner, an admin or a
        /// writer, and pays the deposits.
        ///
        /// Errors: `AssetNotFound`, `NotPermitted`, `Retired`, `TakenDown`, `EmptyPiece`, `PieceControlledElsewhere`,
        /// `ParentNotFound`, `DuplicateParent`, `NameLength`, `NameCharacter`, `NameEdge`, `NameRepeated`,
        /// `TagImmovable`, `RefKindMismatch`, `CommitTaken`.
        #[pallet::call_index(14)]
        #[pallet::weight(T::WeightInfo::publish_revision(
            count(parents.len()), count(message.len()), count(refs.len())
        ))]
        pub fn publish_revision(
            origin: OriginFor<T>,
            asset: AssetId,
            content: ContentId,
            piece: Piece,
            parents: Parents,
            message: Message,
            refs: NewRefs,
        ) -> DispatchResult {
            Self::do_publish_revision(ensure_signed(origin)?, asset, content, piece, parents, message, refs)
        }

        /// Makes a branch or tag, or moves a branch. The caller is the owner, an admin or a writer, and pays the deposit
        /// of a new one.
        ///
        /// Errors: `AssetNotFound`, `NotPermitted`, `Retired`, `RevisionNotFound`, `NameLength`, `NameCharacter`,
        /// `NameEdge`, `NameRepeated`, `TagImmovable`, `RefKindMismatch`.
        #[pallet::call_index(15)]
        #[pallet::weight(T::WeightInfo::set_ref())]
        pub fn set_ref(
            origin: OriginFor<T>,
            asset: AssetId,
            kind: RefKind,
            name: RefName,
            commit: CommitId,
        ) -> DispatchResult {
            Self::do_set_ref(ensure_signed(origin)?, asset, kind, name, commit)
        }

        /// Deletes a branch or tag and returns its deposit. Writers may delete branches; only the owner and admins
        /// tags, so that a writer can't move one by making it again.
        ///
        /// Errors: `AssetNotFound`, `RefNotFound`, `NotPermitted`.
        #[pallet::call_index(16)]
        #[pallet::weight(T::WeightInfo::delete_ref())]
        pub fn delete_ref(origin: OriginFor<T>, asset: AssetId, name: RefName) -> DispatchResult {
            Self::do_delete_ref(ensure_signed(origin)?, asset, name)
        }

        /// Marks a revision as not to be used. The caller is the owner or an admin, or its author while still a writer.
        ///
        /// Errors: `RevisionNotFound`, `NotPermitted`, `AlreadyYanked`.
        #[pallet::call_index(17)]
        #[pallet::weight(T::WeightInfo::yank_revision())]
        pub fn yank_revision(origin: OriginFor<T>, commit: CommitId) -> DispatchResult {
            Self::do_yank_revision(ensure_signed(origin)?, commit)
        }

        /// Removes a revision of a retired asset, or a tombstone that nothing descends from any more, and returns the
        /// deposit to its author. Anybody may call it.
        ///
        /// Errors: `RevisionNotFound`, `NotRetired`, `TakenDown`, `HasDescendants`.
        #[pallet::call_index(18)]
        #[pallet::weight(T::WeightInfo::remove_revision(MAX_PARENTS))]
        pub fn remove_revision(origin: OriginFor<T>, commit: CommitId) -> DispatchResultWithPostInfo {
            ensure_signed(origin)?;
            let parents = Self::do_remove_revision(commit)?;
            Ok(Some(T::WeightInfo::remove_revision(parents)).into())
        }

        /// Gives a revision's asset control of its piece, when the asset that had it let go. The caller is the owner or
        /// an admin of the asset.
        ///
        /// Errors: `RevisionNotFound`, `NotPermitted`, `PieceControlled`.
        #[pallet::call_index(19)]
        #[pallet::weight(T::WeightInfo::claim_piece())]
        pub fn claim_piece(origin: OriginFor<T>, commit: CommitId) -> DispatchResult {
            Self::do_claim_piece(ensure_signed(origin)?, commit)
        }

        /// Gives a revision's asset control of its piece, whoever had it. For moderators, against squatters.
        ///
        /// Errors: `RevisionNotFound`, `AlreadyThere`.
        #[pallet::call_index(20)]
        #[pallet::weight(T::WeightInfo::assign_piece())]
        pub fn assign_piece(origin: OriginFor<T>, commit: CommitId) -> DispatchResult {
            T::ModerationOrigin::ensure_origin(origin)?;
            Self::do_assign_piece(commit)
        }

        /// Takes an asset with the pieces that it controls, or a piece, down: the records stay, nodes stop serving, and
        /// nobody can publish them. For moderators. A piece may be denied before anybody published it.
        ///
        /// Errors: `AssetNotFound`, `TakenDown`.
        #[pallet::call_index(21)]
        #[pallet::weight(T::WeightInfo::take_down())]
        pub fn take_down(origin: OriginFor<T>, subject: Subject, reason: ReasonHash) -> DispatchResult {
            T::ModerationOrigin::ensure_origin(origin)?;
            Self::do_take_down(subject, reason)
        }

        /// Takes an asset or a piece off the deny-list. For moderators.
        ///
        /// Errors: `NotTakenDown`.
        #[pallet::call_index(22)]
        #[pallet::weight(T::WeightInfo::restore())]
        pub fn restore(origin: OriginFor<T>, subject: Subject) -> DispatchResult {
            T::ModerationOrigin::ensure_origin(origin)?;
            Self::do_restore(subject)
        }

        /// Says something about a revision, with evidence. Anybody may, and pays a deposit.
        ///
        /// Errors: `RevisionNotFound`, `AttestationExists`.
        #[pallet::call_index(23)]
        #[pallet::weight(T::WeightInfo::attest())]
        pub fn attest(
            origin: OriginFor<T>,
            commit: CommitId,
            claim: Claim,
            evidence: ContentId,
        ) -> DispatchResult {
            Self::do_attest(ensure_signed(origin)?, commit, claim, evidence)
        }

        /// Takes back what the caller said about a revision, and returns the deposit.
        ///
        /// Errors: `AttestationNotFound`.
        #[pallet::call_index(24)]
        #[pallet::weight(T::WeightInfo::revoke_attestation())]
        pub fn revoke_attestation(origin: OriginFor<T>, commit: CommitId, claim: Claim) -> DispatchResult {
            Self::do_revoke_attestation(ensure_signed(origin)?, commit, claim)
        }
    }

    /// Everything that a client needs to read; [`runtime_api`] has the same for clients without view functions.
    #[pallet::view_functions]
    impl<T: Config> Pallet<T> {
        /// The namespace of a name, in any case.
        pub fn namespace(name: Vec<u8>) -> Option<NamespaceInfo<T::AccountId>> {
            Self::namespace_info(&name)
        }

        /// The asset of `owner/name`, in any case.
        pub fn asset(name: Vec<u8>) -> Option<AssetInfo<T::AccountId>> {
            Self::asset_by_id(Self::asset_id(&name)?)
        }

        /// The asset of a number.
        pub fn asset_by_id(asset: AssetId) -> Option<AssetInfo<T::AccountId>> {
            Self::asset_info(asset)
        }

        /// The revision of a commit id.
        pub fn revision(commit: CommitId) -> Option<RevisionInfo<T::AccountId, BlockNumberFor<T>>> {
            Self::revision_info(commit)
        }

        /// The revision that a branch, a tag or 40 hex digits name in `owner/name`.
        pub fn resolve(
            asset: Vec<u8>,
            reference: Vec<u8>,
        ) -> Option<RevisionInfo<T::AccountId, BlockNumberFor<T>>> {
            Self::revision_info(Self::resolve_commit(Self::asset_id(&asset)?, &reference)?)
        }

        /// Whether nodes may hand out a piece.
        pub fn piece_access(root: PieceRoot) -> PieceAccess {
            Self::access_of(root)
        }

        /// The piece of a content root that readers should try first.
        pub fn piece_of_content(content: ContentId) -> Option<Piece> {
            Self::best_piece(content)
        }

        /// What an entry's deposit would be now.
        pub fn deposit(of: DepositFor) -> BalanceOf<T> {
            Self::deposit_for(of)
        }
    }
}

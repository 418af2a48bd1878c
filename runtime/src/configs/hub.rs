//! The hub's own pallets, and how they meet: each asks its neighbours through a trait of its own, and [`Hub`] answers.

use super::{governance::RootOrModeration, money::StoragePrice};
use crate::*;
use frame_support::{PalletId, parameter_types};
use pallet_asset_registry::{DenyList, types::Subject};
use stoa_primitives::registry::AssetId;

impl pallet_asset_registry::Config for Runtime {
    type RuntimeHoldReason = RuntimeHoldReason;
    type Currency = Balances;
    type DepositPrice = StoragePrice;
    type ModerationOrigin = RootOrModeration;
    type WeightInfo = crate::weights::pallet_asset_registry::WeightInfo<Runtime>;
}

/// What the hub's pallets know of each other.
pub struct Hub;

// Royalties.

parameter_types! {
    pub const RoyaltiesPalletId: PalletId = PalletId(*b"st/royal");
}

impl pallet_royalties::Config for Runtime {
    type RuntimeHoldReason = RuntimeHoldReason;
    type Currency = Balances;
    type Registry = Hub;
    type DepositPrice = StoragePrice;
    type PalletId = RoyaltiesPalletId;
    type WeightInfo = crate::weights::pallet_royalties::WeightInfo<Runtime>;
}

impl pallet_royalties::traits::Registry<AccountId> for Hub {
    fn owner(asset: AssetId) -> Option<AccountId> {
        AssetRegistry::owner(asset)
    }

    fn is_taken_down(asset: AssetId) -> bool {
        DenyList::<Runtime>::contains_key(Subject::Asset(asset))
    }

    #[cfg(feature = "runtime-benchmarks")]
    fn create_asset(owner: &AccountId) -> AssetId {
        benchmarking::new_asset(
            owner,
            stoa_primitives::registry::AssetKind::Model,
            stoa_primitives::registry::Visibility::Public,
        )
    }
}

/// What the benchmarks of one pallet need of another.
#[cfg(feature = "runtime-benchmarks")]
pub(super) mod benchmarking {
    use super::*;
    use frame_support::traits::fungible::Mutate;
    use pallet_asset_registry::{
        Pieces,
        types::{Name, NewRefs, Subject},
    };
    use pallet_marketplace::types::{Offer, Terms};
    use stoa_primitives::{
        Codec, ContentId, Piece, PieceRoot,
        registry::{AssetKind, CommitId, PieceAccess, Visibility},
    };

    /// What the programs of benchmarks consist of.
    const PROGRAM: ContentId = ContentId { codec: Codec::DagPb, digest: [1; 32] };

    fn rich(owner: &AccountId) -> RuntimeOrigin {
        Balances::set_balance(owner, 1_000_000_000 * STOA);
        RuntimeOrigin::signed(owner.clone())
    }

    /// A new asset of an account, in a namespace of its own.
    pub(super) fn new_asset(owner: &AccountId, kind: AssetKind, visibility: Visibility) -> AssetId {
        let asset = AssetId(pallet_asset_registry::NextAssetId::<Runtime>::get());
        let text = alloc::format!("benchmark{}", asset.0).into_bytes();
        let origin = rich(owner);
        let name: Name = text.try_into().expect("shorter than the limit; qed");
        AssetRegistry::register_namespace(origin.clone(), name.clone()).expect("the name is new; qed");
        AssetRegistry::create_asset(origin, name.clone(), name, kind, Default::default(), visibility)
            .expect("the namespace is the owner's; qed");
        asset
    }

    /// A new asset with a revision.
    pub(in crate::configs) fn create_revision(
        owner: &AccountId,
        kind: AssetKind,
        visibility: Visibility,
    ) -> (AssetId, CommitId) {
        let asset = new_asset(owner, kind, visibility);
        let content = match kind {
            AssetKind::Program => PROGRAM,
            _ => ContentId { codec: Codec::DagPb, digest: [2; 32] },
        };
        let piece = Piece { root: sp_io::hashing::blake2_256(&asset.0.to_be_bytes()), size: 1_024 };
        let published = AssetRegistry::publish_revision(
            rich(owner),
            asset,
            content,
            piece,
            Default::default(),
            Default::default(),
            NewRefs::default(),
        );
        published.expect("the asset is the owner's; qed");
        let revision = AssetRegistry::revisions(asset, 0, 1).pop().expect("it was just published; qed");
        (asset, revision.commit)
    }

    /// Opens an asset of the account's, who holds all shares.
    pub(in crate::configs) fn open(owner: &AccountId, asset: AssetId) {
        Royalties::open(rich(owner), asset, Some(owner.clone())).expect("the asset is the owner's; qed");
    }

    /// An open asset of whose shares an account holds all.
    pub(in crate::configs) fn create_open_asset(owner: &AccountId) -> AssetId {
        let asset = new_asset(owner, AssetKind::Model, Visibility::Public);
        open(owner, asset);
        asset
    }

    /// Makes a piece as accessible as is asked, and an account the admin of what controls it.
    pub(in crate::configs) fn prepare_piece(root: PieceRoot, access: PieceAccess, admin: &AccountId) {
        let visibility = match access {
            PieceAccess::Unknown => return,
            PieceAccess::Restricted => Visibility::Gated,
            PieceAccess::Public | PieceAccess::Denied => Visibility::Public,
        };
        let (asset, commit) = create_revision(admin, AssetKind::Model, visibility);
        let own = AssetRegistry::revision(commit).expect("it was just published; qed").piece.root;
        let record = Pieces::<Runtime>::get(own).expect("the revision names it; qed");
        Pieces::<Runtime>::insert(root, record);
        if access == PieceAccess::Denied {
            AssetRegistry::take_down(RuntimeOrigin::root(), Subject::Asset(asset), [1; 32])
                .expect("it wasn't taken down; qed");
        }
    }

    /// What jobs run on.
    pub struct Jobs;
    impl pallet_compute_escrow::traits::BenchmarkHelper<AccountId, BlockNumber> for Jobs {
        fn revision(owner: &AccountId, _: u8, program: bool) -> Option<(AssetId, CommitId)> {
            if program {
                let found = create_revision(owner, AssetKind::Program, Visibility::Public);
                open(owner, found.0);
                return Some(found);
            }
            // A gated one, for sale by the job.
            let found = create_revision(owner, AssetKind::Dataset, Visibility::Gated);
            open(owner, found.0);
            let offer = Offer {
                terms: Terms::PerJob,
                price: STOA,
                supply: Some(1_000),
                revision: None,
                sealed: false,
                refund: 0,
                notice: None,
                until: None,
            };
            Marketplace::list(rich(owner), found.0, offer).expect("the asset is open; qed");
            Marketplace::allow_program(rich(owner), found.0, PROGRAM).expect("the asset is the owner's; qed");
            Some(found)
        }

        fn admin(owner: &AccountId) -> AccountId {
            owner.clone()
        }

        fn fix_seed(block: BlockNumber) {
            let fixed = block.saturating_add(pallet_storage_proofs::params::SEED_DELAY).saturating_add(1);
            let seed = pallet_storage_proofs::phases::PastSeed { running: [7; 32], missing_at: None };
            pallet_storage_proofs::PastSeeds::<Runtime>::insert(fixed, seed);
        }
    }
}

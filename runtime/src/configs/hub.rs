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
        benchmarking::create_asset(owner)
    }
}

/// What the benchmarks of one pallet need of another.
#[cfg(feature = "runtime-benchmarks")]
mod benchmarking {
    use super::*;
    use frame_support::traits::fungible::Mutate;
    use stoa_primitives::registry::{AssetKind, Visibility};

    /// A new asset of an account, in a namespace of its own.
    pub(super) fn create_asset(owner: &AccountId) -> AssetId {
        let asset = AssetId(pallet_asset_registry::NextAssetId::<Runtime>::get());
        let text = alloc::format!("benchmark{}", asset.0).into_bytes();
        Balances::set_balance(owner, 1_000_000_000 * STOA);
        let origin = RuntimeOrigin::signed(owner.clone());
        let name: pallet_asset_registry::types::Name = text.try_into().expect("shorter than the limit; qed");
        AssetRegistry::register_namespace(origin.clone(), name.clone()).expect("the name is new; qed");
        AssetRegistry::create_asset(
            origin,
            name.clone(),
            name,
            AssetKind::Model,
            Default::default(),
            Visibility::Public,
        )
        .expect("the namespace is the owner's; qed");
        asset
    }
}

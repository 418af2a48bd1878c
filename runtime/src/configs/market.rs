//! Listings, licences and grants.

use super::{
    dynamic_params::market::{DeliveryPeriod, DisputeForfeit, DisputePeriod},
    governance::TreasuryAccount,
    hub::Hub,
    money::StoragePrice,
};
use crate::*;
use frame_support::traits::tokens::imbalance::ResolveTo;
use pallet_asset_registry::{Assets, DenyList, Revisions, types::Subject};
use pallet_marketplace::traits::Purpose;
use pallet_royalties::types::Reason;
use sp_runtime::DispatchResult;
use stoa_primitives::registry::{AssetId, CommitId, Role, Visibility};

impl pallet_marketplace::Config for Runtime {
    type RuntimeHoldReason = RuntimeHoldReason;
    type Currency = Balances;
    type Registry = Hub;
    type Royalties = Hub;
    type OnForfeit = ResolveTo<TreasuryAccount, Balances>;
    type DepositPrice = StoragePrice;
    type DeliveryPeriod = DeliveryPeriod;
    type DisputePeriod = DisputePeriod;
    type DisputeForfeit = DisputeForfeit;
    type WeightInfo = crate::weights::pallet_marketplace::WeightInfo<Runtime>;
}

impl pallet_marketplace::traits::Registry<AccountId> for Hub {
    fn visibility(asset: AssetId) -> Option<Visibility> {
        Assets::<Runtime>::get(asset).map(|asset| asset.visibility)
    }

    fn is_admin(asset: AssetId, account: &AccountId) -> bool {
        AssetRegistry::role(asset, account.clone()) == Some(Role::Admin)
    }

    fn is_taken_down(asset: AssetId) -> bool {
        DenyList::<Runtime>::contains_key(Subject::Asset(asset))
    }

    fn has_revision(asset: AssetId, revision: CommitId) -> bool {
        Revisions::<Runtime>::get(revision).is_some_and(|revision| revision.asset == asset)
    }

    #[cfg(feature = "runtime-benchmarks")]
    fn create_asset(owner: &AccountId, visibility: Visibility) -> (AssetId, CommitId) {
        super::hub::benchmarking::create_revision(
            owner,
            stoa_primitives::registry::AssetKind::Model,
            visibility,
        )
    }
}

fn reason(purpose: Purpose) -> Reason {
    match purpose {
        Purpose::Licence(licence) => Reason::Licence(licence.0),
    }
}

impl pallet_marketplace::traits::Royalties<AccountId, RuntimeHoldReason> for Hub {
    fn ensure_payable(asset: AssetId) -> DispatchResult {
        Royalties::ensure_payable(asset)
    }

    fn pay(payer: &AccountId, asset: AssetId, amount: Balance, purpose: Purpose) -> DispatchResult {
        Royalties::pay_from(payer, asset, amount, reason(purpose))
    }

    fn pay_from_hold(
        held: &RuntimeHoldReason,
        payer: &AccountId,
        asset: AssetId,
        amount: Balance,
        purpose: Purpose,
    ) -> DispatchResult {
        Royalties::pay_from_hold(held, payer, asset, amount, reason(purpose))
    }

    #[cfg(feature = "runtime-benchmarks")]
    fn open(owner: &AccountId, asset: AssetId) {
        super::hub::benchmarking::open(owner, asset);
    }
}

//! The registry.

use crate::*;
use frame_system::EnsureRoot;

impl pallet_asset_registry::Config for Runtime {
    type RuntimeHoldReason = RuntimeHoldReason;
    type Currency = Balances;
    type DepositPrice = super::money::StoragePrice;
    type ModerationOrigin = EnsureRoot<AccountId>;
    type WeightInfo = crate::weights::pallet_asset_registry::WeightInfo<Runtime>;
}

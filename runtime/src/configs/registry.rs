//! The registry.

use crate::*;

impl pallet_asset_registry::Config for Runtime {
    type RuntimeHoldReason = RuntimeHoldReason;
    type Currency = Balances;
    type DepositPrice = super::money::StoragePrice;
    type ModerationOrigin = super::governance::RootOrModeration;
    type WeightInfo = crate::weights::pallet_asset_registry::WeightInfo<Runtime>;
}

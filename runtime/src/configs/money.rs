//! Balances, fees and what storage costs.

use super::system::OperationalFeeMultiplier;
use crate::*;
use frame_support::{
    parameter_types,
    traits::{ConstU32, VariantCountOf},
    weights::{
        ConstantMultiplier, WeightToFeeCoefficient, WeightToFeeCoefficients, WeightToFeePolynomial,
        constants::ExtrinsicBaseWeight,
    },
};
use pallet_transaction_payment::{FungibleAdapter, Multiplier, TargetedFeeAdjustment};
use sp_runtime::{FixedPointNumber, Perbill, Perquintill, traits::Bounded};

/// The least that an account may hold.
pub const EXISTENTIAL_DEPOSIT: Balance = MILLI;
/// Fee for each byte of an extrinsic.
pub const LENGTH_FEE: Balance = MICRO;
/// Fee for the weight of an empty extrinsic.
const BASE_WEIGHT_FEE: Balance = 400 * MICRO;

parameter_types! {
    pub const ExistentialDeposit: Balance = EXISTENTIAL_DEPOSIT;
    pub const LengthFee: Balance = LENGTH_FEE;
    /// Fees rise while blocks are fuller than this, and fall while they are emptier.
    pub const TargetBlockFullness: Perquintill = Perquintill::from_percent(25);
    pub AdjustmentVariable: Multiplier = Multiplier::saturating_from_rational(75, 1_000_000);
    pub MinimumMultiplier: Multiplier = Multiplier::saturating_from_rational(1, 10u128);
    pub MaximumMultiplier: Multiplier = Bounded::max_value();
}

/// The deposit for state: for each record, and for each byte of it.
pub type StoragePrice = pallet_asset_registry::deposits::StoragePrice<
    super::dynamic_params::storage::RecordDeposit,
    super::dynamic_params::storage::ByteDeposit,
>;

/// A fee in proportion to weight.
pub struct FeePerWeight;
impl WeightToFeePolynomial for FeePerWeight {
    type Balance = Balance;
    fn polynomial() -> WeightToFeeCoefficients<Balance> {
        let base = Balance::from(ExtrinsicBaseWeight::get().ref_time()).max(1);
        [WeightToFeeCoefficient {
            degree: 1,
            negative: false,
            coeff_frac: Perbill::from_rational(BASE_WEIGHT_FEE % base, base),
            coeff_integer: BASE_WEIGHT_FEE / base,
        }]
        .into_iter()
        .collect()
    }
}

impl pallet_balances::Config for Runtime {
    type RuntimeEvent = RuntimeEvent;
    type RuntimeHoldReason = RuntimeHoldReason;
    type RuntimeFreezeReason = RuntimeFreezeReason;
    type WeightInfo = pallet_balances::weights::SubstrateWeight<Runtime>;
    type Balance = Balance;
    type DustRemoval = ();
    type ExistentialDeposit = ExistentialDeposit;
    type AccountStore = System;
    type ReserveIdentifier = [u8; 8];
    type FreezeIdentifier = RuntimeFreezeReason;
    type MaxLocks = ConstU32<50>;
    type MaxReserves = ConstU32<50>;
    type MaxFreezes = VariantCountOf<RuntimeFreezeReason>;
    type DoneSlashHandler = ();
}

impl pallet_transaction_payment::Config for Runtime {
    type RuntimeEvent = RuntimeEvent;
    // Fees are burnt: an author who earned them could fill its own blocks for nothing.
    type OnChargeTransaction = FungibleAdapter<Balances, ()>;
    type WeightToFee = FeePerWeight;
    type LengthToFee = ConstantMultiplier<Balance, LengthFee>;
    type FeeMultiplierUpdate = TargetedFeeAdjustment<
        Self,
        TargetBlockFullness,
        AdjustmentVariable,
        MinimumMultiplier,
        MaximumMultiplier,
    >;
    type OperationalFeeMultiplier = OperationalFeeMultiplier;
    type WeightInfo = pallet_transaction_payment::weights::SubstrateWeight<Runtime>;
}

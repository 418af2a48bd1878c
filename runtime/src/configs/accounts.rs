//! What accounts can do together, for each other, and about themselves.

use super::money::StoragePrice;
use crate::*;
use codec::{Decode, DecodeWithMemTracking, Encode, MaxEncodedLen};
use frame_support::{
    parameter_types,
    traits::{ConstU32, Footprint, Get, InstanceFilter},
};
use frame_system::EnsureRoot;
use scale_info::TypeInfo;
use sp_runtime::traits::Convert;

/// The deposit for one record of `BYTES` bytes, at today's price.
pub struct RecordOf<const BYTES: u32>;
impl<const BYTES: u32> Get<Balance> for RecordOf<BYTES> {
    fn get() -> Balance {
        StoragePrice::convert(Footprint::from_parts(1, usize::try_from(BYTES).unwrap_or(usize::MAX)))
    }
}

/// The deposit for `BYTES` more bytes of a record, at today's price.
pub struct BytesOf<const BYTES: u32>;
impl<const BYTES: u32> Get<Balance> for BytesOf<BYTES> {
    fn get() -> Balance {
        let price: Balance = super::dynamic_params::storage::ByteDeposit::get();
        price.saturating_mul(BYTES.into())
    }
}

parameter_types! {
    pub const UsernameExpiration: BlockNumber = 100_800;
}

impl pallet_utility::Config for Runtime {
    type RuntimeEvent = RuntimeEvent;
    type RuntimeCall = RuntimeCall;
    type PalletsOrigin = OriginCaller;
    type WeightInfo = pallet_utility::weights::SubstrateWeight<Runtime>;
}

impl pallet_multisig::Config for Runtime {
    type RuntimeEvent = RuntimeEvent;
    type RuntimeCall = RuntimeCall;
    type Currency = Balances;
    type DepositBase = RecordOf<88>;
    type DepositFactor = BytesOf<32>;
    type MaxSignatories = ConstU32<100>;
    type WeightInfo = pallet_multisig::weights::SubstrateWeight<Runtime>;
    type BlockNumberProvider = System;
}

/// What a proxy may do.
#[derive(
    Clone,
    Copy,
    Debug,
    Decode,
    DecodeWithMemTracking,
    Default,
    Encode,
    Eq,
    MaxEncodedLen,
    Ord,
    PartialEq,
    PartialOrd,
    TypeInfo,
)]
pub enum ProxyType {
    /// Everything.
    #[default]
    #[codec(index = 0)]
    Any,
    /// Everything that moves no money.
    #[codec(index = 1)]
    NonTransfer,
    /// Reject announced calls.
    #[codec(index = 2)]
    CancelProxy,
    /// Publish: calls of the registry, alone or in a batch. They take deposits, but move no money.
    #[codec(index = 3)]
    Registry,
    /// Vote: referenda and communities, alone or in a batch. They lock money and hold deposits, but move none of the
    /// account's.
    #[codec(index = 4)]
    Governance,
}

impl InstanceFilter<RuntimeCall> for ProxyType {
    fn filter(&self, call: &RuntimeCall) -> bool {
        match self {
            ProxyType::Any => true,
            ProxyType::NonTransfer => matches!(
                call,
                RuntimeCall::System(_)
                    | RuntimeCall::Session(_)
                    | RuntimeCall::Utility(_)
                    | RuntimeCall::Multisig(_)
                    | RuntimeCall::Proxy(_)
                    | RuntimeCall::Identity(_)
                    | RuntimeCall::Preimage(_)
                    | RuntimeCall::Referenda(_)
                    | RuntimeCall::ConvictionVoting(_)
                    | RuntimeCall::TechnicalCommittee(_)
                    | RuntimeCall::Whitelist(_)
                    | RuntimeCall::AssetRegistry(_)
                    | RuntimeCall::Dao(_)
            ),
            ProxyType::CancelProxy => {
                matches!(call, RuntimeCall::Proxy(pallet_proxy::Call::reject_announcement { .. }))
            }
            ProxyType::Governance => matches!(
                call,
                RuntimeCall::Referenda(_)
                    | RuntimeCall::ConvictionVoting(_)
                    | RuntimeCall::Preimage(_)
                    | RuntimeCall::Dao(_)
                    | RuntimeCall::Utility(
                        pallet_utility::Call::batch { .. } | pallet_utility::Call::batch_all { .. }
                    )
            ),
            ProxyType::Registry => matches!(
                call,
                RuntimeCall::AssetRegistry(_)
                    | RuntimeCall::Utility(
                        pallet_utility::Call::batch { .. } | pallet_utility::Call::batch_all { .. }
                    )
            ),
        }
    }

    fn is_superset(&self, other: &Self) -> bool {
        match (self, other) {
            (a, b) if a == b => true,
            (ProxyType::Any, _) => true,
            (
                ProxyType::NonTransfer,
                ProxyType::CancelProxy | ProxyType::Registry | ProxyType::Governance,
            ) => true,
            _ => false,
        }
    }
}

impl pallet_proxy::Config for Runtime {
    type RuntimeEvent = RuntimeEvent;
    type RuntimeCall = RuntimeCall;
    type Currency = Balances;
    type ProxyType = ProxyType;
    type ProxyDepositBase = RecordOf<8>;
    type ProxyDepositFactor = BytesOf<37>;
    type MaxProxies = ConstU32<32>;
    type WeightInfo = pallet_proxy::weights::SubstrateWeight<Runtime>;
    type MaxPending = ConstU32<32>;
    type CallHasher = BlakeTwo256;
    type AnnouncementDepositBase = RecordOf<16>;
    type AnnouncementDepositFactor = BytesOf<68>;
    type BlockNumberProvider = System;
}

impl pallet_identity::Config for Runtime {
    type RuntimeEvent = RuntimeEvent;
    type Currency = Balances;
    type BasicDeposit = RecordOf<258>;
    type ByteDeposit = BytesOf<1>;
    type UsernameDeposit = RecordOf<64>;
    type SubAccountDeposit = RecordOf<53>;
    type MaxSubAccounts = ConstU32<100>;
    type IdentityInformation = pallet_identity::legacy::IdentityInfo<ConstU32<16>>;
    type MaxRegistrars = ConstU32<20>;
    type Slashed = ();
    type ForceOrigin = EnsureRoot<AccountId>;
    type RegistrarOrigin = EnsureRoot<AccountId>;
    type OffchainSignature = Signature;
    type SigningPublicKey = AccountPublic;
    type UsernameAuthorityOrigin = EnsureRoot<AccountId>;
    type PendingUsernameExpiration = UsernameExpiration;
    type UsernameGracePeriod = UsernameExpiration;
    type MaxSuffixLength = ConstU32<7>;
    type MaxUsernameLength = ConstU32<32>;
    #[cfg(feature = "runtime-benchmarks")]
    type BenchmarkHelper = ();
    type WeightInfo = pallet_identity::weights::SubstrateWeight<Runtime>;
}

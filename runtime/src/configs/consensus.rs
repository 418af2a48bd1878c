//! BABE, GRANDPA, sessions and offences.

use crate::*;
use frame_support::{
    parameter_types,
    traits::{ConstU32, ConstU64, EitherOfDiverse},
};
use frame_system::EnsureRoot;
use pallet_governance::EnsureValidatorAdmin;
use sp_runtime::traits::{Convert, ConvertInto, OpaqueKeys};

/// Most validators of a network.
const MAX_AUTHORITIES: u32 = 1_000;
/// Epochs for which an equivocation can still be reported.
const REPORT_EPOCHS: u64 = 168;
/// The same; a session is an epoch.
const REPORT_SESSIONS: u32 = 168;

parameter_types! {
    /// Held on a validator's account while its session keys are set.
    pub const KeyDeposit: Balance = 100 * MILLI;
}

impl<C> frame_system::offchain::CreateTransactionBase<C> for Runtime
where
    RuntimeCall: From<C>,
{
    type RuntimeCall = RuntimeCall;
    type Extrinsic = UncheckedExtrinsic;
}

/// Nodes report equivocations without an account.
impl<C> frame_system::offchain::CreateBare<C> for Runtime
where
    RuntimeCall: From<C>,
{
    fn create_bare(call: RuntimeCall) -> UncheckedExtrinsic {
        UncheckedExtrinsic::new_bare(call)
    }
}

impl pallet_babe::Config for Runtime {
    type EpochDuration = pallet_chain_timing::EpochLength<Runtime>;
    type ExpectedBlockTime = pallet_chain_timing::SlotDuration<Runtime>;
    // Sessions end epochs.
    type EpochChangeTrigger = pallet_babe::ExternalTrigger;
    type DisabledValidators = Session;
    type WeightInfo = ();
    type MaxAuthorities = ConstU32<MAX_AUTHORITIES>;
    type MaxNominators = ConstU32<0>;
    type KeyOwnerProof = sp_session::MembershipProof;
    type EquivocationReportSystem = pallet_babe::EquivocationReportSystem<
        Runtime,
        Offences,
        Historical,
        pallet_chain_timing::Epochs<Runtime, REPORT_EPOCHS>,
    >;
}

impl pallet_grandpa::Config for Runtime {
    type RuntimeEvent = RuntimeEvent;
    type WeightInfo = ();
    type MaxAuthorities = ConstU32<MAX_AUTHORITIES>;
    type MaxNominators = ConstU32<0>;
    type MaxSetIdSessionEntries = ConstU64<REPORT_EPOCHS>;
    type KeyOwnerProof = sp_session::MembershipProof;
    type EquivocationReportSystem = pallet_grandpa::EquivocationReportSystem<
        Runtime,
        Offences,
        Historical,
        pallet_chain_timing::Epochs<Runtime, REPORT_EPOCHS>,
    >;
}

impl pallet_authorship::Config for Runtime {
    type FindAuthor = pallet_session::FindAccountFromAuthorIndex<Self, Babe>;
    type EventHandler = ();
}

impl pallet_authority_discovery::Config for Runtime {
    type MaxAuthorities = ConstU32<MAX_AUTHORITIES>;
}

impl pallet_offences::Config for Runtime {
    type RuntimeEvent = RuntimeEvent;
    type IdentificationTuple = pallet_session::historical::IdentificationTuple<Self>;
    type OnOffenceHandler = ValidatorSet;
}

/// A validator is identified by its account alone: nothing is staked behind it.
pub struct NoIdentification;
impl Convert<AccountId, Option<()>> for NoIdentification {
    fn convert(_: AccountId) -> Option<()> {
        Some(())
    }
}

impl pallet_validator_set::Config for Runtime {
    type AdminOrigin = EitherOfDiverse<EnsureRoot<AccountId>, EnsureValidatorAdmin>;
    type MaxValidators = ConstU32<MAX_AUTHORITIES>;
    type MaxOffences = ConstU32<1_000>;
    type ReportingSessions = ConstU32<REPORT_SESSIONS>;
    type WeightInfo = crate::weights::pallet_validator_set::WeightInfo<Runtime>;
}

impl pallet_session::Config for Runtime {
    type RuntimeEvent = RuntimeEvent;
    type ValidatorId = AccountId;
    type ValidatorIdOf = ConvertInto;
    type ShouldEndSession = Babe;
    type NextSessionRotation = Babe;
    type SessionManager = pallet_session::historical::NoteHistoricalRoot<Self, ValidatorSet>;
    type SessionHandler = <SessionKeys as OpaqueKeys>::KeyTypeIdProviders;
    type Keys = SessionKeys;
    // `ValidatorSet` disables offenders, again in each session that they are still in.
    type DisablingStrategy = ();
    type WeightInfo = pallet_session::weights::SubstrateWeight<Runtime>;
    type Currency = Balances;
    type KeyDeposit = KeyDeposit;
}

impl pallet_session::historical::Config for Runtime {
    type RuntimeEvent = RuntimeEvent;
    type FullIdentification = ();
    type FullIdentificationOf = NoIdentification;
}

//! Referenda and what they decide with, the technical committee, the treasury, and the brakes.
//!
//! A referendum is decided on a track, and dispatches with the track's origin. Its approval is the share of the votes
//! cast, its support the share of all STOA: both needs start high and fall while it is decided. How long and how dear
//! it is comes from [`pallet_governance`], so from the genesis.

use crate::*;
use alloc::{borrow::Cow, vec::Vec};
use frame_support::{
    PalletId, parameter_types,
    traits::{
        AsEnsureOriginWithArg, ConstU32, Contains, EitherOf, EitherOfDiverse, Get, GetCallMetadata,
        InsideBoth, OriginTrait,
        tokens::{PayFromAccount, UnityAssetBalanceConversion},
    },
    weights::Weight,
};
use frame_system::{EnsureRoot, EnsureRootWithSuccess, EnsureSigned, EnsureWithSuccess};
use pallet_governance::{
    EnsureHubParameters, EnsureModeration, EnsureSmallSpender, EnsureTreasurer, EnsureWhitelistedCaller,
    Origin, Pace, TrackId, TrackRules,
};
use pallet_referenda::{Curve, Track, TrackInfo, TracksInfo};
use sp_runtime::{Perbill, Permill, str_array, traits::IdentityLookup};

/// `N` minutes, in blocks of this network.
pub struct Minutes<const N: u64>;
impl<const N: u64> Get<BlockNumber> for Minutes<N> {
    fn get() -> BlockNumber {
        let slot = pallet_chain_timing::SlotDuration::<Runtime>::get().max(1);
        let blocks = N.saturating_mul(60_000).checked_div(slot).unwrap_or(N);
        BlockNumber::try_from(blocks).unwrap_or(BlockNumber::MAX).max(1)
    }
}
const HOUR: u64 = 60;
const DAY: u64 = 24 * HOUR;

fn minutes<const N: u64>() -> BlockNumber {
    Minutes::<N>::get()
}

/// A track's number.
pub mod track {
    use pallet_governance::TrackId;

    /// Everything.
    pub const ROOT: TrackId = 0;
    /// Everything that the technical committee has whitelisted.
    pub const WHITELISTED_CALLER: TrackId = 1;
    /// The validators.
    pub const VALIDATOR_ADMIN: TrackId = 10;
    /// The hub's prices and limits.
    pub const HUB_PARAMETERS: TrackId = 11;
    /// Content to take down or restore.
    pub const MODERATION: TrackId = 12;
    /// Large spends.
    pub const TREASURER: TrackId = 20;
    /// Small spends.
    pub const SMALL_SPENDER: TrackId = 21;
    /// All of them, in the order of their numbers.
    pub const ALL: [TrackId; 7] =
        [ROOT, WHITELISTED_CALLER, VALIDATOR_ADMIN, HUB_PARAMETERS, MODERATION, TREASURER, SMALL_SPENDER];
}

/// What of a track is the same on every network.
struct Needs {
    id: TrackId,
    name: &'static str,
    /// The share of all STOA that must have voted aye by the end, after half of it at the beginning.
    support: Perbill,
}

const TRACKS: [Needs; 7] = [
    Needs { id: track::ROOT, name: "root", support: Perbill::from_percent(5) },
    Needs { id: track::WHITELISTED_CALLER, name: "whitelisted_caller", support: Perbill::from_percent(1) },
    Needs { id: track::VALIDATOR_ADMIN, name: "validator_admin", support: Perbill::from_percent(1) },
    Needs { id: track::HUB_PARAMETERS, name: "hub_parameters", support: Perbill::from_percent(1) },
    Needs { id: track::MODERATION, name: "moderation", support: Perbill::from_parts(5_000_000) },
    Needs { id: track::TREASURER, name: "treasurer", support: Perbill::from_percent(1) },
    Needs { id: track::SMALL_SPENDER, name: "small_spender", support: Perbill::from_parts(5_000_000) },
];

/// More than half of the votes cast, all of them at the beginning.
const APPROVAL: Curve = Curve::LinearDecreasing {
    length: Perbill::from_percent(100),
    floor: Perbill::from_percent(50),
    ceil: Perbill::from_percent(100),
};

/// The rules of each track where the genesis gives none. A late vote can be answered while a referendum confirms.
pub struct DefaultRules;
impl Get<Vec<(TrackId, TrackRules<Balance, BlockNumber>)>> for DefaultRules {
    fn get() -> Vec<(TrackId, TrackRules<Balance, BlockNumber>)> {
        let usual = TrackRules {
            max_deciding: 10,
            decision_deposit: 500 * STOA,
            prepare_period: minutes::<{ 2 * HOUR }>(),
            decision_period: minutes::<{ 14 * DAY }>(),
            confirm_period: minutes::<{ 12 * HOUR }>(),
            min_enactment_period: minutes::<HOUR>(),
        };
        let rules = |id| match id {
            track::ROOT => TrackRules {
                max_deciding: 1,
                decision_deposit: 10_000 * STOA,
                confirm_period: minutes::<DAY>(),
                min_enactment_period: minutes::<DAY>(),
                ..usual
            },
            track::WHITELISTED_CALLER => TrackRules {
                decision_deposit: 1_000 * STOA,
                prepare_period: minutes::<30>(),
                confirm_period: minutes::<{ 6 * HOUR }>(),
                min_enactment_period: minutes::<10>(),
                ..usual
            },
            track::MODERATION => TrackRules {
                max_deciding: 20,
                decision_deposit: 100 * STOA,
                prepare_period: minutes::<30>(),
                decision_period: minutes::<{ 7 * DAY }>(),
                confirm_period: minutes::<{ 6 * HOUR }>(),
                min_enactment_period: minutes::<10>(),
            },
            track::TREASURER => TrackRules {
                decision_deposit: 1_000 * STOA,
                confirm_period: minutes::<DAY>(),
                min_enactment_period: minutes::<DAY>(),
                ..usual
            },
            track::SMALL_SPENDER => TrackRules {
                max_deciding: 50,
                decision_deposit: 100 * STOA,
                min_enactment_period: minutes::<DAY>(),
                ..usual
            },
            _ => usual,
        };
        TRACKS.iter().map(|needs| (needs.id, rules(needs.id))).collect()
    }
}

/// The pace where the genesis gives none.
pub struct DefaultPace;
impl Get<Pace<Balance, BlockNumber>> for DefaultPace {
    fn get() -> Pace<Balance, BlockNumber> {
        Pace {
            submission_deposit: STOA,
            undeciding_timeout: minutes::<{ 14 * DAY }>(),
            vote_locking_period: minutes::<{ 7 * DAY }>(),
            motion_duration: minutes::<{ 5 * DAY }>(),
            spend_period: minutes::<{ 6 * DAY }>(),
            payout_period: minutes::<{ 30 * DAY }>(),
        }
    }
}

/// The rules of every track where the genesis gives none.
pub fn default_rules() -> Vec<(TrackId, TrackRules<Balance, BlockNumber>)> {
    DefaultRules::get()
}

impl pallet_governance::Config for Runtime {
    type Balance = Balance;
    type DefaultRules = DefaultRules;
    type DefaultPace = DefaultPace;
    type Parameters = super::parameters::GenesisParameters;
    type AdminOrigin = EnsureRoot<AccountId>;
    type WeightInfo = crate::weights::pallet_governance::WeightInfo<Runtime>;
}

macro_rules! paces {
    ($($name:ident: $field:ident as $kind:ty,)*) => {$(
        /// From the network's pace of governance.
        pub struct $name;
        impl Get<$kind> for $name {
            fn get() -> $kind {
                Governance::pace().$field
            }
        }
    )*};
}
paces! {
    SubmissionDeposit: submission_deposit as Balance,
    UndecidingTimeout: undeciding_timeout as BlockNumber,
    VoteLockingPeriod: vote_locking_period as BlockNumber,
    MotionDuration: motion_duration as BlockNumber,
    SpendPeriod: spend_period as BlockNumber,
    PayoutPeriod: payout_period as BlockNumber,
}

/// The tracks, as referenda see them.
pub struct Tracks;

impl Tracks {
    fn details(needs: &Needs) -> Option<TrackInfo<Balance, BlockNumber>> {
        let rules = Governance::rules(needs.id)?;
        Some(TrackInfo {
            name: str_array(needs.name),
            max_deciding: rules.max_deciding,
            decision_deposit: rules.decision_deposit,
            prepare_period: rules.prepare_period,
            decision_period: rules.decision_period,
            confirm_period: rules.confirm_period,
            min_enactment_period: rules.min_enactment_period,
            min_approval: APPROVAL,
            min_support: Curve::LinearDecreasing {
                length: Perbill::from_percent(100),
                floor: needs.support,
                ceil: Perbill::from_percent(50),
            },
        })
    }
}

impl TracksInfo<Balance, BlockNumber> for Tracks {
    type Id = TrackId;
    type RuntimeOrigin = <RuntimeOrigin as OriginTrait>::PalletsOrigin;

    fn tracks() -> impl Iterator<Item = Cow<'static, Track<Self::Id, Balance, BlockNumber>>> {
        TRACKS
            .iter()
            .filter_map(|needs| Some(Cow::Owned(Track { id: needs.id, info: Self::details(needs)? })))
    }

    fn info(id: Self::Id) -> Option<Cow<'static, TrackInfo<Balance, BlockNumber>>> {
        TRACKS.iter().find(|needs| needs.id == id).and_then(Self::details).map(Cow::Owned)
    }

    fn track_for(origin: &Self::RuntimeOrigin) -> Result<Self::Id, ()> {
        match origin {
            OriginCaller::system(frame_system::RawOrigin::Root) => Ok(track::ROOT),
            OriginCaller::Governance(origin) => Ok(match origin {
                Origin::WhitelistedCaller => track::WHITELISTED_CALLER,
                Origin::ValidatorAdmin => track::VALIDATOR_ADMIN,
                Origin::HubParameters => track::HUB_PARAMETERS,
                Origin::Moderation => track::MODERATION,
                Origin::Treasurer => track::TREASURER,
                Origin::SmallSpender => track::SMALL_SPENDER,
            }),
            _ => Err(()),
        }
    }
}

parameter_types! {
    pub const AlarmInterval: BlockNumber = 1;
    pub const MaxQueued: u32 = 100;
    pub MaxCommitteeProposalWeight: Weight = Perbill::from_percent(50) * super::MAXIMUM_BLOCK_WEIGHT;
    pub const TreasuryPalletId: PalletId = PalletId(*b"py/trsry");
    pub TreasuryAccount: AccountId = Treasury::account_id();
    pub const Burn: Permill = Permill::zero();
    pub const MostOfTreasurer: Balance = 1_000_000 * STOA;
    pub const MostOfSmallSpender: Balance = 10_000 * STOA;
    pub const MostOfRoot: Balance = Balance::MAX;
    /// How long the committee's brake holds, before a referendum must have decided.
    pub SafeModePeriod: BlockNumber = Minutes::<{ 3 * DAY }>::get();
    pub const NoDeposit: Option<Balance> = None;
    pub const NoDelay: Option<BlockNumber> = None;
    pub MaxMigrationWeight: Weight = Perbill::from_percent(80) * super::MAXIMUM_BLOCK_WEIGHT;
}

impl pallet_referenda::Config for Runtime {
    type RuntimeCall = RuntimeCall;
    type RuntimeEvent = RuntimeEvent;
    type WeightInfo = pallet_referenda::weights::SubstrateWeight<Runtime>;
    type Scheduler = Scheduler;
    type Currency = Balances;
    type SubmitOrigin = AsEnsureOriginWithArg<EnsureSigned<AccountId>>;
    type CancelOrigin = RootOrCommittee;
    type KillOrigin = EnsureRoot<AccountId>;
    type Slash = Treasury;
    type Votes = Balance;
    type Tally = pallet_conviction_voting::TallyOf<Runtime>;
    type SubmissionDeposit = SubmissionDeposit;
    type MaxQueued = MaxQueued;
    type UndecidingTimeout = UndecidingTimeout;
    type AlarmInterval = AlarmInterval;
    type Tracks = Tracks;
    type Preimages = Preimage;
    type BlockNumberProvider = System;
}

impl pallet_conviction_voting::Config for Runtime {
    type RuntimeEvent = RuntimeEvent;
    type WeightInfo = pallet_conviction_voting::weights::SubstrateWeight<Runtime>;
    type Currency = Balances;
    type Polls = Referenda;
    type MaxTurnout = frame_support::traits::TotalIssuanceOf<Balances, AccountId>;
    type MaxVotes = ConstU32<512>;
    type VoteLockingPeriod = VoteLockingPeriod;
    type BlockNumberProvider = System;
    type VotingHooks = ();
}

/// The technical committee.
pub(super) type TechnicalCollective = pallet_collective::Instance1;
/// Two thirds of the technical committee.
type TwoThirdsOfCommittee = pallet_collective::EnsureProportionAtLeast<AccountId, TechnicalCollective, 2, 3>;
/// Root, or two thirds of the technical committee.
pub(super) type RootOrCommittee = EitherOfDiverse<EnsureRoot<AccountId>, TwoThirdsOfCommittee>;
/// Root, or a referendum on large spends.
pub(super) type RootOrTreasurer = EitherOfDiverse<EnsureRoot<AccountId>, EnsureTreasurer>;
/// Root, or a referendum on moderation.
pub(super) type RootOrModeration = EitherOfDiverse<EnsureRoot<AccountId>, EnsureModeration>;
/// Root, or a referendum on the hub's parameters.
pub(super) type RootOrHubParameters = EitherOfDiverse<EnsureRoot<AccountId>, EnsureHubParameters>;

impl pallet_collective::Config<TechnicalCollective> for Runtime {
    type RuntimeOrigin = RuntimeOrigin;
    type Proposal = RuntimeCall;
    type RuntimeEvent = RuntimeEvent;
    type MotionDuration = MotionDuration;
    type MaxProposals = ConstU32<100>;
    type MaxMembers = ConstU32<100>;
    type DefaultVote = pallet_collective::MoreThanMajorityThenPrimeDefaultVote;
    type WeightInfo = pallet_collective::weights::SubstrateWeight<Runtime>;
    type SetMembersOrigin = EnsureRoot<AccountId>;
    type MaxProposalWeight = MaxCommitteeProposalWeight;
    type DisapproveOrigin = EnsureRoot<AccountId>;
    type KillOrigin = EnsureRoot<AccountId>;
    // Its members were chosen: they need no deposit to keep them modest.
    type Consideration = ();
}

impl pallet_whitelist::Config for Runtime {
    type RuntimeEvent = RuntimeEvent;
    type RuntimeCall = RuntimeCall;
    type WhitelistOrigin = RootOrCommittee;
    type DispatchWhitelistedOrigin = EitherOf<EnsureRoot<AccountId>, EnsureWhitelistedCaller>;
    type Preimages = Preimage;
    type DeferredDispatchExpiration = Minutes<{ 28 * DAY }>;
    type BlockNumberProvider = System;
    type WeightInfo = pallet_whitelist::weights::SubstrateWeight<Runtime>;
}

impl pallet_treasury::Config for Runtime {
    type Currency = Balances;
    type RejectOrigin = RootOrTreasurer;
    type RuntimeEvent = RuntimeEvent;
    type SpendPeriod = SpendPeriod;
    type Burn = Burn;
    type PalletId = TreasuryPalletId;
    type BurnDestination = ();
    type WeightInfo = pallet_treasury::weights::SubstrateWeight<Runtime>;
    type SpendFunds = ();
    type MaxApprovals = ConstU32<100>;
    type SpendOrigin = EitherOf<
        EnsureRootWithSuccess<AccountId, MostOfRoot>,
        EitherOf<
            EnsureWithSuccess<EnsureTreasurer, AccountId, MostOfTreasurer>,
            EnsureWithSuccess<EnsureSmallSpender, AccountId, MostOfSmallSpender>,
        >,
    >;
    type AssetKind = ();
    type Beneficiary = AccountId;
    type BeneficiaryLookup = IdentityLookup<AccountId>;
    type Paymaster = PayFromAccount<Balances, TreasuryAccount>;
    type BalanceConverter = UnityAssetBalanceConversion;
    type PayoutPeriod = PayoutPeriod;
    #[cfg(feature = "runtime-benchmarks")]
    type BenchmarkHelper = ();
    type BlockNumberProvider = System;
}

/// The pallets whose calls no brake may stop: the chain's upkeep, and the way out by a vote.
pub const UNSTOPPABLE: [&str; 18] = [
    "System",
    "Timestamp",
    "ValidatorSet",
    "Babe",
    "Grandpa",
    "Session",
    "Scheduler",
    "Preimage",
    "Utility",
    "Multisig",
    "Proxy",
    "Referenda",
    "ConvictionVoting",
    "TechnicalCommittee",
    "Whitelist",
    "TxPause",
    "SafeMode",
    "MultiBlockMigrations",
];

/// The call that no brake may stop although others of its pallet can be: a provider pays for a window in which it
/// couldn't prove.
const PROOF: (&str, &str) = ("StorageProofs", "submit_proof");

/// What has a deadline that costs money. The committee's brake lets it through, so that nobody is robbed by standing
/// still; a call that is itself broken can be paused by its name.
const DUTIES: [(&str, &str); 6] = [
    ("ComputeEscrow", "commit"),
    ("ComputeEscrow", "reveal"),
    ("ComputeEscrow", "poke"),
    ("Marketplace", "deliver_key"),
    ("Marketplace", "dispute"),
    ("Marketplace", "refund"),
];

/// Calls that the committee's brake doesn't stop: those of the [`UNSTOPPABLE`] pallets, proofs, and what is due.
pub struct Unstoppable;
impl Contains<RuntimeCall> for Unstoppable {
    fn contains(call: &RuntimeCall) -> bool {
        let name = call.get_call_metadata();
        let name = (name.pallet_name, name.function_name);
        UNSTOPPABLE.contains(&name.0) || name == PROOF || DUTIES.contains(&name)
    }
}

/// Calls that can't be paused by their names.
pub struct UnstoppableNames;
impl Contains<pallet_tx_pause::RuntimeCallNameOf<Runtime>> for UnstoppableNames {
    fn contains((pallet, call): &pallet_tx_pause::RuntimeCallNameOf<Runtime>) -> bool {
        let is_proof = PROOF.0.as_bytes() == pallet.as_slice() && PROOF.1.as_bytes() == call.as_slice();
        is_proof || UNSTOPPABLE.iter().any(|name| name.as_bytes() == pallet.as_slice())
    }
}

/// All but [`purge_keys`](pallet_session::Call::purge_keys): validators that purge theirs could empty the set. Whoever
/// has left it releases its keys through `ValidatorSet`.
pub struct NoPurge;
impl Contains<RuntimeCall> for NoPurge {
    fn contains(call: &RuntimeCall) -> bool {
        !matches!(call, RuntimeCall::Session(pallet_session::Call::purge_keys { .. }))
    }
}

/// Calls that no brake stops now.
pub(super) type CallFilter = InsideBoth<NoPurge, InsideBoth<SafeMode, TxPause>>;

impl pallet_tx_pause::Config for Runtime {
    type RuntimeEvent = RuntimeEvent;
    type RuntimeCall = RuntimeCall;
    type PauseOrigin = RootOrCommittee;
    type UnpauseOrigin = RootOrCommittee;
    type WhitelistedCalls = UnstoppableNames;
    type MaxNameLen = ConstU32<256>;
    type WeightInfo = pallet_tx_pause::weights::SubstrateWeight<Runtime>;
}

impl pallet_safe_mode::Config for Runtime {
    type RuntimeEvent = RuntimeEvent;
    type Currency = Balances;
    type RuntimeHoldReason = RuntimeHoldReason;
    type WhitelistedCalls = Unstoppable;
    type EnterDuration = SafeModePeriod;
    type ExtendDuration = SafeModePeriod;
    // Nobody buys a stop of the chain.
    type EnterDepositAmount = NoDeposit;
    type ExtendDepositAmount = NoDeposit;
    type ForceEnterOrigin = EnsureWithSuccess<RootOrCommittee, AccountId, SafeModePeriod>;
    type ForceExtendOrigin = EnsureWithSuccess<RootOrCommittee, AccountId, SafeModePeriod>;
    type ForceExitOrigin = RootOrCommittee;
    type ForceDepositOrigin = EnsureRoot<AccountId>;
    type Notify = ();
    type ReleaseDelay = NoDelay;
    type WeightInfo = pallet_safe_mode::weights::SubstrateWeight<Runtime>;
}

impl pallet_migrations::Config for Runtime {
    type RuntimeEvent = RuntimeEvent;
    #[cfg(not(feature = "runtime-benchmarks"))]
    type Migrations = crate::migrations::MultiBlock;
    // The benchmarks bring migrations of their own.
    #[cfg(feature = "runtime-benchmarks")]
    type Migrations = pallet_migrations::mock_helpers::MockedMigrations;
    type CursorMaxLen = ConstU32<65_536>;
    type IdentifierMaxLen = ConstU32<256>;
    type MigrationStatusHandler = ();
    // A chain that stands still can be mended; one that goes on with half a migration can't.
    type FailedMigrationHandler = frame_support::migrations::FreezeChainOnFailedMigration;
    type MaxServiceWeight = MaxMigrationWeight;
    type WeightInfo = pallet_migrations::weights::SubstrateWeight<Runtime>;
}

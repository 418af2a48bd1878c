//! What can be changed without a new runtime: by referendum, and for a new network by its genesis.

use super::governance::RootOrHubParameters;
use crate::*;
use alloc::string::String;
use frame_support::{
    dynamic_params::{dynamic_pallet_params, dynamic_params},
    traits::{EnsureOrigin, EnsureOriginWithArg},
};
use pallet_storage_proofs::params::Parameters as Proofs;
use sp_runtime::Permill;

/// Parameters with the values that hold until they are first set.
#[dynamic_params(RuntimeParameters, pallet_parameters::Parameters::<Runtime>)]
#[allow(missing_docs, reason = "the macro makes items that can't be documented")]
pub mod dynamic_params {
    use super::*;

    /// What it costs to keep a record on the chain. A deposit that was taken stays what it was.
    #[dynamic_pallet_params]
    #[codec(index = 0)]
    pub mod storage {
        use super::super::{Balance, MICRO, MILLI};

        /// Held for each record.
        #[codec(index = 0)]
        pub static RecordDeposit: Balance = 50 * MILLI;
        /// Held for each byte.
        #[codec(index = 1)]
        pub static ByteDeposit: Balance = 100 * MICRO;
    }

    /// Storage that is paid for when it is proven. What they are, and how they depend on each other, says
    /// `pallet_storage_proofs::params::Parameters`. Sound changes are taken over when the next window opens.
    #[dynamic_pallet_params]
    #[codec(index = 1)]
    pub mod proofs {
        use super::super::{Balance, BlockNumber, Permill, Proofs};

        /// Blocks in a window.
        #[codec(index = 0)]
        pub static Window: BlockNumber = Proofs::DEFAULT.window;
        /// Blocks from a window's opening to the last one that takes a proof.
        #[codec(index = 1)]
        pub static Response: BlockNumber = Proofs::DEFAULT.response;
        /// Leaves that a proof shows.
        #[codec(index = 2)]
        pub static Challenges: u32 = Proofs::DEFAULT.challenges;
        /// What a missed window costs for each frozen leaf.
        #[codec(index = 3)]
        pub static Slash: Balance = Proofs::DEFAULT.slash;
        /// Missed windows after which a provider is jailed.
        #[codec(index = 4)]
        pub static MaxMisses: u32 = Proofs::DEFAULT.max_misses;
        /// Proven windows after which the first fault is forgiven again.
        #[codec(index = 5)]
        pub static GraceAfter: u32 = Proofs::DEFAULT.grace_after;
        /// Windows in jail after which anybody may close the provider's replicas.
        #[codec(index = 6)]
        pub static JailWindows: u32 = Proofs::DEFAULT.jail_windows;
        /// Windows from a notice to the replica's end.
        #[codec(index = 7)]
        pub static Notice: u32 = Proofs::DEFAULT.notice;
        /// Stake for a GiB of capacity.
        #[codec(index = 8)]
        pub static StakePerGib: Balance = Proofs::DEFAULT.stake_per_gib;
        /// Lowest price for a GiB and window.
        #[codec(index = 9)]
        pub static MinPrice: Balance = Proofs::DEFAULT.min_price;
        /// Highest price for a GiB and window.
        #[codec(index = 10)]
        pub static MaxPrice: Balance = Proofs::DEFAULT.max_price;
        /// The part of every payment that goes to the treasury.
        #[codec(index = 11)]
        pub static Levy: Permill = Proofs::DEFAULT.levy;
        /// The part of a slash that goes to whoever reported the fault.
        #[codec(index = 12)]
        pub static ReporterShare: Permill = Proofs::DEFAULT.reporter_share;
        /// Fewest windows of an order, and proven ones before its payer may cancel a replica.
        #[codec(index = 13)]
        pub static MinTerm: u32 = Proofs::DEFAULT.min_term;
        /// Blocks within which providers may accept an order.
        #[codec(index = 14)]
        pub static AcceptWithin: BlockNumber = Proofs::DEFAULT.accept_within;
        /// Deposit for an order's record, and again for each of its replicas.
        #[codec(index = 15)]
        pub static OrderDeposit: Balance = Proofs::DEFAULT.order_deposit;
        /// Deposit for a provider's record.
        #[codec(index = 16)]
        pub static ProviderDeposit: Balance = Proofs::DEFAULT.provider_deposit;
    }

    /// Sales of content keys. A sale keeps the deadlines that it began with.
    #[dynamic_pallet_params]
    #[codec(index = 2)]
    pub mod market {
        use super::super::{Balance, BlockNumber, STOA};

        /// Blocks within which a key must be delivered.
        #[codec(index = 0)]
        pub static DeliveryPeriod: BlockNumber = 28_800;
        /// Blocks after its delivery in which a key can be disputed.
        #[codec(index = 1)]
        pub static DisputePeriod: BlockNumber = 28_800;
        /// What a false dispute costs.
        #[codec(index = 2)]
        pub static DisputeForfeit: Balance = STOA;
    }

    /// Compute jobs. A job keeps the values that it began with.
    #[dynamic_pallet_params]
    #[codec(index = 3)]
    pub mod compute {
        use super::super::{Balance, BlockNumber, MILLI, STOA};

        /// The least stake of a worker.
        #[codec(index = 0)]
        pub static MinStake: Balance = 100 * STOA;
        /// The least that a seat may cost at the fuel limit.
        #[codec(index = 1)]
        pub static MinSeatCost: Balance = 10 * MILLI;
        /// The least that an agreeing worker earns.
        #[codec(index = 2)]
        pub static BaseFee: Balance = 2 * MILLI;
        /// What moving a phase on earns.
        #[codec(index = 3)]
        pub static PokeReward: Balance = 5 * MILLI;
        /// Blocks that applications are open.
        #[codec(index = 4)]
        pub static ApplyBlocks: BlockNumber = 50;
        /// Blocks that workers have to reveal.
        #[codec(index = 5)]
        pub static RevealBlocks: BlockNumber = 50;
        /// Fewest blocks that a job may give its workers to run it.
        #[codec(index = 6)]
        pub static MinRunBlocks: BlockNumber = 20;
        /// Most of them.
        #[codec(index = 7)]
        pub static MaxRunBlocks: BlockNumber = 28_800;
        /// Blocks that those who signed a certificate stay bonded.
        #[codec(index = 8)]
        pub static BondedBlocks: BlockNumber = 201_600;
    }

    /// Votes.
    #[dynamic_pallet_params]
    #[codec(index = 4)]
    pub mod voting {
        use super::super::{Balance, STOA};

        /// The least amount of a vote that costs no fee.
        #[codec(index = 0)]
        pub static MinFreeVote: Balance = 10 * STOA;
    }
}

/// A parameter's value from a number; parts of a million where it is a part.
trait FromNumber: Sized {
    fn from_number(number: u128) -> Option<Self>;
}

impl FromNumber for u32 {
    fn from_number(number: u128) -> Option<Self> {
        number.try_into().ok()
    }
}

impl FromNumber for u128 {
    fn from_number(number: u128) -> Option<Self> {
        Some(number)
    }
}

impl FromNumber for Permill {
    fn from_number(number: u128) -> Option<Self> {
        u32::try_from(number).ok().filter(|parts| *parts <= 1_000_000).map(Self::from_parts)
    }
}

macro_rules! named_parameters {
    ($($group:ident: $module:ident { $($name:ident),* $(,)? })*) => {
        /// The names by which a genesis sets parameters.
        pub const PARAMETER_NAMES: &[&str] = &[$($(concat!(stringify!($module), ".", stringify!($name))),*),*];

        /// The parameter of a name with a value. Amounts are in plancks, parts in millionths.
        fn named(name: &str, value: u128) -> Result<RuntimeParameters, &'static str> {
            $($(
                if name == concat!(stringify!($module), ".", stringify!($name)) {
                    let value = FromNumber::from_number(value).ok_or("the value is out of range")?;
                    return Ok(RuntimeParameters::$group(dynamic_params::$module::Parameters::$name(
                        dynamic_params::$module::$name,
                        Some(value),
                    )));
                }
            )*)*
            Err("there is no such parameter")
        }
    };
}

named_parameters! {
    Storage: storage { RecordDeposit, ByteDeposit }
    Proofs: proofs {
        Window, Response, Challenges, Slash, MaxMisses, GraceAfter, JailWindows, Notice, StakePerGib, MinPrice,
        MaxPrice, Levy, ReporterShare, MinTerm, AcceptWithin, OrderDeposit, ProviderDeposit,
    }
    Market: market { DeliveryPeriod, DisputePeriod, DisputeForfeit }
    Compute: compute {
        MinStake, MinSeatCost, BaseFee, PokeReward, ApplyBlocks, RevealBlocks, MinRunBlocks, MaxRunBlocks,
        BondedBlocks,
    }
    Voting: voting { MinFreeVote }
}

/// Sets parameters at genesis.
pub struct GenesisParameters;
impl pallet_governance::InitialParameters for GenesisParameters {
    fn set(name: &str, value: u128) -> Result<(), String> {
        let parameter = named(name, value)?;
        Parameters::set_parameter(RuntimeOrigin::root(), parameter).map_err(|_| "it can't be set".into())
    }
}

/// Root and referenda on the hub's parameters set them.
pub struct ParameterAdmin;
impl EnsureOriginWithArg<RuntimeOrigin, RuntimeParametersKey> for ParameterAdmin {
    type Success = ();

    fn try_origin(origin: RuntimeOrigin, _: &RuntimeParametersKey) -> Result<(), RuntimeOrigin> {
        RootOrHubParameters::try_origin(origin).map(|_| ())
    }

    #[cfg(feature = "runtime-benchmarks")]
    fn try_successful_origin(_: &RuntimeParametersKey) -> Result<RuntimeOrigin, ()> {
        Ok(RuntimeOrigin::root())
    }
}

#[cfg(feature = "runtime-benchmarks")]
impl Default for RuntimeParameters {
    fn default() -> Self {
        RuntimeParameters::Storage(dynamic_params::storage::Parameters::ByteDeposit(
            dynamic_params::storage::ByteDeposit,
            Some(MICRO),
        ))
    }
}

impl pallet_parameters::Config for Runtime {
    type RuntimeEvent = RuntimeEvent;
    type RuntimeParameters = RuntimeParameters;
    type AdminOrigin = ParameterAdmin;
    type WeightInfo = ();
}

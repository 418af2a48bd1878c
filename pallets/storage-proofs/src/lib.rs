//! Storage that is paid for only when it is proven: providers, orders, proof sets, challenges and slashing.
//!
//! A payer places an *order*: so many *replicas* of a piece, for so many proven windows. Providers accept; the piece
//! joins their *proof set*. In every *window* a provider shows a few leaves that nobody could foresee, drawn from its
//! whole set. A proven window raises its counter, and orders pay by the counter. A missed one costs stake.
//!
//! # Randomness
//! A hash runs over the VRF outputs of all blocks. A window freezes its sets when it opens and takes the hash eight
//! blocks later; without a fresh output in each of them it is excused. VRF outputs are known to their authors an epoch
//! ahead, so it is the outputs of *others* after the freeze that can't be foreseen. The author of the eighth block keeps
//! one bit: to withhold its block. A fork has other seeds; as proofs carry theirs, one made for a fork is invalid and free.
//!
//! # The gate
//! A set changes only while nothing is owed for the current window: it is proven, its response is over and settled, or
//! nothing was due. So the tree, the counter and the frozen set are one thing, and nobody leaves a window that has
//! opened. A call that comes too early fails with [`Error::GateClosed`]; `gate_opens_at` of [`runtime_api`] says when to retry.
//!
//! # What a proof shows
//! That the provider can read the bytes in time; not that two providers keep two disks.
//!
//! # What it asks of its neighbours
//! [`traits::Pieces`]: who may order a piece. [`traits::Liveness`]: whether proofs could get into blocks. Parameters, a VRF
//! output a block, and a treasury. A runtime wants [`extension::CheckProofSubmission`] among its transaction extensions.
//!
//! # Invariants
//! What is held for orders is what their replicas may still earn. Sets, slots and replicas name each other. No hook
//! walks over providers or orders: a block opens, seeds and closes at most one window each. `try_state` checks all of it.

#![cfg_attr(not(feature = "std"), no_std)]

extern crate alloc;

pub mod extension;
pub mod liability;
pub mod odds;
pub mod params;
pub mod phases;
pub mod runtime_api;
pub mod traits;
pub mod tree;
pub mod types;
pub mod weights;

#[cfg(feature = "runtime-benchmarks")]
mod benchmarking;
mod clock;
#[cfg(test)]
mod mock;
mod orders;
mod proofs;
mod providers;
mod queries;
mod replicas;
#[cfg(any(test, feature = "runtime-benchmarks"))]
mod sparse;
#[cfg(test)]
mod tests;
#[cfg(any(test, feature = "try-runtime"))]
mod try_state;

pub use pallet::*;
pub use proofs::drawn_leaf;
pub use weights::WeightInfo;

use polkadot_sdk::{
    frame_support::{self, traits::fungible::Credit},
    frame_system::{self, pallet_prelude::BlockNumberFor},
};

/// An order as this runtime stores it.
pub type OrderOf<T> = types::Order<<T as frame_system::Config>::AccountId>;
/// Money on its way to the treasury.
pub type CreditOf<T> = Credit<<T as frame_system::Config>::AccountId, <T as Config>::Currency>;

#[frame_support::pallet]
pub mod pallet {
    use super::*;
    use crate::{
        params::{MIN_RESPONSE, ParameterFault, Parameters},
        phases::{Clock, PastSeed, Phase},
        tree::Node,
        types::*,
    };
    use polkadot_sdk::{
        frame_support::{
            dispatch::DispatchResultWithPostInfo,
            pallet_prelude::*,
            traits::{
                OnUnbalanced,
                fungible::{BalancedHold, Mutate, MutateHold},
            },
        },
        frame_system::pallet_prelude::*,
        sp_runtime::traits::UniqueSaturatedInto,
    };
    use stoa_primitives::{Piece, PieceRoot};

    const STORAGE_VERSION: StorageVersion = StorageVersion::new(1);

    #[pallet::pallet]
    #[pallet::storage_version(STORAGE_VERSION)]
    pub struct Pallet<T>(_);

    /// What the pallet needs of its runtime.
    #[pallet::config]
    pub trait Config: polkadot_sdk::frame_system::Config {
        /// The runtime's hold reasons.
        type RuntimeHoldReason: From<HoldReason>;
        /// What is paid, held and slashed.
        type Currency: Mutate<Self::AccountId, Balance = Balance>
            + MutateHold<Self::AccountId, Reason = <Self as Config>::RuntimeHoldReason>
            + BalancedHold<Self::AccountId>;
        /// What governance wants; taken over when a window opens, if it is sound.
        type Parameters: Get<Parameters>;
        /// For how many blocks a seed stays known to other pallets; see [`Pallet::seed_after`].
        type SeedMemory: Get<BlockNo>;
        /// The VRF output of the block before, in `on_initialize`. One that doesn't change counts as none.
        type Vrf: Get<Option<Seed>>;
        /// Whether proofs could get into blocks.
        type Liveness: traits::Liveness;
        /// Who may order a piece.
        type Pieces: traits::Pieces<Self::AccountId>;
        /// Where slashes and the levy on payments go.
        type Treasury: OnUnbalanced<CreditOf<Self>>;
        /// What the calls weigh.
        type WeightInfo: WeightInfo;
    }

    /// Why a balance is held.
    #[pallet::composite_enum]
    pub enum HoldReason {
        /// To pay an order's providers.
        #[codec(index = 0)]
        Order,
        /// For an order's record.
        #[codec(index = 1)]
        OrderDeposit,
        /// To answer for missed windows.
        #[codec(index = 2)]
        Stake,
        /// For a provider's record.
        #[codec(index = 3)]
        ProviderDeposit,
    }

    /// Randomness, full blocks, and the cursors that work the phases.
    #[pallet::storage]
    pub type ClockState<T: Config> = StorageValue<_, Clock, ValueQuery>;

    /// The parameters in force, once a window has taken them.
    #[pallet::storage]
    pub type Adopted<T: Config> = StorageValue<_, Parameters>;

    /// Fewest blocks in which a window's proof may be submitted. The genesis gives it, and nothing changes it.
    #[pallet::storage]
    pub type MinResponse<T: Config> = StorageValue<_, BlockNo, ValueQuery, ConstU32<MIN_RESPONSE>>;

    /// The randomness that a block began with, of the last [`Config::SeedMemory`] blocks.
    // Hasher: the chain gives the numbers, so nobody chooses them.
    #[pallet::storage]
    pub type PastSeeds<T: Config> = StorageMap<_, Identity, BlockNo, PastSeed>;

    /// The phases.
    // Hasher: there are 64 of them.
    #[pallet::storage]
    pub type Phases<T: Config> = StorageMap<_, Identity, u8, Phase, ValueQuery>;

    /// Every provider.
    #[pallet::storage]
    pub type Providers<T: Config> = StorageMap<_, Blake2_128Concat, T::AccountId, Provider>;

    /// How providers are reached.
    #[pallet::storage]
    pub type Contacts<T: Config> = StorageMap<_, Blake2_128Concat, T::AccountId, Contact>;

    /// Accounts that deregistered after their grace was spent.
    #[pallet::storage]
    pub type GraceSpent<T: Config> = StorageMap<_, Blake2_128Concat, T::AccountId, ()>;

    /// The pieces of a provider's proof set, by slot.
    #[pallet::storage]
    pub type ProofSlots<T: Config> =
        StorageDoubleMap<_, Blake2_128Concat, T::AccountId, Blake2_128Concat, SlotIndex, Slot>;

    /// The sums over a provider's slots, by level and index.
    #[pallet::storage]
    pub type TreeNodes<T: Config> =
        StorageDoubleMap<_, Blake2_128Concat, T::AccountId, Blake2_128Concat, (u8, u32), Node, ValueQuery>;

    /// Every order.
    #[pallet::storage]
    pub type Orders<T: Config> = StorageMap<_, Blake2_128Concat, OrderId, OrderOf<T>>;

    /// The number of the next order; none is used twice.
    #[pallet::storage]
    pub type NextOrderId<T: Config> = StorageValue<_, u64, ValueQuery>;

    /// The orders that have replicas to accept, oldest first.
    // Hasher: the chain gives the numbers, so nobody chooses them, and big-endian ones list in order.
    #[pallet::storage]
    pub type OpenOrders<T: Config> = StorageMap<_, Identity, [u8; 8], ()>;

    /// The orders for a piece, oldest first.
    // Hasher: the chain gives the numbers, so nobody chooses them, and big-endian ones list in order.
    #[pallet::storage]
    pub type PieceOrders<T: Config> = StorageDoubleMap<_, Blake2_128Concat, PieceRoot, Identity, [u8; 8], ()>;

    /// The replicas of an order, by provider: an account has at most one.
    #[pallet::storage]
    pub type Replicas<T: Config> =
        StorageDoubleMap<_, Blake2_128Concat, OrderId, Blake2_128Concat, T::AccountId, Replica>;

    /// What happened.
    #[pallet::event]
    #[pallet::generate_deposit(pub(crate) fn deposit_event)]
    pub enum Event<T: Config> {
        /// A provider was registered.
        #[codec(index = 0)]
        ProviderRegistered {
            /// Its account.
            provider: T::AccountId,
            /// Price for a leaf and window.
            price: Balance,
            /// Most leaves that it stores.
            capacity: Leaves,
        },
        /// A provider changed its contact, price or capacity.
        #[codec(index = 1)]
        ProviderUpdated {
            /// Its account.
            provider: T::AccountId,
        },
        /// A provider added stake or took some out.
        #[codec(index = 2)]
        StakeChanged {
            /// Its account.
            provider: T::AccountId,
            /// What is held now.
            stake: Balance,
        },
        /// A provider left.
        #[codec(index = 3)]
        ProviderDeregistered {
            /// Its account.
            provider: T::AccountId,
        },
        /// A provider left jail, for a window on probation if it stores anything.
        #[codec(index = 4)]
        Unjailed {
            /// Its account.
            provider: T::AccountId,
        },
        /// An order was placed.
        #[codec(index = 5)]
        OrderPlaced {
            /// Its number.
            order: OrderId,
            /// Who pays.
            payer: T::AccountId,
            /// What is kept.
            piece: Piece,
            /// By how many providers.
            replicas: u32,
            /// For how many proven windows.
            windows: WindowIndex,
            /// Highest price for a leaf and window.
            max_price: Balance,
        },
        /// An order takes no more providers.
        #[codec(index = 6)]
        OrderClosed {
            /// Its number.
            order: OrderId,
            /// What its payer got back.
            refunded: Balance,
        },
        /// An order is gone, and its deposit returned.
        #[codec(index = 7)]
        OrderRemoved {
            /// Its number.
            order: OrderId,
        },
        /// A provider accepted an order.
        #[codec(index = 8)]
        Accepted {
            /// The order.
            order: OrderId,
            /// The provider.
            provider: T::AccountId,
            /// Price for a leaf and window.
            price: Balance,
            /// The first window that it is challenged and paid in.
            counts_from: WindowIndex,
        },
        /// A provider gave notice.
        #[codec(index = 9)]
        NoticeGiven {
            /// The order.
            order: OrderId,
            /// The provider.
            provider: T::AccountId,
            /// The window from which it may leave.
            leaves_at: WindowIndex,
        },
        /// A replica ended.
        #[codec(index = 10)]
        ReplicaEnded {
            /// The order.
            order: OrderId,
            /// The provider.
            provider: T::AccountId,
            /// Why.
            reason: EndReason,
            /// What the payer got back.
            refunded: Balance,
        },
        /// A replica was paid for.
        #[codec(index = 11)]
        Paid {
            /// The order.
            order: OrderId,
            /// The provider.
            provider: T::AccountId,
            /// For how many windows.
            windows: WindowIndex,
            /// What the provider got.
            amount: Balance,
            /// What the treasury got.
            levy: Balance,
        },
        /// A provider proved its window.
        #[codec(index = 12)]
        Proven {
            /// The provider.
            provider: T::AccountId,
            /// The window.
            window: WindowIndex,
            /// Its orders pay for it; not on probation.
            paid: bool,
        },
        /// Missed windows came to light, or a stake too low for too long.
        #[codec(index = 13)]
        Faulted {
            /// The provider.
            provider: T::AccountId,
            /// How many windows, a forgiven one included.
            missed: u32,
            /// What they cost.
            fine: Balance,
            /// The provider is in jail.
            jailed: bool,
        },
        /// Stake was taken.
        #[codec(index = 14)]
        Slashed {
            /// The provider.
            provider: T::AccountId,
            /// How much.
            amount: Balance,
            /// Who reported it and was paid for that.
            reporter: Option<T::AccountId>,
            /// The reporter's share.
            reward: Balance,
        },
        /// A window opened and froze its sets.
        #[codec(index = 15)]
        WindowOpened {
            /// The phase.
            phase: u8,
            /// The window.
            window: WindowIndex,
        },
        /// A window's seed is known: proofs are taken.
        #[codec(index = 16)]
        WindowSeeded {
            /// The phase.
            phase: u8,
            /// The window.
            window: WindowIndex,
            /// The last block that takes proofs.
            closes_at: BlockNo,
        },
        /// A window is excused: there was no randomness, or proofs couldn't get in.
        #[codec(index = 17)]
        WindowExcused {
            /// The phase.
            phase: u8,
            /// The window.
            window: WindowIndex,
        },
        /// Parameters apply from this window on.
        #[codec(index = 18)]
        ParametersAdopted {
            /// The parameters.
            parameters: Parameters,
        },
        /// The parameters that were set break a relation; those in force stay so.
        #[codec(index = 19)]
        ParametersRefused {
            /// Which relation.
            fault: ParameterFault,
        },
    }

    /// Why a call was refused, and what to do.
    #[pallet::error]
    pub enum Error<T> {
        /// No such provider. Register it.
        #[codec(index = 0)]
        ProviderNotFound,
        /// The account is a provider already. Update it.
        #[codec(index = 1)]
        AlreadyRegistered,
        /// The peer id is empty. Give the node's.
        #[codec(index = 2)]
        NoPeerId,
        /// No such order; it may have ended.
        #[codec(index = 3)]
        OrderNotFound,
        /// The provider has no replica of that order; it may have ended.
        #[codec(index = 4)]
        ReplicaNotFound,
        /// Somebody else pays for the order. Sign with the payer's account.
        #[codec(index = 5)]
        NotPayer,
        /// The set is frozen until its window is proven or closed. Retry at the block that `gate_opens_at` tells.
        #[codec(index = 6)]
        GateClosed,
        /// The provider is in jail or on probation. Top up the stake, call `unjail` and prove a window.
        #[codec(index = 7)]
        Jailed,
        /// The provider isn't in jail.
        #[codec(index = 8)]
        NotJailed,
        /// The provider stores pieces. Drop them first.
        #[codec(index = 9)]
        SetNotEmpty,
        /// The provider's set has no free slot.
        #[codec(index = 10)]
        SetFull,
        /// The piece has no bytes.
        #[codec(index = 11)]
        EmptyPiece,
        /// An order has 1 to 32 replicas.
        #[codec(index = 12)]
        ReplicaCount,
        /// The order has too few windows. Ask for at least the minimum term.
        #[codec(index = 13)]
        TermTooShort,
        /// The price is below the governed minimum.
        #[codec(index = 14)]
        PriceTooLow,
        /// The price is above the order's or the governed maximum.
        #[codec(index = 15)]
        PriceTooHigh,
        /// The order names fewer providers than it wants replicas. Name more, or none.
        #[codec(index = 16)]
        TooFewNamed,
        /// The order is for other providers.
        #[codec(index = 17)]
        NotNamed,
        /// The order expired.
        #[codec(index = 18)]
        Expired,
        /// Providers may still accept the order. Its payer may cancel it.
        #[codec(index = 19)]
        NotExpired,
        /// The order has no replica that nobody took.
        #[codec(index = 20)]
        NoOpenReplica,
        /// The provider has a replica of this order.
        #[codec(index = 21)]
        AlreadyAccepted,
        /// The capacity is below what is stored, or a leaf. Raise it with `update_provider`.
        #[codec(index = 22)]
        CapacityTooLow,
        /// The stake doesn't cover it. Add some with `add_stake`.
        #[codec(index = 23)]
        StakeTooLow,
        /// Only an admin of the piece's asset may order it, and has to name providers.
        #[codec(index = 24)]
        Restricted,
        /// The piece was taken down.
        #[codec(index = 25)]
        Denied,
        /// The piece isn't taken down.
        #[codec(index = 26)]
        NotDenied,
        /// The provider gave notice before. Close the replica when it is over.
        #[codec(index = 27)]
        NoticeGiven,
        /// The replica isn't over, or not for the caller.
        #[codec(index = 28)]
        NotOver,
        /// The provider hasn't earned the minimum term yet.
        #[codec(index = 29)]
        TermNotServed,
        /// None of the replicas has a payment due.
        #[codec(index = 30)]
        NothingDue,
        /// The provider has no fault that isn't known.
        #[codec(index = 31)]
        NothingToReport,
        /// The proof is for another window than the current one.
        #[codec(index = 32)]
        WrongWindow,
        /// The window's seed isn't known yet. Wait until eight blocks after its opening are final.
        #[codec(index = 33)]
        SeedNotKnown,
        /// The window takes no proofs any more, or is excused.
        #[codec(index = 34)]
        WindowClosed,
        /// Nothing is owed for this window: it is proven, or the set counts from the next one on.
        #[codec(index = 35)]
        AlreadyProven,
        /// The proof answers another seed, perhaps that of a fork. Read the challenges again.
        #[codec(index = 36)]
        WrongSeed,
        /// The proof has more or fewer leaves than there are challenges.
        #[codec(index = 37)]
        WrongCount,
        /// A leaf isn't as long as its piece's size says.
        #[codec(index = 38)]
        LeafLength,
        /// A path isn't as long as its piece's size says.
        #[codec(index = 39)]
        PathLength,
        /// A leaf and its path don't hash to the piece's root.
        #[codec(index = 40)]
        LeafMismatch,
        /// An amount or a counter is beyond what can be kept.
        #[codec(index = 41)]
        Overflow,
    }

    /// How much time a network gives its providers.
    #[pallet::genesis_config]
    #[derive(frame_support::DefaultNoBound)]
    pub struct GenesisConfig<T: Config> {
        /// Fewest blocks in which a window's proof may be submitted; 50 where none is given. Fewer are for tests, where
        /// nothing is at stake.
        pub min_response: Option<BlockNo>,
        #[serde(skip)]
        #[doc(hidden)]
        pub _config: core::marker::PhantomData<T>,
    }

    #[pallet::genesis_build]
    impl<T: Config> BuildGenesisConfig for GenesisConfig<T> {
        fn build(&self) {
            if let Some(blocks) = self.min_response {
                assert!(blocks > 0, "storageProofs.minResponse must be at least 1");
                MinResponse::<T>::put(blocks);
            }
            if let Err(fault) = T::Parameters::get().check(MinResponse::<T>::get()) {
                panic!("storageProofs: the network's parameters break a relation: {fault:?}");
            }
        }
    }

    #[pallet::hooks]
    impl<T: Config> Hooks<BlockNumberFor<T>> for Pallet<T> {
        fn on_initialize(now: BlockNumberFor<T>) -> Weight {
            Self::begin_block(now.unique_saturated_into())
        }

        fn on_finalize(_: BlockNumberFor<T>) {
            Self::end_block();
        }

        fn integrity_test() {
            Self::check_constants();
        }

        #[cfg(feature = "try-runtime")]
        fn try_state(_: BlockNumberFor<T>) -> Result<(), polkadot_sdk::sp_runtime::TryRuntimeError> {
            Self::do_try_state()
        }
    }

    #[pallet::call]
    impl<T: Config> Pallet<T> {
        /// Registers the caller as a provider, who stakes for its whole capacity.
        ///
        /// `price`: plancks for a GiB and window. `capacity`: bytes.
        ///
        /// Errors: `AlreadyRegistered`, `NoPeerId`, `PriceTooLow`, `PriceTooHigh`, `CapacityTooLow`.
        #[pallet::call_index(0)]
        #[pallet::weight(T::WeightInfo::register_provider())]
        pub fn register_provider(
            origin: OriginFor<T>,
            contact: Contact,
            price: Balance,
            capacity: u64,
        ) -> DispatchResult {
            Self::do_register_provider(ensure_signed(origin)?, contact, price, capacity)
        }

        /// Changes what is given. A higher price applies from the caller's next window on; more capacity needs its stake.
        ///
        /// Errors: `ProviderNotFound`, `NoPeerId`, `PriceTooLow`, `PriceTooHigh`, `CapacityTooLow`, `StakeTooLow`.
        #[pallet::call_index(1)]
        #[pallet::weight(T::WeightInfo::update_provider())]
        pub fn update_provider(
            origin: OriginFor<T>,
            contact: Option<Contact>,
            price: Option<Balance>,
            capacity: Option<u64>,
        ) -> DispatchResult {
            Self::do_update_provider(ensure_signed(origin)?, contact, price, capacity)
        }

        /// Adds to the caller's stake.
        ///
        /// Errors: `ProviderNotFound`.
        #[pallet::call_index(2)]
        #[pallet::weight(T::WeightInfo::add_stake())]
        pub fn add_stake(origin: OriginFor<T>, amount: Balance) -> DispatchResult {
            Self::do_add_stake(ensure_signed(origin)?, amount)
        }

        /// Takes out stake that the caller's capacity doesn't require.
        ///
        /// Errors: `ProviderNotFound`, `Jailed`, `GateClosed`, `StakeTooLow`.
        #[pallet::call_index(3)]
        #[pallet::weight(T::WeightInfo::withdraw_stake())]
        pub fn withdraw_stake(origin: OriginFor<T>, amount: Balance) -> DispatchResult {
            Self::do_withdraw_stake(ensure_signed(origin)?, amount)
        }

        /// Ends the caller's registration and returns stake and deposit. The set must be empty.
        ///
        /// Errors: `ProviderNotFound`, `SetNotEmpty`.
        #[pallet::call_index(4)]
        #[pallet::weight(T::WeightInfo::deregister())]
        pub fn deregister(origin: OriginFor<T>) -> DispatchResult {
            Self::do_deregister(ensure_signed(origin)?)
        }

        /// Takes the caller out of jail: the next window is on probation and unpaid, those after it count again. The
        /// stake must cover the set.
        ///
        /// Errors: `ProviderNotFound`, `NotJailed`, `StakeTooLow`.
        #[pallet::call_index(5)]
        #[pallet::weight(T::WeightInfo::unjail())]
        pub fn unjail(origin: OriginFor<T>) -> DispatchResult {
            Self::do_unjail(ensure_signed(origin)?)
        }

        /// Asks providers to keep a piece. What it may cost at most is held on the caller, with a deposit.
        ///
        /// `windows`: proven windows that each replica is paid for. `max_price`: plancks for a GiB and window.
        /// `named`: who may accept, anybody if empty. `hints`: peers that may have the piece.
        ///
        /// Errors: `EmptyPiece`, `ReplicaCount`, `TermTooShort`, `PriceTooLow`, `PriceTooHigh`, `TooFewNamed`,
        /// `Restricted`, `Denied`, `Overflow`.
        #[pallet::call_index(6)]
        #[pallet::weight(T::WeightInfo::place_order())]
        pub fn place_order(
            origin: OriginFor<T>,
            piece: Piece,
            replicas: u32,
            windows: WindowIndex,
            max_price: Balance,
            named: Named<T::AccountId>,
            hints: Hints,
        ) -> DispatchResult {
            let payer = ensure_signed(origin)?;
            Self::do_place_order(payer, piece, replicas, windows, max_price, named, hints)
        }

        /// Gives the caller back what is held for replicas that nobody took; those that were taken stay.
        ///
        /// Errors: `OrderNotFound`, `NotPayer`, `NoOpenReplica`.
        #[pallet::call_index(7)]
        #[pallet::weight(T::WeightInfo::cancel_order())]
        pub fn cancel_order(origin: OriginFor<T>, order: OrderId) -> DispatchResult {
            Self::do_cancel_order(ensure_signed(origin)?, order)
        }

        /// Does the same for an order whose time to be accepted is over. Anybody may.
        ///
        /// Errors: `OrderNotFound`, `NotExpired`, `NoOpenReplica`.
        #[pallet::call_index(8)]
        #[pallet::weight(T::WeightInfo::expire_order())]
        pub fn expire_order(origin: OriginFor<T>, order: OrderId) -> DispatchResult {
            ensure_signed(origin)?;
            Self::do_expire_order(order)
        }

        /// Takes a replica of an order at the caller's price. Fetch and check the piece first: it is challenged from the
        /// next window on.
        ///
        /// Errors: `OrderNotFound`, `ProviderNotFound`, `NoOpenReplica`, `Expired`, `NotNamed`, `AlreadyAccepted`,
        /// `Restricted`, `Denied`, `Jailed`, `GateClosed`, `PriceTooLow`, `PriceTooHigh`, `CapacityTooLow`, `StakeTooLow`,
        /// `SetFull`.
        #[pallet::call_index(9)]
        #[pallet::weight(T::WeightInfo::accept())]
        pub fn accept(origin: OriginFor<T>, order: OrderId) -> DispatchResult {
            Self::do_accept(ensure_signed(origin)?, order)
        }

        /// Gives notice for the caller's replica. It is challenged and paid until the notice is over; then close it.
        ///
        /// Errors: `OrderNotFound`, `ReplicaNotFound`, `Jailed`, `GateClosed`, `NoticeGiven`.
        #[pallet::call_index(10)]
        #[pallet::weight(T::WeightInfo::drop_piece())]
        pub fn drop_piece(origin: OriginFor<T>, order: OrderId) -> DispatchResult {
            Self::do_drop_piece(ensure_signed(origin)?, order)
        }

        /// Ends the caller's replica at once, for the slash of all windows of the notice that are left.
        ///
        /// Errors: `OrderNotFound`, `ReplicaNotFound`, `Jailed`, `GateClosed`, `StakeTooLow`.
        #[pallet::call_index(11)]
        #[pallet::weight(T::WeightInfo::drop_now())]
        pub fn drop_now(origin: OriginFor<T>, order: OrderId) -> DispatchResult {
            Self::do_drop_now(ensure_signed(origin)?, order)
        }

        /// Ends a replica that the caller pays for, once its provider has earned the minimum term.
        ///
        /// Errors: `OrderNotFound`, `ReplicaNotFound`, `GateClosed`, `NotPayer`, `TermNotServed`.
        #[pallet::call_index(12)]
        #[pallet::weight(T::WeightInfo::cancel_replica())]
        pub fn cancel_replica(
            origin: OriginFor<T>,
            order: OrderId,
            provider: T::AccountId,
        ) -> DispatchResult {
            Self::do_cancel_replica(ensure_signed(origin)?, order, provider)
        }

        /// Ends a replica whose windows are paid; anybody may. Its two sides may after a notice, and after twice its windows.
        ///
        /// Errors: `OrderNotFound`, `ReplicaNotFound`, `GateClosed`, `NotOver`.
        #[pallet::call_index(13)]
        #[pallet::weight(T::WeightInfo::close_replica())]
        pub fn close_replica(origin: OriginFor<T>, order: OrderId, provider: T::AccountId) -> DispatchResult {
            Self::do_close_replica(ensure_signed(origin)?, order, provider)
        }

        /// Ends a replica of a provider in jail; its payer may at once, anybody after some windows.
        ///
        /// Errors: `OrderNotFound`, `ReplicaNotFound`, `GateClosed`, `NotJailed`, `NotOver`.
        #[pallet::call_index(14)]
        #[pallet::weight(T::WeightInfo::close_jailed())]
        pub fn close_jailed(origin: OriginFor<T>, order: OrderId, provider: T::AccountId) -> DispatchResult {
            Self::do_close_jailed(ensure_signed(origin)?, order, provider)
        }

        /// Ends a provider's replica of a piece that was taken down, or without a provider the open ones. Anybody may.
        ///
        /// Errors: `OrderNotFound`, `NotDenied`, `ReplicaNotFound`, `GateClosed`, `NoOpenReplica`.
        #[pallet::call_index(15)]
        #[pallet::weight(T::WeightInfo::remove_denied())]
        pub fn remove_denied(
            origin: OriginFor<T>,
            order: OrderId,
            provider: Option<T::AccountId>,
        ) -> DispatchResult {
            ensure_signed(origin)?;
            Self::do_remove_denied(order, provider)
        }

        /// Pays replicas for the windows that were proven. Anybody may; those that have ended are passed over.
        ///
        /// Errors: `NothingDue`.
        #[pallet::call_index(16)]
        #[pallet::weight(T::WeightInfo::settle(due.len().unique_saturated_into()))]
        pub fn settle(origin: OriginFor<T>, due: DueList<T::AccountId>) -> DispatchResult {
            ensure_signed(origin)?;
            Self::do_settle(due)
        }

        /// Shows the leaves that the caller's window asks for, in the order of the challenges. Free when it verifies.
        ///
        /// Errors: `ProviderNotFound`, `Jailed`, `WrongWindow`, `SeedNotKnown`, `WindowClosed`, `AlreadyProven`, `WrongSeed`,
        /// `WrongCount`, `LeafLength`, `PathLength`, `LeafMismatch`.
        #[pallet::call_index(17)]
        #[pallet::weight((
            Pallet::<T>::proof_weight(Pallet::<T>::siblings(leaves)),
            DispatchClass::Operational,
        ))]
        pub fn submit_proof(
            origin: OriginFor<T>,
            window: WindowIndex,
            seed: Seed,
            leaves: LeafProofs,
        ) -> DispatchResultWithPostInfo {
            Self::do_submit_proof(ensure_signed(origin)?, window, seed, leaves)
        }

        /// Has a provider's missed windows counted, for a share of what they cost it.
        ///
        /// Errors: `ProviderNotFound`, `NothingToReport`.
        #[pallet::call_index(18)]
        #[pallet::weight(T::WeightInfo::report_fault())]
        pub fn report_fault(origin: OriginFor<T>, provider: T::AccountId) -> DispatchResult {
            Self::do_report_fault(ensure_signed(origin)?, provider)
        }
    }
}

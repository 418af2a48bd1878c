//! Compute jobs whose results anybody can check: workers, assignment, commit and reveal, settlement and certificates.
//!
//! A requester holds a job's whole cost. Workers pledge stake when they apply; a draw seats them, they commit, they
//! reveal, and enough equal results settle it: those who agree are paid by fuel used, the others lose their bonds.
//!
//! # A job's course
//! apply → draw → commit → reveal → settled, or once more with n + 1 further seats, or failed. Each phase has a last
//! block. No hook walks over jobs: [`Pallet::poke`] moves one on, and whoever calls it is paid from the payer's hold.
//! - Settled: q of n equal results, or n + 1 of all 2n + 1 after the wider round (a majority of the seats when a named
//!   list has too few for that). Owners of the program and the inputs take their share of the price.
//! - Failed: who revealed gets a fixed quarter of a seat's cost, the rest goes back, only no-shows are slashed.
//! - Never drawn (too few applied twice, no seed, no consent): all goes back.
//!
//! # The draw
//! A pledge is a worker's weight. It stays locked until the draw, so it is stake that nothing else can use at close, and
//! nobody can change a weight once the seed is known. There are at least two applicants for each seat, or one for each
//! of a named list's.
//!
//! # Commitments
//! [`types::commitment`] is what workers hash; it names the worker, so that a copy can't be revealed.
//!
//! # Certificates
//! Kept for ever, in bounded space that the requester pays for. Each signer's bond, (2n + 1) × limit × price, stays
//! locked for L blocks: one of them pays a whole re-run. [`Pallet::challenge`] re-runs it on 2n + 1 others; two thirds
//! on one other result overturn it. "n distinct accounts" signed; nothing says that they are independent.
//!
//! # Money
//! Stakes and jobs are held on their owners. Forfeits go to the [pot](Pallet::pot_account), never to a requester; a
//! challenger earns half of what the fallen signers forfeit, less the re-run's pay, so nobody gains by convicting itself.
//! The runtime endows the pot's account with the existential deposit.
//!
//! # Invariants
//! Held balances equal the records, a worker's locked stake equals its engagements, a job's hold is exactly what it may
//! still pay, the pot's account has what the pot counts. `try_state` checks all of it.

#![cfg_attr(not(feature = "std"), no_std)]

extern crate alloc;

pub mod draw;
pub mod runtime_api;
pub mod traits;
pub mod types;
pub mod weights;

#[cfg(feature = "runtime-benchmarks")]
mod benchmarking;
mod certificates;
#[cfg(test)]
mod mock;
mod money;
mod queries;
mod rounds;
mod settle;
mod submit;
#[cfg(test)]
mod tests;
#[cfg(any(test, feature = "try-runtime"))]
mod try_state;
mod workers;

pub use pallet::*;
pub use weights::WeightInfo;

use polkadot_sdk::{
    frame_support,
    frame_support::traits::fungible::Inspect,
    frame_system::{self, pallet_prelude::BlockNumberFor},
};

/// What jobs are paid in.
pub type BalanceOf<T> = <<T as Config>::Currency as Inspect<<T as frame_system::Config>::AccountId>>::Balance;
type AccountOf<T> = <T as frame_system::Config>::AccountId;
/// A worker as this runtime stores it.
pub type WorkerOf<T> = types::Worker<BalanceOf<T>>;
/// A job as this runtime stores it.
pub type JobOf<T> = types::Job<AccountOf<T>, BalanceOf<T>, BlockNumberFor<T>>;
/// The seats of a job as this runtime stores them.
pub type SeatsOf<T> = types::Seats<AccountOf<T>>;
/// The applicants of a round as this runtime stores them.
pub type CandidatesOf<T> = types::Candidates<AccountOf<T>, BalanceOf<T>>;
/// A certificate as this runtime stores it.
pub type CertificateOf<T> = types::Certificate<AccountOf<T>, BalanceOf<T>, BlockNumberFor<T>>;
/// A job as clients of this runtime read it.
pub type JobInfoOf<T> = types::JobInfo<AccountOf<T>, BalanceOf<T>, BlockNumberFor<T>>;
/// A certificate as clients of this runtime read it.
pub type CertificateInfoOf<T> = types::CertificateInfo<AccountOf<T>, BalanceOf<T>, BlockNumberFor<T>>;
/// What a requester asks this runtime for.
pub type JobRequestOf<T> = types::JobRequest<AccountOf<T>, BalanceOf<T>, BlockNumberFor<T>>;
/// The parameters of this runtime.
pub type ParametersOf<T> = types::Parameters<BalanceOf<T>, BlockNumberFor<T>>;

#[frame_support::pallet]
pub mod pallet {
    use super::*;
    use crate::types::*;
    use alloc::boxed::Box;
    use polkadot_sdk::{
        frame_support::{
            PalletId,
            pallet_prelude::*,
            traits::{
                Footprint,
                fungible::{Mutate, MutateHold},
            },
        },
        frame_system::pallet_prelude::*,
        sp_runtime::{Permill, traits::Convert},
    };
    use stoa_primitives::{ContentId, registry::AssetId};

    const STORAGE_VERSION: StorageVersion = StorageVersion::new(1);

    #[pallet::pallet]
    #[pallet::storage_version(STORAGE_VERSION)]
    pub struct Pallet<T>(_);

    /// What the escrow needs of its runtime.
    #[pallet::config]
    pub trait Config: polkadot_sdk::frame_system::Config {
        /// The runtime's hold reasons.
        type RuntimeHoldReason: From<HoldReason>;
        /// What stakes, jobs and deposits are held in.
        type Currency: Mutate<Self::AccountId>
            + MutateHold<Self::AccountId, Reason = <Self as Config>::RuntimeHoldReason>;
        /// The price of rows and bytes.
        type DepositPrice: Convert<Footprint, BalanceOf<Self>> + 'static;
        /// Assets and revisions.
        type Registry: traits::Registry<Self::AccountId>;
        /// Per-job licences of gated assets.
        type Licences: traits::Licences<Self::AccountId, BalanceOf<Self>>;
        /// The vaults of assets.
        type Royalties: traits::Royalties<Self::AccountId, BalanceOf<Self>>;
        /// Randomness for draws.
        type Seeds: traits::Seeds<BlockNumberFor<Self>>;
        /// What governance decides.
        type Parameters: Get<ParametersOf<Self>>;
        /// Names the pot's account.
        #[pallet::constant]
        type PalletId: Get<PalletId>;
        /// Who may spend what has gathered in the pot.
        type PotOrigin: EnsureOrigin<Self::RuntimeOrigin>;
        /// What the calls weigh.
        type WeightInfo: WeightInfo;
        /// Assets and seeds to measure with.
        #[cfg(feature = "runtime-benchmarks")]
        type BenchmarkHelper: traits::BenchmarkHelper<Self::AccountId, BlockNumberFor<Self>>;
    }

    /// Why a balance is held.
    #[pallet::composite_enum]
    pub enum HoldReason {
        /// A worker's stake.
        #[codec(index = 0)]
        Stake,
        /// The cost of a job or a challenge.
        #[codec(index = 1)]
        Job,
        /// The deposit for an asset's royalty terms.
        #[codec(index = 2)]
        Royalty,
    }

    /// Every worker.
    #[pallet::storage]
    pub type Workers<T: Config> = StorageMap<_, Blake2_128Concat, T::AccountId, WorkerOf<T>>;

    /// What each worker's locked stake is for.
    #[pallet::storage]
    pub type Engagements<T: Config> = StorageDoubleMap<
        _,
        Blake2_128Concat,
        T::AccountId,
        Blake2_128Concat,
        JobId,
        Engagement<BalanceOf<T>>,
    >;

    /// The number of the next job; none is used twice.
    #[pallet::storage]
    pub type NextJobId<T: Config> = StorageValue<_, u64, ValueQuery>;

    /// Every job that hasn't ended.
    #[pallet::storage]
    pub type Jobs<T: Config> = StorageMap<_, Blake2_128Concat, JobId, JobOf<T>>;

    /// Who applied for the current round of a job.
    #[pallet::storage]
    pub type Applicants<T: Config> = StorageMap<_, Blake2_128Concat, JobId, CandidatesOf<T>, ValueQuery>;

    /// The seats of a job.
    #[pallet::storage]
    pub type JobSeats<T: Config> = StorageMap<_, Blake2_128Concat, JobId, SeatsOf<T>, ValueQuery>;

    /// Every certificate.
    #[pallet::storage]
    pub type Certificates<T: Config> = StorageMap<_, Blake2_128Concat, JobId, CertificateOf<T>>;

    /// The certificates of an asset, in the order of their jobs.
    // Hasher: the chain gives the numbers, so nobody chooses them, and big-endian ones list in order.
    #[pallet::storage]
    pub type CertificatesOfAsset<T: Config> =
        StorageDoubleMap<_, Blake2_128Concat, AssetId, Identity, [u8; 8], ()>;

    /// How the jobs of a program ended.
    #[pallet::storage]
    pub type ProgramFigures<T: Config> = StorageMap<_, Blake2_128Concat, ContentId, Figures, ValueQuery>;

    /// What an asset asks of jobs that use it.
    #[pallet::storage]
    pub type RoyaltiesAsked<T: Config> =
        StorageMap<_, Blake2_128Concat, AssetId, RoyaltyTerms<T::AccountId, BalanceOf<T>>>;

    /// What the pot has, in planks, without its account's endowment.
    #[pallet::storage]
    pub type Pot<T: Config> = StorageValue<_, BalanceOf<T>, ValueQuery>;

    /// What happened.
    #[pallet::event]
    #[pallet::generate_deposit(pub(crate) fn deposit_event)]
    pub enum Event<T: Config> {
        /// A worker was registered.
        #[codec(index = 0)]
        WorkerRegistered {
            /// The worker.
            worker: T::AccountId,
            /// Its stake.
            stake: BalanceOf<T>,
        },
        /// A worker changed its price, limits or engines.
        #[codec(index = 1)]
        WorkerUpdated {
            /// The worker.
            worker: T::AccountId,
        },
        /// A worker changed its stake.
        #[codec(index = 2)]
        StakeSet {
            /// The worker.
            worker: T::AccountId,
            /// Its stake.
            stake: BalanceOf<T>,
        },
        /// A worker left.
        #[codec(index = 3)]
        WorkerDeregistered {
            /// The worker.
            worker: T::AccountId,
        },
        /// A job was submitted; workers may apply.
        #[codec(index = 4)]
        JobSubmitted {
            /// The job.
            job: JobId,
            /// Who pays.
            requester: T::AccountId,
            /// What is held.
            held: BalanceOf<T>,
        },
        /// A gated asset's admin consented to a job's named list.
        #[codec(index = 5)]
        Consented {
            /// The job.
            job: JobId,
            /// The asset.
            asset: AssetId,
        },
        /// A worker applied.
        #[codec(index = 6)]
        Applied {
            /// The job.
            job: JobId,
            /// The worker.
            worker: T::AccountId,
            /// Its weight in the draw.
            pledge: BalanceOf<T>,
        },
        /// Applications are open for longer.
        #[codec(index = 7)]
        ApplicationsExtended {
            /// The job.
            job: JobId,
            /// The last block.
            until: BlockNumberFor<T>,
        },
        /// Workers were drawn.
        #[codec(index = 8)]
        Drawn {
            /// The job.
            job: JobId,
            /// 1 or 2.
            round: u32,
            /// The workers.
            workers: WorkerList<T::AccountId>,
            /// The last block to commit.
            until: BlockNumberFor<T>,
        },
        /// A worker committed.
        #[codec(index = 9)]
        Committed {
            /// The job.
            job: JobId,
            /// The worker.
            worker: T::AccountId,
        },
        /// Commitments are closed; results may be revealed.
        #[codec(index = 10)]
        RevealsOpened {
            /// The job.
            job: JobId,
            /// The last block.
            until: BlockNumberFor<T>,
        },
        /// A worker revealed.
        #[codec(index = 11)]
        Revealed {
            /// The job.
            job: JobId,
            /// The worker.
            worker: T::AccountId,
            /// Its result.
            result: JobResult,
        },
        /// There was no quorum; workers may apply for the wider round.
        #[codec(index = 12)]
        Widened {
            /// The job.
            job: JobId,
            /// How many more seats it has.
            seats: u32,
            /// The last block to apply.
            until: BlockNumberFor<T>,
        },
        /// A job ended.
        #[codec(index = 13)]
        JobEnded {
            /// The job.
            job: JobId,
            /// How.
            outcome: Outcome,
            /// What went back to the payer.
            refunded: BalanceOf<T>,
        },
        /// A worker was paid.
        #[codec(index = 14)]
        WorkerPaid {
            /// The job.
            job: JobId,
            /// The worker.
            worker: T::AccountId,
            /// How much.
            amount: BalanceOf<T>,
        },
        /// A worker lost stake.
        #[codec(index = 15)]
        Forfeited {
            /// The job or certificate.
            job: JobId,
            /// The worker.
            worker: T::AccountId,
            /// How much.
            amount: BalanceOf<T>,
        },
        /// An asset was paid its share of a job, or its licence fee.
        #[codec(index = 16)]
        AssetPaid {
            /// The job.
            job: JobId,
            /// The asset.
            asset: AssetId,
            /// How much.
            amount: BalanceOf<T>,
        },
        /// An asset couldn't be paid; the amount went back to the payer.
        #[codec(index = 17)]
        AssetUnpaid {
            /// The job.
            job: JobId,
            /// The asset.
            asset: AssetId,
            /// How much.
            amount: BalanceOf<T>,
        },
        /// The stake of a worker that wasn't drawn is free again.
        #[codec(index = 18)]
        Released {
            /// The job.
            job: JobId,
            /// The worker.
            worker: T::AccountId,
        },
        /// A certificate is put to the test.
        #[codec(index = 19)]
        Challenged {
            /// The certificate.
            certificate: JobId,
            /// The re-run.
            job: JobId,
            /// Who pays.
            challenger: T::AccountId,
            /// The signers' bonds are at stake.
            bonded: bool,
        },
        /// A challenge ended.
        #[codec(index = 20)]
        ChallengeEnded {
            /// The certificate.
            certificate: JobId,
            /// What became of it.
            standing: Standing,
            /// What the challenger earned.
            reward: BalanceOf<T>,
        },
        /// The signers' bonds of a certificate are free again.
        #[codec(index = 21)]
        BondsReleased {
            /// The certificate.
            certificate: JobId,
        },
        /// An asset's admin said what it takes of jobs that use it.
        #[codec(index = 22)]
        RoyaltySet {
            /// The asset.
            asset: AssetId,
            /// Its share; `None` for nothing.
            share: Option<Permill>,
        },
        /// Governance spent of the pot.
        #[codec(index = 23)]
        PotSpent {
            /// To whom.
            to: T::AccountId,
            /// How much.
            amount: BalanceOf<T>,
        },
    }

    /// Why a call was refused, and what to do.
    #[pallet::error]
    pub enum Error<T> {
        /// The account is a worker already. Use `update_worker` or `set_stake`.
        #[codec(index = 0)]
        WorkerExists,
        /// The account isn't a worker. Use `register_worker`.
        #[codec(index = 1)]
        WorkerNotFound,
        /// The stake is less than the least. Stake more.
        #[codec(index = 2)]
        StakeTooLow,
        /// Stake is pledged or bonded. Wait until the jobs and the signers' time are over, then release it.
        #[codec(index = 3)]
        StakeLocked,
        /// A worker needs at least one engine, each once.
        #[codec(index = 4)]
        BadEngines,
        /// There's no such job, or it has ended.
        #[codec(index = 5)]
        JobNotFound,
        /// The quorum must be more than half of the replicas and less than them, or 1 of 1; at most 15 replicas.
        #[codec(index = 6)]
        BadQuorum,
        /// Fuel, memory or output is zero. State what the program may take.
        #[codec(index = 7)]
        BadLimits,
        /// The blocks to run it are fewer or more than allowed.
        #[codec(index = 8)]
        BadRunTime,
        /// The named list has fewer workers than replicas, or one twice.
        #[codec(index = 9)]
        BadNamedList,
        /// A seat costs less than the least. Raise the fuel limit or the price.
        #[codec(index = 10)]
        CostTooLow,
        /// The job would hold more than the caller allowed.
        #[codec(index = 11)]
        HoldTooHigh,
        /// There's no such revision of the asset, or it was taken down.
        #[codec(index = 12)]
        SourceNotFound,
        /// The asset isn't a program.
        #[codec(index = 13)]
        NotAProgram,
        /// The asset is private: workers couldn't read it.
        #[codec(index = 14)]
        Encrypted,
        /// The gated asset's owner hasn't allowed this revision of the program. Ask the owner.
        #[codec(index = 15)]
        ProgramNotAllowed,
        /// The gated asset isn't for sale by the job.
        #[codec(index = 16)]
        NoJobLicence,
        /// The assets ask for more than nine tenths of the price together.
        #[codec(index = 17)]
        RoyaltyTooHigh,
        /// The job doesn't wait for this asset's consent.
        #[codec(index = 18)]
        NotAwaited,
        /// The caller isn't an admin of the asset.
        #[codec(index = 19)]
        NotPermitted,
        /// Applications are closed.
        #[codec(index = 20)]
        ApplicationsClosed,
        /// As many applied as can.
        #[codec(index = 21)]
        TooManyApplicants,
        /// The worker isn't on the job's list.
        #[codec(index = 22)]
        NotNamed,
        /// Nobody works on a job that they pay for.
        #[codec(index = 23)]
        OwnJob,
        /// The worker signed the certificate that is challenged.
        #[codec(index = 24)]
        SignedIt,
        /// The worker applied or has a seat already.
        #[codec(index = 25)]
        AlreadyEngaged,
        /// The job pays less than the worker's price.
        #[codec(index = 26)]
        PriceTooLow,
        /// The job takes more than the worker offers.
        #[codec(index = 27)]
        LimitsTooHigh,
        /// The worker doesn't run the job's engine.
        #[codec(index = 28)]
        WrongEngine,
        /// The pledge is less than the bond.
        #[codec(index = 29)]
        PledgeTooLow,
        /// The pledge is more than the worker's free stake. Release what is done, or stake more.
        #[codec(index = 30)]
        PledgeTooHigh,
        /// The caller has no seat in the current round.
        #[codec(index = 31)]
        NoSeat,
        /// The job doesn't take commitments now.
        #[codec(index = 32)]
        NotCommitting,
        /// The caller committed already.
        #[codec(index = 33)]
        AlreadyCommitted,
        /// The job doesn't take results now. Results are revealed after the commit phase.
        #[codec(index = 34)]
        NotRevealing,
        /// The caller didn't commit, or has revealed.
        #[codec(index = 35)]
        NotCommitted,
        /// Result and salt aren't what the caller committed to.
        #[codec(index = 36)]
        WrongReveal,
        /// The result has more fuel than the limit, or fuel or output although inputs were unavailable.
        #[codec(index = 37)]
        MalformedResult,
        /// The job's phase isn't over.
        #[codec(index = 38)]
        NothingDue,
        /// The draw's seed isn't there yet. Try again in a few blocks.
        #[codec(index = 39)]
        SeedNotReady,
        /// The worker's stake isn't pledged to the job, or the draw is still to come.
        #[codec(index = 40)]
        NothingToRelease,
        /// There's no such certificate.
        #[codec(index = 41)]
        CertificateNotFound,
        /// The certificate is being challenged. Wait for the result.
        #[codec(index = 42)]
        UnderChallenge,
        /// The certificate has fallen.
        #[codec(index = 43)]
        AlreadyFallen,
        /// The signers' bonds are still at stake.
        #[codec(index = 44)]
        BondsLocked,
        /// The signers' bonds were released.
        #[codec(index = 45)]
        BondsFree,
        /// The pot has less.
        #[codec(index = 46)]
        PotTooSmall,
        /// An amount is too large to count.
        #[codec(index = 47)]
        Overflow,
        /// The asset asks for nothing already.
        #[codec(index = 48)]
        RoyaltyNotFound,
    }

    #[pallet::hooks]
    impl<T: Config> Hooks<BlockNumberFor<T>> for Pallet<T> {
        fn integrity_test() {
            const { assert!(MAX_SEATS == 2 * MAX_REPLICAS + 1, "both rounds and a re-run must fit") };
            const { assert!(2 * MAX_SEATS <= MAX_APPLICANTS, "a re-run's draw must be able to fill") };
            const { assert!(MAX_SOURCES == MAX_INPUTS + 1, "the program is a source too") };
            assert!(CHALLENGER_SHARE < Permill::one(), "convicting oneself must not pay");
            assert!(MAX_ROYALTY < Permill::one(), "workers must earn something");
        }

        #[cfg(feature = "try-runtime")]
        fn try_state(_: BlockNumberFor<T>) -> Result<(), polkadot_sdk::sp_runtime::TryRuntimeError> {
            Self::do_try_state()
        }
    }

    #[pallet::call]
    impl<T: Config> Pallet<T> {
        /// Makes the caller a worker and holds its stake. `price` is the least that it works for, in planks per
        /// [`FUEL_UNIT`] after royalties.
        ///
        /// Errors: `WorkerExists`, `StakeTooLow`, `BadEngines`, `BadLimits`.
        #[pallet::call_index(0)]
        #[pallet::weight(T::WeightInfo::register_worker())]
        pub fn register_worker(
            origin: OriginFor<T>,
            stake: BalanceOf<T>,
            price: BalanceOf<T>,
            limits: Limits,
            engines: Engines,
        ) -> DispatchResult {
            Self::do_register_worker(ensure_signed(origin)?, stake, price, limits, engines)
        }

        /// Changes what the caller works for and takes; seats that it has stay.
        ///
        /// Errors: `WorkerNotFound`, `BadEngines`, `BadLimits`.
        #[pallet::call_index(1)]
        #[pallet::weight(T::WeightInfo::update_worker())]
        pub fn update_worker(
            origin: OriginFor<T>,
            price: BalanceOf<T>,
            limits: Limits,
            engines: Engines,
        ) -> DispatchResult {
            Self::do_update_worker(ensure_signed(origin)?, price, limits, engines)
        }

        /// Raises or lowers the caller's stake to `stake`.
        ///
        /// Errors: `WorkerNotFound`, `StakeTooLow`, `StakeLocked`.
        #[pallet::call_index(2)]
        #[pallet::weight(T::WeightInfo::set_stake())]
        pub fn set_stake(origin: OriginFor<T>, stake: BalanceOf<T>) -> DispatchResult {
            Self::do_set_stake(ensure_signed(origin)?, stake)
        }

        /// Ends the caller's being a worker and returns its stake, none of which may be locked.
        ///
        /// Errors: `WorkerNotFound`, `StakeLocked`.
        #[pallet::call_index(3)]
        #[pallet::weight(T::WeightInfo::deregister_worker())]
        pub fn deregister_worker(origin: OriginFor<T>) -> DispatchResult {
            Self::do_deregister_worker(ensure_signed(origin)?)
        }

        /// Submits a job and holds all that it may cost, at most `max_hold`; `quote` of the runtime API says how much.
        /// Gated inputs need a program that their owners allowed and, for a named list, their consent.
        ///
        /// Errors: `BadQuorum`, `BadLimits`, `BadRunTime`, `BadNamedList`, `SourceNotFound`, `NotAProgram`, `Encrypted`,
        /// `ProgramNotAllowed`, `NoJobLicence`, `RoyaltyTooHigh`, `CostTooLow`, `HoldTooHigh`, `Overflow`.
        #[pallet::call_index(4)]
        #[pallet::weight(T::WeightInfo::submit_job(count(request.task.inputs.len())))]
        pub fn submit_job(
            origin: OriginFor<T>,
            request: Box<JobRequestOf<T>>,
            max_hold: BalanceOf<T>,
        ) -> DispatchResult {
            Self::do_submit_job(ensure_signed(origin)?, *request, max_hold)
        }

        /// Consents, for a gated asset, to a job on the workers that its requester named. The caller is an admin of the
        /// asset.
        ///
        /// Errors: `JobNotFound`, `NotAwaited`, `NotPermitted`.
        #[pallet::call_index(5)]
        #[pallet::weight(T::WeightInfo::consent())]
        pub fn consent(origin: OriginFor<T>, job: JobId, asset: AssetId) -> DispatchResult {
            Self::do_consent(ensure_signed(origin)?, job, asset)
        }

        /// Applies for a seat with a part of the caller's stake, at least the job's bond. It is the caller's weight in the
        /// draw and locked until then; a seat keeps the bond.
        ///
        /// Errors: `JobNotFound`, `WorkerNotFound`, `ApplicationsClosed`, `OwnJob`, `NotNamed`, `SignedIt`,
        /// `AlreadyEngaged`, `PriceTooLow`, `LimitsTooHigh`, `WrongEngine`, `PledgeTooLow`, `PledgeTooHigh`,
        /// `TooManyApplicants`.
        #[pallet::call_index(6)]
        #[pallet::weight(T::WeightInfo::apply())]
        pub fn apply(origin: OriginFor<T>, job: JobId, pledge: BalanceOf<T>) -> DispatchResult {
            Self::do_apply(ensure_signed(origin)?, job, pledge)
        }

        /// Commits to a result; [`types::commitment`] says what is hashed. The last one opens the reveals.
        ///
        /// Errors: `JobNotFound`, `NotCommitting`, `NoSeat`, `AlreadyCommitted`.
        #[pallet::call_index(7)]
        #[pallet::weight(T::WeightInfo::commit())]
        pub fn commit(origin: OriginFor<T>, job: JobId, commitment: Commitment) -> DispatchResult {
            Self::do_commit(ensure_signed(origin)?, job, commitment)
        }

        /// Reveals what the caller committed to.
        ///
        /// Errors: `JobNotFound`, `NotRevealing`, `NoSeat`, `NotCommitted`, `WrongReveal`, `MalformedResult`.
        #[pallet::call_index(8)]
        #[pallet::weight(T::WeightInfo::reveal())]
        pub fn reveal(origin: OriginFor<T>, job: JobId, result: JobResult, salt: Salt) -> DispatchResult {
            Self::do_reveal(ensure_signed(origin)?, job, result, salt)
        }

        /// Moves a job on whose phase is over: draws, prolongs, opens the reveals or settles. Anybody may call it and
        /// earns the reward from the payer's hold.
        ///
        /// Errors: `JobNotFound`, `NothingDue`, `SeedNotReady`.
        #[pallet::call_index(9)]
        #[pallet::weight(Pallet::<T>::heaviest_poke())]
        pub fn poke(origin: OriginFor<T>, job: JobId) -> DispatchResultWithPostInfo {
            Self::do_poke(ensure_signed(origin)?, job)
        }

        /// Frees the stake that a worker pledged to a job and wasn't drawn with. Anybody may call it, and pays nothing
        /// when it frees something.
        ///
        /// Errors: `NothingToRelease`.
        #[pallet::call_index(10)]
        #[pallet::weight(T::WeightInfo::release())]
        pub fn release(origin: OriginFor<T>, worker: T::AccountId, job: JobId) -> DispatchResultWithPostInfo {
            ensure_signed(origin)?;
            Self::do_release(&worker, job)?;
            Ok(Pays::No.into())
        }

        /// Has a certificate's task run again by 2n + 1 workers that didn't sign it, at the caller's cost, of which at
        /// most `max_hold` is held. Two thirds on one other result overturn it: the signers lose their bonds, which pay
        /// the re-run and the caller. If it stands, the caller pays the re-run.
        ///
        /// Errors: `CertificateNotFound`, `UnderChallenge`, `AlreadyFallen`, `SourceNotFound`, `NotAProgram`,
        /// `Encrypted`, `ProgramNotAllowed`, `NoJobLicence`, `HoldTooHigh`, `Overflow`.
        #[pallet::call_index(11)]
        #[pallet::weight(T::WeightInfo::challenge(MAX_INPUTS))]
        pub fn challenge(origin: OriginFor<T>, certificate: JobId, max_hold: BalanceOf<T>) -> DispatchResult {
            Self::do_challenge(ensure_signed(origin)?, certificate, max_hold)
        }

        /// Frees the bonds of a certificate's signers when their time is over. Anybody may call it.
        ///
        /// Errors: `CertificateNotFound`, `BondsFree`, `BondsLocked`, `UnderChallenge`.
        #[pallet::call_index(12)]
        #[pallet::weight(T::WeightInfo::release_bonds())]
        pub fn release_bonds(origin: OriginFor<T>, certificate: JobId) -> DispatchResult {
            ensure_signed(origin)?;
            Self::do_release_bonds(certificate)
        }

        /// Says what an asset takes of the price of jobs that use it, from the next job on; `None` takes nothing. The
        /// caller is an admin of the asset and pays a deposit.
        ///
        /// Errors: `NotPermitted`, `RoyaltyTooHigh`, `RoyaltyNotFound`.
        #[pallet::call_index(13)]
        #[pallet::weight(T::WeightInfo::set_royalty())]
        pub fn set_royalty(origin: OriginFor<T>, asset: AssetId, share: Option<Permill>) -> DispatchResult {
            Self::do_set_royalty(ensure_signed(origin)?, asset, share)
        }

        /// Spends of what has gathered in the pot. For governance.
        ///
        /// Errors: `PotTooSmall`.
        #[pallet::call_index(14)]
        #[pallet::weight(T::WeightInfo::spend_pot())]
        pub fn spend_pot(origin: OriginFor<T>, to: T::AccountId, amount: BalanceOf<T>) -> DispatchResult {
            T::PotOrigin::ensure_origin(origin)?;
            Self::do_spend_pot(&to, amount)
        }
    }
}

//! What the escrow keeps and what it tells clients.

use alloc::vec::Vec;
use codec::{Decode, DecodeWithMemTracking, Encode, MaxEncodedLen};
use polkadot_sdk::{
    frame_support::BoundedVec,
    sp_core::ConstU32,
    sp_io::hashing::blake2_256,
    sp_runtime::{
        Permill,
        traits::{AtLeast32BitUnsigned, UniqueSaturatedInto},
    },
};
use scale_info::TypeInfo;
use stoa_primitives::{
    ContentId,
    registry::{AssetId, CommitId},
};

/// Fuel that one unit of price pays for; a part of a unit costs a whole one.
pub const FUEL_UNIT: u64 = 1_000_000;
/// Most replicas of a job.
pub const MAX_REPLICAS: u32 = 15;
/// Most seats of a job: both rounds of one, or a re-run.
pub const MAX_SEATS: u32 = 31;
/// Most applicants of a round.
pub const MAX_APPLICANTS: u32 = 256;
/// Most inputs of a job.
pub const MAX_INPUTS: u32 = 8;
/// Most assets that a job uses: its program and its inputs.
pub const MAX_SOURCES: u32 = 9;
/// Most arguments of a job.
pub const MAX_ARGUMENTS: u32 = 16;
/// Longest argument, in bytes.
pub const MAX_ARGUMENT_LEN: u32 = 256;
/// Most engines of a worker.
pub const MAX_ENGINES: u32 = 8;
/// Most phases that anybody can be rewarded for moving on: four in each round.
pub const MAX_POKES: u32 = 8;
/// What a revealer earns of a seat's cost when a job fails for good.
pub const FAILURE_PAY: Permill = Permill::from_percent(25);
/// What a worker that never committed loses of its bond. Whoever committed and didn't reveal loses all of it, or else
/// a dissenter would rather keep silent.
pub const ABSENT_SLASH: Permill = Permill::from_percent(25);
/// What the challenger earns of the bonds that a fallen certificate forfeits, once the re-run is paid.
pub const CHALLENGER_SHARE: Permill = Permill::from_percent(50);
/// Most that a job's assets may take of its price together.
pub const MAX_ROYALTY: Permill = Permill::from_percent(90);

/// Hash over an engine's version and settings; another version is another engine.
pub type EngineId = [u8; 32];
/// What makes a commitment impossible to guess.
pub type Salt = [u8; 32];
/// `blake2_256(worker ‖ job ‖ result ‖ salt)`; see [`commitment`].
pub type Commitment = [u8; 32];
/// The engines of a worker.
pub type Engines = BoundedVec<EngineId, ConstU32<MAX_ENGINES>>;
/// One argument of a program, in bytes.
pub type Argument = BoundedVec<u8, ConstU32<MAX_ARGUMENT_LEN>>;
/// The arguments of a program, in order.
pub type Arguments = BoundedVec<Argument, ConstU32<MAX_ARGUMENTS>>;
/// The inputs of a job, in order.
pub type Inputs = BoundedVec<Source, ConstU32<MAX_INPUTS>>;
/// The roots of what a job runs on: the program's first, then the inputs' in order.
pub type Contents = BoundedVec<ContentId, ConstU32<MAX_SOURCES>>;
/// What a job's assets take of its price.
pub type Royalties = BoundedVec<Royalty, ConstU32<MAX_SOURCES>>;
/// The per-job licence fees of a job.
pub type Fees<Balance> = BoundedVec<(AssetId, Balance), ConstU32<MAX_SOURCES>>;
/// Assets of a job.
pub type Assets = BoundedVec<AssetId, ConstU32<MAX_SOURCES>>;
/// Named or agreeing workers.
pub type WorkerList<AccountId> = BoundedVec<AccountId, ConstU32<MAX_SEATS>>;
/// The seats of a job, in the order in which they were drawn.
pub type Seats<AccountId> = BoundedVec<Seat<AccountId>, ConstU32<MAX_SEATS>>;
/// Who applied for a round, in that order.
pub type Candidates<AccountId, Balance> = BoundedVec<Candidate<AccountId, Balance>, ConstU32<MAX_APPLICANTS>>;

/// The length of a bounded list.
pub(crate) fn count(len: usize) -> u32 {
    u32::try_from(len).unwrap_or(u32::MAX)
}

macro_rules! plain {
    ($(#[$meta:meta])* $vis:vis $kind:ident $name:ident $(<$($param:ident),*>)? { $($body:tt)* }) => {
        $(#[$meta])*
        #[derive(
            Clone, Copy, Debug, Decode, DecodeWithMemTracking, Encode, Eq, MaxEncodedLen, Ord, PartialEq, PartialOrd,
            TypeInfo,
        )]
        $vis $kind $name $(<$($param),*>)? { $($body)* }
    };
}

macro_rules! record {
    ($(#[$meta:meta])* $vis:vis $kind:ident $name:ident $(<$($param:ident),*>)? { $($body:tt)* }) => {
        $(#[$meta])*
        #[derive(Clone, Debug, Decode, DecodeWithMemTracking, Encode, Eq, MaxEncodedLen, PartialEq, TypeInfo)]
        $vis $kind $name $(<$($param),*>)? { $($body)* }
    };
}

/// A job's number, and the number of the certificate that it leaves.
#[derive(
    Clone,
    Copy,
    Debug,
    Decode,
    DecodeWithMemTracking,
    Encode,
    Eq,
    MaxEncodedLen,
    Ord,
    PartialEq,
    PartialOrd,
    TypeInfo,
)]
pub struct JobId(pub u64);

plain! {
    /// Something that a job runs on.
    pub enum Source {
        /// A revision of an asset.
        Revision {
            /// The asset.
            asset: AssetId,
            /// The revision.
            commit: CommitId,
        },
        /// Public content that no asset has to name.
        Content(ContentId),
    }
}

plain! {
    /// How much a run may take, or a worker offers.
    pub struct Limits {
        /// Fuel.
        pub fuel: u64,
        /// Memory of the program, in bytes.
        pub memory: u64,
        /// Output directory, in bytes.
        pub output: u64,
    }
}

impl Limits {
    /// Whether none is more than its counterpart in `most`.
    pub fn fit(&self, most: &Self) -> bool {
        self.fuel <= most.fuel && self.memory <= most.memory && self.output <= most.output
    }
}

plain! {
    /// How a run ended.
    pub enum Exit {
        /// The program returned or called `proc_exit` with this code.
        Exited(i32),
        /// It trapped.
        Trap,
        /// It used up its fuel.
        OutOfFuel,
        /// It wanted more memory than the limit.
        OutOfMemory,
        /// It wrote more than the limit.
        OutputTooLarge,
        /// It isn't a module that the engine runs.
        InvalidProgram,
        /// The program or an input couldn't be fetched; there's neither output nor fuel.
        InputUnavailable,
    }
}

plain! {
    /// What a run resulted in. Two are equal when output, kind of exit and fuel are.
    pub struct JobResult {
        /// How it ended.
        pub exit: Exit,
        /// Fuel used.
        pub fuel: u64,
        /// The root of the output directory; `None` when there's none.
        pub output: Option<ContentId>,
    }
}

impl JobResult {
    /// What workers say when they can't get the program or an input.
    pub const UNAVAILABLE: Self = Self { exit: Exit::InputUnavailable, fuel: 0, output: None };

    /// `blake2_256` of the SCALE encoding.
    pub fn hash(&self) -> [u8; 32] {
        blake2_256(&self.encode())
    }
}

/// What a worker commits to: `blake2_256` of 104 bytes for 32-byte accounts, namely the account, the job's number as 8
/// little-endian bytes, the 32 bytes of [`JobResult::hash`] and the 32 bytes of salt. It names the worker, so that
/// nobody can reveal a copy.
pub fn commitment<AccountId: Encode>(
    worker: &AccountId,
    job: JobId,
    result: &JobResult,
    salt: &Salt,
) -> Commitment {
    blake2_256(&(worker, job, result.hash(), salt).encode())
}

record! {
    /// What to run: everything that a result depends on beside the [`Context`].
    pub struct Task {
        /// The program, a WebAssembly module.
        pub program: Source,
        /// What it reads.
        pub inputs: Inputs,
        /// Its arguments.
        pub arguments: Arguments,
        /// The engine that must run it.
        pub engine: EngineId,
        /// How much it may take.
        pub limits: Limits,
    }
}

plain! {
    /// What a run's randomness and clock come from; a re-run has that of the first run.
    pub struct Context<BlockNumber> {
        /// The job whose number seeds the program's randomness.
        pub job: JobId,
        /// The block that the program's clock shows.
        pub block: BlockNumber,
    }
}

record! {
    /// Who may work on a job.
    pub enum Assignment<AccountId> {
        /// Workers that apply and are drawn, by the stake that they pledge.
        Drawn,
        /// Those of these that accept; when there are more than seats, they are drawn.
        Named(WorkerList<AccountId>),
    }
}

plain! {
    /// How the workers of a certificate were chosen.
    pub enum Chosen {
        /// By a draw among all that applied.
        Drawn,
        /// From the requester's list.
        Named,
    }
}

record! {
    /// What a requester asks for.
    pub struct JobRequest<AccountId, Balance, BlockNumber> {
        /// What to run.
        pub task: Task,
        /// How many workers run it at first: n.
        pub replicas: u32,
        /// How many equal results settle it: q, more than half of n and less than n, or 1 of 1.
        pub quorum: u32,
        /// Who may work on it.
        pub assignment: Assignment<AccountId>,
        /// Planks per [`FUEL_UNIT`], royalties included.
        pub price: Balance,
        /// Blocks that workers have to run it and commit.
        pub run_blocks: BlockNumber,
    }
}

plain! {
    /// What an asset takes of the price of a job.
    pub struct Royalty {
        /// The asset.
        pub asset: AssetId,
        /// Its share.
        pub share: Permill,
    }
}

record! {
    /// What an asset's owner asks of the jobs that use it.
    pub struct RoyaltyTerms<AccountId, Balance> {
        /// The share of the price.
        pub share: Permill,
        /// Who paid the deposit.
        pub depositor: AccountId,
        /// What is held on the depositor.
        pub deposit: Balance,
    }
}

record! {
    /// An account that runs jobs.
    pub struct Worker<Balance> {
        /// What is held on it.
        pub stake: Balance,
        /// How much of that is pledged or bonded.
        pub locked: Balance,
        /// The least that it works for, in planks per [`FUEL_UNIT`] after royalties.
        pub price: Balance,
        /// The largest job that it takes.
        pub limits: Limits,
        /// What it can run.
        pub engines: Engines,
    }
}

plain! {
    /// What a worker's locked stake is for.
    pub enum Role {
        /// It applied for this round; the pledge is its weight in the draw.
        Applied {
            /// 1 or 2.
            round: u32,
        },
        /// It has a seat.
        Seated,
        /// It signed the job's certificate.
        Signed,
    }
}

plain! {
    /// What a worker has to do with a job.
    pub struct Engagement<Balance> {
        /// How much of its stake is locked for it.
        pub locked: Balance,
        /// What for.
        pub role: Role,
    }
}

record! {
    /// Who applied, with the weights added up: a point below `cumulative` and not below the one before is this one's.
    pub struct Candidate<AccountId, Balance> {
        /// The worker.
        pub worker: AccountId,
        /// Its weight and those of all before it.
        pub cumulative: Balance,
    }
}

plain! {
    /// How far a worker is.
    pub enum SeatState {
        /// It was drawn.
        Seated,
        /// It committed.
        Committed(Commitment),
        /// It revealed.
        Revealed(JobResult),
    }
}

record! {
    /// A worker's place in a job.
    pub struct Seat<AccountId> {
        /// The worker.
        pub worker: AccountId,
        /// The round that it was drawn for: 1 or 2.
        pub round: u32,
        /// How far it is.
        pub state: SeatState,
    }
}

plain! {
    /// What a job waits for.
    pub enum Phase<BlockNumber> {
        /// Workers, up to and including a block.
        Apply {
            /// The last block.
            until: BlockNumber,
            /// It was prolonged already.
            extended: bool,
        },
        /// Commitments.
        Commit {
            /// The last block.
            until: BlockNumber,
        },
        /// Results.
        Reveal {
            /// The last block.
            until: BlockNumber,
        },
    }
}

plain! {
    /// What a job is for.
    pub enum Purpose {
        /// A certificate.
        Certify,
        /// To put one to the test.
        Challenge {
            /// The certificate.
            certificate: JobId,
            /// Its signers' bonds are at stake; later challenges only mark it.
            bonded: bool,
        },
    }
}

plain! {
    /// The parameters of the time when a job began; they hold until it ends.
    pub struct Terms<Balance, BlockNumber> {
        /// Blocks that applications are open.
        pub apply_blocks: BlockNumber,
        /// Blocks that workers have to reveal.
        pub reveal_blocks: BlockNumber,
        /// Blocks that signers stay bonded.
        pub bonded_blocks: BlockNumber,
        /// The least that an agreeing worker earns, in planks, before royalties.
        pub base_fee: Balance,
        /// What whoever moves a phase on earns, in planks.
        pub poke_reward: Balance,
    }
}

record! {
    /// A job that hasn't ended.
    pub struct Job<AccountId, Balance, BlockNumber> {
        /// Who pays: the requester, or the challenger.
        pub payer: AccountId,
        /// What it is for.
        pub purpose: Purpose,
        /// What to run.
        pub task: Task,
        /// The roots of the program and the inputs.
        pub contents: Contents,
        /// What the run's randomness and clock come from.
        pub context: Context<BlockNumber>,
        /// Seats of the first round.
        pub replicas: u32,
        /// Equal results that settle the first round.
        pub quorum: u32,
        /// Seats of the wider round; 0 when there's none.
        pub second: u32,
        /// Who may work on it.
        pub assignment: Assignment<AccountId>,
        /// Planks per [`FUEL_UNIT`].
        pub price: Balance,
        /// What a seat costs at the fuel limit, in planks.
        pub seat_cost: Balance,
        /// What each seat bonds, in planks.
        pub bond: Balance,
        /// What the assets take of the price.
        pub royalties: Royalties,
        /// Licence fees, due once workers were assigned.
        pub fees: Fees<Balance>,
        /// Gated assets whose admin must still consent to the named list.
        pub awaiting: Assets,
        /// Blocks that workers have to commit.
        pub run_blocks: BlockNumber,
        /// The parameters that hold for it.
        pub terms: Terms<Balance, BlockNumber>,
        /// What the certificate's rows cost; comes back when there's none.
        pub deposit: Balance,
        /// What is held on the payer.
        pub held: Balance,
        /// Rewards paid for moving it on.
        pub pokes: u32,
        /// How many applied in all rounds so far.
        pub applicants: u32,
        /// 1 or 2.
        pub round: u32,
        /// What it waits for.
        pub phase: Phase<BlockNumber>,
    }
}

/// What `fuel` costs in planks; `None` when that's too much to count.
pub fn fuel_cost<Balance: AtLeast32BitUnsigned>(fuel: u64, price: Balance) -> Option<Balance> {
    let units = Balance::try_from(fuel.div_ceil(FUEL_UNIT)).ok()?;
    price.checked_mul(&units)
}

impl<AccountId, Balance: AtLeast32BitUnsigned + Copy + Ord, BlockNumber>
    Job<AccountId, Balance, BlockNumber>
{
    /// Seats that the current round is drawn for.
    pub fn wanted(&self) -> u32 {
        if self.round == 1 { self.replicas } else { self.second }
    }

    /// Fewest applicants that the current round is drawn among.
    pub fn applicants_needed(&self) -> u32 {
        match self.assignment {
            Assignment::Drawn => self.wanted().saturating_mul(2),
            Assignment::Named(_) => self.wanted(),
        }
    }

    /// What an agreeing worker costs, royalties included.
    pub fn gross(&self, result: &JobResult) -> Balance {
        fuel_cost(result.fuel, self.price)
            .unwrap_or(self.seat_cost)
            .max(self.terms.base_fee)
            .min(self.seat_cost)
    }

    /// What each asset takes of `gross`.
    pub(crate) fn royalties_of(&self, gross: Balance) -> Vec<(AssetId, Balance)> {
        self.royalties.iter().map(|royalty| (royalty.asset, royalty.share.mul_floor(gross))).collect()
    }

    /// What is left of `gross` for the worker.
    pub fn net(&self, gross: Balance) -> Balance {
        let add = |sum: Balance, (_, part): (AssetId, Balance)| sum.saturating_add(part);
        gross.saturating_sub(self.royalties_of(gross).into_iter().fold(Balance::zero(), add))
    }

    /// Whether it uses an asset.
    pub fn uses(&self, asset: AssetId) -> bool {
        self.task.assets().any(|used| used == asset)
    }

    /// Equal results that settle the pool of `seats` seats of both rounds.
    pub fn pooled_quorum(&self, seats: u32) -> u32 {
        seats.saturating_div(2).saturating_add(1).max(self.quorum)
    }
}

impl Task {
    /// The program, then the inputs.
    pub fn sources(&self) -> impl Iterator<Item = Source> + '_ {
        core::iter::once(self.program).chain(self.inputs.iter().copied())
    }

    /// The assets that it names; one may come twice.
    pub fn assets(&self) -> impl Iterator<Item = AssetId> + '_ {
        self.sources().filter_map(|source| match source {
            Source::Revision { asset, .. } => Some(asset),
            Source::Content(_) => None,
        })
    }
}

plain! {
    /// What challenges made of a certificate.
    pub enum Standing {
        /// Nobody challenged it.
        Unchallenged,
        /// The last challenge confirmed it.
        Upheld,
        /// The last challenge came to nothing.
        Unresolved,
        /// A challenge showed another result.
        Fallen {
            /// The challenge.
            challenge: JobId,
            /// The other result.
            result: JobResult,
        },
    }
}

record! {
    /// An agreed result, kept for ever. Its number is the job's.
    pub struct Certificate<AccountId, Balance, BlockNumber> {
        /// Who asked for it.
        pub requester: AccountId,
        /// What was run.
        pub task: Task,
        /// The roots of the program and the inputs.
        pub contents: Contents,
        /// What the run's randomness and clock came from.
        pub context: Context<BlockNumber>,
        /// What the run resulted in.
        pub result: JobResult,
        /// How the workers were chosen.
        pub chosen: Chosen,
        /// How many workers applied.
        pub applicants: u32,
        /// How many had a seat, in both rounds.
        pub seats: u32,
        /// Replicas that were asked for.
        pub replicas: u32,
        /// Equal results that were asked for.
        pub quorum: u32,
        /// The distinct accounts that agreed. Nothing says that they belong to different people.
        pub signers: WorkerList<AccountId>,
        /// Planks per [`FUEL_UNIT`].
        pub price: Balance,
        /// Blocks that workers had to run it.
        pub run_blocks: BlockNumber,
        /// When it was settled.
        pub settled: BlockNumber,
        /// What is still locked of each signer's stake for it.
        pub bond: Balance,
        /// Challenges up to this block put the bonds at stake.
        pub bonded_until: BlockNumber,
        /// The challenge that is open.
        pub challenge: Option<JobId>,
        /// What challenges made of it.
        pub standing: Standing,
    }
}

plain! {
    /// How jobs of one program ended, whoever published it.
    #[derive(Default)]
    pub struct Figures {
        /// Jobs of which results were revealed.
        pub jobs: u32,
        /// Those that left a certificate.
        pub certificates: u32,
        /// Results that were revealed in them, other than that inputs were unavailable.
        pub total: u32,
        /// Those that agreed with a certificate.
        pub agreed: u32,
        /// Certificates that fell.
        pub fallen: u32,
    }
}

plain! {
    /// How a job ended.
    pub enum Outcome {
        /// With a certificate.
        Certified {
            /// What the workers agreed on.
            result: JobResult,
            /// How many did.
            agreed: u32,
            /// Of how many.
            seats: u32,
        },
        /// The workers agreed that the program or an input couldn't be fetched.
        InputUnavailable,
        /// They didn't agree, or too few came to the wider round.
        Failed,
        /// Too few applied, there was no randomness, or an owner's consent was missing: all was refunded.
        Refunded,
        /// A challenge showed another result.
        Overturned,
        /// A challenge confirmed the certificate.
        Upheld,
        /// A challenge came to nothing.
        Unresolved,
    }
}

/// What governance decides, in planks and blocks. A running job keeps those that it began with.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub struct Parameters<Balance, BlockNumber> {
    /// The least stake of a worker.
    pub min_stake: Balance,
    /// The least that a seat may cost at the fuel limit; at least twice the existential deposit, and the base fee.
    pub min_seat_cost: Balance,
    /// The least that an agreeing worker earns, also for inputs that it couldn't get.
    pub base_fee: Balance,
    /// What whoever moves a phase on earns from the payer's hold.
    pub poke_reward: Balance,
    /// Blocks that applications are open.
    pub apply_blocks: BlockNumber,
    /// Blocks that workers have to reveal.
    pub reveal_blocks: BlockNumber,
    /// Fewest blocks that a job may give its workers to run it.
    pub min_run_blocks: BlockNumber,
    /// Most of them.
    pub max_run_blocks: BlockNumber,
    /// Blocks that signers stay bonded: L.
    pub bonded_blocks: BlockNumber,
}

plain! {
    /// What a job would hold, in planks.
    pub struct Quote<Balance> {
        /// One seat at the fuel limit.
        pub seat_cost: Balance,
        /// What each worker bonds.
        pub bond: Balance,
        /// All seats of both rounds.
        pub compute: Balance,
        /// Per-job licences of gated assets.
        pub fees: Balance,
        /// The certificate's rows.
        pub deposit: Balance,
        /// Rewards for moving phases on.
        pub pokes: Balance,
        /// All of it.
        pub total: Balance,
        /// What a worker earns per [`FUEL_UNIT`] after royalties.
        pub worker_price: Balance,
    }
}

/// A worker as clients read it.
#[derive(Clone, Debug, Decode, Encode, Eq, PartialEq, TypeInfo)]
pub struct WorkerInfo<AccountId, Balance> {
    /// The account.
    pub account: AccountId,
    /// What is kept of it.
    pub worker: Worker<Balance>,
}

/// A job as clients read it.
#[derive(Clone, Debug, Decode, Encode, Eq, PartialEq, TypeInfo)]
pub struct JobInfo<AccountId, Balance, BlockNumber> {
    /// Its number.
    pub id: JobId,
    /// What is kept of it.
    pub job: Job<AccountId, Balance, BlockNumber>,
    /// Its seats with their receipts.
    pub seats: Vec<Seat<AccountId>>,
    /// How many applied for the current round.
    pub candidates: u32,
    /// What a worker earns per [`FUEL_UNIT`] after royalties, in planks.
    pub worker_price: Balance,
    /// Anybody may move it on now, and earn the reward.
    pub due: bool,
}

/// A part of a list.
#[derive(Clone, Debug, Decode, Encode, Eq, PartialEq, TypeInfo)]
pub struct Page<Entry> {
    /// The entries.
    pub entries: Vec<Entry>,
    /// Where to go on; `None` at the end.
    pub next: Option<JobId>,
}

/// A certificate as clients read it.
#[derive(Clone, Debug, Decode, Encode, Eq, PartialEq, TypeInfo)]
pub struct CertificateInfo<AccountId, Balance, BlockNumber> {
    /// Its number.
    pub id: JobId,
    /// What is kept of it.
    pub certificate: Certificate<AccountId, Balance, BlockNumber>,
}

plain! {
    /// What a worker should do next about a job.
    pub enum Action<BlockNumber> {
        /// Run it and commit, up to and including a block.
        Commit {
            /// The last block.
            until: BlockNumber,
        },
        /// Reveal, up to and including a block.
        Reveal {
            /// The last block.
            until: BlockNumber,
        },
        /// Call `poke`.
        Poke,
        /// Call `release`: it wasn't drawn.
        Release,
        /// Call `release_bonds`.
        ReleaseBonds,
        /// Wait.
        Wait,
    }
}

/// The bytes of a certificate of a task, at most.
pub(crate) fn certificate_size<AccountId, Balance, BlockNumber>(task: &Task) -> u64
where
    Certificate<AccountId, Balance, BlockNumber>: MaxEncodedLen,
{
    let longest = Certificate::<AccountId, Balance, BlockNumber>::max_encoded_len();
    let spare = Task::max_encoded_len().saturating_sub(task.encoded_size());
    longest.saturating_sub(spare).unique_saturated_into()
}

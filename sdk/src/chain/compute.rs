//! Compute jobs on the chain: workers, jobs, receipts and certificates.

use super::{
    ChainError, Included, Wait,
    client::{Chain, ChainState, api},
    commit_text,
};
use crate::keys::Keypair;
use blake2::{Blake2b, Digest, digest::consts::U32};
use codec::{Decode, Encode};
use serde::{Deserialize, Serialize, Serializer};
use std::fmt;
use stoa_primitives::{
    ContentId,
    registry::{AssetId, CommitId},
};
use subxt::{tx::Payload, utils::AccountId32};

use api::runtime_types::{
    bounded_collections::bounded_vec::BoundedVec, pallet_compute_escrow::types as pallet,
    sp_arithmetic::per_things::Permill,
};

/// Fuel that one unit of price pays for; a part of a unit costs a whole one.
pub const FUEL_UNIT: u64 = 1_000_000;
/// Most inputs of a job.
pub const MAX_INPUTS: usize = 8;
/// Most arguments of a job, and the longest, in bytes.
pub const MAX_ARGUMENTS: usize = 16;
/// Longest argument, in bytes.
pub const MAX_ARGUMENT_LEN: usize = 256;

/// The index of `DispatchError::Module`.
const MODULE_ERROR: u8 = 3;

/// A job's number, and the number of the certificate that it leaves.
#[derive(Clone, Copy, Debug, Deserialize, Eq, Hash, Ord, PartialEq, PartialOrd, Serialize)]
#[serde(transparent)]
pub struct JobId(pub u64);

impl fmt::Display for JobId {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(formatter)
    }
}

impl std::str::FromStr for JobId {
    type Err = std::num::ParseIntError;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        text.parse().map(Self)
    }
}

/// How much a run may take, or a worker offers.
#[derive(Clone, Copy, Debug, Deserialize, Eq, PartialEq, Serialize)]
#[serde(deny_unknown_fields)]
pub struct Limits {
    /// Fuel.
    pub fuel: u64,
    /// Memory of the program, in bytes.
    pub memory: u64,
    /// What it may write, in bytes.
    pub output: u64,
}

impl Limits {
    /// Whether none is more than its counterpart in `most`.
    pub fn fit(&self, most: &Self) -> bool {
        self.fuel <= most.fuel && self.memory <= most.memory && self.output <= most.output
    }
}

/// Something that a job runs on.
#[derive(Clone, Copy, Debug, Eq, PartialEq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum Source {
    /// A revision of an asset.
    Revision {
        /// The asset.
        #[serde(serialize_with = "asset_id")]
        asset: AssetId,
        /// The revision.
        #[serde(serialize_with = "commit_id")]
        commit: CommitId,
    },
    /// Public content that no asset has to name.
    Content(#[serde(serialize_with = "content_id")] ContentId),
}

/// How a run ended. The order is the chain's.
#[derive(Clone, Copy, Debug, Decode, Deserialize, Encode, Eq, PartialEq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum Exit {
    /// The program returned or exited with this code.
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
    /// The program or an input couldn't be fetched.
    InputUnavailable,
}

impl fmt::Display for Exit {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Exited(code) => write!(formatter, "exited with {code}"),
            Self::Trap => formatter.write_str("trapped"),
            Self::OutOfFuel => formatter.write_str("out of fuel"),
            Self::OutOfMemory => formatter.write_str("out of memory"),
            Self::OutputTooLarge => formatter.write_str("output too large"),
            Self::InvalidProgram => formatter.write_str("invalid program"),
            Self::InputUnavailable => formatter.write_str("input unavailable"),
        }
    }
}

/// What a run resulted in. Workers agree when all of it is equal.
#[derive(Clone, Copy, Debug, Decode, Encode, Eq, PartialEq, Serialize)]
pub struct JobResult {
    /// How it ended.
    pub exit: Exit,
    /// Fuel used.
    pub fuel: u64,
    /// The root of what it left; `None` when it left nothing.
    #[serde(serialize_with = "optional_content")]
    pub output: Option<ContentId>,
}

impl JobResult {
    /// What workers say when they can't get the program or an input.
    pub const UNAVAILABLE: Self = Self { exit: Exit::InputUnavailable, fuel: 0, output: None };

    /// What a worker commits to: `blake2_256(account ‖ job ‖ blake2_256(result) ‖ salt)`, all of fixed length.
    pub fn commitment(&self, worker: &AccountId32, job: JobId, salt: &[u8; 32]) -> [u8; 32] {
        blake2_256(&(worker.0, job.0, blake2_256(&self.encode()), salt).encode())
    }
}

fn blake2_256(bytes: &[u8]) -> [u8; 32] {
    Blake2b::<U32>::digest(bytes).into()
}

/// What to run.
#[derive(Clone, Debug, Eq, PartialEq, Serialize)]
pub struct Task {
    /// The program.
    pub program: Source,
    /// What it reads.
    pub inputs: Vec<Source>,
    /// Its arguments, as bytes.
    #[serde(serialize_with = "arguments")]
    pub arguments: Vec<Vec<u8>>,
    /// The engine that must run it.
    #[serde(serialize_with = "hash")]
    pub engine: [u8; 32],
    /// How much it may take.
    pub limits: Limits,
}

/// What a run's randomness and clock come from.
#[derive(Clone, Copy, Debug, Eq, PartialEq, Serialize)]
pub struct RunContext {
    /// The job whose number seeds the program's randomness.
    pub job: JobId,
    /// The block that the program's clock shows.
    pub block: u32,
}

/// Who may work on a job.
#[derive(Clone, Debug, Eq, PartialEq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum Assignment {
    /// Workers that apply and are drawn.
    Drawn,
    /// Those of these that accept.
    Named(Vec<AccountId32>),
}

/// What a job is for.
#[derive(Clone, Copy, Debug, Eq, PartialEq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum Purpose {
    /// A certificate.
    Certify,
    /// To put one to the test.
    Challenge {
        /// The certificate.
        certificate: JobId,
        /// Its signers' bonds are at stake.
        bonded: bool,
    },
}

/// What a job waits for, up to and including a block.
#[derive(Clone, Copy, Debug, Eq, PartialEq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum Phase {
    /// Workers.
    Apply {
        /// The last block.
        until: u32,
    },
    /// Commitments.
    Commit {
        /// The last block.
        until: u32,
    },
    /// Results.
    Reveal {
        /// The last block.
        until: u32,
    },
}

impl Phase {
    /// A word for it.
    pub fn word(&self) -> &'static str {
        match self {
            Self::Apply { .. } => "applications",
            Self::Commit { .. } => "commitments",
            Self::Reveal { .. } => "results",
        }
    }

    /// Its last block.
    pub fn until(&self) -> u32 {
        match self {
            Self::Apply { until } | Self::Commit { until } | Self::Reveal { until } => *until,
        }
    }
}

/// How far a worker is with a job.
#[derive(Clone, Copy, Debug, Eq, PartialEq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum SeatState {
    /// It was drawn.
    Seated,
    /// It committed.
    Committed,
    /// It revealed.
    Revealed(JobResult),
}

/// A worker's place in a job.
#[derive(Clone, Debug, Eq, PartialEq, Serialize)]
pub struct Seat {
    /// The worker.
    pub worker: AccountId32,
    /// The round that it was drawn for.
    pub round: u32,
    /// How far it is.
    pub state: SeatState,
}

/// What an asset takes of a job's price.
#[derive(Clone, Copy, Debug, Eq, PartialEq, Serialize)]
pub struct RoyaltyShare {
    /// The asset.
    #[serde(serialize_with = "asset_id")]
    pub asset: AssetId,
    /// Its share, in millionths.
    pub millionths: u32,
}

/// A job that hasn't ended. Amounts are in plancks.
#[derive(Clone, Debug, Eq, PartialEq, Serialize)]
pub struct Job {
    /// Its number.
    pub id: JobId,
    /// Who pays.
    pub payer: AccountId32,
    /// What it is for.
    pub purpose: Purpose,
    /// What to run.
    pub task: Task,
    /// The roots of the program and the inputs.
    #[serde(serialize_with = "contents")]
    pub contents: Vec<ContentId>,
    /// What the run's randomness and clock come from.
    pub context: RunContext,
    /// Seats of the first round.
    pub replicas: u32,
    /// Equal results that settle it.
    pub quorum: u32,
    /// Seats of the wider round.
    pub second: u32,
    /// Who may work on it.
    pub assignment: Assignment,
    /// Per unit of fuel.
    #[serde(serialize_with = "text")]
    pub price: u128,
    /// What a worker earns of that.
    #[serde(serialize_with = "text")]
    pub worker_price: u128,
    /// What a seat costs at the fuel limit.
    #[serde(serialize_with = "text")]
    pub seat_cost: u128,
    /// What each seat bonds.
    #[serde(serialize_with = "text")]
    pub bond: u128,
    /// What the assets take of the price.
    pub royalties: Vec<RoyaltyShare>,
    /// What is held on the payer.
    #[serde(serialize_with = "text")]
    pub held: u128,
    /// Blocks that workers have to commit.
    pub run_blocks: u32,
    /// Gated assets whose admin must still consent.
    pub awaiting_consent: Vec<u64>,
    /// 1 or 2.
    pub round: u32,
    /// What it waits for.
    pub phase: Phase,
    /// The seats, with their receipts.
    pub seats: Vec<Seat>,
    /// How many applied for the current round.
    pub candidates: u32,
    /// Anybody may move it on now, and earn the reward.
    pub due: bool,
}

impl Job {
    /// Whether enough workers applied for the current round, and nobody's consent is awaited.
    pub fn can_be_drawn(&self) -> bool {
        let wanted = if self.round == 1 { self.replicas } else { self.second };
        let needed = match self.assignment {
            Assignment::Drawn => wanted.saturating_mul(2),
            Assignment::Named(_) => wanted,
        };
        self.candidates >= needed && self.awaiting_consent.is_empty()
    }
}

/// What challenges made of a certificate.
#[derive(Clone, Copy, Debug, Eq, PartialEq, Serialize)]
#[serde(rename_all = "kebab-case")]
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

/// An agreed result.
#[derive(Clone, Debug, Eq, PartialEq, Serialize)]
pub struct Certificate {
    /// Its number.
    pub id: JobId,
    /// Who asked for it.
    pub requester: AccountId32,
    /// What was run.
    pub task: Task,
    /// The roots of the program and the inputs.
    #[serde(serialize_with = "contents")]
    pub contents: Vec<ContentId>,
    /// What the run's randomness and clock came from.
    pub context: RunContext,
    /// What it resulted in.
    pub result: JobResult,
    /// Whether the workers were drawn, or the requester's.
    pub chosen: &'static str,
    /// How many applied.
    pub applicants: u32,
    /// How many had a seat.
    pub seats: u32,
    /// Equal results that were asked for.
    pub quorum: u32,
    /// The distinct accounts that agreed. Nothing says that they belong to different people.
    pub signers: Vec<AccountId32>,
    /// Per unit of fuel, in plancks.
    #[serde(serialize_with = "text")]
    pub price: u128,
    /// When it was settled.
    pub settled: u32,
    /// What is locked of each signer's stake, in plancks.
    #[serde(serialize_with = "text")]
    pub bond: u128,
    /// Challenges up to this block put the bonds at stake.
    pub bonded_until: u32,
    /// The challenge that is open.
    pub challenge: Option<JobId>,
    /// What challenges made of it.
    pub standing: Standing,
}

/// An account that runs jobs.
#[derive(Clone, Debug, Eq, PartialEq, Serialize)]
pub struct Worker {
    /// The account.
    pub account: AccountId32,
    /// What is held on it, in plancks.
    #[serde(serialize_with = "text")]
    pub stake: u128,
    /// How much of that is pledged or bonded.
    #[serde(serialize_with = "text")]
    pub locked: u128,
    /// The least that it works for, in plancks per unit of fuel, after royalties.
    #[serde(serialize_with = "text")]
    pub price: u128,
    /// The largest job that it takes.
    pub limits: Limits,
    /// What it can run.
    #[serde(serialize_with = "hashes")]
    pub engines: Vec<[u8; 32]>,
}

/// What a job would hold, in plancks.
#[derive(Clone, Copy, Debug, Eq, PartialEq, Serialize)]
pub struct Quote {
    /// One seat at the fuel limit.
    #[serde(serialize_with = "text")]
    pub seat_cost: u128,
    /// What each worker bonds.
    #[serde(serialize_with = "text")]
    pub bond: u128,
    /// All seats of both rounds.
    #[serde(serialize_with = "text")]
    pub compute: u128,
    /// Per-job licences of gated assets.
    #[serde(serialize_with = "text")]
    pub fees: u128,
    /// The certificate's rows.
    #[serde(serialize_with = "text")]
    pub deposit: u128,
    /// Rewards for moving phases on.
    #[serde(serialize_with = "text")]
    pub pokes: u128,
    /// All of it.
    #[serde(serialize_with = "text")]
    pub total: u128,
    /// What a worker earns per unit of fuel.
    #[serde(serialize_with = "text")]
    pub worker_price: u128,
}

/// How the jobs of a program ended.
#[derive(Clone, Copy, Debug, Eq, PartialEq, Serialize)]
pub struct Figures {
    /// Jobs of which results were revealed.
    pub jobs: u32,
    /// Those that left a certificate.
    pub certificates: u32,
    /// Results that were revealed.
    pub total: u32,
    /// Those that agreed with a certificate.
    pub agreed: u32,
    /// Certificates that fell.
    pub fallen: u32,
}

/// What a worker should do next about a job.
#[derive(Clone, Copy, Debug, Eq, PartialEq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum Action {
    /// Run it and commit, up to and including a block.
    Commit {
        /// The last block.
        until: u32,
    },
    /// Reveal, up to and including a block.
    Reveal {
        /// The last block.
        until: u32,
    },
    /// Move it on.
    Poke,
    /// Free the pledge.
    Release,
    /// Free the bond.
    ReleaseBonds,
    /// Wait.
    Wait,
}

/// What a requester asks for.
#[derive(Clone, Debug)]
pub struct JobRequest {
    /// What to run.
    pub task: Task,
    /// How many workers run it at first.
    pub replicas: u32,
    /// How many equal results settle it.
    pub quorum: u32,
    /// Who may work on it.
    pub assignment: Assignment,
    /// Plancks per unit of fuel, royalties included.
    pub price: u128,
    /// Blocks that workers have to run it.
    pub run_blocks: u32,
}

macro_rules! calls {
    ($($(#[$doc:meta])* $name:ident, $fee:ident($($argument:ident: $type:ty),*) => $call:expr;)*) => {
        impl Chain {
            $(
                $(#[$doc])*
                pub async fn $name(
                    &self,
                    signer: &Keypair,
                    $($argument: $type,)*
                    wait: Wait,
                ) -> Result<Included, ChainError> {
                    Ok(self.send(&$call, signer, wait).await?.0)
                }

                /// What that costs in fees.
                pub async fn $fee(&self, signer: &Keypair, $($argument: $type),*) -> Result<u128, ChainError> {
                    self.fee(&$call, signer).await
                }
            )*
        }
    };
}

calls! {
    /// Makes the signer a worker and holds its stake.
    register_worker, register_worker_fee(stake: u128, price: u128, limits: Limits, engines: &[[u8; 32]]) =>
        api::transactions().compute_escrow().register_worker(
            stake, price, to_limits(&limits), BoundedVec(engines.to_vec()),
        );
    /// Changes what the signer works for and takes.
    update_worker, update_worker_fee(price: u128, limits: Limits, engines: &[[u8; 32]]) =>
        api::transactions().compute_escrow().update_worker(price, to_limits(&limits), BoundedVec(engines.to_vec()));
    /// Raises or lowers the signer's stake.
    set_worker_stake, set_worker_stake_fee(stake: u128) => api::transactions().compute_escrow().set_stake(stake);
    /// Ends the signer's being a worker, and returns its stake.
    deregister_worker, deregister_worker_fee() => api::transactions().compute_escrow().deregister_worker();
    /// Consents, for a gated asset, to a job on named workers.
    consent_to_job, consent_to_job_fee(job: JobId, asset: AssetId) =>
        api::transactions().compute_escrow().consent(to_job(job), asset.into());
    /// Applies for a seat with a part of the signer's stake.
    apply_for_job, apply_for_job_fee(job: JobId, pledge: u128) =>
        api::transactions().compute_escrow().apply(to_job(job), pledge);
    /// Commits to a result.
    commit_to_result, commit_to_result_fee(job: JobId, commitment: [u8; 32]) =>
        api::transactions().compute_escrow().commit(to_job(job), commitment);
    /// Reveals what the signer committed to.
    reveal_result, reveal_result_fee(job: JobId, result: &JobResult, salt: [u8; 32]) =>
        api::transactions().compute_escrow().reveal(to_job(job), to_result(result), salt);
    /// Moves a job on whose phase is over.
    poke_job, poke_job_fee(job: JobId) => api::transactions().compute_escrow().poke(to_job(job));
    /// Frees the stake that a worker pledged and wasn't drawn with.
    release_pledge, release_pledge_fee(worker: AccountId32, job: JobId) =>
        api::transactions().compute_escrow().release(worker, to_job(job));
    /// Frees the bonds of a certificate's signers.
    release_bonds, release_bonds_fee(certificate: JobId) =>
        api::transactions().compute_escrow().release_bonds(to_job(certificate));
    /// Says what an asset takes of the price of jobs that use it, in millionths.
    set_job_royalty, set_job_royalty_fee(asset: AssetId, millionths: Option<u32>) =>
        api::transactions().compute_escrow().set_royalty(asset.into(), millionths.map(Permill));
}

impl Chain {
    /// Submits a job, and gives its number.
    pub async fn submit_job(
        &self,
        signer: &Keypair,
        request: &JobRequest,
        max_hold: u128,
        wait: Wait,
    ) -> Result<(JobId, Included), ChainError> {
        let (included, events) = self.send(&submit(request, max_hold), signer, wait).await?;
        let event = events
            .find_first::<api::compute_escrow::events::JobSubmitted>()
            .ok_or(ChainError::MissingEvent("JobSubmitted"))?
            .map_err(|error| ChainError::Incompatible(error.to_string()))?;
        Ok((JobId(event.job.0), included))
    }

    /// What submitting a job costs in fees.
    pub async fn submit_job_fee(&self, signer: &Keypair, request: &JobRequest) -> Result<u128, ChainError> {
        self.fee(&submit(request, u128::MAX), signer).await
    }

    /// Has a certificate's task run again, and gives the number of that job.
    pub async fn challenge_certificate(
        &self,
        signer: &Keypair,
        certificate: JobId,
        max_hold: u128,
        wait: Wait,
    ) -> Result<(JobId, Included), ChainError> {
        let call = api::transactions().compute_escrow().challenge(to_job(certificate), max_hold);
        let (included, events) = self.send(&call, signer, wait).await?;
        let event = events
            .find_first::<api::compute_escrow::events::Challenged>()
            .ok_or(ChainError::MissingEvent("Challenged"))?
            .map_err(|error| ChainError::Incompatible(error.to_string()))?;
        Ok((JobId(event.job.0), included))
    }

    /// What a challenge costs in fees.
    pub async fn challenge_certificate_fee(
        &self,
        signer: &Keypair,
        certificate: JobId,
    ) -> Result<u128, ChainError> {
        let call = api::transactions().compute_escrow().challenge(to_job(certificate), u128::MAX);
        self.fee(&call, signer).await
    }
}

/// Calls a method of the escrow's runtime API.
macro_rules! ask {
    ($state:expr, $method:ident($($argument:expr),*)) => {
        $state.at.runtime_apis().call(api::runtime_apis().compute_escrow_api().$method($($argument),*)).await
    };
}

impl ChainState {
    /// A worker.
    pub async fn worker(&self, account: &AccountId32) -> Result<Option<Worker>, ChainError> {
        Ok(ask!(self, worker(*account))?.map(worker))
    }

    /// The workers, a page of them, in no particular order; `after` is the last account of the page before.
    pub async fn workers(&self, after: Option<AccountId32>, limit: u32) -> Result<Vec<Worker>, ChainError> {
        Ok(ask!(self, workers(after, limit))?.into_iter().map(worker).collect())
    }

    /// A job that hasn't ended.
    pub async fn job(&self, job: JobId) -> Result<Option<Job>, ChainError> {
        Ok(ask!(self, job(to_job(job)))?.map(self::job))
    }

    /// Jobs that haven't ended, a page of them, and where to go on.
    pub async fn jobs(
        &self,
        after: Option<JobId>,
        limit: u32,
    ) -> Result<(Vec<Job>, Option<JobId>), ChainError> {
        let page = ask!(self, jobs(after.map(to_job), limit))?;
        Ok((page.entries.into_iter().map(job).collect(), page.next.map(from_job)))
    }

    /// The jobs that a worker could apply for, a page of them, and where to go on.
    pub async fn open_jobs(
        &self,
        worker: &AccountId32,
        after: Option<JobId>,
        limit: u32,
    ) -> Result<(Vec<Job>, Option<JobId>), ChainError> {
        let page = ask!(self, open_jobs(*worker, after.map(to_job), limit))?;
        Ok((page.entries.into_iter().map(job).collect(), page.next.map(from_job)))
    }

    /// What a worker has to do, job by job, a page of it.
    pub async fn duties(
        &self,
        worker: &AccountId32,
        after: Option<JobId>,
        limit: u32,
    ) -> Result<Vec<(JobId, Action)>, ChainError> {
        let duties = ask!(self, duties(*worker, after.map(to_job), limit))?;
        Ok(duties.into_iter().map(|(job, action)| (from_job(job), self::action(action))).collect())
    }

    /// A certificate.
    pub async fn certificate(&self, certificate: JobId) -> Result<Option<Certificate>, ChainError> {
        Ok(ask!(self, certificate(to_job(certificate)))?.map(self::certificate))
    }

    /// The certificates of results that used an asset, a page of them, the oldest first.
    pub async fn certificates_of(
        &self,
        asset: AssetId,
        after: Option<JobId>,
        limit: u32,
    ) -> Result<Vec<Certificate>, ChainError> {
        let found = ask!(self, certificates_of(asset.into(), after.map(to_job), limit))?;
        Ok(found.into_iter().map(certificate).collect())
    }

    /// How the jobs of a program ended.
    pub async fn figures(&self, program: ContentId) -> Result<Figures, ChainError> {
        let pallet::Figures { jobs, certificates, total, agreed, fallen } =
            ask!(self, figures(program.into()))?;
        Ok(Figures { jobs, certificates, total, agreed, fallen })
    }

    /// What a job would hold.
    pub async fn quote_job(
        &self,
        requester: &AccountId32,
        request: &JobRequest,
    ) -> Result<Quote, ChainError> {
        let quoted = ask!(self, quote(*requester, to_request(request)))?;
        self.quoted(quoted)
    }

    /// What a challenge would hold.
    pub async fn quote_challenge(
        &self,
        challenger: &AccountId32,
        certificate: JobId,
    ) -> Result<Quote, ChainError> {
        let quoted = ask!(self, quote_challenge(*challenger, to_job(certificate)))?;
        self.quoted(quoted)
    }

    fn quoted(
        &self,
        quoted: Result<pallet::Quote<u128>, api::runtime_types::sp_runtime::DispatchError>,
    ) -> Result<Quote, ChainError> {
        let found = quoted.map_err(|error| self.refusal(&error))?;
        Ok(Quote {
            seat_cost: found.seat_cost,
            bond: found.bond,
            compute: found.compute,
            fees: found.fees,
            deposit: found.deposit,
            pokes: found.pokes,
            total: found.total,
            worker_price: found.worker_price,
        })
    }

    /// An error that a runtime API gave instead of an answer, in the chain's words.
    fn refusal(&self, error: &api::runtime_types::sp_runtime::DispatchError) -> ChainError {
        use api::runtime_types::sp_runtime::DispatchError as Generated;
        let Generated::Module(module) = error else {
            return ChainError::Refused { name: format!("{error:?}"), docs: String::new() };
        };
        let mut bytes = vec![MODULE_ERROR, module.index];
        bytes.extend_from_slice(&module.error);
        match subxt::error::DispatchError::decode_from(bytes, self.at.metadata()) {
            Ok(error) => error.into(),
            Err(error) => ChainError::Incompatible(error.to_string()),
        }
    }

    /// Whether one of the pieces that the registry knows of a content has this root.
    pub async fn is_piece_of(&self, content: ContentId, root: &[u8; 32]) -> Result<bool, ChainError> {
        const PAGE: u32 = 64;
        const MAX_PAGES: u32 = 16;
        for page in 0..MAX_PAGES {
            let call =
                api::runtime_apis().asset_registry_api().pieces_of_content(content.into(), page * PAGE, PAGE);
            let pieces = self.at.runtime_apis().call(call).await?;
            if pieces.iter().any(|piece| piece.0.root == *root) {
                return Ok(true);
            }
            if pieces.len() < PAGE as usize {
                break;
            }
        }
        Ok(false)
    }
}

fn submit(request: &JobRequest, max_hold: u128) -> impl Payload {
    api::transactions().compute_escrow().submit_job(to_request(request), max_hold)
}

fn to_job(job: JobId) -> pallet::JobId {
    pallet::JobId(job.0)
}

fn from_job(job: pallet::JobId) -> JobId {
    JobId(job.0)
}

fn to_limits(limits: &Limits) -> pallet::Limits {
    pallet::Limits { fuel: limits.fuel, memory: limits.memory, output: limits.output }
}

fn to_source(source: &Source) -> pallet::Source {
    match *source {
        Source::Revision { asset, commit } => {
            pallet::Source::Revision { asset: asset.into(), commit: commit.into() }
        }
        Source::Content(content) => pallet::Source::Content(content.into()),
    }
}

fn to_request(request: &JobRequest) -> pallet::JobRequest<AccountId32, u128, u32> {
    let task = &request.task;
    pallet::JobRequest {
        task: pallet::Task {
            program: to_source(&task.program),
            inputs: BoundedVec(task.inputs.iter().map(to_source).collect()),
            arguments: BoundedVec(task.arguments.iter().cloned().map(BoundedVec).collect()),
            engine: task.engine,
            limits: to_limits(&task.limits),
        },
        replicas: request.replicas,
        quorum: request.quorum,
        assignment: match &request.assignment {
            Assignment::Drawn => pallet::Assignment::Drawn,
            Assignment::Named(workers) => pallet::Assignment::Named(BoundedVec(workers.clone())),
        },
        price: request.price,
        run_blocks: request.run_blocks,
    }
}

fn to_result(result: &JobResult) -> pallet::JobResult {
    let exit = match result.exit {
        Exit::Exited(code) => pallet::Exit::Exited(code),
        Exit::Trap => pallet::Exit::Trap,
        Exit::OutOfFuel => pallet::Exit::OutOfFuel,
        Exit::OutOfMemory => pallet::Exit::OutOfMemory,
        Exit::OutputTooLarge => pallet::Exit::OutputTooLarge,
        Exit::InvalidProgram => pallet::Exit::InvalidProgram,
        Exit::InputUnavailable => pallet::Exit::InputUnavailable,
    };
    pallet::JobResult { exit, fuel: result.fuel, output: result.output.map(Into::into) }
}

fn result(found: pallet::JobResult) -> JobResult {
    let exit = match found.exit {
        pallet::Exit::Exited(code) => Exit::Exited(code),
        pallet::Exit::Trap => Exit::Trap,
        pallet::Exit::OutOfFuel => Exit::OutOfFuel,
        pallet::Exit::OutOfMemory => Exit::OutOfMemory,
        pallet::Exit::OutputTooLarge => Exit::OutputTooLarge,
        pallet::Exit::InvalidProgram => Exit::InvalidProgram,
        pallet::Exit::InputUnavailable => Exit::InputUnavailable,
    };
    JobResult { exit, fuel: found.fuel, output: found.output.map(|content| content.0) }
}

fn source(found: pallet::Source) -> Source {
    match found {
        pallet::Source::Revision { asset, commit } => Source::Revision { asset: asset.0, commit: commit.0 },
        pallet::Source::Content(content) => Source::Content(content.0),
    }
}

fn limits(found: pallet::Limits) -> Limits {
    Limits { fuel: found.fuel, memory: found.memory, output: found.output }
}

fn task(found: pallet::Task) -> Task {
    Task {
        program: source(found.program),
        inputs: found.inputs.0.into_iter().map(source).collect(),
        arguments: found.arguments.0.into_iter().map(|argument| argument.0).collect(),
        engine: found.engine,
        limits: limits(found.limits),
    }
}

fn context(found: pallet::Context<u32>) -> RunContext {
    RunContext { job: from_job(found.job), block: found.block }
}

fn worker(found: pallet::WorkerInfo<AccountId32, u128>) -> Worker {
    let pallet::WorkerInfo { account, worker } = found;
    Worker {
        account,
        stake: worker.stake,
        locked: worker.locked,
        price: worker.price,
        limits: limits(worker.limits),
        engines: worker.engines.0,
    }
}

fn seat(found: pallet::Seat<AccountId32>) -> Seat {
    let state = match found.state {
        pallet::SeatState::Seated => SeatState::Seated,
        pallet::SeatState::Committed(_) => SeatState::Committed,
        pallet::SeatState::Revealed(found) => SeatState::Revealed(result(found)),
    };
    Seat { worker: found.worker, round: found.round, state }
}

fn job(found: pallet::JobInfo<AccountId32, u128, u32>) -> Job {
    let pallet::JobInfo { id, job, seats, candidates, worker_price, due } = found;
    Job {
        id: from_job(id),
        payer: job.payer,
        purpose: match job.purpose {
            pallet::Purpose::Certify => Purpose::Certify,
            pallet::Purpose::Challenge { certificate, bonded } => {
                Purpose::Challenge { certificate: from_job(certificate), bonded }
            }
        },
        task: task(job.task),
        contents: job.contents.0.into_iter().map(|content| content.0).collect(),
        context: context(job.context),
        replicas: job.replicas,
        quorum: job.quorum,
        second: job.second,
        assignment: match job.assignment {
            pallet::Assignment::Drawn => Assignment::Drawn,
            pallet::Assignment::Named(workers) => Assignment::Named(workers.0),
        },
        price: job.price,
        worker_price,
        seat_cost: job.seat_cost,
        bond: job.bond,
        royalties: job
            .royalties
            .0
            .into_iter()
            .map(|royalty| RoyaltyShare { asset: royalty.asset.0, millionths: royalty.share.0 })
            .collect(),
        held: job.held,
        run_blocks: job.run_blocks,
        awaiting_consent: job.awaiting.0.into_iter().map(|asset| asset.0.0).collect(),
        round: job.round,
        phase: match job.phase {
            pallet::Phase::Apply { until, .. } => Phase::Apply { until },
            pallet::Phase::Commit { until } => Phase::Commit { until },
            pallet::Phase::Reveal { until } => Phase::Reveal { until },
        },
        seats: seats.into_iter().map(seat).collect(),
        candidates,
        due,
    }
}

fn certificate(found: pallet::CertificateInfo<AccountId32, u128, u32>) -> Certificate {
    let pallet::CertificateInfo { id, certificate: found } = found;
    Certificate {
        id: from_job(id),
        requester: found.requester,
        task: task(found.task),
        contents: found.contents.0.into_iter().map(|content| content.0).collect(),
        context: context(found.context),
        result: result(found.result),
        chosen: match found.chosen {
            pallet::Chosen::Drawn => "drawn",
            pallet::Chosen::Named => "named",
        },
        applicants: found.applicants,
        seats: found.seats,
        quorum: found.quorum,
        signers: found.signers.0,
        price: found.price,
        settled: found.settled,
        bond: found.bond,
        bonded_until: found.bonded_until,
        challenge: found.challenge.map(from_job),
        standing: match found.standing {
            pallet::Standing::Unchallenged => Standing::Unchallenged,
            pallet::Standing::Upheld => Standing::Upheld,
            pallet::Standing::Unresolved => Standing::Unresolved,
            pallet::Standing::Fallen { challenge, result: other } => {
                Standing::Fallen { challenge: from_job(challenge), result: result(other) }
            }
        },
    }
}

fn action(found: pallet::Action<u32>) -> Action {
    match found {
        pallet::Action::Commit { until } => Action::Commit { until },
        pallet::Action::Reveal { until } => Action::Reveal { until },
        pallet::Action::Poke => Action::Poke,
        pallet::Action::Release => Action::Release,
        pallet::Action::ReleaseBonds => Action::ReleaseBonds,
        pallet::Action::Wait => Action::Wait,
    }
}

fn text<S: Serializer>(amount: &u128, serializer: S) -> Result<S::Ok, S::Error> {
    serializer.collect_str(amount)
}

fn asset_id<S: Serializer>(id: &AssetId, serializer: S) -> Result<S::Ok, S::Error> {
    serializer.serialize_u64(id.0)
}

fn commit_id<S: Serializer>(commit: &CommitId, serializer: S) -> Result<S::Ok, S::Error> {
    serializer.serialize_str(&commit_text(commit))
}

fn content_id<S: Serializer>(content: &ContentId, serializer: S) -> Result<S::Ok, S::Error> {
    serializer.serialize_str(&stoa_content::text(content))
}

fn optional_content<S: Serializer>(content: &Option<ContentId>, serializer: S) -> Result<S::Ok, S::Error> {
    content.as_ref().map(stoa_content::text).serialize(serializer)
}

fn contents<S: Serializer>(contents: &[ContentId], serializer: S) -> Result<S::Ok, S::Error> {
    serializer.collect_seq(contents.iter().map(stoa_content::text))
}

fn hash<S: Serializer>(hash: &[u8; 32], serializer: S) -> Result<S::Ok, S::Error> {
    serializer.serialize_str(&hex::encode(hash))
}

fn hashes<S: Serializer>(hashes: &[[u8; 32]], serializer: S) -> Result<S::Ok, S::Error> {
    serializer.collect_seq(hashes.iter().map(hex::encode))
}

fn arguments<S: Serializer>(arguments: &[Vec<u8>], serializer: S) -> Result<S::Ok, S::Error> {
    serializer.collect_seq(arguments.iter().map(|argument| String::from_utf8_lossy(argument).into_owned()))
}

#[cfg(test)]
mod tests {
    use super::*;
    use stoa_primitives::Codec;

    /// The pallet has the same vectors, in its `frozen` tests: a worker whose hashes differ couldn't reveal.
    #[test]
    fn commitments_are_the_ones_that_the_chain_works_out() {
        let output = Some(ContentId { codec: Codec::DagPb, digest: [7; 32] });
        let result = JobResult { exit: Exit::Exited(-1), fuel: 42, output };
        let worker = AccountId32([1; 32]);
        assert_eq!(
            hex::encode(result.commitment(&worker, JobId(9), &[3; 32])),
            "a46fc1b21870a1c5c0e76f2a3f94991d9b247235399839c6022d95379960fdbb"
        );
        assert_eq!(hex::encode(JobResult::UNAVAILABLE.encode()), "06000000000000000000");
    }
}

//! What to do about each job, block by block.

use super::{Shared, log, outputs, policy, records::Record, work};
use std::{
    collections::{HashMap, HashSet},
    future::Future,
    sync::{
        Arc,
        atomic::{AtomicBool, Ordering},
    },
};
use stoa_sdk::{
    Error,
    chain::{
        ChainState, Wait,
        compute::{Action, Job, JobId, JobResult, Phase},
    },
};
use tokio::{
    runtime::Handle,
    sync::mpsc::{UnboundedReceiver, UnboundedSender, unbounded_channel},
    task::{JoinHandle, spawn_blocking},
};

/// Entries of one page of the chain's answers.
const PAGE: u32 = 128;
/// Pages of duties and of open jobs that one look reads.
const MAX_PAGES: usize = 32;
/// Blocks from the end of applications to the seed that the draw takes.
const SEED_DELAY: u32 = 9;
/// Blocks before something that failed is tried again.
const AGAIN: u32 = 3;
/// How often a run that this machine failed is tried.
const ATTEMPTS: u32 = 3;
/// Most jobs that are remembered as not for this worker.
const MAX_DECLINED: usize = 10_000;

/// Something that is done for a job, one at a time.
#[derive(Clone, Copy, Debug, Eq, Hash, PartialEq)]
enum Step {
    Apply,
    Run,
    Commit,
    Reveal,
    Poke,
    Release,
    ReleaseBonds,
    Publish,
}

type Key = (JobId, Step);
type Done = (Key, Result<(), String>);

/// Where the work lies.
pub(super) struct Desk {
    shared: Arc<Shared>,
    /// What is being done.
    open: HashSet<Key>,
    /// The block before which something isn't tried again.
    later: HashMap<Key, u32>,
    /// Runs: their stops, and how often each was begun.
    runs: HashMap<JobId, (Arc<AtomicBool>, u32, JoinHandle<()>)>,
    /// Jobs that this worker doesn't apply for.
    declined: HashSet<JobId>,
    /// Jobs whose first application failed.
    doubted: HashSet<JobId>,
    /// When a job was first seen to be due.
    due: HashMap<JobId, (u32, Phase)>,
    /// Jobs whose stake is locked for their certificates alone.
    signed: HashSet<JobId>,
    said: UnboundedSender<Done>,
    heard: UnboundedReceiver<Done>,
}

impl Drop for Desk {
    fn drop(&mut self) {
        for (stop, _, _) in self.runs.values() {
            stop.store(true, Ordering::Relaxed);
        }
    }
}

impl Desk {
    pub(super) fn new(shared: Arc<Shared>) -> Self {
        let (said, heard) = unbounded_channel();
        Self {
            shared,
            open: HashSet::new(),
            later: HashMap::new(),
            runs: HashMap::new(),
            declined: HashSet::new(),
            doubted: HashSet::new(),
            due: HashMap::new(),
            signed: HashSet::new(),
            said,
            heard,
        }
    }

    /// Looks at the best block, if it is a new one, and begins what is to be done.
    pub(super) async fn look(&mut self) -> anyhow::Result<()> {
        let chain = self.shared.chain();
        let state = chain.state().await.map_err(Error::from)?;
        let now = u32::try_from(state.block()).unwrap_or(u32::MAX);
        self.hear(now);
        if now == self.shared.head() {
            return Ok(());
        }
        self.shared.head.store(now, Ordering::Relaxed);
        let duties = self.duties(&state).await?;
        let mut engaged = 0_usize;
        for (job, action) in &duties {
            if self.act(&state, *job, *action, now).await? {
                engaged = engaged.saturating_add(1);
            }
        }
        self.end_stale_runs(&duties);
        self.due.retain(|id, _| duties.iter().any(|(job, _)| job == id));
        self.outputs(&state, now).await?;
        self.apply(&state, engaged).await?;
        Ok(())
    }

    /// Takes in what was done since the last look.
    fn hear(&mut self, now: u32) {
        while let Ok(((job, step), done)) = self.heard.try_recv() {
            self.open.remove(&(job, step));
            match (done, step) {
                (Ok(()), _) => {}
                (Err(reason), Step::Apply) => {
                    log(&format!("job {job}: not applied for: {reason}"));
                    // Content may be late; a second failure is taken for an answer.
                    match self.doubted.insert(job) {
                        true => drop(self.later.insert((job, step), now.saturating_add(AGAIN))),
                        false => self.decline(job),
                    }
                }
                (Err(reason), _) => {
                    log(&format!("job {job}: {step:?}: {reason}"));
                    self.later.insert((job, step), now.saturating_add(AGAIN));
                }
            }
        }
        self.later.retain(|_, again| *again > now);
    }

    fn decline(&mut self, job: JobId) {
        if self.declined.len() >= MAX_DECLINED {
            self.declined.clear();
            self.doubted.clear();
        }
        self.doubted.remove(&job);
        self.declined.insert(job);
    }

    async fn duties(&self, state: &ChainState) -> Result<Vec<(JobId, Action)>, Error> {
        let mut duties: Vec<(JobId, Action)> = Vec::new();
        for _ in 0..MAX_PAGES {
            let after = duties.last().map(|(job, _)| *job);
            let page = state.duties(&self.shared.account, after, PAGE).await?;
            let full = page.len() >= PAGE as usize;
            duties.extend(page);
            if !full {
                break;
            }
        }
        Ok(duties)
    }

    /// Begins a step, unless it is under way or was put off.
    fn begin(&mut self, key: Key, work: impl Future<Output = Result<(), String>> + Send + 'static) {
        if self.later.contains_key(&key) || !self.open.insert(key) {
            return;
        }
        let said = self.said.clone();
        tokio::spawn(async move {
            // Whoever doesn't listen any more is on the way out.
            said.send((key, work.await)).ok();
        });
    }

    fn is_waiting(&self, key: Key) -> bool {
        self.open.contains(&key) || self.later.contains_key(&key)
    }

    /// Begins what a duty asks for. True when the job takes one of the worker's places.
    async fn act(&mut self, state: &ChainState, id: JobId, action: Action, now: u32) -> anyhow::Result<bool> {
        match action {
            Action::Commit { until } => self.commit(state, id, until).await?,
            Action::Reveal { .. } => self.reveal(id),
            Action::Poke => self.poke(state, id, now).await?,
            Action::Release => {
                let (shared, account) = (self.shared.clone(), self.shared.account);
                self.begin((id, Step::Release), async move {
                    done(shared.chain().release_pledge(&shared.signer, account, id, Wait::InBlock).await)
                });
                return Ok(false);
            }
            Action::ReleaseBonds => {
                self.release_bonds(state, id, now).await?;
                return Ok(false);
            }
            Action::Wait => return Ok(!self.is_only_signed(state, id).await?),
        }
        Ok(true)
    }

    /// Whether stake is locked for a certificate that was signed, and for nothing that is still to be done.
    async fn is_only_signed(&mut self, state: &ChainState, id: JobId) -> Result<bool, Error> {
        if self.signed.contains(&id) {
            return Ok(true);
        }
        let ended = state.job(id).await?.is_none();
        if ended {
            self.signed.insert(id);
        }
        Ok(ended)
    }

    async fn commit(&mut self, state: &ChainState, id: JobId, until: u32) -> anyhow::Result<()> {
        if let Some(record) = self.record(id) {
            let Some((result, salt)) = result(&record) else { return Ok(()) };
            let shared = self.shared.clone();
            self.begin((id, Step::Commit), async move {
                let commitment = result.commitment(&shared.account, id, &salt);
                done(shared.chain().commit_to_result(&shared.signer, id, commitment, Wait::InBlock).await)
            });
            return Ok(());
        }
        let running = self.runs.values().filter(|(_, _, run)| !run.is_finished()).count();
        let (begun, busy) =
            self.runs.get(&id).map_or((0, false), |(_, begun, run)| (*begun, !run.is_finished()));
        if busy
            || begun >= ATTEMPTS
            || running >= self.shared.config.parallel
            || self.is_waiting((id, Step::Run))
        {
            return Ok(());
        }
        let Some(job) = state.job(id).await.map_err(Error::from)? else { return Ok(()) };
        log(&format!("job {id}: running it, attempt {}", begun.saturating_add(1)));
        let stop = Arc::new(AtomicBool::new(false));
        let (shared, said, stopping) = (self.shared.clone(), self.said.clone(), stop.clone());
        self.open.insert((id, Step::Run));
        let runtime = Handle::current();
        let run = spawn_blocking(move || {
            let worked = runtime.block_on(work::work(&shared, &job, until, stopping));
            // Whoever doesn't listen any more is on the way out.
            said.send(((id, Step::Run), worked.map_err(|error| error.to_string()))).ok();
        });
        self.runs.insert(id, (stop, begun.saturating_add(1), run));
        Ok(())
    }

    /// The record of a job; one that can't be read is told, and is as good as none.
    fn record(&self, id: JobId) -> Option<Record> {
        match self.shared.records.load(id) {
            Ok(record) => record,
            Err(error) => {
                log(&error.to_string());
                None
            }
        }
    }

    fn reveal(&mut self, id: JobId) {
        let Some(record) = self.record(id) else {
            if !self.is_waiting((id, Step::Reveal)) {
                log(&format!("job {id}: the record of its result is lost, and nothing else can reveal it"));
                self.later.insert((id, Step::Reveal), u32::MAX);
            }
            return;
        };
        let Some((result, salt)) = result(&record) else { return };
        let shared = self.shared.clone();
        self.begin((id, Step::Reveal), async move {
            done(shared.chain().reveal_result(&shared.signer, id, &result, salt, Wait::InBlock).await)
        });
    }

    async fn poke(&mut self, state: &ChainState, id: JobId, now: u32) -> Result<(), Error> {
        if !self.shared.config.poke || self.is_waiting((id, Step::Poke)) {
            return Ok(());
        }
        let Some(job) = state.job(id).await? else { return Ok(()) };
        let seen = self.due.entry(id).or_insert((now, job.phase));
        if seen.1 != job.phase {
            *seen = (now, job.phase);
        }
        // A draw needs its seed; without enough applicants there is none to wait for.
        let possible = match job.phase {
            Phase::Apply { until } if job.can_be_drawn() => seen.0.max(until.saturating_add(SEED_DELAY)),
            _ => seen.0,
        };
        if now < possible.saturating_add(turn(&self.shared.account.0, &job)) {
            return Ok(());
        }
        let shared = self.shared.clone();
        self.begin((id, Step::Poke), async move {
            done(shared.chain().poke_job(&shared.signer, id, Wait::InBlock).await)
        });
        Ok(())
    }

    async fn release_bonds(&mut self, state: &ChainState, id: JobId, now: u32) -> Result<(), Error> {
        if self.is_waiting((id, Step::ReleaseBonds)) {
            return Ok(());
        }
        let Some(certificate) = state.certificate(id).await? else { return Ok(()) };
        let place =
            certificate.signers.iter().position(|signer| *signer == self.shared.account).unwrap_or_default();
        let turn = u32::try_from(place).unwrap_or(u32::MAX);
        if now <= certificate.bonded_until.saturating_add(turn) {
            return Ok(());
        }
        let shared = self.shared.clone();
        self.begin((id, Step::ReleaseBonds), async move {
            done(shared.chain().release_bonds(&shared.signer, id, Wait::InBlock).await)
        });
        Ok(())
    }

    /// Ends runs whose results the chain doesn't take any more.
    fn end_stale_runs(&mut self, duties: &[(JobId, Action)]) {
        self.runs.retain(|id, (stop, _, run)| {
            let wanted =
                duties.iter().any(|(job, action)| job == id && matches!(action, Action::Commit { .. }));
            if !wanted {
                stop.store(true, Ordering::Relaxed);
            }
            wanted || !run.is_finished()
        });
    }

    /// Publishes outputs of jobs that ended well, and forgets the others.
    async fn outputs(&mut self, state: &ChainState, now: u32) -> anyhow::Result<()> {
        for id in self.shared.records.jobs()? {
            if self.is_waiting((id, Step::Publish)) || state.job(id).await.map_err(Error::from)?.is_some() {
                continue;
            }
            let certificate = state.certificate(id).await.map_err(Error::from)?;
            let record = self.record(id);
            let ours = certificate.zip(record).filter(|(certificate, record)| {
                result(record).is_some_and(|(result, _)| result == certificate.result)
            });
            let Some((certificate, record)) = ours else {
                self.shared.records.remove(id)?;
                continue;
            };
            let output = certificate.result.output.zip(record.receipt.output_piece());
            let known = match &output {
                Some((content, piece)) => {
                    state.is_piece_of(*content, &piece.root).await.map_err(Error::from)?
                }
                None => true,
            };
            if !known && !outputs::is_our_turn(&self.shared, &certificate, now) {
                continue;
            }
            let (shared, state) = (self.shared.clone(), state.clone());
            self.begin((id, Step::Publish), async move {
                if let Some((content, piece)) = output {
                    let car = shared.records.output(id);
                    outputs::store(&shared, &content, &piece, &car)
                        .await
                        .map_err(|error| error.to_string())?;
                    if !known {
                        let published = outputs::publish(&shared, &state, id, content, piece).await;
                        published.map_err(|error| error.to_string())?;
                    }
                }
                shared.records.remove(id).map_err(|error| error.to_string())
            });
        }
        Ok(())
    }

    async fn apply(&mut self, state: &ChainState, engaged: usize) -> anyhow::Result<()> {
        let applying = self.open.iter().filter(|(_, step)| *step == Step::Apply).count();
        let mut free = self.shared.config.parallel.saturating_sub(engaged.saturating_add(applying));
        if free == 0 {
            return Ok(());
        }
        let Some(worker) = state.worker(&self.shared.account).await.map_err(Error::from)? else {
            return Ok(());
        };
        let mut stake = worker.stake.saturating_sub(worker.locked);
        let mut after = None;
        for _ in 0..MAX_PAGES {
            let (jobs, next) =
                state.open_jobs(&self.shared.account, after, PAGE).await.map_err(Error::from)?;
            for job in jobs {
                let key = (job.id, Step::Apply);
                if free == 0 {
                    return Ok(());
                }
                if self.declined.contains(&job.id) || self.is_waiting(key) || job.bond > stake {
                    continue;
                }
                if !policy::accepts(&self.shared.config.accept, state, &job).await.map_err(Error::from)? {
                    self.decline(job.id);
                    continue;
                }
                let pledge = job.bond.max(u128::from(self.shared.config.pledge).min(stake));
                stake = stake.saturating_sub(pledge);
                free = free.saturating_sub(1);
                let shared = self.shared.clone();
                self.begin(key, async move {
                    let (id, looking, runtime) = (job.id, shared.clone(), Handle::current());
                    let looked = spawn_blocking(move || runtime.block_on(work::look(&looking, &job))).await;
                    looked.map_err(|error| error.to_string())?.map_err(|error| error.to_string())?;
                    done(shared.chain().apply_for_job(&shared.signer, id, pledge, Wait::InBlock).await)
                });
            }
            after = next;
            if after.is_none() {
                break;
            }
        }
        Ok(())
    }
}

fn done<T, E: std::fmt::Display>(result: Result<T, E>) -> Result<(), String> {
    result.map(drop).map_err(|error| error.to_string())
}

/// What a record says to the chain.
fn result(record: &Record) -> Option<(JobResult, [u8; 32])> {
    Some((record.receipt.result().ok()?, record.salt()?))
}

/// Blocks that a worker leaves to the others before it moves a job on, so that they don't all pay for it.
fn turn(account: &[u8; 32], job: &Job) -> u32 {
    let seats = job.seats.iter().filter(|seat| seat.round == job.round);
    let seat = seats.clone().position(|seat| seat.worker.0 == *account);
    let place = match seat {
        Some(place) => u64::try_from(place).unwrap_or(u64::MAX),
        None => {
            let hash = blake3::Hasher::new().update(account).update(&job.id.0.to_le_bytes()).finalize();
            let mut number = [0; 8];
            for (to, from) in number.iter_mut().zip(hash.as_bytes()) {
                *to = *from;
            }
            u64::from_le_bytes(number) % u64::from(job.candidates.max(1))
        }
    };
    u32::try_from(place).unwrap_or(u32::MAX)
}

#[cfg(test)]
mod tests {
    use super::*;
    use stoa_primitives::{Codec, ContentId};
    use stoa_sdk::{
        chain::compute::{Assignment, Limits, Purpose, RunContext, Seat, SeatState, Source, Task},
        keys::AccountId32,
    };

    fn job(seats: &[u8], candidates: u32) -> Job {
        let seats = seats.iter().map(|worker| Seat {
            worker: AccountId32([*worker; 32]),
            round: 1,
            state: SeatState::Seated,
        });
        let content = ContentId { codec: Codec::DagPb, digest: [0; 32] };
        Job {
            id: JobId(7),
            payer: AccountId32([9; 32]),
            purpose: Purpose::Certify,
            task: Task {
                program: Source::Content(content),
                inputs: Vec::new(),
                arguments: Vec::new(),
                engine: [0; 32],
                limits: Limits { fuel: 1, memory: 1, output: 1 },
            },
            contents: vec![content],
            context: RunContext { job: JobId(7), block: 1 },
            replicas: 3,
            quorum: 2,
            second: 4,
            assignment: Assignment::Drawn,
            price: 1,
            worker_price: 1,
            seat_cost: 1,
            bond: 1,
            royalties: Vec::new(),
            held: 1,
            run_blocks: 1,
            awaiting_consent: Vec::new(),
            round: 1,
            phase: Phase::Commit { until: 1 },
            seats: seats.collect(),
            candidates,
            due: true,
        }
    }

    #[test]
    fn workers_take_turns_by_their_seats_and_applicants_are_spread() {
        let seated = job(&[1, 2, 3], 6);
        let turns: Vec<_> = (1..=3).map(|worker| turn(&[worker; 32], &seated)).collect();
        assert_eq!(turns, [0, 1, 2]);
        let open = job(&[], 6);
        let turns: HashSet<_> = (0..100).map(|worker| turn(&[worker; 32], &open)).collect();
        assert!(turns.iter().all(|turn| *turn < 6) && turns.len() == 6);
        assert_eq!(turn(&[1; 32], &job(&[], 0)), 0);
    }
}

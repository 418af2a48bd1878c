//! The provider agent: keeps pieces that others pay for, and proves it in every window.
//!
//! With `--provider POLICY` it follows the open orders and takes those that the operator's [`policy`] wants ([`follower`]),
//! fetches and checks their pieces before it accepts ([`fetch`]), answers each window's challenges as soon as its seed is
//! known ([`prover`], [`submit`]), pins what it keeps, collects for it and lets it go when it is over ([`upkeep`]), and
//! reports others' faults ([`watch`]).
//!
//! It keeps nothing that the chain doesn't know, but the list of pieces that it pinned ([`pins`]): all it does follows from
//! the best block, so that a restart or a re-org in the middle of a window changes nothing. Proving comes first in every
//! step, and needs no network and no room on the disk.
//!
//! [`Agent::run`] is joined to the node in `content_setup`.

pub mod chain;
pub mod fetch;
pub mod follower;
pub mod metrics;
pub mod pins;
pub mod policy;
pub mod prover;
pub mod submit;
pub mod upkeep;
pub mod watch;

#[cfg(test)]
mod tests;

use std::{
    collections::HashMap,
    sync::Arc,
    time::{Duration, Instant},
};

use futures::{StreamExt, future::BoxFuture, stream::FuturesUnordered};
use pallet_storage_proofs::{
    liability::Standing,
    types::{BlockNo, ChallengeSet, Duty, OrderId, ProviderInfo, WindowIndex},
};
use polkadot_sdk::sc_client_api::ImportNotifications;
use stoa_primitives::{LEAF_SIZE, Piece, PieceRoot};
use stoa_runtime::AccountId;

use crate::{content_service::ContentService, network::log_limit::LimitedLog, service::Block};
use chain::{Answer, At, Call, Chain};
use fetch::PrepareError;
use follower::{Follower, Sight};
use metrics::{ProviderMetrics, stoa};
use pins::Pins;
use policy::Policy;
use submit::Attempts;
use upkeep::Upkeep;
use watch::Watch;

/// Where the agent logs.
pub const LOG_TARGET: &str = "stoa-provider";

/// Time between steps when no block comes.
const IDLE: Duration = Duration::from_secs(6);
/// Time between two repairs of one piece.
const REPAIR_PAUSE: Duration = Duration::from_secs(300);
/// Repairs at once.
const MAX_REPAIRS: usize = 2;
/// Blocks between two top-ups.
const TOP_UP_PAUSE: BlockNo = 20;

/// What a task of the agent ended with.
enum Ended {
    Fetched(OrderId, Result<(), PrepareError>),
    Repaired(Piece, Result<(), PrepareError>),
}

/// What was last seen of the provider, for logs and counters.
#[derive(Clone, Copy, Eq, PartialEq)]
struct Seen {
    proven: u64,
    misses: u32,
    standing: Standing,
}

/// The agent.
pub struct Agent {
    chain: Arc<dyn Chain>,
    content: ContentService,
    account: AccountId,
    policy: Policy,
    metrics: ProviderMetrics,
    pins: Pins,
    attempts: Attempts,
    follower: Follower,
    upkeep: Upkeep,
    watch: Watch,
    failures: LimitedLog,
    strangers: LimitedLog,
    seen: Option<Seen>,
    broken_in: Option<WindowIndex>,
    damaged: HashMap<PieceRoot, Piece>,
    repairs: HashMap<PieceRoot, Instant>,
    topped_up: u128,
    topped_up_at: Option<BlockNo>,
}

impl Agent {
    /// For a provider's account.
    pub fn new(
        chain: Arc<dyn Chain>,
        content: ContentService,
        account: AccountId,
        policy: Policy,
        metrics: ProviderMetrics,
        pins: Pins,
    ) -> Self {
        Self {
            chain,
            content,
            account,
            policy,
            metrics,
            pins,
            attempts: Attempts::default(),
            follower: Follower::default(),
            upkeep: Upkeep::default(),
            watch: Watch::default(),
            failures: LimitedLog::default(),
            strangers: LimitedLog::default(),
            seen: None,
            broken_in: None,
            damaged: HashMap::new(),
            repairs: HashMap::new(),
            topped_up: 0,
            topped_up_at: None,
        }
    }

    /// Works until the client goes.
    pub async fn run(mut self, mut blocks: ImportNotifications<Block>) {
        log::info!(target: LOG_TARGET, "🗄  Provider {}", self.account);
        let mut tasks: FuturesUnordered<BoxFuture<'static, Ended>> = FuturesUnordered::new();
        loop {
            tokio::select! {
                block = blocks.next() => match block {
                    Some(block) if !block.is_new_best => continue,
                    Some(_) => {},
                    None => return,
                },
                Some(ended) = tasks.next() => self.ended(ended),
                () = tokio::time::sleep(IDLE) => {},
            }
            let step = tokio::task::spawn_blocking(move || {
                self.step();
                self
            });
            match step.await {
                Ok(agent) => self = agent,
                Err(_) => {
                    log::error!(target: LOG_TARGET, "The provider agent failed, and proves nothing: restart the node");
                    return;
                }
            }
            self.begin(&mut tasks);
        }
    }

    /// Starts fetches and repairs.
    fn begin(&mut self, tasks: &mut FuturesUnordered<BoxFuture<'static, Ended>>) {
        for (id, order) in self.follower.to_fetch() {
            let (content, chain) = (self.content.clone(), self.chain.clone());
            tasks.push(Box::pin(
                async move { Ended::Fetched(id, fetch::prepare(&content, chain, &order).await) },
            ));
        }
        for piece in self.to_repair() {
            let content = self.content.clone();
            tasks.push(Box::pin(async move { Ended::Repaired(piece, fetch::repair(&content, piece).await) }));
        }
    }

    fn to_repair(&mut self) -> Vec<Piece> {
        if !self.policy.repair {
            return Vec::new();
        }
        self.repairs.retain(|root, _| self.damaged.contains_key(root));
        let running = |since: &Instant| since.elapsed() < REPAIR_PAUSE;
        let room = MAX_REPAIRS.saturating_sub(self.repairs.values().filter(|since| running(since)).count());
        let waits = |root: &PieceRoot| self.repairs.get(root).is_some_and(running);
        let chosen: Vec<_> =
            self.damaged.values().filter(|piece| !waits(&piece.root)).take(room).copied().collect();
        for piece in &chosen {
            self.repairs.insert(piece.root, Instant::now());
        }
        chosen
    }

    fn ended(&mut self, ended: Ended) {
        match ended {
            Ended::Fetched(id, result) => self.follower.fetched(id, result, self.chain.best().number),
            Ended::Repaired(piece, Ok(())) => {
                self.damaged.remove(&piece.root);
                self.repairs.remove(&piece.root);
                // The window that failed for it can still be proven.
                self.broken_in = None;
                log::info!(target: LOG_TARGET, "Piece {} was fetched anew and is whole", hex::encode(piece.root));
            }
            Ended::Repaired(piece, Err(error)) => log::error!(
                target: LOG_TARGET,
                "Piece {} is damaged and can't be fetched anew: {error}. Windows are missed until it is whole",
                hex::encode(piece.root)
            ),
        }
    }

    /// A bounded piece of work over the best block. Blocks.
    fn step(&mut self) {
        if self.chain.is_syncing() {
            return;
        }
        let at = self.chain.best();
        if let Err(error) = self.work(at) {
            self.failures.warn(format_args!("The provider's work waits: {error}"));
        }
        let chain = self.chain.clone();
        let watched = self.watch.step(chain.as_ref(), at, &self.account, &self.policy, &self.metrics);
        if let Err(error) = watched {
            self.failures.warn(format_args!("Other providers can't be watched: {error}"));
        }
    }

    fn work(&mut self, at: At) -> Answer<()> {
        let chain = self.chain.clone();
        let found = chain.provider(at.hash, &self.account)?;
        let window = chain.challenges(at.hash, &self.account)?;
        let (Some(me), Some(window)) = (found, window) else {
            self.metrics.active.set(0);
            self.strangers.warn(format_args!(
                "{} isn't a provider yet: `stoa provider register` with its key makes it one",
                self.account
            ));
            return Ok(());
        };
        self.note(&me);
        self.prove(at, &window);
        let rules = chain.rules(at.hash)?;
        self.top_up(at, &me)?;
        let sight = Sight {
            chain: chain.as_ref(),
            at,
            me: &me,
            window: &window,
            rules: &rules,
            policy: &self.policy,
            metrics: &self.metrics,
        };
        let missing = self.upkeep.step(&sight, self.content.store(), &mut self.pins, &self.follower)?;
        for piece in missing {
            if self.damaged.insert(piece.root, piece).is_none() {
                log::error!(
                    target: LOG_TARGET,
                    "Piece {} is kept for an order and isn't in the store",
                    hex::encode(piece.root)
                );
            }
        }
        self.follower.look(&sight)?;
        self.follower.accept(&sight)
    }

    /// Counts and tells what changed.
    fn note(&mut self, me: &ProviderInfo<AccountId>) {
        let ProviderInfo { proven, misses, standing, .. } = *me;
        self.metrics.pieces.set(me.pieces.into());
        self.metrics.bytes.set(me.leaves.saturating_mul(LEAF_SIZE));
        self.metrics.stake.set(stoa(me.stake));
        self.metrics.active.set(u64::from(standing == Standing::Active));
        let now = Seen { proven, misses, standing };
        let Some(before) = self.seen.replace(now) else {
            log::info!(
                target: LOG_TARGET,
                "{} pieces, {} bytes of {}, {} STOA at stake, {proven} windows proven",
                me.pieces, me.leaves.saturating_mul(LEAF_SIZE), me.capacity.saturating_mul(LEAF_SIZE), stoa(me.stake)
            );
            return;
        };
        if proven > before.proven {
            self.metrics.proven.inc_by(proven.saturating_sub(before.proven));
            log::info!(target: LOG_TARGET, "Window {} is proven, {proven} in all", me.window);
        }
        if misses > before.misses {
            self.metrics.missed.inc_by(misses.saturating_sub(before.misses).into());
            log::error!(
                target: LOG_TARGET,
                "A window was missed, {misses} count towards jail, {} STOA are left at stake: see the lines before about why",
                stoa(me.stake)
            );
        }
        if standing != before.standing {
            match standing {
                Standing::Active => log::info!(target: LOG_TARGET, "The provider is active again"),
                Standing::Probation { .. } => {
                    log::warn!(target: LOG_TARGET, "On probation: the next window has to be proven, without pay")
                }
                Standing::Jailed { .. } => log::error!(
                    target: LOG_TARGET,
                    "In jail: nothing is earned and payers may leave. Mend what is broken, then run `stoa provider unjail`"
                ),
            }
        }
    }

    /// Sends the window's proof when one is owed and none is on its way.
    fn prove(&mut self, at: At, window: &ChallengeSet) {
        let (Duty::Due, Some(seed)) = (window.duty, window.seed) else { return };
        let Some(attempt) = self.attempts.next(window.window, seed, at.number, self.policy.max_tip) else {
            return;
        };
        let proof = match prover::prove(self.content.store(), &window.challenges) {
            Ok(proof) => proof,
            Err(broken) => {
                self.broken(window, broken);
                return;
            }
        };
        self.metrics.proof_seconds.observe(proof.took.as_secs_f64());
        self.metrics.proof_bytes.inc_by(proof.bytes_read);
        let call = Call::submit_proof { window: window.window, seed, leaves: proof.leaves };
        let label = if attempt.number == 0 { "first" } else { "repeated" };
        match self.chain.submit(at, call, attempt.tip, attempt.replaces) {
            Ok(()) => {
                self.metrics.sent.with_label_values(&[label]).inc();
                log::debug!(
                    target: LOG_TARGET,
                    "The proof of window {} is sent ({label}, tip {} STOA), due by block {}",
                    window.window, stoa(attempt.tip), window.closes_at
                );
            }
            Err(error) => log::warn!(
                target: LOG_TARGET,
                "The proof of window {} isn't taken, {} blocks are left: {error}",
                window.window, window.closes_at.saturating_sub(at.number)
            ),
        }
        self.attempts.sent(window.window, seed, at.number, attempt.number);
    }

    fn broken(&mut self, window: &ChallengeSet, broken: Vec<prover::Broken>) {
        // Once a window: the challenges stay what they are.
        let known = self.broken_in.replace(window.window) == Some(window.window);
        for prover::Broken { piece, error } in broken {
            self.damaged.insert(piece.root, piece);
            if !known {
                self.metrics.broken.inc();
                log::error!(
                    target: LOG_TARGET,
                    "Window {} can't be proven: piece {}: {error}{}",
                    window.window,
                    hex::encode(piece.root),
                    if self.policy.repair { "; it is fetched anew" } else { "" }
                );
            }
        }
    }

    /// Adds stake when slashes took it below what the pieces require, as far as the policy goes.
    fn top_up(&mut self, at: At, me: &ProviderInfo<AccountId>) -> Answer<()> {
        let missing = me.required_stake.saturating_sub(me.stake);
        let recent = self.topped_up_at.is_some_and(|last| at.number.abs_diff(last) < TOP_UP_PAUSE);
        if missing == 0 || recent {
            return Ok(());
        }
        self.topped_up_at = Some(at.number);
        let may = self.policy.max_top_up.saturating_sub(self.topped_up);
        let free = self.chain.purse(at.hash, &self.account)?.free;
        if missing > may || missing > free {
            log::warn!(
                target: LOG_TARGET,
                "The stake is {} STOA short and leads to jail: `stoa provider update --add-stake`, or raise max_top_up",
                stoa(missing)
            );
            return Ok(());
        }
        match self.chain.submit(at, Call::add_stake { amount: missing }, 0, false) {
            Ok(()) => {
                self.topped_up = self.topped_up.saturating_add(missing);
                log::info!(target: LOG_TARGET, "{} STOA are added to the stake", stoa(missing));
            }
            Err(error) => log::warn!(target: LOG_TARGET, "The stake can't be topped up: {error}"),
        }
        Ok(())
    }
}

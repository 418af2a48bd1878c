//! Follows the open orders: which to take, how far each is, and when to accept it.

use std::collections::BTreeMap;

use pallet_storage_proofs::{
    liability::Standing,
    params::{per_leaf, required_stake},
    types::{BlockNo, ChallengeSet, Leaves, Order, OrderId, ProviderInfo, Rules},
};
use stoa_primitives::registry::PieceAccess;
use stoa_runtime::AccountId;

use super::{
    LOG_TARGET,
    chain::{Answer, At, Call, Chain},
    fetch::PrepareError,
    metrics::ProviderMetrics,
    policy::{Policy, Unwanted},
};

/// Orders that are looked at per block.
const PAGE: u32 = 32;
/// Orders that are being prepared or accepted.
const MAX_CANDIDATES: usize = 8;
/// Of those, how many are fetched at once.
const MAX_FETCHES: usize = 2;
/// Orders that are remembered as not to be looked at for a while.
const MAX_PUT_OFF: usize = 16_384;
/// Blocks before a failed order is tried again at first; doubled each time.
const FIRST_PAUSE: BlockNo = 20;
/// And at most.
const LONGEST_PAUSE: BlockNo = 2_400;
/// Blocks that an acceptance gets to be in.
const ACCEPT_PATIENCE: BlockNo = 8;
/// Times that it is sent.
const MAX_SENT: u32 = 3;
/// Blocks for which nothing is taken after the disk, or the content limit, was found full.
const FULL_PAUSE: BlockNo = 200;
/// Blocks before the next window within which no acceptance is sent: it would come too late and cost a fee.
const MARGIN: BlockNo = 3;

/// How far an order is.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
enum Stage {
    Wanted,
    Fetching,
    Ready,
    Sent { at: BlockNo, times: u32 },
}

struct Candidate {
    order: Order<AccountId>,
    stage: Stage,
}

#[derive(Clone, Copy, Default)]
struct PutOff {
    until: BlockNo,
    failures: u32,
}

/// The orders of interest.
#[derive(Default)]
pub struct Follower {
    cursor: Option<OrderId>,
    candidates: BTreeMap<OrderId, Candidate>,
    put_off: BTreeMap<OrderId, PutOff>,
    full_until: BlockNo,
}

/// What a step sees of the chain.
pub struct Sight<'a> {
    /// The chain.
    pub chain: &'a dyn Chain,
    /// The block.
    pub at: At,
    /// The provider.
    pub me: &'a ProviderInfo<AccountId>,
    /// Its window.
    pub window: &'a ChallengeSet,
    /// What is governed.
    pub rules: &'a Rules,
    /// What the operator wants.
    pub policy: &'a Policy,
    /// Counters.
    pub metrics: &'a ProviderMetrics,
}

impl Sight<'_> {
    /// Whether the set may change now, and still may when a call gets in.
    pub fn gate_is_open(&self) -> bool {
        let until = self.at.number.saturating_add(MARGIN);
        let soon_over = self.me.pieces > 0 && self.window.next_opens_at <= until;
        self.me.gate_opens_at <= self.at.number && !soon_over
    }
}

impl Follower {
    /// Leaves that are on their way.
    fn pending(&self) -> Leaves {
        self.candidates.values().map(|one| one.order.piece.leaves()).fold(0, Leaves::saturating_add)
    }

    /// Roots that mustn't be let go.
    pub fn needs(&self, root: &stoa_primitives::PieceRoot) -> bool {
        self.candidates.values().any(|one| one.order.piece.root == *root)
    }

    /// Looks at a page of the open orders.
    pub fn look(&mut self, sight: &Sight<'_>) -> Answer<()> {
        let now = sight.at.number;
        let idle = !sight.policy.accept || sight.me.standing != Standing::Active || now < self.full_until;
        if idle || self.candidates.len() >= MAX_CANDIDATES {
            return Ok(());
        }
        let page = sight.chain.open_orders(sight.at.hash, self.cursor, PAGE)?;
        // After the last one, begin again with the oldest: prices and rooms change.
        self.cursor = page.last().filter(|_| page.len() >= PAGE as usize).map(|(id, _)| *id);
        for (id, order) in page {
            let known = self.candidates.contains_key(&id)
                || self.put_off.get(&id).is_some_and(|put_off| now < put_off.until);
            if known || self.candidates.len() >= MAX_CANDIDATES {
                continue;
            }
            match self.judge(sight, id, &order)? {
                Ok(()) => {
                    log::info!(
                        target: LOG_TARGET,
                        "Order {} is wanted: {} bytes of piece {} for {} windows",
                        id.0, order.piece.size, hex::encode(order.piece.root), order.windows
                    );
                    self.candidates.insert(id, Candidate { order, stage: Stage::Wanted });
                }
                Err(reason) => {
                    log::debug!(target: LOG_TARGET, "Order {} isn't taken: {reason}", id.0);
                    sight.metrics.refused.with_label_values(&[reason]).inc();
                    self.put_off(id, now, FIRST_PAUSE);
                }
            }
        }
        Ok(())
    }

    /// Whether an order is wanted, or the reason why not.
    fn judge(
        &self,
        sight: &Sight<'_>,
        id: OrderId,
        order: &Order<AccountId>,
    ) -> Answer<Result<(), &'static str>> {
        let Sight { chain, at, me, rules, policy, .. } = sight;
        if !order.named.is_empty() && !order.named.contains(&me.account) {
            return Ok(Err("named"));
        }
        if order.expires_at <= at.number.saturating_add(MARGIN) {
            return Ok(Err("expires"));
        }
        let kept = me.leaves.saturating_add(self.pending());
        let all = kept.saturating_add(order.piece.leaves());
        if let Err(unwanted) = policy.judge(order, me.price, kept) {
            return Ok(Err(unwanted.label()));
        }
        let governed = per_leaf(rules.parameters.min_price)..=per_leaf(rules.parameters.max_price);
        if !governed.contains(&me.price) {
            return Ok(Err(Unwanted::Price.label()));
        }
        if all > me.capacity {
            return Ok(Err("capacity"));
        }
        if required_stake(all, rules.parameters.stake_per_gib).is_none_or(|stake| stake > me.stake) {
            return Ok(Err("stake"));
        }
        if chain.access(at.hash, order.piece.root)? == PieceAccess::Denied {
            return Ok(Err("denied"));
        }
        let kept = chain.order(at.hash, id)?;
        let kept = kept.is_some_and(|order| order.replicas.iter().any(|one| one.provider == me.account));
        Ok(if kept { Err("kept") } else { Ok(()) })
    }

    /// Orders whose pieces should be fetched now.
    pub fn to_fetch(&mut self) -> Vec<(OrderId, Order<AccountId>)> {
        let fetching = self.candidates.values().filter(|one| one.stage == Stage::Fetching).count();
        let mut ids: Vec<_> =
            self.candidates.iter().filter(|(_, one)| one.stage == Stage::Wanted).map(|(id, _)| *id).collect();
        ids.sort();
        ids.truncate(MAX_FETCHES.saturating_sub(fetching));
        let mut chosen = Vec::new();
        for id in ids {
            if let Some(candidate) = self.candidates.get_mut(&id) {
                candidate.stage = Stage::Fetching;
                chosen.push((id, candidate.order.clone()));
            }
        }
        chosen
    }

    /// A fetch ended.
    pub fn fetched(&mut self, id: OrderId, result: Result<(), PrepareError>, now: BlockNo) {
        match result {
            Ok(()) => {
                if let Some(candidate) = self.candidates.get_mut(&id) {
                    candidate.stage = Stage::Ready;
                }
            }
            Err(PrepareError::Full(reason)) => {
                log::warn!(
                    target: LOG_TARGET,
                    "No orders are taken for {FULL_PAUSE} blocks, and what is kept goes on being proven: {reason}"
                );
                self.full_until = now.saturating_add(FULL_PAUSE);
                // None of the others would fit either.
                self.candidates.retain(|_, one| matches!(one.stage, Stage::Ready | Stage::Sent { .. }));
            }
            Err(PrepareError::Never(reason)) => {
                log::warn!(target: LOG_TARGET, "Order {} isn't taken: {reason}", id.0);
                self.candidates.remove(&id);
                self.put_off(id, now, BlockNo::MAX);
            }
            Err(PrepareError::Later(reason)) => {
                log::info!(target: LOG_TARGET, "Order {} has to wait: {reason}", id.0);
                self.fail(id, now);
            }
        }
    }

    /// Accepts what is ready, when the gate is open, and sees which acceptances are in.
    pub fn accept(&mut self, sight: &Sight<'_>) -> Answer<()> {
        let ready = |one: &Candidate| matches!(one.stage, Stage::Ready | Stage::Sent { .. });
        let ids: Vec<_> = self.candidates.iter().filter(|(_, one)| ready(one)).map(|(id, _)| *id).collect();
        for id in ids {
            let found = sight.chain.order(sight.at.hash, id)?;
            let mine =
                |one: &pallet_storage_proofs::types::ReplicaInfo<AccountId>| one.provider == sight.me.account;
            match found {
                Some(info) if info.replicas.iter().any(mine) => {
                    log::info!(target: LOG_TARGET, "Order {} is accepted: its piece is challenged and paid from the next window on", id.0);
                    sight.metrics.accepted.inc();
                    self.candidates.remove(&id);
                }
                Some(info) if info.order.open > 0 && sight.at.number <= info.order.expires_at => {
                    self.send(sight, id);
                }
                _ => {
                    log::info!(target: LOG_TARGET, "Order {} went to others, or is over", id.0);
                    self.candidates.remove(&id);
                }
            }
        }
        Ok(())
    }

    fn send(&mut self, sight: &Sight<'_>, id: OrderId) {
        let now = sight.at.number;
        let Some(candidate) = self.candidates.get_mut(&id) else { return };
        let times = match candidate.stage {
            Stage::Ready => 0,
            Stage::Sent { at, .. } if now.abs_diff(at) < ACCEPT_PATIENCE => return,
            Stage::Sent { times, .. } => times,
            Stage::Wanted | Stage::Fetching => return,
        };
        if !sight.gate_is_open() {
            return;
        }
        if times >= MAX_SENT {
            log::warn!(target: LOG_TARGET, "Order {} can't be accepted: {MAX_SENT} calls didn't do it", id.0);
            self.fail(id, now);
            return;
        }
        match sight.chain.submit(sight.at, Call::accept { order: id }, 0, false) {
            Ok(()) => log::debug!(target: LOG_TARGET, "The acceptance of order {} is sent", id.0),
            Err(error) => {
                log::warn!(target: LOG_TARGET, "The acceptance of order {} can't be sent: {error}", id.0)
            }
        }
        candidate.stage = Stage::Sent { at: now, times: times.saturating_add(1) };
    }

    fn fail(&mut self, id: OrderId, now: BlockNo) {
        self.candidates.remove(&id);
        let failures = self.put_off.get(&id).map_or(0, |put_off| put_off.failures);
        let pause = FIRST_PAUSE.saturating_mul(1_u32.checked_shl(failures.min(16)).unwrap_or(u32::MAX));
        self.put_off(id, now, pause.min(LONGEST_PAUSE));
    }

    fn put_off(&mut self, id: OrderId, now: BlockNo, pause: BlockNo) {
        if self.put_off.len() >= MAX_PUT_OFF {
            self.put_off.retain(|_, put_off| now < put_off.until);
        }
        if self.put_off.len() < MAX_PUT_OFF {
            let entry = self.put_off.entry(id).or_default();
            entry.until = now.saturating_add(pause);
            entry.failures = entry.failures.saturating_add(1);
        }
    }
}

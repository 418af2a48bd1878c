//! What has to be done about the pieces that are kept: pin them, collect for them, and let them go when they are over.

use std::collections::{BTreeMap, HashSet};

use pallet_storage_proofs::{
    liability::Standing,
    types::{Balance, BlockNo, DueList, MAX_SETTLED, OrderId, OrderInfo, ReplicaInfo, Slot},
};
use stoa_content::Store;
use stoa_primitives::{Piece, PieceRoot, registry::PieceAccess};
use stoa_runtime::AccountId;

use super::{
    LOG_TARGET,
    chain::{Answer, Call, Chain, MAX_ORDERS},
    follower::{Follower, Sight},
    metrics::stoa,
    pins::Pins,
};

/// Slots that are looked at per block.
const PAGE: u32 = 32;
/// Blocks between two passes over the set.
const REST: BlockNo = 20;
/// Blocks before a call is sent again.
const PATIENCE: BlockNo = 20;
/// Pins that are checked against the chain after a pass.
const MAX_CHECKED: usize = 64;

/// A pass over the set, and what it found.
#[derive(Default)]
struct Pass {
    next: u32,
    seen: HashSet<PieceRoot>,
    earned: Balance,
    due: Balance,
    to_settle: Vec<OrderId>,
}

/// Goes over the set again and again.
#[derive(Default)]
pub struct Upkeep {
    pass: Option<Pass>,
    rests_until: BlockNo,
    pieces: u32,
    sent: BTreeMap<OrderId, BlockNo>,
    settled_at: BlockNo,
}

/// What is to be done about a replica.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
enum Action {
    Nothing,
    Settle,
    Close,
}

/// Decides by the record alone.
fn action(one: &ReplicaInfo<AccountId>, window: u32, active: bool, settle_after: u32) -> Action {
    let replica = &one.replica;
    let finished = replica.left <= one.due_windows;
    let expired = window > replica.ends;
    let served = active && replica.leaves_at.is_some_and(|at| window >= at);
    if finished || expired || served {
        Action::Close
    } else if settle_after > 0 && one.due_windows >= settle_after {
        Action::Settle
    } else {
        Action::Nothing
    }
}

impl Upkeep {
    /// A bounded part of a pass; gives pieces that should be here and aren't.
    pub fn step(
        &mut self,
        sight: &Sight<'_>,
        store: &Store,
        pins: &mut Pins,
        follower: &Follower,
    ) -> Answer<Vec<Piece>> {
        let now = sight.at.number;
        let changed = self.pieces != sight.me.pieces;
        if self.pass.is_none() && (changed || now >= self.rests_until) {
            self.pass = Some(Pass::default());
            self.pieces = sight.me.pieces;
        }
        let Some(mut pass) = self.pass.take() else { return Ok(Vec::new()) };
        let page = sight.chain.proof_set(sight.at.hash, &sight.me.account, pass.next, PAGE)?;
        let last = page.len() < PAGE as usize;
        pass.next = pass.next.saturating_add(PAGE);
        let mut missing = Vec::new();
        for (_, slot) in page {
            self.look(sight, store, pins, &mut pass, slot, &mut missing)?;
        }
        if last {
            self.finish(sight, store, pins, follower, pass)?;
        } else {
            self.pass = Some(pass);
        }
        Ok(missing)
    }

    fn look(
        &mut self,
        sight: &Sight<'_>,
        store: &Store,
        pins: &mut Pins,
        pass: &mut Pass,
        slot: Slot,
        missing: &mut Vec<Piece>,
    ) -> Answer<()> {
        let root = slot.piece.root;
        pass.seen.insert(root);
        match pins.pin(store, root) {
            Ok(true) => {}
            Ok(false) => missing.push(slot.piece),
            Err(error) => {
                log::warn!(target: LOG_TARGET, "Piece {} can't be pinned: {error}", hex::encode(root))
            }
        }
        let Some(info) = sight.chain.order(sight.at.hash, slot.order)? else { return Ok(()) };
        let Some(one) = mine(&info, &sight.me.account) else { return Ok(()) };
        let price = one.replica.price.saturating_mul(slot.piece.leaves().into());
        pass.earned = pass.earned.saturating_add(price.saturating_mul(one.replica.earned.into()));
        pass.earned = pass.earned.saturating_add(one.due);
        pass.due = pass.due.saturating_add(one.due);
        if sight.chain.access(sight.at.hash, root)? == PieceAccess::Denied {
            let provider = Some(sight.me.account.clone());
            self.end(
                sight,
                slot.order,
                Call::remove_denied { order: slot.order, provider },
                "was taken down",
            );
            return Ok(());
        }
        let active = sight.me.standing == Standing::Active;
        match action(one, sight.me.window, active, sight.policy.settle_after) {
            Action::Close => {
                let provider = sight.me.account.clone();
                self.end(sight, slot.order, Call::close_replica { order: slot.order, provider }, "is over");
            }
            Action::Settle if pass.to_settle.len() < MAX_SETTLED as usize => pass.to_settle.push(slot.order),
            Action::Settle | Action::Nothing => {}
        }
        Ok(())
    }

    /// Ends a replica through the gate, once in a while.
    fn end(&mut self, sight: &Sight<'_>, order: OrderId, call: Call, why: &str) {
        let now = sight.at.number;
        let waits = self.sent.get(&order).is_some_and(|at| now.abs_diff(*at) < PATIENCE);
        if waits || !sight.gate_is_open() {
            return;
        }
        match sight.chain.submit(sight.at, call, 0, false) {
            Ok(()) => log::info!(target: LOG_TARGET, "Order {} {why}: its piece leaves the set", order.0),
            Err(error) => log::warn!(target: LOG_TARGET, "Order {} can't be closed: {error}", order.0),
        }
        self.sent.insert(order, now);
    }

    fn finish(
        &mut self,
        sight: &Sight<'_>,
        store: &Store,
        pins: &mut Pins,
        follower: &Follower,
        pass: Pass,
    ) -> Answer<()> {
        let now = sight.at.number;
        self.rests_until = now.saturating_add(REST);
        self.sent.retain(|_, at| now.abs_diff(*at) < PATIENCE);
        sight.metrics.earned.set(stoa(pass.earned));
        sight.metrics.due.set(stoa(pass.due));
        self.collect(sight, pass.to_settle);
        // The set may have changed while it was gone over, so each is looked up once more.
        let gone = pins.roots().filter(|root| !pass.seen.contains(*root) && !follower.needs(root));
        let gone: Vec<_> = gone.copied().take(MAX_CHECKED).collect();
        for root in gone {
            if keeps(sight.chain, sight, root)? {
                continue;
            }
            match pins.unpin(store, &root) {
                Ok(()) => log::info!(target: LOG_TARGET, "Piece {} isn't kept any more", hex::encode(root)),
                Err(error) => {
                    log::warn!(target: LOG_TARGET, "Piece {} can't be let go: {error}", hex::encode(root))
                }
            }
        }
        Ok(())
    }

    fn collect(&mut self, sight: &Sight<'_>, orders: Vec<OrderId>) {
        let now = sight.at.number;
        if orders.is_empty() || now.abs_diff(self.settled_at) < PATIENCE {
            return;
        }
        let count = orders.len();
        let due = orders.into_iter().map(|order| (order, sight.me.account.clone())).collect();
        match sight.chain.submit(sight.at, Call::settle { due: DueList::truncate_from(due) }, 0, false) {
            Ok(()) => log::info!(target: LOG_TARGET, "Payments for {count} orders are collected"),
            Err(error) => log::warn!(target: LOG_TARGET, "Payments can't be collected: {error}"),
        }
        self.settled_at = now;
    }
}

fn mine<'a>(info: &'a OrderInfo<AccountId>, who: &AccountId) -> Option<&'a ReplicaInfo<AccountId>> {
    info.replicas.iter().find(|one| one.provider == *who)
}

/// Whether any order's replica of the piece is this provider's; when there are too many orders to tell, it is.
fn keeps(chain: &dyn Chain, sight: &Sight<'_>, root: PieceRoot) -> Answer<bool> {
    let orders = chain.orders_of_piece(sight.at.hash, root)?;
    if orders.len() >= MAX_ORDERS as usize {
        return Ok(true);
    }
    for id in orders {
        if chain.order(sight.at.hash, id)?.is_some_and(|info| mine(&info, &sight.me.account).is_some()) {
            return Ok(true);
        }
    }
    Ok(false)
}

#[cfg(test)]
mod tests {
    use pallet_storage_proofs::types::Replica;

    use super::*;

    fn replica(left: u32, due: u32, leaves_at: Option<u32>) -> ReplicaInfo<AccountId> {
        let replica = Replica { slot: 0, price: 5, counter: 0, earned: 1, left, ends: 100, leaves_at };
        ReplicaInfo {
            order: OrderId(1),
            provider: AccountId::new([1; 32]),
            replica,
            due_windows: due,
            due: 7,
        }
    }

    #[test]
    fn replicas_are_closed_when_they_are_over_and_collected_for_in_time() {
        assert_eq!(action(&replica(10, 9, None), 50, true, 48), Action::Nothing);
        assert_eq!(action(&replica(10, 10, None), 50, true, 48), Action::Close);
        assert_eq!(action(&replica(90, 48, None), 50, true, 48), Action::Settle);
        assert_eq!(action(&replica(90, 48, None), 50, true, 0), Action::Nothing);
        assert_eq!(action(&replica(90, 0, None), 101, true, 48), Action::Close);
        assert_eq!(action(&replica(90, 0, None), 100, true, 48), Action::Nothing);
        assert_eq!(action(&replica(90, 0, Some(50)), 50, true, 48), Action::Close);
        assert_eq!(action(&replica(90, 0, Some(51)), 50, true, 48), Action::Nothing);
        // Windows in jail are no notice.
        assert_eq!(action(&replica(90, 0, Some(50)), 50, false, 48), Action::Nothing);
    }
}

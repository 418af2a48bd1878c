//! Everything that must hold, one named check for each concern.

use crate::{
    Adopted, ClockState, Config, Contacts, HoldReason, MinResponse, NextOrderId, OpenOrders, Orders, Pallet,
    PastSeeds, Phases, PieceOrders, ProofSlots, Providers, Replicas, TreeNodes,
    params::{PHASES, cost},
    phases::Stage,
    tree::{self, Node, Nodes},
    types::{Balance, BlockNo},
};
use alloc::collections::BTreeMap;
use codec::Encode;
use polkadot_sdk::{
    frame_support::{
        ensure,
        traits::{Get, fungible::InspectHold},
    },
    frame_system,
    sp_runtime::TryRuntimeError,
};

/// Every reason to hold.
const REASONS: [HoldReason; 4] =
    [HoldReason::Order, HoldReason::OrderDeposit, HoldReason::Stake, HoldReason::ProviderDeposit];

type Check = Result<(), TryRuntimeError>;

/// A tree that is built anew from its slots.
#[derive(Default)]
struct Rebuilt(BTreeMap<(u8, u32), Node>);

impl Nodes for Rebuilt {
    fn get(&self, level: u8, index: u32) -> Node {
        self.0.get(&(level, index)).cloned().unwrap_or_default()
    }

    fn put(&mut self, level: u8, index: u32, node: Node) {
        self.0.insert((level, index), node);
    }
}

impl<T: Config> Pallet<T> {
    /// Every check, over the whole state.
    pub(crate) fn do_try_state() -> Check {
        Self::check_clock()?;
        Self::check_phases()?;
        Self::check_providers()?;
        Self::check_sets()?;
        Self::check_trees()?;
        Self::check_orders()?;
        Self::check_replicas()?;
        Self::check_money()
    }

    /// The cursors are on phases, and the parameters in force are sound.
    fn check_clock() -> Check {
        let clock = ClockState::<T>::get();
        let cursors = [clock.opening, clock.seeding, clock.closing];
        ensure!(cursors.iter().all(|cursor| cursor.phase < PHASES), "clock: a cursor is on no phase");
        ensure!(clock.opening.at.is_some(), "clock: no window will ever open");
        let sound = Adopted::<T>::get().is_none_or(|adopted| adopted.check(MinResponse::<T>::get()).is_ok());
        ensure!(sound, "clock: the parameters break a relation");
        let (now, memory) = (Self::now(), T::SeedMemory::get());
        let known = |block: BlockNo| block <= now && block.saturating_add(memory) > now;
        ensure!(
            PastSeeds::<T>::iter_keys().all(known),
            "clock: a seed of the future, or one that is too old"
        );
        Ok(())
    }

    /// Phases open in turn, and a seed is never zero.
    fn check_phases() -> Check {
        for (index, phase) in Phases::<T>::iter() {
            ensure!(index < PHASES, "phase: number out of range");
            ensure!(phase.excused_total <= phase.window, "phase: more windows excused than opened");
            ensure!(phase.stage != Stage::Open([0; 32]), "phase: a seed of zeros");
            ensure!(
                phase.window == 0 || phase.closes_at < phase.next_opens_at(),
                "phase: the response lasts longer than the window"
            );
        }
        let windows = (0..PHASES).map(|index| Phases::<T>::get(index).window);
        let span = windows.clone().max().unwrap_or(0).saturating_sub(windows.min().unwrap_or(0));
        ensure!(span <= 1, "phase: out of step with the others");
        Ok(())
    }

    /// Each provider can be reached, stores no more than it may and is clear of no window to come.
    fn check_providers() -> Check {
        let mut providers = 0_usize;
        for (who, provider) in Providers::<T>::iter() {
            providers = providers.saturating_add(1);
            let phase = Self::phase_of(&who);
            ensure!(Contacts::<T>::contains_key(&who), "provider: no contact");
            ensure!(provider.leaves <= provider.capacity, "provider: stores more than its capacity");
            ensure!(provider.debt <= provider.stake, "provider: owes more than its stake");
            ensure!(
                provider.liability.clear_through <= phase.window,
                "provider: clear of a window that hasn't opened"
            );
            ensure!(
                provider.liability.excused_seen <= phase.excused_total,
                "provider: saw more excused windows than there were"
            );
        }
        ensure!(Contacts::<T>::iter_keys().count() == providers, "provider: a contact has no provider");
        Ok(())
    }

    /// The slots of a set are numbered without gaps, and add up to its leaves.
    fn check_sets() -> Check {
        let mut slots = 0_usize;
        for (who, provider) in Providers::<T>::iter() {
            let mut leaves = 0_u64;
            for number in 0..provider.slots {
                slots = slots.saturating_add(1);
                let slot = ProofSlots::<T>::get(&who, number).ok_or("set: a slot is missing")?;
                leaves = leaves.saturating_add(slot.piece.leaves());
                let replica = Replicas::<T>::get(slot.order, &who).ok_or("set: a slot has no replica")?;
                ensure!(replica.slot == number, "set: a replica is in another slot");
                let order = Orders::<T>::get(slot.order).ok_or("set: a slot has no order")?;
                ensure!(order.piece == slot.piece, "set: a slot has another piece than its order");
            }
            ensure!(leaves == provider.leaves, "set: wrong number of leaves");
        }
        ensure!(ProofSlots::<T>::iter_keys().count() == slots, "set: a slot too many");
        Ok(())
    }

    /// Each tree is what its slots add up to.
    fn check_trees() -> Check {
        let mut nodes = 0_usize;
        for (who, provider) in Providers::<T>::iter() {
            let mut rebuilt = Rebuilt::default();
            for number in 0..provider.slots {
                let slot = ProofSlots::<T>::get(&who, number).ok_or("tree: a slot is missing")?;
                tree::push(&mut rebuilt, number, slot.piece.leaves())
                    .map_err(|_| "tree: can't be built from its slots")?;
            }
            for ((level, index), node) in rebuilt.0 {
                nodes = nodes.saturating_add(1);
                ensure!(TreeNodes::<T>::get(&who, (level, index)) == node, "tree: a wrong sum");
            }
        }
        ensure!(TreeNodes::<T>::iter_keys().count() == nodes, "tree: a node too many");
        Ok(())
    }

    /// Each order has replicas open or active, and the lists have it.
    fn check_orders() -> Check {
        let (mut orders, mut open) = (0_usize, 0_usize);
        for (id, order) in Orders::<T>::iter() {
            orders = orders.saturating_add(1);
            ensure!(id.0 < NextOrderId::<T>::get(), "order: number not given yet");
            let active = Replicas::<T>::iter_key_prefix(id).count();
            ensure!(usize::try_from(order.active) == Ok(active), "order: wrong number of replicas");
            ensure!(order.open > 0 || order.active > 0, "order: has ended");
            let listed = OpenOrders::<T>::contains_key(id.ordinal());
            ensure!(listed == (order.open > 0), "order: listed as open and isn't, or the other way round");
            open = open.saturating_add(listed.into());
            let listed = PieceOrders::<T>::contains_key(order.piece.root, id.ordinal());
            ensure!(listed, "order: its piece doesn't list it");
        }
        ensure!(OpenOrders::<T>::iter_keys().count() == open, "order: an open one isn't there");
        ensure!(PieceOrders::<T>::iter_keys().count() == orders, "order: a piece lists one too many");
        Ok(())
    }

    /// Each replica is in its provider's set and earns no more than its order pays.
    fn check_replicas() -> Check {
        for (id, who, replica) in Replicas::<T>::iter() {
            let order = Orders::<T>::get(id).ok_or("replica: no such order")?;
            let provider = Providers::<T>::get(&who).ok_or("replica: no such provider")?;
            let slot = ProofSlots::<T>::get(&who, replica.slot).map(|slot| slot.order);
            ensure!(slot == Some(id), "replica: its slot keeps something else");
            ensure!(replica.counter <= provider.proven, "replica: paid for windows not proven");
            let windows = replica.earned.saturating_add(replica.left);
            ensure!(windows <= order.windows, "replica: has more windows than its order");
            ensure!(replica.price <= order.max_price, "replica: dearer than its order allows");
        }
        Ok(())
    }

    /// What is held on each account for each reason is what its records add up to.
    fn check_money() -> Check {
        let mut sums: BTreeMap<_, Balance> = BTreeMap::new();
        let mut add = |reason: HoldReason, who: &T::AccountId, amount: Balance| {
            let sum = sums.entry((reason.encode(), who.encode())).or_default();
            *sum = sum.saturating_add(amount);
        };
        for (id, order) in Orders::<T>::iter() {
            let each = cost(order.piece.leaves(), order.windows, order.max_price);
            let open = each.and_then(|each| each.checked_mul(order.open.into()));
            add(HoldReason::Order, &order.payer, open.ok_or("money: an order beyond any balance")?);
            add(HoldReason::OrderDeposit, &order.payer, order.deposit);
            for replica in Replicas::<T>::iter_prefix_values(id) {
                let left = cost(order.piece.leaves(), replica.left, replica.price);
                add(HoldReason::Order, &order.payer, left.ok_or("money: a replica beyond any balance")?);
            }
        }
        for (who, provider) in Providers::<T>::iter() {
            add(HoldReason::Stake, &who, provider.stake);
            add(HoldReason::ProviderDeposit, &who, provider.deposit);
        }
        for account in frame_system::Account::<T>::iter_keys() {
            for reason in REASONS {
                let sum = sums.remove(&(reason.encode(), account.encode())).unwrap_or_default();
                let held = T::Currency::balance_on_hold(&reason.into(), &account);
                ensure!(held == sum, "money: what is held isn't what the records add up to");
            }
        }
        ensure!(sums.values().all(|sum| *sum == 0), "money: held on an account that isn't there");
        Ok(())
    }
}

//! Replicas: accepted, paid, and ended through the gate.

use crate::{
    Config, Error, Event, HoldReason, OrderOf, Pallet, ProofSlots, Providers, Replicas,
    liability::Standing,
    params::{cost, per_leaf, split},
    phases::Phase,
    traits::Pieces,
    types::{Balance, DueList, EndReason, OrderId, Provider, Replica, Slot, WindowIndex},
};
use polkadot_sdk::{
    frame_support::{
        ensure,
        traits::{
            DefensiveOption, OnUnbalanced,
            fungible::{BalancedHold, MutateHold},
            tokens::{Fortitude, Precision, Restriction},
        },
    },
    sp_runtime::{DispatchError, DispatchResult, traits::Zero},
};
use stoa_primitives::registry::PieceAccess;

/// A replica with all that it hangs on, as of now and paid.
pub(crate) struct Held<T: Config> {
    pub(crate) id: OrderId,
    pub(crate) who: T::AccountId,
    pub(crate) order: OrderOf<T>,
    pub(crate) replica: Replica,
    pub(crate) provider: Provider,
    pub(crate) phase: Phase,
}

impl<T: Config> Held<T> {
    /// Whether an account is one of the replica's two sides.
    fn is_side(&self, who: &T::AccountId) -> bool {
        *who == self.order.payer || *who == self.who
    }
}

impl<T: Config> Pallet<T> {
    pub(crate) fn do_accept(who: T::AccountId, id: OrderId) -> DispatchResult {
        let parameters = Self::parameters();
        let mut order = Self::order(id)?;
        let (mut provider, phase, _) = Self::settled(&who, None)?;
        ensure!(order.open > 0, Error::<T>::NoOpenReplica);
        ensure!(Self::now() <= order.expires_at, Error::<T>::Expired);
        ensure!(order.named.is_empty() || order.named.contains(&who), Error::<T>::NotNamed);
        ensure!(!Replicas::<T>::contains_key(id, &who), Error::<T>::AlreadyAccepted);
        Self::ensure_may_store(&order.payer, &order.piece, !order.named.is_empty())?;
        ensure!(provider.liability.standing == Standing::Active, Error::<T>::Jailed);
        ensure!(provider.gate_is_open(&phase), Error::<T>::GateClosed);
        let price = provider.price_at(phase.window);
        ensure!(price >= per_leaf(parameters.min_price), Error::<T>::PriceTooLow);
        ensure!(price <= per_leaf(parameters.max_price).min(order.max_price), Error::<T>::PriceTooHigh);
        let leaves = order.piece.leaves();
        let total = provider.leaves.checked_add(leaves).ok_or(Error::<T>::Overflow)?;
        ensure!(total <= provider.capacity, Error::<T>::CapacityTooLow);
        ensure!(!provider.is_short_for(total, parameters.stake_per_gib), Error::<T>::StakeTooLow);

        let surplus = cost(leaves, order.windows, order.max_price.saturating_sub(price));
        Self::refund(&order.payer, surplus.ok_or(Error::<T>::Overflow)?)?;
        // What was empty, and what is clear, counts from the next window on.
        provider.liability.start(&phase);
        let slot = Self::push_slot(&who, &mut provider, leaves)?;
        ProofSlots::<T>::insert(&who, slot, Slot { order: id, piece: order.piece });
        let ends = phase.window.saturating_add(order.windows.saturating_mul(2));
        let replica = Replica {
            slot,
            price,
            counter: provider.proven,
            earned: 0,
            left: order.windows,
            ends,
            leaves_at: None,
        };
        Replicas::<T>::insert(id, &who, replica);
        Providers::<T>::insert(&who, provider);
        order.open = order.open.checked_sub(1).ok_or(Error::<T>::Overflow)?;
        order.active = order.active.checked_add(1).ok_or(Error::<T>::Overflow)?;
        Self::save_order(id, order)?;
        let counts_from = phase.window.saturating_add(1);
        Self::deposit_event(Event::Accepted { order: id, provider: who, price, counts_from });
        Ok(())
    }

    /// Pays a replica for the windows that were proven since it was last paid; returns how many.
    pub(crate) fn pay(
        id: OrderId,
        who: &T::AccountId,
        order: &OrderOf<T>,
        replica: &mut Replica,
        proven: u64,
    ) -> Result<WindowIndex, DispatchError> {
        let windows = replica.due(proven);
        replica.counter = proven;
        if windows == 0 {
            return Ok(0);
        }
        replica.left = replica.left.checked_sub(windows).ok_or(Error::<T>::Overflow)?;
        replica.earned = replica.earned.checked_add(windows).ok_or(Error::<T>::Overflow)?;
        let payment = cost(order.piece.leaves(), windows, replica.price).ok_or(Error::<T>::Overflow)?;
        let (amount, levy) = split(payment, order.levy);
        let reason = HoldReason::Order.into();
        let (exact, free) = (Precision::Exact, Restriction::Free);
        T::Currency::transfer_on_hold(&reason, &order.payer, who, amount, exact, free, Fortitude::Force)?;
        let (credit, missing) = T::Currency::slash(&reason, &order.payer, levy);
        ensure!(missing.is_zero(), Error::<T>::Overflow);
        T::Treasury::on_unbalanced(credit);
        Self::deposit_event(Event::Paid { order: id, provider: who.clone(), windows, amount, levy });
        Ok(windows)
    }

    pub(crate) fn do_settle(due: DueList<T::AccountId>) -> DispatchResult {
        let mut paid = false;
        for (id, who) in due {
            // One that ended meanwhile was paid then; the others must not wait for it.
            let (Ok(order), Some(mut replica)) = (Self::order(id), Replicas::<T>::get(id, &who)) else {
                continue;
            };
            let provider = Providers::<T>::get(&who).defensive_ok_or(Error::<T>::ProviderNotFound)?;
            if Self::pay(id, &who, &order, &mut replica, provider.proven)? > 0 {
                Replicas::<T>::insert(id, &who, replica);
                paid = true;
            }
        }
        ensure!(paid, Error::<T>::NothingDue);
        Ok(())
    }

    /// A replica whose provider's gate is open, with everything paid.
    fn replica_at_gate(id: OrderId, who: T::AccountId) -> Result<Held<T>, DispatchError> {
        let order = Self::order(id)?;
        let mut replica = Replicas::<T>::get(id, &who).ok_or(Error::<T>::ReplicaNotFound)?;
        let (provider, phase, _) = Self::settled(&who, None)?;
        ensure!(provider.gate_is_open(&phase), Error::<T>::GateClosed);
        Self::pay(id, &who, &order, &mut replica, provider.proven)?;
        Ok(Held { id, who, order, replica, provider, phase })
    }

    /// Takes a replica out of the set and gives the payer back what wasn't earned.
    fn end_replica(held: Held<T>, reason: EndReason) -> DispatchResult {
        let Held { id, who, mut order, replica, mut provider, .. } = held;
        let leaves = order.piece.leaves();
        let refunded = cost(leaves, replica.left, replica.price).ok_or(Error::<T>::Overflow)?;
        Self::refund(&order.payer, refunded)?;
        if let Some(last) = Self::free_slot(&who, &mut provider, replica.slot, leaves)? {
            let moved = ProofSlots::<T>::take(&who, last).defensive_ok_or(Error::<T>::Overflow)?;
            ProofSlots::<T>::insert(&who, replica.slot, moved);
            Replicas::<T>::mutate(moved.order, &who, |other| {
                other.as_mut().map(|other| other.slot = replica.slot)
            });
        } else {
            ProofSlots::<T>::remove(&who, replica.slot);
        }
        Replicas::<T>::remove(id, &who);
        Providers::<T>::insert(&who, provider);
        order.active = order.active.checked_sub(1).ok_or(Error::<T>::Overflow)?;
        Self::deposit_event(Event::ReplicaEnded { order: id, provider: who, reason, refunded });
        Self::save_order(id, order)
    }

    pub(crate) fn do_drop_piece(who: T::AccountId, id: OrderId) -> DispatchResult {
        let notice = Self::parameters().notice;
        let mut held = Self::replica_at_gate(id, who)?;
        let standing = held.provider.liability.standing;
        ensure!(standing == Standing::Active, Error::<T>::Jailed);
        ensure!(held.replica.leaves_at.is_none(), Error::<T>::NoticeGiven);
        let leaves_at = held.phase.window.checked_add(notice).ok_or(Error::<T>::Overflow)?;
        // A notice given early and kept in reserve would be a free exit: no more windows are paid than it has.
        let given_up = held.replica.left.saturating_sub(notice);
        let refunded = cost(held.order.piece.leaves(), given_up, held.replica.price);

        Self::refund(&held.order.payer, refunded.ok_or(Error::<T>::Overflow)?)?;
        held.replica.left = held.replica.left.saturating_sub(given_up);
        held.replica.leaves_at = Some(leaves_at);
        Replicas::<T>::insert(id, &held.who, held.replica);
        Providers::<T>::insert(&held.who, held.provider);
        Self::deposit_event(Event::NoticeGiven { order: id, provider: held.who, leaves_at });
        Ok(())
    }

    pub(crate) fn do_drop_now(who: T::AccountId, id: OrderId) -> DispatchResult {
        let parameters = Self::parameters();
        let mut held = Self::replica_at_gate(id, who)?;
        let standing = held.provider.liability.standing;
        ensure!(standing == Standing::Active, Error::<T>::Jailed);
        let notice = held
            .replica
            .leaves_at
            .map_or(parameters.notice, |leaves_at| leaves_at.saturating_sub(held.phase.window));
        let fine = cost(held.order.piece.leaves(), notice, parameters.slash).ok_or(Error::<T>::Overflow)?;
        ensure!(held.provider.free_stake() >= fine, Error::<T>::StakeTooLow);

        held.provider.debt = held.provider.debt.checked_add(fine).ok_or(Error::<T>::Overflow)?;
        Self::collect(&held.who, &mut held.provider, None);
        Self::end_replica(held, EndReason::Hurried)
    }

    pub(crate) fn do_cancel_replica(
        payer: T::AccountId,
        id: OrderId,
        provider: T::AccountId,
    ) -> DispatchResult {
        let held = Self::replica_at_gate(id, provider)?;
        ensure!(held.order.payer == payer, Error::<T>::NotPayer);
        ensure!(held.replica.earned >= held.order.min_term, Error::<T>::TermNotServed);
        Self::end_replica(held, EndReason::Cancelled)
    }

    pub(crate) fn do_close_replica(who: T::AccountId, id: OrderId, provider: T::AccountId) -> DispatchResult {
        let held = Self::replica_at_gate(id, provider)?;
        let window = held.phase.window;
        // Windows in jail are no notice: nobody is challenged in them.
        let served = held.provider.liability.standing == Standing::Active
            && held.replica.leaves_at.is_some_and(|leaves_at| window >= leaves_at);
        let reason = if held.replica.left == 0 {
            EndReason::Finished
        } else if served && held.is_side(&who) {
            EndReason::Dropped
        } else if window > held.replica.ends && held.is_side(&who) {
            EndReason::Expired
        } else {
            return Err(Error::<T>::NotOver.into());
        };
        Self::end_replica(held, reason)
    }

    pub(crate) fn do_close_jailed(who: T::AccountId, id: OrderId, provider: T::AccountId) -> DispatchResult {
        let held = Self::replica_at_gate(id, provider)?;
        let since = match held.provider.liability.standing {
            Standing::Active => return Err(Error::<T>::NotJailed.into()),
            Standing::Jailed { since } | Standing::Probation { since } => since,
        };
        let open_to_all = since.saturating_add(Self::parameters().jail_windows);
        let may = held.order.payer == who || held.phase.window >= open_to_all;
        ensure!(may, Error::<T>::NotOver);
        Self::end_replica(held, EndReason::Jailed)
    }

    pub(crate) fn do_remove_denied(id: OrderId, provider: Option<T::AccountId>) -> DispatchResult {
        let order = Self::order(id)?;
        let denied = T::Pieces::access(order.piece.root) == PieceAccess::Denied;
        ensure!(denied, Error::<T>::NotDenied);
        match provider {
            Some(provider) => Self::end_replica(Self::replica_at_gate(id, provider)?, EndReason::Denied),
            None => Self::close_open(id, order),
        }
    }

    /// What a replica's payer owes, the treasury's part included, and for how many windows.
    pub(crate) fn due(order: &OrderOf<T>, replica: &Replica, proven: u64) -> (WindowIndex, Balance) {
        let windows = replica.due(proven);
        (windows, cost(order.piece.leaves(), windows, replica.price).unwrap_or_default())
    }
}

//! Orders: what payers ask for.

use crate::{
    Config, Error, Event, HoldReason, NextOrderId, OpenOrders, OrderOf, Orders, Pallet, PieceOrders,
    params::{MIN_RESPONSE, cost},
    traits::Pieces,
    types::{Balance, Hints, MAX_REPLICAS, Named, Order, OrderId, Quote, WindowIndex},
};
use polkadot_sdk::{
    frame_support::{
        ensure,
        traits::{fungible::MutateHold, tokens::Precision},
    },
    sp_runtime::{DispatchError, DispatchResult, traits::Zero},
};
use stoa_primitives::{Piece, registry::PieceAccess};

impl<T: Config> Pallet<T> {
    /// What an order would cost; the price is for a GiB and window.
    pub fn quote(piece: Piece, replicas: u32, windows: WindowIndex, max_price: Balance) -> Option<Quote> {
        let leaves = piece.leaves();
        let max_price = crate::params::per_leaf(max_price);
        let funds = cost(leaves, windows, max_price)?.checked_mul(replicas.into())?;
        let rows: Balance = replicas.checked_add(1)?.into();
        let deposit = Self::parameters().order_deposit.checked_mul(rows)?;
        Some(Quote { leaves, max_price, funds, deposit })
    }

    /// Fails unless the payer may have providers keep the piece.
    pub(crate) fn ensure_may_store(
        payer: &T::AccountId,
        piece: &Piece,
        names_providers: bool,
    ) -> DispatchResult {
        match T::Pieces::access(piece.root) {
            PieceAccess::Denied => Err(Error::<T>::Denied.into()),
            PieceAccess::Restricted => {
                let may = names_providers && T::Pieces::is_admin(payer, piece.root);
                ensure!(may, Error::<T>::Restricted);
                Ok(())
            }
            PieceAccess::Public | PieceAccess::Unknown => Ok(()),
        }
    }

    pub(crate) fn do_place_order(
        payer: T::AccountId,
        piece: Piece,
        replicas: u32,
        windows: WindowIndex,
        max_price: Balance,
        named: Named<T::AccountId>,
        hints: Hints,
    ) -> DispatchResult {
        let parameters = Self::parameters();
        ensure!(piece.size > 0, Error::<T>::EmptyPiece);
        ensure!((1..=MAX_REPLICAS).contains(&replicas), Error::<T>::ReplicaCount);
        ensure!(windows >= parameters.min_term, Error::<T>::TermTooShort);
        Self::leaf_price(max_price, &parameters)?;
        let enough = named.is_empty() || named.len() as u64 >= u64::from(replicas);
        ensure!(enough, Error::<T>::TooFewNamed);
        Self::ensure_may_store(&payer, &piece, !named.is_empty())?;
        let quote = Self::quote(piece, replicas, windows, max_price).ok_or(Error::<T>::Overflow)?;
        let number = NextOrderId::<T>::get();
        let id = OrderId(number);

        T::Currency::hold(&HoldReason::Order.into(), &payer, quote.funds)?;
        T::Currency::hold(&HoldReason::OrderDeposit.into(), &payer, quote.deposit)?;
        NextOrderId::<T>::put(number.checked_add(1).ok_or(Error::<T>::Overflow)?);
        OpenOrders::<T>::insert(id.ordinal(), ());
        PieceOrders::<T>::insert(piece.root, id.ordinal(), ());
        let order = Order {
            payer: payer.clone(),
            piece,
            open: replicas,
            active: 0,
            windows,
            max_price: quote.max_price,
            named,
            hints,
            expires_at: Self::now().saturating_add(parameters.accept_within),
            min_term: parameters.min_term,
            levy: parameters.levy,
            deposit: quote.deposit,
        };
        Orders::<T>::insert(id, order);
        let max_price = quote.max_price;
        Self::deposit_event(Event::OrderPlaced { order: id, payer, piece, replicas, windows, max_price });
        Ok(())
    }

    pub(crate) fn order(id: OrderId) -> Result<OrderOf<T>, DispatchError> {
        Ok(Orders::<T>::get(id).ok_or(Error::<T>::OrderNotFound)?)
    }

    pub(crate) fn do_cancel_order(who: T::AccountId, id: OrderId) -> DispatchResult {
        let order = Self::order(id)?;
        ensure!(order.payer == who, Error::<T>::NotPayer);
        Self::close_open(id, order)
    }

    pub(crate) fn do_expire_order(id: OrderId) -> DispatchResult {
        let order = Self::order(id)?;
        ensure!(Self::now() > order.expires_at, Error::<T>::NotExpired);
        Self::close_open(id, order)
    }

    /// Gives back what is held for replicas that nobody took.
    pub(crate) fn close_open(id: OrderId, mut order: OrderOf<T>) -> DispatchResult {
        ensure!(order.open > 0, Error::<T>::NoOpenReplica);
        let refunded = cost(order.piece.leaves(), order.windows, order.max_price)
            .and_then(|each| each.checked_mul(order.open.into()))
            .ok_or(Error::<T>::Overflow)?;
        Self::refund(&order.payer, refunded)?;
        order.open = 0;
        Self::deposit_event(Event::OrderClosed { order: id, refunded });
        Self::save_order(id, order)
    }

    /// Gives back some of what is held for payments.
    pub(crate) fn refund(payer: &T::AccountId, amount: Balance) -> DispatchResult {
        if !amount.is_zero() {
            T::Currency::release(&HoldReason::Order.into(), payer, amount, Precision::Exact)?;
        }
        Ok(())
    }

    /// Keeps an order, or removes it with its last replica and returns the deposit.
    pub(crate) fn save_order(id: OrderId, order: OrderOf<T>) -> DispatchResult {
        if order.open == 0 {
            OpenOrders::<T>::remove(id.ordinal());
        }
        if order.open > 0 || order.active > 0 {
            Orders::<T>::insert(id, order);
            return Ok(());
        }
        let deposit = HoldReason::OrderDeposit.into();
        T::Currency::release(&deposit, &order.payer, order.deposit, Precision::Exact)?;
        PieceOrders::<T>::remove(order.piece.root, id.ordinal());
        Orders::<T>::remove(id);
        Self::deposit_event(Event::OrderRemoved { order: id });
        Ok(())
    }

    /// Checks at build time what the parameters rely on.
    pub(crate) fn check_constants() {
        let sound = crate::params::Parameters::default().check(MIN_RESPONSE);
        assert!(sound.is_ok(), "the default parameters break a relation: {sound:?}");
    }
}

//! Placing, cancelling and expiring.

use super::*;
use crate::{HoldReason, NextOrderId, OpenOrders, Orders, PieceOrders};

fn named(who: &[AccountId]) -> Named<AccountId> {
    who.to_vec().try_into().unwrap()
}

#[test]
fn place_order_refuses_what_makes_no_sense() {
    ExtBuilder.build_and_execute(|| {
        let good = piece(1, 5_000);
        let price = 150 * GIB;
        let none = Named::default();
        let empty = Piece { size: 0, ..good };
        assert_noop!(place(ALICE, empty, 1, 4, price, none.clone()), Error::EmptyPiece);
        assert_noop!(place(ALICE, good, 0, 4, price, none.clone()), Error::ReplicaCount);
        assert_noop!(place(ALICE, good, MAX_REPLICAS + 1, 4, price, none.clone()), Error::ReplicaCount);
        assert_noop!(place(ALICE, good, 1, 1, price, none.clone()), Error::TermTooShort);
        assert_noop!(place(ALICE, good, 1, 4, 10 * GIB - 1, none.clone()), Error::PriceTooLow);
        assert_noop!(place(ALICE, good, 1, 4, 360 * GIB + 1, none.clone()), Error::PriceTooHigh);
        assert_noop!(place(ALICE, good, 2, 4, price, named(&[BOB])), Error::TooFewNamed);
        assert!(place(POOR, good, 1, 4, price, none.clone()).is_err());
        NextOrderId::<Test>::put(u64::MAX);
        assert!(place(ALICE, good, 1, 4, price, none).is_err());
        NextOrderId::<Test>::put(0);
    });
}

#[test]
fn an_order_holds_the_whole_cost_and_a_deposit() {
    ExtBuilder.build_and_execute(|| {
        let quote = StorageProofs::quote(piece(1, 5_000), 3, 4, 150 * GIB).unwrap();
        assert_eq!(
            (quote.leaves, quote.max_price, quote.funds, quote.deposit),
            (5, 150, 5 * 3 * 4 * 150, 40)
        );
        order(piece(1, 5_000), 3, 4);
        assert_eq!(held(HoldReason::Order, ALICE), quote.funds);
        assert_eq!(held(HoldReason::OrderDeposit, ALICE), quote.deposit);
    });
}

#[test]
fn one_account_cannot_take_two_replicas_of_an_order() {
    ExtBuilder.build_and_execute(|| {
        provide(BOB);
        let id = order(piece(1, 5_000), 2, 4);
        accept(BOB, id);
        assert_noop!(StorageProofs::accept(signed(BOB), id), Error::AlreadyAccepted);
    });
}

#[test]
fn accept_refuses_orders_that_are_not_there_for_the_caller() {
    ExtBuilder.build_and_execute(|| {
        provide(BOB);
        provide(CAROL);
        assert_noop!(StorageProofs::accept(signed(BOB), OrderId(7)), Error::OrderNotFound);
        let id = order_for(ALICE, piece(1, 5_000), 1, 4, &[CAROL]);
        assert_noop!(StorageProofs::accept(signed(EVE), id), Error::ProviderNotFound);
        assert_noop!(StorageProofs::accept(signed(BOB), id), Error::NotNamed);
        accept(CAROL, id);
        assert_noop!(StorageProofs::accept(signed(BOB), id), Error::NoOpenReplica);
        let late = order(piece(2, 5_000), 1, 4);
        roll(301);
        assert_noop!(StorageProofs::accept(signed(BOB), late), Error::Expired);
    });
}

#[test]
fn accept_needs_capacity_and_stake() {
    ExtBuilder.build_and_execute(|| {
        provide(BOB);
        let large = order(piece(1, 1_001 * 1_024), 1, 4);
        assert_noop!(StorageProofs::accept(signed(BOB), large), Error::CapacityTooLow);
        let fits = order(piece(2, 1_000 * 1_024), 1, 4);
        crate::Providers::<Test>::mutate_extant(BOB, |bob| bob.debt = 1);
        assert_noop!(StorageProofs::accept(signed(BOB), fits), Error::StakeTooLow);
        assert_ok!(StorageProofs::add_stake(signed(BOB), 1));
        accept(BOB, fits);
    });
}

#[test]
fn the_payer_gets_back_what_nobody_took() {
    ExtBuilder.build_and_execute(|| {
        let before = free(ALICE);
        let id = order(piece(1, 5_000), 3, 4);
        assert_noop!(StorageProofs::cancel_order(signed(BOB), id), Error::NotPayer);
        assert_noop!(StorageProofs::expire_order(signed(EVE), id), Error::NotExpired);
        assert_ok!(StorageProofs::cancel_order(signed(ALICE), id));
        assert_eq!(free(ALICE), before);
        assert_noop!(StorageProofs::cancel_order(signed(ALICE), id), Error::OrderNotFound);
        assert!(!PieceOrders::<Test>::contains_key(piece(1, 5_000).root, id.ordinal()));
    });
}

#[test]
fn cancelling_leaves_replicas_that_were_taken() {
    ExtBuilder.build_and_execute(|| {
        provide(BOB);
        let id = order(piece(1, 5_000), 3, 4);
        accept(BOB, id);
        assert_ok!(StorageProofs::cancel_order(signed(ALICE), id));
        assert_noop!(StorageProofs::cancel_order(signed(ALICE), id), Error::NoOpenReplica);
        assert_eq!(held(HoldReason::Order, ALICE), 5 * 4 * 100);
        assert!(Orders::<Test>::contains_key(id));
        assert!(!OpenOrders::<Test>::contains_key(id.ordinal()));
    });
}

#[test]
fn anybody_refunds_an_order_that_nobody_accepted_in_time() {
    ExtBuilder.build_and_execute(|| {
        let before = free(ALICE);
        let id = order(piece(1, 5_000), 1, 4);
        roll(301);
        assert_ok!(StorageProofs::expire_order(signed(EVE), id));
        assert_eq!(free(ALICE), before);
    });
}

#[test]
fn settling_passes_over_what_has_ended_and_fails_when_nothing_is_due() {
    ExtBuilder.build_and_execute(|| {
        let id = bob_keeps(5, 4);
        let list = |ids: &[(OrderId, AccountId)]| ids.to_vec().try_into().unwrap();
        assert_noop!(settle(id, BOB), Error::NothingDue);
        prove_windows(BOB, 1);
        let due = list(&[(OrderId(99), BOB), (id, CAROL), (id, BOB), (id, BOB)]);
        assert_ok!(StorageProofs::settle(signed(EVE), due));
        assert_eq!(replica(id, BOB).earned, 1);
        assert_noop!(settle(id, BOB), Error::NothingDue);
    });
}

#[test]
fn a_payer_may_keep_its_own_piece() {
    ExtBuilder.build_and_execute(|| {
        provide(BOB);
        let id = order_for(BOB, piece(1, 5_000), 1, 4, &[]);
        accept(BOB, id);
        prove_windows(BOB, 4);
        assert_ok!(settle(id, BOB));
        assert_ok!(StorageProofs::close_replica(signed(BOB), id, BOB));
    });
}

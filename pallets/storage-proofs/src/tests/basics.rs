//! The way of an order from placement to the last payment.

use super::*;
use crate::HoldReason;
use polkadot_sdk::frame_support::dispatch::Pays;

#[test]
fn an_order_is_paid_for_each_proven_window_to_the_planck() {
    ExtBuilder.build_and_execute(|| {
        let (alice, bob, treasury) = (free(ALICE), free(BOB), free(TREASURY));
        provide(BOB);
        assert_eq!(held(HoldReason::Stake, BOB), 6_000 * 1_000);
        let id = order(piece(1, 40 * 1_024), 1, 4);
        assert_eq!(held(HoldReason::Order, ALICE), 40 * 4 * 150);
        assert_eq!(held(HoldReason::OrderDeposit, ALICE), 20);
        accept(BOB, id);
        // The price is fixed, and what it can't cost any more is free again.
        assert_eq!(held(HoldReason::Order, ALICE), 40 * 4 * 100);

        prove_windows(BOB, 3);
        assert_ok!(settle(id, BOB));
        assert_eq!(held(HoldReason::Order, ALICE), 40 * 100);
        prove_windows(BOB, 2);
        assert_ok!(settle(id, BOB));
        assert_ok!(StorageProofs::close_replica(signed(EVE), id, BOB));
        assert_ok!(StorageProofs::deregister(signed(BOB)));

        let paid = 40 * 4 * 100;
        assert_eq!(free(ALICE), alice - paid);
        assert_eq!(free(BOB), bob + paid * 98 / 100);
        assert_eq!(free(TREASURY), treasury + paid * 2 / 100);
    });
}

#[test]
fn a_proof_that_verifies_is_free_and_operational() {
    ExtBuilder.build_and_execute(|| {
        bob_keeps(40, 4);
        to_next_seed(BOB);
        assert_eq!(prove(BOB).unwrap().pays_fee, Pays::No);
        assert!(matches!(last_event(), Event::Proven { provider: BOB, paid: true, .. }));
    });
}

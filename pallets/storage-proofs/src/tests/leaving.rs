//! Notice, hurry, cancelling and the end by the clock.

use super::*;
use crate::HoldReason;

#[test]
fn a_drop_needs_notice_and_is_challenged_and_paid_until_then() {
    ExtBuilder.build_and_execute(|| {
        let alice = free(ALICE);
        let id = bob_keeps(40, 20);
        prove_windows(BOB, 1);
        assert_ok!(StorageProofs::drop_piece(signed(BOB), id));
        let leaves_at = phase(BOB).window + 5;
        assert_eq!(last_event(), Event::NoticeGiven { order: id, provider: BOB, leaves_at });
        assert_noop!(StorageProofs::drop_piece(signed(BOB), id), Error::NoticeGiven);
        for _ in 0..4 {
            prove_windows(BOB, 1);
            assert_noop!(StorageProofs::close_replica(signed(BOB), id, BOB), Error::NotOver);
        }
        to_next_seed(BOB);
        assert_noop!(StorageProofs::close_replica(signed(BOB), id, BOB), Error::GateClosed);
        assert_ok!(prove(BOB));
        assert_ok!(StorageProofs::close_replica(signed(BOB), id, BOB));
        assert_eq!(free(ALICE), alice - 6 * 40 * 100);
    });
}

#[test]
fn a_notice_that_was_served_with_misses_ends_with_a_refund() {
    ExtBuilder.build_and_execute(|| {
        let alice = free(ALICE);
        let id = bob_keeps(40, 20);
        assert_ok!(StorageProofs::drop_piece(signed(BOB), id));
        miss(BOB, 1);
        prove_windows(BOB, 4);
        assert_noop!(StorageProofs::close_replica(signed(EVE), id, BOB), Error::NotOver);
        assert_ok!(StorageProofs::close_replica(signed(BOB), id, BOB));
        let ended =
            Event::ReplicaEnded { order: id, provider: BOB, reason: EndReason::Dropped, refunded: 40 * 100 };
        assert!(events().contains(&ended));
        assert_eq!(free(ALICE), alice - 4 * 40 * 100);
    });
}

/// Otherwise losing a piece and dropping it would be free.
#[test]
fn who_lost_a_piece_and_drops_it_pays_for_every_window_of_the_notice() {
    ExtBuilder.build_and_execute(|| {
        provide(BOB);
        let id = order(lost_piece(1, 40 * 1_024), 1, 20);
        accept(BOB, id);
        let before = held(HoldReason::Stake, BOB);
        assert_ok!(StorageProofs::drop_piece(signed(BOB), id));
        // It is still challenged: the first miss is forgiven, the others aren't, and no pay.
        miss(BOB, 2);
        assert_ok!(StorageProofs::report_fault(signed(EVE), BOB));
        assert_eq!(held(HoldReason::Stake, BOB), before - 40 * 1_000);
        assert_noop!(settle(id, BOB), Error::NothingDue);
    });
}

#[test]
fn leaving_at_once_costs_the_slash_of_the_whole_notice() {
    ExtBuilder.build_and_execute(|| {
        let alice = free(ALICE);
        let id = bob_keeps(40, 20);
        let (before, treasury) = (held(HoldReason::Stake, BOB), free(TREASURY));
        assert_ok!(StorageProofs::drop_now(signed(BOB), id));
        assert_eq!(held(HoldReason::Stake, BOB), before - 5 * 40 * 1_000);
        assert_eq!(free(TREASURY), treasury + 5 * 40 * 1_000);
        assert_eq!(free(ALICE), alice);
    });
}

#[test]
fn leaving_in_the_middle_of_a_notice_costs_the_windows_that_are_left() {
    ExtBuilder.build_and_execute(|| {
        let id = bob_keeps(40, 20);
        let before = held(HoldReason::Stake, BOB);
        assert_ok!(StorageProofs::drop_piece(signed(BOB), id));
        prove_windows(BOB, 2);
        assert_ok!(StorageProofs::drop_now(signed(BOB), id));
        assert_eq!(held(HoldReason::Stake, BOB), before - 3 * 40 * 1_000);
    });
}

#[test]
fn who_cannot_pay_for_hurry_has_to_give_notice() {
    ExtBuilder.build_and_execute(|| {
        let id = bob_keeps(1_000, 20);
        crate::Providers::<Test>::mutate_extant(BOB, |bob| bob.debt = 1_000_001);
        assert_noop!(StorageProofs::drop_now(signed(BOB), id), Error::StakeTooLow);
        assert_ok!(StorageProofs::drop_piece(signed(BOB), id));
    });
}

/// A notice in reserve would be a way out at any time; it ends what the order pays instead.
#[test]
fn a_notice_given_early_and_kept_in_reserve_is_paid_for_no_longer_than_it_lasts() {
    ExtBuilder.build_and_execute(|| {
        let id = bob_keeps(40, 20);
        assert_ok!(StorageProofs::drop_piece(signed(BOB), id));
        assert_eq!(held(HoldReason::Order, ALICE), 5 * 40 * 100);
        prove_windows(BOB, 8);
        assert_ok!(settle(id, BOB));
        assert_eq!(replica(id, BOB).earned, 5);
        assert_eq!(held(HoldReason::Order, ALICE), 0);
    });
}

#[test]
fn windows_in_jail_are_no_notice() {
    ExtBuilder.build_and_execute(|| {
        provide(BOB);
        let id = order(lost_piece(1, 40 * 1_024), 1, 20);
        accept(BOB, id);
        assert_ok!(StorageProofs::drop_piece(signed(BOB), id));
        miss(BOB, 8);
        assert_noop!(StorageProofs::close_replica(signed(BOB), id, BOB), Error::NotOver);
        assert_ok!(StorageProofs::close_jailed(signed(ALICE), id, BOB));
    });
}

#[test]
fn a_payer_cancels_only_after_the_minimum_term_was_earned() {
    ExtBuilder.build_and_execute(|| {
        let alice = free(ALICE);
        let id = bob_keeps(40, 20);
        assert_noop!(StorageProofs::cancel_replica(signed(ALICE), id, BOB), Error::TermNotServed);
        prove_windows(BOB, 1);
        assert_noop!(StorageProofs::cancel_replica(signed(ALICE), id, BOB), Error::TermNotServed);
        miss(BOB, 1);
        assert_noop!(StorageProofs::cancel_replica(signed(ALICE), id, BOB), Error::TermNotServed);
        prove_windows(BOB, 1);
        assert_noop!(StorageProofs::cancel_replica(signed(EVE), id, BOB), Error::NotPayer);
        assert_noop!(StorageProofs::cancel_replica(signed(ALICE), id, CAROL), Error::ReplicaNotFound);
        assert_ok!(StorageProofs::cancel_replica(signed(ALICE), id, BOB));
        assert_eq!(free(ALICE), alice - 2 * 40 * 100);
    });
}

#[test]
fn after_twice_its_windows_either_side_ends_a_replica() {
    for side in [ALICE, BOB] {
        ExtBuilder.build_and_execute(|| {
            let alice = free(ALICE);
            let id = bob_keeps(40, 3);
            // Every second window is missed: never three in a row, and too few to finish.
            prove_windows(BOB, 1);
            for _ in 0..5 {
                VrfWorks::set(false);
                to_next_window(BOB);
                to_close(BOB);
                VrfWorks::set(true);
                assert_noop!(StorageProofs::close_replica(signed(side), id, BOB), Error::NotOver);
            }
            prove_windows(BOB, 1);
            assert_noop!(StorageProofs::close_replica(signed(EVE), id, BOB), Error::NotOver);
            assert_ok!(StorageProofs::close_replica(signed(side), id, BOB));
            assert_eq!(free(ALICE), alice - 2 * 40 * 100);
        });
    }
}

#[test]
fn anybody_ends_a_replica_whose_windows_are_paid() {
    ExtBuilder.build_and_execute(|| {
        let id = bob_keeps(40, 3);
        prove_windows(BOB, 2);
        assert_noop!(StorageProofs::close_replica(signed(EVE), id, BOB), Error::NotOver);
        prove_windows(BOB, 1);
        // What is due is paid on the way.
        assert_ok!(StorageProofs::close_replica(signed(EVE), id, BOB));
        assert!(matches!(last_event(), Event::OrderRemoved { .. }));
        assert_noop!(StorageProofs::close_replica(signed(EVE), id, BOB), Error::OrderNotFound);
    });
}

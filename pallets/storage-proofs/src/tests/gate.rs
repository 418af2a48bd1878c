//! A set changes only when nothing is owed for the current window.

use super::*;

/// BOB keeps a piece since the window before, and his current one is open and not proven.
fn owed() -> OrderId {
    let id = bob_keeps(5, 9);
    to_next_window(BOB);
    id
}

#[test]
fn every_change_of_a_set_waits_until_the_window_is_proven() {
    ExtBuilder.build_and_execute(|| {
        let id = owed();
        let other = order(piece(2, 3_000), 1, 4);
        let closed = || {
            assert_noop!(StorageProofs::accept(signed(BOB), other), Error::GateClosed);
            assert_noop!(StorageProofs::drop_piece(signed(BOB), id), Error::GateClosed);
            assert_noop!(StorageProofs::drop_now(signed(BOB), id), Error::GateClosed);
            assert_noop!(StorageProofs::cancel_replica(signed(ALICE), id, BOB), Error::GateClosed);
            assert_noop!(StorageProofs::close_replica(signed(BOB), id, BOB), Error::GateClosed);
            assert_noop!(StorageProofs::close_jailed(signed(ALICE), id, BOB), Error::GateClosed);
        };
        closed();
        to_seed(BOB);
        closed();
        assert_ok!(prove(BOB));
        accept(BOB, other);
        assert_ok!(StorageProofs::drop_now(signed(BOB), id));
    });
}

#[test]
fn the_gate_opens_when_the_response_is_over_and_tells_when() {
    ExtBuilder.build_and_execute(|| {
        let id = owed();
        let opens = StorageProofs::gate_opens_at(BOB).unwrap();
        assert_eq!(opens, phase(BOB).closes_at + 1);
        while System::block_number() < opens {
            assert_noop!(StorageProofs::drop_piece(signed(BOB), id), Error::GateClosed);
            next_block();
        }
        assert_eq!(StorageProofs::gate_opens_at(BOB), Some(opens));
        assert_ok!(StorageProofs::drop_piece(signed(BOB), id));
        // It was settled on the way: the miss is counted once.
        assert_eq!(provider(BOB).liability.misses, 1);
        assert_noop!(StorageProofs::report_fault(signed(EVE), BOB), Error::NothingToReport);
    });
}

#[test]
fn the_gate_is_open_for_an_empty_set_which_counts_from_the_next_window() {
    ExtBuilder.build_and_execute(|| {
        provide(BOB);
        to_next_seed(BOB);
        let (first, second) = (order(piece(1, 5_000), 1, 4), order(piece(2, 3_000), 1, 4));
        accept(BOB, first);
        // Nothing is due for the open window, so that the set may grow on.
        accept(BOB, second);
        let window = phase(BOB).window;
        assert!(matches!(last_event(), Event::Accepted { counts_from, .. } if counts_from == window + 1));
        assert_eq!(StorageProofs::challenges(BOB).unwrap().duty, Duty::Nothing);
        let empty = LeafProofs::default();
        let seed = phase(BOB).seed_of(&BOB).unwrap();
        assert_noop!(StorageProofs::submit_proof(signed(BOB), window, seed, empty), Error::AlreadyProven);
        to_close(BOB);
        assert_noop!(StorageProofs::report_fault(signed(EVE), BOB), Error::NothingToReport);
        prove_windows(BOB, 1);
        assert_eq!(provider(BOB).proven, 1);
    });
}

#[test]
fn a_piece_accepted_after_the_proof_is_paid_from_the_next_window_on() {
    ExtBuilder.build_and_execute(|| {
        bob_keeps(5, 9);
        prove_windows(BOB, 1);
        let second = order(piece(2, 3_000), 1, 4);
        accept(BOB, second);
        assert_noop!(settle(second, BOB), Error::NothingDue);
        prove_windows(BOB, 1);
        assert_ok!(settle(second, BOB));
        assert_eq!(replica(second, BOB).earned, 1);
    });
}

#[test]
fn a_freed_slot_is_taken_by_the_last_one() {
    ExtBuilder.build_and_execute(|| {
        provide(BOB);
        let ids: Vec<_> = (1..=3).map(|number| order(piece(number, 3_000), 1, 4)).collect();
        ids.iter().for_each(|id| accept(BOB, *id));
        assert_ok!(StorageProofs::drop_now(signed(BOB), ids[0]));
        assert_eq!(replica(ids[2], BOB).slot, 0);
        assert_eq!(replica(ids[1], BOB).slot, 1);
        assert_eq!(provider(BOB).slots, 2);
        prove_windows(BOB, 1);
        let again = order(piece(4, 3_000), 1, 4);
        accept(BOB, again);
        assert_eq!(replica(again, BOB).slot, 2);
    });
}

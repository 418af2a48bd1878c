//! Windows in which proofs couldn't get in.

use super::*;
use crate::ClockState;
use polkadot_sdk::{
    frame_support::{dispatch::DispatchClass, weights::Weight},
    frame_system::{BlockSize, BlockWeight},
};

/// All blocks of BOB's response, filled by `fill`.
fn response(fill: impl Fn(u32)) -> bool {
    bob_keeps(5, 9);
    to_next_seed(BOB);
    let closes_at = phase(BOB).closes_at;
    while System::block_number() <= closes_at {
        fill(closes_at - System::block_number());
        next_block();
    }
    to_close(BOB);
    phase(BOB).excused_total == 1
}

fn fill_weight(class: DispatchClass, part: u64) {
    let all = TestWeights::get().max_block;
    BlockWeight::<Test>::mutate(|weight| weight.set(all.saturating_div(100) * part, class));
}

#[test]
fn a_window_is_excused_when_most_of_its_blocks_were_full_of_operational_calls() {
    ExtBuilder.build_and_execute(|| {
        assert!(response(|_| fill_weight(DispatchClass::Operational, 100)));
        assert_noop!(StorageProofs::report_fault(signed(EVE), BOB), Error::NothingToReport);
    });
}

#[test]
fn a_window_is_excused_when_most_of_its_blocks_were_full_by_length() {
    ExtBuilder.build_and_execute(|| {
        assert!(response(|_| BlockSize::<Test>::put(5 * 1_024 * 1_024 - 6_000)));
    });
}

#[test]
fn half_of_the_blocks_are_not_most() {
    ExtBuilder.build_and_execute(|| {
        assert!(!response(|left| {
            if left % 2 == 0 {
                fill_weight(DispatchClass::Operational, 100);
            }
        }));
    });
}

/// Excuses must not be for sale: ordinary calls can't take the place that is kept for proofs.
#[test]
fn normal_spam_buys_no_excuse() {
    ExtBuilder.build_and_execute(|| {
        assert!(!response(|_| {
            fill_weight(DispatchClass::Normal, 75);
            BlockSize::<Test>::put(5 * 1_024 * 1_024 * 3 / 4);
        }));
        assert_eq!(ClockState::<Test>::get().full, 0);
        assert_ok!(StorageProofs::report_fault(signed(EVE), BOB));
    });
}

/// Mandatory work may fill a block by weight; the operational reserve is left.
#[test]
fn the_operational_reserve_is_counted() {
    ExtBuilder.build_and_execute(|| {
        assert!(!response(|_| fill_weight(DispatchClass::Mandatory, 100)));
    });
}

#[test]
fn a_window_is_excused_when_production_stalled() {
    ExtBuilder.build_and_execute(|| {
        assert!(response(|left| {
            if left == 3 {
                SkippedSlots::set(17);
            }
        }));
    });
}

#[test]
fn a_quarter_of_the_slots_without_blocks_excuses_nothing() {
    ExtBuilder.build_and_execute(|| {
        assert!(!response(|left| SkippedSlots::set(u64::from(20 - left.min(20)) / 3)));
    });
}

#[test]
fn a_window_is_excused_while_a_migration_runs() {
    ExtBuilder.build_and_execute(|| {
        assert!(response(|left| Migrating::set(left == 3)));
    });
}

#[test]
fn an_excused_window_that_was_proven_is_paid() {
    ExtBuilder.build_and_execute(|| {
        let id = bob_keeps(5, 9);
        to_next_seed(BOB);
        assert_ok!(prove(BOB));
        SkippedSlots::set(100);
        to_close(BOB);
        assert_eq!(phase(BOB).excused_total, 1);
        assert_ok!(settle(id, BOB));
    });
}

#[test]
fn a_full_block_has_no_room_for_one_more_proof() {
    use crate::traits::{Liveness, SystemLiveness};
    type Blocks = SystemLiveness<Test, TestSlot, Migrating>;
    ExtBuilder.build_and_execute(|| {
        let all = TestWeights::get().max_block;
        assert!(!Blocks::was_full_for(Weight::from_parts(1_000, 0), 1_000));
        assert!(Blocks::was_full_for(all + Weight::from_parts(1, 0), 1_000));
        assert!(Blocks::was_full_for(Weight::zero(), 5 * 1_024 * 1_024 + 1));
        assert!(!<() as Liveness>::was_full_for(all, u32::MAX));
        assert_eq!((<() as Liveness>::slot(), <() as Liveness>::is_migrating()), (0, false));
    });
}

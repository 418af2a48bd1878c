//! Each check of `try_state` finds what it is there for.

use super::*;
use crate::{
    Adopted, ClockState, Contacts, NextOrderId, OpenOrders, Orders, PastSeeds, Phases, PieceOrders,
    ProofSlots, Providers, Replicas, TreeNodes, params::Parameters, phases::Stage, tree::Node,
};
use polkadot_sdk::{frame_support::traits::fungible::MutateHold, sp_runtime::TryRuntimeError};

/// Breaks a full state and expects the check's complaint: BOB keeps a piece for order 0, which has a replica open.
fn assert_found(complaint: &'static str, harm: impl FnOnce()) {
    ExtBuilder.build().execute_with(|| {
        provide(BOB);
        let id = order(piece(1, 40 * 1_024), 2, 9);
        accept(BOB, id);
        prove_windows(BOB, 1);
        assert_eq!(StorageProofs::do_try_state(), Ok(()));
        harm();
        assert_eq!(StorageProofs::do_try_state(), Err(TryRuntimeError::Other(complaint)));
    });
}

const ID: OrderId = OrderId(0);

fn change_bob(change: impl FnOnce(&mut Provider)) {
    Providers::<Test>::mutate_extant(BOB, change);
}

fn change_order(change: impl FnOnce(&mut Order<AccountId>)) {
    Orders::<Test>::mutate_extant(ID, change);
}

fn change_replica(change: impl FnOnce(&mut Replica)) {
    Replicas::<Test>::mutate(ID, BOB, |found| change(found.as_mut().unwrap()));
}

#[test]
fn check_clock_finds_a_cursor_on_no_phase() {
    assert_found("clock: a cursor is on no phase", || {
        ClockState::<Test>::mutate(|clock| clock.seeding.phase = 64);
    });
}

#[test]
fn check_clock_finds_a_stopped_clock() {
    assert_found("clock: no window will ever open", || {
        ClockState::<Test>::mutate(|clock| clock.opening.at = None);
    });
}

#[test]
fn check_clock_finds_unsound_parameters() {
    assert_found("clock: the parameters break a relation", || {
        Adopted::<Test>::put(Parameters { window: 1, ..test_parameters() });
    });
}

#[test]
fn check_clock_finds_seeds_that_cant_be_there() {
    let put = |block| PastSeeds::<Test>::insert(block, ClockState::<Test>::get().past_seed());
    assert_found("clock: a seed of the future, or one that is too old", || put(System::block_number() + 1));
    assert_found("clock: a seed of the future, or one that is too old", || put(1));
}

#[test]
fn check_phases_finds_one_too_many() {
    assert_found("phase: number out of range", || Phases::<Test>::insert(64, phase(BOB)));
}

#[test]
fn check_phases_finds_too_many_excuses() {
    assert_found("phase: more windows excused than opened", || {
        Phases::<Test>::mutate(0, |phase| phase.excused_total = phase.window + 1);
    });
}

#[test]
fn check_phases_finds_a_zero_seed() {
    assert_found("phase: a seed of zeros", || {
        Phases::<Test>::mutate(0, |phase| phase.stage = Stage::Open([0; 32]));
    });
}

#[test]
fn check_phases_finds_a_response_without_end() {
    assert_found("phase: the response lasts longer than the window", || {
        Phases::<Test>::mutate(0, |phase| phase.closes_at = phase.next_opens_at());
    });
}

#[test]
fn check_phases_finds_one_out_of_step() {
    assert_found("phase: out of step with the others", || {
        Phases::<Test>::mutate(0, |phase| phase.window += 2);
    });
}

#[test]
fn check_providers_finds_a_missing_contact() {
    assert_found("provider: no contact", || Contacts::<Test>::remove(BOB));
}

#[test]
fn check_providers_finds_a_contact_of_nobody() {
    assert_found("provider: a contact has no provider", || Contacts::<Test>::insert(CAROL, contact()));
}

#[test]
fn check_providers_finds_a_set_above_its_capacity() {
    assert_found("provider: stores more than its capacity", || change_bob(|bob| bob.capacity = 39));
}

#[test]
fn check_providers_finds_a_debt_above_the_stake() {
    assert_found("provider: owes more than its stake", || change_bob(|bob| bob.debt = bob.stake + 1));
}

#[test]
fn check_providers_finds_one_ahead_of_its_phase() {
    assert_found("provider: clear of a window that hasn't opened", || {
        change_bob(|bob| bob.liability.clear_through += 1);
    });
}

#[test]
fn check_providers_finds_excuses_that_were_not() {
    assert_found("provider: saw more excused windows than there were", || {
        change_bob(|bob| bob.liability.excused_seen += 1);
    });
}

#[test]
fn check_sets_finds_a_missing_slot() {
    assert_found("set: a slot is missing", || ProofSlots::<Test>::remove(BOB, 0));
}

#[test]
fn check_sets_finds_a_slot_without_a_replica() {
    assert_found("set: a slot has no replica", || Replicas::<Test>::remove(ID, BOB));
}

#[test]
fn check_sets_finds_a_replica_elsewhere() {
    assert_found("set: a replica is in another slot", || change_replica(|found| found.slot = 1));
}

#[test]
fn check_sets_finds_a_slot_without_an_order() {
    assert_found("set: a slot has no order", || Orders::<Test>::remove(ID));
}

#[test]
fn check_sets_finds_another_piece() {
    assert_found("set: a slot has another piece than its order", || {
        change_order(|order| order.piece.root = [9; 32]);
    });
}

#[test]
fn check_sets_finds_a_wrong_total() {
    assert_found("set: wrong number of leaves", || change_bob(|bob| bob.leaves = 41));
}

#[test]
fn check_sets_finds_a_slot_too_many() {
    assert_found("set: a slot too many", || {
        let slot = ProofSlots::<Test>::get(BOB, 0).unwrap();
        ProofSlots::<Test>::insert(BOB, 1, slot);
    });
}

#[test]
fn check_trees_finds_a_wrong_sum() {
    assert_found("tree: a wrong sum", || {
        TreeNodes::<Test>::insert(BOB, (1, 0), Node::truncate_from(vec![41]));
    });
}

#[test]
fn check_trees_finds_a_node_too_many() {
    assert_found("tree: a node too many", || {
        TreeNodes::<Test>::insert(BOB, (2, 0), Node::truncate_from(vec![40]));
    });
}

#[test]
fn check_orders_finds_a_number_not_given() {
    assert_found("order: number not given yet", || NextOrderId::<Test>::put(0));
}

#[test]
fn check_orders_finds_a_wrong_number_of_replicas() {
    assert_found("order: wrong number of replicas", || change_order(|order| order.active = 2));
}

#[test]
fn check_orders_finds_one_that_has_ended() {
    assert_found("order: has ended", || {
        let order = Orders::<Test>::get(ID).unwrap();
        NextOrderId::<Test>::put(2);
        Orders::<Test>::insert(OrderId(1), Order { open: 0, active: 0, ..order });
    });
}

#[test]
fn check_orders_finds_one_that_is_not_listed_as_open() {
    assert_found("order: listed as open and isn't, or the other way round", || {
        OpenOrders::<Test>::remove(ID.ordinal());
    });
}

#[test]
fn check_orders_finds_one_that_its_piece_does_not_list() {
    assert_found("order: its piece doesn't list it", || {
        PieceOrders::<Test>::remove(piece(1, 40 * 1_024).root, ID.ordinal());
    });
}

#[test]
fn check_orders_finds_an_open_one_that_is_not_there() {
    assert_found("order: an open one isn't there", || OpenOrders::<Test>::insert([9; 8], ()));
}

#[test]
fn check_orders_finds_a_piece_that_lists_one_too_many() {
    assert_found("order: a piece lists one too many", || PieceOrders::<Test>::insert([9; 32], [9; 8], ()));
}

#[test]
fn check_replicas_finds_one_without_an_order() {
    assert_found("replica: no such order", || {
        Replicas::<Test>::insert(OrderId(9), BOB, replica(ID, BOB));
    });
}

#[test]
fn check_replicas_finds_one_without_a_provider() {
    assert_found("replica: no such provider", || {
        Replicas::<Test>::insert(ID, CAROL, replica(ID, BOB));
        change_order(|order| order.active = 2);
    });
}

#[test]
fn check_replicas_finds_one_outside_the_set() {
    assert_found("replica: its slot keeps something else", || {
        provide(CAROL);
        Replicas::<Test>::insert(ID, CAROL, replica(ID, BOB));
        change_order(|order| order.active = 2);
    });
}

#[test]
fn check_replicas_finds_a_payment_without_a_proof() {
    assert_found("replica: paid for windows not proven", || change_replica(|found| found.counter = 2));
}

#[test]
fn check_replicas_finds_windows_too_many() {
    assert_found("replica: has more windows than its order", || change_replica(|found| found.earned = 1));
}

#[test]
fn check_replicas_finds_a_price_too_high() {
    assert_found("replica: dearer than its order allows", || change_replica(|found| found.price = 151));
}

#[test]
fn check_money_finds_every_hold_that_is_off() {
    for reason in [
        crate::HoldReason::Order,
        crate::HoldReason::OrderDeposit,
        crate::HoldReason::Stake,
        crate::HoldReason::ProviderDeposit,
    ] {
        assert_found("money: what is held isn't what the records add up to", || {
            assert_ok!(Balances::hold(&reason.into(), &EVE, 1));
        });
    }
    assert_found("money: what is held isn't what the records add up to", || {
        change_bob(|bob| bob.stake += 1);
    });
}

#[test]
fn check_money_finds_amounts_beyond_any_balance() {
    assert_found("money: an order beyond any balance", || {
        change_order(|order| order.max_price = Balance::MAX)
    });
}

#[test]
fn check_money_finds_records_of_accounts_that_are_not_there() {
    assert_found("money: held on an account that isn't there", || {
        Providers::<Test>::insert(
            77,
            Provider {
                slots: 0,
                leaves: 0,
                liability: crate::liability::Liability::new(&phase(77), true),
                ..provider(BOB)
            },
        );
        Contacts::<Test>::insert(77, contact());
    });
}

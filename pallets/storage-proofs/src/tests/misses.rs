//! Missed windows: slash, grace, jail, reports and probation.

use super::*;
use crate::{HoldReason, liability::Standing};

/// BOB keeps a piece of `leaves` leaves that he has lost, with no grace left.
fn careless(leaves: u64) -> OrderId {
    provide(BOB);
    let id = order(lost_piece(1, leaves * 1_024), 1, 20);
    accept(BOB, id);
    crate::Providers::<Test>::mutate_extant(BOB, |bob| bob.liability.grace = false);
    id
}

fn stake() -> Balance {
    held(HoldReason::Stake, BOB)
}

#[test]
fn a_missed_window_costs_the_rate_for_every_frozen_leaf() {
    ExtBuilder.build_and_execute(|| {
        careless(40);
        let (before, treasury, eve) = (stake(), free(TREASURY), free(EVE));
        miss(BOB, 1);
        assert_ok!(StorageProofs::report_fault(signed(EVE), BOB));
        assert_eq!(stake(), before - 40 * 1_000);
        assert_eq!(free(EVE), eve + 4 * 1_000);
        assert_eq!(free(TREASURY), treasury + 36 * 1_000);
        assert_noop!(StorageProofs::report_fault(signed(EVE), BOB), Error::NothingToReport);
        assert_noop!(StorageProofs::report_fault(signed(EVE), CAROL), Error::ProviderNotFound);
    });
}

#[test]
fn the_first_fault_of_an_account_is_only_a_warning() {
    ExtBuilder.build_and_execute(|| {
        let id = bob_keeps(40, 20);
        let before = stake();
        miss(BOB, 1);
        assert_ok!(StorageProofs::report_fault(signed(EVE), BOB));
        assert!(matches!(last_event(), Event::Faulted { missed: 1, fine: 0, jailed: false, .. }));
        assert_eq!(stake(), before);
        miss(BOB, 1);
        assert_ok!(StorageProofs::report_fault(signed(EVE), BOB));
        assert_eq!(stake(), before - 40 * 1_000);
        // Nothing was proven, so nothing is paid.
        assert_noop!(settle(id, BOB), Error::NothingDue);
    });
}

#[test]
fn nobody_reports_itself_for_gain() {
    ExtBuilder.build_and_execute(|| {
        careless(40);
        let (before, bob, treasury) = (stake(), free(BOB), free(TREASURY));
        miss(BOB, 1);
        assert_ok!(StorageProofs::report_fault(signed(BOB), BOB));
        assert_eq!((stake(), free(BOB)), (before - 40_000, bob));
        assert_eq!(free(TREASURY), treasury + 40_000);
    });
}

#[test]
fn reporting_oneself_through_another_account_still_costs_nine_tenths() {
    ExtBuilder.build_and_execute(|| {
        careless(40);
        let before = stake() + free(BOB) + free(EVE);
        miss(BOB, 1);
        assert_ok!(StorageProofs::report_fault(signed(EVE), BOB));
        assert_eq!(stake() + free(BOB) + free(EVE), before - 36_000);
    });
}

#[test]
fn misses_that_nobody_reported_pay_no_reporter() {
    ExtBuilder.build_and_execute(|| {
        let id = careless(40);
        let (eve, treasury) = (free(EVE), free(TREASURY));
        miss(BOB, 1);
        // The payer looks first, and in vain; the miss is settled on the way of a call that goes through.
        assert_noop!(StorageProofs::close_jailed(signed(ALICE), id, BOB), Error::NotJailed);
        assert_ok!(StorageProofs::drop_piece(signed(BOB), id));
        assert_noop!(StorageProofs::report_fault(signed(EVE), BOB), Error::NothingToReport);
        assert_eq!(free(EVE), eve);
        assert_eq!(free(TREASURY), treasury + 40_000);
    });
}

#[test]
fn a_proof_counts_earlier_misses_and_others_collect() {
    ExtBuilder.build_and_execute(|| {
        bob_keeps(40, 20);
        crate::Providers::<Test>::mutate_extant(BOB, |bob| bob.liability.grace = false);
        let (before, eve, treasury) = (stake(), free(EVE), free(TREASURY));
        miss(BOB, 1);
        prove_windows(BOB, 1);
        assert_eq!((stake(), provider(BOB).debt), (before, 40_000));
        assert_eq!(provider(BOB).free_stake(), before - 40_000);
        // The miss was known before EVE came, so that only the next one is hers.
        miss(BOB, 1);
        assert_ok!(StorageProofs::report_fault(signed(EVE), BOB));
        assert_eq!((stake(), provider(BOB).debt), (before - 80_000, 0));
        assert_eq!((free(EVE), free(TREASURY)), (eve + 4_000, treasury + 76_000));
    });
}

#[test]
fn a_proven_window_is_never_slashed() {
    ExtBuilder.build_and_execute(|| {
        bob_keeps(40, 20);
        let before = stake();
        for _ in 0..5 {
            prove_windows(BOB, 1);
            assert_noop!(StorageProofs::report_fault(signed(EVE), BOB), Error::NothingToReport);
            to_close(BOB);
            assert_noop!(StorageProofs::report_fault(signed(EVE), BOB), Error::NothingToReport);
        }
        assert_eq!(stake(), before);
    });
}

#[test]
fn m_misses_lead_to_jail_and_no_more_is_slashed() {
    ExtBuilder.build_and_execute(|| {
        let id = careless(40);
        let before = stake();
        let window = phase(BOB).window;
        miss(BOB, 50);
        assert_ok!(StorageProofs::report_fault(signed(EVE), BOB));
        assert_eq!(stake(), before - 3 * 40_000);
        assert_eq!(provider(BOB).liability.standing, Standing::Jailed { since: window + 3 });
        assert_noop!(StorageProofs::report_fault(signed(EVE), BOB), Error::NothingToReport);
        let other = order(piece(2, 3_000), 1, 4);
        assert_noop!(StorageProofs::accept(signed(BOB), other), Error::Jailed);
        assert_noop!(StorageProofs::drop_piece(signed(BOB), id), Error::Jailed);
        assert_noop!(StorageProofs::drop_now(signed(BOB), id), Error::Jailed);
        assert_noop!(StorageProofs::withdraw_stake(signed(BOB), 1), Error::Jailed);
        to_next_seed(BOB);
        let (window, seed) = (phase(BOB).window, phase(BOB).seed_of(&BOB).unwrap());
        let submitted = StorageProofs::submit_proof(signed(BOB), window, seed, LeafProofs::default());
        assert_eq!(submitted.unwrap_err().error, Error::Jailed.into());
    });
}

#[test]
fn the_payer_closes_a_jailed_replica_at_once_and_gets_the_rest_back() {
    ExtBuilder.build_and_execute(|| {
        let alice = free(ALICE);
        let id = bob_keeps(40, 20);
        prove_windows(BOB, 2);
        miss(BOB, 3);
        assert_noop!(StorageProofs::close_jailed(signed(EVE), id, BOB), Error::NotOver);
        assert_ok!(StorageProofs::close_jailed(signed(ALICE), id, BOB));
        // Two windows were proven and are paid, with the same call.
        assert_eq!(free(ALICE), alice - 2 * 40 * 100);
        assert_eq!(provider(BOB).slots, 0);
    });
}

#[test]
fn anybody_closes_a_jailed_replica_after_j_windows() {
    ExtBuilder.build_and_execute(|| {
        let id = careless(40);
        miss(BOB, 3);
        assert_ok!(StorageProofs::report_fault(signed(EVE), BOB));
        for _ in 0..3 {
            to_next_window(BOB);
            assert_noop!(StorageProofs::close_jailed(signed(EVE), id, BOB), Error::NotOver);
        }
        to_next_window(BOB);
        assert_ok!(StorageProofs::close_jailed(signed(EVE), id, BOB));
    });
}

#[test]
fn jail_ends_with_the_stake_topped_up_and_an_unpaid_window_proven() {
    ExtBuilder.build_and_execute(|| {
        provide(BOB);
        let id = order(piece(1, 1_000 * 1_024), 1, 20);
        accept(BOB, id);
        miss(BOB, 3);
        assert_ok!(StorageProofs::report_fault(signed(EVE), BOB));
        assert_noop!(StorageProofs::unjail(signed(BOB)), Error::StakeTooLow);
        assert_ok!(StorageProofs::add_stake(signed(BOB), 2 * 1_000 * 1_000));
        assert_ok!(StorageProofs::unjail(signed(BOB)));
        assert_noop!(StorageProofs::unjail(signed(BOB)), Error::NotJailed);
        let other = order(piece(2, 3_000), 1, 4);
        assert_noop!(StorageProofs::accept(signed(BOB), other), Error::Jailed);
        // The payer needn't wait for how it ends.
        assert!(matches!(provider(BOB).liability.standing, Standing::Probation { .. }));

        to_next_seed(BOB);
        assert_ok!(prove(BOB));
        assert!(matches!(last_event(), Event::Proven { paid: false, .. }));
        assert_noop!(settle(id, BOB), Error::NothingDue);
        assert_eq!(provider(BOB).liability.standing, Standing::Active);
        prove_windows(BOB, 1);
        assert_ok!(settle(id, BOB));
        assert_eq!(replica(id, BOB).earned, 1);
    });
}

#[test]
fn a_missed_probation_leads_back_to_jail_and_does_not_start_its_count_anew() {
    ExtBuilder.build_and_execute(|| {
        let id = careless(40);
        miss(BOB, 3);
        assert_ok!(StorageProofs::unjail(signed(BOB)));
        let Standing::Probation { since } = provider(BOB).liability.standing else {
            panic!("not on probation")
        };
        let before = stake();
        miss(BOB, 1);
        assert_ok!(StorageProofs::report_fault(signed(EVE), BOB));
        assert_eq!(stake(), before - 40_000);
        assert_eq!(provider(BOB).liability.standing, Standing::Jailed { since });
        miss(BOB, 3);
        assert_ok!(StorageProofs::close_jailed(signed(EVE), id, BOB));
    });
}

#[test]
fn a_stake_below_what_the_set_requires_stops_new_orders_and_leads_to_jail() {
    ExtBuilder.build_and_execute(|| {
        provide(BOB);
        let id = order(piece(1, 999 * 1_024), 1, 40);
        accept(BOB, id);
        crate::Providers::<Test>::mutate_extant(BOB, |bob| bob.liability.grace = false);
        miss(BOB, 1);
        assert_ok!(StorageProofs::report_fault(signed(EVE), BOB));
        let other = order(piece(2, 1_000), 1, 4);
        assert_noop!(StorageProofs::accept(signed(BOB), other), Error::StakeTooLow);
        let since = provider(BOB).liability.short_since.unwrap();
        while phase(BOB).window < since + 5 {
            assert_eq!(provider(BOB).liability.standing, Standing::Active);
            prove_windows(BOB, 1);
        }
        to_close(BOB);
        assert_ok!(StorageProofs::report_fault(signed(EVE), BOB));
        assert!(matches!(last_event(), Event::Faulted { missed: 0, fine: 0, jailed: true, .. }));
        assert_noop!(StorageProofs::unjail(signed(BOB)), Error::StakeTooLow);
    });
}

#[test]
fn a_topped_up_stake_keeps_out_of_jail() {
    ExtBuilder.build_and_execute(|| {
        provide(BOB);
        let id = order(piece(1, 1_000 * 1_024), 1, 40);
        accept(BOB, id);
        crate::Providers::<Test>::mutate_extant(BOB, |bob| bob.liability.grace = false);
        miss(BOB, 1);
        assert_ok!(StorageProofs::add_stake(signed(BOB), 1_000 * 1_000));
        assert_eq!(provider(BOB).liability.short_since, None);
        prove_windows(BOB, 8);
        assert_eq!(provider(BOB).liability.standing, Standing::Active);
    });
}

#[test]
fn a_reporter_that_cannot_be_paid_leaves_its_share_to_the_treasury() {
    ExtBuilder.build_and_execute(|| {
        careless(1);
        Governed::mutate(|set| set.reporter_share = polkadot_sdk::sp_runtime::Permill::from_parts(1_000));
        let treasury = free(TREASURY);
        miss(BOB, 1);
        // A thousandth of a thousand is below the existential deposit of an account that isn't there.
        assert_ok!(StorageProofs::report_fault(signed(77), BOB));
        assert!(matches!(last_event(), Event::Slashed { reporter: None, reward: 0, amount: 1_000, .. }));
        assert_eq!(free(TREASURY), treasury + 1_000);
    });
}

//! Registration and stake.

use super::*;
use crate::{HoldReason, Providers, liability::Standing};

fn register(who: AccountId, price: Balance, capacity: u64) -> polkadot_sdk::sp_runtime::DispatchResult {
    StorageProofs::register_provider(signed(who), contact(), price, capacity)
}

fn update(price: Option<Balance>, capacity: Option<u64>) -> polkadot_sdk::sp_runtime::DispatchResult {
    StorageProofs::update_provider(signed(BOB), None, price, capacity)
}

#[test]
fn register_refuses_bad_terms() {
    ExtBuilder.build_and_execute(|| {
        assert_noop!(register(BOB, 10 * GIB - 1, 4_096), Error::PriceTooLow);
        assert_noop!(register(BOB, 360 * GIB + 1, 4_096), Error::PriceTooHigh);
        assert_noop!(register(BOB, 100 * GIB, 1_023), Error::CapacityTooLow);
        assert_noop!(
            StorageProofs::register_provider(
                signed(BOB),
                Contact { peer_id: PeerId::default(), ..contact() },
                100 * GIB,
                4_096
            ),
            Error::NoPeerId
        );
        assert!(register(POOR, 100 * GIB, 4_096).is_err());
        provide(BOB);
        assert_noop!(register(BOB, 100 * GIB, 4_096), Error::AlreadyRegistered);
    });
}

#[test]
fn stake_is_held_in_proportion_to_capacity_and_comes_back() {
    ExtBuilder.build_and_execute(|| {
        let before = free(BOB);
        provide(BOB);
        assert_eq!(held(HoldReason::Stake, BOB), 6_000 * 1_000);
        assert_eq!(held(HoldReason::ProviderDeposit, BOB), 50);
        assert_ok!(StorageProofs::add_stake(signed(BOB), 700));
        assert_noop!(StorageProofs::withdraw_stake(signed(BOB), 701), Error::StakeTooLow);
        assert_ok!(StorageProofs::withdraw_stake(signed(BOB), 600));
        assert_eq!(held(HoldReason::Stake, BOB), 6_000 * 1_000 + 100);
        assert_ok!(StorageProofs::deregister(signed(BOB)));
        assert_eq!(free(BOB), before);
        assert_noop!(StorageProofs::deregister(signed(BOB)), Error::ProviderNotFound);
    });
}

#[test]
fn capacity_follows_stake_and_never_falls_below_the_set() {
    ExtBuilder.build_and_execute(|| {
        bob_keeps(40, 4);
        assert_noop!(update(None, Some(1_001 * 1_024)), Error::StakeTooLow);
        assert_noop!(update(None, Some(39 * 1_024)), Error::CapacityTooLow);
        assert_ok!(update(None, Some(40 * 1_024)));
        assert_ok!(StorageProofs::withdraw_stake(signed(BOB), 960 * 6_000));
        assert_noop!(StorageProofs::withdraw_stake(signed(BOB), 1), Error::StakeTooLow);
        let empty = Contact { peer_id: PeerId::default(), ..contact() };
        assert_noop!(StorageProofs::update_provider(signed(BOB), Some(empty), None, None), Error::NoPeerId);
        assert_noop!(update(Some(1), None), Error::PriceTooLow);
        assert_noop!(StorageProofs::update_provider(signed(EVE), None, None, None), Error::ProviderNotFound);
    });
}

#[test]
fn a_provider_with_pieces_cannot_leave() {
    ExtBuilder.build_and_execute(|| {
        bob_keeps(5, 4);
        assert_noop!(StorageProofs::deregister(signed(BOB)), Error::SetNotEmpty);
    });
}

#[test]
fn stake_cannot_be_withdrawn_from_a_window_that_has_opened() {
    ExtBuilder.build_and_execute(|| {
        bob_keeps(5, 4);
        assert_ok!(StorageProofs::add_stake(signed(BOB), 700));
        to_next_window(BOB);
        assert_noop!(StorageProofs::withdraw_stake(signed(BOB), 700), Error::GateClosed);
        to_seed(BOB);
        assert_ok!(prove(BOB));
        assert_ok!(StorageProofs::withdraw_stake(signed(BOB), 700));
    });
}

#[test]
fn registering_again_does_not_make_the_next_fault_free() {
    ExtBuilder.build_and_execute(|| {
        provide(BOB);
        assert!(provider(BOB).liability.grace);
        let id = order(lost_piece(1, 5_000), 1, 4);
        accept(BOB, id);
        miss(BOB, 4);
        assert_ok!(StorageProofs::close_jailed(signed(ALICE), id, BOB));
        assert_ok!(StorageProofs::deregister(signed(BOB)));
        provide(BOB);
        assert!(!provider(BOB).liability.grace);
        // Nothing is left of it once it is in the record again.
        assert!(!crate::GraceSpent::<Test>::contains_key(BOB));
    });
}

#[test]
fn jail_ends_only_for_those_in_it() {
    ExtBuilder.build_and_execute(|| {
        provide(BOB);
        assert_noop!(StorageProofs::unjail(signed(BOB)), Error::NotJailed);
        assert_noop!(StorageProofs::unjail(signed(EVE)), Error::ProviderNotFound);
    });
}

#[test]
fn a_jailed_provider_with_an_empty_set_is_free_at_once() {
    ExtBuilder.build_and_execute(|| {
        provide(BOB);
        let id = order(lost_piece(1, 5_000), 1, 4);
        accept(BOB, id);
        miss(BOB, 3);
        assert_ok!(StorageProofs::close_jailed(signed(ALICE), id, BOB));
        assert_ok!(StorageProofs::unjail(signed(BOB)));
        assert_eq!(Providers::<Test>::get(BOB).unwrap().liability.standing, Standing::Active);
    });
}

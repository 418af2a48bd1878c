//! Loading, transfers and approvals.

use super::*;
use crate::{Approvals, Holders, Holdings, types::DepositFor};
use polkadot_sdk::sp_runtime::TokenError;

fn deposit(of: DepositFor) -> Balance {
    Royalties::deposit_for(of)
}

#[test]
fn shares_are_loaded_in_batches_and_the_deposits_held() {
    ExtBuilder.build_and_execute(|| {
        let asset = new_asset(ALICE);
        load(ALICE, asset, &[(BOB, 600_000), (CAROL, 300_000)]);
        load(ALICE, asset, &[(ALICE, 100_000)]);
        assert_eq!(last_event(), Event::SharesLoaded { asset, accounts: 1, loaded: WHOLE });
        assert_eq!(held(ALICE), deposit(DepositFor::Vault) + 3 * deposit(DepositFor::Holder));
        assert_ok!(Royalties::open(signed(ALICE), asset, None));
        assert_eq!(Royalties::shares_of(asset, &BOB), 600_000);
        assert_eq!(last_event(), Event::Opened { asset });
    });
}

#[test]
fn loading_a_batch_again_changes_nothing() {
    ExtBuilder.build_and_execute(|| {
        let asset = new_asset(ALICE);
        let batch = [(BOB, 600_000), (CAROL, 300_000)];
        load(ALICE, asset, &batch);
        let before = (held(ALICE), Vaults::<Test>::get(asset));
        load(ALICE, asset, &batch);
        assert_eq!((held(ALICE), Vaults::<Test>::get(asset)), before);
    });
}

#[test]
fn loading_zero_removes_a_holder_and_returns_the_deposit() {
    ExtBuilder.build_and_execute(|| {
        let asset = new_asset(ALICE);
        load(ALICE, asset, &[(BOB, 1), (CAROL, 2)]);
        load(ALICE, asset, &[(BOB, 0), (NOBODY, 0)]);
        assert_eq!(held(ALICE), deposit(DepositFor::Vault) + deposit(DepositFor::Holder));
        assert!(!Holders::<Test>::contains_key(asset, BOB));
        assert!(!Holdings::<Test>::contains_key(BOB, asset));
    });
}

#[test]
fn a_batch_may_raise_one_holder_before_it_lowers_another() {
    ExtBuilder.build_and_execute(|| {
        let asset = new_asset(ALICE);
        load(ALICE, asset, &[(BOB, WHOLE)]);
        load(ALICE, asset, &[(CAROL, 400_000), (BOB, 600_000)]);
        assert_eq!(Vaults::<Test>::get(asset).unwrap().loaded, WHOLE);
    });
}

#[test]
fn more_than_a_million_shares_are_refused() {
    ExtBuilder.build_and_execute(|| {
        let asset = new_asset(ALICE);
        load(ALICE, asset, &[(BOB, WHOLE)]);
        for too_many in [vec![(CAROL, 1)], vec![(BOB, WHOLE + 1)], vec![(BOB, u32::MAX), (CAROL, u32::MAX)]] {
            let batch = Batch::try_from(too_many).unwrap();
            assert_noop!(Royalties::load_shares(signed(ALICE), asset, batch), Error::TooManyShares);
        }
    });
}

#[test]
fn only_the_owner_sets_up_a_vault() {
    ExtBuilder.build_and_execute(|| {
        let (parent, asset) = (opened(ALICE), new_asset(ALICE));
        let (bob, terms) = (|| signed(BOB), absolute(1));
        assert_noop!(Royalties::load_shares(bob(), asset, Batch::default()), Error::NotOwner);
        assert_noop!(Royalties::link_parent(bob(), asset, parent, terms, ANY), Error::NotOwner);
        assert_noop!(Royalties::unlink_parent(bob(), asset, parent), Error::NotOwner);
        assert_noop!(Royalties::set_offer(bob(), asset, None), Error::NotOwner);
        assert_noop!(Royalties::open(bob(), asset, Some(BOB)), Error::NotOwner);
        assert_noop!(Royalties::discard(bob(), asset), Error::NotOwner);
    });
}

#[test]
fn an_asset_that_is_not_there_is_refused() {
    ExtBuilder.build_and_execute(|| {
        let (parent, none, terms) = (opened(ALICE), AssetId(77), absolute(1));
        let alice = || signed(ALICE);
        assert_noop!(Royalties::load_shares(alice(), none, Batch::default()), Error::AssetNotFound);
        assert_noop!(Royalties::link_parent(alice(), none, parent, terms, ANY), Error::AssetNotFound);
        assert_noop!(Royalties::unlink_parent(alice(), none, parent), Error::AssetNotFound);
        assert_noop!(Royalties::set_offer(alice(), none, None), Error::AssetNotFound);
        assert_noop!(Royalties::open(alice(), none, None), Error::AssetNotFound);
        assert_noop!(Royalties::discard(alice(), none), Error::AssetNotFound);
    });
}

#[test]
fn an_open_asset_is_not_set_up_again() {
    ExtBuilder.build_and_execute(|| {
        let (parent, asset) = (opened(ALICE), opened(ALICE));
        let (alice, terms) = (|| signed(ALICE), absolute(1));
        assert_noop!(Royalties::load_shares(alice(), asset, Batch::default()), Error::AlreadyOpen);
        assert_noop!(Royalties::link_parent(alice(), asset, parent, terms, ANY), Error::AlreadyOpen);
        assert_noop!(Royalties::unlink_parent(alice(), asset, parent), Error::AlreadyOpen);
        assert_noop!(Royalties::open(alice(), asset, None), Error::AlreadyOpen);
        assert_noop!(Royalties::discard(alice(), asset), Error::AlreadyOpen);
    });
}

#[test]
fn opening_needs_a_holder_for_every_share() {
    ExtBuilder.build_and_execute(|| {
        let asset = new_asset(ALICE);
        load(ALICE, asset, &[(BOB, WHOLE - 1)]);
        assert_noop!(Royalties::open(signed(ALICE), asset, None), Error::SharesIncomplete);
        assert_ok!(Royalties::open(signed(ALICE), asset, Some(BOB)));
        assert_eq!(Royalties::shares_of(asset, &BOB), WHOLE);
    });
}

#[test]
fn whoever_opens_takes_over_the_deposit_and_pays_for_each_ancestor() {
    ExtBuilder.build_and_execute(|| {
        let base = opened(CAROL);
        let asset = new_asset(ALICE);
        link(ALICE, asset, base, absolute(5));
        assert_eq!(held(ALICE), deposit(DepositFor::Vault));
        give_asset(asset, BOB);
        open(BOB, asset);
        assert_eq!(held(ALICE), 0);
        let entries = [DepositFor::Vault, DepositFor::Ancestor, DepositFor::Holder];
        assert_eq!(held(BOB), entries.into_iter().map(deposit).sum::<Balance>());
    });
}

#[test]
fn an_empty_vault_can_be_discarded_and_its_deposit_returned() {
    ExtBuilder.build_and_execute(|| {
        let (parent, asset) = (opened(BOB), new_asset(ALICE));
        assert_noop!(Royalties::discard(signed(ALICE), asset), Error::NotOpen);
        load(ALICE, asset, &[(BOB, 5)]);
        assert_noop!(Royalties::discard(signed(ALICE), asset), Error::NotEmpty);
        load(ALICE, asset, &[(BOB, 0)]);
        link(ALICE, asset, parent, absolute(1));
        assert_noop!(Royalties::discard(signed(ALICE), asset), Error::NotEmpty);
        assert_ok!(Royalties::unlink_parent(signed(ALICE), asset, parent));
        assert_ok!(Royalties::discard(signed(ALICE), asset));
        assert_eq!(last_event(), Event::Discarded { asset });
        assert_eq!(held(ALICE), 0);
        assert_eq!(Royalties::vault(asset), None);
    });
}

#[test]
fn a_holder_costs_a_deposit() {
    ExtBuilder.build_and_execute(|| {
        let asset = new_asset(ALICE);
        assert_ok!(Balances::transfer_allow_death(signed(ALICE), BOB, WEALTH - EXISTENTIAL - 1));
        let batch = Batch::try_from(vec![(BOB, 1)]).unwrap();
        assert_noop!(Royalties::load_shares(signed(ALICE), asset, batch), TokenError::FundsUnavailable);
    });
}

#[test]
fn a_transfer_settles_both_sides_first() {
    ExtBuilder.build_and_execute(|| {
        let asset = opened_with(ALICE, &[(ALICE, 750_000), (BOB, 250_000)]);
        pay(asset, 1_000);
        assert_ok!(Royalties::transfer_shares(signed(ALICE), asset, BOB, 500_000));
        assert_eq!(last_event(), Event::SharesTransferred { asset, from: ALICE, to: BOB, shares: 500_000 });
        assert_eq!((due(asset, ALICE), due(asset, BOB)), (750, 250));
        pay(asset, 1_000);
        assert_eq!((due(asset, ALICE), due(asset, BOB)), (1_000, 1_000));
    });
}

#[test]
fn a_new_holder_earns_from_the_transfer_on_and_costs_the_giver_a_deposit() {
    ExtBuilder.build_and_execute(|| {
        let asset = opened(ALICE);
        pay(asset, 1_000);
        let before = held(ALICE);
        assert_ok!(Royalties::transfer_shares(signed(ALICE), asset, CAROL, 100_000));
        assert_eq!(held(ALICE) - before, deposit(DepositFor::Holder));
        assert_eq!(due(asset, CAROL), 0);
        pay(asset, 1_000);
        assert_eq!(due(asset, CAROL), 100);
    });
}

#[test]
fn a_holder_without_shares_stays_until_the_claim() {
    ExtBuilder.build_and_execute(|| {
        let asset = opened(ALICE);
        let before = held(ALICE);
        pay(asset, 1_000);
        assert_ok!(Royalties::transfer_shares(signed(ALICE), asset, BOB, WHOLE));
        assert_eq!(due(asset, ALICE), 1_000);
        assert_ok!(Royalties::claim(signed(ALICE), asset));
        assert!(!Holders::<Test>::contains_key(asset, ALICE));
        // The giver's row went and the receiver's came.
        assert_eq!(held(ALICE), before);
    });
}

#[test]
fn the_last_share_takes_the_remainder_along() {
    ExtBuilder.build_and_execute(|| {
        let asset = opened_with(ALICE, &[(ALICE, 400_000), (BOB, 600_000)]);
        pay(asset, 1);
        // Two fifths of a plank and three make one.
        assert_ok!(Royalties::transfer_shares(signed(ALICE), asset, BOB, 400_000));
        assert_eq!(due(asset, BOB), 1);
        assert!(!Holders::<Test>::contains_key(asset, ALICE));
    });
}

#[test]
fn bad_transfers_are_refused() {
    ExtBuilder.build_and_execute(|| {
        let (asset, closed) = (opened(ALICE), new_asset(ALICE));
        load(ALICE, closed, &[(ALICE, 5)]);
        let transfer = |who, asset, to, shares| Royalties::transfer_shares(signed(who), asset, to, shares);
        assert_noop!(transfer(ALICE, closed, BOB, 1), Error::NotOpen);
        assert_noop!(transfer(ALICE, asset, BOB, 0), Error::ZeroAmount);
        assert_noop!(transfer(ALICE, asset, ALICE, 1), Error::SameAccount);
        assert_noop!(transfer(BOB, asset, ALICE, 1), Error::NotHolder);
        assert_noop!(transfer(ALICE, asset, BOB, WHOLE + 1), Error::NotEnoughShares);
    });
}

#[test]
fn a_spender_transfers_what_was_approved_and_no_more() {
    ExtBuilder.build_and_execute(|| {
        let asset = opened(ALICE);
        let before = held(ALICE);
        assert_ok!(Royalties::approve(signed(ALICE), asset, BOB, 10));
        assert_eq!(last_event(), Event::Approved { asset, holder: ALICE, spender: BOB, shares: 10 });
        assert_eq!(held(ALICE) - before, deposit(DepositFor::Approval));
        let transfer = |shares| Royalties::transfer_shares_from(signed(BOB), asset, ALICE, CAROL, shares);
        assert_noop!(transfer(11), Error::NotApproved);
        assert_noop!(transfer(0), Error::ZeroAmount);
        assert_ok!(transfer(4));
        assert_eq!(Royalties::approval(asset, ALICE, BOB), 6);
        assert_ok!(transfer(6));
        assert_eq!(Royalties::shares_of(asset, &CAROL), 10);
        assert_noop!(transfer(1), Error::NotApproved);
        // The spender made the new holder, and the spent approval is gone.
        assert_eq!(held(ALICE), before);
        assert_eq!(held(BOB), deposit(DepositFor::Holder));
    });
}

#[test]
fn an_approval_can_be_changed_and_ended() {
    ExtBuilder.build_and_execute(|| {
        let asset = opened(ALICE);
        let approve = |who, spender, shares| Royalties::approve(signed(who), asset, spender, shares);
        assert_noop!(approve(ALICE, ALICE, 1), Error::SameAccount);
        assert_noop!(approve(ALICE, BOB, 0), Error::NotApproved);
        assert_noop!(Royalties::approve(signed(ALICE), AssetId(50), BOB, 1), Error::NotOpen);
        let before = held(ALICE);
        assert_ok!(approve(ALICE, BOB, 10));
        assert_ok!(approve(ALICE, BOB, 20));
        assert_eq!(Royalties::approval(asset, ALICE, BOB), 20);
        assert_ok!(approve(ALICE, BOB, 0));
        assert_eq!(held(ALICE), before);
        assert_eq!(Approvals::<Test>::iter().count(), 0);
    });
}

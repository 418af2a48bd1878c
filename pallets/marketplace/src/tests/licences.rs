//! Buying, giving, returning, revoking and ending.

use super::*;
use crate::{HoldReason, types::DepositFor};
use polkadot_sdk::sp_runtime::TokenError;

fn deposit() -> Balance {
    Market::deposit_for(DepositFor::Licence)
}

#[test]
fn a_sale_is_paid_into_royalties_and_not_to_the_seller() {
    ExtBuilder.build_and_execute(|| {
        let (asset, revision, listing) = on_sale(perpetual());
        let before = (wealth(ALICE), Balances::free_balance(BOB));
        let licence = buy(BOB, listing, None);
        assert_eq!(payments(), [(asset, PRICE, Purpose::Licence(licence))]);
        assert_eq!((wealth(ALICE), Balances::free_balance(BOB)), (before.0, before.1 - PRICE - deposit()));
        let (holder, payer, price) = (BOB, BOB, PRICE);
        assert_eq!(last_event(), Event::Sold { licence, listing, asset, holder, payer, price, reader: None });
        assert!(Market::can_read(&BOB, asset, revision));
        assert!(!Market::can_read(&CAROL, asset, revision));
    });
}

#[test]
fn a_buyer_gets_what_they_saw_or_nothing() {
    ExtBuilder.build_and_execute(|| {
        let (_, _, listing) = on_sale(perpetual());
        let buy = |version, max_price| Market::buy(signed(BOB), listing, version, max_price, None);
        assert_noop!(buy(0, PRICE - 1), Error::PriceAboveGuard);
        assert_ok!(Market::update_listing(signed(ALICE), listing, PRICE, None, None));
        assert_noop!(buy(0, PRICE), Error::ListingChanged);
        assert_ok!(buy(1, PRICE));
        assert_noop!(Market::buy(signed(BOB), ListingId(99), 0, PRICE, None), Error::ListingNotFound);
    });
}

#[test]
fn a_supply_ends() {
    ExtBuilder.build_and_execute(|| {
        let (_, _, listing) = on_sale(Offer { supply: Some(2), ..perpetual() });
        buy(BOB, listing, None);
        buy(CAROL, listing, None);
        assert_noop!(Market::buy(signed(BOB), listing, 0, PRICE, None), Error::SoldOut);
    });
}

#[test]
fn an_expired_listing_sells_nothing() {
    ExtBuilder.build_and_execute(|| {
        let (_, _, listing) = on_sale(Offer { until: Some(5), ..perpetual() });
        at(5);
        buy(BOB, listing, None);
        at(6);
        assert_noop!(Market::buy(signed(BOB), listing, 0, PRICE, None), Error::ListingExpired);
    });
}

#[test]
fn a_taken_down_asset_is_not_bought_and_not_read() {
    ExtBuilder.build_and_execute(|| {
        let (asset, revision, listing) = on_sale(perpetual());
        buy(BOB, listing, None);
        change_asset(asset, |record| record.taken_down = true);
        let refusal = DispatchError::Other("not payable");
        assert_noop!(Market::buy(signed(CAROL), listing, 0, PRICE, None), refusal);
        assert!(!Market::can_read(&BOB, asset, revision));
        assert!(!Market::can_read(&ALICE, asset, revision));
    });
}

#[test]
fn an_asset_that_became_private_is_not_sold_without_its_key() {
    ExtBuilder.build_and_execute(|| {
        let (asset, _, listing) = on_sale(perpetual());
        change_asset(asset, |record| record.visibility = Some(Visibility::Private));
        assert_noop!(Market::buy(signed(BOB), listing, 0, PRICE, None), Error::MustBeSealed);
        change_asset(asset, |record| record.visibility = None);
        assert_noop!(Market::buy(signed(BOB), listing, 0, PRICE, None), Error::AssetNotFound);
    });
}

#[test]
fn a_licence_for_a_time_ends_by_itself() {
    ExtBuilder.build_and_execute(|| {
        let (asset, revision, listing) = on_sale(Offer { terms: Terms::Blocks(5), ..perpetual() });
        at(10);
        let licence = buy(BOB, listing, None);
        at(14);
        assert!(Market::can_read(&BOB, asset, revision));
        assert_noop!(Market::remove_licence(signed(CAROL), licence), Error::StillLive);
        at(15);
        assert!(!Market::can_read(&BOB, asset, revision));
        assert_ok!(Market::remove_licence(signed(CAROL), licence));
        assert_eq!(last_event(), Event::LicenceRemoved { licence });
        assert_eq!(held(BOB), 0);
    });
}

#[test]
fn a_time_beyond_the_last_block_is_refused() {
    ExtBuilder.build_and_execute(|| {
        let (_, _, listing) = on_sale(Offer { terms: Terms::Blocks(u64::MAX), ..perpetual() });
        assert_noop!(Market::buy(signed(BOB), listing, 0, PRICE, None), Error::Overflow);
    });
}

#[test]
fn a_licence_of_one_revision_opens_no_other() {
    ExtBuilder.build_and_execute(|| {
        let (asset, revision) = new_asset(ALICE, Visibility::Gated);
        let later = CommitId([77; 20]);
        change_asset(asset, |record| record.revisions.extend([later]));
        let listing = list(asset, Offer { revision: Some(revision), ..perpetual() });
        buy(BOB, listing, None);
        assert!(Market::can_read(&BOB, asset, revision));
        assert!(!Market::can_read(&BOB, asset, later));
        // And no licence opens another asset's revision.
        grant(asset, CAROL);
        assert!(Market::can_read(&CAROL, asset, later));
        assert!(!Market::can_read(&CAROL, asset, CommitId([78; 20])));
    });
}

#[test]
fn a_gift_is_read_by_its_receiver_and_paid_by_its_giver() {
    ExtBuilder.build_and_execute(|| {
        let (asset, revision, listing) = on_sale(Offer { refund: 5, ..perpetual() });
        let carols = wealth(CAROL);
        let licence = LicenceId(NextLicence::<Test>::get());
        assert_ok!(Market::gift(signed(BOB), CAROL, listing, 0, PRICE, None));
        assert!(Market::can_read(&CAROL, asset, revision));
        assert!(!Market::can_read(&BOB, asset, revision));
        // Whoever returns it, the giver has the money back.
        assert_ok!(Market::return_licence(signed(CAROL), licence));
        assert_eq!((wealth(BOB), held(BOB), wealth(CAROL)), (WEALTH, 0, carols));
    });
}

#[test]
fn a_licence_with_a_refund_can_be_returned_in_time() {
    ExtBuilder.build_and_execute(|| {
        let (asset, revision, listing) = on_sale(Offer { refund: 5, supply: Some(1), ..perpetual() });
        let licence = buy(BOB, listing, None);
        assert_eq!(money(licence), Some(Money::Refundable(6)));
        assert_eq!(held(BOB), PRICE + deposit());
        assert!(Market::can_read(&BOB, asset, revision));
        at(6);
        assert_noop!(Market::return_licence(signed(CAROL), licence), Error::NotBuyer);
        assert_noop!(Market::settle(signed(CAROL), licence), Error::TooEarly);
        assert_noop!(Market::remove_licence(signed(BOB), licence), Error::NotSettled);
        assert_ok!(Market::return_licence(signed(BOB), licence));
        let refunded = Event::Refunded { licence, payer: BOB, amount: PRICE, cause: RefundCause::Returned };
        assert_eq!(last_event(), refunded);
        assert!(!Market::can_read(&BOB, asset, revision));
        assert_eq!((Balances::free_balance(BOB), payments()), (WEALTH, vec![]));
        // What came back can be sold again.
        buy(CAROL, listing, None);
    });
}

#[test]
fn after_the_refund_anybody_settles() {
    ExtBuilder.build_and_execute(|| {
        let (asset, _, listing) = on_sale(Offer { refund: 5, ..perpetual() });
        let licence = buy(BOB, listing, None);
        at(7);
        assert_noop!(Market::return_licence(signed(BOB), licence), Error::TooLate);
        // What was sold before is paid even when the asset was taken down since.
        change_asset(asset, |record| record.taken_down = true);
        assert_ok!(Market::settle(signed(CAROL), licence));
        assert_eq!(last_event(), Event::Settled { licence, amount: PRICE });
        assert_eq!(payments(), [(asset, PRICE, Purpose::Licence(licence))]);
        assert_noop!(Market::settle(signed(CAROL), licence), Error::NothingHeld);
        assert_noop!(Market::return_licence(signed(BOB), licence), Error::NothingHeld);
    });
}

#[test]
fn a_licence_is_revoked_by_its_own_terms_only() {
    ExtBuilder.build_and_execute(|| {
        let (asset, revision, for_good) = on_sale(perpetual());
        let with_notice = list(asset, Offer { notice: Some(10), ..perpetual() });
        let (kept, ending) = (buy(BOB, for_good, None), buy(CAROL, with_notice, None));
        assert_noop!(Market::revoke(signed(BOB), ending), Error::NotAdmin);
        assert_noop!(Market::revoke(signed(ALICE), kept), Error::NotRevocable);
        at(5);
        assert_ok!(Market::revoke(signed(DAVE), ending));
        assert_eq!(last_event(), Event::Revoked { licence: ending, until: 15 });
        at(14);
        // A second time doesn't prolong it.
        assert_ok!(Market::revoke(signed(ALICE), ending));
        assert!(Market::can_read(&CAROL, asset, revision));
        at(15);
        assert!(!Market::can_read(&CAROL, asset, revision));
        assert!(Market::can_read(&BOB, asset, revision));
    });
}

#[test]
fn a_notice_never_prolongs_a_licence() {
    ExtBuilder.build_and_execute(|| {
        let offer = Offer { terms: Terms::Blocks(5), notice: Some(100), ..perpetual() };
        let (_, _, listing) = on_sale(offer);
        let licence = buy(BOB, listing, None);
        assert_ok!(Market::revoke(signed(ALICE), licence));
        assert_eq!(last_event(), Event::Revoked { licence, until: 6 });
    });
}

#[test]
fn a_revoked_licence_whose_price_is_held_is_refunded() {
    ExtBuilder.build_and_execute(|| {
        let (_, _, listing) = on_sale(Offer { refund: 5, notice: Some(10), ..perpetual() });
        let licence = buy(BOB, listing, None);
        assert_ok!(Market::revoke(signed(ALICE), licence));
        let refunded = Event::Refunded { licence, payer: BOB, amount: PRICE, cause: RefundCause::Revoked };
        assert_eq!(last_event(), refunded);
        assert_eq!(Balances::free_balance(BOB), WEALTH);
        // Not even the price that is held makes a licence revocable that isn't.
        let (_, _, other) = on_sale(Offer { refund: 5, ..perpetual() });
        let licence = buy(BOB, other, None);
        assert_noop!(Market::revoke(signed(ALICE), licence), Error::NotRevocable);
    });
}

#[test]
fn a_change_of_the_listing_does_not_touch_what_was_sold() {
    ExtBuilder.build_and_execute(|| {
        let (_, _, listing) = on_sale(Offer { refund: 5, ..perpetual() });
        let licence = buy(BOB, listing, None);
        assert_ok!(Market::update_listing(signed(ALICE), listing, 5, None, None));
        assert_ok!(Market::unlist(signed(ALICE), listing));
        assert_ok!(Market::return_licence(signed(BOB), licence));
        assert_eq!(Balances::free_balance(BOB), WEALTH);
    });
}

#[test]
fn a_grant_reads_until_it_is_revoked() {
    ExtBuilder.build_and_execute(|| {
        let (asset, revision) = new_asset(ALICE, Visibility::Gated);
        let licence = grant(asset, BOB);
        assert_eq!(last_event(), Event::Granted { licence, asset, holder: BOB });
        assert_eq!((held(ALICE), held(BOB)), (deposit(), 0));
        assert!(Market::can_read(&BOB, asset, revision));
        assert_noop!(Market::revoke(signed(BOB), licence), Error::NotAdmin);
        assert_ok!(Market::revoke(signed(DAVE), licence));
        assert!(!Market::can_read(&BOB, asset, revision));
        assert_eq!(held(ALICE), 0);
        assert_noop!(Market::revoke(signed(ALICE), licence), Error::LicenceNotFound);
    });
}

#[test]
fn bad_grants_are_refused() {
    ExtBuilder.build_and_execute(|| {
        at(10);
        let (asset, revision) = new_asset(ALICE, Visibility::Gated);
        let grant = |who, asset, revision, until| Market::grant(signed(who), asset, BOB, revision, until);
        assert_noop!(grant(BOB, asset, None, None), Error::NotAdmin);
        assert_noop!(grant(ALICE, AssetId(99), None, None), Error::AssetNotFound);
        assert_noop!(grant(ALICE, asset, Some(CommitId([99; 20])), None), Error::RevisionNotFound);
        assert_noop!(grant(ALICE, asset, None, Some(10)), Error::BadTime);
        assert_ok!(grant(ALICE, asset, Some(revision), Some(11)));
        assert!(Market::can_read(&BOB, asset, revision));
        at(11);
        assert!(!Market::can_read(&BOB, asset, revision));
    });
}

#[test]
fn an_account_holds_sixteen_licences_of_an_asset_and_can_remove_its_own() {
    ExtBuilder.build_and_execute(|| {
        let (asset, _, listing) = on_sale(perpetual());
        let first = grant(asset, BOB);
        for _ in 1..16 {
            grant(asset, BOB);
        }
        assert_noop!(Market::buy(signed(BOB), listing, 0, PRICE, None), Error::TooManyLicences);
        assert_noop!(Market::grant(signed(ALICE), asset, BOB, None, None), Error::TooManyLicences);
        assert_ok!(Market::remove_licence(signed(BOB), first));
        buy(BOB, listing, None);
    });
}

#[test]
fn the_public_reads_what_is_public_and_admins_what_is_theirs() {
    ExtBuilder.build_and_execute(|| {
        let (public, revision) = new_asset(ALICE, Visibility::Public);
        assert!(Market::can_read(&BOB, public, revision));
        assert!(!Market::can_read(&BOB, public, CommitId([99; 20])));
        let (gated, revision) = new_asset(ALICE, Visibility::Gated);
        assert!(Market::can_read(&ALICE, gated, revision));
        assert!(Market::can_read(&DAVE, gated, revision));
        assert!(!Market::can_read(&BOB, gated, revision));
        assert!(!Market::can_read(&BOB, AssetId(99), revision));
    });
}

#[test]
fn a_licence_that_is_not_there_is_refused() {
    ExtBuilder.build_and_execute(|| {
        let none = LicenceId(99);
        let alice = || signed(ALICE);
        assert_noop!(Market::return_licence(alice(), none), Error::LicenceNotFound);
        assert_noop!(Market::revoke(alice(), none), Error::LicenceNotFound);
        assert_noop!(Market::deliver_key(alice(), none, [0; 112]), Error::LicenceNotFound);
        assert_noop!(Market::dispute(alice(), none, SECRET), Error::LicenceNotFound);
        assert_noop!(Market::refund(alice(), none), Error::LicenceNotFound);
        assert_noop!(Market::settle(alice(), none), Error::LicenceNotFound);
        assert_noop!(Market::remove_licence(alice(), none), Error::LicenceNotFound);
    });
}

#[test]
fn a_buyer_without_enough_money_buys_nothing() {
    ExtBuilder.build_and_execute(|| {
        let (_, _, at_once) = on_sale(Offer { price: WEALTH, ..perpetual() });
        let (_, _, held_first) = on_sale(Offer { price: WEALTH, refund: 5, ..perpetual() });
        let buy = |listing| Market::buy(signed(BOB), listing, 0, WEALTH, None);
        assert_noop!(buy(at_once), TokenError::FundsUnavailable);
        assert_noop!(buy(held_first), TokenError::FundsUnavailable);
        let reason: RuntimeHoldReason = HoldReason::Sale.into();
        assert_eq!(Balances::balance_on_hold(&reason, &BOB), 0);
    });
}

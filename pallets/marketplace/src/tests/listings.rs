//! Putting on sale.

use super::*;
use crate::{HoldReason, JobListings, types::DepositFor};

fn refused(asset: AssetId, offer: Offer<u64>, error: Error) {
    assert_noop!(Market::list(signed(ALICE), asset, offer), error);
}

#[test]
fn an_admin_lists_an_asset_for_a_deposit() {
    ExtBuilder.build_and_execute(|| {
        let (asset, _, listing) = on_sale(perpetual());
        assert_eq!(last_event(), Event::Listed { listing, asset, offer: perpetual() });
        let reason: RuntimeHoldReason = HoldReason::Listing.into();
        assert_eq!(Balances::balance_on_hold(&reason, &ALICE), Market::deposit_for(DepositFor::Listing));
        assert_ok!(Market::unlist(signed(ALICE), listing));
        assert_eq!(last_event(), Event::Unlisted { listing });
        assert_eq!(held(ALICE), 0);
        assert_noop!(Market::unlist(signed(ALICE), listing), Error::ListingNotFound);
    });
}

#[test]
fn only_admins_list_and_change_listings() {
    ExtBuilder.build_and_execute(|| {
        let (asset, revision, listing) = on_sale(perpetual());
        let bob = || signed(BOB);
        assert_noop!(Market::list(bob(), asset, perpetual()), Error::NotAdmin);
        assert_noop!(Market::update_listing(bob(), listing, 1, None, None), Error::NotAdmin);
        assert_noop!(Market::unlist(bob(), listing), Error::NotAdmin);
        assert_noop!(Market::commit_key(bob(), asset, revision, [0; 32]), Error::NotAdmin);
        assert_noop!(Market::list(bob(), AssetId(99), perpetual()), Error::AssetNotFound);
        assert_ok!(Market::update_listing(signed(DAVE), listing, 1, None, None));
        // Whoever made a listing gets it back, even when they no longer administer the asset.
        change_asset(asset, |record| record.admins.clear());
        assert_ok!(Market::unlist(signed(ALICE), listing));
    });
}

#[test]
fn an_asset_that_is_not_open_or_was_taken_down_is_not_listed() {
    ExtBuilder.build_and_execute(|| {
        let (asset, _) = new_asset(ALICE, Visibility::Gated);
        change_asset(asset, |record| record.closed = true);
        let refusal = DispatchError::Other("not payable");
        assert_noop!(Market::list(signed(ALICE), asset, perpetual()), refusal);
        change_asset(asset, |record| (record.closed, record.taken_down) = (false, true));
        assert_noop!(Market::list(signed(ALICE), asset, perpetual()), refusal);
    });
}

#[test]
fn offers_of_nothing_are_refused() {
    ExtBuilder.build_and_execute(|| {
        at(10);
        let (asset, _, listing) = on_sale(perpetual());
        refused(asset, Offer { price: 0, ..perpetual() }, Error::ZeroPrice);
        refused(asset, Offer { supply: Some(0), ..perpetual() }, Error::ZeroSupply);
        refused(asset, Offer { terms: Terms::Blocks(0), ..perpetual() }, Error::BadTime);
        refused(asset, Offer { until: Some(9), ..perpetual() }, Error::BadTime);
        refused(asset, Offer { revision: Some(CommitId([99; 20])), ..perpetual() }, Error::RevisionNotFound);
        let update =
            |price, supply, until| Market::update_listing(signed(ALICE), listing, price, supply, until);
        assert_noop!(update(0, None, None), Error::ZeroPrice);
        assert_noop!(update(1, Some(0), None), Error::ZeroSupply);
        assert_noop!(update(1, None, Some(9)), Error::BadTime);
        let none = ListingId(99);
        assert_noop!(Market::update_listing(signed(ALICE), none, 1, None, None), Error::ListingNotFound);
    });
}

#[test]
fn a_key_is_sold_for_ever_and_once_committed() {
    ExtBuilder.build_and_execute(|| {
        let (asset, revision) = new_asset(ALICE, Visibility::Private);
        let offer = sealed_offer(revision);
        refused(asset, perpetual(), Error::MustBeSealed);
        refused(asset, Offer { terms: Terms::PerJob, ..perpetual() }, Error::MustBeSealed);
        refused(asset, offer, Error::KeyNotCommitted);
        assert_ok!(Market::commit_key(signed(ALICE), asset, revision, [3; 32]));
        refused(asset, Offer { revision: None, ..offer }, Error::KeyNotCommitted);
        refused(asset, Offer { terms: Terms::Blocks(5), ..offer }, Error::SealedTerms);
        refused(asset, Offer { terms: Terms::PerJob, ..offer }, Error::SealedTerms);
        refused(asset, Offer { refund: 5, ..offer }, Error::SealedTerms);
        refused(asset, Offer { notice: Some(5), ..offer }, Error::SealedTerms);
        list(asset, offer);
    });
}

#[test]
fn a_commitment_is_made_once_and_for_ever() {
    ExtBuilder.build_and_execute(|| {
        let (asset, revision) = new_asset(ALICE, Visibility::Private);
        let commit = |asset, revision| Market::commit_key(signed(ALICE), asset, revision, [3; 32]);
        assert_noop!(commit(asset, CommitId([99; 20])), Error::RevisionNotFound);
        assert_noop!(commit(AssetId(99), revision), Error::AssetNotFound);
        assert_ok!(commit(asset, revision));
        assert_eq!(last_event(), Event::KeyCommitted { asset, revision, commitment: [3; 32] });
        assert_eq!(held(ALICE), Market::deposit_for(DepositFor::Commitment));
        assert_noop!(commit(asset, revision), Error::KeyCommitted);
    });
}

#[test]
fn an_asset_has_one_listing_per_job() {
    ExtBuilder.build_and_execute(|| {
        let per_job = Offer { terms: Terms::PerJob, ..perpetual() };
        let (asset, revision, listing) = on_sale(per_job);
        refused(asset, per_job, Error::JobListingExists);
        refused(asset, Offer { refund: 1, ..per_job }, Error::JobTerms);
        refused(asset, Offer { notice: Some(1), ..per_job }, Error::JobTerms);
        refused(asset, Offer { revision: Some(revision), ..per_job }, Error::JobTerms);
        assert_noop!(Market::buy(signed(BOB), listing, 0, PRICE, None), Error::PerJobOnly);
        assert_ok!(Market::unlist(signed(ALICE), listing));
        assert_eq!(JobListings::<Test>::get(asset), None);
        list(asset, per_job);
    });
}

#[test]
fn a_change_makes_a_new_version() {
    ExtBuilder.build_and_execute(|| {
        let (_, _, listing) = on_sale(perpetual());
        assert_ok!(Market::update_listing(signed(ALICE), listing, 5, Some(6), Some(7)));
        let offer = Offer { price: 5, supply: Some(6), until: Some(7), ..perpetual() };
        assert_eq!(last_event(), Event::ListingChanged { listing, version: 1, offer });
    });
}

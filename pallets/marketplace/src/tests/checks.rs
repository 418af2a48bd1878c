//! Each check of `try_state` finds what it is there for.

use super::*;
use crate::{
    Commitments, DeliveriesOf, Grants, JobListings, LicenceOf, LicencesOf, ListingsOf, Programs,
    listings::ordinal,
};
use polkadot_sdk::sp_runtime::TryRuntimeError;
use stoa_primitives::{Codec, ContentId};

const PROGRAM: ContentId = ContentId { codec: Codec::Raw, digest: [8; 32] };

struct State {
    asset: AssetId,
    private: AssetId,
    revision: CommitId,
    listing: ListingId,
    for_jobs: ListingId,
    /// A key is due.
    awaits: LicenceId,
    /// Bob may return it.
    returnable: LicenceId,
    granted: LicenceId,
}

/// Breaks a full state and expects the check's complaint.
fn assert_found(complaint: &'static str, harm: impl FnOnce(&State)) {
    ExtBuilder.build().execute_with(|| {
        let (private, revision, awaits) = key_sold();
        let (asset, _, listing) = on_sale(Offer { refund: 5, ..perpetual() });
        let for_jobs = list(asset, Offer { terms: Terms::PerJob, ..perpetual() });
        assert_ok!(Market::allow_program(signed(ALICE), asset, PROGRAM));
        let returnable = buy(BOB, listing, None);
        let granted = grant(asset, CAROL);
        assert_eq!(Market::do_try_state(), Ok(()));
        harm(&State { asset, private, revision, listing, for_jobs, awaits, returnable, granted });
        assert_eq!(Market::do_try_state(), Err(TryRuntimeError::Other(complaint)));
    });
}

fn change_listing(listing: ListingId, change: impl FnOnce(&mut Offer<u64>)) {
    Listings::<Test>::mutate(listing, |found| change(&mut found.as_mut().unwrap().offer));
}

fn change_licence(licence: LicenceId, change: impl FnOnce(&mut LicenceOf<Test>)) {
    Licences::<Test>::mutate(licence, |found| change(found.as_mut().unwrap()));
}

#[test]
fn check_listings_finds_a_number_from_the_future() {
    assert_found("listing: number not given yet", |_| NextListing::<Test>::put(0));
}

#[test]
fn check_listings_finds_a_missing_entry_of_the_asset() {
    assert_found("listing: not in its asset's list", |state| {
        ListingsOf::<Test>::remove(state.asset, ordinal(state.listing.0));
    });
}

#[test]
fn check_listings_finds_an_extra_entry_of_an_asset() {
    assert_found("listing: an asset's list has one too many", |state| {
        ListingsOf::<Test>::insert(state.asset, ordinal(77), ());
    });
}

#[test]
fn check_listings_finds_a_missing_price() {
    assert_found("listing: without a price", |state| change_listing(state.listing, |offer| offer.price = 0));
}

#[test]
fn check_listings_finds_a_key_that_is_not_committed() {
    assert_found("listing: sells a key that isn't committed", |state| {
        Commitments::<Test>::remove(state.private, state.revision);
    });
}

#[test]
fn check_job_listings_finds_one_that_is_not_the_assets() {
    assert_found("job listing: not the asset's", |state| {
        JobListings::<Test>::insert(state.asset, state.listing);
    });
}

#[test]
fn check_job_listings_finds_one_too_many() {
    assert_found("job listing: one too many", |state| {
        JobListings::<Test>::insert(state.private, state.for_jobs);
    });
}

#[test]
fn check_licences_finds_a_number_from_the_future() {
    assert_found("licence: number not given yet", |_| NextLicence::<Test>::put(0));
}

#[test]
fn check_licences_finds_a_grant_for_a_price() {
    assert_found("licence: sold for nothing, or granted for a price", |state| {
        change_licence(state.granted, |licence| licence.price = 1);
    });
}

#[test]
fn check_licences_finds_a_key_that_does_not_fit_the_money() {
    let complaint = "licence: its money and its key don't fit";
    let seal = |licence: &mut LicenceOf<Test>| licence.key.as_mut().unwrap().sealed = Some([0; 112]);
    assert_found(complaint, |state| change_licence(state.awaits, seal));
    assert_found(complaint, |state| {
        change_licence(state.awaits, |licence| licence.money = Money::Disputable(5));
    });
    assert_found(complaint, |state| {
        change_licence(state.awaits, |licence| licence.money = Money::Refundable(5));
    });
    assert_found(complaint, |state| {
        change_licence(state.awaits, |licence| licence.money = Money::Settled);
    });
    assert_found(complaint, |state| {
        change_licence(state.returnable, |licence| licence.money = Money::AwaitsKey(5));
    });
}

#[test]
fn check_licences_finds_a_key_of_no_revision() {
    assert_found("licence: a key of no revision", |state| {
        change_licence(state.awaits, |licence| licence.revision = None);
    });
}

#[test]
fn check_grants_finds_a_licence_that_its_holder_does_not_have() {
    assert_found("grant: a licence isn't among its holder's", |state| {
        Grants::<Test>::remove(state.asset, BOB);
    });
}

#[test]
fn check_grants_finds_a_missing_entry_of_the_holder() {
    assert_found("grant: not in its holder's list", |state| {
        LicencesOf::<Test>::remove(BOB, ordinal(state.returnable.0));
    });
}

#[test]
fn check_grants_finds_one_too_many() {
    assert_found("grant: one too many", |state| {
        Grants::<Test>::mutate(state.asset, BOB, |held| held.try_push(LicenceId(77)).unwrap());
    });
}

#[test]
fn check_grants_finds_an_empty_row() {
    assert_found("grant: an empty row", |state| {
        Grants::<Test>::insert(state.asset, DAVE, crate::types::Held::default());
    });
}

#[test]
fn check_grants_finds_an_extra_entry_of_a_holder() {
    assert_found("grant: a holder's list has one too many", |_| {
        LicencesOf::<Test>::insert(BOB, ordinal(77), ());
    });
}

#[test]
fn check_deliveries_finds_a_missing_entry_of_the_seller() {
    assert_found("delivery: not in its seller's list", |state| {
        DeliveriesOf::<Test>::remove(ALICE, ordinal(state.awaits.0));
    });
}

#[test]
fn check_deliveries_finds_an_extra_entry_of_a_seller() {
    assert_found("delivery: a seller's list has one too many", |state| {
        DeliveriesOf::<Test>::insert(ALICE, ordinal(state.granted.0), ());
    });
}

#[test]
fn check_held_finds_a_wrong_amount_for_each_reason() {
    let complaint = "held: not what the records add up to";
    assert_found(complaint, |state| change_licence(state.returnable, |licence| licence.price += 1));
    assert_found(complaint, |state| change_licence(state.granted, |licence| licence.deposit += 1));
    assert_found(complaint, |state| {
        Listings::<Test>::mutate(state.listing, |found| found.as_mut().unwrap().deposit -= 1);
    });
    assert_found(complaint, |state| {
        Commitments::<Test>::mutate(state.private, state.revision, |found| {
            found.as_mut().unwrap().deposit += 1;
        });
    });
    assert_found(complaint, |state| {
        Programs::<Test>::mutate(state.asset, PROGRAM, |found| found.as_mut().unwrap().deposit += 1);
    });
}

#[test]
fn check_held_finds_an_account_that_is_not_there() {
    assert_found("held: for an account that isn't there", |state| {
        let mut entry = Programs::<Test>::get(state.asset, PROGRAM).unwrap();
        entry.depositor = 99;
        Programs::<Test>::insert(state.private, PROGRAM, entry);
    });
}

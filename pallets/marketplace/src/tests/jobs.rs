//! What compute jobs may use, and for how much.

use super::*;
use crate::{Programs, types::DepositFor};
use stoa_primitives::{Codec, ContentId};

const PROGRAM: ContentId = ContentId { codec: Codec::Raw, digest: [8; 32] };

/// Alice's gated asset at a price per job, on which the program may run.
fn for_jobs(supply: Option<u32>, until: Option<u64>) -> (AssetId, CommitId, ListingId) {
    let found = on_sale(Offer { terms: Terms::PerJob, supply, until, ..perpetual() });
    assert_ok!(Market::allow_program(signed(ALICE), found.0, PROGRAM));
    found
}

#[test]
fn gated_data_is_used_only_by_programs_that_an_admin_allowed() {
    ExtBuilder.build_and_execute(|| {
        let (asset, revision, _) = on_sale(Offer { terms: Terms::PerJob, ..perpetual() });
        let fee = |who| Market::job_fee(&who, asset, revision, Some(PROGRAM));
        assert!(!Market::is_program_allowed(asset, PROGRAM));
        assert_noop!(fee(BOB), Error::ProgramNotAllowed);
        // Those who may read it too: the workers see it as well.
        grant(asset, CAROL);
        assert_noop!(fee(CAROL), Error::ProgramNotAllowed);
        assert_noop!(fee(ALICE), Error::ProgramNotAllowed);
        assert_noop!(Market::allow_program(signed(BOB), asset, PROGRAM), Error::NotAdmin);
        assert_ok!(Market::allow_program(signed(ALICE), asset, PROGRAM));
        assert_eq!(last_event(), Event::ProgramAllowed { asset, program: PROGRAM });
        assert!(Market::is_program_allowed(asset, PROGRAM));
        assert_eq!((fee(BOB), fee(CAROL), fee(ALICE)), (Ok(PRICE), Ok(0), Ok(0)));
        assert_noop!(Market::allow_program(signed(ALICE), asset, PROGRAM), Error::ProgramListed);
        assert_noop!(Market::disallow_program(signed(BOB), asset, PROGRAM), Error::NotAdmin);
        assert_ok!(Market::disallow_program(signed(DAVE), asset, PROGRAM));
        assert_eq!(last_event(), Event::ProgramDisallowed { asset, program: PROGRAM });
        assert_noop!(fee(BOB), Error::ProgramNotAllowed);
        let again = Market::disallow_program(signed(ALICE), asset, PROGRAM);
        assert_noop!(again, Error::ProgramNotAllowed);
    });
}

#[test]
fn an_allowed_program_costs_a_deposit() {
    ExtBuilder.build_and_execute(|| {
        let (asset, _) = new_asset(ALICE, Visibility::Gated);
        assert_noop!(Market::allow_program(signed(ALICE), AssetId(99), PROGRAM), Error::AssetNotFound);
        assert_ok!(Market::allow_program(signed(ALICE), asset, PROGRAM));
        assert_eq!(held(ALICE), Market::deposit_for(DepositFor::Program));
        assert_ok!(Market::disallow_program(signed(ALICE), asset, PROGRAM));
        assert_eq!((held(ALICE), Programs::<Test>::iter().count()), (0, 0));
    });
}

#[test]
fn public_data_is_free_and_encrypted_data_is_refused() {
    ExtBuilder.build_and_execute(|| {
        let (public, revision) = new_asset(ALICE, Visibility::Public);
        assert!(Market::is_program_allowed(public, PROGRAM));
        assert_eq!(Market::begin_job(&BOB, public, revision, Some(PROGRAM), 0), Ok(0));
        let (private, revision) = new_asset(ALICE, Visibility::Private);
        assert_ok!(Market::allow_program(signed(ALICE), private, PROGRAM));
        assert_noop!(Market::begin_job(&BOB, private, revision, Some(PROGRAM), PRICE), Error::Encrypted);
        let none = AssetId(99);
        assert_noop!(Market::begin_job(&BOB, none, revision, Some(PROGRAM), PRICE), Error::AssetNotFound);
    });
}

#[test]
fn a_job_takes_one_off_the_supply_and_is_guarded() {
    ExtBuilder.build_and_execute(|| {
        let (asset, revision, listing) = for_jobs(Some(1), None);
        let begin = |max| Market::begin_job(&BOB, asset, revision, Some(PROGRAM), max);
        assert_noop!(begin(PRICE - 1), Error::PriceAboveGuard);
        assert_eq!(begin(PRICE), Ok(PRICE));
        assert_eq!(Listings::<Test>::get(listing).unwrap().offer.supply, Some(0));
        assert_noop!(begin(PRICE), Error::SoldOut);
        assert_noop!(Market::job_fee(&BOB, asset, revision, Some(PROGRAM)), Error::SoldOut);
    });
}

#[test]
fn a_job_needs_a_listing_that_is_on_sale() {
    ExtBuilder.build_and_execute(|| {
        let (asset, revision, listing) = for_jobs(None, Some(5));
        let begin = || Market::begin_job(&BOB, asset, revision, Some(PROGRAM), PRICE);
        let unknown = CommitId([99; 20]);
        assert_noop!(Market::begin_job(&BOB, asset, unknown, Some(PROGRAM), PRICE), Error::RevisionNotFound);
        at(6);
        assert_noop!(begin(), Error::ListingExpired);
        assert_ok!(Market::unlist(signed(ALICE), listing));
        assert_noop!(begin(), Error::NoJobListing);
        change_asset(asset, |record| record.taken_down = true);
        assert_noop!(begin(), Error::TakenDown);
    });
}

#[test]
fn a_gated_program_needs_no_leave_to_run_as_itself() {
    ExtBuilder.build_and_execute(|| {
        let (asset, revision, _) = on_sale(Offer { terms: Terms::PerJob, ..perpetual() });
        assert_noop!(Market::job_fee(&BOB, asset, revision, Some(PROGRAM)), Error::ProgramNotAllowed);
        assert_eq!(Market::job_fee(&BOB, asset, revision, None), Ok(PRICE));
        assert_eq!(Market::begin_job(&BOB, asset, revision, None, PRICE), Ok(PRICE));
    });
}

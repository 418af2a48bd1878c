//! What clients read.

use super::*;
use crate::{
    runtime_api::MAX_PAGE,
    types::{DeliveryInfo, GrantInfo},
};
use stoa_primitives::{Codec, ContentId};

#[test]
fn listings_come_in_pages_and_say_whether_they_are_on_sale() {
    ExtBuilder.build_and_execute(|| {
        let (asset, _, first) = on_sale(Offer { until: Some(5), ..perpetual() });
        let second = list(asset, Offer { supply: Some(1), ..perpetual() });
        let third = list(asset, perpetual());
        buy(BOB, second, None);
        let shown = |after, limit| -> Vec<_> {
            let found = Market::listings(asset, after, limit);
            found.into_iter().map(|listing| (listing.id, listing.on_sale)).collect()
        };
        assert_eq!(shown(None, 9), [(first, true), (second, false), (third, true)]);
        assert_eq!(shown(Some(first), 1), [(second, false)]);
        at(6);
        assert!(!Market::listing(first).unwrap().on_sale);
        change_asset(asset, |record| record.taken_down = true);
        assert!(!Market::listing(third).unwrap().on_sale);
        assert_eq!(Market::listing(ListingId(99)), None);
    });
}

#[test]
fn licences_of_an_account_come_in_pages() {
    ExtBuilder.build_and_execute(|| {
        let (asset, _, listing) = on_sale(perpetual());
        let licences = [buy(BOB, listing, None), grant(asset, BOB), buy(BOB, listing, None)];
        let ids = |after, limit| -> Vec<_> {
            Market::licences(BOB, after, limit).into_iter().map(|licence| licence.id).collect()
        };
        assert_eq!(ids(None, MAX_PAGE + 1), licences);
        assert_eq!(ids(Some(licences[0]), 1), [licences[1]]);
        let shown = Market::licence(licences[0]).unwrap();
        assert_eq!((shown.holder, shown.listing, shown.price, shown.live), (BOB, Some(listing), PRICE, true));
        assert_eq!(Market::licence(LicenceId(99)), None);
    });
}

#[test]
fn grants_of_an_asset_come_in_pages() {
    ExtBuilder.build_and_execute(|| {
        let (asset, _, listing) = on_sale(Offer { terms: Terms::Blocks(5), ..perpetual() });
        let (bobs, carols) = (buy(BOB, listing, None), grant(asset, CAROL));
        at(6);
        let mut seen = Vec::new();
        let mut after = None;
        while let Some(found) = Market::grants(asset, after, 1).pop() {
            after = Some(found.account);
            seen.push(found);
        }
        seen.sort_by_key(|found| found.account);
        let grant = |account, licence, live| GrantInfo { account, licences: vec![licence], live };
        assert_eq!(seen, [grant(BOB, bobs, false), grant(CAROL, carols, true)]);
    });
}

#[test]
fn a_seller_sees_which_keys_are_due_and_until_when() {
    ExtBuilder.build_and_execute(|| {
        let (asset, revision, listing) = key_on_sale();
        let reader = keybox::public_of(SECRET);
        let first = buy(BOB, listing, Some(reader));
        let second = buy(CAROL, listing, Some(reader));
        let commitment = keybox::commitment(&CONTENTS);
        let due =
            |licence| DeliveryInfo { licence, asset, revision, reader, commitment, deadline: 1 + DELIVERY };
        assert_eq!(Market::deliveries_due(ALICE, None, 9), [due(first), due(second)]);
        assert_eq!(Market::deliveries_due(ALICE, Some(first), 9), [due(second)]);
        assert_ok!(Market::deliver_key(signed(ALICE), first, sealed(first, revision, &CONTENTS)));
        assert_eq!(Market::deliveries_due(ALICE, None, 9), [due(second)]);
        assert_eq!(Market::deliveries_due(BOB, None, 9), []);
        assert_eq!(Market::commitment(asset, revision), Some(commitment));
        let terms = Market::key_terms();
        assert_eq!((terms.delivery, terms.dispute, terms.forfeit), (DELIVERY, DISPUTE, FORFEIT));
    });
}

#[test]
fn programs_of_an_asset_come_in_pages() {
    ExtBuilder.build_and_execute(|| {
        let (asset, _) = new_asset(ALICE, Visibility::Gated);
        let programs = [1, 2, 3].map(|number| ContentId { codec: Codec::Raw, digest: [number; 32] });
        for program in programs {
            assert_ok!(Market::allow_program(signed(ALICE), asset, program));
        }
        let mut seen = Vec::new();
        while let Some(program) = Market::programs(asset, seen.last().copied(), 1).pop() {
            seen.push(program);
        }
        seen.sort();
        assert_eq!(seen, programs);
    });
}

use super::*;
use crate::{
    deposits::StoragePrice,
    types::{Claim, DepositFor},
};
use polkadot_sdk::{
    frame_support::traits::{ConstU64, Footprint},
    sp_runtime::traits::Convert,
};
use stoa_primitives::registry::Role;

/// Checks that the footprint has each row, and at least its bytes but not many more: options and the lengths
/// of lists are counted at their longest.
fn assert_footprint(of: DepositFor, entry: impl FnOnce()) {
    let footprint = Registry::footprint(of);
    let (rows, bytes) = rows_added(entry);
    assert_eq!(footprint.count, rows, "{of:?}");
    assert!(
        (bytes..=bytes + 260).contains(&footprint.size),
        "{of:?}: {bytes} bytes, paid for {}",
        footprint.size
    );
}

#[test]
fn a_price_adds_rows_and_bytes() {
    let price = <StoragePrice<ConstU64<100>, ConstU64<3>> as Convert<Footprint, u64>>::convert;
    assert_eq!(price(Footprint { count: 2, size: 7 }), 221);
    assert_eq!(price(Footprint { count: u64::MAX, size: u64::MAX }), u64::MAX);
}

#[test]
fn every_entry_pays_for_its_rows() {
    ExtBuilder.build_and_execute(|| {
        let long = "n".repeat(96);
        assert_footprint(DepositFor::Namespace { name: 5 }, || namespace(ALICE, "alice"));
        assert_footprint(DepositFor::Namespace { name: 96 }, || namespace(ALICE, &long));
        assert_footprint(DepositFor::Asset { name: 96, licence: 10 }, || {
            asset_in(ALICE, &long, &long, Visibility::Public);
        });
        let id = AssetId(0);
        let mut parents = Vec::new();
        for number in 0..16 {
            parents.push(fine_tune(id, publish(ALICE, id, number)));
        }
        assert_footprint(DepositFor::Revision { parents: 16, message: 10 }, || {
            publish_from(ALICE, id, 100, &parents, &[]);
        });
        assert_footprint(DepositFor::Revision { parents: 0, message: 10 }, || {
            publish(ALICE, id, 101);
        });
        let commit = parents[0].commit;
        assert_footprint(DepositFor::Reference { name: 4 }, || {
            assert_ok!(Registry::set_ref(signed(ALICE), id, RefKind::Branch, ref_name("main"), commit));
        });
        assert_footprint(DepositFor::Collaborator, || {
            assert_ok!(Registry::set_collaborator(signed(ALICE), id, BOB, Role::Writer));
        });
        assert_footprint(DepositFor::Attestation, || {
            assert_ok!(Registry::attest(signed(BOB), commit, Claim::Other, content(1)));
        });
    });
}

#[test]
fn the_deposit_that_is_told_is_the_one_that_is_held() {
    ExtBuilder.build_and_execute(|| {
        let mut expected = Registry::deposit(DepositFor::Namespace { name: 5 });
        namespace(ALICE, "alice");
        assert_eq!(held(ALICE), expected);
        let id = asset_in(ALICE, "alice", "model", Visibility::Public);
        expected += Registry::deposit(DepositFor::Asset { name: 5, licence: 10 });
        assert_eq!(held(ALICE), expected);
        publish_from(ALICE, id, 1, &[], &[branch("main")]);
        expected += Registry::deposit(DepositFor::Revision { parents: 0, message: 10 });
        expected += Registry::deposit(DepositFor::Reference { name: 4 });
        assert_eq!(held(ALICE), expected);
    });
}

#[test]
fn a_deposit_asked_for_with_absurd_lengths_is_an_answer_and_no_panic() {
    ExtBuilder.build_and_execute(|| {
        let most = u32::MAX;
        for of in [
            DepositFor::Namespace { name: most },
            DepositFor::Asset { name: most, licence: most },
            DepositFor::Revision { parents: 1_000, message: most },
        ] {
            assert!(Registry::deposit(of) > 0);
        }
    });
}

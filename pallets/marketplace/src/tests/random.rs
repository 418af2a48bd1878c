//! Whatever a few people do in whatever order, no plank is lost, and nobody reads without a right to.

use super::*;
use crate::{Call, Commitments, Programs};
use polkadot_sdk::{
    sp_io::storage,
    sp_runtime::{StateVersion, traits::Dispatchable},
};
use proptest::prelude::*;
use std::collections::BTreeSet;
use stoa_primitives::{Codec, ContentId};

const PEOPLE: [AccountId; 4] = [ALICE, BOB, CAROL, DAVE];

/// A call by one of a few, on one of the newest few things there are.
#[derive(Clone, Copy, Debug)]
struct Step {
    verb: u8,
    who: u8,
    what: u8,
    flag: u8,
    blocks: u8,
}

fn step() -> impl Strategy<Value = Step> {
    (0..28_u8, 0..4_u8, 0..6_u8, 0..8_u8, 0..12_u8).prop_map(|(verb, who, what, flag, blocks)| Step {
        verb,
        who,
        what,
        flag,
        blocks,
    })
}

/// One of the newest of all numbers given so far.
fn newest(next: u64, index: u8) -> u64 {
    next.saturating_sub(1 + u64::from(index))
}

fn any_offer(step: Step, revision: CommitId) -> Offer<u64> {
    let Step { flag, blocks, .. } = step;
    let terms = match flag % 4 {
        0 => Terms::Blocks(u64::from(blocks) * 5),
        1 => Terms::PerJob,
        _ => Terms::Perpetual,
    };
    Offer {
        terms,
        price: u128::from(blocks) * 100,
        supply: (flag > 5).then_some(2),
        revision: (flag % 2 == 0).then_some(revision),
        sealed: false,
        refund: if flag == 3 { 10 } else { 0 },
        notice: (flag == 2).then_some(5),
        until: (flag == 7).then(|| System::block_number() + 20),
    }
}

/// Does a step; `false` when it was refused.
fn take(step: Step, assets: &[(AssetId, CommitId)]) -> bool {
    let Step { verb, who, what, flag, blocks } = step;
    let (asset, revision) = assets[usize::from(what) % assets.len()];
    let caller = PEOPLE[usize::from(who)];
    let other = PEOPLE[usize::from(flag) % PEOPLE.len()];
    let listing = ListingId(newest(NextListing::<Test>::get(), what));
    let licence = LicenceId(newest(NextLicence::<Test>::get(), what));
    let found = Listings::<Test>::get(listing);
    let version = found.as_ref().map_or(0, |found| found.version);
    let sealed_sale = found.as_ref().is_some_and(|found| found.offer.sealed);
    let reader = sealed_sale.then(|| keybox::public_of(SECRET));
    let (signer, call) = match verb {
        0 => (ALICE, Call::commit_key { asset, revision, commitment: keybox::commitment(&CONTENTS) }),
        1..=3 => (ALICE, Call::list { asset, offer: any_offer(step, revision) }),
        4 | 5 => (ALICE, Call::list { asset, offer: sealed_offer(revision) }),
        6 => {
            let supply = (flag % 2 == 0).then_some(3);
            (caller, Call::update_listing { listing, price: u128::from(blocks), supply, until: None })
        }
        7 => (caller, Call::unlist { listing }),
        8..=12 => (caller, Call::buy { listing, version, max_price: 900, reader }),
        13 => (caller, Call::gift { to: other, listing, version, max_price: 900, reader }),
        14 => {
            let until = (flag % 2 == 0).then(|| System::block_number() + u64::from(blocks));
            (ALICE, Call::grant { asset, to: other, revision: None, until })
        }
        15 => (caller, Call::return_licence { licence }),
        16 => (ALICE, Call::revoke { licence }),
        17..=19 => {
            let contents = if flag % 2 == 0 { CONTENTS } else { Contents { key: [9; 32], ..CONTENTS } };
            let of = Licences::<Test>::get(licence).and_then(|found| found.revision).unwrap_or(revision);
            (ALICE, Call::deliver_key { licence, sealed: sealed(licence, of, &contents) })
        }
        20 | 21 => (caller, Call::dispute { licence, secret: SECRET }),
        22 => (caller, Call::refund { licence }),
        23 => (caller, Call::settle { licence }),
        24 => (caller, Call::remove_licence { licence }),
        25 => {
            let program = ContentId { codec: Codec::Raw, digest: [flag; 32] };
            match Programs::<Test>::contains_key(asset, program) {
                true => (ALICE, Call::disallow_program { asset, program }),
                false => (ALICE, Call::allow_program { asset, program }),
            }
        }
        26 => {
            if blocks == 0 {
                change_asset(asset, |record| record.taken_down = flag % 2 == 0);
            }
            return true;
        }
        _ => {
            at(System::block_number() + u64::from(blocks));
            return true;
        }
    };
    RuntimeCall::Market(call).dispatch(signed(signer)).is_ok()
}

/// Whether somebody has a right to read, found by looking at all there is rather than by the lists.
fn may_read(account: AccountId, asset: AssetId, revision: CommitId) -> bool {
    let now = System::block_number();
    let taken_down = <FewAssets as crate::traits::Registry<_>>::is_taken_down(asset);
    let is_admin = <FewAssets as crate::traits::Registry<_>>::is_admin(asset, &account);
    let held = Licences::<Test>::iter_values().any(|licence| {
        let in_time = licence.until.is_none_or(|until| now < until);
        let has_key = licence.key.is_none_or(|key| key.sealed.is_some());
        let covered = licence.revision.is_none_or(|only| only == revision);
        licence.asset == asset && licence.holder == account && in_time && has_key && covered
    });
    !taken_down && (is_admin || held)
}

proptest! {
    #![proptest_config(ProptestConfig { cases: cases(), fork: false, ..ProptestConfig::default() })]

    #[test]
    fn any_sequence_of_calls_loses_nothing_and_lets_nobody_read_without_a_right(
        steps in prop::collection::vec(step(), 1..150),
    ) {
        ExtBuilder.build().execute_with(|| {
            // Dave administers them all too.
            let visibilities = [Visibility::Gated, Visibility::Private, Visibility::Gated];
            let assets = visibilities.map(|visibility| new_asset(ALICE, visibility));
            let issued = Balances::total_issuance();
            let mut settled = BTreeSet::new();
            for step in steps {
                let before = storage::root(StateVersion::V1);
                if !take(step, &assets) {
                    assert_eq!(before, storage::root(StateVersion::V1), "{step:?} failed and changed something");
                }
                assert_eq!(Market::do_try_state(), Ok(()), "after {step:?}");
                for (asset, revision) in assets {
                    for who in PEOPLE {
                        let expected = may_read(who, asset, revision);
                        assert_eq!(Market::can_read(&who, asset, revision), expected, "{who} after {step:?}");
                    }
                }
                // Nothing is paid for twice, and all that was paid arrived.
                for (_, _, purpose) in payments().into_iter().skip(settled.len()) {
                    let Purpose::Licence(licence) = purpose;
                    assert!(settled.insert(licence), "{licence:?} was paid twice");
                }
                let paid: Balance = payments().iter().map(|(_, amount, _)| amount).sum();
                assert_eq!(Balances::free_balance(VAULTS), EXISTENTIAL + paid);
            }
            wind_up();
            assert_eq!(Market::do_try_state(), Ok(()));
            assert_eq!(Balances::total_issuance(), issued);
            let deposits: Balance = Commitments::<Test>::iter_values().map(|found| found.deposit).sum();
            assert_eq!(held(ALICE), deposits, "a commitment stays for ever");
            for who in [BOB, CAROL, DAVE] {
                assert_eq!(held(who), 0, "{who}");
            }
            let paid: Balance = payments().iter().map(|(_, amount, _)| amount).sum();
            let forfeits = Balances::free_balance(TREASURY) - EXISTENTIAL;
            let left: Balance = PEOPLE.into_iter().map(wealth).sum();
            assert_eq!(left + paid + forfeits, WEALTH * 4);
        });
    }
}

/// Everything ends: what is held is settled or refunded, and all deposits go back.
fn wind_up() {
    at(System::block_number() + 10_000);
    for (id, found) in Licences::<Test>::iter().collect::<Vec<_>>() {
        match found.money {
            Money::Settled => {}
            Money::AwaitsKey(_) => {
                assert_ok!(Market::refund(signed(5), id));
                continue;
            }
            Money::Refundable(_) | Money::Disputable(_) => {
                assert_ok!(Market::settle(signed(5), id));
            }
        }
        assert_ok!(Market::remove_licence(signed(found.holder), id));
    }
    for (id, found) in Listings::<Test>::iter().collect::<Vec<_>>() {
        assert_ok!(Market::unlist(signed(found.seller), id));
    }
    for (asset, program) in Programs::<Test>::iter_keys().collect::<Vec<_>>() {
        assert_ok!(Market::disallow_program(signed(ALICE), asset, program));
    }
}

/// A few cases with every test run; a long campaign says how many in `PROPTEST_CASES`.
fn cases() -> u32 {
    std::env::var("PROPTEST_CASES").ok().and_then(|cases| cases.parse().ok()).unwrap_or(64)
}

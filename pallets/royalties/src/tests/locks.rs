//! Shares that vote.

use super::*;
use crate::types::{LockId, MAX_LOCKS};

fn id(number: u8) -> LockId {
    LockId([number; 16])
}

#[test]
fn locked_shares_are_not_transferred_until_they_are_unlocked() {
    ExtBuilder.build_and_execute(|| {
        let asset = opened_with(ALICE, &[(ALICE, 400_000), (BOB, 600_000)]);
        assert_ok!(Royalties::lock_shares(asset, &ALICE, id(1), 300_000));
        assert_noop!(Royalties::transfer_shares(signed(ALICE), asset, BOB, 100_001), Error::SharesLocked);
        assert_ok!(Royalties::approve(signed(ALICE), asset, BOB, WHOLE));
        assert_noop!(
            Royalties::transfer_shares_from(signed(BOB), asset, ALICE, BOB, 100_001),
            Error::SharesLocked
        );
        assert_ok!(Royalties::transfer_shares(signed(ALICE), asset, BOB, 100_000));
        assert_ok!(Royalties::unlock_shares(asset, &ALICE, id(1)));
        assert_ok!(Royalties::transfer_shares(signed(ALICE), asset, BOB, 300_000));
    });
}

#[test]
fn locks_of_several_polls_overlap_and_the_largest_counts() {
    ExtBuilder.build_and_execute(|| {
        let asset = opened(ALICE);
        assert_ok!(Royalties::lock_shares(asset, &ALICE, id(1), 300_000));
        assert_ok!(Royalties::lock_shares(asset, &ALICE, id(2), 700_000));
        assert_eq!(Royalties::holding(asset, ALICE).unwrap().locked, 700_000);
        assert_ok!(Royalties::unlock_shares(asset, &ALICE, id(2)));
        assert_eq!(Royalties::holding(asset, ALICE).unwrap().locked, 300_000);
    });
}

#[test]
fn a_lock_grows_and_never_shrinks() {
    ExtBuilder.build_and_execute(|| {
        let asset = opened(ALICE);
        for (shares, locked) in [(5, 5), (9, 9), (2, 9)] {
            assert_ok!(Royalties::lock_shares(asset, &ALICE, id(1), shares));
            assert_eq!(Royalties::holding(asset, ALICE).unwrap().locked, locked);
        }
    });
}

#[test]
fn locked_shares_earn_and_claim() {
    ExtBuilder.build_and_execute(|| {
        let asset = opened(ALICE);
        assert_ok!(Royalties::lock_shares(asset, &ALICE, id(1), WHOLE));
        pay(asset, 100);
        assert_ok!(Royalties::claim(signed(ALICE), asset));
        assert_eq!(Royalties::holding(asset, ALICE).unwrap().locked, WHOLE);
    });
}

#[test]
fn bad_locks_are_refused() {
    ExtBuilder.build_and_execute(|| {
        let (asset, closed) = (opened(ALICE), new_asset(ALICE));
        load(ALICE, closed, &[(ALICE, 5)]);
        assert_noop!(Royalties::lock_shares(closed, &ALICE, id(1), 1), Error::NotOpen);
        assert_noop!(Royalties::lock_shares(asset, &ALICE, id(1), 0), Error::ZeroAmount);
        assert_noop!(Royalties::lock_shares(asset, &BOB, id(1), 1), Error::NotHolder);
        assert_noop!(Royalties::lock_shares(asset, &ALICE, id(1), WHOLE + 1), Error::NotEnoughShares);
        assert_noop!(Royalties::unlock_shares(asset, &ALICE, id(1)), Error::LockNotFound);
        assert_noop!(Royalties::unlock_shares(asset, &BOB, id(1)), Error::LockNotFound);
        for number in 0..MAX_LOCKS {
            assert_ok!(Royalties::lock_shares(asset, &ALICE, id(number as u8), 1));
        }
        assert_noop!(Royalties::lock_shares(asset, &ALICE, id(99), 1), Error::TooManyLocks);
        assert_ok!(Royalties::lock_shares(asset, &ALICE, id(3), 2));
    });
}

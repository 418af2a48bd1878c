//! Who validates when.

use super::*;
use crate::disabling_limit;
use pallet_session::historical::{HistoricalSessions, StoredRange};

#[test]
fn genesis_validators_validate_in_the_order_they_were_named() {
    ExtBuilder { validators: vec![4, 1, 3], ..Default::default() }.build_and_execute(|| {
        assert_eq!(ValidatorSet::validators(), [4, 1, 3]);
        assert_eq!(ValidatorSet::queued(), [4, 1, 3]);
        next_session();
        assert_eq!(ValidatorSet::validators(), [4, 1, 3]);
    });
}

#[test]
fn a_change_takes_effect_at_the_start_of_the_session_after_the_next() {
    ExtBuilder::default().build_and_execute(|| {
        next_session();
        assert_ok!(ValidatorSet::add(root(), 5));
        assert_ok!(ValidatorSet::remove(root(), 1));
        assert_eq!(ValidatorSet::validators(), [1, 2, 3, 4]);
        next_session();
        assert_eq!(ValidatorSet::validators(), [1, 2, 3, 4]);
        assert_eq!(ValidatorSet::queued(), [2, 3, 4, 5]);
        next_session();
        assert_eq!(ValidatorSet::validators(), [2, 3, 4, 5]);
    });
}

#[test]
fn a_session_like_the_one_before_is_no_change() {
    ExtBuilder::default().build_and_execute(|| {
        for _ in 0..4 {
            next_session();
            assert!(!pallet_session::QueuedChanged::<Test>::get());
        }
        // The root is the same one, so that an equivocation in any of these sessions can be proven.
        let roots: Vec<_> =
            (0..=5).map(|session| HistoricalSessions::<Test>::get(session).unwrap()).collect();
        assert!(roots.iter().all(|root| *root == roots[0]));
    });
}

#[test]
fn rotated_keys_are_a_change() {
    ExtBuilder::default().build_and_execute(|| {
        next_session();
        let before = HistoricalSessions::<Test>::get(2).unwrap();
        assert_ok!(Session::set_keys(signed(1), UintAuthorityId(101), Vec::new()));
        next_session();
        assert!(pallet_session::QueuedChanged::<Test>::get());
        assert_ne!(HistoricalSessions::<Test>::get(3).unwrap().0, before.0);
        next_session();
        assert_eq!(Session::queued_keys()[0], (1, UintAuthorityId(101)));
        assert!(!pallet_session::QueuedChanged::<Test>::get());
    });
}

#[test]
fn a_member_without_keys_is_left_out_until_it_has_some() {
    ExtBuilder::default().build_and_execute(|| {
        assert_ok!(Session::purge_keys(signed(2)));
        next_session();
        assert_eq!(ValidatorSet::queued(), [1, 3, 4]);
        // As many identities were noted as there are authorities.
        assert_eq!(HistoricalSessions::<Test>::get(2).unwrap().1, 3);
        assert_ok!(Session::set_keys(signed(2), UintAuthorityId(102), Vec::new()));
        next_session();
        assert_eq!(ValidatorSet::queued(), [1, 2, 3, 4]);
    });
}

#[test]
fn old_roots_are_pruned() {
    ExtBuilder::default().build_and_execute(|| {
        for _ in 0..20 {
            next_session();
        }
        assert_eq!(StoredRange::<Test>::get(), Some((14, 22)));
        assert_eq!(HistoricalSessions::<Test>::iter_keys().count(), 8);
    });
}

#[test]
fn fewer_than_a_third_may_be_disabled() {
    let limits: Vec<_> = (0..=10).map(disabling_limit).collect();
    assert_eq!(limits, [0, 0, 0, 0, 1, 1, 1, 2, 2, 2, 3]);
}

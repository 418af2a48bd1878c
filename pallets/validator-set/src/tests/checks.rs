//! Each check of `try_state` finds what it is there for.

use super::*;
use crate::{Members, MinimumSize, NextOffence, OffenceNumbers, Offenders};
use polkadot_sdk::sp_runtime::TryRuntimeError;

/// Breaks a full state and expects the check's complaint.
fn assert_found(complaint: &'static str, harm: impl FnOnce()) {
    ExtBuilder::of(7, 6).build().execute_with(|| {
        next_session();
        report(1);
        assert_eq!(ValidatorSet::do_try_state(), Ok(()));
        harm();
        assert_eq!(ValidatorSet::do_try_state(), Err(TryRuntimeError::Other(complaint)));
    });
}

#[test]
fn check_members_finds_what_is_wrong_with_them() {
    assert_found("members: one is there twice", || {
        Members::<Test>::mutate(|members| members[1].account = members[0].account);
    });
    assert_found("members: the minimum is zero", || MinimumSize::<Test>::put(0));
    assert_found("members: fewer than the minimum", || MinimumSize::<Test>::put(7));
    assert_found("members: one was added in the future", || {
        Members::<Test>::mutate(|members| members[0].since = 2);
    });
}

#[test]
fn check_offenders_finds_what_is_wrong_with_them() {
    assert_found("offenders: one is there twice", || {
        Offenders::<Test>::mutate(|offenders| offenders.try_push(1).unwrap());
    });
    assert_found("offenders: one has left long ago", || {
        Offenders::<Test>::mutate(|offenders| offenders.try_push(15).unwrap());
    });
}

#[test]
fn check_disabled_finds_too_many_and_the_wrong_ones() {
    assert_found("disabled: a third of the validators or more", || {
        (1..3).for_each(|index| assert!(Session::disable_index(index)));
    });
    assert_found("disabled: one that hasn't offended", || assert!(Session::disable_index(1)));
}

#[test]
fn check_history_finds_gaps_and_extra_entries() {
    assert_found("offences: one is missing", || crate::Offences::<Test>::remove(0));
    assert_found("offences: one isn't found by session and validator", || {
        OffenceNumbers::<Test>::insert(1, 1, 9);
    });
    assert_found("offences: one too many", || {
        let found = crate::Offences::<Test>::get(0).unwrap();
        crate::Offences::<Test>::insert(9, found);
    });
    assert_found("offences: a number without one", || OffenceNumbers::<Test>::insert(1, 9, 0));
    assert_found("offences: one is missing", || NextOffence::<Test>::put(2));
}

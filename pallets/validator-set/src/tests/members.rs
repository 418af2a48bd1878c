//! Who may be added and removed.

use super::*;

#[test]
fn only_the_admin_changes_the_set() {
    ExtBuilder::default().build_and_execute(|| {
        use polkadot_sdk::sp_runtime::DispatchError::BadOrigin;
        assert_noop!(ValidatorSet::add(signed(1), 5), BadOrigin);
        assert_noop!(ValidatorSet::remove(signed(1), 1), BadOrigin);
        assert_noop!(ValidatorSet::set_minimum_size(signed(1), 1), BadOrigin);
        assert_noop!(ValidatorSet::release_keys(root()), BadOrigin);
    });
}

#[test]
fn add_appends_a_member_and_remove_takes_it_out() {
    ExtBuilder::default().build_and_execute(|| {
        assert_ok!(ValidatorSet::add(root(), 9));
        assert_eq!(last_event(), Event::ValidatorAdded { validator: 9 });
        assert_eq!(members(), [1, 2, 3, 4, 9]);
        assert_ok!(ValidatorSet::remove(root(), 2));
        assert_eq!(last_event(), Event::ValidatorRemoved { validator: 2 });
        assert_eq!(members(), [1, 3, 4, 9]);
    });
}

#[test]
fn add_fails_for_a_member() {
    ExtBuilder::default().build_and_execute(|| {
        assert_noop!(ValidatorSet::add(root(), 1), Error::AlreadyMember);
    });
}

#[test]
fn add_fails_without_session_keys() {
    ExtBuilder { without_keys: vec![5], ..Default::default() }.build_and_execute(|| {
        assert_noop!(ValidatorSet::add(root(), 5), Error::NoSessionKeys);
        assert_ok!(Session::set_keys(signed(5), UintAuthorityId(5), Vec::new()));
        assert_ok!(ValidatorSet::add(root(), 5));
    });
}

#[test]
fn add_fails_while_the_account_is_in_a_set() {
    ExtBuilder::default().build_and_execute(|| {
        next_session();
        assert_ok!(ValidatorSet::remove(root(), 1));
        assert_noop!(ValidatorSet::add(root(), 1), Error::StillInSet);
        next_session();
        assert_eq!(ValidatorSet::queued(), [2, 3, 4]);
        assert_noop!(ValidatorSet::add(root(), 1), Error::StillInSet);
        next_session();
        assert_ok!(ValidatorSet::add(root(), 1));
    });
}

#[test]
fn add_fails_while_the_account_is_queued_alone() {
    ExtBuilder::default().build_and_execute(|| {
        assert_ok!(ValidatorSet::add(root(), 9));
        next_session();
        assert_ok!(ValidatorSet::remove(root(), 9));
        assert!(!ValidatorSet::validators().contains(&9));
        assert_noop!(ValidatorSet::add(root(), 9), Error::StillInSet);
    });
}

#[test]
fn add_fails_when_the_set_is_full() {
    ExtBuilder::of(MOST.into(), 2).build_and_execute(|| {
        assert_noop!(ValidatorSet::add(root(), 15), Error::TooManyMembers);
        assert_ok!(ValidatorSet::remove(root(), 1));
        assert_ok!(ValidatorSet::add(root(), 15));
    });
}

#[test]
fn remove_fails_for_who_is_not_a_member() {
    ExtBuilder::default().build_and_execute(|| {
        assert_noop!(ValidatorSet::remove(root(), 5), Error::NotMember);
    });
}

#[test]
fn remove_never_goes_below_the_minimum() {
    ExtBuilder::of(3, 2).build_and_execute(|| {
        assert_ok!(ValidatorSet::remove(root(), 1));
        assert_noop!(ValidatorSet::remove(root(), 2), Error::TooFewMembers);
        assert_eq!(members(), [2, 3]);
    });
}

#[test]
fn members_without_keys_do_not_count_for_the_minimum() {
    ExtBuilder::of(4, 3).build_and_execute(|| {
        assert_ok!(Session::purge_keys(signed(4)));
        assert_noop!(ValidatorSet::remove(root(), 1), Error::TooFewMembers);
        // The one without keys may go: as many with keys remain.
        assert_ok!(ValidatorSet::remove(root(), 4));
        assert_noop!(ValidatorSet::set_minimum_size(root(), 4), Error::BadMinimum);
    });
}

#[test]
fn the_minimum_is_at_least_one_and_at_most_the_members() {
    ExtBuilder::default().build_and_execute(|| {
        assert_noop!(ValidatorSet::set_minimum_size(root(), 0), Error::BadMinimum);
        assert_noop!(ValidatorSet::set_minimum_size(root(), 5), Error::BadMinimum);
        assert_ok!(ValidatorSet::set_minimum_size(root(), 4));
        assert_eq!(last_event(), Event::MinimumSizeSet { size: 4 });
        assert_eq!(ValidatorSet::limits().minimum, 4);
        assert_noop!(ValidatorSet::remove(root(), 1), Error::TooFewMembers);
    });
}

#[test]
fn keys_are_released_only_to_who_has_left() {
    ExtBuilder { without_keys: vec![9], ..Default::default() }.build_and_execute(|| {
        assert_noop!(ValidatorSet::release_keys(signed(1)), Error::AlreadyMember);
        assert_noop!(ValidatorSet::release_keys(signed(9)), Error::NoSessionKeys);
        let before = Balances::free_balance(9);
        assert_ok!(Session::set_keys(signed(9), UintAuthorityId(9), Vec::new()));
        assert_eq!(Balances::free_balance(9), before - 10);
        assert_ok!(ValidatorSet::add(root(), 9));
        next_session();
        next_session();
        assert_ok!(ValidatorSet::remove(root(), 9));
        assert_noop!(ValidatorSet::release_keys(signed(9)), Error::StillInSet);
        next_session();
        next_session();
        assert_ok!(ValidatorSet::release_keys(signed(9)));
        assert_eq!(last_event(), Event::KeysReleased { account: 9 });
        assert_eq!(Balances::free_balance(9), before);
        assert_noop!(ValidatorSet::release_keys(signed(9)), Error::NoSessionKeys);
    });
}

#[test]
fn members_are_told_with_their_keys_and_offences() {
    ExtBuilder::of(4, 4).build_and_execute(|| {
        next_session();
        report(2);
        assert_ok!(Session::purge_keys(signed(3)));
        let told: Vec<_> = ValidatorSet::members()
            .into_iter()
            .map(|member| (member.account, member.since, member.has_keys, member.offended))
            .collect();
        assert_eq!(
            told,
            [(1, 0, true, false), (2, 0, true, true), (3, 0, false, false), (4, 0, true, false)]
        );
        assert_eq!(
            ValidatorSet::limits(),
            crate::types::SetLimits { minimum: 4, maximum: MOST, disabled: 1 }
        );
    });
}

#[test]
#[should_panic(expected = "validatorSet.validators names an account twice")]
fn genesis_refuses_a_validator_twice() {
    ExtBuilder { validators: vec![1, 2, 2], ..Default::default() }.build();
}

#[test]
#[should_panic(expected = "validatorSet.minimumSize must be at least 1")]
fn genesis_refuses_a_minimum_of_zero() {
    ExtBuilder::of(4, 0).build();
}

#[test]
#[should_panic(expected = "validatorSet.validators must be at least validatorSet.minimumSize, which is 5")]
fn genesis_refuses_fewer_validators_than_the_minimum() {
    ExtBuilder::of(4, 5).build();
}

#[test]
#[should_panic(expected = "validatorSet.validators must be at most 10")]
fn genesis_refuses_too_many_validators() {
    ExtBuilder::of(11, 2).build();
}

#[test]
#[should_panic(expected = "validatorSet.validators names an account that has no keys in session.keys")]
fn genesis_refuses_a_validator_without_keys() {
    ExtBuilder { without_keys: vec![3], ..Default::default() }.build();
}

#[test]
#[should_panic(expected = "validatorSet.validators must name the validators whose keys session.keys has")]
fn genesis_refuses_keys_without_validators() {
    ExtBuilder::of(0, 1).build();
}

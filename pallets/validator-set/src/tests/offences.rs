//! What happens to a validator that equivocated.

use super::*;
use crate::{NextOffence, OffenceNumbers};

#[test]
fn an_equivocator_is_disabled_at_once_and_removed() {
    ExtBuilder::default().build_and_execute(|| {
        next_session();
        report(2);
        assert_eq!(ValidatorSet::disabled(), [2]);
        assert_eq!(ValidatorSet::offenders(), [2]);
        assert_eq!(members(), [1, 3, 4]);
        let noted = Event::OffenceNoted { number: 0, validator: 2, session: 1, punished: true };
        assert_eq!(events(), [noted, Event::OffenderRemoved { validator: 2 }]);
    });
}

#[test]
fn an_equivocator_stays_disabled_until_it_is_out_of_the_set() {
    ExtBuilder::of(7, 2).build_and_execute(|| {
        next_session();
        // The set of the next session changes for another reason, and session forgets who was disabled.
        assert_ok!(ValidatorSet::remove(root(), 1));
        next_session();
        report(3);
        assert_eq!(ValidatorSet::disabled(), [3]);
        next_session();
        assert_eq!(ValidatorSet::validators(), [2, 3, 4, 5, 6, 7]);
        assert_eq!(ValidatorSet::disabled(), [3]);
        next_session();
        assert_eq!(ValidatorSet::validators(), [2, 4, 5, 6, 7]);
        assert!(ValidatorSet::disabled().is_empty());
        assert!(ValidatorSet::offenders().is_empty());
    });
}

#[test]
fn an_equivocator_that_the_minimum_keeps_stays_disabled_through_changes_of_the_set() {
    ExtBuilder::of(7, 7).build_and_execute(|| {
        next_session();
        report(3);
        assert_eq!(last_event(), Event::OffenderKept { validator: 3 });
        assert_eq!(members(), [1, 2, 3, 4, 5, 6, 7]);
        for round in 0..4 {
            // Other keys are another set.
            assert_ok!(Session::set_keys(signed(1), UintAuthorityId(100 + round), Vec::new()));
            next_session();
            assert!(ValidatorSet::validators().contains(&3));
            assert_eq!(ValidatorSet::disabled(), [3]);
        }
    });
}

#[test]
fn an_equivocator_that_the_minimum_kept_goes_when_another_is_added() {
    ExtBuilder::of(4, 4).build_and_execute(|| {
        report(2);
        assert_eq!(members(), [1, 2, 3, 4]);
        assert_ok!(ValidatorSet::add(root(), 9));
        assert_eq!(members(), [1, 3, 4, 9]);
        assert_eq!(last_event(), Event::OffenderRemoved { validator: 2 });
        next_session();
        next_session();
        assert_eq!(ValidatorSet::validators(), [1, 3, 4, 9]);
    });
}

#[test]
fn an_equivocator_that_the_minimum_kept_goes_when_the_minimum_falls() {
    ExtBuilder::of(4, 4).build_and_execute(|| {
        report(2);
        assert_ok!(ValidatorSet::set_minimum_size(root(), 3));
        assert_eq!(members(), [1, 3, 4]);
    });
}

#[test]
fn an_equivocator_that_the_minimum_kept_goes_when_another_gets_its_keys_back() {
    ExtBuilder::of(4, 3).build_and_execute(|| {
        assert_ok!(Session::purge_keys(signed(4)));
        report(2);
        assert_eq!(members(), [1, 2, 3, 4]);
        assert_ok!(Session::set_keys(signed(4), UintAuthorityId(4), Vec::new()));
        next_session();
        assert_eq!(members(), [1, 3, 4]);
        assert_eq!(ValidatorSet::queued(), [1, 3, 4]);
    });
}

#[test]
fn removal_of_equivocators_never_goes_below_the_minimum() {
    ExtBuilder::of(6, 4).build_and_execute(|| {
        (1..=6).for_each(report);
        assert_eq!(members(), [3, 4, 5, 6]);
        assert_eq!(ValidatorSet::offenders(), [1, 2, 3, 4, 5, 6]);
    });
}

#[test]
fn no_third_of_the_validators_is_ever_disabled() {
    for size in 1..=u64::from(MOST) {
        ExtBuilder::of(size, 1).build_and_execute(|| {
            next_session();
            (1..=size).for_each(report);
            let disabled = ValidatorSet::disabled();
            assert_eq!(disabled.len() as u64, (size - 1) / 3);
            // The first to offend are the ones.
            assert_eq!(disabled, (1..=(size - 1) / 3).collect::<Vec<_>>());
            next_session();
            assert_eq!(ValidatorSet::disabled(), disabled);
        });
    }
}

#[test]
fn one_whom_the_limit_spared_is_disabled_when_there_is_room() {
    ExtBuilder::of(7, 6).build_and_execute(|| {
        next_session();
        (1..=3).for_each(report);
        // The first one is removed, the others are kept; two of seven are disabled, then one of six.
        assert_eq!(ValidatorSet::disabled(), [1, 2]);
        next_session();
        next_session();
        assert_eq!(ValidatorSet::validators(), [2, 3, 4, 5, 6, 7]);
        assert_eq!(ValidatorSet::disabled(), [2]);
        assert_ok!(ValidatorSet::add(root(), 9));
        next_session();
        next_session();
        assert_eq!(ValidatorSet::validators(), [3, 4, 5, 6, 7, 9]);
        assert_eq!(ValidatorSet::disabled(), [3]);
    });
}

#[test]
fn an_offence_is_noted_once_for_each_session_and_validator() {
    ExtBuilder::default().build_and_execute(|| {
        next_session();
        report_in(2, 1, 5).unwrap();
        report_in(2, 1, 6).unwrap();
        assert_eq!(report_in(2, 1, 6), Err(OffenceError::DuplicateReport));
        let offences = ValidatorSet::offences(None, 10);
        assert_eq!(offences.len(), 1);
        assert_eq!((offences[0].validator, offences[0].session, offences[0].reporter), (2, 1, Some(77)));
        assert_eq!((offences[0].reported, offences[0].severity), (10, 100_000_000));
        // A second one in the same slot makes both graver.
        report_in(3, 1, 5).unwrap();
        let severities: Vec<_> =
            ValidatorSet::offences(None, 10).iter().map(|found| (found.validator, found.severity)).collect();
        assert_eq!(severities, [(3, 200_000_000), (2, 200_000_000)]);
    });
}

#[test]
fn the_history_is_bounded_and_paged_newest_first() {
    ExtBuilder::of(7, 1).build_and_execute(|| {
        next_session();
        (1..=6).for_each(report);
        let numbers = |before, limit| {
            let found = ValidatorSet::offences(before, limit);
            found.into_iter().map(|offence| (offence.number, offence.validator)).collect::<Vec<_>>()
        };
        assert_eq!(numbers(None, 100), [(5, 6), (4, 5), (3, 4), (2, 3)]);
        assert_eq!(numbers(None, 2), [(5, 6), (4, 5)]);
        assert_eq!(numbers(Some(4), 2), [(3, 4), (2, 3)]);
        assert_eq!(numbers(Some(2), 2), []);
        assert_eq!(numbers(Some(u64::MAX), 1), [(5, 6)]);
        assert_eq!(OffenceNumbers::<Test>::iter_keys().count(), 4);
        assert_eq!(NextOffence::<Test>::get(), 6);
    });
}

#[test]
fn one_that_left_the_members_is_disabled_while_it_is_in_a_set() {
    ExtBuilder::of(7, 2).build_and_execute(|| {
        next_session();
        assert_ok!(ValidatorSet::remove(root(), 1));
        report(1);
        assert_eq!(ValidatorSet::disabled(), [1]);
        next_session();
        assert_eq!(ValidatorSet::disabled(), [1]);
        next_session();
        assert!(ValidatorSet::offenders().is_empty());
    });
}

#[test]
fn an_offence_of_one_that_has_left_is_noted_only() {
    ExtBuilder::default().build_and_execute(|| {
        next_session();
        assert_ok!(ValidatorSet::remove(root(), 1));
        next_session();
        next_session();
        report_in(1, 1, 9).unwrap();
        assert_eq!(
            events().last(),
            Some(&Event::OffenceNoted { number: 0, validator: 1, session: 1, punished: false })
        );
        assert!(ValidatorSet::offenders().is_empty());
        assert!(ValidatorSet::disabled().is_empty());
    });
}

#[test]
fn adding_an_offender_again_pardons_what_was_before() {
    ExtBuilder::default().build_and_execute(|| {
        next_session();
        report_in(1, 1, 9).unwrap();
        next_session();
        next_session();
        assert_ok!(ValidatorSet::add(root(), 1));
        next_session();
        next_session();
        assert!(ValidatorSet::validators().contains(&1));
        // Another one's offence in the same slot reports the old one again.
        report_in(2, 1, 9).unwrap();
        // And so does a report of it that somebody kept.
        report_in(1, 1, 8).unwrap();
        assert_eq!(members(), [3, 4, 1]);
        assert_eq!(ValidatorSet::disabled(), [2]);
        assert_eq!(ValidatorSet::offenders(), [2]);
        // What it does from now on counts.
        report(1);
        assert_eq!(members(), [3, 4]);
        assert_eq!(ValidatorSet::offenders(), [2, 1]);
    });
}

#[test]
fn an_offender_cannot_be_added_while_it_is_in_a_set() {
    ExtBuilder::default().build_and_execute(|| {
        next_session();
        report(1);
        assert_noop!(ValidatorSet::add(root(), 1), Error::StillInSet);
    });
}

#[test]
fn a_report_uses_weight_of_the_block() {
    ExtBuilder::default().build_and_execute(|| {
        next_session();
        let before = System::block_weight().total();
        report(1);
        let used = System::block_weight().total().saturating_sub(before);
        assert_eq!(used, <() as crate::WeightInfo>::on_offence());
    });
}

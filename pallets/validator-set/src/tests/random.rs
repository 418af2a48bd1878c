//! Whatever happens in whatever order, the set stays able to work.

use super::*;
use crate::{MinimumSize, disabling_limit};
use proptest::prelude::*;

fn step() -> impl Strategy<Value = (u8, AccountId, u32)> {
    (0..10_u8, 1..=15_u64, 0..8_u32)
}

proptest! {
    #![proptest_config(ProptestConfig { cases: cases(), fork: false, ..ProptestConfig::default() })]

    #[test]
    fn the_set_never_loses_its_footing(
        size in 1..=10_u64,
        minimum in 1..=10_u32,
        steps in prop::collection::vec(step(), 1..120),
    ) {
        let minimum = minimum.min(size as u32);
        ExtBuilder::of(size, minimum).build().execute_with(|| {
            let mut slot = 0;
            let mut sets = vec![ValidatorSet::validators()];
            for (verb, who, number) in steps {
                let now = Session::current_index();
                let before = ValidatorSet::disabled();
                // Most calls fail, which is the point as well.
                match verb {
                    0 | 1 => {
                        ValidatorSet::add(root(), who).ok();
                    }
                    2 => {
                        ValidatorSet::remove(root(), who).ok();
                    }
                    3 => {
                        ValidatorSet::set_minimum_size(root(), number).ok();
                    }
                    4 => {
                        ValidatorSet::release_keys(signed(who)).ok();
                    }
                    5 => {
                        let keys = UintAuthorityId(who + 100 * u64::from(number));
                        Session::set_keys(signed(who), keys, Vec::new()).ok();
                    }
                    6 | 7 => {
                        // Only one who validated in a session can be proven to have offended in it.
                        let session = now.saturating_sub(number / 2);
                        let validators = &sets[session as usize];
                        slot += 1;
                        let offender = validators[who as usize % validators.len()];
                        // Three in a row share a slot, and a slot is in one session.
                        report_in(offender, session, u64::from(session) * 1_000 + slot / 3).ok();
                    }
                    _ => {
                        let queued = ValidatorSet::queued();
                        next_session();
                        sets.push(ValidatorSet::validators());
                        // Whoever was queued works now, and whoever is queued has keys.
                        assert_eq!(ValidatorSet::validators(), queued);
                        assert!(ValidatorSet::queued().iter().all(ValidatorSet::has_keys));
                    }
                }
                assert_eq!(ValidatorSet::do_try_state(), Ok(()), "after {verb} {who} {number}");
                // Nobody purges keys while a member, so no set is smaller than its minimum.
                let queued = ValidatorSet::queued().len() as u32;
                assert!(verb < 8 || queued >= MinimumSize::<Test>::get());
                // As many offenders are disabled as may be, and nobody is let off within a session.
                let validators = ValidatorSet::validators();
                let here = ValidatorSet::offenders().iter().filter(|who| validators.contains(who)).count();
                assert_eq!(ValidatorSet::disabled().len(), here.min(disabling_limit(validators.len())));
                assert!(verb >= 8 || before.iter().all(|who| ValidatorSet::disabled().contains(who)));
            }
        });
    }
}

/// A few cases with every test run; a long campaign says how many in `PROPTEST_CASES`.
fn cases() -> u32 {
    std::env::var("PROPTEST_CASES").ok().and_then(|cases| cases.parse().ok()).unwrap_or(64)
}

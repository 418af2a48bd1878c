//! The arithmetic of payments: whole planks in, whole planks out, and nothing in between is lost.
//!
//! Every figure is worked out from totals since the beginning, never from single payments. So what somebody is due
//! doesn't depend on how payments were cut, nor on who was paid out when. Nothing here overflows: a part is at most the
//! whole.

use crate::types::{Parts, Stack, StackEntry, Terms};
use polkadot_sdk::sp_runtime::traits::UniqueSaturatedInto;
use stoa_primitives::registry::AssetId;

/// Shares of an asset, and parts of a payment: a share is one millionth of what the asset earns.
pub const WHOLE: u32 = 1_000_000;

/// What a vault ever received.
#[derive(Clone, Copy, Debug, Default, Eq, PartialEq)]
pub struct Inflow {
    /// From payers, in planks.
    pub outside: u128,
    /// From the vaults of descendants, in planks.
    pub downstream: u128,
}

/// What an asset owes upstream, summed over its stack.
#[derive(Clone, Copy, Debug, Default, Eq, PartialEq)]
pub struct Owed {
    /// All absolute terms.
    pub absolute: Parts,
    /// All relative terms.
    pub relative: Parts,
}

/// Why terms can't be stacked.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum StackError {
    /// More ancestors than a stack has room for.
    TooLong,
    /// All terms together are more than the whole.
    AboveWhole,
}

/// What is left of the whole after some parts.
fn rest(parts: Parts) -> Parts {
    Parts(WHOLE.saturating_sub(parts.0))
}

/// A part of an amount, rounded down.
pub fn part_of(amount: u128, parts: Parts) -> u128 {
    let (whole, parts) = (u128::from(WHOLE), u128::from(parts.0.min(WHOLE)));
    let below = (amount % whole).saturating_mul(parts) / whole;
    (amount / whole).saturating_mul(parts).saturating_add(below)
}

/// What relative terms apply to: all that came from descendants, and what absolute terms leave of the rest.
///
/// One fraction for all absolute terms together, because the sum of the single ones, each rounded down, could make this
/// fall while the inflow grows.
pub fn after_absolute(inflow: Inflow, absolute: Parts) -> u128 {
    part_of(inflow.outside, rest(absolute)).saturating_add(inflow.downstream)
}

/// What an ancestor was ever owed by an asset.
pub fn owed_to(inflow: Inflow, owed: Owed, terms: Terms) -> u128 {
    match terms {
        Terms::Absolute(parts) => part_of(inflow.outside, parts),
        Terms::Relative(parts) => part_of(after_absolute(inflow, owed.absolute), parts),
    }
}

/// What all holders of an asset together ever earned.
pub fn holders_total(inflow: Inflow, owed: Owed) -> u128 {
    part_of(after_absolute(inflow, owed.absolute), rest(owed.relative))
}

/// What `shares` earn while the holders' total grows by `growth`, and the millionths of a plank to carry on.
pub fn earned(shares: u32, growth: u128, remainder: u32) -> (u128, u32) {
    let (whole, shares) = (u128::from(WHOLE), u128::from(shares.min(WHOLE)));
    let below = (growth % whole).saturating_mul(shares).saturating_add(remainder.into());
    let planks = (growth / whole).saturating_mul(shares).saturating_add(below / whole);
    (planks, (below % whole).unique_saturated_into())
}

/// Two remainders of one asset as one: a whole plank that they make, and what is left.
pub fn joined(one: u32, other: u32) -> (u128, u32) {
    let sum = one.saturating_add(other);
    (u128::from(sum / WHOLE), sum % WHOLE)
}

/// One ancestor's terms from two roads: it counts once, with the larger part. When either is absolute, so is the
/// result, or else a second link would end what was promised for every descendant.
pub fn merged(one: Terms, other: Terms) -> Terms {
    let parts = one.parts().max(other.parts());
    match (one, other) {
        (Terms::Relative(_), Terms::Relative(_)) => Terms::Relative(parts),
        _ => Terms::Absolute(parts),
    }
}

/// The terms of a stack, summed.
pub fn sum(stack: &Stack) -> Owed {
    stack.iter().fold(Owed::default(), |mut owed, entry| {
        match entry.terms {
            Terms::Absolute(parts) => owed.absolute = owed.absolute.plus(parts),
            Terms::Relative(parts) => owed.relative = owed.relative.plus(parts),
        }
        owed
    })
}

fn stack_one(stack: &mut Stack, asset: AssetId, terms: Terms) -> Result<(), StackError> {
    if terms.parts() == Parts(0) {
        return Ok(());
    }
    match stack.iter_mut().find(|entry| entry.asset == asset) {
        Some(entry) => entry.terms = merged(entry.terms, terms),
        None => stack.try_push(StackEntry { asset, terms, forwarded: 0 }).map_err(|_| StackError::TooLong)?,
    }
    Ok(())
}

/// Puts a parent and the absolute terms of its own stack onto a child's.
pub fn stack_parent(
    stack: &mut Stack,
    parent: AssetId,
    terms: Terms,
    above: &Stack,
) -> Result<Owed, StackError> {
    stack_one(stack, parent, terms)?;
    for entry in above.iter().filter(|entry| matches!(entry.terms, Terms::Absolute(_))) {
        stack_one(stack, entry.asset, entry.terms)?;
    }
    let owed = sum(stack);
    if owed.absolute.plus(owed.relative) > Parts(WHOLE) {
        return Err(StackError::AboveWhole);
    }
    Ok(owed)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::types::MAX_STACK;
    use proptest::prelude::*;

    fn cases() -> u32 {
        std::env::var("PROPTEST_CASES").ok().and_then(|cases| cases.parse().ok()).unwrap_or(64)
    }

    fn absolute(asset: u64, parts: u32) -> StackEntry {
        StackEntry { asset: AssetId(asset), terms: Terms::Absolute(Parts(parts)), forwarded: 0 }
    }

    /// Any stack that may be.
    fn stacks() -> impl Strategy<Value = Stack> {
        prop::collection::vec((any::<bool>(), 0..=WHOLE), 0..=MAX_STACK as usize).prop_map(|entries| {
            let mut left = WHOLE;
            let entries = entries.into_iter().zip(0_u64..).filter_map(|((is_absolute, parts), asset)| {
                let parts = parts.min(left);
                left -= parts;
                let terms = if is_absolute { Terms::Absolute } else { Terms::Relative }(Parts(parts));
                (parts > 0).then_some(StackEntry { asset: AssetId(asset), terms, forwarded: 0 })
            });
            entries.collect::<Vec<_>>().try_into().unwrap()
        })
    }

    #[test]
    fn a_part_is_exact_up_to_the_largest_amount() {
        assert_eq!(part_of(u128::MAX, Parts(WHOLE)), u128::MAX);
        assert_eq!(part_of(u128::MAX, Parts(0)), 0);
        assert_eq!(part_of(1_999_999, Parts(500_000)), 999_999);
        assert_eq!(part_of(1, Parts(999_999)), 0);
        assert_eq!(part_of(10, Parts(u32::MAX)), 10, "a part is never more than the whole");
    }

    #[test]
    fn one_plank_for_a_million_shares_waits_and_is_never_lost() {
        let mut remainder = 0;
        let mut paid = 0;
        for _ in 0..WHOLE {
            let (planks, carried) = earned(1, 1, remainder);
            (paid, remainder) = (paid + planks, carried);
        }
        assert_eq!((paid, remainder), (1, 0));
        assert_eq!(earned(WHOLE, 1, 0), (1, 0));
    }

    #[test]
    fn an_ancestor_on_two_roads_counts_once_with_the_larger_part() {
        let mut stack = Stack::default();
        let above = |parts| Stack::try_from(vec![absolute(1, parts)]).unwrap();
        stack_parent(&mut stack, AssetId(2), Terms::Relative(Parts(10)), &above(50)).unwrap();
        let owed = stack_parent(&mut stack, AssetId(3), Terms::Relative(Parts(20)), &above(70)).unwrap();
        assert_eq!(owed, Owed { absolute: Parts(70), relative: Parts(30) });
        assert_eq!(stack.len(), 3);
    }

    #[test]
    fn a_relative_link_never_ends_an_absolute_promise() {
        let above = Stack::try_from(vec![absolute(1, 50)]).unwrap();
        let mut base_first = Stack::default();
        stack_parent(&mut base_first, AssetId(1), Terms::Relative(Parts(60)), &Stack::default()).unwrap();
        stack_parent(&mut base_first, AssetId(2), Terms::Relative(Parts(10)), &above).unwrap();
        let mut base_last = Stack::default();
        stack_parent(&mut base_last, AssetId(2), Terms::Relative(Parts(10)), &above).unwrap();
        let owed =
            stack_parent(&mut base_last, AssetId(1), Terms::Relative(Parts(60)), &Stack::default()).unwrap();
        assert_eq!(owed, Owed { absolute: Parts(60), relative: Parts(10) });
        assert_eq!(sum(&base_first), owed);
    }

    #[test]
    fn relative_terms_of_a_parent_stay_with_the_parent() {
        let entry = StackEntry { asset: AssetId(1), terms: Terms::Relative(Parts(50)), forwarded: 0 };
        let mut stack = Stack::default();
        let above = Stack::try_from(vec![entry]).unwrap();
        stack_parent(&mut stack, AssetId(2), Terms::Absolute(Parts(10)), &above).unwrap();
        assert_eq!(stack.into_inner(), vec![absolute(2, 10)]);
    }

    #[test]
    fn a_link_of_nothing_takes_no_place() {
        let mut stack = Stack::default();
        let owed = stack_parent(&mut stack, AssetId(1), Terms::Relative(Parts(0)), &Stack::default());
        assert_eq!(owed, Ok(Owed::default()));
        assert!(stack.is_empty());
    }

    #[test]
    fn a_stack_has_32_entries_and_the_whole_at_most() {
        let above: Stack =
            (0..MAX_STACK).map(|asset| absolute(asset.into(), 1)).collect::<Vec<_>>().try_into().unwrap();
        let mut stack = Stack::default();
        let next = AssetId(u64::from(MAX_STACK));
        let error = stack_parent(&mut stack, next, Terms::Absolute(Parts(1)), &above);
        assert_eq!(error, Err(StackError::TooLong));

        let all = Stack::try_from(vec![absolute(1, WHOLE)]).unwrap();
        let mut stack = Stack::default();
        assert!(stack_parent(&mut stack, AssetId(2), Terms::Relative(Parts(0)), &all).is_ok());
        let error = stack_parent(&mut stack, AssetId(3), Terms::Relative(Parts(1)), &Stack::default());
        assert_eq!(error, Err(StackError::AboveWhole));
        let error = stack_parent(&mut Stack::default(), next, Terms::Absolute(Parts(u32::MAX)), &all);
        assert_eq!(error, Err(StackError::AboveWhole));
    }

    proptest! {
        #![proptest_config(ProptestConfig { cases: cases(), fork: false, ..ProptestConfig::default() })]

        #[test]
        fn nothing_is_owed_that_did_not_come_in(
            stack in stacks(), outside in any::<u64>(), downstream in any::<u64>(),
        ) {
            let inflow = Inflow { outside: outside.into(), downstream: downstream.into() };
            let owed = sum(&stack);
            let upstream: u128 = stack.iter().map(|entry| owed_to(inflow, owed, entry.terms)).sum();
            let total = upstream + holders_total(inflow, owed);
            let received = inflow.outside + inflow.downstream;
            prop_assert!(total <= received);
            // At most a plank waits for each who is owed.
            prop_assert!(received - total <= stack.len() as u128 + 2);
        }

        #[test]
        fn a_growing_inflow_takes_nothing_back(
            stack in stacks(), outside in 0..10_000_000_u128, downstream in 0..10_000_000_u128,
            more in 0..20_u128, further in 0..20_u128,
        ) {
            let before = Inflow { outside, downstream };
            let after = Inflow { outside: outside + more, downstream: downstream + further };
            let owed = sum(&stack);
            prop_assert!(holders_total(after, owed) >= holders_total(before, owed));
            for entry in &stack {
                prop_assert!(owed_to(after, owed, entry.terms) >= owed_to(before, owed, entry.terms));
            }
        }

        #[test]
        fn what_shares_earn_does_not_depend_on_when_they_are_settled(
            shares in 0..=WHOLE, growths in prop::collection::vec(0..u128::from(u64::MAX), 0..50),
        ) {
            let total: u128 = growths.iter().sum();
            let at_once = earned(shares, total, 0);
            let mut by_steps = (0, 0);
            for growth in growths {
                let (planks, remainder) = earned(shares, growth, by_steps.1);
                by_steps = (by_steps.0 + planks, remainder);
            }
            prop_assert_eq!(at_once, by_steps);
        }

        #[test]
        fn all_shares_together_earn_all_of_it(
            cuts in prop::collection::vec(0..=WHOLE, 0..20), growth in any::<u64>(),
        ) {
            let mut cuts = cuts;
            cuts.extend([0, WHOLE]);
            cuts.sort();
            let earnings = cuts.windows(2).map(|pair| earned(pair[1] - pair[0], growth.into(), 0));
            let (planks, remainders) = earnings.fold((0, 0_u128), |(planks, remainders), (more, remainder)| {
                (planks + more, remainders + u128::from(remainder))
            });
            prop_assert_eq!(planks * 1_000_000 + remainders, u128::from(growth) * 1_000_000);
        }

        #[test]
        fn the_order_of_links_does_not_matter(above in stacks(), other in stacks(), parts in 0..=WHOLE) {
            let terms = [Terms::Relative(Parts(parts)), Terms::Absolute(Parts(7))];
            let links = [(AssetId(40), terms[0], &above), (AssetId(1), terms[1], &other)];
            let stacked = |links: [(AssetId, Terms, &Stack); 2]| {
                let mut stack = Stack::default();
                for (parent, terms, above) in links {
                    stack_parent(&mut stack, parent, terms, above)?;
                }
                let mut entries = stack.into_inner();
                entries.sort_by_key(|entry| entry.asset);
                Ok::<_, StackError>(entries)
            };
            let [one, two] = links;
            prop_assert_eq!(stacked([one, two]).ok(), stacked([two, one]).ok());
        }
    }
}

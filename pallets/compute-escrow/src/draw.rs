//! The draw: weighted, without replacement, from a seed that nobody chose.

use crate::types::JobId;
use alloc::vec::Vec;
use codec::Encode;
use polkadot_sdk::{sp_core::U256, sp_io::hashing::blake2_256};

/// The seed of one round of one job.
pub fn round_seed(seed: &[u8; 32], job: JobId, round: u32) -> [u8; 32] {
    blake2_256(&(b"stoa-draw", seed, job, round).encode())
}

/// A number below `bound`; 256 bits make the bias too small to see.
fn number(seed: &[u8; 32], index: u32, bound: u128) -> Option<u128> {
    let hash = blake2_256(&(seed, index).encode());
    U256::from_little_endian(&hash).checked_rem(U256::from(bound)).map(|rest| rest.low_u128())
}

/// The places of `seats` different ones of those whose weights, added up, are `cumulative`. Fewer when there are fewer
/// with any weight.
pub fn draw(seed: &[u8; 32], cumulative: &[u128], seats: u32) -> Vec<usize> {
    let mut remaining = cumulative.last().copied().unwrap_or(0);
    // Where each one that was drawn begins, and how long it is, in order.
    let mut taken: Vec<(u128, u128)> = Vec::new();
    let mut drawn = Vec::new();
    for index in 0..seats {
        let Some(mut point) = number(seed, index, remaining) else { break };
        for (start, length) in &taken {
            if point >= *start {
                point = point.saturating_add(*length);
            }
        }
        let place = cumulative.partition_point(|end| *end <= point);
        let Some(end) = cumulative.get(place) else { break };
        let start = place.checked_sub(1).and_then(|before| cumulative.get(before)).copied().unwrap_or(0);
        let length = end.saturating_sub(start);
        let position = taken.partition_point(|(other, _)| *other < start);
        taken.insert(position, (start, length));
        remaining = remaining.saturating_sub(length);
        drawn.push(place);
    }
    drawn
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn cumulative(weights: &[u128]) -> Vec<u128> {
        weights
            .iter()
            .scan(0, |sum, weight| {
                *sum += weight;
                Some(*sum)
            })
            .collect()
    }

    fn seed(number: u32) -> [u8; 32] {
        blake2_256(&number.encode())
    }

    #[test]
    fn nobody_is_drawn_twice_and_nobody_without_weight() {
        for number in 0..200 {
            let mut drawn = draw(&seed(number), &cumulative(&[5, 0, 1, 1_000_000, 0, 7]), 6);
            drawn.sort_unstable();
            assert_eq!(drawn, [0, 2, 3, 5]);
        }
    }

    #[test]
    fn nothing_is_drawn_from_nothing() {
        assert!(draw(&seed(0), &[], 3).is_empty());
        assert!(draw(&seed(0), &[0, 0], 3).is_empty());
    }

    #[test]
    fn the_chance_is_the_weight() {
        let weights = [1, 2, 3, 4];
        let mut hits = [0_u32; 4];
        for number in 0..10_000 {
            hits[draw(&seed(number), &cumulative(&weights), 1)[0]] += 1;
        }
        for (weight, hits) in weights.iter().zip(hits) {
            let expected = *weight as i64 * 1_000;
            assert!((i64::from(hits) - expected).abs() < 200, "{weight}: {hits}");
        }
    }

    #[test]
    fn the_second_one_is_drawn_by_the_weights_that_are_left() {
        // With weights 1, 1, 2, the heavy one has a seat of two with 1/2 + 2 * 1/4 * 2/3 = 5/6.
        let heavy = (0..12_000)
            .filter(|number| draw(&seed(*number), &cumulative(&[1, 1, 2]), 2).contains(&2))
            .count();
        assert!((9_800..10_200).contains(&heavy), "{heavy}");
    }

    #[test]
    fn rounds_and_jobs_have_their_own_seeds() {
        let seeds = [(1, 1), (1, 2), (2, 1)].map(|(job, round)| round_seed(&[7; 32], JobId(job), round));
        assert_ne!(seeds[0], seeds[1]);
        assert_ne!(seeds[0], seeds[2]);
        assert_ne!(seeds[0], round_seed(&[8; 32], JobId(1), 1));
    }

    proptest! {
        #![proptest_config(ProptestConfig { cases: 64, fork: false, ..ProptestConfig::default() })]

        #[test]
        fn as_many_as_are_wanted_and_can_be_are_drawn_each_once(
            number: u32,
            weights in prop::collection::vec(0..u128::from(u64::MAX), 0..256),
            seats in 0..31_u32,
        ) {
            let mut drawn = draw(&seed(number), &cumulative(&weights), seats);
            let able = weights.iter().filter(|weight| **weight > 0).count();
            prop_assert_eq!(drawn.len(), able.min(seats as usize));
            prop_assert!(drawn.iter().all(|place| weights[*place] > 0));
            drawn.sort_unstable();
            drawn.dedup();
            prop_assert_eq!(drawn.len(), able.min(seats as usize));
        }
    }
}

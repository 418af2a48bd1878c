//! The detection calculator: how likely a loss is to be caught.
//!
//! A window's k challenges are drawn independently from the whole set. Losing a share f of it goes unnoticed for t
//! windows with the chance (1 - f)^(k t).

use crate::types::Leaves;
use polkadot_sdk::sp_runtime::Perquintill;

/// Chance that losing a share `lost` of a set is caught within `windows` of `challenges` each.
pub fn caught(lost: Perquintill, challenges: u32, windows: u32) -> Perquintill {
    let kept = Perquintill::one() - lost;
    let draws = u64::from(challenges).saturating_mul(windows.into());
    Perquintill::one() - power(kept, draws)
}

/// Chance that losing a share `lost` of a piece of `leaves`, in a set of `set` leaves, is caught.
pub fn caught_in_set(
    lost: Perquintill,
    leaves: Leaves,
    set: Leaves,
    challenges: u32,
    windows: u32,
) -> Perquintill {
    let share = Perquintill::from_rational(leaves.min(set), set.max(1));
    caught(lost * share, challenges, windows)
}

/// By squaring: 64 steps for any exponent.
fn power(base: Perquintill, exponent: u64) -> Perquintill {
    let (mut result, mut square, mut rest) = (Perquintill::one(), base, exponent);
    while rest > 0 {
        if rest & 1 == 1 {
            result = result * square;
        }
        square = square * square;
        rest >>= 1;
    }
    result
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn share(percent: u64) -> Perquintill {
        Perquintill::from_percent(percent)
    }

    fn close(found: Perquintill, expected: f64) -> bool {
        (found.deconstruct() as f64 / 1e18 - expected).abs() < 1e-9
    }

    #[test]
    fn nothing_lost_is_never_caught_and_all_lost_always() {
        assert_eq!(caught(share(0), 20, 1_000), Perquintill::zero());
        assert_eq!(caught(share(100), 20, 1), Perquintill::one());
        assert_eq!(caught(share(10), 20, 0), Perquintill::zero());
        assert_eq!(caught(share(10), 0, 20), Perquintill::zero());
    }

    #[test]
    fn a_tenth_lost_is_caught_with_88_percent_in_a_window_of_20() {
        assert!(close(caught(share(10), 20, 1), 1.0 - 0.9_f64.powi(20)));
        assert!(close(caught(share(1), 20, 24), 1.0 - 0.99_f64.powi(480)));
    }

    #[test]
    fn a_small_piece_in_a_large_set_is_caught_by_its_part_of_it() {
        assert!(close(caught_in_set(share(100), 10, 1_000, 20, 1), 1.0 - 0.99_f64.powi(20)));
        assert!(close(caught_in_set(share(50), 10, 1_000, 20, 1), 1.0 - 0.995_f64.powi(20)));
        assert_eq!(caught_in_set(share(100), 10, 0, 20, 1), Perquintill::zero());
    }

    proptest! {
        #![proptest_config(ProptestConfig { cases: 256, fork: false, ..ProptestConfig::default() })]

        #[test]
        fn odds_are_those_of_floating_point(lost in 0..=1_000_000_u64, challenges in 1..64_u32, windows in 1..500_u32) {
            let expected = 1.0 - (1.0 - lost as f64 / 1e6).powi((challenges * windows) as i32);
            prop_assert!(close(caught(Perquintill::from_rational(lost, 1_000_000_u64), challenges, windows), expected));
        }
    }
}

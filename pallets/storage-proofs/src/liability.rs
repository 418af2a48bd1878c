//! What a provider owes proofs for: misses, grace, jail and probation, worked out from counters when somebody looks.
//!
//! A window is *clear* when nothing is owed for it any more: it was proven, it was counted as missed or excused, or the
//! set was empty. Windows become clear in order and once, so that nobody escapes one and nobody pays twice for one.
//!
//! Misses are windows gone by less those excused meanwhile. A window that was proven while it was open and excused
//! afterwards is subtracted from the misses that follow: one window, in the provider's favour.

use crate::{phases::Phase, types::WindowIndex};
use codec::{Decode, DecodeWithMemTracking, Encode, MaxEncodedLen};
use scale_info::TypeInfo;

/// How a provider stands.
#[derive(
    Clone, Copy, Debug, Decode, DecodeWithMemTracking, Encode, Eq, MaxEncodedLen, PartialEq, TypeInfo,
)]
pub enum Standing {
    /// It proves its windows.
    #[codec(index = 0)]
    Active,
    /// It missed too many: nothing is owed, nothing is paid, and its replicas can be closed.
    #[codec(index = 1)]
    Jailed {
        /// The window from which it is in jail.
        since: WindowIndex,
    },
    /// It has to prove one window without pay.
    #[codec(index = 2)]
    Probation {
        /// The window from which it was in jail.
        since: WindowIndex,
    },
}

/// What a provider owes proofs for.
#[derive(Clone, Copy, Debug, Decode, Encode, Eq, MaxEncodedLen, PartialEq, TypeInfo)]
pub struct Liability {
    /// Nothing is owed for this window and those before it.
    pub clear_through: WindowIndex,
    /// The phase's excused windows when that was found.
    pub excused_seen: u32,
    /// Missed windows that count towards jail.
    pub misses: u32,
    /// Windows proven since the last fault.
    pub since_fault: u32,
    /// Whether the next fault is forgiven.
    pub grace: bool,
    /// How it stands.
    pub standing: Standing,
    /// The window in which its stake was first found below what its set requires.
    pub short_since: Option<WindowIndex>,
}

/// What was found in windows gone by.
#[derive(Clone, Copy, Debug, Default, Eq, PartialEq)]
pub struct Misses {
    /// Windows missed, the forgiven one included.
    pub missed: u32,
    /// Those that cost stake.
    pub slashed: u32,
    /// They led to jail.
    pub jailed: bool,
}

impl Liability {
    /// Of a provider that starts now, with an empty set.
    pub fn new(phase: &Phase, grace: bool) -> Self {
        Self {
            clear_through: phase.window,
            excused_seen: phase.excused_total,
            misses: 0,
            since_fault: 0,
            grace,
            standing: Standing::Active,
            short_since: None,
        }
    }

    /// Nothing is owed for the current window: the set counts from the next one on.
    pub fn start(&mut self, phase: &Phase) {
        self.clear_through = self.clear_through.max(phase.window);
        self.excused_seen = phase.excused_total;
    }

    /// Whether nothing is owed for the current window.
    pub fn is_clear(&self, phase: &Phase) -> bool {
        matches!(self.standing, Standing::Jailed { .. }) || self.clear_through >= phase.window
    }

    /// Works out the windows that ended since the last look; `due` unless the set is empty.
    pub fn catch_up(&mut self, phase: &Phase, due: bool) -> Misses {
        let over = phase.over_through();
        let Some(gone) = over.checked_sub(self.clear_through).filter(|gone| *gone > 0) else {
            return Misses::default();
        };
        let before = self.clear_through;
        let excused = phase.excused_total.saturating_sub(self.excused_seen);
        self.clear_through = over;
        self.excused_seen = phase.excused_total;
        let (limit, since) = match self.standing {
            Standing::Active => (phase.terms.max_misses.saturating_sub(self.misses).max(1), None),
            Standing::Probation { since } => (1, Some(since)),
            Standing::Jailed { .. } => return Misses::default(),
        };
        let missed = if due { gone.saturating_sub(excused).min(limit) } else { 0 };
        if missed == 0 {
            return Misses::default();
        }

        let forgiven = u32::from(self.grace && since.is_none());
        self.grace &= since.is_some();
        self.misses = self.misses.saturating_add(missed);
        self.since_fault = 0;
        let jailed = missed == limit;
        if jailed {
            let reached = before.saturating_add(excused).saturating_add(missed).min(over);
            self.standing = Standing::Jailed { since: since.unwrap_or(reached) };
        }
        Misses { missed, slashed: missed.saturating_sub(forgiven), jailed }
    }

    /// Notes whether the stake is below what the set requires; tells when that led to jail.
    pub fn note_stake(&mut self, short: bool, phase: &Phase) -> bool {
        let since = *self.short_since.get_or_insert(phase.window);
        if !short {
            self.short_since = None;
            return false;
        }
        let starved = self.standing == Standing::Active
            && phase.over_through() >= since.saturating_add(phase.terms.notice);
        if starved {
            self.standing = Standing::Jailed { since: phase.over_through() };
        }
        starved
    }

    /// The current window is proven; tells whether it is paid for.
    pub fn prove(&mut self, phase: &Phase) -> bool {
        self.clear_through = phase.window;
        self.excused_seen = phase.excused_total;
        self.since_fault = self.since_fault.saturating_add(1);
        if self.since_fault >= phase.terms.grace_after {
            self.grace = true;
            self.misses = 0;
        }
        match self.standing {
            Standing::Active => true,
            Standing::Jailed { .. } | Standing::Probation { .. } => {
                self.standing = Standing::Active;
                self.misses = 0;
                self.short_since = None;
                false
            }
        }
    }

    /// Jail ends for a window on probation, from the next one on; at once when there is nothing to prove.
    pub fn release(&mut self, phase: &Phase, empty: bool) {
        self.start(phase);
        self.standing = match self.standing {
            Standing::Jailed { since } | Standing::Probation { since } if !empty => {
                Standing::Probation { since }
            }
            _ => {
                self.misses = 0;
                Standing::Active
            }
        };
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{params::Terms, phases::Stage};
    use proptest::prelude::*;

    fn phase(window: WindowIndex, stage: Stage, excused_total: u32) -> Phase {
        let terms = Terms { max_misses: 3, grace_after: 100, notice: 5, slash: 1, ..Default::default() };
        Phase { window, stage, excused_total, terms, ..Default::default() }
    }

    fn over(window: WindowIndex, excused_total: u32) -> Phase {
        phase(window, Stage::Over, excused_total)
    }

    fn open(window: WindowIndex) -> Phase {
        phase(window, Stage::Open([1; 32]), 0)
    }

    fn started(grace: bool) -> Liability {
        Liability::new(&over(10, 0), grace)
    }

    #[test]
    fn an_open_window_is_no_miss() {
        let mut one = started(false);
        assert_eq!(one.catch_up(&open(11), true), Misses::default());
        assert!(!one.is_clear(&open(11)));
        assert_eq!(one.catch_up(&over(11, 0), true), Misses { missed: 1, slashed: 1, jailed: false });
        assert!(one.is_clear(&over(11, 0)));
    }

    #[test]
    fn nobody_is_punished_twice_for_a_window() {
        let mut one = started(false);
        assert_eq!(one.catch_up(&over(11, 0), true).slashed, 1);
        assert_eq!(one.catch_up(&over(11, 0), true), Misses::default());
        assert_eq!(one.catch_up(&open(12), true), Misses::default());
    }

    #[test]
    fn the_first_fault_is_only_a_warning() {
        let mut one = started(true);
        assert_eq!(one.catch_up(&over(11, 0), true), Misses { missed: 1, slashed: 0, jailed: false });
        assert_eq!(one.catch_up(&over(12, 0), true), Misses { missed: 1, slashed: 1, jailed: false });
    }

    #[test]
    fn grace_is_earned_again_after_a_hundred_proven_windows() {
        let mut one = started(true);
        one.catch_up(&over(11, 0), true);
        for window in 12..111 {
            assert!(one.prove(&open(window)));
            assert!(!one.grace, "{window}");
        }
        assert!(one.prove(&open(111)));
        assert!(one.grace);
        assert_eq!(one.misses, 0);
        // A fault in between starts the count anew.
        one.catch_up(&over(112, 0), true);
        assert_eq!((one.grace, one.since_fault), (false, 0));
    }

    #[test]
    fn misses_are_capped_and_jail_begins_with_the_last_that_counts() {
        let mut one = started(false);
        assert_eq!(one.catch_up(&over(1_000, 0), true), Misses { missed: 3, slashed: 3, jailed: true });
        assert_eq!(one.standing, Standing::Jailed { since: 13 });
        assert_eq!(one.catch_up(&over(2_000, 0), true), Misses::default());
    }

    #[test]
    fn misses_found_one_by_one_lead_to_jail_as_those_found_at_once() {
        let mut one = started(true);
        for window in 11..13 {
            assert!(!one.catch_up(&over(window, 0), true).jailed);
        }
        assert!(one.catch_up(&over(13, 0), true).jailed);
        assert_eq!(one.standing, Standing::Jailed { since: 13 });
    }

    #[test]
    fn excused_windows_are_no_misses() {
        let mut one = started(false);
        assert_eq!(one.catch_up(&over(14, 3), true), Misses { missed: 1, slashed: 1, jailed: false });
        assert_eq!(one.catch_up(&over(20, 9), true), Misses::default());
        assert_eq!(one.catch_up(&phase(21, Stage::Unseeded, 10), true), Misses::default());
        assert!(one.is_clear(&phase(21, Stage::Unseeded, 10)));
    }

    #[test]
    fn an_empty_set_misses_nothing() {
        let mut one = started(false);
        assert_eq!(one.catch_up(&over(500, 0), false), Misses::default());
        one.start(&open(501));
        assert_eq!(one.catch_up(&over(501, 0), true), Misses::default());
        assert_eq!(one.catch_up(&over(502, 0), true).missed, 1);
    }

    #[test]
    fn probation_ends_with_one_unpaid_proof() {
        let mut one = started(false);
        one.catch_up(&over(100, 0), true);
        one.release(&open(101), false);
        assert_eq!(one.standing, Standing::Probation { since: 13 });
        assert!(one.is_clear(&open(101)));
        assert!(!one.is_clear(&open(102)));
        assert!(!one.prove(&open(102)));
        assert_eq!((one.standing, one.misses), (Standing::Active, 0));
        assert!(one.prove(&open(103)));
    }

    #[test]
    fn a_miss_on_probation_leads_back_to_jail_and_is_never_forgiven() {
        let mut one = started(false);
        one.catch_up(&over(100, 0), true);
        one.grace = true;
        one.release(&over(100, 0), false);
        assert_eq!(one.catch_up(&over(101, 0), true), Misses { missed: 1, slashed: 1, jailed: true });
        assert_eq!(one.standing, Standing::Jailed { since: 13 });
    }

    #[test]
    fn a_set_emptied_in_jail_needs_no_probation() {
        let mut one = started(false);
        one.catch_up(&over(100, 0), true);
        one.release(&over(100, 0), true);
        assert_eq!((one.standing, one.misses), (Standing::Active, 0));
    }

    #[test]
    fn a_stake_that_stays_too_low_leads_to_jail() {
        let mut one = started(false);
        assert!(!one.note_stake(true, &over(20, 0)));
        assert!(!one.note_stake(true, &over(24, 0)));
        assert!(!one.note_stake(true, &open(25)));
        let mut topped_up = one;
        assert!(!topped_up.note_stake(false, &over(25, 0)));
        assert!(!topped_up.note_stake(true, &over(26, 0)));
        assert!(one.note_stake(true, &over(25, 0)));
        assert_eq!(one.standing, Standing::Jailed { since: 25 });
    }

    proptest! {
        #![proptest_config(ProptestConfig { cases: 256, fork: false, ..ProptestConfig::default() })]

        /// Whoever looks, and whenever: the same windows are missed as one who counts each of them would find, but
        /// for one window for each proof that was excused afterwards.
        #[test]
        fn lazy_counting_agrees_with_a_witness(
            windows in prop::collection::vec((any::<bool>(), 0..4_u8, any::<bool>(), any::<bool>()), 1..60),
            grace in any::<bool>(),
        ) {
            let mut one = Liability::new(&over(0, 0), grace);
            let (mut excused_total, mut missed, mut found, mut slack) = (0, 0, 0, 0);
            for (at, (proves, luck, look_open, look_over)) in windows.into_iter().enumerate() {
                let (window, excused) = (at as u32 + 1, luck == 0);
                let now = phase(window, Stage::Open([1; 32]), excused_total);
                if look_open || proves {
                    found += one.catch_up(&now, true).missed;
                }
                if proves && one.standing == Standing::Active {
                    one.prove(&now);
                    slack += u32::from(excused);
                } else if !excused {
                    missed += 1;
                }
                excused_total += u32::from(excused);
                if look_over {
                    found += one.catch_up(&over(window, excused_total), true).missed;
                }
                prop_assert!(one.misses <= 3);
                prop_assert!(found <= missed);
                prop_assert!(one.standing != Standing::Active || found + one.grace as u32 <= 4);
                if one.standing == Standing::Active && look_over {
                    prop_assert!(missed <= found + slack, "{} {} {}", missed, found, slack);
                }
                if one.standing != Standing::Active {
                    break;
                }
            }
        }
    }
}

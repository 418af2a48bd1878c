//! Phases and their windows, and the clock that works them.
//!
//! The 64 phases open their windows in turn, one at a time: the next one opens a 64th of a window later, and never
//! before its own last window is over. So every duty of the clock comes in the same order, and three cursors that
//! walk round the phases do them all: one opens windows, one fixes seeds, one ends responses.

use crate::{
    params::{PHASES, Parameters, SEED_DELAY, Terms},
    types::{BlockNo, Seed, WindowIndex},
};
use codec::{Decode, DecodeWithMemTracking, Encode, MaxEncodedLen};
use polkadot_sdk::sp_io::hashing::blake2_256;
use scale_info::TypeInfo;

/// How far a window has come.
#[derive(
    Clone, Copy, Debug, Decode, DecodeWithMemTracking, Default, Encode, Eq, MaxEncodedLen, PartialEq, TypeInfo,
)]
pub enum Stage {
    /// Its outcome is known to the chain; also before the first window.
    #[codec(index = 0)]
    #[default]
    Over,
    /// The sets are frozen, the seed isn't known yet.
    #[codec(index = 1)]
    Frozen,
    /// Proofs are taken.
    #[codec(index = 2)]
    Open(
        /// From the running hash.
        Seed,
    ),
    /// There was no randomness, so that nothing is owed.
    #[codec(index = 3)]
    Unseeded,
}

/// What the chain has seen until a block began.
#[derive(Clone, Copy, Debug, Decode, Default, Encode, Eq, MaxEncodedLen, PartialEq, TypeInfo)]
pub struct Marks {
    /// The block.
    pub block: BlockNo,
    /// Its slot.
    pub slot: u64,
    /// Blocks so far into which not one more proof would have fitted.
    pub full: u32,
    /// Blocks so far in which a multi-block migration ran.
    pub migrating: u32,
}

impl Marks {
    /// Whether proofs couldn't get in between these marks and later ones: most blocks were full for them, at least
    /// every second slot had no block, or a migration ran.
    pub fn excuse_until(&self, later: &Marks) -> bool {
        let blocks = u64::from(later.block.saturating_sub(self.block));
        let full = u64::from(later.full.wrapping_sub(self.full));
        let slots = later.slot.saturating_sub(self.slot);
        full.saturating_mul(2) > blocks
            || slots > blocks.saturating_mul(2)
            || later.migrating != self.migrating
    }
}

/// One of the groups that providers are spread over. All that a window's outcome depends on is here.
#[derive(Clone, Copy, Debug, Decode, Default, Encode, Eq, MaxEncodedLen, PartialEq, TypeInfo)]
pub struct Phase {
    /// Its current window; 0 before the first.
    pub window: WindowIndex,
    /// The block that the window opened in.
    pub opened_at: BlockNo,
    /// The window's length in blocks, at least.
    pub length: BlockNo,
    /// The last block that takes proofs.
    pub closes_at: BlockNo,
    /// How far the window has come.
    pub stage: Stage,
    /// Windows excused so far.
    pub excused_total: u32,
    /// What the chain had seen when the seed was fixed.
    pub seeded: Marks,
    /// The parameters of the window.
    pub terms: Terms,
}

impl Phase {
    /// The next window opens, and takes the parameters with it.
    pub fn open(&mut self, now: BlockNo, parameters: &Parameters) {
        self.window = self.window.saturating_add(1);
        self.opened_at = now;
        self.length = parameters.window;
        self.closes_at = now.saturating_add(parameters.response);
        self.stage = Stage::Frozen;
        self.terms = parameters.terms();
    }

    /// The seed is fixed, or the window is excused for want of one.
    pub fn fix_seed(&mut self, seed: Option<Seed>, marks: Marks) {
        self.seeded = marks;
        match seed {
            Some(seed) => self.stage = Stage::Open(seed),
            None => {
                self.stage = Stage::Unseeded;
                self.excused_total = self.excused_total.saturating_add(1);
            }
        }
    }

    /// The response ends; tells whether the window is excused.
    pub fn close(&mut self, marks: &Marks) -> bool {
        let excused = matches!(self.stage, Stage::Open(_)) && self.seeded.excuse_until(marks);
        if excused {
            self.excused_total = self.excused_total.saturating_add(1);
        }
        self.stage = Stage::Over;
        excused
    }

    /// The last window whose outcome is known.
    pub fn over_through(&self) -> WindowIndex {
        match self.stage {
            Stage::Over | Stage::Unseeded => self.window,
            Stage::Frozen | Stage::Open(_) => self.window.saturating_sub(1),
        }
    }

    /// The seed of a provider's window.
    pub fn seed_of(&self, who: &impl Encode) -> Option<Seed> {
        match self.stage {
            Stage::Open(seed) => Some((seed, who, self.window).using_encoded(blake2_256)),
            Stage::Over | Stage::Frozen | Stage::Unseeded => None,
        }
    }

    /// The first block in which the next window may open.
    pub fn next_opens_at(&self) -> BlockNo {
        self.opened_at.saturating_add(self.length)
    }
}

/// A duty that goes round the phases.
#[derive(Clone, Copy, Debug, Decode, Default, Encode, Eq, MaxEncodedLen, PartialEq, TypeInfo)]
pub struct Cursor {
    /// The phase that it comes to next.
    pub phase: u8,
    /// The first block in which it may; unknown until the phase's window has opened.
    pub at: Option<BlockNo>,
}

impl Cursor {
    /// The phase, if its time has come.
    pub fn due(&self, now: BlockNo) -> Option<u8> {
        self.at.filter(|at| *at <= now).map(|_| self.phase)
    }

    /// The phase after this one.
    pub fn next_phase(&self) -> u8 {
        self.phase.saturating_add(1) % PHASES
    }
}

/// The chain's randomness, its memory of full blocks, and its cursors.
#[derive(Clone, Copy, Debug, Decode, Encode, Eq, MaxEncodedLen, PartialEq, TypeInfo)]
pub struct Clock {
    /// A hash over the VRF outputs of all blocks before this one.
    pub running: Seed,
    /// The last VRF output in it; one that comes twice is stale.
    pub last_vrf: Option<Seed>,
    /// The last block that had no VRF output.
    pub missing_at: Option<BlockNo>,
    /// Blocks so far into which not one more proof would have fitted.
    pub full: u32,
    /// Blocks so far in which a multi-block migration ran.
    pub migrating: u32,
    /// Opens windows.
    pub opening: Cursor,
    /// Fixes seeds.
    pub seeding: Cursor,
    /// Ends responses.
    pub closing: Cursor,
}

/// The randomness that a block began with.
#[derive(Clone, Copy, Debug, Decode, Encode, Eq, MaxEncodedLen, PartialEq, TypeInfo)]
pub struct PastSeed {
    /// A hash over the VRF outputs of all blocks before it.
    pub running: Seed,
    /// The last block before it that had no VRF output.
    pub missing_at: Option<BlockNo>,
}

impl PastSeed {
    /// The seed: none unless every block since `opened_at` had a VRF output.
    pub fn since(&self, opened_at: BlockNo) -> Option<Seed> {
        self.missing_at.is_none_or(|missing| missing < opened_at).then_some(self.running)
    }
}

/// What [`Pallet::seed_after`](crate::Pallet::seed_after) knows of a seed.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum SeedAfter {
    /// It isn't fixed yet.
    NotYet,
    /// There is none, or it is forgotten.
    Lost,
    /// Here it is.
    Ready(Seed),
}

impl Default for Clock {
    fn default() -> Self {
        Self {
            running: Seed::default(),
            last_vrf: None,
            missing_at: None,
            full: 0,
            migrating: 0,
            opening: Cursor { phase: 0, at: Some(0) },
            seeding: Cursor::default(),
            closing: Cursor::default(),
        }
    }
}

impl Clock {
    /// Folds the VRF output of the block before `now` into the running hash.
    pub fn fold(&mut self, now: BlockNo, vrf: Option<Seed>) {
        match vrf.filter(|vrf| self.last_vrf.as_ref() != Some(vrf)) {
            Some(vrf) => {
                self.running = (self.running, vrf).using_encoded(blake2_256);
                self.last_vrf = Some(vrf);
            }
            None => self.missing_at = Some(now.saturating_sub(1)),
        }
    }

    /// The seed for a window that opened at `opened_at`: none unless every block since then had a VRF output.
    pub fn seed_since(&self, opened_at: BlockNo) -> Option<Seed> {
        self.past_seed().since(opened_at)
    }

    /// What this block began with.
    pub fn past_seed(&self) -> PastSeed {
        PastSeed { running: self.running, missing_at: self.missing_at }
    }

    /// What the chain has seen until block `block` began.
    pub fn marks(&self, block: BlockNo, slot: u64) -> Marks {
        Marks { block, slot, full: self.full, migrating: self.migrating }
    }

    /// A window of the opening cursor's phase opened at `now`; `next` is the phase after it.
    pub fn opened(&mut self, now: BlockNo, phase: &Phase, next: &Phase) {
        let opened = self.opening.phase;
        if self.seeding.phase == opened {
            self.seeding.at = Some(seed_due(phase));
        }
        if self.closing.phase == opened {
            self.closing.at = Some(close_due(phase));
        }
        let stride = (phase.length / BlockNo::from(PHASES)).max(1);
        let at = now.saturating_add(stride).max(next.next_opens_at());
        self.opening = Cursor { phase: self.opening.next_phase(), at: Some(at) };
    }

    /// The seed of the seeding cursor's phase is fixed; `next` is the phase after it.
    pub fn seeded(&mut self, next: &Phase) {
        let at = (next.stage == Stage::Frozen).then(|| seed_due(next));
        self.seeding = Cursor { phase: self.seeding.next_phase(), at };
    }

    /// The response of the closing cursor's phase has ended; `next` is the phase after it.
    pub fn closed(&mut self, next: &Phase) {
        let at = (next.stage != Stage::Over).then(|| close_due(next));
        self.closing = Cursor { phase: self.closing.next_phase(), at };
    }
}

/// The block that fixes a seed, when the one before it is final.
fn seed_due(phase: &Phase) -> BlockNo {
    phase.opened_at.saturating_add(SEED_DELAY).saturating_add(1)
}

/// The block that takes no proofs any more.
fn close_due(phase: &Phase) -> BlockNo {
    phase.closes_at.saturating_add(1)
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    const HERE: Marks = Marks { block: 100, slot: 1_000, full: 7, migrating: 2 };

    #[test]
    fn more_than_half_of_the_blocks_must_be_full_to_excuse() {
        let later = |full| Marks { block: 110, slot: 1_010, full, migrating: 2 };
        assert!(!HERE.excuse_until(&later(12)));
        assert!(HERE.excuse_until(&later(13)));
    }

    #[test]
    fn production_has_stalled_when_more_than_every_second_slot_is_empty() {
        let later = |slot| Marks { block: 110, slot, full: 7, migrating: 2 };
        assert!(!HERE.excuse_until(&later(1_020)));
        assert!(HERE.excuse_until(&later(1_021)));
    }

    #[test]
    fn a_migration_excuses() {
        assert!(HERE.excuse_until(&Marks { block: 110, slot: 1_010, full: 7, migrating: 3 }));
    }

    #[test]
    fn the_running_hash_takes_every_output_once_and_in_order() {
        let mut clock = Clock::default();
        clock.fold(6, Some([1; 32]));
        assert_eq!(clock.running, blake2_256(&[[0; 32], [1; 32]].concat()));
        let first = clock.running;
        clock.fold(7, Some([2; 32]));
        assert_eq!(clock.running, blake2_256(&[first, [2; 32]].concat()));
        assert_eq!(clock.missing_at, None);
    }

    #[test]
    fn a_missing_or_repeated_output_leaves_no_seed_for_the_windows_that_needed_it() {
        for gap in [None, Some([1; 32])] {
            let mut clock = Clock::default();
            clock.fold(6, Some([1; 32]));
            let before = clock.running;
            clock.fold(7, gap);
            assert_eq!(clock.running, before);
            assert_eq!(clock.missing_at, Some(6));
            clock.fold(8, Some([3; 32]));
            assert_eq!(clock.seed_since(6), None);
            assert_eq!(clock.seed_since(7), Some(clock.running));
        }
    }

    #[test]
    fn a_seed_is_another_for_another_account_window_or_hash() {
        let phase = |seed, window| Phase { stage: Stage::Open([seed; 32]), window, ..Default::default() };
        let seed = phase(1, 5).seed_of(&7_u64);
        assert!(seed.is_some());
        assert_ne!(phase(1, 5).seed_of(&8_u64), seed);
        assert_ne!(phase(1, 6).seed_of(&7_u64), seed);
        assert_ne!(phase(2, 5).seed_of(&7_u64), seed);
        assert_eq!(Phase::default().seed_of(&7_u64), None);
    }

    /// Runs the clock over plain memory and checks what must hold in every block.
    fn run(sets: &[(BlockNo, Parameters)], blocks: BlockNo) -> Vec<Phase> {
        let mut clock = Clock::default();
        let mut phases = [Phase::default(); 64];
        let next = |cursor: Cursor| usize::from(cursor.next_phase());
        for now in 1..=blocks {
            let parameters = sets.iter().rev().find(|(from, _)| *from <= now).unwrap().1;
            clock.fold(now, Some(blake2_256(&now.to_le_bytes())));
            let marks = clock.marks(now, now.into());
            if let Some(index) = clock.closing.due(now) {
                assert!(!phases[usize::from(index)].close(&marks));
                clock.closed(&phases[next(clock.closing)].clone());
            }
            if let Some(index) = clock.seeding.due(now) {
                let phase = &mut phases[usize::from(index)];
                assert_eq!(phase.stage, Stage::Frozen);
                assert_eq!(now, phase.opened_at + 9);
                phase.fix_seed(clock.seed_since(phase.opened_at), marks);
                clock.seeded(&phases[next(clock.seeding)].clone());
            }
            if let Some(index) = clock.opening.due(now) {
                let phase = &mut phases[usize::from(index)];
                assert_eq!(phase.stage, Stage::Over, "{now}: a window opens before the last one is over");
                assert!(phase.window == 0 || now >= phase.next_opens_at());
                phase.open(now, &parameters);
                let phase = *phase;
                clock.opened(now, &phase, &phases[next(clock.opening)].clone());
            }
        }
        phases.to_vec()
    }

    fn parameters(window: BlockNo, response: BlockNo) -> Parameters {
        Parameters { window, response, ..Default::default() }
    }

    #[test]
    fn each_phase_has_its_window_every_so_many_blocks() {
        for (window, response) in [(64, 32), (100, 24), (600, 150), (1_000, 500)] {
            let phases = run(&[(0, parameters(window, response))], window * 5);
            assert!(phases.iter().all(|phase| (4..=5).contains(&phase.window)), "{window}");
        }
    }

    proptest! {
        #![proptest_config(ProptestConfig { cases: 64, fork: false, ..ProptestConfig::default() })]

        #[test]
        fn every_window_ends_before_the_next_whatever_is_changed(
            sets in prop::collection::vec((64..700_u32, 9..350_u32), 1..5),
            pace in 50..900_u32,
        ) {
            let sets: Vec<_> = sets
                .into_iter()
                .enumerate()
                .map(|(at, (window, response))| {
                    (at as u32 * pace, parameters(window, response.min(window / 2)))
                })
                .collect();
            let phases = run(&sets, 4_000);
            // Windows stay in step: no phase is left behind by the others.
            let windows = phases.iter().map(|phase| phase.window);
            prop_assert!(windows.clone().max().unwrap() - windows.min().unwrap() <= 1);
        }
    }
}

//! What a block does by itself: randomness, and at most one window opened, one seeded and one closed.

use crate::{
    Adopted, ClockState, Config, Event, MinResponse, Pallet, PastSeeds, Phases, Providers,
    params::{Parameters, SEED_DELAY},
    phases::{Cursor, PastSeed, Phase, SeedAfter, Stage},
    traits::Liveness,
    types::{BlockNo, MAX_PROOF_OVERHEAD, Provider, phase_index},
    weights::WeightInfo,
};
use polkadot_sdk::{
    frame_support::{traits::Get, weights::Weight},
    frame_system,
    sp_runtime::traits::UniqueSaturatedInto,
};
use stoa_primitives::{LEAF_SIZE, possession::MAX_PATH_LEN};

impl<T: Config> Pallet<T> {
    /// The current block's number.
    pub(crate) fn now() -> BlockNo {
        frame_system::Pallet::<T>::block_number().unique_saturated_into()
    }

    /// The parameters that were last found sound.
    pub fn parameters() -> Parameters {
        Adopted::<T>::get().unwrap_or_default()
    }

    /// The phase of an account.
    pub fn phase_of(who: &T::AccountId) -> Phase {
        Phases::<T>::get(phase_index(who))
    }

    /// A provider's record with its phase.
    pub(crate) fn provider(who: &T::AccountId) -> Option<(Provider, Phase)> {
        Some((Providers::<T>::get(who)?, Self::phase_of(who)))
    }

    pub(crate) fn begin_block(now: BlockNo) -> Weight {
        let mut clock = ClockState::<T>::get();
        clock.fold(now, T::Vrf::get());
        Self::remember(now, clock.past_seed());
        clock.migrating = clock.migrating.wrapping_add(T::Liveness::is_migrating().into());
        let marks = clock.marks(now, T::Liveness::slot());
        let after = |cursor: &Cursor| Phases::<T>::get(cursor.next_phase());
        // `on_finalize` has no weight of its own.
        let mut weight = T::WeightInfo::on_initialize().saturating_add(T::WeightInfo::on_finalize());

        if let Some(index) = clock.closing.due(now) {
            let mut phase = Phases::<T>::get(index);
            let excused = phase.close(&marks);
            Phases::<T>::insert(index, phase);
            clock.closed(&after(&clock.closing));
            if excused {
                Self::deposit_event(Event::WindowExcused { phase: index, window: phase.window });
            }
            weight = weight.saturating_add(T::WeightInfo::close_window());
        }
        if let Some(index) = clock.seeding.due(now) {
            let mut phase = Phases::<T>::get(index);
            let seed = clock.seed_since(phase.opened_at);
            phase.fix_seed(seed, marks);
            Phases::<T>::insert(index, phase);
            clock.seeded(&after(&clock.seeding));
            let window = phase.window;
            Self::deposit_event(match seed {
                Some(_) => Event::WindowSeeded { phase: index, window, closes_at: phase.closes_at },
                None => Event::WindowExcused { phase: index, window },
            });
            weight = weight.saturating_add(T::WeightInfo::seed_window());
        }
        // The last response has ended long before; should it not have, the window waits for it.
        let due = clock.opening.due(now).map(|index| (index, Phases::<T>::get(index)));
        if let Some((index, mut phase)) = due.filter(|(_, phase)| phase.stage == Stage::Over) {
            phase.open(now, &Self::adopt(index));
            Phases::<T>::insert(index, phase);
            clock.opened(now, &phase, &after(&clock.opening));
            Self::deposit_event(Event::WindowOpened { phase: index, window: phase.window });
            weight = weight.saturating_add(T::WeightInfo::open_window());
        }
        ClockState::<T>::put(clock);
        weight
    }

    fn remember(now: BlockNo, seed: PastSeed) {
        let memory = T::SeedMemory::get();
        if memory > 0 {
            PastSeeds::<T>::insert(now, seed);
            PastSeeds::<T>::remove(now.saturating_sub(memory));
        }
    }

    /// The seed that was fixed [`SEED_DELAY`] blocks after `block`, as a window's that opened there: nobody knew it
    /// before, and nobody who isn't the author of one of these blocks had a hand in it. It stays known for
    /// [`Config::SeedMemory`] blocks.
    pub fn seed_after(block: BlockNo) -> SeedAfter {
        let fixed = block.saturating_add(SEED_DELAY).saturating_add(1);
        if Self::now() < fixed {
            return SeedAfter::NotYet;
        }
        match PastSeeds::<T>::get(fixed).and_then(|seed| seed.since(block)) {
            Some(seed) => SeedAfter::Ready(seed),
            None => SeedAfter::Lost,
        }
    }

    /// Takes over what governance set, unless it breaks a relation: then what was in force stays so.
    fn adopt(phase: u8) -> Parameters {
        let (current, proposed) = (Adopted::<T>::get(), T::Parameters::get());
        if current == Some(proposed) {
            return proposed;
        }
        match proposed.check(MinResponse::<T>::get()) {
            Ok(()) => {
                Adopted::<T>::put(proposed);
                Self::deposit_event(Event::ParametersAdopted { parameters: proposed });
                proposed
            }
            Err(fault) => {
                // Once in a round is enough to be seen.
                if phase == 0 {
                    Self::deposit_event(Event::ParametersRefused { fault });
                }
                current.unwrap_or_default()
            }
        }
    }

    pub(crate) fn end_block() {
        let challenges = Self::parameters().challenges;
        let siblings: u32 = MAX_PATH_LEN.unique_saturated_into();
        let leaf: u32 = LEAF_SIZE.unique_saturated_into();
        let each = siblings.saturating_mul(32).saturating_add(leaf);
        let len = challenges.saturating_mul(each).saturating_add(MAX_PROOF_OVERHEAD);
        if T::Liveness::was_full_for(Self::proof_weight((0..challenges).map(|_| siblings)), len) {
            ClockState::<T>::mutate(|clock| clock.full = clock.full.wrapping_add(1));
        }
    }
}

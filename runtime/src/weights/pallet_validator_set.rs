//! Upper bounds, until the benchmarks are run: no call reads or writes more rows, and none computes for longer.
//! `make weights` replaces this file with measured weights.

use core::marker::PhantomData;
use polkadot_sdk::{
    frame_support::{traits::Get, weights::Weight},
    frame_system,
};

/// The bounds, with the database's costs of `T`.
pub struct WeightInfo<T>(PhantomData<T>);

/// Rows that a call touches.
const ROWS: u64 = 32;
/// Rows for each validator of the largest set.
const ROWS_OF_A_SET: u32 = 1_000;
/// Rows that each further entry adds.
const ROWS_EACH: u64 = 1;

fn bound<T: frame_system::Config>(entries: u32) -> Weight {
    let rows = ROWS.saturating_add(ROWS_EACH.saturating_mul(entries.into()));
    Weight::from_parts(1_000_000_000, 0).saturating_add(T::DbWeight::get().reads_writes(rows, rows))
}

impl<T: frame_system::Config> pallet_validator_set::WeightInfo for WeightInfo<T> {
    fn add() -> Weight {
        bound::<T>(0)
    }
    fn remove() -> Weight {
        bound::<T>(0)
    }
    fn set_minimum_size() -> Weight {
        bound::<T>(0)
    }
    fn release_keys() -> Weight {
        bound::<T>(0)
    }
    fn on_offence() -> Weight {
        bound::<T>(ROWS_OF_A_SET)
    }
    fn new_session() -> Weight {
        bound::<T>(ROWS_OF_A_SET)
    }
}

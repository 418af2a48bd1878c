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
const ROWS: u64 = 64;
/// Rows that each further entry adds.
const ROWS_EACH: u64 = 4;

fn bound<T: frame_system::Config>(entries: u32) -> Weight {
    let rows = ROWS.saturating_add(ROWS_EACH.saturating_mul(entries.into()));
    Weight::from_parts(1_000_000_000, 0).saturating_add(T::DbWeight::get().reads_writes(rows, rows))
}

impl<T: frame_system::Config> pallet_marketplace::WeightInfo for WeightInfo<T> {
    fn commit_key() -> Weight {
        bound::<T>(0)
    }
    fn list() -> Weight {
        bound::<T>(0)
    }
    fn update_listing() -> Weight {
        bound::<T>(0)
    }
    fn unlist() -> Weight {
        bound::<T>(0)
    }
    fn buy() -> Weight {
        bound::<T>(0)
    }
    fn buy_key() -> Weight {
        bound::<T>(0)
    }
    fn grant() -> Weight {
        bound::<T>(0)
    }
    fn refund() -> Weight {
        bound::<T>(0)
    }
    fn revoke() -> Weight {
        bound::<T>(0)
    }
    fn deliver_key() -> Weight {
        bound::<T>(0)
    }
    fn dispute() -> Weight {
        bound::<T>(0)
    }
    fn settle() -> Weight {
        bound::<T>(0)
    }
    fn remove_licence() -> Weight {
        bound::<T>(0)
    }
    fn allow_program() -> Weight {
        bound::<T>(0)
    }
    fn disallow_program() -> Weight {
        bound::<T>(0)
    }
}

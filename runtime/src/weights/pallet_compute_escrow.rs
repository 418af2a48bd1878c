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

impl<T: frame_system::Config> pallet_compute_escrow::WeightInfo for WeightInfo<T> {
    fn register_worker() -> Weight {
        bound::<T>(0)
    }
    fn update_worker() -> Weight {
        bound::<T>(0)
    }
    fn set_stake() -> Weight {
        bound::<T>(0)
    }
    fn deregister_worker() -> Weight {
        bound::<T>(0)
    }
    fn submit_job(i: u32) -> Weight {
        bound::<T>(i)
    }
    fn consent() -> Weight {
        bound::<T>(0)
    }
    fn apply() -> Weight {
        bound::<T>(0)
    }
    fn commit() -> Weight {
        bound::<T>(0)
    }
    fn reveal() -> Weight {
        bound::<T>(0)
    }
    fn poke_wait() -> Weight {
        bound::<T>(0)
    }
    fn poke_draw(a: u32, s: u32) -> Weight {
        bound::<T>(a.saturating_add(s))
    }
    fn poke_settle(s: u32) -> Weight {
        bound::<T>(s)
    }
    fn poke_judge(s: u32) -> Weight {
        bound::<T>(s)
    }
    fn release() -> Weight {
        bound::<T>(0)
    }
    fn challenge(i: u32) -> Weight {
        bound::<T>(i)
    }
    fn release_bonds() -> Weight {
        bound::<T>(0)
    }
    fn set_royalty() -> Weight {
        bound::<T>(0)
    }
    fn spend_pot() -> Weight {
        bound::<T>(0)
    }
}

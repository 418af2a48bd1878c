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

impl<T: frame_system::Config> pallet_royalties::WeightInfo for WeightInfo<T> {
    fn load_shares(n: u32) -> Weight {
        bound::<T>(n)
    }
    fn link_parent() -> Weight {
        bound::<T>(0)
    }
    fn unlink_parent() -> Weight {
        bound::<T>(0)
    }
    fn set_offer() -> Weight {
        bound::<T>(0)
    }
    fn open() -> Weight {
        bound::<T>(0)
    }
    fn discard() -> Weight {
        bound::<T>(0)
    }
    fn transfer_shares() -> Weight {
        bound::<T>(0)
    }
    fn approve() -> Weight {
        bound::<T>(0)
    }
    fn transfer_shares_from() -> Weight {
        bound::<T>(0)
    }
    fn pay() -> Weight {
        bound::<T>(0)
    }
    fn distribute(s: u32) -> Weight {
        bound::<T>(s)
    }
    fn claim() -> Weight {
        bound::<T>(0)
    }
}

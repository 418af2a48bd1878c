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

impl<T: frame_system::Config> pallet_storage_proofs::WeightInfo for WeightInfo<T> {
    fn on_initialize() -> Weight {
        T::DbWeight::get().reads_writes(4, 4).saturating_add(Weight::from_parts(20_000_000, 0))
    }
    fn on_finalize() -> Weight {
        T::DbWeight::get().reads_writes(2, 2).saturating_add(Weight::from_parts(20_000_000, 0))
    }
    fn open_window() -> Weight {
        T::DbWeight::get().reads_writes(24, 24).saturating_add(Weight::from_parts(20_000_000, 0))
    }
    fn seed_window() -> Weight {
        T::DbWeight::get().reads_writes(6, 6).saturating_add(Weight::from_parts(20_000_000, 0))
    }
    fn close_window() -> Weight {
        T::DbWeight::get().reads_writes(6, 6).saturating_add(Weight::from_parts(20_000_000, 0))
    }
    fn register_provider() -> Weight {
        bound::<T>(0)
    }
    fn update_provider() -> Weight {
        bound::<T>(0)
    }
    fn add_stake() -> Weight {
        bound::<T>(0)
    }
    fn withdraw_stake() -> Weight {
        bound::<T>(0)
    }
    fn deregister() -> Weight {
        bound::<T>(0)
    }
    fn unjail() -> Weight {
        bound::<T>(0)
    }
    fn place_order() -> Weight {
        bound::<T>(0)
    }
    fn cancel_order() -> Weight {
        bound::<T>(0)
    }
    fn expire_order() -> Weight {
        bound::<T>(0)
    }
    fn accept() -> Weight {
        bound::<T>(0)
    }
    fn drop_piece() -> Weight {
        bound::<T>(0)
    }
    fn drop_now() -> Weight {
        bound::<T>(0)
    }
    fn cancel_replica() -> Weight {
        bound::<T>(0)
    }
    fn close_replica() -> Weight {
        bound::<T>(0)
    }
    fn close_jailed() -> Weight {
        bound::<T>(0)
    }
    fn remove_denied() -> Weight {
        bound::<T>(0)
    }
    fn settle(n: u32) -> Weight {
        bound::<T>(n)
    }
    fn submit_proof() -> Weight {
        bound::<T>(0)
    }
    fn find_leaf(d: u32) -> Weight {
        T::DbWeight::get()
            .reads(u64::from(d).saturating_add(1))
            .saturating_add(Weight::from_parts(5_000_000, 0))
    }
    fn verify_leaf(s: u32) -> Weight {
        Weight::from_parts(u64::from(s).saturating_mul(1_000_000).saturating_add(5_000_000), 0)
    }
    fn report_fault() -> Weight {
        bound::<T>(0)
    }
    fn check_proof_submission() -> Weight {
        T::DbWeight::get().reads_writes(3, 3).saturating_add(Weight::from_parts(20_000_000, 0))
    }
}

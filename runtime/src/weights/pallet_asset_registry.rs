//! Upper bounds for the registry's calls, until the benchmarks are run: no call reads or writes more rows, and
//! none computes for longer. `make weights` replaces this file with measured weights.

use core::marker::PhantomData;
use polkadot_sdk::{
    frame_support::{traits::Get, weights::Weight},
    frame_system,
};

/// The bounds, with the database's costs of `T`.
pub struct WeightInfo<T>(PhantomData<T>);

/// Rows that a call touches beside those of its parents.
const ROWS: u64 = 32;
/// Rows that a parent or ref adds.
const ROWS_EACH: u64 = 4;

fn bound<T: frame_system::Config>(each: u32) -> Weight {
    let rows = ROWS.saturating_add(ROWS_EACH.saturating_mul(each.into()));
    // A millisecond of computation: decoding and hashing of at most some KiB.
    Weight::from_parts(1_000_000_000, 0).saturating_add(T::DbWeight::get().reads_writes(rows, rows))
}

impl<T: frame_system::Config> pallet_asset_registry::WeightInfo for WeightInfo<T> {
    fn register_namespace(_n: u32) -> Weight {
        bound::<T>(0)
    }
    fn offer_namespace() -> Weight {
        bound::<T>(0)
    }
    fn accept_namespace() -> Weight {
        bound::<T>(0)
    }
    fn cancel_namespace_offer() -> Weight {
        bound::<T>(0)
    }
    fn remove_namespace() -> Weight {
        bound::<T>(0)
    }
    fn create_asset(_n: u32, _l: u32) -> Weight {
        bound::<T>(0)
    }
    fn offer_asset() -> Weight {
        bound::<T>(0)
    }
    fn accept_asset() -> Weight {
        bound::<T>(0)
    }
    fn cancel_asset_offer() -> Weight {
        bound::<T>(0)
    }
    fn set_visibility() -> Weight {
        bound::<T>(0)
    }
    fn set_collaborator() -> Weight {
        bound::<T>(0)
    }
    fn remove_collaborator() -> Weight {
        bound::<T>(0)
    }
    fn retire_asset() -> Weight {
        bound::<T>(0)
    }
    fn remove_asset() -> Weight {
        bound::<T>(0)
    }
    fn publish_revision(p: u32, _m: u32, r: u32) -> Weight {
        bound::<T>(p.saturating_add(r))
    }
    fn set_ref() -> Weight {
        bound::<T>(0)
    }
    fn delete_ref() -> Weight {
        bound::<T>(0)
    }
    fn yank_revision() -> Weight {
        bound::<T>(0)
    }
    fn remove_revision(p: u32) -> Weight {
        bound::<T>(p)
    }
    fn claim_piece() -> Weight {
        bound::<T>(0)
    }
    fn assign_piece() -> Weight {
        bound::<T>(0)
    }
    fn take_down() -> Weight {
        bound::<T>(0)
    }
    fn restore() -> Weight {
        bound::<T>(0)
    }
    fn attest() -> Weight {
        bound::<T>(0)
    }
    fn revoke_attestation() -> Weight {
        bound::<T>(0)
    }
}

//! Upper bounds, until the benchmarks are run. `make weights` replaces this file with measured weights.

use core::marker::PhantomData;
use polkadot_sdk::{
    frame_support::{traits::Get, weights::Weight},
    frame_system,
};

/// The bounds, with the database's costs of `T`.
pub struct WeightInfo<T>(PhantomData<T>);

impl<T: frame_system::Config> pallet_governance::WeightInfo for WeightInfo<T> {
    fn set_rules() -> Weight {
        Weight::from_parts(50_000_000, 0).saturating_add(T::DbWeight::get().reads_writes(2, 2))
    }
    fn set_pace() -> Weight {
        Weight::from_parts(50_000_000, 0).saturating_add(T::DbWeight::get().reads_writes(2, 2))
    }
}

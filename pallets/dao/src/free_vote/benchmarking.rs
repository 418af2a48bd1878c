//! What free votes cost at their worst: a full record, of which every referendum is looked up.

use super::{Call, Config, InBlock, MAX_POLLS, Pallet, PollIndex, Referenda, Used, UsedBy};
use alloc::vec::Vec;
use polkadot_sdk::{
    frame_benchmarking::{account, v2::*},
    frame_support::{
        BoundedVec,
        traits::{
            Get,
            fungible::{Inspect, Mutate},
        },
    },
    frame_system::{self, RawOrigin},
    sp_runtime::{
        Saturating,
        traits::{Bounded, Zero},
    },
};

/// Numbers that no referendum has; to see that one isn't there is a read like any other.
fn over() -> Result<BoundedVec<PollIndex, polkadot_sdk::sp_core::ConstU32<MAX_POLLS>>, BenchmarkError> {
    let polls: Vec<_> = (0..MAX_POLLS).map(|index| PollIndex::MAX.saturating_sub(index)).collect();
    polls.try_into().map_err(|_| BenchmarkError::Stop("too many referenda"))
}

#[benchmarks(where T::Currency: Mutate<T::AccountId>)]
mod benches {
    use super::*;

    #[benchmark]
    fn clear() -> Result<(), BenchmarkError> {
        let (caller, voter): (T::AccountId, T::AccountId) = (account("caller", 0, 0), account("voter", 0, 0));
        let used = Used { era: Bounded::max_value(), in_era: 1, polls: over()? };
        UsedBy::<T>::insert(&voter, used);

        #[extrinsic_call]
        _(RawOrigin::Signed(caller), voter.clone());

        assert!(!UsedBy::<T>::contains_key(voter));
        Ok(())
    }

    #[benchmark]
    fn free_vote() -> Result<(), BenchmarkError> {
        let voter: T::AccountId = account("voter", 0, 0);
        let amount = T::MinAmount::get().max(T::Currency::minimum_balance());
        T::Currency::set_balance(&voter, amount.saturating_mul(2_u32.into()));
        let (poll, call) = T::Referenda::create_ongoing(amount);
        UsedBy::<T>::insert(&voter, Used { era: Bounded::max_value(), in_era: 1, polls: over()? });
        InBlock::<T>::put((frame_system::pallet_prelude::BlockNumberFor::<T>::zero(), 0));
        let free;

        #[block]
        {
            free = Pallet::<T>::is_free(&voter, &call) && Pallet::<T>::has_room();
            Pallet::<T>::note(&voter, poll);
        }

        assert!(free);
        assert!(!Pallet::<T>::is_free(&voter, &call));
        Ok(())
    }

    impl_benchmark_test_suite!(Pallet, super::super::tests::build(), super::super::tests::Test);
}

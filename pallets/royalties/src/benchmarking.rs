//! What each call costs at its worst: full stacks, new rows, and old ones that go.

use crate::{
    Approvals, Call, Config, Holders, Pallet, Upstreams, Vaults,
    math::WHOLE,
    traits::Registry,
    types::{Balance, Batch, LockId, MAX_BATCH, MAX_LOCKS, MAX_PARENTS, MAX_STACK, Parts, Reason, Terms},
};
use polkadot_sdk::{
    frame_benchmarking::{account, v2::*},
    frame_support::traits::fungible::{Inspect, Mutate},
    frame_system::RawOrigin,
};
use stoa_primitives::registry::AssetId;

const PAYMENT: Balance = 1_000_000_000_000_000;

/// An account with enough for every deposit and payment; the pallet's own gets what genesis gives it.
fn rich<T: Config>(index: u32) -> T::AccountId {
    let who = account("rich", index, 0);
    T::Currency::set_balance(&who, Balance::MAX / 1_000_000);
    let minimum = T::Currency::minimum_balance();
    if T::Currency::balance(&Pallet::<T>::account()) < minimum {
        T::Currency::set_balance(&Pallet::<T>::account(), minimum);
    }
    who
}

fn origin<T: Config>(who: &T::AccountId) -> T::RuntimeOrigin {
    RawOrigin::Signed(who.clone()).into()
}

/// An open asset whose shares its owner holds.
fn opened<T: Config>(owner: &T::AccountId) -> Result<AssetId, BenchmarkError> {
    let asset = T::Registry::create_asset(owner);
    Pallet::<T>::open(origin::<T>(owner), asset, Some(owner.clone()))?;
    Ok(asset)
}

fn link<T: Config>(
    owner: &T::AccountId,
    asset: AssetId,
    parent: AssetId,
    terms: Terms,
) -> Result<(), BenchmarkError> {
    Ok(Pallet::<T>::link_parent(origin::<T>(owner), asset, parent, terms, Parts(WHOLE))?)
}

/// An asset, not open, that owes `ancestors` by as few links as can be: each parent brings the absolute terms of 15 more.
fn stacked<T: Config>(owner: &T::AccountId, ancestors: u32) -> Result<AssetId, BenchmarkError> {
    let asset = T::Registry::create_asset(owner);
    let mut left = ancestors;
    while left > 0 {
        let parent = T::Registry::create_asset(owner);
        for _ in 1..left.min(MAX_PARENTS) {
            link::<T>(owner, parent, opened::<T>(owner)?, Terms::Absolute(Parts(10_000)))?;
        }
        Pallet::<T>::open(origin::<T>(owner), parent, Some(owner.clone()))?;
        link::<T>(owner, asset, parent, Terms::Relative(Parts(10_000)))?;
        left = left.saturating_sub(MAX_PARENTS);
    }
    Ok(asset)
}

/// A payment into an open asset of the owner's.
fn paid<T: Config>(owner: &T::AccountId) -> Result<AssetId, BenchmarkError> {
    let asset = opened::<T>(owner)?;
    Pallet::<T>::pay_from(&rich::<T>(90), asset, PAYMENT, Reason::Job(0))?;
    Ok(asset)
}

/// As many locks as may be, on one share.
fn lock_one<T: Config>(asset: AssetId, who: &T::AccountId) -> Result<(), BenchmarkError> {
    for lock in 0..MAX_LOCKS {
        let mut id = [0; 16];
        for (byte, of_lock) in id.iter_mut().zip(lock.to_le_bytes()) {
            *byte = of_lock;
        }
        Pallet::<T>::lock_shares(asset, who, LockId(id), 1)?;
    }
    Ok(())
}

#[benchmarks]
mod benchmarks {
    use super::*;

    #[benchmark]
    fn load_shares(n: Linear<1, MAX_BATCH>) {
        let caller = rich::<T>(1);
        let asset = T::Registry::create_asset(&caller);
        let mut batch = Batch::default();
        for index in 0..n {
            batch
                .try_push((account("holder", index, 0), 1))
                .expect("the component's limit is the batch's; qed");
        }

        #[extrinsic_call]
        _(RawOrigin::Signed(caller), asset, batch);

        assert_eq!(Vaults::<T>::get(asset).map(|vault| vault.loaded), Some(n));
    }

    #[benchmark]
    fn link_parent() -> Result<(), BenchmarkError> {
        let caller = rich::<T>(1);
        let parent = stacked::<T>(&caller, MAX_STACK - 16)?;
        Pallet::<T>::open(origin::<T>(&caller), parent, Some(caller.clone()))?;
        let asset = stacked::<T>(&caller, 16)?;

        #[extrinsic_call]
        _(RawOrigin::Signed(caller), asset, parent, Terms::Absolute(Parts(1)), Parts(WHOLE));

        assert_eq!(Upstreams::<T>::get(asset).parents.len(), 2);
        Ok(())
    }

    #[benchmark]
    fn unlink_parent() -> Result<(), BenchmarkError> {
        let caller = rich::<T>(1);
        let asset = T::Registry::create_asset(&caller);
        // Sixteen parents with one grandparent each fill the stack.
        let mut last = AssetId(0);
        for _ in 0..MAX_PARENTS {
            last = stacked::<T>(&caller, 1)?;
            link::<T>(&caller, last, opened::<T>(&caller)?, Terms::Absolute(Parts(10)))?;
            Pallet::<T>::open(origin::<T>(&caller), last, Some(caller.clone()))?;
            link::<T>(&caller, asset, last, Terms::Relative(Parts(10)))?;
        }

        #[extrinsic_call]
        _(RawOrigin::Signed(caller), asset, last);

        assert_eq!(Upstreams::<T>::get(asset).stack.len(), 30);
        Ok(())
    }

    #[benchmark]
    fn set_offer() {
        let caller = rich::<T>(1);
        let asset = T::Registry::create_asset(&caller);
        let offer = Some(Terms::Relative(Parts(1)));

        #[extrinsic_call]
        _(RawOrigin::Signed(caller), asset, offer);

        assert_eq!(Vaults::<T>::get(asset).map(|vault| vault.offer), Some(offer));
    }

    #[benchmark]
    fn open() -> Result<(), BenchmarkError> {
        let caller = rich::<T>(1);
        let asset = stacked::<T>(&caller, MAX_STACK)?;
        let rest = Some(caller.clone());

        #[extrinsic_call]
        _(RawOrigin::Signed(caller), asset, rest);

        assert!(Pallet::<T>::is_open(asset));
        Ok(())
    }

    #[benchmark]
    fn discard() -> Result<(), BenchmarkError> {
        let caller = rich::<T>(1);
        let asset = T::Registry::create_asset(&caller);
        Pallet::<T>::set_offer(origin::<T>(&caller), asset, None)?;

        #[extrinsic_call]
        _(RawOrigin::Signed(caller), asset);

        assert!(!Vaults::<T>::contains_key(asset));
        Ok(())
    }

    #[benchmark]
    fn transfer_shares() -> Result<(), BenchmarkError> {
        let (caller, to) = (rich::<T>(1), rich::<T>(2));
        let asset = paid::<T>(&caller)?;
        lock_one::<T>(asset, &caller)?;

        #[extrinsic_call]
        _(RawOrigin::Signed(caller), asset, to.clone(), 3);

        assert_eq!(Pallet::<T>::shares_of(asset, &to), 3);
        Ok(())
    }

    #[benchmark]
    fn approve() -> Result<(), BenchmarkError> {
        let (caller, spender) = (rich::<T>(1), rich::<T>(2));
        let asset = opened::<T>(&caller)?;

        #[extrinsic_call]
        _(RawOrigin::Signed(caller.clone()), asset, spender.clone(), 3);

        assert!(Approvals::<T>::contains_key((asset, caller, spender)));
        Ok(())
    }

    #[benchmark]
    fn transfer_shares_from() -> Result<(), BenchmarkError> {
        let (from, caller, to) = (rich::<T>(1), rich::<T>(2), rich::<T>(3));
        let asset = paid::<T>(&from)?;
        lock_one::<T>(asset, &from)?;
        Pallet::<T>::approve(origin::<T>(&from), asset, caller.clone(), 3)?;

        #[extrinsic_call]
        _(RawOrigin::Signed(caller), asset, from, to.clone(), 3);

        assert_eq!(Pallet::<T>::shares_of(asset, &to), 3);
        Ok(())
    }

    #[benchmark]
    fn pay() -> Result<(), BenchmarkError> {
        let (owner, caller) = (rich::<T>(1), rich::<T>(2));
        let asset = stacked::<T>(&owner, MAX_STACK)?;
        Pallet::<T>::open(origin::<T>(&owner), asset, Some(owner))?;

        #[extrinsic_call]
        _(RawOrigin::Signed(caller), asset, PAYMENT, [1; 32]);

        assert_eq!(Vaults::<T>::get(asset).map(|vault| vault.outside), Some(PAYMENT));
        Ok(())
    }

    /// Shows that a payment costs the same for any number of holders; `pay` has the weight.
    #[benchmark(extra)]
    fn pay_many_holders(h: Linear<1, 10_000>) -> Result<(), BenchmarkError> {
        let (owner, caller) = (rich::<T>(1), rich::<T>(2));
        let asset = T::Registry::create_asset(&owner);
        let mut batch = Batch::default();
        for index in 0..h {
            batch.try_push((account("holder", index, 0), 1)).map_err(|_| BenchmarkError::Stop("full"))?;
            if batch.is_full() || index == h.saturating_sub(1) {
                Pallet::<T>::load_shares(origin::<T>(&owner), asset, core::mem::take(&mut batch))?;
            }
        }
        Pallet::<T>::open(origin::<T>(&owner), asset, Some(owner))?;

        #[extrinsic_call]
        pay(RawOrigin::Signed(caller), asset, PAYMENT, [1; 32]);

        assert_eq!(Vaults::<T>::get(asset).map(|vault| vault.outside), Some(PAYMENT));
        Ok(())
    }

    #[benchmark]
    fn distribute(s: Linear<1, MAX_STACK>) -> Result<(), BenchmarkError> {
        let (owner, caller) = (rich::<T>(1), rich::<T>(2));
        let asset = stacked::<T>(&owner, s)?;
        Pallet::<T>::open(origin::<T>(&owner), asset, Some(owner))?;
        Pallet::<T>::pay_from(&caller, asset, PAYMENT, Reason::Job(0))?;

        #[extrinsic_call]
        _(RawOrigin::Signed(caller), asset);

        assert!(Upstreams::<T>::get(asset).stack.iter().all(|entry| entry.forwarded > 0));
        Ok(())
    }

    #[benchmark]
    fn claim() -> Result<(), BenchmarkError> {
        let (owner, caller) = (rich::<T>(1), rich::<T>(2));
        let asset = paid::<T>(&owner)?;
        // The last claim of a holder without shares, whose row goes.
        Pallet::<T>::transfer_shares(origin::<T>(&owner), asset, caller.clone(), WHOLE)?;
        Pallet::<T>::pay_from(&rich::<T>(90), asset, PAYMENT, Reason::Job(0))?;
        Pallet::<T>::transfer_shares(origin::<T>(&caller), asset, owner, WHOLE)?;

        #[extrinsic_call]
        _(RawOrigin::Signed(caller.clone()), asset);

        assert!(!Holders::<T>::contains_key(asset, caller));
        Ok(())
    }

    impl_benchmark_test_suite!(Pallet, crate::mock::ExtBuilder.build(), crate::mock::Test);
}

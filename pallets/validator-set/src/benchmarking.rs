//! What each call costs at its worst: the largest set, and every member with keys to be looked up.

use crate::{Call, Config, Members, MinimumSize, NextOffence, Offences, Offenders, Pallet, types::Member};
use alloc::{vec, vec::Vec};
use codec::Decode;
use pallet_session::{NextKeys, QueuedKeys, SessionManager, Validators};
use polkadot_sdk::{
    frame_benchmarking::{account, v2::*},
    frame_support::{
        BoundedVec,
        traits::{EnsureOrigin, Get, fungible::MutateHold},
    },
    frame_system::{self, RawOrigin},
    sp_runtime::{Perbill, traits::TrailingZeroInput},
    sp_staking::offence::{OffenceDetails, OnOffenceHandler},
};

fn validator<T: Config>(index: u32) -> T::AccountId {
    account("validator", index, 0)
}

fn keys<T: Config>() -> Result<T::Keys, BenchmarkError> {
    T::Keys::decode(&mut TrailingZeroInput::zeroes()).map_err(|_| BenchmarkError::Stop("no keys of zeroes"))
}

/// A set of that many, all members, validating and queued, with no more than needed.
fn set<T: Config>(size: u32) -> Result<Vec<T::AccountId>, BenchmarkError> {
    let accounts: Vec<_> = (0..size).map(validator::<T>).collect();
    let keys = keys::<T>()?;
    accounts.iter().for_each(|who| NextKeys::<T>::insert(who, &keys));
    Validators::<T>::put(&accounts);
    QueuedKeys::<T>::put(accounts.iter().map(|who| (who.clone(), keys.clone())).collect::<Vec<_>>());
    let members: Vec<_> = accounts.iter().map(|who| Member { account: who.clone(), since: 0 }).collect();
    Members::<T>::put(BoundedVec::try_from(members).map_err(|_| BenchmarkError::Stop("too many members"))?);
    MinimumSize::<T>::put(size);
    Ok(accounts)
}

/// A member that offended and that the minimum keeps.
fn kept_offender<T: Config>(who: &T::AccountId) -> Result<(), BenchmarkError> {
    let offenders = BoundedVec::try_from(vec![who.clone()]);
    Offenders::<T>::put(offenders.map_err(|_| BenchmarkError::Stop("no room for offenders"))?);
    Ok(())
}

fn admin<T: Config>() -> Result<T::RuntimeOrigin, BenchmarkError> {
    T::AdminOrigin::try_successful_origin().map_err(|_| BenchmarkError::Weightless)
}

#[benchmarks]
mod benches {
    use super::*;

    #[benchmark]
    fn add() -> Result<(), BenchmarkError> {
        let most = T::MaxValidators::get();
        let members = set::<T>(most.saturating_sub(1))?;
        let offender = members.first().ok_or(BenchmarkError::Weightless)?;
        kept_offender::<T>(offender)?;
        let newcomer = validator::<T>(most);
        NextKeys::<T>::insert(&newcomer, keys::<T>()?);
        let origin = admin::<T>()?;

        #[extrinsic_call]
        _(origin as T::RuntimeOrigin, newcomer.clone());

        assert!(Pallet::<T>::is_member(&newcomer));
        assert!(!Pallet::<T>::is_member(offender));
        Ok(())
    }

    #[benchmark]
    fn remove() -> Result<(), BenchmarkError> {
        let most = T::MaxValidators::get();
        let members = set::<T>(most)?;
        MinimumSize::<T>::put(most.saturating_sub(1));
        let leaver = members.last().ok_or(BenchmarkError::Weightless)?;
        let origin = admin::<T>()?;

        #[extrinsic_call]
        _(origin as T::RuntimeOrigin, leaver.clone());

        assert!(!Pallet::<T>::is_member(leaver));
        Ok(())
    }

    #[benchmark]
    fn set_minimum_size() -> Result<(), BenchmarkError> {
        let most = T::MaxValidators::get();
        let members = set::<T>(most)?;
        let offender = members.first().ok_or(BenchmarkError::Weightless)?;
        kept_offender::<T>(offender)?;
        let origin = admin::<T>()?;

        #[extrinsic_call]
        _(origin as T::RuntimeOrigin, most.saturating_sub(1));

        assert!(!Pallet::<T>::is_member(offender));
        Ok(())
    }

    #[benchmark]
    fn release_keys() -> Result<(), BenchmarkError> {
        let most = T::MaxValidators::get();
        set::<T>(most)?;
        let caller = validator::<T>(most);
        // What `set_keys` does, which needs a proof that only the keys' owner can make.
        pallet_session::Pallet::<T>::ensure_can_pay_key_deposit(&caller)?;
        pallet_session::Pallet::<T>::ensure_can_pay_key_deposit(&caller)?;
        <T as pallet_session::Config>::Currency::hold(
            &pallet_session::HoldReason::Keys.into(),
            &caller,
            T::KeyDeposit::get(),
        )?;
        frame_system::Pallet::<T>::inc_consumers(&caller)?;
        NextKeys::<T>::insert(&caller, keys::<T>()?);

        #[extrinsic_call]
        _(RawOrigin::Signed(caller.clone()));

        assert!(!Pallet::<T>::has_keys(&caller));
        Ok(())
    }

    #[benchmark]
    fn on_offence() -> Result<(), BenchmarkError> {
        let most = T::MaxValidators::get();
        let members = set::<T>(most)?;
        MinimumSize::<T>::put(1);
        // A history that is full: the oldest offence is forgotten for the new one.
        for index in 0..T::MaxOffences::get() {
            Pallet::<T>::note(&validator::<T>(index), 1, Perbill::zero(), None, false);
        }
        let next = NextOffence::<T>::get();
        let offender = members.last().ok_or(BenchmarkError::Weightless)?.clone();
        let details = OffenceDetails { offender: (offender.clone(), ()), reporters: vec![] };

        #[block]
        {
            Pallet::<T>::on_offence(&[details], &[Perbill::one()], 0);
        }

        assert!(Offences::<T>::contains_key(next));
        assert!(!Pallet::<T>::is_member(&offender));
        Ok(())
    }

    #[benchmark]
    fn new_session() -> Result<(), BenchmarkError> {
        let members = set::<T>(T::MaxValidators::get())?;
        let offender = members.last().ok_or(BenchmarkError::Weightless)?;
        kept_offender::<T>(offender)?;
        // The set that is planned isn't the one that was queued.
        QueuedKeys::<T>::kill();
        let planned;

        #[block]
        {
            <Pallet<T> as SessionManager<T::AccountId>>::start_session(1);
            planned = <Pallet<T> as SessionManager<T::AccountId>>::new_session(2);
        }

        assert_eq!(planned, Some(members));
        Ok(())
    }

    impl_benchmark_test_suite!(Pallet, crate::mock::ExtBuilder::default().build(), crate::mock::Test);
}

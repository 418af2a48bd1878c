//! Workers and their stake.

use crate::{
    AccountOf, BalanceOf, Config, Engagements, Error, Event, HoldReason, Jobs, Pallet, WorkerOf, Workers,
    types::{Engagement, Engines, JobId, Limits, Phase, Role, Worker},
};
use polkadot_sdk::{
    frame_support::{
        ensure,
        traits::{Defensive, DefensiveSaturating, Get, fungible::MutateHold, tokens::Precision},
    },
    sp_runtime::{
        DispatchError, DispatchResult,
        traits::{CheckedSub, Saturating, Zero},
    },
};

/// Each engine once, and at least one.
fn engines_are_good(engines: &Engines) -> bool {
    let mut sorted: alloc::vec::Vec<_> = engines.iter().collect();
    sorted.sort_unstable();
    sorted.dedup();
    !engines.is_empty() && sorted.len() == engines.len()
}

impl Limits {
    /// None is zero.
    pub(crate) fn are_good(&self) -> bool {
        self.fuel > 0 && self.memory > 0 && self.output > 0
    }
}

impl<T: Config> Pallet<T> {
    pub(crate) fn do_register_worker(
        who: AccountOf<T>,
        stake: BalanceOf<T>,
        price: BalanceOf<T>,
        limits: Limits,
        engines: Engines,
    ) -> DispatchResult {
        ensure!(!Workers::<T>::contains_key(&who), Error::<T>::WorkerExists);
        ensure!(stake >= T::Parameters::get().min_stake, Error::<T>::StakeTooLow);
        ensure!(engines_are_good(&engines), Error::<T>::BadEngines);
        ensure!(limits.are_good(), Error::<T>::BadLimits);
        T::Currency::hold(&HoldReason::Stake.into(), &who, stake)?;
        Workers::<T>::insert(&who, Worker { stake, locked: Zero::zero(), price, limits, engines });
        Self::deposit_event(Event::WorkerRegistered { worker: who, stake });
        Ok(())
    }

    pub(crate) fn do_update_worker(
        who: AccountOf<T>,
        price: BalanceOf<T>,
        limits: Limits,
        engines: Engines,
    ) -> DispatchResult {
        let mut worker = Self::worker(&who)?;
        ensure!(engines_are_good(&engines), Error::<T>::BadEngines);
        ensure!(limits.are_good(), Error::<T>::BadLimits);
        worker.price = price;
        worker.limits = limits;
        worker.engines = engines;
        Workers::<T>::insert(&who, worker);
        Self::deposit_event(Event::WorkerUpdated { worker: who });
        Ok(())
    }

    pub(crate) fn do_set_stake(who: AccountOf<T>, stake: BalanceOf<T>) -> DispatchResult {
        let mut worker = Self::worker(&who)?;
        ensure!(stake >= T::Parameters::get().min_stake, Error::<T>::StakeTooLow);
        ensure!(stake >= worker.locked, Error::<T>::StakeLocked);
        if let Some(more) = stake.checked_sub(&worker.stake) {
            T::Currency::hold(&HoldReason::Stake.into(), &who, more)?;
        } else {
            let less = worker.stake.saturating_sub(stake);
            T::Currency::release(&HoldReason::Stake.into(), &who, less, Precision::Exact)?;
        }
        worker.stake = stake;
        Workers::<T>::insert(&who, worker);
        Self::deposit_event(Event::StakeSet { worker: who, stake });
        Ok(())
    }

    pub(crate) fn do_deregister_worker(who: AccountOf<T>) -> DispatchResult {
        let worker = Self::worker(&who)?;
        ensure!(worker.locked.is_zero(), Error::<T>::StakeLocked);
        T::Currency::release(&HoldReason::Stake.into(), &who, worker.stake, Precision::Exact)?;
        Workers::<T>::remove(&who);
        Self::deposit_event(Event::WorkerDeregistered { worker: who });
        Ok(())
    }

    /// The record of a worker.
    pub(crate) fn worker(who: &AccountOf<T>) -> Result<WorkerOf<T>, DispatchError> {
        Workers::<T>::get(who).ok_or_else(|| Error::<T>::WorkerNotFound.into())
    }

    /// The record of a worker with an engagement, which can't have left.
    pub(crate) fn engaged_worker(who: &AccountOf<T>) -> Result<WorkerOf<T>, DispatchError> {
        Workers::<T>::get(who)
            .defensive_proof("a worker with locked stake can't deregister")
            .ok_or_else(|| Error::<T>::WorkerNotFound.into())
    }

    /// Changes what is locked of a worker's stake for a job, and what for; `None` ends it.
    pub(crate) fn engage(
        account: &AccountOf<T>,
        worker: &mut WorkerOf<T>,
        job: JobId,
        now: Option<Engagement<BalanceOf<T>>>,
    ) {
        let before = Engagements::<T>::get(account, job).map(|found| found.locked).unwrap_or_else(Zero::zero);
        let after = now.map(|found| found.locked).unwrap_or_else(Zero::zero);
        worker.locked = worker.locked.defensive_saturating_sub(before).saturating_add(after);
        Engagements::<T>::set(account, job, now);
    }

    /// Whether a pledge for a round of a job can't be drawn any more.
    pub(crate) fn is_spent(job: JobId, round: u32) -> bool {
        Jobs::<T>::get(job).is_none_or(|job| job.round != round || !matches!(job.phase, Phase::Apply { .. }))
    }

    /// Frees the stake of a worker that wasn't drawn.
    pub(crate) fn do_release(account: &AccountOf<T>, job: JobId) -> DispatchResult {
        let engagement = Engagements::<T>::get(account, job).ok_or(Error::<T>::NothingToRelease)?;
        let spent = matches!(engagement.role, Role::Applied { round } if Self::is_spent(job, round));
        ensure!(spent, Error::<T>::NothingToRelease);
        let mut worker = Self::engaged_worker(account)?;
        Self::engage(account, &mut worker, job, None);
        Workers::<T>::insert(account, worker);
        Self::deposit_event(Event::Released { job, worker: account.clone() });
        Ok(())
    }
}

//! Where money goes: from the payer's hold, from a worker's stake, through the pot.

use crate::{
    AccountOf, BalanceOf, Config, Error, Event, HoldReason, JobOf, Pallet, Pot, WorkerOf, types::JobId,
};
use polkadot_sdk::{
    frame_support::{
        ensure,
        storage::with_storage_layer,
        traits::{
            Get,
            fungible::{Mutate, MutateHold},
            tokens::{Fortitude, Precision, Preservation, Restriction},
        },
    },
    sp_runtime::{
        DispatchError, DispatchResult, Saturating,
        traits::{AccountIdConversion, CheckedSub, Zero},
    },
};
use stoa_primitives::registry::AssetId;

/// Who pays workers.
pub(crate) enum Purse {
    /// The payer of the job.
    Hold,
    /// The pot, into which the fallen signers paid.
    Pot,
}

impl<T: Config> Pallet<T> {
    /// Where forfeits go.
    pub fn pot_account() -> AccountOf<T> {
        T::PalletId::get().into_account_truncating()
    }

    /// Moves held money on whoever else has a claim on the account, such as a vote's lock.
    fn move_held(
        reason: HoldReason,
        from: &AccountOf<T>,
        to: &AccountOf<T>,
        amount: BalanceOf<T>,
    ) -> DispatchResult {
        if amount.is_zero() {
            return Ok(());
        }
        T::Currency::transfer_on_hold(
            &reason.into(),
            from,
            to,
            amount,
            Precision::Exact,
            Restriction::Free,
            Fortitude::Force,
        )
        .map(drop)
    }

    /// Pays from what the job holds on its payer.
    pub(crate) fn pay_held(job: &mut JobOf<T>, to: &AccountOf<T>, amount: BalanceOf<T>) -> DispatchResult {
        let held = job.held.checked_sub(&amount).ok_or(Error::<T>::Overflow)?;
        Self::move_held(HoldReason::Job, &job.payer, to, amount)?;
        job.held = held;
        Ok(())
    }

    /// Gives the payer back what is left.
    pub(crate) fn refund(job: &mut JobOf<T>) -> Result<BalanceOf<T>, DispatchError> {
        let rest = core::mem::replace(&mut job.held, Zero::zero());
        T::Currency::release(&HoldReason::Job.into(), &job.payer, rest, Precision::Exact)
    }

    /// Pays a worker for a job.
    pub(crate) fn pay_worker(
        id: JobId,
        job: &mut JobOf<T>,
        purse: &Purse,
        worker: &AccountOf<T>,
        amount: BalanceOf<T>,
    ) -> DispatchResult {
        match purse {
            Purse::Hold => Self::pay_held(job, worker, amount)?,
            Purse::Pot => Self::pay_from_pot(worker, amount)?,
        }
        Self::deposit_event(Event::WorkerPaid { job: id, worker: worker.clone(), amount });
        Ok(())
    }

    /// Pays an asset from the job's hold, by way of the pot's account, whose balance nothing freezes. What can't be paid
    /// stays in the hold and goes back to the payer.
    pub(crate) fn pay_asset(
        id: JobId,
        job: &mut JobOf<T>,
        asset: AssetId,
        amount: BalanceOf<T>,
        pay: impl FnOnce(&AccountOf<T>) -> DispatchResult,
    ) {
        if amount.is_zero() {
            return;
        }
        let pot = Self::pot_account();
        let held = job.held;
        let paid = with_storage_layer(|| {
            Self::pay_held(job, &pot, amount)?;
            pay(&pot)
        });
        Self::deposit_event(if paid.is_ok() {
            Event::AssetPaid { job: id, asset, amount }
        } else {
            job.held = held;
            Event::AssetUnpaid { job: id, asset, amount }
        });
    }

    /// Pays the price of the certificate's rows into the pot.
    pub(crate) fn pay_deposit(job: &mut JobOf<T>) -> DispatchResult {
        let deposit = job.deposit;
        Self::pay_held(job, &Self::pot_account(), deposit)?;
        Pot::<T>::mutate(|pot| *pot = pot.saturating_add(deposit));
        Ok(())
    }

    /// Takes of a worker's locked stake for the pot.
    pub(crate) fn forfeit(
        id: JobId,
        account: &AccountOf<T>,
        worker: &mut WorkerOf<T>,
        amount: BalanceOf<T>,
    ) -> DispatchResult {
        Self::move_held(HoldReason::Stake, account, &Self::pot_account(), amount)?;
        worker.stake = worker.stake.saturating_sub(amount);
        Pot::<T>::mutate(|pot| *pot = pot.saturating_add(amount));
        Self::deposit_event(Event::Forfeited { job: id, worker: account.clone(), amount });
        Ok(())
    }

    /// Pays from the pot.
    pub(crate) fn pay_from_pot(to: &AccountOf<T>, amount: BalanceOf<T>) -> DispatchResult {
        let left = Pot::<T>::get().checked_sub(&amount).ok_or(Error::<T>::PotTooSmall)?;
        if !amount.is_zero() {
            T::Currency::transfer(&Self::pot_account(), to, amount, Preservation::Expendable)?;
        }
        Pot::<T>::put(left);
        Ok(())
    }

    pub(crate) fn do_spend_pot(to: &AccountOf<T>, amount: BalanceOf<T>) -> DispatchResult {
        ensure!(*to != Self::pot_account(), Error::<T>::PotTooSmall);
        Self::pay_from_pot(to, amount)?;
        Self::deposit_event(Event::PotSpent { to: to.clone(), amount });
        Ok(())
    }
}

//! Who holds shares: loading, transfers, approvals and locks.

use crate::{
    Approvals, Config, Error, Event, HoldReason, HolderOf, Holders, Holdings, Pallet, VaultOf, Vaults,
    math::{self, Inflow, Owed, WHOLE},
    types::{Approval, Balance, Batch, DepositFor, Holder, Lock, LockId, Locks, Shares, Vault, count},
};
use polkadot_sdk::{
    frame_support::ensure,
    sp_runtime::{ArithmeticError, DispatchError, DispatchResult},
};
use stoa_primitives::registry::AssetId;

/// What an asset's holders together ever earned.
pub(crate) fn total<AccountId>(vault: &Vault<AccountId>) -> Balance {
    let inflow = Inflow { outside: vault.outside, downstream: vault.downstream };
    math::holders_total(inflow, Owed { absolute: vault.absolute, relative: vault.relative })
}

/// Brings what a holder earned up to date with the holders' total.
pub(crate) fn settle<AccountId>(holder: &mut Holder<AccountId>, total: Balance) -> DispatchResult {
    let growth = total.checked_sub(holder.settled).ok_or(ArithmeticError::Underflow)?;
    let (planks, remainder) = math::earned(holder.shares, growth, holder.remainder);
    holder.accrued = holder.accrued.checked_add(planks).ok_or(ArithmeticError::Overflow)?;
    holder.remainder = remainder;
    holder.settled = total;
    Ok(())
}

impl<T: Config> Pallet<T> {
    /// How many shares of an asset an account holds.
    pub fn shares_of(asset: AssetId, account: &T::AccountId) -> Shares {
        Holders::<T>::get(asset, account).map_or(0, |holder| holder.shares)
    }

    /// Locks shares, so that they can't be transferred until they are unlocked under the same name. A name that is there
    /// already keeps the larger number. Locks overlap: shares may vote in several polls at once.
    pub fn lock_shares(asset: AssetId, account: &T::AccountId, id: LockId, shares: Shares) -> DispatchResult {
        ensure!(shares > 0, Error::<T>::ZeroAmount);
        ensure!(Vaults::<T>::get(asset).is_some_and(|vault| vault.open), Error::<T>::NotOpen);
        Holders::<T>::try_mutate(asset, account, |found| {
            let holder = found.as_mut().ok_or(Error::<T>::NotHolder)?;
            ensure!(shares <= holder.shares, Error::<T>::NotEnoughShares);
            match holder.locks.iter_mut().find(|lock| lock.id == id) {
                Some(lock) => lock.shares = lock.shares.max(shares),
                None => {
                    holder.locks.try_push(Lock { id, shares }).map_err(|_| Error::<T>::TooManyLocks)?;
                }
            }
            Ok(())
        })
    }

    /// Ends a lock.
    pub fn unlock_shares(asset: AssetId, account: &T::AccountId, id: LockId) -> DispatchResult {
        Holders::<T>::try_mutate(asset, account, |found| {
            let holder = found.as_mut().ok_or(Error::<T>::LockNotFound)?;
            let before = holder.locks.len();
            holder.locks.retain(|lock| lock.id != id);
            ensure!(holder.locks.len() < before, Error::<T>::LockNotFound);
            Ok(())
        })
    }

    pub(crate) fn do_load_shares(
        caller: T::AccountId,
        asset: AssetId,
        batch: Batch<T::AccountId>,
    ) -> DispatchResult {
        let mut vault = Self::draft(&caller, asset)?;
        let accounts = count(batch.len());
        for (account, shares) in batch {
            let before = Self::shares_of(asset, &account);
            let others = vault.loaded.checked_sub(before).ok_or(ArithmeticError::Underflow)?;
            vault.loaded = others.checked_add(shares).ok_or(Error::<T>::TooManyShares)?;
            // Those who gain may come before those who lose, so the sum is checked at the end.
            match shares {
                0 => Self::remove_holder(&mut vault, asset, &account)?,
                _ => {
                    let mut holder = Self::holder(&caller, &mut vault, asset, &account, 0)?;
                    holder.shares = shares;
                    Holders::<T>::insert(asset, account, holder);
                }
            }
        }
        ensure!(vault.loaded <= WHOLE, Error::<T>::TooManyShares);

        Self::deposit_event(Event::SharesLoaded { asset, accounts, loaded: vault.loaded });
        Vaults::<T>::insert(asset, vault);
        Ok(())
    }

    pub(crate) fn do_transfer_shares(
        payer: T::AccountId,
        asset: AssetId,
        from: T::AccountId,
        to: T::AccountId,
        shares: Shares,
    ) -> DispatchResult {
        ensure!(shares > 0, Error::<T>::ZeroAmount);
        ensure!(from != to, Error::<T>::SameAccount);
        let mut vault = Self::open_vault(asset)?;
        let total = total(&vault);
        let mut giver = Holders::<T>::get(asset, &from).ok_or(Error::<T>::NotHolder)?;
        let kept = giver.shares.checked_sub(shares).ok_or(Error::<T>::NotEnoughShares)?;
        ensure!(kept >= giver.locked(), Error::<T>::SharesLocked);
        let mut receiver = Self::holder(&payer, &mut vault, asset, &to, total)?;

        settle(&mut giver, total)?;
        settle(&mut receiver, total)?;
        giver.shares = kept;
        receiver.shares = receiver.shares.checked_add(shares).ok_or(ArithmeticError::Overflow)?;
        if giver.shares == 0 {
            // Less than a plank, which could never be claimed without shares.
            let (plank, remainder) = math::joined(giver.remainder, receiver.remainder);
            receiver.accrued = receiver.accrued.checked_add(plank).ok_or(ArithmeticError::Overflow)?;
            (giver.remainder, receiver.remainder) = (0, remainder);
        }
        Holders::<T>::insert(asset, &to, receiver);
        Self::store_holder(&mut vault, asset, &from, giver)?;
        Vaults::<T>::insert(asset, vault);
        Self::deposit_event(Event::SharesTransferred { asset, from, to, shares });
        Ok(())
    }

    pub(crate) fn do_approve(
        holder: T::AccountId,
        asset: AssetId,
        spender: T::AccountId,
        shares: Shares,
    ) -> DispatchResult {
        ensure!(holder != spender, Error::<T>::SameAccount);
        let key = (asset, &holder, &spender);
        let before = Approvals::<T>::get(key);
        if shares == 0 {
            let found = before.ok_or(Error::<T>::NotApproved)?;
            Self::release(HoldReason::Approval, &holder, found.deposit)?;
            Approvals::<T>::remove(key);
        } else {
            Self::open_vault(asset)?;
            let deposit = match before {
                Some(found) => found.deposit,
                None => {
                    let deposit = Self::deposit_for(DepositFor::Approval);
                    Self::hold(HoldReason::Approval, &holder, deposit)?;
                    deposit
                }
            };
            Approvals::<T>::insert(key, Approval { shares, deposit });
        }
        Self::deposit_event(Event::Approved { asset, holder, spender, shares });
        Ok(())
    }

    pub(crate) fn do_transfer_shares_from(
        spender: T::AccountId,
        asset: AssetId,
        from: T::AccountId,
        to: T::AccountId,
        shares: Shares,
    ) -> DispatchResult {
        let key = (asset, &from, &spender);
        let mut found = Approvals::<T>::get(key).ok_or(Error::<T>::NotApproved)?;
        found.shares = found.shares.checked_sub(shares).ok_or(Error::<T>::NotApproved)?;
        if found.shares == 0 {
            Self::release(HoldReason::Approval, &from, found.deposit)?;
            Approvals::<T>::remove(key);
        } else {
            Approvals::<T>::insert(key, found);
        }
        Self::do_transfer_shares(spender, asset, from, to, shares)
    }

    /// The record of a holder; a new one's deposit is held on `payer`.
    pub(crate) fn holder(
        payer: &T::AccountId,
        vault: &mut VaultOf<T>,
        asset: AssetId,
        account: &T::AccountId,
        settled: Balance,
    ) -> Result<HolderOf<T>, DispatchError> {
        if let Some(found) = Holders::<T>::get(asset, account) {
            return Ok(found);
        }
        let deposit = Self::deposit_for(DepositFor::Holder);
        Self::hold(HoldReason::Holder, payer, deposit)?;
        vault.holders = vault.holders.checked_add(1).ok_or(Error::<T>::Overflow)?;
        Holdings::<T>::insert(account, asset, ());
        Ok(Holder {
            shares: 0,
            settled,
            remainder: 0,
            accrued: 0,
            locks: Locks::default(),
            depositor: payer.clone(),
            deposit,
        })
    }

    /// Stores a holder's record, or removes it when nothing is left in it.
    pub(crate) fn store_holder(
        vault: &mut VaultOf<T>,
        asset: AssetId,
        account: &T::AccountId,
        holder: HolderOf<T>,
    ) -> DispatchResult {
        let spent = holder.is_spent();
        Holders::<T>::insert(asset, account, holder);
        if spent { Self::remove_holder(vault, asset, account) } else { Ok(()) }
    }

    /// Removes a holder's record, if there is one, and returns the deposit.
    fn remove_holder(vault: &mut VaultOf<T>, asset: AssetId, account: &T::AccountId) -> DispatchResult {
        let Some(holder) = Holders::<T>::take(asset, account) else { return Ok(()) };
        Self::release(HoldReason::Holder, &holder.depositor, holder.deposit)?;
        vault.holders = vault.holders.checked_sub(1).ok_or(ArithmeticError::Underflow)?;
        Holdings::<T>::remove(account, asset);
        Ok(())
    }
}

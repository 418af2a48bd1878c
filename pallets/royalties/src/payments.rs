//! Vaults: opening them, paying into them, and paying out of them.

use crate::{
    Config, CreditOf, Descendants, Error, Event, HoldReason, Holders, Pallet, Upstreams, VaultOf, Vaults,
    math::{self, Inflow, Owed, WHOLE},
    shares::{settle, total},
    traits::Registry,
    types::{Balance, DepositFor, Parts, Reason, Vault, count},
};
use polkadot_sdk::{
    frame_support::{
        ensure,
        storage::with_storage_layer,
        traits::{
            Get, Imbalance,
            fungible::{Balanced, Inspect, Mutate, MutateHold},
            tokens::{DepositConsequence, Fortitude, Precision, Preservation, Provenance, Restriction},
        },
    },
    sp_runtime::{ArithmeticError, DispatchError, DispatchResult, traits::AccountIdConversion},
};
use stoa_primitives::registry::AssetId;

/// What a vault ever received.
pub(crate) fn inflow<AccountId>(vault: &Vault<AccountId>) -> Inflow {
    Inflow { outside: vault.outside, downstream: vault.downstream }
}

/// What a vault's asset owes upstream.
pub(crate) fn owed<AccountId>(vault: &Vault<AccountId>) -> Owed {
    Owed { absolute: vault.absolute, relative: vault.relative }
}

impl<T: Config> Pallet<T> {
    /// The account that holds what vaults have.
    pub fn account() -> T::AccountId {
        T::PalletId::get().into_account_truncating()
    }

    /// Whether an asset is open: its holders can be paid, and others can be built on it.
    pub fn is_open(asset: AssetId) -> bool {
        Vaults::<T>::get(asset).is_some_and(|vault| vault.open)
    }

    /// Fails unless an asset is open and not taken down, and so can be sold.
    pub fn ensure_payable(asset: AssetId) -> DispatchResult {
        Self::open_vault(asset)?;
        ensure!(!T::Registry::is_taken_down(asset), Error::<T>::TakenDown);
        Ok(())
    }

    /// Pays an asset from an account, which is kept alive. Refuses what was taken down.
    pub fn pay_from(payer: &T::AccountId, asset: AssetId, amount: Balance, reason: Reason) -> DispatchResult {
        ensure!(!T::Registry::is_taken_down(asset), Error::<T>::TakenDown);
        with_storage_layer(|| {
            Self::receive(Some(payer.clone()), asset, amount, reason)?;
            T::Currency::transfer(payer, &Self::account(), amount, Preservation::Preserve).map(|_| ())
        })
    }

    /// Pays an asset from what is held on an account. The asset may have been taken down since it was set aside.
    pub fn pay_from_hold(
        held: &T::RuntimeHoldReason,
        payer: &T::AccountId,
        asset: AssetId,
        amount: Balance,
        reason: Reason,
    ) -> DispatchResult {
        with_storage_layer(|| {
            Self::receive(Some(payer.clone()), asset, amount, reason)?;
            T::Currency::transfer_on_hold(
                held,
                payer,
                &Self::account(),
                amount,
                Precision::Exact,
                Restriction::Free,
                Fortitude::Polite,
            )
            .map(|_| ())
        })
    }

    /// Pays an asset with money that is on its way, and gives it back where that isn't possible. The asset may have been
    /// taken down since it was set aside.
    pub fn pay_credit(
        credit: CreditOf<T>,
        asset: AssetId,
        reason: Reason,
    ) -> Result<(), (CreditOf<T>, DispatchError)> {
        let amount = credit.peek();
        let account = Self::account();
        // What `resolve` asks, before anything is written.
        let consequence = T::Currency::can_deposit(&account, amount, Provenance::Extant);
        if let Err(error) = consequence.into_result() {
            return Err((credit, error));
        }
        if let Err(error) = Self::receive(None, asset, amount, reason) {
            return Err((credit, error));
        }
        T::Currency::resolve(&account, credit).map_err(|credit| (credit, DispatchError::Unavailable))
    }

    /// Books a payment, which the caller moves.
    fn receive(
        payer: Option<T::AccountId>,
        asset: AssetId,
        amount: Balance,
        reason: Reason,
    ) -> DispatchResult {
        ensure!(amount > 0, Error::<T>::ZeroAmount);
        let mut vault = Self::open_vault(asset)?;
        vault.outside = vault.outside.checked_add(amount).ok_or(Error::<T>::Overflow)?;
        Vaults::<T>::insert(asset, vault);
        Self::deposit_event(Event::Paid { asset, payer, amount, reason });
        Ok(())
    }

    pub(crate) fn do_open(
        caller: T::AccountId,
        asset: AssetId,
        rest: Option<T::AccountId>,
    ) -> DispatchResult {
        let mut vault = Self::draft(&caller, asset)?;
        ensure!(!T::Registry::is_taken_down(asset), Error::<T>::TakenDown);
        let left = WHOLE.checked_sub(vault.loaded).ok_or(ArithmeticError::Underflow)?;
        if left > 0 {
            let account = rest.ok_or(Error::<T>::SharesIncomplete)?;
            let mut holder = Self::holder(&caller, &mut vault, asset, &account, 0)?;
            holder.shares = holder.shares.checked_add(left).ok_or(ArithmeticError::Overflow)?;
            Holders::<T>::insert(asset, account, holder);
        }
        let stack = Upstreams::<T>::get(asset).stack;
        let each = Self::deposit_for(DepositFor::Ancestor);
        let deposit = each.saturating_mul(count(stack.len()).into()).saturating_add(vault.deposit);
        Self::release(HoldReason::Vault, &vault.depositor, vault.deposit)?;
        Self::hold(HoldReason::Vault, &caller, deposit)?;
        for entry in stack {
            Descendants::<T>::insert(entry.asset, asset, ());
        }

        (vault.depositor, vault.deposit) = (caller, deposit);
        vault.loaded = WHOLE;
        vault.open = true;
        Vaults::<T>::insert(asset, vault);
        Self::deposit_event(Event::Opened { asset });
        Ok(())
    }

    pub(crate) fn do_discard(caller: T::AccountId, asset: AssetId) -> DispatchResult {
        Self::ensure_owner(&caller, asset)?;
        let vault = Vaults::<T>::get(asset).ok_or(Error::<T>::NotOpen)?;
        ensure!(!vault.open, Error::<T>::AlreadyOpen);
        let unlinked = Upstreams::<T>::get(asset).parents.is_empty();
        ensure!(vault.holders == 0 && unlinked, Error::<T>::NotEmpty);

        Self::release(HoldReason::Vault, &vault.depositor, vault.deposit)?;
        Vaults::<T>::remove(asset);
        Upstreams::<T>::remove(asset);
        Self::deposit_event(Event::Discarded { asset });
        Ok(())
    }

    /// Hands ancestors what they are owed, and says how many an asset has.
    pub(crate) fn do_distribute(asset: AssetId) -> Result<u32, DispatchError> {
        let mut vault = Self::open_vault(asset)?;
        let mut upstream = Upstreams::<T>::get(asset);
        let (inflow, owed, before) = (inflow(&vault), owed(&vault), vault.forwarded);
        for entry in &mut upstream.stack {
            let ever = math::owed_to(inflow, owed, entry.terms);
            let amount = ever.checked_sub(entry.forwarded).ok_or(ArithmeticError::Underflow)?;
            if amount == 0 {
                continue;
            }
            entry.forwarded = ever;
            vault.forwarded = vault.forwarded.checked_add(amount).ok_or(Error::<T>::Overflow)?;
            let mut above = Self::open_vault(entry.asset)?;
            above.downstream = above.downstream.checked_add(amount).ok_or(Error::<T>::Overflow)?;
            Vaults::<T>::insert(entry.asset, above);
            Self::deposit_event(Event::Forwarded { asset, ancestor: entry.asset, amount });
        }
        ensure!(vault.forwarded > before, Error::<T>::NothingToDistribute);
        let ancestors = count(upstream.stack.len());
        Vaults::<T>::insert(asset, vault);
        Upstreams::<T>::insert(asset, upstream);
        Ok(ancestors)
    }

    pub(crate) fn do_claim(asset: AssetId, account: T::AccountId) -> DispatchResult {
        let mut vault = Self::open_vault(asset)?;
        let mut holder = Holders::<T>::get(asset, &account).ok_or(Error::<T>::NotHolder)?;
        settle(&mut holder, total(&vault))?;
        let amount = holder.accrued;
        ensure!(amount > 0, Error::<T>::NothingToClaim);

        if T::Currency::can_deposit(&account, amount, Provenance::Extant) == DepositConsequence::BelowMinimum
        {
            Holders::<T>::insert(asset, &account, holder);
            Self::deposit_event(Event::PayoutWaits { asset, account, amount });
            return Ok(());
        }
        holder.accrued = 0;
        vault.claimed = vault.claimed.checked_add(amount).ok_or(Error::<T>::Overflow)?;
        Self::store_holder(&mut vault, asset, &account, holder)?;
        Vaults::<T>::insert(asset, vault);
        T::Currency::transfer(&Self::account(), &account, amount, Preservation::Preserve)?;
        Self::deposit_event(Event::Claimed { asset, account, amount });
        Ok(())
    }

    /// The vault of an asset that is open.
    pub(crate) fn open_vault(asset: AssetId) -> Result<VaultOf<T>, Error<T>> {
        Vaults::<T>::get(asset).filter(|vault| vault.open).ok_or(Error::<T>::NotOpen)
    }

    /// The vault of an asset that its owner, the caller, hasn't opened; a new one's deposit is held on the caller.
    pub(crate) fn draft(caller: &T::AccountId, asset: AssetId) -> Result<VaultOf<T>, DispatchError> {
        Self::ensure_owner(caller, asset)?;
        if let Some(vault) = Vaults::<T>::get(asset) {
            ensure!(!vault.open, Error::<T>::AlreadyOpen);
            return Ok(vault);
        }
        let deposit = Self::deposit_for(DepositFor::Vault);
        Self::hold(HoldReason::Vault, caller, deposit)?;
        Ok(Vault {
            open: false,
            outside: 0,
            downstream: 0,
            forwarded: 0,
            claimed: 0,
            absolute: Parts(0),
            relative: Parts(0),
            loaded: 0,
            holders: 0,
            offer: None,
            depositor: caller.clone(),
            deposit,
        })
    }

    pub(crate) fn ensure_owner(caller: &T::AccountId, asset: AssetId) -> DispatchResult {
        let owner = T::Registry::owner(asset).ok_or(Error::<T>::AssetNotFound)?;
        ensure!(owner == *caller, Error::<T>::NotOwner);
        Ok(())
    }
}

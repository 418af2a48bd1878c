//! Providers: registration, stake, jail.

use crate::{
    Config, Contacts, Error, Event, GraceSpent, HoldReason, Pallet, Providers,
    liability::{Liability, Standing},
    params::{Parameters, per_leaf, required_stake},
    phases::Phase,
    types::{Balance, Contact, Fault, Leaves, Provider},
};
use polkadot_sdk::{
    frame_support::{
        ensure,
        traits::{
            OnUnbalanced,
            fungible::{Balanced, BalancedHold, MutateHold},
            tokens::{Imbalance, Precision},
        },
    },
    sp_runtime::{DispatchError, DispatchResult, traits::Zero},
};
use stoa_primitives::LEAF_SIZE;

impl<T: Config> Pallet<T> {
    /// A price per leaf from one per GiB, if it is within the governed limits.
    pub(crate) fn leaf_price(per_gib: Balance, parameters: &Parameters) -> Result<Balance, DispatchError> {
        ensure!(per_gib >= parameters.min_price, Error::<T>::PriceTooLow);
        ensure!(per_gib <= parameters.max_price, Error::<T>::PriceTooHigh);
        Ok(per_leaf(per_gib))
    }

    pub(crate) fn do_register_provider(
        who: T::AccountId,
        contact: Contact,
        price: Balance,
        capacity: u64,
    ) -> DispatchResult {
        let parameters = Self::parameters();
        ensure!(!Providers::<T>::contains_key(&who), Error::<T>::AlreadyRegistered);
        ensure!(!contact.peer_id.is_empty(), Error::<T>::NoPeerId);
        let price = Self::leaf_price(price, &parameters)?;
        let capacity: Leaves = capacity / LEAF_SIZE;
        ensure!(capacity > 0, Error::<T>::CapacityTooLow);
        let stake = required_stake(capacity, parameters.stake_per_gib).ok_or(Error::<T>::Overflow)?;

        T::Currency::hold(&HoldReason::Stake.into(), &who, stake)?;
        let deposit = parameters.provider_deposit;
        T::Currency::hold(&HoldReason::ProviderDeposit.into(), &who, deposit)?;
        let grace = GraceSpent::<T>::take(&who).is_none();
        let provider = Provider {
            price,
            next_price: None,
            capacity,
            stake,
            debt: 0,
            deposit,
            leaves: 0,
            slots: 0,
            proven: 0,
            liability: Liability::new(&Self::phase_of(&who), grace),
        };
        Providers::<T>::insert(&who, provider);
        Contacts::<T>::insert(&who, contact);
        Self::deposit_event(Event::ProviderRegistered { provider: who, price, capacity });
        Ok(())
    }

    pub(crate) fn do_update_provider(
        who: T::AccountId,
        contact: Option<Contact>,
        price: Option<Balance>,
        capacity: Option<u64>,
    ) -> DispatchResult {
        let parameters = Self::parameters();
        let (mut provider, phase, _) = Self::settled(&who, None)?;
        if let Some(price) = price {
            let price = Self::leaf_price(price, &parameters)?;
            let current = provider.price_at(phase.window);
            provider.price = current.min(price);
            let next = phase.window.checked_add(1).ok_or(Error::<T>::Overflow)?;
            provider.next_price = (price > current).then_some((next, price));
        }
        if let Some(capacity) = capacity {
            let capacity: Leaves = capacity / LEAF_SIZE;
            ensure!(capacity > 0 && capacity >= provider.leaves, Error::<T>::CapacityTooLow);
            let grows = capacity > provider.capacity;
            let short = provider.is_short_for(capacity, parameters.stake_per_gib);
            ensure!(!(grows && short), Error::<T>::StakeTooLow);
            provider.capacity = capacity;
        }
        if let Some(contact) = contact {
            ensure!(!contact.peer_id.is_empty(), Error::<T>::NoPeerId);
            Contacts::<T>::insert(&who, contact);
        }

        Providers::<T>::insert(&who, provider);
        Self::deposit_event(Event::ProviderUpdated { provider: who });
        Ok(())
    }

    pub(crate) fn do_add_stake(who: T::AccountId, amount: Balance) -> DispatchResult {
        let (mut provider, phase, _) = Self::settled(&who, None)?;

        T::Currency::hold(&HoldReason::Stake.into(), &who, amount)?;
        provider.stake = provider.stake.checked_add(amount).ok_or(Error::<T>::Overflow)?;
        let short = provider.is_short_for(provider.leaves, phase.terms.stake_per_gib);
        provider.liability.note_stake(short, &phase);
        Self::deposit_event(Event::StakeChanged { provider: who.clone(), stake: provider.stake });
        Providers::<T>::insert(&who, provider);
        Ok(())
    }

    pub(crate) fn do_withdraw_stake(who: T::AccountId, amount: Balance) -> DispatchResult {
        let parameters = Self::parameters();
        let (mut provider, phase, _) = Self::settled(&who, None)?;
        ensure!(provider.liability.standing == Standing::Active, Error::<T>::Jailed);
        ensure!(provider.gate_is_open(&phase), Error::<T>::GateClosed);
        provider.stake = provider.stake.checked_sub(amount).ok_or(Error::<T>::StakeTooLow)?;
        let short = provider.is_short_for(provider.capacity, parameters.stake_per_gib);
        ensure!(!short, Error::<T>::StakeTooLow);

        T::Currency::release(&HoldReason::Stake.into(), &who, amount, Precision::Exact)?;
        Self::deposit_event(Event::StakeChanged { provider: who.clone(), stake: provider.stake });
        Providers::<T>::insert(&who, provider);
        Ok(())
    }

    pub(crate) fn do_deregister(who: T::AccountId) -> DispatchResult {
        let (provider, ..) = Self::settled(&who, None)?;
        ensure!(provider.slots == 0, Error::<T>::SetNotEmpty);

        T::Currency::release(&HoldReason::Stake.into(), &who, provider.stake, Precision::Exact)?;
        let deposit = HoldReason::ProviderDeposit.into();
        T::Currency::release(&deposit, &who, provider.deposit, Precision::Exact)?;
        if !provider.liability.grace {
            // Registering again must not make the next fault free.
            GraceSpent::<T>::insert(&who, ());
        }
        Providers::<T>::remove(&who);
        Contacts::<T>::remove(&who);
        Self::deposit_event(Event::ProviderDeregistered { provider: who });
        Ok(())
    }

    pub(crate) fn do_unjail(who: T::AccountId) -> DispatchResult {
        let (mut provider, phase, _) = Self::settled(&who, None)?;
        let empty = provider.slots == 0;
        let jailed = match provider.liability.standing {
            Standing::Active => false,
            Standing::Jailed { .. } => true,
            Standing::Probation { .. } => empty,
        };
        ensure!(jailed, Error::<T>::NotJailed);
        let parameters = Self::parameters();
        let short = provider.is_short_for(provider.leaves, parameters.stake_per_gib);
        ensure!(!short, Error::<T>::StakeTooLow);

        provider.liability.release(&phase, empty);
        Providers::<T>::insert(&who, provider);
        Self::deposit_event(Event::Unjailed { provider: who });
        Ok(())
    }

    pub(crate) fn do_report_fault(reporter: T::AccountId, who: T::AccountId) -> DispatchResult {
        // Whoever reports itself gets nothing of what it loses.
        let paid = (reporter != who).then_some(&reporter);
        let (provider, _, fault) = Self::settled(&who, paid)?;
        ensure!(fault.is_any(), Error::<T>::NothingToReport);

        Providers::<T>::insert(&who, provider);
        Ok(())
    }

    /// A provider as of now, with what it owes taken from its stake. The caller saves the record.
    pub(crate) fn settled(
        who: &T::AccountId,
        reporter: Option<&T::AccountId>,
    ) -> Result<(Provider, Phase, Fault), DispatchError> {
        let (mut provider, phase) = Self::provider(who).ok_or(Error::<T>::ProviderNotFound)?;
        let fault = provider.catch_up(&phase);
        Self::note_fault(who, &fault);
        Self::collect(who, &mut provider, reporter.map(|reporter| (reporter, fault.fine)));
        Ok((provider, phase, fault))
    }

    pub(crate) fn note_fault(who: &T::AccountId, fault: &Fault) {
        if fault.is_any() {
            let Fault { missed, fine, jailed } = *fault;
            Self::deposit_event(Event::Faulted { provider: who.clone(), missed, fine, jailed });
        }
    }

    /// Takes the debt from the stake: of a reported fine the reporter's share, all the rest for the treasury.
    pub(crate) fn collect(
        who: &T::AccountId,
        provider: &mut Provider,
        reported: Option<(&T::AccountId, Balance)>,
    ) {
        if provider.debt.is_zero() {
            return;
        }
        let (mut credit, _) = T::Currency::slash(&HoldReason::Stake.into(), who, provider.debt);
        let amount = credit.peek();
        provider.stake = provider.stake.saturating_sub(amount);
        provider.debt = 0;
        let mut reward = 0;
        if let Some((reporter, fine)) = reported {
            reward = Self::parameters().reporter_share.mul_floor(fine.min(amount));
            let share = credit.extract(reward);
            // An account that can't be paid leaves its share to the treasury.
            if let Err(share) = T::Currency::resolve(reporter, share) {
                reward = 0;
                credit.subsume(share);
            }
        }
        T::Treasury::on_unbalanced(credit);
        let reporter = reported.filter(|_| reward > 0).map(|(reporter, _)| reporter.clone());
        Self::deposit_event(Event::Slashed { provider: who.clone(), amount, reporter, reward });
    }
}

//! What `pallet-session` asks: who validates, and who of them doesn't for now.

use crate::{Config, Members, Offenders, Pallet};
use alloc::vec::Vec;
use pallet_session::{
    NextKeys, QueuedKeys, Validators,
    historical::{Pallet as Historical, SessionManager as HistoricalSessionManager, StoredRange},
};
use polkadot_sdk::{
    frame_support::traits::{DisabledValidators, Get},
    sp_staking::SessionIndex,
};

/// How many of a set may be disabled: fewer than a third, so that blocks go on being made and made final.
pub fn disabling_limit(validators: usize) -> usize {
    validators.saturating_sub(1).checked_div(3).unwrap_or(0)
}

impl<T: Config> Pallet<T> {
    /// The members with keys, unless the session that has just started has the same ones with the same keys.
    fn plan() -> Option<Vec<T::AccountId>> {
        Self::remove_offenders();
        let keyed = |account: T::AccountId| NextKeys::<T>::get(&account).map(|keys| (account, keys));
        let planned: Vec<_> =
            Members::<T>::get().into_iter().filter_map(|member| keyed(member.account)).collect();
        let is_planned = |who: &T::AccountId| planned.iter().any(|(account, _)| account == who);
        let validators = Validators::<T>::get();
        Offenders::<T>::mutate(|offenders| {
            offenders.retain(|who| validators.contains(who) || is_planned(who) || Self::is_member(who));
        });
        // `pallet-session` queues the new set only after this, so these are the keys of the session just started.
        let unchanged = planned.is_empty() || planned == QueuedKeys::<T>::get();
        (!unchanged).then(|| planned.into_iter().map(|(account, _)| account).collect())
    }

    /// Disables the validators that offended, up to the limit, the first to offend first.
    pub(crate) fn disable_offenders() {
        let offenders = Offenders::<T>::get();
        if offenders.is_empty() {
            return;
        }
        let validators = Validators::<T>::get();
        let limit = disabling_limit(validators.len());
        let mut disabled = <pallet_session::Pallet<T> as DisabledValidators>::disabled_validators();
        for offender in offenders {
            if disabled.len() >= limit {
                break;
            }
            let Some((_, index)) = validators.iter().zip(0_u32..).find(|(who, _)| **who == offender) else {
                continue;
            };
            if !disabled.contains(&index) && pallet_session::Pallet::<T>::disable_index(index) {
                disabled.push(index);
            }
        }
    }

    /// Forgets the roots of sessions that are too old for a report.
    fn prune_history(session: SessionIndex) {
        let oldest = session.saturating_sub(T::ReportingSessions::get());
        if StoredRange::<T>::get().is_some_and(|(first, _)| first < oldest) {
            Historical::<T>::prune_up_to(oldest);
        }
    }

    /// The members, who must all have keys.
    fn genesis_validators() -> Option<Vec<T::AccountId>> {
        let members: Vec<_> = Members::<T>::get().into_iter().map(|member| member.account).collect();
        if members.is_empty() {
            assert!(
                NextKeys::<T>::iter_keys().next().is_none(),
                "validatorSet.validators must name the validators whose keys session.keys has",
            );
            return None;
        }
        assert!(
            members.iter().all(Self::has_keys),
            "validatorSet.validators names an account that has no keys in session.keys",
        );
        Some(members)
    }
}

impl<T: Config> pallet_session::SessionManager<T::AccountId> for Pallet<T> {
    fn new_session(_: SessionIndex) -> Option<Vec<T::AccountId>> {
        Self::plan()
    }

    fn new_session_genesis(_: SessionIndex) -> Option<Vec<T::AccountId>> {
        Self::genesis_validators()
    }

    fn start_session(session: SessionIndex) {
        Self::disable_offenders();
        Self::prune_history(session);
    }

    fn end_session(_: SessionIndex) {}
}

/// A validator is identified by its account alone: nothing is staked behind it.
fn identified<AccountId>(validators: Vec<AccountId>) -> Vec<(AccountId, ())> {
    validators.into_iter().map(|validator| (validator, ())).collect()
}

impl<T: Config> HistoricalSessionManager<T::AccountId, ()> for Pallet<T> {
    fn new_session(_: SessionIndex) -> Option<Vec<(T::AccountId, ())>> {
        Self::plan().map(identified)
    }

    fn new_session_genesis(_: SessionIndex) -> Option<Vec<(T::AccountId, ())>> {
        Self::genesis_validators().map(identified)
    }

    fn start_session(session: SessionIndex) {
        <Self as pallet_session::SessionManager<_>>::start_session(session);
    }

    fn end_session(session: SessionIndex) {
        <Self as pallet_session::SessionManager<_>>::end_session(session);
    }
}

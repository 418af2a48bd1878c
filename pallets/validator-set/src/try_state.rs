//! Everything that must hold, one named check for each concern.

use crate::{
    Config, Members, MinimumSize, NextOffence, OffenceNumbers, Offences, Offenders, Pallet, disabling_limit,
};
use alloc::{collections::BTreeSet, vec::Vec};
use codec::Encode;
use polkadot_sdk::{
    frame_support::{ensure, traits::Get},
    sp_runtime::TryRuntimeError,
};

type Check = Result<(), TryRuntimeError>;

/// Whether no two of the items are the same.
fn all_differ<Item: Encode>(items: &[Item]) -> bool {
    items.iter().map(Encode::encode).collect::<BTreeSet<_>>().len() == items.len()
}

impl<T: Config> Pallet<T> {
    /// Every check, over the whole state.
    pub(crate) fn do_try_state() -> Check {
        Self::check_members()?;
        Self::check_offenders()?;
        Self::check_disabled()?;
        Self::check_history()
    }

    /// There are enough members, each once, and none from the future.
    fn check_members() -> Check {
        let members = Members::<T>::get();
        let accounts: Vec<_> = members.iter().map(|member| &member.account).collect();
        ensure!(all_differ(&accounts), "members: one is there twice");
        ensure!(MinimumSize::<T>::get() > 0, "members: the minimum is zero");
        let enough = u32::try_from(members.len()).is_ok_and(|size| size >= MinimumSize::<T>::get());
        // A chain without any validators is one that tests build.
        ensure!(enough || Self::validators().is_empty(), "members: fewer than the minimum");
        let now = pallet_session::Pallet::<T>::current_index();
        ensure!(members.iter().all(|member| member.since <= now), "members: one was added in the future");
        Ok(())
    }

    /// Each offender is a member or was in a set when this session began, once each.
    fn check_offenders() -> Check {
        let offenders = Offenders::<T>::get();
        ensure!(all_differ(&offenders), "offenders: one is there twice");
        // One that had lost its keys is forgotten when the next session is planned.
        let known = |who| Self::is_member(who) || Self::is_in_a_set(who) || !Self::has_keys(who);
        ensure!(offenders.iter().all(known), "offenders: one has left long ago");
        Ok(())
    }

    /// Fewer than a third are disabled, and offenders only.
    fn check_disabled() -> Check {
        let disabled = Self::disabled();
        ensure!(
            disabled.len() <= disabling_limit(Self::validators().len()),
            "disabled: a third of the validators or more"
        );
        let offenders = Offenders::<T>::get();
        ensure!(
            disabled.iter().all(|validator| offenders.contains(validator)),
            "disabled: one that hasn't offended"
        );
        Ok(())
    }

    /// The newest offences are there, and found by session and validator.
    fn check_history() -> Check {
        let next = NextOffence::<T>::get();
        let oldest = next.saturating_sub(T::MaxOffences::get().into());
        for number in oldest..next {
            let found = Offences::<T>::get(number).ok_or("offences: one is missing")?;
            ensure!(
                OffenceNumbers::<T>::get(found.session, found.validator) == Some(number),
                "offences: one isn't found by session and validator"
            );
        }
        let kept = usize::try_from(next.saturating_sub(oldest)).ok();
        ensure!(Some(Offences::<T>::iter_keys().count()) == kept, "offences: one too many");
        ensure!(Some(OffenceNumbers::<T>::iter_keys().count()) == kept, "offences: a number without one");
        Ok(())
    }
}

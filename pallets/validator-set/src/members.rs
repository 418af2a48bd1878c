//! Who is to validate: the calls of the admin, and the removal of offenders.

use crate::{
    Config, Error, Event, Members, MinimumSize, Offenders, Pallet,
    types::{Member, MemberInfo, SetLimits},
};
use alloc::vec::Vec;
use pallet_session::{NextKeys, QueuedKeys, SessionInterface, Validators};
use polkadot_sdk::{
    frame_support::{
        BoundedVec, ensure,
        traits::{DisabledValidators, Get},
    },
    sp_runtime::{DispatchResult, traits::UniqueSaturatedInto},
};

type MembersOf<T> =
    BoundedVec<Member<<T as polkadot_sdk::frame_system::Config>::AccountId>, <T as Config>::MaxValidators>;

impl<T: Config> Pallet<T> {
    pub(crate) fn do_add(who: T::AccountId) -> DispatchResult {
        let mut members = Members::<T>::get();
        ensure!(!members.iter().any(|member| member.account == who), Error::<T>::AlreadyMember);
        ensure!(Self::has_keys(&who), Error::<T>::NoSessionKeys);
        ensure!(!Self::is_in_a_set(&who), Error::<T>::StillInSet);

        let since = pallet_session::Pallet::<T>::current_index();
        members.try_push(Member { account: who.clone(), since }).map_err(|_| Error::<T>::TooManyMembers)?;
        Members::<T>::put(members);
        Self::deposit_event(Event::ValidatorAdded { validator: who });
        Self::remove_offenders();
        Ok(())
    }

    pub(crate) fn do_remove(who: T::AccountId) -> DispatchResult {
        let mut members = Members::<T>::get();
        ensure!(members.iter().any(|member| member.account == who), Error::<T>::NotMember);
        members.retain(|member| member.account != who);
        ensure!(Self::ready(&members) >= MinimumSize::<T>::get(), Error::<T>::TooFewMembers);

        Members::<T>::put(members);
        Self::deposit_event(Event::ValidatorRemoved { validator: who });
        Ok(())
    }

    pub(crate) fn do_set_minimum_size(size: u32) -> DispatchResult {
        let ready = Self::ready(&Members::<T>::get());
        ensure!(size > 0 && size <= ready, Error::<T>::BadMinimum);

        MinimumSize::<T>::put(size);
        Self::deposit_event(Event::MinimumSizeSet { size });
        Self::remove_offenders();
        Ok(())
    }

    pub(crate) fn do_release_keys(who: T::AccountId) -> DispatchResult {
        ensure!(!Self::is_member(&who), Error::<T>::AlreadyMember);
        ensure!(!Self::is_in_a_set(&who), Error::<T>::StillInSet);
        ensure!(Self::has_keys(&who), Error::<T>::NoSessionKeys);

        <pallet_session::Pallet<T> as SessionInterface>::purge_keys(&who)?;
        Self::deposit_event(Event::KeysReleased { account: who });
        Ok(())
    }

    /// Removes members that offended, for as long as enough others remain.
    pub(crate) fn remove_offenders() {
        let offenders = Offenders::<T>::get();
        if offenders.is_empty() {
            return;
        }
        let minimum = MinimumSize::<T>::get();
        let mut members = Members::<T>::get();
        let mut ready = Self::ready(&members);
        for offender in offenders {
            if !members.iter().any(|member| member.account == offender) {
                continue;
            }
            let others = ready.saturating_sub(Self::has_keys(&offender).into());
            if others >= minimum {
                ready = others;
                members.retain(|member| member.account != offender);
                Self::deposit_event(Event::OffenderRemoved { validator: offender });
            }
        }
        Members::<T>::put(members);
    }

    /// How many of the members have keys.
    pub(crate) fn ready(members: &MembersOf<T>) -> u32 {
        let ready = members.iter().filter(|member| Self::has_keys(&member.account));
        ready.count().unique_saturated_into()
    }

    pub(crate) fn has_keys(who: &T::AccountId) -> bool {
        NextKeys::<T>::contains_key(who)
    }

    pub(crate) fn is_member(who: &T::AccountId) -> bool {
        Members::<T>::get().iter().any(|member| member.account == *who)
    }

    /// Whether it is in the set of this session or the next.
    pub(crate) fn is_in_a_set(who: &T::AccountId) -> bool {
        Validators::<T>::get().contains(who) || QueuedKeys::<T>::get().iter().any(|(queued, _)| queued == who)
    }

    pub(crate) fn member_infos() -> Vec<MemberInfo<T::AccountId>> {
        let offenders = Offenders::<T>::get();
        let info = |member: Member<T::AccountId>| MemberInfo {
            has_keys: Self::has_keys(&member.account),
            offended: offenders.contains(&member.account),
            account: member.account,
            since: member.since,
        };
        Members::<T>::get().into_iter().map(info).collect()
    }

    pub(crate) fn disabled_accounts() -> Vec<T::AccountId> {
        let disabled = <pallet_session::Pallet<T> as DisabledValidators>::disabled_validators();
        let validators = Validators::<T>::get().into_iter().zip(0_u32..);
        validators.filter(|(_, index)| disabled.contains(index)).map(|(validator, _)| validator).collect()
    }

    pub(crate) fn set_limits() -> SetLimits {
        SetLimits {
            minimum: MinimumSize::<T>::get(),
            maximum: T::MaxValidators::get(),
            disabled: crate::disabling_limit(Validators::<T>::get().len()).unique_saturated_into(),
        }
    }
}

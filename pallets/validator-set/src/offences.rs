//! What happens to a validator that equivocated.

use crate::{
    Config, Event, Members, NextOffence, OffenceNumbers, Offences, Offenders, Pallet, WeightInfo,
    runtime_api::MAX_PAGE,
    types::{OffenceInfo, OffenceRecord},
};
use alloc::vec::Vec;
use polkadot_sdk::{
    frame_support::{defensive, dispatch::DispatchClass, traits::Get, weights::Weight},
    frame_system::{self, pallet_prelude::BlockNumberFor},
    sp_runtime::{Perbill, traits::UniqueSaturatedInto},
    sp_staking::{
        SessionIndex,
        offence::{OffenceDetails, OnOffenceHandler},
    },
};

impl<T: Config, Identification> OnOffenceHandler<T::AccountId, (T::AccountId, Identification), Weight>
    for Pallet<T>
{
    // Reports of one slot come together, old ones again with a new one: whatever is done here may be done twice.
    fn on_offence(
        offenders: &[OffenceDetails<T::AccountId, (T::AccountId, Identification)>],
        severities: &[Perbill],
        session: SessionIndex,
    ) -> Weight {
        for (details, severity) in offenders.iter().zip(severities) {
            let (validator, _) = &details.offender;
            let punished = Self::is_punishable(validator, session);
            Self::note(validator, session, *severity, details.reporters.first(), punished);
            if punished {
                Self::punish(validator);
            }
        }
        Self::disable_offenders();
        let reports: u64 = offenders.len().unique_saturated_into();
        let weight = <T as Config>::WeightInfo::on_offence().saturating_mul(reports);
        // `pallet-offences` drops the weight that it is told, and reports are paid for without it.
        frame_system::Pallet::<T>::register_extra_weight_unchecked(weight, DispatchClass::Normal);
        weight
    }
}

impl<T: Config> Pallet<T> {
    /// Whether it can still do harm, and wasn't added after the offence by those who may pardon it.
    fn is_punishable(who: &T::AccountId, session: SessionIndex) -> bool {
        let members = Members::<T>::get();
        match members.iter().find(|member| member.account == *who) {
            Some(member) => member.since <= session,
            None => Self::is_in_a_set(who),
        }
    }

    /// Queues it for removal, which comes at once if the minimum allows it.
    fn punish(who: &T::AccountId) {
        let mut offenders = Offenders::<T>::get();
        if offenders.contains(who) {
            return;
        }
        if offenders.try_push(who.clone()).is_err() {
            defensive!("offenders are members or in one of two sets, and there is room for all of these");
            return;
        }
        Offenders::<T>::put(offenders);
        Self::remove_offenders();
        if Self::is_member(who) {
            Self::deposit_event(Event::OffenderKept { validator: who.clone() });
        }
    }

    /// Notes an offence, or that it is graver than was known, and forgets the oldest one for it.
    pub(crate) fn note(
        who: &T::AccountId,
        session: SessionIndex,
        severity: Perbill,
        reporter: Option<&T::AccountId>,
        punished: bool,
    ) {
        if let Some(number) = OffenceNumbers::<T>::get(session, who) {
            Offences::<T>::mutate_extant(number, |known| known.severity = known.severity.max(severity));
            return;
        }
        let number = NextOffence::<T>::get();
        let oldest = number.checked_sub(T::MaxOffences::get().into());
        if let Some(forgotten) = oldest.and_then(Offences::<T>::take) {
            OffenceNumbers::<T>::remove(forgotten.session, forgotten.validator);
        }
        let record = OffenceRecord {
            validator: who.clone(),
            session,
            severity,
            reported: frame_system::Pallet::<T>::block_number(),
            reporter: reporter.cloned(),
            punished,
        };
        Offences::<T>::insert(number, record);
        OffenceNumbers::<T>::insert(session, who, number);
        NextOffence::<T>::put(number.saturating_add(1));
        Self::deposit_event(Event::OffenceNoted { number, validator: who.clone(), session, punished });
    }

    pub(crate) fn offence_infos(
        before: Option<u64>,
        limit: u32,
    ) -> Vec<OffenceInfo<T::AccountId, BlockNumberFor<T>>> {
        let next = NextOffence::<T>::get();
        let oldest = next.saturating_sub(T::MaxOffences::get().into());
        let end = before.map_or(next, |before| before.min(next));
        let info = |number| {
            let found = Offences::<T>::get(number)?;
            Some(OffenceInfo {
                number,
                validator: found.validator,
                session: found.session,
                severity: found.severity.deconstruct(),
                reported: found.reported,
                reporter: found.reporter,
                punished: found.punished,
            })
        };
        let page = limit.min(MAX_PAGE).unique_saturated_into();
        (oldest..end).rev().take(page).filter_map(info).collect()
    }
}

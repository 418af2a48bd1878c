mod checks;
mod frozen;
mod members;
mod offences;
mod random;
mod sessions;

use crate::{Event, mock::*};
use polkadot_sdk::{
    frame_support::{assert_noop, assert_ok},
    frame_system::RawOrigin,
    sp_runtime::{Perbill, testing::UintAuthorityId},
    sp_staking::{
        SessionIndex,
        offence::{Kind, Offence, OffenceError, ReportOffence},
    },
};

pub(crate) type Error = crate::Error<Test>;

pub(crate) fn signed(who: AccountId) -> RuntimeOrigin {
    RawOrigin::Signed(who).into()
}

pub(crate) fn root() -> RuntimeOrigin {
    RawOrigin::Root.into()
}

/// The set's events, oldest first.
pub(crate) fn events() -> Vec<Event<Test>> {
    let ours = |record: polkadot_sdk::frame_system::EventRecord<RuntimeEvent, _>| match record.event {
        RuntimeEvent::ValidatorSet(event) => Some(event),
        _ => None,
    };
    System::events().into_iter().filter_map(ours).collect()
}

pub(crate) fn last_event() -> Event<Test> {
    events().pop().unwrap()
}

pub(crate) fn members() -> Vec<AccountId> {
    ValidatorSet::members().into_iter().map(|member| member.account).collect()
}

/// What BABE reports: one who made two blocks in a slot.
pub(crate) struct Equivocation {
    pub(crate) slot: u64,
    pub(crate) session: SessionIndex,
    pub(crate) offender: AccountId,
}

impl Offence<(AccountId, ())> for Equivocation {
    const ID: Kind = *b"mock:equivocatio";
    type Slot = u64;

    fn offenders(&self) -> Vec<(AccountId, ())> {
        vec![(self.offender, ())]
    }

    fn session_index(&self) -> SessionIndex {
        self.session
    }

    fn validator_set_count(&self) -> u32 {
        10
    }

    fn slot(&self) -> u64 {
        self.slot
    }

    fn slash_fraction(&self, offenders: u32) -> Perbill {
        Perbill::from_percent(offenders * 10)
    }
}

pub(crate) fn report_in(offender: AccountId, session: SessionIndex, slot: u64) -> Result<(), OffenceError> {
    Offences::report_offence(vec![77], Equivocation { slot, session, offender })
}

/// Reports an equivocation of this session, each in another slot.
pub(crate) fn report(offender: AccountId) {
    let slot = 1_000 + crate::NextOffence::<Test>::get();
    report_in(offender, Session::current_index(), slot).unwrap();
}

//! What an entry costs: a deposit on the exact rows that it takes, held on whoever paid it.

use crate::{
    BalanceOf, Config, DaoOf, HoldReason, MemberOf, Pallet, ProposalOf, VoteOf,
    types::{DaoId, DepositFor, ProposalId},
};
use codec::{Compact, Encode, MaxEncodedLen};
use core::marker::PhantomData;
use polkadot_sdk::{
    frame_support::traits::{Consideration, Footprint, Get, fungible::HoldConsideration},
    sp_runtime::{
        DispatchError,
        traits::{Convert, UniqueSaturatedInto},
    },
};

/// Pallet and item hash before every key.
const PREFIX: usize = 32;
/// The hash before a part of a key.
const HASH: usize = 16;

macro_rules! tickets {
    ($($variant:ident: $reason:ident, $ticket:ident;)*) => {$(
        #[doc = concat!("[`HoldReason::", stringify!($variant), "`] as a type.")]
        pub struct $reason<T>(PhantomData<T>);

        impl<T: Config> Get<T::RuntimeHoldReason> for $reason<T> {
            fn get() -> T::RuntimeHoldReason {
                HoldReason::$variant.into()
            }
        }

        #[doc = concat!("A deposit held for [`HoldReason::", stringify!($variant), "`].")]
        pub type $ticket<T> = HoldConsideration<
            <T as polkadot_sdk::frame_system::Config>::AccountId,
            <T as Config>::Currency,
            $reason<T>,
            <T as Config>::DepositPrice,
        >;
    )*};
}

tickets! {
    Dao: DaoReason, DaoTicket;
    Member: MemberReason, MemberTicket;
    Proposal: ProposalReason, ProposalTicket;
    Vote: VoteReason, VoteTicket;
}

impl<T: Config> Pallet<T> {
    /// The rows that an entry takes, at their longest.
    pub fn footprint(of: DepositFor) -> Footprint {
        let account = HASH.saturating_add(T::AccountId::max_encoded_len());
        let dao = HASH.saturating_add(DaoId::max_encoded_len());
        let proposal = HASH.saturating_add(ProposalId::max_encoded_len());
        let rows: &[(usize, usize)] = match of {
            DepositFor::Dao => &[(dao, DaoOf::<T>::max_encoded_len())],
            DepositFor::Member => &[(dao.saturating_add(account), MemberOf::<T>::max_encoded_len())],
            DepositFor::Proposal { call } => {
                let bytes = Compact(call).encoded_size().saturating_add(call.unique_saturated_into());
                &[(proposal, ProposalOf::<T>::max_encoded_len()), (proposal, bytes)]
            }
            DepositFor::Vote => &[(proposal.saturating_add(account), VoteOf::<T>::max_encoded_len())],
        };
        let size = |(key, value): &(usize, usize)| PREFIX.saturating_add(*key).saturating_add(*value);
        Footprint {
            count: rows.len().unique_saturated_into(),
            size: rows.iter().map(size).fold(0, usize::saturating_add).unique_saturated_into(),
        }
    }

    /// What an entry's deposit would be now.
    pub fn deposit_for(of: DepositFor) -> BalanceOf<T> {
        T::DepositPrice::convert(Self::footprint(of))
    }

    /// Holds the deposit of a new entry on `who`.
    pub(crate) fn hold<Ticket: Consideration<T::AccountId, Footprint>>(
        who: &T::AccountId,
        of: DepositFor,
    ) -> Result<Ticket, DispatchError> {
        Ticket::new(who, Self::footprint(of))
    }
}

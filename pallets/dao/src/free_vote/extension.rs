//! The extension that charges fees, but not for free votes.

use super::{Config, Event, Pallet, PollIndex, Referenda, WeightInfo};
use alloc::vec::Vec;
use codec::{Decode, DecodeWithMemTracking, Encode};
use core::{
    fmt::{Debug, Formatter},
    marker::PhantomData,
};
use polkadot_sdk::{
    frame_support::{
        dispatch::{DispatchInfo, PostDispatchInfo},
        pallet_prelude::TransactionSource,
        traits::OriginTrait,
        weights::Weight,
    },
    pallet_transaction_payment::{self, OnChargeTransaction},
    sp_runtime::{
        DispatchResult,
        traits::{
            DispatchInfoOf, DispatchOriginOf, Dispatchable, Implication, PostDispatchInfoOf,
            TransactionExtension, TransactionExtensionMetadata, ValidateResult, Zero,
        },
        transaction_validity::{InvalidTransaction, TransactionValidityError, ValidTransaction},
    },
};
use scale_info::{StaticTypeInfo, Type, TypeInfo};

/// An extension with which a sender may offer a tip.
pub trait Tipped {
    /// Whether it does.
    fn offers_tip(&self) -> bool;
}

impl<T: pallet_transaction_payment::Config> Tipped for pallet_transaction_payment::ChargeTransactionPayment<T>
where
    T::RuntimeCall: Dispatchable<Info = DispatchInfo, PostInfo = PostDispatchInfo>,
    <T::OnChargeTransaction as OnChargeTransaction<T>>::Balance: Send + Sync,
{
    fn offers_tip(&self) -> bool {
        !self.tip().is_zero()
    }
}

/// Charges as `S` does, but nothing for a free vote. To clients it is `S`.
#[derive(Clone, Decode, DecodeWithMemTracking, Encode, Eq, PartialEq)]
pub struct FreeVotes<T, S>(S, PhantomData<T>);

impl<T, S> From<S> for FreeVotes<T, S> {
    fn from(charge: S) -> Self {
        Self(charge, PhantomData)
    }
}

impl<T, S: Tipped> FreeVotes<T, S> {
    /// Whether its sender offers a tip, and so pays for a vote too.
    pub fn offers_tip(&self) -> bool {
        self.0.offers_tip()
    }
}

impl<T, S: Debug> Debug for FreeVotes<T, S> {
    fn fmt(&self, formatter: &mut Formatter<'_>) -> core::fmt::Result {
        self.0.fmt(formatter)
    }
}

impl<T, S: StaticTypeInfo> TypeInfo for FreeVotes<T, S> {
    type Identity = S;

    fn type_info() -> Type {
        S::type_info()
    }
}

/// What becomes of a transaction's fee.
pub enum Fee<Charged, Voter> {
    /// It is charged.
    Charged(Charged),
    /// It is waived, for this voter's vote.
    Waived {
        /// Who votes.
        voter: Voter,
        /// On which referendum.
        poll: PollIndex,
        /// The weight of charging, which isn't done.
        unused: Weight,
    },
}

impl<T: Config + Send + Sync, S: TransactionExtension<T::RuntimeCall> + Tipped>
    TransactionExtension<T::RuntimeCall> for FreeVotes<T, S>
{
    const IDENTIFIER: &'static str = S::IDENTIFIER;
    type Implicit = S::Implicit;
    type Val = Fee<S::Val, T::AccountId>;
    type Pre = Fee<S::Pre, T::AccountId>;

    fn implicit(&self) -> Result<Self::Implicit, TransactionValidityError> {
        self.0.implicit()
    }

    fn metadata() -> Vec<TransactionExtensionMetadata> {
        S::metadata()
    }

    fn weight(&self, call: &T::RuntimeCall) -> Weight {
        let charge = self.0.weight(call);
        match T::Referenda::vote_of(call) {
            Some(_) => charge.saturating_add(T::WeightInfo::free_vote()),
            None => charge,
        }
    }

    fn validate(
        &self,
        origin: DispatchOriginOf<T::RuntimeCall>,
        call: &T::RuntimeCall,
        info: &DispatchInfoOf<T::RuntimeCall>,
        len: usize,
        self_implicit: Self::Implicit,
        inherited_implication: &impl Implication,
        source: TransactionSource,
    ) -> ValidateResult<Self::Val, T::RuntimeCall> {
        let vote = T::Referenda::vote_of(call).filter(|_| !self.0.offers_tip());
        let free = vote.and_then(|vote| {
            let voter = origin.as_signer()?.clone();
            Pallet::<T>::may_vote(&voter, &vote).then_some((voter, vote.poll))
        });
        if let Some((voter, poll)) = free {
            // The author passes it over and keeps it for the next block.
            if !Pallet::<T>::has_room() {
                return Err(InvalidTransaction::ExhaustsResources.into());
            }
            // One at a time for each referendum: a second one would turn out not to be free.
            let valid = ValidTransaction::with_tag_prefix("StoaFreeVote")
                .and_provides((&voter, poll))
                .priority(0)
                .into();
            let unused = self.0.weight(call);
            return Ok((valid, Fee::Waived { voter, poll, unused }, origin));
        }
        let (valid, val, origin) =
            self.0.validate(origin, call, info, len, self_implicit, inherited_implication, source)?;
        Ok((valid, Fee::Charged(val), origin))
    }

    fn prepare(
        self,
        val: Self::Val,
        origin: &DispatchOriginOf<T::RuntimeCall>,
        call: &T::RuntimeCall,
        info: &DispatchInfoOf<T::RuntimeCall>,
        len: usize,
    ) -> Result<Self::Pre, TransactionValidityError> {
        match val {
            Fee::Charged(val) => self.0.prepare(val, origin, call, info, len).map(Fee::Charged),
            Fee::Waived { voter, poll, unused } => {
                Pallet::<T>::note(&voter, poll);
                Ok(Fee::Waived { voter, poll, unused })
            }
        }
    }

    fn post_dispatch_details(
        pre: Self::Pre,
        info: &DispatchInfoOf<T::RuntimeCall>,
        post_info: &PostDispatchInfoOf<T::RuntimeCall>,
        len: usize,
        result: &DispatchResult,
    ) -> Result<Weight, TransactionValidityError> {
        match pre {
            Fee::Charged(pre) => S::post_dispatch_details(pre, info, post_info, len, result),
            Fee::Waived { voter, poll, unused } => {
                Pallet::<T>::deposit_event(Event::FeeWaived { voter, poll });
                Ok(unused)
            }
        }
    }
}

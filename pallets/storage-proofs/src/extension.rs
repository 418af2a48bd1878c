//! Keeps proofs that can't count out of the pool and out of blocks.

use crate::{Call, Config, Error, Pallet, weights::WeightInfo};
use alloc::vec::Vec;
use codec::{Decode, DecodeWithMemTracking, Encode};
use core::{fmt, marker::PhantomData};
use polkadot_sdk::{
    frame_support::{pallet_prelude::TransactionSource, traits::IsSubType, weights::Weight},
    sp_runtime::{
        impl_tx_ext_default,
        traits::{
            AsSystemOriginSigner, DispatchInfoOf, DispatchOriginOf, Implication, TransactionExtension,
            TransactionExtensionMetadata, ValidateResult,
        },
        transaction_validity::{InvalidTransaction, TransactionValidityError, ValidTransaction},
    },
};
use scale_info::TypeInfo;

/// The signer isn't a provider.
pub const NOT_A_PROVIDER: u8 = 1;
/// The provider is in jail.
pub const JAILED: u8 = 2;
/// The proof answers another seed, perhaps that of a fork.
pub const WRONG_SEED: u8 = 3;

/// Makes a `submit_proof` with a wrong seed, or for a window that is closed or proven already, *invalid*: it
/// enters no block and costs nobody a fee. One that passes and doesn't verify is charged.
///
/// Nothing of it is encoded or signed, and metadata doesn't list it, so that no client needs to know it. A proof inside
/// a batch or a proxy's call passes it by; there it is checked when it runs, and the outer call pays a fee.
#[derive(Clone, Decode, DecodeWithMemTracking, Encode, Eq, PartialEq, TypeInfo)]
#[scale_info(skip_type_params(T))]
pub struct CheckProofSubmission<T>(PhantomData<T>);

impl<T> CheckProofSubmission<T> {
    /// The extension.
    pub fn new() -> Self {
        Self(PhantomData)
    }
}

impl<T> Default for CheckProofSubmission<T> {
    fn default() -> Self {
        Self::new()
    }
}

impl<T> fmt::Debug for CheckProofSubmission<T> {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str("CheckProofSubmission")
    }
}

/// How the pool should take an error.
fn invalid<T: Config>(error: Error<T>) -> TransactionValidityError {
    match error {
        Error::SeedNotKnown => InvalidTransaction::Future,
        Error::ProviderNotFound => InvalidTransaction::Custom(NOT_A_PROVIDER),
        Error::Jailed => InvalidTransaction::Custom(JAILED),
        Error::WrongSeed => InvalidTransaction::Custom(WRONG_SEED),
        _ => InvalidTransaction::Stale,
    }
    .into()
}

impl<T> TransactionExtension<T::RuntimeCall> for CheckProofSubmission<T>
where
    T: Config + Send + Sync,
    T::RuntimeCall: IsSubType<Call<T>>,
    DispatchOriginOf<T::RuntimeCall>: AsSystemOriginSigner<T::AccountId> + Clone,
{
    const IDENTIFIER: &'static str = "CheckProofSubmission";
    type Implicit = ();
    type Val = ();
    type Pre = ();

    fn metadata() -> Vec<TransactionExtensionMetadata> {
        Vec::new()
    }

    fn weight(&self, call: &T::RuntimeCall) -> Weight {
        match call.is_sub_type() {
            Some(Call::submit_proof { .. }) => T::WeightInfo::check_proof_submission(),
            _ => Weight::zero(),
        }
    }

    fn validate(
        &self,
        origin: DispatchOriginOf<T::RuntimeCall>,
        call: &T::RuntimeCall,
        _info: &DispatchInfoOf<T::RuntimeCall>,
        _len: usize,
        _self_implicit: (),
        _inherited_implication: &impl Implication,
        _source: TransactionSource,
    ) -> ValidateResult<(), T::RuntimeCall> {
        if let (Some(Call::submit_proof { window, seed, .. }), Some(who)) =
            (call.is_sub_type(), origin.as_system_origin_signer())
        {
            Pallet::<T>::check_submission(who, *window, seed).map_err(invalid)?;
        }
        Ok((ValidTransaction::default(), (), origin))
    }

    impl_tx_ext_default!(T::RuntimeCall; prepare);
}

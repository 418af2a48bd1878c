//! What an entry costs: a deposit on its rows at their longest, held on whoever made it.

use crate::{
    Config, HoldReason, LicenceOf, ListingOf, Pallet,
    types::{Balance, Commitment, DepositFor, Held, LicenceId, ListingId, Paid},
};
use codec::MaxEncodedLen;
use polkadot_sdk::{
    frame_support::traits::{
        Footprint, Get,
        fungible::{Inspect, MutateHold},
        tokens::Precision,
    },
    sp_runtime::{
        DispatchResult,
        traits::{Convert, UniqueSaturatedInto, Zero},
    },
};
use stoa_primitives::{
    ContentId,
    registry::{AssetId, CommitId},
};

/// Pallet and item hash before every key.
const PREFIX: usize = 32;
/// The hash before a part of a key.
const HASH: usize = 16;
/// A big-endian number as part of a key.
const ORDINAL: usize = 8;

fn hashed<Part: MaxEncodedLen>() -> usize {
    HASH.saturating_add(Part::max_encoded_len())
}

impl<T: Config> Pallet<T> {
    /// The rows that an entry takes.
    pub fn footprint(of: DepositFor) -> Footprint {
        let asset = hashed::<AssetId>();
        let account = hashed::<T::AccountId>();
        // Each row as the parts of its key, and its value.
        let rows = match of {
            DepositFor::Listing => [
                (hashed::<ListingId>(), 0, ListingOf::<T>::max_encoded_len()),
                (asset, ORDINAL, 0),
                (asset, 0, ListingId::max_encoded_len()),
            ]
            .to_vec(),
            DepositFor::Licence => [
                (hashed::<LicenceId>(), 0, LicenceOf::<T>::max_encoded_len()),
                (asset, account, Held::max_encoded_len()),
                (account, ORDINAL, 0),
                (account, ORDINAL, 0),
            ]
            .to_vec(),
            DepositFor::Commitment => {
                [(asset, hashed::<CommitId>(), Paid::<T::AccountId, Commitment>::max_encoded_len())].to_vec()
            }
            DepositFor::Program => {
                [(asset, hashed::<ContentId>(), Paid::<T::AccountId, ()>::max_encoded_len())].to_vec()
            }
        };
        let bytes = |(one, other, value): &(usize, usize, usize)| {
            PREFIX.saturating_add(*one).saturating_add(*other).saturating_add(*value)
        };
        let size = rows.iter().map(bytes).fold(0, usize::saturating_add);
        Footprint { count: rows.len().unique_saturated_into(), size: size.unique_saturated_into() }
    }

    /// What an entry's deposit would be now.
    pub fn deposit_for(of: DepositFor) -> Balance {
        T::DepositPrice::convert(Self::footprint(of))
    }

    pub(crate) fn hold(reason: HoldReason, who: &T::AccountId, amount: Balance) -> DispatchResult {
        T::Currency::hold(&reason.into(), who, amount)
    }

    /// Holds a new entry's deposit, and says how much that is.
    pub(crate) fn hold_deposit(
        reason: HoldReason,
        who: &T::AccountId,
        of: DepositFor,
    ) -> Result<Balance, polkadot_sdk::sp_runtime::DispatchError> {
        let deposit = Self::deposit_for(of);
        Self::hold(reason, who, deposit)?;
        Ok(deposit)
    }

    /// Returns a deposit. Less than all of it only if something else took it, which nothing does.
    pub(crate) fn release(reason: HoldReason, who: &T::AccountId, amount: Balance) -> DispatchResult {
        T::Currency::release(&reason.into(), who, amount, Precision::BestEffort).map(|_| ())
    }

    /// Checks at build time what the pallet relies on.
    pub(crate) fn check_constants() {
        for of in [DepositFor::Listing, DepositFor::Licence, DepositFor::Commitment, DepositFor::Program] {
            assert!(
                Self::deposit_for(of) > 0,
                "every entry must cost something, or else anybody fills the state for nothing",
            );
        }
        assert!(!T::DeliveryPeriod::get().is_zero(), "a seller needs time to deliver a key");
        assert!(!T::DisputePeriod::get().is_zero(), "a buyer needs time to dispute a key");
        assert!(T::DisputeForfeit::get() > 0, "a false dispute must cost something");
        assert!(T::Currency::minimum_balance() > 0, "a payer's account must be kept alive");
    }
}

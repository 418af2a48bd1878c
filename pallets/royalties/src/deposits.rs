//! What an entry costs: a deposit on its rows at their longest, held on whoever made it.

use crate::{
    Config, HoldReason, HolderOf, Pallet, VaultOf,
    types::{Approval, Balance, DepositFor, Upstream},
};
use codec::MaxEncodedLen;
use polkadot_sdk::{
    frame_support::traits::{Footprint, fungible::MutateHold, tokens::Precision},
    sp_runtime::{
        DispatchResult,
        traits::{Convert, UniqueSaturatedInto},
    },
};
use stoa_primitives::registry::AssetId;

/// Pallet and item hash before every key.
const PREFIX: usize = 32;
/// The hash before a part of a key.
const HASH: usize = 16;

impl<T: Config> Pallet<T> {
    /// The rows that an entry takes.
    pub fn footprint(of: DepositFor) -> Footprint {
        let asset = HASH.saturating_add(AssetId::max_encoded_len());
        let account = HASH.saturating_add(T::AccountId::max_encoded_len());
        let both = asset.saturating_add(account);
        let rows = match of {
            DepositFor::Vault => {
                [(asset, VaultOf::<T>::max_encoded_len()), (asset, Upstream::max_encoded_len())].to_vec()
            }
            DepositFor::Holder => [(both, HolderOf::<T>::max_encoded_len()), (both, 0)].to_vec(),
            DepositFor::Ancestor => [(asset.saturating_add(asset), 0)].to_vec(),
            DepositFor::Approval => [(both.saturating_add(account), Approval::max_encoded_len())].to_vec(),
        };
        let bytes = |(key, value): &(usize, usize)| PREFIX.saturating_add(*key).saturating_add(*value);
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

    /// Returns a deposit. Less than all of it only if something else took it, which nothing does.
    pub(crate) fn release(reason: HoldReason, who: &T::AccountId, amount: Balance) -> DispatchResult {
        T::Currency::release(&reason.into(), who, amount, Precision::BestEffort).map(|_| ())
    }

    /// Checks at build time what the pallet relies on.
    pub(crate) fn check_constants() {
        for of in [DepositFor::Vault, DepositFor::Holder, DepositFor::Approval, DepositFor::Ancestor] {
            assert!(
                Self::deposit_for(of) > 0,
                "every entry must cost something, or else anybody fills the state for nothing",
            );
        }
        assert!(
            <T::Currency as polkadot_sdk::frame_support::traits::fungible::Inspect<_>>::minimum_balance() > 0,
            "the pallet's account must be able to exist",
        );
    }
}

//! What the pallet asks of its neighbours.

use crate::types::LockId;
use polkadot_sdk::sp_runtime::{DispatchError, DispatchResult};
use stoa_primitives::registry::AssetId;

/// Royalty shares that vote. Each asset has [`ALL_SHARES`](crate::types::ALL_SHARES).
pub trait VotingShares<AccountId> {
    /// How many shares of an asset an account holds, locked ones among them.
    fn shares_of(asset: AssetId, who: &AccountId) -> u32;
    /// Keeps an account from transferring so many of its shares. Locks overlap, and one that is there already keeps the
    /// larger number.
    fn lock(asset: AssetId, who: &AccountId, id: LockId, shares: u32) -> DispatchResult;
    /// Ends a lock.
    fn unlock(asset: AssetId, who: &AccountId, id: LockId) -> DispatchResult;
    /// An asset of whose shares `who` holds all.
    #[cfg(feature = "runtime-benchmarks")]
    fn create_asset(who: &AccountId) -> AssetId;
}

/// No asset has shares.
impl<AccountId> VotingShares<AccountId> for () {
    fn shares_of(_: AssetId, _: &AccountId) -> u32 {
        0
    }

    fn lock(_: AssetId, _: &AccountId, _: LockId, _: u32) -> DispatchResult {
        Err(DispatchError::Unavailable)
    }

    fn unlock(_: AssetId, _: &AccountId, _: LockId) -> DispatchResult {
        Err(DispatchError::Unavailable)
    }

    #[cfg(feature = "runtime-benchmarks")]
    fn create_asset(_: &AccountId) -> AssetId {
        AssetId(0)
    }
}

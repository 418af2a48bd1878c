//! What the market asks of its neighbours.

use crate::types::{Balance, LicenceId};
use polkadot_sdk::sp_runtime::DispatchResult;
use stoa_primitives::registry::{AssetId, CommitId, Visibility};

/// The registry, as the market needs it.
pub trait Registry<AccountId> {
    /// Who may read an asset's content; `None` when there is no such asset.
    fn visibility(asset: AssetId) -> Option<Visibility>;
    /// Whether an account owns an asset or administers it.
    fn is_admin(asset: AssetId, account: &AccountId) -> bool;
    /// Whether the moderators took an asset down.
    fn is_taken_down(asset: AssetId) -> bool;
    /// Whether a revision is one of the asset's.
    fn has_revision(asset: AssetId, revision: CommitId) -> bool;
    /// A new asset of an account, and a revision of it.
    #[cfg(feature = "runtime-benchmarks")]
    fn create_asset(owner: &AccountId, visibility: Visibility) -> (AssetId, CommitId);
}

/// What a payment is for.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum Purpose {
    /// A licence.
    Licence(LicenceId),
}

/// Royalties, into which every sale is paid.
pub trait Royalties<AccountId, HoldReason> {
    /// Fails unless an asset is open and not taken down.
    fn ensure_payable(asset: AssetId) -> DispatchResult;
    /// Pays from an account. Refuses what was taken down.
    fn pay(payer: &AccountId, asset: AssetId, amount: Balance, purpose: Purpose) -> DispatchResult;
    /// Pays from what is held on an account, whether or not the asset was taken down since.
    fn pay_from_hold(
        held: &HoldReason,
        payer: &AccountId,
        asset: AssetId,
        amount: Balance,
        purpose: Purpose,
    ) -> DispatchResult;
    /// Opens an asset of the account's for payment.
    #[cfg(feature = "runtime-benchmarks")]
    fn open(owner: &AccountId, asset: AssetId);
}

/// Who may read what: for other pallets and the gateway.
pub trait Grants<AccountId> {
    /// Whether an account may read a revision now.
    fn can_read(account: &AccountId, asset: AssetId, revision: CommitId) -> bool;
}

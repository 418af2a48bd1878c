//! What the pallet asks of its neighbours.

use stoa_primitives::registry::AssetId;

/// The registry, as royalties need it.
pub trait Registry<AccountId> {
    /// Who owns an asset; `None` when there is none.
    fn owner(asset: AssetId) -> Option<AccountId>;
    /// Whether the moderators took an asset down.
    fn is_taken_down(asset: AssetId) -> bool;
    /// A new asset of an account.
    #[cfg(feature = "runtime-benchmarks")]
    fn create_asset(owner: &AccountId) -> AssetId;
}

//! What clients read. Amounts are in planks.

pub use crate::types::{
    AncestorInfo, Balance, DepositFor, DescendantInfo, HolderInfo, Parts, Shares, Terms, UpstreamInfo,
    VaultInfo,
};
use alloc::vec::Vec;
use codec::Codec;
use polkadot_sdk::sp_api;
use stoa_primitives::registry::AssetId;

/// Most entries that one answer has; more asked for is cut to this.
pub const MAX_PAGE: u32 = 256;

sp_api::decl_runtime_apis! {
    /// Vaults, terms and shares. Lists are paged and have at most [`MAX_PAGE`] entries.
    #[api_version(1)]
    pub trait RoyaltiesApi<AccountId>
    where
        AccountId: Codec,
    {
        /// What an asset earned.
        fn vault(asset: AssetId) -> Option<VaultInfo>;
        /// What an asset was built on, and what it owes each ancestor.
        fn upstream(asset: AssetId) -> Option<UpstreamInfo>;
        /// The open assets that owe an ancestor something, in no particular order; `after` is the last asset of the page
        /// before.
        fn descendants(ancestor: AssetId, after: Option<AssetId>, limit: u32) -> Vec<DescendantInfo>;
        /// An account's shares in an asset, and what it could claim now.
        fn holding(asset: AssetId, account: AccountId) -> Option<HolderInfo<AccountId>>;
        /// The holders of an asset, in no particular order; `after` is the last account of the page before.
        fn holders(asset: AssetId, after: Option<AccountId>, limit: u32) -> Vec<HolderInfo<AccountId>>;
        /// An account's shares in all assets, in no particular order; `after` is the last asset of the page before.
        fn holdings(account: AccountId, after: Option<AssetId>, limit: u32) -> Vec<HolderInfo<AccountId>>;
        /// How many of a holder's shares a spender may transfer.
        fn approval(asset: AssetId, holder: AccountId, spender: AccountId) -> Shares;
        /// What an entry's deposit would be now.
        fn deposit(of: DepositFor) -> Balance;
    }
}

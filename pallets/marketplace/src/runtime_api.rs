//! What clients read. Amounts are in planks, times are block numbers.

pub use crate::types::{
    Balance, Commitment, DeliveryInfo, DepositFor, GrantInfo, KeyTerms, LicenceId, LicenceInfo, ListingId,
    ListingInfo,
};
use alloc::vec::Vec;
use codec::Codec;
use polkadot_sdk::sp_api;
use stoa_primitives::{
    ContentId,
    registry::{AssetId, CommitId},
};

/// Most entries that one answer has; more asked for is cut to this.
pub const MAX_PAGE: u32 = 256;

sp_api::decl_runtime_apis! {
    /// Listings, licences and grants. Lists are paged and have at most [`MAX_PAGE`] entries.
    #[api_version(1)]
    pub trait MarketplaceApi<AccountId, BlockNumber>
    where
        AccountId: Codec,
        BlockNumber: Codec,
    {
        /// Whether an account may read a revision now.
        fn can_read(account: AccountId, asset: AssetId, revision: CommitId) -> bool;
        /// The listing of a number.
        fn listing(listing: ListingId) -> Option<ListingInfo<AccountId, BlockNumber>>;
        /// The listings of an asset, oldest first; `after` is the last number of the page before.
        fn listings(asset: AssetId, after: Option<ListingId>, limit: u32) -> Vec<ListingInfo<AccountId, BlockNumber>>;
        /// The licence of a number.
        fn licence(licence: LicenceId) -> Option<LicenceInfo<AccountId, BlockNumber>>;
        /// The licences of an account, oldest first; `after` is the last number of the page before.
        fn licences(account: AccountId, after: Option<LicenceId>, limit: u32) -> Vec<LicenceInfo<AccountId, BlockNumber>>;
        /// Who holds licences of an asset, in no particular order; `after` is the last account of the page before.
        fn grants(asset: AssetId, after: Option<AccountId>, limit: u32) -> Vec<GrantInfo<AccountId>>;
        /// The keys that a seller must deliver, oldest sale first; `after` is the last number of the page before.
        fn deliveries_due(
            seller: AccountId,
            after: Option<LicenceId>,
            limit: u32,
        ) -> Vec<DeliveryInfo<BlockNumber>>;
        /// What the key of a revision must hash to.
        fn commitment(asset: AssetId, revision: CommitId) -> Option<Commitment>;
        /// How long a sale of a key takes, and what a false dispute costs.
        fn key_terms() -> KeyTerms<BlockNumber>;
        /// The programs that jobs may run on an asset, in no particular order; `after` is the last one of the page before.
        fn programs(asset: AssetId, after: Option<ContentId>, limit: u32) -> Vec<ContentId>;
        /// Whether jobs may run a program on an asset.
        fn is_program_allowed(asset: AssetId, program: ContentId) -> bool;
        /// What a job of an account must set aside to use a revision; `None` when it can't use it. `program`: what runs on
        /// it; `None` where the revision is itself the job's program.
        fn job_fee(
            account: AccountId,
            asset: AssetId,
            revision: CommitId,
            program: Option<ContentId>,
        ) -> Option<Balance>;
        /// What an entry's deposit would be now.
        fn deposit(of: DepositFor) -> Balance;
    }
}

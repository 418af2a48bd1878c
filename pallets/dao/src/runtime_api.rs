//! What clients read; the same answers as the pallet's view functions, for those that can't call these.

pub use crate::types::*;
use alloc::vec::Vec;
use codec::Codec;
use polkadot_sdk::sp_api;

/// Most entries that one answer has; more asked for is cut to this.
pub const MAX_PAGE: u32 = 256;

sp_api::decl_runtime_apis! {
    /// DAOs, their members, proposals and votes. Lists are paged and have at most [`MAX_PAGE`] entries.
    #[api_version(1)]
    pub trait DaoApi<AccountId, Balance, BlockNumber>
    where
        AccountId: Codec,
        Balance: Codec,
        BlockNumber: Codec,
    {
        /// The DAO of a number.
        fn dao(dao: DaoId) -> Option<DaoInfo<AccountId, BlockNumber>>;
        /// The DAOs with the [`MAX_PAGE`] numbers from `start` on, in their order, without those that ended.
        fn daos(start: DaoId, limit: u32) -> Vec<DaoInfo<AccountId, BlockNumber>>;
        /// The members of a DAO, in no particular order; `after` is the last account of the page before.
        fn members(dao: DaoId, after: Option<AccountId>, limit: u32) -> Vec<AccountId>;
        /// The proposal of a number, if it isn't closed.
        fn proposal(proposal: ProposalId) -> Option<ProposalInfo<AccountId, BlockNumber>>;
        /// The proposals of a DAO that aren't closed, oldest first; `after` is the last number of the page before.
        fn proposals(
            dao: DaoId,
            after: Option<ProposalId>,
            limit: u32,
        ) -> Vec<ProposalInfo<AccountId, BlockNumber>>;
        /// An account's vote on a proposal, if it isn't released.
        fn vote(proposal: ProposalId, voter: AccountId) -> Option<VoteInfo<AccountId, BlockNumber>>;
        /// The votes on a proposal that aren't released, in no particular order; `after` is the last voter of the page
        /// before.
        fn votes(
            proposal: ProposalId,
            after: Option<AccountId>,
            limit: u32,
        ) -> Vec<VoteInfo<AccountId, BlockNumber>>;
        /// What an entry's deposit would be now.
        fn deposit(of: DepositFor) -> Balance;
    }
}

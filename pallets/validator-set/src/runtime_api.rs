//! What clients read; the same answers as the pallet's view functions, for those that can't call these.

pub use crate::types::*;
use alloc::vec::Vec;
use codec::Codec;
use polkadot_sdk::sp_api;

/// Most entries that one answer has; more asked for is cut to this.
pub const MAX_PAGE: u32 = 256;

sp_api::decl_runtime_apis! {
    /// Who validates, who will, and who offended.
    #[api_version(1)]
    pub trait ValidatorSetApi<AccountId, BlockNumber>
    where
        AccountId: Codec,
        BlockNumber: Codec,
    {
        /// The validators of this session.
        fn validators() -> Vec<AccountId>;
        /// The validators of the next session.
        fn queued() -> Vec<AccountId>;
        /// Those from whom the sessions after the next are planned, in the order they were added.
        fn members() -> Vec<MemberInfo<AccountId>>;
        /// The validators of this session that are disabled.
        fn disabled() -> Vec<AccountId>;
        /// Those who offended and may still be in a session's set, the first to offend first.
        fn offenders() -> Vec<AccountId>;
        /// Offences before number `before`, newest first, at most [`MAX_PAGE`] of them.
        fn offences(before: Option<u64>, limit: u32) -> Vec<OffenceInfo<AccountId, BlockNumber>>;
        /// How large the set may be, and how many of it may be disabled.
        fn limits() -> SetLimits;
    }
}

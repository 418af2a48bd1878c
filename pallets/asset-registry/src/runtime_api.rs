//! What clients read; the same answers as the pallet's view functions, for those that can't call these.

pub use crate::types::*;
use alloc::vec::Vec;
use codec::Codec;
use polkadot_sdk::sp_api;
use stoa_primitives::{
    ContentId, Piece, PieceRoot,
    registry::{AssetId, CommitId, PieceAccess},
};

/// Most entries that one answer has; more asked for is cut to this.
pub const MAX_PAGE: u32 = 256;
/// Most entries that one answer looks at: deeper or wider lineages are cut off here.
pub const MAX_WALK: u32 = 4_096;

sp_api::decl_runtime_apis! {
    /// Namespaces, assets, revisions and pieces. Lists are paged and have at most [`MAX_PAGE`] entries.
    #[api_version(1)]
    pub trait AssetRegistryApi<AccountId, Balance, BlockNumber>
    where
        AccountId: Codec,
        Balance: Codec,
        BlockNumber: Codec,
    {
        /// The namespace of a name, in any case.
        fn namespace(name: Vec<u8>) -> Option<NamespaceInfo<AccountId>>;
        /// The asset of `owner/name`, in any case.
        fn asset(name: Vec<u8>) -> Option<AssetInfo<AccountId>>;
        /// The asset of a number.
        fn asset_by_id(asset: AssetId) -> Option<AssetInfo<AccountId>>;
        /// The revision of a commit id.
        fn revision(commit: CommitId) -> Option<RevisionInfo<AccountId, BlockNumber>>;
        /// The revision that a branch, a tag or 40 hex digits name in `owner/name`.
        fn resolve(asset: Vec<u8>, reference: Vec<u8>) -> Option<RevisionInfo<AccountId, BlockNumber>>;
        /// The branches and tags of an asset, in no particular order; `after` is the last name of the page before.
        fn refs(asset: AssetId, after: Option<Vec<u8>>, limit: u32) -> Vec<RefInfo>;
        /// The revisions of an asset from number `start` on, oldest first.
        fn revisions(asset: AssetId, start: u32, limit: u32) -> Vec<RevisionInfo<AccountId, BlockNumber>>;
        /// The collaborators of an asset, in no particular order; `after` is the last account of the page before.
        fn collaborators(asset: AssetId, after: Option<AccountId>, limit: u32) -> Vec<CollaboratorInfo<AccountId>>;
        /// The role of an account on an asset; an owner's is admin.
        fn role(asset: AssetId, account: AccountId) -> Option<stoa_primitives::registry::Role>;
        /// The namespaces of an account, in no particular order; `after` is the last name of the page before.
        fn namespaces_of_account(account: AccountId, after: Option<Vec<u8>>, limit: u32) -> Vec<NamespaceInfo<AccountId>>;
        /// The assets in the namespaces of an account, oldest first; `after` is the last number of the page before.
        fn assets_of_account(account: AccountId, after: Option<AssetId>, limit: u32) -> Vec<AssetInfo<AccountId>>;
        /// The assets of a namespace, oldest first; `after` is the last number of the page before.
        fn assets_of_namespace(namespace: Vec<u8>, after: Option<AssetId>, limit: u32) -> Vec<AssetInfo<AccountId>>;
        /// What a revision was made from, nearest first, each once; at most [`MAX_WALK`] steps deep.
        fn ancestors(commit: CommitId, skip: u32, limit: u32) -> Vec<LineageEntry>;
        /// What was made from a revision, nearest and then oldest first, each once; at most [`MAX_WALK`] of them.
        fn descendants(commit: CommitId, skip: u32, limit: u32) -> Vec<LineageEntry>;
        /// The attestations of a revision, in no particular order; `after` is the last one of the page before.
        fn attestations(
            commit: CommitId,
            after: Option<(AccountId, Claim)>,
            limit: u32,
        ) -> Vec<AttestationInfo<AccountId, BlockNumber>>;
        /// Whether nodes may hand out a piece.
        fn piece_access(root: PieceRoot) -> PieceAccess;
        /// The piece of a content root that readers should try first. Nothing but the bytes shows that a piece holds a
        /// content, so a reader to whom it proves wrong goes on with `pieces_of_content`.
        fn piece_of_content(content: ContentId) -> Option<Piece>;
        /// The pieces of a content root in the order they were published, without those taken down.
        fn pieces_of_content(content: ContentId, skip: u32, limit: u32) -> Vec<Piece>;
        /// What was taken down and why, in no particular order; `after` is the last one of the page before.
        fn deny_list(after: Option<Subject>, limit: u32) -> Vec<(Subject, TakeDown<BlockNumber>)>;
        /// What an entry's deposit would be now.
        fn deposit(of: DepositFor) -> Balance;
    }
}

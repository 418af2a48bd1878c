//! What clients read.

pub use crate::types::*;
use alloc::vec::Vec;
use codec::Codec;
use polkadot_sdk::sp_api;
use stoa_primitives::{Piece, PieceRoot};

/// Most entries that one answer has; more asked for is cut to this.
pub const MAX_PAGE: u32 = 256;
/// Most orders of a piece that one answer looks at.
pub const MAX_WALK: u32 = 4_096;

sp_api::decl_runtime_apis! {
    /// Providers, orders, proofs and payments. Lists are paged and have at most [`MAX_PAGE`] entries.
    #[api_version(1)]
    pub trait StorageProofsApi<AccountId>
    where
        AccountId: Codec,
    {
        /// The parameters in force; all amounts in plancks, prices per GiB and window.
        fn rules() -> Rules;
        /// A provider.
        fn provider(who: AccountId) -> Option<ProviderInfo<AccountId>>;
        /// Providers in no particular order; `after` is the last one of the page before.
        fn providers(after: Option<AccountId>, limit: u32) -> Vec<ProviderInfo<AccountId>>;
        /// What a provider has to show in its open window.
        fn challenges(who: AccountId) -> Option<ChallengeSet>;
        /// A provider's proof set from slot `start` on.
        fn proof_set(who: AccountId, start: u32, limit: u32) -> Vec<(u32, Slot)>;
        /// The first block in which a provider's set may change, if it doesn't prove its window before.
        fn gate_opens_at(who: AccountId) -> Option<u32>;
        /// What is due to a provider for the pieces in `limit` slots from `start` on.
        fn due_payments(who: AccountId, start: u32, limit: u32) -> Vec<ReplicaInfo<AccountId>>;
        /// An order with its replicas.
        fn order(id: OrderId) -> Option<OrderInfo<AccountId>>;
        /// Orders that providers can accept, oldest first; `after` is the last one of the page before.
        fn open_orders(after: Option<OrderId>, limit: u32) -> Vec<(OrderId, Order<AccountId>)>;
        /// The orders for a piece, oldest first; `after` is the last one of the page before.
        fn orders_of_piece(root: PieceRoot, after: Option<OrderId>, limit: u32) -> Vec<OrderId>;
        /// Who keeps a piece.
        fn providers_of_piece(root: PieceRoot, limit: u32) -> Vec<ProviderInfo<AccountId>>;
        /// Whether a provider may have the bytes of a piece.
        fn may_fetch(who: AccountId, root: PieceRoot) -> bool;
        /// What an order would cost at a highest price per GiB and window.
        fn quote(piece: Piece, replicas: u32, windows: u32, max_price: u128) -> Option<Quote>;
        /// Chance, in parts of 10^18, that losing a share of a set, in parts of 10^18, is caught within `windows` of
        /// `challenges` each.
        fn odds(lost: u64, challenges: u32, windows: u32) -> u64;
        /// How an order's replica is guarded against losing a share of its piece, in parts of 10^18.
        fn replica_odds(order: OrderId, provider: AccountId, lost: u64, windows: u32) -> Option<ReplicaOdds>;
    }
}

//! What the agent asks of the chain and tells it: [`Chain`], and a running node's.

use std::{collections::HashMap, sync::Arc};

use codec::Decode;
use pallet_asset_registry::runtime_api::AssetRegistryApi;
use pallet_storage_proofs::{
    Phases, Providers,
    phases::Phase,
    runtime_api::StorageProofsApi,
    types::{
        Balance, BlockNo, ChallengeSet, Order, OrderId, OrderInfo, Provider, ProviderInfo, Rules, Slot,
        phase_index,
    },
};
use polkadot_sdk::{
    frame_support::storage::StoragePrefixedMap,
    frame_system, pallet_balances,
    sc_client_api::{StorageData, StorageKey, StorageProvider},
    sc_network_sync::SyncingService,
    sp_api::ProvideRuntimeApi,
    sp_blockchain::HeaderBackend,
    sp_consensus::SyncOracle,
};
use stoa_primitives::{ContentId, Piece, PieceRoot, registry::PieceAccess};
use stoa_runtime::{AccountId, Hash, Nonce, Runtime};

use super::submit::{SubmitError, Submitter};
use crate::service::{Block, FullClient};

/// A call of the storage pallet.
pub type Call = pallet_storage_proofs::Call<Runtime>;

/// Pieces of one content that are looked at.
const MAX_PIECES: u32 = 64;
/// Orders of a piece that are looked at.
pub const MAX_ORDERS: u32 = 256;

/// The chain couldn't answer.
#[derive(Debug, thiserror::Error)]
#[error("the chain can't say: {0}")]
pub struct ChainError(pub String);

/// What the chain answers.
pub type Answer<T> = Result<T, ChainError>;

/// A block.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub struct At {
    /// Its hash.
    pub hash: Hash,
    /// Its number.
    pub number: BlockNo,
}

/// What an account has.
#[derive(Clone, Copy, Debug, Default, Eq, PartialEq)]
pub struct Purse {
    /// Extrinsics that it has sent.
    pub nonce: Nonce,
    /// What it can spend.
    pub free: Balance,
}

/// Some providers' faults that nobody has reported yet.
#[derive(Clone, Debug, Default)]
pub struct FaultPage {
    /// Who failed, and what a report would take from it.
    pub faults: Vec<(AccountId, Balance)>,
    /// Where the next page starts; `None` after the last one.
    pub next: Option<Vec<u8>>,
}

/// The chain. All calls block.
pub trait Chain: Send + Sync + 'static {
    /// The best block.
    fn best(&self) -> At;
    /// Whether the node is far behind the network.
    fn is_syncing(&self) -> bool;
    /// What is governed.
    fn rules(&self, at: Hash) -> Answer<Rules>;
    /// A provider as if somebody touched it now.
    fn provider(&self, at: Hash, who: &AccountId) -> Answer<Option<ProviderInfo<AccountId>>>;
    /// What a provider has to show.
    fn challenges(&self, at: Hash, who: &AccountId) -> Answer<Option<ChallengeSet>>;
    /// Orders that can be accepted, oldest first.
    fn open_orders(
        &self,
        at: Hash,
        after: Option<OrderId>,
        limit: u32,
    ) -> Answer<Vec<(OrderId, Order<AccountId>)>>;
    /// A provider's pieces from a slot on.
    fn proof_set(&self, at: Hash, who: &AccountId, start: u32, limit: u32) -> Answer<Vec<(u32, Slot)>>;
    /// An order with its replicas.
    fn order(&self, at: Hash, id: OrderId) -> Answer<Option<OrderInfo<AccountId>>>;
    /// The first [`MAX_ORDERS`] orders for a piece.
    fn orders_of_piece(&self, at: Hash, root: PieceRoot) -> Answer<Vec<OrderId>>;
    /// Who may read a piece.
    fn access(&self, at: Hash, root: PieceRoot) -> Answer<PieceAccess>;
    /// Whether the registry says that a piece holds a content.
    fn is_content(&self, at: Hash, piece: &Piece, content: ContentId) -> Answer<bool>;
    /// Faults of a page of providers.
    fn faults(&self, at: Hash, start: Option<&[u8]>, limit: usize) -> Answer<FaultPage>;
    /// What an account has.
    fn purse(&self, at: Hash, who: &AccountId) -> Answer<Purse>;
    /// Sends a call of the agent's account. One that `replaces` takes the place of the first that waits.
    fn submit(&self, at: At, call: Call, tip: Balance, replaces: bool) -> Result<(), SubmitError>;
}

/// The chain of a running node.
pub struct NodeChain {
    client: Arc<FullClient>,
    sync: Arc<SyncingService<Block>>,
    submitter: Submitter,
}

impl NodeChain {
    /// Puts its parts together.
    pub fn new(client: Arc<FullClient>, sync: Arc<SyncingService<Block>>, submitter: Submitter) -> Self {
        Self { client, sync, submitter }
    }

    fn read<T: Decode>(&self, at: Hash, key: Vec<u8>) -> Answer<Option<T>> {
        let found = self.client.storage(at, &StorageKey(key)).map_err(failed)?;
        found.map(|data| decode(&data)).transpose()
    }
}

fn failed(error: impl std::fmt::Display) -> ChainError {
    ChainError(error.to_string())
}

fn decode<T: Decode>(data: &StorageData) -> Answer<T> {
    // Only a runtime that keeps its records otherwise, so a newer one than this node knows, gets here.
    T::decode(&mut data.0.as_slice())
        .map_err(|error| ChainError(format!("a record can't be read, update the node ({error})")))
}

impl Chain for NodeChain {
    fn best(&self) -> At {
        let info = self.client.info();
        At { hash: info.best_hash, number: info.best_number }
    }

    fn is_syncing(&self) -> bool {
        self.sync.is_major_syncing()
    }

    fn rules(&self, at: Hash) -> Answer<Rules> {
        self.client.runtime_api().rules(at).map_err(failed)
    }

    fn provider(&self, at: Hash, who: &AccountId) -> Answer<Option<ProviderInfo<AccountId>>> {
        self.client.runtime_api().provider(at, who.clone()).map_err(failed)
    }

    fn challenges(&self, at: Hash, who: &AccountId) -> Answer<Option<ChallengeSet>> {
        self.client.runtime_api().challenges(at, who.clone()).map_err(failed)
    }

    fn open_orders(
        &self,
        at: Hash,
        after: Option<OrderId>,
        limit: u32,
    ) -> Answer<Vec<(OrderId, Order<AccountId>)>> {
        self.client.runtime_api().open_orders(at, after, limit).map_err(failed)
    }

    fn proof_set(&self, at: Hash, who: &AccountId, start: u32, limit: u32) -> Answer<Vec<(u32, Slot)>> {
        self.client.runtime_api().proof_set(at, who.clone(), start, limit).map_err(failed)
    }

    fn order(&self, at: Hash, id: OrderId) -> Answer<Option<OrderInfo<AccountId>>> {
        self.client.runtime_api().order(at, id).map_err(failed)
    }

    fn orders_of_piece(&self, at: Hash, root: PieceRoot) -> Answer<Vec<OrderId>> {
        self.client.runtime_api().orders_of_piece(at, root, None, MAX_ORDERS).map_err(failed)
    }

    fn access(&self, at: Hash, root: PieceRoot) -> Answer<PieceAccess> {
        self.client.runtime_api().piece_access(at, root).map_err(failed)
    }

    fn is_content(&self, at: Hash, piece: &Piece, content: ContentId) -> Answer<bool> {
        let pieces = self.client.runtime_api().pieces_of_content(at, content, 0, MAX_PIECES);
        Ok(pieces.map_err(failed)?.contains(piece))
    }

    fn faults(&self, at: Hash, start: Option<&[u8]>, limit: usize) -> Answer<FaultPage> {
        let prefix = StorageKey(Providers::<Runtime>::final_prefix().to_vec());
        let start = start.map(|key| StorageKey(key.to_vec()));
        let pairs = self.client.storage_pairs(at, Some(&prefix), start.as_ref()).map_err(failed)?;
        let mut phases: HashMap<u8, Phase> = HashMap::new();
        let mut page = FaultPage::default();
        let mut seen = 0_usize;
        for (key, data) in pairs.take(limit) {
            seen = seen.saturating_add(1);
            page.next = Some(key.0.clone());
            // `Blake2_128Concat`: the account itself stands at the end.
            let account = key.0.last_chunk::<32>().ok_or_else(|| failed("a provider without an account"))?;
            let account = AccountId::new(*account);
            let index = phase_index(&account);
            let phase = match phases.get(&index) {
                Some(phase) => *phase,
                None => {
                    let found: Option<Phase> = self.read(at, Phases::<Runtime>::hashed_key_for(index))?;
                    *phases.entry(index).or_insert(found.unwrap_or_default())
                }
            };
            let fault = decode::<Provider>(&data)?.catch_up(&phase);
            if fault.fine > 0 {
                page.faults.push((account, fault.fine));
            }
        }
        if seen < limit {
            page.next = None;
        }
        Ok(page)
    }

    fn purse(&self, at: Hash, who: &AccountId) -> Answer<Purse> {
        type Info = frame_system::AccountInfo<Nonce, pallet_balances::AccountData<Balance>>;
        let found: Option<Info> = self.read(at, frame_system::Account::<Runtime>::hashed_key_for(who))?;
        Ok(found.map_or_else(Purse::default, |info| Purse { nonce: info.nonce, free: info.data.free }))
    }

    fn submit(&self, at: At, call: Call, tip: Balance, replaces: bool) -> Result<(), SubmitError> {
        let nonce = self.purse(at.hash, self.submitter.account())?.nonce;
        self.submitter.submit(&self.client, at, call, nonce, tip, replaces)
    }
}

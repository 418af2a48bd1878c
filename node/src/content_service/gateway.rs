//! The HTTP gateway's questions, answered by the node.

use std::{sync::Arc, time::Duration};

use codec::Decode;
use pallet_asset_registry::{Contents, Pieces, runtime_api::AssetRegistryApi, types::PieceRecord};
use polkadot_sdk::{
    frame_system,
    sc_client_api::{StorageKey, StorageProvider},
    sc_network::{Multiaddr, multiaddr::Protocol, service::traits::NetworkService},
    sc_network_sync::SyncingService,
    sp_api::ProvideRuntimeApi,
    sp_blockchain::HeaderBackend,
    sp_consensus::SyncOracle,
    sp_core::{
        Pair,
        crypto::{AccountId32, Ss58AddressFormat, Ss58Codec},
        sr25519,
    },
};
use stoa_gateway::{Account, Chain, ChainError, ChainHealth, Fetch, FetchOutcome, Provider};
use stoa_primitives::{
    ContentId, PieceRoot,
    registry::{CommitId, PieceAccess},
};
use stoa_runtime::{
    Runtime,
    configs::{EXISTENTIAL_DEPOSIT, SS58_PREFIX},
};

use super::{ContentService, ServiceError, hub::may_read};
use crate::{
    network::slice::FetchError,
    service::{Block, FullClient},
};

/// An account may upload when it has so many times the existential deposit to lose.
const UPLOADER_FACTOR: u128 = 10;
/// Pieces of a content whose providers are looked up.
const MAX_PIECES: usize = 4;
/// Providers that one answer names.
const MAX_PROVIDERS: usize = 20;
/// Revisions of a content that are looked at to find out who may read it.
const MAX_REVISIONS: usize = 64;
/// Bytes of a revision's serial number, with which its key in the map of contents ends.
const SERIAL: usize = 8;
/// The transfer protocol that our nodes serve strangers by.
const BITSWAP: &str = "transport-bitswap";

/// Accounts, peers and the chain, for the gateway.
pub struct NodeChain {
    client: Arc<FullClient>,
    network: Arc<dyn NetworkService>,
    sync: Arc<SyncingService<Block>>,
    content: ContentService,
    quota: u64,
    serves_bitswap: bool,
    should_have_peers: bool,
}

impl NodeChain {
    /// `quota` is how many bytes one account may upload.
    pub fn new(
        client: Arc<FullClient>,
        network: Arc<dyn NetworkService>,
        sync: Arc<SyncingService<Block>>,
        content: ContentService,
        quota: u64,
        serves_bitswap: bool,
        should_have_peers: bool,
    ) -> Self {
        Self { client, network, sync, content, quota, serves_bitswap, should_have_peers }
    }

    /// Addresses under which others may reach this node, without its peer id.
    fn addresses(&self) -> Vec<String> {
        let without_peer = |address: Multiaddr| -> Multiaddr {
            address.iter().filter(|part| !matches!(part, Protocol::P2p(_))).collect()
        };
        let mut addresses: Vec<_> = self
            .network
            .external_addresses()
            .into_iter()
            .chain(self.network.listen_addresses())
            .map(|address| without_peer(address).to_string())
            .collect();
        let mut seen = std::collections::HashSet::new();
        addresses.retain(|address| seen.insert(address.clone()));
        addresses
    }
}

fn failed(error: impl std::fmt::Display) -> ChainError {
    ChainError(error.to_string())
}

#[async_trait::async_trait]
impl Chain for NodeChain {
    fn parse_account(&self, text: &str) -> Option<Account> {
        let (account, format) = AccountId32::from_ss58check_with_version(text).ok()?;
        (format == Ss58AddressFormat::custom(SS58_PREFIX)).then(|| Account(account.into()))
    }

    fn account_text(&self, account: &Account) -> String {
        AccountId32::from(account.0).to_ss58check_with_version(Ss58AddressFormat::custom(SS58_PREFIX))
    }

    fn verify(&self, account: &Account, message: &[u8], signature: &[u8; 64]) -> bool {
        sr25519::Pair::verify(
            &sr25519::Signature::from_raw(*signature),
            message,
            &sr25519::Public::from_raw(account.0),
        )
    }

    async fn upload_allowance(&self, account: &Account) -> Result<Option<u64>, ChainError> {
        let (client, account) = (self.client.clone(), AccountId32::from(account.0));
        let free = tokio::task::spawn_blocking(move || {
            let key = StorageKey(frame_system::Account::<Runtime>::hashed_key_for(&account));
            let stored = client.storage(client.info().best_hash, &key).map_err(failed)?;
            let Some(stored) = stored else { return Ok(0) };
            let info = <frame_system::AccountInfo<
                <Runtime as frame_system::Config>::Nonce,
                <Runtime as frame_system::Config>::AccountData,
            >>::decode(&mut stored.0.as_slice())
            .map_err(failed)?;
            Ok(info.data.free)
        })
        .await
        .map_err(failed)??;
        Ok((free >= EXISTENTIAL_DEPOSIT.saturating_mul(UPLOADER_FACTOR)).then_some(self.quota))
    }

    async fn providers(&self, content: &ContentId) -> Result<Vec<Provider>, ChainError> {
        let (content, digest) = (*content, content.digest);
        let here = self.serves_bitswap
            && self.content.blocking(move |store, _| Ok(store.has_block(&digest)?)).await.map_err(failed)?;
        let mut providers = Vec::new();
        if here {
            providers.push(Provider {
                id: self.network.local_peer_id().to_base58(),
                addresses: self.addresses(),
                protocols: vec![BITSWAP.into()],
            });
        }
        let pieces = self.content.pieces_of(content).await.map_err(failed)?;
        let searches = pieces.into_iter().take(MAX_PIECES).map(|piece| self.content.announced_by(piece.root));
        let mut seen = std::collections::HashSet::new();
        let found = futures::future::join_all(searches).await.into_iter().flatten();
        for peer in found.filter(|peer| seen.insert(*peer)).take(MAX_PROVIDERS) {
            providers.push(Provider {
                id: peer.to_base58(),
                addresses: Vec::new(),
                protocols: vec![BITSWAP.into()],
            });
        }
        Ok(providers)
    }

    async fn may_read(
        &self,
        account: &Account,
        piece: &PieceRoot,
        content: &ContentId,
    ) -> Result<bool, ChainError> {
        let (client, account) = (self.client.clone(), AccountId32::from(account.0));
        let (root, content) = (*piece, *content);
        tokio::task::spawn_blocking(move || {
            let (at, api) = (client.info().best_hash, client.runtime_api());
            let record = Pieces::<Runtime>::hashed_key_for(root);
            let record = client.storage(at, &StorageKey(record)).map_err(failed)?;
            let record = record
                .map(|bytes| PieceRecord::decode(&mut bytes.0.as_slice()).map_err(failed))
                .transpose()?;
            let Some(asset) = record.and_then(|record| record.controller) else { return Ok(false) };
            if api.piece_access(at, root).map_err(failed)? == PieceAccess::Denied {
                return Ok(false);
            }
            // Its asset's revisions with that content, one of which a grant must be for.
            let mut prefix = Contents::<Runtime>::hashed_key_for(content, [0; SERIAL]);
            prefix.truncate(prefix.len().saturating_sub(SERIAL));
            let prefix = StorageKey(prefix);
            let keys = client.storage_keys(at, Some(&prefix), None).map_err(failed)?.take(MAX_REVISIONS);
            for key in keys {
                let Some(commit) = client.storage(at, &key).map_err(failed)? else { continue };
                let commit = CommitId::decode(&mut commit.0.as_slice()).map_err(failed)?;
                let revision = api.revision(at, commit).map_err(failed)?;
                if revision.is_some_and(|found| found.asset == asset && found.piece.root == root)
                    && may_read(&client, at, &account, asset, Some(commit))?
                {
                    return Ok(true);
                }
            }
            Ok(false)
        })
        .await
        .map_err(failed)?
    }

    async fn health(&self) -> Result<ChainHealth, ChainError> {
        let info = self.client.info();
        Ok(ChainHealth {
            best: info.best_number.into(),
            finalised: info.finalized_number.into(),
            peers: self.sync.num_connected_peers() as u64,
            syncing: self.sync.is_major_syncing(),
            should_have_peers: self.should_have_peers,
        })
    }
}

/// Brings public content here for the gateway's readers.
pub struct NodeFetch(ContentService);

impl NodeFetch {
    /// Fetches through the service.
    pub fn new(content: ContentService) -> Self {
        Self(content)
    }
}

#[async_trait::async_trait]
impl Fetch for NodeFetch {
    async fn fetch(&self, content: &ContentId, limit: Duration) -> FetchOutcome {
        let Ok(result) = tokio::time::timeout(limit, self.0.fetch_public(*content, &mut |_| {})).await else {
            return FetchOutcome::TimedOut;
        };
        match result {
            Ok(Some(info)) if info.access == stoa_content::Access::Public => FetchOutcome::Fetched,
            Ok(_) | Err(ServiceError::Fetch(FetchError::NotFound)) => FetchOutcome::NotFound,
            Err(ServiceError::Denied) => FetchOutcome::Denied,
            Err(ServiceError::Fetch(FetchError::TooMany)) => FetchOutcome::Busy,
            Err(ServiceError::Fetch(FetchError::Stalled { .. } | FetchError::Deadline { .. })) => {
                FetchOutcome::TimedOut
            }
            Err(error) => FetchOutcome::Failed(error.to_string()),
        }
    }
}

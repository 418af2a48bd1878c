//! The registry's records, for the Hugging Face API.

use std::sync::Arc;

use codec::{Decode, DecodeAll};
use futures::{Stream, StreamExt, stream};
use pallet_asset_registry::{
    NextAssetId, Pieces,
    runtime_api::AssetRegistryApi,
    types::{AssetInfo, PieceRecord, RevisionInfo},
};
use pallet_marketplace::runtime_api::{LicenceId, MarketplaceApi};
use polkadot_sdk::{
    sc_client_api::{StorageEventStream, StorageKey, StorageProvider},
    sc_consensus_babe::find_pre_digest,
    sp_api::ProvideRuntimeApi,
    sp_blockchain::HeaderBackend,
    sp_consensus_babe::BabeApi,
    sp_core::crypto::AccountId32,
    sp_io::hashing::twox_128,
};
use stoa_gateway::{Account, ChainError, Hub, HubAsset, HubPage, HubRef, HubRevision};
use stoa_primitives::registry::{AssetId, CommitId};
use stoa_runtime::{AccountId, BlockNumber, Hash, Runtime};

use crate::service::{Block, FullClient};

/// The registry's name in the runtime.
const PALLET: &[u8] = b"AssetRegistry";
/// The registry's maps whose keys begin with an asset's number, and whose changes readers see.
const MAPS: [&[u8]; 3] = [b"Assets", b"Refs", b"RevisionsOf"];
/// Branches and tags that one call of the runtime gives.
const PAGE: u32 = pallet_asset_registry::runtime_api::MAX_PAGE;

/// The registry of a running chain.
pub struct ChainHub(Arc<FullClient>);

/// The registry as of one block; its calls block.
struct Then {
    client: Arc<FullClient>,
    at: Hash,
}

fn failed(error: impl std::fmt::Display) -> ChainError {
    ChainError(error.to_string())
}

fn text(bytes: Vec<u8>) -> String {
    String::from_utf8_lossy(&bytes).into_owned()
}

fn asset(info: AssetInfo<AccountId>) -> HubAsset {
    HubAsset {
        id: info.id,
        namespace: text(info.namespace),
        name: text(info.name),
        kind: info.kind,
        visibility: info.visibility,
        licence: text(info.licence),
        taken_down: info.taken_down.is_some(),
        deleted: info.refs == 0 && info.revisions > 0,
    }
}

impl ChainHub {
    /// Asks this client's runtime.
    pub fn new(client: Arc<FullClient>) -> Self {
        Self(client)
    }

    /// Asks the runtime as of the best block, where it may block.
    async fn ask<T: Send + 'static>(
        &self,
        question: impl FnOnce(&Then) -> Result<T, ChainError> + Send + 'static,
    ) -> Result<T, ChainError> {
        let then = Then { client: self.0.clone(), at: self.0.info().best_hash };
        tokio::task::spawn_blocking(move || question(&then)).await.map_err(failed)?
    }
}

impl Then {
    fn stored<T: Decode>(&self, key: Vec<u8>) -> Result<Option<T>, ChainError> {
        let stored = self.client.storage(self.at, &StorageKey(key)).map_err(failed)?;
        stored.map(|bytes| T::decode_all(&mut bytes.0.as_slice()).map_err(failed)).transpose()
    }

    fn asset(&self, id: AssetId) -> Result<Option<HubAsset>, ChainError> {
        Ok(self.client.runtime_api().asset_by_id(self.at, id).map_err(failed)?.map(asset))
    }

    /// When a block's slot began, in milliseconds since 1970. 0 for the genesis, which has none.
    fn time(&self, number: BlockNumber) -> Result<u64, ChainError> {
        let hash = self.client.hash(number).map_err(failed)?;
        let Some(header) = hash.map(|hash| self.client.header(hash)).transpose().map_err(failed)?.flatten()
        else {
            return Ok(0);
        };
        let slot = find_pre_digest::<Block>(&header).map_or(0, |digest| *digest.slot());
        let duration = self.client.runtime_api().configuration(self.at).map_err(failed)?.slot_duration;
        Ok(slot.saturating_mul(duration))
    }

    fn revision(&self, info: RevisionInfo<AccountId, BlockNumber>) -> Result<HubRevision, ChainError> {
        let record: Option<PieceRecord> = self.stored(Pieces::<Runtime>::hashed_key_for(info.piece.root))?;
        let mut parents = Vec::new();
        for parent in info.parents {
            let found = self.client.runtime_api().revision(self.at, parent.commit).map_err(failed)?;
            parents.extend(found.map(|found| (found.asset, parent.relation)));
        }
        Ok(HubRevision {
            commit: info.commit,
            asset: info.asset,
            number: info.number,
            content: info.content,
            piece: info.piece,
            parents,
            message: text(info.message),
            author: Account(info.author.into()),
            published: self.time(info.published)?,
            yanked: info.yanked,
            access: info.access,
            governs_piece: record.and_then(|record| record.controller) == Some(info.asset),
        })
    }
}

#[async_trait::async_trait]
impl Hub for ChainHub {
    async fn asset(&self, name: &str) -> Result<Option<HubAsset>, ChainError> {
        let name = name.as_bytes().to_vec();
        self.ask(|then| Ok(then.client.runtime_api().asset(then.at, name).map_err(failed)?.map(asset))).await
    }

    async fn assets_by_id(&self, ids: &[AssetId]) -> Result<Vec<Option<HubAsset>>, ChainError> {
        let ids = ids.to_vec();
        self.ask(move |then| ids.into_iter().map(|id| then.asset(id)).collect()).await
    }

    async fn assets(&self, start: AssetId, limit: u32) -> Result<HubPage, ChainError> {
        self.ask(move |then| {
            let end = then.stored::<u64>(NextAssetId::<Runtime>::hashed_key().to_vec())?.unwrap_or(0);
            let page_end = start.0.saturating_add(limit.into()).min(end);
            let mut assets = Vec::new();
            for id in start.0..page_end {
                assets.extend(then.asset(AssetId(id))?);
            }
            Ok(HubPage { assets, next: (page_end < end).then_some(AssetId(page_end)) })
        })
        .await
    }

    async fn resolve(&self, asset: &HubAsset, reference: &str) -> Result<Option<HubRevision>, ChainError> {
        let (name, reference) = (asset.full_name().into_bytes(), reference.as_bytes().to_vec());
        self.ask(|then| {
            let found = then.client.runtime_api().resolve(then.at, name, reference).map_err(failed)?;
            found.map(|info| then.revision(info)).transpose()
        })
        .await
    }

    async fn revisions(
        &self,
        asset: AssetId,
        start: u32,
        limit: u32,
    ) -> Result<Vec<HubRevision>, ChainError> {
        self.ask(move |then| {
            let found = then.client.runtime_api().revisions(then.at, asset, start, limit).map_err(failed)?;
            found.into_iter().map(|info| then.revision(info)).collect()
        })
        .await
    }

    async fn refs(&self, asset: AssetId, limit: u32) -> Result<Vec<HubRef>, ChainError> {
        self.ask(move |then| {
            let mut refs: Vec<HubRef> = Vec::new();
            let mut after = None;
            loop {
                let left = limit.saturating_sub(u32::try_from(refs.len()).unwrap_or(u32::MAX)).min(PAGE);
                let page = then.client.runtime_api().refs(then.at, asset, after, left).map_err(failed)?;
                let Some(last) = page.last().filter(|_| left > 0) else { return Ok(refs) };
                after = Some(last.name.clone());
                refs.extend(page.into_iter().map(|found| HubRef {
                    name: text(found.name),
                    kind: found.kind,
                    commit: found.commit,
                }));
            }
        })
        .await
    }

    async fn may_read(
        &self,
        account: &Account,
        asset: AssetId,
        revision: Option<CommitId>,
    ) -> Result<bool, ChainError> {
        let account = AccountId32::from(account.0);
        self.ask(move |then| may_read(&then.client, then.at, &account, asset, revision)).await
    }

    async fn may_write(&self, account: &Account, asset: AssetId) -> Result<bool, ChainError> {
        let account = AccountId32::from(account.0);
        self.ask(move |then| {
            Ok(then.client.runtime_api().role(then.at, asset, account).map_err(failed)?.is_some())
        })
        .await
    }

    async fn namespaces(&self, account: &Account, limit: u32) -> Result<Vec<String>, ChainError> {
        let account = AccountId32::from(account.0);
        self.ask(move |then| {
            let api = then.client.runtime_api();
            let found = api.namespaces_of_account(then.at, account, None, limit).map_err(failed)?;
            Ok(found.into_iter().map(|found| text(found.name)).collect())
        })
        .await
    }
}

/// Whether an account works on an asset, or holds a licence that lets it read a revision of it; without a revision, any.
/// Blocks.
pub fn may_read(
    client: &FullClient,
    at: Hash,
    account: &AccountId,
    asset: AssetId,
    revision: Option<CommitId>,
) -> Result<bool, ChainError> {
    let api = client.runtime_api();
    if api.role(at, asset, account.clone()).map_err(failed)?.is_some() {
        return Ok(true);
    }
    if let Some(revision) = revision {
        return api.can_read(at, account.clone(), asset, revision).map_err(failed);
    }
    let key = pallet_marketplace::Grants::<Runtime>::hashed_key_for(asset, account);
    let Some(held) = client.storage(at, &StorageKey(key)).map_err(failed)? else { return Ok(false) };
    let held = Vec::<LicenceId>::decode_all(&mut held.0.as_slice()).map_err(failed)?;
    for licence in held {
        if api.licence(at, licence).map_err(failed)?.is_some_and(|licence| licence.live) {
            return Ok(true);
        }
    }
    Ok(false)
}

/// The assets whose records change with each block.
pub fn changed_assets(changes: StorageEventStream<Hash>) -> impl Stream<Item = AssetId> + Send {
    let prefixes = MAPS.map(|map| [twox_128(PALLET), twox_128(map)].concat());
    changes.flat_map(move |change| {
        let found: Vec<_> =
            change.changes.iter().filter_map(|(_, key, _)| asset_of(&prefixes, &key.0)).collect();
        stream::iter(found)
    })
}

/// The asset that a key's map is about. The hash before the asset's number takes 16 bytes.
fn asset_of(prefixes: &[Vec<u8>], key: &[u8]) -> Option<AssetId> {
    let mut encoded = prefixes.iter().find_map(|prefix| key.strip_prefix(prefix.as_slice()))?.get(16..)?;
    AssetId::decode(&mut encoded).ok()
}

#[cfg(test)]
mod tests {
    use pallet_asset_registry::{Assets, Refs, RevisionsOf};

    use super::*;

    #[test]
    fn keys_of_an_assets_records_name_it_and_others_do_not() {
        let prefixes = MAPS.map(|map| [twox_128(PALLET), twox_128(map)].concat());
        let asset = AssetId(7);
        let name = b"main".to_vec().try_into().unwrap();
        for key in [
            Assets::<Runtime>::hashed_key_for(asset),
            Refs::<Runtime>::hashed_key_for::<_, pallet_asset_registry::types::RefName>(asset, name),
            RevisionsOf::<Runtime>::hashed_key_for(asset, 3),
        ] {
            assert_eq!(asset_of(&prefixes, &key), Some(asset));
        }
        assert_eq!(asset_of(&prefixes, &Pieces::<Runtime>::hashed_key_for([7; 32])), None);
        assert_eq!(asset_of(&prefixes, &prefixes[0]), None);
    }
}

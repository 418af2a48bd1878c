//! What the content service asks of the chain's registry.

use std::sync::Arc;

use pallet_asset_registry::{runtime_api::AssetRegistryApi, types::Subject};
use pallet_storage_proofs::{runtime_api::StorageProofsApi, types::ProviderInfo};
use polkadot_sdk::{
    sc_network::{Multiaddr, PeerId},
    sp_api::ProvideRuntimeApi,
    sp_blockchain::HeaderBackend,
    sp_io::hashing::twox_128,
};
use stoa_primitives::{
    ContentId, Piece, PieceRoot,
    registry::{AssetId, PieceAccess},
};
use stoa_runtime::AccountId;

use crate::service::FullClient;

/// The registry's name in the runtime.
const PALLET: &[u8] = b"AssetRegistry";
/// Providers of a piece that are asked for it.
const MAX_HOLDERS: u32 = 16;
/// Orders of a piece that are looked at for who may have it.
const MAX_ORDERS: u32 = 64;

/// The chain couldn't answer.
#[derive(Debug, thiserror::Error)]
#[error("the chain can't say: {0}")]
pub struct RegistryError(String);

#[cfg(test)]
impl RegistryError {
    /// Of whatever went wrong.
    pub fn new(error: &str) -> Self {
        Self(error.into())
    }
}

/// A page of an asset's revisions.
pub struct RevisionPage {
    /// Their pieces, and whether these may be served.
    pub pieces: Vec<(PieceRoot, PieceAccess)>,
    /// Where the next page starts; `None` after the last one.
    pub next: Option<u32>,
}

/// A node that keeps a piece for pay.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct Holder {
    /// Its peer id.
    pub peer: PeerId,
    /// Where it listens.
    pub addresses: Vec<Multiaddr>,
}

impl Holder {
    /// Of what a provider registered; none when that is no peer id.
    fn of(info: &ProviderInfo<AccountId>) -> Option<Self> {
        let addresses = info.contact.addresses.iter().filter_map(|address| address.to_vec().try_into().ok());
        Some(Self { peer: PeerId::from_bytes(&info.contact.peer_id).ok()?, addresses: addresses.collect() })
    }
}

/// The registry as of the best block. Calls block.
pub trait Registry: Send + Sync + 'static {
    /// Whether a piece may be served.
    fn access(&self, root: PieceRoot) -> Result<PieceAccess, RegistryError>;
    /// Pieces that are said to hold a content, oldest first.
    fn pieces_of(&self, content: ContentId, limit: u32) -> Result<Vec<Piece>, RegistryError>;
    /// The pieces of an asset's revisions from number `start` on.
    fn revisions(&self, asset: AssetId, start: u32, limit: u32) -> Result<RevisionPage, RegistryError>;
    /// Providers that keep a piece for an order.
    fn holders(&self, _root: PieceRoot) -> Result<Vec<Holder>, RegistryError> {
        Ok(Vec::new())
    }
    /// Whether a peer is the node of a provider that may have a piece for an order: of a restricted piece one that an
    /// admin of its asset named, of a bare piece one that an order of anybody is for.
    fn may_fetch(&self, _peer: &PeerId, _root: PieceRoot) -> Result<bool, RegistryError> {
        Ok(false)
    }
}

/// The registry of a running chain.
pub struct ChainRegistry(Arc<FullClient>);

impl ChainRegistry {
    /// Asks this client's runtime.
    pub fn new(client: Arc<FullClient>) -> Self {
        Self(client)
    }
}

impl Registry for ChainRegistry {
    fn access(&self, root: PieceRoot) -> Result<PieceAccess, RegistryError> {
        self.0.runtime_api().piece_access(self.0.info().best_hash, root).map_err(failed)
    }

    fn pieces_of(&self, content: ContentId, limit: u32) -> Result<Vec<Piece>, RegistryError> {
        self.0.runtime_api().pieces_of_content(self.0.info().best_hash, content, 0, limit).map_err(failed)
    }

    fn revisions(&self, asset: AssetId, start: u32, limit: u32) -> Result<RevisionPage, RegistryError> {
        let page =
            self.0.runtime_api().revisions(self.0.info().best_hash, asset, start, limit).map_err(failed)?;
        let next = page.last().and_then(|last| last.number.checked_add(1));
        Ok(RevisionPage {
            pieces: page.into_iter().map(|found| (found.piece.root, found.access)).collect(),
            next,
        })
    }

    fn holders(&self, root: PieceRoot) -> Result<Vec<Holder>, RegistryError> {
        let keep = self.0.runtime_api().providers_of_piece(self.0.info().best_hash, root, MAX_HOLDERS);
        Ok(keep.map_err(failed)?.iter().filter_map(Holder::of).collect())
    }

    fn may_fetch(&self, peer: &PeerId, root: PieceRoot) -> Result<bool, RegistryError> {
        let (api, at) = (self.0.runtime_api(), self.0.info().best_hash);
        let peer = peer.to_bytes();
        let bare = api.piece_access(at, root).map_err(failed)? == PieceAccess::Unknown;
        let orders = api.orders_of_piece(at, root, None, MAX_ORDERS).map_err(failed)?;
        for id in orders {
            let Some(info) = api.order(at, id).map_err(failed)? else { continue };
            // Nobody owns a bare piece, so an order for anybody is for any peer.
            if bare && info.order.open > 0 && info.order.named.is_empty() {
                return Ok(true);
            }
            let kept = info.replicas.into_iter().map(|replica| replica.provider);
            for account in info.order.named.into_iter().chain(kept) {
                let provider = api.provider(at, account.clone()).map_err(failed)?;
                let is_node =
                    provider.is_some_and(|found| found.contact.peer_id.as_slice() == peer.as_slice());
                // The chain knows whether the order is an admin's.
                if is_node && api.may_fetch(at, account, root).map_err(failed)? {
                    return Ok(true);
                }
            }
        }
        Ok(false)
    }
}

fn failed(error: impl std::fmt::Display) -> RegistryError {
    RegistryError(error.to_string())
}

/// What a changed key of the chain's state is about, if it can change who may be served a piece.
///
/// A hint: a key that isn't understood any more after an upgrade only makes the change noticed later, by the sweep.
pub struct ChangedKeys {
    pieces: Vec<u8>,
    assets: Vec<u8>,
    denied: Vec<u8>,
}

impl Default for ChangedKeys {
    fn default() -> Self {
        let prefix = |map: &[u8]| [twox_128(PALLET), twox_128(map)].concat();
        Self { pieces: prefix(b"Pieces"), assets: prefix(b"Assets"), denied: prefix(b"DenyList") }
    }
}

impl ChangedKeys {
    /// Reads a key.
    pub fn subject(&self, key: &[u8]) -> Option<Subject> {
        use codec::DecodeAll;
        // `Blake2_128Concat`: the hash, then the key itself.
        let encoded = |prefix: &[u8]| key.strip_prefix(prefix)?.get(16..);
        if let Some(mut root) = encoded(&self.pieces) {
            return PieceRoot::decode_all(&mut root).ok().map(Subject::Piece);
        }
        if let Some(mut asset) = encoded(&self.assets) {
            return AssetId::decode_all(&mut asset).ok().map(Subject::Asset);
        }
        Subject::decode_all(&mut encoded(&self.denied)?).ok()
    }
}

#[cfg(test)]
mod tests {
    use pallet_asset_registry::{Assets, DenyList, Pieces, Revisions};
    use stoa_primitives::registry::CommitId;
    use stoa_runtime::Runtime;

    use super::*;

    #[test]
    fn keys_of_the_runtime_are_understood() {
        let keys = ChangedKeys::default();
        let (piece, asset) = (Subject::Piece([3; 32]), Subject::Asset(AssetId(7)));
        assert_eq!(keys.subject(&Pieces::<Runtime>::hashed_key_for([3; 32])), Some(piece));
        assert_eq!(keys.subject(&Assets::<Runtime>::hashed_key_for(AssetId(7))), Some(asset));
        assert_eq!(keys.subject(&DenyList::<Runtime>::hashed_key_for(piece)), Some(piece));
        assert_eq!(keys.subject(&DenyList::<Runtime>::hashed_key_for(asset)), Some(asset));
    }

    #[test]
    fn other_keys_are_none() {
        let keys = ChangedKeys::default();
        let mut long = Pieces::<Runtime>::hashed_key_for([3; 32]);
        long.push(0);
        assert_eq!(keys.subject(&long), None);
        assert_eq!(keys.subject(&Pieces::<Runtime>::hashed_key_for([3; 32])[..40]), None);
        assert_eq!(keys.subject(&Revisions::<Runtime>::hashed_key_for(CommitId([3; 20]))), None);
        assert_eq!(keys.subject(b""), None);
    }
}

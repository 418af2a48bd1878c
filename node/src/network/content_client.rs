//! The client that the networking stack is given, so that stock Bitswap serves from our store.
//!
//! `sc_service::build_network` is generic in its client, and Bitswap's server asks that client for nothing but
//! [`BlockBackend::indexed_transaction`] and [`BlockBackend::has_indexed_transaction`]. [`ContentClient`] answers
//! these two from the public pieces of a [`Store`] first; everything else is the inner client's.
//!
//! Look-ups run in a blocking task whose end would end the node: they never panic, and a failing disk reads as absent.

use std::{error::Error, sync::Arc};

use polkadot_sdk::{
    sc_client_api::{
        BlockBackend, BlockchainEvents, CompactProof, FinalityNotifications, ImportNotifications,
        ProofProvider, StorageEventStream, StorageKey, StorageProof,
    },
    sp_api::{ApiRef, ProvideRuntimeApi},
    sp_blockchain::{self, CachedHeaderMetadata, HeaderBackend, HeaderMetadata, Info},
    sp_consensus::{self, block_validation::Chain},
    sp_core::{H256, storage::ChildInfo},
    sp_runtime::{
        Justifications,
        generic::{BlockId, SignedBlock},
        traits::{Block as BlockT, BlockIdTo, NumberFor},
    },
    sp_state_machine::{KeyValueStates, KeyValueStorageLevel},
};
use stoa_content::Store;

use super::{log_limit::LimitedLog, metrics::ContentMetrics};

/// A client whose indexed transactions are, besides the chain's own, the blocks of our public pieces.
pub struct ContentClient<C> {
    inner: Arc<C>,
    store: Store,
    metrics: ContentMetrics,
    failures: LimitedLog,
}

impl<C> ContentClient<C> {
    /// Puts the store in front of a client.
    pub fn new(inner: Arc<C>, store: Store, metrics: ContentMetrics) -> Self {
        Self { inner, store, metrics, failures: LimitedLog::default() }
    }
}

type ChainResult<T> = sp_blockchain::Result<T>;

impl<B: BlockT, C: BlockBackend<B>> BlockBackend<B> for ContentClient<C> {
    fn indexed_transaction(&self, digest: H256) -> ChainResult<Option<Vec<u8>>> {
        match self.store.block(digest.as_fixed_bytes()) {
            Ok(Some(block)) => {
                self.metrics.bitswap_blocks.inc();
                self.metrics.bitswap_bytes.inc_by(block.len() as u64);
                return Ok(Some(block.into()));
            }
            Ok(None) => {}
            Err(error) => self.failures.warn(format_args!("Can't read block {digest:?}: {error}")),
        }
        let found = self.inner.indexed_transaction(digest)?;
        if found.is_none() {
            self.metrics.bitswap_refused.inc();
        }
        Ok(found)
    }

    fn has_indexed_transaction(&self, digest: H256) -> ChainResult<bool> {
        match self.store.has_block(digest.as_fixed_bytes()) {
            Ok(true) => return Ok(true),
            Ok(false) => {}
            Err(error) => self.failures.warn(format_args!("Can't look up block {digest:?}: {error}")),
        }
        let found = self.inner.has_indexed_transaction(digest)?;
        if !found {
            self.metrics.bitswap_refused.inc();
        }
        Ok(found)
    }

    // Feeds the IPFS DHT publisher, which reads every hash as blake2b-256: ours are sha2-256, so we add none.
    fn block_indexed_hashes(&self, hash: B::Hash) -> ChainResult<Option<Vec<H256>>> {
        self.inner.block_indexed_hashes(hash)
    }

    // Block sync serves this one, so it stays the chain's.
    fn block_indexed_body(&self, hash: B::Hash) -> ChainResult<Option<Vec<Vec<u8>>>> {
        self.inner.block_indexed_body(hash)
    }

    fn block_body(&self, hash: B::Hash) -> ChainResult<Option<Vec<B::Extrinsic>>> {
        self.inner.block_body(hash)
    }

    fn block(&self, hash: B::Hash) -> ChainResult<Option<SignedBlock<B>>> {
        self.inner.block(hash)
    }

    fn block_status(&self, hash: B::Hash) -> ChainResult<sp_consensus::BlockStatus> {
        self.inner.block_status(hash)
    }

    fn justifications(&self, hash: B::Hash) -> ChainResult<Option<Justifications>> {
        self.inner.justifications(hash)
    }

    fn block_hash(&self, number: NumberFor<B>) -> ChainResult<Option<B::Hash>> {
        self.inner.block_hash(number)
    }

    fn requires_full_sync(&self) -> bool {
        self.inner.requires_full_sync()
    }
}

impl<B: BlockT, C: ProvideRuntimeApi<B>> ProvideRuntimeApi<B> for ContentClient<C> {
    type Api = C::Api;

    fn runtime_api(&self) -> ApiRef<'_, Self::Api> {
        self.inner.runtime_api()
    }
}

impl<B: BlockT, C: HeaderMetadata<B>> HeaderMetadata<B> for ContentClient<C> {
    type Error = C::Error;

    fn header_metadata(&self, hash: B::Hash) -> Result<CachedHeaderMetadata<B>, Self::Error> {
        self.inner.header_metadata(hash)
    }

    fn insert_header_metadata(&self, hash: B::Hash, metadata: CachedHeaderMetadata<B>) {
        self.inner.insert_header_metadata(hash, metadata)
    }

    fn remove_header_metadata(&self, hash: B::Hash) {
        self.inner.remove_header_metadata(hash)
    }
}

impl<B: BlockT, C: HeaderBackend<B>> HeaderBackend<B> for ContentClient<C> {
    fn header(&self, hash: B::Hash) -> ChainResult<Option<B::Header>> {
        self.inner.header(hash)
    }

    fn info(&self) -> Info<B> {
        self.inner.info()
    }

    fn status(&self, hash: B::Hash) -> ChainResult<sp_blockchain::BlockStatus> {
        self.inner.status(hash)
    }

    fn number(&self, hash: B::Hash) -> ChainResult<Option<NumberFor<B>>> {
        self.inner.number(hash)
    }

    fn hash(&self, number: NumberFor<B>) -> ChainResult<Option<B::Hash>> {
        self.inner.hash(number)
    }
}

impl<B: BlockT, C: BlockIdTo<B>> BlockIdTo<B> for ContentClient<C> {
    type Error = C::Error;

    fn to_hash(&self, id: &BlockId<B>) -> Result<Option<B::Hash>, Self::Error> {
        self.inner.to_hash(id)
    }

    fn to_number(&self, id: &BlockId<B>) -> Result<Option<NumberFor<B>>, Self::Error> {
        self.inner.to_number(id)
    }
}

impl<B: BlockT, C: Chain<B>> Chain<B> for ContentClient<C> {
    fn block_status(&self, hash: B::Hash) -> Result<sp_consensus::BlockStatus, Box<dyn Error + Send>> {
        self.inner.block_status(hash)
    }
}

impl<B: BlockT, C: ProofProvider<B>> ProofProvider<B> for ContentClient<C> {
    fn read_proof(&self, hash: B::Hash, keys: &mut dyn Iterator<Item = &[u8]>) -> ChainResult<StorageProof> {
        self.inner.read_proof(hash, keys)
    }

    fn read_child_proof(
        &self,
        hash: B::Hash,
        child: &ChildInfo,
        keys: &mut dyn Iterator<Item = &[u8]>,
    ) -> ChainResult<StorageProof> {
        self.inner.read_child_proof(hash, child, keys)
    }

    fn execution_proof(
        &self,
        hash: B::Hash,
        method: &str,
        data: &[u8],
    ) -> ChainResult<(Vec<u8>, StorageProof)> {
        self.inner.execution_proof(hash, method, data)
    }

    fn read_proof_collection(
        &self,
        hash: B::Hash,
        start: &[Vec<u8>],
        limit: usize,
    ) -> ChainResult<(CompactProof, u32)> {
        self.inner.read_proof_collection(hash, start, limit)
    }

    fn storage_collection(
        &self,
        hash: B::Hash,
        start: &[Vec<u8>],
        limit: usize,
    ) -> ChainResult<Vec<(KeyValueStorageLevel, bool)>> {
        self.inner.storage_collection(hash, start, limit)
    }

    fn verify_range_proof(
        &self,
        root: B::Hash,
        proof: CompactProof,
        start: &[Vec<u8>],
    ) -> ChainResult<(KeyValueStates, usize)> {
        self.inner.verify_range_proof(root, proof, start)
    }
}

impl<B: BlockT, C: BlockchainEvents<B>> BlockchainEvents<B> for ContentClient<C> {
    fn import_notification_stream(&self) -> ImportNotifications<B> {
        self.inner.import_notification_stream()
    }

    fn every_import_notification_stream(&self) -> ImportNotifications<B> {
        self.inner.every_import_notification_stream()
    }

    fn finality_notification_stream(&self) -> FinalityNotifications<B> {
        self.inner.finality_notification_stream()
    }

    fn storage_changes_notification_stream(
        &self,
        keys: Option<&[StorageKey]>,
        child_keys: Option<&[(StorageKey, Option<Vec<StorageKey>>)]>,
    ) -> ChainResult<StorageEventStream<B::Hash>> {
        self.inner.storage_changes_notification_stream(keys, child_keys)
    }
}

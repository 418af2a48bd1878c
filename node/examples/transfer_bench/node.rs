//! A node's network without a chain behind it: the real litep2p backend with stock Bitswap and, where there is a
//! store, `/stoa/slice/1`, put together as the service does.

use std::{collections::HashMap, pin::Pin, sync::Arc};

use anyhow::{Context, Result};
use futures::{Stream, StreamExt, stream};
use polkadot_sdk::{
    sc_client_api::{
        BlockBackend, BlockchainEvents, FinalityNotifications, ImportNotifications, StorageEventStream,
        StorageKey,
    },
    sc_network::{
        IfDisconnected, IpfsIndexedTransactions, Litep2pNetworkBackend, Multiaddr, NetworkBackend,
        NotificationMetrics, PeerId, ReputationChange, Roles,
        config::{
            FullNetworkConfiguration, IpfsConfig, MultiaddrWithPeerId, NetworkConfiguration,
            NotificationHandshake, Params, ProtocolId, Role, SetConfig,
        },
        service::traits::{NetworkService, PeerStore},
    },
    sc_network_bitswap::{self, BitswapHandle},
    sc_network_common::sync::message::BlockAnnouncesHandshake,
    sc_network_sync::{SyncEvent, SyncEventStream},
    sc_utils::mpsc::tracing_unbounded,
    sp_blockchain::Error,
    sp_consensus::BlockStatus,
    sp_core::H256,
    sp_runtime::{
        Justifications, OpaqueExtrinsic,
        generic::{self, SignedBlock},
    },
};
use stoa_content::{Piece, Store};
use stoa_node::network::{
    metrics::ContentMetrics,
    slice::{self, SliceNetwork, config::PROTOCOL_NAME},
};

type Block = generic::Block<stoa_runtime::Header, OpaqueExtrinsic>;
type ChainResult<T> = Result<T, Error>;

/// A client without a chain, whose indexed transactions are blocks in memory.
#[derive(Default)]
pub(crate) struct MemoryBlocks(pub(crate) HashMap<H256, Vec<u8>>);

impl BlockBackend<Block> for MemoryBlocks {
    fn indexed_transaction(&self, digest: H256) -> ChainResult<Option<Vec<u8>>> {
        Ok(self.0.get(&digest).cloned())
    }

    fn has_indexed_transaction(&self, digest: H256) -> ChainResult<bool> {
        Ok(self.0.contains_key(&digest))
    }

    fn block_body(&self, _hash: H256) -> ChainResult<Option<Vec<OpaqueExtrinsic>>> {
        Ok(None)
    }

    fn block_indexed_body(&self, _hash: H256) -> ChainResult<Option<Vec<Vec<u8>>>> {
        Ok(None)
    }

    fn block_indexed_hashes(&self, _hash: H256) -> ChainResult<Option<Vec<H256>>> {
        Ok(None)
    }

    fn block(&self, _hash: H256) -> ChainResult<Option<SignedBlock<Block>>> {
        Ok(None)
    }

    fn block_status(&self, _hash: H256) -> ChainResult<BlockStatus> {
        Ok(BlockStatus::Unknown)
    }

    fn justifications(&self, _hash: H256) -> ChainResult<Option<Justifications>> {
        Ok(None)
    }

    fn block_hash(&self, _number: u32) -> ChainResult<Option<H256>> {
        Ok(None)
    }

    fn requires_full_sync(&self) -> bool {
        false
    }
}

impl BlockchainEvents<Block> for MemoryBlocks {
    fn import_notification_stream(&self) -> ImportNotifications<Block> {
        tracing_unbounded("no-blocks", 1).1
    }

    fn every_import_notification_stream(&self) -> ImportNotifications<Block> {
        tracing_unbounded("no-blocks", 1).1
    }

    fn finality_notification_stream(&self) -> FinalityNotifications<Block> {
        tracing_unbounded("no-blocks", 1).1
    }

    fn storage_changes_notification_stream(
        &self,
        _keys: Option<&[StorageKey]>,
        _child_keys: Option<&[(StorageKey, Option<Vec<StorageKey>>)]>,
    ) -> ChainResult<StorageEventStream<H256>> {
        Err(Error::Backend("there is no chain".into()))
    }
}

/// Tells Bitswap that the chain's sync is connected to the server, for ever.
struct Neighbour(Option<PeerId>);

impl SyncEventStream for Neighbour {
    fn event_stream(&self, _name: &'static str) -> Pin<Box<dyn Stream<Item = SyncEvent> + Send>> {
        let connected = self.0.map(|peer_id| SyncEvent::PeerConnected { peer_id, roles: Roles::FULL });
        Box::pin(stream::iter(connected).chain(stream::pending()))
    }
}

/// A running network.
pub(crate) struct Node {
    network: Arc<dyn NetworkService>,
    pub(crate) bitswap: BitswapHandle,
}

impl Node {
    /// Starts a network on a free port of loopback; `server` is the only peer that it knows.
    pub(crate) fn start<C>(
        client: Arc<C>,
        store: Option<&Store>,
        server: Option<MultiaddrWithPeerId>,
    ) -> Result<Self>
    where
        C: BlockBackend<Block> + BlockchainEvents<Block> + Send + Sync + 'static,
    {
        let neighbour = Neighbour(server.as_ref().map(|server| server.peer_id));
        let mut network_config = NetworkConfiguration::new_local();
        network_config.boot_nodes = server.into_iter().collect();
        let mut config =
            FullNetworkConfiguration::<Block, H256, Litep2pNetworkBackend>::new(&network_config, None);
        if let Some(store) = store {
            let (protocol, server) =
                slice::protocol::<Block, Litep2pNetworkBackend>(store.clone(), Arc::new(()), metrics()?);
            config.add_request_response_protocol(protocol);
            tokio::spawn(server.run());
        }
        // Nobody syncs: no slots.
        let slots = SetConfig { in_peers: 0, out_peers: 0, ..Default::default() };
        let genesis = H256::zero();
        let handshake = BlockAnnouncesHandshake::<Block>::build(Roles::FULL, 0, genesis, genesis);
        let (block_announce_config, announcements) =
            <Litep2pNetworkBackend as NetworkBackend<Block, H256>>::notification_config(
                "/transfer-bench/block-announces/1".into(),
                Vec::new(),
                1024,
                Some(NotificationHandshake::new(handshake)),
                slots,
                NotificationMetrics::new(None),
                config.peer_store_handle(),
            );
        tokio::spawn(config.take_peer_store().run());
        let indexed = IpfsIndexedTransactions::<Block, C>::new(client.clone(), 0);
        let (ipfs_config, wire) = IpfsConfig::new(Box::new(indexed), Vec::new());
        let backend = Litep2pNetworkBackend::new(Params {
            role: Role::Full,
            executor: Box::new(|task| {
                tokio::spawn(task);
            }),
            network_config: config,
            protocol_id: ProtocolId::from("transfer-bench"),
            genesis_hash: genesis,
            fork_id: None,
            metrics_registry: None,
            block_announce_config,
            ipfs_config: Some(ipfs_config),
            notification_metrics: NotificationMetrics::new(None),
        })?;
        let network = NetworkBackend::<Block, H256>::network_service(&backend);
        let (serving, bitswap) = sc_network_bitswap::start::<Block, _>(client, &neighbour, wire, None);
        tokio::spawn(serving);
        tokio::spawn(async move {
            NetworkBackend::<Block, H256>::run(backend).await;
            drop(announcements);
        });
        Ok(Self { network, bitswap })
    }

    /// Where it listens.
    pub(crate) fn address(&self) -> Result<MultiaddrWithPeerId> {
        let peer_id = self.network.local_peer_id();
        let address = self.network.listen_addresses().into_iter().next().context("it doesn't listen")?;
        let own = |part: &_| !matches!(part, polkadot_sdk::sc_network::multiaddr::Protocol::P2p(_));
        let multiaddr: Multiaddr = address.iter().filter(own).collect();
        Ok(MultiaddrWithPeerId { multiaddr, peer_id })
    }
}

/// Slices come from peers that are told, not found.
#[async_trait::async_trait]
impl SliceNetwork for Node {
    async fn request(&self, peer: PeerId, request: Vec<u8>) -> Option<Vec<u8>> {
        let answer =
            self.network.request(peer, PROTOCOL_NAME.into(), request, None, IfDisconnected::TryConnect).await;
        Some(answer.ok()?.0)
    }

    async fn providers(&self, _piece: &Piece) -> Vec<PeerId> {
        Vec::new()
    }

    async fn connected(&self) -> Vec<PeerId> {
        Vec::new()
    }

    fn report(&self, peer: PeerId, change: ReputationChange) {
        self.network.report_peer(peer, change);
    }
}

pub(crate) fn metrics() -> Result<ContentMetrics> {
    Ok(ContentMetrics::new(None)?)
}

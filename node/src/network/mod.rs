//! Content over the node's own network.
//!
//! - [`content_client::ContentClient`] makes stock Bitswap serve our public blocks to the IPFS world.
//! - [`slice`] is bulk transfer between Stoa nodes, [`announce`] finds the nodes that have a piece.
//! - [`bitswap_fetch`] fetches small DAGs whose piece isn't known.
//! - [`metrics`] counts it all.
//!
//! How the service puts it together, with `N` the network backend:
//! ```ignore
//! let metrics = ContentMetrics::new(config.prometheus_registry())?;
//! let (protocol, slice_server) = slice::protocol::<Block, N>(store.clone(), grants, metrics.clone());
//! net_config.add_request_response_protocol(protocol);
//! config.network.ipfs_server = true; // before `FullNetworkConfiguration::new`
//! let net_client = Arc::new(ContentClient::new(client.clone(), store.clone(), metrics.clone()));
//! // build_network(BuildNetworkParams { client: net_client, net_config, .. })
//! let (announcer, announcing) = Announcer::new(network.clone(), metrics.clone());
//! let slices = Arc::new(ChainNetwork::new(network.clone(), sync_service.clone(), announcer.clone()));
//! let (fetcher, fetching) = PieceFetcher::new(store.clone(), slices, FetchLimits::default(), metrics.clone());
//! // spawn slice_server.run(), announcing and fetching
//! ```

pub mod announce;
pub mod bitswap_fetch;
pub mod content_client;
pub mod log_limit;
pub mod metrics;
pub mod slice;

use std::sync::Arc;

use polkadot_sdk::{
    sc_network::{
        IfDisconnected, PeerId, ReputationChange,
        service::traits::{NetworkPeers, NetworkRequest, NetworkService, NetworkStateInfo},
    },
    sc_network_sync::SyncingService,
    sp_runtime::traits::Block as BlockT,
};
use stoa_content::Piece;

use announce::Announcer;
use slice::{SliceNetwork, config::PROTOCOL_NAME};

/// Where the content layer logs.
pub const LOG_TARGET: &str = "stoa-content";

/// The chain's network, as fetches see it.
pub struct ChainNetwork<Block: BlockT> {
    network: Arc<dyn NetworkService>,
    sync: Arc<SyncingService<Block>>,
    announcer: Announcer,
}

impl<Block: BlockT> ChainNetwork<Block> {
    /// Puts the network's services together.
    pub fn new(
        network: Arc<dyn NetworkService>,
        sync: Arc<SyncingService<Block>>,
        announcer: Announcer,
    ) -> Self {
        Self { network, sync, announcer }
    }
}

#[async_trait::async_trait]
impl<Block: BlockT> SliceNetwork for ChainNetwork<Block> {
    async fn request(&self, peer: PeerId, request: Vec<u8>) -> Option<Vec<u8>> {
        if peer == self.network.local_peer_id() {
            return None;
        }
        let answer =
            self.network.request(peer, PROTOCOL_NAME.into(), request, None, IfDisconnected::TryConnect).await;
        match answer {
            Ok((answer, _)) => Some(answer),
            Err(error) => {
                log::debug!(target: LOG_TARGET, "No slice from {peer}: {error}");
                None
            }
        }
    }

    async fn providers(&self, piece: &Piece) -> Vec<PeerId> {
        self.announcer.find(piece.root).await
    }

    async fn connected(&self) -> Vec<PeerId> {
        // Light clients have no pieces.
        let peers = self.sync.peers_info().await.unwrap_or_default();
        peers.into_iter().filter(|(_, info)| info.roles.is_full()).map(|(peer, _)| peer).collect()
    }

    fn report(&self, peer: PeerId, change: ReputationChange) {
        self.network.report_peer(peer, change);
    }
}

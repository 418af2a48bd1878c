//! Joins the content layer to the node's service, in two steps: [`prepare`] before the network is built, and
//! [`Prepared::start`] after it.

use crate::{
    agents::provider,
    cli::ContentParams,
    content_service::{
        ContentService,
        access::AccessFollower,
        gateway::{NodeChain, NodeFetch},
        grants::ChainGrants,
        hub::{ChainHub, changed_assets},
        registry::ChainRegistry,
        submit::NodeSubmitter,
    },
    network::{
        ChainNetwork, LOG_TARGET,
        announce::Announcer,
        content_client::ContentClient,
        metrics::{ContentMetrics, register_gateway},
        slice::{self, FetchLimits, PieceFetcher, SliceServer, StoredPieces},
    },
    rpc,
    service::{Block, FullClient, TransactionPool},
};
use polkadot_sdk::*;
use sc_client_api::BlockchainEvents;
use sc_network::{NetworkBackend, PeerId, config::FullNetworkConfiguration, service::traits::NetworkService};
use sc_network_bitswap::BitswapHandle;
use sc_network_sync::SyncingService;
use sc_service::{Configuration, Error as ServiceError, TaskManager};
use sp_keystore::KeystorePtr;
use std::{
    collections::HashSet,
    net::SocketAddr,
    path::{Path, PathBuf},
    sync::Arc,
};
use stoa_content::{Store, StoreOptions};
use stoa_gateway::{Gateway, HubConfig, HubGateway, HubLimits};
use stoa_primitives::LEAF_SIZE;
use stoa_runtime::Hash;
use substrate_prometheus_endpoint::Registry;

/// The task group under which Prometheus shows the content layer.
const GROUP: Option<&str> = Some("content");
/// Bytes in a GiB.
const GIB: u64 = 1 << 30;

/// The content layer before the network exists.
pub struct Prepared {
    store: Store,
    metrics: ContentMetrics,
    server: SliceServer<StoredPieces>,
    params: ContentParams,
    dir: PathBuf,
    audience: String,
    should_have_peers: bool,
    prometheus: Option<Registry>,
}

/// What the running network gives to the content layer.
pub struct Network {
    /// The network.
    pub service: Arc<dyn NetworkService>,
    /// The chain's sync.
    pub sync: Arc<SyncingService<Block>>,
    /// The stock Bitswap client.
    pub bitswap: Option<BitswapHandle>,
}

/// What a provider sends its calls with.
pub struct Sender {
    /// Extrinsics that wait.
    pub pool: Arc<TransactionPool>,
    /// The node's keys.
    pub keystore: KeystorePtr,
}

fn application(error: impl std::error::Error + Send + Sync + 'static) -> ServiceError {
    ServiceError::Application(Box::new(error))
}

/// The peer ids that a file lists, one a line; `#` begins a comment.
fn allowed_peers(path: &Path) -> Result<HashSet<PeerId>, ServiceError> {
    let wrong = |reason: String| ServiceError::Other(format!("{}: {reason}", path.display()));
    let text = std::fs::read_to_string(path).map_err(|error| wrong(error.to_string()))?;
    let ids = text.lines().map(|line| line.split('#').next().unwrap_or_default().trim());
    ids.filter(|id| !id.is_empty())
        .map(|id| id.parse().map_err(|_| wrong(format!("{id} is no peer id: one begins with 12D3KooW"))))
        .collect()
}

/// Opens the store, and adds our protocol to the network's.
pub fn prepare<N: NetworkBackend<Block, Hash>>(
    config: &Configuration,
    params: ContentParams,
    genesis: Hash,
    client: &Arc<FullClient>,
    net_config: &mut FullNetworkConfiguration<Block, Hash, N>,
) -> Result<Prepared, ServiceError> {
    let dir = match &params.content_dir {
        Some(dir) => dir.clone(),
        None => config.base_path.config_dir(config.chain_spec.id()).join("content"),
    };
    let options = StoreOptions { byte_limit: params.content_limit.saturating_mul(GIB) };
    let store = Store::open(&dir, options).map_err(application)?;
    let metrics = ContentMetrics::new(config.prometheus_registry())?;
    let grants = Arc::new(ChainGrants::new(Arc::new(ChainRegistry::new(client.clone()))));
    let (protocol, server) = slice::protocol::<Block, N>(store.clone(), grants, metrics.clone());
    net_config.add_request_response_protocol(protocol);
    let allowed = params.allowed_peers.as_deref().map(allowed_peers).transpose()?;
    let server = server.allow(allowed);
    let should_have_peers = config.chain_spec.chain_type() != sc_chain_spec::ChainType::Development;
    Ok(Prepared {
        store,
        metrics,
        server,
        params,
        dir,
        audience: format!("{genesis:?}"),
        should_have_peers,
        prometheus: config.prometheus_registry().cloned(),
    })
}

/// The agent that stores pieces for pay.
fn provider_agent(
    policy: &Path,
    client: &Arc<FullClient>,
    sync: &Arc<SyncingService<Block>>,
    content: &ContentService,
    sender: Sender,
    dir: &Path,
    prometheus: Option<&Registry>,
) -> Result<provider::Agent, ServiceError> {
    let policy = provider::policy::Policy::load(policy).map_err(application)?;
    let limit = content.store().stats().byte_limit;
    if policy.total.saturating_mul(LEAF_SIZE) > limit {
        return Err(ServiceError::Other(format!(
            "the provider's total_gib is more than the content limit of {} GiB: lower it, or raise --content-limit",
            limit / GIB
        )));
    }
    let submitter =
        provider::submit::Submitter::new(sender.pool, sender.keystore).map_err(ServiceError::Other)?;
    let account = submitter.account().clone();
    let chain = provider::chain::NodeChain::new(client.clone(), sync.clone(), submitter);
    let metrics = provider::metrics::ProviderMetrics::new(prometheus)?;
    let pins = provider::pins::Pins::open(dir.with_extension("provider.pins"))?;
    Ok(provider::Agent::new(Arc::new(chain), content.clone(), account, policy, metrics, pins))
}

impl Prepared {
    /// The client that the network asks for blocks.
    pub fn client(&self, client: Arc<FullClient>) -> Arc<ContentClient<FullClient>> {
        Arc::new(ContentClient::new(client, self.store.clone(), self.metrics.clone()))
    }

    /// Starts the layer's tasks and the gateway; returns the RPC methods.
    pub fn start(
        self,
        client: Arc<FullClient>,
        pool: Arc<TransactionPool>,
        network: Network,
        sender: Sender,
        tasks: &TaskManager,
    ) -> Result<rpc::content::Content, ServiceError> {
        let Self { store, metrics, server, params, dir, audience, should_have_peers, prometheus } = self;
        let Network { service, sync, bitswap } = network;
        let spawner = tasks.spawn_handle();

        let (announcer, announcing) = Announcer::new(service.clone(), metrics.clone());
        let slices = Arc::new(ChainNetwork::new(service.clone(), sync.clone(), announcer.clone()));
        let (fetcher, fetching) =
            PieceFetcher::new(store.clone(), slices, FetchLimits::default(), metrics.clone());
        let registry = Arc::new(ChainRegistry::new(client.clone()));
        let content =
            ContentService::new(store.clone(), registry.clone(), fetcher, bitswap, announcer.clone());
        let following = AccessFollower::new(store.clone(), registry, metrics.clone()).run(
            client.storage_changes_notification_stream(None, None)?,
            client.import_notification_stream(),
            announcer,
        );
        spawner.spawn("slice-server", GROUP, server.run());
        spawner.spawn("piece-announcer", GROUP, announcing);
        spawner.spawn("piece-fetcher", GROUP, fetching);
        spawner.spawn("access-follower", GROUP, following);
        if let Some(policy) = &params.provider {
            let agent = provider_agent(policy, &client, &sync, &content, sender, &dir, prometheus.as_ref())?;
            spawner.spawn("provider", GROUP, agent.run(client.import_notification_stream()));
        }

        if !params.no_gateway {
            // The chain's and this node's, so that what is signed for one gateway is of no use to another.
            let audience = format!("{audience}/{}", service.local_peer_id().to_base58());
            let hub = ChainHub::new(client.clone());
            let changed = changed_assets(client.storage_changes_notification_stream(None, None)?);
            let chain = NodeChain::new(
                client.clone(),
                service,
                sync,
                content.clone(),
                params.gateway_quota.saturating_mul(GIB),
                !params.no_bitswap,
                should_have_peers,
            );
            let config = stoa_gateway::Config {
                audience,
                // Beside the store, which drops what it does not know.
                ledger: dir.with_extension("uploads.redb"),
                tokens: dir.with_extension("tokens.redb"),
                limits: stoa_gateway::Limits::default(),
            };
            let gateway =
                Gateway::open(store, Arc::new(chain), Arc::new(NodeFetch::new(content.clone())), config)
                    .map_err(application)?;
            let key = dir.with_extension("gateway-key");
            let submitter = NodeSubmitter::open(client, pool, content.clone(), &key).map_err(application)?;
            let config = HubConfig {
                index: dir.with_extension("hub.redb"),
                staging: dir.with_extension("staging"),
                limits: HubLimits::default(),
            };
            let hub = HubGateway::open(gateway.clone(), Arc::new(hub), Some(Arc::new(submitter)), config)
                .map_err(application)?;
            spawner.spawn("hub-index", GROUP, hub.clone().follow(changed));
            if let Some(prometheus) = &prometheus {
                register_gateway(&gateway.metrics(), prometheus)?;
            }
            let address = SocketAddr::new(params.gateway_addr, params.gateway_port);
            let listener = std::net::TcpListener::bind(address).map_err(|error| {
                ServiceError::Other(format!(
                    "the gateway can't listen on {address}: {error}; choose another --gateway-port"
                ))
            })?;
            listener.set_nonblocking(true)?;
            spawner.spawn("gateway", GROUP, async move {
                match tokio::net::TcpListener::from_std(listener) {
                    Ok(listener) => {
                        log::info!(target: LOG_TARGET, "🏛  Gateway on http://{address}");
                        let routes = stoa_gateway::router_with_hub(gateway, hub);
                        stoa_gateway::serve(listener, routes, std::future::pending()).await;
                    }
                    Err(error) => log::error!(target: LOG_TARGET, "The gateway can't start: {error}"),
                }
            });
        }
        Ok(rpc::content::Content::new(content, metrics))
    }
}

//! Puts the node together.

use crate::{cli::ContentParams, content_setup, rpc};
use futures::{FutureExt, StreamExt};
use polkadot_sdk::*;
use sc_client_api::{Backend, BlockBackend};
use sc_consensus_babe::{BabeLink, BabeWorkerHandle, SlotProportion};
use sc_consensus_grandpa::{LinkHalf, SharedVoterState};
use sc_network::{Event, NetworkBackend, NetworkEventStream};
use sc_service::{Configuration, Error as ServiceError, TaskManager, WarpSyncConfig};
use sc_telemetry::{Telemetry, TelemetryWorker};
use sc_transaction_pool_api::OffchainTransactionPoolFactory;
use std::{sync::Arc, time::Duration};
use stoa_runtime::{apis::RuntimeApi, configs::MAXIMUM_BLOCK_LENGTH};

/// A block as the node handles it: extrinsics are bytes, which RPC shows in hex as clients expect.
pub type Block = sp_runtime::generic::Block<stoa_runtime::Header, sp_runtime::OpaqueExtrinsic>;
/// The host functions that the runtime may call.
pub type HostFunctions = sp_io::SubstrateHostFunctions;
/// The chain.
pub type FullClient = sc_service::TFullClient<Block, RuntimeApi, sc_executor::WasmExecutor<HostFunctions>>;
/// Its database.
pub type FullBackend = sc_service::TFullBackend<Block>;
/// The longest chain that contains the last finalised block.
pub type FullSelectChain = sc_consensus::LongestChain<FullBackend, Block>;
/// Extrinsics that wait.
pub type TransactionPool = sc_transaction_pool::TransactionPoolHandle<Block, FullClient>;

type GrandpaBlockImport =
    sc_consensus_grandpa::GrandpaBlockImport<FullBackend, Block, FullClient, FullSelectChain>;
type BabeBlockImport = sc_consensus_babe::BabeBlockImport<
    Block,
    FullClient,
    GrandpaBlockImport,
    InherentDataProviders,
    FullSelectChain,
>;
type InherentDataProviders = Arc<
    dyn sp_inherents::CreateInherentDataProviders<
            Block,
            (),
            InherentDataProviders = (
                sp_consensus_babe::inherents::InherentDataProvider,
                sp_timestamp::InherentDataProvider,
            ),
        >,
>;

/// GRANDPA's votes are let go this often.
const GOSSIP_DURATION: Duration = Duration::from_millis(333);
/// A justification is kept for every so many blocks.
const JUSTIFICATION_PERIOD: u32 = 512;

/// The parts of a node that subcommands need too.
pub struct Partial {
    /// The chain.
    pub client: Arc<FullClient>,
    /// Its database.
    pub backend: Arc<FullBackend>,
    /// Runs tasks.
    pub task_manager: TaskManager,
    /// The node's keys.
    pub keystore: sc_service::KeystoreContainer,
    /// Which chain is the best.
    pub select_chain: FullSelectChain,
    /// Where new blocks go.
    pub import_queue: sc_consensus::DefaultImportQueue<Block>,
    /// Extrinsics that wait.
    pub pool: Arc<TransactionPool>,
    block_import: BabeBlockImport,
    inherents: InherentDataProviders,
    babe_link: BabeLink<Block>,
    babe_worker: BabeWorkerHandle<Block>,
    grandpa_link: LinkHalf<Block, FullClient, FullSelectChain>,
    telemetry: Option<Telemetry>,
}

/// Opens the database and sets up consensus.
pub fn new_partial(config: &Configuration) -> Result<Partial, ServiceError> {
    let telemetry = config
        .telemetry_endpoints
        .clone()
        .filter(|endpoints| !endpoints.is_empty())
        .map(|endpoints| -> Result<_, sc_telemetry::Error> {
            let worker = TelemetryWorker::new(16)?;
            let telemetry = worker.handle().new_telemetry(endpoints);
            Ok((worker, telemetry))
        })
        .transpose()?;

    let executor = sc_service::new_wasm_executor::<HostFunctions>(&config.executor);
    let (client, backend, keystore, task_manager) = sc_service::new_full_parts::<Block, RuntimeApi, _>(
        config,
        telemetry.as_ref().map(|(_, telemetry)| telemetry.handle()),
        executor,
        Default::default(),
    )?;
    let client = Arc::new(client);
    let telemetry = telemetry.map(|(worker, telemetry)| {
        task_manager.spawn_handle().spawn("telemetry", None, worker.run());
        telemetry
    });

    let select_chain = sc_consensus::LongestChain::new(backend.clone());
    let pool = Arc::from(
        sc_transaction_pool::Builder::new(
            task_manager.spawn_essential_handle(),
            client.clone(),
            config.role.is_authority().into(),
        )
        .with_options(config.transaction_pool.clone())
        .with_prometheus(config.prometheus_registry())
        .build(),
    );

    let (grandpa_block_import, grandpa_link) = sc_consensus_grandpa::block_import(
        client.clone(),
        JUSTIFICATION_PERIOD,
        &client,
        select_chain.clone(),
        telemetry.as_ref().map(Telemetry::handle),
    )?;
    let justification_import = grandpa_block_import.clone();

    let babe_config = sc_consensus_babe::configuration(&*client)?;
    let slot_duration = babe_config.slot_duration();
    let inherents: InherentDataProviders = Arc::new(move |_, ()| async move {
        let timestamp = sp_timestamp::InherentDataProvider::from_system_time();
        let slot = sp_consensus_babe::inherents::InherentDataProvider::from_timestamp_and_slot_duration(
            *timestamp,
            slot_duration,
        );
        Ok((slot, timestamp))
    });
    let (block_import, babe_link) = sc_consensus_babe::block_import(
        babe_config,
        grandpa_block_import,
        client.clone(),
        inherents.clone(),
        select_chain.clone(),
        OffchainTransactionPoolFactory::new(pool.clone()),
    )?;
    let (import_queue, babe_worker) =
        sc_consensus_babe::import_queue(sc_consensus_babe::ImportQueueParams {
            link: babe_link.clone(),
            block_import: block_import.clone(),
            justification_import: Some(Box::new(justification_import)),
            client: client.clone(),
            slot_duration,
            spawner: &task_manager.spawn_essential_handle(),
            registry: config.prometheus_registry(),
            telemetry: telemetry.as_ref().map(Telemetry::handle),
        })?;

    Ok(Partial {
        client,
        backend,
        task_manager,
        keystore,
        select_chain,
        import_queue,
        pool,
        block_import,
        inherents,
        babe_link,
        babe_worker,
        grandpa_link,
        telemetry,
    })
}

/// Starts a validator or full node.
pub fn new_full(
    config: Configuration,
    content: ContentParams,
    storage_monitor: sc_storage_monitor::StorageMonitorParams,
) -> Result<TaskManager, ServiceError> {
    match config.network.network_backend {
        sc_network::config::NetworkBackendType::Litep2p => {
            start::<sc_network::Litep2pNetworkBackend>(config, content, storage_monitor)
        }
        sc_network::config::NetworkBackendType::Libp2p => Err(ServiceError::Other(
            "Stoa serves content over litep2p only: start without --network-backend libp2p".into(),
        )),
    }
}

fn start<N: NetworkBackend<Block, <Block as sp_runtime::traits::Block>::Hash>>(
    mut config: Configuration,
    content: ContentParams,
    storage_monitor: sc_storage_monitor::StorageMonitorParams,
) -> Result<TaskManager, ServiceError> {
    let Partial {
        client,
        backend,
        mut task_manager,
        keystore,
        select_chain,
        import_queue,
        pool,
        block_import,
        inherents,
        babe_link,
        babe_worker,
        grandpa_link,
        mut telemetry,
    } = new_partial(&config)?;
    config.network.ipfs_server = !content.no_bitswap;
    let registry = config.prometheus_registry().cloned();
    let metrics = N::register_notification_metrics(registry.as_ref());
    let mut net_config =
        sc_network::config::FullNetworkConfiguration::<_, _, N>::new(&config.network, registry.clone());

    let genesis_hash = client.block_hash(0)?.ok_or_else(|| {
        ServiceError::Other("the database has no genesis block: purge it and sync again".into())
    })?;
    let grandpa_protocol = sc_consensus_grandpa::protocol_standard_name(&genesis_hash, &config.chain_spec);
    let (grandpa_notifications, grandpa_notification_service) =
        sc_consensus_grandpa::grandpa_peers_set_config::<_, N>(
            grandpa_protocol.clone(),
            metrics.clone(),
            net_config.peer_store_handle(),
        );
    net_config.add_notification_protocol(grandpa_notifications);

    let content = content_setup::prepare::<N>(&config, content, genesis_hash, &client, &mut net_config)?;
    let warp_sync = Arc::new(sc_consensus_grandpa::warp_proof::NetworkProvider::new(
        backend.clone(),
        grandpa_link.shared_authority_set().clone(),
        Vec::new(),
    ));
    let (network, system_rpc_tx, tx_handler_controller, sync_service, bitswap) =
        sc_service::build_network(sc_service::BuildNetworkParams {
            config: &config,
            net_config,
            // The real client everywhere else: this one adds our content to what Bitswap finds.
            client: content.client(client.clone()),
            transaction_pool: pool.clone(),
            spawn_handle: task_manager.spawn_handle(),
            spawn_essential_handle: task_manager.spawn_essential_handle(),
            import_queue,
            block_announce_validator_builder: None,
            warp_sync_config: Some(WarpSyncConfig::WithProvider(warp_sync)),
            block_relay: None,
            metrics,
            gap_sync_body_policy: None,
        })?;

    if config.offchain_worker.enabled {
        let workers = sc_offchain::OffchainWorkers::new(sc_offchain::OffchainWorkerOptions {
            runtime_api_provider: client.clone(),
            keystore: Some(keystore.keystore()),
            offchain_db: backend.offchain_storage(),
            transaction_pool: Some(OffchainTransactionPoolFactory::new(pool.clone())),
            network_provider: Arc::new(network.clone()),
            is_validator: config.role.is_authority(),
            enable_http_requests: false,
            custom_extensions: |_| vec![],
        })?;
        task_manager.spawn_handle().spawn(
            "offchain-workers",
            "offchain-worker",
            workers.run(client.clone(), task_manager.spawn_handle()).boxed(),
        );
    }

    let content = content.start(
        client.clone(),
        pool.clone(),
        content_setup::Network { service: network.clone(), sync: sync_service.clone(), bitswap },
        content_setup::Sender { pool: pool.clone(), keystore: keystore.keystore() },
        &task_manager,
    )?;

    let role = config.role;
    let force_authoring = config.force_authoring;
    let name = config.network.node_name.clone();
    let public_addresses = config.network.public_addresses.clone();
    let cache = config.network.net_config_path.clone();
    let grandpa_enabled = !config.disable_grandpa;
    let voter_state = SharedVoterState::empty();
    let dependencies = rpc::Dependencies {
        client: client.clone(),
        pool: pool.clone(),
        select_chain: select_chain.clone(),
        chain_spec: config.chain_spec.cloned_box(),
        keystore: keystore.keystore(),
        content,
        babe: babe_worker,
        grandpa: rpc::Grandpa {
            voter_state: voter_state.clone(),
            authority_set: grandpa_link.shared_authority_set().clone(),
            justifications: grandpa_link.justification_stream(),
            proofs: sc_consensus_grandpa::FinalityProofProvider::new_for_service(
                backend.clone(),
                Some(grandpa_link.shared_authority_set().clone()),
            ),
        },
    };
    if let Some(path) = config.database.path() {
        sc_storage_monitor::StorageMonitorService::try_spawn(
            storage_monitor,
            path.to_path_buf(),
            &task_manager.spawn_essential_handle(),
        )
        .map_err(|error| ServiceError::Application(error.into()))?;
    }
    sc_service::spawn_tasks(sc_service::SpawnTasksParams {
        config,
        backend,
        client: client.clone(),
        keystore: keystore.keystore(),
        network: network.clone(),
        rpc_builder: Box::new(move |executor| rpc::create(&dependencies, executor).map_err(Into::into)),
        transaction_pool: pool.clone(),
        task_manager: &mut task_manager,
        system_rpc_tx,
        tx_handler_controller,
        sync_service: sync_service.clone(),
        telemetry: telemetry.as_mut(),
        tracing_execute_block: None,
    })?;

    if role.is_authority() {
        let mut proposer = sc_basic_authorship::ProposerFactory::new(
            task_manager.spawn_handle(),
            client.clone(),
            pool.clone(),
            registry.as_ref(),
            telemetry.as_ref().map(Telemetry::handle),
        );
        // The author's own limit is 4 MiB unless told otherwise, whatever the runtime allows.
        proposer.set_default_block_size_limit(MAXIMUM_BLOCK_LENGTH as usize);
        let babe = sc_consensus_babe::start_babe(sc_consensus_babe::BabeParams {
            keystore: keystore.keystore(),
            client: client.clone(),
            select_chain,
            env: proposer,
            block_import,
            sync_oracle: sync_service.clone(),
            justification_sync_link: sync_service.clone(),
            create_inherent_data_providers: inherents,
            force_authoring,
            backoff_authoring_blocks: Some(
                sc_consensus_slots::BackoffAuthoringOnFinalizedHeadLagging::default(),
            ),
            babe_link,
            block_proposal_slot_portion: SlotProportion::new(0.5),
            max_block_proposal_slot_portion: None,
            telemetry: telemetry.as_ref().map(Telemetry::handle),
        })?;
        task_manager.spawn_essential_handle().spawn_blocking("babe", Some("block-authoring"), babe);
    }

    if role.is_authority() {
        let events = Box::pin(network.event_stream("authority-discovery").filter_map(|event| async move {
            match event {
                Event::Dht(event) => Some(event),
                _ => None,
            }
        }));
        let (worker, _service) = sc_authority_discovery::new_worker_and_service_with_config(
            sc_authority_discovery::WorkerConfig {
                publish_non_global_ips: true,
                public_addresses,
                persisted_cache_directory: cache,
                ..Default::default()
            },
            client.clone(),
            Arc::new(network.clone()),
            events,
            sc_authority_discovery::Role::PublishAndDiscover(keystore.keystore()),
            registry.clone(),
            task_manager.spawn_handle(),
        );
        task_manager.spawn_handle().spawn("authority-discovery", Some("networking"), worker.run());
    }

    if grandpa_enabled {
        let grandpa = sc_consensus_grandpa::run_grandpa_voter(sc_consensus_grandpa::GrandpaParams {
            config: sc_consensus_grandpa::Config {
                gossip_duration: GOSSIP_DURATION,
                justification_generation_period: JUSTIFICATION_PERIOD,
                observer_enabled: false,
                local_role: role,
                name: Some(name),
                keystore: role.is_authority().then(|| keystore.keystore()),
                telemetry: telemetry.as_ref().map(Telemetry::handle),
                protocol_name: grandpa_protocol,
            },
            link: grandpa_link,
            network,
            sync: sync_service,
            notification_service: grandpa_notification_service,
            voting_rule: sc_consensus_grandpa::VotingRulesBuilder::default().build(),
            prometheus_registry: registry,
            shared_voter_state: voter_state,
            telemetry: telemetry.as_ref().map(Telemetry::handle),
            offchain_tx_pool_factory: OffchainTransactionPoolFactory::new(pool),
        })?;
        task_manager.spawn_essential_handle().spawn_blocking("grandpa-voter", None, grandpa);
    }

    Ok(task_manager)
}

//! The node's RPC, beside what every Substrate node has.

pub mod content;

use crate::service::{Block, FullBackend, FullClient, FullSelectChain, TransactionPool};
use jsonrpsee::RpcModule;
use polkadot_sdk::*;
use sc_consensus_babe::BabeWorkerHandle;
use sc_consensus_grandpa::{
    FinalityProofProvider, GrandpaJustificationStream, SharedAuthoritySet, SharedVoterState,
};
use sc_rpc::SubscriptionTaskExecutor;
use sp_keystore::KeystorePtr;
use std::sync::Arc;
use stoa_runtime::{BlockNumber, Hash};

/// What GRANDPA's methods need.
pub struct Grandpa {
    /// Voters' state of the rounds under way.
    pub voter_state: SharedVoterState,
    /// The authorities.
    pub authority_set: SharedAuthoritySet<Hash, BlockNumber>,
    /// New justifications.
    pub justifications: GrandpaJustificationStream<Block>,
    /// Proofs of finality.
    pub proofs: Arc<FinalityProofProvider<FullBackend, Block>>,
}

/// What the methods need.
pub struct Dependencies {
    /// The chain.
    pub client: Arc<FullClient>,
    /// Extrinsics that wait.
    pub pool: Arc<TransactionPool>,
    /// Which chain is the best.
    pub select_chain: FullSelectChain,
    /// The chain's specification.
    pub chain_spec: Box<dyn sc_chain_spec::ChainSpec>,
    /// The node's keys.
    pub keystore: KeystorePtr,
    /// The node's content.
    pub content: content::Content,
    /// BABE's epochs.
    pub babe: BabeWorkerHandle<Block>,
    /// GRANDPA's state.
    pub grandpa: Grandpa,
}

/// All methods that the node adds.
pub fn create(
    dependencies: &Dependencies,
    executor: SubscriptionTaskExecutor,
) -> Result<RpcModule<()>, Box<dyn std::error::Error + Send + Sync>> {
    use pallet_transaction_payment_rpc::{TransactionPayment, TransactionPaymentApiServer};
    use sc_consensus_babe_rpc::{Babe, BabeApiServer};
    use sc_consensus_grandpa_rpc::{Grandpa, GrandpaApiServer};
    use sc_sync_state_rpc::{SyncState, SyncStateApiServer};
    use substrate_frame_rpc_system::{System, SystemApiServer};

    let Dependencies { client, pool, select_chain, chain_spec, keystore, content, babe, grandpa } =
        dependencies;
    let mut module = RpcModule::new(());
    module.merge(content.clone().into_rpc()?)?;
    module.merge(System::new(client.clone(), pool.clone()).into_rpc())?;
    module.merge(TransactionPayment::new(client.clone()).into_rpc())?;
    module
        .merge(Babe::new(client.clone(), babe.clone(), keystore.clone(), select_chain.clone()).into_rpc())?;
    module.merge(
        Grandpa::new(
            executor,
            grandpa.authority_set.clone(),
            grandpa.voter_state.clone(),
            grandpa.justifications.clone(),
            grandpa.proofs.clone(),
        )
        .into_rpc(),
    )?;
    module.merge(
        SyncState::new(chain_spec.cloned_box(), client.clone(), grandpa.authority_set.clone(), babe.clone())?
            .into_rpc(),
    )?;
    Ok(module)
}

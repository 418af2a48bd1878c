//! Chain specifications: the built-in networks, and those that come from a file.

use crate::service::Block;
use polkadot_sdk::*;
use sc_service::{ChainType, Properties};
use serde::{Deserialize, Serialize};
use stoa_runtime::{WASM_BINARY, configs::SS58_PREFIX};

/// A network's specification.
pub type ChainSpec = sc_service::GenericChainSpec<Extensions>;

/// What a specification may have beside the genesis.
#[derive(Clone, Debug, Default, Deserialize, Serialize, sc_chain_spec::ChainSpecExtension)]
#[serde(rename_all = "camelCase")]
pub struct Extensions {
    /// Blocks that sync trusts by hash.
    pub fork_blocks: sc_client_api::ForkBlocks<Block>,
    /// Blocks that are refused.
    pub bad_blocks: sc_client_api::BadBlocks<Block>,
    /// A checkpoint for light clients, filled in by `sync_state_genSyncSpec`.
    pub light_sync_state: sc_sync_state_rpc::LightSyncStateExtension,
}

fn properties() -> Properties {
    let mut properties = Properties::new();
    properties.insert("tokenSymbol".into(), "STOA".into());
    properties.insert("tokenDecimals".into(), 12.into());
    properties.insert("ss58Format".into(), SS58_PREFIX.into());
    properties
}

fn preset(name: &str, id: &str, chain_type: ChainType, preset: &str) -> Result<ChainSpec, String> {
    let wasm = WASM_BINARY
        .ok_or("this node was built with SKIP_WASM_BUILD and has no runtime: build it again without")?;
    Ok(ChainSpec::builder(wasm, Extensions::default())
        .with_name(name)
        .with_id(id)
        .with_protocol_id(id)
        .with_chain_type(chain_type)
        .with_genesis_config_preset_name(preset)
        .with_properties(properties())
        .build())
}

/// The specification that `--chain ID` names: `dev`, `local`, or a file.
pub fn load(id: &str) -> Result<Box<dyn sc_service::ChainSpec>, String> {
    Ok(match id {
        "dev" => Box::new(preset(
            "Stoa Development",
            "stoa-dev",
            ChainType::Development,
            sp_genesis_builder::DEV_RUNTIME_PRESET,
        )?),
        "" | "local" => Box::new(preset(
            "Stoa Local",
            "stoa-local",
            ChainType::Local,
            sp_genesis_builder::LOCAL_TESTNET_RUNTIME_PRESET,
        )?),
        path => Box::new(ChainSpec::from_json_file(path.into())?),
    })
}

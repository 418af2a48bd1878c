//! The node's command line.

use clap::{Args, Parser};
use polkadot_sdk::*;
use std::{net::IpAddr, path::PathBuf};

/// A validator or full node of a Stoa chain, which also serves the chain's content.
#[derive(Debug, Parser)]
#[command(name = "stoa-node", version = sc_cli_version(), subcommand_negates_reqs = true)]
pub struct Cli {
    /// A task other than running the node.
    #[command(subcommand)]
    pub subcommand: Option<Subcommand>,

    /// How to run the node.
    #[command(flatten)]
    pub run: sc_cli::RunCmd,

    /// How to keep and serve content.
    #[command(flatten)]
    pub content: ContentParams,

    /// When to stop because the disk is full.
    #[command(flatten)]
    pub storage_monitor: sc_storage_monitor::StorageMonitorParams,
}

/// The version with the commit that it was built from.
pub const fn sc_cli_version() -> &'static str {
    env!("SUBSTRATE_CLI_IMPL_VERSION")
}

/// How to keep and serve content.
#[derive(Args, Clone, Debug)]
pub struct ContentParams {
    /// Folder of the content store [default: `content` in the chain's folder].
    #[arg(long, value_name = "DIR")]
    pub content_dir: Option<PathBuf>,

    /// GiB that pieces may take before those that are not pinned are dropped, least recently used first.
    #[arg(long, value_name = "GIB", default_value_t = 100)]
    pub content_limit: u64,

    /// Don't answer Bitswap requests of the IPFS world.
    #[arg(long)]
    pub no_bitswap: bool,

    /// File with the ids of the peers that content is served to, one a line; `#` begins a comment [default: everybody].
    /// Bitswap asks nobody's id: give `--no-bitswap` too.
    #[arg(long, value_name = "FILE", requires = "no_bitswap")]
    pub allowed_peers: Option<PathBuf>,

    /// Port of the HTTP gateway.
    #[arg(long, value_name = "PORT", default_value_t = 8080)]
    pub gateway_port: u16,

    /// Address that the HTTP gateway listens on.
    #[arg(long, value_name = "IP", default_value = "127.0.0.1")]
    pub gateway_addr: IpAddr,

    /// Don't start the HTTP gateway.
    #[arg(long)]
    pub no_gateway: bool,

    /// Store pieces for pay, by the policy in this TOML file, with the key of type `stor` in the node's keystore.
    #[arg(long, value_name = "POLICY")]
    pub provider: Option<PathBuf>,

    /// GiB that one account may upload through this gateway.
    #[arg(long, value_name = "GIB", default_value_t = 20)]
    pub gateway_quota: u64,
}

/// A task other than running the node.
#[derive(Debug, clap::Subcommand)]
#[allow(clippy::large_enum_variant, reason = "one value, made once, by the command line's parser")]
pub enum Subcommand {
    /// Make and inspect keys.
    #[command(subcommand)]
    Key(sc_cli::KeySubcommand),

    /// Write a chain specification (deprecated name of `export-chain-spec`).
    #[allow(deprecated, reason = "scripts of other chains' operators still call it")]
    BuildSpec(sc_cli::BuildSpecCmd),

    /// Write a chain specification.
    ExportChainSpec(sc_cli::ExportChainSpecCmd),

    /// Check a block by running it again.
    CheckBlock(sc_cli::CheckBlockCmd),

    /// Write blocks to a file.
    ExportBlocks(sc_cli::ExportBlocksCmd),

    /// Write a block's state as a chain specification.
    ExportState(sc_cli::ExportStateCmd),

    /// Read blocks from a file.
    ImportBlocks(sc_cli::ImportBlocksCmd),

    /// Delete the chain's database. Content and keys stay.
    PurgeChain(sc_cli::PurgeChainCmd),

    /// Take back blocks that aren't finalised.
    Revert(sc_cli::RevertCmd),

    /// Launch a network of one's own.
    #[command(subcommand)]
    Network(NetworkCmd),

    /// Show the best and the finalised block of the database.
    ChainInfo(sc_cli::ChainInfoCmd),
}

/// Tasks of whoever launches a network.
#[derive(Debug, clap::Subcommand)]
pub enum NetworkCmd {
    /// Write a network's specification, keys, units, monitoring and runbook from one file.
    Init {
        /// What the network is to be; `chain-specs/consortium.toml` is an example.
        config: PathBuf,
        /// Where to write; nothing that is there is overwritten.
        #[arg(long, value_name = "DIR")]
        out: PathBuf,
        /// File with a password for each member who gets sealed keys, as lines of `member password`; asked for otherwise.
        #[arg(long, value_name = "FILE")]
        passwords: Option<PathBuf>,
    },

    /// Open a member's sealed keys, into a folder for each of its nodes. The password comes from `STOA_SEAL_PASSWORD`, or is
    /// asked for.
    Open {
        /// The `keys.sealed` that `init` wrote.
        sealed: PathBuf,
        /// Where to write; nothing that is there is overwritten.
        #[arg(long, value_name = "DIR")]
        out: PathBuf,
    },
}

//! Stoa's node: the chain, its content and the gateway in one process.

#![allow(unreachable_pub, reason = "a binary has no outside")]

mod chain_spec;
mod cli;
mod command;
mod content_service;
mod content_setup;
mod network;
mod rpc;
mod service;

fn main() -> polkadot_sdk::sc_cli::Result<()> {
    command::run()
}

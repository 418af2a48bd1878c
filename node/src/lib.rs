//! Stoa's node: the chain, its content and the gateway in one process.

#![allow(missing_docs, unreachable_pub, reason = "only the binary and the benchmark use it")]

pub mod network;

mod agents;
mod chain_spec;
mod cli;
mod command;
mod content_service;
mod content_setup;
pub mod extrinsic;
mod network_init;
mod rpc;
mod service;

pub use command::run;

//! `/stoa/slice/1`: verified ranges of pieces between Stoa nodes.
//!
//! A request names a piece by its BLAKE3 root and size, and a range of at most 1 MiB of it; the answer is that range
//! with the hashes that tie it to the root, so that a wrong byte is noticed before it is stored and its sender is known.
//!
//! Goals: a piece comes from several peers at once, goes on where it stopped after a restart, and ends whatever peers
//! do; a server is fair between peers, and neither its memory nor its disk is at the mercy of any of them.
//! Non-goals: finding out what there is (the registry says it), and deciding who may have what isn't public ([`Grants`]).
//!
//! [`config`] has the messages and limits, [`SliceServer`] answers, [`PieceFetcher`] fetches.

mod client;
pub mod config;
mod fair;
mod handle;
mod schedule;
mod server;

#[cfg(test)]
mod tests;

use std::sync::Arc;

use polkadot_sdk::{sc_network::NetworkBackend, sp_runtime::traits::Block as BlockT};
use stoa_content::Store;

pub use client::{FetchLimits, SliceNetwork};
pub use handle::{FetchError, PieceFetcher, Progress, Told};
pub use server::{Grants, SliceServer, StoredPieces};

use super::metrics::ContentMetrics;

/// The protocol for `FullNetworkConfiguration::add_request_response_protocol`, and the server whose
/// [`SliceServer::run`] answers its requests from the store: public pieces for everybody, others by `grants`.
pub fn protocol<Block: BlockT, N: NetworkBackend<Block, Block::Hash>>(
    store: Store,
    grants: Arc<dyn Grants>,
    metrics: ContentMetrics,
) -> (N::RequestResponseProtocolConfig, SliceServer<StoredPieces>) {
    let (requests, inbound) = async_channel::bounded(server::INBOUND_QUEUE);
    let config = N::request_response_config(
        config::PROTOCOL_NAME.into(),
        Vec::new(),
        config::MAX_REQUEST_SIZE,
        config::MAX_RESPONSE_SIZE,
        config::REQUEST_TIMEOUT,
        Some(requests),
    );
    (config, SliceServer::new(inbound, StoredPieces::new(store, grants), metrics))
}

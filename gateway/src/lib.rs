//! HTTP over a Stoa node: verifiable reads, uploads, routing and health. A library that the node embeds.
//!
//! - [`Gateway`] is the state; [`router`] has the routes; [`serve`] runs them on a listener, with time limits that a slow
//!   or silent client can't get round.
//! - `GET|HEAD /ipfs/{cid}[/path]`: the IPFS Trustless Gateway, blocks and CAR streams.
//! - `GET /routing/v1/providers/{cid}`: delegated routing. `GET /health`: what the node says of itself.
//! - `GET /token/audience`, `POST /token/revoke`: what a wallet signs into a token, and its end.
//! - `POST /upload/challenge`, `PUT /upload/{nonce}`: a CAR from an account that the chain allows.
//! - [`HubGateway`] and [`router_with_hub`]: the Hugging Face API beside all that.
//!
//! It asks of its neighbours: bytes from [`stoa_content::Store`], answers about accounts and peers from [`Chain`],
//! content that isn't here from [`Fetch`], the registry's records from [`Hub`], and its writes from [`Submitter`].
//!
//! What holds: only blocks of pieces with [`stoa_content::Access::Public`] are read, but for accounts that the chain
//! lets read a piece; access is asked anew for every
//! block, so a stream is cut when its content is withdrawn; no request takes memory in proportion to what it reads or
//! writes; everything that is counted or waited for has a limit in [`Limits`] or [`ConnectionLimits`]; an upload that
//! doesn't end well leaves nothing in the store.

mod chain;
mod conditional;
mod config;
mod cors;
mod guard;
mod health;
mod hf;
mod hub;
mod ipfs;
mod metrics;
mod problem;
mod routing;
mod server;
mod state;
mod submit;
mod token;
mod upload;

pub use chain::{Account, Chain, ChainError, ChainHealth, Fetch, FetchOutcome, NoFetch, Provider};
pub use config::{Config, Limits};
pub use hf::{HubConfig, HubFollowError, HubGateway, HubLimits, HubOpenError};
pub use hub::{Hub, HubAsset, HubPage, HubRef, HubRevision};
pub use metrics::{Counter, Metrics};
pub use server::{ConnectionLimits, serve, serve_with};
pub use state::{Gateway, GatewayOpenError};
pub use submit::{Delegate, RegistryCall, SubmitError, Submitted, Submitter};

use std::sync::Arc;

use axum::{
    Router,
    http::StatusCode,
    middleware,
    routing::{get, post, put},
};
use problem::Problem;

/// The routes over a gateway's state.
pub fn router(gateway: Arc<Gateway>) -> Router {
    finished(routes(gateway))
}

/// The same routes, and those of the Hugging Face API.
pub fn router_with_hub(gateway: Arc<Gateway>, hub: Arc<HubGateway>) -> Router {
    finished(routes(gateway).merge(hf::routes(hub)))
}

fn routes(gateway: Arc<Gateway>) -> Router {
    let reads = Router::new()
        .route("/ipfs/{*path}", get(ipfs::content).options(cors::preflight))
        .route("/routing/v1/providers/{cid}", get(routing::providers).options(cors::preflight))
        .route("/health", get(health::health).options(cors::preflight))
        .layer(middleware::from_fn(cors::open_to_every_origin));
    let uploads = Router::new()
        .route("/upload/challenge", post(upload::challenge))
        .route("/upload/{nonce}", put(upload::upload));
    let tokens = Router::new()
        .route("/token/audience", get(token::audience))
        .route("/token/revoke", post(token::revoke));
    reads.merge(uploads).merge(tokens).with_state(gateway)
}

fn finished(routes: Router) -> Router {
    routes
        .fallback(async || {
            Problem::new(StatusCode::NOT_FOUND, "no-such-route", "there is nothing at this path")
        })
        .method_not_allowed_fallback(async || {
            Problem::new(StatusCode::METHOD_NOT_ALLOWED, "method-not-allowed", "this path has other methods")
        })
}

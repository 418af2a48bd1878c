//! `GET /health`.

use std::sync::Arc;

use axum::{
    Json,
    extract::State,
    http::{HeaderValue, StatusCode, header},
    response::{IntoResponse, Response},
};
use serde::Serialize;
use tokio::time::timeout;

use crate::{ChainHealth, Gateway, problem::Problem};

#[derive(Serialize)]
struct Report {
    status: &'static str,
    #[serde(flatten)]
    chain: ChainHealth,
    content: Content,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Content {
    pieces: u64,
    blocks: u64,
    bytes: u64,
    byte_limit: u64,
}

/// 200 when the node follows the chain, 503 when it doesn't or can't say.
pub(crate) async fn health(State(gateway): State<Arc<Gateway>>) -> Response {
    let chain = match timeout(gateway.limits.chain_time, gateway.chain.health()).await {
        Ok(Ok(chain)) => chain,
        Ok(Err(error)) => return unknown(error.to_string()),
        Err(_) => return unknown("the node takes too long to say how it is".into()),
    };
    let stats = gateway.store.stats();
    let healthy = !chain.syncing && (chain.peers > 0 || !chain.should_have_peers);
    let (status, word) = match healthy {
        true => (StatusCode::OK, "healthy"),
        false => (StatusCode::SERVICE_UNAVAILABLE, "unhealthy"),
    };
    let content = Content {
        pieces: stats.pieces,
        blocks: stats.blocks,
        bytes: stats.bytes,
        byte_limit: stats.byte_limit,
    };
    let mut response = (status, Json(Report { status: word, chain, content })).into_response();
    response.headers_mut().insert(header::CACHE_CONTROL, HeaderValue::from_static("no-store"));
    response
}

fn unknown(why: String) -> Response {
    Problem::new(StatusCode::SERVICE_UNAVAILABLE, "health-unknown", why).into_response()
}

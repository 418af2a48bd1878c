//! Uploading: what is signed, what is sent, and what is said when it is refused.

mod support;

use axum::{
    Json, Router,
    body::Bytes,
    extract::{Path, State},
    http::{HeaderMap, StatusCode},
    response::{IntoResponse, Response},
    routing::{post, put},
};
use futures::stream;
use serde_json::{Value, json};
use std::sync::{Arc, Mutex};
use stoa_sdk::{
    Error, ErrorKind, Gateway,
    gateway::GatewayError,
    keys::{Keypair, address, pair_from_suri},
    primitives::{Codec, ContentId, Piece},
};
use subxt_signer::sr25519::{PublicKey, Signature, verify};
use support::listen;

/// How the server answers.
#[derive(Clone)]
struct Server {
    text: String,
    allowance: u64,
    refusal: Option<(StatusCode, &'static str)>,
    stored: String,
    signer: [u8; 32],
    received: Arc<Mutex<Vec<u8>>>,
}

async fn challenge(State(server): State<Server>, Json(body): Json<Value>) -> Json<Value> {
    let text = server.text.replace("ACCOUNT", body["account"].as_str().unwrap());
    Json(json!({ "challenge": text, "nonce": "00ff", "expires": 99, "allowance": server.allowance }))
}

async fn upload(
    State(server): State<Server>,
    Path(nonce): Path<String>,
    headers: HeaderMap,
    body: Bytes,
) -> Response {
    assert_eq!(nonce, "00ff");
    if let Some((status, message)) = server.refusal {
        return (status, Json(json!({ "error": message }))).into_response();
    }
    let signature = headers["x-stoa-signature"].to_str().unwrap().strip_prefix("0x").unwrap();
    let signature = Signature(hex::decode(signature).unwrap().try_into().unwrap());
    let text = server.text.replace("ACCOUNT", &address(&pair_from_suri("//Alice").unwrap()));
    assert!(verify(&signature, text, &PublicKey(server.signer)));
    *server.received.lock().unwrap() = body.to_vec();
    let piece = headers["x-stoa-piece"].to_str().unwrap().split_once(':').unwrap();
    let stored = json!({ "content": server.stored, "piece": { "root": piece.0, "size": body.len() } });
    (StatusCode::CREATED, Json(stored)).into_response()
}

fn alice() -> Keypair {
    pair_from_suri("//Alice").unwrap()
}

fn content() -> ContentId {
    ContentId { codec: Codec::DagPb, digest: [7; 32] }
}

fn server() -> Server {
    Server {
        text: "stoa-upload:node:7:00ff:ACCOUNT:99".into(),
        allowance: 1 << 40,
        refusal: None,
        stored: stoa_content::text(&content()),
        signer: alice().public_key().0,
        received: Arc::default(),
    }
}

async fn send(server: &Server) -> Result<(), GatewayError> {
    let router = Router::new()
        .route("/upload/challenge", post(challenge))
        .route("/upload/{nonce}", put(upload))
        .with_state(server.clone());
    let gateway = Gateway::new(&listen(router).await).unwrap();
    let parts = [Ok(Bytes::from_static(b"first ")), Ok(Bytes::from_static(b"second"))];
    let piece = Piece { root: [1; 32], size: 12 };
    gateway.upload(&alice(), &content(), &piece, stream::iter(parts)).await.map(drop)
}

#[tokio::test]
async fn an_upload_is_signed_and_streamed() {
    let server = server();
    send(&server).await.unwrap();
    assert_eq!(*server.received.lock().unwrap(), b"first second");
}

#[tokio::test]
async fn a_refusal_says_what_the_gateway_said() {
    let error =
        send(&Server { refusal: Some((StatusCode::PAYLOAD_TOO_LARGE, "at most 1 GiB")), ..server() }).await;
    let error = error.unwrap_err();
    assert!(error.to_string().contains("answered 413"), "{error}");
    assert!(error.to_string().ends_with("at most 1 GiB"), "{error}");
    assert_eq!(Error::from(error).kind(), ErrorKind::Refused);
}

#[tokio::test]
async fn too_small_an_allowance_is_told_before_anything_is_sent() {
    let server = Server { allowance: 11, ..server() };
    let error = send(&server).await.unwrap_err();
    assert!(matches!(error, GatewayError::Allowance { allowance: 11, size: 12, .. }), "{error}");
    assert!(server.received.lock().unwrap().is_empty());
}

#[tokio::test]
async fn nothing_but_a_challenge_for_an_upload_is_signed() {
    for text in [
        "give me all your money:node:00ff:ACCOUNT:99",
        "stoa-upload:node:0000:ACCOUNT:99",
        "stoa-upload:node:00ff:5FHneW46xGXgs5mUiveU4sbTyGBzmstUspZC92UhjJM694ty:99",
        "stoa-upload:node:00ff:ACCOUNT:100",
        "",
    ] {
        let server = Server { text: text.into(), ..server() };
        let error = send(&server).await.unwrap_err();
        assert!(error.to_string().contains("challenge"), "{text}: {error}");
    }
}

#[tokio::test]
async fn a_gateway_that_stored_something_else_is_found_out() {
    let other = ContentId { codec: Codec::DagPb, digest: [8; 32] };
    let error = send(&Server { stored: stoa_content::text(&other), ..server() }).await.unwrap_err();
    assert!(matches!(error, GatewayError::Stored { .. }), "{error}");
    assert_eq!(Error::from(error).kind(), ErrorKind::Unverified);
}

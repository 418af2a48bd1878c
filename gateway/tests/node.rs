//! Routing, health, counters, and the server below all routes.

mod common;

use std::sync::atomic::Ordering;

use common::{Client, Dag, Server, Setup, dag::noise};
use serde_json::{Value, json};
use stoa_gateway::{ConnectionLimits, Limits, Provider};
use tokio::{io::AsyncWriteExt, time::Duration};

fn provider() -> Provider {
    Provider {
        id: "12D3KooWGzxzKZYveHXtpG6AsrUJBcWxHBFS2HsEoGTxrMLvKXtf".into(),
        addresses: vec!["/ip4/127.0.0.1/tcp/30333".into(), "/ip4/127.0.0.1/tcp/30334/ws".into()],
        protocols: vec!["transport-bitswap".into()],
    }
}

fn record(addresses: &[&str]) -> Value {
    json!({ "Schema": "peer", "ID": provider().id, "Addrs": addresses, "Protocols": ["transport-bitswap"] })
}

fn path() -> String {
    format!("/routing/v1/providers/{}", Dag::leaf(&b"a"[..]).root)
}

#[tokio::test]
async fn providers_are_listed_as_json() {
    let server = Server::start().await;
    *server.node.providers.lock().unwrap() = vec![provider(); 200];
    let answer = server.get(&path()).await;
    assert_eq!(answer.status, 200);
    let json = answer.json();
    let records = json["Providers"].as_array().unwrap();
    assert_eq!(records.len(), 100);
    assert_eq!(records[0], record(&["/ip4/127.0.0.1/tcp/30333", "/ip4/127.0.0.1/tcp/30334/ws"]));
    assert_eq!(answer.header("vary"), "Accept");
    assert!(answer.header("cache-control").contains("max-age=300"));
    assert_eq!(answer.header("access-control-allow-origin"), "*");
}

#[tokio::test]
async fn providers_are_listed_as_lines_when_asked_for() {
    let server = Server::start().await;
    *server.node.providers.lock().unwrap() = vec![provider(); 2];
    let answer =
        server.get_with(&path(), &[("Accept", "application/x-ndjson, application/json;q=0.5")]).await;
    assert_eq!(answer.header("content-type"), "application/x-ndjson");
    let text = String::from_utf8(answer.body).unwrap();
    assert!(text.ends_with('\n'));
    let lines: Vec<Value> = text.lines().map(|line| serde_json::from_str(line).unwrap()).collect();
    assert_eq!(lines, vec![record(&["/ip4/127.0.0.1/tcp/30333", "/ip4/127.0.0.1/tcp/30334/ws"]); 2]);
}

#[tokio::test]
async fn providers_are_filtered_as_asked() {
    let server = Server::start().await;
    *server.node.providers.lock().unwrap() = vec![provider()];
    let helia = "?filter-protocols=unknown,transport-bitswap&filter-addrs=ws,unknown";
    let answer = server.get(&format!("{}{helia}", path())).await;
    assert_eq!(answer.json()["Providers"], json!([record(&["/ip4/127.0.0.1/tcp/30334/ws"])]));
    let none = server.get(&format!("{}?filter-protocols=transport-ipfs-gateway-http", path())).await;
    assert_eq!((none.status, none.json()), (404, json!({ "Providers": [] })));
}

#[tokio::test]
async fn no_provider_is_not_found() {
    let server = Server::start().await;
    let answer = server.get(&path()).await;
    assert_eq!((answer.status, answer.json()), (404, json!({ "Providers": [] })));
    assert!(answer.header("cache-control").contains("max-age=15"));
    let lines = server.get_with(&path(), &[("Accept", "application/x-ndjson")]).await;
    assert_eq!((lines.status, lines.body.len()), (404, 0));
    // A CID of another hash is nowhere on this chain.
    *server.node.providers.lock().unwrap() = vec![provider()];
    assert_eq!(server.get("/routing/v1/providers/bafkqaaa").await.status, 404);
}

#[tokio::test]
async fn what_is_no_cid_has_no_providers() {
    let server = Server::start().await;
    for text in ["foo", "%ff", "..", &"b".repeat(5000)] {
        let answer = server.get(&format!("/routing/v1/providers/{text}")).await;
        assert_eq!(answer.status, 422, "{text}");
        answer.error(422);
    }
}

#[tokio::test]
async fn a_node_that_follows_the_chain_is_healthy() {
    let server = Server::start().await;
    let info = server.publish(&Dag::leaf(&b"a"[..]));
    let answer = server.get("/health").await;
    assert_eq!(answer.status, 200);
    let json = answer.json();
    let content = json["content"].as_object().unwrap();
    assert_eq!(
        (&content["pieces"], &content["blocks"], &content["byteLimit"]),
        (&json!(1), &json!(1), &json!(8u64 << 30))
    );
    assert!(content["bytes"].as_u64().unwrap() >= info.piece.size);
    for (key, value) in [
        ("status", json!("healthy")),
        ("best", json!(12)),
        ("finalised", json!(10)),
        ("peers", json!(0)),
        ("syncing", json!(false)),
        ("shouldHavePeers", json!(false)),
    ] {
        assert_eq!(json[key], value, "{key}");
    }
    assert_eq!(answer.header("cache-control"), "no-store");
}

#[tokio::test]
async fn a_node_that_lags_or_cannot_say_is_unhealthy() {
    let server = Server::start().await;
    server.node.syncing.store(true, Ordering::Relaxed);
    let answer = server.get("/health").await;
    assert_eq!((answer.status, &answer.json()["status"]), (503, &json!("unhealthy")));
    server.node.silent.store(true, Ordering::Relaxed);
    assert_eq!(server.get("/health").await.error(503), "health-unknown");
}

#[tokio::test]
async fn counters_have_names_and_help() {
    let server = Server::start().await;
    let metrics = server.gateway.metrics();
    for counter in metrics.all() {
        assert!(counter.name().starts_with("stoa_gateway_") && counter.name().ends_with("_total"));
        assert!(!counter.help().is_empty());
        assert_eq!(counter.get(), 0);
    }
    server.get("/ipfs/bafkqaaa?format=raw").await;
    let block_requests = metrics.all().find(|counter| counter.name() == "stoa_gateway_block_requests_total");
    assert_eq!(block_requests.unwrap().get(), 1);
}

#[tokio::test]
async fn a_client_that_does_not_finish_its_header_is_dropped() {
    let connections =
        ConnectionLimits { header_time: Duration::from_millis(200), ..ConnectionLimits::default() };
    let server = Server::with(Setup { connections, ..Setup::default() }).await;
    let mut silent = Client::connect(server.address).await;
    let mut slow = Client::connect(server.address).await;
    slow.stream.write_all(b"GET /health HTTP/1.1\r\nHost: ").await.unwrap();
    assert!(silent.is_closed().await);
    while let Some(answer) = slow.read_head().await {
        assert_ne!(answer.status, 200);
    }
    // A connection that was used and is idle is one of these too.
    let mut idle = Client::connect(server.address).await;
    idle.send_head("GET", "/health", &[]).await;
    assert_eq!(idle.read().await.status, 200);
    assert!(idle.is_closed().await);
}

#[tokio::test]
async fn connections_beyond_the_limit_wait() {
    let connections = ConnectionLimits { connections: 1, ..ConnectionLimits::default() };
    let server = Server::with(Setup { connections, ..Setup::default() }).await;
    let mut first = Client::connect(server.address).await;
    first.send_head("GET", "/health", &[]).await;
    assert_eq!(first.read().await.status, 200);
    let mut second = Client::connect(server.address).await;
    second.send_head("GET", "/health", &[]).await;
    let waiting = tokio::time::timeout(Duration::from_millis(100), second.stream.readable()).await;
    assert!(waiting.is_err(), "it must wait for its turn");
    drop(first);
    assert_eq!(second.read().await.status, 200);
}

#[tokio::test]
async fn garbage_is_answered_or_dropped_and_the_server_goes_on() {
    let server = Server::start().await;
    let long = [&b"GET /"[..], &[b'a'; 300_000], b" HTTP/1.1\r\n\r\n"].concat();
    let many = format!("GET /health HTTP/1.1\r\n{}\r\n", "a: b\r\n".repeat(1000));
    for bytes in
        [&b"\x16\x03\x01\x02\x00\x01\x00"[..], b"\r\n\r\n\r\n", b"GET\r\n\r\n", &long, many.as_bytes()]
    {
        let mut client = Client::connect(server.address).await;
        // The server may close before it has all of it.
        if client.stream.write_all(bytes).await.is_ok() && client.stream.shutdown().await.is_ok() {
            while let Some(answer) = client.read_head().await {
                assert!((400..500).contains(&answer.status), "{answer:?}");
            }
        }
    }
    assert_eq!(server.get("/health").await.status, 200);
}

#[tokio::test]
async fn shutdown_lets_a_running_answer_end() {
    let mut server = Server::start().await;
    let file = Dag::file((0..32).map(|seed| Dag::leaf(noise(seed, 1 << 20))).collect());
    server.publish(&file);
    let mut idle = Client::connect(server.address).await;
    idle.send_head("GET", "/health", &[]).await;
    assert_eq!(idle.read().await.status, 200);
    let mut running = Client::connect(server.address).await;
    running.send_head("GET", &format!("/ipfs/{}?format=car", file.root), &[]).await;
    let mut answer = running.read_head().await.unwrap();
    server.begin_stop();
    assert!(idle.is_closed().await);
    assert!(!server.is_stopped());
    running.read_body(&mut answer).await;
    assert!(answer.complete);
    server.wait_until(Server::is_stopped).await;
}

#[tokio::test]
async fn shutdown_does_not_wait_for_ever() {
    let connections =
        ConnectionLimits { shutdown_time: Duration::from_millis(200), ..ConnectionLimits::default() };
    let server = Server::with(Setup { connections, limits: Limits::default() }).await;
    let file = Dag::file((0..64).map(|seed| Dag::leaf(noise(seed, 1 << 20))).collect());
    server.publish(&file);
    let mut client = Client::connect(server.address).await;
    client.send_head("GET", &format!("/ipfs/{}?format=car", file.root), &[]).await;
    client.read_head().await.unwrap();
    server.stop().await;
}

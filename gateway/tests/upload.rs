//! Uploads: who may, how much, and that nothing stays of one that doesn't end well.

mod common;

use bytes::Bytes;
use common::{
    ALICE, Answer, BOB, Client, Dag, PATIENCE, Server, Setup, account_text,
    dag::{car, cid, noise},
    request, sign,
};
use serde_json::{Value, json};
use stoa_content::Access;
use stoa_gateway::{Account, Limits};
use tokio::{io::AsyncWriteExt, time::Duration};

const ALLOWANCE: u64 = 1 << 30;

fn fixture() -> Dag {
    Dag::folder(vec![("a.bin", Dag::chunked(&noise(1, 300_000), 100_000)), ("b.txt", Dag::leaf(&b"b"[..]))])
}

struct Challenge {
    text: String,
    nonce: String,
    allowance: u64,
}

async fn ask(server: &Server, account: &Account) -> Answer {
    let body = json!({ "account": account_text(account) }).to_string();
    request(server.address, "POST", "/upload/challenge", &[], body.as_bytes()).await
}

async fn challenge(server: &Server, account: &Account) -> Challenge {
    let answer = ask(server, account).await;
    assert_eq!(answer.status, 200);
    let json = answer.json();
    let text = json["challenge"].as_str().unwrap().to_owned();
    let nonce = json["nonce"].as_str().unwrap().to_owned();
    let expires = json["expires"].as_u64().unwrap();
    assert_eq!(text, format!("stoa-upload:test:{nonce}:{}:{expires}", account_text(account)));
    Challenge { text, nonce, allowance: json["allowance"].as_u64().unwrap() }
}

fn signature(account: &Account, text: &str) -> String {
    format!("0x{}", hex::encode(sign(account, text.as_bytes())))
}

/// Answers a new challenge with these bytes.
async fn send(server: &Server, account: &Account, body: &[u8], headers: &[(&str, &str)]) -> Answer {
    let challenge = challenge(server, account).await;
    let signature = signature(account, &challenge.text);
    let headers = [&[("X-Stoa-Signature", signature.as_str())], headers].concat();
    request(server.address, "PUT", &format!("/upload/{}", challenge.nonce), &headers, body).await
}

async fn started() -> Server {
    with(Limits::default()).await
}

async fn with(limits: Limits) -> Server {
    let server = Server::with(Setup { limits, ..Setup::default() }).await;
    server.allow(ALICE, ALLOWANCE);
    server
}

fn announcement(car: &[u8]) -> String {
    format!("{}:{}", blake3::hash(car).to_hex(), car.len())
}

fn is_empty(server: &Server) -> bool {
    let stats = server.store.stats();
    (stats.pieces, stats.blocks, stats.bytes) == (0, 0, 0)
}

/// An upload whose body the test sends itself.
async fn begin(server: &Server, account: &Account, headers: &[(&str, &str)]) -> Client {
    let challenge = challenge(server, account).await;
    let signature = signature(account, &challenge.text);
    let mut client = Client::connect(server.address).await;
    let headers = [&[("X-Stoa-Signature", signature.as_str())], headers].concat();
    client.send_head("PUT", &format!("/upload/{}", challenge.nonce), &headers).await;
    client
}

#[tokio::test]
async fn an_upload_is_stored_pinned_and_restricted() {
    let server = started().await;
    let fixture = fixture();
    let car = fixture.car();
    let answer = send(&server, &ALICE, &car, &[]).await;
    assert_eq!(answer.status, 201);
    let root = blake3::hash(&car);
    let expected: Value = json!({
        "content": fixture.root.to_string(),
        "piece": { "root": root.to_hex().as_str(), "size": car.len() },
    });
    assert_eq!(answer.json(), expected);

    let info = server.store.piece(root.as_bytes()).unwrap().unwrap();
    assert!(info.pinned);
    assert_eq!(info.access, Access::Restricted);
    let path = format!("/ipfs/{}?format=raw", fixture.root);
    assert_eq!(server.get(&path).await.error(404), "not-found");
    server.store.set_access(root.as_bytes(), Access::Public).unwrap();
    assert_eq!(server.get(&path).await.status, 200);
    let metrics = server.gateway.metrics();
    assert_eq!((metrics.uploads_stored.get(), metrics.uploads_refused.get()), (1, 0));
    assert_eq!(metrics.upload_bytes.get(), car.len() as u64);
}

#[tokio::test]
async fn an_announced_piece_is_checked() {
    let server = started().await;
    let car = fixture().car();
    for wrong in ["", "00:1", "zz:5", &format!("{}:x", "0".repeat(64)), &"0".repeat(64)] {
        let answer = send(&server, &ALICE, &car, &[("X-Stoa-Piece", wrong)]).await;
        assert_eq!(answer.error(400), "bad-piece", "{wrong}");
    }
    let other = format!("{}:{}", "0".repeat(64), car.len());
    assert_eq!(send(&server, &ALICE, &car, &[("X-Stoa-Piece", &other)]).await.error(422), "other-piece");
    let other = format!("{}:{}", blake3::hash(&car).to_hex(), car.len() + 1);
    assert_eq!(send(&server, &ALICE, &car, &[("X-Stoa-Piece", &other)]).await.error(422), "other-piece");
    assert!(is_empty(&server));
    let right = announcement(&car);
    assert_eq!(send(&server, &ALICE, &car, &[("X-Stoa-Piece", &right)]).await.status, 201);
}

#[tokio::test]
async fn a_signature_may_be_wrapped_by_a_wallet_and_stand_in_the_query() {
    let server = started().await;
    let car = fixture().car();
    let challenge = challenge(&server, &ALICE).await;
    let wrapped = signature(&ALICE, &format!("<Bytes>{}</Bytes>", challenge.text));
    let path = format!("/upload/{}?signature={wrapped}", challenge.nonce);
    assert_eq!(request(server.address, "PUT", &path, &[], &car).await.status, 201);

    let challenge = self::challenge(&server, &ALICE).await;
    let with_kind = format!("0x01{}", &signature(&ALICE, &challenge.text)[2..]);
    let path = format!("/upload/{}", challenge.nonce);
    let headers = [("X-Stoa-Signature", with_kind.as_str())];
    assert_eq!(request(server.address, "PUT", &path, &headers, &car).await.status, 201);
}

#[tokio::test]
async fn only_accounts_that_may_upload_get_a_challenge() {
    let server = started().await;
    assert_eq!(ask(&server, &BOB).await.error(403), "not-allowed");
    for (body, code) in [
        (&b"{\"account\":\"nobody\"}"[..], "bad-account"),
        (b"{\"account\":7}", "bad-request"),
        (b"{}", "bad-request"),
        (b"not json", "bad-request"),
        (b"\xff", "bad-request"),
        (&[b' '; 10_000], "bad-request"),
    ] {
        assert_eq!(request(server.address, "POST", "/upload/challenge", &[], body).await.error(400), code);
    }
    assert_eq!(
        request(server.address, "GET", "/upload/challenge", &[], b"").await.error(405),
        "method-not-allowed"
    );
}

#[tokio::test]
async fn the_right_to_upload_is_asked_for_again_when_the_bytes_come() {
    let server = started().await;
    let challenge = challenge(&server, &ALICE).await;
    server.node.allowances.lock().unwrap().clear();
    let signature = signature(&ALICE, &challenge.text);
    let path = format!("/upload/{}", challenge.nonce);
    let answer =
        request(server.address, "PUT", &path, &[("X-Stoa-Signature", &signature)], &fixture().car()).await;
    assert_eq!(answer.error(403), "not-allowed");
    assert!(is_empty(&server));
}

#[tokio::test]
async fn without_a_challenge_of_this_node_nothing_is_taken() {
    let server = started().await;
    let car = fixture().car();
    let other = started().await;
    let foreign = challenge(&other, &ALICE).await;
    let signature = signature(&ALICE, &foreign.text);
    let headers = [("X-Stoa-Signature", signature.as_str())];
    let long = "00".repeat(1000);
    for nonce in [foreign.nonce.as_str(), "0", "deadbeef", "..", "%ff", &long] {
        let answer = request(server.address, "PUT", &format!("/upload/{nonce}"), &headers, &car).await;
        assert_eq!(answer.error(401), "challenge-unknown", "{nonce}");
        assert_eq!(answer.header("connection"), "close");
    }
    assert!(is_empty(&server));
    assert_eq!(server.gateway.metrics().uploads_refused.get(), 6);
}

#[tokio::test]
async fn a_challenge_is_answered_once() {
    let server = started().await;
    let car = fixture().car();
    let challenge = challenge(&server, &ALICE).await;
    let signature = signature(&ALICE, &challenge.text);
    let headers = [("X-Stoa-Signature", signature.as_str())];
    let path = format!("/upload/{}", challenge.nonce);
    assert_eq!(request(server.address, "PUT", &path, &headers, &car).await.status, 201);
    let upper = format!("/upload/{}", challenge.nonce.to_uppercase());
    for path in [&path, &upper] {
        assert_eq!(
            request(server.address, "PUT", path, &headers, &car).await.error(409),
            "challenge-answered"
        );
    }
}

#[tokio::test]
async fn of_two_answers_at_once_one_is_taken() {
    let server = started().await;
    let car = fixture().car();
    let challenge = challenge(&server, &ALICE).await;
    let signature = signature(&ALICE, &challenge.text);
    let headers = [("X-Stoa-Signature", signature.as_str())];
    let path = format!("/upload/{}", challenge.nonce);
    let send = || request(server.address, "PUT", &path, &headers, &car);
    let (first, second) = tokio::join!(send(), send());
    let mut statuses = [first.status, second.status];
    statuses.sort();
    assert_eq!(statuses, [201, 409]);
}

#[tokio::test]
async fn an_expired_challenge_is_refused() {
    let server = with(Limits { challenge_time: Duration::ZERO, ..Limits::default() }).await;
    assert_eq!(send(&server, &ALICE, &fixture().car(), &[]).await.error(401), "challenge-expired");
    assert!(is_empty(&server));
}

#[tokio::test]
async fn a_wrong_signature_is_refused_and_leaves_the_challenge_open() {
    let server = started().await;
    let car = fixture().car();
    let challenge = challenge(&server, &ALICE).await;
    let path = format!("/upload/{}", challenge.nonce);
    let right = signature(&ALICE, &challenge.text);
    for (headers, status, code) in [
        (vec![], 400, "bad-signature"),
        (vec![("X-Stoa-Signature", "0x")], 400, "bad-signature"),
        (vec![("X-Stoa-Signature", "xyz")], 400, "bad-signature"),
        (vec![("X-Stoa-Signature", &right[..100])], 400, "bad-signature"),
        (vec![("X-Stoa-Signature", &signature(&BOB, &challenge.text))], 401, "wrong-signature"),
        (vec![("X-Stoa-Signature", &signature(&ALICE, "something else"))], 401, "wrong-signature"),
    ] {
        assert_eq!(request(server.address, "PUT", &path, &headers, &car).await.error(status), code);
    }
    assert!(is_empty(&server));
    assert_eq!(
        request(server.address, "PUT", &path, &[("X-Stoa-Signature", &right)], &car).await.status,
        201
    );
}

#[tokio::test]
async fn a_car_that_is_no_whole_dag_is_refused() {
    let server = started().await;
    let fixture = fixture();
    let good = fixture.car();
    let mut flipped = good.clone();
    *flipped.last_mut().unwrap() ^= 1;
    let stray = Dag::leaf(&b"stray"[..]);
    let with_stray = car(&fixture.root, &[&fixture.blocks[..], &stray.blocks[..]].concat());
    let document = Bytes::from_static(b"\xa0");
    let cbor = cid(0x71, &document);
    let too_large = Dag::leaf(noise(9, (2 << 20) + 1));
    let bad = [
        ("nothing", Vec::new()),
        ("no CAR", b"this is not a CAR".to_vec()),
        ("header alone", good[..59].to_vec()),
        ("cut short", good[..good.len() - 1].to_vec()),
        ("trailing bytes", [&good[..], b"\x05"].concat()),
        ("a wrong hash", flipped),
        ("a missing block", car(&fixture.root, &fixture.blocks[..2])),
        ("a block of another DAG", with_stray),
        ("another codec", car(&cbor, &[(cbor, document)])),
        ("a block over 2 MiB", too_large.car()),
        ("a length of 2^63", [&good[..59], &[0xff; 9][..], b"\x7f"].concat()),
    ];
    for (what, body) in bad {
        let headers: &[_] = if body.is_empty() { &[("Content-Length", "0")] } else { &[] };
        assert_eq!(send(&server, &ALICE, &body, headers).await.error(400), "bad-car", "{what}");
        assert!(is_empty(&server), "{what}");
    }
    assert_eq!(challenge(&server, &ALICE).await.allowance, ALLOWANCE, "refused uploads aren't charged");
}

#[tokio::test]
async fn an_upload_over_the_limit_is_refused() {
    let car = fixture().car();
    let limit = car.len() as u64 - 1;
    let server = with(Limits { upload_bytes: limit, ..Limits::default() }).await;
    assert_eq!(challenge(&server, &ALICE).await.allowance, limit);
    assert_eq!(send(&server, &ALICE, &car, &[]).await.error(413), "too-large");
    let announced = format!("{}:{}", "0".repeat(64), u64::MAX);
    assert_eq!(send(&server, &ALICE, b"x", &[("X-Stoa-Piece", &announced)]).await.error(413), "too-large");

    // Without a length in the header it is noticed on the way.
    let mut client = begin(&server, &ALICE, &[("Transfer-Encoding", "chunked")]).await;
    client.stream.write_all(format!("{:x}\r\n", car.len()).as_bytes()).await.unwrap();
    client.stream.write_all(&car).await.unwrap();
    client.stream.write_all(b"\r\n0\r\n\r\n").await.unwrap();
    assert_eq!(client.read().await.error(413), "too-large");
    assert!(is_empty(&server));
}

#[tokio::test]
async fn an_upload_in_chunks_is_taken() {
    let server = started().await;
    let car = fixture().car();
    let mut client = begin(&server, &ALICE, &[("Transfer-Encoding", "chunked")]).await;
    for chunk in car.chunks(77_777) {
        client.stream.write_all(format!("{:x}\r\n", chunk.len()).as_bytes()).await.unwrap();
        client.stream.write_all(chunk).await.unwrap();
        client.stream.write_all(b"\r\n").await.unwrap();
    }
    client.stream.write_all(b"0\r\n\r\n").await.unwrap();
    assert_eq!(client.read().await.status, 201);
}

#[tokio::test]
async fn the_quota_counts_what_is_here_and_what_is_coming() {
    let server = started().await;
    let car = fixture().car();
    let size = car.len() as u64;
    server.allow(ALICE, size + 1000);
    assert_eq!(send(&server, &ALICE, &car, &[]).await.status, 201);
    assert_eq!(challenge(&server, &ALICE).await.allowance, 1000);

    let more = Dag::leaf(noise(3, 2000)).car();
    assert_eq!(send(&server, &ALICE, &more, &[]).await.error(507), "over-quota");
    let mut client = begin(&server, &ALICE, &[("Transfer-Encoding", "chunked")]).await;
    client.stream.write_all(format!("{:x}\r\n", more.len()).as_bytes()).await.unwrap();
    client.stream.write_all(&more).await.unwrap();
    client.stream.write_all(b"\r\n0\r\n\r\n").await.unwrap();
    assert_eq!(client.read().await.error(507), "over-quota");
    assert_eq!(server.store.stats().pieces, 1);

    let mut first = begin(&server, &ALICE, &[("Content-Length", "900")]).await;
    first.stream.write_all(&more[..100]).await.unwrap();
    server.wait_until(|server| server.gateway.metrics().upload_bytes.get() > size + 99).await;
    assert_eq!(challenge(&server, &ALICE).await.allowance, 100);
    drop(first);
    let root = *blake3::hash(&car).as_bytes();
    assert!(server.store.remove(&root).unwrap());
    server.wait_until(|server| server.store.stats().bytes == 0).await;
    let freed = async {
        while challenge(&server, &ALICE).await.allowance != size + 1000 {
            tokio::time::sleep(Duration::from_millis(5)).await;
        }
    };
    tokio::time::timeout(PATIENCE, freed).await.expect("what left the store is free again");
}

#[tokio::test]
async fn the_quota_survives_a_restart() {
    let folder = tempfile::tempdir().unwrap();
    let car = fixture().car();
    let server = Server::over(folder.path(), Setup::default()).await;
    server.allow(ALICE, ALLOWANCE);
    let before = challenge(&server, &ALICE).await;
    assert_eq!(send(&server, &ALICE, &car, &[]).await.status, 201);
    let signature = signature(&ALICE, &before.text);
    server.stop().await;

    let server = Server::over(folder.path(), Setup::default()).await;
    server.allow(ALICE, ALLOWANCE);
    assert_eq!(challenge(&server, &ALICE).await.allowance, ALLOWANCE - car.len() as u64);
    let path = format!("/upload/{}", before.nonce);
    let answer = request(server.address, "PUT", &path, &[("X-Stoa-Signature", &signature)], &car).await;
    assert_eq!(answer.error(401), "challenge-unknown", "challenges don't survive it");
}

#[tokio::test]
async fn a_piece_is_charged_once() {
    let server = started().await;
    server.allow(BOB, ALLOWANCE);
    let car = fixture().car();
    for account in [ALICE, ALICE, BOB] {
        assert_eq!(send(&server, &account, &car, &[]).await.status, 201);
    }
    assert_eq!(server.store.stats().pieces, 1);
    assert_eq!(challenge(&server, &ALICE).await.allowance, ALLOWANCE - car.len() as u64);
    assert_eq!(challenge(&server, &BOB).await.allowance, ALLOWANCE);
}

#[tokio::test]
async fn a_client_that_leaves_half_way_leaves_nothing() {
    let server = started().await;
    let car = fixture().car();
    let size = car.len().to_string();
    for headers in [("Content-Length", size.as_str()), ("Transfer-Encoding", "chunked")] {
        let refused = server.gateway.metrics().uploads_refused.get();
        let mut client = begin(&server, &ALICE, &[headers]).await;
        let before = server.gateway.metrics().upload_bytes.get();
        if headers.1 == "chunked" {
            client.stream.write_all(format!("{size:0>8}\r\n").as_bytes()).await.unwrap();
        }
        client.stream.write_all(&car[..car.len() / 2]).await.unwrap();
        server.wait_until(|server| server.gateway.metrics().upload_bytes.get() > before).await;
        drop(client);
        server.wait_until(|server| server.gateway.metrics().uploads_refused.get() == refused + 1).await;
        server.wait_until(is_empty).await;
    }
}

#[tokio::test]
async fn a_client_that_falls_silent_is_dropped() {
    let limits = Limits { upload_silence: Duration::from_millis(200), ..Limits::default() };
    let server = with(limits).await;
    let car = fixture().car();
    let mut client = begin(&server, &ALICE, &[("Content-Length", &car.len().to_string())]).await;
    client.stream.write_all(&car[..1000]).await.unwrap();
    assert_eq!(client.read().await.error(408), "too-slow");
    assert!(is_empty(&server));
}

#[tokio::test]
async fn a_client_that_trickles_is_dropped() {
    let limits = Limits { upload_silence: Duration::from_secs(1), upload_rate: 1 << 20, ..Limits::default() };
    let server = with(limits).await;
    let car = fixture().car();
    let client = begin(&server, &ALICE, &[("Content-Length", &car.len().to_string())]).await;
    let Client { stream, .. } = &client;
    // A byte now and then keeps it from being silent.
    let trickle = async {
        for byte in car.chunks(1) {
            stream.writable().await.unwrap();
            if stream.try_write(byte).is_err() {
                break;
            }
            let answered = stream.readable();
            if tokio::time::timeout(Duration::from_millis(100), answered).await.is_ok() {
                break;
            }
        }
    };
    tokio::time::timeout(PATIENCE, trickle).await.unwrap();
    let mut client = client;
    assert_eq!(client.read().await.error(408), "too-slow");
    assert!(is_empty(&server));
}

#[tokio::test]
async fn uploads_at_once_are_limited_by_node_and_by_account() {
    let limits = Limits { uploads: 2, uploads_per_account: 1, ..Limits::default() };
    let server = with(limits).await;
    server.allow(BOB, ALLOWANCE);
    let car = fixture().car();
    let size = car.len().to_string();
    let mut running = begin(&server, &ALICE, &[("Content-Length", &size)]).await;
    running.stream.write_all(&car[..1000]).await.unwrap();
    server.wait_until(|server| server.gateway.metrics().upload_bytes.get() > 0).await;
    let second = send(&server, &ALICE, &car, &[]).await;
    assert_eq!(second.error(429), "too-many-uploads");
    assert!(second.find("retry-after").is_some());

    let mut other = begin(&server, &BOB, &[("Content-Length", &size)]).await;
    other.stream.write_all(&car[..1000]).await.unwrap();
    server.wait_until(|server| server.gateway.metrics().upload_bytes.get() >= 2000).await;
    let third = send(&server, &BOB, &car, &[]).await;
    assert_eq!(third.error(503), "busy");
    assert!(third.find("retry-after").is_some());

    running.stream.write_all(&car[1000..]).await.unwrap();
    assert_eq!(running.read().await.status, 201);
    other.stream.write_all(&car[1000..]).await.unwrap();
    assert_eq!(other.read().await.status, 201);
}

#[tokio::test]
async fn a_client_that_waits_for_continue_is_refused_before_it_sends() {
    let server = started().await;
    let mut client = Client::connect(server.address).await;
    let headers = [("Expect", "100-continue"), ("Content-Length", "1000000000")];
    client.send_head("PUT", "/upload/00", &headers).await;
    assert_eq!(client.read().await.error(401), "challenge-unknown");
    assert!(client.is_closed().await);

    let car = fixture().car();
    let size = car.len().to_string();
    let mut client = begin(&server, &ALICE, &[("Expect", "100-continue"), ("Content-Length", &size)]).await;
    assert_eq!(client.read_head().await.unwrap().status, 100);
    client.stream.write_all(&car).await.unwrap();
    assert_eq!(client.read().await.status, 201);
}

#[tokio::test]
async fn a_chain_that_does_not_answer_is_no_reason_to_wait_for_ever() {
    let server = with(Limits { chain_time: Duration::from_millis(50), ..Limits::default() }).await;
    server.node.silent.store(true, std::sync::atomic::Ordering::Relaxed);
    let answer = ask(&server, &ALICE).await;
    assert_eq!(answer.error(503), "chain-unavailable");
    assert!(answer.find("retry-after").is_some());
}

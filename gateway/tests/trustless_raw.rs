//! Single blocks, by the cases of the public suite's `TestTrustlessRaw` and `TestTrustlessRawRanges`, and by the
//! specification where the suite is silent.

mod common;

use cid::Cid;
use common::{Dag, PATIENCE, Server, Setup, dag, request};
use multihash::Multihash;
use stoa_content::Access;
use stoa_gateway::{FetchOutcome, Limits};

const RAW: &str = "application/vnd.ipld.raw";
const TEXT: &[u8] = b"hello application/vnd.ipld.raw\n";

fn fixture() -> Dag {
    Dag::folder(vec![("ascii.txt", Dag::leaf(TEXT))])
}

fn text_cid() -> Cid {
    Dag::leaf(TEXT).root
}

#[tokio::test]
async fn format_raw_returns_the_block() {
    let server = Server::start().await;
    let fixture = fixture();
    server.publish(&fixture);
    let answer = server.get(&format!("/ipfs/{}?format=raw", fixture.root)).await;
    assert_eq!(answer.status, 200);
    assert_eq!(answer.body, fixture.block(&fixture.root));
}

#[tokio::test]
async fn accept_raw_returns_the_block_with_the_headers_of_the_specification() {
    let server = Server::start().await;
    server.publish(&fixture());
    let cid = text_cid();
    let answer = server.get_with(&format!("/ipfs/{cid}"), &[("Accept", RAW)]).await;
    assert_eq!(answer.status, 200);
    assert_eq!(answer.body, TEXT);
    assert_eq!(answer.header("content-type"), RAW);
    assert_eq!(answer.header("content-length"), TEXT.len().to_string());
    assert_eq!(answer.header("content-disposition"), format!("attachment; filename=\"{cid}.bin\""));
    assert_eq!(answer.header("x-content-type-options"), "nosniff");
    assert_eq!(answer.header("etag"), format!("\"{cid}.raw\""));
    assert_eq!(answer.header("x-ipfs-path"), format!("/ipfs/{cid}"));
    assert_eq!(answer.header("x-ipfs-roots"), cid.to_string());
    assert_eq!(answer.header("accept-ranges"), "bytes");
    assert_eq!(answer.header("content-location"), format!("/ipfs/{cid}?format=raw"));
    assert_eq!(answer.header("vary"), "Accept");
    let directives: Vec<_> = answer.header("cache-control").split(',').map(str::trim).collect();
    assert!(directives.contains(&"public") && directives.contains(&"immutable"));
    let age = directives.iter().find_map(|directive| directive.strip_prefix("max-age=")).unwrap();
    assert!(age.parse::<u64>().unwrap() >= 29_030_400);
}

#[tokio::test]
async fn a_file_name_in_the_query_is_passed_on() {
    let server = Server::start().await;
    server.publish(&fixture());
    let answer =
        server.get_with(&format!("/ipfs/{}?filename=foobar.bin", text_cid()), &[("Accept", RAW)]).await;
    assert_eq!(answer.status, 200);
    assert_eq!(answer.header("content-disposition"), "attachment; filename=\"foobar.bin\"");
}

#[tokio::test]
async fn ranges_return_the_bytes_asked_for() {
    let server = Server::start().await;
    server.publish(&fixture());
    let path = format!("/ipfs/{}?format=raw", text_cid());
    for (range, first, last) in
        [("bytes=6-16", 6, 16), ("bytes=6-", 6, 30), ("bytes=-4", 27, 30), ("bytes=0-0", 0, 0)]
    {
        let answer = server.get_with(&path, &[("Range", range)]).await;
        assert_eq!(answer.status, 206);
        assert_eq!(answer.header("content-range"), format!("bytes {first}-{last}/31"));
        assert_eq!(answer.header("content-type"), RAW);
        assert_eq!(answer.body, TEXT[first..=last]);
    }
    let several = server.get_with(&path, &[("Range", "bytes=0-3,10-12")]).await;
    assert_eq!((several.status, several.body.as_slice()), (200, TEXT));
    let outside = server.get_with(&path, &[("Range", "bytes=31-")]).await;
    assert_eq!(outside.error(416), "bad-range");
    assert_eq!(outside.header("content-range"), "bytes */31");
}

#[tokio::test]
async fn a_client_that_has_the_block_is_told_so() {
    let server = Server::start().await;
    server.publish(&fixture());
    let path = format!("/ipfs/{}?format=raw", text_cid());
    let etag = server.get(&path).await.header("etag").to_owned();
    for tags in [etag.clone(), format!("W/{etag}"), format!("\"x\", {etag}"), "*".into()] {
        let answer = server.get_with(&path, &[("If-None-Match", &tags)]).await;
        assert_eq!((answer.status, answer.body.len()), (304, 0));
        assert_eq!(answer.header("etag"), etag);
    }
    assert_eq!(server.get_with(&path, &[("If-None-Match", "\"x\"")]).await.status, 200);
}

#[tokio::test]
async fn head_has_the_headers_of_get_and_no_body() {
    let server = Server::start().await;
    server.publish(&fixture());
    let path = format!("/ipfs/{}?format=raw", text_cid());
    let mut client = common::Client::connect(server.address).await;
    client.send_head("HEAD", &path, &[]).await;
    let answer = client.read_head().await.unwrap();
    assert_eq!(answer.status, 200);
    assert_eq!(answer.header("content-length"), "31");
    assert_eq!(answer.header("etag"), format!("\"{}.raw\"", text_cid()));
    // The next answer on the connection starts right after the header.
    client.send_head("GET", &path, &[]).await;
    assert_eq!(client.read().await.body, TEXT);
}

#[tokio::test]
async fn the_probe_is_answered() {
    let server = Server::start().await;
    for method in ["GET", "HEAD"] {
        let answer = request(server.address, method, "/ipfs/bafkqaaa?format=raw", &[], b"").await;
        assert_eq!((answer.status, answer.body.len(), answer.complete), (200, 0, true));
    }
    assert_eq!(server.get_with("/ipfs/bafkqaaa", &[("Accept", RAW)]).await.status, 200);
}

#[tokio::test]
async fn identity_cids_carry_their_block() {
    let server = Server::start().await;
    let answer = server.get("/ipfs/bafkqabtimvwgy3yk?format=raw").await;
    assert_eq!((answer.status, answer.body.as_slice()), (200, b"hello\n".as_slice()));
}

#[tokio::test]
async fn a_version_0_cid_names_the_same_block() {
    let server = Server::start().await;
    let fixture = fixture();
    server.publish(&fixture);
    let old = dag::version_0(&fixture.root);
    let answer = server.get(&format!("/ipfs/{old}?format=raw")).await;
    assert_eq!(answer.status, 200);
    assert_eq!(answer.body, fixture.block(&fixture.root));
    assert_eq!(answer.header("etag"), format!("\"{old}.raw\""));
}

#[tokio::test]
async fn a_block_that_is_not_here_is_not_found() {
    let server = Server::start().await;
    let path = format!("/ipfs/{}?format=raw", text_cid());
    assert_eq!(server.get(&path).await.error(404), "not-found");
    assert_eq!(server.head(&path).await.status, 404);
    let cached = server.get_with(&path, &[("Cache-Control", "max-age=5, only-if-cached")]).await;
    assert_eq!(cached.error(412), "not-cached");
}

#[tokio::test]
async fn only_if_cached_returns_what_is_here() {
    let server = Server::start().await;
    server.publish(&fixture());
    let path = format!("/ipfs/{}?format=raw", text_cid());
    assert_eq!(server.get_with(&path, &[("Cache-Control", "only-if-cached")]).await.body, TEXT);
}

#[tokio::test]
async fn restricted_content_is_not_found() {
    let server = Server::start().await;
    let info = server.keep(&fixture());
    for path in [format!("/ipfs/{}?format=raw", text_cid()), format!("/ipfs/{}?format=car", text_cid())] {
        assert_eq!(server.get(&path).await.error(404), "not-found");
        server.store.set_access(&info.piece.root, Access::Public).unwrap();
        assert_eq!(server.get(&path).await.status, 200);
        server.store.set_access(&info.piece.root, Access::Restricted).unwrap();
    }
}

#[tokio::test]
async fn a_damaged_block_is_never_served() {
    let server = Server::start().await;
    server.publish(&fixture());
    server.damage(TEXT);
    let answer = server.get(&format!("/ipfs/{}?format=raw", text_cid())).await;
    assert!(matches!(answer.status, 404 | 500), "{answer:?}");
    let body = String::from_utf8(answer.body).unwrap();
    assert!(!body.contains("hello") && !body.contains(".car"), "{body}");
}

#[tokio::test]
async fn what_a_strict_gateway_does_not_serve_is_refused() {
    let server = Server::start().await;
    let fixture = fixture();
    server.publish(&fixture);
    let root = fixture.root;
    let refused = [
        (format!("/ipfs/{root}"), None, 400, "bad-format"),
        (format!("/ipfs/{root}"), Some("*/*"), 400, "bad-format"),
        (format!("/ipfs/{root}"), Some("text/html"), 406, "not-acceptable"),
        (format!("/ipfs/{root}?format=dag-json"), None, 406, "not-acceptable"),
        (format!("/ipfs/{root}?format=tar"), None, 406, "not-acceptable"),
        (format!("/ipfs/{root}?format=ipns-record"), None, 400, "bad-format"),
        (format!("/ipfs/{root}?format=%00"), None, 400, "bad-format"),
        (format!("/ipfs/{root}/ascii.txt?format=raw"), None, 400, "bad-path"),
        ("/ipfs/notacid?format=raw".into(), None, 400, "bad-cid"),
        ("/ipfs/?format=raw".into(), None, 404, "no-such-route"),
        ("/ipns/example.org?format=raw".into(), None, 404, "no-such-route"),
        (format!("/ipfs/{}?format=raw", "b".repeat(5000)), None, 400, "bad-cid"),
        (format!("/ipfs/{root}/%2e%2e/%2e%2e/etc/passwd?format=car"), None, 400, "bad-path"),
        (format!("/ipfs/{root}/..?format=car"), None, 400, "bad-path"),
        (format!("/ipfs/{root}/%ff?format=car"), None, 400, "bad-path"),
        (format!("/ipfs/{root}/a%2fb?format=car"), None, 400, "bad-path"),
        (format!("/ipfs/{root}{}?format=car", "/a".repeat(1000)), None, 400, "bad-path"),
    ];
    for (path, accept, status, code) in refused {
        let headers: Vec<_> = accept.iter().map(|accept| ("Accept", *accept)).collect();
        let answer = server.get_with(&path, &headers).await;
        assert_eq!(answer.error(status), code, "{path} {accept:?}");
    }
    let worker = server.get_with(&format!("/ipfs/{root}?format=raw"), &[("Service-Worker", "script")]).await;
    assert_eq!(worker.error(400), "service-worker");
    let deleted = request(server.address, "DELETE", &format!("/ipfs/{root}?format=raw"), &[], b"").await;
    assert_eq!(deleted.error(405), "method-not-allowed");
}

#[tokio::test]
async fn cids_of_other_hashes_are_refused_even_when_the_digest_is_known() {
    let server = Server::start().await;
    server.publish(&fixture());
    let digest = text_cid().hash().digest().to_vec();
    for (code, digest) in [(0x1e, &digest[..]), (0xb220, &digest[..]), (0x12, &digest[..20])] {
        let cid = Cid::new_v1(0x55, Multihash::wrap(code, digest).unwrap());
        assert_eq!(server.get(&format!("/ipfs/{cid}?format=raw")).await.error(400), "bad-cid");
    }
}

#[tokio::test]
async fn pages_of_every_origin_may_read() {
    let server = Server::start().await;
    server.publish(&fixture());
    let path = format!("/ipfs/{}?format=raw", text_cid());
    let found = server.get_with(&path, &[("Origin", "https://example.org")]).await;
    let missing = server.get("/ipfs/bafkqaa?format=raw").await;
    let preflight =
        request(server.address, "OPTIONS", &path, &[("Origin", "https://example.org")], b"").await;
    assert_eq!((found.status, preflight.status), (200, 204));
    for answer in [found, missing, preflight] {
        assert_eq!(answer.header("access-control-allow-origin"), "*");
        for method in ["GET", "HEAD", "OPTIONS"] {
            assert!(answer.header("access-control-allow-methods").contains(method));
        }
        for header in ["Content-Type", "Range", "User-Agent", "X-Requested-With"] {
            assert!(answer.header("access-control-allow-headers").contains(header));
        }
        for header in [
            "Content-Range",
            "Content-Length",
            "X-Ipfs-Path",
            "X-Ipfs-Roots",
            "X-Chunked-Output",
            "X-Stream-Output",
        ] {
            assert!(answer.header("access-control-expose-headers").contains(header));
        }
    }
    let upload = request(server.address, "OPTIONS", "/upload/challenge", &[], b"").await;
    assert_eq!(upload.find("access-control-allow-origin"), None);
}

#[tokio::test]
async fn what_is_not_here_is_fetched_for_a_reader() {
    let server = Server::start().await;
    let path = format!("/ipfs/{}?format=raw", text_cid());
    let outcomes = [
        (FetchOutcome::NotFound, 404, "not-found"),
        (FetchOutcome::Denied, 410, "taken-down"),
        (FetchOutcome::TimedOut, 504, "fetch-timed-out"),
        (FetchOutcome::Busy, 429, "busy"),
        (FetchOutcome::Failed("no luck".into()), 502, "fetch-failed"),
        // Said to be here, and isn't: withdrawn in the meantime.
        (FetchOutcome::Fetched, 404, "not-found"),
    ];
    for (outcome, status, code) in outcomes {
        *server.node.on_fetch.lock().unwrap() = Some(Box::new(move || outcome.clone()));
        let answer = server.get(&path).await;
        assert_eq!(answer.error(status), code);
        assert_eq!(answer.find("retry-after").is_some(), matches!(status, 429 | 502 | 504));
    }
    let store = server.store.clone();
    *server.node.on_fetch.lock().unwrap() = Some(Box::new(move || {
        let mut import = store.import_car().unwrap();
        import.write(&fixture().car()).unwrap();
        let info = import.finish(None).unwrap();
        store.set_access(&info.piece.root, Access::Public).unwrap();
        FetchOutcome::Fetched
    }));
    assert_eq!(server.get(&path).await.body, TEXT);
    let asked = server.node.fetches.lock().unwrap().len();
    assert_eq!(server.get(&path).await.body, TEXT);
    assert_eq!(server.node.fetches.lock().unwrap().len(), asked, "what is here isn't fetched");
}

#[tokio::test]
async fn head_and_only_if_cached_fetch_nothing() {
    let server = Server::start().await;
    let path = format!("/ipfs/{}?format=raw", text_cid());
    server.head(&path).await;
    server.get_with(&path, &[("Cache-Control", "only-if-cached")]).await;
    assert!(server.node.fetches.lock().unwrap().is_empty());
}

#[tokio::test]
async fn reads_beyond_the_limit_are_told_to_come_back() {
    let limits = Limits { block_reads: 0, car_streams: 0, ..Limits::default() };
    let server = Server::with(Setup { limits, ..Setup::default() }).await;
    server.publish(&fixture());
    for format in ["raw", "car"] {
        let answer = server.get(&format!("/ipfs/{}?format={format}", text_cid())).await;
        assert_eq!(answer.error(429), "busy");
        assert!(answer.header("retry-after").parse::<u64>().unwrap() > 0);
    }
    assert_eq!(server.gateway.metrics().reads_refused.get(), 2);
}

#[tokio::test]
async fn a_read_gives_its_place_back() {
    let limits = Limits { block_reads: 1, ..Limits::default() };
    let server = Server::with(Setup { limits, ..Setup::default() }).await;
    server.publish(&fixture());
    let mut client = common::Client::connect(server.address).await;
    for _ in 0..50 {
        client.send_head("GET", &format!("/ipfs/{}?format=raw", text_cid()), &[]).await;
        let answer = tokio::time::timeout(PATIENCE, client.read()).await.unwrap();
        assert_eq!(answer.status, 200);
    }
    let metrics = server.gateway.metrics();
    assert_eq!((metrics.blocks_served.get(), metrics.block_requests.get()), (50, 50));
    assert_eq!(metrics.bytes_served.get(), 50 * TEXT.len() as u64);
}

#[tokio::test]
async fn restricted_content_is_for_those_whom_the_chain_lets_read_it() {
    let server = Server::start().await;
    let dag = Dag::folder(vec![("a", Dag::leaf(&b"gated"[..]))]);
    let info = server.keep(&dag);
    let path = format!("/ipfs/{}?format=raw", stoa_content::text(&info.content));
    let car = format!("/ipfs/{}?format=car", stoa_content::text(&info.content));
    let (alice, bob) = (common::token(&common::ALICE, "read"), common::token(&common::BOB, "read"));
    let bearer = |token: &str| format!("Bearer {token}");
    let (alice, bob) = (bearer(&alice), bearer(&bob));
    server.node.readers.lock().unwrap().push((common::ALICE, info.piece.root));
    for path in [&path, &car] {
        assert_eq!(server.get(path).await.status, 404);
        assert_eq!(server.get_with(path, &[("Authorization", &bob)]).await.status, 404);
        assert_eq!(server.get_with(path, &[("Authorization", "Bearer forged")]).await.status, 401);
        let answer = server.get_with(path, &[("Authorization", &alice)]).await;
        assert_eq!(answer.status, 200);
        assert_eq!(answer.header("cache-control"), "private, no-store");
    }
    let whole = server.get_with(&car, &[("Authorization", &alice)]).await;
    assert_eq!(stoa_content::car::Reader::new(whole.body.as_slice()).count(), 2);
    // A token takes nothing away from what is public.
    let public = server.publish(&Dag::folder(vec![("b", Dag::leaf(&b"public"[..]))]));
    let path = format!("/ipfs/{}?format=raw", stoa_content::text(&public.content));
    let answer = server.get_with(&path, &[("Authorization", "Bearer forged")]).await;
    assert_eq!((answer.status, answer.header("cache-control").starts_with("public")), (200, true));
}

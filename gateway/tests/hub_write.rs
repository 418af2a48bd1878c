//! Writing through the Hugging Face API, request by request as its clients send them.

mod common;

use base64::{Engine, engine::general_purpose::STANDARD};
use common::{ALICE, Answer, BOB, hub::HubServer, request, token_of};
use serde_json::{Value, json};
use sha2::{Digest, Sha256};
use stoa_gateway::{HubLimits, RegistryCall, SubmitError};

const GIB: u64 = 1 << 30;

/// A server with a writer, who owns `acme` and has authorised the gateway.
async fn server() -> HubServer {
    server_with(HubLimits::default()).await
}

async fn server_with(limits: HubLimits) -> HubServer {
    let server = HubServer::with(limits).await;
    server.hub.token_with("alice", ALICE, &["acme"], "write");
    server.hub.token_with("bob", BOB, &["bob"], "write");
    server.hub.authorise(ALICE);
    server.node.allowances.lock().unwrap().insert(ALICE, GIB);
    server
}

async fn send(server: &HubServer, who: &str, method: &str, path: &str, body: &[u8]) -> Answer {
    let bearer = server.hub.bearer(who);
    request(server.address, method, path, &[("Authorization", bearer.as_str())], body).await
}

async fn ask(server: &HubServer, who: &str, method: &str, path: &str, body: Value) -> Answer {
    send(server, who, method, path, body.to_string().as_bytes()).await
}

fn file(path: &str, bytes: &[u8]) -> Value {
    json!({ "key": "file", "value": { "content": STANDARD.encode(bytes), "path": path, "encoding": "base64" } })
}

fn lfs(path: &str, bytes: &[u8]) -> Value {
    let oid = hex::encode(Sha256::digest(bytes));
    json!({ "key": "lfsFile", "value": { "path": path, "algo": "sha256", "oid": oid, "size": bytes.len() } })
}

fn body(header: Value, changes: &[Value]) -> String {
    let mut lines = vec![json!({ "key": "header", "value": header }).to_string()];
    lines.extend(changes.iter().map(Value::to_string));
    lines.join("\n") + "\n"
}

async fn commit(server: &HubServer, repo: &str, changes: &[Value]) -> Answer {
    let body = body(json!({ "summary": "m", "description": "" }), changes);
    send(server, "alice", "POST", &format!("/api/models/{repo}/commit/main"), body.as_bytes()).await
}

async fn repo(server: &HubServer) -> String {
    let answer =
        ask(server, "alice", "POST", "/api/repos/create", json!({ "name": "up", "organization": "acme" }))
            .await;
    assert_eq!(answer.status, 200, "{}", String::from_utf8_lossy(&answer.body));
    "acme/up".into()
}

fn code(answer: &Answer) -> (u16, String) {
    (answer.status, answer.find("x-error-code").unwrap_or_default().to_owned())
}

fn oid(answer: &Answer) -> String {
    assert_eq!(answer.status, 200, "{}", String::from_utf8_lossy(&answer.body));
    answer.json()["commitOid"].as_str().unwrap().to_owned()
}

/// Sends a file ahead of its commit as a client does; the last answer that isn't 200, or the last one.
async fn upload(server: &HubServer, repo: &str, bytes: &[u8]) -> Answer {
    let oid = hex::encode(Sha256::digest(bytes));
    let asked = json!({
        "operation": "upload",
        "transfers": ["basic"],
        "objects": [{ "oid": oid, "size": bytes.len() }],
        "hash_algo": "sha256",
    });
    let batch = ask(server, "alice", "POST", &format!("/{repo}.git/info/lfs/objects/batch"), asked).await;
    assert_eq!(batch.status, 200);
    assert_eq!(batch.header("content-type"), "application/vnd.git-lfs+json");
    let object = batch.json()["objects"][0].clone();
    let Some(href) = object["actions"]["upload"]["href"].as_str() else { return batch };
    let path = href.split_once("//localhost").unwrap().1;
    // Without a token, as clients send it.
    let put = request(server.address, "PUT", path, &[], bytes).await;
    if put.status != 200 {
        return put;
    }
    let verify = json!({ "oid": oid, "size": bytes.len() });
    ask(server, "alice", "POST", "/lfs/verify", verify).await
}

#[tokio::test]
async fn a_commit_becomes_a_revision_that_can_be_read_at_once() {
    let server = server().await;
    let repo = repo(&server).await;
    let first = oid(&commit(&server, &repo, &[file("README.md", b"# Hi\n"), file("a/b.txt", b"b")]).await);
    let weights: Vec<u8> = (0..3_000_000u32).map(|at| (at * 31 % 251) as u8).collect();
    assert_eq!(upload(&server, &repo, &weights).await.status, 200);
    let changes =
        [lfs("model.bin", &weights), json!({ "key": "deletedFile", "value": { "path": "a/b.txt" } })];
    let second = oid(&commit(&server, &repo, &changes).await);

    let get = |path: String| {
        let server = &server;
        async move { server.get(&path).await }
    };
    assert_eq!(get(format!("/{repo}/resolve/main/model.bin")).await.body, weights);
    assert_eq!(get(format!("/{repo}/resolve/{second}/README.md")).await.body, b"# Hi\n");
    assert_eq!(get(format!("/{repo}/resolve/{first}/a/b.txt")).await.body, b"b");
    assert_eq!(get(format!("/{repo}/resolve/main/a/b.txt")).await.status, 404);
    let commits = server.get(&format!("/api/models/{repo}/commits/main")).await.json();
    assert_eq!(commits.as_array().unwrap().len(), 2);
    assert_eq!((&commits[0]["id"], &commits[0]["title"]), (&json!(second), &json!("m")));
    // What `stoa publish` would have made of the same files.
    let folder = common::hub::folder(&[("README.md", b"# Hi\n"), ("model.bin", &weights)]);
    let packed = stoa_content::pack_dir(folder.path(), tempfile::tempfile().unwrap(), &mut |_| ()).unwrap();
    let published = server.hub.calls().into_iter().rev().find_map(|call| match call {
        RegistryCall::Publish { piece, content, .. } => Some((content, piece)),
        _ => None,
    });
    assert_eq!(published, Some((packed.content, packed.piece)));
}

#[tokio::test]
async fn a_commit_that_changes_nothing_is_the_one_before_it() {
    let server = server().await;
    let repo = repo(&server).await;
    let first = oid(&commit(&server, &repo, &[file("a", b"a")]).await);
    assert_eq!(oid(&commit(&server, &repo, &[file("a", b"a")]).await), first);
}

#[tokio::test]
async fn a_parent_that_is_not_the_head_is_refused() {
    let server = server().await;
    let repo = repo(&server).await;
    let first = oid(&commit(&server, &repo, &[file("a", b"a")]).await);
    let with = |parent: &str| body(json!({ "summary": "m", "parentCommit": parent }), &[file("a", b"2")]);
    let path = format!("/api/models/{repo}/commit/main");
    let stale = send(&server, "alice", "POST", &path, with(&"ab".repeat(20)).as_bytes()).await;
    assert_eq!(stale.status, 412);
    let good = send(&server, "alice", "POST", &path, with(&first).as_bytes()).await;
    assert_ne!(oid(&good), first);
}

#[tokio::test]
async fn preupload_tells_each_client_how_to_send_a_file() {
    let server = server().await;
    let repo = repo(&server).await;
    oid(&commit(&server, &repo, &[file("a", b"hello\n")]).await);
    let asked = json!({ "files": [
        { "path": "a", "size": 6, "sample": "" },
        { "path": "big", "size": 20 << 20, "sample": "" },
        { "path": "huge", "size": 5 * GIB, "sample": "" },
    ] });
    let bearer = server.hub.bearer("alice");
    let modes = |agent: &'static str| {
        let (body, path) = (asked.to_string(), format!("/api/models/{repo}/preupload/main"));
        let (bearer, server) = (bearer.as_str(), &server);
        async move {
            let headers = [("Authorization", bearer), ("User-Agent", agent)];
            let answer = request(server.address, "POST", &path, &headers, body.as_bytes()).await.json();
            let files = answer["files"].as_array().unwrap().clone();
            let modes =
                files.iter().map(|file| file["uploadMode"].as_str().unwrap().to_owned()).collect::<Vec<_>>();
            (modes, files[0]["oid"].clone())
        }
    };
    server.wait_for("GET", &format!("/{repo}/resolve/main/a"), |answer| answer.status == 200).await;
    let (newest, tag) = modes("unknown/None; hf_hub/2.4.0; python/3.11.7").await;
    assert_eq!(newest, ["regular", "regular", "lfs"]);
    assert_eq!(tag, "ce013625030ba8dba906f756967f9e9ca394464a");
    assert_eq!(modes("undici").await.0, ["regular", "lfs", "lfs"]);
}

#[tokio::test]
async fn links_are_for_one_file_and_can_not_be_forged() {
    let server = server().await;
    let repo = repo(&server).await;
    let asked = json!({ "operation": "upload", "objects": [{ "oid": hex::encode(Sha256::digest(b"good")), "size": 4 }] });
    let batch =
        ask(&server, "alice", "POST", &format!("/{repo}.git/info/lfs/objects/batch"), asked).await.json();
    let href = batch["objects"][0]["actions"]["upload"]["href"].as_str().unwrap().to_owned();
    let path = href.split_once("//localhost").unwrap().1.to_owned();
    let put = |path: String, bytes: &'static [u8]| {
        let server = &server;
        async move { request(server.address, "PUT", &path, &[], bytes).await }
    };
    assert_eq!(put(path.clone(), b"evil").await.status, 422);
    assert_eq!(put(path.clone(), b"longer than said").await.status, 400);
    assert_eq!(put(format!("{path}00"), b"good").await.status, 403);
    assert_eq!(put(path.replace("/lfs/", "/lfs/0"), b"good").await.status, 403);
    assert_eq!(put(format!("{path}/2"), b"good").await.status, 400);
    // Nothing of it was kept.
    let missing = commit(&server, &repo, &[lfs("a", b"good")]).await;
    assert_eq!(code(&missing), (422, "NoObject".into()));
    assert_eq!(put(path.clone(), b"good").await.status, 200);
    // Another account gains nothing by knowing the hash.
    server.hub.authorise(BOB);
    server.node.allowances.lock().unwrap().insert(BOB, GIB);
    let named =
        ask(&server, "bob", "POST", "/api/repos/create", json!({ "name": "up", "organization": "bob" }))
            .await;
    assert_eq!(named.status, 200);
    let body = body(json!({ "summary": "m" }), &[lfs("a", b"good")]);
    let stolen = send(&server, "bob", "POST", "/api/models/bob/up/commit/main", body.as_bytes()).await;
    assert_eq!(code(&stolen), (422, "NoObject".into()));
    oid(&commit(&server, &repo, &[lfs("a", b"good")]).await);
}

#[tokio::test]
async fn parts_make_a_file_in_any_order() {
    const PART: usize = 64 << 20;
    let server = server().await;
    let repo = repo(&server).await;
    // Long enough to be sent in parts, and no block like another.
    let mut bytes = vec![0u8; 4 * PART + 5];
    for (number, block) in bytes.chunks_mut(1 << 20).enumerate() {
        block[..4].copy_from_slice(&(number as u32).to_be_bytes());
    }
    let text = hex::encode(Sha256::digest(&bytes));
    let asked = json!({
        "operation": "upload",
        "transfers": ["basic", "multipart"],
        "objects": [{ "oid": text, "size": bytes.len() }],
    });
    let batch =
        ask(&server, "alice", "POST", &format!("/{repo}.git/info/lfs/objects/batch"), asked).await.json();
    let upload = batch["objects"][0]["actions"]["upload"].clone();
    let header = upload["header"].as_object().unwrap();
    assert_eq!((header.len(), header["chunk_size"].as_str().unwrap()), (6, PART.to_string().as_str()));
    let path = |href: &Value| href.as_str().unwrap().split_once("//localhost").unwrap().1.to_owned();
    let complete = path(&upload["href"]);
    for number in [5, 2, 1, 4] {
        let part = bytes.chunks(PART).nth(number - 1).unwrap();
        let answer = request(server.address, "PUT", &path(&header[&format!("{number:05}")]), &[], part).await;
        assert_eq!(answer.status, 200);
        assert!(!answer.header("etag").is_empty());
    }
    assert_eq!(request(server.address, "POST", &complete, &[], b"{}").await.status, 400);
    let third = bytes.chunks(PART).nth(2).unwrap();
    assert_eq!(request(server.address, "PUT", &path(&header["00003"]), &[], third).await.status, 200);
    assert_eq!(request(server.address, "POST", &complete, &[], b"{}").await.status, 200);
    oid(&commit(&server, &repo, &[lfs("big", &bytes)]).await);
    // It is hashed first, which may take longer than a request waits.
    let read = server.wait_for("HEAD", &format!("/{repo}/resolve/main/big"), |read| read.status == 200).await;
    assert_eq!(read.header("x-linked-etag"), format!("\"{text}\""));
}

#[tokio::test]
async fn only_whom_the_chain_lets_may_write_and_only_with_a_token_that_may() {
    let server = server().await;
    let repo = repo(&server).await;
    let body = body(json!({ "summary": "m" }), &[file("a", b"a")]);
    let path = format!("/api/models/{repo}/commit/main");
    assert_eq!(code(&send(&server, "bob", "POST", &path, body.as_bytes()).await), (403, "Forbidden".into()));
    let none = request(server.address, "POST", &path, &[], body.as_bytes()).await;
    assert_eq!(code(&none), (401, "TokenRequired".into()));
    server.hub.token("reader", ALICE, &["acme"]);
    assert_eq!(
        code(&send(&server, "reader", "POST", &path, body.as_bytes()).await),
        (403, "TokenScope".into())
    );
    assert_eq!(
        code(&send(&server, "forged", "POST", &path, body.as_bytes()).await),
        (401, "InvalidToken".into())
    );
    let stale = token_of(&ALICE, "write", 1, 2, 1);
    assert_eq!(
        code(&send(&server, &stale, "POST", &path, body.as_bytes()).await),
        (401, "InvalidToken".into())
    );
    for (method, path) in [
        ("DELETE", format!("/api/models/{repo}/branch/x")),
        ("POST", format!("/api/models/{repo}/tag/main")),
        ("PUT", format!("/api/models/{repo}/settings")),
        ("POST", format!("/api/models/{repo}/preupload/main")),
        ("POST", format!("/{repo}.git/info/lfs/objects/batch")),
    ] {
        let answer =
            ask(&server, "bob", method, &path, json!({ "tag": "v", "files": [], "objects": [] })).await;
        assert_eq!(answer.status, 403, "{path}");
    }
    assert!(server.hub.calls().iter().all(|call| matches!(call, RegistryCall::CreateAsset { .. })));
}

#[tokio::test]
async fn a_revoked_token_writes_and_reads_no_more() {
    let server = server().await;
    let bearer = server.hub.bearer("alice");
    let headers = [("Authorization", bearer.as_str())];
    assert_eq!(request(server.address, "GET", "/api/whoami-v2", &headers, b"").await.status, 200);
    assert_eq!(request(server.address, "POST", "/token/revoke", &headers, b"").await.status, 200);
    let answer = request(server.address, "GET", "/api/whoami-v2", &headers, b"").await;
    assert_eq!(answer.status, 401);
    assert!(answer.json()["error"].as_str().unwrap().contains("revoked"));
    assert_eq!(server.get("/token/audience").await.json()["audience"], common::AUDIENCE);
    assert_eq!(request(server.address, "POST", "/token/revoke", &[], b"{}").await.status, 400);
}

#[tokio::test]
async fn what_the_chain_refuses_leaves_nothing() {
    let server = server().await;
    let repo = repo(&server).await;
    for (error, status) in [
        (SubmitError::Refused { name: "AssetRegistry::NotPermitted".into(), docs: String::new() }, 403),
        (
            SubmitError::Refused {
                name: "AssetRegistry::PieceControlledElsewhere".into(),
                docs: String::new(),
            },
            409,
        ),
        (SubmitError::Refused { name: "Token::FundsUnavailable".into(), docs: String::new() }, 402),
        (SubmitError::Fees, 402),
        (SubmitError::NotAuthorised, 403),
        (SubmitError::Outdated, 501),
    ] {
        server.hub.refuse(error);
        assert_eq!(commit(&server, &repo, &[file("a", b"a")]).await.status, status);
    }
    assert_eq!(server.store.stats().pieces, 0);
    let staging: Vec<_> = server.staged();
    assert!(staging.is_empty(), "{staging:?}");
    oid(&commit(&server, &repo, &[file("a", b"a")]).await);
}

#[tokio::test]
async fn paths_garbage_and_quotas_are_refused_and_leave_nothing() {
    let server = server().await;
    let repo = repo(&server).await;
    for path in ["../x", "a/../../x", "/etc/passwd", "a\\b", ""] {
        assert_eq!(commit(&server, &repo, &[file(path, b"x")]).await.status, 400, "{path}");
    }
    let post = |body: &'static [u8]| {
        let (server, repo) = (&server, &repo);
        async move { send(server, "alice", "POST", &format!("/api/models/{repo}/commit/main"), body).await }
    };
    for garbage in [
        &b"garbage"[..],
        b"",
        b"{\"key\":\"header\",\"value\":{\"summary\":\"m\"}}\n{\"key\":\"file\"}\n",
        b"\xff\xfe\n",
    ] {
        assert_eq!(post(garbage).await.status, 400);
    }
    let gone = commit(&server, &repo, &[json!({ "key": "deletedFile", "value": { "path": "none" } })]).await;
    assert_eq!(code(&gone), (404, "EntryNotFound".into()));
    server.node.allowances.lock().unwrap().insert(ALICE, 1_000_000);
    let over = commit(&server, &repo, &[file("a", &vec![7; 2_000_000])]).await;
    assert_eq!(over.status, 507);
    assert!(over.json()["error"].as_str().unwrap().contains("1000000"));
    assert_eq!(upload(&server, &repo, &vec![7; 2_000_000]).await.status, 507);
    assert_eq!(server.store.stats().pieces, 0);
    assert!(server.staged().is_empty());
}

#[tokio::test]
async fn files_that_no_reader_would_be_given_are_refused_at_once() {
    let server = server().await;
    let repo = repo(&server).await;
    let answer = commit(&server, &repo, &[file("zeros", &vec![0; 100 << 20])]).await;
    assert_eq!(answer.status, 400);
    assert!(answer.json()["error"].as_str().unwrap().contains("repeat"));
}

#[tokio::test]
async fn a_commit_of_ten_thousand_files_is_one_revision() {
    let server = server().await;
    let repo = repo(&server).await;
    let files: Vec<_> = (0..10_000)
        .map(|at| file(&format!("part-{}/file-{at}", at % 100), at.to_string().as_bytes()))
        .collect();
    oid(&commit(&server, &repo, &files).await);
    assert_eq!(server.get(&format!("/{repo}/resolve/main/part-77/file-9977")).await.body, b"9977");
}

#[tokio::test]
async fn repositories_are_created_once_in_ones_own_namespace() {
    let server = server().await;
    let create = |who: &'static str, body: Value| {
        let server = &server;
        async move { ask(server, who, "POST", "/api/repos/create", body).await }
    };
    let made = create("alice", json!({ "name": "up", "type": "dataset", "private": true })).await;
    assert_eq!(made.status, 200);
    assert_eq!(made.json()["url"], "http://localhost/datasets/acme/up");
    assert_eq!(code(&create("alice", json!({ "name": "UP", "organization": "acme" })).await).0, 409);
    assert_eq!(create("alice", json!({ "name": "x", "organization": "other" })).await.status, 403);
    for bad in [
        json!({ "name": "a/b" }),
        json!({ "name": ".." }),
        json!({ "name": "x", "organization": "api" }),
        json!({ "name": "x", "type": "film" }),
        json!([]),
    ] {
        assert_eq!(create("alice", bad.clone()).await.status, 400, "{bad}");
    }
    assert_eq!(code(&create("bob", json!({ "name": "x" })).await), (403, "NotAuthorised".into()));
    // A first namespace comes with the first repository.
    server.hub.token_with("carol", stoa_gateway::Account([7; 32]), &[], "write");
    server.hub.authorise(stoa_gateway::Account([7; 32]));
    assert_eq!(create("carol", json!({ "name": "x" })).await.status, 400);
    assert_eq!(create("carol", json!({ "name": "x", "organization": "carol" })).await.status, 200);
    let hidden = server.get("/api/datasets/acme/up").await;
    assert_eq!(code(&hidden), (404, "RepoNotFound".into()));
    assert_eq!(server.get_as("alice", "/api/datasets/acme/up").await.status, 200);
}

#[tokio::test]
async fn branches_and_tags_come_and_go() {
    let server = server().await;
    let repo = repo(&server).await;
    let first = oid(&commit(&server, &repo, &[file("a", b"1")]).await);
    let call = |method: &'static str, path: String, body: Value| {
        let server = &server;
        async move { ask(server, "alice", method, &path, body).await }
    };
    assert_eq!(call("POST", format!("/api/models/{repo}/branch/feature%2Fx"), json!({})).await.status, 200);
    assert_eq!(call("POST", format!("/api/models/{repo}/branch/feature%2Fx"), json!({})).await.status, 409);
    assert_eq!(
        call("POST", format!("/api/models/{repo}/tag/main"), json!({ "tag": "v1" })).await.status,
        200
    );
    oid(&commit(&server, &repo, &[file("a", b"2")]).await);
    let refs = server.get(&format!("/api/models/{repo}/refs")).await.json();
    assert_eq!((&refs["tags"][0]["name"], &refs["tags"][0]["targetCommit"]), (&json!("v1"), &json!(first)));
    assert_eq!(refs["branches"].as_array().unwrap().len(), 2);
    let tagged = send(
        &server,
        "alice",
        "POST",
        &format!("/api/models/{repo}/commit/v1"),
        body(json!({ "summary": "m" }), &[file("a", b"3")]).as_bytes(),
    )
    .await;
    assert_eq!(tagged.status, 400);
    let nowhere = send(
        &server,
        "alice",
        "POST",
        &format!("/api/models/{repo}/commit/none"),
        body(json!({ "summary": "m" }), &[file("a", b"3")]).as_bytes(),
    )
    .await;
    assert_eq!(code(&nowhere), (404, "RevisionNotFound".into()));
    let on_branch = send(
        &server,
        "alice",
        "POST",
        &format!("/api/models/{repo}/commit/feature%2Fx"),
        body(json!({ "summary": "m" }), &[file("b", b"3")]).as_bytes(),
    )
    .await;
    oid(&on_branch);
    assert_eq!(call("DELETE", format!("/api/models/{repo}/branch/main"), json!({})).await.status, 403);
    assert_eq!(call("DELETE", format!("/api/models/{repo}/branch/feature%2Fx"), json!({})).await.status, 200);
    assert_eq!(call("DELETE", format!("/api/models/{repo}/tag/v1"), json!({})).await.status, 200);
    assert_eq!(
        code(&call("DELETE", format!("/api/models/{repo}/tag/v1"), json!({})).await),
        (404, "RevisionNotFound".into())
    );
    assert_eq!(
        call("POST", format!("/api/models/{repo}/tag/none"), json!({ "tag": "v2" })).await.status,
        404
    );
    assert_eq!(
        call("POST", format!("/api/models/{repo}/tag/main"), json!({ "tag": "a b" })).await.status,
        400
    );
}

#[tokio::test]
async fn a_deleted_repository_looks_gone_and_comes_back_with_its_next_commit() {
    let server = server().await;
    let repo = repo(&server).await;
    let first = oid(&commit(&server, &repo, &[file("a", b"1")]).await);
    oid(&commit(&server, &repo, &[file("a", b"2")]).await);
    let asked = json!({ "name": "up", "organization": "acme" });
    assert_eq!(ask(&server, "alice", "DELETE", "/api/repos/delete", asked.clone()).await.status, 200);
    for path in [format!("/api/models/{repo}"), format!("/{repo}/resolve/{first}/a")] {
        assert_eq!(code(&server.get(&path).await), (404, "RepoNotFound".into()), "{path}");
    }
    assert_eq!(ask(&server, "alice", "DELETE", "/api/repos/delete", asked.clone()).await.status, 404);
    let yanked = server.hub.calls().iter().filter(|call| matches!(call, RegistryCall::Yank { .. })).count();
    assert_eq!(yanked, 2);
    assert_eq!(ask(&server, "alice", "POST", "/api/repos/create", asked).await.status, 200);
    oid(&commit(&server, &repo, &[file("a", b"3")]).await);
    assert_eq!(server.get(&format!("/{repo}/resolve/main/a")).await.body, b"3");
}

#[tokio::test]
async fn settings_say_who_may_read() {
    let server = server().await;
    let repo = repo(&server).await;
    oid(&commit(&server, &repo, &[file("a", b"1")]).await);
    let put = |body: Value| {
        let (server, repo) = (&server, &repo);
        async move { ask(server, "alice", "PUT", &format!("/api/models/{repo}/settings"), body).await.status }
    };
    let path = format!("/{repo}/resolve/main/a");
    assert_eq!(put(json!({ "gated": "manual" })).await, 200);
    assert_eq!(code(&server.get(&path).await), (401, "GatedRepo".into()));
    assert_eq!(server.get_as("alice", &path).await.body, b"1");
    assert_eq!(put(json!({ "visibility": "private" })).await, 200);
    assert_eq!(code(&server.get(&path).await), (404, "RepoNotFound".into()));
    // What was private stays writable and readable for its owner.
    oid(&commit(&server, &repo, &[file("a", b"2")]).await);
    assert_eq!(server.get_as("alice", &path).await.body, b"2");
    assert_eq!(put(json!({ "private": false, "gated": false })).await, 200);
    assert_eq!(server.get(&path).await.body, b"2");
    assert_eq!(put(json!({ "gated": "perhaps" })).await, 400);
    assert_eq!(put(json!({ "visibility": "protected" })).await, 400);
}

#[tokio::test]
async fn small_things_are_answered_as_clients_expect() {
    let server = server().await;
    let yaml = |content: &'static str| {
        let server = &server;
        async move {
            ask(
                server,
                "alice",
                "POST",
                "/api/validate-yaml",
                json!({ "content": content, "repoType": "model" }),
            )
            .await
            .json()
        }
    };
    assert_eq!(yaml("---\nlicense: mit\n---\n").await, json!({ "errors": [], "warnings": [] }));
    assert_eq!(yaml("---\n{ broken\n---\n").await["errors"].as_array().unwrap().len(), 1);
    let repo = repo(&server).await;
    let pull =
        send(&server, "alice", "POST", &format!("/api/models/{repo}/commit/main?create_pr=1"), b"").await;
    assert_eq!(pull.status, 400);
    assert_eq!(ask(&server, "alice", "POST", "/api/repos/move", json!({})).await.status, 400);
    let delegate = server.get(&format!("/gateway/delegate/{}", common::account_text(&ALICE))).await.json();
    assert_eq!((&delegate["authorised"], &delegate["balance"]), (&json!(true), &json!("1")));
    assert_eq!(server.get("/gateway/delegate/nobody").await.status, 400);
}

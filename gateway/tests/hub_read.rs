//! The Hugging Face API as its clients read it: info, trees, refs, commits and files.

mod common;

use std::time::Duration;

use common::{
    ALICE, BOB, Client, dag,
    hub::{HubServer, folder},
    request,
};
use serde_json::json;
use sha2::{Digest, Sha256};
use stoa_content::{Access, pack_dir, text};
use stoa_gateway::{FetchOutcome, HubLimits};
use stoa_primitives::registry::{AssetKind, RefKind, Relation, Visibility};

const CARD: &[u8] =
    b"---\nlicense: mit\nlibrary_name: transformers\npipeline_tag: fill-mask\ntags: [tiny]\n---\n# Tiny\n";
const CONFIG: &[u8] = b"{\"model_type\": \"bert\"}\n";
/// `git hash-object` of [`CONFIG`].
const CONFIG_ID: &str = "4a2fde0d4f2eb6ebb1c5b17d5ac1e8f0c7b58a2c";

fn weights() -> Vec<u8> {
    dag::noise(1, (3 << 20) + 17)
}

fn commit(revision: &stoa_gateway::HubRevision) -> String {
    hex::encode(revision.commit.0)
}

async fn tiny() -> (HubServer, stoa_gateway::HubRevision) {
    let server = HubServer::start().await;
    let revision = server.model(
        "Acme/tiny",
        &[
            ("README.md", CARD),
            ("config.json", CONFIG),
            ("sub/model.safetensors", &weights()),
            ("empty", b""),
        ],
    );
    (server, revision)
}

fn error_code(answer: &common::Answer) -> (u16, String) {
    assert!(!answer.header("x-error-message").is_empty());
    (answer.status, answer.header("x-error-code").to_owned())
}

#[tokio::test]
async fn info_says_what_a_repository_is() {
    let (server, revision) = tiny().await;
    let answer = server.get("/api/models/acme/TINY").await;
    assert_eq!(answer.status, 200);
    assert_eq!(answer.header("x-repo-commit"), commit(&revision));
    let info = answer.json();
    assert_eq!(info["id"], "Acme/tiny");
    assert_eq!(info["sha"], commit(&revision));
    assert_eq!(info["author"], "Acme");
    assert_eq!(
        (&info["private"], &info["gated"], &info["disabled"]),
        (&json!(false), &json!(false), &json!(false))
    );
    assert_eq!(info["createdAt"], "2026-01-01T00:00:00.000Z");
    assert_eq!(info["tags"], json!(["transformers", "tiny", "fill-mask", "license:mit"]));
    assert_eq!((&info["pipeline_tag"], &info["library_name"]), (&json!("fill-mask"), &json!("transformers")));
    assert_eq!(info["cardData"]["license"], "mit");
    let names: Vec<_> = info["siblings"].as_array().unwrap().iter().map(|file| &file["rfilename"]).collect();
    assert_eq!(names, ["README.md", "config.json", "empty", "sub/model.safetensors"]);
    assert_eq!(info["downloadsScope"], "this-node");
    assert_eq!(info["stoa"]["cid"], text(&revision.content));
    assert_eq!(info["usedStorage"], revision.piece.size);

    for at in ["main", "HEAD", &commit(&revision), &commit(&revision).to_uppercase()] {
        assert_eq!(
            server.get(&format!("/api/models/Acme/tiny/revision/{at}")).await.json()["sha"],
            info["sha"]
        );
    }
    let blobs = server.get("/api/models/Acme/tiny?blobs=True").await.json();
    let sha256 = hex::encode(Sha256::digest(weights()));
    assert_eq!(blobs["siblings"][3]["lfs"]["sha256"], sha256);
    assert_eq!(blobs["siblings"][1]["size"], CONFIG.len());
    let few = server.get("/api/models/Acme/tiny?expand=sha&expand=downloads").await.json();
    assert_eq!(few.as_object().unwrap().len(), 6, "{few}");
}

#[tokio::test]
async fn what_does_not_exist_is_told_apart() {
    let (server, revision) = tiny().await;
    let missing = (404, "RepoNotFound".to_owned());
    for path in [
        "/api/models/acme/none",
        "/api/datasets/acme/tiny",
        "/api/models/gpt2",
        "/api/models/gpt2/revision/main",
        "/api/models/gpt2/tree/main/sub",
        "/api/models/acme/none/tree/main",
        "/api/models/acme/%2e%2e",
        "/acme/none/resolve/main/config.json",
        "/datasets/acme/tiny/resolve/main/config.json",
        "/gpt2/resolve/main/config.json",
    ] {
        assert_eq!(error_code(&server.get(path).await), missing, "{path}");
    }
    let other = server.model("Acme/other", &[("a", b"a")]);
    for path in [
        "/api/models/acme/tiny/revision/nope".to_owned(),
        "/api/models/acme/tiny/tree/a%2F..%2Fb".into(),
        "/acme/tiny/resolve/nope/config.json".into(),
        format!("/acme/tiny/resolve/{}/config.json", commit(&other)),
        format!("/acme/tiny/resolve/{}/config.json", &commit(&revision)[..7]),
    ] {
        assert_eq!(error_code(&server.get(&path).await), (404, "RevisionNotFound".into()), "{path}");
    }
    for path in [
        "/acme/tiny/resolve/main/none",
        "/acme/tiny/resolve/main/sub",
        "/acme/tiny/resolve/main/sub/../config.json",
        "/acme/tiny/resolve/main/..%2f..%2fetc%2fpasswd",
        "/acme/tiny/resolve/main/sub%2f%2fmodel.safetensors",
        "/api/models/acme/tiny/tree/main/none",
        "/api/models/acme/tiny/tree/main/config.json",
    ] {
        let answer = server.get(path).await;
        assert_eq!(error_code(&answer), (404, "EntryNotFound".into()), "{path}");
        // Without it the client doesn't remember the absence.
        assert_eq!(answer.header("x-repo-commit"), commit(&revision));
    }
    assert_eq!(
        error_code(&server.get("/api/models/acme/tiny/discussions/1").await),
        (404, "NotFound".into())
    );
    assert_eq!(server.get("/api/collections").await.status, 404);
    assert_eq!(server.get("/api/agent-harnesses").await.status, 404);
}

#[tokio::test]
async fn a_head_has_what_the_client_needs_to_download() {
    let (server, revision) = tiny().await;
    let small = server.head("/Acme/tiny/resolve/main/config.json").await;
    assert_eq!(small.status, 200);
    assert_eq!(small.header("x-repo-commit"), commit(&revision));
    assert_eq!(small.header("etag"), format!("\"{}\"", git_id(CONFIG)));
    assert_eq!(small.header("content-length"), CONFIG.len().to_string());
    assert_eq!(small.header("accept-ranges"), "bytes");
    assert_eq!(small.header("cache-control"), "public, no-cache");
    assert!(small.find("x-linked-etag").is_none() && small.find("x-xet-hash").is_none());
    assert!(small.header("ratelimit").starts_with("\"resolvers\";r="));

    let path = format!("/Acme/tiny/resolve/{}/sub/model.safetensors", commit(&revision));
    let large = server.head(&path).await;
    let tag = format!("\"{}\"", hex::encode(Sha256::digest(weights())));
    assert_eq!((large.header("etag"), large.header("x-linked-etag")), (tag.as_str(), tag.as_str()));
    assert_eq!(large.header("x-linked-size"), weights().len().to_string());
    assert_eq!(large.header("content-length"), weights().len().to_string());
    assert!(large.header("cache-control").contains("immutable"));
    let empty = server.head("/Acme/tiny/resolve/main/empty").await;
    assert_eq!((empty.status, empty.header("content-length")), (200, "0"));
    assert_eq!(empty.header("etag"), "\"e69de29bb2d1d6434b8b29ae775ad8c2e48c5391\"");
}

/// By another road than the server's.
fn git_id(bytes: &[u8]) -> String {
    use std::{io::Write, process};
    let git = process::Command::new("git")
        .args(["hash-object", "--stdin"])
        .stdin(process::Stdio::piped())
        .stdout(process::Stdio::piped())
        .spawn();
    let Ok(mut git) = git else { return CONFIG_ID.into() };
    git.stdin.take().unwrap().write_all(bytes).unwrap();
    String::from_utf8(git.wait_with_output().unwrap().stdout).unwrap().trim().to_owned()
}

#[tokio::test]
async fn files_are_read_whole_and_in_parts() {
    let (server, _) = tiny().await;
    let weights = weights();
    let path = "/Acme/tiny/resolve/main/sub/model.safetensors";
    let whole = server.get(path).await;
    assert_eq!((whole.status, whole.complete), (200, true));
    assert!(whole.body == weights);
    let size = weights.len();
    for (range, first, last) in [
        ("bytes=0-0".to_owned(), 0, 0),
        ("bytes=1048570-1048580".into(), 1_048_570, 1_048_580),
        ("bytes=5-3145740".into(), 5, 3_145_740),
        ("bytes=2097152-".into(), 2_097_152, size - 1),
        ("bytes=-20".into(), size - 20, size - 1),
    ] {
        let answer = common::get(server.address, path, &[("Range", &range)]).await;
        assert_eq!(answer.status, 206, "{range}");
        assert_eq!(answer.header("content-range"), format!("bytes {first}-{last}/{size}"));
        assert!(answer.body == weights[first..=last], "{range}");
    }
    let outside = common::get(server.address, path, &[("Range", &format!("bytes={size}-"))]).await;
    assert_eq!(error_code(&outside), (416, "RangeNotSatisfiable".into()));
    assert_eq!(outside.header("content-range"), format!("bytes */{size}"));
    let etag = whole.header("etag");
    let known = common::get(server.address, path, &[("If-None-Match", etag)]).await;
    assert_eq!((known.status, known.body.len()), (304, 0));
    let other = common::get(server.address, path, &[("If-Range", "\"x\""), ("Range", "bytes=1-2")]).await;
    assert_eq!((other.status, other.body.len()), (200, size));
    assert_eq!(server.get("/Acme/tiny/resolve/main/empty").await.body, b"");
}

#[tokio::test]
async fn a_tree_has_files_and_folders_and_pages() {
    let (server, revision) = tiny().await;
    let answer = server.get("/api/models/Acme/tiny/tree/main").await;
    assert_eq!(answer.header("x-repo-commit"), commit(&revision));
    let tree = answer.json();
    let paths = |tree: &serde_json::Value| -> Vec<String> {
        tree.as_array().unwrap().iter().map(|entry| entry["path"].as_str().unwrap().to_owned()).collect()
    };
    assert_eq!(paths(&tree), ["README.md", "config.json", "empty", "sub"]);
    assert_eq!((&tree[1]["type"], &tree[3]["type"]), (&json!("file"), &json!("directory")));
    assert_eq!(tree[1]["oid"], git_id(CONFIG));
    let sub = server.get("/api/models/Acme/tiny/tree/HEAD/sub?recursive=true&expand=false").await.json();
    assert_eq!(paths(&sub), ["sub/model.safetensors"]);
    assert_eq!(sub[0]["lfs"]["oid"], hex::encode(Sha256::digest(weights())));
    let pointer = format!(
        "version https://git-lfs.github.com/spec/v1\noid sha256:{}\nsize {}\n",
        hex::encode(Sha256::digest(weights())),
        weights().len()
    );
    assert_eq!(sub[0]["oid"], git_id(pointer.as_bytes()));
    assert_eq!(sub[0]["lfs"]["pointerSize"], pointer.len());

    let mut path = "/api/models/Acme/tiny/tree/main?recursive=True&limit=2".to_owned();
    let mut seen = Vec::new();
    loop {
        let page = server.get(&path).await;
        seen.extend(paths(&page.json()));
        let Some(link) = page.find("link") else { break };
        let url = link.strip_prefix("<http://localhost").unwrap().strip_suffix(">; rel=\"next\"").unwrap();
        assert!(url.contains(&commit(&revision)), "a page must not move with the branch: {url}");
        path = url.to_owned();
    }
    assert_eq!(seen, ["README.md", "config.json", "empty", "sub", "sub/model.safetensors"]);
}

#[tokio::test]
async fn paths_info_tells_of_the_paths_that_exist() {
    let (server, _) = tiny().await;
    let path = "/api/models/Acme/tiny/paths-info/main";
    let form = [("Content-Type", "application/x-www-form-urlencoded")];
    let answer =
        request(server.address, "POST", path, &form, b"paths=config.json&paths=none&paths=sub&expand=True")
            .await;
    assert_eq!(answer.status, 200);
    let entries = answer.json();
    assert_eq!(entries.as_array().unwrap().len(), 2);
    assert_eq!((&entries[0]["path"], &entries[1]["type"]), (&json!("config.json"), &json!("directory")));
    assert_eq!(entries[0]["lastCommit"]["title"], "Add files");
    let json = [("Content-Type", "application/json")];
    let answer = request(server.address, "POST", path, &json, b"{\"paths\":[\"empty\"]}").await;
    assert_eq!(answer.json()[0]["size"], 0);
    let garbage = request(server.address, "POST", path, &json, b"{\"paths\":").await;
    assert_eq!(error_code(&garbage), (400, "BadRequest".into()));
    let huge = vec![b'a'; 2 << 20];
    assert_eq!(request(server.address, "POST", path, &json, &huge).await.status, 413);
}

#[tokio::test]
async fn refs_and_commits_follow_the_chain() {
    let server = HubServer::with(HubLimits { commit_page: 2, ..HubLimits::default() }).await;
    let first = server.model("acme/tiny", &[("a", b"1"), ("b", b"1")]);
    let publish = |bytes: &[u8], message: &str| {
        let files = folder(&[("a", b"1"), ("b", bytes)]);
        server.hub.publish(&server.store, first.asset, files.path(), message)
    };
    let second = publish(b"2", "Change b\n\nFor the better");
    let third = publish(b"3", "");
    server.hub.set_ref(first.asset, "v1", RefKind::Tag, first.commit);
    let refs = server.get("/api/models/acme/tiny/refs?include_prs=1").await.json();
    assert_eq!(
        refs,
        json!({
            "branches": [{ "name": "main", "ref": "refs/heads/main", "targetCommit": commit(&third) }],
            "tags": [{ "name": "v1", "ref": "refs/tags/v1", "targetCommit": commit(&first) }],
            "converts": [],
            "pullRequests": [],
        })
    );
    let page = server.get("/api/models/acme/tiny/commits/main").await;
    let commits = page.json();
    assert_eq!((&commits[0]["id"], &commits[0]["title"]), (&json!(commit(&third)), &json!("Revision 2")));
    assert_eq!(
        (&commits[1]["title"], &commits[1]["message"]),
        (&json!("Change b"), &json!("For the better"))
    );
    assert_eq!(commits[1]["authors"][0]["user"], common::account_text(&ALICE));
    let next =
        page.header("link").strip_prefix("<http://localhost").unwrap().split('>').next().unwrap().to_owned();
    let rest = server.get(&next).await;
    assert_eq!(rest.json().as_array().unwrap().len(), 1);
    assert_eq!(rest.json()[0]["id"], commit(&first));
    assert!(rest.find("link").is_none());
    assert_eq!(server.get("/api/models/acme/tiny/commits/v1").await.json().as_array().unwrap().len(), 1);

    let tree = server.get("/api/models/acme/tiny/tree/main?expand=true").await.json();
    assert_eq!(tree[0]["lastCommit"]["id"], commit(&first), "a is as old as the repository");
    assert_eq!(tree[1]["lastCommit"]["id"], commit(&third));
    let tree =
        server.get(&format!("/api/models/acme/tiny/tree/{}?expand=true", commit(&second))).await.json();
    assert_eq!(tree[1]["lastCommit"]["title"], "Change b");
}

#[tokio::test]
async fn a_repository_without_revisions_is_empty() {
    let server = HubServer::start().await;
    server.hub.create("acme/new", AssetKind::Dataset, Visibility::Public);
    let info = server.get("/api/datasets/acme/new").await.json();
    assert_eq!((&info["id"], &info["sha"]), (&json!("acme/new"), &json!(null)));
    assert_eq!(server.get("/api/datasets/acme/new/tree/main").await.json(), json!([]));
    assert_eq!(error_code(&server.get("/api/datasets/acme/new/tree/v1").await).1, "RevisionNotFound");
}

#[tokio::test]
async fn private_repositories_look_as_if_they_did_not_exist() {
    let server = HubServer::start().await;
    let id = server.hub.create("acme/secret", AssetKind::Model, Visibility::Private);
    let revision = server.hub.publish(&server.store, id, folder(&[("a", b"secret")]).path(), "m");
    server.hub.token("alice", ALICE, &["acme"]);
    server.hub.token("bob", BOB, &[]);
    server.hub.grant(ALICE, id);
    let paths = [
        "/api/models/acme/secret".to_owned(),
        "/api/models/acme/secret/tree/main".into(),
        "/api/models/acme/secret/refs".into(),
        "/api/models/acme/secret/commits/main".into(),
        format!("/acme/secret/resolve/{}/a", commit(&revision)),
    ];
    for path in &paths {
        let missing = server.get(&path.replace("secret", "absent")).await;
        for answer in [server.get(path).await, server.get_as("bob", path).await] {
            assert_eq!((error_code(&answer), &answer.body), (error_code(&missing), &missing.body), "{path}");
        }
        assert_eq!(server.get_as("alice", path).await.status, 200, "{path}");
    }
    let file = server.get_as("alice", &paths[4]).await;
    assert_eq!(
        (file.body.as_slice(), file.header("cache-control")),
        (b"secret".as_slice(), "private, no-store")
    );
    assert_eq!(server.get_as("alice", &paths[0]).await.json()["private"], true);
}

#[tokio::test]
async fn gated_files_need_a_grant_and_their_record_does_not() {
    let server = HubServer::start().await;
    let id = server.hub.create("acme/gated", AssetKind::Model, Visibility::Gated);
    server.hub.publish(&server.store, id, folder(&[("README.md", CARD), ("a", b"gated")]).path(), "m");
    server.hub.token("alice", ALICE, &["acme"]);
    server.hub.token("bob", BOB, &[]);
    server.hub.grant(ALICE, id);
    let info = server.get("/api/models/acme/gated").await.json();
    assert_eq!((&info["gated"], &info["cardData"]["license"]), (&json!("manual"), &json!("mit")));
    assert_eq!(server.get("/api/models/acme/gated/tree/main").await.status, 200);
    let path = "/acme/gated/resolve/main/a";
    assert_eq!(error_code(&server.get(path).await), (401, "GatedRepo".into()));
    assert_eq!(error_code(&server.get_as("bob", path).await), (403, "GatedRepo".into()));
    assert_eq!(error_code(&server.get_as("bob", "/acme/gated/resolve/main/none").await).1, "GatedRepo");
    assert_eq!(server.get_as("alice", path).await.body, b"gated");
    assert_eq!(error_code(&server.get("/api/models/acme/gated/auth-check").await).1, "GatedRepo");
    assert_eq!(server.get_as("alice", "/api/models/acme/gated/auth-check").await.status, 200);
}

#[tokio::test]
async fn a_gated_file_is_cut_when_the_right_to_read_it_goes() {
    let server = HubServer::start().await;
    let id = server.hub.create("acme/gated", AssetKind::Model, Visibility::Gated);
    server.hub.publish(&server.store, id, folder(&[("big", &dag::noise(5, 96 << 20))]).path(), "m");
    server.hub.token("alice", ALICE, &["acme"]);
    server.hub.grant(ALICE, id);
    let path = "/acme/gated/resolve/main/big";
    let mut reader = Client::connect(server.address).await;
    reader.send_head("GET", path, &[("Authorization", &server.hub.bearer("alice"))]).await;
    let mut answer = reader.read_head().await.unwrap();
    assert_eq!(answer.status, 200);
    server.hub.revoke(ALICE, id);
    reader.read_body(&mut answer).await;
    assert!(!answer.complete && answer.body.len() < 64 << 20, "{}", answer.body.len());
}

#[tokio::test]
async fn naming_somebody_else_s_piece_gives_no_right_to_read_it() {
    let server = HubServer::start().await;
    let files = folder(&[("a", b"gated")]);
    let gated = server.hub.create("acme/gated", AssetKind::Model, Visibility::Gated);
    server.hub.publish(&server.store, gated, files.path(), "m");
    let mine = server.hub.create("bob/mine", AssetKind::Model, Visibility::Public);
    server.hub.publish(&server.store, mine, files.path(), "m");
    server.hub.token("bob", BOB, &["bob"]);
    server.hub.grant(BOB, mine);
    for path in ["/bob/mine/resolve/main/a", "/api/models/bob/mine/tree/main", "/api/models/bob/mine"] {
        assert_eq!(error_code(&server.get_as("bob", path).await), (403, "GatedRepo".into()), "{path}");
    }
}

#[tokio::test]
async fn what_was_taken_down_is_disabled() {
    let (server, revision) = tiny().await;
    server.hub.change(&server.store, revision.asset, |asset| asset.taken_down = true);
    for path in ["/api/models/Acme/tiny", "/Acme/tiny/resolve/main/config.json"] {
        let answer = server.get(path).await;
        assert_eq!(answer.status, 403);
        assert_eq!(answer.header("x-error-message"), "Access to this resource is disabled.");
    }
}

#[tokio::test]
async fn a_yanked_revision_comes_with_a_warning() {
    let (server, revision) = tiny().await;
    assert!(server.get("/api/models/Acme/tiny").await.find("x-hf-warning").is_none());
    server.hub.yank(revision.commit);
    assert!(server.get("/api/models/Acme/tiny").await.header("x-hf-warning").starts_with("yanked; "));
}

#[tokio::test]
async fn bad_tokens_are_refused_everywhere() {
    let (server, _) = tiny().await;
    server.hub.token("alice", ALICE, &["acme", "lab"]);
    for path in
        ["/api/models/Acme/tiny", "/Acme/tiny/resolve/main/config.json", "/api/models", "/api/whoami-v2"]
    {
        let answer = server.get_as("forged", path).await;
        assert_eq!(answer.status, 401);
        assert_eq!(answer.header("x-error-message"), "Invalid credentials in Authorization header");
    }
    assert_eq!(server.get("/api/whoami-v2").await.status, 401);
    let who = server.get_as("alice", "/api/whoami-v2").await.json();
    assert_eq!((&who["name"], &who["orgs"][0]["name"]), (&json!("acme"), &json!("lab")));
    assert_eq!(who["auth"]["accessToken"]["role"], "read");
}

#[tokio::test]
async fn names_that_lead_out_of_a_folder_are_left_out() {
    let server = HubServer::start().await;
    let leaf = |text: &'static [u8]| dag::Dag::leaf(text);
    let bad = dag::Dag::folder(vec![
        ("", leaf(b"0")),
        (".", leaf(b"1")),
        ("..", dag::Dag::folder(vec![("passwd", leaf(b"2"))])),
        ("../../passwd", leaf(b"3")),
        ("a\\b", leaf(b"4")),
        ("a\nb", leaf(b"5")),
        ("good", dag::Dag::folder(vec![("..", leaf(b"6")), ("file", leaf(b"7"))])),
    ]);
    let mut import = server.store.import_car().unwrap();
    import.write(&bad.car()).unwrap();
    let info = import.finish(None).unwrap();
    let packed = stoa_content::Packed { content: info.content, piece: info.piece, files: Vec::new() };
    let id = server.hub.create("acme/bad", AssetKind::Model, Visibility::Public);
    server.hub.publish_packed(&server.store, id, &packed, "m");
    let tree = server.get("/api/models/acme/bad/tree/main?recursive=true").await.json();
    let paths: Vec<_> =
        tree.as_array().unwrap().iter().map(|entry| entry["path"].as_str().unwrap()).collect();
    assert_eq!(paths, ["good", "good/file"]);
    for path in ["..%2fpasswd", "..%2f..%2fpasswd", "good/..", "a%5Cb"] {
        let answer = server.get(&format!("/acme/bad/resolve/main/{path}")).await;
        assert_eq!(answer.status, 404, "{path}");
    }
}

#[tokio::test]
async fn split_folders_are_listed_like_others() {
    let server = HubServer::start().await;
    let shard = dag::Dag::shard(vec![
        ("A0config.json", dag::Dag::leaf(CONFIG)),
        ("B1", dag::Dag::shard(vec![("02weights", dag::Dag::chunked(&dag::noise(2, 5_000), 1_000))])),
    ]);
    let mut import = server.store.import_car().unwrap();
    import.write(&shard.car()).unwrap();
    let info = import.finish(None).unwrap();
    let packed = stoa_content::Packed { content: info.content, piece: info.piece, files: Vec::new() };
    let id = server.hub.create("acme/split", AssetKind::Dataset, Visibility::Public);
    server.hub.publish_packed(&server.store, id, &packed, "m");
    let tree = server.get("/api/datasets/acme/split/tree/main").await.json();
    assert_eq!((&tree[0]["path"], &tree[1]["path"]), (&json!("config.json"), &json!("weights")));
    // A file of several blocks that is small all the same has a blob's id.
    assert_eq!(tree[1]["oid"], git_id(&dag::noise(2, 5_000)));
    let file = server.get("/datasets/acme/split/resolve/main/weights").await;
    assert_eq!(file.body, dag::noise(2, 5_000));
}

#[tokio::test]
async fn a_file_that_unfolds_out_of_nothing_is_not_hashed() {
    let server = HubServer::start().await;
    let mut file = dag::Dag::leaf(dag::noise(3, 1 << 20));
    for _ in 0..3 {
        file = dag::Dag::file(vec![file; 100]);
    }
    let bomb = dag::Dag::folder(vec![("bomb", file)]);
    let mut import = server.store.import_car().unwrap();
    import.write(&bomb.car()).unwrap();
    let info = import.finish(None).unwrap();
    let packed = stoa_content::Packed { content: info.content, piece: info.piece, files: Vec::new() };
    let id = server.hub.create("acme/bomb", AssetKind::Model, Visibility::Public);
    server.hub.publish_packed(&server.store, id, &packed, "m");
    for path in ["/acme/bomb/resolve/main/bomb", "/api/models/acme/bomb/tree/main"] {
        assert_eq!(error_code(&server.get(path).await), (422, "ContentUnusable".into()));
    }
}

#[tokio::test]
async fn a_damaged_block_cuts_the_file() {
    let (server, _) = tiny().await;
    let path = "/Acme/tiny/resolve/main/sub/model.safetensors";
    assert!(server.get(path).await.complete);
    server.damage(&weights()[(2 << 20) + 5..(2 << 20) + 69]);
    let answer = server.get(path).await;
    assert_eq!((answer.status, answer.complete), (200, false));
    assert!(weights().starts_with(&answer.body) && answer.body.len() <= 2 << 20);
    assert_eq!(server.gateway.metrics().streams_cut.get(), 1);
    let part = common::get(server.address, path, &[("Range", "bytes=0-1048575")]).await;
    assert!(part.complete, "what is whole is served");
}

#[tokio::test]
async fn files_that_are_not_here_are_fetched_once_and_then_served() {
    let server = HubServer::start().await;
    let files = folder(&[("README.md", CARD), ("a", b"far away")]);
    let packed = pack_dir(files.path(), std::io::Cursor::new(Vec::new()), &mut |_| ()).unwrap();
    let id = server.hub.create("acme/far", AssetKind::Model, Visibility::Public);
    server.hub.publish_packed(&server.store, id, &packed, "m");
    let store = server.store.clone();
    *server.node.on_fetch.lock().unwrap() = Some(Box::new(move || {
        let packed = store.import_dir(files.path(), &mut |_| ()).unwrap();
        store.set_access(&packed.piece.root, Access::Public).unwrap();
        FetchOutcome::Fetched
    }));
    let path = "/acme/far/resolve/main/a";
    let (first, second) = tokio::join!(server.get(path), server.get(path));
    assert_eq!(
        (first.body.as_slice(), second.body.as_slice()),
        (b"far away".as_slice(), b"far away".as_slice())
    );
    assert_eq!(server.get("/api/models/acme/far").await.json()["cardData"]["license"], "mit");
    assert_eq!(server.node.fetches.lock().unwrap().len(), 1);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn files_that_are_nowhere_or_still_coming_are_said_to_be() {
    let server =
        HubServer::with(HubLimits { wait: Duration::from_millis(100), ..HubLimits::default() }).await;
    let files = folder(&[("a", b"far away")]);
    let packed = pack_dir(files.path(), std::io::Cursor::new(Vec::new()), &mut |_| ()).unwrap();
    let id = server.hub.create("acme/far", AssetKind::Model, Visibility::Public);
    let revision = server.hub.publish_packed(&server.store, id, &packed, "m");
    let answer = server.get("/acme/far/resolve/main/a").await;
    assert_eq!(error_code(&answer), (503, "ContentUnavailable".into()));
    assert!(answer.find("retry-after").is_some());
    // What the chain says is known all the same.
    let info = server.get("/api/models/acme/far").await.json();
    assert_eq!((&info["sha"], info.get("siblings")), (&json!(commit(&revision)), None));

    let (go, wait) = std::sync::mpsc::channel::<()>();
    let store = server.store.clone();
    *server.node.on_fetch.lock().unwrap() = Some(Box::new(move || {
        wait.recv().unwrap();
        let packed = store.import_dir(files.path(), &mut |_| ()).unwrap();
        store.set_access(&packed.piece.root, Access::Public).unwrap();
        FetchOutcome::Fetched
    }));
    let answer = server.get("/acme/far/resolve/main/a").await;
    assert_eq!(error_code(&answer), (503, "ContentComing".into()));
    go.send(()).unwrap();
    server.wait_for("GET", "/acme/far/resolve/main/a", |answer| answer.status == 200).await;
}

#[tokio::test]
async fn restricted_files_are_not_asked_of_others() {
    let server = HubServer::start().await;
    let files = folder(&[("a", b"far away")]);
    let packed = pack_dir(files.path(), std::io::Cursor::new(Vec::new()), &mut |_| ()).unwrap();
    let id = server.hub.create("acme/far", AssetKind::Model, Visibility::Gated);
    server.hub.publish_packed(&server.store, id, &packed, "m");
    server.hub.token("alice", ALICE, &["acme"]);
    server.hub.grant(ALICE, id);
    let answer = server.get_as("alice", "/acme/far/resolve/main/a").await;
    assert_eq!(error_code(&answer), (503, "ContentUnavailable".into()));
    assert!(server.node.fetches.lock().unwrap().is_empty());
}

#[tokio::test]
async fn an_address_that_asks_too_much_is_told_when_to_come_again() {
    let server = HubServer::with(HubLimits { api_requests: 2, ..HubLimits::default() }).await;
    server.model("acme/tiny", &[("a", b"a")]);
    for left in [1, 0] {
        let answer = server.get("/api/models/acme/tiny").await;
        assert_eq!(answer.status, 200);
        assert!(answer.header("ratelimit").starts_with(&format!("\"api\";r={left};t=")));
    }
    let answer = server.get("/api/models/acme/tiny").await;
    assert_eq!(error_code(&answer), (429, "TooManyRequests".into()));
    assert!(answer.header("ratelimit").starts_with("\"api\";r=0;t="));
    assert_eq!(answer.header("ratelimit-policy"), "\"fixed window\";\"api\";q=2;w=300");
    assert!(answer.header("retry-after").parse::<u32>().unwrap() > 0);
    assert_eq!(server.get("/acme/tiny/resolve/main/a").await.status, 200, "files have their own count");
    assert_eq!(server.get("/health").await.find("ratelimit"), None);
}

#[tokio::test]
async fn a_chain_that_can_not_answer_is_no_missing_repository() {
    let (server, _) = tiny().await;
    server.hub.fail("it is starting");
    let answer = server.get("/api/models/Acme/tiny").await;
    assert_eq!(error_code(&answer), (503, "ChainUnavailable".into()));
}

#[tokio::test]
async fn streams_have_a_limit_and_those_above_it_are_told() {
    let limits = HubLimits { file_streams: 1, wait: Duration::from_millis(100), ..HubLimits::default() };
    let server = HubServer::with(limits).await;
    server.model("acme/tiny", &[("big", &dag::noise(4, 64 << 20)), ("small", b"s")]);
    let path = "/acme/tiny/resolve/main/big";
    server.wait_for("HEAD", path, |answer| answer.status == 200).await;
    let mut slow = Client::connect(server.address).await;
    slow.send_head("GET", path, &[]).await;
    assert_eq!(slow.read_head().await.unwrap().status, 200);
    let refused = server.get(path).await;
    assert_eq!(error_code(&refused), (429, "Busy".into()));
    assert_eq!(server.head(path).await.status, 200, "a HEAD sends no file");
    drop(slow);
    server.wait_for("GET", "/acme/tiny/resolve/main/small", |answer| answer.status == 200).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn two_hundred_downloads_at_once_all_arrive() {
    let server = HubServer::start().await;
    let file = dag::noise(6, (2 << 20) + 3);
    server.model("acme/tiny", &[("big", &file)]);
    let address = server.address;
    let downloads = (0..200)
        .map(|_| tokio::spawn(async move { common::get(address, "/acme/tiny/resolve/main/big", &[]).await }));
    let downloads: Vec<_> = downloads.collect();
    for download in downloads {
        let answer = download.await.unwrap();
        assert!(answer.status == 200 && answer.complete && answer.body == file);
    }
    assert_eq!(server.get("/api/models/acme/tiny").await.json()["downloads"], 200);
}

#[tokio::test]
async fn thousands_of_files_are_listed_and_found() {
    let server = HubServer::start().await;
    let names: Vec<_> = (0..4_000).map(|number| format!("{:02}/{number:05}.txt", number % 7)).collect();
    let files: Vec<_> = names.iter().map(|name| (name.as_str(), name.as_bytes())).collect();
    server.model("acme/many", &files);
    let mut path = "/api/models/acme/many/tree/main?recursive=true".to_owned();
    let mut found = 0;
    loop {
        let page = server.wait_for("GET", &path, |answer| answer.status == 200).await;
        let entries = page.json();
        assert!(entries.as_array().unwrap().len() <= 1_000);
        found += entries.as_array().unwrap().iter().filter(|entry| entry["type"] == "file").count();
        let Some(link) = page.find("link") else { break };
        path = link.strip_prefix("<http://localhost").unwrap().split('>').next().unwrap().to_owned();
    }
    assert_eq!(found, 4_000);
    assert_eq!(server.get(&format!("/acme/many/resolve/main/{}", names[3_999])).await.status, 200);
    assert_eq!(server.get("/acme/many/resolve/main/06/03999.txt").await.status, 404);
}

#[tokio::test]
async fn pages_of_other_origins_may_read_and_send_a_token() {
    let (server, _) = tiny().await;
    let answer =
        request(server.address, "OPTIONS", "/api/models/Acme/tiny", &[("Origin", "https://x")], b"").await;
    assert_eq!(answer.status, 204);
    assert!(answer.header("access-control-allow-headers").contains("Authorization"));
    let answer = server.get("/Acme/tiny/resolve/main/config.json").await;
    assert_eq!(answer.header("access-control-allow-origin"), "*");
    assert!(answer.header("access-control-expose-headers").contains("X-Repo-Commit"));
    assert_eq!(answer.header("content-security-policy"), "default-src 'none'; sandbox");
}

#[tokio::test]
async fn what_the_chain_knows_of_origins_becomes_tags() {
    let server = HubServer::start().await;
    let base = server.model("acme/base", &[("a", b"base")]);
    let data = server.hub.create("acme/words", AssetKind::Dataset, Visibility::Public);
    let secret = server.hub.create("acme/secret", AssetKind::Model, Visibility::Private);
    let tuned = server.model("bob/tuned", &[("a", b"tuned")]);
    server.hub.set_parent(tuned.commit, base.asset, Relation::FineTune);
    server.hub.set_parent(tuned.commit, data, Relation::TrainedOn);
    server.hub.set_parent(tuned.commit, secret, Relation::Merge);
    let tags = server.get("/api/models/bob/tuned").await.json()["tags"].clone();
    assert_eq!(tags, json!(["base_model:acme/base", "base_model:finetune:acme/base", "dataset:acme/words"]));
}

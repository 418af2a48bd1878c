//! Lists, search, counts, and the index behind them.

mod common;

use common::{
    ALICE,
    hub::{HubServer, folder},
    request,
};
use serde_json::json;
use stoa_content::{Access, pack_dir};
use stoa_gateway::HubLimits;
use stoa_primitives::registry::{AssetKind, Visibility};

async fn filled() -> HubServer {
    let server = HubServer::with(HubLimits { page: 2, ..HubLimits::default() }).await;
    let card = |text: &str| format!("---\n{text}\n---\nA model that sings.\n").into_bytes();
    server.model(
        "acme/distilbert-base",
        &[("README.md", &card("license: mit\npipeline_tag: fill-mask\nlanguage: en"))],
    );
    server.model(
        "acme/gpt-tiny",
        &[("README.md", &card("license: apache-2.0\nbase_model: acme/gpt\ntags: [song]"))],
    );
    server.model("duck/bert-large", &[("README.md", &card("license: mit\nlibrary_name: keras"))]);
    server.model("duck/plain", &[("weights", b"1")]);
    server.api.sweep().await.unwrap();
    server
}

#[tokio::test]
async fn lists_are_filtered_as_asked() {
    let server = filled().await;
    for (query, names) in [
        ("filter=license:mit", vec!["duck/bert-large", "acme/distilbert-base"]),
        ("filter=license:mit&filter=en", vec!["acme/distilbert-base"]),
        ("filter=keras", vec!["duck/bert-large"]),
        ("filter=base_model:acme/gpt", vec!["acme/gpt-tiny"]),
        ("pipeline_tag=fill-mask", vec!["acme/distilbert-base"]),
        ("author=duck", vec!["duck/plain", "duck/bert-large"]),
        ("author=duck&search=plain", vec!["duck/plain"]),
        ("search=bert", vec!["duck/bert-large", "acme/distilbert-base"]),
        ("search=acme/distilbert-base", vec!["acme/distilbert-base"]),
        ("search=song", vec!["acme/gpt-tiny"]),
        ("search=sings+duck", vec!["duck/bert-large"]),
        ("search=nothing", vec![]),
        ("gated=true", vec![]),
        ("sort=createdAt&limit=1", vec!["duck/plain"]),
    ] {
        assert_eq!(server.names(query).await, names, "{query}");
    }
    assert_eq!(server.get("/api/datasets").await.json(), json!([]));
    assert_eq!(server.get("/api/models?sort=size").await.header("x-error-code"), "BadRequest");
}

#[tokio::test]
async fn a_list_is_followed_by_its_links_to_the_end() {
    let server = filled().await;
    let mut path = "/api/models?sort=lastModified&full=True".to_owned();
    let mut seen = Vec::new();
    loop {
        let page = server.get(&path).await;
        for entry in page.json().as_array().unwrap() {
            assert!(entry["siblings"].is_array());
            seen.push(entry["id"].as_str().unwrap().to_owned());
        }
        let Some(link) = page.find("link") else { break };
        path = link.strip_prefix("<http://localhost").unwrap().split('>').next().unwrap().to_owned();
    }
    assert_eq!(seen, ["duck/plain", "duck/bert-large", "acme/gpt-tiny", "acme/distilbert-base"]);
    let entry = &server.get("/api/models?search=distilbert&cardData=True").await.json()[0];
    assert_eq!((&entry["cardData"]["license"], entry.get("siblings")), (&json!("mit"), None));
    let entry = &server.get("/api/models?search=distilbert&expand=downloads").await.json()[0];
    assert_eq!((&entry["downloads"], &entry["downloadsScope"]), (&json!(0), &json!("this-node")));
}

#[tokio::test]
async fn what_turned_private_is_gone_from_lists_at_once() {
    let server = filled().await;
    let id = server.hub.create("acme/secret", AssetKind::Model, Visibility::Private);
    server.hub.publish(
        &server.store,
        id,
        folder(&[("README.md", b"---\ntags: [secret]\n---\n")]).path(),
        "m",
    );
    server.api.sweep().await.unwrap();
    assert!(server.names("search=secret").await.is_empty());
    let shown = server.model("acme/shown", &[("a", b"a")]);
    server.api.sweep().await.unwrap();
    assert_eq!(server.names("search=shown").await, ["acme/shown"]);
    for hide in [true, false] {
        server.hub.change(&server.store, shown.asset, |asset| match hide {
            true => asset.visibility = Visibility::Private,
            false => (asset.visibility, asset.taken_down) = (Visibility::Public, true),
        });
        assert!(server.names("search=shown").await.is_empty());
    }
    server.hub.change(&server.store, shown.asset, |asset| {
        (asset.visibility, asset.taken_down, asset.name) = (Visibility::Gated, false, "renamed".into());
    });
    let entry = &server.get("/api/models?search=shown").await.json()[0];
    assert_eq!((&entry["id"], &entry["gated"]), (&json!("acme/renamed"), &json!("manual")));
    server.api.sweep().await.unwrap();
    assert!(server.names("search=shown").await.is_empty());
    assert_eq!(server.names("search=renamed").await, ["acme/renamed"]);
}

#[tokio::test]
async fn the_follower_keeps_the_index_in_step() {
    let server = HubServer::start().await;
    let old = server.model("acme/old", &[("README.md", b"---\ntags: [early]\n---\n")]);
    let (changed, changes) = tokio::sync::mpsc::unbounded_channel();
    let changes =
        futures::stream::unfold(changes, async |mut changes| Some((changes.recv().await?, changes)));
    let follower = tokio::spawn(server.api.clone().follow(changes));
    let has = |count: usize| move |answer: &common::Answer| answer.json().as_array().unwrap().len() == count;
    server.wait_for("GET", "/api/models?search=early", has(1)).await;
    let files = folder(&[("README.md", b"---\ntags: [late]\n---\n")]);
    server.hub.publish(&server.store, old.asset, files.path(), "m");
    changed.send(old.asset).unwrap();
    server.wait_for("GET", "/api/models?search=late", has(1)).await;
    assert!(server.names("search=early").await.is_empty());
    follower.abort();
}

#[tokio::test]
async fn a_card_is_read_once_its_files_are_here() {
    let server = HubServer::start().await;
    let files = folder(&[("README.md", b"---\ntags: [distant]\n---\n")]);
    let packed = pack_dir(files.path(), std::io::Cursor::new(Vec::new()), &mut |_| ()).unwrap();
    let id = server.hub.create("acme/far", AssetKind::Model, Visibility::Public);
    server.hub.publish_packed(&server.store, id, &packed, "m");
    server.api.sweep().await.unwrap();
    assert_eq!(server.names("search=far").await, ["acme/far"]);
    assert!(server.names("search=distant").await.is_empty());
    assert!(server.node.fetches.lock().unwrap().is_empty(), "an index is no reason to fetch");
    server.store.import_dir(files.path(), &mut |_| ()).unwrap();
    server.hub.change(&server.store, id, |_| ());
    server.api.sweep().await.unwrap();
    assert_eq!(server.names("search=distant").await, ["acme/far"]);
}

#[tokio::test]
async fn a_card_does_not_wait_for_the_store_to_learn_that_it_is_public() {
    let server = HubServer::start().await;
    let revision = server.model("acme/new", &[("README.md", b"---\ntags: [fresh]\n---\n")]);
    server.store.set_access(&revision.piece.root, Access::Restricted).unwrap();
    server.api.sweep().await.unwrap();
    assert_eq!(server.names("search=fresh").await, ["acme/new"]);
    assert_eq!(server.get("/acme/new/resolve/main/README.md").await.status, 503, "its bytes do");
}

#[tokio::test]
async fn downloads_count_gets_and_survive_a_restart() {
    let server = filled().await;
    let path = "/duck/plain/resolve/main/weights";
    server.head(path).await;
    assert_eq!(server.get("/api/models/duck/plain").await.json()["downloads"], 0);
    server.get(path).await;
    let weights = "/acme/distilbert-base/resolve/main/README.md";
    for range in ["bytes=0-", "bytes=0-0", "bytes=5-"] {
        request(server.address, "GET", weights, &[("Range", range)], b"").await;
    }
    assert_eq!(server.get("/api/models/acme/distilbert-base").await.json()["downloads"], 1);
    server.get(path).await;
    let etag = server.head(path).await.header("etag").to_owned();
    request(server.address, "GET", path, &[("If-None-Match", &etag)], b"").await;
    server.get("/duck/plain/resolve/main/none").await;
    assert_eq!(server.get("/api/models/duck/plain").await.json()["downloads"], 2);
    let most = server.get("/api/models?sort=downloads&limit=1").await.json();
    assert_eq!((&most[0]["id"], &most[0]["downloads"]), (&json!("duck/plain"), &json!(2)));
    let server = server.restart(HubLimits::default(), |_| ()).await;
    assert_eq!(server.get("/api/models/duck/plain").await.json()["downloads"], 2);
}

#[tokio::test]
async fn a_lost_or_damaged_index_is_built_again() {
    let server = filled().await;
    let query = "filter=license:mit&search=bert";
    let before = server.names(query).await;
    assert_eq!(before.len(), 2);
    let server = server.restart(HubLimits::default(), |_| ()).await;
    assert_eq!(server.names(query).await, before, "without a sweep");
    let server = server
        .restart(HubLimits::default(), |folder| std::fs::remove_file(folder.join("hub.redb")).unwrap())
        .await;
    assert!(server.names(query).await.is_empty());
    server.api.sweep().await.unwrap();
    assert_eq!(server.names(query).await, before);
    let server = server
        .restart(HubLimits::default(), |folder| {
            std::fs::write(folder.join("hub.redb"), b"not a database ".repeat(1_000)).unwrap();
        })
        .await;
    server.api.sweep().await.unwrap();
    assert_eq!(server.names(query).await, before);
}

#[tokio::test]
async fn what_left_the_registry_leaves_the_index() {
    let server = filled().await;
    let program = server.model("acme/gone", &[("a", b"a")]);
    server.api.sweep().await.unwrap();
    assert_eq!(server.names("search=gone").await, ["acme/gone"]);
    server.hub.change(&server.store, program.asset, |asset| asset.kind = AssetKind::Program);
    server.api.sweep().await.unwrap();
    assert!(server.names("search=gone").await.is_empty());
    server.hub.token("alice", ALICE, &[]);
    assert_eq!(server.get_as("alice", "/api/models?search=gone").await.json(), json!([]));
}

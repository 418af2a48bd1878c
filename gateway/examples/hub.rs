//! Serves folders as repositories through the Hugging Face API, with a registry in memory: what its clients are tried
//! against without a chain.
//!
//! `cargo run -p stoa-gateway --example hub -- <folder> [address]`
//!
//! The folder has `<models|datasets|spaces>/<owner>/<name>/<revision number>/…`; each revision's files are published to
//! `main`, in order, and revision `n` gets the tag `v<n>`. `<name>` may end in `,gated` or `,private`. Prints the
//! address, and two tokens: `reader` may read all of them, `stranger` none.

#[path = "../tests/common/mod.rs"]
mod common;

use std::{
    fs,
    path::{Path, PathBuf},
    sync::Arc,
};

use anyhow::{Context, Result};
use common::{ALICE, AUDIENCE, BOB, Node, hub::MemoryHub, token};
use stoa_content::{Store, StoreOptions};
use stoa_gateway::{Config, Gateway, HubConfig, HubGateway, HubLimits, Limits, router_with_hub, serve};
use stoa_primitives::registry::{AssetKind, RefKind, Visibility};
use tokio::net::TcpListener;

const KINDS: [(&str, AssetKind); 3] =
    [("models", AssetKind::Model), ("datasets", AssetKind::Dataset), ("spaces", AssetKind::Space)];

#[tokio::main]
async fn main() -> Result<()> {
    let mut arguments = std::env::args().skip(1);
    let source = PathBuf::from(arguments.next().context("give the folder to serve")?);
    let address = arguments.next().unwrap_or_else(|| "127.0.0.1:0".into());

    let folder = tempfile::tempdir()?;
    let store = Store::open(&folder.path().join("store"), StoreOptions { byte_limit: u64::MAX })?;
    let hub = Arc::new(MemoryHub::default());
    hub.token("reader", ALICE, &["acme"]);
    hub.token("stranger", BOB, &[]);
    for (kind, of) in KINDS {
        for owner in entries(&source.join(kind))? {
            for repository in entries(&owner)? {
                publish(&store, &hub, of, &owner, &repository)?;
            }
        }
    }

    let node = Arc::new(Node::default());
    let config = Config {
        audience: AUDIENCE.into(),
        ledger: folder.path().join("uploads.redb"),
        tokens: folder.path().join("tokens.redb"),
        limits: Limits::default(),
    };
    let gateway = Gateway::open(store, node.clone(), node, config)?;
    let mut limits = HubLimits::default();
    if let Ok(requests) = std::env::var("HUB_API_REQUESTS") {
        limits.api_requests = requests.parse().context("HUB_API_REQUESTS isn't a number")?;
    }
    if let Ok(page) = std::env::var("HUB_PAGE") {
        let page = page.parse().context("HUB_PAGE isn't a number")?;
        (limits.page, limits.tree_page) = (page, page);
    }
    let config =
        HubConfig { index: folder.path().join("hub.redb"), staging: folder.path().join("staging"), limits };
    let api = HubGateway::open(gateway.clone(), hub, None, config)?;
    api.sweep().await?;
    tokio::spawn(api.clone().follow(futures::stream::pending()));
    let listener = TcpListener::bind(&address).await?;
    println!("http://{}", listener.local_addr()?);
    for (name, account) in [("reader", ALICE), ("stranger", BOB)] {
        println!("{name} {}", token(&account, "read"));
    }
    let stop = async { tokio::signal::ctrl_c().await.unwrap_or_default() };
    serve(listener, router_with_hub(gateway, api), stop).await;
    Ok(())
}

fn publish(store: &Store, hub: &MemoryHub, kind: AssetKind, owner: &Path, repository: &Path) -> Result<()> {
    let (owner, name) = (file_name(owner)?, file_name(repository)?);
    let (name, visibility) = match name.split_once(',') {
        Some((name, "gated")) => (name, Visibility::Gated),
        Some((name, "private")) => (name, Visibility::Private),
        _ => (name.as_str(), Visibility::Public),
    };
    let id = hub.create(&format!("{owner}/{name}"), kind, visibility);
    hub.grant(ALICE, id);
    for (number, files) in entries(repository)?.iter().enumerate() {
        let revision = hub.publish(store, id, files, &format!("Revision {}", file_name(files)?));
        hub.set_ref(id, &format!("v{number}"), RefKind::Tag, revision.commit);
    }
    Ok(())
}

/// What is in a folder, by name; nothing when there is none.
fn entries(folder: &Path) -> Result<Vec<PathBuf>> {
    if !folder.exists() {
        return Ok(Vec::new());
    }
    let mut found = fs::read_dir(folder)?.map(|entry| Ok(entry?.path())).collect::<Result<Vec<_>>>()?;
    found.sort();
    Ok(found)
}

fn file_name(path: &Path) -> Result<String> {
    let name = path.file_name().and_then(|name| name.to_str());
    Ok(name.with_context(|| format!("{} has no name in UTF-8", path.display()))?.to_owned())
}

//! A gateway on a real listener, DAGs to put behind it, and a client that sees when an answer breaks off.

#![allow(dead_code, unreachable_pub, missing_docs, unused_imports)]

pub mod client;
pub mod dag;
pub mod hub;

use std::{
    collections::HashMap,
    future::pending,
    net::SocketAddr,
    path::{Path, PathBuf},
    sync::{
        Arc, Mutex,
        atomic::{AtomicBool, Ordering},
    },
    time::{Duration, SystemTime, UNIX_EPOCH},
};

use async_trait::async_trait;
use base64::{Engine, engine::general_purpose::URL_SAFE_NO_PAD};
use stoa_content::{Access, ContentId, PieceInfo, PieceRoot, Store, StoreOptions};
use stoa_gateway::{
    Account, Chain, ChainError, ChainHealth, Config, ConnectionLimits, Fetch, FetchOutcome, Gateway, Limits,
    Provider, router, serve_with,
};
use tokio::{net::TcpListener, sync::oneshot, task::JoinHandle, time::timeout};

pub use client::{Answer, Client, get, request};
pub use dag::Dag;

pub const ALICE: Account = Account([0xa1; 32]);
pub const BOB: Account = Account([0xb0; 32]);
/// Whom signatures are meant for.
pub const AUDIENCE: &str = "test";
/// Long enough for anything that is going to happen at all.
pub const PATIENCE: Duration = Duration::from_secs(20);

/// The node's side, with answers that a test sets.
#[derive(Default)]
pub struct Node {
    pub allowances: Mutex<HashMap<Account, u64>>,
    pub providers: Mutex<Vec<Provider>>,
    /// Who may read which restricted pieces.
    pub readers: Mutex<Vec<(Account, PieceRoot)>>,
    pub syncing: AtomicBool,
    pub silent: AtomicBool,
    /// What a fetch does, and how often it was asked for.
    pub on_fetch: Mutex<Option<OnFetch>>,
    pub fetches: Mutex<Vec<ContentId>>,
}

pub type OnFetch = Box<dyn FnMut() -> FetchOutcome + Send>;

pub fn account_text(account: &Account) -> String {
    format!("5{}", hex::encode(account.0))
}

/// Stands in for sr25519: only who has the account's seed can make it, and a test has them all.
pub fn sign(account: &Account, message: &[u8]) -> [u8; 64] {
    let mut signature = [0; 64];
    blake3::Hasher::new_keyed(&account.0).update(message).finalize_xof().fill(&mut signature);
    signature
}

/// A token of the account, good for an hour.
pub fn token(account: &Account, scope: &str) -> String {
    let now = SystemTime::now().duration_since(UNIX_EPOCH).unwrap().as_secs();
    token_of(account, scope, now, now + 3_600, 7)
}

pub fn token_of(account: &Account, scope: &str, issued: u64, expires: u64, id: u8) -> String {
    let (who, id) = (account_text(account), hex::encode([id; 16]));
    let text = format!("stoa-token:1:{AUDIENCE}:{who}:{scope}:{issued}:{expires}:{id}:test");
    let mut bytes = sign(account, text.as_bytes()).to_vec();
    bytes.extend_from_slice(text.as_bytes());
    format!("hf_{}", URL_SAFE_NO_PAD.encode(bytes))
}

#[async_trait]
impl Chain for Node {
    fn parse_account(&self, text: &str) -> Option<Account> {
        let mut account = Account([0; 32]);
        hex::decode_to_slice(text.strip_prefix('5')?, &mut account.0).ok()?;
        Some(account)
    }

    fn account_text(&self, account: &Account) -> String {
        account_text(account)
    }

    fn verify(&self, account: &Account, message: &[u8], signature: &[u8; 64]) -> bool {
        sign(account, message) == *signature
    }

    async fn upload_allowance(&self, account: &Account) -> Result<Option<u64>, ChainError> {
        if self.silent.load(Ordering::Relaxed) {
            pending::<()>().await;
        }
        Ok(self.allowances.lock().unwrap().get(account).copied())
    }

    async fn providers(&self, _content: &ContentId) -> Result<Vec<Provider>, ChainError> {
        Ok(self.providers.lock().unwrap().clone())
    }

    async fn may_read(
        &self,
        account: &Account,
        piece: &PieceRoot,
        _content: &ContentId,
    ) -> Result<bool, ChainError> {
        Ok(self.readers.lock().unwrap().contains(&(*account, *piece)))
    }

    async fn health(&self) -> Result<ChainHealth, ChainError> {
        if self.silent.load(Ordering::Relaxed) {
            return Err(ChainError("it is starting".into()));
        }
        let syncing = self.syncing.load(Ordering::Relaxed);
        Ok(ChainHealth { best: 12, finalised: 10, peers: 0, syncing, should_have_peers: false })
    }
}

#[async_trait]
impl Fetch for Node {
    async fn fetch(&self, content: &ContentId, _limit: Duration) -> FetchOutcome {
        self.fetches.lock().unwrap().push(*content);
        match self.on_fetch.lock().unwrap().as_mut() {
            Some(act) => act(),
            None => FetchOutcome::NotFound,
        }
    }
}

/// How a server is set up.
#[derive(Default)]
pub struct Setup {
    pub limits: Limits,
    pub connections: ConnectionLimits,
}

/// A gateway that listens.
pub struct Server {
    pub address: SocketAddr,
    pub store: Store,
    pub node: Arc<Node>,
    pub gateway: Arc<Gateway>,
    folder: PathBuf,
    _temporary: Option<tempfile::TempDir>,
    stop: Option<oneshot::Sender<()>>,
    task: JoinHandle<()>,
}

impl Server {
    pub async fn start() -> Self {
        Self::with(Setup::default()).await
    }

    pub async fn with(setup: Setup) -> Self {
        let temporary = tempfile::tempdir().unwrap();
        let mut server = Self::over(temporary.path(), setup).await;
        server._temporary = Some(temporary);
        server
    }

    /// Over a folder that outlives the server.
    pub async fn over(folder: &Path, setup: Setup) -> Self {
        let store = Store::open(&folder.join("store"), StoreOptions { byte_limit: 8 << 30 }).unwrap();
        let node = Arc::new(Node::default());
        let config = Config {
            audience: AUDIENCE.into(),
            ledger: folder.join("uploads.redb"),
            tokens: folder.join("tokens.redb"),
            limits: setup.limits,
        };
        let gateway = Gateway::open(store.clone(), node.clone(), node.clone(), config).unwrap();
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = listener.local_addr().unwrap();
        let (stop, stopped) = oneshot::channel::<()>();
        let routes = router(gateway.clone());
        let task = tokio::spawn(serve_with(listener, routes, setup.connections, async move {
            stopped.await.unwrap_or_default();
        }));
        Self {
            address,
            store,
            node,
            gateway,
            folder: folder.to_owned(),
            _temporary: None,
            stop: Some(stop),
            task,
        }
    }

    /// Puts a DAG into the store, public.
    pub fn publish(&self, dag: &Dag) -> PieceInfo {
        let info = self.keep(dag);
        assert!(self.store.set_access(&info.piece.root, Access::Public).unwrap());
        info
    }

    /// Puts a DAG into the store, restricted as everything starts.
    pub fn keep(&self, dag: &Dag) -> PieceInfo {
        let mut import = self.store.import_car().unwrap();
        import.write(&dag.car()).unwrap();
        import.finish(None).unwrap()
    }

    /// Flips a bit of these bytes wherever the store has them on disk.
    pub fn damage(&self, bytes: &[u8]) {
        damage(&self.folder.join("store"), bytes);
    }

    pub fn allow(&self, account: Account, bytes: u64) {
        self.node.allowances.lock().unwrap().insert(account, bytes);
    }

    /// Asks for something and reads the answer to its end.
    pub async fn get(&self, path: &str) -> Answer {
        get(self.address, path, &[]).await
    }

    pub async fn get_with(&self, path: &str, headers: &[(&str, &str)]) -> Answer {
        get(self.address, path, headers).await
    }

    pub async fn head(&self, path: &str) -> Answer {
        request(self.address, "HEAD", path, &[], b"").await
    }

    /// Waits until something is so.
    pub async fn wait_until(&self, mut condition: impl FnMut(&Self) -> bool) {
        let checks = async {
            while !condition(self) {
                tokio::time::sleep(Duration::from_millis(5)).await;
            }
        };
        timeout(PATIENCE, checks).await.expect("it should have come true");
    }

    /// Stops the server and waits for its end.
    pub async fn stop(mut self) {
        self.stop.take().unwrap().send(()).unwrap();
        timeout(PATIENCE, &mut self.task).await.expect("the server should have stopped").unwrap();
    }

    /// Tells the server to stop.
    pub fn begin_stop(&mut self) {
        self.stop.take().unwrap().send(()).unwrap();
    }

    pub fn is_stopped(&self) -> bool {
        self.task.is_finished()
    }
}

/// Flips a bit of these bytes wherever a store has them on disk.
pub fn damage(store: &Path, bytes: &[u8]) {
    let mut found = 0;
    let mut folders = vec![store.to_owned()];
    while let Some(folder) = folders.pop() {
        for entry in std::fs::read_dir(folder).unwrap() {
            let path = entry.unwrap().path();
            if path.is_dir() {
                folders.push(path);
                continue;
            }
            let mut content = std::fs::read(&path).unwrap();
            let places: Vec<_> = content
                .windows(bytes.len())
                .enumerate()
                .filter(|(_, window)| *window == bytes)
                .map(|(at, _)| at)
                .collect();
            for at in &places {
                content[*at] ^= 1;
            }
            if !places.is_empty() {
                std::fs::write(&path, content).unwrap();
                found += places.len();
            }
        }
    }
    assert!(found > 0, "the bytes aren't in the store");
}

impl Drop for Server {
    fn drop(&mut self) {
        self.task.abort();
    }
}

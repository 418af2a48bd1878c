//! A registry in memory, over a real content store.

use std::{
    collections::HashMap,
    fs,
    net::SocketAddr,
    path::Path,
    sync::{Arc, Mutex},
    time::Duration,
};

use async_trait::async_trait;
use stoa_content::{Access, Packed, Store, StoreOptions};
use stoa_gateway::{
    Account, ChainError, Config, Delegate, Gateway, Hub, HubAsset, HubConfig, HubGateway, HubLimits, HubPage,
    HubRef, HubRevision, Limits, RegistryCall, SubmitError, Submitted, Submitter, router_with_hub, serve,
};
use stoa_primitives::registry::{AssetId, AssetKind, CommitId, PieceAccess, RefKind, Relation, Visibility};
use tokio::{net::TcpListener, task::JoinHandle, time::timeout};

use super::{Answer, Node, PATIENCE, damage, get, request};

/// 2026-01-01, from which on there is a revision an hour.
const BEGINNING: u64 = 1_767_225_600_000;
const HOUR: u64 = 3_600_000;

#[derive(Default)]
struct Records {
    assets: Vec<HubAsset>,
    revisions: Vec<HubRevision>,
    refs: HashMap<(AssetId, String), (RefKind, CommitId)>,
    grants: Vec<(Account, AssetId)>,
    authorised: Vec<Account>,
    /// What the next calls are refused with.
    refusals: Vec<SubmitError>,
    calls: Vec<RegistryCall>,
    writers: Vec<(Account, AssetId)>,
    tokens: HashMap<String, String>,
    namespaces: HashMap<Account, Vec<String>>,
    /// What is wrong with the chain.
    failure: Option<String>,
}

impl Records {
    fn as_it_is(&self, asset: &HubAsset) -> HubAsset {
        let revised = self.revisions.iter().any(|revision| revision.asset == asset.id);
        let named = self.refs.keys().any(|(id, _)| *id == asset.id);
        HubAsset { deleted: revised && !named, ..asset.clone() }
    }
}

/// The registry.
#[derive(Default)]
pub struct MemoryHub(Mutex<Records>);

impl MemoryHub {
    pub fn create(&self, name: &str, kind: AssetKind, visibility: Visibility) -> AssetId {
        let mut records = self.0.lock().unwrap();
        let id = AssetId(records.assets.len() as u64);
        let (namespace, name) = name.split_once('/').unwrap();
        records.assets.push(HubAsset {
            id,
            namespace: namespace.into(),
            name: name.into(),
            kind,
            visibility,
            licence: String::new(),
            taken_down: false,
            deleted: false,
        });
        id
    }

    /// Changes an asset's record, and the access of what it governs with it.
    pub fn change(&self, store: &Store, id: AssetId, change: impl FnOnce(&mut HubAsset)) {
        let mut records = self.0.lock().unwrap();
        let asset = records.assets.iter_mut().find(|asset| asset.id == id).unwrap();
        change(asset);
        let (access, stored) = match (asset.taken_down, asset.visibility) {
            (true, _) => (PieceAccess::Denied, Access::Restricted),
            (false, Visibility::Public) => (PieceAccess::Public, Access::Public),
            (false, _) => (PieceAccess::Restricted, Access::Restricted),
        };
        for revision in
            records.revisions.iter_mut().filter(|revision| revision.asset == id && revision.governs_piece)
        {
            revision.access = access;
            store.set_access(&revision.piece.root, stored).unwrap();
        }
    }

    /// Publishes what a folder holds, to `main`.
    pub fn publish(&self, store: &Store, id: AssetId, folder: &Path, message: &str) -> HubRevision {
        let packed = store.import_dir(folder, &mut |_| ()).unwrap();
        self.publish_packed(store, id, &packed, message)
    }

    /// Publishes packed files, which needn't be in the store.
    pub fn publish_packed(&self, store: &Store, id: AssetId, packed: &Packed, message: &str) -> HubRevision {
        self.publish_to(store, id, packed, message, "main")
    }

    fn publish_to(
        &self,
        store: &Store,
        id: AssetId,
        packed: &Packed,
        message: &str,
        branch: &str,
    ) -> HubRevision {
        let revision = {
            let mut records = self.0.lock().unwrap();
            let governed = records
                .revisions
                .iter()
                .any(|revision| revision.piece == packed.piece && revision.asset != id);
            let number = records.revisions.iter().filter(|revision| revision.asset == id).count() as u32;
            let mut commit = [0; 20];
            let hash =
                blake3::hash(format!("{}/{number}/{}", id.0, hex::encode(packed.content.digest)).as_bytes());
            commit.copy_from_slice(&hash.as_bytes()[..20]);
            let access = records
                .revisions
                .iter()
                .find(|revision| revision.piece == packed.piece)
                .map(|found| found.access);
            let revision = HubRevision {
                commit: CommitId(commit),
                asset: id,
                number,
                content: packed.content,
                piece: packed.piece,
                parents: Vec::new(),
                message: message.into(),
                author: super::ALICE,
                published: BEGINNING + HOUR * records.revisions.len() as u64,
                yanked: false,
                access: access.unwrap_or(PieceAccess::Unknown),
                governs_piece: !governed,
            };
            records.revisions.push(revision.clone());
            revision
        };
        self.set_ref(id, branch, RefKind::Branch, revision.commit);
        self.change(store, id, |_| ());
        revision
    }

    pub fn set_ref(&self, id: AssetId, name: &str, kind: RefKind, commit: CommitId) {
        self.0.lock().unwrap().refs.insert((id, name.into()), (kind, commit));
    }

    pub fn set_parent(&self, commit: CommitId, parent: AssetId, relation: Relation) {
        let mut records = self.0.lock().unwrap();
        let revision = records.revisions.iter_mut().find(|revision| revision.commit == commit).unwrap();
        revision.parents.push((parent, relation));
    }

    pub fn yank(&self, commit: CommitId) {
        let mut records = self.0.lock().unwrap();
        records.revisions.iter_mut().find(|revision| revision.commit == commit).unwrap().yanked = true;
    }

    /// Lets an account write to an asset, and the gateway write for the account.
    pub fn allow_writing(&self, account: Account, asset: AssetId) {
        self.authorise(account);
        self.0.lock().unwrap().writers.push((account, asset));
        self.grant(account, asset);
    }

    pub fn authorise(&self, account: Account) {
        self.0.lock().unwrap().authorised.push(account);
    }

    /// Refuses the next calls.
    pub fn refuse(&self, error: SubmitError) {
        self.0.lock().unwrap().refusals.push(error);
    }

    /// The calls that were made.
    pub fn calls(&self) -> Vec<RegistryCall> {
        self.0.lock().unwrap().calls.clone()
    }

    pub fn grant(&self, account: Account, asset: AssetId) {
        self.0.lock().unwrap().grants.push((account, asset));
    }

    pub fn revoke(&self, account: Account, asset: AssetId) {
        self.0.lock().unwrap().grants.retain(|grant| *grant != (account, asset));
    }

    /// Gives a name to a token of the account, which owns these namespaces.
    pub fn token(&self, token: &str, account: Account, namespaces: &[&str]) {
        self.token_with(token, account, namespaces, "read");
    }

    pub fn token_with(&self, token: &str, account: Account, namespaces: &[&str], scope: &str) {
        let mut records = self.0.lock().unwrap();
        records.tokens.insert(token.into(), super::token(&account, scope));
        records.namespaces.insert(account, namespaces.iter().map(|name| (*name).to_owned()).collect());
    }

    /// The token of that name; the name itself when there is none.
    pub fn bearer(&self, name: &str) -> String {
        let token = self.0.lock().unwrap().tokens.get(name).cloned();
        format!("Bearer {}", token.unwrap_or_else(|| name.into()))
    }

    pub fn fail(&self, why: &str) {
        self.0.lock().unwrap().failure = Some(why.into());
    }

    fn ask<T>(&self, answer: impl FnOnce(&Records) -> T) -> Result<T, ChainError> {
        let records = self.0.lock().unwrap();
        match &records.failure {
            Some(why) => Err(ChainError(why.clone())),
            None => Ok(answer(&records)),
        }
    }
}

#[async_trait]
impl Hub for MemoryHub {
    async fn asset(&self, name: &str) -> Result<Option<HubAsset>, ChainError> {
        self.ask(|records| {
            let is_meant = |asset: &&HubAsset| asset.full_name().eq_ignore_ascii_case(name);
            records.assets.iter().find(is_meant).map(|asset| records.as_it_is(asset))
        })
    }

    async fn assets_by_id(&self, ids: &[AssetId]) -> Result<Vec<Option<HubAsset>>, ChainError> {
        self.ask(|records| {
            let find = |id: &AssetId| records.assets.iter().find(|asset| asset.id == *id);
            ids.iter().map(|id| find(id).map(|asset| records.as_it_is(asset))).collect()
        })
    }

    async fn assets(&self, start: AssetId, limit: u32) -> Result<HubPage, ChainError> {
        self.ask(|records| {
            let mut assets: Vec<_> =
                records.assets.iter().filter(|asset| asset.id >= start).cloned().collect();
            let next = assets.get(limit as usize).map(|asset| asset.id);
            assets.truncate(limit as usize);
            HubPage { assets, next }
        })
    }

    async fn resolve(&self, asset: &HubAsset, reference: &str) -> Result<Option<HubRevision>, ChainError> {
        self.ask(|records| {
            let named = records.refs.get(&(asset.id, reference.to_owned())).map(|(_, commit)| *commit);
            let is_meant = |revision: &&HubRevision| match named {
                Some(commit) => revision.commit == commit,
                None => hex::encode(revision.commit.0) == reference,
            };
            records.revisions.iter().filter(|revision| revision.asset == asset.id).find(is_meant).cloned()
        })
    }

    async fn revisions(
        &self,
        asset: AssetId,
        start: u32,
        limit: u32,
    ) -> Result<Vec<HubRevision>, ChainError> {
        self.ask(|records| {
            let of_asset = records.revisions.iter().filter(|revision| revision.asset == asset);
            of_asset.filter(|revision| revision.number >= start).take(limit as usize).cloned().collect()
        })
    }

    async fn refs(&self, asset: AssetId, limit: u32) -> Result<Vec<HubRef>, ChainError> {
        self.ask(|records| {
            let of_asset = records.refs.iter().filter(|((id, _), _)| *id == asset);
            of_asset
                .take(limit as usize)
                .map(|((_, name), (kind, commit))| HubRef {
                    name: name.clone(),
                    kind: *kind,
                    commit: *commit,
                })
                .collect()
        })
    }

    async fn may_read(
        &self,
        account: &Account,
        asset: AssetId,
        _revision: Option<CommitId>,
    ) -> Result<bool, ChainError> {
        self.ask(|records| records.grants.contains(&(*account, asset)))
    }

    async fn may_write(&self, account: &Account, asset: AssetId) -> Result<bool, ChainError> {
        self.ask(|records| records.writers.contains(&(*account, asset)))
    }

    async fn namespaces(&self, account: &Account, limit: u32) -> Result<Vec<String>, ChainError> {
        self.ask(|records| {
            let all = records.namespaces.get(account).cloned().unwrap_or_default();
            all.into_iter().take(limit as usize).collect()
        })
    }
}

/// Writes to the registry at once, for accounts that authorised it.
pub struct MemorySubmitter {
    hub: Arc<MemoryHub>,
    store: Store,
}

fn refused(name: &str) -> SubmitError {
    SubmitError::Refused { name: format!("AssetRegistry::{name}"), docs: String::new() }
}

#[async_trait]
impl Submitter for MemorySubmitter {
    async fn delegate(&self, account: &Account) -> Result<Delegate, ChainError> {
        self.hub.ask(|records| Delegate {
            account: Account([0xde; 32]),
            authorised: records.authorised.contains(account),
            balance: 1,
        })
    }

    async fn submit(&self, account: &Account, calls: Vec<RegistryCall>) -> Result<Submitted, SubmitError> {
        if !self.delegate(account).await?.authorised {
            return Err(SubmitError::NotAuthorised);
        }
        if let Some(error) = self.hub.0.lock().unwrap().refusals.pop() {
            return Err(error);
        }
        let mut done = Submitted::default();
        for call in calls {
            self.hub.0.lock().unwrap().calls.push(call.clone());
            match call {
                RegistryCall::RegisterNamespace { name } => {
                    let mut records = self.hub.0.lock().unwrap();
                    records.namespaces.entry(*account).or_default().push(name);
                }
                RegistryCall::CreateAsset { namespace, name, kind, visibility, .. } => {
                    let name = format!("{namespace}/{name}");
                    let id = self.hub.create(&name, kind, visibility);
                    self.hub.allow_writing(*account, id);
                }
                RegistryCall::Publish { asset, content, piece, message, branch } => {
                    let packed = Packed { content, piece, files: Vec::new() };
                    let revision = self.hub.publish_to(&self.store, asset, &packed, &message, &branch);
                    done.commit = Some(revision.commit);
                }
                RegistryCall::SetRef { asset, kind, name, commit } => {
                    self.hub.set_ref(asset, &name, kind, commit);
                }
                RegistryCall::DeleteRef { asset, name } => {
                    let mut records = self.hub.0.lock().unwrap();
                    records.refs.remove(&(asset, name)).ok_or_else(|| refused("RefNotFound"))?;
                }
                RegistryCall::SetVisibility { asset, visibility } => {
                    self.hub.change(&self.store, asset, |asset| asset.visibility = visibility);
                }
                RegistryCall::Yank { commit } => self.hub.yank(commit),
            }
        }
        Ok(done)
    }
}

/// A folder with these files in it.
pub fn folder(files: &[(&str, &[u8])]) -> tempfile::TempDir {
    let folder = tempfile::tempdir().unwrap();
    for (path, bytes) in files {
        let path = folder.path().join(path);
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(path, bytes).unwrap();
    }
    folder
}

/// A server of the Hugging Face API.
pub struct HubServer {
    pub address: SocketAddr,
    pub store: Store,
    pub hub: Arc<MemoryHub>,
    pub node: Arc<Node>,
    pub gateway: Arc<Gateway>,
    pub api: Arc<HubGateway>,
    folder: Option<tempfile::TempDir>,
    task: JoinHandle<()>,
}

impl HubServer {
    pub async fn start() -> Self {
        Self::with(HubLimits::default()).await
    }

    pub async fn with(limits: HubLimits) -> Self {
        Self::over(tempfile::tempdir().unwrap(), Arc::default(), limits).await
    }

    async fn over(folder: tempfile::TempDir, hub: Arc<MemoryHub>, limits: HubLimits) -> Self {
        let store = Store::open(&folder.path().join("store"), StoreOptions { byte_limit: 8 << 30 }).unwrap();
        let node = Arc::new(Node::default());
        let config = Config {
            audience: super::AUDIENCE.into(),
            ledger: folder.path().join("uploads.redb"),
            tokens: folder.path().join("tokens.redb"),
            limits: Limits::default(),
        };
        let gateway = Gateway::open(store.clone(), node.clone(), node.clone(), config).unwrap();
        let config = HubConfig {
            index: folder.path().join("hub.redb"),
            staging: folder.path().join("staging"),
            limits,
        };
        let submitter = Arc::new(MemorySubmitter { hub: hub.clone(), store: store.clone() });
        let api = HubGateway::open(gateway.clone(), hub.clone(), Some(submitter), config).unwrap();
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = listener.local_addr().unwrap();
        let routes = router_with_hub(gateway.clone(), api.clone());
        let task = tokio::spawn(serve(listener, routes, std::future::pending()));
        Self { address, store, hub, node, gateway, api, folder: Some(folder), task }
    }

    /// The server again, over the same folder and chain; `change` sees the folder in between.
    pub async fn restart(mut self, limits: HubLimits, change: impl FnOnce(&Path)) -> Self {
        self.task.abort();
        (&mut self.task).await.unwrap_err();
        let (folder, hub) = (self.folder.take().unwrap(), self.hub.clone());
        let (api, gateway) = (self.api.clone(), self.gateway.clone());
        drop(self);
        // Connections end in their own time, and the files are in use until then.
        is_last(&api).await;
        drop(api);
        is_last(&gateway).await;
        drop(gateway);
        change(folder.path());
        Self::over(folder, hub, limits).await
    }

    /// A public model with these files on `main`.
    pub fn model(&self, name: &str, files: &[(&str, &[u8])]) -> HubRevision {
        let id = self.hub.create(name, AssetKind::Model, Visibility::Public);
        self.hub.publish(&self.store, id, folder(files).path(), "Add files")
    }

    pub async fn get(&self, path: &str) -> Answer {
        get(self.address, path, &[]).await
    }

    pub async fn get_as(&self, token: &str, path: &str) -> Answer {
        get(self.address, path, &[("Authorization", &self.hub.bearer(token))]).await
    }

    pub async fn head(&self, path: &str) -> Answer {
        request(self.address, "HEAD", path, &[], b"").await
    }

    /// Files that wait for their commit.
    pub fn staged(&self) -> Vec<std::path::PathBuf> {
        let folder = self.folder.as_ref().unwrap().path().join("staging");
        fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path()).collect()
    }

    /// Flips a bit of these bytes wherever the store has them on disk.
    pub fn damage(&self, bytes: &[u8]) {
        damage(&self.folder.as_ref().unwrap().path().join("store"), bytes);
    }

    /// Asks until something is so.
    pub async fn wait_for(&self, method: &str, path: &str, mut is_so: impl FnMut(&Answer) -> bool) -> Answer {
        let asking = async {
            loop {
                let answer = request(self.address, method, path, &[], b"").await;
                if is_so(&answer) {
                    break answer;
                }
                tokio::time::sleep(Duration::from_millis(20)).await;
            }
        };
        timeout(PATIENCE, asking).await.expect("it should have come true")
    }

    pub async fn names(&self, query: &str) -> Vec<String> {
        let answer = self.get(&format!("/api/models?{query}")).await;
        assert_eq!(answer.status, 200, "{}", String::from_utf8_lossy(&answer.body));
        let entries = answer.json();
        entries.as_array().unwrap().iter().map(|entry| entry["id"].as_str().unwrap().to_owned()).collect()
    }
}

async fn is_last<T>(shared: &Arc<T>) {
    let waiting = async {
        while Arc::strong_count(shared) > 1 {
            tokio::time::sleep(Duration::from_millis(5)).await;
        }
    };
    timeout(PATIENCE, waiting).await.expect("the others should have ended");
}

impl Drop for HubServer {
    fn drop(&mut self) {
        self.task.abort();
    }
}

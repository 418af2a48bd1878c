//! Follows the registry: which pieces of the store may be served.
//!
//! Every new piece is judged at once, and so is every piece that a block's changes concern, as far as the bounded
//! work of a step goes; a slow sweep over all pieces catches what that misses.

use std::{
    collections::{HashSet, VecDeque},
    sync::Arc,
    time::Duration,
};

use futures::StreamExt;
use pallet_asset_registry::types::Subject;
use polkadot_sdk::sc_client_api::{ImportNotifications, StorageEventStream};
use stoa_content::{Access, Store, StoreError};
use stoa_primitives::{
    PieceRoot,
    registry::{AssetId, PieceAccess},
};
use stoa_runtime::Hash;

use crate::service::Block;

use super::registry::{ChangedKeys, Registry, RegistryError};
use crate::network::{LOG_TARGET, announce::Announcer, log_limit::LimitedLog, metrics::ContentMetrics};

/// Pieces judged in a step because something happened to them.
const URGENT_PER_STEP: usize = 256;
/// Pieces judged per block whatever happened.
const SWEPT_PER_BLOCK: usize = 128;
/// Pages of assets' revisions read in a step.
const PAGES_PER_STEP: usize = 4;
/// Revisions in a page.
const PAGE: u32 = 64;
/// Pieces listed in a step to find new ones.
const LISTED_PER_STEP: usize = 2_048;
/// Pieces, and assets, that wait to be judged; beyond it the sweep must do.
const MAX_WAITING: usize = 65_536;
/// Changes that are looked at again when the chain reorganises.
const RECENT: usize = 1_024;
/// Time between steps while there is work left.
const BUSY_PAUSE: Duration = Duration::from_millis(50);
/// Time between steps otherwise; how soon an upload is noticed.
const IDLE_PAUSE: Duration = Duration::from_secs(1);

/// Why a piece couldn't be judged.
#[derive(Debug, thiserror::Error)]
pub enum JudgeError {
    /// The store failed.
    #[error(transparent)]
    Store(#[from] StoreError),
    /// The chain failed.
    #[error(transparent)]
    Registry(#[from] RegistryError),
}

/// Sets who may be served a piece by what the registry says; `None` when the piece isn't here. Blocks.
pub fn judge(store: &Store, registry: &dyn Registry, root: PieceRoot) -> Result<Option<Access>, JudgeError> {
    if store.piece(&root)?.is_none() {
        return Ok(None);
    }
    Ok(apply(store, root, registry.access(root)?)?)
}

fn apply(store: &Store, root: PieceRoot, said: PieceAccess) -> Result<Option<Access>, StoreError> {
    let Some(info) = store.piece(&root)? else { return Ok(None) };
    let access = if said == PieceAccess::Public { Access::Public } else { Access::Restricted };
    if info.access != access && !store.set_access(&root, access)? {
        return Ok(None);
    }
    Ok(Some(access))
}

/// Work that waits, each piece once.
#[derive(Default)]
struct Waiting {
    order: VecDeque<PieceRoot>,
    members: HashSet<PieceRoot>,
}

impl Waiting {
    fn push(&mut self, root: PieceRoot) {
        if self.members.len() < MAX_WAITING && self.members.insert(root) {
            self.order.push_back(root);
        }
    }

    fn pop(&mut self) -> Option<PieceRoot> {
        let root = self.order.pop_front()?;
        self.members.remove(&root);
        Some(root)
    }
}

/// A pass over all pieces of the store, to find new ones.
#[derive(Default)]
struct Listing {
    after: Option<PieceRoot>,
    seen: HashSet<PieceRoot>,
}

/// What a step found out.
#[derive(Default)]
struct Findings {
    /// Pieces that are public.
    public: Vec<PieceRoot>,
    /// Pieces that aren't, or aren't here any more.
    gone: Vec<PieceRoot>,
}

/// The follower's state.
pub struct AccessFollower {
    store: Store,
    registry: Arc<dyn Registry>,
    metrics: ContentMetrics,
    failures: LimitedLog,
    keys: ChangedKeys,
    known: HashSet<PieceRoot>,
    last_stats: Option<(u64, u64, u64)>,
    listing: Option<Listing>,
    urgent: Waiting,
    assets: VecDeque<(AssetId, u32)>,
    recent: VecDeque<Subject>,
    sweep_after: Option<PieceRoot>,
    sweep_due: usize,
}

impl AccessFollower {
    /// Follows a registry for a store.
    pub fn new(store: Store, registry: Arc<dyn Registry>, metrics: ContentMetrics) -> Self {
        Self {
            store,
            registry,
            metrics,
            failures: LimitedLog::default(),
            keys: ChangedKeys::default(),
            known: HashSet::new(),
            last_stats: None,
            listing: None,
            urgent: Waiting::default(),
            assets: VecDeque::new(),
            recent: VecDeque::new(),
            sweep_after: None,
            sweep_due: 0,
        }
    }

    /// Follows until the client goes.
    pub async fn run(
        mut self,
        mut changes: StorageEventStream<Hash>,
        mut blocks: ImportNotifications<Block>,
        announcer: Announcer,
    ) {
        let mut pause = IDLE_PAUSE;
        loop {
            tokio::select! {
                change = changes.next() => match change {
                    Some(change) => for (_, key, _) in change.changes.iter() {
                        if let Some(subject) = self.keys.subject(&key.0) {
                            self.changed(subject);
                        }
                    },
                    None => return,
                },
                block = blocks.next() => match block {
                    Some(block) => self.block(block.is_new_best, block.tree_route.is_some()),
                    None => return,
                },
                () = tokio::time::sleep(pause) => {},
            }
            let step = tokio::task::spawn_blocking(move || {
                let findings = self.step();
                (self, findings)
            });
            let Ok((follower, findings)) = step.await else {
                log::error!(target: LOG_TARGET, "Following the registry failed: restart the node");
                return;
            };
            self = follower;
            pause = if self.has_work() { BUSY_PAUSE } else { IDLE_PAUSE };
            for root in findings.gone {
                announcer.withdraw(root).await;
            }
            for root in findings.public {
                announcer.announce(root).await;
            }
        }
    }

    fn changed(&mut self, subject: Subject) {
        if self.recent.len() >= RECENT {
            self.recent.pop_front();
        }
        self.recent.push_back(subject);
        self.look_into(subject);
    }

    fn look_into(&mut self, subject: Subject) {
        match subject {
            Subject::Piece(root) => self.urgent.push(root),
            Subject::Asset(asset) => {
                let waits = self.assets.iter().any(|(waiting, start)| *waiting == asset && *start == 0);
                if !waits && self.assets.len() < MAX_WAITING {
                    self.assets.push_back((asset, 0));
                }
            }
        }
    }

    fn block(&mut self, is_new_best: bool, reorganised: bool) {
        if is_new_best {
            self.sweep_due = SWEPT_PER_BLOCK;
        }
        if reorganised {
            for subject in self.recent.clone() {
                self.look_into(subject);
            }
        }
    }

    fn has_work(&self) -> bool {
        self.listing.is_some() || !self.urgent.order.is_empty() || !self.assets.is_empty()
    }

    /// A bounded piece of work. Blocks.
    fn step(&mut self) -> Findings {
        let mut findings = Findings::default();
        if let Err(error) = self.list(&mut findings) {
            self.failures.warn(format_args!("Can't list the pieces of the store: {error}"));
        }
        for _ in 0..PAGES_PER_STEP {
            let Some((asset, start)) = self.assets.pop_front() else { break };
            if let Err(error) = self.asset_page(asset, start, &mut findings) {
                self.failures.warn(format_args!("Can't judge the pieces of asset {}: {error}", asset.0));
            }
        }
        for _ in 0..URGENT_PER_STEP {
            let Some(root) = self.urgent.pop() else { break };
            self.judge(root, &mut findings);
        }
        let due = std::mem::take(&mut self.sweep_due);
        if due > 0 {
            match self.store.pieces(self.sweep_after, due) {
                Ok(page) => {
                    self.sweep_after =
                        (page.len() >= due).then(|| page.last().map(|info| info.piece.root)).flatten();
                    for info in page {
                        self.judge(info.piece.root, &mut findings);
                    }
                }
                Err(error) => {
                    self.failures.warn(format_args!("Can't sweep the pieces of the store: {error}"))
                }
            }
        }
        findings
    }

    /// Finds pieces that came or went, after the store's figures changed.
    fn list(&mut self, findings: &mut Findings) -> Result<(), StoreError> {
        let stats = self.store.stats();
        let stats = Some((stats.pieces, stats.blocks, stats.bytes));
        if self.listing.is_none() && stats != self.last_stats {
            self.last_stats = stats;
            self.listing = Some(Listing::default());
        }
        let Some(mut listing) = self.listing.take() else { return Ok(()) };
        let page = self.store.pieces(listing.after, LISTED_PER_STEP)?;
        for info in &page {
            listing.seen.insert(info.piece.root);
            if !self.known.contains(&info.piece.root) {
                self.urgent.push(info.piece.root);
            }
        }
        match page.last() {
            Some(last) if page.len() >= LISTED_PER_STEP => {
                listing.after = Some(last.piece.root);
                self.listing = Some(listing);
            }
            _ => {
                findings.gone.extend(self.known.difference(&listing.seen));
                self.known = listing.seen;
            }
        }
        Ok(())
    }

    fn asset_page(&mut self, asset: AssetId, start: u32, findings: &mut Findings) -> Result<(), JudgeError> {
        let page = self.registry.revisions(asset, start, PAGE)?;
        self.metrics.access_checks.inc();
        for (root, said) in page.pieces {
            match apply(&self.store, root, said)? {
                Some(Access::Public) => findings.public.push(root),
                Some(Access::Restricted) => findings.gone.push(root),
                None => {}
            }
        }
        if let Some(next) = page.next {
            self.assets.push_back((asset, next));
        }
        Ok(())
    }

    fn judge(&self, root: PieceRoot, findings: &mut Findings) {
        self.metrics.access_checks.inc();
        match judge(&self.store, self.registry.as_ref(), root) {
            Ok(Some(Access::Public)) => findings.public.push(root),
            Ok(Some(Access::Restricted) | None) => findings.gone.push(root),
            Err(error) => {
                self.failures.warn(format_args!("Can't judge piece {}: {error}", hex::encode(root)));
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use std::collections::HashMap;

    use parking_lot::Mutex;
    use stoa_content::StoreOptions;
    use stoa_primitives::{ContentId, Piece};
    use tempfile::TempDir;

    use super::{super::registry::RevisionPage, *};

    #[derive(Default)]
    struct TestRegistry {
        access: Mutex<HashMap<PieceRoot, PieceAccess>>,
        assets: Mutex<HashMap<AssetId, Vec<PieceRoot>>>,
        asked: Mutex<usize>,
    }

    impl Registry for TestRegistry {
        fn access(&self, root: PieceRoot) -> Result<PieceAccess, RegistryError> {
            *self.asked.lock() += 1;
            Ok(self.access.lock().get(&root).copied().unwrap_or(PieceAccess::Unknown))
        }

        fn pieces_of(&self, _: ContentId, _: u32) -> Result<Vec<Piece>, RegistryError> {
            Ok(Vec::new())
        }

        fn revisions(&self, asset: AssetId, start: u32, limit: u32) -> Result<RevisionPage, RegistryError> {
            let roots = self.assets.lock().get(&asset).cloned().unwrap_or_default();
            let roots: Vec<_> = roots.into_iter().skip(start as usize).take(limit as usize).collect();
            let next = (!roots.is_empty()).then_some(start + roots.len() as u32);
            let access = self.access.lock();
            let pieces = roots
                .into_iter()
                .map(|root| (root, access.get(&root).copied().unwrap_or(PieceAccess::Unknown)));
            Ok(RevisionPage { pieces: pieces.collect(), next })
        }
    }

    struct Stage {
        _dir: TempDir,
        store: Store,
        registry: Arc<TestRegistry>,
        follower: AccessFollower,
    }

    impl Stage {
        fn new() -> Self {
            let dir = TempDir::new().unwrap();
            let store = Store::open(dir.path(), StoreOptions { byte_limit: 1 << 30 }).unwrap();
            let registry = Arc::new(TestRegistry::default());
            let metrics = ContentMetrics::new(None).unwrap();
            let follower = AccessFollower::new(store.clone(), registry.clone(), metrics);
            Self { _dir: dir, store, registry, follower }
        }

        fn import(&self, text: &str) -> PieceRoot {
            let dir = TempDir::new().unwrap();
            std::fs::write(dir.path().join("file"), text).unwrap();
            self.store.import_dir(dir.path(), &mut |_| {}).unwrap().piece.root
        }

        fn say(&self, root: PieceRoot, access: PieceAccess) {
            self.registry.access.lock().insert(root, access);
        }

        fn access(&self, root: &PieceRoot) -> Access {
            self.store.piece(root).unwrap().unwrap().access
        }
    }

    #[test]
    fn new_pieces_are_judged_in_the_next_step() {
        let mut stage = Stage::new();
        let root = stage.import("one");
        stage.say(root, PieceAccess::Public);
        assert_eq!(stage.follower.step().public, [root]);
        assert_eq!(stage.access(&root), Access::Public);
        for (text, said) in
            [("two", PieceAccess::Unknown), ("three", PieceAccess::Restricted), ("four", PieceAccess::Denied)]
        {
            let root = stage.import(text);
            stage.say(root, said);
            stage.follower.step();
            assert_eq!(stage.access(&root), Access::Restricted);
        }
    }

    #[test]
    fn take_down_of_a_piece_or_of_its_asset_closes_it_in_the_next_step() {
        let mut stage = Stage::new();
        let roots: Vec<_> = (0..200).map(|index| stage.import(&format!("revision {index}"))).collect();
        for root in &roots {
            stage.say(*root, PieceAccess::Public);
        }
        stage.registry.assets.lock().insert(AssetId(1), roots.clone());
        stage.follower.step();
        assert!(roots.iter().all(|root| stage.access(root) == Access::Public));

        stage.say(roots[0], PieceAccess::Denied);
        stage.follower.changed(Subject::Piece(roots[0]));
        assert_eq!(stage.follower.step().gone, [roots[0]]);
        assert_eq!(stage.access(&roots[0]), Access::Restricted);

        for root in &roots {
            stage.say(*root, PieceAccess::Denied);
        }
        stage.follower.changed(Subject::Asset(AssetId(1)));
        while stage.follower.has_work() {
            stage.follower.step();
        }
        assert!(roots.iter().all(|root| stage.access(root) == Access::Restricted));
    }

    #[test]
    fn sweep_finds_a_missed_change_and_asks_for_a_bounded_number_of_pieces() {
        let mut stage = Stage::new();
        let roots: Vec<_> = (0..300).map(|index| stage.import(&format!("piece {index}"))).collect();
        while stage.follower.has_work() || stage.follower.known.is_empty() {
            stage.follower.step();
        }
        for root in &roots {
            stage.say(*root, PieceAccess::Public);
        }
        for _ in 0..3 {
            *stage.registry.asked.lock() = 0;
            stage.follower.block(true, false);
            stage.follower.step();
            assert!(*stage.registry.asked.lock() <= SWEPT_PER_BLOCK);
        }
        assert!(roots.iter().all(|root| stage.access(root) == Access::Public));
    }

    #[test]
    fn reorganisation_looks_at_recent_changes_again() {
        let mut stage = Stage::new();
        let root = stage.import("one");
        stage.say(root, PieceAccess::Public);
        stage.follower.changed(Subject::Piece(root));
        stage.follower.step();
        stage.say(root, PieceAccess::Restricted);
        stage.follower.block(true, true);
        stage.follower.sweep_due = 0;
        stage.follower.step();
        assert_eq!(stage.access(&root), Access::Restricted);
    }

    #[test]
    fn removed_piece_is_announced_no_more() {
        let mut stage = Stage::new();
        let root = stage.import("one");
        stage.say(root, PieceAccess::Public);
        stage.follower.step();
        stage.store.remove(&root).unwrap();
        assert_eq!(stage.follower.step().gone, [root]);
    }
}

//! The agent over a chain that a test writes.

use std::collections::{BTreeMap, HashMap};

use pallet_storage_proofs::{
    params::Parameters,
    types::{
        Balance, Challenge, Contact, Order, OrderInfo, PeerId as ContactPeer, Replica, ReplicaInfo, Rules,
        Seed, Slot,
    },
};
use parking_lot::Mutex;
use polkadot_sdk::sc_network::{PeerId, ReputationChange};
use stoa_content::{ContentId, Store, StoreOptions};
use stoa_primitives::{possession::verify, registry::PieceAccess};
use stoa_runtime::Hash;
use tempfile::TempDir;

use super::{
    chain::{FaultPage, Purse},
    policy::tests::order,
    submit::SubmitError,
    *,
};
use crate::{
    content_service::registry::{Registry, RegistryError, RevisionPage},
    network::{
        announce::Announcer,
        metrics::ContentMetrics,
        slice::{FetchLimits, PieceFetcher, SliceNetwork},
    },
};

const ME: u8 = 7;

fn account(number: u8) -> AccountId {
    AccountId::new([number; 32])
}

/// What a test says the chain is.
struct World {
    number: BlockNo,
    syncing: bool,
    me: Option<ProviderInfo<AccountId>>,
    window: ChallengeSet,
    orders: BTreeMap<OrderId, OrderInfo<AccountId>>,
    slots: Vec<Slot>,
    access: HashMap<PieceRoot, PieceAccess>,
    contents: Vec<(Piece, ContentId)>,
    faults: Vec<(AccountId, Balance)>,
    free: Balance,
    pool_refuses: bool,
    sent: Vec<(Call, Balance, bool)>,
}

struct TestChain(Mutex<World>);

impl Chain for TestChain {
    fn best(&self) -> At {
        At { hash: Hash::zero(), number: self.0.lock().number }
    }

    fn is_syncing(&self) -> bool {
        self.0.lock().syncing
    }

    fn rules(&self, _: Hash) -> Answer<Rules> {
        Ok(Rules { parameters: Parameters::default(), min_leaf_price: 1, max_leaf_price: u128::MAX })
    }

    fn provider(&self, _: Hash, _: &AccountId) -> Answer<Option<ProviderInfo<AccountId>>> {
        Ok(self.0.lock().me.clone())
    }

    fn challenges(&self, _: Hash, _: &AccountId) -> Answer<Option<ChallengeSet>> {
        Ok(Some(self.0.lock().window.clone()))
    }

    fn open_orders(
        &self,
        _: Hash,
        after: Option<OrderId>,
        limit: u32,
    ) -> Answer<Vec<(OrderId, Order<AccountId>)>> {
        let world = self.0.lock();
        let open = world
            .orders
            .iter()
            .filter(|(id, info)| info.order.open > 0 && after.is_none_or(|after| **id > after));
        Ok(open.map(|(id, info)| (*id, info.order.clone())).take(limit as usize).collect())
    }

    fn proof_set(&self, _: Hash, _: &AccountId, start: u32, limit: u32) -> Answer<Vec<(u32, Slot)>> {
        let slots = self.0.lock().slots.clone();
        Ok((0..).zip(slots).skip(start as usize).take(limit as usize).collect())
    }

    fn order(&self, _: Hash, id: OrderId) -> Answer<Option<OrderInfo<AccountId>>> {
        Ok(self.0.lock().orders.get(&id).cloned())
    }

    fn orders_of_piece(&self, _: Hash, root: PieceRoot) -> Answer<Vec<OrderId>> {
        let world = self.0.lock();
        let named = world.orders.iter().filter(|(_, info)| info.order.piece.root == root);
        Ok(named.map(|(id, _)| *id).collect())
    }

    fn access(&self, _: Hash, root: PieceRoot) -> Answer<PieceAccess> {
        Ok(self.0.lock().access.get(&root).copied().unwrap_or(PieceAccess::Unknown))
    }

    fn is_content(&self, _: Hash, piece: &Piece, content: ContentId) -> Answer<bool> {
        Ok(self.0.lock().contents.contains(&(*piece, content)))
    }

    fn faults(&self, _: Hash, _: Option<&[u8]>, _: usize) -> Answer<FaultPage> {
        Ok(FaultPage { faults: self.0.lock().faults.clone(), next: None })
    }

    fn purse(&self, _: Hash, _: &AccountId) -> Answer<Purse> {
        Ok(Purse { nonce: 0, free: self.0.lock().free })
    }

    fn submit(&self, _: At, call: Call, tip: Balance, replaces: bool) -> Result<(), SubmitError> {
        let mut world = self.0.lock();
        if world.pool_refuses {
            return Err(SubmitError::Pool("full".into()));
        }
        world.sent.push((call, tip, replaces));
        Ok(())
    }
}

struct NoRegistry;

impl Registry for NoRegistry {
    fn access(&self, _: PieceRoot) -> Result<PieceAccess, RegistryError> {
        Ok(PieceAccess::Unknown)
    }

    fn pieces_of(&self, _: ContentId, _: u32) -> Result<Vec<Piece>, RegistryError> {
        Ok(Vec::new())
    }

    fn revisions(
        &self,
        _: stoa_primitives::registry::AssetId,
        _: u32,
        _: u32,
    ) -> Result<RevisionPage, RegistryError> {
        Ok(RevisionPage { pieces: Vec::new(), next: None })
    }
}

struct NoNetwork;

#[async_trait::async_trait]
impl SliceNetwork for NoNetwork {
    async fn request(&self, _: PeerId, _: Vec<u8>) -> Option<Vec<u8>> {
        None
    }

    async fn providers(&self, _: &Piece) -> Vec<PeerId> {
        Vec::new()
    }

    async fn connected(&self) -> Vec<PeerId> {
        Vec::new()
    }

    fn report(&self, _: PeerId, _: ReputationChange) {}
}

/// An agent with its store and its chain.
struct Stage {
    dir: TempDir,
    store: Store,
    chain: Arc<TestChain>,
    agent: Agent,
}

impl Stage {
    /// Must be called inside a runtime, where the fetcher runs.
    fn new(policy: &str) -> Self {
        let dir = TempDir::new().unwrap();
        let store = Store::open(&dir.path().join("store"), StoreOptions { byte_limit: 1 << 30 }).unwrap();
        let window = ChallengeSet {
            window: 3,
            opened_at: 90,
            closes_at: 120,
            next_opens_at: 154,
            duty: Duty::Nothing,
            seed: None,
            challenges: Vec::new(),
        };
        let world = World {
            number: 100,
            syncing: false,
            me: Some(me()),
            window,
            orders: BTreeMap::new(),
            slots: Vec::new(),
            access: HashMap::new(),
            contents: Vec::new(),
            faults: Vec::new(),
            free: 0,
            pool_refuses: false,
            sent: Vec::new(),
        };
        let chain = Arc::new(TestChain(Mutex::new(world)));
        let agent = agent(&dir, &store, chain.clone(), policy);
        Self { dir, store, chain, agent }
    }

    fn world(&self) -> parking_lot::MutexGuard<'_, World> {
        self.chain.0.lock()
    }

    fn import(&self, text: &str) -> Piece {
        let dir = TempDir::new().unwrap();
        std::fs::write(dir.path().join("file"), text.repeat(4_000)).unwrap();
        self.store.import_dir(dir.path(), &mut |_| {}).unwrap().piece
    }

    /// The provider keeps a piece for an order.
    fn keep(&mut self, number: u64, piece: Piece) -> OrderId {
        let id = OrderId(number);
        let mut world = self.world();
        let mut info = order_info(id, piece, 0);
        info.replicas.push(replica(id, 9, 0));
        world.orders.insert(id, info);
        world.slots.push(Slot { order: id, piece });
        let slots = world.slots.len() as u32;
        let me = world.me.as_mut().unwrap();
        (me.pieces, me.leaves) = (slots, me.leaves + piece.leaves());
        id
    }

    /// A window asks for the first leaf of each piece.
    fn ask(&self, seed: Seed) {
        let mut world = self.world();
        let challenges = world.slots.iter().map(|slot| Challenge {
            slot: 0,
            order: slot.order,
            piece: slot.piece,
            leaf: 0,
        });
        let challenges = challenges.collect();
        world.window = ChallengeSet { duty: Duty::Due, seed: Some(seed), challenges, ..world.window.clone() };
        world.me.as_mut().unwrap().gate_opens_at = 121;
    }

    fn step_at(&mut self, number: BlockNo) {
        self.world().number = number;
        self.agent.step();
    }

    fn sent(&self) -> Vec<(Call, Balance, bool)> {
        std::mem::take(&mut self.world().sent)
    }

    /// Runs the fetches that the agent wants, to their end.
    async fn fetch(&mut self) {
        let mut tasks = FuturesUnordered::new();
        self.agent.begin(&mut tasks);
        while let Some(ended) = tasks.next().await {
            self.agent.ended(ended);
        }
    }
}

fn agent(dir: &TempDir, store: &Store, chain: Arc<TestChain>, policy: &str) -> Agent {
    let metrics = ContentMetrics::new(None).unwrap();
    let (fetcher, fetching) =
        PieceFetcher::new(store.clone(), Arc::new(NoNetwork), FetchLimits::default(), metrics);
    tokio::spawn(fetching);
    let content =
        ContentService::new(store.clone(), Arc::new(NoRegistry), fetcher, None, Announcer::silent());
    let pins = Pins::open(dir.path().join("pins")).unwrap();
    let policy = Policy::parse(policy).unwrap();
    Agent::new(chain, content, account(ME), policy, ProviderMetrics::new(None).unwrap(), pins)
}

fn me() -> ProviderInfo<AccountId> {
    ProviderInfo {
        account: account(ME),
        contact: Contact { peer_id: ContactPeer::truncate_from(vec![1; 38]), addresses: Default::default() },
        price: 100,
        next_price: None,
        capacity: 1 << 20,
        leaves: 0,
        pieces: 0,
        stake: 430_000_000_000,
        required_stake: 0,
        proven: 0,
        misses: 0,
        grace: true,
        standing: Standing::Active,
        phase: 1,
        window: 3,
        gate_opens_at: 90,
    }
}

fn order_info(id: OrderId, piece: Piece, open: u32) -> OrderInfo<AccountId> {
    let order = Order { piece, open, active: 1 - open, ..order(1, 0, 1, 500) };
    OrderInfo { id, order, replicas: Vec::new() }
}

fn replica(id: OrderId, left: u32, due_windows: u32) -> ReplicaInfo<AccountId> {
    let replica = Replica { slot: 0, price: 100, counter: 0, earned: 0, left, ends: 100, leaves_at: None };
    ReplicaInfo { order: id, provider: account(ME), replica, due_windows, due: 1 }
}

/// The proofs among calls, with their tips.
fn proofs(sent: &[(Call, Balance, bool)]) -> Vec<(Seed, Balance, bool)> {
    let proof = |(call, tip, replaces): &(Call, Balance, bool)| match call {
        Call::submit_proof { seed, .. } => Some((*seed, *tip, *replaces)),
        _ => None,
    };
    sent.iter().filter_map(proof).collect()
}

#[tokio::test]
async fn a_window_is_proven_at_once_and_again_with_a_tip_until_it_is_in() {
    let mut stage = Stage::new("");
    let piece = stage.import("kept");
    stage.keep(1, piece);
    stage.ask([1; 32]);
    stage.step_at(100);
    let sent = stage.sent();
    let (Call::submit_proof { window, seed, leaves }, 0, false) = &sent[0] else { panic!("{sent:?}") };
    assert_eq!((*window, *seed, leaves.len()), (3, [1; 32], 1));
    assert_eq!(verify(&piece, 0, &leaves[0]), Ok(()));
    stage.step_at(101);
    assert_eq!(proofs(&stage.sent()), []);
    stage.step_at(103);
    let again = proofs(&stage.sent());
    assert!(matches!(again[..], [(_, tip, true)] if tip > 0), "{again:?}");
    stage.world().window.duty = Duty::Nothing;
    stage.step_at(110);
    assert_eq!(proofs(&stage.sent()), []);
}

#[tokio::test]
async fn a_restart_in_the_middle_of_a_window_loses_nothing() {
    let mut stage = Stage::new("");
    let piece = stage.import("kept");
    stage.keep(1, piece);
    stage.ask([1; 32]);
    stage.world().pool_refuses = true;
    stage.step_at(100);
    stage.world().pool_refuses = false;
    stage.agent = agent(&stage.dir, &stage.store, stage.chain.clone(), "");
    stage.step_at(101);
    assert_eq!(proofs(&stage.sent()), [([1; 32], 0, false)]);
}

#[tokio::test]
async fn a_reorg_to_another_seed_or_to_a_block_before_the_proof_is_answered() {
    let mut stage = Stage::new("");
    let piece = stage.import("kept");
    stage.keep(1, piece);
    stage.ask([1; 32]);
    stage.step_at(100);
    stage.sent();
    stage.ask([2; 32]);
    stage.step_at(100);
    assert_eq!(proofs(&stage.sent()), [([2; 32], 0, false)]);
    // It got in, and the block that it was in is gone.
    stage.world().window.duty = Duty::Nothing;
    stage.step_at(104);
    stage.world().window.duty = Duty::Due;
    stage.step_at(103);
    assert_eq!(proofs(&stage.sent()).len(), 1);
}

#[tokio::test]
async fn nothing_is_done_while_the_node_is_far_behind() {
    let mut stage = Stage::new("");
    let piece = stage.import("kept");
    stage.keep(1, piece);
    stage.ask([1; 32]);
    stage.world().syncing = true;
    stage.step_at(100);
    assert_eq!(stage.sent(), []);
}

#[tokio::test]
async fn a_damaged_piece_is_told_and_fetched_anew_where_the_policy_says_so() {
    for (policy, repairs) in [("", 1), ("repair = false", 0)] {
        let mut stage = Stage::new(policy);
        let piece = stage.import("kept");
        stage.keep(1, piece);
        let car = stage.dir.path().join("store/pieces").join(format!("{}.car", hex::encode(piece.root)));
        std::fs::OpenOptions::new().write(true).open(car).unwrap().set_len(100).unwrap();
        stage.ask([1; 32]);
        stage.step_at(100);
        assert_eq!(proofs(&stage.sent()), []);
        assert_eq!(stage.agent.metrics.broken.get(), 1);
        stage.step_at(101);
        assert_eq!(stage.agent.metrics.broken.get(), 1, "it is told once a window");
        assert_eq!(stage.agent.to_repair().len(), repairs, "{policy}");
        assert!(stage.agent.to_repair().is_empty(), "one repair at a time");
    }
}

#[tokio::test]
async fn an_order_within_policy_is_accepted_once_its_piece_was_checked_and_the_gate_is_open() {
    let mut stage = Stage::new("");
    let piece = stage.import("wanted");
    let kept = stage.import("kept");
    stage.keep(1, kept);
    stage.world().orders.insert(OrderId(5), order_info(OrderId(5), piece, 1));
    stage.world().me.as_mut().unwrap().gate_opens_at = 104;
    stage.step_at(100);
    assert_eq!(stage.sent(), []);
    stage.fetch().await;
    stage.step_at(101);
    assert_eq!(stage.sent(), [], "the gate is closed");
    stage.step_at(104);
    assert_eq!(stage.sent(), [(Call::accept { order: OrderId(5) }, 0, false)]);
    stage.step_at(105);
    assert_eq!(stage.sent(), [], "it waits for what it sent");

    stage.world().orders.get_mut(&OrderId(5)).unwrap().replicas.push(replica(OrderId(5), 9, 0));
    stage.world().slots.push(Slot { order: OrderId(5), piece });
    stage.world().me.as_mut().unwrap().pieces = 2;
    stage.step_at(106);
    assert_eq!(stage.agent.metrics.accepted.get(), 1);
    assert!(stage.store.piece(&piece.root).unwrap().unwrap().pinned);
}

#[tokio::test]
async fn no_acceptance_is_sent_right_before_the_next_window() {
    let mut stage = Stage::new("");
    let kept = stage.import("kept");
    stage.keep(1, kept);
    let piece = stage.import("wanted");
    stage.world().orders.insert(OrderId(5), order_info(OrderId(5), piece, 1));
    stage.step_at(149);
    stage.fetch().await;
    stage.step_at(152);
    assert_eq!(stage.sent(), []);
}

#[tokio::test]
async fn orders_against_policy_or_the_chains_rules_are_left_alone() {
    let mut stage = Stage::new("max_piece_mib = 1");
    let piece = stage.import("wanted");
    let with = |change: fn(&mut Order<AccountId>)| {
        let mut info = order_info(OrderId(5), piece, 1);
        change(&mut info.order);
        info
    };
    let bad: [(&str, fn(&mut Order<AccountId>)); 5] = [
        ("named", |order| order.named = vec![account(3)].try_into().unwrap()),
        ("expires", |order| order.expires_at = 101),
        ("price", |order| order.max_price = 99),
        ("size", |order| order.piece.size = 2 << 20),
        ("windows", |order| order.windows = u32::MAX),
    ];
    for (why, change) in bad.into_iter().take(4) {
        stage.world().orders.insert(OrderId(5), with(change));
        stage.agent.follower = Follower::default();
        stage.step_at(100);
        assert!(stage.agent.follower.to_fetch().is_empty(), "{why}");
        assert_eq!(stage.agent.metrics.refused.with_label_values(&[why]).get(), 1, "{why}");
    }
    let refusals: [(&str, fn(&mut ProviderInfo<AccountId>)); 2] =
        [("capacity", |me| me.capacity = 1), ("stake", |me| me.stake = 1)];
    for (why, change) in refusals {
        stage.world().orders.insert(OrderId(5), with(|_| ()));
        stage.world().me = Some(me());
        change(stage.world().me.as_mut().unwrap());
        stage.agent.follower = Follower::default();
        stage.step_at(100);
        assert!(stage.agent.follower.to_fetch().is_empty(), "{why}");
    }
    stage.world().me = Some(ProviderInfo { standing: Standing::Jailed { since: 1 }, ..me() });
    stage.agent.follower = Follower::default();
    stage.step_at(100);
    assert!(stage.agent.follower.to_fetch().is_empty(), "in jail");
}

#[tokio::test]
async fn a_piece_that_does_not_hold_what_its_revision_promises_is_never_accepted() {
    let mut stage = Stage::new("");
    let piece = stage.import("a lie");
    stage.world().access.insert(piece.root, PieceAccess::Public);
    stage.world().orders.insert(OrderId(5), order_info(OrderId(5), piece, 1));
    stage.step_at(100);
    stage.fetch().await;
    stage.step_at(101);
    assert_eq!(stage.sent(), []);
    stage.step_at(90_000);
    assert!(stage.agent.follower.to_fetch().is_empty(), "it isn't tried again");

    let content = stage.store.piece(&piece.root).unwrap().unwrap().content;
    stage.world().contents.push((piece, content));
    stage.agent.follower = Follower::default();
    stage.step_at(102);
    stage.fetch().await;
    stage.step_at(103);
    assert_eq!(stage.sent(), [(Call::accept { order: OrderId(5) }, 0, false)]);
}

#[tokio::test]
async fn a_full_disk_stops_orders_and_not_proofs() {
    let mut stage = Stage::new("");
    let kept = stage.import("kept");
    stage.keep(1, kept);
    let absent = Piece { root: [9; 32], size: 2 << 30 };
    let absent = Piece { size: absent.size.min(900 << 20), ..absent };
    stage.world().orders.insert(OrderId(5), order_info(OrderId(5), absent, 1));
    stage.step_at(100);
    assert_eq!(stage.agent.follower.to_fetch().len(), 1);
    stage.agent.follower.fetched(OrderId(5), Err(PrepareError::Full("the disk is full".into())), 100);
    stage.step_at(101);
    assert!(stage.agent.follower.to_fetch().is_empty());
    stage.ask([1; 32]);
    stage.step_at(102);
    assert_eq!(proofs(&stage.sent()).len(), 1);
    stage.world().window.duty = Duty::Nothing;
    stage.step_at(301);
    assert_eq!(stage.agent.follower.to_fetch().len(), 1, "after a while it is tried again");
}

#[tokio::test]
async fn pieces_that_are_paid_for_are_pinned_and_let_go_when_the_chain_says_so() {
    let mut stage = Stage::new("");
    let (kept, own) = (stage.import("kept"), stage.import("the operator's own"));
    stage.store.pin(&own.root, true).unwrap();
    let id = stage.keep(1, kept);
    stage.step_at(100);
    let pinned = |stage: &Stage, piece: Piece| stage.store.piece(&piece.root).unwrap().unwrap().pinned;
    assert!(pinned(&stage, kept));
    // The set changed under the pass, but the order's replica is still there.
    stage.world().slots.clear();
    stage.step_at(130);
    assert!(pinned(&stage, kept));
    stage.world().orders.remove(&id);
    stage.step_at(160);
    assert!(!pinned(&stage, kept) && pinned(&stage, own));
}

#[tokio::test]
async fn replicas_that_are_over_are_closed_through_the_gate_and_payments_collected_in_time() {
    let mut stage = Stage::new("settle_after = 4");
    let (over, due) = (stage.import("over"), stage.import("due"));
    let (over, due) = (stage.keep(1, over), stage.keep(2, due));
    stage.world().orders.get_mut(&over).unwrap().replicas = vec![replica(over, 3, 3)];
    stage.world().orders.get_mut(&due).unwrap().replicas = vec![replica(due, 9, 4)];
    stage.world().me.as_mut().unwrap().gate_opens_at = 121;
    stage.step_at(100);
    let settle = Call::settle { due: vec![(due, account(ME))].try_into().unwrap() };
    assert_eq!(stage.sent(), [(settle, 0, false)]);
    stage.step_at(125);
    let close = Call::close_replica { order: over, provider: account(ME) };
    assert!(stage.sent().contains(&(close, 0, false)));
}

#[tokio::test]
async fn a_piece_that_was_taken_down_leaves_the_set() {
    let mut stage = Stage::new("");
    let piece = stage.import("denied");
    let id = stage.keep(1, piece);
    stage.world().access.insert(piece.root, PieceAccess::Denied);
    stage.step_at(100);
    let remove = Call::remove_denied { order: id, provider: Some(account(ME)) };
    assert_eq!(stage.sent(), [(remove, 0, false)]);
}

#[tokio::test]
async fn others_faults_are_reported_when_that_pays_and_ones_own_never() {
    let mut stage = Stage::new("min_reward = \"0.000000001\"");
    stage.world().faults = vec![(account(3), 9_999), (account(4), 10_000), (account(ME), 1 << 40)];
    for number in 100..106 {
        stage.step_at(number);
    }
    assert_eq!(stage.sent(), [(Call::report_fault { provider: account(4) }, 0, false)]);
    let mut silent = Stage::new("report = false");
    silent.world().faults = vec![(account(4), 1 << 60)];
    (100..106).for_each(|number| silent.step_at(number));
    assert_eq!(silent.sent(), []);
}

#[tokio::test]
async fn stake_is_topped_up_as_far_as_the_policy_goes() {
    let mut stage = Stage::new("max_top_up = \"0.000000000012\"");
    stage.world().free = 100;
    let short = |stage: &Stage, missing| {
        let mut world = stage.world();
        let me = world.me.as_mut().unwrap();
        me.required_stake = me.stake + missing;
    };
    short(&stage, 10);
    stage.step_at(100);
    assert_eq!(stage.sent(), [(Call::add_stake { amount: 10 }, 0, false)]);
    stage.step_at(101);
    assert_eq!(stage.sent(), [], "it waits for what it sent");
    short(&stage, 3);
    stage.step_at(140);
    assert_eq!(stage.sent(), [], "that is more than the policy allows in all");
}

#[tokio::test]
async fn an_account_that_is_no_provider_only_watches() {
    let mut stage = Stage::new("min_reward = \"0\"");
    stage.world().me = None;
    stage.world().faults = vec![(account(4), 10)];
    (100..106).for_each(|number| stage.step_at(number));
    assert_eq!(stage.sent(), [(Call::report_fault { provider: account(4) }, 0, false)]);
    assert_eq!(stage.agent.metrics.active.get(), 0);
}

//! Servers and fetchers joined by channels instead of a network.

use std::{
    collections::HashMap,
    ops::Range,
    sync::{
        Arc,
        atomic::{AtomicUsize, Ordering},
    },
    time::Duration,
};

use codec::{Decode, Encode};
use futures::channel::oneshot;
use parking_lot::Mutex;
use polkadot_sdk::sc_network::{
    PeerId, ReputationChange,
    request_responses::{IncomingRequest, OutgoingResponse},
};
use stoa_content::{Access, GROUP_SIZE, Piece, Store, StoreOptions};
use tempfile::TempDir;
use tokio::sync::Notify;

use super::{
    config::{MAX_SLICE, REQUEST_TIMEOUT, Refusal, SliceRequest, SliceResponse},
    handle::FetchState,
    server::SliceSource,
    *,
};

fn metrics() -> ContentMetrics {
    ContentMetrics::new(None).unwrap()
}

fn open(dir: &TempDir) -> Store {
    Store::open(dir.path(), StoreOptions { byte_limit: 1 << 30 }).unwrap()
}

/// Noise, so that no two blocks are equal.
fn noise(len: usize) -> Vec<u8> {
    let mut state = 0x9e37_79b9_7f4a_7c15_u64;
    let mut bytes = Vec::with_capacity(len + 8);
    while bytes.len() < len {
        state ^= state << 13;
        state ^= state >> 7;
        state ^= state << 17;
        bytes.extend_from_slice(&state.to_le_bytes());
    }
    bytes.truncate(len);
    bytes
}

/// A store with one public piece of about `len` bytes.
fn publisher(len: usize) -> (TempDir, Store, Piece) {
    let (dir, source) = (TempDir::new().unwrap(), TempDir::new().unwrap());
    std::fs::write(source.path().join("weights.bin"), noise(len)).unwrap();
    let store = open(&dir);
    let piece = store.import_dir(source.path(), &mut |_| {}).unwrap().piece;
    store.set_access(&piece.root, Access::Public).unwrap();
    (dir, store, piece)
}

enum Node {
    /// Answers from a real server, so often.
    Serves(async_channel::Sender<IncomingRequest>, usize),
    /// Never answers.
    Silent,
    /// Answers from a real server, with one bit of the bytes flipped.
    Lies(async_channel::Sender<IncomingRequest>),
}

#[derive(Default)]
struct TestNetwork {
    nodes: HashMap<PeerId, Node>,
    providers: Vec<PeerId>,
    /// Who answers nothing before all of these were asked so often.
    waits: HashMap<PeerId, (Vec<PeerId>, usize)>,
    asked: Mutex<HashMap<PeerId, Vec<Range<u64>>>>,
    news: Notify,
    reported: Mutex<Vec<PeerId>>,
}

impl TestNetwork {
    fn add(&mut self, node: Node) -> PeerId {
        let peer = PeerId::random();
        self.nodes.insert(peer, node);
        peer
    }

    fn serve(&mut self, store: &Store) -> PeerId {
        self.serve_times(store, usize::MAX)
    }

    fn serve_times(&mut self, store: &Store, times: usize) -> PeerId {
        self.add(Node::Serves(server(public(store)), times))
    }

    async fn wait(&self, peer: &PeerId) {
        let Some((others, times)) = self.waits.get(peer) else { return };
        loop {
            let news = self.news.notified();
            if others.iter().all(|other| self.asked(other).len() >= *times) {
                return;
            }
            news.await;
        }
    }

    fn asked(&self, peer: &PeerId) -> Vec<Range<u64>> {
        self.asked.lock().get(peer).cloned().unwrap_or_default()
    }
}

/// A store's public pieces, for everybody.
fn public(store: &Store) -> StoredPieces {
    StoredPieces::new(store.clone(), Arc::new(()))
}

/// Starts a server and returns where its requests go.
fn server(source: impl SliceSource) -> async_channel::Sender<IncomingRequest> {
    let (requests, inbound) = async_channel::bounded(server::INBOUND_QUEUE);
    tokio::spawn(SliceServer::new(inbound, source, metrics()).run());
    requests
}

async fn send(
    server: &async_channel::Sender<IncomingRequest>,
    peer: PeerId,
    payload: Vec<u8>,
) -> oneshot::Receiver<OutgoingResponse> {
    let (pending_response, response) = oneshot::channel();
    server.send(IncomingRequest { peer, payload, pending_response }).await.unwrap();
    response
}

async fn ask(
    server: &async_channel::Sender<IncomingRequest>,
    peer: PeerId,
    payload: Vec<u8>,
) -> Option<Vec<u8>> {
    let response = send(server, peer, payload).await.await.ok()?;
    if let Some(feedback) = response.sent_feedback {
        feedback.send(()).ok();
    }
    response.result.ok()
}

#[async_trait::async_trait]
impl SliceNetwork for TestNetwork {
    async fn request(&self, peer: PeerId, request: Vec<u8>) -> Option<Vec<u8>> {
        let range = SliceRequest::decode(&mut request.as_slice()).unwrap().range().unwrap();
        let before = {
            let mut asked = self.asked.lock();
            let asked = asked.entry(peer).or_default();
            asked.push(range);
            asked.len() - 1
        };
        self.news.notify_waiters();
        self.wait(&peer).await;
        match self.nodes.get(&peer)? {
            Node::Serves(server, times) if before < *times => ask(server, PeerId::random(), request).await,
            Node::Serves(..) => None,
            Node::Silent => std::future::pending().await,
            Node::Lies(server) => {
                let mut answer = ask(server, PeerId::random(), request).await?;
                *answer.last_mut()? ^= 1;
                Some(answer)
            }
        }
    }

    async fn providers(&self, _: &Piece) -> Vec<PeerId> {
        self.providers.clone()
    }

    async fn connected(&self) -> Vec<PeerId> {
        self.nodes.keys().copied().collect()
    }

    fn report(&self, peer: PeerId, change: ReputationChange) {
        assert!(change.value < 0);
        self.reported.lock().push(peer);
    }
}

/// Long enough for a slow machine, and for all the rests that a fetcher takes from a peer.
const PATIENT: FetchLimits =
    FetchLimits { overall: Duration::from_secs(600), no_progress: Duration::from_secs(60) };

fn fetcher(
    store: &Store,
    network: &Arc<TestNetwork>,
    limits: FetchLimits,
) -> (PieceFetcher, tokio::task::JoinHandle<()>) {
    let (fetcher, task) = PieceFetcher::new(store.clone(), network.clone(), limits, metrics());
    (fetcher, tokio::spawn(task))
}

/// Fetches, and waits until the fetcher let the store go.
async fn fetch(
    store: &Store,
    network: &Arc<TestNetwork>,
    piece: Piece,
) -> Result<stoa_content::PieceInfo, FetchError> {
    fetch_within(store, network, piece, PATIENT).await
}

async fn fetch_within(
    store: &Store,
    network: &Arc<TestNetwork>,
    piece: Piece,
    limits: FetchLimits,
) -> Result<stoa_content::PieceInfo, FetchError> {
    let (fetcher, task) = fetcher(store, network, limits);
    let result = fetcher.fetch(piece, Vec::new()).unwrap().outcome(&mut |_| {}).await;
    drop(fetcher);
    task.await.unwrap();
    result
}

fn same_bytes(one: &Store, other: &Store, piece: &Piece) -> bool {
    let range = 0..piece.size.min(MAX_SLICE);
    one.read_slice(&piece.root, range.clone()).unwrap() == other.read_slice(&piece.root, range).unwrap()
}

const MIB: usize = 1 << 20;

#[tokio::test]
async fn piece_comes_from_several_peers_at_once() {
    let (_dir, store, piece) = publisher(24 * MIB + 12_345);
    let mut network = TestNetwork::default();
    let peers: Vec<_> = (0..3).map(|_| network.serve(&store)).collect();
    // Nobody answers before each of them has a request.
    network.waits = peers.iter().map(|peer| (*peer, (peers.clone(), 1))).collect();
    let network = Arc::new(network);
    let here = TempDir::new().unwrap();
    let mine = open(&here);
    let started = tokio::time::Instant::now();

    let info = fetch(&mine, &network, piece).await.unwrap();

    assert_eq!(info.piece, piece);
    assert_eq!(info.access, Access::Restricted);
    assert!(same_bytes(&store, &mine, &piece));
    assert!(started.elapsed() < REQUEST_TIMEOUT, "nobody waited in vain");
}

#[tokio::test]
async fn silent_peer_loses_its_ranges_to_others() {
    let (_dir, store, piece) = publisher(6 * MIB);
    let mut network = TestNetwork::default();
    let silent = network.add(Node::Silent);
    network.serve(&store);
    network.providers.push(silent);
    let network = Arc::new(network);
    let here = TempDir::new().unwrap();

    let started = tokio::time::Instant::now();
    fetch(&open(&here), &network, piece).await.unwrap();

    assert!(!network.asked(&silent).is_empty());
    assert!(started.elapsed() < REQUEST_TIMEOUT, "nobody waited for the silent peer's time-out");
}

#[tokio::test]
async fn liar_is_reported_and_asked_no_more() {
    let (_dir, store, piece) = publisher(8 * MIB);
    let mut network = TestNetwork::default();
    let liar = network.add(Node::Lies(server(public(&store))));
    network.serve(&store);
    let network = Arc::new(network);
    let here = TempDir::new().unwrap();
    let mine = open(&here);

    fetch(&mine, &network, piece).await.unwrap();

    assert!(same_bytes(&store, &mine, &piece));
    assert_eq!(*network.reported.lock(), [liar]);
    assert_eq!(network.asked(&liar).len(), 1);
}

#[tokio::test]
async fn piece_arrives_when_a_peer_disappears_half_way() {
    let (_dir, store, piece) = publisher(16 * MIB);
    let mut network = TestNetwork::default();
    let leaver = network.serve_times(&store, 5);
    let other = network.serve(&store);
    network.waits.insert(other, (vec![leaver], 6));
    let network = Arc::new(network);
    let here = TempDir::new().unwrap();
    let mine = open(&here);

    fetch(&mine, &network, piece).await.unwrap();

    assert!(same_bytes(&store, &mine, &piece));
    assert!(network.reported.lock().is_empty(), "leaving is no offence");
}

#[tokio::test]
async fn fetch_goes_on_where_it_stopped_after_a_restart() {
    let (_dir, store, piece) = publisher(8 * MIB);
    let here = TempDir::new().unwrap();
    let mut first = TestNetwork::default();
    first.serve_times(&store, 4);
    {
        let limits = FetchLimits { no_progress: Duration::from_secs(3), ..PATIENT };
        let error = fetch_within(&open(&here), &Arc::new(first), piece, limits).await.unwrap_err();
        assert!(matches!(error, FetchError::NotFound | FetchError::Stalled { .. }), "{error}");
    }

    let mut second = TestNetwork::default();
    let peer = second.serve(&store);
    let second = Arc::new(second);
    fetch(&open(&here), &second, piece).await.unwrap();

    let asked: u64 = second.asked(&peer).iter().map(|range| range.end - range.start).sum();
    assert_eq!(asked, piece.size - 4 * MAX_SLICE);
}

#[tokio::test]
async fn fetch_from_nobody_ends_soon_and_from_the_silent_ends_at_its_limits() {
    let (_dir, _store, piece) = publisher(MIB);
    let here = TempDir::new().unwrap();
    let mine = open(&here);
    let error = fetch(&mine, &Arc::new(TestNetwork::default()), piece).await.unwrap_err();
    assert!(matches!(error, FetchError::NotFound), "{error}");

    let mut network = TestNetwork::default();
    for _ in 0..40 {
        network.add(Node::Silent);
    }
    let network = Arc::new(network);
    let short = Duration::from_secs(2);
    for limits in [FetchLimits { no_progress: short, ..PATIENT }, FetchLimits { overall: short, ..PATIENT }] {
        let started = tokio::time::Instant::now();
        let error = fetch_within(&mine, &network, piece, limits).await.unwrap_err();
        match error {
            FetchError::Stalled { .. } => assert_eq!(limits.no_progress, short),
            FetchError::Deadline { .. } => assert_eq!(limits.overall, short),
            other => panic!("{other}"),
        }
        assert!(started.elapsed() >= short && started.elapsed() < REQUEST_TIMEOUT);
    }
}

#[tokio::test]
async fn piece_is_fetched_once_however_many_ask() {
    let (_dir, store, piece) = publisher(4 * MIB);
    let mut network = TestNetwork::default();
    let peer = network.serve(&store);
    let network = Arc::new(network);
    let here = TempDir::new().unwrap();
    let (fetcher, _task) = fetcher(&open(&here), &network, PATIENT);

    let fetches: Vec<_> = (0..20).map(|_| fetcher.fetch(piece, Vec::new()).unwrap()).collect();
    for fetch in fetches {
        assert_eq!(fetch.outcome(&mut |_| {}).await.unwrap().piece, piece);
    }

    let asked: u64 = network.asked(&peer).iter().map(|range| range.end - range.start).sum();
    assert_eq!(asked, piece.size);
}

#[tokio::test]
async fn cancelled_fetch_makes_room_and_the_next_one_succeeds() {
    let (_dir, store, piece) = publisher(4 * MIB);
    let mut network = TestNetwork::default();
    let silent = network.add(Node::Silent);
    let network = Arc::new(network);
    let here = TempDir::new().unwrap();
    let mine = open(&here);
    let (fetcher, _task) = fetcher(&mine, &network, PATIENT);
    let mut first = fetcher.fetch(piece, vec![silent]).unwrap();
    while !matches!(first.changed().await, FetchState::Running(_)) {}
    drop(first);

    let mut other = TestNetwork::default();
    other.serve(&store);
    let (second, _task) = self::fetcher(&mine, &Arc::new(other), PATIENT);
    // The first fetch lets the piece go as soon as its task runs.
    while mine.receive(piece).is_err() {
        tokio::task::yield_now().await;
    }
    second.fetch(piece, Vec::new()).unwrap().outcome(&mut |_| {}).await.unwrap();
}

#[tokio::test]
async fn peers_that_have_nothing_are_passed_over() {
    let (_dir, store, piece) = publisher(2 * MIB);
    let empty = TempDir::new().unwrap();
    let empty = open(&empty);
    let mut network = TestNetwork::default();
    for _ in 0..20 {
        network.serve(&empty);
    }
    network.serve(&store);
    let here = TempDir::new().unwrap();
    fetch(&open(&here), &Arc::new(network), piece).await.unwrap();
}

fn request(piece: &Piece, range: Range<u64>) -> Vec<u8> {
    SliceRequest::new(piece, &range).unwrap().encode()
}

fn refused(answer: &[u8]) -> Option<Refusal> {
    match SliceResponse::decode(&mut &*answer).unwrap() {
        SliceResponse::Refused(refusal) => Some(refusal),
        SliceResponse::Slice(_) => None,
    }
}

#[tokio::test]
async fn restricted_piece_and_wrong_size_read_as_absent() {
    let (_dir, store, piece) = publisher(MIB);
    let server = server(public(&store));
    let peer = PeerId::random();
    let good = request(&piece, 0..GROUP_SIZE);
    assert_eq!(refused(&ask(&server, peer, good.clone()).await.unwrap()), None);
    let resized = request(&Piece { size: piece.size + GROUP_SIZE, ..piece }, 0..GROUP_SIZE);
    assert_eq!(refused(&ask(&server, peer, resized).await.unwrap()), Some(Refusal::Absent));
    let other = request(&Piece { root: [0; 32], ..piece }, 0..GROUP_SIZE);
    assert_eq!(refused(&ask(&server, peer, other).await.unwrap()), Some(Refusal::Absent));
    store.set_access(&piece.root, Access::Restricted).unwrap();
    assert_eq!(refused(&ask(&server, peer, good).await.unwrap()), Some(Refusal::Absent));
}

#[tokio::test]
async fn strangers_get_nothing_where_there_is_a_list() {
    let (server, inbound) = async_channel::bounded(server::INBOUND_QUEUE);
    let member = PeerId::random();
    let slices = SliceServer::new(inbound, Counting(Arc::default()), metrics());
    tokio::spawn(slices.allow(Some([member].into())).run());
    let asked = request(&ANY, 0..GROUP_SIZE);
    assert!(send(&server, PeerId::random(), asked.clone()).await.await.unwrap().result.is_err());
    assert_eq!(refused(&ask(&server, member, asked).await.unwrap()), None);
}

#[tokio::test]
async fn malformed_requests_cost_reputation() {
    let (_dir, store, piece) = publisher(MIB);
    let server = server(public(&store));
    let peer = PeerId::random();
    let mut trailing = request(&piece, 0..GROUP_SIZE);
    trailing.push(0);
    let unknown_version = [vec![9], request(&piece, 0..GROUP_SIZE)].concat();
    for bad in [Vec::new(), trailing, unknown_version, vec![1; 1000]] {
        let response = send(&server, peer, bad).await.await.unwrap();
        assert!(response.result.is_err());
        assert!(response.reputation_changes.iter().all(|change| change.value < 0));
        assert_eq!(response.reputation_changes.len(), 1);
    }
    let response = send(&server, peer, request(&piece, 1..GROUP_SIZE)).await.await.unwrap();
    assert_eq!(refused(&response.result.unwrap()), Some(Refusal::Range));
    assert_eq!(response.reputation_changes.len(), 1);
}

/// Counts its reads.
struct Counting(Arc<AtomicUsize>);

impl SliceSource for Counting {
    fn answer(&self, _: &PeerId, _: &SliceRequest) -> Result<Vec<u8>, Refusal> {
        self.0.fetch_add(1, Ordering::SeqCst);
        Ok(SliceResponse::Slice(vec![0; 1000]).encode())
    }
}

const ANY: Piece = Piece { root: [1; 32], size: 10 * MAX_SLICE };

#[tokio::test]
async fn peer_that_floods_and_never_reads_is_held_back_and_others_are_served() {
    let reads = Arc::new(AtomicUsize::new(0));
    let server = server(Counting(reads.clone()));
    let flooder = PeerId::random();
    // The answers are kept, and their feedback with them: nothing is ever read.
    let mut unread = Vec::new();
    for _ in 0..2_000 {
        unread.push(send(&server, flooder, request(&ANY, 0..GROUP_SIZE)).await);
    }
    for _ in 0..50 {
        let modest = PeerId::random();
        let answer = ask(&server, modest, request(&ANY, 0..GROUP_SIZE)).await.unwrap();
        assert_eq!(refused(&answer), None);
    }
    assert!(reads.load(Ordering::SeqCst) < 50 + 10, "the flooder's share of reads is small");
    let busy = unread
        .iter_mut()
        .filter_map(|answer| answer.try_recv().ok().flatten())
        .filter(|answer| answer.result.as_ref().is_ok_and(|answer| refused(answer) == Some(Refusal::Busy)))
        .count();
    assert!(busy > 1_900, "the rest of the flood was told to wait: {busy}");
}

#[tokio::test]
async fn server_recovers_from_peers_that_never_read() {
    let (server, inbound) = async_channel::bounded(server::INBOUND_QUEUE);
    let mut slices = SliceServer::new(inbound, Counting(Arc::default()), metrics());
    slices.write_timeout = Duration::from_millis(50);
    tokio::spawn(slices.run());
    let mut unread = Vec::new();
    for _ in 0..100 {
        let peer = PeerId::random();
        for _ in 0..10 {
            unread.push(send(&server, peer, request(&ANY, 0..GROUP_SIZE)).await);
        }
    }
    let answer = ask(&server, PeerId::random(), request(&ANY, 0..GROUP_SIZE));
    let answer = tokio::time::timeout(REQUEST_TIMEOUT, answer).await.unwrap().unwrap();
    assert_eq!(refused(&answer), None);
}

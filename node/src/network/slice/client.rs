//! Fetches one piece from many peers.

use std::{
    collections::{HashMap, HashSet},
    ops::Range,
    sync::Arc,
    time::Duration,
};

use codec::Encode;
use futures::{StreamExt, future::BoxFuture, stream::FuturesUnordered};
use parking_lot::RwLock;
use polkadot_sdk::sc_network::{PeerId, ReputationChange};
use stoa_content::{Piece, PieceInfo, PieceReceive, SliceError, Store, StoreError};
use tokio::{
    sync::watch,
    time::{Instant, sleep_until, timeout},
};

use super::{
    config::{REQUEST_TIMEOUT, Refusal, SliceRequest, SliceResponse},
    handle::{FetchError, FetchState, Progress},
    schedule::Schedule,
};
use crate::network::metrics::ContentMetrics;

/// Requests in flight, of one fetch.
const MAX_IN_FLIGHT: usize = 32;
/// Requests in flight to one peer.
const MAX_WINDOW: usize = 8;
/// Failures in a row, in time and not in number of requests, after which a peer is left alone.
const MAX_STRIKES: u32 = 3;
/// Peers that one fetch knows.
const MAX_PEERS: usize = 64;
/// How long a peer that is busy, or failed, is left alone at first.
const FIRST_REST: Duration = Duration::from_millis(200);
/// And at most.
const LONGEST_REST: Duration = Duration::from_secs(5);
/// Our own end of a request: the networking stack forgets one of two requests that wait for the same dial.
const ATTEMPT_TIMEOUT: Duration = REQUEST_TIMEOUT.saturating_add(Duration::from_secs(2));
/// How often peers are looked for while there are none.
const SEARCH_INTERVAL: Duration = Duration::from_secs(3);
/// How often they are looked for while there are some.
const REFRESH_INTERVAL: Duration = Duration::from_secs(30);
/// Searches without a single peer that has the piece, after which it counts as nowhere to be had.
const EMPTY_SEARCHES: u32 = 3;

const WRONG_SLICE: ReputationChange =
    ReputationChange::new_fatal("Slice doesn't verify against its piece's root");
const MALFORMED: ReputationChange = ReputationChange::new(-(1 << 16), "Malformed slice response");

/// What a fetch needs of the network.
#[async_trait::async_trait]
pub trait SliceNetwork: Send + Sync + 'static {
    /// Sends an encoded request, dialling the peer when it isn't connected; `None` when no answer came.
    async fn request(&self, peer: PeerId, request: Vec<u8>) -> Option<Vec<u8>>;
    /// Peers that announced the piece.
    async fn providers(&self, piece: &Piece) -> Vec<PeerId>;
    /// Peers that are connected.
    async fn connected(&self) -> Vec<PeerId>;
    /// Changes a peer's reputation.
    fn report(&self, peer: PeerId, change: ReputationChange);
}

/// When a fetch gives up.
#[derive(Clone, Copy, Debug)]
pub struct FetchLimits {
    /// Time for the whole piece.
    pub overall: Duration,
    /// Time without a single new byte.
    pub no_progress: Duration,
}

impl Default for FetchLimits {
    fn default() -> Self {
        Self { overall: Duration::from_secs(24 * 3600), no_progress: Duration::from_secs(60) }
    }
}

/// How one request ended.
enum Answer {
    Accepted,
    Absent,
    Busy,
    Failed,
    Wrong(ReputationChange),
    Local(StoreError),
}

struct Attempt {
    peer: PeerId,
    range: Range<u64>,
    started: Instant,
    answer: Answer,
}

struct Peer {
    in_flight: usize,
    window: usize,
    strikes: u32,
    last_strike: Option<Instant>,
    rest: Duration,
    rests_until: Option<Instant>,
}

impl Peer {
    fn new() -> Self {
        // One at first: the networking stack keeps a single request per peer that it has to dial.
        Self { in_flight: 0, window: 1, strikes: 0, last_strike: None, rest: FIRST_REST, rests_until: None }
    }

    fn ready(&self, now: Instant) -> bool {
        self.in_flight < self.window && self.rests_until.is_none_or(|until| until <= now)
    }

    fn rewarded(&mut self) {
        self.window = self.window.saturating_add(1).min(MAX_WINDOW);
        self.strikes = 0;
        self.rest = FIRST_REST;
    }

    fn slowed(&mut self, now: Instant) {
        self.window = self.window.div_euclid(2).max(1);
        self.rests_until = now.checked_add(self.rest);
        self.rest = self.rest.saturating_mul(2).min(LONGEST_REST);
    }

    /// True when it was the last straw. Requests that fail together count once.
    fn struck(&mut self, started: Instant, now: Instant) -> bool {
        if self.last_strike.is_none_or(|last| started >= last) {
            self.strikes = self.strikes.saturating_add(1);
            self.last_strike = Some(now);
        }
        self.slowed(now);
        self.strikes >= MAX_STRIKES
    }
}

/// Where verified bytes go; empty before it was opened and after it was finished.
#[derive(Default)]
struct Slot(RwLock<Option<PieceReceive>>);

/// One fetch under way.
pub(super) struct PieceFetch<N> {
    pub(super) store: Store,
    pub(super) network: Arc<N>,
    pub(super) piece: Piece,
    pub(super) hints: Vec<PeerId>,
    anew: bool,
    pub(super) limits: FetchLimits,
    pub(super) state: Arc<watch::Sender<FetchState>>,
    pub(super) metrics: ContentMetrics,
    slot: Arc<Slot>,
}

impl<N: SliceNetwork> PieceFetch<N> {
    #[expect(clippy::too_many_arguments, reason = "called once, with all that a fetch has")]
    pub(super) fn new(
        store: Store,
        network: Arc<N>,
        piece: Piece,
        hints: Vec<PeerId>,
        anew: bool,
        limits: FetchLimits,
        state: Arc<watch::Sender<FetchState>>,
        metrics: ContentMetrics,
    ) -> Self {
        Self { store, network, piece, hints, anew, limits, state, metrics, slot: Arc::default() }
    }

    pub(super) async fn run(&self) -> Result<PieceInfo, FetchError> {
        let (store, piece, slot, anew) = (self.store.clone(), self.piece, self.slot.clone(), self.anew);
        let opened = blocking(move || {
            let mut slot = slot.0.write();
            if let Some(info) = store.piece(&piece.root)?.filter(|info| !anew || info.piece != piece) {
                return Ok(Err(info));
            }
            let receive = store.receive(piece)?;
            let missing = receive.missing();
            *slot = Some(receive);
            Ok(Ok(missing))
        })
        .await?;
        let missing = match opened {
            Ok(missing) => missing,
            Err(info) if info.piece == piece => return Ok(info),
            Err(info) => return Err(FetchError::OtherSize { here: info.piece.size, asked: piece.size }),
        };
        Transfer::new(self, missing).run().await?;
        let slot = self.slot.clone();
        let finished = blocking(move || slot.0.write().take().map(PieceReceive::finish).transpose()).await?;
        finished.ok_or(FetchError::Stopped)
    }

    /// Lets go of what was received, for the next fetch of the piece, after `run` was dropped.
    pub(super) async fn release(&self) {
        let slot = self.slot.clone();
        // Blocking tasks that `run` left behind hold the lock until they are done.
        if blocking(move || Ok(drop(slot.0.write().take()))).await.is_err() {
            log::debug!(target: crate::network::LOG_TARGET, "The node shut down while a fetch was cancelled");
        }
    }
}

/// Runs disk work where it may block.
pub(super) async fn blocking<T: Send + 'static>(
    work: impl FnOnce() -> Result<T, StoreError> + Send + 'static,
) -> Result<T, FetchError> {
    match tokio::task::spawn_blocking(work).await {
        Ok(result) => result.map_err(FetchError::from),
        Err(_) => Err(FetchError::Stopped),
    }
}

struct Transfer<'a, N> {
    fetch: &'a PieceFetch<N>,
    schedule: Schedule,
    peers: HashMap<PeerId, Peer>,
    shunned: HashSet<PeerId>,
    attempts: FuturesUnordered<BoxFuture<'static, Attempt>>,
    searches: FuturesUnordered<BoxFuture<'static, Vec<PeerId>>>,
    empty_searches: u32,
}

impl<'a, N: SliceNetwork> Transfer<'a, N> {
    fn new(fetch: &'a PieceFetch<N>, missing: Vec<Range<u64>>) -> Self {
        Self {
            fetch,
            schedule: Schedule::new(missing),
            peers: HashMap::new(),
            shunned: HashSet::new(),
            attempts: FuturesUnordered::new(),
            searches: FuturesUnordered::new(),
            empty_searches: 0,
        }
    }

    async fn run(mut self) -> Result<(), FetchError> {
        let started = Instant::now();
        let deadline = started.checked_add(self.fetch.limits.overall);
        let mut last_progress = started;
        let mut next_search = started;
        self.meet(self.fetch.hints.clone());
        self.tell();
        while self.schedule.remaining() > 0 {
            let now = Instant::now();
            if deadline.is_some_and(|deadline| deadline <= now) {
                return Err(FetchError::Deadline { missing: self.schedule.remaining() });
            }
            let stalls_at = last_progress.checked_add(self.fetch.limits.no_progress);
            if stalls_at.is_some_and(|at| at <= now) {
                return Err(FetchError::Stalled { missing: self.schedule.remaining() });
            }
            if next_search <= now && self.searches.is_empty() {
                self.search();
            }
            self.ask(now);
            let resting =
                self.peers.values().filter_map(|peer| peer.rests_until).filter(|until| *until > now).min();
            let searching = self.searches.is_empty().then_some(next_search);
            let slow = self.schedule.next_slow().filter(|at| *at > now);
            let wakes = [deadline, stalls_at, resting, searching, slow].into_iter().flatten().min();
            let wakes = wakes.or_else(|| now.checked_add(SEARCH_INTERVAL)).unwrap_or(now);

            tokio::select! {
                Some(attempt) = self.attempts.next() => if self.settle(attempt)? {
                    last_progress = Instant::now();
                    self.tell();
                },
                Some(found) = self.searches.next() => {
                    self.meet(found);
                    if self.searches.is_empty() {
                        next_search = self.searched()?;
                    }
                },
                () = sleep_until(wakes) => {},
            }
            // A lost peer may have been the last one: look for others sooner.
            if self.peers.is_empty() && self.searches.is_empty() {
                next_search =
                    next_search.min(Instant::now().checked_add(SEARCH_INTERVAL).unwrap_or(next_search));
            }
        }
        Ok(())
    }

    fn tell(&self) {
        let size = self.fetch.piece.size;
        let done = size.saturating_sub(self.schedule.remaining());
        let peers = u32::try_from(self.peers.len()).unwrap_or(u32::MAX);
        self.fetch.state.send_replace(FetchState::Running(Progress { done, size, peers }));
    }

    /// Asks the network for peers, in two ways at once.
    fn search(&self) {
        let (providers, connected) = (self.fetch.network.clone(), self.fetch.network.clone());
        let (piece, hints) = (self.fetch.piece, self.fetch.hints.clone());
        self.searches.push(Box::pin(async move {
            let mut found = hints;
            found.extend(providers.providers(&piece).await);
            found
        }));
        self.searches.push(Box::pin(async move { connected.connected().await }));
    }

    /// A search ended; says when the next one is due.
    fn searched(&mut self) -> Result<Instant, FetchError> {
        let usable = !self.peers.is_empty();
        self.empty_searches = if usable { 0 } else { self.empty_searches.saturating_add(1) };
        if self.empty_searches >= EMPTY_SEARCHES {
            return Err(FetchError::NotFound);
        }
        let interval = if usable { REFRESH_INTERVAL } else { SEARCH_INTERVAL };
        let now = Instant::now();
        Ok(now.checked_add(interval).unwrap_or(now))
    }

    fn meet(&mut self, found: Vec<PeerId>) {
        for peer in found {
            if self.peers.len() < MAX_PEERS && !self.shunned.contains(&peer) {
                self.peers.entry(peer).or_insert_with(Peer::new);
            }
        }
    }

    fn ask(&mut self, now: Instant) {
        while self.attempts.len() < MAX_IN_FLIGHT {
            let mut ready: Vec<_> = self.peers.iter().filter(|(_, peer)| peer.ready(now)).collect();
            ready.sort_by_key(|(_, peer)| peer.in_flight);
            let ready: Vec<_> = ready.into_iter().map(|(id, _)| *id).collect();
            let next = ready.into_iter().find_map(|id| Some((id, self.schedule.next(id, now)?)));
            let Some((id, range)) = next else { return };
            if let Some(peer) = self.peers.get_mut(&id) {
                peer.in_flight = peer.in_flight.saturating_add(1);
            }
            self.attempts.push(attempt(
                self.fetch.network.clone(),
                self.fetch.slot.clone(),
                self.fetch.piece,
                id,
                range,
            ));
        }
    }

    /// True when bytes were won.
    fn settle(&mut self, attempt: Attempt) -> Result<bool, FetchError> {
        let Attempt { peer: id, range, started, answer } = attempt;
        let now = Instant::now();
        if let Some(peer) = self.peers.get_mut(&id) {
            peer.in_flight = peer.in_flight.saturating_sub(1);
        }
        if !matches!(answer, Answer::Accepted) {
            self.schedule.give_back(&range, id);
        }
        match answer {
            Answer::Accepted => {
                if let Some(peer) = self.peers.get_mut(&id) {
                    peer.rewarded();
                }
                self.empty_searches = 0;
                let won = self.schedule.done(&range);
                if won {
                    self.fetch.metrics.fetched_bytes.inc_by(range.end.saturating_sub(range.start));
                }
                return Ok(won);
            }
            // It may have the piece by the time of the next search.
            Answer::Absent => {
                self.peers.remove(&id);
            }
            Answer::Busy => {
                if let Some(peer) = self.peers.get_mut(&id) {
                    peer.slowed(now);
                }
            }
            Answer::Failed => {
                if self.peers.get_mut(&id).is_some_and(|peer| peer.struck(started, now)) {
                    self.shun(id);
                }
            }
            Answer::Wrong(change) => {
                self.fetch.network.report(id, change);
                self.shun(id);
            }
            Answer::Local(error) => return Err(error.into()),
        }
        Ok(false)
    }

    fn shun(&mut self, id: PeerId) {
        self.peers.remove(&id);
        self.shunned.insert(id);
    }
}

fn attempt<N: SliceNetwork>(
    network: Arc<N>,
    slot: Arc<Slot>,
    piece: Piece,
    peer: PeerId,
    range: Range<u64>,
) -> BoxFuture<'static, Attempt> {
    Box::pin(async move {
        let started = Instant::now();
        let answer = exchange(network.as_ref(), slot, &piece, peer, range.clone()).await;
        Attempt { peer, range, started, answer }
    })
}

async fn exchange<N: SliceNetwork>(
    network: &N,
    slot: Arc<Slot>,
    piece: &Piece,
    peer: PeerId,
    range: Range<u64>,
) -> Answer {
    let Some(request) = SliceRequest::new(piece, &range) else { return Answer::Failed };
    let Ok(Some(response)) = timeout(ATTEMPT_TIMEOUT, network.request(peer, request.encode())).await else {
        return Answer::Failed;
    };
    let settle = move || {
        let slice = match SliceResponse::open(&response) {
            Ok(Ok(slice)) => slice,
            Ok(Err(Refusal::Absent)) => return Answer::Absent,
            Ok(Err(Refusal::Busy)) => return Answer::Busy,
            Ok(Err(Refusal::Range)) | Err(_) => return Answer::Wrong(MALFORMED),
        };
        match slot.0.read().as_ref().map(|receive| receive.accept(range, slice)) {
            Some(Ok(())) => Answer::Accepted,
            Some(Err(SliceError::Store(error))) => Answer::Local(error),
            Some(Err(_)) => Answer::Wrong(WRONG_SLICE),
            None => Answer::Failed,
        }
    };
    tokio::task::spawn_blocking(settle).await.unwrap_or(Answer::Failed)
}

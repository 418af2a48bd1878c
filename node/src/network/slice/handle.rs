//! Asks for pieces: one fetch per piece however many ask, and a few fetches at a time.

use std::{collections::HashMap, future::Future, sync::Arc};

use futures::{StreamExt, stream::FuturesUnordered};
use parking_lot::Mutex;
use polkadot_sdk::sc_network::PeerId;
use stoa_content::{Piece, PieceInfo, Store, StoreError};
use tokio::sync::{mpsc, watch};

use super::client::{FetchLimits, PieceFetch, SliceNetwork};
use crate::network::metrics::ContentMetrics;

/// Fetches at once.
const MAX_RUNNING: usize = 4;
/// Fetches that wait for their turn.
const MAX_WAITING: usize = 256;

/// Why a piece couldn't be fetched.
#[derive(Clone, Debug, thiserror::Error)]
pub enum FetchError {
    /// No peer has it.
    #[error("no peer that can be reached has the piece: try again when its owner's node is online")]
    NotFound,
    /// Nothing came for too long.
    #[error(
        "no peer sent anything for too long and {missing} bytes are missing: what came is kept, try again later"
    )]
    Stalled {
        /// Bytes that are missing.
        missing: u64,
    },
    /// It took too long.
    #[error("the fetch took too long and {missing} bytes are missing: what came is kept, try again to go on")]
    Deadline {
        /// Bytes that are missing.
        missing: u64,
    },
    /// The store has the same root with another size, which no honest announcement can say.
    #[error("the piece is {here} bytes long, not {asked}: the size that was asked for is wrong")]
    OtherSize {
        /// Its size.
        here: u64,
        /// The size that was asked for.
        asked: u64,
    },
    /// Too much waits already.
    #[error("{MAX_WAITING} fetches wait already: try again when some of them are done")]
    TooMany,
    /// The content isn't what it should be, or is more than may be fetched this way.
    #[error("{0}")]
    Content(String),
    /// The store failed.
    #[error(transparent)]
    Store(#[from] Arc<StoreError>),
    /// The node shuts down.
    #[error("the node shuts down")]
    Stopped,
}

impl From<StoreError> for FetchError {
    fn from(error: StoreError) -> Self {
        Self::Store(Arc::new(error))
    }
}

impl FetchError {
    /// The outcome as a label.
    pub fn label(&self) -> &'static str {
        match self {
            Self::NotFound => "not_found",
            Self::Stalled { .. } => "stalled",
            Self::Deadline { .. } => "deadline",
            Self::OtherSize { .. } | Self::Content(_) => "invalid",
            Self::TooMany => "too_many",
            Self::Store(_) => "store",
            Self::Stopped => "stopped",
        }
    }
}

/// How far a fetch is.
#[derive(Clone, Copy, Debug, Default, Eq, PartialEq)]
pub struct Progress {
    /// Bytes that are here and verified.
    pub done: u64,
    /// Bytes in all.
    pub size: u64,
    /// Peers that it is fetched from.
    pub peers: u32,
}

/// Is told how far a fetch is.
pub type Told<'a> = &'a mut (dyn FnMut(Progress) + Send);

/// What a fetch is doing.
#[derive(Clone, Debug)]
pub enum FetchState {
    /// It waits for its turn.
    Queued,
    /// Bytes arrive.
    Running(Progress),
    /// It ended.
    Finished(Result<PieceInfo, FetchError>),
}

/// Somebody's interest in a fetch. When the last one of a piece is dropped, the fetch stops and keeps what came.
#[derive(Clone)]
pub struct Fetch(watch::Receiver<FetchState>);

impl Fetch {
    /// What it is doing now.
    pub fn state(&mut self) -> FetchState {
        self.0.borrow_and_update().clone()
    }

    /// Waits for news; the state after the node shut down is that the fetch failed.
    pub async fn changed(&mut self) -> FetchState {
        match self.0.changed().await {
            Ok(()) => self.state(),
            Err(_) => match self.state() {
                finished @ FetchState::Finished(_) => finished,
                _ => FetchState::Finished(Err(FetchError::Stopped)),
            },
        }
    }

    /// Waits for the end, and tells the progress on the way.
    pub async fn outcome(mut self, told: Told<'_>) -> Result<PieceInfo, FetchError> {
        let mut state = self.state();
        loop {
            match state {
                FetchState::Finished(result) => return result,
                FetchState::Running(progress) => told(progress),
                FetchState::Queued => {}
            }
            state = self.changed().await;
        }
    }
}

type Running = Arc<Mutex<HashMap<Piece, Arc<watch::Sender<FetchState>>>>>;

struct Job {
    piece: Piece,
    hints: Vec<PeerId>,
    /// Whether it is fetched although it is here.
    anew: bool,
    state: Arc<watch::Sender<FetchState>>,
}

/// Fetches pieces from other nodes. Cheap to clone.
#[derive(Clone)]
pub struct PieceFetcher {
    running: Running,
    jobs: mpsc::Sender<Job>,
}

impl PieceFetcher {
    /// A fetcher, and the task that does its work.
    pub fn new<N: SliceNetwork>(
        store: Store,
        network: Arc<N>,
        limits: FetchLimits,
        metrics: ContentMetrics,
    ) -> (Self, impl Future<Output = ()> + Send + 'static) {
        let running = Running::default();
        let (jobs, queue) = mpsc::channel(MAX_WAITING);
        let task = work(queue, running.clone(), store, network, limits, metrics);
        (Self { running, jobs }, task)
    }

    /// Fetches a piece, or joins the fetch of it that is under way. Peers in `hints` are asked first; a fetch that is
    /// under way goes on with the hints it has.
    pub fn fetch(&self, piece: Piece, hints: Vec<PeerId>) -> Result<Fetch, FetchError> {
        self.begin(piece, hints, false)
    }

    /// Fetches a piece although it is here, to replace what is damaged of it.
    pub fn fetch_anew(&self, piece: Piece, hints: Vec<PeerId>) -> Result<Fetch, FetchError> {
        self.begin(piece, hints, true)
    }

    fn begin(&self, piece: Piece, hints: Vec<PeerId>, anew: bool) -> Result<Fetch, FetchError> {
        let mut running = self.running.lock();
        if let Some(state) = running.get(&piece) {
            return Ok(Fetch(state.subscribe()));
        }
        let (state, fetch) = watch::channel(FetchState::Queued);
        let state = Arc::new(state);
        match self.jobs.try_send(Job { piece, hints, anew, state: state.clone() }) {
            Ok(()) => {}
            Err(mpsc::error::TrySendError::Full(_)) => return Err(FetchError::TooMany),
            Err(mpsc::error::TrySendError::Closed(_)) => return Err(FetchError::Stopped),
        }
        running.insert(piece, state);
        Ok(Fetch(fetch))
    }
}

async fn work<N: SliceNetwork>(
    mut queue: mpsc::Receiver<Job>,
    running: Running,
    store: Store,
    network: Arc<N>,
    limits: FetchLimits,
    metrics: ContentMetrics,
) {
    let mut fetches = FuturesUnordered::new();
    loop {
        metrics.fetches_running.set(fetches.len() as u64);
        tokio::select! {
            job = queue.recv(), if fetches.len() < MAX_RUNNING => match job {
                Some(Job { piece, hints, anew, state }) => {
                    let fetch = PieceFetch::new(
                        store.clone(),
                        network.clone(),
                        piece,
                        hints,
                        anew,
                        limits,
                        state,
                        metrics.clone(),
                    );
                    fetches.push(supervise(fetch, running.clone()));
                },
                None if fetches.is_empty() => return,
                None => { fetches.next().await; },
            },
            Some(()) = fetches.next() => {},
        }
    }
}

/// Runs a fetch until it ends or nobody wants it any more.
async fn supervise<N: SliceNetwork>(fetch: PieceFetch<N>, running: Running) {
    let finished = |label: &str| fetch.metrics.fetches.with_label_values(&[label]).inc();
    loop {
        let ended = tokio::select! {
            result = fetch.run() => Some(result),
            () = fetch.state.closed() => None,
        };
        fetch.release().await;
        let mut running = running.lock();
        match ended {
            Some(result) => {
                finished(result.as_ref().map_or_else(FetchError::label, |_| "fetched"));
                running.remove(&fetch.piece);
                fetch.state.send_replace(FetchState::Finished(result));
                return;
            }
            None if fetch.state.receiver_count() == 0 => {
                finished("cancelled");
                running.remove(&fetch.piece);
                return;
            }
            // Somebody joined since: go on.
            None => {}
        }
    }
}

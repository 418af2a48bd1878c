//! Answers other nodes' requests.

use std::{collections::HashSet, sync::Arc, time::Duration};

use codec::{DecodeAll, Encode};
use futures::{StreamExt, channel::oneshot, future::BoxFuture, stream::FuturesUnordered};
use polkadot_sdk::sc_network::{
    PeerId, ReputationChange,
    request_responses::{IncomingRequest, OutgoingResponse},
};
use stoa_content::{Access, PieceInfo, Store, StoreError, slice::encoded_size};
use tokio::{sync::Semaphore, time::Instant};

use super::{
    config::{MAX_REQUEST_SIZE, REQUEST_TIMEOUT, Refusal, SliceRequest, SliceResponse},
    fair::{Ended, FairQueues, Limits},
};
use crate::network::{log_limit::LimitedLog, metrics::ContentMetrics};

/// Requests that the networking stack may hold for us; we sort them into queues as they come.
pub const INBOUND_QUEUE: usize = 256;
/// Answers that are read or written at once; as many times 1 MiB is the most memory they take.
const MAX_ACTIVE: usize = 64;
/// Reads from disk at once.
const MAX_READS: usize = 8;
/// How long a peer has to read an answer. The networking stack gives up after [`REQUEST_TIMEOUT`].
const WRITE_TIMEOUT: Duration = REQUEST_TIMEOUT.saturating_add(Duration::from_secs(5));

const LIMITS: Limits =
    Limits { queued: 1024, queued_per_peer: 32, active_per_peer: 16, active_at_first: 4, peers: 4096 };

const MALFORMED: ReputationChange = ReputationChange::new(-(1 << 12), "Malformed slice request");
const BAD_RANGE: ReputationChange = ReputationChange::new(-(1 << 8), "Slice request for no valid range");

/// Where slices come from.
pub trait SliceSource: Send + Sync + 'static {
    /// The encoded answer with the slice of a range that the request checked, for a peer. May block.
    fn answer(&self, peer: &PeerId, request: &SliceRequest) -> Result<Vec<u8>, Refusal>;
}

/// Who may have a piece that isn't for everybody.
pub trait Grants: Send + Sync + 'static {
    /// Whether a peer may. May block.
    fn may_fetch(&self, peer: &PeerId, info: &PieceInfo) -> bool;
}

/// Nobody may.
impl Grants for () {
    fn may_fetch(&self, _: &PeerId, _: &PieceInfo) -> bool {
        false
    }
}

/// The pieces of a store: public ones for everybody, others by grants.
pub struct StoredPieces {
    store: Store,
    grants: Arc<dyn Grants>,
    failures: LimitedLog,
}

impl StoredPieces {
    /// Serves a store's pieces.
    pub fn new(store: Store, grants: Arc<dyn Grants>) -> Self {
        Self { store, grants, failures: LimitedLog::default() }
    }
}

impl SliceSource for StoredPieces {
    fn answer(&self, peer: &PeerId, request: &SliceRequest) -> Result<Vec<u8>, Refusal> {
        let range = request.range().ok_or(Refusal::Range)?;
        let piece = request.piece();
        let size = encoded_size(&piece, range.clone()).map_err(|_| Refusal::Range)?;
        let mut answer = SliceResponse::head(usize::try_from(size).map_err(|_| Refusal::Range)?);
        let read = || {
            let found = self.store.piece(&piece.root)?.filter(|info| info.piece.size == piece.size);
            let served =
                found.is_some_and(|info| info.access == Access::Public || self.grants.may_fetch(peer, &info));
            Ok::<_, StoreError>(served && self.store.read_slice_into(&piece.root, range, &mut answer)?)
        };
        match read() {
            Ok(true) => Ok(answer),
            Ok(false) => Err(Refusal::Absent),
            Err(error) => {
                let root = hex::encode(piece.root);
                self.failures.warn(format_args!("Can't read a slice of piece {root}: {error}"));
                Err(Refusal::Absent)
            }
        }
    }
}

struct Waiting {
    request: SliceRequest,
    answer: oneshot::Sender<OutgoingResponse>,
    since: Instant,
}

/// The serving side of `/stoa/slice/1`.
pub struct SliceServer<S> {
    inbound: async_channel::Receiver<IncomingRequest>,
    source: Arc<S>,
    queues: FairQueues<Waiting>,
    reads: Arc<Semaphore>,
    pub(super) write_timeout: Duration,
    /// Whom it serves; everybody when there is no list.
    allowed: Option<HashSet<PeerId>>,
    metrics: ContentMetrics,
}

impl<S: SliceSource> SliceServer<S> {
    /// Serves what arrives on a channel.
    pub fn new(
        inbound: async_channel::Receiver<IncomingRequest>,
        source: S,
        metrics: ContentMetrics,
    ) -> Self {
        Self {
            inbound,
            source: Arc::new(source),
            queues: FairQueues::new(LIMITS),
            reads: Arc::new(Semaphore::new(MAX_READS)),
            write_timeout: WRITE_TIMEOUT,
            allowed: None,
            metrics,
        }
    }

    /// Serves these peers alone, when there is a list.
    pub fn allow(mut self, peers: Option<HashSet<PeerId>>) -> Self {
        self.allowed = peers;
        self
    }

    /// Serves until the networking stack goes.
    pub async fn run(mut self) {
        let mut active: FuturesUnordered<BoxFuture<'static, (PeerId, Ended)>> = FuturesUnordered::new();
        loop {
            while active.len() < MAX_ACTIVE
                && let Some((peer, waiting)) = self.queues.pop()
            {
                active.push(self.answer(peer, waiting));
            }
            self.metrics.slice_queue.set(self.queues.queued() as u64);
            self.metrics.slice_active.set(active.len() as u64);
            tokio::select! {
                incoming = self.inbound.recv() => match incoming {
                    Ok(incoming) => self.line_up(incoming),
                    Err(_) => return,
                },
                Some((peer, how)) = active.next() => self.queues.ended(peer, how),
            }
        }
    }

    fn line_up(&mut self, incoming: IncomingRequest) {
        let IncomingRequest { peer, payload, pending_response: answer } = incoming;
        if self.allowed.as_ref().is_some_and(|allowed| !allowed.contains(&peer)) {
            self.metrics.slices_refused.with_label_values(&["stranger"]).inc();
            send(answer, Err(()), Vec::new(), None);
            return;
        }
        let request = (payload.len() as u64 <= MAX_REQUEST_SIZE)
            .then(|| SliceRequest::decode_all(&mut payload.as_slice()).ok())
            .flatten();
        let Some(request) = request else {
            self.metrics.slices_refused.with_label_values(&["malformed"]).inc();
            send(answer, Err(()), vec![MALFORMED], None);
            return;
        };
        if request.range().is_none() {
            refuse(&self.metrics, answer, Refusal::Range);
            return;
        }
        if let Err(waiting) = self.queues.push(peer, Waiting { request, answer, since: Instant::now() }) {
            refuse(&self.metrics, waiting.answer, Refusal::Busy);
        }
    }

    fn answer(&self, peer: PeerId, waiting: Waiting) -> BoxFuture<'static, (PeerId, Ended)> {
        let (source, reads, metrics) = (self.source.clone(), self.reads.clone(), self.metrics.clone());
        let write_timeout = self.write_timeout;
        Box::pin(async move {
            let Waiting { request, answer, since } = waiting;
            // The peer stopped waiting: dropping the channel closes its substream.
            if since.elapsed() >= REQUEST_TIMEOUT {
                return (peer, Ended::Nothing);
            }
            let Ok(permit) = reads.acquire_owned().await else { return (peer, Ended::Nothing) };
            let read = tokio::task::spawn_blocking(move || {
                let _permit = permit;
                source.answer(&peer, &request)
            })
            .await;
            let encoded = match read {
                Ok(Ok(encoded)) => encoded,
                Ok(Err(refusal)) => {
                    refuse(&metrics, answer, refusal);
                    return (peer, Ended::Nothing);
                }
                Err(_) => return (peer, Ended::Nothing),
            };
            let bytes = encoded.len() as u64;
            let (written, taken) = oneshot::channel();
            if !send(answer, Ok(encoded), Vec::new(), Some(written)) {
                return (peer, Ended::Nothing);
            }
            match tokio::time::timeout(write_timeout, taken).await {
                Ok(Ok(())) => {
                    metrics.slices.inc();
                    metrics.slice_bytes.inc_by(bytes);
                    (peer, Ended::Taken)
                }
                _ => (peer, Ended::LeftLying),
            }
        })
    }
}

fn refuse(metrics: &ContentMetrics, answer: oneshot::Sender<OutgoingResponse>, refusal: Refusal) {
    metrics.slices_refused.with_label_values(&[refusal.label()]).inc();
    let reputation = if refusal == Refusal::Range { vec![BAD_RANGE] } else { Vec::new() };
    send(answer, Ok(SliceResponse::Refused(refusal).encode()), reputation, None);
}

/// False when the networking stack doesn't want the answer any more.
fn send(
    answer: oneshot::Sender<OutgoingResponse>,
    result: Result<Vec<u8>, ()>,
    reputation_changes: Vec<ReputationChange>,
    sent_feedback: Option<oneshot::Sender<()>>,
) -> bool {
    answer.send(OutgoingResponse { result, reputation_changes, sent_feedback }).is_ok()
}

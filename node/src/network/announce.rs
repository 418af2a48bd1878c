//! Pieces in the chain's own Kademlia: announcing ours, finding others'.

use std::{
    collections::{HashMap, HashSet, VecDeque},
    future::Future,
    sync::Arc,
    time::Duration,
};

use futures::StreamExt;
use polkadot_sdk::sc_network::{
    DhtEvent, Event, KademliaKey, PeerId,
    service::traits::{NetworkDHTProvider, NetworkEventStream, NetworkService},
};
use stoa_primitives::PieceRoot;
use tokio::{
    sync::{mpsc, oneshot},
    time::{Instant, MissedTickBehavior, interval, timeout},
};

use super::metrics::ContentMetrics;
use crate::content_service::registry::Holder;

/// Pieces that one node announces. litep2p keeps 10,000 provider keys, its own and others', and each of ours is
/// published anew every few hours.
const MAX_ANNOUNCED: usize = 1_000;
/// Announcements that are sent out per [`TICK`].
const PER_TICK: usize = 8;
/// How often something is announced.
const TICK: Duration = Duration::from_secs(1);
/// When a failed announcement is tried again; a young node knows nobody yet.
const RETRY: Duration = Duration::from_secs(60);
/// Commands that wait.
const MAX_COMMANDS: usize = 1_024;
/// Look-ups at once.
const MAX_LOOKUPS: usize = 64;
/// How long a look-up may take.
const LOOKUP_TIMEOUT: Duration = Duration::from_secs(5);

/// Where a piece's providers are recorded.
fn key(root: &PieceRoot) -> KademliaKey {
    let mut key = b"/stoa/piece/1/".to_vec();
    key.extend_from_slice(root);
    key.into()
}

enum Command {
    Learn(Vec<Holder>),
    Announce(PieceRoot),
    Withdraw(PieceRoot),
    Find(PieceRoot, oneshot::Sender<Vec<PeerId>>),
}

/// Announces pieces and finds their providers. Cheap to clone.
#[derive(Clone)]
pub struct Announcer(mpsc::Sender<Command>);

impl Announcer {
    /// An announcer, and the task that does its work.
    pub fn new(
        network: Arc<dyn NetworkService>,
        metrics: ContentMetrics,
    ) -> (Self, impl Future<Output = ()> + Send + 'static) {
        let (commands, queue) = mpsc::channel(MAX_COMMANDS);
        let task = Task {
            network,
            metrics,
            announced: HashMap::new(),
            due: VecDeque::new(),
            lookups: HashMap::new(),
        };
        (Self(commands), task.run(queue))
    }

    /// One that tells nobody and finds nobody.
    #[cfg(test)]
    pub fn silent() -> Self {
        Self(mpsc::channel(1).0)
    }

    /// Announces that this node has a piece; beyond the limit, it is only found by asking.
    pub async fn announce(&self, root: PieceRoot) {
        self.send(Command::Announce(root)).await;
    }

    /// Lets the announcement lapse.
    pub async fn withdraw(&self, root: PieceRoot) {
        self.send(Command::Withdraw(root)).await;
    }

    /// Remembers where peers listen, so that they can be dialled.
    pub async fn learn(&self, holders: Vec<Holder>) {
        self.send(Command::Learn(holders)).await;
    }

    /// Peers that announced a piece, as far as they are found in a few seconds.
    pub async fn find(&self, root: PieceRoot) -> Vec<PeerId> {
        let (reply, found) = oneshot::channel();
        self.send(Command::Find(root, reply)).await;
        match timeout(LOOKUP_TIMEOUT, found).await {
            Ok(Ok(peers)) => peers,
            _ => Vec::new(),
        }
    }

    async fn send(&self, command: Command) {
        if self.0.send(command).await.is_err() {
            log::debug!(target: super::LOG_TARGET, "The announcer is gone: the node shuts down");
        }
    }
}

enum State {
    /// It is in `due`.
    Due,
    /// The network was told.
    Told,
    /// It failed and is told again then.
    Failed(Instant),
}

struct Task {
    network: Arc<dyn NetworkService>,
    metrics: ContentMetrics,
    announced: HashMap<PieceRoot, State>,
    due: VecDeque<PieceRoot>,
    lookups: HashMap<PieceRoot, Vec<oneshot::Sender<Vec<PeerId>>>>,
}

impl Task {
    async fn run(mut self, mut queue: mpsc::Receiver<Command>) {
        let mut events = self.network.event_stream("stoa-content");
        let mut ticks = interval(TICK);
        ticks.set_missed_tick_behavior(MissedTickBehavior::Delay);
        loop {
            tokio::select! {
                command = queue.recv() => match command {
                    Some(command) => self.obey(command),
                    None => return,
                },
                event = events.next() => match event {
                    Some(Event::Dht(event)) => self.hear(event),
                    Some(_) => {},
                    None => return,
                },
                _ = ticks.tick() => self.tell(),
            }
        }
    }

    fn obey(&mut self, command: Command) {
        match command {
            Command::Learn(holders) => {
                let own = self.network.local_peer_id();
                for Holder { peer, addresses } in holders {
                    if peer != own {
                        addresses
                            .into_iter()
                            .for_each(|address| self.network.add_known_address(peer, address));
                    }
                }
            }
            Command::Announce(root) => {
                if self.announced.len() < MAX_ANNOUNCED && !self.announced.contains_key(&root) {
                    self.announced.insert(root, State::Due);
                    self.due.push_back(root);
                }
            }
            Command::Withdraw(root) => {
                if let Some(state) = self.announced.remove(&root)
                    && !matches!(state, State::Due)
                {
                    self.network.stop_providing(key(&root));
                }
                self.due.retain(|due| *due != root);
            }
            Command::Find(root, reply) => {
                self.lookups.retain(|_, replies| {
                    replies.retain(|reply| !reply.is_closed());
                    !replies.is_empty()
                });
                if let Some(replies) = self.lookups.get_mut(&root) {
                    replies.push(reply);
                } else if self.lookups.len() < MAX_LOOKUPS {
                    self.network.get_providers(key(&root));
                    self.lookups.insert(root, vec![reply]);
                }
                // Otherwise the reply is dropped, which answers that nobody was found.
            }
        }
        self.metrics.announced.set(self.announced.len() as u64);
    }

    fn hear(&mut self, event: DhtEvent) {
        match event {
            DhtEvent::ProvidersFound(found, peers) => {
                let own = self.network.local_peer_id();
                let peers: Vec<_> = peers.into_iter().filter(|peer| *peer != own).collect();
                self.reply(&found, peers);
            }
            DhtEvent::NoMoreProviders(found) | DhtEvent::ProvidersNotFound(found) => {
                self.reply(&found, Vec::new())
            }
            DhtEvent::StartProvidingFailed(failed) => {
                let at = Instant::now().checked_add(RETRY).unwrap_or_else(Instant::now);
                if let Some((_, state)) = self.announced.iter_mut().find(|(root, _)| key(root) == failed) {
                    *state = State::Failed(at);
                }
            }
            _ => {}
        }
    }

    fn reply(&mut self, found: &KademliaKey, peers: Vec<PeerId>) {
        let root = self.lookups.keys().copied().find(|root| key(root) == *found);
        for reply in root.and_then(|root| self.lookups.remove(&root)).into_iter().flatten() {
            if reply.send(peers.clone()).is_err() {
                log::trace!(target: super::LOG_TARGET, "Nobody waits for these providers any more");
            }
        }
    }

    /// A few announcements at a time, so that the network isn't flooded at start-up.
    fn tell(&mut self) {
        let now = Instant::now();
        let failed: HashSet<_> = self
            .announced
            .iter()
            .filter(|(_, state)| matches!(state, State::Failed(at) if *at <= now))
            .map(|(root, _)| *root)
            .take(PER_TICK)
            .collect();
        for root in failed {
            // Without this, litep2p keeps two timers that publish the same key.
            self.network.stop_providing(key(&root));
            self.announced.insert(root, State::Due);
            self.due.push_back(root);
        }
        for _ in 0..PER_TICK {
            let Some(root) = self.due.pop_front() else { return };
            self.network.start_providing(key(&root));
            self.announced.insert(root, State::Told);
        }
    }
}

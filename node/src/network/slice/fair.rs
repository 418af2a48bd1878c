//! Turns: which peer is served next.

use std::collections::{HashMap, VecDeque};

use polkadot_sdk::sc_network::PeerId;

/// What the server allows.
#[derive(Clone, Copy, Debug)]
pub struct Limits {
    /// Requests that wait, of all peers.
    pub queued: usize,
    /// Requests of one peer that wait.
    pub queued_per_peer: usize,
    /// Answers of one peer that are read or written at once, when it reads what it asks for.
    pub active_per_peer: usize,
    /// The same for a peer that nothing is known of.
    pub active_at_first: usize,
    /// Peers that are remembered.
    pub peers: usize,
}

/// How an answer ended.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum Ended {
    /// The peer read it.
    Taken,
    /// The peer didn't read it in time.
    LeftLying,
    /// Nothing was sent.
    Nothing,
}

/// Waiting requests, peers in turn.
///
/// A peer's share of the answers under way grows while it reads what it asks for, and falls to one when it doesn't.
pub struct FairQueues<T> {
    limits: Limits,
    peers: HashMap<PeerId, Peer<T>>,
    /// Peers with a request that may start, each once.
    turns: VecDeque<PeerId>,
    queued: usize,
}

struct Peer<T> {
    waiting: VecDeque<T>,
    active: usize,
    allowed: usize,
    in_turns: bool,
}

impl<T> Peer<T> {
    fn may_start(&self) -> bool {
        !self.waiting.is_empty() && self.active < self.allowed
    }

    fn is_idle(&self) -> bool {
        self.waiting.is_empty() && self.active == 0
    }
}

impl<T> FairQueues<T> {
    /// Nobody waits.
    pub fn new(limits: Limits) -> Self {
        Self { limits, peers: HashMap::new(), turns: VecDeque::new(), queued: 0 }
    }

    /// How many requests wait.
    pub fn queued(&self) -> usize {
        self.queued
    }

    /// Lines a request up, or hands it back when there are too many.
    pub fn push(&mut self, peer: PeerId, request: T) -> Result<(), T> {
        if self.queued >= self.limits.queued {
            return Err(request);
        }
        if !self.peers.contains_key(&peer) && self.peers.len() >= self.limits.peers {
            self.peers.retain(|_, peer| !peer.is_idle());
            if self.peers.len() >= self.limits.peers {
                return Err(request);
            }
        }
        let allowed = self.limits.active_at_first;
        let entry = self.peers.entry(peer).or_insert_with(|| Peer {
            waiting: VecDeque::new(),
            active: 0,
            allowed,
            in_turns: false,
        });
        if entry.waiting.len() >= self.limits.queued_per_peer {
            return Err(request);
        }
        entry.waiting.push_back(request);
        self.queued = self.queued.saturating_add(1);
        self.line_up(peer);
        Ok(())
    }

    /// The next request whose turn it is. It counts as active until [`FairQueues::ended`].
    pub fn pop(&mut self) -> Option<(PeerId, T)> {
        while let Some(id) = self.turns.pop_front() {
            let Some(peer) = self.peers.get_mut(&id) else { continue };
            peer.in_turns = false;
            if !peer.may_start() {
                continue;
            }
            let Some(request) = peer.waiting.pop_front() else { continue };
            peer.active = peer.active.saturating_add(1);
            self.queued = self.queued.saturating_sub(1);
            self.line_up(id);
            return Some((id, request));
        }
        None
    }

    /// An answer ended.
    pub fn ended(&mut self, id: PeerId, how: Ended) {
        let Some(peer) = self.peers.get_mut(&id) else { return };
        peer.active = peer.active.saturating_sub(1);
        match how {
            Ended::Taken => peer.allowed = peer.allowed.saturating_add(1).min(self.limits.active_per_peer),
            Ended::LeftLying => peer.allowed = 1,
            Ended::Nothing => {}
        }
        self.line_up(id);
    }

    fn line_up(&mut self, id: PeerId) {
        if let Some(peer) = self.peers.get_mut(&id)
            && !peer.in_turns
            && peer.may_start()
        {
            peer.in_turns = true;
            self.turns.push_back(id);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const LIMITS: Limits =
        Limits { queued: 20, queued_per_peer: 8, active_per_peer: 4, active_at_first: 2, peers: 4 };

    fn queues() -> FairQueues<u32> {
        FairQueues::new(LIMITS)
    }

    #[test]
    fn peers_take_turns_whoever_asks_more() {
        let (greedy, modest) = (PeerId::random(), PeerId::random());
        let mut queues = queues();
        for request in 0..8 {
            queues.push(greedy, request).unwrap();
        }
        queues.push(modest, 100).unwrap();
        assert_eq!(queues.pop(), Some((greedy, 0)));
        assert_eq!(queues.pop(), Some((modest, 100)));
        assert_eq!(queues.pop(), Some((greedy, 1)));
        assert_eq!(queues.pop(), None);
    }

    #[test]
    fn queue_is_bounded_per_peer_and_in_all() {
        let mut queues = queues();
        let flooder = PeerId::random();
        let taken = (0..100).filter(|request| queues.push(flooder, *request).is_ok()).count();
        assert_eq!(taken, LIMITS.queued_per_peer);
        let others = [PeerId::random(), PeerId::random()];
        let taken = (0..100).filter(|request| queues.push(others[request % 2], 1).is_ok()).count();
        assert_eq!(taken, LIMITS.queued - LIMITS.queued_per_peer);
        assert_eq!(queues.queued(), LIMITS.queued);
    }

    #[test]
    fn share_grows_with_reading_and_falls_without() {
        let peer = PeerId::random();
        let mut queues = queues();
        let start_all = |queues: &mut FairQueues<u32>| std::iter::from_fn(|| queues.pop()).count();
        for request in 0..8 {
            queues.push(peer, request).unwrap();
        }
        assert_eq!(start_all(&mut queues), 2);
        queues.ended(peer, Ended::Taken);
        assert_eq!(start_all(&mut queues), 2);
        queues.ended(peer, Ended::LeftLying);
        queues.ended(peer, Ended::LeftLying);
        assert_eq!(start_all(&mut queues), 0);
        queues.ended(peer, Ended::LeftLying);
        assert_eq!(start_all(&mut queues), 1);
    }

    #[test]
    fn idle_peers_are_forgotten_and_busy_ones_are_not() {
        let mut queues = queues();
        for _ in 0..LIMITS.peers {
            let peer = PeerId::random();
            queues.push(peer, 0).unwrap();
        }
        assert!(queues.push(PeerId::random(), 0).is_err());
        let (done, _) = queues.pop().unwrap();
        queues.ended(done, Ended::Taken);
        assert!(queues.push(PeerId::random(), 0).is_ok());
        assert!(!queues.peers.contains_key(&done));
    }
}

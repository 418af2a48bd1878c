//! Which bytes are asked from whom. No I/O.

use std::{
    collections::{BTreeMap, VecDeque},
    ops::Range,
    time::Duration,
};

use polkadot_sdk::sc_network::PeerId;
use tokio::time::Instant;

use super::config::MAX_SLICE;

/// A range is asked from a second peer when the first one has had it for so long and nothing else is left to ask for.
const SLOW: Duration = Duration::from_secs(2);
/// Peers that one range is asked from at once.
const MAX_HOLDERS: usize = 2;

/// The missing ranges of a piece: waiting, or asked from somebody. A range leaves when it was verified.
pub struct Schedule {
    waiting: VecDeque<Range<u64>>,
    asked: BTreeMap<u64, Asked>,
    remaining: u64,
}

struct Asked {
    end: u64,
    holders: Vec<PeerId>,
    since: Instant,
}

impl Schedule {
    /// Everything in `missing` is to be had; ranges don't overlap.
    pub fn new(missing: Vec<Range<u64>>) -> Self {
        let remaining = missing.iter().map(length).fold(0, u64::saturating_add);
        Self { waiting: missing.into(), asked: BTreeMap::new(), remaining }
    }

    /// Bytes that weren't verified yet.
    pub fn remaining(&self) -> u64 {
        self.remaining
    }

    /// A range for this peer to deliver: one that nobody was asked for, or else one that another peer is slow with.
    pub fn next(&mut self, peer: PeerId, now: Instant) -> Option<Range<u64>> {
        self.fresh(peer, now).or_else(|| self.second(peer, now))
    }

    /// When a range that is asked from one peer may be asked from a second one.
    pub fn next_slow(&self) -> Option<Instant> {
        let slow = |asked: &Asked| asked.since.checked_add(SLOW);
        self.asked.values().filter(|asked| asked.holders.len() < MAX_HOLDERS).filter_map(slow).min()
    }

    fn fresh(&mut self, peer: PeerId, now: Instant) -> Option<Range<u64>> {
        let mut range = self.waiting.pop_front()?;
        // Ends at multiples of the slice's length keep the proofs short.
        let boundary = range.start.checked_div(MAX_SLICE)?.saturating_add(1).saturating_mul(MAX_SLICE);
        if boundary < range.end {
            self.waiting.push_front(boundary..range.end);
            range.end = boundary;
        }
        self.asked.insert(range.start, Asked { end: range.end, holders: vec![peer], since: now });
        Some(range)
    }

    fn second(&mut self, peer: PeerId, now: Instant) -> Option<Range<u64>> {
        let slow = |asked: &Asked| {
            asked.holders.len() < MAX_HOLDERS
                && !asked.holders.contains(&peer)
                && now.saturating_duration_since(asked.since) >= SLOW
        };
        let (start, asked) = self.asked.iter_mut().find(|(_, asked)| slow(asked))?;
        asked.holders.push(peer);
        Some(*start..asked.end)
    }

    /// The range was verified; true the first time.
    pub fn done(&mut self, range: &Range<u64>) -> bool {
        let first = self.asked.remove(&range.start).is_some();
        if first {
            self.remaining = self.remaining.saturating_sub(length(range));
        }
        first
    }

    /// The peer won't deliver the range.
    pub fn give_back(&mut self, range: &Range<u64>, peer: PeerId) {
        let Some(asked) = self.asked.get_mut(&range.start) else { return };
        asked.holders.retain(|holder| *holder != peer);
        if asked.holders.is_empty() {
            self.asked.remove(&range.start);
            self.waiting.push_front(range.clone());
        }
    }
}

fn length(range: &Range<u64>) -> u64 {
    range.end.saturating_sub(range.start)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn slow_range_is_asked_from_a_second_peer_but_never_twice_from_one() {
        let (slow, quick) = (PeerId::random(), PeerId::random());
        let now = Instant::now();
        let mut schedule = Schedule::new(vec![0..10]);
        assert_eq!(schedule.next(slow, now), Some(0..10));
        assert_eq!(schedule.next(quick, now), None);
        assert_eq!(schedule.next(slow, now + SLOW), None);
        assert_eq!(schedule.next_slow(), Some(now + SLOW));
        assert_eq!(schedule.next(quick, now + SLOW), Some(0..10));
        assert_eq!(schedule.next(PeerId::random(), now + SLOW), None);
        assert!(schedule.done(&(0..10)));
        assert!(!schedule.done(&(0..10)));
        schedule.give_back(&(0..10), slow);
        assert_eq!((schedule.remaining(), schedule.next(slow, now)), (0, None));
    }

    #[derive(Clone, Copy, Debug)]
    enum Step {
        Ask(usize),
        Done(usize),
        GiveBack(usize),
    }

    fn step() -> impl Strategy<Value = Step> {
        prop_oneof![
            3 => (0..4usize).prop_map(Step::Ask),
            2 => (0..64usize).prop_map(Step::Done),
            1 => (0..64usize).prop_map(Step::GiveBack),
        ]
    }

    proptest! {
        /// Whatever peers do, every missing byte is verified exactly once, no request is longer than a slice, and
        /// one peer never has the same range twice.
        #[test]
        fn every_missing_byte_arrives_once(
            gaps in proptest::collection::vec((0..3 * MAX_SLICE, 1..3 * MAX_SLICE), 0..5),
            steps in proptest::collection::vec(step(), 0..200),
        ) {
            let mut missing = Vec::new();
            let mut at = 0;
            for (gap, len) in gaps {
                missing.push(at + gap..at + gap + len);
                at += gap + len;
            }
            let total: u64 = missing.iter().map(length).sum();
            let peers: Vec<_> = (0..4).map(|_| PeerId::random()).collect();
            let mut now = Instant::now();
            let mut schedule = Schedule::new(missing.clone());
            let mut flying: Vec<(PeerId, Range<u64>)> = Vec::new();
            let mut verified: BTreeMap<u64, u64> = BTreeMap::new();
            let finish = (0..).flat_map(|_| (0..4).map(Step::Ask).chain([Step::Done(0)]));
            for step in steps.into_iter().chain(finish) {
                now += Duration::from_millis(700);
                match step {
                    Step::Ask(peer) => if let Some(range) = schedule.next(peers[peer], now) {
                        prop_assert!(length(&range) <= MAX_SLICE && length(&range) > 0);
                        prop_assert!(missing.iter().any(|gap| gap.start <= range.start && range.end <= gap.end));
                        prop_assert!(!flying.contains(&(peers[peer], range.clone())));
                        flying.push((peers[peer], range));
                    },
                    Step::Done(index) if !flying.is_empty() => {
                        let (_, range) = flying.remove(index % flying.len());
                        if schedule.done(&range) {
                            prop_assert!(verified.insert(range.start, range.end).is_none());
                        }
                    },
                    Step::GiveBack(index) if !flying.is_empty() => {
                        let (peer, range) = flying.remove(index % flying.len());
                        schedule.give_back(&range, peer);
                    },
                    _ => {},
                }
                let have: u64 = verified.iter().map(|(start, end)| end - start).sum();
                prop_assert_eq!(schedule.remaining(), total - have);
                if schedule.remaining() == 0 {
                    break;
                }
            }
            let mut end = 0;
            for (start, stop) in &verified {
                prop_assert!(*start >= end);
                end = *stop;
            }
        }
    }
}

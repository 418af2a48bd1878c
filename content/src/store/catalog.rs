//! What the store knows without asking the disk: its pieces, who uses how many bytes, and what can be collected.

use std::{
    collections::{BTreeMap, BTreeSet},
    ops::Bound,
};

use stoa_primitives::{ContentId, PieceRoot};

use super::{PieceInfo, Stats};
use crate::{StoreError, tree::outboard_size};

/// A piece and the time of its last use, by a clock that counts uses.
struct Entry {
    info: PieceInfo,
    used: u64,
    /// Whether `used` is newer than in the index.
    touched: bool,
}

/// A piece of which only parts have come.
struct Partial {
    bytes: u64,
    /// Somebody is receiving it.
    active: bool,
}

/// Something that makes room when it goes.
pub(super) enum Victim {
    Partial(PieceRoot),
    Piece(PieceInfo),
}

#[derive(Default)]
pub(super) struct Catalog {
    pieces: BTreeMap<PieceRoot, Entry>,
    by_content: BTreeSet<(ContentId, PieceRoot)>,
    partials: BTreeMap<PieceRoot, Partial>,
    blocks: u64,
    /// Bytes of pieces, partials and reservations.
    bytes: u64,
    byte_limit: u64,
    clock: u64,
}

/// Bytes on disk of a piece with its outboard.
pub(super) fn footprint(size: u64) -> u64 {
    size.saturating_add(outboard_size(size))
}

impl Catalog {
    pub(super) fn new(byte_limit: u64) -> Self {
        Self { byte_limit, ..Self::default() }
    }

    pub(super) fn get(&self, root: &PieceRoot) -> Option<PieceInfo> {
        self.pieces.get(root).map(|entry| entry.info)
    }

    pub(super) fn insert(&mut self, info: PieceInfo, used: u64) {
        self.remove(&info.piece.root);
        self.clock = self.clock.max(used);
        self.bytes += footprint(info.piece.size);
        self.blocks += info.blocks;
        self.by_content.insert((info.content, info.piece.root));
        self.pieces.insert(info.piece.root, Entry { info, used, touched: false });
    }

    pub(super) fn remove(&mut self, root: &PieceRoot) -> Option<PieceInfo> {
        let Entry { info, .. } = self.pieces.remove(root)?;
        self.bytes = self.bytes.saturating_sub(footprint(info.piece.size));
        self.blocks = self.blocks.saturating_sub(info.blocks);
        self.by_content.remove(&(info.content, *root));
        Some(info)
    }

    /// Changes what is known of a piece; gives it with its last use.
    pub(super) fn change(
        &mut self,
        root: &PieceRoot,
        run: impl FnOnce(&mut PieceInfo),
    ) -> Option<(PieceInfo, u64)> {
        let entry = self.pieces.get_mut(root)?;
        run(&mut entry.info);
        Some((entry.info, entry.used))
    }

    pub(super) fn by_content(&self, content: &ContentId) -> Vec<PieceInfo> {
        self.by_content
            .range((*content, [0; 32])..=(*content, [0xff; 32]))
            .filter_map(|(_, root)| self.get(root))
            .collect()
    }

    pub(super) fn page(&self, after: Option<PieceRoot>, limit: usize) -> Vec<PieceInfo> {
        let start = after.map_or(Bound::Unbounded, Bound::Excluded);
        self.pieces.range((start, Bound::Unbounded)).take(limit).map(|(_, entry)| entry.info).collect()
    }

    pub(super) fn stats(&self) -> Stats {
        Stats {
            pieces: self.pieces.len() as u64,
            blocks: self.blocks,
            bytes: self.bytes,
            byte_limit: self.byte_limit,
        }
    }

    /// The time of a use that happens now.
    pub(super) fn tick(&mut self) -> u64 {
        self.clock += 1;
        self.clock
    }

    pub(super) fn touch(&mut self, root: &PieceRoot) {
        let now = self.tick();
        if let Some(entry) = self.pieces.get_mut(root) {
            entry.used = now;
            entry.touched = true;
        }
    }

    /// The pieces whose last use the index doesn't know.
    pub(super) fn take_touched(&mut self) -> Vec<(PieceInfo, u64)> {
        self.pieces
            .values_mut()
            .filter_map(|entry| std::mem::take(&mut entry.touched).then_some((entry.info, entry.used)))
            .collect()
    }

    /// Counts bytes that are about to be written; false when they don't fit yet.
    pub(super) fn reserve(&mut self, bytes: u64) -> bool {
        match self.bytes.checked_add(bytes) {
            Some(sum) if sum <= self.byte_limit => {
                self.bytes = sum;
                true
            }
            _ => false,
        }
    }

    pub(super) fn release(&mut self, bytes: u64) {
        self.bytes = self.bytes.saturating_sub(bytes);
    }

    /// Takes out what goes first, if that can make room for `needed` bytes at all: parts that nobody waits for, then
    /// the piece that was used longest ago.
    pub(super) fn evict(&mut self, needed: u64) -> Result<Victim, StoreError> {
        let idle: u64 =
            self.partials.values().filter(|partial| !partial.active).map(|partial| partial.bytes).sum();
        let collectable = self.pieces.values().filter(|entry| !entry.info.pinned);
        let free = collectable.clone().map(|entry| footprint(entry.info.piece.size)).sum::<u64>();
        let held = self.bytes.saturating_sub(idle).saturating_sub(free);
        if held.saturating_add(needed) > self.byte_limit {
            return Err(StoreError::Full { needed, limit: self.byte_limit, held });
        }
        if let Some(root) = self.partials.iter().find(|(_, partial)| !partial.active).map(|(root, _)| *root) {
            self.drop_partial(&root);
            return Ok(Victim::Partial(root));
        }
        let oldest = collectable.min_by_key(|entry| entry.used).map(|entry| entry.info);
        match oldest {
            Some(info) => {
                self.remove(&info.piece.root);
                Ok(Victim::Piece(info))
            }
            None => Err(StoreError::Full { needed, limit: self.byte_limit, held }),
        }
    }

    /// Whether more is stored than the limit allows.
    pub(super) fn over_limit(&self) -> bool {
        self.bytes > self.byte_limit
    }

    /// Counts parts that were found on disk.
    pub(super) fn found_partial(&mut self, root: PieceRoot, bytes: u64) {
        self.bytes += bytes;
        self.partials.insert(root, Partial { bytes, active: false });
    }

    /// Marks parts as being received; false when they are already.
    pub(super) fn claim_partial(&mut self, root: PieceRoot) -> bool {
        let partial = self.partials.entry(root).or_insert(Partial { bytes: 0, active: false });
        !std::mem::replace(&mut partial.active, true)
    }

    /// How many bytes are counted for parts.
    pub(super) fn partial_bytes(&self, root: &PieceRoot) -> u64 {
        self.partials.get(root).map_or(0, |partial| partial.bytes)
    }

    /// Moves reserved bytes to parts.
    pub(super) fn grow_partial(&mut self, root: &PieceRoot, bytes: u64) {
        if let Some(partial) = self.partials.get_mut(root) {
            partial.bytes += bytes;
        }
    }

    /// Nobody receives the parts any more.
    pub(super) fn rest_partial(&mut self, root: &PieceRoot) {
        if let Some(partial) = self.partials.get_mut(root) {
            partial.active = false;
        }
    }

    /// Forgets parts and the bytes counted for them.
    pub(super) fn drop_partial(&mut self, root: &PieceRoot) {
        if let Some(partial) = self.partials.remove(root) {
            self.bytes = self.bytes.saturating_sub(partial.bytes);
        }
    }
}

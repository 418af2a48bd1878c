//! The BLAKE3 tree of a piece, built while its bytes pass by.
//!
//! The outboard keeps the tree down to groups of 16 KiB, in post-order, 64 bytes a parent: what `bao-tree` reads.
//! The first group is hashed last, because the CAR's header in it names a root that is known only at the end.

use std::{io, ops::Range};

use bao_tree::{BaoTree, BlockSize, io::sync::ReadAt};
use blake3::{
    Hasher,
    hazmat::{ChainingValue, HasherExt, Mode, merge_subtrees_non_root, merge_subtrees_root},
};
use stoa_primitives::{Piece, PieceRoot};

use crate::GROUP_SIZE;

/// Group size as `bao-tree` counts it: chunks, as a power of two.
const BLOCK_SIZE: BlockSize = BlockSize::from_chunk_log(4);
const GROUP: usize = GROUP_SIZE as usize;
/// Bytes of a parent in the outboard.
pub(crate) const PARENT: u64 = 64;

/// The geometry of a piece's tree.
pub(crate) fn geometry(size: u64) -> BaoTree {
    BaoTree::new(size, BLOCK_SIZE)
}

/// Length of a piece's outboard.
pub(crate) fn outboard_size(size: u64) -> u64 {
    size.div_ceil(GROUP_SIZE).saturating_sub(1).saturating_mul(PARENT)
}

/// Where the parents above a group stand in the outboard, from the root down, and whether the path turns right at each.
pub(crate) fn path_to_group(size: u64, group: u64) -> Vec<(u64, bool)> {
    let mut path = Vec::new();
    let (mut first, mut before, mut groups) = (0u64, 0u64, size.div_ceil(GROUP_SIZE));
    while groups > 1 {
        let left = 1u64 << (groups - 1).ilog2();
        let right_turn = group - first >= left;
        path.push(((before + groups - 2) * PARENT, right_turn));
        if right_turn {
            first += left;
            before += left - 1;
            groups -= left;
        } else {
            groups = left;
        }
    }
    path
}

/// Bytes of a piece from a group's start to the end of a group or of the piece, as parts that follow each other.
pub(crate) struct Stretch<'a> {
    pub(crate) start: u64,
    pub(crate) parts: &'a [&'a [u8]],
}

/// A subtree: its groups, and how many parents stand before its own in the outboard.
#[derive(Clone, Copy)]
struct Subtree {
    first: u64,
    groups: u64,
    before: u64,
}

impl Stretch<'_> {
    /// Whether these are the bytes that the piece's root covers, by what its outboard says. Whole subtrees are hashed
    /// at once, so only the parents at the stretch's edges are read.
    pub(crate) fn is_of(&self, piece: &Piece, outboard: &impl ReadAt) -> io::Result<bool> {
        let whole = Subtree { first: 0, groups: piece.size.div_ceil(GROUP_SIZE), before: 0 };
        self.check(whole, &piece.root, piece, outboard)
    }

    fn check(
        &self,
        tree: Subtree,
        expected: &ChainingValue,
        piece: &Piece,
        outboard: &impl ReadAt,
    ) -> io::Result<bool> {
        let Subtree { first, groups, before } = tree;
        let range = first * GROUP_SIZE..((first + groups) * GROUP_SIZE).min(piece.size);
        let end = self.start + self.parts.iter().map(|part| part.len() as u64).sum::<u64>();
        if range.end <= self.start || end <= range.start {
            return Ok(true);
        }
        let is_root = range.end - range.start == piece.size;
        if self.start <= range.start && range.end <= end {
            return Ok(self.value(range, is_root) == *expected);
        }
        // Part of a group proves nothing.
        if groups < 2 {
            return Ok(false);
        }
        let (mut left, mut right) = ([0; 32], [0; 32]);
        let position = (before + groups - 2) * PARENT;
        outboard.read_exact_at(position, &mut left)?;
        outboard.read_exact_at(position + PARENT / 2, &mut right)?;
        let value = match is_root {
            true => *merge_subtrees_root(&left, &right, Mode::Hash).as_bytes(),
            false => merge_subtrees_non_root(&left, &right, Mode::Hash),
        };
        let half = 1u64 << (groups - 1).ilog2();
        let below = [
            (Subtree { first, groups: half, before }, left),
            (Subtree { first: first + half, groups: groups - half, before: before + half - 1 }, right),
        ];
        let mut good = value == *expected;
        for (tree, expected) in below {
            good = good && self.check(tree, &expected, piece, outboard)?;
        }
        Ok(good)
    }

    fn value(&self, range: Range<u64>, is_root: bool) -> ChainingValue {
        let mut hasher = Hasher::new();
        if !is_root {
            hasher.set_input_offset(range.start);
        }
        let mut at = self.start;
        for part in self.parts {
            let end = at + part.len() as u64;
            let (from, to) = (range.start.clamp(at, end) - at, range.end.clamp(at, end) - at);
            hasher.update(part.get(from as usize..to as usize).unwrap_or_default());
            at = end;
        }
        if is_root { *hasher.finalize().as_bytes() } else { hasher.finalize_non_root() }
    }
}

/// What is left to do for the outboard when the last byte has passed.
pub(crate) struct Finished {
    pub(crate) piece: Piece,
    /// Parents to append.
    pub(crate) parents: Vec<u8>,
    /// Parents to write over those that were made without the first group: position and content.
    pub(crate) patches: Vec<(u64, [u8; 64])>,
}

/// Takes a piece's bytes in order and gives its outboard and root.
#[derive(Default)]
pub(crate) struct TreeBuilder {
    size: u64,
    /// The group at `first_groups`, while it isn't whole or may be the last.
    pending: Vec<u8>,
    /// The first group's bytes, once `pending` has passed it.
    first: Vec<u8>,
    /// Groups hashed.
    groups: u64,
    /// Chaining values of whole subtrees, largest first; that of the leftmost is a placeholder.
    stack: Vec<ChainingValue>,
    /// Parents that haven't been taken yet.
    parents: Vec<u8>,
    /// Parents made.
    made: u64,
    /// The parents above the first group, from below: position and right child.
    spine: Vec<(u64, ChainingValue)>,
}

impl TreeBuilder {
    /// Bytes so far.
    pub(crate) fn size(&self) -> u64 {
        self.size
    }

    /// Takes the next bytes.
    pub(crate) fn update(&mut self, mut bytes: &[u8]) {
        self.size += bytes.len() as u64;
        while !bytes.is_empty() {
            if self.pending.len() == GROUP {
                let group = std::mem::take(&mut self.pending);
                self.push_group(&group);
                self.pending = group;
                self.pending.clear();
            }
            if self.pending.is_empty() {
                // A group is final only when something follows it.
                while bytes.len() > GROUP {
                    let (group, rest) = bytes.split_at(GROUP);
                    self.push_group(group);
                    bytes = rest;
                }
            }
            let (head, rest) = bytes.split_at(bytes.len().min(GROUP - self.pending.len()));
            self.pending.extend_from_slice(head);
            bytes = rest;
        }
    }

    /// Takes the parents that were made since the last time.
    pub(crate) fn take_parents(&mut self) -> Vec<u8> {
        std::mem::take(&mut self.parents)
    }

    /// How many bytes of parents wait to be taken.
    pub(crate) fn waiting(&self) -> usize {
        self.parents.len()
    }

    /// Ends the piece, whose first bytes are replaced by `head`, at most a group long.
    pub(crate) fn finish(mut self, head: &[u8]) -> Finished {
        let last = std::mem::take(&mut self.pending);
        let mut first = if self.groups == 0 { last.clone() } else { std::mem::take(&mut self.first) };
        for (byte, new) in first.iter_mut().zip(head) {
            *byte = *new;
        }
        if self.groups == 0 {
            let root = *blake3::hash(&first).as_bytes();
            return Finished {
                piece: Piece { root, size: self.size },
                parents: Vec::new(),
                patches: Vec::new(),
            };
        }
        self.push_group(&last);
        while self.stack.len() > 1 {
            self.merge();
        }
        let mut value = chaining_value(0, &first);
        let mut root: PieceRoot = value;
        let mut patches = Vec::with_capacity(self.spine.len());
        for (position, right) in &self.spine {
            let mut parent = [0; 64];
            parent[..32].copy_from_slice(&value);
            parent[32..].copy_from_slice(right);
            patches.push((*position, parent));
            root = *merge_subtrees_root(&value, right, Mode::Hash).as_bytes();
            value = merge_subtrees_non_root(&value, right, Mode::Hash);
        }
        Finished { piece: Piece { root, size: self.size }, parents: self.parents, patches }
    }

    fn push_group(&mut self, group: &[u8]) {
        // As many subtrees wait as the number of groups has bits; more are whole pairs.
        while self.stack.len() > self.groups.count_ones() as usize {
            self.merge();
        }
        if self.groups == 0 {
            self.first = group.to_vec();
            self.stack.push([0; 32]);
        } else {
            self.stack.push(chaining_value(self.groups * GROUP_SIZE, group));
        }
        self.groups += 1;
    }

    fn merge(&mut self) {
        let (Some(right), Some(left)) = (self.stack.pop(), self.stack.pop()) else { return };
        if self.stack.is_empty() {
            self.spine.push((self.made * PARENT, right));
        }
        self.parents.extend_from_slice(&left);
        self.parents.extend_from_slice(&right);
        self.made += 1;
        self.stack.push(merge_subtrees_non_root(&left, &right, Mode::Hash));
    }
}

fn chaining_value(offset: u64, group: &[u8]) -> ChainingValue {
    let mut hasher = Hasher::new();
    hasher.set_input_offset(offset).update(group);
    hasher.finalize_non_root()
}

#[cfg(test)]
mod tests {
    use bao_tree::io::outboard::PostOrderMemOutboard;

    use super::*;

    fn bytes(len: usize) -> Vec<u8> {
        (0..len).map(|index| (index * 31 % 251) as u8).collect()
    }

    fn sizes() -> impl Iterator<Item = usize> {
        let around = |size: usize| [size.saturating_sub(1), size, size + 1];
        [1, 1024, GROUP, 2 * GROUP, 3 * GROUP, 4 * GROUP, 5 * GROUP, 7 * GROUP, 8 * GROUP, 33 * GROUP]
            .into_iter()
            .flat_map(around)
    }

    fn build(data: &[u8], step: usize, head: &[u8]) -> (Piece, Vec<u8>) {
        let mut tree = TreeBuilder::default();
        let mut outboard = Vec::new();
        for part in data.chunks(step) {
            tree.update(part);
            outboard.extend(tree.take_parents());
        }
        let finished = tree.finish(head);
        outboard.extend(finished.parents);
        for (position, parent) in finished.patches {
            let position = position as usize;
            outboard[position..position + 64].copy_from_slice(&parent);
        }
        (finished.piece, outboard)
    }

    #[test]
    fn root_and_outboard_equal_those_of_bao_tree_whatever_the_steps() {
        for size in sizes() {
            let data = bytes(size);
            let expected = PostOrderMemOutboard::create(&data, BLOCK_SIZE);
            for step in [7919, 1000, GROUP, 1 << 20] {
                let (piece, outboard) = build(&data, step, &[]);
                assert_eq!(piece.root, *blake3::hash(&data).as_bytes(), "{size} {step}");
                assert_eq!(outboard, expected.data, "{size} {step}");
                assert_eq!(outboard.len() as u64, outboard_size(size as u64));
            }
        }
    }

    #[test]
    fn head_is_replaced_in_root_and_outboard() {
        for size in sizes().filter(|size| *size >= 59) {
            let (before, mut after) = (bytes(size), bytes(size));
            let head = [0xee; 59];
            after[..59].copy_from_slice(&head);
            assert_eq!(build(&before, 4096, &head), build(&after, 4096, &[]), "{size}");
        }
    }

    #[test]
    fn a_stretch_is_of_its_piece_only_where_it_belongs_and_unchanged() {
        for size in sizes() {
            let data = bytes(size);
            let (piece, outboard) = build(&data, 4096, &[]);
            let groups = size.div_ceil(GROUP);
            for first in 0..groups {
                for last in first..groups {
                    let (start, end) = (first * GROUP, (last * GROUP + GROUP).min(size));
                    let is_of = |start: usize, bytes: &[u8], outboard: &[u8]| {
                        let (head, rest) = bytes.split_at(bytes.len() / 3);
                        let (middle, tail) = rest.split_at(rest.len() / 2 + 1);
                        let stretch = Stretch { start: start as u64, parts: &[head, middle, tail] };
                        stretch.is_of(&piece, &outboard).unwrap()
                    };
                    let good = &data[start..end];
                    assert!(is_of(start, good, &outboard), "{size} {first} {last}");
                    let mut bad = good.to_vec();
                    let at = (first * 7919 + last * 31) % bad.len();
                    bad[at] ^= 1;
                    assert!(!is_of(start, &bad, &outboard), "{size} {first} {last}");
                    if end < size {
                        // Moved, and cut in the middle of a group.
                        assert!(!is_of(start + GROUP, good, &outboard), "{size} {first} {last}");
                        assert!(!is_of(start, &good[..good.len() - 1], &outboard), "{size} {first} {last}");
                    }
                }
            }
            // The root's parent covers every stretch but the whole.
            if groups > 1 {
                let mut bad = outboard.clone();
                let at = bad.len() - 1;
                bad[at] ^= 1;
                let stretch = Stretch { start: 0, parts: &[&data[..GROUP]] };
                assert!(!stretch.is_of(&piece, &bad.as_slice()).unwrap(), "{size}");
            }
        }
    }

    #[test]
    fn path_to_group_finds_the_parents() {
        for size in sizes() {
            let data = bytes(size);
            let (piece, outboard) = build(&data, 4096, &[]);
            for (group, bytes) in data.chunks(GROUP).enumerate() {
                let path = path_to_group(size as u64, group as u64);
                let offset = group as u64 * GROUP_SIZE;
                let mut expected = piece.root;
                let depth = path.len();
                for (level, (position, right)) in path.into_iter().enumerate() {
                    let parent = &outboard[position as usize..position as usize + 64];
                    let (l, r) = (parent[..32].try_into().unwrap(), parent[32..].try_into().unwrap());
                    let value = match level {
                        0 => *merge_subtrees_root(l, r, Mode::Hash).as_bytes(),
                        _ => merge_subtrees_non_root(l, r, Mode::Hash),
                    };
                    assert_eq!(value, expected, "{size} {group} {level}");
                    expected = if right { *r } else { *l };
                }
                if depth > 0 {
                    assert_eq!(chaining_value(offset, bytes), expected, "{size} {group}");
                }
            }
        }
    }
}

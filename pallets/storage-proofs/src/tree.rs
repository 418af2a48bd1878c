//! The tree of sums over a provider's slots: which slot holds leaf number x of the whole set.
//!
//! Slots are numbered without gaps. A node has at most 64 sums, one for each child that has a slot below it; on level
//! 1 a child is a slot. When a slot in the middle is freed, the last one moves into it, so that no number is wasted
//! and the tree is never deeper than its slots need: one level for 64 slots, two for 4,096, three for 262,144.

use crate::types::{Leaves, SlotIndex};
use polkadot_sdk::{frame_support::BoundedVec, sp_core::ConstU32};

/// Children of a node.
pub const FANOUT: u32 = 64;
/// Levels of the deepest tree.
pub const MAX_DEPTH: u8 = 3;
/// Slots of the deepest tree.
pub const MAX_SLOTS: u32 = 262_144;

/// The sums of a node's children.
pub type Node = BoundedVec<Leaves, ConstU32<FANOUT>>;

/// Where nodes are kept; one without children isn't there.
pub trait Nodes {
    /// The node of a level and index, empty when there is none.
    fn get(&self, level: u8, index: u32) -> Node;
    /// Keeps a node, or forgets it when it is empty.
    fn put(&mut self, level: u8, index: u32, node: Node);
}

/// Why the tree couldn't be changed.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum TreeError {
    /// All slots are in use.
    Full,
    /// No such slot.
    NoSlot,
    /// Leaves can't be counted any more, or the nodes contradict each other.
    Sum,
}

/// Levels of a tree over so many slots.
pub fn depth(slots: u32) -> u8 {
    let (mut depth, mut room) = (0_u8, 1_u32);
    if slots == 0 {
        return 0;
    }
    while depth == 0 || room < slots {
        depth = depth.saturating_add(1);
        room = room.saturating_mul(FANOUT);
    }
    depth
}

/// The node above `slot` on a level, and which of its children leads to the slot.
fn position(slot: SlotIndex, level: u8) -> (u32, usize) {
    let below = FANOUT.saturating_pow(u32::from(level).saturating_sub(1)).max(1);
    let child = slot / below;
    (child / FANOUT, (child % FANOUT) as usize)
}

fn sum(node: &Node) -> Option<Leaves> {
    node.iter().try_fold(0, |sum: Leaves, child| sum.checked_add(*child))
}

/// The slot with leaf `leaf` of the whole set, and which leaf of the slot's piece that is; reads one node a level.
pub fn locate(nodes: &impl Nodes, slots: u32, leaf: Leaves) -> Option<(SlotIndex, Leaves)> {
    let (mut index, mut rest) = (0_u32, leaf);
    for level in (1..=depth(slots)).rev() {
        let mut child = index.checked_mul(FANOUT)?;
        let mut found = false;
        for leaves in nodes.get(level, index) {
            if rest < leaves {
                found = true;
                break;
            }
            rest = rest.saturating_sub(leaves);
            child = child.checked_add(1)?;
        }
        if !found {
            return None;
        }
        index = child;
    }
    (slots > 0).then_some((index, rest))
}

/// The leaves of one slot.
pub fn leaves_of(nodes: &impl Nodes, slot: SlotIndex) -> Option<Leaves> {
    let (index, child) = position(slot, 1);
    nodes.get(1, index).get(child).copied()
}

/// Adds a slot with `leaves` after the `slots` that there are; tells its number.
pub fn push(nodes: &mut impl Nodes, slots: u32, leaves: Leaves) -> Result<SlotIndex, TreeError> {
    let grown = slots.checked_add(1).filter(|grown| *grown <= MAX_SLOTS).ok_or(TreeError::Full)?;
    let levels = depth(grown);
    if levels > depth(slots) && slots > 0 {
        let total = sum(&nodes.get(depth(slots), 0)).ok_or(TreeError::Sum)?;
        nodes.put(levels, 0, Node::truncate_from([total].to_vec()));
    }
    for level in 1..=levels {
        let (index, child) = position(slots, level);
        let mut node = nodes.get(level, index);
        match node.get_mut(child) {
            Some(sum) => *sum = sum.checked_add(leaves).ok_or(TreeError::Sum)?,
            None => node.try_push(leaves).map_err(|_| TreeError::Sum)?,
        }
        sum(&node).ok_or(TreeError::Sum)?;
        nodes.put(level, index, node);
    }
    Ok(slots)
}

/// Frees `slot`; tells which slot moved into it, if another one did.
pub fn remove(nodes: &mut impl Nodes, slots: u32, slot: SlotIndex) -> Result<Option<SlotIndex>, TreeError> {
    let last = slots.checked_sub(1).filter(|last| slot <= *last).ok_or(TreeError::NoSlot)?;
    let gone = leaves_of(nodes, slot).ok_or(TreeError::NoSlot)?;
    let moved = leaves_of(nodes, last).ok_or(TreeError::Sum)?;
    let levels = depth(slots);
    for level in 1..=levels {
        let (index, child) = position(slot, level);
        let mut node = nodes.get(level, index);
        let sum = node.get_mut(child).ok_or(TreeError::Sum)?;
        *sum = sum.checked_add(moved).and_then(|sum| sum.checked_sub(gone)).ok_or(TreeError::Sum)?;
        nodes.put(level, index, node);
    }
    let mut emptied = true;
    for level in 1..=levels {
        let (index, child) = position(last, level);
        let mut node = nodes.get(level, index);
        let sum = node.get_mut(child).ok_or(TreeError::Sum)?;
        *sum = sum.checked_sub(moved).ok_or(TreeError::Sum)?;
        if emptied {
            node.pop();
        }
        emptied = node.is_empty();
        nodes.put(level, index, node);
    }
    if depth(last) < levels {
        nodes.put(levels, 0, Node::default());
    }
    Ok((slot != last).then_some(last))
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;
    use std::{cell::Cell, collections::BTreeMap};

    #[derive(Default)]
    struct Memory {
        nodes: BTreeMap<(u8, u32), Node>,
        reads: Cell<u32>,
    }

    impl Nodes for Memory {
        fn get(&self, level: u8, index: u32) -> Node {
            self.reads.set(self.reads.get() + 1);
            self.nodes.get(&(level, index)).cloned().unwrap_or_default()
        }

        fn put(&mut self, level: u8, index: u32, node: Node) {
            if node.is_empty() {
                self.nodes.remove(&(level, index));
            } else {
                self.nodes.insert((level, index), node);
            }
        }
    }

    /// The tree says of every piece's first and last leaf where it is, and has no node too many.
    fn assert_agrees(tree: &Memory, pieces: &[Leaves]) {
        let slots = pieces.len() as u32;
        let mut before = 0;
        for (slot, leaves) in pieces.iter().enumerate() {
            assert_eq!(locate(tree, slots, before), Some((slot as u32, 0)));
            assert_eq!(locate(tree, slots, before + leaves - 1), Some((slot as u32, leaves - 1)));
            before += leaves;
        }
        assert_eq!(locate(tree, slots, before), None);
        let needed: usize =
            (1..=depth(slots)).map(|level| pieces.len().div_ceil(64_usize.pow(level.into()))).sum();
        assert_eq!(tree.nodes.len(), needed);
    }

    #[test]
    fn depth_follows_the_slots() {
        for (slots, levels) in [(0, 0), (1, 1), (64, 1), (65, 2), (4_096, 2), (4_097, 3), (262_144, 3)] {
            assert_eq!(depth(slots), levels, "{slots}");
        }
        assert_eq!(depth(MAX_SLOTS), MAX_DEPTH);
    }

    #[test]
    fn an_empty_tree_has_no_leaf_and_no_slot() {
        let mut tree = Memory::default();
        assert_eq!(locate(&tree, 0, 0), None);
        assert_eq!(remove(&mut tree, 0, 0), Err(TreeError::NoSlot));
    }

    #[test]
    fn a_full_tree_finds_every_leaf_in_three_reads_and_takes_no_more() {
        let mut tree = Memory::default();
        for slot in 0..MAX_SLOTS {
            assert_eq!(push(&mut tree, slot, 3), Ok(slot));
        }
        assert_eq!(push(&mut tree, MAX_SLOTS, 3), Err(TreeError::Full));
        for leaf in (0..u64::from(MAX_SLOTS) * 3).step_by(1_009) {
            tree.reads.set(0);
            assert_eq!(locate(&tree, MAX_SLOTS, leaf), Some(((leaf / 3) as u32, leaf % 3)));
            assert_eq!(tree.reads.get(), 3);
        }
        assert_eq!(locate(&tree, MAX_SLOTS, u64::from(MAX_SLOTS) * 3), None);
    }

    #[test]
    fn the_last_slot_moves_into_the_hole() {
        let mut tree = Memory::default();
        for (slot, leaves) in [5, 6, 7].into_iter().enumerate() {
            assert_eq!(push(&mut tree, slot as u32, leaves), Ok(slot as u32));
        }
        assert_eq!(remove(&mut tree, 3, 3), Err(TreeError::NoSlot));
        assert_eq!(remove(&mut tree, 3, 0), Ok(Some(2)));
        assert_agrees(&tree, &[7, 6]);
        assert_eq!(remove(&mut tree, 2, 1), Ok(None));
        assert_agrees(&tree, &[7]);
        assert_eq!(remove(&mut tree, 1, 0), Ok(None));
        assert_agrees(&tree, &[]);
    }

    #[test]
    fn a_tree_grows_and_shrinks_over_its_levels() {
        let mut tree = Memory::default();
        let mut pieces = Vec::new();
        for slot in 0..4_200 {
            push(&mut tree, slot, u64::from(slot % 7) + 1).unwrap();
            pieces.push(u64::from(slot % 7) + 1);
            if [0, 63, 64, 65, 4_095, 4_096, 4_097].contains(&slot) {
                assert_agrees(&tree, &pieces);
            }
        }
        while !pieces.is_empty() {
            let slot = pieces.len() * 31 % pieces.len().max(1);
            remove(&mut tree, pieces.len() as u32, slot as u32).unwrap();
            pieces.swap_remove(slot);
            if [4_098, 4_097, 4_096, 4_095, 65, 64, 63, 1, 0].contains(&pieces.len()) {
                assert_agrees(&tree, &pieces);
            }
        }
    }

    #[test]
    fn leaves_beyond_counting_are_refused() {
        let mut tree = Memory::default();
        push(&mut tree, 0, u64::MAX).unwrap();
        assert_eq!(push(&mut tree, 1, 1), Err(TreeError::Sum));
    }

    proptest! {
        #![proptest_config(ProptestConfig { cases: 64, fork: false, ..ProptestConfig::default() })]

        #[test]
        fn any_changes_agree_with_a_plain_list(
            start in prop_oneof![Just(0_usize), Just(62), Just(4_094)],
            steps in prop::collection::vec((any::<bool>(), 1..1_000_u64, any::<u32>()), 1..80),
        ) {
            let (mut tree, mut pieces) = (Memory::default(), Vec::new());
            for slot in 0..start {
                push(&mut tree, slot as u32, 2).unwrap();
                pieces.push(2);
            }
            for (add, leaves, pick) in steps {
                let slots = pieces.len() as u32;
                if add || slots == 0 {
                    prop_assert_eq!(push(&mut tree, slots, leaves), Ok(slots));
                    pieces.push(leaves);
                } else {
                    let slot = pick % slots;
                    let moved = (slot != slots - 1).then_some(slots - 1);
                    prop_assert_eq!(remove(&mut tree, slots, slot), Ok(moved));
                    pieces.swap_remove(slot as usize);
                }
            }
            assert_agrees(&tree, &pieces);
        }
    }
}

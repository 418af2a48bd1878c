//! Proofs that somebody can read a leaf of a piece.
//!
//! A proof is the leaf's bytes and the chaining values beside its path to the root, from the leaf upwards. Where each
//! of them stands follows from the index and the piece's size alone, by BLAKE3's left-balanced tree; a prover says
//! nothing about positions.

use alloc::vec::Vec;
use blake3::{
    Hasher,
    hazmat::{
        ChainingValue, HasherExt, Mode, left_subtree_len, merge_subtrees_non_root, merge_subtrees_root,
    },
};
use codec::{Decode, DecodeWithMemTracking, Encode};
use scale_info::TypeInfo;

use crate::{LEAF_SIZE, Piece};

/// Most siblings in a proof, for a piece of 2^64 - 1 bytes.
pub const MAX_PATH_LEN: usize = 54;

/// A leaf and its path to the root.
#[derive(Clone, Debug, Decode, DecodeWithMemTracking, Encode, Eq, PartialEq, TypeInfo)]
pub struct LeafProof {
    /// The leaf: 1,024 bytes, or fewer at the piece's end.
    pub leaf: Vec<u8>,
    /// Chaining values of the path's siblings, from the leaf upwards.
    pub path: Vec<ChainingValue>,
}

/// Why a proof was refused.
#[derive(Clone, Copy, Debug, Decode, DecodeWithMemTracking, Encode, Eq, PartialEq, TypeInfo)]
pub enum ProofError {
    /// The piece has no leaf of that index; one of zero length has none at all.
    Index,
    /// The leaf isn't as long as the piece's size says.
    LeafLength,
    /// The path isn't as long as the piece's size says.
    PathLength,
    /// Leaf and path don't hash to the piece's root.
    Root,
}

/// How a leaf hangs in its tree.
struct Place {
    /// Exact length of the leaf.
    leaf_len: u64,
    /// Levels between leaf and root.
    depth: u32,
    /// Bit `i` from the top is set when the path turns right at level `i`; the last turn is bit 0.
    turns: u64,
}

/// Where leaf `index` of a tree over `size` bytes hangs; `None` when there is no such leaf.
fn place(size: u64, index: u64) -> Option<Place> {
    let mut offset = index.checked_mul(LEAF_SIZE)?;
    if offset >= size {
        return None;
    }
    let mut len = size;
    let (mut depth, mut turns) = (0u32, 0u64);
    while len > LEAF_SIZE {
        let left = left_subtree_len(len);
        turns <<= 1;
        depth = depth.saturating_add(1);
        if offset < left {
            len = left;
        } else {
            turns |= 1;
            offset = offset.saturating_sub(left);
            len = len.saturating_sub(left);
        }
    }
    Some(Place { leaf_len: len, depth, turns })
}

/// How many siblings the proof of leaf `index` has; `None` when the piece has no such leaf.
pub fn path_len(piece: &Piece, index: u64) -> Option<usize> {
    place(piece.size, index).map(|place| place.depth as usize)
}

/// Most bytes that a proof of one leaf of this piece takes: the leaf and 32 bytes for each of ⌈log2 leaves⌉ levels.
pub fn max_proof_size(piece: &Piece) -> u64 {
    let levels = piece.leaves().checked_next_power_of_two().map_or(0, u64::trailing_zeros);
    LEAF_SIZE.saturating_add(u64::from(levels).saturating_mul(32))
}

/// Checks that `proof` shows leaf `index` of `piece`.
pub fn verify(piece: &Piece, index: u64, proof: &LeafProof) -> Result<(), ProofError> {
    let place = place(piece.size, index).ok_or(ProofError::Index)?;
    if proof.leaf.len() as u64 != place.leaf_len {
        return Err(ProofError::LeafLength);
    }
    if proof.path.len() != place.depth as usize {
        return Err(ProofError::PathLength);
    }
    let root = match proof.path.split_last() {
        None => *blake3::hash(&proof.leaf).as_bytes(),
        Some((last, below)) => {
            let mut turns = place.turns;
            let mut value = chaining_value(index.saturating_mul(LEAF_SIZE), &proof.leaf);
            for sibling in below {
                let (left, right) = if turns & 1 == 0 { (&value, sibling) } else { (sibling, &value) };
                value = merge_subtrees_non_root(left, right, Mode::Hash);
                turns >>= 1;
            }
            let (left, right) = if turns & 1 == 0 { (&value, last) } else { (last, &value) };
            *merge_subtrees_root(left, right, Mode::Hash).as_bytes()
        }
    };
    if root == piece.root { Ok(()) } else { Err(ProofError::Root) }
}

/// Chaining value of a non-empty subtree that starts at `offset`, a multiple of the leaf size.
fn chaining_value(offset: u64, subtree: &[u8]) -> ChainingValue {
    let mut hasher = Hasher::new();
    hasher.set_input_offset(offset).update(subtree);
    hasher.finalize_non_root()
}

/// Siblings of leaf `index` inside the subtree of bytes `subtree` that starts at leaf `first`, from the leaf upwards;
/// `None` when the leaf isn't inside, or no subtree of those bytes can start there.
pub fn path_in_subtree(first: u64, subtree: &[u8], index: u64) -> Option<Vec<ChainingValue>> {
    let offset = first.checked_mul(LEAF_SIZE)?;
    let len = subtree.len() as u64;
    if blake3::hazmat::max_subtree_len(offset).is_some_and(|max| len > max) {
        return None;
    }
    let mut place = place(len, index.checked_sub(first)?)?;
    let (mut offset, mut bytes) = (offset, subtree);
    let mut path = Vec::with_capacity(place.depth as usize);
    while place.depth > 0 {
        place.depth = place.depth.saturating_sub(1);
        let left_len = left_subtree_len(bytes.len() as u64);
        let (left, right) = bytes.split_at_checked(usize::try_from(left_len).ok()?)?;
        let right_offset = offset.checked_add(left_len)?;
        if place.turns >> place.depth & 1 == 0 {
            path.push(chaining_value(right_offset, right));
            bytes = left;
        } else {
            path.push(chaining_value(offset, left));
            (offset, bytes) = (right_offset, right);
        }
    }
    path.reverse();
    Some(path)
}

/// The leaf of a proof together with its siblings inside the subtree `subtree` that starts at leaf `first`. With the
/// whole piece as the subtree it is the whole proof.
pub fn prove_in_subtree(first: u64, subtree: &[u8], index: u64) -> Option<LeafProof> {
    let path = path_in_subtree(first, subtree, index)?;
    let start = usize::try_from(index.checked_sub(first)?.checked_mul(LEAF_SIZE)?).ok()?;
    let rest = subtree.get(start..)?;
    let leaf = rest.get(..LEAF_SIZE as usize).unwrap_or(rest).to_vec();
    Some(LeafProof { leaf, path })
}

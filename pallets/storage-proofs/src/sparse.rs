//! Pieces of any size of which only some leaves exist: the rest is given by made-up hashes.

use crate::types::Leaves;
use alloc::{vec, vec::Vec};
use blake3::hazmat::{ChainingValue, HasherExt, Mode, merge_subtrees_non_root, merge_subtrees_root};
use stoa_primitives::{LEAF_SIZE, Piece, possession::LeafProof};

/// A piece of `size` bytes with leaves `wanted`, which are filled with `fill`, and the proofs of those leaves.
pub(crate) fn piece(size: u64, wanted: &[Leaves], fill: u8) -> (Piece, Vec<LeafProof>) {
    let leaf = |index: Leaves| {
        let len = size.saturating_sub(index.saturating_mul(LEAF_SIZE)).min(LEAF_SIZE);
        let mut bytes = vec![fill; len as usize];
        bytes.iter_mut().zip(index.to_le_bytes()).for_each(|(byte, mark)| *byte ^= mark);
        bytes
    };
    let mut proofs: Vec<_> =
        wanted.iter().map(|index| LeafProof { leaf: leaf(*index), path: Vec::new() }).collect();
    let root = if size <= LEAF_SIZE {
        *blake3::hash(&leaf(0)).as_bytes()
    } else {
        let (left, right) = halves(0, size, wanted, &mut proofs, &leaf);
        *merge_subtrees_root(&left, &right, Mode::Hash).as_bytes()
    };
    (Piece { root, size }, proofs)
}

/// The two halves of the subtree of `len` bytes at `offset`; adds each to the paths in the other.
fn halves(
    offset: u64,
    len: u64,
    wanted: &[Leaves],
    proofs: &mut [LeafProof],
    leaf: &impl Fn(Leaves) -> Vec<u8>,
) -> (ChainingValue, ChainingValue) {
    let left_len = 1_u64 << len.saturating_sub(1).ilog2();
    let middle = offset.saturating_add(left_len);
    let left = value(offset, left_len, wanted, proofs, leaf);
    let right = value(middle, len.saturating_sub(left_len), wanted, proofs, leaf);
    let end = offset.saturating_add(len);
    for (index, proof) in wanted.iter().zip(proofs) {
        let at = index.saturating_mul(LEAF_SIZE);
        if (offset..middle).contains(&at) {
            proof.path.push(right);
        } else if (middle..end).contains(&at) {
            proof.path.push(left);
        }
    }
    (left, right)
}

fn value(
    offset: u64,
    len: u64,
    wanted: &[Leaves],
    proofs: &mut [LeafProof],
    leaf: &impl Fn(Leaves) -> Vec<u8>,
) -> ChainingValue {
    let end = offset.saturating_add(len);
    if !wanted.iter().any(|index| (offset..end).contains(&index.saturating_mul(LEAF_SIZE))) {
        return *blake3::hash(&[offset.to_le_bytes(), len.to_le_bytes()].concat()).as_bytes();
    }
    if len <= LEAF_SIZE {
        let mut hasher = blake3::Hasher::new();
        hasher.set_input_offset(offset).update(&leaf(offset / LEAF_SIZE));
        return hasher.finalize_non_root();
    }
    let (left, right) = halves(offset, len, wanted, proofs, leaf);
    merge_subtrees_non_root(&left, &right, Mode::Hash)
}

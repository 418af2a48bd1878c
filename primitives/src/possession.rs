//! Proofs that somebody can read a leaf of a piece.
//!
//! A proof is the leaf's bytes and the chaining values beside its path to the root, from the leaf upwards. Where each
//! of them stands follows from the index and the piece's size alone, by BLAKE3's left-balanced tree; a prover says
//! nothing about positions.
//!
//! A leaf other than the last says nothing about the last one's length: the size of a [`Piece`] has to come from
//! somebody who has checked it, as the root has.

use alloc::vec::Vec;
use blake3::{
    Hasher,
    hazmat::{ChainingValue, HasherExt, Mode, merge_subtrees_non_root, merge_subtrees_root},
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
        let left = left_len(len);
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

/// Bytes in the left half of a subtree of `len` bytes, more than a leaf: the largest power of two below `len`. BLAKE3's
/// own function overflows for the longest input.
fn left_len(len: u64) -> u64 {
    1 << len.saturating_sub(1).checked_ilog2().unwrap_or_default()
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
        let left_size = left_len(bytes.len() as u64);
        let (left, right) = bytes.split_at_checked(usize::try_from(left_size).ok()?)?;
        let right_offset = offset.checked_add(left_size)?;
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

#[cfg(test)]
mod tests {
    use alloc::{vec, vec::Vec};

    use proptest::prelude::*;

    use super::*;

    fn bytes(len: u64) -> Vec<u8> {
        (0..len).map(|at| (at * 31 + (at >> 10) * 7) as u8).collect()
    }

    fn piece(data: &[u8]) -> Piece {
        Piece { root: *blake3::hash(data).as_bytes(), size: data.len() as u64 }
    }

    fn prove(data: &[u8], index: u64) -> LeafProof {
        prove_in_subtree(0, data, index).unwrap()
    }

    /// A piece of `size` bytes and the proof of one of its leaves, which verifies.
    fn good(size: u64, index: u64) -> (Piece, LeafProof) {
        let data = bytes(size);
        let (piece, proof) = (piece(&data), prove(&data, index));
        assert_eq!(verify(&piece, index, &proof), Ok(()));
        (piece, proof)
    }

    #[test]
    fn every_leaf_verifies_for_sizes_around_every_power_of_two() {
        for power in 0..18 {
            for size in [(1u64 << power).saturating_sub(1), 1 << power, (1 << power) + 1] {
                let data = bytes(size);
                let piece = piece(&data);
                for index in 0..piece.leaves() {
                    let proof = prove(&data, index);
                    assert_eq!(verify(&piece, index, &proof), Ok(()), "{size} {index}");
                    assert_eq!(Some(proof.path.len()), path_len(&piece, index));
                    let proof_size = (proof.leaf.len() + 32 * proof.path.len()) as u64;
                    assert!(proof_size <= max_proof_size(&piece), "{size} {index}");
                }
                assert_eq!(verify(&piece, piece.leaves(), &good(1, 0).1), Err(ProofError::Index));
            }
        }
    }

    #[test]
    fn every_leaf_verifies_for_leaf_counts_around_every_power_of_two() {
        for power in 0..9 {
            for leaves in [(1u64 << power).saturating_sub(1).max(1), 1 << power, (1 << power) + 1] {
                for size in [leaves * LEAF_SIZE - 1, leaves * LEAF_SIZE, leaves * LEAF_SIZE - 1023] {
                    let data = bytes(size);
                    let piece = piece(&data);
                    assert_eq!(piece.leaves(), leaves);
                    for index in 0..leaves {
                        assert_eq!(verify(&piece, index, &prove(&data, index)), Ok(()), "{size} {index}");
                    }
                }
            }
        }
    }

    #[test]
    fn left_halves_are_those_of_blake3() {
        for len in (1025..300_000).chain((11..63).map(|power| (1 << power) + 1)) {
            assert_eq!(left_len(len), blake3::hazmat::left_subtree_len(len), "{len}");
        }
        assert_eq!(left_len(u64::MAX), 1 << 63);
    }

    #[test]
    fn a_gibibyte_needs_1664_bytes() {
        let gib = Piece { root: [0; 32], size: 1 << 30 };
        assert_eq!(path_len(&gib, 77), Some(20));
        assert_eq!(max_proof_size(&gib), 1664);
    }

    #[test]
    fn sizes_up_to_the_limit_have_a_place_for_every_leaf() {
        for size in [u64::MAX, u64::MAX - 1, 1 << 63, (1 << 63) + 1, (1 << 54) + 1025] {
            let piece = Piece { root: [0; 32], size };
            let leaves = piece.leaves();
            for index in [0, 1, leaves / 2, leaves - 2, leaves - 1] {
                assert!(path_len(&piece, index).unwrap() <= MAX_PATH_LEN);
                let proof = LeafProof { leaf: vec![0; 1024], path: vec![[0; 32]; MAX_PATH_LEN] };
                assert!(verify(&piece, index, &proof).is_err());
            }
            assert_eq!(path_len(&piece, leaves), None);
            assert_eq!(path_len(&piece, u64::MAX), None);
            assert!(max_proof_size(&piece) <= LEAF_SIZE + 32 * MAX_PATH_LEN as u64);
        }
    }

    #[test]
    fn verify_fails_for_an_index_out_of_range() {
        let (piece, proof) = good(5000, 4);
        for index in [5, 6, u64::MAX / 1024, u64::MAX / 1024 + 1, u64::MAX] {
            assert_eq!(verify(&piece, index, &proof), Err(ProofError::Index));
        }
    }

    #[test]
    fn verify_fails_for_another_leaf_of_the_same_piece() {
        let (piece, proof) = good(8192, 3);
        for index in (0..8).filter(|index| *index != 3) {
            assert_eq!(verify(&piece, index, &proof), Err(ProofError::Root));
        }
    }

    #[test]
    fn verify_fails_for_a_zero_length_piece() {
        let empty = piece(&[]);
        let proof = LeafProof { leaf: vec![], path: vec![] };
        assert_eq!(verify(&empty, 0, &proof), Err(ProofError::Index));
        assert_eq!(path_len(&empty, 0), None);
        assert_eq!(prove_in_subtree(0, &[], 0), None);
    }

    #[test]
    fn verify_fails_for_an_empty_proof() {
        let (piece, mut proof) = good(5000, 2);
        let leaf = core::mem::take(&mut proof.leaf);
        assert_eq!(verify(&piece, 2, &proof), Err(ProofError::LeafLength));
        let proof = LeafProof { leaf, path: vec![] };
        assert_eq!(verify(&piece, 2, &proof), Err(ProofError::PathLength));
        let proof = LeafProof { leaf: vec![], path: vec![] };
        assert_eq!(verify(&piece, 2, &proof), Err(ProofError::LeafLength));
    }

    #[test]
    fn verify_fails_for_paths_that_are_short_or_long() {
        let (piece, proof) = good(5000, 2);
        let mut short = proof.clone();
        short.path.pop();
        assert_eq!(verify(&piece, 2, &short), Err(ProofError::PathLength));
        let mut long = proof.clone();
        long.path.push([7; 32]);
        assert_eq!(verify(&piece, 2, &long), Err(ProofError::PathLength));
        // Leaf 4 hangs higher than the others; its path is no path of theirs.
        let (_, high) = good(5000, 4);
        assert_eq!(high.path.len(), 1);
        assert_eq!(verify(&piece, 4, &proof), Err(ProofError::LeafLength));
    }

    #[test]
    fn verify_fails_for_leaves_with_bytes_left_over_or_missing() {
        let (piece, proof) = good(5000, 2);
        let mut long = proof.clone();
        long.leaf.push(0);
        assert_eq!(verify(&piece, 2, &long), Err(ProofError::LeafLength));
        let mut short = proof.clone();
        short.leaf.pop();
        assert_eq!(verify(&piece, 2, &short), Err(ProofError::LeafLength));
    }

    #[test]
    fn verify_fails_for_a_last_leaf_padded_to_full_length() {
        let (piece, proof) = good(5000, 4);
        assert_eq!(proof.leaf.len(), 5000 - 4096);
        let mut padded = proof;
        padded.leaf.resize(1024, 0);
        assert_eq!(verify(&piece, 4, &padded), Err(ProofError::LeafLength));
        // The other way round: a piece that is full, proven with a shortened leaf.
        let (full, mut proof) = good(5120, 4);
        proof.leaf.truncate(904);
        assert_eq!(verify(&full, 4, &proof), Err(ProofError::LeafLength));
    }

    #[test]
    fn verify_fails_for_duplicated_siblings() {
        let (piece, proof) = good(16 * 1024, 5);
        for at in 1..proof.path.len() {
            let mut bad = proof.clone();
            bad.path[at] = bad.path[at - 1];
            assert_eq!(verify(&piece, 5, &bad), Err(ProofError::Root));
        }
    }

    #[test]
    fn verify_fails_for_swapped_siblings() {
        let (piece, proof) = good(16 * 1024, 5);
        for at in 1..proof.path.len() {
            let mut bad = proof.clone();
            bad.path.swap(at, at - 1);
            assert_eq!(verify(&piece, 5, &bad), Err(ProofError::Root));
        }
        let mut bad = proof;
        bad.path.reverse();
        assert_eq!(verify(&piece, 5, &bad), Err(ProofError::Root));
    }

    #[test]
    fn verify_fails_for_a_node_given_as_a_leaf() {
        // The last leaf has 64 bytes, as a node has.
        let (piece, proof) = good(2048 + 64, 2);
        let data = bytes(2048 + 64);
        let node = [chaining_value(0, &data[..1024]), chaining_value(1024, &data[1024..2048])].concat();
        let bad = LeafProof { leaf: node.clone(), path: proof.path.clone() };
        assert_eq!(verify(&piece, 2, &bad), Err(ProofError::Root));
        let bad = LeafProof { leaf: node.clone(), path: vec![chaining_value(2048, &data[2048..])] };
        assert_eq!(verify(&piece, 2, &bad), Err(ProofError::Root));
        assert_eq!(verify(&piece, 0, &bad), Err(ProofError::LeafLength));
        // A piece that claims to be as long as the node that it presents.
        let small = Piece { root: piece.root, size: 64 };
        assert_eq!(verify(&small, 0, &LeafProof { leaf: node, path: vec![] }), Err(ProofError::Root));
    }

    #[test]
    fn verify_fails_for_the_path_of_another_piece() {
        let (piece, proof) = good(8192, 3);
        let mut other = bytes(8192);
        other[8000] ^= 1;
        let foreign = prove(&other, 3);
        assert_eq!(foreign.leaf, proof.leaf);
        assert_eq!(verify(&piece, 3, &foreign), Err(ProofError::Root));
        // Equal first halves, another size.
        let longer = prove(&bytes(16 * 1024), 3);
        assert_eq!(verify(&piece, 3, &longer), Err(ProofError::PathLength));
    }

    #[test]
    fn verify_fails_for_another_size() {
        let (piece, proof) = good(8192, 7);
        for size in [4096, 8191, 8193, 9216, 16384] {
            assert!(verify(&Piece { size, ..piece }, 7, &proof).is_err(), "{size}");
        }
    }

    #[test]
    fn verify_fails_for_a_root_made_without_the_root_flag() {
        let data = bytes(2048);
        let (left, right) = (chaining_value(0, &data[..1024]), chaining_value(1024, &data[1024..]));
        let proof = prove(&data, 0);
        let root = merge_subtrees_non_root(&left, &right, Mode::Hash);
        assert_eq!(verify(&Piece { root, size: 2048 }, 0, &proof), Err(ProofError::Root));
        let leaf = Piece { root: left, size: 1024 };
        assert_eq!(verify(&leaf, 0, &prove(&data[..1024], 0)), Err(ProofError::Root));
        // And an inner node doesn't become the root of a smaller piece.
        let data = bytes(4096);
        let half = Piece { root: chaining_value(0, &data[..2048]), size: 2048 };
        assert_eq!(verify(&half, 0, &prove(&data[..2048], 0)), Err(ProofError::Root));
    }

    #[test]
    fn path_in_subtree_refuses_what_is_no_subtree() {
        let data = bytes(4096);
        assert_eq!(path_in_subtree(0, &data, 4), None);
        assert_eq!(path_in_subtree(4, &data, 3), None);
        // No subtree of four leaves starts at leaf 2.
        assert_eq!(path_in_subtree(2, &data, 3), None);
        assert_eq!(path_in_subtree(u64::MAX, &data, u64::MAX), None);
        assert!(path_in_subtree(4, &data, 5).is_some());
    }

    #[test]
    fn proof_encoding_is_frozen() {
        let proof = LeafProof { leaf: vec![1, 2], path: vec![[3; 32]] };
        let encoded = proof.encode();
        assert_eq!(encoded[..4], [8, 1, 2, 4]);
        assert_eq!(encoded.len(), 4 + 32);
        assert_eq!(ProofError::Root.encode(), [3]);
    }

    proptest! {
        #[test]
        fn any_leaf_of_any_piece_verifies(size in 1u64..300_000, pick in any::<u64>()) {
            let data = bytes(size);
            let piece = piece(&data);
            let index = pick % piece.leaves();
            prop_assert_eq!(verify(&piece, index, &prove(&data, index)), Ok(()));
        }

        #[test]
        fn any_change_is_noticed(
            size in 1u64..100_000,
            pick in any::<u64>(),
            at in any::<usize>(),
            bit in 0u8..8,
            what in 0..7,
        ) {
            let data = bytes(size);
            let mut piece = piece(&data);
            let mut index = pick % piece.leaves();
            let mut proof = prove(&data, index);
            let depth = proof.path.len();
            match what {
                0 => { let at = at % proof.leaf.len(); proof.leaf[at] ^= 1 << bit },
                1 if depth > 0 => proof.path[at % depth][at % 32] ^= 1 << bit,
                2 if depth > 0 => { proof.path.remove(at % depth); },
                3 => proof.path.insert(at % (depth + 1), [bit; 32]),
                4 => { proof.leaf.pop(); },
                5 => index = index.wrapping_add(1 + at as u64 % 8),
                _ => piece.root[at % 32] ^= 1 << bit,
            }
            // Equal leaves side by side prove each other's index: rule that out.
            prop_assume!(what != 5 || index >= piece.leaves() || data[(index * 1024) as usize..].get(..proof.leaf.len()) != Some(&proof.leaf));
            prop_assert!(verify(&piece, index, &proof).is_err());
        }

        #[test]
        fn arbitrary_proofs_never_verify_or_panic(
            size in any::<u64>(),
            index in any::<u64>(),
            leaf in prop::collection::vec(any::<u8>(), 0..1100),
            path in prop::collection::vec(any::<[u8; 32]>(), 0..60),
        ) {
            let piece = Piece { root: [9; 32], size };
            let proof = LeafProof { leaf, path };
            prop_assert!(verify(&piece, index, &proof).is_err());
        }
    }
}

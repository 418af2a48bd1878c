//! Answers a window's challenges from the store.

use std::time::{Duration, Instant};

use pallet_storage_proofs::types::{Challenge, LeafProofs};
use stoa_content::{GROUP_SIZE, Store, StoreError};
use stoa_primitives::{LEAF_SIZE, Piece, possession::path_len};

/// Bytes of a hash.
const HASH: u64 = 32;
/// Leaves of a group.
const GROUP_LEAVES: u64 = GROUP_SIZE / LEAF_SIZE;

/// A proof that every challenge's leaf can be read.
pub struct Proof {
    /// In the order of the challenges.
    pub leaves: LeafProofs,
    /// Bytes that were read for it.
    pub bytes_read: u64,
    /// How long it took.
    pub took: Duration,
}

/// A piece that can't be shown.
#[derive(Debug)]
pub struct Broken {
    /// The piece.
    pub piece: Piece,
    /// Why.
    pub error: String,
}

/// Reads and proves the leaves; the pieces that are broken instead, each once. Blocks.
pub fn prove(store: &Store, challenges: &[Challenge]) -> Result<Proof, Vec<Broken>> {
    let started = Instant::now();
    let (mut leaves, mut broken, mut bytes_read) = (Vec::new(), Vec::<Broken>::new(), 0_u64);
    for Challenge { piece, leaf, .. } in challenges {
        match prove_leaf(store, piece, *leaf) {
            Ok(proof) => {
                leaves.push(proof);
                bytes_read = bytes_read.saturating_add(read_for(piece, *leaf));
            }
            Err(_) if broken.iter().any(|known| known.piece == *piece) => {}
            Err(error) => broken.push(Broken { piece: *piece, error }),
        }
    }
    if !broken.is_empty() {
        return Err(broken);
    }
    // The chain never asks for more than a proof holds.
    Ok(Proof { leaves: LeafProofs::truncate_from(leaves), bytes_read, took: started.elapsed() })
}

fn prove_leaf(
    store: &Store,
    piece: &Piece,
    leaf: u64,
) -> Result<stoa_primitives::possession::LeafProof, String> {
    match store.prove_leaf(&piece.root, leaf) {
        Ok(Some(proof)) => Ok(proof),
        Ok(None) => Err("it isn't in the store".into()),
        Err(error @ (StoreError::Damaged { .. } | StoreError::Io { .. })) => Err(error.to_string()),
        Err(error) => Err(format!("it can't be read: {error}")),
    }
}

/// What one proof reads: the leaf's group, and a hash a level above it.
fn read_for(piece: &Piece, leaf: u64) -> u64 {
    let start = (leaf / GROUP_LEAVES).saturating_mul(GROUP_SIZE);
    let group = piece.size.saturating_sub(start).min(GROUP_SIZE);
    let in_group = u64::from(group.div_ceil(LEAF_SIZE).next_power_of_two().trailing_zeros());
    let levels = path_len(piece, leaf).unwrap_or_default() as u64;
    group.saturating_add(levels.saturating_sub(in_group).saturating_mul(HASH))
}

#[cfg(test)]
mod tests {
    use pallet_storage_proofs::types::OrderId;
    use stoa_content::StoreOptions;
    use stoa_primitives::possession::verify;
    use tempfile::TempDir;

    use super::*;

    fn stored(len: usize) -> (TempDir, Store, Piece) {
        let (dir, source) = (TempDir::new().unwrap(), TempDir::new().unwrap());
        let bytes: Vec<u8> = (0..len).map(|at| (at * 31 + (at >> 10)) as u8).collect();
        std::fs::write(source.path().join("weights.bin"), bytes).unwrap();
        let store = Store::open(dir.path(), StoreOptions { byte_limit: 1 << 30 }).unwrap();
        let piece = store.import_dir(source.path(), &mut |_| {}).unwrap().piece;
        (dir, store, piece)
    }

    fn challenge(piece: Piece, leaf: u64) -> Challenge {
        Challenge { slot: 0, order: OrderId(1), piece, leaf }
    }

    #[test]
    fn every_challenge_is_answered_with_at_most_32_kib_of_reads() {
        let (_dir, store, piece) = stored(3_000_000);
        let asked: Vec<_> = (0..32).map(|at| challenge(piece, at * 90 % piece.leaves())).collect();
        let proof = prove(&store, &asked).unwrap();
        for (challenge, leaf) in asked.iter().zip(&proof.leaves) {
            assert_eq!(verify(&piece, challenge.leaf, leaf), Ok(()));
            assert!(read_for(&piece, challenge.leaf) <= 32 << 10);
        }
        assert!(proof.bytes_read <= 32 * (32 << 10));
    }

    #[test]
    fn broken_pieces_are_named_once_each() {
        let (dir, store, piece) = stored(300_000);
        let car = dir.path().join("pieces").join(format!("{}.car", hex::encode(piece.root)));
        std::fs::OpenOptions::new().write(true).open(car).unwrap().set_len(100_000).unwrap();
        let absent = Piece { root: [9; 32], size: 5_000 };
        let last = piece.leaves() - 1;
        let asked =
            [challenge(piece, 0), challenge(piece, last), challenge(piece, last - 1), challenge(absent, 0)];
        let broken = prove(&store, &asked).map(|_| ()).unwrap_err();
        assert_eq!(broken.iter().map(|one| one.piece).collect::<Vec<_>>(), [piece, absent]);
        assert!(broken[0].error.contains("too short"), "{}", broken[0].error);
        assert!(prove(&store, &asked[..1]).is_ok());
    }

    #[test]
    fn bytes_read_are_the_group_and_a_hash_a_level_above_it() {
        let piece = |size| Piece { root: [0; 32], size };
        assert_eq!(read_for(&piece(1), 0), 1);
        assert_eq!(read_for(&piece(16 << 10), 3), 16 << 10);
        assert_eq!(read_for(&piece(1 << 30), 77), (16 << 10) + 16 * 32);
    }
}

//! What the verifier refuses through the call, and what it costs.

use super::*;
use crate::{ProofSlots, sparse};
use polkadot_sdk::{frame_support::dispatch::Pays, sp_runtime::DispatchError};
use proptest::prelude::*;
use stoa_primitives::possession::LeafProof;

/// BOB keeps two pieces with a short last leaf each, and his window's seed is known.
fn scene() -> (WindowIndex, Seed, LeafProofs) {
    provide(BOB);
    for (number, size) in [(1, 40 * 1_024 - 100), (2, 12 * 1_024 - 100)] {
        let id = order(piece(number, size), 1, 9);
        accept(BOB, id);
    }
    to_next_seed(BOB);
    honest_proof(BOB)
}

fn submit(window: WindowIndex, seed: Seed, leaves: &LeafProofs) -> Result<(), DispatchError> {
    let before = provider(BOB);
    let result = StorageProofs::submit_proof(signed(BOB), window, seed, leaves.clone());
    if let Err(failed) = &result {
        assert_eq!(failed.post_info.pays_fee, Pays::Yes, "a proof that fails is charged");
        assert_eq!(provider(BOB), before);
    }
    result.map(|_| ()).map_err(|failed| failed.error)
}

/// Each change of the first leaf that a challenge allows is refused with the error.
fn refused(error: Error, change: impl Fn(&mut LeafProof)) {
    ExtBuilder.build_and_execute(|| {
        let (window, seed, good) = scene();
        for at in 0..good.len() {
            let mut bad = good.clone();
            change(&mut bad[at]);
            assert_eq!(submit(window, seed, &bad), Err(error_of(&error)), "{at}");
        }
        assert_ok!(submit(window, seed, &good));
    });
}

fn error_of(error: &Error) -> DispatchError {
    match error {
        Error::LeafLength => Error::LeafLength.into(),
        Error::PathLength => Error::PathLength.into(),
        _ => Error::LeafMismatch.into(),
    }
}

#[test]
fn submit_proof_fails_for_leaves_that_are_short_long_or_empty() {
    refused(Error::LeafLength, |proof| proof.leaf.truncate(0));
    refused(Error::LeafLength, |proof| {
        proof.leaf.pop();
    });
    refused(Error::LeafLength, |proof| proof.leaf.push(0));
}

#[test]
fn submit_proof_fails_for_paths_that_are_short_long_or_empty() {
    refused(Error::PathLength, |proof| proof.path.clear());
    refused(Error::PathLength, |proof| {
        proof.path.pop();
    });
    refused(Error::PathLength, |proof| proof.path.push([0; 32]));
}

#[test]
fn submit_proof_fails_for_changed_leaves_and_siblings() {
    refused(Error::LeafMismatch, |proof| proof.leaf[7] ^= 1);
    refused(Error::LeafMismatch, |proof| proof.path[0][31] ^= 128);
    refused(Error::LeafMismatch, |proof| proof.path.reverse());
    refused(Error::LeafMismatch, |proof| proof.path[1] = proof.path[0]);
}

#[test]
fn submit_proof_fails_when_a_node_stands_for_a_leaf() {
    refused(Error::LeafLength, |proof| proof.leaf = proof.path[..2].concat());
}

#[test]
fn submit_proof_fails_for_more_fewer_and_no_leaves() {
    ExtBuilder.build_and_execute(|| {
        let (window, seed, good) = scene();
        let count = Err(Error::WrongCount.into());
        assert_eq!(submit(window, seed, &LeafProofs::default()), count);
        let mut fewer = good.clone();
        fewer.pop();
        assert_eq!(submit(window, seed, &fewer), count);
        let mut more = good.clone();
        more.try_push(good[0].clone()).unwrap();
        assert_eq!(submit(window, seed, &more), count);
    });
}

#[test]
fn submit_proof_fails_when_one_leaf_is_shown_for_all_challenges() {
    ExtBuilder.build_and_execute(|| {
        let (window, seed, good) = scene();
        let drawn: std::collections::BTreeSet<_> = StorageProofs::challenges(BOB)
            .unwrap()
            .challenges
            .iter()
            .map(|one| (one.slot, one.leaf))
            .collect();
        assert!(drawn.len() > 1);
        let mut same = good.clone();
        same.iter_mut().for_each(|proof| *proof = good[0].clone());
        assert!(submit(window, seed, &same).is_err());
        let mut turned = good.clone().into_inner();
        turned.rotate_left(1);
        let turned = turned.try_into().unwrap();
        assert!(submit(window, seed, &turned).is_err());
    });
}

#[test]
fn submit_proof_fails_when_a_leaf_belongs_to_another_piece() {
    ExtBuilder.build_and_execute(|| {
        let (window, seed, good) = scene();
        // The same bytes under another root.
        let slot = StorageProofs::challenges(BOB).unwrap().challenges[0].slot;
        let kept = ProofSlots::<Test>::get(BOB, slot).unwrap();
        let other = piece(9, kept.piece.size);
        ProofSlots::<Test>::insert(BOB, slot, Slot { piece: other, ..kept });
        assert_eq!(submit(window, seed, &good), Err(Error::LeafMismatch.into()));
        ProofSlots::<Test>::insert(BOB, slot, kept);
        assert_ok!(submit(window, seed, &good));
    });
}

#[test]
fn submit_proof_fails_with_the_seed_of_another_fork_account_or_window() {
    ExtBuilder.build_and_execute(|| {
        let (window, seed, good) = scene();
        for other in [[0; 32], phase(BOB).seed_of(&CAROL).unwrap()] {
            assert_ne!(other, seed);
            assert_eq!(submit(window, other, &good), Err(Error::WrongSeed.into()));
        }
        let submitted = StorageProofs::submit_proof(signed(CAROL), window, seed, good);
        assert_eq!(submitted.unwrap_err().error, Error::ProviderNotFound.into());
    });
}

#[test]
fn a_last_short_leaf_is_proven_with_its_own_length() {
    ExtBuilder.build_and_execute(|| {
        provide(BOB);
        let id = order(piece(1, 1_025), 1, 9);
        accept(BOB, id);
        let mut met = [false; 2];
        for _ in 0..4 {
            prove_windows(BOB, 1);
            let lengths = honest_challenge_lengths();
            met[0] |= lengths.contains(&1_024);
            met[1] |= lengths.contains(&1);
        }
        assert_eq!(met, [true; 2]);
    });
}

fn honest_challenge_lengths() -> Vec<usize> {
    let seed = phase(BOB).seed_of(&BOB).unwrap();
    (0..4).map(|number| if crate::drawn_leaf(&seed, number, 2) == 0 { 1_024 } else { 1 }).collect()
}

#[test]
fn pieces_of_a_gibibyte_and_of_the_largest_size_are_proven_from_a_few_leaves() {
    for size in [1 << 30, (1 << 30) + 1, 1 << 50, u64::MAX] {
        ExtBuilder.build_and_execute(|| {
            bob_keeps(40, 9);
            crate::Providers::<Test>::mutate_extant(BOB, |bob| bob.leaves = size.div_ceil(1_024));
            let node = crate::tree::Node::truncate_from(vec![size.div_ceil(1_024)]);
            crate::TreeNodes::<Test>::insert(BOB, (1, 0), node.clone());
            to_next_seed(BOB);
            let drawn: Vec<_> =
                StorageProofs::challenges(BOB).unwrap().challenges.iter().map(|one| one.leaf).collect();
            let (large, proofs) = sparse::piece(size, &drawn, 3);
            let slot = ProofSlots::<Test>::get(BOB, 0).unwrap();
            ProofSlots::<Test>::insert(BOB, 0, Slot { piece: large, ..slot });
            let (window, seed) = (phase(BOB).window, phase(BOB).seed_of(&BOB).unwrap());
            assert_ok!(submit(window, seed, &proofs.try_into().unwrap()));
            // Back to what the state really has.
            ProofSlots::<Test>::insert(BOB, 0, slot);
            crate::Providers::<Test>::mutate_extant(BOB, |bob| bob.leaves = 40);
            crate::TreeNodes::<Test>::insert(BOB, (1, 0), crate::tree::Node::truncate_from(vec![40]));
        });
    }
}

#[test]
fn draws_are_spread_over_the_whole_set() {
    let mut met = [0_u32; 10];
    for number in 0..10_000 {
        met[crate::drawn_leaf(&[5; 32], number, 1_000) as usize / 100] += 1;
    }
    assert!(met.iter().all(|draws| (850..1_150).contains(draws)), "{met:?}");
    assert_eq!(crate::drawn_leaf(&[5; 32], 0, 0), 0);
    assert!((0..1_000).all(|number| crate::drawn_leaf(&[6; 32], number, 7) < 7));
}

/// One change of a good proof.
fn mutate(leaves: &mut LeafProofs, (at, kind, pick, bit): (usize, u8, usize, u8)) {
    let at = at % leaves.len();
    let other = leaves[(at + 1) % leaves.len()].clone();
    let proof = &mut leaves[at];
    let (leaf_len, depth) = (proof.leaf.len(), proof.path.len());
    match kind {
        0 => proof.leaf[pick % leaf_len] ^= 1 << bit,
        1 => proof.path[pick % depth][pick % 32] ^= 1 << bit,
        2 => drop(proof.path.remove(pick % depth)),
        3 => proof.path.insert(pick % (depth + 1), [bit; 32]),
        4 => proof.leaf.truncate(pick % leaf_len),
        5 => proof.leaf.extend([bit; 3]),
        6 => proof.path.swap(pick % depth, (pick + 1) % depth),
        _ => *proof = other,
    }
}

proptest! {
    #![proptest_config(ProptestConfig { cases: cases() / 4, fork: false, ..ProptestConfig::default() })]

    #[test]
    fn no_mutation_of_a_good_proof_is_accepted(
        salt in any::<u64>(),
        mutations in prop::collection::vec((any::<usize>(), 0..8_u8, any::<usize>(), 0..8_u8), 64),
    ) {
        ExtBuilder.build_and_execute(|| {
            Salt::set(salt);
            let (window, seed, good) = scene();
            for mutation in mutations {
                let mut bad = good.clone();
                mutate(&mut bad, mutation);
                if bad != good {
                    assert!(submit(window, seed, &bad).is_err(), "{mutation:?}");
                }
            }
            assert_ok!(submit(window, seed, &good));
        });
    }

    /// The `blake3` crate made the roots.
    #[test]
    fn every_honest_proof_is_accepted(
        salt in any::<u64>(),
        sizes in prop::collection::vec((0..19_u32, 0..3_u64, 0..1_024_u64), 1..20),
    ) {
        ExtBuilder.build_and_execute(|| {
            Salt::set(salt);
            Governed::mutate(|set| set.challenges = 64);
            roll(1);
            provide(BOB);
            for (number, (power, near, less)) in (0..).zip(sizes) {
                // Around a power of two, in bytes and in leaves.
                let size = if less % 2 == 0 { (1_u64 << power) + near } else { (1_024 << (power % 6)) + near * 1_024 - less };
                let id = order(piece(number, size.saturating_sub(1).max(1)), 1, 4);
                if StorageProofs::accept(signed(BOB), id).is_err() {
                    break;
                }
            }
            prove_windows(BOB, 2);
        });
    }
}

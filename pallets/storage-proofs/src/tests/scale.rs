//! What a block and a proof cost does not depend on how many there are of anything.

use super::*;
use crate::{ProofSlots, Providers, TreeNodes, tree};

/// Rows that `act` writes, beside frame-system's and the level of transactions.
fn writes(ext: &mut polkadot_sdk::sp_io::TestExternalities, act: impl FnOnce()) -> usize {
    ext.commit_all().unwrap();
    ext.execute_with(act);
    let system = polkadot_sdk::sp_io::hashing::twox_128(b"System");
    let counts = |key: &Vec<u8>| !key.starts_with(&system) && !key.starts_with(b":");
    let written = ext.overlayed_changes().changes().filter(|(key, _)| counts(key)).count();
    ext.commit_all().unwrap();
    written
}

/// A set of so many slots, each with one leaf of the same piece, of which only the nodes and slots are there that a
/// window's challenges meet.
fn grow(slots: u32) {
    let slot = ProofSlots::<Test>::get(BOB, 0).unwrap();
    let levels = tree::depth(slots);
    Providers::<Test>::mutate_extant(BOB, |bob| (bob.slots, bob.leaves) = (slots, slots.into()));
    for at in 0..slots {
        ProofSlots::<Test>::insert(BOB, at, slot);
    }
    let mut below = 1;
    for level in 1..=levels {
        for index in 0..slots.div_ceil(below * 64) {
            let first = index * below * 64;
            let sums = (0..64).map(|child| slots.saturating_sub(first + child * below).min(below));
            let node: Vec<u64> = sums.take_while(|sum| *sum > 0).map(u64::from).collect();
            TreeNodes::<Test>::insert(BOB, (level, index), tree::Node::truncate_from(node));
        }
        below *= 64;
    }
}

#[test]
fn a_proof_writes_one_row_whatever_the_size_of_the_set() {
    for slots in [1, 64, 4_096, 20_000] {
        let mut ext = ExtBuilder.build();
        ext.execute_with(|| {
            bob_keeps(1, 9);
            grow(slots);
            to_next_seed(BOB);
        });
        let written = writes(&mut ext, || {
            assert_ok!(prove(BOB));
        });
        assert_eq!(written, 1, "{slots}");
    }
}

#[test]
fn a_proof_after_a_miss_writes_no_more() {
    let mut ext = ExtBuilder.build();
    ext.execute_with(|| {
        bob_keeps(1, 9);
        Providers::<Test>::mutate_extant(BOB, |bob| bob.liability.grace = false);
        miss(BOB, 1);
        to_next_seed(BOB);
    });
    let written = writes(&mut ext, || {
        assert_ok!(prove(BOB));
    });
    assert_eq!(written, 1);
}

/// Two reads for the record and its phase, and for each challenge a node a level and the slot: the bound of six and
/// k times depth + 1 is kept by four. The extension reads the same two rows.
#[test]
fn a_challenge_reads_a_node_a_level_and_the_slot() {
    ExtBuilder.build().execute_with(|| {
        bob_keeps(1, 9);
        for (slots, depth) in [(1, 1), (64, 1), (65, 2), (4_096, 2), (4_097, 3)] {
            assert_eq!(tree::depth(slots), depth);
            grow(slots);
            to_next_seed(BOB);
            for challenge in StorageProofs::challenges(BOB).unwrap().challenges {
                // Take all rows away but those on the challenge's way, and it is still found.
                let kept: Vec<_> = (1..=depth)
                    .map(|level| (level, challenge.slot / 64_u32.pow(level.into())))
                    .map(|key| (key, TreeNodes::<Test>::get(BOB, key)))
                    .collect();
                let slot = ProofSlots::<Test>::get(BOB, challenge.slot).unwrap();
                polkadot_sdk::frame_support::storage::with_transaction(|| {
                    let removed = TreeNodes::<Test>::clear_prefix(BOB, u32::MAX, None).maybe_cursor;
                    let rest = ProofSlots::<Test>::clear_prefix(BOB, u32::MAX, None).maybe_cursor;
                    assert!(removed.is_none() && rest.is_none());
                    kept.iter().for_each(|(key, node)| TreeNodes::<Test>::insert(BOB, key, node));
                    ProofSlots::<Test>::insert(BOB, challenge.slot, slot);
                    let found = StorageProofs::challenges(BOB).unwrap().challenges;
                    assert!(found.contains(&challenge));
                    polkadot_sdk::sp_runtime::TransactionOutcome::Rollback(Ok::<
                        _,
                        polkadot_sdk::sp_runtime::DispatchError,
                    >(()))
                })
                .unwrap();
            }
        }
    });
}

/// The hooks touch the clock and at most three phases with the ones after them.
#[test]
fn hooks_write_a_constant_number_of_rows_beside_thousands_of_providers_and_orders() {
    let most = |providers: u64, orders: u32| {
        let mut ext = ExtBuilder.build();
        ext.execute_with(|| {
            for who in 1_000..1_000 + providers {
                assert_ok!(
                    <Balances as polkadot_sdk::frame_support::traits::fungible::Mutate<_>>::mint_into(
                        &who, WEALTH
                    )
                );
                provide(who);
            }
            for number in 0..orders {
                order(Piece { root: [number as u8; 32], size: 5_000 }, 1, 4);
            }
        });
        (0..200).map(|_| writes(&mut ext, next_block)).max().unwrap()
    };
    let few = most(1, 1);
    assert!(few <= 6, "{few}");
    assert_eq!(most(1_000, 3_000), few);
}

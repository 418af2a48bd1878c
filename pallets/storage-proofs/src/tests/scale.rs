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

/// How many of each there are: a hundredth of what the chain is meant for, or all of it with `STOA_SCALE=full`.
fn crowd() -> (u32, u32) {
    let full = std::env::var("STOA_SCALE").is_ok_and(|scale| scale == "full");
    if full { (10_000, 1_000_000) } else { (100, 10_000) }
}

/// Adds providers, and orders that are open, to the state, as if they had come by calls.
fn fill(ext: &mut polkadot_sdk::sp_io::TestExternalities, providers: u32, orders: u32) {
    const STEP: u32 = 50_000;
    ext.execute_with(|| {
        let (bob, contact) = (provider(BOB), crate::Contacts::<Test>::get(BOB).unwrap());
        let empty = Provider { leaves: 0, slots: 0, ..bob };
        for who in 0..AccountId::from(providers) {
            Providers::<Test>::insert(1_000 + who, empty.clone());
            crate::Contacts::<Test>::insert(1_000 + who, contact.clone());
        }
    });
    ext.commit_all().unwrap();
    let order = ext.execute_with(|| crate::Orders::<Test>::iter_values().next().unwrap());
    for first in (0..orders).step_by(STEP as usize) {
        ext.execute_with(|| {
            for number in first..orders.min(first + STEP) {
                let id = OrderId(1_000 + u64::from(number));
                let mut root = [0; 32];
                root[..4].copy_from_slice(&number.to_le_bytes());
                let piece = Piece { root, size: 5_000 };
                crate::Orders::<Test>::insert(id, Order { piece, open: 1, active: 0, ..order.clone() });
                crate::OpenOrders::<Test>::insert(id.ordinal(), ());
                crate::PieceOrders::<Test>::insert(root, id.ordinal(), ());
            }
        });
        ext.commit_all().unwrap();
    }
}

/// What blocks and a proof cost: the rows that a block's hooks write at most, and the nodes of the state's tree that
/// hooks and the proof read on average and in all.
struct Costs {
    hook_writes: usize,
    hook_nodes: usize,
    proof_writes: usize,
    proof_nodes: usize,
}

const BLOCKS: usize = 70;

fn costs(providers: u32, orders: u32) -> Costs {
    let mut ext = ExtBuilder.build();
    ext.execute_with(|| {
        bob_keeps(1, 9);
        grow(4_096);
    });
    fill(&mut ext, providers, orders);
    let nodes = |ext: &mut polkadot_sdk::sp_io::TestExternalities, act: &dyn Fn()| {
        ext.commit_all().unwrap();
        ext.execute_and_prove(act).1.iter_nodes().count()
    };
    ext.execute_with(|| to_next_seed(BOB));
    let prove = || {
        assert_ok!(prove(BOB));
    };
    // Twice the same proof: what it does is undone after it was counted.
    let proof_nodes = nodes(&mut ext, &|| {
        polkadot_sdk::frame_support::storage::with_transaction(|| {
            prove();
            polkadot_sdk::sp_runtime::TransactionOutcome::Rollback(Ok::<
                _,
                polkadot_sdk::sp_runtime::DispatchError,
            >(()))
        })
        .unwrap();
    });
    let proof_writes = writes(&mut ext, prove);
    let hook_nodes = (0..BLOCKS).map(|_| nodes(&mut ext, &next_block)).sum::<usize>() / BLOCKS;
    let hook_writes = (0..BLOCKS).map(|_| writes(&mut ext, next_block)).max().unwrap();
    Costs { hook_writes, hook_nodes, proof_writes, proof_nodes }
}

/// The hooks touch the clock and at most three phases with the ones after them; a proof touches its provider's rows. In
/// a state a thousand times as large only the way to each row is longer, by a level of the state's tree or two.
#[test]
fn a_block_and_a_proof_cost_the_same_beside_ten_thousand_providers_and_a_million_orders() {
    let (providers, orders) = crowd();
    let (few, many) = (costs(1, 1), costs(providers, orders));
    println!(
        "{providers} providers, {orders} orders: hooks write {} rows and read {} nodes of the state ({} beside one), \
         a proof writes {} and reads {} ({} beside one)",
        many.hook_writes,
        many.hook_nodes,
        few.hook_nodes,
        many.proof_writes,
        many.proof_nodes,
        few.proof_nodes
    );
    assert_eq!(many.hook_writes, few.hook_writes);
    assert!(few.hook_writes <= 6, "{}", few.hook_writes);
    assert_eq!((many.proof_writes, few.proof_writes), (1, 1));
    // log16 of a hundred times as many rows is under two levels, of a million under five.
    let levels = usize::try_from(orders.ilog2() / 4 + 1).unwrap();
    assert!(many.hook_nodes <= few.hook_nodes + levels * 16, "{} {}", many.hook_nodes, few.hook_nodes);
    assert!(many.proof_nodes <= few.proof_nodes + levels * 40, "{} {}", many.proof_nodes, few.proof_nodes);
}

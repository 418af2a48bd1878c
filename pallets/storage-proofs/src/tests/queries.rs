//! What clients read.

use super::*;
use crate::liability::Standing;
use polkadot_sdk::sp_runtime::Perquintill;

#[test]
fn challenges_follow_the_window() {
    ExtBuilder.build_and_execute(|| {
        assert!(StorageProofs::challenges(BOB).is_none());
        let id = bob_keeps(40, 9);
        to_next_window(BOB);
        let set = StorageProofs::challenges(BOB).unwrap();
        assert_eq!((set.duty, set.seed, set.challenges.len()), (Duty::Waiting, None, 0));
        assert_eq!(set.closes_at, set.opened_at + 24);
        assert_eq!(set.next_opens_at, set.opened_at + 64);
        to_seed(BOB);
        let set = StorageProofs::challenges(BOB).unwrap();
        assert_eq!((set.duty, set.challenges.len()), (Duty::Due, 4));
        assert!(set.challenges.iter().all(|one| one.order == id && one.slot == 0 && one.leaf < 40));
        assert_ok!(prove(BOB));
        assert_eq!(StorageProofs::challenges(BOB).unwrap().duty, Duty::Nothing);
        to_close(BOB);
        assert_eq!(StorageProofs::challenges(BOB).unwrap().duty, Duty::Over);
    });
}

#[test]
fn a_provider_is_shown_as_if_it_was_touched_now() {
    ExtBuilder.build_and_execute(|| {
        assert!(StorageProofs::provider_info(BOB).is_none());
        assert!(StorageProofs::gate_opens_at(BOB).is_none());
        bob_keeps(40, 9);
        miss(BOB, 3);
        let shown = StorageProofs::provider_info(BOB).unwrap();
        assert!(matches!(shown.standing, Standing::Jailed { .. }));
        assert_eq!(shown.stake, 6_000_000 - 2 * 40_000);
        assert_eq!(shown.required_stake, 40 * 6_000);
        assert_eq!((shown.pieces, shown.leaves, shown.misses, shown.grace), (1, 40, 3, false));
        assert_eq!((shown.contact, shown.price, shown.next_price), (contact(), 100, None));
        // Looking changes nothing.
        assert_eq!(provider(BOB).liability.standing, Standing::Active);
    });
}

#[test]
fn lists_are_paged() {
    ExtBuilder.build_and_execute(|| {
        [BOB, CAROL, DAVE].into_iter().for_each(provide);
        let first = StorageProofs::providers(None, 2);
        let rest = StorageProofs::providers(Some(first[1].account), 9);
        let mut all: Vec<_> = first.iter().chain(&rest).map(|found| found.account).collect();
        all.sort_unstable();
        assert_eq!(all, [BOB, CAROL, DAVE]);

        let kept = piece(1, 3_000);
        let ids: Vec<_> = (0..4).map(|_| order(kept, 1, 4)).collect();
        let open = |after, limit| -> Vec<_> {
            StorageProofs::open_orders(after, limit).into_iter().map(|(id, _)| id).collect()
        };
        assert_eq!(open(None, 3), ids[..3]);
        assert_eq!(open(Some(ids[2]), 3), ids[3..]);
        assert_eq!(StorageProofs::orders_of_piece(kept.root, None, 2), ids[..2]);
        assert_eq!(StorageProofs::orders_of_piece(kept.root, Some(ids[1]), 9), ids[2..]);

        ids[..3].iter().for_each(|id| accept(BOB, *id));
        accept(CAROL, ids[3]);
        assert!(open(None, 9).is_empty());
        let slots: Vec<_> =
            StorageProofs::proof_set(BOB, 1, 9).into_iter().map(|(at, slot)| (at, slot.order)).collect();
        assert_eq!(slots, [(1, ids[1]), (2, ids[2])]);
        let keepers: Vec<_> =
            StorageProofs::providers_of_piece(kept.root, 9).into_iter().map(|found| found.account).collect();
        assert_eq!(keepers, [BOB, CAROL]);
    });
}

#[test]
fn due_payments_are_what_a_settlement_pays() {
    ExtBuilder.build_and_execute(|| {
        let id = bob_keeps(40, 9);
        assert!(StorageProofs::due_payments(BOB, 0, 9).is_empty());
        prove_windows(BOB, 2);
        let due = StorageProofs::due_payments(BOB, 0, 9);
        assert_eq!((due[0].order, due[0].provider), (id, BOB));
        assert_eq!((due[0].due_windows, due[0].due), (2, 2 * 40 * 100));
        let shown = StorageProofs::order_info(id).unwrap();
        assert_eq!(shown.replicas, due);
        assert_eq!(shown.order.payer, ALICE);
        assert_ok!(settle(id, BOB));
        assert!(StorageProofs::due_payments(BOB, 0, 9).is_empty());
        assert!(StorageProofs::order_info(OrderId(9)).is_none());
    });
}

#[test]
fn odds_are_those_of_the_order_and_not_of_the_whole_set() {
    ExtBuilder.build_and_execute(|| {
        let small = bob_keeps(10, 9);
        let large = order(piece(2, 90 * 1_024), 1, 9);
        accept(BOB, large);
        let all = Perquintill::one();
        let odds = |id| StorageProofs::replica_odds(id, BOB, all, 1).unwrap();
        assert_eq!((odds(small).leaves, odds(small).set, odds(small).challenges), (10, 100, 4));
        let expected = |kept: f64| 1.0 - kept.powi(4);
        assert!((odds(small).caught as f64 / 1e18 - expected(0.9)).abs() < 1e-9);
        assert!((odds(large).caught as f64 / 1e18 - expected(0.1)).abs() < 1e-9);
        assert_eq!((odds(small).price, odds(small).slash), (10 * 100, 100 * 1_000));
        assert!(StorageProofs::replica_odds(small, CAROL, all, 1).is_none());
    });
}

#[test]
fn rules_show_prices_for_a_leaf() {
    ExtBuilder.build_and_execute(|| {
        let rules = StorageProofs::rules();
        assert_eq!(rules.parameters, test_parameters());
        assert_eq!((rules.min_leaf_price, rules.max_leaf_price), (10, 360));
    });
}

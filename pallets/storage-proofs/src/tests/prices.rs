//! Prices and what a set swelled with worthless bytes gains.

use super::*;

fn update_price(price: Balance) {
    assert_ok!(StorageProofs::update_provider(signed(BOB), None, Some(price), None));
}

#[test]
fn a_raise_takes_effect_at_the_next_window() {
    ExtBuilder.build_and_execute(|| {
        provide(BOB);
        update_price(120 * GIB);
        let (now, later) = (order(piece(1, 5_000), 1, 4), order(piece(2, 5_000), 1, 4));
        accept(BOB, now);
        assert_eq!(replica(now, BOB).price, 100);
        to_next_seed(BOB);
        assert_ok!(prove(BOB));
        accept(BOB, later);
        assert_eq!(replica(later, BOB).price, 120);
    });
}

#[test]
fn a_lower_price_takes_effect_at_once_and_ends_a_raise() {
    ExtBuilder.build_and_execute(|| {
        provide(BOB);
        update_price(120 * GIB);
        update_price(90 * GIB);
        assert_eq!((provider(BOB).price, provider(BOB).next_price), (90, None));
        to_next_window(BOB);
        assert_eq!(provider(BOB).price_at(phase(BOB).window), 90);
    });
}

#[test]
fn the_price_is_fixed_when_an_order_is_accepted() {
    ExtBuilder.build_and_execute(|| {
        let id = bob_keeps(40, 4);
        update_price(10 * GIB);
        let bob = free(BOB);
        prove_windows(BOB, 1);
        assert_ok!(settle(id, BOB));
        assert_eq!(free(BOB), bob + 40 * 98);
    });
}

#[test]
fn accept_keeps_to_the_orders_price_and_to_the_governed_ones() {
    ExtBuilder.build_and_execute(|| {
        provide(BOB);
        let id = OrderId(0);
        assert_ok!(place(ALICE, piece(1, 5_000), 1, 4, 99 * GIB, Named::default()));
        assert_noop!(StorageProofs::accept(signed(BOB), id), Error::PriceTooHigh);
        let dear = order(piece(2, 5_000), 1, 4);
        Governed::mutate(|set| set.max_price = 99 * GIB);
        roll(2);
        assert_noop!(StorageProofs::accept(signed(BOB), dear), Error::PriceTooHigh);
        Governed::mutate(|set| (set.min_price, set.max_price) = (101 * GIB, 200 * GIB));
        roll(2);
        assert_noop!(StorageProofs::accept(signed(BOB), dear), Error::PriceTooLow);
    });
}

#[test]
fn a_part_of_every_payment_goes_to_the_treasury_by_the_orders_terms() {
    ExtBuilder.build_and_execute(|| {
        let id = bob_keeps(40, 4);
        Governed::mutate(|set| set.levy = polkadot_sdk::sp_runtime::Permill::from_percent(50));
        let (bob, treasury) = (free(BOB), free(TREASURY));
        prove_windows(BOB, 1);
        assert_ok!(settle(id, BOB));
        assert_eq!((free(BOB), free(TREASURY)), (bob + 40 * 98, treasury + 40 * 2));
    });
}

/// A provider loses an honest piece and hides it among bytes of its own that it can make again.
#[test]
fn dilution_by_own_orders_loses_more_than_it_earns() {
    ExtBuilder.build_and_execute(|| {
        provide(BOB);
        // The dearest that governance allows.
        update_price(360 * GIB);
        to_next_window(BOB);
        let honest = OrderId(0);
        assert_ok!(place(ALICE, lost_piece(1, 10 * 1_024), 1, 60, 360 * GIB, Named::default()));
        accept(BOB, honest);
        let own = OrderId(1);
        assert_ok!(place(BOB, piece(2, 300 * 1_024), 1, 60, 360 * GIB, Named::default()));
        accept(BOB, own);
        let before = free(BOB) + held(crate::HoldReason::Stake, BOB) + held(crate::HoldReason::Order, BOB);
        let mut proven = 0;
        for _ in 0..60 {
            to_next_seed(BOB);
            proven += u32::from(prove(BOB).is_ok());
            to_close(BOB);
            if StorageProofs::report_fault(signed(EVE), BOB).is_err() {
                assert_ok!(StorageProofs::settle(
                    signed(EVE),
                    vec![(honest, BOB), (own, BOB)].try_into().unwrap()
                ));
            }
            if provider(BOB).liability.standing != crate::liability::Standing::Active {
                break;
            }
        }
        let after = free(BOB) + held(crate::HoldReason::Stake, BOB) + held(crate::HoldReason::Order, BOB);
        assert!(proven > 0, "the swelled set passes some windows");
        assert!(after < before, "and costs more than they earn");
    });
}

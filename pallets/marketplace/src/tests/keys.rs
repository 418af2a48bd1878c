//! Keys of private assets: delivery, dispute and refund.

use super::*;
use crate::types::DepositFor;
use polkadot_sdk::sp_runtime::TokenError;

fn licence_deposit() -> Balance {
    Market::deposit_for(DepositFor::Licence)
}

#[test]
fn a_key_is_delivered_and_the_sale_settled_after_the_dispute_period() {
    ExtBuilder.build_and_execute(|| {
        let (asset, revision, licence) = key_sold();
        let deadline = 1 + DELIVERY;
        assert_eq!(money(licence), Some(Money::AwaitsKey(deadline)));
        assert_eq!(held(BOB), PRICE + licence_deposit());
        assert!(!Market::can_read(&BOB, asset, revision), "before the key came");
        at(deadline);
        let sealed = sealed(licence, revision, &CONTENTS);
        assert_ok!(Market::deliver_key(signed(DAVE), licence, sealed));
        let disputable = deadline + DISPUTE;
        assert_eq!(last_event(), Event::KeyDelivered { licence, sealed, disputable });
        assert!(Market::can_read(&BOB, asset, revision));
        let key = Market::licence(licence).unwrap().key.unwrap();
        let sale = Sale { licence: licence.0, revision };
        assert_eq!(keybox::open(&key.sealed.unwrap(), SECRET, &sale), Some(CONTENTS));
        at(disputable);
        assert_noop!(Market::settle(signed(CAROL), licence), Error::TooEarly);
        at(disputable + 1);
        assert_ok!(Market::settle(signed(CAROL), licence));
        assert_eq!(payments(), [(asset, PRICE, Purpose::Licence(licence))]);
        assert!(Market::can_read(&BOB, asset, revision));
        assert_noop!(Market::dispute(signed(BOB), licence, SECRET), Error::NothingHeld);
    });
}

#[test]
fn buying_a_key_needs_a_public_key_that_is_not_weak() {
    ExtBuilder.build_and_execute(|| {
        let (_, _, listing) = key_on_sale();
        let (_, _, open) = on_sale(perpetual());
        let buy = |listing, reader| Market::buy(signed(BOB), listing, 0, PRICE, reader);
        assert_noop!(buy(listing, None), Error::KeyRequired);
        let mut one = [0; 32];
        one[0] = 1;
        for weak in [[0; 32], one] {
            assert_noop!(buy(listing, Some(weak)), Error::WeakKey);
        }
        assert_noop!(buy(open, Some(keybox::public_of(SECRET))), Error::KeyUnexpected);
    });
}

#[test]
fn no_delivery_in_time_gives_the_money_back_to_whoever_asks() {
    ExtBuilder.build_and_execute(|| {
        let (_, revision, licence) = key_sold();
        at(1 + DELIVERY);
        assert_noop!(Market::refund(signed(CAROL), licence), Error::TooEarly);
        assert_noop!(Market::settle(signed(ALICE), licence), Error::TooEarly);
        at(2 + DELIVERY);
        let sealed = sealed(licence, revision, &CONTENTS);
        assert_noop!(Market::deliver_key(signed(ALICE), licence, sealed), Error::TooLate);
        assert_noop!(Market::settle(signed(ALICE), licence), Error::TooEarly);
        assert_ok!(Market::refund(signed(CAROL), licence));
        let refunded =
            Event::Refunded { licence, payer: BOB, amount: PRICE, cause: RefundCause::NotDelivered };
        assert_eq!(last_event(), refunded);
        assert_eq!((Balances::free_balance(BOB), payments()), (WEALTH, vec![]));
        assert_eq!(Market::deliveries_due(ALICE, None, 9), []);
    });
}

#[test]
fn a_wrong_key_gives_the_money_back() {
    let wrong = [
        Contents { key: [9; 32], ..CONTENTS },
        Contents { salt: [9; 32], ..CONTENTS },
        Contents { key: CONTENTS.salt, salt: CONTENTS.key },
    ];
    for contents in wrong {
        ExtBuilder.build_and_execute(|| {
            let (asset, revision, licence) = key_delivered(&contents);
            at(1 + DISPUTE);
            assert_ok!(Market::dispute(signed(BOB), licence, SECRET));
            let refunded =
                Event::Refunded { licence, payer: BOB, amount: PRICE, cause: RefundCause::WrongKey };
            assert_eq!(last_event(), refunded);
            assert_eq!((Balances::free_balance(BOB), payments()), (WEALTH, vec![]));
            assert!(!Market::can_read(&BOB, asset, revision));
        });
    }
}

#[test]
fn a_box_that_does_not_open_gives_the_money_back() {
    ExtBuilder.build_and_execute(|| {
        let (_, revision, licence) = key_sold();
        // Made for the sale before, which another buyer's secret would open.
        let other = sealed(LicenceId(licence.0 + 1), revision, &CONTENTS);
        assert_ok!(Market::deliver_key(signed(ALICE), licence, other));
        assert_ok!(Market::dispute(signed(BOB), licence, SECRET));
        assert_eq!(Balances::free_balance(BOB), WEALTH);
    });
    ExtBuilder.build_and_execute(|| {
        let (_, _, licence) = key_sold();
        // From a point of low order, with which anybody could have read it.
        assert_ok!(Market::deliver_key(signed(ALICE), licence, [0; 112]));
        assert_ok!(Market::dispute(signed(BOB), licence, SECRET));
        assert_eq!(Balances::free_balance(BOB), WEALTH);
    });
}

#[test]
fn a_false_dispute_costs_the_forfeit_and_settles_the_sale() {
    ExtBuilder.build_and_execute(|| {
        let (asset, revision, licence) = key_delivered(&CONTENTS);
        assert_ok!(Market::dispute(signed(BOB), licence, SECRET));
        let failed = Event::DisputeFailed { licence, by: BOB, forfeit: FORFEIT };
        assert!(events().contains(&failed));
        assert_eq!(last_event(), Event::Settled { licence, amount: PRICE });
        assert_eq!(wealth(BOB), WEALTH - PRICE - FORFEIT);
        assert_eq!(Balances::free_balance(TREASURY), EXISTENTIAL + FORFEIT);
        assert_eq!(payments(), [(asset, PRICE, Purpose::Licence(licence))]);
        assert!(Market::can_read(&BOB, asset, revision));
    });
}

#[test]
fn only_the_buyer_disputes_and_only_with_the_secret_and_in_time() {
    ExtBuilder.build_and_execute(|| {
        let (_, revision, licence) = key_sold();
        assert_noop!(Market::dispute(signed(BOB), licence, SECRET), Error::NothingHeld);
        let sealed = sealed(licence, revision, &CONTENTS);
        assert_ok!(Market::deliver_key(signed(ALICE), licence, sealed));
        assert_noop!(Market::dispute(signed(CAROL), licence, SECRET), Error::NotBuyer);
        // Another secret opens nothing, and would otherwise make any box look wrong.
        assert_noop!(Market::dispute(signed(BOB), licence, [6; 32]), Error::WrongSecret);
        at(2 + DISPUTE);
        assert_noop!(Market::dispute(signed(BOB), licence, SECRET), Error::TooLate);
    });
}

#[test]
fn nobody_disputes_who_could_not_pay_the_forfeit() {
    ExtBuilder.build_and_execute(|| {
        let (_, _, licence) = key_delivered(&CONTENTS);
        let rest = Balances::free_balance(BOB) - FORFEIT;
        assert_ok!(Balances::transfer_allow_death(signed(BOB), CAROL, rest + 1));
        assert_noop!(Market::dispute(signed(BOB), licence, SECRET), TokenError::FundsUnavailable);
    });
}

#[test]
fn a_key_is_delivered_once_by_an_admin() {
    ExtBuilder.build_and_execute(|| {
        let (_, revision, licence) = key_sold();
        let sealed = sealed(licence, revision, &CONTENTS);
        assert_noop!(Market::deliver_key(signed(BOB), licence, sealed), Error::NotAdmin);
        assert_ok!(Market::deliver_key(signed(ALICE), licence, sealed));
        assert_noop!(Market::deliver_key(signed(ALICE), licence, sealed), Error::NoKeyDue);
        assert_noop!(Market::refund(signed(BOB), licence), Error::NoKeyDue);
        let (_, _, listing) = on_sale(perpetual());
        let keyless = buy(BOB, listing, None);
        assert_noop!(Market::deliver_key(signed(ALICE), keyless, sealed), Error::NoKeyDue);
        assert_noop!(Market::dispute(signed(BOB), keyless, SECRET), Error::NothingHeld);
    });
}

#[test]
fn a_sale_whose_key_is_due_can_be_called_off_and_one_that_was_delivered_not() {
    ExtBuilder.build_and_execute(|| {
        let (_, _, licence) = key_sold();
        assert_noop!(Market::return_licence(signed(BOB), licence), Error::NothingHeld);
        assert_ok!(Market::revoke(signed(ALICE), licence));
        let refunded = Event::Refunded { licence, payer: BOB, amount: PRICE, cause: RefundCause::Revoked };
        assert_eq!(last_event(), refunded);
        let (_, _, licence) = key_delivered(&CONTENTS);
        assert_noop!(Market::revoke(signed(ALICE), licence), Error::NotRevocable);
        assert_noop!(Market::return_licence(signed(BOB), licence), Error::NothingHeld);
    });
}

#[test]
fn a_taken_down_assets_key_is_not_delivered_and_the_money_goes_back_at_once() {
    ExtBuilder.build_and_execute(|| {
        let (asset, revision, licence) = key_sold();
        change_asset(asset, |record| record.taken_down = true);
        let sealed = sealed(licence, revision, &CONTENTS);
        assert_noop!(Market::deliver_key(signed(ALICE), licence, sealed), Error::TakenDown);
        assert_ok!(Market::refund(signed(CAROL), licence));
        assert_eq!(Balances::free_balance(BOB), WEALTH);
    });
}

#[test]
fn what_a_sale_committed_to_does_not_depend_on_the_listing() {
    ExtBuilder.build_and_execute(|| {
        let (_, revision, listing) = key_on_sale();
        let licence = buy(BOB, listing, Some(keybox::public_of(SECRET)));
        assert_ok!(Market::unlist(signed(ALICE), listing));
        let wrong = sealed(licence, revision, &Contents { key: [9; 32], ..CONTENTS });
        assert_ok!(Market::deliver_key(signed(ALICE), licence, wrong));
        assert_ok!(Market::dispute(signed(BOB), licence, SECRET));
        assert_eq!(Balances::free_balance(BOB), WEALTH);
    });
}

#[test]
fn a_gifted_key_is_sealed_to_its_receiver_who_may_dispute_it() {
    ExtBuilder.build_and_execute(|| {
        let (_, revision, listing) = key_on_sale();
        let licence = LicenceId(NextLicence::<Test>::get());
        let reader = Some(keybox::public_of(SECRET));
        assert_ok!(Market::gift(signed(BOB), CAROL, listing, 0, PRICE, reader));
        let wrong = sealed(licence, revision, &Contents { key: [9; 32], ..CONTENTS });
        assert_ok!(Market::deliver_key(signed(ALICE), licence, wrong));
        assert_ok!(Market::dispute(signed(CAROL), licence, SECRET));
        assert_eq!((Balances::free_balance(BOB), Balances::free_balance(CAROL)), (WEALTH, WEALTH));
    });
}

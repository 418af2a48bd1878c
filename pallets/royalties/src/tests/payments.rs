//! Paying in, handing upstream and paying out.

use super::*;
use crate::{Holders, types::Memo};
use polkadot_sdk::{
    frame_support::traits::{
        Imbalance,
        fungible::{Balanced, Mutate},
        tokens::{Fortitude, Precision, Preservation},
    },
    sp_io::storage,
    sp_runtime::{DispatchError, TokenError},
};
use std::collections::BTreeMap;

const MEMO: Memo = [7; 32];

#[test]
fn a_payment_goes_to_the_holders_by_share() {
    ExtBuilder.build_and_execute(|| {
        let asset = opened_with(ALICE, &[(ALICE, 500_000), (BOB, 300_000), (CAROL, 200_000)]);
        pay(asset, 1_000);
        let reason = Reason::Direct(MEMO);
        assert_eq!(last_event(), Event::Paid { asset, payer: Some(PAYER), amount: 1_000, reason });
        assert_eq!([ALICE, BOB, CAROL].map(|who| due(asset, who)), [500, 300, 200]);
        let before = Balances::free_balance(BOB);
        assert_ok!(Royalties::claim(signed(BOB), asset));
        assert_eq!(last_event(), Event::Claimed { asset, account: BOB, amount: 300 });
        assert_eq!(Balances::free_balance(BOB), before + 300);
        assert_eq!(pot(), 700);
    });
}

#[test]
fn only_open_assets_are_paid() {
    ExtBuilder.build_and_execute(|| {
        let asset = new_asset(ALICE);
        assert_noop!(Royalties::pay(signed(PAYER), asset, 1, MEMO), Error::NotOpen);
        load(ALICE, asset, &[(BOB, WHOLE)]);
        assert_noop!(Royalties::pay(signed(PAYER), asset, 1, MEMO), Error::NotOpen);
        assert_noop!(Royalties::ensure_payable(asset), Error::NotOpen);
        assert_noop!(Royalties::distribute(signed(PAYER), asset), Error::NotOpen);
        assert_noop!(Royalties::claim(signed(BOB), asset), Error::NotOpen);
        open(ALICE, asset);
        assert_noop!(Royalties::pay(signed(PAYER), asset, 0, MEMO), Error::ZeroAmount);
        assert_ok!(Royalties::ensure_payable(asset));
    });
}

#[test]
fn a_payer_is_not_emptied() {
    ExtBuilder.build_and_execute(|| {
        let asset = opened(ALICE);
        assert_noop!(Royalties::pay(signed(PAYER), asset, WEALTH, MEMO), TokenError::NotExpendable);
        assert_ok!(Royalties::pay(signed(PAYER), asset, WEALTH - EXISTENTIAL, MEMO));
    });
}

#[test]
fn one_plank_for_many_holders_waits_and_is_never_lost() {
    ExtBuilder.build_and_execute(|| {
        let asset = opened_with(ALICE, &[(BOB, 1), (CAROL, WHOLE - 1)]);
        pay(asset, 1);
        assert_eq!(due(asset, BOB) + due(asset, CAROL), 0);
        assert_noop!(Royalties::claim(signed(CAROL), asset), Error::NothingToClaim);
        pay(asset, 999_999);
        assert_eq!((due(asset, BOB), due(asset, CAROL)), (1, 999_999));
        for who in [BOB, CAROL] {
            assert_ok!(Royalties::claim(signed(who), asset));
        }
        assert_eq!(pot(), 0);
    });
}

#[test]
fn no_claim_depends_on_when_others_claim() {
    ExtBuilder.build_and_execute(|| {
        let asset = opened_with(ALICE, &[(ALICE, 333_333), (BOB, 333_333), (CAROL, 333_334)]);
        let mut claimed = 0;
        for amount in [1, 2, 3, 5, 7, 11, 13] {
            pay(asset, amount);
            let before = Balances::free_balance(ALICE);
            Royalties::claim(signed(ALICE), asset).ok();
            claimed += Balances::free_balance(ALICE) - before;
        }
        // Alice took every plank at once, Bob none.
        assert_eq!(claimed + due(asset, ALICE), due(asset, BOB));
    });
}

#[test]
fn absolute_terms_apply_to_outside_payments_only_and_relative_ones_to_the_rest() {
    ExtBuilder.build_and_execute(|| {
        let base = opened(ALICE);
        let data = opened(BOB);
        let model = opened_on(CAROL, &[(base, absolute(5)), (data, relative(10))]);
        let derived = opened_on(ALICE, &[(model, relative(20))]);
        pay(derived, 1_000_000);
        distribute(derived);
        // The base has its 5 %, and the model a fifth of the rest.
        assert_eq!(due_holders(base), 50_000);
        assert_eq!(Royalties::vault(model).unwrap().downstream, 190_000);
        distribute(model);
        // What came from below owes the data its tenth, and the base nothing more.
        assert_eq!(due_holders(base), 50_000);
        assert_eq!(due_holders(data), 19_000);
        assert_eq!(due_holders(model), 171_000);
        assert_eq!(due_holders(derived), 760_000);
        // An outside payment of the model's own owes both.
        pay(model, 1_000_000);
        distribute(model);
        assert_eq!(due_holders(base), 100_000);
        assert_eq!(due_holders(data), 19_000 + 95_000);
    });
}

#[test]
fn it_makes_no_difference_when_somebody_distributes() {
    let outcome = |each_time: bool| {
        let mut result = Vec::new();
        ExtBuilder.build_and_execute(|| {
            let base = opened(ALICE);
            let data = opened(BOB);
            let model = opened_on(
                CAROL,
                &[(base, Terms::Absolute(Parts(333_333))), (data, Terms::Relative(Parts(77_777)))],
            );
            for amount in 1..40 {
                pay(model, amount);
                if each_time {
                    Royalties::distribute(signed(PAYER), model).ok();
                }
            }
            Royalties::distribute(signed(PAYER), model).ok();
            result = [base, data, model].map(due_holders).to_vec();
        });
        result
    };
    assert_eq!(outcome(true), outcome(false));
}

#[test]
fn what_is_owed_to_nobody_yet_is_not_distributed() {
    ExtBuilder.build_and_execute(|| {
        let base = opened(ALICE);
        let asset = opened_on(BOB, &[(base, absolute(5))]);
        assert_noop!(Royalties::distribute(signed(PAYER), asset), Error::NothingToDistribute);
        pay(asset, 19);
        assert_noop!(Royalties::distribute(signed(PAYER), asset), Error::NothingToDistribute);
        pay(asset, 1);
        distribute(asset);
        assert_eq!(last_event(), Event::Forwarded { asset, ancestor: base, amount: 1 });
        assert_noop!(Royalties::distribute(signed(PAYER), asset), Error::NothingToDistribute);
    });
}

#[test]
fn holders_claim_before_ancestors_are_handed_theirs() {
    ExtBuilder.build_and_execute(|| {
        let base = opened(ALICE);
        let asset = opened_on(BOB, &[(base, absolute(5))]);
        pay(asset, 1_000);
        assert_ok!(Royalties::claim(signed(BOB), asset));
        assert_eq!(last_event(), Event::Claimed { asset, account: BOB, amount: 950 });
        distribute(asset);
        assert_ok!(Royalties::claim_for(signed(PAYER), base, ALICE));
        assert_eq!(last_event(), Event::Claimed { asset: base, account: ALICE, amount: 50 });
        assert_eq!(pot(), 0);
    });
}

#[test]
fn a_taken_down_asset_is_not_paid_but_its_earnings_go_where_they_belong() {
    ExtBuilder.build_and_execute(|| {
        let base = opened(ALICE);
        let asset = opened_on(BOB, &[(base, absolute(5))]);
        pay(asset, 1_000);
        take_down(asset);
        take_down(base);
        assert_noop!(Royalties::pay(signed(PAYER), asset, 1, MEMO), Error::TakenDown);
        assert_noop!(Royalties::ensure_payable(asset), Error::TakenDown);
        distribute(asset);
        assert_ok!(Royalties::claim(signed(BOB), asset));
        assert_ok!(Royalties::claim(signed(ALICE), base));
        assert_eq!(pot(), 0);
        let hidden = new_asset(ALICE);
        take_down(hidden);
        assert_noop!(Royalties::open(signed(ALICE), hidden, Some(ALICE)), Error::TakenDown);
    });
}

#[test]
fn a_payout_below_the_existential_deposit_waits() {
    ExtBuilder.build_and_execute(|| {
        let asset = opened_with(ALICE, &[(NOBODY, 500_000), (BOB, 500_000)]);
        pay(asset, 2 * (EXISTENTIAL - 1));
        assert_ok!(Royalties::claim_for(signed(PAYER), asset, NOBODY));
        let amount = EXISTENTIAL - 1;
        assert_eq!(last_event(), Event::PayoutWaits { asset, account: NOBODY, amount });
        assert_eq!((due(asset, NOBODY), Balances::free_balance(NOBODY)), (amount, 0));
        // An account that exists takes any amount.
        assert_ok!(Royalties::claim(signed(BOB), asset));
        pay(asset, 2);
        assert_ok!(Royalties::claim_for(signed(PAYER), asset, NOBODY));
        assert_eq!(Balances::free_balance(NOBODY), EXISTENTIAL);
    });
}

#[test]
fn claims_of_strangers_are_refused() {
    ExtBuilder.build_and_execute(|| {
        let asset = opened(ALICE);
        assert_noop!(Royalties::claim(signed(BOB), asset), Error::NotHolder);
        assert_noop!(Royalties::claim_for(signed(PAYER), asset, NOBODY), Error::NotHolder);
        assert_noop!(Royalties::claim(signed(ALICE), asset), Error::NothingToClaim);
    });
}

#[test]
fn money_held_earlier_is_paid_even_after_a_take_down() {
    ExtBuilder.build_and_execute(|| {
        let (asset, closed) = (opened(ALICE), new_asset(BOB));
        let held_for: RuntimeHoldReason = crate::HoldReason::Vault.into();
        // Bob's deposit stands in for another pallet's hold; a new row restores it at the end.
        load(BOB, closed, &[(BOB, 1)]);
        let amount = Balances::balance_on_hold(&held_for, &BOB);
        take_down(asset);
        let reason = Reason::Licence(3);
        assert_noop!(Royalties::pay_from_hold(&held_for, &BOB, closed, 1, reason), Error::NotOpen);
        assert_noop!(
            Royalties::pay_from_hold(&held_for, &BOB, asset, amount + 1, reason),
            TokenError::FundsUnavailable
        );
        assert_ok!(Royalties::pay_from_hold(&held_for, &BOB, asset, amount, reason));
        assert_eq!(last_event(), Event::Paid { asset, payer: Some(BOB), amount, reason });
        assert_eq!((due(asset, ALICE), Balances::balance_on_hold(&held_for, &BOB)), (amount, 0));
        assert_ok!(<Balances as polkadot_sdk::frame_support::traits::fungible::MutateHold<_>>::hold(
            &held_for, &BOB, amount
        ));
    });
}

#[test]
fn money_on_its_way_is_paid_or_given_back() {
    ExtBuilder.build_and_execute(|| {
        let (asset, closed) = (opened(ALICE), new_asset(ALICE));
        let withdraw = |amount| {
            <Balances as Balanced<_>>::withdraw(
                &PAYER,
                amount,
                Precision::Exact,
                Preservation::Preserve,
                Fortitude::Polite,
            )
            .unwrap()
        };
        let issued = Balances::total_issuance();
        let (credit, error) = Royalties::pay_credit(withdraw(500), closed, Reason::Job(1)).unwrap_err();
        assert_eq!((credit.peek(), error), (500, Error::NotOpen.into()));
        assert!(Royalties::pay_credit(credit, asset, Reason::Job(1)).is_ok());
        assert_eq!(last_event(), Event::Paid { asset, payer: None, amount: 500, reason: Reason::Job(1) });
        assert_eq!((due(asset, ALICE), Balances::total_issuance()), (500, issued));
        // Where the pallet's account is gone, too little can't begin one.
        assert_ok!(Royalties::claim(signed(ALICE), asset));
        Balances::set_balance(&Royalties::account(), 0);
        let (credit, error) =
            Royalties::pay_credit(withdraw(EXISTENTIAL - 1), asset, Reason::Job(1)).unwrap_err();
        assert_eq!((credit.peek(), error), (EXISTENTIAL - 1, DispatchError::Token(TokenError::BelowMinimum)));
    });
}

#[test]
fn totals_end_with_an_error() {
    ExtBuilder.build().execute_with(|| {
        let asset = opened(ALICE);
        Vaults::<Test>::mutate(asset, |vault| vault.as_mut().unwrap().outside = Balance::MAX);
        assert_noop!(Royalties::pay(signed(PAYER), asset, 1, MEMO), Error::Overflow);
    });
}

/// Every row of the state.
fn rows() -> BTreeMap<Vec<u8>, Vec<u8>> {
    let mut rows = BTreeMap::new();
    let mut key = Vec::new();
    while let Some(next) = storage::next_key(&key) {
        rows.insert(next.clone(), storage::get(&next).unwrap().to_vec());
        key = next;
    }
    rows
}

/// How many rows a payment writes when an asset has so many holders.
fn rows_written(holders: u32) -> usize {
    let mut written = 0;
    ExtBuilder.build_and_execute(|| {
        Balances::set_balance(&ALICE, WEALTH * 1_000);
        let asset = new_asset(ALICE);
        let all: Vec<_> = (0..holders).map(|index| (1_000 + AccountId::from(index), 1)).collect();
        for batch in all.chunks(256) {
            load(ALICE, asset, batch);
        }
        open(ALICE, asset);
        let before = rows();
        pay(asset, 1_000_000);
        let after = rows();
        written = after.iter().filter(|(key, value)| before.get(*key) != Some(value)).count();
    });
    written
}

#[test]
fn a_payment_writes_as_many_rows_for_1_holder_as_for_10_000() {
    assert_eq!(rows_written(1), rows_written(10_000));
}

#[test]
fn five_thousand_contributors_are_all_paid() {
    ExtBuilder.build_and_execute(|| {
        Balances::set_balance(&ALICE, WEALTH * 1_000);
        let asset = new_asset(ALICE);
        let all: Vec<_> = (0..5_000).map(|index| (1_000 + index, 200)).collect();
        for batch in all.chunks(256) {
            load(ALICE, asset, batch);
        }
        assert_ok!(Royalties::open(signed(ALICE), asset, None));
        pay(asset, 1_234_567);
        for (who, _) in &all {
            assert_ok!(Royalties::claim_for(signed(PAYER), asset, *who));
            assert_eq!(Balances::free_balance(who), 246);
        }
        // Each holder has 0.9134 of a plank more, which waits.
        assert_eq!(pot(), 1_234_567 - 246 * 5_000);
        let remainders: u64 = Holders::<Test>::iter_values().map(|holder| u64::from(holder.remainder)).sum();
        assert_eq!(u128::from(remainders), pot() * 1_000_000);
    });
}

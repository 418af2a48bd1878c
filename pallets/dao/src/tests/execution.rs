//! What a passed proposal does, once, and what it never does.

use super::*;
use crate::{Call, Calls};
use polkadot_sdk::{
    frame_support::{
        assert_storage_noop,
        dispatch::{GetDispatchInfo, Pays},
    },
    sp_runtime::{DispatchError, TokenError},
};

/// A proposal of a one-person DAO that can be executed.
fn passed(call: impl Into<RuntimeCall>) -> (DaoId, ProposalId) {
    let dao = dao_of(&[ALICE]);
    let proposal = propose(ALICE, dao, call);
    forward(15);
    (dao, proposal)
}

#[test]
fn execute_pays_from_the_account_and_returns_the_deposit() {
    ExtBuilder.build_and_execute(|| {
        let (dao, proposal) = passed(pay(CAROL, 400_000));
        let before = Balances::free_balance(CAROL);
        assert_ok!(Dao::execute(signed(DAVE), proposal, heavy()));
        assert_eq!(last_event(), Event::Executed { dao, proposal });
        assert_eq!(Balances::free_balance(CAROL), before + 400_000);
        assert_eq!(Balances::free_balance(Dao::account_of(dao)), 600_000);
        assert_eq!(Dao::dao(dao).unwrap().open, 0);
    });
}

#[test]
fn execute_happens_once() {
    ExtBuilder.build_and_execute(|| {
        let (dao, proposal) = passed(pay(CAROL, 1));
        assert_ok!(Dao::execute(signed(DAVE), proposal, heavy()));
        assert_eq!(error_of(proposal), Error::ProposalNotFound.into());
        assert_eq!(Balances::free_balance(Dao::account_of(dao)), 999_999);
    });
}

#[test]
fn execute_waits_for_the_delay_and_not_for_ever() {
    ExtBuilder.build_and_execute(|| {
        let dao = dao_of(&[ALICE]);
        let proposal = propose(ALICE, dao, pay(CAROL, 1));
        forward(9);
        assert_eq!(error_of(proposal), Error::VotingOpen.into());
        forward(1);
        assert_eq!(error_of(proposal), Error::TooEarly.into());
        forward(4);
        assert_eq!(error_of(proposal), Error::TooEarly.into());
        forward(21);
        assert_eq!(error_of(proposal), Error::Expired.into());
    });
}

#[test]
fn execute_fails_for_a_rejected_proposal() {
    ExtBuilder.build_and_execute(|| {
        let dao = dao_of(&[ALICE, BOB, CAROL]);
        let proposal = propose(ALICE, dao, pay(CAROL, 1));
        forward(15);
        assert_eq!(error_of(proposal), Error::Rejected.into());
    });
}

#[test]
fn a_call_that_fails_changes_nothing_and_can_be_tried_again() {
    ExtBuilder.build_and_execute(|| {
        let (dao, proposal) = passed(pay(CAROL, 2_000_000));
        assert_storage_noop!(assert_eq!(error_of(proposal), TokenError::FundsUnavailable.into()));
        assert_eq!(status(proposal), Status::Executable);
        assert_ok!(Balances::transfer_allow_death(signed(5), Dao::account_of(dao), 2_000_000));
        assert_ok!(Dao::execute(signed(DAVE), proposal, heavy()));
    });
}

#[test]
fn a_dao_is_never_root() {
    ExtBuilder.build().execute_with(|| {
        let call: RuntimeCall = frame_system::Call::set_storage { items: vec![(vec![1], vec![2])] }.into();
        for call in [call.clone(), pallet_utility::Call::batch_all { calls: vec![call] }.into()] {
            let dao = dao_of(&[ALICE]);
            let proposal = propose(ALICE, dao, call);
            forward(15);
            assert_eq!(error_of(proposal), DispatchError::BadOrigin);
        }
    });
}

#[test]
fn the_filter_applies_to_nested_calls() {
    ExtBuilder.build().execute_with(|| {
        let burn = pallet_balances::Call::burn { value: 10, keep_alive: true }.into();
        let (dao, proposal) = passed(pallet_utility::Call::batch_all { calls: vec![burn] });
        assert_eq!(error_of(proposal), frame_system::Error::<Test>::CallFiltered.into());
        assert_eq!(Balances::free_balance(Dao::account_of(dao)), 1_000_000);
    });
}

#[test]
fn no_execution_happens_within_another() {
    ExtBuilder.build().execute_with(|| {
        let (dao, other) = (dao_of(&[ALICE]), dao_of(&[ALICE]));
        let inner = propose(ALICE, other, pay(CAROL, 1));
        let execute =
            Call::execute { proposal: inner, max_weight: Weight::from_parts(1_000_000_000, 10_000) };
        let direct = propose(ALICE, dao, execute.clone());
        let batched = propose(ALICE, dao, pallet_utility::Call::batch_all { calls: vec![execute.into()] });
        forward(15);
        for proposal in [direct, batched] {
            assert_eq!(error_of(proposal), Error::Nested.into());
        }
        assert_ok!(Dao::execute(signed(DAVE), inner, heavy()));
        assert!(!crate::Executing::<Test>::get());
    });
}

#[test]
fn a_dao_may_be_a_member_of_another() {
    ExtBuilder.build_and_execute(|| {
        let inner = DaoId(0);
        let quick = Rules { voting_period: 2, execution_delay: 0, ..rules() };
        assert_ok!(Dao::create(signed(ALICE), name("inner"), founders(&[ALICE]), quick));
        assert_ok!(Balances::transfer_allow_death(signed(5), Dao::account_of(inner), 1_000_000));
        let outer = dao_of(&[BOB, Dao::account_of(inner)]);
        let proposal = propose(BOB, outer, pay(CAROL, 1));
        let vote = || Call::vote { proposal, aye: false, shares: None };
        let (voting, late) = (propose(ALICE, inner, vote()), propose(ALICE, inner, vote()));
        forward(2);
        assert_ok!(Dao::execute(signed(DAVE), voting, heavy()));
        assert_eq!(tally(proposal), (1, 1));
        forward(8);
        assert_eq!(error_of(late), Error::VotingEnded.into());
        assert_eq!(status(proposal), Status::Rejected);
    });
}

#[test]
fn the_executor_states_and_pays_the_weight() {
    ExtBuilder.build_and_execute(|| {
        let call = pay(CAROL, 1);
        let weight = call.get_dispatch_info().call_weight;
        let (_, proposal) = passed(call);
        let little = weight.saturating_sub(Weight::from_parts(1, 0));
        assert_eq!(
            Dao::execute(signed(DAVE), proposal, little).unwrap_err().error,
            Error::MaxWeightTooLow.into()
        );
        let stated = Call::<Test>::execute { proposal, max_weight: heavy() }.get_dispatch_info().call_weight;
        assert_eq!(stated, <() as crate::WeightInfo>::execute().saturating_add(heavy()));
        let used = Dao::execute(signed(DAVE), proposal, heavy()).unwrap();
        // What wasn't used is given back.
        assert_eq!(used.actual_weight, Some(<() as crate::WeightInfo>::execute().saturating_add(weight)));
        assert_eq!(used.pays_fee, Pays::Yes);
    });
}

#[test]
fn a_call_that_fails_is_paid_for_as_well() {
    ExtBuilder.build().execute_with(|| {
        let (_, proposal) = passed(pay(CAROL, 2_000_000));
        let failed = Dao::execute(signed(DAVE), proposal, heavy()).unwrap_err();
        assert_eq!(failed.post_info.pays_fee, Pays::Yes);
        assert!(failed.post_info.actual_weight.unwrap().ref_time() > 1_000_000);
    });
}

#[test]
fn a_long_call_is_kept_until_it_is_executed() {
    ExtBuilder.build_and_execute(|| {
        let (_, proposal) = passed(remark(5_000));
        assert_eq!(Calls::<Test>::iter().count(), 1);
        assert_ok!(Dao::execute(signed(DAVE), proposal, heavy()));
        assert_eq!(Calls::<Test>::iter().count(), 0);
    });
}

#[test]
fn a_call_that_no_longer_decodes_cannot_be_executed_and_expires() {
    ExtBuilder.build_and_execute(|| {
        let (_, proposal) = passed(pay(CAROL, 1));
        Calls::<Test>::insert(proposal, crate::types::CallBytes::try_from(vec![255; 3]).unwrap());
        assert_eq!(error_of(proposal), Error::CallUnavailable.into());
        forward(20);
        assert_ok!(Dao::close(signed(DAVE), proposal));
    });
}

#[test]
fn two_proposals_with_the_same_long_call_are_executed_each() {
    ExtBuilder.build_and_execute(|| {
        let dao = dao_of(&[ALICE]);
        let [one, two] = [0, 0].map(|_| propose(ALICE, dao, remark(500)));
        forward(15);
        for proposal in [one, two] {
            assert_ok!(Dao::execute(signed(DAVE), proposal, heavy()));
        }
        assert_eq!(Calls::<Test>::iter().count(), 0);
    });
}

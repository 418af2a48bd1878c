//! How DAOs begin, change and end.

use super::*;
use crate::{Call, HoldReason, Members, types::DepositFor};
use polkadot_sdk::frame_support::traits::fungible::{Inspect, InspectHold, MutateHold};

fn create(founders: Founders<AccountId>, rules: Rules<u64>) -> polkadot_sdk::sp_runtime::DispatchResult {
    Dao::create(signed(ALICE), name("dao"), founders, rules)
}

#[test]
fn create_makes_an_account_and_charges_for_every_row() {
    ExtBuilder.build_and_execute(|| {
        let dao = dao_of(&[ALICE, BOB, CAROL]);
        let found = Dao::dao(dao).unwrap();
        assert_eq!((found.name.as_slice(), found.members, found.open), (&b"dao"[..], 3, 0));
        assert_eq!(found.account, Dao::account_of(dao));
        assert_eq!(Balances::free_balance(found.account), 1_000_000);
        assert_eq!(held(ALICE), Dao::deposit(DepositFor::Dao) + 3 * Dao::deposit(DepositFor::Member));
        assert_ne!(found.account, Dao::account_of(DaoId(1)));
    });
}

#[test]
fn create_fails_for_a_bad_name() {
    ExtBuilder.build_and_execute(|| {
        for bad in [vec![], vec![0xff, 0xfe]] {
            let bad = Name::try_from(bad).unwrap();
            assert_noop!(Dao::create(signed(ALICE), bad, founders(&[ALICE]), rules()), Error::BadName);
        }
    });
}

#[test]
fn create_fails_without_members_or_with_one_twice() {
    ExtBuilder.build().execute_with(|| {
        assert_noop!(create(founders(&[]), rules()), Error::NoMembers);
        polkadot_sdk::frame_support::storage::with_storage_layer(|| {
            assert_eq!(create(founders(&[BOB, BOB]), rules()), Err(Error::AlreadyMember.into()));
            Err::<(), _>(polkadot_sdk::sp_runtime::DispatchError::Unavailable)
        })
        .unwrap_err();
    });
}

#[test]
fn create_fails_for_one_who_holds_no_shares() {
    ExtBuilder.build_and_execute(|| {
        let shares = Founders::Shares(ASSET);
        assert_noop!(Dao::create(signed(DAVE), name("dao"), shares, share_rules()), Error::NotEnoughShares);
        assert_ok!(Dao::create(signed(CAROL), name("dao"), Founders::Shares(ASSET), share_rules()));
    });
}

#[test]
fn create_fails_for_rules_that_no_dao_can_live_by() {
    ExtBuilder.build_and_execute(|| {
        let half = Permill::from_percent(50);
        for (bad, error) in [
            (Rules { quorum: Permill::zero(), ..rules() }, Error::ZeroQuorum),
            (Rules { approval: half - Permill::from_parts(1), ..rules() }, Error::LowApproval),
            (Rules { voting_period: 1, ..rules() }, Error::BadPeriod),
            (Rules { voting_period: 101, ..rules() }, Error::BadPeriod),
            (Rules { execution_delay: 101, ..rules() }, Error::BadPeriod),
            (Rules { execution_period: 1, ..rules() }, Error::BadPeriod),
            (Rules { execution_period: 101, ..rules() }, Error::BadPeriod),
            (Rules { proposal_shares: 1, ..rules() }, Error::BadProposalShares),
        ] {
            assert_noop!(create(founders(&[ALICE]), bad), error);
        }
        for shares in [0, 1_000_001] {
            let bad = Rules { proposal_shares: shares, ..rules() };
            assert_noop!(create(Founders::Shares(ASSET), bad), Error::BadProposalShares);
        }
        assert_ok!(create(founders(&[ALICE]), Rules { execution_delay: 0, ..rules() }));
    });
}

#[test]
fn create_fails_for_one_who_cannot_pay() {
    ExtBuilder.build().execute_with(|| {
        assert!(Dao::create(signed(POOR), name("dao"), founders(&[POOR]), rules()).is_err());
    });
}

#[test]
fn only_the_dao_itself_changes_it() {
    ExtBuilder.build_and_execute(|| {
        let (dao, other) = (dao_of(&[ALICE, BOB]), dao_of(&[ALICE]));
        for who in [ALICE, Dao::account_of(other)] {
            assert_noop!(Dao::add_member(signed(who), dao, DAVE), Error::NotTheDao);
            assert_noop!(Dao::remove_member(signed(who), dao, BOB), Error::NotTheDao);
            assert_noop!(Dao::set_rules(signed(who), dao, rules()), Error::NotTheDao);
            assert_noop!(Dao::dissolve(signed(who), dao, ALICE), Error::NotTheDao);
        }
        let root = || RuntimeOrigin::from(RawOrigin::Root);
        let bad = polkadot_sdk::sp_runtime::DispatchError::BadOrigin;
        assert_noop!(Dao::dissolve(root(), dao, ALICE), bad);
        assert_noop!(Dao::add_member(signed(ALICE), DaoId(9), DAVE), Error::DaoNotFound);
    });
}

#[test]
fn new_rules_count_for_new_proposals_only() {
    ExtBuilder.build_and_execute(|| {
        let dao = dao_of(&[ALICE, BOB]);
        let stricter = Rules { approval: Permill::from_percent(100), voting_period: 20, ..rules() };
        let change = propose(ALICE, dao, Call::set_rules { dao, rules: stricter });
        assert_ok!(Dao::vote(signed(BOB), change, true, None));
        forward(7);
        let before = propose(ALICE, dao, pay(DAVE, 1));
        forward(8);
        assert_ok!(Dao::execute(signed(DAVE), change, heavy()));
        assert_eq!(last_event(), Event::Executed { dao, proposal: change });
        assert!(events().contains(&Event::RulesSet { dao, rules: stricter }));
        let after = propose(ALICE, dao, pay(DAVE, 1));
        assert_eq!(Dao::proposal(before).unwrap().rules, rules());
        assert_eq!(Dao::proposal(after).unwrap().rules, stricter);
        assert_eq!(Dao::dao(dao).unwrap().rules, stricter);
    });
}

#[test]
fn a_dao_cannot_set_rules_that_it_cannot_live_by() {
    ExtBuilder.build_and_execute(|| {
        let dao = dao_of(&[ALICE]);
        let bad = Rules { quorum: Permill::zero(), ..rules() };
        assert_noop!(Dao::set_rules(signed(Dao::account_of(dao)), dao, bad), Error::ZeroQuorum);
    });
}

#[test]
fn dissolve_returns_all_deposits_and_gives_the_rest_away() {
    ExtBuilder.build_and_execute(|| {
        let dao = dao_of(&[ALICE, BOB]);
        enact(dao, Call::add_member { dao, member: CAROL });
        let account = Dao::account_of(dao);
        assert_eq!(held(account), Dao::deposit(DepositFor::Member));
        let before = Balances::free_balance(DAVE);
        let end = propose(ALICE, dao, Call::dissolve { dao, beneficiary: DAVE });
        assert_ok!(Dao::vote(signed(BOB), end, true, None));
        execute(end);
        assert_eq!(last_event(), Event::Executed { dao, proposal: end });
        assert_eq!(Balances::free_balance(DAVE), before + 1_000_000);
        assert_eq!(Balances::total_balance(&account), 0);
        assert!(Dao::dao(dao).is_none());
        assert_eq!(Members::<Test>::iter().count(), 0);
        // The votes are there until somebody releases them.
        for proposal in [ProposalId(0), end] {
            for who in [ALICE, BOB] {
                assert_ok!(Dao::release_vote(signed(DAVE), proposal, who));
            }
        }
        assert_eq!((held(ALICE), held(BOB)), (0, 0));
        assert_noop!(Dao::propose(signed(ALICE), dao, Box::new(remark(1)), None), Error::DaoNotFound);
    });
}

#[test]
fn dissolve_fails_while_other_proposals_are_open() {
    ExtBuilder.build_and_execute(|| {
        let dao = dao_of(&[ALICE, BOB]);
        let end = propose(ALICE, dao, Call::dissolve { dao, beneficiary: DAVE });
        assert_ok!(Dao::vote(signed(BOB), end, true, None));
        let other = propose(BOB, dao, pay(DAVE, 1));
        assert_ok!(Dao::vote(signed(ALICE), other, false, None));
        forward(15);
        assert_eq!(error_of(end), Error::ProposalsOpen.into());
        assert_ok!(Dao::close(signed(DAVE), other));
        assert_ok!(Dao::execute(signed(DAVE), end, heavy()));
    });
}

#[test]
fn dissolve_fails_while_the_account_has_deposits_on_hold() {
    ExtBuilder.build().execute_with(|| {
        let dao = dao_of(&[ALICE]);
        let account = Dao::account_of(dao);
        let reason = HoldReason::Proposal.into();
        assert_ok!(Balances::hold(&reason, &account, 500));
        polkadot_sdk::frame_support::storage::with_storage_layer(|| {
            Dao::dissolve(signed(account), dao, DAVE)
        })
        .map_err(|error| assert_eq!(error, Error::DepositsHeld.into()))
        .unwrap_err();
        assert!(Dao::dao(dao).is_some());
        assert_ok!(Balances::release(
            &reason,
            &account,
            500,
            polkadot_sdk::frame_support::traits::tokens::Precision::Exact
        ));
        assert_ok!(Dao::dissolve(signed(account), dao, DAVE));
    });
}

#[test]
fn a_dao_without_money_can_be_dissolved() {
    ExtBuilder.build_and_execute(|| {
        assert_ok!(create(founders(&[ALICE]), rules()));
        assert_ok!(Dao::dissolve(signed(Dao::account_of(DaoId(0))), DaoId(0), DAVE));
        assert_eq!(last_event(), Event::Dissolved { dao: DaoId(0), beneficiary: DAVE });
        assert_eq!(held(ALICE), 0);
        // Its number isn't given again.
        assert_ok!(create(founders(&[ALICE]), rules()));
        assert!(Dao::dao(DaoId(1)).is_some());
    });
}

#[test]
fn the_right_reasons_are_held() {
    ExtBuilder.build_and_execute(|| {
        let dao = dao_of(&[BOB]);
        propose(BOB, dao, pay(DAVE, 1));
        let on_hold = |who, reason: HoldReason| Balances::balance_on_hold(&reason.into(), &who);
        assert_eq!(on_hold(ALICE, HoldReason::Dao), Dao::deposit(DepositFor::Dao));
        assert_eq!(on_hold(ALICE, HoldReason::Member), Dao::deposit(DepositFor::Member));
        assert_eq!(on_hold(BOB, HoldReason::Vote), Dao::deposit(DepositFor::Vote));
        assert!(on_hold(BOB, HoldReason::Proposal) > 0);
    });
}

//! Each check of `try_state` finds what it is there for.

use super::*;
use crate::{Daos, Executing, HoldReason, Members, ProposalOf, Proposals, Votes};
use polkadot_sdk::{frame_support::traits::fungible::MutateHold, sp_runtime::TryRuntimeError};

const DAO: DaoId = DaoId(0);
const OPEN: ProposalId = ProposalId(0);

/// Breaks a full state and expects the check's complaint.
fn assert_found(complaint: &'static str, harm: impl FnOnce()) {
    ExtBuilder.build().execute_with(|| {
        dao_of(&[ALICE, BOB]);
        dao_of_shares();
        propose(ALICE, DAO, remark(500));
        assert_ok!(Dao::vote(signed(BOB), OPEN, false, None));
        propose(ALICE, DaoId(1), remark(1));
        assert_eq!(Dao::do_try_state(), Ok(()));
        harm();
        assert_eq!(Dao::do_try_state(), Err(TryRuntimeError::Other(complaint)));
    });
}

fn change_dao(change: impl FnOnce(&mut crate::DaoOf<Test>)) {
    Daos::<Test>::mutate(DAO, |found| change(found.as_mut().unwrap()));
}

fn change_proposal(change: impl FnOnce(&mut ProposalOf<Test>)) {
    Proposals::<Test>::mutate(OPEN, |found| change(found.as_mut().unwrap()));
}

fn change_vote(change: impl FnOnce(&mut crate::VoteOf<Test>)) {
    Votes::<Test>::mutate(OPEN, BOB, |found| change(found.as_mut().unwrap()));
}

#[test]
fn an_execution_without_an_end_is_found() {
    assert_found("execution: one has no end", || Executing::<Test>::put(true));
}

#[test]
fn check_daos_finds_what_is_wrong_with_them() {
    assert_found("dao: number not given yet", || NextDao::<Test>::put(0));
    assert_found("dao: rules that no call would set", || {
        change_dao(|dao| dao.rules.quorum = Permill::zero());
    });
    assert_found("dao: one has too many open proposals", || {
        change_dao(|dao| (0..4).for_each(|id| dao.open.try_push((ProposalId(id), ALICE)).unwrap()));
    });
    assert_found("dao: lists a proposal that isn't there", || {
        change_dao(|dao| dao.open.try_push((ProposalId(9), BOB)).unwrap());
    });
    assert_found("dao: lists another's proposal", || change_dao(|dao| dao.open[0].1 = BOB));
    assert_found("dao: lists another's proposal", || change_dao(|dao| dao.open[0].0 = ProposalId(1)));
    assert_found("dao: a proposal isn't listed", || change_dao(|dao| dao.open.clear()));
}

#[test]
fn check_members_finds_what_is_wrong_with_them() {
    assert_found("members: wrong number", || change_dao(|dao| dao.members = 3));
    assert_found("members: none in a DAO of members, or some in one of shares", || {
        change_dao(|dao| {
            dao.electorate = crate::types::Electorate::Shares(ASSET);
            dao.rules = share_rules();
        });
    });
    assert_found("members: one of no DAO", || {
        let found = Members::<Test>::get(DAO, ALICE).unwrap();
        Members::<Test>::insert(DaoId(9), ALICE, found);
    });
    assert_found("members: one has joined in the future", || {
        Members::<Test>::mutate(DAO, ALICE, |found| found.as_mut().unwrap().since = ProposalId(9));
    });
}

#[test]
fn check_proposals_finds_what_is_wrong_with_them() {
    assert_found("proposal: number not given yet", || {
        NextProposal::<Test>::put(0);
    });
    assert_found("proposal: its call is gone", || crate::Calls::<Test>::remove(OPEN));
    assert_found("proposal: a call of none", || {
        crate::Calls::<Test>::insert(ProposalId(9), crate::types::CallBytes::default());
    });
    assert_found("proposal: more votes than there are", || change_proposal(|found| found.tally.nays = 2));
    assert_found("proposal: wrong number of voters", || change_proposal(|found| found.tally.electorate = 3));
}

#[test]
fn check_votes_finds_what_is_wrong_with_them() {
    assert_found("vote: on a proposal from the future", || {
        let found = Votes::<Test>::get(OPEN, BOB).unwrap();
        Votes::<Test>::insert(ProposalId(9), BOB, found);
    });
    assert_found("vote: of nothing", || change_vote(|vote| vote.power = 0));
    assert_found("vote: ends at another time than its poll", || change_vote(|vote| vote.ends = 99));
    assert_found("vote: of one who may not", || change_vote(|vote| vote.power = 2));
    assert_found("vote: not what the tally says", || change_vote(|vote| vote.aye = true));
    assert_found("vote: its poll takes votes and is gone", || {
        Proposals::<Test>::remove(OPEN);
        crate::Calls::<Test>::remove(OPEN);
        change_dao(|dao| dao.open.clear());
    });
}

#[test]
fn check_deposits_finds_holds_and_tickets_that_do_not_match() {
    assert_found("deposit: what is held isn't what the tickets add up to", || {
        assert_ok!(Balances::hold(&HoldReason::Dao.into(), &ALICE, 1));
    });
    assert_found("deposit: what is held isn't what the tickets add up to", || {
        change_dao(|dao| dao.depositor = BOB);
    });
    assert_found("deposit: a ticket of an account that isn't there", || {
        change_dao(|dao| dao.depositor = 77);
        let released = Dao::deposit(crate::types::DepositFor::Dao);
        let precision = polkadot_sdk::frame_support::traits::tokens::Precision::Exact;
        assert_ok!(Balances::release(&HoldReason::Dao.into(), &ALICE, released, precision));
    });
}

//! Who is a member, and what becomes of the votes of one who no longer is.

use super::*;
use crate::{Call, Votes, types::DepositFor};

fn as_dao(dao: DaoId) -> RuntimeOrigin {
    signed(Dao::account_of(dao))
}

#[test]
fn a_dao_adds_and_removes_members_by_proposal() {
    ExtBuilder.build_and_execute(|| {
        let dao = dao_of(&[ALICE, BOB]);
        enact(dao, Call::add_member { dao, member: CAROL });
        assert!(events().contains(&Event::MemberAdded { dao, member: CAROL }));
        assert_eq!(Dao::dao(dao).unwrap().members, 3);
        assert_eq!(held(Dao::account_of(dao)), Dao::deposit(DepositFor::Member));
        enact(dao, Call::remove_member { dao, member: CAROL });
        assert!(events().contains(&Event::MemberRemoved { dao, member: CAROL }));
        assert_eq!(Dao::dao(dao).unwrap().members, 2);
        assert_eq!(held(Dao::account_of(dao)), 0);
    });
}

#[test]
fn the_deposit_of_a_founder_goes_back_to_the_creator() {
    ExtBuilder.build_and_execute(|| {
        let dao = dao_of(&[BOB, CAROL]);
        let before = held(ALICE);
        assert_ok!(Dao::leave(signed(BOB), dao));
        assert_eq!(held(ALICE), before - Dao::deposit(DepositFor::Member));
    });
}

#[test]
fn add_member_fails_for_a_member() {
    ExtBuilder.build_and_execute(|| {
        let dao = dao_of(&[ALICE]);
        assert_noop!(Dao::add_member(as_dao(dao), dao, ALICE), Error::AlreadyMember);
    });
}

#[test]
fn add_member_fails_in_a_full_dao() {
    ExtBuilder.build_and_execute(|| {
        let dao = dao_of(&(100..200).collect::<Vec<_>>());
        assert_noop!(Dao::add_member(as_dao(dao), dao, ALICE), Error::TooManyMembers);
    });
}

#[test]
fn a_dao_of_shares_has_no_members() {
    ExtBuilder.build_and_execute(|| {
        let dao = dao_of_shares();
        assert_noop!(Dao::add_member(as_dao(dao), dao, DAVE), Error::NotOfMembers);
        assert_noop!(Dao::remove_member(as_dao(dao), dao, ALICE), Error::NotMember);
        assert_noop!(Dao::leave(signed(ALICE), dao), Error::NotMember);
    });
}

#[test]
fn the_last_member_cannot_go() {
    ExtBuilder.build_and_execute(|| {
        let dao = dao_of(&[ALICE, BOB]);
        assert_noop!(Dao::leave(signed(CAROL), dao), Error::NotMember);
        assert_ok!(Dao::leave(signed(BOB), dao));
        assert_noop!(Dao::leave(signed(ALICE), dao), Error::LastMember);
    });
}

#[test]
fn one_who_joins_later_has_no_vote_on_what_was_proposed_before() {
    ExtBuilder.build_and_execute(|| {
        let dao = dao_of(&[ALICE, BOB]);
        let before = propose(ALICE, dao, pay(DAVE, 1));
        // In the same block, so that only the order tells.
        assert_ok!(Dao::add_member(as_dao(dao), dao, CAROL));
        assert_noop!(Dao::vote(signed(CAROL), before, true, None), Error::JoinedLater);
        assert_eq!(Dao::proposal(before).unwrap().tally.electorate, 2);
        let after = propose(ALICE, dao, pay(DAVE, 1));
        assert_eq!(Dao::proposal(after).unwrap().tally.electorate, 3);
        assert_ok!(Dao::vote(signed(CAROL), after, true, None));
    });
}

#[test]
fn one_who_is_removed_takes_its_votes_back_from_open_polls() {
    ExtBuilder.build_and_execute(|| {
        let dao = dao_of(&[ALICE, BOB, CAROL]);
        let proposal = propose(ALICE, dao, pay(DAVE, 1));
        assert_ok!(Dao::vote(signed(BOB), proposal, true, None));
        assert_eq!(tally(proposal), (2, 0));
        assert_ok!(Dao::remove_member(as_dao(dao), dao, BOB));
        assert_eq!(tally(proposal), (1, 0));
        assert_eq!(Dao::proposal(proposal).unwrap().tally.electorate, 2);
        assert_eq!(held(BOB), 0);
        assert!(!Votes::<Test>::contains_key(proposal, BOB));
        assert_noop!(Dao::vote(signed(BOB), proposal, true, None), Error::NotMember);
        // Coming back doesn't bring the vote back.
        assert_ok!(Dao::add_member(as_dao(dao), dao, BOB));
        assert_noop!(Dao::vote(signed(BOB), proposal, true, None), Error::JoinedLater);
        assert_eq!(Dao::proposal(proposal).unwrap().tally.electorate, 2);
    });
}

#[test]
fn one_who_never_voted_is_no_longer_counted_in_the_quorum_either() {
    ExtBuilder.build_and_execute(|| {
        let dao = dao_of(&[ALICE, BOB, CAROL]);
        let proposal = propose(ALICE, dao, pay(DAVE, 1));
        assert!(!Dao::proposal(proposal).unwrap().passes);
        assert_ok!(Dao::leave(signed(CAROL), dao));
        assert!(Dao::proposal(proposal).unwrap().passes);
    });
}

#[test]
fn polls_that_have_ended_stand_when_a_member_goes() {
    ExtBuilder.build_and_execute(|| {
        let dao = dao_of(&[ALICE, BOB, CAROL]);
        let proposal = propose(ALICE, dao, pay(DAVE, 1));
        assert_ok!(Dao::vote(signed(BOB), proposal, true, None));
        forward(10);
        assert_ok!(Dao::leave(signed(BOB), dao));
        assert_eq!(tally(proposal), (2, 0));
        assert_eq!(status(proposal), Status::Waiting);
        forward(5);
        assert_ok!(Dao::execute(signed(DAVE), proposal, heavy()));
        assert_ok!(Dao::release_vote(signed(DAVE), proposal, BOB));
        assert_eq!(held(BOB), 0);
    });
}

#[test]
fn one_who_joined_later_changes_nothing_in_older_polls_by_leaving() {
    ExtBuilder.build_and_execute(|| {
        let dao = dao_of(&[ALICE, BOB]);
        let proposal = propose(ALICE, dao, pay(DAVE, 1));
        assert_ok!(Dao::add_member(as_dao(dao), dao, CAROL));
        assert_ok!(Dao::leave(signed(CAROL), dao));
        assert_eq!(Dao::proposal(proposal).unwrap().tally.electorate, 2);
    });
}

//! Shares vote, and are locked until the poll has ended.

use super::*;

#[test]
fn shares_that_voted_are_locked_until_the_vote_is_released() {
    ExtBuilder.build_and_execute(|| {
        let dao = dao_of_shares();
        let proposal = propose_with(ALICE, dao, pay(DAVE, 1), Some(400_000));
        assert_eq!(tally(proposal), (400_000, 0));
        assert_eq!(transfer_shares(ALICE, DAVE, 200_001), Err("locked"));
        assert_ok!(transfer_shares(ALICE, DAVE, 200_000));
        forward(9);
        assert_noop!(Dao::release_vote(signed(ALICE), proposal, ALICE), Error::VotingOpen);
        forward(1);
        assert_eq!(transfer_shares(ALICE, DAVE, 1), Err("locked"));
        assert_ok!(Dao::release_vote(signed(BOB), proposal, ALICE));
        assert_ok!(transfer_shares(ALICE, DAVE, 400_000));
        assert!(locks(ALICE).is_empty());
    });
}

#[test]
fn no_share_votes_twice_by_changing_hands() {
    ExtBuilder.build_and_execute(|| {
        let dao = dao_of_shares();
        let proposal = propose(ALICE, dao, pay(DAVE, 1));
        assert_eq!(transfer_shares(ALICE, DAVE, 1), Err("locked"));
        assert_noop!(Dao::vote(signed(DAVE), proposal, true, None), Error::NotEnoughShares);
        // Neither before a vote nor between two.
        assert_ok!(Dao::vote(signed(BOB), proposal, false, Some(100_000)));
        assert_ok!(transfer_shares(BOB, DAVE, 200_000));
        assert_ok!(Dao::vote(signed(DAVE), proposal, false, None));
        assert_noop!(Dao::vote(signed(BOB), proposal, false, Some(100_001)), Error::NotEnoughShares);
        assert_ok!(Dao::vote(signed(BOB), proposal, false, None));
        assert_ok!(Dao::vote(signed(CAROL), proposal, false, None));
        assert_eq!(tally(proposal), (600_000, 400_000));
    });
}

#[test]
fn shares_vote_in_several_polls_at_once() {
    ExtBuilder.build_and_execute(|| {
        let dao = dao_of_shares();
        let first = propose_with(ALICE, dao, pay(DAVE, 1), Some(500_000));
        forward(5);
        let second = propose_with(ALICE, dao, pay(DAVE, 2), Some(100_000));
        assert_eq!(locks(ALICE).len(), 2);
        forward(5);
        assert_ok!(Dao::release_vote(signed(ALICE), first, ALICE));
        // The larger lock is gone, the smaller one is still there.
        assert_eq!(transfer_shares(ALICE, DAVE, 500_001), Err("locked"));
        assert_ok!(transfer_shares(ALICE, DAVE, 500_000));
        assert_noop!(Dao::release_vote(signed(ALICE), second, ALICE), Error::VotingOpen);
    });
}

#[test]
fn a_vote_grows_and_never_shrinks() {
    ExtBuilder.build_and_execute(|| {
        let dao = dao_of_shares();
        let proposal = propose_with(ALICE, dao, pay(DAVE, 1), Some(1_000));
        assert_ok!(Dao::vote(signed(ALICE), proposal, true, Some(5_000)));
        assert_noop!(Dao::vote(signed(ALICE), proposal, false, Some(4_999)), Error::FewerShares);
        assert_ok!(Dao::vote(signed(ALICE), proposal, false, Some(5_000)));
        assert_eq!(tally(proposal), (0, 5_000));
        assert_eq!(locks(ALICE)[&proposal.lock()], 5_000);
    });
}

#[test]
fn nobody_votes_with_shares_that_it_does_not_hold() {
    ExtBuilder.build_and_execute(|| {
        let dao = dao_of_shares();
        let proposal = propose(ALICE, dao, pay(DAVE, 1));
        assert_noop!(Dao::vote(signed(BOB), proposal, true, Some(300_001)), Error::NotEnoughShares);
        assert_noop!(Dao::vote(signed(BOB), proposal, true, Some(0)), Error::NotEnoughShares);
        assert_noop!(Dao::vote(signed(DAVE), proposal, true, None), Error::NotEnoughShares);
    });
}

#[test]
fn a_proposer_locks_as_many_shares_as_the_rules_say() {
    ExtBuilder.build_and_execute(|| {
        let dao = dao_of_shares();
        let call = || Box::new(pay(DAVE, 1));
        assert_noop!(Dao::propose(signed(ALICE), dao, call(), Some(999)), Error::NotEnoughShares);
        assert_noop!(Dao::propose(signed(DAVE), dao, call(), None), Error::NotEnoughShares);
        assert_ok!(transfer_shares(CAROL, DAVE, 1_000));
        propose(DAVE, dao, pay(DAVE, 1));
        assert_eq!(transfer_shares(DAVE, CAROL, 1), Err("locked"));
    });
}

#[test]
fn the_quorum_is_of_all_shares() {
    ExtBuilder.build_and_execute(|| {
        let dao = dao_of_shares();
        let little = propose(BOB, dao, pay(DAVE, 1));
        let enough = propose_with(ALICE, dao, pay(DAVE, 1), Some(500_000));
        forward(10);
        assert_eq!(status(little), Status::Rejected);
        assert_eq!(status(enough), Status::Waiting);
    });
}

#[test]
fn a_dao_over_shares_pays_out_by_proposal() {
    ExtBuilder.build_and_execute(|| {
        let dao = dao_of_shares();
        let proposal = propose(ALICE, dao, pay(DAVE, 250_000));
        assert_ok!(Dao::vote(signed(BOB), proposal, false, None));
        let before = Balances::free_balance(DAVE);
        execute(proposal);
        assert_eq!(Balances::free_balance(DAVE), before + 250_000);
    });
}

#[test]
fn every_proposal_locks_under_its_own_name() {
    assert_eq!(ProposalId(1).lock(), *b"dao/vote\0\0\0\0\0\0\0\x01");
    assert_ne!(ProposalId(1).lock(), ProposalId(256).lock());
}

//! What may be proposed, how votes are counted, and how proposals are closed.

use super::*;
use crate::{
    Call,
    types::{DepositFor, MAX_OPEN, MAX_OPEN_EACH, Tally},
};

#[test]
fn propose_votes_for_the_proposal_and_holds_the_deposits() {
    ExtBuilder.build_and_execute(|| {
        let dao = dao_of(&[BOB, CAROL]);
        let call = pay(DAVE, 1);
        let len = codec::Encode::encoded_size(&call) as u32;
        let proposal = propose(BOB, dao, call);
        assert_eq!(
            events()[events().len() - 2..],
            [
                Event::Proposed { dao, proposal, proposer: BOB, ends: 11 },
                Event::Voted { proposal, voter: BOB, aye: true, power: 1 }
            ]
        );
        let deposits = Dao::deposit(DepositFor::Proposal { call: len }) + Dao::deposit(DepositFor::Vote);
        assert_eq!(held(BOB), deposits);
        assert_eq!(status(proposal), Status::Voting);
    });
}

#[test]
fn only_members_propose_and_vote() {
    ExtBuilder.build_and_execute(|| {
        let dao = dao_of(&[ALICE, BOB]);
        let call = || Box::new(remark(1));
        assert_noop!(Dao::propose(signed(DAVE), dao, call(), None), Error::NotMember);
        assert_noop!(Dao::propose(signed(ALICE), dao, call(), Some(1)), Error::NotOfShares);
        assert_noop!(Dao::propose(signed(ALICE), DaoId(9), call(), None), Error::DaoNotFound);
        let proposal = propose(ALICE, dao, remark(1));
        assert_noop!(Dao::vote(signed(DAVE), proposal, true, None), Error::NotMember);
        assert_noop!(Dao::vote(signed(BOB), proposal, true, Some(1)), Error::NotOfShares);
        assert_noop!(Dao::vote(signed(BOB), ProposalId(9), true, None), Error::ProposalNotFound);
    });
}

#[test]
fn a_call_that_the_filter_excludes_cannot_be_proposed() {
    ExtBuilder.build_and_execute(|| {
        let dao = dao_of(&[ALICE]);
        let burn = pallet_balances::Call::burn { value: 1, keep_alive: true }.into();
        assert_noop!(Dao::propose(signed(ALICE), dao, Box::new(burn), None), Error::CallFiltered);
    });
}

#[test]
fn a_call_that_is_too_long_cannot_be_proposed() {
    ExtBuilder.build_and_execute(|| {
        let dao = dao_of(&[ALICE]);
        // Pallet, call and the length of the list take four bytes.
        let long = Box::new(remark(8_192 - 4 + 1));
        assert_noop!(Dao::propose(signed(ALICE), dao, long, None), Error::CallTooLong);
        propose(ALICE, dao, remark(8_192 - 4));
    });
}

#[test]
fn a_call_that_fits_no_block_cannot_be_proposed() {
    ExtBuilder.build_and_execute(|| {
        let dao = dao_of(&[ALICE]);
        let heavy = Call::execute { proposal: ProposalId(0), max_weight: Weight::MAX };
        assert_noop!(Dao::propose(signed(ALICE), dao, Box::new(heavy.into()), None), Error::CallTooHeavy);
    });
}

#[test]
fn one_who_cannot_pay_cannot_propose_or_vote() {
    ExtBuilder.build().execute_with(|| {
        let dao = dao_of(&[ALICE, POOR]);
        assert!(Dao::propose(signed(POOR), dao, Box::new(remark(1)), None).is_err());
        let proposal = propose(ALICE, dao, remark(1));
        assert!(Dao::vote(signed(POOR), proposal, true, None).is_err());
        assert_eq!(held(POOR), 0);
    });
}

#[test]
fn nobody_fills_the_list_of_proposals_alone() {
    ExtBuilder.build_and_execute(|| {
        let dao = dao_of(&(1..=5).chain(100..105).collect::<Vec<_>>());
        for who in 100..105 {
            assert_ok!(Balances::transfer_allow_death(signed(5), who, 1_000_000));
        }
        for who in (1..=4).chain(100..104) {
            for _ in 0..MAX_OPEN_EACH {
                propose(who, dao, remark(1));
            }
            let one_more = Box::new(remark(1));
            assert_noop!(Dao::propose(signed(who), dao, one_more, None), Error::TooManyOfProposer);
        }
        assert_eq!(Dao::dao(dao).unwrap().open, MAX_OPEN);
        assert_noop!(Dao::propose(signed(5), dao, Box::new(remark(1)), None), Error::TooManyProposals);
        // It is open again when one is closed.
        forward(10);
        assert_ok!(Dao::close(signed(DAVE), ProposalId(0)));
        propose(5, dao, remark(1));
    });
}

#[test]
fn a_vote_may_change_sides_and_counts_once() {
    ExtBuilder.build_and_execute(|| {
        let dao = dao_of(&[ALICE, BOB, CAROL]);
        let proposal = propose(ALICE, dao, remark(1));
        for _ in 0..3 {
            assert_ok!(Dao::vote(signed(BOB), proposal, true, None));
        }
        assert_eq!(tally(proposal), (2, 0));
        let before = held(BOB);
        assert_ok!(Dao::vote(signed(BOB), proposal, false, None));
        assert_ok!(Dao::vote(signed(ALICE), proposal, false, None));
        assert_eq!(tally(proposal), (0, 2));
        assert_eq!(held(BOB), before);
        assert_eq!(last_event(), Event::Voted { proposal, voter: ALICE, aye: false, power: 1 });
    });
}

#[test]
fn no_vote_is_taken_after_the_end() {
    ExtBuilder.build_and_execute(|| {
        let dao = dao_of(&[ALICE, BOB]);
        let proposal = propose(ALICE, dao, remark(1));
        forward(9);
        assert_ok!(Dao::vote(signed(BOB), proposal, true, None));
        forward(1);
        assert_noop!(Dao::vote(signed(BOB), proposal, false, None), Error::VotingEnded);
    });
}

#[test]
fn a_proposal_goes_through_its_states_in_time() {
    ExtBuilder.build_and_execute(|| {
        let dao = dao_of(&[ALICE]);
        let proposal = propose(ALICE, dao, remark(1));
        for (block, expected) in [
            (10, Status::Voting),
            (11, Status::Waiting),
            (15, Status::Waiting),
            (16, Status::Executable),
            (35, Status::Executable),
            (36, Status::Expired),
        ] {
            System::set_block_number(block);
            assert_eq!(status(proposal), expected, "{block}");
        }
    });
}

#[test]
fn quorum_and_approval_decide() {
    let passes = |electorate, ayes, nays, quorum, approval| {
        let rules = Rules {
            quorum: Permill::from_percent(quorum),
            approval: Permill::from_percent(approval),
            ..rules()
        };
        Tally { electorate, ayes, nays }.passes(&rules)
    };
    // Nobody voted, or as many against as for.
    assert!(!passes(10, 0, 0, 1, 50));
    assert!(!passes(0, 0, 0, 1, 50));
    assert!(!passes(10, 5, 5, 50, 50));
    // Quorum counts ayes and nays, and is rounded up.
    assert!(passes(10, 3, 2, 50, 50));
    assert!(!passes(10, 3, 1, 50, 50));
    assert!(!passes(3, 1, 0, 34, 50));
    assert!(passes(3, 2, 0, 34, 50));
    // Approval is of those cast, and rounded up.
    assert!(passes(10, 2, 1, 10, 66));
    assert!(!passes(10, 2, 1, 10, 67));
    assert!(passes(10, 4, 0, 40, 100));
    assert!(!passes(1_000_000, 999_999, 1, 50, 100));
    assert!(passes(1_000_000, 1, 0, 0, 50));
}

#[test]
fn close_returns_the_deposit_of_a_rejected_proposal() {
    ExtBuilder.build_and_execute(|| {
        let dao = dao_of(&[BOB, CAROL, DAVE]);
        let proposal = propose(BOB, dao, remark(1_000));
        assert_noop!(Dao::close(signed(ALICE), proposal), Error::VotingOpen);
        assert_noop!(Dao::close(signed(ALICE), ProposalId(9)), Error::ProposalNotFound);
        forward(10);
        assert_eq!(status(proposal), Status::Rejected);
        assert_ok!(Dao::close(signed(ALICE), proposal));
        assert_eq!(last_event(), Event::Closed { dao, proposal, status: Status::Rejected });
        assert_eq!(held(BOB), Dao::deposit(DepositFor::Vote));
        assert_eq!(Dao::dao(dao).unwrap().open, 0);
        // The call isn't kept either.
        assert_eq!(crate::Calls::<Test>::iter().count(), 0);
        assert_noop!(Dao::close(signed(ALICE), proposal), Error::ProposalNotFound);
        assert_ok!(Dao::release_vote(signed(ALICE), proposal, BOB));
        assert_eq!(held(BOB), 0);
    });
}

#[test]
fn close_waits_until_a_passed_proposal_has_expired() {
    ExtBuilder.build_and_execute(|| {
        let dao = dao_of(&[ALICE]);
        let proposal = propose(ALICE, dao, remark(1));
        for blocks in [10, 5, 19] {
            forward(blocks);
            assert_noop!(Dao::close(signed(BOB), proposal), Error::StillExecutable);
        }
        forward(1);
        assert_ok!(Dao::close(signed(BOB), proposal));
        assert_eq!(last_event(), Event::Closed { dao, proposal, status: Status::Expired });
    });
}

#[test]
fn a_vote_is_released_by_anybody_when_the_poll_has_ended() {
    ExtBuilder.build_and_execute(|| {
        let dao = dao_of(&[ALICE, BOB]);
        let proposal = propose(ALICE, dao, remark(1));
        assert_ok!(Dao::vote(signed(BOB), proposal, true, None));
        forward(9);
        assert_noop!(Dao::release_vote(signed(BOB), proposal, BOB), Error::VotingOpen);
        forward(1);
        assert_ok!(Dao::release_vote(signed(CAROL), proposal, BOB));
        assert_eq!(last_event(), Event::VoteReleased { proposal, voter: BOB });
        assert_eq!(held(BOB), 0);
        assert_noop!(Dao::release_vote(signed(CAROL), proposal, BOB), Error::VoteNotFound);
        // It counts all the same.
        assert_eq!(tally(proposal), (2, 0));
    });
}

//! What clients read.

use super::*;
use codec::Encode;

#[test]
fn daos_are_listed_in_order_without_those_that_ended() {
    ExtBuilder.build_and_execute(|| {
        for _ in 0..4 {
            dao_of(&[ALICE]);
        }
        assert_ok!(Dao::dissolve(signed(Dao::account_of(DaoId(1))), DaoId(1), DAVE));
        let ids = |start, limit| {
            Dao::daos(DaoId(start), limit).into_iter().map(|found| found.id.0).collect::<Vec<_>>()
        };
        assert_eq!(ids(0, 10), [0, 2, 3]);
        assert_eq!(ids(0, 2), [0, 2]);
        assert_eq!(ids(3, 10), [3]);
        assert!(ids(u64::MAX, 10).is_empty());
        assert!(Dao::dao(DaoId(1)).is_none());
    });
}

#[test]
fn members_and_votes_are_paged() {
    ExtBuilder.build_and_execute(|| {
        let dao = dao_of(&[ALICE, BOB, CAROL]);
        let proposal = propose(ALICE, dao, remark(1));
        assert_ok!(Dao::vote(signed(BOB), proposal, false, None));
        let first = Dao::members(dao, None, 2);
        let rest = Dao::members(dao, first.last().copied(), 2);
        let mut all = [first, rest].concat();
        all.sort();
        assert_eq!(all, [ALICE, BOB, CAROL]);
        let first = Dao::votes(proposal, None, 1);
        let rest = Dao::votes(proposal, Some(first[0].voter), 10);
        let mut all: Vec<_> = [first, rest].concat().iter().map(|vote| (vote.voter, vote.aye)).collect();
        all.sort();
        assert_eq!(all, [(ALICE, true), (BOB, false)]);
        let vote = Dao::vote_of(proposal, BOB).unwrap();
        assert_eq!((vote.power, vote.asset, vote.ends), (1, None, 11));
        assert!(Dao::vote_of(proposal, CAROL).is_none());
    });
}

#[test]
fn open_proposals_are_paged_with_their_calls() {
    ExtBuilder.build_and_execute(|| {
        let dao = dao_of(&[ALICE]);
        let (short, long) = (propose(ALICE, dao, remark(1)), propose(ALICE, dao, remark(1_000)));
        let found = Dao::proposals(dao, None, 10);
        assert_eq!(found.iter().map(|found| found.id).collect::<Vec<_>>(), [short, long]);
        assert_eq!(found[0].call, remark(1).encode());
        assert_eq!(found[1].call, remark(1_000).encode());
        assert_eq!(Dao::proposals(dao, Some(short), 10)[0].id, long);
        assert_eq!(Dao::proposals(dao, None, 1).len(), 1);
        assert!(Dao::proposals(DaoId(9), None, 10).is_empty());
    });
}

//! What clients read.

use super::*;
use crate::types::{Action, Figures};
use Does::*;

#[test]
fn a_worker_sees_the_jobs_that_it_could_apply_for() {
    ExtBuilder.build_and_execute(|| {
        workers(2);
        assert!(Escrow::open_jobs(&KEEPER, None, 9).entries.is_empty());
        let open = submit(request(3, 2));
        submit(JobRequest { assignment: named(&[FIRST + 1]), ..request(1, 1) });
        let mut large = request(3, 2);
        large.task.limits.fuel += 1;
        submit(large);
        let mut foreign = request(3, 2);
        foreign.task.engine = [8; 32];
        submit(foreign);
        submit_as(FIRST, request(3, 2));
        let ids = |who| -> Vec<_> {
            Escrow::open_jobs(&who, None, 9).entries.iter().map(|found| found.id).collect()
        };
        assert_eq!(ids(FIRST), [open]);
        assert_eq!(ids(FIRST + 1).len(), 3);
        assert_ok!(Escrow::apply(signed(FIRST), open, bond(open)));
        assert!(ids(FIRST).is_empty());
        System::set_block_number(deadline(open) + 1);
        assert!(ids(FIRST + 1).is_empty());
    });
}

#[test]
fn a_signer_does_not_see_the_challenge_of_its_certificate() {
    ExtBuilder.build_and_execute(|| {
        let all = workers(6);
        let (id, signers) = certified(&all);
        release_all(id, &all);
        assert_ok!(Escrow::challenge(signed(CHALLENGER), id, u64::MAX));
        for who in all {
            let sees = !Escrow::open_jobs(&who, None, 9).entries.is_empty();
            assert_eq!(sees, !signers.contains(&who));
        }
    });
}

#[test]
fn lists_are_paged_to_their_end() {
    ExtBuilder.build_and_execute(|| {
        workers(7);
        let mut ids: Vec<_> = (0..7).map(|_| submit(request(3, 2))).collect();
        let (mut seen, mut after) = (Vec::new(), None);
        loop {
            let page = Escrow::open_jobs(&FIRST, after, 3);
            assert!(page.entries.len() <= 3);
            seen.extend(page.entries.iter().map(|found| found.id));
            after = page.next;
            if after.is_none() {
                break;
            }
        }
        seen.sort();
        ids.sort();
        assert_eq!(seen, ids);
        assert_eq!(Escrow::jobs(None, u32::MAX).entries.len(), 7);

        let first = Escrow::workers(None, 4);
        let rest = Escrow::workers(Some(first[3].account), 4);
        assert_eq!((first.len(), rest.len()), (4, 3));
        assert_eq!(Escrow::worker_info(&FIRST).unwrap().worker.stake, STAKE);
    });
}

#[test]
fn a_jobs_state_has_its_phase_seats_and_receipts() {
    ExtBuilder.build_and_execute(|| {
        let all = workers(6);
        let id = submit(request(3, 2));
        apply_all(id, &all);
        let found = Escrow::job_info(id).unwrap();
        assert_eq!((found.candidates, found.seats.len(), found.due), (6, 0, false));
        assert_eq!(found.worker_price, PRICE);
        pass_and_poke(id);
        let seats = seated(id);
        for who in &seats {
            commit(id, *who, result(1));
        }
        reveal(id, seats[0], result(1));
        let found = Escrow::job_info(id).unwrap();
        assert_eq!(found.seats[0].state, SeatState::Revealed(result(1)));
        assert!(matches!(found.seats[1].state, SeatState::Committed(_)));
        assert!(!found.due);
        System::set_block_number(deadline(id) + 1);
        assert!(Escrow::job_info(id).unwrap().due);
        assert_eq!(Escrow::job_info(JobId(9)), None);
    });
}

#[test]
fn a_worker_is_told_what_to_do_next() {
    ExtBuilder.build_and_execute(|| {
        let all = workers(6);
        let id = submit(request(3, 2));
        apply_all(id, &all);
        let action = |who| Escrow::duties(&who, None, 9).first().map(|(_, action)| *action);
        assert_eq!(action(FIRST), Some(Action::Wait));
        pass(id);
        assert_eq!(action(FIRST), Some(Action::Poke));
        poke(id);
        let seats = seated(id);
        let other = *all.iter().find(|who| !seats.contains(who)).unwrap();
        assert_eq!(action(other), Some(Action::Release));
        let until = deadline(id);
        assert_eq!(action(seats[0]), Some(Action::Commit { until }));
        commit(id, seats[0], result(1));
        commit(id, seats[1], result(1));
        assert_eq!(action(seats[0]), Some(Action::Wait));
        System::set_block_number(until + 1);
        let last = until + PARAMETERS.reveal_blocks;
        assert_eq!(action(seats[0]), Some(Action::Reveal { until: last }));
        reveal(id, seats[0], result(1));
        assert_eq!(action(seats[1]), Some(Action::Reveal { until: last }));
        assert_eq!(action(seats[0]), Some(Action::Wait));
        reveal(id, seats[1], result(1));
        assert_eq!(action(seats[0]), Some(Action::Poke));
        poke(id);
        assert_eq!(action(seats[0]), Some(Action::Wait));
        System::set_block_number(Certificates::<Test>::get(id).unwrap().bonded_until + 1);
        assert_eq!(action(seats[0]), Some(Action::ReleaseBonds));
        assert_eq!(action(KEEPER), None);
    });
}

#[test]
fn gated_inputs_are_readable_by_the_seated_and_only_while_they_work() {
    ExtBuilder.build_and_execute(|| {
        let all = workers(6);
        let task = task_of(rev(PROGRAM, 1), &[rev(GATED, 2)]);
        let id = submit(JobRequest { task, ..request(3, 2) });
        let reads = |who, asset| Escrow::may_read(&who, id, asset);
        apply_all(id, &all);
        assert!(!all.iter().any(|who| reads(*who, GATED)));
        pass_and_poke(id);
        let seats = seated(id);
        for who in all {
            assert_eq!(reads(who, GATED), seats.contains(&who));
            assert!(!reads(who, UNSOLD));
        }
        play(id, &[Reveals(result(1)); 3]);
        assert!(!seats.iter().any(|who| reads(*who, GATED)));
    });
}

#[test]
fn a_first_rounds_workers_read_no_more_in_the_wider_round() {
    ExtBuilder.build_and_execute(|| {
        let all = workers(14);
        let task = task_of(rev(PROGRAM, 1), &[rev(GATED, 2)]);
        let id = submit(JobRequest { task, ..request(3, 2) });
        let first = draw(id, &all);
        play(id, &[Reveals(result(1)), Reveals(result(2)), Sleeps]);
        let fresh: Vec<_> = all.into_iter().filter(|who| !first.contains(who)).collect();
        let second = draw(id, &fresh);
        assert!(!first.iter().any(|who| Escrow::may_read(who, id, GATED)));
        assert!(second.iter().all(|who| Escrow::may_read(who, id, GATED)));
    });
}

#[test]
fn an_asset_lists_the_results_that_used_it() {
    ExtBuilder.build_and_execute(|| {
        let all = workers(6);
        let mut ids = Vec::new();
        for _ in 0..3 {
            let (id, _) = certified(&all);
            release_all(id, &all);
            ids.push(id);
        }
        let list = |asset, after, limit| -> Vec<_> {
            Escrow::certificates_of(asset, after, limit).iter().map(|found| found.id).collect()
        };
        assert_eq!(list(DATASET, None, 9), ids);
        assert_eq!(list(PROGRAM, None, 2), ids[..2]);
        assert_eq!(list(DATASET, Some(ids[1]), 9), ids[2..]);
        assert!(list(GATED, None, 9).is_empty());
        let found = Escrow::certificate_info(ids[0]).unwrap();
        assert_eq!((found.id, found.certificate.result), (ids[0], result(1)));
        let expected = Figures { jobs: 3, certificates: 3, total: 9, agreed: 9, fallen: 0 };
        assert_eq!(Escrow::figures(content(1)), expected);
    });
}

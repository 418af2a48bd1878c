//! Applications, the draw, commitments and results.

use super::*;
use crate::{
    Applicants, Engagements,
    types::{MAX_APPLICANTS, Role},
};
use polkadot_sdk::{
    frame_support::{assert_noop, dispatch::DispatchResult},
    sp_runtime::{
        Permill,
        traits::{Dispatchable, Hash},
    },
};

fn try_apply(id: JobId, who: AccountId, pledge: u64) -> DispatchResult {
    Escrow::apply(signed(who), id, pledge)
}

/// As a transaction: a failed one changes nothing.
fn try_poke(id: JobId) -> DispatchResult {
    RuntimeCall::Escrow(crate::Call::poke { job: id })
        .dispatch(signed(KEEPER))
        .map(drop)
        .map_err(|failed| failed.error)
}

#[test]
fn applying_locks_the_pledge_as_weight() {
    ExtBuilder.build_and_execute(|| {
        workers(2);
        let id = submit(request(3, 2));
        assert_ok!(try_apply(id, FIRST, 5_000));
        assert_ok!(try_apply(id, FIRST + 1, 2_000));
        assert_eq!((locked(FIRST), locked(FIRST + 1)), (5_000, 2_000));
        let weights: Vec<_> = Applicants::<Test>::get(id).iter().map(|found| found.cumulative).collect();
        assert_eq!(weights, [5_000, 7_000]);
    });
}

#[test]
fn applying_fails_with_a_reason() {
    ExtBuilder.build_and_execute(|| {
        workers(3);
        let id = submit(request(3, 2));
        let bond = bond(id);
        assert_noop!(try_apply(JobId(9), FIRST, bond), Error::JobNotFound);
        assert_noop!(try_apply(id, KEEPER, bond), Error::WorkerNotFound);
        assert_noop!(try_apply(id, FIRST, bond - 1), Error::PledgeTooLow);
        assert_noop!(try_apply(id, FIRST, STAKE + 1), Error::PledgeTooHigh);
        register(REQUESTER);
        assert_noop!(try_apply(id, REQUESTER, bond), Error::OwnJob);
        assert_ok!(try_apply(id, FIRST, bond));
        assert_noop!(try_apply(id, FIRST, bond), Error::AlreadyEngaged);
        let list = JobRequest { assignment: named(&[FIRST]), ..request(1, 1) };
        let listed = submit(list);
        assert_noop!(try_apply(listed, FIRST + 1, bond), Error::NotNamed);
        System::set_block_number(deadline(id));
        assert_ok!(try_apply(id, FIRST + 1, bond));
        System::set_block_number(deadline(id) + 1);
        assert_noop!(try_apply(id, FIRST + 2, bond), Error::ApplicationsClosed);
    });
}

#[test]
fn a_worker_gets_only_jobs_that_fit_it() {
    ExtBuilder.build_and_execute(|| {
        register(FIRST);
        let apply = |change: fn(&mut JobRequestOf<Test>)| {
            let mut asked = request(1, 1);
            change(&mut asked);
            let id = submit(asked);
            Escrow::apply(signed(FIRST), id, bond(id))
        };
        assert_ok!(Escrow::update_worker(signed(FIRST), PRICE, LIMITS, vec![ENGINE].try_into().unwrap()));
        assert_eq!(apply(|asked| asked.task.limits.fuel += 1), Err(Error::LimitsTooHigh.into()));
        assert_eq!(apply(|asked| asked.task.limits.memory += 1), Err(Error::LimitsTooHigh.into()));
        assert_eq!(apply(|asked| asked.task.limits.output += 1), Err(Error::LimitsTooHigh.into()));
        assert_eq!(apply(|asked| asked.task.engine = [8; 32]), Err(Error::WrongEngine.into()));
        assert_eq!(apply(|asked| asked.price = PRICE - 1), Err(Error::PriceTooLow.into()));
        assert_ok!(apply(|_| ()));
        // What counts is what is left after royalties.
        assert_ok!(Escrow::set_royalty(signed(OWNER), PROGRAM, Some(Permill::from_percent(10))));
        assert_eq!(apply(|_| ()), Err(Error::PriceTooLow.into()));
    });
}

#[test]
fn a_pledge_cannot_weigh_in_two_draws() {
    ExtBuilder.build_and_execute(|| {
        register(FIRST);
        let (one, two) = (submit(request(3, 2)), submit(request(3, 2)));
        assert_ok!(try_apply(one, FIRST, STAKE - bond(two) + 1));
        assert_noop!(try_apply(two, FIRST, bond(two)), Error::PledgeTooHigh);
    });
}

#[test]
fn applicants_are_bounded() {
    ExtBuilder.build_and_execute(|| {
        workers(2);
        let id = submit(request(3, 2));
        assert_ok!(try_apply(id, FIRST, bond(id)));
        let many = Applicants::<Test>::get(id).first().cloned().unwrap();
        let full = vec![many; MAX_APPLICANTS as usize];
        Applicants::<Test>::insert(id, crate::CandidatesOf::<Test>::try_from(full).unwrap());
        let last = bond(id);
        assert_noop!(try_apply(id, FIRST + 1, last), Error::TooManyApplicants);
        Applicants::<Test>::insert(
            id,
            crate::CandidatesOf::<Test>::try_from(vec![crate::types::Candidate {
                worker: FIRST,
                cumulative: last,
            }])
            .unwrap(),
        );
    });
}

#[test]
fn a_draw_seats_as_many_as_asked_and_leaves_them_their_bond() {
    ExtBuilder.build_and_execute(|| {
        let all = workers(10);
        let id = submit(request(3, 2));
        for who in &all {
            assert_ok!(try_apply(id, *who, 50_000));
        }
        pass_and_poke(id);
        let seats = seated(id);
        assert_eq!(seats.len(), 3);
        for who in &seats {
            assert_eq!(locked(*who), bond(id));
            assert_eq!(Engagements::<Test>::get(who, id).unwrap().role, Role::Seated);
        }
        assert_eq!(job(id).phase, Phase::Commit { until: System::block_number() + 20 });
        assert_eq!(Applicants::<Test>::decode_len(id), None);
    });
}

#[test]
fn a_draw_waits_for_the_delayed_seed() {
    ExtBuilder.build_and_execute(|| {
        let all = workers(6);
        let id = submit(request(3, 2));
        apply_all(id, &all);
        let closed = deadline(id);
        System::set_block_number(closed);
        assert_noop!(try_poke(id), Error::NothingDue);
        System::set_block_number(closed + 7);
        assert_noop!(try_poke(id), Error::SeedNotReady);
        System::set_block_number(closed + 8);
        assert_ok!(try_poke(id));
    });
}

#[test]
fn a_draw_does_not_depend_on_who_draws_or_when() {
    let draw_at = |late: u64| {
        let mut ext = ExtBuilder.build();
        ext.execute_with(|| {
            let all = workers(12);
            let id = submit(request(3, 2));
            apply_all(id, &all);
            System::set_block_number(deadline(id) + 8 + late);
            poke(id);
            seated(id)
        })
    };
    assert_eq!(draw_at(0), draw_at(50));
}

#[test]
fn too_few_applicants_get_one_extension_and_then_the_requester_everything() {
    ExtBuilder.build_and_execute(|| {
        let all = workers(5);
        let id = submit(request(3, 2));
        apply_all(id, &all);
        let before = System::block_number();
        pass_and_poke(id);
        let now = System::block_number();
        assert!(now > before);
        assert_eq!(job(id).phase, Phase::Apply { until: now + PARAMETERS.apply_blocks, extended: true });
        pass_and_poke(id);
        assert_eq!(outcome(id), Some(Outcome::Refunded));
        // All but what the two pokes cost.
        assert_eq!((held(REQUESTER), free(REQUESTER)), (0, WEALTH - 10));
        release_all(id, &all);
        assert!(all.iter().all(|who| locked(*who) == 0));
    });
}

#[test]
fn a_draw_needs_two_applicants_a_seat() {
    ExtBuilder.build_and_execute(|| {
        let all = workers(6);
        let id = submit(request(3, 2));
        apply_all(id, &all[..5]);
        pass_and_poke(id);
        assert_eq!(seated(id).len(), 0);
        // The sixth comes in the extension.
        apply_all(id, &all[5..]);
        pass_and_poke(id);
        assert_eq!(seated(id).len(), 3);
    });
}

#[test]
fn a_lost_seed_is_an_extension_and_then_a_refund() {
    ExtBuilder.build_and_execute(|| {
        let all = workers(6);
        let id = submit(request(3, 2));
        apply_all(id, &all);
        NoSeeds::set(true);
        pass_and_poke(id);
        assert!(matches!(job(id).phase, Phase::Apply { extended: true, .. }));
        pass_and_poke(id);
        assert_eq!(outcome(id), Some(Outcome::Refunded));
    });
}

#[test]
fn a_lost_seed_is_made_good_by_the_extensions_seed() {
    ExtBuilder.build_and_execute(|| {
        let all = workers(6);
        let id = submit(request(3, 2));
        apply_all(id, &all);
        NoSeeds::set(true);
        pass_and_poke(id);
        NoSeeds::set(false);
        pass_and_poke(id);
        assert_eq!(seated(id).len(), 3);
    });
}

#[test]
fn a_named_list_needs_one_applicant_a_seat() {
    ExtBuilder.build_and_execute(|| {
        let all = workers(4);
        let id = submit(JobRequest { assignment: named(&all), ..request(3, 2) });
        let seats = draw(id, &all[1..]);
        assert_eq!(seats.len(), 3);
        assert!(!seats.contains(&FIRST));
    });
}

#[test]
fn whoever_moves_a_job_on_is_paid_from_the_payers_hold() {
    ExtBuilder.build_and_execute(|| {
        let id = submit(request(3, 2));
        let before = job(id).held;
        pass_and_poke(id);
        assert_eq!(free(KEEPER), WEALTH + PARAMETERS.poke_reward);
        assert_eq!(job(id).held, before - PARAMETERS.poke_reward);
    });
}

#[test]
fn commitments_are_for_the_seated_once_and_in_time() {
    ExtBuilder.build_and_execute(|| {
        let all = workers(6);
        let id = submit(request(3, 2));
        let try_commit = |who| Escrow::commit(signed(who), id, [1; 32]);
        assert_noop!(Escrow::commit(signed(FIRST), JobId(9), [1; 32]), Error::JobNotFound);
        assert_noop!(try_commit(FIRST), Error::NotCommitting);
        let seats = draw(id, &all);
        let other = all.iter().find(|who| !seats.contains(who)).unwrap();
        assert_noop!(try_commit(*other), Error::NoSeat);
        assert_ok!(try_commit(seats[0]));
        assert_noop!(try_commit(seats[0]), Error::AlreadyCommitted);
        System::set_block_number(deadline(id) + 1);
        assert_noop!(try_commit(seats[1]), Error::NotCommitting);
    });
}

#[test]
fn the_last_commitment_opens_the_reveals() {
    ExtBuilder.build_and_execute(|| {
        let id = submit(request(3, 2));
        let seats = draw(id, &workers(6));
        for who in &seats {
            assert!(matches!(job(id).phase, Phase::Commit { .. }));
            let early = Escrow::reveal(signed(*who), id, result(1), SALT);
            assert_eq!(early, Err(Error::NotRevealing.into()));
            commit(id, *who, result(1));
        }
        let until = System::block_number() + PARAMETERS.reveal_blocks;
        assert_eq!(job(id).phase, Phase::Reveal { until });
    });
}

#[test]
fn nothing_is_revealed_before_the_commit_phase_is_over() {
    ExtBuilder.build_and_execute(|| {
        let id = submit(request(3, 2));
        let seats = draw(id, &workers(6));
        commit(id, seats[0], result(1));
        commit(id, seats[1], result(1));
        let end = deadline(id);
        System::set_block_number(end);
        assert_noop!(Escrow::reveal(signed(seats[0]), id, result(1), SALT), Error::NotRevealing);
        // A worker needn't wait for somebody to move the phase on.
        System::set_block_number(end + 1);
        reveal(id, seats[0], result(1));
        assert_eq!(job(id).phase, Phase::Reveal { until: end + PARAMETERS.reveal_blocks });
        System::set_block_number(end + PARAMETERS.reveal_blocks + 1);
        assert_noop!(Escrow::reveal(signed(seats[1]), id, result(1), SALT), Error::NotRevealing);
    });
}

#[test]
fn a_copied_commitment_cannot_be_revealed() {
    ExtBuilder.build_and_execute(|| {
        let id = submit(request(3, 2));
        let seats = draw(id, &workers(6));
        let honest = commitment(&seats[0], id, &result(1), &SALT);
        for who in &seats {
            assert_ok!(Escrow::commit(signed(*who), id, honest));
        }
        reveal(id, seats[0], result(1));
        assert_noop!(Escrow::reveal(signed(seats[1]), id, result(1), SALT), Error::WrongReveal);
    });
}

#[test]
fn a_reveal_is_what_was_committed_to() {
    ExtBuilder.build_and_execute(|| {
        let id = submit(request(3, 2));
        let seats = draw(id, &workers(6));
        for who in &seats {
            commit(id, *who, result(1));
        }
        let try_reveal = |result, salt| Escrow::reveal(signed(seats[0]), id, result, salt);
        assert_noop!(try_reveal(result(2), SALT), Error::WrongReveal);
        assert_noop!(try_reveal(result(1), [0; 32]), Error::WrongReveal);
        assert_noop!(try_reveal(JobResult { fuel: 1, ..result(1) }, SALT), Error::WrongReveal);
        assert_noop!(try_reveal(JobResult { exit: Exit::Exited(1), ..result(1) }, SALT), Error::WrongReveal);
        assert_noop!(Escrow::reveal(signed(KEEPER), id, result(1), SALT), Error::NoSeat);
        assert_noop!(Escrow::reveal(signed(KEEPER), JobId(9), result(1), SALT), Error::JobNotFound);
        assert_ok!(try_reveal(result(1), SALT));
        assert_noop!(try_reveal(result(1), SALT), Error::NotCommitted);
        assert_eq!(state_of(id, seats[0]), SeatState::Revealed(result(1)));
    });
}

#[test]
fn a_result_keeps_to_the_limit_and_says_nothing_beside_unavailable() {
    ExtBuilder.build_and_execute(|| {
        let bad = [
            JobResult { fuel: LIMITS.fuel + 1, ..result(1) },
            JobResult { fuel: 1, ..JobResult::UNAVAILABLE },
            JobResult { output: Some(content(1)), ..JobResult::UNAVAILABLE },
        ];
        let id = submit(request(3, 2));
        let seats = draw(id, &workers(6));
        for (who, result) in seats.iter().zip(bad) {
            commit(id, *who, result);
        }
        for (who, result) in seats.iter().zip(bad) {
            assert_noop!(Escrow::reveal(signed(*who), id, result, SALT), Error::MalformedResult);
        }
    });
}

#[test]
fn settlement_waits_for_all_who_committed_or_the_deadline() {
    ExtBuilder.build_and_execute(|| {
        let id = submit(request(3, 2));
        let seats = draw(id, &workers(6));
        for who in &seats {
            commit(id, *who, result(1));
        }
        reveal(id, seats[0], result(1));
        reveal(id, seats[1], result(1));
        // The quorum is there, but the third may still reveal.
        assert_noop!(try_poke(id), Error::NothingDue);
        reveal(id, seats[2], result(1));
        assert_ok!(try_poke(id));
        assert!(matches!(outcome(id), Some(Outcome::Certified { agreed: 3, .. })));
    });
}

#[test]
fn a_poke_fails_when_there_is_nothing_to_do() {
    ExtBuilder.build_and_execute(|| {
        assert_noop!(try_poke(JobId(0)), Error::JobNotFound);
        let id = submit(request(3, 2));
        assert_noop!(try_poke(id), Error::NothingDue);
        draw(id, &workers(6));
        System::set_block_number(deadline(id));
        assert_noop!(try_poke(id), Error::NothingDue);
    });
}

#[test]
fn commitments_are_hashed_as_the_docs_say() {
    let account = polkadot_sdk::sp_runtime::AccountId32::new([3; 32]);
    let result = result(1);
    let mut bytes = vec![3; 32];
    bytes.extend(5_u64.to_le_bytes());
    bytes.extend(polkadot_sdk::sp_runtime::traits::BlakeTwo256::hash(&codec::Encode::encode(&result)).0);
    bytes.extend(SALT);
    assert_eq!(bytes.len(), 104);
    let expected = polkadot_sdk::sp_runtime::traits::BlakeTwo256::hash(&bytes).0;
    assert_eq!(commitment(&account, JobId(5), &result, &SALT), expected);
}

//! Who is paid, who loses, and what goes back.

use super::*;
use crate::{
    Pot,
    types::{Chosen, Figures},
};
use Does::*;
use polkadot_sdk::sp_runtime::Permill;

/// What all the escrow's people and accounts have.
fn everything() -> u64 {
    Balances::total_issuance()
}

fn play_one(replicas: u32, quorum: u32, does: &[Does]) -> (JobId, Vec<AccountId>) {
    let all = workers(20);
    let id = submit(request(replicas, quorum));
    let seats = draw(id, &all);
    play(id, does);
    (id, seats)
}

fn gain(who: AccountId) -> i64 {
    (free(who) + held(who)) as i64 - WEALTH as i64
}

/// What a job's deposit and pokes cost the requester.
fn overhead(replicas: u32, quorum: u32, pokes: i64) -> i64 {
    Escrow::quote(REQUESTER, request(replicas, quorum)).unwrap().deposit as i64
        + pokes * PARAMETERS.poke_reward as i64
}

#[test]
fn a_quorum_is_paid_by_fuel_used_and_the_rest_goes_back() {
    ExtBuilder.build_and_execute(|| {
        let total = everything();
        let (id, seats) = play_one(3, 2, &[Reveals(result(1)); 3]);
        for who in &seats {
            assert_eq!(gain(*who), HALF as i64);
            assert_eq!(locked(*who), 7 * SEAT);
        }
        assert_eq!(held(REQUESTER), 0);
        assert_eq!(gain(REQUESTER), -3 * HALF as i64 - overhead(3, 2, 2));
        let expected = Outcome::Certified { result: result(1), agreed: 3, seats: 3 };
        assert_eq!(outcome(id), Some(expected));
        assert_eq!(everything(), total);
    });
}

#[test]
fn a_certificate_says_how_to_reproduce_the_result_and_who_signed() {
    ExtBuilder.build_and_execute(|| {
        let (id, seats) = play_one(3, 2, &[Reveals(result(1)), Reveals(result(2)), Reveals(result(1))]);
        let found = Certificates::<Test>::get(id).unwrap();
        assert_eq!(found.task, task());
        assert_eq!(found.contents.into_inner(), [content(1), content(2)]);
        assert_eq!((found.context.job, found.context.block), (id, 1));
        assert_eq!((found.result, found.chosen, found.applicants), (result(1), Chosen::Drawn, 20));
        assert_eq!((found.replicas, found.quorum, found.seats), (3, 2, 3));
        assert_eq!(found.signers.into_inner(), [seats[0], seats[2]]);
        assert_eq!(found.requester, REQUESTER);
    });
}

#[test]
fn a_dissenter_loses_its_whole_bond_to_the_pot_and_not_to_the_requester() {
    ExtBuilder.build_and_execute(|| {
        let (_, seats) = play_one(3, 2, &[Reveals(result(1)), Reveals(result(2)), Reveals(result(1))]);
        assert_eq!(gain(seats[1]), -7 * SEAT as i64);
        assert_eq!((stake(seats[1]), locked(seats[1])), (STAKE - 7 * SEAT, 0));
        assert_eq!(gain(REQUESTER), -2 * HALF as i64 - overhead(3, 2, 2));
        let deposit = Escrow::quote(REQUESTER, request(3, 2)).unwrap().deposit;
        assert_eq!(Pot::<Test>::get(), 7 * SEAT + deposit);
        assert_eq!(free(Escrow::pot_account()), Pot::<Test>::get() + 1);
    });
}

#[test]
fn whoever_commits_and_hides_loses_as_much_as_a_dissenter() {
    ExtBuilder.build_and_execute(|| {
        let (_, seats) = play_one(3, 2, &[Reveals(result(1)), Hides, Reveals(result(1))]);
        assert_eq!(gain(seats[1]), -7 * SEAT as i64);
    });
}

#[test]
fn whoever_never_commits_loses_a_quarter() {
    ExtBuilder.build_and_execute(|| {
        let (_, seats) = play_one(3, 2, &[Reveals(result(1)), Sleeps, Reveals(result(1))]);
        assert_eq!(gain(seats[1]), -7 * SEAT as i64 / 4);
        assert_eq!(locked(seats[1]), 0);
    });
}

#[test]
fn results_agree_only_when_output_exit_and_fuel_do() {
    let others = [
        JobResult { fuel: result(1).fuel - 1, ..result(1) },
        JobResult { exit: Exit::Exited(1), ..result(1) },
        JobResult { output: None, ..result(1) },
    ];
    for other in others {
        ExtBuilder.build_and_execute(|| {
            let (_, seats) = play_one(3, 2, &[Reveals(result(1)), Reveals(result(1)), Reveals(other)]);
            assert_eq!(gain(seats[2]), -7 * SEAT as i64);
        });
    }
}

#[test]
fn a_trap_is_a_result_that_workers_agree_on() {
    for exit in [Exit::Trap, Exit::OutOfFuel, Exit::OutOfMemory, Exit::OutputTooLarge, Exit::InvalidProgram] {
        ExtBuilder.build_and_execute(|| {
            let result = JobResult { exit, fuel: 0, output: None };
            let (id, seats) = play_one(3, 2, &[Reveals(result); 3]);
            assert_eq!(outcome(id), Some(Outcome::Certified { result, agreed: 3, seats: 3 }));
            // Fetching wasn't for nothing, though no fuel was used.
            assert_eq!(gain(seats[0]), PARAMETERS.base_fee as i64);
        });
    }
}

#[test]
fn inputs_that_nobody_could_get_earn_a_base_fee_and_cost_nobody_stake() {
    ExtBuilder.build_and_execute(|| {
        let unavailable = Reveals(JobResult::UNAVAILABLE);
        let all = workers(20);
        let task = task_of(rev(PROGRAM, 1), &[rev(GATED, 2)]);
        let id = submit(JobRequest { task, ..request(3, 2) });
        let seats = draw(id, &all);
        play(id, &[unavailable, Reveals(result(1)), unavailable]);
        assert_eq!(outcome(id), Some(Outcome::InputUnavailable));
        assert!(!Certificates::<Test>::contains_key(id));
        let gains: Vec<_> = seats.iter().map(|who| gain(*who)).collect();
        assert_eq!(gains, [10, 0, 10]);
        assert_eq!((gain(REQUESTER), free(vault(GATED))), (-20 - 10, 0));
        assert!(seats.iter().all(|who| locked(*who) == 0));
        assert_eq!(Escrow::figures(content(1)), Figures::default());
    });
}

#[test]
fn a_no_show_is_slashed_when_inputs_were_unavailable() {
    ExtBuilder.build_and_execute(|| {
        let unavailable = Reveals(JobResult::UNAVAILABLE);
        let (_, seats) = play_one(3, 2, &[unavailable, Hides, unavailable]);
        assert_eq!(gain(seats[1]), -7 * SEAT as i64);
    });
}

#[test]
fn without_a_quorum_there_is_one_wider_round_that_pools_both_rounds_receipts() {
    ExtBuilder.build_and_execute(|| {
        let all = workers(20);
        let (id, first) = play_one(3, 2, &[Reveals(result(1)), Reveals(result(2)), Sleeps]);
        assert_eq!((job(id).round, seated(id).len()), (2, 0));
        assert!(first.iter().all(|who| locked(*who) == 7 * SEAT));
        let fresh: Vec<_> = all.iter().copied().filter(|who| !first.contains(who)).collect();
        // Who has a seat gets no second one.
        assert_eq!(Escrow::apply(signed(first[0]), id, 7 * SEAT), Err(Error::AlreadyEngaged.into()));
        let second = draw(id, &fresh);
        assert_eq!(second.len(), 4);
        // Four of seven with the one of the first round.
        play(id, &[Reveals(result(1)), Reveals(result(1)), Reveals(result(3)), Reveals(result(1))]);
        let expected = Outcome::Certified { result: result(1), agreed: 4, seats: 7 };
        assert_eq!(outcome(id), Some(expected));
        let half = HALF as i64;
        let lost = -7 * SEAT as i64;
        assert_eq!(first.iter().map(|who| gain(*who)).collect::<Vec<_>>(), [half, lost, lost / 4]);
        assert_eq!(second.iter().map(|who| gain(*who)).collect::<Vec<_>>(), [half, half, lost, half]);
        assert_eq!(Certificates::<Test>::get(id).unwrap().applicants, 20 + 17);
    });
}

#[test]
fn the_wider_round_needs_a_majority_of_both_rounds() {
    ExtBuilder.build_and_execute(|| {
        let all = workers(20);
        let (id, first) = play_one(3, 2, &[Reveals(result(1)), Reveals(result(2)), Reveals(result(3))]);
        let fresh: Vec<_> = all.into_iter().filter(|who| !first.contains(who)).collect();
        draw(id, &fresh);
        // Three of seven aren't enough, although two of three would have been.
        play(id, &[Reveals(result(1)), Reveals(result(1)), Reveals(result(2)), Reveals(result(3))]);
        assert_eq!(outcome(id), Some(Outcome::Failed));
    });
}

/// Two rounds without a quorum; who sat in each.
fn failed() -> (JobId, Vec<AccountId>, Vec<AccountId>) {
    let all = workers(20);
    let (id, first) = play_one(3, 2, &[Reveals(result(1)), Reveals(result(2)), Hides]);
    let fresh: Vec<_> = all.iter().copied().filter(|who| !first.contains(who)).collect();
    let second = draw(id, &fresh);
    play(id, &[Reveals(result(3)), Reveals(result(4)), Sleeps, Reveals(result(1))]);
    (id, first, second)
}

#[test]
fn a_job_that_fails_pays_revealers_a_fixed_quarter_and_slashes_only_no_shows() {
    ExtBuilder.build_and_execute(|| {
        let (id, first, second) = failed();
        assert_eq!(outcome(id), Some(Outcome::Failed));
        let quarter = SEAT as i64 / 4;
        let bond = 7 * SEAT as i64;
        assert_eq!(first.iter().map(|who| gain(*who)).collect::<Vec<_>>(), [quarter, quarter, -bond]);
        let gains: Vec<_> = second.iter().map(|who| gain(*who)).collect();
        assert_eq!(gains, [quarter, quarter, -bond / 4, quarter]);
        // So a requester's own dissenter doesn't get it free answers.
        assert_eq!(gain(REQUESTER), -5 * quarter - 4 * PARAMETERS.poke_reward as i64);
        assert!(first.iter().chain(&second).all(|who| locked(*who) == 0));
        assert_eq!(Pot::<Test>::get(), 7 * SEAT + 7 * SEAT / 4);
        assert!(!Certificates::<Test>::contains_key(id));
    });
}

#[test]
fn a_job_fails_when_too_few_come_to_the_wider_round() {
    ExtBuilder.build_and_execute(|| {
        let (id, first) = play_one(3, 2, &[Reveals(result(1)), Reveals(result(2)), Sleeps]);
        pass_and_poke(id);
        assert!(matches!(job(id).phase, Phase::Apply { extended: true, .. }));
        pass_and_poke(id);
        assert_eq!(outcome(id), Some(Outcome::Failed));
        let gains: Vec<_> = first.iter().map(|who| gain(*who)).collect();
        assert_eq!(gains, [50, 50, -350]);
    });
}

#[test]
fn a_named_list_without_spare_workers_has_no_wider_round() {
    ExtBuilder.build_and_execute(|| {
        let all = workers(3);
        let id = submit(JobRequest { assignment: named(&all), ..request(3, 2) });
        draw(id, &all);
        play(id, &[Reveals(result(1)), Reveals(result(2)), Reveals(result(3))]);
        assert_eq!(outcome(id), Some(Outcome::Failed));
    });
}

#[test]
fn a_named_lists_wider_round_has_the_others_on_it() {
    ExtBuilder.build_and_execute(|| {
        let all = workers(5);
        let id = submit(JobRequest { assignment: named(&all), ..request(3, 2) });
        let first = draw(id, &all);
        release_all(id, &all);
        play(id, &[Reveals(result(1)), Reveals(result(1)), Reveals(result(1))]);
        assert_eq!(Certificates::<Test>::get(id).unwrap().chosen, Chosen::Named);

        let id = submit(JobRequest { assignment: named(&all), ..request(3, 2) });
        let again = draw(id, &all);
        play(id, &[Reveals(result(1)), Reveals(result(2)), Sleeps]);
        let others: Vec<_> = all.iter().copied().filter(|who| !again.contains(who)).collect();
        assert_eq!(draw(id, &others).len(), 2);
        play(id, &[Reveals(result(1)), Reveals(result(1))]);
        let expected = Outcome::Certified { result: result(1), agreed: 3, seats: 5 };
        assert_eq!(outcome(id), Some(expected));
        assert_eq!(first.len(), 3);
    });
}

#[test]
fn a_single_worker_settles_alone() {
    ExtBuilder.build_and_execute(|| {
        let (id, seats) = play_one(1, 1, &[Reveals(result(1))]);
        assert_eq!(outcome(id), Some(Outcome::Certified { result: result(1), agreed: 1, seats: 1 }));
        assert_eq!(locked(seats[0]), 3 * SEAT);
    });
}

#[test]
fn a_round_in_which_nobody_commits_is_widened_at_once() {
    ExtBuilder.build_and_execute(|| {
        let (id, _) = play_one(3, 2, &[Sleeps; 3]);
        assert_eq!(job(id).round, 2);
    });
}

#[test]
fn the_price_is_split_between_workers_and_the_owners_of_what_they_ran() {
    ExtBuilder.build_and_execute(|| {
        let total = everything();
        for (asset, percent) in [(PROGRAM, 10), (DATASET, 5)] {
            let share = Some(Permill::from_percent(percent));
            assert_ok!(Escrow::set_royalty(signed(OWNER), asset, share));
        }
        let (_, seats) = play_one(3, 2, &[Reveals(result(1)), Reveals(result(1)), Reveals(result(2))]);
        assert_eq!((gain(seats[0]), gain(seats[1])), (85, 85));
        assert_eq!((free(vault(PROGRAM)), free(vault(DATASET))), (20, 10));
        assert_eq!(gain(REQUESTER), -200 - overhead(3, 2, 2));
        assert_eq!(everything(), total);
    });
}

#[test]
fn what_an_asset_cannot_take_goes_back_to_the_requester() {
    ExtBuilder.build_and_execute(|| {
        let share = Some(Permill::from_percent(10));
        assert_ok!(Escrow::set_royalty(signed(OWNER), CLOSED, share));
        let all = workers(6);
        let task = task_of(rev(PROGRAM, 1), &[rev(CLOSED, 2)]);
        let request = JobRequest { task, ..request(3, 2) };
        let deposit = Escrow::quote(REQUESTER, request.clone()).unwrap().deposit as i64;
        let id = submit(request);
        let seats = draw(id, &all);
        play(id, &[Reveals(result(1)); 3]);
        assert_eq!(gain(seats[0]), 90);
        assert_eq!(gain(REQUESTER), -270 - deposit - 10);
        assert!(events().contains(&Event::AssetUnpaid { job: id, asset: CLOSED, amount: 30 }));
    });
}

#[test]
fn a_licence_is_paid_once_workers_could_read_the_asset() {
    let run = |does: &'static [Does]| {
        let task = task_of(rev(PROGRAM, 1), &[rev(GATED, 2)]);
        let all = workers(8);
        let id = submit(JobRequest { task, ..request(1, 1) });
        if does.is_empty() {
            pass_and_poke(id);
            pass_and_poke(id);
        } else {
            draw(id, &all);
            play(id, does);
        }
        free(vault(GATED))
    };
    ExtBuilder.build_and_execute(|| {
        const REVEALED: [Does; 1] = [Reveals(JobResult { exit: Exit::Trap, fuel: 1, output: None })];
        assert_eq!(run(&[]), 0);
        assert_eq!(run(&REVEALED), FEE);
    });
    // Whoever lets the job fail doesn't read for nothing.
    ExtBuilder.build_and_execute(|| {
        let task = task_of(rev(PROGRAM, 1), &[rev(GATED, 2)]);
        let all = workers(3);
        let assignment = named(&all);
        let id = submit(JobRequest { task, assignment, ..request(3, 2) });
        assert_ok!(Escrow::consent(signed(OWNER), id, GATED));
        draw(id, &all);
        play(id, &[Sleeps; 3]);
        assert_eq!(outcome(id), Some(Outcome::Failed));
        assert_eq!(free(vault(GATED)), FEE);
    });
}

#[test]
fn a_programs_figures_count_what_agreed_of_all_that_was_revealed() {
    ExtBuilder.build_and_execute(|| {
        play_one(3, 2, &[Reveals(result(1)), Reveals(result(2)), Reveals(result(1))]);
        failed();
        let expected = Figures { jobs: 2, certificates: 1, total: 8, agreed: 2, fallen: 0 };
        assert_eq!(Escrow::figures(content(1)), expected);
    });
}

#[test]
fn a_lock_on_the_payers_balance_cannot_stop_a_payment() {
    use polkadot_sdk::frame_support::traits::{LockIdentifier, LockableCurrency, WithdrawReasons};
    ExtBuilder.build_and_execute(|| {
        let lock: LockIdentifier = *b"some-lck";
        let all = workers(6);
        let id = submit(request(3, 2));
        let seats = draw(id, &all);
        for who in [REQUESTER].iter().chain(&seats) {
            Balances::set_lock(lock, who, WEALTH, WithdrawReasons::all());
        }
        play(id, &[Reveals(result(1)), Reveals(result(1)), Reveals(result(2))]);
        assert_eq!(gain(seats[0]), HALF as i64);
        assert_eq!(gain(seats[2]), -7 * SEAT as i64);
    });
}

#[test]
fn only_governance_spends_the_pot_and_only_what_is_in_it() {
    ExtBuilder.build_and_execute(|| {
        use polkadot_sdk::{frame_support::assert_noop, sp_runtime::DispatchError};
        play_one(3, 2, &[Reveals(result(1)), Reveals(result(1)), Reveals(result(2))]);
        let pot = Pot::<Test>::get();
        let spend = |origin, to, amount| Escrow::spend_pot(origin, to, amount);
        assert_noop!(spend(signed(KEEPER), KEEPER, 1), DispatchError::BadOrigin);
        assert_noop!(spend(RawOrigin::Root.into(), KEEPER, pot + 1), Error::PotTooSmall);
        assert_noop!(spend(RawOrigin::Root.into(), Escrow::pot_account(), 1), Error::PotTooSmall);
        let before = free(KEEPER);
        assert_ok!(spend(RawOrigin::Root.into(), KEEPER, pot));
        assert_eq!((free(KEEPER), Pot::<Test>::get()), (before + pot, 0));
    });
}

//! Certificates that are put to the test.

use super::*;
use crate::{
    Pot,
    types::{Purpose, Role, Standing},
};
use Does::*;
use polkadot_sdk::frame_support::assert_noop;

fn gain(who: AccountId) -> i64 {
    (free(who) + held(who)) as i64 - WEALTH as i64
}

fn try_challenge(id: JobId) -> polkadot_sdk::frame_support::dispatch::DispatchResult {
    Escrow::challenge(signed(CHALLENGER), id, u64::MAX)
}

fn challenge(id: JobId) -> JobId {
    let rerun = JobId(crate::NextJobId::<Test>::get());
    assert_ok!(try_challenge(id));
    rerun
}

fn standing(id: JobId) -> Standing {
    Certificates::<Test>::get(id).unwrap().standing
}

/// A certificate by three colluding workers, its challenge, and those drawn to run it again.
fn challenged() -> (JobId, Vec<AccountId>, JobId, Vec<AccountId>) {
    let all = workers(30);
    let (id, signers) = certified(&all);
    release_all(id, &all);
    let rerun = challenge(id);
    let fresh: Vec<_> = all.into_iter().filter(|who| !signers.contains(who)).collect();
    let seats = draw(rerun, &fresh);
    (id, signers, rerun, seats)
}

#[test]
fn a_challenge_draws_twice_as_many_and_one_of_workers_that_did_not_sign() {
    ExtBuilder.build_and_execute(|| {
        let all = workers(30);
        let (id, signers) = certified(&all);
        release_all(id, &all);
        let rerun = challenge(id);
        let found = job(rerun);
        assert_eq!((found.replicas, found.quorum, found.second), (7, 5, 0));
        assert_eq!((found.seat_cost, found.bond), (SEAT, 7 * SEAT));
        assert_eq!(found.purpose, Purpose::Challenge { certificate: id, bonded: true });
        assert_eq!(found.task, task());
        // The run is the same: its randomness and its clock come from the first one.
        assert_eq!((found.context.job, found.context.block), (id, 1));
        assert_eq!(Escrow::apply(signed(signers[0]), rerun, 7 * SEAT), Err(Error::SignedIt.into()));
        let quote = Escrow::quote_challenge(CHALLENGER, id);
        assert_eq!(quote, Err(Error::UnderChallenge.into()));
        assert_eq!(held(CHALLENGER), 7 * SEAT + 8 * PARAMETERS.poke_reward);
    });
}

#[test]
fn a_false_certificate_falls_and_its_signers_pay() {
    ExtBuilder.build_and_execute(|| {
        let total = Balances::total_issuance();
        let (id, signers, rerun, seats) = challenged();
        let pot = Pot::<Test>::get();
        let truth = Reveals(result(2));
        play(rerun, &[truth, truth, truth, truth, truth, Reveals(result(3)), Sleeps]);
        assert_eq!(outcome(rerun), Some(Outcome::Overturned));
        assert_eq!(standing(id), Standing::Fallen { challenge: rerun, result: result(2) });
        let bond = 7 * SEAT as i64;
        for who in &signers {
            assert_eq!((gain(*who), locked(*who)), (HALF as i64 - bond, 0));
        }
        let half = HALF as i64;
        let gains: Vec<_> = seats.iter().map(|who| gain(*who)).collect();
        assert_eq!(gains, [half, half, half, half, half, -bond, -bond / 4]);
        // Half of what is left of three bonds when five runs are paid.
        let reward = (3 * bond - 5 * half) / 2;
        assert_eq!(gain(CHALLENGER), reward - 2 * PARAMETERS.poke_reward as i64);
        assert_eq!(Pot::<Test>::get() as i64, pot as i64 + reward + bond + bond / 4);
        assert_eq!(Escrow::figures(content(1)).fallen, 1);
        assert_eq!(Balances::total_issuance(), total);
        assert_noop!(try_challenge(id), Error::AlreadyFallen);
        assert_noop!(Escrow::release_bonds(signed(KEEPER), id), Error::BondsFree);
    });
}

#[test]
fn nobody_gains_by_convicting_itself() {
    ExtBuilder.build_and_execute(|| {
        // Signer, challenger and all that run it again are one person.
        let all = workers(20);
        let id = submit(request(1, 1));
        let signer = draw(id, &all[..2])[0];
        play(id, &[Reveals(result(1))]);
        release_all(id, &all);
        let before: i64 = all.iter().map(|who| gain(*who)).sum();
        let rerun = challenge(id);
        let fresh: Vec<_> = all.iter().copied().filter(|who| *who != signer).collect();
        draw(rerun, &fresh);
        let most = JobResult { fuel: LIMITS.fuel, ..result(2) };
        play(rerun, &[Reveals(most); 3]);
        assert_eq!(outcome(rerun), Some(Outcome::Overturned));
        let after: i64 = all.iter().map(|who| gain(*who)).sum();
        assert!(after + gain(CHALLENGER) <= before);
    });
}

#[test]
fn less_than_two_thirds_do_not_overturn_a_certificate() {
    ExtBuilder.build_and_execute(|| {
        let (id, signers, rerun, seats) = challenged();
        let (other, same) = (Reveals(result(2)), Reveals(result(1)));
        play(rerun, &[other, other, other, other, same, same, same]);
        assert_eq!((outcome(rerun), standing(id)), (Some(Outcome::Unresolved), Standing::Unresolved));
        assert!(signers.iter().all(|who| locked(*who) == 7 * SEAT && gain(*who) == HALF as i64));
        let quarter = SEAT as i64 / 4;
        assert!(seats.iter().all(|who| gain(*who) == quarter && locked(*who) == 0));
        assert_eq!(gain(CHALLENGER), -7 * quarter - 2 * PARAMETERS.poke_reward as i64);
    });
}

#[test]
fn two_thirds_on_different_results_do_not_overturn_a_certificate() {
    ExtBuilder.build_and_execute(|| {
        let (id, _, rerun, _) = challenged();
        let does: Vec<_> = (2..9).map(|number| Reveals(result(number))).collect();
        play(rerun, &does);
        assert_eq!(standing(id), Standing::Unresolved);
    });
}

#[test]
fn the_challenger_pays_the_rerun_when_the_certificate_stands() {
    ExtBuilder.build_and_execute(|| {
        let (id, signers, rerun, seats) = challenged();
        let same = Reveals(result(1));
        play(rerun, &[same, same, same, same, Reveals(result(2)), Hides, Sleeps]);
        assert_eq!((outcome(rerun), standing(id)), (Some(Outcome::Upheld), Standing::Upheld));
        let (half, bond) = (HALF as i64, 7 * SEAT as i64);
        let gains: Vec<_> = seats.iter().map(|who| gain(*who)).collect();
        assert_eq!(gains, [half, half, half, half, -bond, -bond, -bond / 4]);
        assert_eq!(gain(CHALLENGER), -4 * half - 2 * PARAMETERS.poke_reward as i64);
        assert!(signers.iter().all(|who| locked(*who) == 7 * SEAT));
        // It may be challenged again.
        assert_ok!(try_challenge(id));
    });
}

#[test]
fn a_challenge_without_enough_workers_is_unresolved_and_returns_the_bond() {
    ExtBuilder.build_and_execute(|| {
        let all = workers(16);
        let (id, signers) = certified(&all);
        release_all(id, &all);
        let rerun = challenge(id);
        let fresh: Vec<_> = all.into_iter().filter(|who| !signers.contains(who)).collect();
        apply_all(rerun, &fresh);
        pass_and_poke(rerun);
        pass_and_poke(rerun);
        assert_eq!((outcome(rerun), standing(id)), (Some(Outcome::Unresolved), Standing::Unresolved));
        assert_eq!(gain(CHALLENGER), -2 * PARAMETERS.poke_reward as i64);
        assert_eq!(Certificates::<Test>::get(id).unwrap().challenge, None);
    });
}

#[test]
fn a_challenge_whose_inputs_are_missing_is_unresolved_and_costs_the_base_fees() {
    ExtBuilder.build_and_execute(|| {
        let (id, _, rerun, seats) = challenged();
        let unavailable = Reveals(JobResult::UNAVAILABLE);
        let (other, same) = (Reveals(result(2)), Reveals(result(1)));
        play(rerun, &[unavailable, unavailable, unavailable, unavailable, other, same, Sleeps]);
        assert_eq!(standing(id), Standing::Unresolved);
        let gains: Vec<_> = seats.iter().map(|who| gain(*who)).collect();
        assert_eq!(gains, [10, 10, 10, 10, 0, 0, -7 * SEAT as i64 / 4]);
        assert_eq!(gain(CHALLENGER), -40 - 2 * PARAMETERS.poke_reward as i64);
    });
}

#[test]
fn missing_inputs_never_overturn_a_certificate() {
    ExtBuilder.build_and_execute(|| {
        let (id, signers, rerun, _) = challenged();
        play(rerun, &[Reveals(JobResult::UNAVAILABLE); 7]);
        assert_eq!(standing(id), Standing::Unresolved);
        assert!(signers.iter().all(|who| locked(*who) == 7 * SEAT));
    });
}

#[test]
fn a_challenge_after_the_bonded_time_only_marks() {
    ExtBuilder.build_and_execute(|| {
        let all = workers(30);
        let (id, signers) = certified(&all);
        release_all(id, &all);
        System::set_block_number(Certificates::<Test>::get(id).unwrap().bonded_until + 1);
        let pot = Pot::<Test>::get();
        let rerun = challenge(id);
        assert_eq!(job(rerun).purpose, Purpose::Challenge { certificate: id, bonded: false });
        // Nothing keeps the bonds any more.
        assert_ok!(Escrow::release_bonds(signed(KEEPER), id));
        let fresh: Vec<_> = all.into_iter().filter(|who| !signers.contains(who)).collect();
        draw(rerun, &fresh);
        play(rerun, &[Reveals(result(2)); 7]);
        assert_eq!(standing(id), Standing::Fallen { challenge: rerun, result: result(2) });
        assert!(signers.iter().all(|who| gain(*who) == HALF as i64));
        // The challenger pays the re-run, and the pot nothing.
        assert_eq!(gain(CHALLENGER), -7 * HALF as i64 - 2 * PARAMETERS.poke_reward as i64);
        assert_eq!(Pot::<Test>::get(), pot);
    });
}

#[test]
fn bonds_stay_for_their_time_and_for_a_challenge_that_began_in_it() {
    ExtBuilder.build_and_execute(|| {
        let all = workers(30);
        let (id, signers) = certified(&all);
        release_all(id, &all);
        let until = Certificates::<Test>::get(id).unwrap().bonded_until;
        assert_eq!(until, System::block_number() + PARAMETERS.bonded_blocks);
        assert_eq!(crate::Engagements::<Test>::get(signers[0], id).unwrap().role, Role::Signed);
        assert_noop!(Escrow::release_bonds(signed(KEEPER), JobId(99)), Error::CertificateNotFound);
        System::set_block_number(until);
        assert_noop!(Escrow::release_bonds(signed(KEEPER), id), Error::BondsLocked);
        let rerun = challenge(id);
        System::set_block_number(until + 1);
        assert_noop!(Escrow::release_bonds(signed(KEEPER), id), Error::UnderChallenge);
        // Nobody comes to run it again.
        pass_and_poke(rerun);
        pass_and_poke(rerun);
        assert_ok!(Escrow::release_bonds(signed(KEEPER), id));
        for who in &signers {
            assert_eq!(locked(*who), 0);
            assert_ok!(Escrow::deregister_worker(signed(*who)));
        }
        assert_noop!(Escrow::release_bonds(signed(KEEPER), id), Error::BondsFree);
    });
}

#[test]
fn one_challenge_at_a_time_on_what_is_there() {
    ExtBuilder.build_and_execute(|| {
        let all = workers(6);
        assert_noop!(try_challenge(JobId(0)), Error::CertificateNotFound);
        let (id, _) = certified(&all);
        let total = Escrow::quote_challenge(CHALLENGER, id).unwrap().total;
        assert_noop!(Escrow::challenge(signed(CHALLENGER), id, total - 1), Error::HoldTooHigh);
        TakenDown::set(true);
        assert_noop!(try_challenge(id), Error::SourceNotFound);
        TakenDown::set(false);
        assert_ok!(try_challenge(id));
        assert_noop!(try_challenge(id), Error::UnderChallenge);
    });
}

#[test]
fn a_certificate_stays_open_to_challenges_when_the_least_cost_rises() {
    ExtBuilder.build_and_execute(|| {
        let (id, _) = certified(&workers(6));
        Now::set(crate::types::Parameters { min_seat_cost: SEAT + 1, ..PARAMETERS });
        assert_ok!(try_challenge(id));
    });
}

#[test]
fn a_challenge_on_gated_inputs_pays_the_licence_again() {
    ExtBuilder.build_and_execute(|| {
        let all = workers(30);
        let task = task_of(rev(PROGRAM, 1), &[rev(GATED, 2)]);
        let id = submit(JobRequest { task, ..request(1, 1) });
        let signers = draw(id, &all);
        play(id, &[Reveals(result(1))]);
        release_all(id, &all);
        assert_eq!(free(vault(GATED)), FEE);
        let rerun = challenge(id);
        let fresh: Vec<_> = all.into_iter().filter(|who| !signers.contains(who)).collect();
        draw(rerun, &fresh);
        play(rerun, &[Reveals(result(1)); 3]);
        assert_eq!(free(vault(GATED)), 2 * FEE);
        assert_eq!(gain(CHALLENGER), -(FEE as i64) - 3 * HALF as i64 - 10);
    });
}

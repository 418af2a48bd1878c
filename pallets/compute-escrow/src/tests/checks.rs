//! Each check of `try_state` finds what it is there for.

use super::*;
use crate::{
    Applicants, CandidatesOf, CertificatesOfAsset, Engagements, JobSeats, Pot,
    types::{Candidate, Engagement, Parameters, Role},
};
use Does::*;
use polkadot_sdk::{frame_support::traits::fungible::MutateHold, sp_runtime::TryRuntimeError};

struct State {
    /// Six applied.
    open: JobId,
    /// Three have seats.
    drawn: JobId,
    /// A named list's, in its wider round.
    wide: JobId,
    /// Three signed.
    certificate: JobId,
    challenge: JobId,
    seats: Vec<AccountId>,
    signers: Vec<AccountId>,
}

/// Breaks a full state and expects the check's complaint.
fn assert_found(complaint: &'static str, harm: impl FnOnce(&State)) {
    ExtBuilder.build().execute_with(|| {
        let all = workers(8);
        let (certificate, signers) = certified(&all);
        release_all(certificate, &all);
        assert_ok!(Escrow::challenge(signed(CHALLENGER), certificate, u64::MAX));
        let challenge = JobId(certificate.0 + 1);
        let wide = submit(JobRequest { assignment: named(&all), ..request(3, 2) });
        draw(wide, &all);
        play(wide, &[Reveals(result(1)), Reveals(result(2)), Hides]);
        release_all(wide, &all);
        let drawn = submit(request(3, 2));
        let seats = draw(drawn, &all);
        release_all(drawn, &all);
        let open = submit(request(3, 2));
        apply_all(open, &all[..6]);
        assert_eq!(Escrow::do_try_state(), Ok(()));
        harm(&State { open, drawn, wide, certificate, challenge, seats, signers });
        assert_eq!(Escrow::do_try_state(), Err(TryRuntimeError::Other(complaint)));
    });
}

fn change_job(id: JobId, change: impl FnOnce(&mut JobOf<Test>)) {
    Jobs::<Test>::mutate(id, |found| change(found.as_mut().unwrap()));
}

fn change_certificate(id: JobId, change: impl FnOnce(&mut crate::CertificateOf<Test>)) {
    Certificates::<Test>::mutate(id, |found| change(found.as_mut().unwrap()));
}

fn change_worker(who: AccountId, change: impl FnOnce(&mut crate::WorkerOf<Test>)) {
    Workers::<Test>::mutate(who, |found| change(found.as_mut().unwrap()));
}

#[test]
fn check_parameters_finds_forfeits_below_the_existential_deposit() {
    assert_found("parameters: a forfeit could be too small to move", |_| {
        Now::set(Parameters { min_seat_cost: 1, ..PARAMETERS });
    });
}

#[test]
fn check_parameters_finds_a_base_fee_above_the_cost() {
    assert_found("parameters: the base fee is more than a seat costs", |_| {
        Now::set(Parameters { base_fee: 101, ..PARAMETERS });
    });
}

#[test]
fn check_parameters_finds_an_empty_phase() {
    assert_found("parameters: a phase has no blocks", |_| {
        Now::set(Parameters { reveal_blocks: 0, ..PARAMETERS });
    });
}

#[test]
fn check_parameters_finds_an_empty_range() {
    assert_found("parameters: no job can be run", |_| {
        Now::set(Parameters { min_run_blocks: 101, ..PARAMETERS });
    });
}

#[test]
fn check_jobs_finds_a_number_from_the_future() {
    assert_found("job: number not given yet", |state| NextJobId::<Test>::put(state.open.0));
}

#[test]
fn check_jobs_finds_a_bad_quorum() {
    assert_found("job: bad quorum", |state| change_job(state.open, |job| job.quorum = 1));
}

#[test]
fn check_jobs_finds_a_hold_that_is_too_small() {
    assert_found("job: its hold isn't what it may pay", |state| {
        change_job(state.open, |job| job.held -= 1);
    });
}

#[test]
fn check_jobs_finds_a_bond_that_is_too_small() {
    assert_found("job: a bond is less than its cost", |state| {
        change_job(state.open, |job| job.bond = 3 * SEAT - 1);
    });
}

#[test]
fn check_phases_finds_a_third_round() {
    assert_found("phase: no such round", |state| change_job(state.open, |job| job.round = 3));
}

#[test]
fn check_phases_finds_seats_before_the_draw() {
    assert_found("phase: the seats are further", |state| {
        change_job(state.drawn, |job| job.phase = Phase::Apply { until: 9, extended: false });
    });
}

#[test]
fn check_phases_finds_results_before_their_time() {
    assert_found("phase: the seats are further", |state| {
        JobSeats::<Test>::mutate(state.drawn, |seats| seats[0].state = SeatState::Revealed(result(1)));
    });
}

#[test]
fn check_phases_finds_a_draw_without_consent() {
    assert_found("phase: drawn without consent", |state| {
        change_job(state.drawn, |job| job.awaiting = vec![GATED].try_into().unwrap());
    });
}

#[test]
fn check_seats_finds_seats_without_a_job() {
    assert_found("seats: no such job", |state| {
        let seats = JobSeats::<Test>::get(state.drawn);
        JobSeats::<Test>::insert(JobId(99), seats);
    });
}

#[test]
fn check_seats_finds_a_worker_with_two() {
    assert_found("seats: one worker has two", |state| {
        JobSeats::<Test>::mutate(state.drawn, |seats| seats[0].worker = seats[1].worker);
    });
}

#[test]
fn check_seats_finds_a_missing_one() {
    assert_found("seats: wrong number", |state| {
        JobSeats::<Test>::mutate(state.drawn, |seats| seats.pop());
    });
}

#[test]
fn check_seats_finds_a_missing_one_of_the_first_round() {
    assert_found("seats: wrong number", |state| {
        JobSeats::<Test>::mutate(state.wide, |seats| seats.pop());
    });
}

#[test]
fn check_seats_finds_a_stranger_on_a_named_list() {
    assert_found("seats: not on the list", |state| {
        JobSeats::<Test>::mutate(state.wide, |seats| seats[0].worker = KEEPER);
    });
}

#[test]
fn check_seats_finds_the_payer() {
    assert_found("seats: the payer has one", |state| {
        JobSeats::<Test>::mutate(state.drawn, |seats| seats[0].worker = REQUESTER);
    });
}

#[test]
fn check_applicants_finds_applicants_without_a_job() {
    assert_found("applicants: no such job", |_| {
        Applicants::<Test>::insert(JobId(99), CandidatesOf::<Test>::default());
    });
}

#[test]
fn check_applicants_finds_applicants_after_the_draw() {
    assert_found("applicants: drawn already", |state| {
        Applicants::<Test>::insert(state.drawn, CandidatesOf::<Test>::default());
    });
}

#[test]
fn check_applicants_finds_one_without_a_pledge() {
    assert_found("applicants: one has no pledge", |state| {
        let candidate = Candidate { worker: KEEPER, cumulative: 1 };
        Applicants::<Test>::mutate(state.open, |list| list.try_push(candidate).unwrap());
    });
}

#[test]
fn check_applicants_finds_a_small_pledge() {
    assert_found("applicants: a pledge is less than the bond", |state| {
        Engagements::<Test>::mutate(FIRST, state.open, |found| found.as_mut().unwrap().locked -= 1);
    });
}

#[test]
fn check_applicants_finds_a_wrong_weight() {
    assert_found("applicants: wrong weight", |state| {
        Applicants::<Test>::mutate(state.open, |list| list[1].cumulative += 1);
    });
}

#[test]
fn check_engagements_finds_stake_that_is_locked_for_nothing() {
    let for_nothing = "engagement: stake is locked for nothing";
    for role in [Role::Applied { round: 1 }, Role::Seated, Role::Signed] {
        assert_found(for_nothing, |state| {
            Engagements::<Test>::insert(KEEPER, state.open, Engagement { locked: 5, role });
        });
    }
    assert_found(for_nothing, |state| {
        Engagements::<Test>::mutate(state.seats[0], state.drawn, |found| found.as_mut().unwrap().locked -= 1);
    });
}

#[test]
fn check_engagements_finds_a_wrong_sum() {
    assert_found("engagement: locked stake isn't their sum", |_| {
        change_worker(FIRST, |worker| worker.locked += 1);
    });
}

#[test]
fn check_engagements_finds_more_locked_than_staked() {
    assert_found("engagement: more is locked than staked", |_| {
        change_worker(FIRST, |worker| worker.stake = 1);
    });
}

#[test]
fn check_engagements_finds_a_worker_that_left() {
    assert_found("engagement: its worker isn't there", |_| {
        let engagement = Engagement { locked: 5, role: Role::Applied { round: 1 } };
        Engagements::<Test>::insert(KEEPER, JobId(99), engagement);
    });
}

#[test]
fn check_engagements_finds_a_seat_without_a_bond() {
    assert_found("engagement: a seat has no bond", |state| {
        let locked = Engagements::<Test>::take(state.seats[0], state.drawn).unwrap().locked;
        change_worker(state.seats[0], |worker| worker.locked -= locked);
    });
}

#[test]
fn check_certificates_finds_a_number_from_the_future() {
    assert_found("certificate: number not given yet", |state| {
        let mut found = Certificates::<Test>::get(state.certificate).unwrap();
        found.bond = 0;
        Certificates::<Test>::insert(JobId(99), found);
    });
}

#[test]
fn check_certificates_finds_one_of_a_job_that_runs() {
    assert_found("certificate: its job hasn't ended", |state| {
        Certificates::<Test>::remove(state.certificate);
        for who in &state.signers {
            let locked = Engagements::<Test>::take(who, state.certificate).unwrap().locked;
            change_worker(*who, |worker| worker.locked -= locked);
        }
        let found = Certificates::<Test>::get(state.certificate);
        assert_eq!(found, None);
        let signers = state.signers.clone().try_into().unwrap();
        let job = job(state.open);
        let found = crate::types::Certificate {
            requester: REQUESTER,
            task: job.task,
            contents: job.contents,
            context: job.context,
            result: result(1),
            chosen: crate::types::Chosen::Drawn,
            applicants: 6,
            seats: 3,
            replicas: 3,
            quorum: 2,
            signers,
            price: PRICE,
            run_blocks: 20,
            settled: 1,
            bond: 0,
            bonded_until: 1,
            challenge: None,
            standing: crate::types::Standing::Unchallenged,
        };
        Certificates::<Test>::insert(state.open, found);
    });
}

#[test]
fn check_certificates_finds_one_that_signed_twice() {
    assert_found("certificate: signed twice by one", |state| {
        change_certificate(state.certificate, |found| {
            let extra = found.signers[0];
            found.signers.try_push(extra).unwrap();
        });
    });
}

#[test]
fn check_certificates_finds_too_few_signers() {
    assert_found("certificate: signed by too few", |state| {
        change_certificate(state.certificate, |found| found.quorum = 4);
    });
}

#[test]
fn check_certificates_finds_a_bond_that_is_not_locked() {
    assert_found("certificate: its bond isn't locked", |state| {
        let locked = Engagements::<Test>::take(state.signers[0], state.certificate).unwrap().locked;
        change_worker(state.signers[0], |worker| worker.locked -= locked);
    });
}

#[test]
fn check_certificates_finds_a_fallen_one_under_challenge() {
    assert_found("certificate: challenged although it fell", |state| {
        let fallen = crate::types::Standing::Fallen { challenge: state.challenge, result: result(2) };
        change_certificate(state.certificate, |found| found.standing = fallen);
    });
}

#[test]
fn check_certificates_finds_a_challenge_that_is_not_there() {
    assert_found("certificate: no such challenge", |state| {
        change_certificate(state.certificate, |found| found.challenge = Some(state.open));
    });
}

#[test]
fn check_certificates_finds_a_challenge_that_is_not_known() {
    assert_found("certificate: doesn't know its challenge", |state| {
        change_certificate(state.certificate, |found| found.challenge = None);
    });
}

#[test]
fn check_asset_index_finds_a_missing_entry() {
    assert_found("index: an asset's certificates aren't those that used it", |state| {
        CertificatesOfAsset::<Test>::remove(DATASET, state.certificate.0.to_be_bytes());
    });
}

#[test]
fn check_holds_finds_a_stake_that_is_not_held() {
    assert_found("hold: what is held isn't what the records add up to", |_| {
        change_worker(FIRST, |worker| worker.stake += 1);
    });
}

#[test]
fn check_holds_finds_a_hold_without_a_record() {
    assert_found("hold: what is held isn't what the records add up to", |_| {
        let reason = crate::HoldReason::Job.into();
        assert_ok!(<Balances as MutateHold<_>>::hold(&reason, &KEEPER, 1));
    });
}

#[test]
fn check_holds_finds_a_record_of_nobody() {
    assert_found("hold: a record of an account that isn't there", |_| {
        let worker = Workers::<Test>::get(FIRST).unwrap();
        Workers::<Test>::insert(77, crate::WorkerOf::<Test> { locked: 0, ..worker });
    });
}

#[test]
fn check_pot_finds_missing_money() {
    assert_found("pot: its account has less", |_| Pot::<Test>::mutate(|pot| *pot += 2));
}

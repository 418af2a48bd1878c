//! Whatever requesters and workers do in whatever order, no plank is lost, every job ends, nobody who dissents is paid,
//! and in the end everybody can take all that is theirs back.

use super::*;
use crate::{
    Call, Engagements, Pot, RoyaltiesAsked,
    types::{Role, Standing},
};
use codec::Encode;
use polkadot_sdk::sp_runtime::{Permill, traits::Dispatchable};
use proptest::prelude::*;
use std::collections::BTreeSet;

/// As many workers as take part.
const CROWD: u64 = 12;

/// A call by one of a few, on one of the jobs there are.
#[derive(Clone, Copy, Debug)]
struct Step {
    verb: u8,
    who: u8,
    what: u8,
    flag: u8,
}

fn step() -> impl Strategy<Value = Step> {
    (0..44_u8, 0..12_u8, 0..8_u8, 0..6_u8).prop_map(|(verb, who, what, flag)| Step { verb, who, what, flag })
}

fn pick<T: Clone>(list: &[T], index: u8) -> Option<T> {
    list.get(usize::from(index).checked_rem(list.len())?).cloned()
}

fn job_of(index: u8) -> JobId {
    let mut jobs: Vec<_> = Jobs::<Test>::iter_keys().collect();
    jobs.sort();
    pick(&jobs, index).unwrap_or(JobId(99))
}

fn certificate_of(index: u8) -> JobId {
    let mut all: Vec<_> = Certificates::<Test>::iter_keys().collect();
    all.sort();
    pick(&all, index).unwrap_or(JobId(99))
}

/// What a worker says of a job: mostly what the others say, which isn't the same in each job, and sometimes a lie.
fn said(who: AccountId, id: JobId) -> JobResult {
    let lies = (who * 7 + id.0 * 13) % 8 == 0;
    match id.0 % 5 {
        _ if lies => result(3),
        1 => JobResult::UNAVAILABLE,
        2 | 3 => result(2),
        _ => result(1),
    }
}

fn some_request(step: Step) -> JobRequestOf<Test> {
    let (replicas, quorum) = [(1, 1), (3, 2), (4, 3), (5, 3), (3, 2), (1, 1)][usize::from(step.flag)];
    let input = if step.what % 2 == 0 { rev(DATASET, 2) } else { rev(GATED, 2) };
    let assignment = if step.who % 3 == 0 {
        let list: Vec<_> = (FIRST..FIRST + 5 + u64::from(step.what)).collect();
        named(&list)
    } else {
        Assignment::Drawn
    };
    let task = task_of(rev(PROGRAM, 1), &[input]);
    JobRequest { task, assignment, ..request(replicas, quorum) }
}

/// Who has something to do in a job, and what; with any others, most sequences would get nowhere.
fn seat_to_move(id: JobId, index: u8, committed: bool) -> Option<AccountId> {
    let round = Jobs::<Test>::get(id)?.round;
    let movable = |state: &SeatState| match state {
        SeatState::Seated => !committed,
        SeatState::Committed(_) => committed,
        SeatState::Revealed(_) => false,
    };
    let seats = JobSeats::<Test>::get(id);
    let workers: Vec<_> = seats
        .iter()
        .filter(|seat| seat.round == round && movable(&seat.state))
        .map(|seat| seat.worker)
        .collect();
    pick(&workers, index)
}

/// One call, or the same by everybody who may, or time goes by.
fn calls_of(step: Step) -> Vec<(RuntimeOrigin, Call<Test>)> {
    let Step { verb, who, what, flag } = step;
    let worker = FIRST + u64::from(who);
    let id = job_of(what);
    let crowd = FIRST..FIRST + CROWD;
    let apply = |who| {
        let pledge = Jobs::<Test>::get(id).map(|job| job.bond).unwrap_or(1) + u64::from(flag) * 500;
        (signed(who), Call::apply { job: id, pledge })
    };
    let commit = |who| {
        let commitment = commitment(&who, id, &said(who, id), &SALT);
        (signed(who), Call::commit { job: id, commitment })
    };
    let reveal = |who| (signed(who), Call::reveal { job: id, result: said(who, id), salt: SALT });
    let one = match verb {
        0..=3 if Jobs::<Test>::iter_keys().count() < 4 => {
            let request = Box::new(some_request(step));
            (signed(REQUESTER), Call::submit_job { request, max_hold: u64::MAX })
        }
        4..=9 => apply(worker),
        10..=14 => return crowd.map(apply).collect(),
        15..=17 => commit(seat_to_move(id, who, false).unwrap_or(worker)),
        18..=20 => return seated_now(id).into_iter().map(commit).collect(),
        21..=23 => reveal(seat_to_move(id, who, true).unwrap_or(worker)),
        24..=26 => return seated_now(id).into_iter().map(reveal).collect(),
        0..=3 | 27..=32 => (signed(KEEPER), Call::poke { job: id }),
        33 => (signed(KEEPER), Call::release { worker, job: JobId(u64::from(what)) }),
        34..=35 => {
            let certificate = certificate_of(what);
            (signed(CHALLENGER), Call::challenge { certificate, max_hold: u64::MAX })
        }
        36 => (signed(KEEPER), Call::release_bonds { certificate: certificate_of(what) }),
        37 => (signed(worker), Call::set_stake { stake: 1_000 + u64::from(what) * 20_000 }),
        38 => (signed(OWNER), Call::consent { job: id, asset: GATED }),
        39 => {
            let share = (flag > 0).then(|| Permill::from_percent(u32::from(flag) * 7));
            (signed(OWNER), Call::set_royalty { asset: PROGRAM, share })
        }
        40 => {
            let amount = Pot::<Test>::get() / 2;
            (RawOrigin::Root.into(), Call::spend_pot { to: KEEPER, amount })
        }
        41 => {
            NoSeeds::set(flag == 0);
            return Vec::new();
        }
        _ if flag > 2 && Jobs::<Test>::contains_key(id) => {
            System::set_block_number(System::block_number().max(deadline(id) + 9));
            (signed(KEEPER), Call::poke { job: id })
        }
        _ => {
            let blocks = if what == 0 { 210 } else { u64::from(what) };
            System::set_block_number(System::block_number() + blocks);
            return Vec::new();
        }
    };
    vec![one]
}

/// The workers of a job's round.
fn seated_now(id: JobId) -> Vec<AccountId> {
    Jobs::<Test>::get(id).map(|_| seated(id)).unwrap_or_default()
}

fn must(origin: RuntimeOrigin, call: Call<Test>) {
    let shown = format!("{call:?}");
    assert_ok!(RuntimeCall::Escrow(call).dispatch(origin).map_err(|error| (shown, error)));
}

/// Lets all deadlines pass, ends every job, and has everybody leave.
fn wind_up() {
    // Two rounds of four phases each end every job.
    for _ in 0..9 {
        System::set_block_number(System::block_number() + 130);
        for id in Jobs::<Test>::iter_keys().collect::<Vec<_>>() {
            must(signed(KEEPER), Call::poke { job: id });
        }
    }
    assert_eq!(Jobs::<Test>::iter_keys().count(), 0, "a job doesn't end");
    System::set_block_number(System::block_number() + 201);
    for (id, found) in Certificates::<Test>::iter().collect::<Vec<_>>() {
        if found.bond > 0 {
            must(signed(KEEPER), Call::release_bonds { certificate: id });
        }
    }
    for (worker, job, _) in Engagements::<Test>::iter().collect::<Vec<_>>() {
        must(signed(KEEPER), Call::release { worker, job });
    }
    for who in Workers::<Test>::iter_keys().collect::<Vec<_>>() {
        must(signed(who), Call::deregister_worker {});
    }
    for asset in RoyaltiesAsked::<Test>::iter_keys().collect::<Vec<_>>() {
        must(signed(OWNER), Call::set_royalty { asset, share: None });
    }
}

/// What happened, by event.
#[derive(Default)]
struct Seen {
    /// How jobs ended, by index.
    outcomes: BTreeSet<u8>,
    /// Who was paid for what.
    paid: BTreeSet<(JobId, AccountId)>,
}

impl Seen {
    /// Takes the events, which would otherwise slow everything down.
    fn take(&mut self) {
        for event in events() {
            match event {
                Event::JobEnded { outcome, .. } => self.outcomes.extend(outcome.encode().first()),
                Event::WorkerPaid { job, worker, .. } => {
                    self.paid.insert((job, worker));
                }
                _ => {}
            }
        }
        System::reset_events();
    }

    /// Nobody but those who agreed was paid for a job that left a certificate.
    fn check_payments(&self) {
        for (id, worker) in &self.paid {
            let dissented =
                Certificates::<Test>::get(id).is_some_and(|found| !found.signers.contains(worker));
            assert!(!dissented, "{worker} was paid for {id:?} and didn't sign");
        }
    }
}

/// Runs a sequence, checks everything after each call, and winds up. Returns how jobs ended.
fn run(steps: Vec<Step>) -> BTreeSet<u8> {
    ExtBuilder.build().execute_with(|| {
        let total = Balances::total_issuance();
        let mut seen = Seen::default();
        let crowd = workers(CROWD);
        // Something to begin with, or else most sequences get nowhere.
        draw(submit(request(1, 1)), &crowd);
        for (origin, call) in steps.into_iter().flat_map(calls_of) {
            let shown = format!("{call:?}");
            if RuntimeCall::Escrow(call).dispatch(origin).is_ok() {
                assert_eq!(Escrow::do_try_state(), Ok(()), "after {shown}");
                assert_eq!(Balances::total_issuance(), total, "after {shown}");
                seen.take();
            }
        }
        NoSeeds::set(false);
        wind_up();
        seen.take();
        seen.check_payments();
        assert_eq!(Escrow::do_try_state(), Ok(()));
        assert_eq!(Balances::total_issuance(), total);
        for who in crowd.into_iter().chain([REQUESTER, CHALLENGER, KEEPER, OWNER]) {
            assert_eq!(held(who), 0, "{who}");
        }
        // Forfeits never make a requester richer.
        assert!(free(REQUESTER) <= WEALTH);
        assert_eq!(free(Escrow::pot_account()), Pot::<Test>::get() + 1);
        seen.outcomes
    })
}

#[test]
fn random_sequences_reach_every_outcome() {
    use proptest::{strategy::ValueTree, test_runner::TestRunner};
    let mut runner = TestRunner::deterministic();
    let sequences = prop::collection::vec(step(), 200..220);
    let mut reached = BTreeSet::new();
    for _ in 0..60 {
        reached.extend(run(sequences.new_tree(&mut runner).unwrap().current()));
        if reached.len() == 7 {
            return;
        }
    }
    panic!("only {reached:?}");
}

proptest! {
    #![proptest_config(ProptestConfig { cases: cases(), fork: false, ..ProptestConfig::default() })]

    #[test]
    fn any_sequence_of_calls_keeps_every_plank_and_ends_every_job(
        steps in prop::collection::vec(step(), 1..220),
    ) {
        run(steps);
    }

    #[test]
    fn nobody_gains_from_the_forfeits_of_its_own_colluders(
        size in 0..3_usize,
        fuel in 0..=LIMITS.fuel,
        honest in 0..3_usize,
        signers_lie in 0..2_usize,
    ) {
        ExtBuilder.build_and_execute(|| {
            let (replicas, quorum) = [(1, 1), (3, 2), (5, 3)][size];
            let all = workers(40);
            let id = submit(request(replicas, quorum));
            let seats = draw(id, &all);
            let does: Vec<_> = (0..seats.len())
                .map(|place| {
                    Does::Reveals(if place < signers_lie.min(seats.len() - quorum as usize) { result(3) } else { result(1) })
                })
                .collect();
            play(id, &does);
            release_all(id, &all);
            let colluders: Vec<_> = all.iter().copied().chain([CHALLENGER, KEEPER]).collect();
            let wealth = || colluders.iter().map(|who| free(*who) + held(*who)).sum::<u64>();
            let before = wealth();
            assert_ok!(Escrow::challenge(signed(CHALLENGER), id, u64::MAX));
            let rerun = JobId(id.0 + 1);
            let signers = Certificates::<Test>::get(id).unwrap().signers;
            let fresh: Vec<_> = all.iter().copied().filter(|who| !signers.contains(who)).collect();
            let count = draw(rerun, &fresh).len();
            let other = JobResult { fuel, ..result(2) };
            let against = count - honest.min(count / 3);
            let does: Vec<_> = (0..count)
                .map(|place| Does::Reveals(if place < against { other } else { result(1) }))
                .collect();
            play(rerun, &does);
            let fell = matches!(Certificates::<Test>::get(id).unwrap().standing, Standing::Fallen { .. });
            assert!(fell);
            assert!(wealth() <= before);
        });
    }

    #[test]
    fn a_pledge_is_freed_or_becomes_a_bond(pledges in prop::collection::vec(1_400..50_000_u64, 6..30)) {
        ExtBuilder.build_and_execute(|| {
            let all = workers(pledges.len() as u64);
            let id = submit(request(3, 2));
            for (who, pledge) in all.iter().zip(&pledges) {
                assert_ok!(Escrow::apply(signed(*who), id, *pledge));
            }
            pass_and_poke(id);
            let seats = seated(id);
            assert_eq!(seats.len(), 3);
            release_all(id, &all);
            for who in &all {
                let expected = if seats.contains(who) { 7 * SEAT } else { 0 };
                assert_eq!(locked(*who), expected);
                let role = Engagements::<Test>::get(who, id).map(|found| found.role);
                assert_eq!(role, seats.contains(who).then_some(Role::Seated));
            }
        });
    }
}

/// A few cases with every test run; a long campaign says how many in `PROPTEST_CASES`.
fn cases() -> u32 {
    std::env::var("PROPTEST_CASES").ok().and_then(|cases| cases.parse().ok()).unwrap_or(64)
}

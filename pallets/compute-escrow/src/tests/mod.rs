//! What the escrow does, by concern.

mod challenges;
mod checks;
mod frozen;
mod queries;
mod random;
mod rounds;
mod settle;
mod submit;
mod workers;

use crate::{
    Certificates, Event, JobOf, JobRequestOf, JobSeats, Jobs, NextJobId, Workers,
    mock::*,
    types::{
        Assignment, EngineId, Exit, JobId, JobRequest, JobResult, Limits, Outcome, Phase, Salt, SeatState,
        Source, Task, commitment,
    },
};
use polkadot_sdk::{
    frame_support::{assert_ok, traits::fungible::InspectHold},
    frame_system::RawOrigin,
};
use stoa_primitives::registry::AssetId;

pub(crate) type Error = crate::Error<Test>;

pub(crate) const ENGINE: EngineId = [7; 32];
pub(crate) const SALT: Salt = [9; 32];
pub(crate) const STAKE: u64 = 100_000;
/// Planks per unit of fuel; a seat at the limit costs ten times as much.
pub(crate) const PRICE: u64 = 20;
pub(crate) const SEAT: u64 = 200;
/// What a seat that used half of the limit costs.
pub(crate) const HALF: u64 = 100;
pub(crate) const LIMITS: Limits = Limits { fuel: 10_000_000, memory: 1 << 20, output: 1 << 20 };

pub(crate) fn signed(who: AccountId) -> RuntimeOrigin {
    RawOrigin::Signed(who).into()
}

pub(crate) fn rev(asset: AssetId, number: u8) -> Source {
    Source::Revision { asset, commit: commit_id(number) }
}

pub(crate) fn task_of(program: Source, inputs: &[Source]) -> Task {
    let argument = b"--epochs=3".to_vec().try_into().unwrap();
    Task {
        program,
        inputs: inputs.to_vec().try_into().unwrap(),
        arguments: vec![argument].try_into().unwrap(),
        engine: ENGINE,
        limits: LIMITS,
    }
}

/// The first revision of the program on the second of the dataset.
pub(crate) fn task() -> Task {
    task_of(rev(PROGRAM, 1), &[rev(DATASET, 2)])
}

pub(crate) fn request(replicas: u32, quorum: u32) -> JobRequestOf<Test> {
    let assignment = Assignment::Drawn;
    JobRequest { task: task(), replicas, quorum, assignment, price: PRICE, run_blocks: 20 }
}

pub(crate) fn named(list: &[AccountId]) -> Assignment<AccountId> {
    Assignment::Named(list.to_vec().try_into().unwrap())
}

/// Half of the fuel, and an output by number.
pub(crate) fn result(number: u8) -> JobResult {
    JobResult { exit: Exit::Exited(0), fuel: 5_000_000, output: Some(content(number)) }
}

pub(crate) fn register(who: AccountId) {
    assert_ok!(Escrow::register_worker(signed(who), STAKE, 1, LIMITS, vec![ENGINE].try_into().unwrap()));
}

/// The first so many workers, registered.
pub(crate) fn workers(count: u64) -> Vec<AccountId> {
    let all: Vec<_> = (FIRST..FIRST + count).collect();
    for who in &all {
        if Workers::<Test>::get(who).is_none() {
            register(*who);
        }
    }
    all
}

pub(crate) fn submit_as(who: AccountId, request: JobRequestOf<Test>) -> JobId {
    let id = JobId(NextJobId::<Test>::get());
    assert_ok!(Escrow::submit_job(signed(who), Box::new(request), u64::MAX));
    id
}

pub(crate) fn submit(request: JobRequestOf<Test>) -> JobId {
    submit_as(REQUESTER, request)
}

pub(crate) fn job(id: JobId) -> JobOf<Test> {
    Jobs::<Test>::get(id).unwrap()
}

pub(crate) fn bond(id: JobId) -> u64 {
    job(id).bond
}

/// The last block of a job's phase.
pub(crate) fn deadline(id: JobId) -> u64 {
    match job(id).phase {
        Phase::Apply { until, .. } | Phase::Commit { until } | Phase::Reveal { until } => until,
    }
}

/// Goes past the phase's last block, and its draw's seed.
pub(crate) fn pass(id: JobId) {
    System::set_block_number(deadline(id) + 9);
}

pub(crate) fn poke(id: JobId) {
    assert_ok!(Escrow::poke(signed(KEEPER), id));
}

pub(crate) fn pass_and_poke(id: JobId) {
    pass(id);
    poke(id);
}

pub(crate) fn apply_all(id: JobId, all: &[AccountId]) {
    for who in all {
        let bond = bond(id);
        assert_ok!(Escrow::apply(signed(*who), id, bond));
    }
}

/// The workers of the current round.
pub(crate) fn seated(id: JobId) -> Vec<AccountId> {
    let round = job(id).round;
    JobSeats::<Test>::get(id).iter().filter(|seat| seat.round == round).map(|seat| seat.worker).collect()
}

/// Has all apply, and draws.
pub(crate) fn draw(id: JobId, all: &[AccountId]) -> Vec<AccountId> {
    apply_all(id, all);
    pass_and_poke(id);
    seated(id)
}

pub(crate) fn commit(id: JobId, who: AccountId, result: JobResult) {
    assert_ok!(Escrow::commit(signed(who), id, commitment(&who, id, &result, &SALT)));
}

pub(crate) fn reveal(id: JobId, who: AccountId, result: JobResult) {
    assert_ok!(Escrow::reveal(signed(who), id, result, SALT));
}

/// What a worker does with its seat.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Does {
    /// Commits and reveals.
    Reveals(JobResult),
    /// Commits and never reveals.
    Hides,
    /// Nothing.
    Sleeps,
}

/// Lets the seated workers do what they do, in order, and settles the round.
pub(crate) fn play(id: JobId, does: &[Does]) {
    let seats = seated(id);
    assert_eq!(seats.len(), does.len());
    for (who, does) in seats.iter().zip(does) {
        match does {
            Does::Reveals(result) => commit(id, *who, *result),
            Does::Hides => commit(id, *who, result(99)),
            Does::Sleeps => {}
        }
    }
    if matches!(job(id).phase, Phase::Commit { .. }) {
        System::set_block_number(deadline(id) + 1);
    }
    for (who, does) in seats.iter().zip(does) {
        if let Does::Reveals(result) = does {
            reveal(id, *who, *result);
        }
    }
    if !matches!(job(id).phase, Phase::Commit { .. }) {
        System::set_block_number(deadline(id) + 1);
    }
    poke(id);
}

/// A certificate of [`result`] number 1 that three of three signed; returns it with them.
pub(crate) fn certified(all: &[AccountId]) -> (JobId, Vec<AccountId>) {
    let id = submit(request(3, 2));
    let seats = draw(id, all);
    play(id, &[Does::Reveals(result(1)), Does::Reveals(result(1)), Does::Reveals(result(1))]);
    assert!(Certificates::<Test>::contains_key(id));
    (id, seats)
}

/// Frees what undrawn workers pledged.
pub(crate) fn release_all(id: JobId, all: &[AccountId]) {
    for who in all {
        // Those who were drawn have nothing to release.
        Escrow::release(signed(KEEPER), *who, id).ok();
    }
}

pub(crate) fn held(who: AccountId) -> u64 {
    Balances::total_balance_on_hold(&who)
}

pub(crate) fn free(who: AccountId) -> u64 {
    Balances::free_balance(who)
}

pub(crate) fn stake(who: AccountId) -> u64 {
    Workers::<Test>::get(who).unwrap().stake
}

pub(crate) fn locked(who: AccountId) -> u64 {
    Workers::<Test>::get(who).unwrap().locked
}

/// The escrow's events, oldest first.
pub(crate) fn events() -> Vec<Event<Test>> {
    let escrow = |record: polkadot_sdk::frame_system::EventRecord<RuntimeEvent, _>| match record.event {
        RuntimeEvent::Escrow(event) => Some(event),
        _ => None,
    };
    System::events().into_iter().filter_map(escrow).collect()
}

/// How a job ended.
pub(crate) fn outcome(id: JobId) -> Option<Outcome> {
    events().into_iter().rev().find_map(|event| match event {
        Event::JobEnded { job, outcome, .. } if job == id => Some(outcome),
        _ => None,
    })
}

pub(crate) fn state_of(id: JobId, who: AccountId) -> SeatState {
    JobSeats::<Test>::get(id).iter().find(|seat| seat.worker == who).unwrap().state
}

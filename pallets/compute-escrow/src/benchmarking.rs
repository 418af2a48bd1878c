//! What each call costs at its worst: full lists, the longest task, and every neighbour paid.

use crate::{
    AccountOf, BalanceOf, Call, Certificates, Config, Engagements, JobRequestOf, JobSeats, Jobs, NextJobId,
    Pallet, ParametersOf, Pot, RoyaltiesAsked, Workers,
    traits::BenchmarkHelper,
    types::{
        Argument, Assets, Assignment, Engines, Exit, FUEL_UNIT, Inputs, JobId, JobRequest, JobResult, Limits,
        MAX_APPLICANTS, MAX_ARGUMENT_LEN, MAX_ARGUMENTS, MAX_ENGINES, MAX_INPUTS, MAX_REPLICAS, MAX_SEATS,
        Phase, Purpose, Royalties, Royalty, Salt, Seat, SeatState, Source, Task, WorkerList, commitment,
    },
};
use alloc::{boxed::Box, vec, vec::Vec};
use polkadot_sdk::{
    frame_benchmarking::{account, v2::*},
    frame_support::traits::{EnsureOrigin, Get, fungible::Mutate},
    frame_system::{self, RawOrigin, pallet_prelude::BlockNumberFor},
    sp_runtime::{
        Permill,
        traits::{Bounded, One, Saturating, UniqueSaturatedInto, Zero},
    },
};
use stoa_primitives::{Codec, ContentId, registry::AssetId};

const ENGINE: [u8; 32] = [7; 32];
const SALT: Salt = [9; 32];
const LIMITS: Limits = Limits { fuel: 1_000 * FUEL_UNIT, memory: 1 << 30, output: 1 << 30 };

fn content(number: u8) -> ContentId {
    ContentId { codec: Codec::DagPb, digest: [number; 32] }
}

fn result(number: u8) -> JobResult {
    JobResult { exit: Exit::Exited(0), fuel: LIMITS.fuel, output: Some(content(number)) }
}

fn origin<T: Config>(who: &AccountOf<T>) -> T::RuntimeOrigin {
    RawOrigin::Signed(who.clone()).into()
}

/// An account with enough for everything.
fn rich<T: Config>(name: &'static str, index: u32) -> AccountOf<T> {
    let who = account(name, index, 0);
    T::Currency::set_balance(&who, BalanceOf::<T>::max_value() / 100_000_u32.into());
    who
}

/// As much stake as any job here needs.
fn stake<T: Config>() -> BalanceOf<T> {
    BalanceOf::<T>::max_value() / 10_000_000_u32.into()
}

fn engines() -> Engines {
    let list = (0..MAX_ENGINES).map(|number| {
        let mut engine = ENGINE;
        if let Some(last) = engine.last_mut() {
            *last = ENGINE[0].saturating_add(number.unique_saturated_into());
        }
        engine
    });
    Engines::truncate_from(list.collect())
}

fn worker<T: Config>(index: u32) -> Result<AccountOf<T>, BenchmarkError> {
    let who = rich::<T>("worker", index);
    let call = Pallet::<T>::register_worker(origin::<T>(&who), stake::<T>(), Zero::zero(), LIMITS, engines());
    call.map(|()| who).map_err(Into::into)
}

fn workers<T: Config>(count: u32) -> Result<Vec<AccountOf<T>>, BenchmarkError> {
    (0..count).map(worker::<T>).collect()
}

fn source<T: Config>(owner: &AccountOf<T>, number: u8, program: bool) -> Source {
    T::BenchmarkHelper::revision(owner, number, program)
        .map_or(Source::Content(content(number)), |(asset, commit)| Source::Revision { asset, commit })
}

/// A job with the longest arguments, and so many inputs.
fn request<T: Config>(
    owner: &AccountOf<T>,
    inputs: u32,
    replicas: u32,
    assignment: Assignment<AccountOf<T>>,
) -> JobRequestOf<T> {
    let argument = Argument::truncate_from(vec![b'a'; MAX_ARGUMENT_LEN.unique_saturated_into()]);
    let inputs = (0..inputs)
        .map(|number| source::<T>(owner, number.saturating_add(1).unique_saturated_into(), false))
        .collect();
    let parameters: ParametersOf<T> = T::Parameters::get();
    JobRequest {
        task: Task {
            program: source::<T>(owner, 0, true),
            inputs: Inputs::truncate_from(inputs),
            arguments: (0..MAX_ARGUMENTS)
                .map(|_| argument.clone())
                .collect::<Vec<_>>()
                .try_into()
                .unwrap_or_default(),
            engine: ENGINE,
            limits: LIMITS,
        },
        replicas,
        quorum: if replicas == 1 { 1 } else { replicas.saturating_div(2).saturating_add(1) },
        assignment,
        price: parameters.min_seat_cost.max(One::one()),
        run_blocks: parameters.min_run_blocks,
    }
}

fn submit<T: Config>(inputs: u32, replicas: u32) -> Result<JobId, BenchmarkError> {
    let requester = rich::<T>("requester", 0);
    let owner = rich::<T>("owner", 0);
    let id = JobId(NextJobId::<T>::get());
    let request = request::<T>(&owner, inputs, replicas, Assignment::Drawn);
    Pallet::<T>::submit_job(origin::<T>(&requester), Box::new(request), BalanceOf::<T>::max_value())?;
    Ok(id)
}

fn apply_all<T: Config>(id: JobId, all: &[AccountOf<T>]) -> Result<(), BenchmarkError> {
    let bond = Jobs::<T>::get(id).map(|job| job.bond).unwrap_or_default();
    for who in all {
        Pallet::<T>::apply(origin::<T>(who), id, bond)?;
    }
    Ok(())
}

/// Goes past the last block of a job's phase, with a seed for its draw.
fn pass<T: Config>(id: JobId) {
    if let Some(job) = Jobs::<T>::get(id) {
        let (Phase::Apply { until, .. } | Phase::Commit { until } | Phase::Reveal { until }) = job.phase;
        let later = until.saturating_add(100_u32.into());
        frame_system::Pallet::<T>::set_block_number(later);
        T::BenchmarkHelper::fix_seed(until);
    }
}

fn poke<T: Config>(id: JobId) -> Result<(), BenchmarkError> {
    let keeper = rich::<T>("keeper", 0);
    Pallet::<T>::poke(origin::<T>(&keeper), id).map(drop).map_err(|failed| failed.error.into())
}

/// Gives a job exactly these seats, all of them in one round.
fn seat<T: Config>(id: JobId, all: &[AccountOf<T>], revealed: JobResult) -> Result<(), BenchmarkError> {
    let job = Jobs::<T>::get(id).ok_or(BenchmarkError::Stop("no job"))?;
    let mut seats = crate::SeatsOf::<T>::default();
    for account in all {
        let mut worker = Workers::<T>::get(account).ok_or(BenchmarkError::Stop("no worker"))?;
        let role = crate::types::Role::Seated;
        let engagement = crate::types::Engagement { locked: job.bond, role };
        Pallet::<T>::engage(account, &mut worker, id, Some(engagement));
        Workers::<T>::insert(account, worker);
        let state = SeatState::Revealed(revealed);
        seats
            .try_push(Seat { worker: account.clone(), round: job.round, state })
            .map_err(|_| BenchmarkError::Stop("too many seats"))?;
    }
    JobSeats::<T>::insert(id, seats);
    set_phase::<T>(id, Phase::Reveal { until: BlockNumberFor::<T>::max_value() });
    Ok(())
}

fn set_phase<T: Config>(id: JobId, phase: Phase<BlockNumberFor<T>>) {
    Jobs::<T>::mutate(id, |job| {
        if let Some(job) = job {
            job.phase = phase;
        }
    });
}

/// Puts the last seat of a job in one state and all others in another.
fn set_states<T: Config>(id: JobId, others: SeatState, last: SeatState) {
    JobSeats::<T>::mutate(id, |seats| {
        for seat in seats.iter_mut() {
            seat.state = others;
        }
        if let Some(seat) = seats.last_mut() {
            seat.state = last;
        }
    });
}

/// A certificate with as many signers as may be.
fn certify<T: Config>(inputs: u32, signers: &[AccountOf<T>]) -> Result<JobId, BenchmarkError> {
    let id = submit::<T>(inputs, MAX_REPLICAS)?;
    seat::<T>(id, signers, result(1))?;
    poke::<T>(id)?;
    Ok(id)
}

#[benchmarks]
mod benches {
    use super::*;

    #[benchmark]
    fn register_worker() {
        let caller = rich::<T>("worker", 0);

        #[extrinsic_call]
        _(RawOrigin::Signed(caller.clone()), stake::<T>(), Zero::zero(), LIMITS, engines());

        assert!(Workers::<T>::contains_key(caller));
    }

    #[benchmark]
    fn update_worker() -> Result<(), BenchmarkError> {
        let caller = worker::<T>(0)?;

        #[extrinsic_call]
        _(RawOrigin::Signed(caller.clone()), One::one(), LIMITS, engines());

        assert_eq!(Workers::<T>::get(caller).map(|found| found.price), Some(One::one()));
        Ok(())
    }

    #[benchmark]
    fn set_stake() -> Result<(), BenchmarkError> {
        let caller = worker::<T>(0)?;
        let more = stake::<T>().saturating_add(One::one());

        #[extrinsic_call]
        _(RawOrigin::Signed(caller.clone()), more);

        assert_eq!(Workers::<T>::get(caller).map(|found| found.stake), Some(more));
        Ok(())
    }

    #[benchmark]
    fn deregister_worker() -> Result<(), BenchmarkError> {
        let caller = worker::<T>(0)?;

        #[extrinsic_call]
        _(RawOrigin::Signed(caller.clone()));

        assert!(!Workers::<T>::contains_key(caller));
        Ok(())
    }

    #[benchmark]
    fn submit_job(i: Linear<0, MAX_INPUTS>) {
        let caller = rich::<T>("requester", 0);
        let owner = rich::<T>("owner", 0);
        let list: Vec<_> = (0..MAX_SEATS).map(|index| account("worker", index, 0)).collect();
        let assignment = Assignment::Named(WorkerList::truncate_from(list));
        let request = request::<T>(&owner, i, MAX_REPLICAS, assignment);

        #[extrinsic_call]
        _(RawOrigin::Signed(caller), Box::new(request), BalanceOf::<T>::max_value());

        assert!(Jobs::<T>::contains_key(JobId(0)));
    }

    #[benchmark]
    fn consent() -> Result<(), BenchmarkError> {
        let owner = rich::<T>("owner", 0);
        let (asset, _) = T::BenchmarkHelper::revision(&owner, 1, false).ok_or(BenchmarkError::Weightless)?;
        let id = submit::<T>(MAX_INPUTS, MAX_REPLICAS)?;
        let awaited: Vec<_> = (1_000..1_008).map(AssetId).chain([asset]).collect();
        Jobs::<T>::mutate(id, |job| {
            if let Some(job) = job {
                job.awaiting = Assets::truncate_from(awaited);
            }
        });

        #[extrinsic_call]
        _(RawOrigin::Signed(T::BenchmarkHelper::admin(&owner)), id, asset);

        assert_eq!(Jobs::<T>::get(id).map(|job| job.awaiting.len()), Some(8));
        Ok(())
    }

    #[benchmark]
    fn apply() -> Result<(), BenchmarkError> {
        let all = workers::<T>(MAX_APPLICANTS)?;
        let id = submit::<T>(MAX_INPUTS, MAX_REPLICAS)?;
        let (caller, others) = all.split_last().ok_or(BenchmarkError::Stop("no workers"))?;
        apply_all::<T>(id, others)?;
        let bond = Jobs::<T>::get(id).map(|job| job.bond).unwrap_or_default();

        #[extrinsic_call]
        _(RawOrigin::Signed(caller.clone()), id, bond);

        assert_eq!(Workers::<T>::get(caller).map(|found| found.locked), Some(bond));
        Ok(())
    }

    #[benchmark]
    fn commit() -> Result<(), BenchmarkError> {
        let all = workers::<T>(MAX_SEATS)?;
        let id = submit::<T>(MAX_INPUTS, MAX_REPLICAS)?;
        seat::<T>(id, &all, result(1))?;
        let caller = all.last().cloned().ok_or(BenchmarkError::Stop("no workers"))?;
        // The last one opens the reveals.
        set_states::<T>(id, SeatState::Committed([1; 32]), SeatState::Seated);
        set_phase::<T>(id, Phase::Commit { until: BlockNumberFor::<T>::max_value() });

        #[extrinsic_call]
        _(RawOrigin::Signed(caller), id, [1; 32]);

        assert!(matches!(Jobs::<T>::get(id).map(|job| job.phase), Some(Phase::Reveal { .. })));
        Ok(())
    }

    #[benchmark]
    fn reveal() -> Result<(), BenchmarkError> {
        let all = workers::<T>(MAX_SEATS)?;
        let id = submit::<T>(MAX_INPUTS, MAX_REPLICAS)?;
        seat::<T>(id, &all, result(1))?;
        let caller = all.last().cloned().ok_or(BenchmarkError::Stop("no workers"))?;
        let committed = SeatState::Committed(commitment(&caller, id, &result(1), &SALT));
        set_states::<T>(id, SeatState::Revealed(result(1)), committed);
        set_phase::<T>(id, Phase::Reveal { until: BlockNumberFor::<T>::max_value() });

        #[extrinsic_call]
        _(RawOrigin::Signed(caller), id, result(1), SALT);

        let last = JobSeats::<T>::get(id).last().map(|seat| seat.state);
        assert_eq!(last, Some(SeatState::Revealed(result(1))));
        Ok(())
    }

    #[benchmark]
    fn poke_wait() -> Result<(), BenchmarkError> {
        let all = workers::<T>(MAX_APPLICANTS)?;
        let id = submit::<T>(MAX_INPUTS, MAX_REPLICAS)?;
        apply_all::<T>(id, &all)?;
        // An owner's consent is missing, so that the job ends although all applied.
        Jobs::<T>::mutate(id, |job| {
            if let Some(job) = job {
                job.awaiting = Assets::truncate_from(vec![AssetId(0)]);
            }
        });
        pass::<T>(id);
        poke::<T>(id)?;
        pass::<T>(id);
        let caller = rich::<T>("keeper", 1);

        #[extrinsic_call]
        poke(RawOrigin::Signed(caller), id);

        assert!(!Jobs::<T>::contains_key(id));
        Ok(())
    }

    #[benchmark]
    fn poke_draw(
        a: Linear<{ 2 * MAX_SEATS }, MAX_APPLICANTS>,
        s: Linear<1, MAX_SEATS>,
    ) -> Result<(), BenchmarkError> {
        let all = workers::<T>(a)?;
        let id = submit::<T>(MAX_INPUTS, MAX_REPLICAS)?;
        Jobs::<T>::mutate(id, |job| {
            if let Some(job) = job {
                job.replicas = s;
            }
        });
        apply_all::<T>(id, &all)?;
        pass::<T>(id);
        let caller = rich::<T>("keeper", 1);

        #[extrinsic_call]
        poke(RawOrigin::Signed(caller), id);

        let expected: usize = s.unique_saturated_into();
        assert_eq!(JobSeats::<T>::decode_len(id), Some(expected));
        Ok(())
    }

    #[benchmark]
    fn poke_settle(s: Linear<1, MAX_SEATS>) -> Result<(), BenchmarkError> {
        let all = workers::<T>(s)?;
        let id = submit::<T>(MAX_INPUTS, MAX_REPLICAS)?;
        seat::<T>(id, &all, result(1))?;
        Jobs::<T>::mutate(id, |job| {
            if let Some(job) = job {
                job.quorum = 1;
                let share = Permill::from_percent(1);
                let royalties = job.task.assets().map(|asset| Royalty { asset, share }).collect();
                job.royalties = Royalties::truncate_from(royalties);
            }
        });
        let caller = rich::<T>("keeper", 1);

        #[extrinsic_call]
        poke(RawOrigin::Signed(caller), id);

        assert!(Certificates::<T>::contains_key(id));
        Ok(())
    }

    #[benchmark]
    fn poke_judge(s: Linear<1, MAX_SEATS>) -> Result<(), BenchmarkError> {
        let all = workers::<T>(MAX_SEATS.saturating_add(s))?;
        let (signers, fresh) = all.split_at(MAX_SEATS.unique_saturated_into());
        let certificate = certify::<T>(MAX_INPUTS, signers)?;
        let challenger = rich::<T>("challenger", 0);
        Pallet::<T>::challenge(origin::<T>(&challenger), certificate, BalanceOf::<T>::max_value())?;
        let id = JobId(certificate.0.saturating_add(1));
        seat::<T>(id, fresh, result(2))?;
        Jobs::<T>::mutate(id, |job| {
            if let Some(job) = job {
                job.quorum = 1;
                job.purpose = Purpose::Challenge { certificate, bonded: true };
            }
        });
        let caller = rich::<T>("keeper", 1);

        #[extrinsic_call]
        poke(RawOrigin::Signed(caller), id);

        assert_eq!(Certificates::<T>::get(certificate).map(|found| found.bond), Some(Zero::zero()));
        assert!(!Jobs::<T>::contains_key(id));
        Ok(())
    }

    #[benchmark]
    fn release() -> Result<(), BenchmarkError> {
        let who = worker::<T>(0)?;
        let id = submit::<T>(MAX_INPUTS, MAX_REPLICAS)?;
        apply_all::<T>(id, core::slice::from_ref(&who))?;
        set_phase::<T>(id, Phase::Commit { until: BlockNumberFor::<T>::max_value() });
        let caller = rich::<T>("keeper", 0);

        #[extrinsic_call]
        _(RawOrigin::Signed(caller), who.clone(), id);

        assert!(!Engagements::<T>::contains_key(who, id));
        Ok(())
    }

    #[benchmark]
    fn challenge(i: Linear<0, MAX_INPUTS>) -> Result<(), BenchmarkError> {
        let signers = workers::<T>(MAX_SEATS)?;
        let certificate = certify::<T>(i, &signers)?;
        let caller = rich::<T>("challenger", 0);

        #[extrinsic_call]
        _(RawOrigin::Signed(caller), certificate, BalanceOf::<T>::max_value());

        assert!(Certificates::<T>::get(certificate).is_some_and(|found| found.challenge.is_some()));
        Ok(())
    }

    #[benchmark]
    fn release_bonds() -> Result<(), BenchmarkError> {
        let signers = workers::<T>(MAX_SEATS)?;
        let certificate = certify::<T>(MAX_INPUTS, &signers)?;
        frame_system::Pallet::<T>::set_block_number(BlockNumberFor::<T>::max_value());
        let caller = rich::<T>("keeper", 0);

        #[extrinsic_call]
        _(RawOrigin::Signed(caller), certificate);

        assert_eq!(Certificates::<T>::get(certificate).map(|found| found.bond), Some(Zero::zero()));
        Ok(())
    }

    #[benchmark]
    fn set_royalty() -> Result<(), BenchmarkError> {
        let owner = rich::<T>("owner", 0);
        let (asset, _) = T::BenchmarkHelper::revision(&owner, 1, false).ok_or(BenchmarkError::Weightless)?;
        let caller = T::BenchmarkHelper::admin(&owner);
        let share = |percent| Some(Permill::from_percent(percent));
        Pallet::<T>::set_royalty(origin::<T>(&caller), asset, share(1))?;

        #[extrinsic_call]
        _(RawOrigin::Signed(caller), asset, share(2));

        assert_eq!(RoyaltiesAsked::<T>::get(asset).map(|terms| Some(terms.share)), Some(share(2)));
        Ok(())
    }

    #[benchmark]
    fn spend_pot() -> Result<(), BenchmarkError> {
        let origin = T::PotOrigin::try_successful_origin().map_err(|_| BenchmarkError::Weightless)?;
        let amount = stake::<T>();
        T::Currency::set_balance(&Pallet::<T>::pot_account(), amount.saturating_mul(2_u32.into()));
        Pot::<T>::put(amount);
        let to = rich::<T>("keeper", 0);

        #[extrinsic_call]
        _(origin as T::RuntimeOrigin, to, amount);

        assert!(Pot::<T>::get().is_zero());
        Ok(())
    }

    impl_benchmark_test_suite!(Pallet, crate::mock::ExtBuilder.build(), crate::mock::Test);
}

//! A round: applications, the draw, commitments and results.

use crate::{
    AccountOf, Applicants, BalanceOf, Certificates, Config, Engagements, Error, Event, JobOf, JobSeats, Jobs,
    Pallet, SeatsOf, WeightInfo, Workers,
    draw::{draw, round_seed},
    traits::{SeedState, Seeds},
    types::{
        Assignment, Candidate, Commitment, Engagement, Exit, JobId, JobResult, MAX_APPLICANTS, MAX_SEATS,
        Phase, Purpose, Role, Salt, Seat, SeatState, WorkerList, commitment, count,
    },
};
use polkadot_sdk::{
    frame_support::{
        dispatch::{DispatchResultWithPostInfo, PostDispatchInfo},
        ensure,
        weights::Weight,
    },
    frame_system::{self, pallet_prelude::BlockNumberFor},
    sp_runtime::{
        DispatchError, DispatchResult,
        traits::{Saturating, UniqueSaturatedInto},
    },
};

impl<T: Config> Pallet<T> {
    fn now() -> BlockNumberFor<T> {
        frame_system::Pallet::<T>::block_number()
    }

    fn job(id: JobId) -> Result<JobOf<T>, DispatchError> {
        Jobs::<T>::get(id).ok_or_else(|| Error::<T>::JobNotFound.into())
    }

    pub(crate) fn do_apply(who: AccountOf<T>, id: JobId, pledge: BalanceOf<T>) -> DispatchResult {
        let mut job = Self::job(id)?;
        let now = Self::now();
        let open = matches!(job.phase, Phase::Apply { until, .. } if now <= until);
        ensure!(open, Error::<T>::ApplicationsClosed);
        ensure!(who != job.payer, Error::<T>::OwnJob);
        if let Assignment::Named(list) = &job.assignment {
            ensure!(list.contains(&who), Error::<T>::NotNamed);
        }
        if let Purpose::Challenge { certificate, .. } = job.purpose {
            let signed =
                Certificates::<T>::get(certificate).is_some_and(|found| found.signers.contains(&who));
            ensure!(!signed, Error::<T>::SignedIt);
        }
        if let Some(Engagement { role: Role::Applied { round }, .. }) = Engagements::<T>::get(&who, id)
            && round != job.round
        {
            Self::do_release(&who, id)?;
        }
        ensure!(!Engagements::<T>::contains_key(&who, id), Error::<T>::AlreadyEngaged);
        let mut worker = Self::worker(&who)?;
        ensure!(worker.price <= job.net(job.price), Error::<T>::PriceTooLow);
        ensure!(job.task.limits.fit(&worker.limits), Error::<T>::LimitsTooHigh);
        ensure!(worker.engines.contains(&job.task.engine), Error::<T>::WrongEngine);
        ensure!(pledge >= job.bond, Error::<T>::PledgeTooLow);
        ensure!(pledge <= worker.stake.saturating_sub(worker.locked), Error::<T>::PledgeTooHigh);

        let mut candidates = Applicants::<T>::get(id);
        let before = candidates.last().map(|last| last.cumulative).unwrap_or_default();
        let cumulative = before.saturating_add(pledge);
        candidates
            .try_push(Candidate { worker: who.clone(), cumulative })
            .map_err(|_| Error::<T>::TooManyApplicants)?;
        Applicants::<T>::insert(id, candidates);
        let role = Role::Applied { round: job.round };
        Self::engage(&who, &mut worker, id, Some(Engagement { locked: pledge, role }));
        Workers::<T>::insert(&who, worker);
        job.applicants = job.applicants.saturating_add(1);
        Jobs::<T>::insert(id, job);
        Self::deposit_event(Event::Applied { job: id, worker: who, pledge });
        Ok(())
    }

    pub(crate) fn do_commit(who: AccountOf<T>, id: JobId, commitment: Commitment) -> DispatchResult {
        let mut job = Self::job(id)?;
        let now = Self::now();
        ensure!(matches!(job.phase, Phase::Commit { until } if now <= until), Error::<T>::NotCommitting);
        let mut seats = JobSeats::<T>::get(id);
        let seat = Self::seat_of(&mut seats, &who, job.round)?;
        ensure!(seat.state == SeatState::Seated, Error::<T>::AlreadyCommitted);
        seat.state = SeatState::Committed(commitment);
        Self::deposit_event(Event::Committed { job: id, worker: who });
        let waiting = |seat: &Seat<_>| seat.round == job.round && seat.state == SeatState::Seated;
        if !seats.iter().any(waiting) {
            let until = now.saturating_add(job.terms.reveal_blocks);
            Self::open_reveals(id, &mut job, until);
            Jobs::<T>::insert(id, job);
        }
        JobSeats::<T>::insert(id, seats);
        Ok(())
    }

    pub(crate) fn do_reveal(who: AccountOf<T>, id: JobId, result: JobResult, salt: Salt) -> DispatchResult {
        let mut job = Self::job(id)?;
        let now = Self::now();
        if let Phase::Commit { until } = job.phase
            && now > until
        {
            let until = until.saturating_add(job.terms.reveal_blocks);
            Self::open_reveals(id, &mut job, until);
        }
        ensure!(matches!(job.phase, Phase::Reveal { until } if now <= until), Error::<T>::NotRevealing);
        let mut seats = JobSeats::<T>::get(id);
        let seat = Self::seat_of(&mut seats, &who, job.round)?;
        let SeatState::Committed(committed) = seat.state else {
            return Err(Error::<T>::NotCommitted.into());
        };
        ensure!(commitment(&who, id, &result, &salt) == committed, Error::<T>::WrongReveal);
        let plain = result.exit != Exit::InputUnavailable || result == JobResult::UNAVAILABLE;
        ensure!(plain && result.fuel <= job.task.limits.fuel, Error::<T>::MalformedResult);
        seat.state = SeatState::Revealed(result);
        JobSeats::<T>::insert(id, seats);
        Jobs::<T>::insert(id, job);
        Self::deposit_event(Event::Revealed { job: id, worker: who, result });
        Ok(())
    }

    /// The seat of a worker in the current round.
    fn seat_of<'a>(
        seats: &'a mut SeatsOf<T>,
        who: &AccountOf<T>,
        round: u32,
    ) -> Result<&'a mut Seat<AccountOf<T>>, DispatchError> {
        seats
            .iter_mut()
            .find(|seat| seat.worker == *who && seat.round == round)
            .ok_or_else(|| Error::<T>::NoSeat.into())
    }

    fn open_reveals(id: JobId, job: &mut JobOf<T>, until: BlockNumberFor<T>) {
        job.phase = Phase::Reveal { until };
        Self::deposit_event(Event::RevealsOpened { job: id, until });
    }

    /// Whether a job's phase is over.
    pub(crate) fn is_due(job: &JobOf<T>, seats: &SeatsOf<T>) -> bool {
        let now = Self::now();
        match job.phase {
            Phase::Apply { until, .. } | Phase::Commit { until } => now > until,
            Phase::Reveal { until } => {
                let hidden = |seat: &Seat<_>| matches!(seat.state, SeatState::Committed(_));
                now > until || !seats.iter().any(|seat| seat.round == job.round && hidden(seat))
            }
        }
    }

    /// The most that a poke may weigh.
    pub(crate) fn heaviest_poke() -> Weight {
        T::WeightInfo::poke_draw(MAX_APPLICANTS, MAX_SEATS)
            .max(T::WeightInfo::poke_settle(MAX_SEATS))
            .max(T::WeightInfo::poke_judge(MAX_SEATS))
            .max(T::WeightInfo::poke_wait())
    }

    pub(crate) fn do_poke(caller: AccountOf<T>, id: JobId) -> DispatchResultWithPostInfo {
        let mut job = Self::job(id)?;
        let seats = JobSeats::<T>::get(id);
        ensure!(Self::is_due(&job, &seats), Error::<T>::NothingDue);
        let reward = job.terms.poke_reward;
        Self::pay_held(&mut job, &caller, reward)?;
        job.pokes = job.pokes.saturating_add(1);
        let round = job.round;
        let committed = |seat: &Seat<_>| seat.round == round && seat.state != SeatState::Seated;
        let weight = match job.phase {
            Phase::Apply { until, extended } => Self::close_applications(id, job, seats, until, extended)?,
            Phase::Commit { until } if seats.iter().any(committed) => {
                let until = until.saturating_add(job.terms.reveal_blocks);
                Self::open_reveals(id, &mut job, until);
                Jobs::<T>::insert(id, job);
                T::WeightInfo::poke_wait()
            }
            Phase::Commit { .. } | Phase::Reveal { .. } => Self::end_round(id, job, seats)?,
        };
        Ok(PostDispatchInfo::from(Some(weight)))
    }

    /// Draws the seats, or opens applications once more, or gives the round up.
    fn close_applications(
        id: JobId,
        mut job: JobOf<T>,
        seats: SeatsOf<T>,
        until: BlockNumberFor<T>,
        extended: bool,
    ) -> Result<Weight, DispatchError> {
        let candidates = Applicants::<T>::get(id);
        let enough = count(candidates.len()) >= job.applicants_needed() && job.awaiting.is_empty();
        let seed = match enough.then(|| T::Seeds::seed_after(until)) {
            Some(SeedState::NotYet) => return Err(Error::<T>::SeedNotReady.into()),
            Some(SeedState::Ready(seed)) => Some(seed),
            Some(SeedState::Lost) | None => None,
        };
        if let Some(seed) = seed {
            let drawn = count(candidates.len());
            let wanted = job.wanted();
            Self::seat(id, job, seats, candidates.into_inner(), &seed)?;
            return Ok(T::WeightInfo::poke_draw(drawn, wanted));
        }
        if !extended {
            let until = Self::now().saturating_add(job.terms.apply_blocks);
            job.phase = Phase::Apply { until, extended: true };
            Jobs::<T>::insert(id, job);
            Self::deposit_event(Event::ApplicationsExtended { job: id, until });
            return Ok(T::WeightInfo::poke_wait());
        }
        Applicants::<T>::remove(id);
        if job.round == 1 { Self::end_undrawn(id, job) } else { Self::end_failed(id, job, seats) }
    }

    /// Seats those who are drawn.
    fn seat(
        id: JobId,
        mut job: JobOf<T>,
        mut seats: SeatsOf<T>,
        candidates: alloc::vec::Vec<Candidate<AccountOf<T>, BalanceOf<T>>>,
        seed: &[u8; 32],
    ) -> DispatchResult {
        let cumulative: alloc::vec::Vec<u128> =
            candidates.iter().map(|candidate| candidate.cumulative.unique_saturated_into()).collect();
        let mut drawn = WorkerList::default();
        for place in draw(&round_seed(seed, id, job.round), &cumulative, job.wanted()) {
            let Some(candidate) = candidates.get(place) else { continue };
            let account = candidate.worker.clone();
            let mut worker = Self::engaged_worker(&account)?;
            let engagement = Engagement { locked: job.bond, role: Role::Seated };
            Self::engage(&account, &mut worker, id, Some(engagement));
            Workers::<T>::insert(&account, worker);
            let seat = Seat { worker: account.clone(), round: job.round, state: SeatState::Seated };
            seats.try_push(seat).map_err(|_| Error::<T>::Overflow)?;
            drawn.try_push(account).map_err(|_| Error::<T>::Overflow)?;
        }
        let until = Self::now().saturating_add(job.run_blocks);
        job.phase = Phase::Commit { until };
        let round = job.round;
        Applicants::<T>::remove(id);
        JobSeats::<T>::insert(id, seats);
        Jobs::<T>::insert(id, job);
        Self::deposit_event(Event::Drawn { job: id, round, workers: drawn, until });
        Ok(())
    }
}

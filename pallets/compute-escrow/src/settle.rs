//! How a job ends: who agreed, who is paid, who loses, and what goes back.

use crate::{
    AccountOf, BalanceOf, CertificateOf, Certificates, CertificatesOfAsset, Config, Error, Event, JobOf,
    JobSeats, Jobs, Pallet, ProgramFigures, SeatsOf, WeightInfo, Workers,
    money::Purse,
    traits::{Licences, Royalties},
    types::{
        ABSENT_SLASH, Assignment, Certificate, Chosen, Engagement, Exit, FAILURE_PAY, Figures, JobId,
        JobResult, Outcome, Phase, Purpose, Role, SeatState, Standing, WorkerList, count,
    },
};
use alloc::collections::BTreeMap;
use polkadot_sdk::{
    frame_support::weights::Weight,
    frame_system,
    sp_runtime::{
        DispatchError,
        traits::{Saturating, Zero},
    },
};

/// What becomes of a seat.
pub(crate) enum Due<Balance> {
    /// It is paid, and its bond stays locked for the certificate.
    Sign(Balance),
    /// It is paid, and free.
    Pay(Balance),
    /// It loses a part of its bond.
    Forfeit(Balance),
}

/// What a worker that didn't reveal loses.
pub(crate) fn absent<T: Config>(job: &JobOf<T>, state: &SeatState) -> Due<BalanceOf<T>> {
    match state {
        SeatState::Seated => Due::Forfeit(ABSENT_SLASH.mul_ceil(job.bond)),
        SeatState::Committed(_) | SeatState::Revealed(_) => Due::Forfeit(job.bond),
    }
}

/// The result that most seats revealed, and how many did.
pub(crate) fn favourite<AccountId>(seats: &[crate::types::Seat<AccountId>]) -> Option<(JobResult, u32)> {
    let mut votes: BTreeMap<JobResult, u32> = BTreeMap::new();
    for seat in seats {
        if let SeatState::Revealed(result) = seat.state {
            let vote = votes.entry(result).or_default();
            *vote = vote.saturating_add(1);
        }
    }
    votes.into_iter().max_by_key(|(_, votes)| *votes)
}

impl<T: Config> Pallet<T> {
    /// Settles a round, or opens the wider one.
    pub(crate) fn end_round(
        id: JobId,
        mut job: JobOf<T>,
        seats: SeatsOf<T>,
    ) -> Result<Weight, DispatchError> {
        if let Purpose::Challenge { certificate, bonded } = job.purpose {
            return Self::judge(id, job, seats, certificate, bonded);
        }
        let needed = if job.round == 1 { job.quorum } else { job.pooled_quorum(count(seats.len())) };
        match favourite(&seats) {
            Some((result, votes)) if votes >= needed && result.exit == Exit::InputUnavailable => {
                Self::end_unavailable(id, job, seats)
            }
            Some((result, votes)) if votes >= needed => Self::certify(id, job, seats, result),
            _ if job.round == 1 && job.second > 0 => {
                let now = frame_system::Pallet::<T>::block_number();
                let until = now.saturating_add(job.terms.apply_blocks);
                job.round = 2;
                job.phase = Phase::Apply { until, extended: false };
                Self::deposit_event(Event::Widened { job: id, seats: job.second, until });
                Jobs::<T>::insert(id, job);
                Ok(T::WeightInfo::poke_wait())
            }
            _ => Self::end_failed(id, job, seats),
        }
    }

    /// Gives each seat its due and ends its engagement; returns those who sign.
    pub(crate) fn settle_seats(
        id: JobId,
        job: &mut JobOf<T>,
        seats: &SeatsOf<T>,
        purse: &Purse,
        due: impl Fn(&JobOf<T>, &SeatState) -> Due<BalanceOf<T>>,
    ) -> Result<WorkerList<AccountOf<T>>, DispatchError> {
        let mut signers = WorkerList::default();
        for seat in seats {
            let account = &seat.worker;
            let mut worker = Self::engaged_worker(account)?;
            let mut kept = None;
            match due(job, &seat.state) {
                Due::Sign(amount) => {
                    Self::pay_worker(id, job, purse, account, amount)?;
                    signers.try_push(account.clone()).map_err(|_| Error::<T>::Overflow)?;
                    kept = Some(Engagement { locked: job.bond, role: Role::Signed });
                }
                Due::Pay(amount) => Self::pay_worker(id, job, purse, account, amount)?,
                Due::Forfeit(amount) => Self::forfeit(id, account, &mut worker, amount)?,
            }
            Self::engage(account, &mut worker, id, kept);
            Workers::<T>::insert(account, worker);
        }
        Ok(signers)
    }

    /// Refunds what is left and forgets the job.
    pub(crate) fn close(
        id: JobId,
        mut job: JobOf<T>,
        outcome: Outcome,
    ) -> Result<BalanceOf<T>, DispatchError> {
        let refunded = Self::refund(&mut job)?;
        Jobs::<T>::remove(id);
        JobSeats::<T>::remove(id);
        Self::deposit_event(Event::JobEnded { job: id, outcome, refunded });
        Ok(refunded)
    }

    /// Pays the per-job licences: the workers could read the assets.
    pub(crate) fn pay_licences(id: JobId, job: &mut JobOf<T>) {
        for (asset, fee) in job.fees.clone() {
            let charge = |pot: &AccountOf<T>| T::Licences::charge(pot, id.0, asset, fee);
            Self::pay_asset(id, job, asset, fee, charge);
        }
    }

    /// A quorum agreed.
    fn certify(
        id: JobId,
        mut job: JobOf<T>,
        seats: SeatsOf<T>,
        result: JobResult,
    ) -> Result<Weight, DispatchError> {
        let gross = job.gross(&result);
        let net = job.net(gross);
        let signers = Self::settle_seats(id, &mut job, &seats, &Purse::Hold, |job, state| {
            if *state == SeatState::Revealed(result) { Due::Sign(net) } else { absent::<T>(job, state) }
        })?;
        let agreed = count(signers.len());
        for (asset, share) in job.royalties_of(gross) {
            let amount = share.saturating_mul(agreed.into());
            Self::pay_asset(id, &mut job, asset, amount, |pot| T::Royalties::pay(pot, id.0, asset, amount));
        }
        Self::pay_licences(id, &mut job);
        Self::pay_deposit(&mut job)?;
        Self::count_job(&job, &seats, agreed);
        for asset in job.task.assets() {
            CertificatesOfAsset::<T>::insert(asset, id.0.to_be_bytes(), ());
        }
        let taken = count(seats.len());
        Certificates::<T>::insert(id, Self::certificate_of(&job, taken, result, signers));
        Self::close(id, job, Outcome::Certified { result, agreed, seats: taken })?;
        Ok(T::WeightInfo::poke_settle(taken))
    }

    fn certificate_of(
        job: &JobOf<T>,
        seats: u32,
        result: JobResult,
        signers: WorkerList<AccountOf<T>>,
    ) -> CertificateOf<T> {
        let settled = frame_system::Pallet::<T>::block_number();
        Certificate {
            requester: job.payer.clone(),
            task: job.task.clone(),
            contents: job.contents.clone(),
            context: job.context,
            result,
            chosen: match job.assignment {
                Assignment::Drawn => Chosen::Drawn,
                Assignment::Named(_) => Chosen::Named,
            },
            applicants: job.applicants,
            seats,
            replicas: job.replicas,
            quorum: job.quorum,
            signers,
            price: job.price,
            run_blocks: job.run_blocks,
            settled,
            bond: job.bond,
            bonded_until: settled.saturating_add(job.terms.bonded_blocks),
            challenge: None,
            standing: Standing::Unchallenged,
        }
    }

    /// A quorum couldn't get the program or an input: no licence was of any use, and nobody is blamed but no-shows.
    fn end_unavailable(id: JobId, mut job: JobOf<T>, seats: SeatsOf<T>) -> Result<Weight, DispatchError> {
        let fee = job.gross(&JobResult::UNAVAILABLE);
        Self::settle_seats(id, &mut job, &seats, &Purse::Hold, |job, state| match state {
            SeatState::Revealed(JobResult::UNAVAILABLE) => Due::Pay(fee),
            SeatState::Revealed(_) => Due::Pay(Zero::zero()),
            _ => absent::<T>(job, state),
        })?;
        Self::close(id, job, Outcome::InputUnavailable)?;
        Ok(T::WeightInfo::poke_settle(count(seats.len())))
    }

    /// No quorum in the end. A fixed quarter for who revealed: a requester whose own worker dissents gets the answers,
    /// but not for nothing.
    pub(crate) fn end_failed(
        id: JobId,
        mut job: JobOf<T>,
        seats: SeatsOf<T>,
    ) -> Result<Weight, DispatchError> {
        let pay = FAILURE_PAY.mul_floor(job.seat_cost);
        Self::settle_seats(id, &mut job, &seats, &Purse::Hold, |job, state| match state {
            SeatState::Revealed(_) => Due::Pay(pay),
            _ => absent::<T>(job, state),
        })?;
        Self::pay_licences(id, &mut job);
        Self::count_job(&job, &seats, 0);
        Self::close(id, job, Outcome::Failed)?;
        Ok(T::WeightInfo::poke_settle(count(seats.len())))
    }

    /// Nobody was ever seated.
    pub(crate) fn end_undrawn(id: JobId, job: JobOf<T>) -> Result<Weight, DispatchError> {
        match job.purpose {
            Purpose::Certify => {
                Self::close(id, job, Outcome::Refunded)?;
            }
            Purpose::Challenge { certificate, .. } => {
                Self::close(id, job, Outcome::Unresolved)?;
                Self::end_challenge(certificate, Standing::Unresolved, Zero::zero());
            }
        }
        Ok(T::WeightInfo::poke_wait())
    }

    /// Adds a job to its program's figures.
    fn count_job(job: &JobOf<T>, seats: &SeatsOf<T>, agreed: u32) {
        let ran = |state: &SeatState| matches!(state, SeatState::Revealed(result) if result.exit != Exit::InputUnavailable);
        let revealed = count(seats.iter().filter(|seat| ran(&seat.state)).count());
        if revealed > 0 {
            Self::change_figures(job.contents.first().copied(), |figures| {
                figures.jobs = figures.jobs.saturating_add(1);
                figures.certificates = figures.certificates.saturating_add(agreed.min(1));
                figures.total = figures.total.saturating_add(revealed);
                figures.agreed = figures.agreed.saturating_add(agreed);
            });
        }
    }

    /// Changes the figures of a program.
    pub(crate) fn change_figures(
        program: Option<stoa_primitives::ContentId>,
        change: impl FnOnce(&mut Figures),
    ) {
        if let Some(program) = program {
            ProgramFigures::<T>::mutate(program, change);
        }
    }
}

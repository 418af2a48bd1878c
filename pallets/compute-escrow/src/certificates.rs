//! Challenges: a certificate's task is run again by others.

use crate::{
    AccountOf, BalanceOf, CertificateOf, Certificates, Config, Error, Event, JobOf, Pallet, SeatsOf,
    WeightInfo, Workers,
    money::Purse,
    settle::{Due, absent, favourite},
    submit::Draft,
    types::{
        Assignment, CHALLENGER_SHARE, Exit, FAILURE_PAY, JobId, JobResult, Outcome, Purpose, Royalties,
        SeatState, Standing, count,
    },
};
use polkadot_sdk::{
    frame_support::{ensure, weights::Weight},
    frame_system,
    sp_runtime::{
        DispatchError, DispatchResult,
        traits::{Saturating, Zero},
    },
};

impl<T: Config> Pallet<T> {
    fn certificate(id: JobId) -> Result<CertificateOf<T>, DispatchError> {
        Certificates::<T>::get(id).ok_or_else(|| Error::<T>::CertificateNotFound.into())
    }

    /// What a challenge of a certificate would run.
    pub(crate) fn rerun(challenger: AccountOf<T>, id: JobId) -> Result<Draft<T>, DispatchError> {
        let certificate = Self::certificate(id)?;
        ensure!(certificate.challenge.is_none(), Error::<T>::UnderChallenge);
        let fallen = matches!(certificate.standing, Standing::Fallen { .. });
        ensure!(!fallen, Error::<T>::AlreadyFallen);
        let now = frame_system::Pallet::<T>::block_number();
        let bonded = !certificate.bond.is_zero() && now <= certificate.bonded_until;
        let seats = certificate.replicas.saturating_mul(2).saturating_add(1);
        Ok(Draft {
            payer: challenger,
            purpose: Purpose::Challenge { certificate: id, bonded },
            task: certificate.task,
            context: certificate.context,
            seats: (seats, seats.saturating_mul(2).div_ceil(3), 0),
            bonded_seats: seats,
            assignment: Assignment::Drawn,
            price: certificate.price,
            royalties: Royalties::default(),
            run_blocks: certificate.run_blocks,
        })
    }

    pub(crate) fn do_challenge(
        challenger: AccountOf<T>,
        id: JobId,
        max_hold: BalanceOf<T>,
    ) -> DispatchResult {
        let draft = Self::rerun(challenger.clone(), id)?;
        let bonded = matches!(draft.purpose, Purpose::Challenge { bonded: true, .. });
        let (job, _) = Self::begin(draft, max_hold)?;
        Certificates::<T>::mutate_extant(id, |certificate| certificate.challenge = Some(job));
        Self::deposit_event(Event::Challenged { certificate: id, job, challenger, bonded });
        Ok(())
    }

    /// Settles a challenge. Two thirds of the seats on one other result overturn the certificate, more than half on its
    /// own confirm it, and everything else leaves it as it was.
    pub(crate) fn judge(
        id: JobId,
        mut job: JobOf<T>,
        seats: SeatsOf<T>,
        certificate: JobId,
        bonded: bool,
    ) -> Result<Weight, DispatchError> {
        let certified = Self::certificate(certificate)?.result;
        let taken = count(seats.len());
        let weight = T::WeightInfo::poke_judge(taken);
        let majority = |votes: u32| votes.saturating_mul(2) > taken;
        match favourite(&seats) {
            Some((result, votes))
                if result != certified && result.exit != Exit::InputUnavailable && votes >= job.quorum =>
            {
                Self::overturn(id, job, seats, certificate, bonded, result)?;
            }
            Some((result, votes)) if result == certified && majority(votes) => {
                let gross = job.gross(&result);
                Self::settle_rerun(id, &mut job, &seats, &Purse::Hold, result, gross)?;
                Self::pay_licences(id, &mut job);
                Self::close(id, job, Outcome::Upheld)?;
                Self::end_challenge(certificate, Standing::Upheld, Zero::zero());
            }
            Some((JobResult::UNAVAILABLE, votes)) if majority(votes) => {
                let fee = job.gross(&JobResult::UNAVAILABLE);
                Self::settle_unresolved(id, &mut job, &seats, fee, Zero::zero())?;
                Self::close(id, job, Outcome::Unresolved)?;
                Self::end_challenge(certificate, Standing::Unresolved, Zero::zero());
            }
            _ => {
                let pay = FAILURE_PAY.mul_floor(job.seat_cost);
                Self::settle_unresolved(id, &mut job, &seats, pay, pay)?;
                Self::pay_licences(id, &mut job);
                Self::close(id, job, Outcome::Unresolved)?;
                Self::end_challenge(certificate, Standing::Unresolved, Zero::zero());
            }
        }
        Ok(weight)
    }

    /// Pays those who agreed on a result; the others lose their bonds.
    fn settle_rerun(
        id: JobId,
        job: &mut JobOf<T>,
        seats: &SeatsOf<T>,
        purse: &Purse,
        result: JobResult,
        gross: BalanceOf<T>,
    ) -> DispatchResult {
        Self::settle_seats(id, job, seats, purse, |job, state| {
            if *state == SeatState::Revealed(result) { Due::Pay(gross) } else { absent::<T>(job, state) }
        })
        .map(drop)
    }

    /// Pays those who found the inputs unavailable, and those who revealed something else.
    fn settle_unresolved(
        id: JobId,
        job: &mut JobOf<T>,
        seats: &SeatsOf<T>,
        unavailable: BalanceOf<T>,
        other: BalanceOf<T>,
    ) -> DispatchResult {
        Self::settle_seats(id, job, seats, &Purse::Hold, |job, state| match state {
            SeatState::Revealed(JobResult::UNAVAILABLE) => Due::Pay(unavailable),
            SeatState::Revealed(_) => Due::Pay(other),
            _ => absent::<T>(job, state),
        })
        .map(drop)
    }

    /// The certificate falls. Its signers' bonds pay the re-run first, and the challenger gets half of what is left; once
    /// they are released, the challenger pays the re-run.
    fn overturn(
        id: JobId,
        mut job: JobOf<T>,
        seats: SeatsOf<T>,
        certificate: JobId,
        bonded: bool,
        result: JobResult,
    ) -> DispatchResult {
        let gross = job.gross(&result);
        let forfeited = if bonded { Self::convict(certificate)? } else { Zero::zero() };
        let purse = if bonded { Purse::Pot } else { Purse::Hold };
        Self::settle_rerun(id, &mut job, &seats, &purse, result, gross)?;
        let agreed = seats.iter().filter(|seat| seat.state == SeatState::Revealed(result)).count();
        let paid = gross.saturating_mul(count(agreed).into());
        let reward = CHALLENGER_SHARE.mul_floor(forfeited.saturating_sub(paid));
        Self::pay_from_pot(&job.payer, reward)?;
        Self::pay_licences(id, &mut job);
        let program = job.contents.first().copied();
        Self::change_figures(program, |figures| figures.fallen = figures.fallen.saturating_add(1));
        Self::close(id, job, Outcome::Overturned)?;
        Self::end_challenge(certificate, Standing::Fallen { challenge: id, result }, reward);
        Ok(())
    }

    /// Takes the bonds of a certificate's signers; returns how much that is.
    fn convict(id: JobId) -> Result<BalanceOf<T>, DispatchError> {
        let mut certificate = Self::certificate(id)?;
        let bond = core::mem::replace(&mut certificate.bond, Zero::zero());
        for signer in &certificate.signers {
            let mut worker = Self::engaged_worker(signer)?;
            Self::forfeit(id, signer, &mut worker, bond)?;
            Self::engage(signer, &mut worker, id, None);
            Workers::<T>::insert(signer, worker);
        }
        let forfeited = bond.saturating_mul(count(certificate.signers.len()).into());
        Certificates::<T>::insert(id, certificate);
        Ok(forfeited)
    }

    /// Writes down what became of a certificate.
    pub(crate) fn end_challenge(id: JobId, standing: Standing, reward: BalanceOf<T>) {
        Certificates::<T>::mutate_extant(id, |certificate| {
            certificate.challenge = None;
            certificate.standing = standing;
        });
        Self::deposit_event(Event::ChallengeEnded { certificate: id, standing, reward });
    }

    pub(crate) fn do_release_bonds(id: JobId) -> DispatchResult {
        let mut certificate = Self::certificate(id)?;
        ensure!(!certificate.bond.is_zero(), Error::<T>::BondsFree);
        let now = frame_system::Pallet::<T>::block_number();
        ensure!(now > certificate.bonded_until, Error::<T>::BondsLocked);
        let at_stake = certificate
            .challenge
            .and_then(crate::Jobs::<T>::get)
            .is_some_and(|job| matches!(job.purpose, Purpose::Challenge { bonded: true, .. }));
        ensure!(!at_stake, Error::<T>::UnderChallenge);
        certificate.bond = Zero::zero();
        for signer in &certificate.signers {
            let mut worker = Self::engaged_worker(signer)?;
            Self::engage(signer, &mut worker, id, None);
            Workers::<T>::insert(signer, worker);
        }
        Certificates::<T>::insert(id, certificate);
        Self::deposit_event(Event::BondsReleased { certificate: id });
        Ok(())
    }
}

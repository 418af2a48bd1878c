//! Everything that must hold, one named check for each concern.

use crate::{
    Applicants, BalanceOf, Certificates, CertificatesOfAsset, Config, Engagements, HoldReason, JobOf,
    JobSeats, Jobs, NextJobId, Pallet, Pot, RoyaltiesAsked, Workers,
    types::{Assignment, JobId, MAX_POKES, Phase, Purpose, Role, SeatState, Standing},
};
use alloc::collections::{BTreeMap, BTreeSet};
use codec::Encode;
use polkadot_sdk::{
    frame_support::{
        ensure,
        traits::{
            Get,
            fungible::{Inspect, InspectHold},
        },
    },
    frame_system,
    sp_runtime::{
        Saturating, TryRuntimeError,
        traits::{UniqueSaturatedInto, Zero},
    },
};
use stoa_primitives::registry::AssetId;

type Check = Result<(), TryRuntimeError>;

impl<T: Config> Pallet<T> {
    /// Every check, over the whole state.
    pub(crate) fn do_try_state() -> Check {
        Self::check_parameters()?;
        Self::check_jobs()?;
        Self::check_phases()?;
        Self::check_seats()?;
        Self::check_applicants()?;
        Self::check_engagements()?;
        Self::check_certificates()?;
        Self::check_asset_index()?;
        Self::check_holds()?;
        Self::check_pot()
    }

    /// What governance decided fits together.
    fn check_parameters() -> Check {
        let now = T::Parameters::get();
        let floor = T::Currency::minimum_balance().saturating_mul(2_u32.into());
        ensure!(now.min_seat_cost >= floor, "parameters: a forfeit could be too small to move");
        ensure!(now.base_fee <= now.min_seat_cost, "parameters: the base fee is more than a seat costs");
        let zero = Zero::zero();
        let blocks = [now.apply_blocks, now.reveal_blocks, now.min_run_blocks, now.bonded_blocks];
        ensure!(blocks.iter().all(|blocks| *blocks > zero), "parameters: a phase has no blocks");
        ensure!(now.min_run_blocks <= now.max_run_blocks, "parameters: no job can be run");
        Ok(())
    }

    /// Each job's number was given, its rules hold, and its hold is what it may still pay.
    fn check_jobs() -> Check {
        for (id, job) in Jobs::<T>::iter() {
            ensure!(id.0 < NextJobId::<T>::get(), "job: number not given yet");
            let majority = job.quorum.saturating_mul(2) > job.replicas;
            let room = job.quorum < job.replicas || job.replicas == 1;
            ensure!(majority && room, "job: bad quorum");
            ensure!(job.held == Self::may_pay(&job), "job: its hold isn't what it may pay");
            ensure!(
                job.bond >= job.seat_cost.saturating_mul(job.replicas.into()),
                "job: a bond is less than its cost"
            );
        }
        Ok(())
    }

    /// What a job may still pay.
    fn may_pay(job: &JobOf<T>) -> BalanceOf<T> {
        let seats = job.replicas.saturating_add(job.second);
        let fees = job.fees.iter().fold(BalanceOf::<T>::zero(), |sum, (_, fee)| sum.saturating_add(*fee));
        let pokes = MAX_POKES.saturating_sub(job.pokes);
        job.seat_cost
            .saturating_mul(seats.into())
            .saturating_add(fees)
            .saturating_add(job.deposit)
            .saturating_add(job.terms.poke_reward.saturating_mul(pokes.into()))
    }

    /// A job waits for what its seats haven't done yet.
    fn check_phases() -> Check {
        for (id, job) in Jobs::<T>::iter() {
            let round = job.round;
            ensure!(round == 1 || (round == 2 && job.second > 0), "phase: no such round");
            let seats = JobSeats::<T>::get(id);
            let mut current = seats.iter().filter(|seat| seat.round == round).map(|seat| seat.state);
            let right = match job.phase {
                Phase::Apply { .. } => current.next().is_none(),
                Phase::Commit { .. } => current.all(|state| !matches!(state, SeatState::Revealed(_))),
                Phase::Reveal { .. } => true,
            };
            ensure!(right, "phase: the seats are further");
            ensure!(
                job.awaiting.is_empty() || matches!(job.phase, Phase::Apply { .. }),
                "phase: drawn without consent"
            );
        }
        Ok(())
    }

    /// Each round that was drawn has its seats, each worker once, on the list if there's one.
    fn check_seats() -> Check {
        for (id, seats) in JobSeats::<T>::iter() {
            let job = Jobs::<T>::get(id).ok_or("seats: no such job")?;
            let workers: BTreeSet<_> = seats.iter().map(|seat| seat.worker.encode()).collect();
            ensure!(workers.len() == seats.len(), "seats: one worker has two");
            let drawn = if matches!(job.phase, Phase::Apply { .. }) { 0 } else { job.wanted() };
            let earlier = if job.round == 2 { job.replicas } else { 0 };
            let expected: usize = drawn.saturating_add(earlier).unique_saturated_into();
            ensure!(seats.len() == expected, "seats: wrong number");
            if let Assignment::Named(list) = &job.assignment {
                ensure!(seats.iter().all(|seat| list.contains(&seat.worker)), "seats: not on the list");
            }
            ensure!(seats.iter().all(|seat| seat.worker != job.payer), "seats: the payer has one");
        }
        Ok(())
    }

    /// The weights of applicants add up from their pledges.
    fn check_applicants() -> Check {
        for (id, candidates) in Applicants::<T>::iter() {
            let job = Jobs::<T>::get(id).ok_or("applicants: no such job")?;
            ensure!(matches!(job.phase, Phase::Apply { .. }), "applicants: drawn already");
            let mut sum = BalanceOf::<T>::zero();
            for candidate in candidates {
                let engagement = Engagements::<T>::get(&candidate.worker, id);
                let pledge = engagement
                    .filter(|found| found.role == Role::Applied { round: job.round })
                    .map(|found| found.locked)
                    .ok_or("applicants: one has no pledge")?;
                ensure!(pledge >= job.bond, "applicants: a pledge is less than the bond");
                sum = sum.saturating_add(pledge);
                ensure!(candidate.cumulative == sum, "applicants: wrong weight");
            }
        }
        Ok(())
    }

    /// What is locked of each stake is what its engagements add up to, and each of these is for something.
    fn check_engagements() -> Check {
        let mut sums: BTreeMap<_, BalanceOf<T>> = BTreeMap::new();
        for (account, id, engagement) in Engagements::<T>::iter() {
            let sum = sums.entry(account.encode()).or_insert_with(Zero::zero);
            *sum = sum.saturating_add(engagement.locked);
            let (job, certificate) = (Jobs::<T>::get(id), Certificates::<T>::get(id));
            let right = match engagement.role {
                Role::Applied { round } => {
                    Self::is_spent(id, round)
                        || Applicants::<T>::get(id).iter().any(|candidate| candidate.worker == account)
                }
                Role::Seated => {
                    let seated = JobSeats::<T>::get(id).iter().any(|seat| seat.worker == account);
                    seated && job.is_some_and(|job| job.bond == engagement.locked)
                }
                Role::Signed => certificate
                    .is_some_and(|found| found.bond == engagement.locked && found.signers.contains(&account)),
            };
            ensure!(right, "engagement: stake is locked for nothing");
        }
        for (account, worker) in Workers::<T>::iter() {
            let sum = sums.remove(&account.encode()).unwrap_or_else(Zero::zero);
            ensure!(worker.locked == sum, "engagement: locked stake isn't their sum");
            ensure!(worker.locked <= worker.stake, "engagement: more is locked than staked");
        }
        ensure!(sums.is_empty(), "engagement: its worker isn't there");
        for (id, seats) in JobSeats::<T>::iter() {
            let bonded =
                |account| Engagements::<T>::get(account, id).is_some_and(|found| found.role == Role::Seated);
            ensure!(seats.iter().all(|seat| bonded(&seat.worker)), "engagement: a seat has no bond");
        }
        Ok(())
    }

    /// Certificates have distinct signers, bonded for as long as there's a bond, and know their challenges.
    fn check_certificates() -> Check {
        for (id, found) in Certificates::<T>::iter() {
            ensure!(id.0 < NextJobId::<T>::get(), "certificate: number not given yet");
            ensure!(!Jobs::<T>::contains_key(id), "certificate: its job hasn't ended");
            let signers: BTreeSet<_> = found.signers.iter().map(Encode::encode).collect();
            ensure!(signers.len() == found.signers.len(), "certificate: signed twice by one");
            let quorum: usize = found.quorum.unique_saturated_into();
            ensure!(signers.len() >= quorum, "certificate: signed by too few");
            let bonded = |account| Engagements::<T>::get(account, id).is_some();
            let right = found.signers.iter().all(|signer| bonded(signer) != found.bond.is_zero());
            ensure!(right, "certificate: its bond isn't locked");
            let fallen = matches!(found.standing, Standing::Fallen { .. });
            ensure!(!(fallen && found.challenge.is_some()), "certificate: challenged although it fell");
            if let Some(challenge) = found.challenge {
                let purpose = Jobs::<T>::get(challenge).map(|job| job.purpose);
                let right =
                    matches!(purpose, Some(Purpose::Challenge { certificate, .. }) if certificate == id);
                ensure!(right, "certificate: no such challenge");
            }
        }
        for (id, job) in Jobs::<T>::iter() {
            if let Purpose::Challenge { certificate, .. } = job.purpose {
                let known = Certificates::<T>::get(certificate).and_then(|found| found.challenge);
                ensure!(known == Some(id), "certificate: doesn't know its challenge");
            }
        }
        Ok(())
    }

    /// Each certificate is listed by the assets that it used, and by no other.
    fn check_asset_index() -> Check {
        let mut used: BTreeSet<(AssetId, JobId)> = BTreeSet::new();
        for (id, found) in Certificates::<T>::iter() {
            used.extend(found.task.assets().map(|asset| (asset, id)));
        }
        let listed: BTreeSet<_> = CertificatesOfAsset::<T>::iter_keys()
            .map(|(asset, number)| (asset, JobId(u64::from_be_bytes(number))))
            .collect();
        ensure!(used == listed, "index: an asset's certificates aren't those that used it");
        Ok(())
    }

    /// What is held on each account for each reason is what the records add up to.
    fn check_holds() -> Check {
        let stakes = Workers::<T>::iter().map(|(who, worker)| (HoldReason::Stake, who, worker.stake));
        let jobs = Jobs::<T>::iter_values().map(|job| (HoldReason::Job, job.payer, job.held));
        let terms = RoyaltiesAsked::<T>::iter_values()
            .map(|terms| (HoldReason::Royalty, terms.depositor, terms.deposit));
        let mut sums: BTreeMap<_, BalanceOf<T>> = BTreeMap::new();
        for (reason, account, amount) in stakes.chain(jobs).chain(terms) {
            let sum = sums.entry((reason.encode(), account.encode())).or_insert_with(Zero::zero);
            *sum = sum.saturating_add(amount);
        }
        for account in frame_system::Account::<T>::iter_keys() {
            for reason in [HoldReason::Stake, HoldReason::Job, HoldReason::Royalty] {
                let sum = sums.remove(&(reason.encode(), account.encode())).unwrap_or_else(Zero::zero);
                let held = T::Currency::balance_on_hold(&reason.into(), &account);
                ensure!(held == sum, "hold: what is held isn't what the records add up to");
            }
        }
        ensure!(sums.is_empty(), "hold: a record of an account that isn't there");
        Ok(())
    }

    /// The pot's account has what the pot counts.
    fn check_pot() -> Check {
        let has = T::Currency::balance(&Self::pot_account());
        ensure!(has >= Pot::<T>::get(), "pot: its account has less");
        Ok(())
    }
}

//! Reads for clients. They run off the chain, but bounded all the same: a node answers them for strangers.

use crate::{
    AccountOf, Applicants, BalanceOf, CertificateInfoOf, CertificateOf, Certificates, CertificatesOfAsset,
    Config, Engagements, JobInfoOf, JobOf, JobSeats, Jobs, Pallet, ProgramFigures, Workers,
    runtime_api::{MAX_PAGE, MAX_WALK},
    types::{
        Action, Assignment, CertificateInfo, Engagement, Figures, JobId, JobInfo, Page, Phase, Purpose,
        Quote, Role, SeatState, WorkerInfo, count,
    },
};
use alloc::vec::Vec;
use polkadot_sdk::{
    frame_system::{self, pallet_prelude::BlockNumberFor},
    sp_runtime::{
        DispatchError,
        traits::{Saturating, UniqueSaturatedInto},
    },
};
use stoa_primitives::{ContentId, registry::AssetId};

/// How many entries a page has.
fn page(limit: u32) -> usize {
    limit.min(MAX_PAGE).unique_saturated_into()
}

fn walk() -> usize {
    MAX_WALK.unique_saturated_into()
}

impl<T: Config> Pallet<T> {
    /// What a worker offers and has at stake.
    pub fn worker_info(account: &AccountOf<T>) -> Option<WorkerInfo<AccountOf<T>, BalanceOf<T>>> {
        Workers::<T>::get(account).map(|worker| WorkerInfo { account: account.clone(), worker })
    }

    /// The workers, in no particular order.
    pub fn workers(after: Option<AccountOf<T>>, limit: u32) -> Vec<WorkerInfo<AccountOf<T>, BalanceOf<T>>> {
        let found = match after {
            Some(last) => Workers::<T>::iter_from(Workers::<T>::hashed_key_for(last)),
            None => Workers::<T>::iter(),
        };
        found.take(page(limit)).map(|(account, worker)| WorkerInfo { account, worker }).collect()
    }

    fn info(id: JobId, job: JobOf<T>) -> JobInfoOf<T> {
        let seats = JobSeats::<T>::get(id);
        let candidates = count(Applicants::<T>::decode_len(id).unwrap_or_default());
        let (worker_price, due) = (job.net(job.price), Self::is_due(&job, &seats));
        JobInfo { id, job, seats: seats.into_inner(), candidates, worker_price, due }
    }

    /// A job that hasn't ended.
    pub fn job_info(id: JobId) -> Option<JobInfoOf<T>> {
        Jobs::<T>::get(id).map(|job| Self::info(id, job))
    }

    /// The jobs that `wanted` picks, in no particular order.
    fn jobs_where(
        after: Option<JobId>,
        limit: u32,
        wanted: impl Fn(JobId, &JobOf<T>) -> bool,
    ) -> Page<JobInfoOf<T>> {
        let mut found = match after {
            Some(last) => Jobs::<T>::iter_from(Jobs::<T>::hashed_key_for(last)),
            None => Jobs::<T>::iter(),
        };
        let mut entries = Vec::new();
        let mut last = None;
        for (id, job) in found.by_ref().take(walk()) {
            last = Some(id);
            if wanted(id, &job) {
                entries.push(Self::info(id, job));
            }
            if entries.len() >= page(limit) {
                break;
            }
        }
        let more = found.next().is_some();
        Page { entries, next: last.filter(|_| more) }
    }

    /// All jobs that haven't ended.
    pub fn jobs(after: Option<JobId>, limit: u32) -> Page<JobInfoOf<T>> {
        Self::jobs_where(after, limit, |_, _| true)
    }

    /// The jobs that a worker could apply for.
    pub fn open_jobs(account: &AccountOf<T>, after: Option<JobId>, limit: u32) -> Page<JobInfoOf<T>> {
        let Some(worker) = Workers::<T>::get(account) else {
            return Page { entries: Vec::new(), next: None };
        };
        let now = frame_system::Pallet::<T>::block_number();
        Self::jobs_where(after, limit, |id, job| {
            let open = matches!(job.phase, Phase::Apply { until, .. } if now <= until);
            let named = match &job.assignment {
                Assignment::Drawn => true,
                Assignment::Named(list) => list.contains(account),
            };
            let fits = job.task.limits.fit(&worker.limits)
                && worker.engines.contains(&job.task.engine)
                && worker.price <= job.net(job.price);
            let fresh = match Engagements::<T>::get(account, id) {
                None => true,
                Some(Engagement { role: Role::Applied { round }, .. }) => round != job.round,
                Some(_) => false,
            };
            let signed = match job.purpose {
                Purpose::Certify => false,
                Purpose::Challenge { certificate, .. } => {
                    Certificates::<T>::get(certificate).is_some_and(|found| found.signers.contains(account))
                }
            };
            open && named && fits && fresh && !signed && job.payer != *account
        })
    }

    /// What a worker has to do, job by job, in no particular order.
    pub fn duties(
        account: &AccountOf<T>,
        after: Option<JobId>,
        limit: u32,
    ) -> Vec<(JobId, Action<BlockNumberFor<T>>)> {
        let found = match after {
            Some(last) => {
                Engagements::<T>::iter_prefix_from(account, Engagements::<T>::hashed_key_for(account, last))
            }
            None => Engagements::<T>::iter_prefix(account),
        };
        found
            .take(page(limit))
            .map(|(id, engagement)| (id, Self::action(account, id, engagement.role)))
            .collect()
    }

    fn action(account: &AccountOf<T>, id: JobId, role: Role) -> Action<BlockNumberFor<T>> {
        let now = frame_system::Pallet::<T>::block_number();
        let job = Jobs::<T>::get(id);
        if role == Role::Signed {
            let certificate: Option<CertificateOf<T>> = Certificates::<T>::get(id);
            let free = certificate.is_some_and(|found| now > found.bonded_until && found.challenge.is_none());
            return if free { Action::ReleaseBonds } else { Action::Wait };
        }
        if let Role::Applied { round } = role
            && Self::is_spent(id, round)
        {
            return Action::Release;
        }
        let Some(job) = job else { return Action::Wait };
        let seats = JobSeats::<T>::get(id);
        let state = seats
            .iter()
            .find(|seat| seat.worker == *account && seat.round == job.round)
            .map(|seat| seat.state);
        match (job.phase, state) {
            (Phase::Commit { until }, Some(SeatState::Seated)) if now <= until => Action::Commit { until },
            (Phase::Commit { until }, Some(SeatState::Committed(_))) if now > until => {
                Action::Reveal { until: until.saturating_add(job.terms.reveal_blocks) }
            }
            (Phase::Reveal { until }, Some(SeatState::Committed(_))) if now <= until => {
                Action::Reveal { until }
            }
            _ if Self::is_due(&job, &seats) => Action::Poke,
            _ => Action::Wait,
        }
    }

    /// Whether a worker may read an asset for a job: it has a seat, and results are awaited.
    pub fn may_read(account: &AccountOf<T>, id: JobId, asset: AssetId) -> bool {
        let seated = Engagements::<T>::get(account, id).is_some_and(|found| found.role == Role::Seated);
        seated
            && Jobs::<T>::get(id).is_some_and(|job| {
                job.uses(asset)
                    && !matches!(job.phase, Phase::Apply { .. })
                    && JobSeats::<T>::get(id)
                        .iter()
                        .any(|seat| seat.worker == *account && seat.round == job.round)
            })
    }

    /// A certificate.
    pub fn certificate_info(id: JobId) -> Option<CertificateInfoOf<T>> {
        Certificates::<T>::get(id).map(|certificate| CertificateInfo { id, certificate })
    }

    /// The certificates that used an asset, oldest first.
    pub fn certificates_of(asset: AssetId, after: Option<JobId>, limit: u32) -> Vec<CertificateInfoOf<T>> {
        let found = match after {
            Some(last) => CertificatesOfAsset::<T>::iter_key_prefix_from(
                asset,
                CertificatesOfAsset::<T>::hashed_key_for(asset, last.0.to_be_bytes()),
            ),
            None => CertificatesOfAsset::<T>::iter_key_prefix(asset),
        };
        found
            .take(page(limit))
            .filter_map(|number| Self::certificate_info(JobId(u64::from_be_bytes(number))))
            .collect()
    }

    /// How the jobs of a program ended.
    pub fn figures(program: ContentId) -> Figures {
        ProgramFigures::<T>::get(program)
    }

    /// What a challenge would hold.
    pub fn quote_challenge(
        challenger: AccountOf<T>,
        certificate: JobId,
    ) -> Result<Quote<BalanceOf<T>>, DispatchError> {
        Self::prepare(Self::rerun(challenger, certificate)?).map(|(_, quote)| quote)
    }
}

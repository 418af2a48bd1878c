//! What a job may run on, what it costs, and how it begins.

use crate::{
    AccountOf, BalanceOf, Config, Error, Event, HoldReason, JobOf, JobRequestOf, Jobs, NextJobId, Pallet,
    RoyaltiesAsked,
    traits::{Licences, Registry},
    types::{
        Assets, Assignment, Contents, Context, Fees, Job, JobId, JobRequest, MAX_POKES, MAX_REPLICAS,
        MAX_ROYALTY, Phase, Purpose, Quote, Royalties, Royalty, RoyaltyTerms, Source, Task, Terms,
        certificate_size, count, fuel_cost,
    },
};
use codec::MaxEncodedLen;
use polkadot_sdk::{
    frame_support::{
        ensure,
        traits::{DefensiveOption, Footprint, Get, fungible::MutateHold, tokens::Precision},
    },
    frame_system::{self, pallet_prelude::BlockNumberFor},
    sp_runtime::{
        DispatchError, DispatchResult, Permill,
        traits::{CheckedAdd, CheckedMul, Convert, Saturating, UniqueSaturatedInto, Zero},
    },
};
use stoa_primitives::registry::{AssetId, AssetKind, Visibility};

/// What the neighbours say of a task.
pub(crate) struct Examined<Balance> {
    contents: Contents,
    fees: Fees<Balance>,
    gated: Assets,
}

/// A job that could begin.
pub(crate) struct Draft<T: Config> {
    pub(crate) payer: AccountOf<T>,
    pub(crate) purpose: Purpose,
    pub(crate) task: Task,
    pub(crate) context: Context<BlockNumberFor<T>>,
    /// Seats of the first round, equal results that settle it, and seats of the second.
    pub(crate) seats: (u32, u32, u32),
    /// The seats whose cost each one bonds.
    pub(crate) bonded_seats: u32,
    pub(crate) assignment: Assignment<AccountOf<T>>,
    pub(crate) price: BalanceOf<T>,
    pub(crate) royalties: Royalties,
    pub(crate) run_blocks: BlockNumberFor<T>,
}

impl<T: Config> Pallet<T> {
    /// What a task runs on, and what its gated assets cost. An asset's own admins need neither licence nor leave.
    fn examine(task: &Task, payer: &AccountOf<T>) -> Result<Examined<BalanceOf<T>>, DispatchError> {
        let mut contents = Contents::default();
        let mut fees = Fees::default();
        let mut gated = Assets::default();
        for (place, source) in task.sources().enumerate() {
            let is_program = place == 0;
            let program = contents.first().copied();
            let content = match source {
                Source::Content(content) => content,
                Source::Revision { asset, commit } => {
                    let facts = T::Registry::revision(asset, commit).ok_or(Error::<T>::SourceNotFound)?;
                    ensure!(!is_program || facts.kind == AssetKind::Program, Error::<T>::NotAProgram);
                    ensure!(facts.visibility != Visibility::Private, Error::<T>::Encrypted);
                    if facts.visibility == Visibility::Gated && !T::Registry::is_admin(asset, payer) {
                        let allowed =
                            is_program || program.is_some_and(|program| T::Licences::allows(asset, program));
                        ensure!(allowed, Error::<T>::ProgramNotAllowed);
                        let fee = T::Licences::job_fee(payer, asset, commit, program);
                        let fee = fee.ok_or(Error::<T>::NoJobLicence)?;
                        if !gated.contains(&asset) {
                            gated.try_push(asset).map_err(|_| Error::<T>::Overflow)?;
                            fees.try_push((asset, fee)).map_err(|_| Error::<T>::Overflow)?;
                        }
                    }
                    facts.content
                }
            };
            contents.try_push(content).map_err(|_| Error::<T>::Overflow)?;
        }
        Ok(Examined { contents, fees, gated })
    }

    /// What the assets of a task take of its price, each once.
    fn royalties_asked(task: &Task) -> Result<Royalties, DispatchError> {
        let mut royalties = Royalties::default();
        let mut sum = Permill::zero();
        for asset in task.assets() {
            let Some(terms) = RoyaltiesAsked::<T>::get(asset) else { continue };
            if royalties.iter().all(|royalty| royalty.asset != asset) {
                let share = terms.share;
                royalties.try_push(Royalty { asset, share }).map_err(|_| Error::<T>::Overflow)?;
                sum = sum.saturating_add(share);
            }
        }
        ensure!(sum <= MAX_ROYALTY, Error::<T>::RoyaltyTooHigh);
        Ok(royalties)
    }

    /// The price of the certificate that a task would leave: its row, one per asset, and its program's figures.
    fn certificate_price(task: &Task) -> BalanceOf<T> {
        let index = AssetId::max_encoded_len().saturating_add(JobId::max_encoded_len()).saturating_add(48);
        let index: u64 = index.unique_saturated_into();
        let rows = u64::from(count(task.assets().count())).saturating_add(1);
        let size = certificate_size::<AccountOf<T>, BalanceOf<T>, BlockNumberFor<T>>(task)
            .saturating_add(rows.saturating_mul(index.saturating_add(64)));
        T::DepositPrice::convert(Footprint { count: rows.saturating_add(1), size })
    }

    /// What the requester asks for, as a job that could begin.
    fn draft(payer: AccountOf<T>, request: JobRequestOf<T>) -> Result<Draft<T>, DispatchError> {
        let JobRequest { task, replicas, quorum, assignment, price, run_blocks } = request;
        let parameters = T::Parameters::get();
        let majority = quorum.saturating_mul(2) > replicas;
        let single = replicas == 1 && quorum == 1;
        let good = majority && (quorum < replicas || single) && replicas <= MAX_REPLICAS;
        ensure!(good, Error::<T>::BadQuorum);
        ensure!(task.limits.are_good(), Error::<T>::BadLimits);
        let range = parameters.min_run_blocks..=parameters.max_run_blocks;
        ensure!(range.contains(&run_blocks), Error::<T>::BadRunTime);
        let wider = replicas.saturating_add(1);
        let second = match &assignment {
            Assignment::Drawn => wider,
            Assignment::Named(list) => {
                let mut sorted: alloc::vec::Vec<_> = list.iter().collect();
                sorted.sort_unstable();
                sorted.dedup();
                ensure!(sorted.len() == list.len(), Error::<T>::BadNamedList);
                let spare = count(list.len()).checked_sub(replicas).ok_or(Error::<T>::BadNamedList)?;
                spare.min(wider)
            }
        };
        let block = frame_system::Pallet::<T>::block_number();
        Ok(Draft {
            payer,
            purpose: Purpose::Certify,
            royalties: Self::royalties_asked(&task)?,
            task,
            // The job's own number is put in when it gets one.
            context: Context { job: JobId(NextJobId::<T>::get()), block },
            seats: (replicas, quorum, second),
            bonded_seats: replicas.saturating_add(wider),
            assignment,
            price,
            run_blocks,
        })
    }

    /// The job of a draft, with nothing held yet, and what it would hold.
    pub(crate) fn prepare(draft: Draft<T>) -> Result<(JobOf<T>, Quote<BalanceOf<T>>), DispatchError> {
        let Examined { contents, fees, gated } = Self::examine(&draft.task, &draft.payer)?;
        let parameters = T::Parameters::get();
        let (replicas, quorum, second) = draft.seats;
        let seat_cost = fuel_cost(draft.task.limits.fuel, draft.price).ok_or(Error::<T>::Overflow)?;
        // A certificate stays open to challenges when the least is raised later.
        let enough = draft.purpose != Purpose::Certify || seat_cost >= parameters.min_seat_cost;
        ensure!(enough, Error::<T>::CostTooLow);
        let times = |seats: u32| seat_cost.checked_mul(&seats.into()).ok_or(Error::<T>::Overflow);
        let compute = times(replicas.saturating_add(second))?;
        let bond = times(draft.bonded_seats)?;
        let fee_sum = fees
            .iter()
            .try_fold(BalanceOf::<T>::zero(), |sum, (_, fee)| sum.checked_add(fee))
            .ok_or(Error::<T>::Overflow)?;
        let deposit = match draft.purpose {
            Purpose::Certify => Self::certificate_price(&draft.task),
            Purpose::Challenge { .. } => Zero::zero(),
        };
        let pokes = parameters.poke_reward.checked_mul(&MAX_POKES.into()).ok_or(Error::<T>::Overflow)?;
        let total = [fee_sum, deposit, pokes]
            .iter()
            .try_fold(compute, |sum, part| sum.checked_add(part))
            .ok_or(Error::<T>::Overflow)?;
        let awaiting = match draft.assignment {
            Assignment::Drawn => Assets::default(),
            Assignment::Named(_) => gated,
        };
        let now = frame_system::Pallet::<T>::block_number();
        let job = Job {
            payer: draft.payer,
            purpose: draft.purpose,
            task: draft.task,
            contents,
            context: draft.context,
            replicas,
            quorum,
            second,
            assignment: draft.assignment,
            price: draft.price,
            seat_cost,
            bond,
            royalties: draft.royalties,
            fees,
            awaiting,
            run_blocks: draft.run_blocks,
            terms: Terms {
                apply_blocks: parameters.apply_blocks,
                reveal_blocks: parameters.reveal_blocks,
                bonded_blocks: parameters.bonded_blocks,
                base_fee: parameters.base_fee,
                poke_reward: parameters.poke_reward,
            },
            deposit,
            held: Zero::zero(),
            pokes: 0,
            applicants: 0,
            round: 1,
            phase: Phase::Apply { until: now.saturating_add(parameters.apply_blocks), extended: false },
        };
        let worker_price = job.net(job.price);
        let quote = Quote { seat_cost, bond, compute, fees: fee_sum, deposit, pokes, total, worker_price };
        Ok((job, quote))
    }

    /// Begins a job: holds its cost and opens the applications.
    pub(crate) fn begin(
        draft: Draft<T>,
        max_hold: BalanceOf<T>,
    ) -> Result<(JobId, BalanceOf<T>), DispatchError> {
        let (mut job, quote) = Self::prepare(draft)?;
        ensure!(quote.total <= max_hold, Error::<T>::HoldTooHigh);
        T::Currency::hold(&HoldReason::Job.into(), &job.payer, quote.total)?;
        job.held = quote.total;
        Self::begin_licences(&job)?;
        let number = NextJobId::<T>::get();
        NextJobId::<T>::put(number.checked_add(1).ok_or(Error::<T>::Overflow)?);
        Jobs::<T>::insert(JobId(number), job);
        Ok((JobId(number), quote.total))
    }

    /// Takes what the job uses off what its gated assets sell. Each stands where [`Self::examine`] came to it first.
    fn begin_licences(job: &JobOf<T>) -> DispatchResult {
        for (asset, fee) in &job.fees {
            let first = job.task.sources().enumerate().find_map(|(place, source)| match source {
                Source::Revision { asset: of, commit } if of == *asset => Some((place, commit)),
                Source::Revision { .. } | Source::Content(_) => None,
            });
            let (place, commit) = first.defensive_ok_or(Error::<T>::SourceNotFound)?;
            let program = if place == 0 { None } else { job.contents.first().copied() };
            T::Licences::begin_job(&job.payer, *asset, commit, program, *fee)?;
        }
        Ok(())
    }

    pub(crate) fn do_submit_job(
        requester: AccountOf<T>,
        request: JobRequestOf<T>,
        max_hold: BalanceOf<T>,
    ) -> DispatchResult {
        let (job, held) = Self::begin(Self::draft(requester.clone(), request)?, max_hold)?;
        Self::deposit_event(Event::JobSubmitted { job, requester, held });
        Ok(())
    }

    /// What a job would hold.
    pub fn quote(
        requester: AccountOf<T>,
        request: JobRequestOf<T>,
    ) -> Result<Quote<BalanceOf<T>>, DispatchError> {
        Self::prepare(Self::draft(requester, request)?).map(|(_, quote)| quote)
    }

    pub(crate) fn do_consent(who: AccountOf<T>, id: JobId, asset: AssetId) -> DispatchResult {
        let mut job = Jobs::<T>::get(id).ok_or(Error::<T>::JobNotFound)?;
        let place =
            job.awaiting.iter().position(|awaited| *awaited == asset).ok_or(Error::<T>::NotAwaited)?;
        ensure!(T::Registry::is_admin(asset, &who), Error::<T>::NotPermitted);
        job.awaiting.remove(place);
        Jobs::<T>::insert(id, job);
        Self::deposit_event(Event::Consented { job: id, asset });
        Ok(())
    }

    pub(crate) fn do_set_royalty(
        who: AccountOf<T>,
        asset: AssetId,
        share: Option<Permill>,
    ) -> DispatchResult {
        ensure!(T::Registry::is_admin(asset, &who), Error::<T>::NotPermitted);
        let before = RoyaltiesAsked::<T>::take(asset);
        if let Some(terms) = &before {
            let reason = HoldReason::Royalty.into();
            T::Currency::release(&reason, &terms.depositor, terms.deposit, Precision::Exact)?;
        }
        if let Some(share) = share {
            ensure!(share <= MAX_ROYALTY, Error::<T>::RoyaltyTooHigh);
            let row = AssetId::max_encoded_len()
                .saturating_add(RoyaltyTerms::<AccountOf<T>, BalanceOf<T>>::max_encoded_len())
                .saturating_add(48);
            let deposit = T::DepositPrice::convert(Footprint { count: 1, size: row.unique_saturated_into() });
            T::Currency::hold(&HoldReason::Royalty.into(), &who, deposit)?;
            RoyaltiesAsked::<T>::insert(asset, RoyaltyTerms { share, depositor: who, deposit });
        } else {
            ensure!(before.is_some(), Error::<T>::RoyaltyNotFound);
        }
        Self::deposit_event(Event::RoyaltySet { asset, share });
        Ok(())
    }
}

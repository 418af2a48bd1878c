//! What compute jobs may use, and for how much.

use crate::{
    Config, Error, Event, HoldReason, JobListings, ListingOf, Listings, Pallet, Programs,
    traits::{Grants as _, Registry, Royalties},
    types::{Balance, DepositFor, ListingId, Paid},
};
use polkadot_sdk::{
    frame_support::ensure,
    sp_runtime::{DispatchError, DispatchResult},
};
use stoa_primitives::{
    ContentId,
    registry::{AssetId, CommitId, Visibility},
};

impl<T: Config> Pallet<T> {
    /// Whether jobs may run a program on an asset: on a public one any, on others what an admin allowed.
    pub fn is_program_allowed(asset: AssetId, program: ContentId) -> bool {
        T::Registry::visibility(asset) == Some(Visibility::Public)
            || Programs::<T>::contains_key(asset, program)
    }

    /// What a job of the payer's must set aside to use a revision: nothing when it is public or the payer may read it
    /// anyway. `program`: what runs on it; `None` where the revision is itself the job's program. Fails when the job
    /// can't use it.
    pub fn job_fee(
        payer: &T::AccountId,
        asset: AssetId,
        revision: CommitId,
        program: Option<ContentId>,
    ) -> Result<Balance, DispatchError> {
        let listing = Self::job_listing(payer, asset, revision, program)?;
        let Some((_, mut listing)) = listing else { return Ok(0) };
        Self::take_one(&mut listing)?;
        Ok(listing.offer.price)
    }

    /// Begins a job: takes one off the supply, which counts the jobs that began, and says what to set aside. The caller
    /// pays it into the asset's royalties when the job has used the revision.
    pub fn begin_job(
        payer: &T::AccountId,
        asset: AssetId,
        revision: CommitId,
        program: Option<ContentId>,
        max_fee: Balance,
    ) -> Result<Balance, DispatchError> {
        let listing = Self::job_listing(payer, asset, revision, program)?;
        let Some((id, mut listing)) = listing else { return Ok(0) };
        T::Royalties::ensure_payable(asset)?;
        Self::take_one(&mut listing)?;
        let fee = listing.offer.price;
        ensure!(fee <= max_fee, Error::<T>::PriceAboveGuard);
        Listings::<T>::insert(id, listing);
        Ok(fee)
    }

    /// The listing that a job is charged by; `None` when it needs none.
    fn job_listing(
        payer: &T::AccountId,
        asset: AssetId,
        revision: CommitId,
        program: Option<ContentId>,
    ) -> Result<Option<(ListingId, ListingOf<T>)>, Error<T>> {
        let visibility = T::Registry::visibility(asset).ok_or(Error::<T>::AssetNotFound)?;
        ensure!(T::Registry::has_revision(asset, revision), Error::<T>::RevisionNotFound);
        ensure!(!T::Registry::is_taken_down(asset), Error::<T>::TakenDown);
        match visibility {
            Visibility::Public => return Ok(None),
            Visibility::Gated => {}
            Visibility::Private => return Err(Error::<T>::Encrypted),
        }
        // Readers too: the workers see the data as well.
        let allowed = program.is_none_or(|program| Programs::<T>::contains_key(asset, program));
        ensure!(allowed, Error::<T>::ProgramNotAllowed);
        if Self::can_read(payer, asset, revision) {
            return Ok(None);
        }
        let id = JobListings::<T>::get(asset).ok_or(Error::<T>::NoJobListing)?;
        let listing = Listings::<T>::get(id).ok_or(Error::<T>::NoJobListing)?;
        Ok(Some((id, listing)))
    }

    pub(crate) fn do_allow_program(
        caller: T::AccountId,
        asset: AssetId,
        program: ContentId,
    ) -> DispatchResult {
        Self::ensure_admin(&caller, asset)?;
        ensure!(!Programs::<T>::contains_key(asset, program), Error::<T>::ProgramListed);

        let deposit = Self::hold_deposit(HoldReason::Program, &caller, DepositFor::Program)?;
        Programs::<T>::insert(asset, program, Paid { value: (), depositor: caller, deposit });
        Self::deposit_event(Event::ProgramAllowed { asset, program });
        Ok(())
    }

    pub(crate) fn do_disallow_program(
        caller: T::AccountId,
        asset: AssetId,
        program: ContentId,
    ) -> DispatchResult {
        ensure!(T::Registry::is_admin(asset, &caller), Error::<T>::NotAdmin);
        let found = Programs::<T>::take(asset, program).ok_or(Error::<T>::ProgramNotAllowed)?;
        Self::release(HoldReason::Program, &found.depositor, found.deposit)?;
        Self::deposit_event(Event::ProgramDisallowed { asset, program });
        Ok(())
    }
}

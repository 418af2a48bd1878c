//! Everything that must hold, one named check for each concern.

use crate::{
    Commitments, Config, DeliveriesOf, Grants, HoldReason, JobListings, Licences, LicencesOf, Listings,
    ListingsOf, NextLicence, NextListing, Pallet, Programs,
    listings::ordinal,
    types::{Balance, Money, Terms},
};
use alloc::collections::BTreeMap;
use codec::Encode;
use polkadot_sdk::{
    frame_support::{ensure, traits::fungible::InspectHold},
    frame_system,
    sp_runtime::TryRuntimeError,
};

type Check = Result<(), TryRuntimeError>;

/// Every reason to hold.
const REASONS: [HoldReason; 5] =
    [HoldReason::Sale, HoldReason::Listing, HoldReason::Licence, HoldReason::Commitment, HoldReason::Program];

impl<T: Config> Pallet<T> {
    /// Every check, over the whole state.
    pub(crate) fn do_try_state() -> Check {
        Self::check_listings()?;
        Self::check_job_listings()?;
        Self::check_licences()?;
        Self::check_grants()?;
        Self::check_deliveries()?;
        Self::check_held()
    }

    /// Each listing is in its asset's list, has a price, and commits to a key when it sells one.
    fn check_listings() -> Check {
        for (id, found) in Listings::<T>::iter() {
            ensure!(id.0 < NextListing::<T>::get(), "listing: number not given yet");
            ensure!(
                ListingsOf::<T>::contains_key(found.asset, ordinal(id.0)),
                "listing: not in its asset's list"
            );
            ensure!(found.offer.price > 0, "listing: without a price");
            let committed = found
                .offer
                .revision
                .is_some_and(|revision| Commitments::<T>::contains_key(found.asset, revision));
            ensure!(!found.offer.sealed || committed, "listing: sells a key that isn't committed");
        }
        ensure!(
            ListingsOf::<T>::iter_keys().count() == Listings::<T>::iter_keys().count(),
            "listing: an asset's list has one too many"
        );
        Ok(())
    }

    /// Each listing per job is its asset's only one.
    fn check_job_listings() -> Check {
        let mut listings = 0_usize;
        for (id, found) in Listings::<T>::iter().filter(|(_, found)| found.offer.terms == Terms::PerJob) {
            listings = listings.saturating_add(1);
            ensure!(JobListings::<T>::get(found.asset) == Some(id), "job listing: not the asset's");
        }
        ensure!(JobListings::<T>::iter_keys().count() == listings, "job listing: one too many");
        Ok(())
    }

    /// Each licence has what the state of its money needs.
    fn check_licences() -> Check {
        for (id, found) in Licences::<T>::iter() {
            ensure!(id.0 < NextLicence::<T>::get(), "licence: number not given yet");
            ensure!(
                found.listing.is_some() == (found.price > 0),
                "licence: sold for nothing, or granted for a price"
            );
            let delivered = found.key.map(|key| key.sealed.is_some());
            let fits = match found.money {
                Money::AwaitsKey(_) => delivered == Some(false),
                Money::Disputable(_) => delivered == Some(true),
                Money::Refundable(_) => delivered.is_none(),
                Money::Settled => delivered != Some(false),
            };
            ensure!(fits, "licence: its money and its key don't fit");
            ensure!(found.key.is_none() || found.revision.is_some(), "licence: a key of no revision");
        }
        Ok(())
    }

    /// Each licence is in its holder's two lists, and nothing else is.
    fn check_grants() -> Check {
        for (id, found) in Licences::<T>::iter() {
            ensure!(
                Grants::<T>::get(found.asset, &found.holder).contains(&id),
                "grant: a licence isn't among its holder's"
            );
            ensure!(
                LicencesOf::<T>::contains_key(&found.holder, ordinal(id.0)),
                "grant: not in its holder's list"
            );
        }
        let licences = Licences::<T>::iter_keys().count();
        let granted = Grants::<T>::iter_values().map(|held| held.len()).fold(0, usize::saturating_add);
        ensure!(granted == licences, "grant: one too many");
        ensure!(Grants::<T>::iter_values().all(|held| !held.is_empty()), "grant: an empty row");
        ensure!(LicencesOf::<T>::iter_keys().count() == licences, "grant: a holder's list has one too many");
        Ok(())
    }

    /// Each key that is due is in its seller's list, and nothing else is.
    fn check_deliveries() -> Check {
        let mut due = 0_usize;
        for (id, found) in Licences::<T>::iter() {
            if let Money::AwaitsKey(_) = found.money {
                due = due.saturating_add(1);
                ensure!(
                    DeliveriesOf::<T>::contains_key(&found.seller, ordinal(id.0)),
                    "delivery: not in its seller's list"
                );
            }
        }
        ensure!(DeliveriesOf::<T>::iter_keys().count() == due, "delivery: a seller's list has one too many");
        Ok(())
    }

    /// What is held on each account for each reason is what its records add up to.
    fn check_held() -> Check {
        let unsettled = Licences::<T>::iter_values().filter(|found| found.money != Money::Settled);
        let sales = unsettled.map(|found| (HoldReason::Sale, found.payer, found.price));
        let listings =
            Listings::<T>::iter_values().map(|found| (HoldReason::Listing, found.seller, found.deposit));
        let licences =
            Licences::<T>::iter_values().map(|found| (HoldReason::Licence, found.payer, found.deposit));
        let commitments = Commitments::<T>::iter_values()
            .map(|found| (HoldReason::Commitment, found.depositor, found.deposit));
        let programs =
            Programs::<T>::iter_values().map(|found| (HoldReason::Program, found.depositor, found.deposit));
        let mut sums: BTreeMap<_, Balance> = BTreeMap::new();
        for (reason, account, amount) in
            sales.chain(listings).chain(licences).chain(commitments).chain(programs)
        {
            let sum = sums.entry((reason.encode(), account.encode())).or_default();
            *sum = sum.saturating_add(amount);
        }
        for account in frame_system::Account::<T>::iter_keys() {
            for reason in REASONS {
                let sum = sums.remove(&(reason.encode(), account.encode())).unwrap_or_default();
                let held = T::Currency::balance_on_hold(&reason.into(), &account);
                ensure!(held == sum, "held: not what the records add up to");
            }
        }
        ensure!(sums.is_empty(), "held: for an account that isn't there");
        Ok(())
    }
}

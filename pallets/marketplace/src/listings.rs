//! What is on sale.

use crate::{
    Commitments, Config, Error, Event, HoldReason, JobListings, ListingOf, Listings, ListingsOf, NextListing,
    Pallet,
    traits::{Registry, Royalties},
    types::{Balance, DepositFor, Listing, ListingId, Offer, Terms},
};
use polkadot_sdk::{
    frame_support::ensure,
    frame_system::{self, pallet_prelude::BlockNumberFor},
    sp_runtime::{DispatchError, DispatchResult, traits::Zero},
};
use stoa_primitives::registry::{AssetId, Visibility};

/// A number as a key that lists in order.
pub(crate) fn ordinal(number: u64) -> [u8; 8] {
    number.to_be_bytes()
}

impl<T: Config> Pallet<T> {
    pub(crate) fn do_list(
        caller: T::AccountId,
        asset: AssetId,
        offer: Offer<BlockNumberFor<T>>,
    ) -> DispatchResult {
        Self::ensure_admin(&caller, asset)?;
        Self::check_offer(asset, &offer)?;
        T::Royalties::ensure_payable(asset)?;
        let number = NextListing::<T>::get();
        let next = number.checked_add(1).ok_or(Error::<T>::Overflow)?;

        let listing = ListingId(number);
        let deposit = Self::hold_deposit(HoldReason::Listing, &caller, DepositFor::Listing)?;
        NextListing::<T>::put(next);
        Listings::<T>::insert(listing, Listing { asset, offer, version: 0, seller: caller, deposit });
        ListingsOf::<T>::insert(asset, ordinal(number), ());
        if offer.terms == Terms::PerJob {
            JobListings::<T>::insert(asset, listing);
        }
        Self::deposit_event(Event::Listed { listing, asset, offer });
        Ok(())
    }

    pub(crate) fn do_update_listing(
        caller: T::AccountId,
        listing: ListingId,
        price: Balance,
        supply: Option<u32>,
        until: Option<BlockNumberFor<T>>,
    ) -> DispatchResult {
        let mut found = Listings::<T>::get(listing).ok_or(Error::<T>::ListingNotFound)?;
        Self::ensure_admin(&caller, found.asset)?;
        let offer = Offer { price, supply, until, ..found.offer };
        Self::check_amounts(&offer)?;

        found.offer = offer;
        found.version = found.version.checked_add(1).ok_or(Error::<T>::Overflow)?;
        Self::deposit_event(Event::ListingChanged { listing, version: found.version, offer });
        Listings::<T>::insert(listing, found);
        Ok(())
    }

    pub(crate) fn do_unlist(caller: T::AccountId, listing: ListingId) -> DispatchResult {
        let found = Listings::<T>::get(listing).ok_or(Error::<T>::ListingNotFound)?;
        let may = found.seller == caller || T::Registry::is_admin(found.asset, &caller);
        ensure!(may, Error::<T>::NotAdmin);

        Self::release(HoldReason::Listing, &found.seller, found.deposit)?;
        Listings::<T>::remove(listing);
        ListingsOf::<T>::remove(found.asset, ordinal(listing.0));
        if found.offer.terms == Terms::PerJob {
            JobListings::<T>::remove(found.asset);
        }
        Self::deposit_event(Event::Unlisted { listing });
        Ok(())
    }

    /// Takes one off a listing's supply, if it is on sale.
    pub(crate) fn take_one(listing: &mut ListingOf<T>) -> Result<(), Error<T>> {
        let now = frame_system::Pallet::<T>::block_number();
        ensure!(listing.offer.until.is_none_or(|until| now <= until), Error::<T>::ListingExpired);
        if let Some(supply) = &mut listing.offer.supply {
            *supply = supply.checked_sub(1).ok_or(Error::<T>::SoldOut)?;
        }
        Ok(())
    }

    /// Puts one back, since a sale was undone.
    pub(crate) fn put_back(listing: ListingId) {
        Listings::<T>::mutate_extant(listing, |found| {
            found.offer.supply = found.offer.supply.map(|supply| supply.saturating_add(1));
        });
    }

    pub(crate) fn ensure_admin(caller: &T::AccountId, asset: AssetId) -> Result<Visibility, DispatchError> {
        let visibility = T::Registry::visibility(asset).ok_or(Error::<T>::AssetNotFound)?;
        ensure!(T::Registry::is_admin(asset, caller), Error::<T>::NotAdmin);
        Ok(visibility)
    }

    fn check_amounts(offer: &Offer<BlockNumberFor<T>>) -> Result<(), Error<T>> {
        let now = frame_system::Pallet::<T>::block_number();
        ensure!(offer.price > 0, Error::<T>::ZeroPrice);
        ensure!(offer.supply != Some(0), Error::<T>::ZeroSupply);
        ensure!(offer.until.is_none_or(|until| now <= until), Error::<T>::BadTime);
        Ok(())
    }

    fn check_offer(asset: AssetId, offer: &Offer<BlockNumberFor<T>>) -> Result<(), Error<T>> {
        Self::check_amounts(offer)?;
        ensure!(offer.terms != Terms::Blocks(Zero::zero()), Error::<T>::BadTime);
        let known = |revision| T::Registry::has_revision(asset, revision);
        ensure!(offer.revision.is_none_or(known), Error::<T>::RevisionNotFound);
        let for_good = offer.refund.is_zero() && offer.notice.is_none();
        if offer.sealed {
            ensure!(offer.terms == Terms::Perpetual && for_good, Error::<T>::SealedTerms);
            let committed = |revision| Commitments::<T>::contains_key(asset, revision);
            ensure!(offer.revision.is_some_and(committed), Error::<T>::KeyNotCommitted);
            return Ok(());
        }
        ensure!(T::Registry::visibility(asset) != Some(Visibility::Private), Error::<T>::MustBeSealed);
        if offer.terms == Terms::PerJob {
            ensure!(for_good && offer.revision.is_none(), Error::<T>::JobTerms);
            ensure!(!JobListings::<T>::contains_key(asset), Error::<T>::JobListingExists);
        }
        Ok(())
    }
}

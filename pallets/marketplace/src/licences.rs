//! What buyers hold: sales, grants, returns and their ends.

use crate::{
    Commitments, Config, DeliveriesOf, Error, Event, Grants, HoldReason, LicenceOf, Licences, LicencesOf,
    ListingOf, Listings, NextLicence, Pallet,
    keybox::{self, PublicKey},
    listings::ordinal,
    traits::{Purpose, Registry, Royalties},
    types::{Balance, DepositFor, KeySale, Licence, LicenceId, ListingId, Money, RefundCause, Terms},
};
use polkadot_sdk::{
    frame_support::{ensure, traits::Get},
    frame_system::{self, pallet_prelude::BlockNumberFor},
    sp_runtime::{
        DispatchError, DispatchResult,
        traits::{CheckedAdd, Saturating, Zero},
    },
};
use stoa_primitives::registry::{AssetId, CommitId, Visibility};

impl<T: Config> Pallet<T> {
    pub(crate) fn do_buy(
        payer: T::AccountId,
        holder: T::AccountId,
        listing: ListingId,
        version: u32,
        max_price: Balance,
        reader: Option<PublicKey>,
    ) -> DispatchResult {
        let mut found = Listings::<T>::get(listing).ok_or(Error::<T>::ListingNotFound)?;
        let (asset, offer) = (found.asset, found.offer);
        ensure!(found.version == version, Error::<T>::ListingChanged);
        ensure!(offer.price <= max_price, Error::<T>::PriceAboveGuard);
        let until = match offer.terms {
            Terms::Perpetual => None,
            Terms::Blocks(blocks) => Some(Self::in_blocks(blocks)?),
            Terms::PerJob => return Err(Error::<T>::PerJobOnly.into()),
        };
        Self::take_one(&mut found)?;
        T::Royalties::ensure_payable(asset)?;
        let visibility = T::Registry::visibility(asset).ok_or(Error::<T>::AssetNotFound)?;
        ensure!(offer.sealed || visibility != Visibility::Private, Error::<T>::MustBeSealed);
        let key = Self::key_sale(&found, reader)?;
        let money = match (&key, offer.refund.is_zero()) {
            (Some(_), _) => Money::AwaitsKey(Self::in_blocks(T::DeliveryPeriod::get())?),
            (None, false) => Money::Refundable(Self::in_blocks(offer.refund)?),
            (None, true) => Money::Settled,
        };

        let seller = found.seller.clone();
        Listings::<T>::insert(listing, found);
        let licence = Self::issue(Licence {
            asset,
            revision: offer.revision,
            holder: holder.clone(),
            payer: payer.clone(),
            seller,
            listing: Some(listing),
            price: offer.price,
            money,
            key,
            until,
            notice: offer.notice,
            deposit: 0,
        })?;
        match money {
            Money::Settled => T::Royalties::pay(&payer, asset, offer.price, Purpose::Licence(licence))?,
            _ => Self::hold(HoldReason::Sale, &payer, offer.price)?,
        }
        let price = offer.price;
        Self::deposit_event(Event::Sold { licence, listing, asset, holder, payer, price, reader });
        Ok(())
    }

    pub(crate) fn do_grant(
        caller: T::AccountId,
        asset: AssetId,
        to: T::AccountId,
        revision: Option<CommitId>,
        until: Option<BlockNumberFor<T>>,
    ) -> DispatchResult {
        Self::ensure_admin(&caller, asset)?;
        let known = |revision| T::Registry::has_revision(asset, revision);
        ensure!(revision.is_none_or(known), Error::<T>::RevisionNotFound);
        ensure!(until.is_none_or(|until| until > Self::now()), Error::<T>::BadTime);

        let licence = Self::issue(Licence {
            asset,
            revision,
            holder: to.clone(),
            payer: caller.clone(),
            seller: caller,
            listing: None,
            price: 0,
            money: Money::Settled,
            key: None,
            until,
            notice: None,
            deposit: 0,
        })?;
        Self::deposit_event(Event::Granted { licence, asset, holder: to });
        Ok(())
    }

    pub(crate) fn do_return(caller: T::AccountId, licence: LicenceId) -> DispatchResult {
        let found = Self::licence_of_buyer(&caller, licence)?;
        let Money::Refundable(until) = found.money else { return Err(Error::<T>::NothingHeld.into()) };
        ensure!(Self::now() <= until, Error::<T>::TooLate);
        Self::give_back(licence, found, RefundCause::Returned)
    }

    pub(crate) fn do_revoke(caller: T::AccountId, licence: LicenceId) -> DispatchResult {
        let mut found = Self::stored(licence)?;
        ensure!(T::Registry::is_admin(found.asset, &caller), Error::<T>::NotAdmin);
        if let Money::AwaitsKey(_) = found.money {
            return Self::give_back(licence, found, RefundCause::Revoked);
        }
        if found.listing.is_none() {
            Self::deposit_event(Event::Revoked { licence, until: Self::now() });
            return Self::remove(licence, found);
        }
        let notice = found.notice.ok_or(Error::<T>::NotRevocable)?;
        if found.money != Money::Settled {
            return Self::give_back(licence, found, RefundCause::Revoked);
        }
        let end = Self::now().saturating_add(notice);
        let until = found.until.map_or(end, |until| until.min(end));
        found.until = Some(until);
        Licences::<T>::insert(licence, found);
        Self::deposit_event(Event::Revoked { licence, until });
        Ok(())
    }

    pub(crate) fn do_settle(licence: LicenceId) -> DispatchResult {
        let found = Self::stored(licence)?;
        match found.money {
            Money::Settled => Err(Error::<T>::NothingHeld.into()),
            Money::AwaitsKey(_) => Err(Error::<T>::TooEarly.into()),
            Money::Refundable(until) | Money::Disputable(until) => {
                ensure!(Self::now() > until, Error::<T>::TooEarly);
                Self::pay_over(licence, found)
            }
        }
    }

    pub(crate) fn do_remove_licence(caller: T::AccountId, licence: LicenceId) -> DispatchResult {
        let found = Self::stored(licence)?;
        ensure!(found.money == Money::Settled, Error::<T>::NotSettled);
        ensure!(found.holder == caller || found.is_over(Self::now()), Error::<T>::StillLive);
        Self::remove(licence, found)
    }

    /// Pays a held price into royalties.
    pub(crate) fn pay_over(licence: LicenceId, mut found: LicenceOf<T>) -> DispatchResult {
        let held = HoldReason::Sale.into();
        let amount = found.price;
        T::Royalties::pay_from_hold(&held, &found.payer, found.asset, amount, Purpose::Licence(licence))?;
        found.money = Money::Settled;
        Licences::<T>::insert(licence, found);
        Self::deposit_event(Event::Settled { licence, amount });
        Ok(())
    }

    /// Returns a held price to its payer and ends the licence.
    pub(crate) fn give_back(licence: LicenceId, found: LicenceOf<T>, cause: RefundCause) -> DispatchResult {
        let (payer, amount) = (found.payer.clone(), found.price);
        Self::release(HoldReason::Sale, &payer, amount)?;
        found.listing.into_iter().for_each(Self::put_back);
        Self::remove(licence, found)?;
        Self::deposit_event(Event::Refunded { licence, payer, amount, cause });
        Ok(())
    }

    pub(crate) fn stored(licence: LicenceId) -> Result<LicenceOf<T>, Error<T>> {
        Licences::<T>::get(licence).ok_or(Error::<T>::LicenceNotFound)
    }

    /// A licence, if the caller holds or paid it.
    pub(crate) fn licence_of_buyer(
        caller: &T::AccountId,
        licence: LicenceId,
    ) -> Result<LicenceOf<T>, Error<T>> {
        let found = Self::stored(licence)?;
        ensure!(found.holder == *caller || found.payer == *caller, Error::<T>::NotBuyer);
        Ok(found)
    }

    pub(crate) fn now() -> BlockNumberFor<T> {
        frame_system::Pallet::<T>::block_number()
    }

    pub(crate) fn in_blocks(blocks: BlockNumberFor<T>) -> Result<BlockNumberFor<T>, Error<T>> {
        Self::now().checked_add(&blocks).ok_or(Error::<T>::Overflow)
    }

    fn key_sale(listing: &ListingOf<T>, reader: Option<PublicKey>) -> Result<Option<KeySale>, Error<T>> {
        if !listing.offer.sealed {
            ensure!(reader.is_none(), Error::<T>::KeyUnexpected);
            return Ok(None);
        }
        let reader = reader.ok_or(Error::<T>::KeyRequired)?;
        ensure!(!keybox::is_weak(reader), Error::<T>::WeakKey);
        let commitment = listing
            .offer
            .revision
            .and_then(|revision| Commitments::<T>::get(listing.asset, revision))
            .ok_or(Error::<T>::KeyNotCommitted)?;
        Ok(Some(KeySale { reader, commitment: commitment.value, sealed: None }))
    }

    /// Stores a new licence, whose deposit its payer pays.
    fn issue(mut licence: LicenceOf<T>) -> Result<LicenceId, DispatchError> {
        let number = NextLicence::<T>::get();
        let next = number.checked_add(1).ok_or(Error::<T>::Overflow)?;
        let id = LicenceId(number);
        Grants::<T>::try_mutate(licence.asset, &licence.holder, |held| held.try_push(id))
            .map_err(|_| Error::<T>::TooManyLicences)?;
        licence.deposit = Self::hold_deposit(HoldReason::Licence, &licence.payer, DepositFor::Licence)?;
        NextLicence::<T>::put(next);
        LicencesOf::<T>::insert(&licence.holder, ordinal(number), ());
        if let Money::AwaitsKey(_) = licence.money {
            DeliveriesOf::<T>::insert(&licence.seller, ordinal(number), ());
        }
        Licences::<T>::insert(id, licence);
        Ok(id)
    }

    /// Removes a licence for which nothing is held, and returns its deposit.
    fn remove(licence: LicenceId, found: LicenceOf<T>) -> DispatchResult {
        Self::release(HoldReason::Licence, &found.payer, found.deposit)?;
        Grants::<T>::mutate_exists(found.asset, &found.holder, |held| {
            let mut left = held.take().unwrap_or_default();
            left.retain(|other| *other != licence);
            *held = Some(left).filter(|left| !left.is_empty());
        });
        LicencesOf::<T>::remove(&found.holder, ordinal(licence.0));
        DeliveriesOf::<T>::remove(&found.seller, ordinal(licence.0));
        Licences::<T>::remove(licence);
        Self::deposit_event(Event::LicenceRemoved { licence });
        Ok(())
    }
}

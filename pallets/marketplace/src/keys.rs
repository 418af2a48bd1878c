//! Keys of private assets: commitments, deliveries and disputes.

use crate::{
    Commitments, Config, DeliveriesOf, Error, Event, HoldReason, Licences, Pallet,
    keybox::{self, Sale, SealedKey, SecretKey},
    listings::ordinal,
    traits::Registry,
    types::{Commitment, DepositFor, LicenceId, Money, Paid, RefundCause},
};
use polkadot_sdk::{
    frame_support::{
        ensure,
        traits::{
            Get, OnUnbalanced,
            fungible::Balanced,
            tokens::{Fortitude, Precision, Preservation},
        },
    },
    sp_runtime::{DispatchError, DispatchResult},
};
use stoa_primitives::registry::{AssetId, CommitId};

impl<T: Config> Pallet<T> {
    pub(crate) fn do_commit_key(
        caller: T::AccountId,
        asset: AssetId,
        revision: CommitId,
        commitment: Commitment,
    ) -> DispatchResult {
        Self::ensure_admin(&caller, asset)?;
        ensure!(T::Registry::has_revision(asset, revision), Error::<T>::RevisionNotFound);
        ensure!(!Commitments::<T>::contains_key(asset, revision), Error::<T>::KeyCommitted);

        let deposit = Self::hold_deposit(HoldReason::Commitment, &caller, DepositFor::Commitment)?;
        let entry = Paid { value: commitment, depositor: caller, deposit };
        Commitments::<T>::insert(asset, revision, entry);
        Self::deposit_event(Event::KeyCommitted { asset, revision, commitment });
        Ok(())
    }

    pub(crate) fn do_deliver_key(
        caller: T::AccountId,
        licence: LicenceId,
        sealed: SealedKey,
    ) -> DispatchResult {
        let mut found = Self::stored(licence)?;
        ensure!(T::Registry::is_admin(found.asset, &caller), Error::<T>::NotAdmin);
        let Money::AwaitsKey(deadline) = found.money else { return Err(Error::<T>::NoKeyDue.into()) };
        ensure!(!T::Registry::is_taken_down(found.asset), Error::<T>::TakenDown);
        ensure!(Self::now() <= deadline, Error::<T>::TooLate);
        let disputable = Self::in_blocks(T::DisputePeriod::get())?;

        let sale = found.key.as_mut().ok_or(Error::<T>::NoKeyDue)?;
        sale.sealed = Some(sealed);
        found.money = Money::Disputable(disputable);
        DeliveriesOf::<T>::remove(&found.seller, ordinal(licence.0));
        Licences::<T>::insert(licence, found);
        Self::deposit_event(Event::KeyDelivered { licence, sealed, disputable });
        Ok(())
    }

    pub(crate) fn do_dispute(caller: T::AccountId, licence: LicenceId, secret: SecretKey) -> DispatchResult {
        let found = Self::licence_of_buyer(&caller, licence)?;
        let Money::Disputable(until) = found.money else { return Err(Error::<T>::NothingHeld.into()) };
        ensure!(Self::now() <= until, Error::<T>::TooLate);
        let key = found.key.ok_or(Error::<T>::NothingHeld)?;
        let sealed = key.sealed.ok_or(Error::<T>::NothingHeld)?;
        let revision = found.revision.ok_or(Error::<T>::NothingHeld)?;
        ensure!(keybox::public_of(secret) == key.reader, Error::<T>::WrongSecret);
        // Paid first, so that nobody disputes who couldn't pay for being wrong.
        let forfeit = T::DisputeForfeit::get();
        let credit = T::Currency::withdraw(
            &caller,
            forfeit,
            Precision::Exact,
            Preservation::Preserve,
            Fortitude::Polite,
        )?;

        let opened = keybox::open(&sealed, secret, &Sale { licence: licence.0, revision });
        if opened.is_some_and(|contents| keybox::commitment(&contents) == key.commitment) {
            T::OnForfeit::on_unbalanced(credit);
            Self::deposit_event(Event::DisputeFailed { licence, by: caller, forfeit });
            return Self::pay_over(licence, found);
        }
        T::Currency::resolve(&caller, credit).map_err(|_| DispatchError::Unavailable)?;
        Self::give_back(licence, found, RefundCause::WrongKey)
    }

    pub(crate) fn do_refund(licence: LicenceId) -> DispatchResult {
        let found = Self::stored(licence)?;
        let Money::AwaitsKey(deadline) = found.money else { return Err(Error::<T>::NoKeyDue.into()) };
        let over = Self::now() > deadline || T::Registry::is_taken_down(found.asset);
        ensure!(over, Error::<T>::TooEarly);
        Self::give_back(licence, found, RefundCause::NotDelivered)
    }
}

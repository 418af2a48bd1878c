//! What an asset was built on, and what it owes for that.

use crate::{
    Config, Error, Event, Pallet, Upstreams, VaultOf, Vaults,
    math::{self, Owed, StackError, WHOLE},
    traits::Registry,
    types::{Parts, Stack, Terms},
};
use polkadot_sdk::{frame_support::ensure, sp_runtime::DispatchResult};
use stoa_primitives::registry::AssetId;

impl<T: Config> Pallet<T> {
    pub(crate) fn do_link_parent(
        caller: T::AccountId,
        asset: AssetId,
        parent: AssetId,
        terms: Terms,
        max_upstream: Parts,
    ) -> DispatchResult {
        ensure!(asset != parent, Error::<T>::SelfParent);
        let mut vault = Self::draft(&caller, asset)?;
        let above = Self::open_vault(parent)?;
        ensure!(!T::Registry::is_taken_down(parent), Error::<T>::TakenDown);
        ensure!(above.offer.is_none_or(|offer| terms.satisfies(offer)), Error::<T>::TermsBelowOffer);
        let mut upstream = Upstreams::<T>::get(asset);
        ensure!(upstream.parents.iter().all(|(linked, _)| *linked != parent), Error::<T>::ParentExists);
        upstream.parents.try_push((parent, terms)).map_err(|_| Error::<T>::TooManyParents)?;
        let owed = Self::stack_parent(&mut upstream.stack, parent, terms)?;
        let all = owed.absolute.plus(owed.relative);
        ensure!(all <= max_upstream, Error::<T>::UpstreamAboveGuard);

        set_owed::<T>(&mut vault, owed);
        Vaults::<T>::insert(asset, vault);
        Upstreams::<T>::insert(asset, upstream);
        Self::deposit_event(Event::ParentLinked { asset, parent, terms, upstream: all });
        Ok(())
    }

    pub(crate) fn do_unlink_parent(caller: T::AccountId, asset: AssetId, parent: AssetId) -> DispatchResult {
        let mut vault = Self::draft(&caller, asset)?;
        let mut upstream = Upstreams::<T>::get(asset);
        let before = upstream.parents.len();
        upstream.parents.retain(|(linked, _)| *linked != parent);
        ensure!(upstream.parents.len() < before, Error::<T>::ParentNotFound);
        upstream.stack = Stack::default();
        let mut owed = Owed::default();
        for (parent, terms) in &upstream.parents {
            owed = Self::stack_parent(&mut upstream.stack, *parent, *terms)?;
        }

        set_owed::<T>(&mut vault, owed);
        Vaults::<T>::insert(asset, vault);
        Upstreams::<T>::insert(asset, upstream);
        Self::deposit_event(Event::ParentUnlinked { asset, parent });
        Ok(())
    }

    pub(crate) fn do_set_offer(caller: T::AccountId, asset: AssetId, offer: Option<Terms>) -> DispatchResult {
        Self::ensure_owner(&caller, asset)?;
        ensure!(offer.is_none_or(|terms| terms.parts() <= Parts(WHOLE)), Error::<T>::StackAboveWhole);
        let mut vault = match Vaults::<T>::get(asset) {
            Some(vault) => vault,
            None => Self::draft(&caller, asset)?,
        };
        vault.offer = offer;
        Vaults::<T>::insert(asset, vault);
        Self::deposit_event(Event::OfferSet { asset, offer });
        Ok(())
    }

    fn stack_parent(stack: &mut Stack, parent: AssetId, terms: Terms) -> Result<Owed, Error<T>> {
        let above = Upstreams::<T>::get(parent).stack;
        math::stack_parent(stack, parent, terms, &above).map_err(|error| match error {
            StackError::TooLong => Error::<T>::StackTooLong,
            StackError::AboveWhole => Error::<T>::StackAboveWhole,
        })
    }
}

fn set_owed<T: Config>(vault: &mut VaultOf<T>, owed: Owed) {
    (vault.absolute, vault.relative) = (owed.absolute, owed.relative);
}

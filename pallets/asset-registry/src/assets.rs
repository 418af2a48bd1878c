//! Assets: where they are, who may work on them, who may read them, and how they end.

use crate::{
    AssetNames, AssetOf, Assets, AssetsOf, Collaborators, Config, Error, Event, Namespaces, NextAssetId,
    Pallet,
    types::{Asset, AssetOffer, Collaborator, DepositFor, Licence, Name, NameKey, Subject, count},
};
use polkadot_sdk::{
    frame_support::{
        ensure,
        traits::{Consideration, Defensive, DefensiveOption},
    },
    sp_runtime::{DispatchError, DispatchResult},
};
use stoa_primitives::registry::{AssetId, AssetKind, Role, Visibility, check_name};

/// The part of a key that lists numbers in order.
pub(crate) fn ordinal(number: u64) -> [u8; 8] {
    number.to_be_bytes()
}

impl<T: Config> Pallet<T> {
    /// The asset of a number, or the error that there's none.
    pub(crate) fn existing_asset(id: AssetId) -> Result<AssetOf<T>, DispatchError> {
        Assets::<T>::get(id).ok_or_else(|| Error::<T>::AssetNotFound.into())
    }

    /// Who owns an asset: whoever owns its namespace.
    pub(crate) fn owner_of(asset: &AssetOf<T>) -> Option<T::AccountId> {
        Namespaces::<T>::get(&asset.namespace)
            .defensive_proof("an asset keeps its namespace")
            .map(|found| found.owner)
    }

    /// Fails unless `who` owns the asset.
    pub(crate) fn ensure_owner(asset: &AssetOf<T>, who: &T::AccountId) -> DispatchResult {
        ensure!(Self::owner_of(asset).as_ref() == Some(who), Error::<T>::NotOwner);
        Ok(())
    }

    /// Fails unless `who` owns the asset or has at least `role`.
    pub(crate) fn ensure_role(
        id: AssetId,
        asset: &AssetOf<T>,
        who: &T::AccountId,
        role: Role,
    ) -> DispatchResult {
        let permitted = Self::owner_of(asset).as_ref() == Some(who)
            || Collaborators::<T>::get(id, who).is_some_and(|found| found.role >= role);
        ensure!(permitted, Error::<T>::NotPermitted);
        Ok(())
    }

    pub(crate) fn do_create_asset(
        owner: T::AccountId,
        namespace: Name,
        name: Name,
        kind: AssetKind,
        licence: Licence,
        visibility: Visibility,
    ) -> DispatchResult {
        check_name(&name).map_err(Self::name_error)?;
        ensure!(licence.iter().all(u8::is_ascii_graphic), Error::<T>::LicenceCharacter);
        let key = NameKey::from(&namespace);
        let mut namespace = Self::owned_namespace(&key, &owner)?;
        let name_key = NameKey::from(&name);
        ensure!(!AssetNames::<T>::contains_key(&key, &name_key), Error::<T>::NameTaken);
        let number = NextAssetId::<T>::get();
        let next = number.checked_add(1).ok_or(Error::<T>::Overflow)?;
        namespace.assets = namespace.assets.checked_add(1).ok_or(Error::<T>::Overflow)?;

        let ticket = Self::hold(&owner, Self::asset_deposit(&name, &licence))?;
        let id = AssetId(number);
        NextAssetId::<T>::put(next);
        AssetNames::<T>::insert(&key, name_key, id);
        AssetsOf::<T>::insert(&key, ordinal(number), ());
        let written = namespace.name.clone();
        Namespaces::<T>::insert(&key, namespace);
        let asset = Asset {
            namespace: key,
            name: name.clone(),
            kind,
            visibility,
            licence,
            offer: None,
            retired: false,
            next_revision: 0,
            revisions: 0,
            refs: 0,
            collaborators: 0,
            depositor: owner,
            ticket,
        };
        Assets::<T>::insert(id, asset);
        Self::deposit_event(Event::AssetCreated { asset: id, namespace: written, name, kind, visibility });
        Ok(())
    }

    fn asset_deposit(name: &Name, licence: &Licence) -> DepositFor {
        DepositFor::Asset { name: count(name.len()), licence: count(licence.len()) }
    }

    pub(crate) fn do_offer_asset(by: T::AccountId, id: AssetId, namespace: Name) -> DispatchResult {
        let mut asset = Self::existing_asset(id)?;
        Self::ensure_owner(&asset, &by)?;
        Self::ensure_not_denied(Subject::Asset(id))?;
        ensure!(!asset.retired, Error::<T>::Retired);
        let key = NameKey::from(&namespace);
        let target = Self::existing_namespace(&key)?;
        ensure!(key != asset.namespace, Error::<T>::AlreadyThere);

        asset.offer = Some(AssetOffer { namespace: key, to: target.owner, by });
        Assets::<T>::insert(id, asset);
        Self::deposit_event(Event::AssetOffered { asset: id, namespace: target.name });
        Ok(())
    }

    pub(crate) fn do_accept_asset(to: T::AccountId, id: AssetId) -> DispatchResult {
        let mut asset = Self::existing_asset(id)?;
        let offer = asset.offer.take().ok_or(Error::<T>::NotOffered)?;
        let mut target = Namespaces::<T>::get(&offer.namespace).ok_or(Error::<T>::NotOffered)?;
        let mut source =
            Namespaces::<T>::get(&asset.namespace).defensive_ok_or(Error::<T>::NamespaceNotFound)?;
        ensure!(offer.to == to && target.owner == to && source.owner == offer.by, Error::<T>::NotOffered);
        Self::ensure_not_denied(Subject::Asset(id))?;
        let name_key = NameKey::from(&asset.name);
        ensure!(!AssetNames::<T>::contains_key(&offer.namespace, &name_key), Error::<T>::NameTaken);
        source.assets = source.assets.checked_sub(1).defensive_ok_or(Error::<T>::Overflow)?;
        target.assets = target.assets.checked_add(1).ok_or(Error::<T>::Overflow)?;

        let ticket = Self::hold(&to, Self::asset_deposit(&asset.name, &asset.licence))?;
        core::mem::replace(&mut asset.ticket, ticket).drop(&asset.depositor)?;
        asset.depositor = to;
        AssetNames::<T>::remove(&asset.namespace, &name_key);
        AssetsOf::<T>::remove(&asset.namespace, ordinal(id.0));
        AssetNames::<T>::insert(&offer.namespace, &name_key, id);
        AssetsOf::<T>::insert(&offer.namespace, ordinal(id.0), ());
        Namespaces::<T>::insert(&asset.namespace, source);
        let written = target.name.clone();
        Namespaces::<T>::insert(&offer.namespace, target);
        asset.namespace = offer.namespace;
        Assets::<T>::insert(id, asset);
        Self::deposit_event(Event::AssetTransferred { asset: id, namespace: written });
        Ok(())
    }

    pub(crate) fn do_cancel_asset_offer(who: T::AccountId, id: AssetId) -> DispatchResult {
        let mut asset = Self::existing_asset(id)?;
        let offer = asset.offer.take().ok_or(Error::<T>::NotOffered)?;
        ensure!(offer.to == who || Self::owner_of(&asset).as_ref() == Some(&who), Error::<T>::NotOwner);

        Assets::<T>::insert(id, asset);
        Self::deposit_event(Event::AssetOfferCancelled { asset: id });
        Ok(())
    }

    pub(crate) fn do_set_visibility(
        who: T::AccountId,
        id: AssetId,
        visibility: Visibility,
    ) -> DispatchResult {
        let mut asset = Self::existing_asset(id)?;
        Self::ensure_role(id, &asset, &who, Role::Admin)?;
        ensure!(asset.visibility != visibility, Error::<T>::AlreadyThere);

        asset.visibility = visibility;
        Assets::<T>::insert(id, asset);
        Self::deposit_event(Event::VisibilityChanged { asset: id, visibility });
        Ok(())
    }

    pub(crate) fn do_set_collaborator(
        who: T::AccountId,
        id: AssetId,
        account: T::AccountId,
        role: Role,
    ) -> DispatchResult {
        let mut asset = Self::existing_asset(id)?;
        Self::ensure_role(id, &asset, &who, Role::Admin)?;
        ensure!(!asset.retired, Error::<T>::Retired);

        let collaborator = match Collaborators::<T>::get(id, &account) {
            Some(found) => {
                ensure!(found.role != role, Error::<T>::AlreadyThere);
                Collaborator { role, ..found }
            }
            None => {
                asset.collaborators = asset.collaborators.checked_add(1).ok_or(Error::<T>::Overflow)?;
                let ticket = Self::hold(&who, DepositFor::Collaborator)?;
                Assets::<T>::insert(id, asset);
                Collaborator { role, depositor: who, ticket }
            }
        };
        Collaborators::<T>::insert(id, &account, collaborator);
        Self::deposit_event(Event::CollaboratorSet { asset: id, account, role });
        Ok(())
    }

    pub(crate) fn do_remove_collaborator(
        who: T::AccountId,
        id: AssetId,
        account: T::AccountId,
    ) -> DispatchResult {
        let mut asset = Self::existing_asset(id)?;
        if who != account {
            Self::ensure_role(id, &asset, &who, Role::Admin)?;
        }
        let found = Collaborators::<T>::get(id, &account).ok_or(Error::<T>::CollaboratorNotFound)?;
        asset.collaborators = asset.collaborators.checked_sub(1).defensive_ok_or(Error::<T>::Overflow)?;

        found.ticket.drop(&found.depositor)?;
        Collaborators::<T>::remove(id, &account);
        Assets::<T>::insert(id, asset);
        Self::deposit_event(Event::CollaboratorRemoved { asset: id, account });
        Ok(())
    }

    pub(crate) fn do_retire_asset(owner: T::AccountId, id: AssetId) -> DispatchResult {
        let mut asset = Self::existing_asset(id)?;
        Self::ensure_owner(&asset, &owner)?;
        Self::ensure_not_denied(Subject::Asset(id))?;
        ensure!(!asset.retired, Error::<T>::Retired);
        ensure!(asset.refs == 0, Error::<T>::HasRefs);

        asset.retired = true;
        asset.offer = None;
        Assets::<T>::insert(id, asset);
        Self::deposit_event(Event::AssetRetired { asset: id });
        Ok(())
    }

    pub(crate) fn do_remove_asset(owner: T::AccountId, id: AssetId) -> DispatchResult {
        let asset = Self::existing_asset(id)?;
        Self::ensure_owner(&asset, &owner)?;
        Self::ensure_not_denied(Subject::Asset(id))?;
        ensure!(asset.revisions == 0, Error::<T>::HasRevisions);
        ensure!(asset.refs == 0, Error::<T>::HasRefs);
        ensure!(asset.collaborators == 0, Error::<T>::HasCollaborators);
        let mut namespace =
            Namespaces::<T>::get(&asset.namespace).defensive_ok_or(Error::<T>::NamespaceNotFound)?;
        namespace.assets = namespace.assets.checked_sub(1).defensive_ok_or(Error::<T>::Overflow)?;

        asset.ticket.drop(&asset.depositor)?;
        AssetNames::<T>::remove(&asset.namespace, NameKey::from(&asset.name));
        AssetsOf::<T>::remove(&asset.namespace, ordinal(id.0));
        Namespaces::<T>::insert(&asset.namespace, namespace);
        Assets::<T>::remove(id);
        Self::deposit_event(Event::AssetRemoved { asset: id });
        Ok(())
    }
}

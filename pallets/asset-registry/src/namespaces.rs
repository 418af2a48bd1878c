//! Namespaces: who owns a name, and how that changes.

use crate::{
    Config, Error, Event, NamespaceOf, Namespaces, NamespacesOf, Pallet,
    types::{DepositFor, Name, NameKey, Namespace, count},
};
use polkadot_sdk::{
    frame_support::{ensure, traits::Consideration},
    sp_runtime::{DispatchError, DispatchResult},
};
use stoa_primitives::registry::{NameError, check_name};

impl<T: Config> Pallet<T> {
    /// Says what is wrong with a name.
    pub(crate) fn name_error(error: NameError) -> Error<T> {
        match error {
            NameError::Length => Error::NameLength,
            NameError::Character => Error::NameCharacter,
            NameError::Edge => Error::NameEdge,
            NameError::Repeated => Error::NameRepeated,
        }
    }

    /// The namespace of a key, or the error that there's none.
    pub(crate) fn existing_namespace(key: &NameKey) -> Result<NamespaceOf<T>, DispatchError> {
        Namespaces::<T>::get(key).ok_or_else(|| Error::<T>::NamespaceNotFound.into())
    }

    /// The namespace, if `who` owns it.
    pub(crate) fn owned_namespace(
        key: &NameKey,
        who: &T::AccountId,
    ) -> Result<NamespaceOf<T>, DispatchError> {
        let namespace = Self::existing_namespace(key)?;
        ensure!(namespace.owner == *who, Error::<T>::NotOwner);
        Ok(namespace)
    }

    pub(crate) fn do_register_namespace(owner: T::AccountId, name: Name) -> DispatchResult {
        check_name(&name).map_err(Self::name_error)?;
        let key = NameKey::from(&name);
        ensure!(!Namespaces::<T>::contains_key(&key), Error::<T>::NameTaken);

        let ticket = Self::hold(&owner, DepositFor::Namespace { name: count(name.len()) })?;
        NamespacesOf::<T>::insert(&owner, &key, ());
        Namespaces::<T>::insert(
            &key,
            Namespace { name: name.clone(), owner: owner.clone(), offered_to: None, assets: 0, ticket },
        );
        Self::deposit_event(Event::NamespaceRegistered { name, owner });
        Ok(())
    }

    pub(crate) fn do_offer_namespace(owner: T::AccountId, name: Name, to: T::AccountId) -> DispatchResult {
        let key = NameKey::from(&name);
        let mut namespace = Self::owned_namespace(&key, &owner)?;
        ensure!(to != owner, Error::<T>::AlreadyThere);

        namespace.offered_to = Some(to.clone());
        let name = namespace.name.clone();
        Namespaces::<T>::insert(&key, namespace);
        Self::deposit_event(Event::NamespaceOffered { name, to });
        Ok(())
    }

    pub(crate) fn do_accept_namespace(to: T::AccountId, name: Name) -> DispatchResult {
        let key = NameKey::from(&name);
        let namespace = Self::existing_namespace(&key)?;
        ensure!(namespace.offered_to.as_ref() == Some(&to), Error::<T>::NotOffered);

        let Namespace { name, owner: from, assets, ticket: old, .. } = namespace;
        let ticket = Self::hold(&to, DepositFor::Namespace { name: count(name.len()) })?;
        old.drop(&from)?;
        NamespacesOf::<T>::remove(&from, &key);
        NamespacesOf::<T>::insert(&to, &key, ());
        Namespaces::<T>::insert(
            &key,
            Namespace { name: name.clone(), owner: to.clone(), offered_to: None, assets, ticket },
        );
        Self::deposit_event(Event::NamespaceTransferred { name, from, to });
        Ok(())
    }

    pub(crate) fn do_cancel_namespace_offer(who: T::AccountId, name: Name) -> DispatchResult {
        let key = NameKey::from(&name);
        let mut namespace = Self::existing_namespace(&key)?;
        let to = namespace.offered_to.take().ok_or(Error::<T>::NotOffered)?;
        ensure!(who == namespace.owner || who == to, Error::<T>::NotOwner);

        let name = namespace.name.clone();
        Namespaces::<T>::insert(&key, namespace);
        Self::deposit_event(Event::NamespaceOfferCancelled { name });
        Ok(())
    }

    pub(crate) fn do_remove_namespace(owner: T::AccountId, name: Name) -> DispatchResult {
        let key = NameKey::from(&name);
        let Namespace { name, assets, ticket, .. } = Self::owned_namespace(&key, &owner)?;
        ensure!(assets == 0, Error::<T>::HasAssets);

        ticket.drop(&owner)?;
        NamespacesOf::<T>::remove(&owner, &key);
        Namespaces::<T>::remove(&key);
        Self::deposit_event(Event::NamespaceRemoved { name });
        Ok(())
    }
}

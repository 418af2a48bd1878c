//! Branches and tags.

use crate::{
    AssetOf, Assets, Config, Error, Event, Pallet, Refs, Revisions,
    types::{DepositFor, RefName, Reference, count},
};
use polkadot_sdk::{
    frame_support::{
        ensure,
        traits::{Consideration, DefensiveOption},
    },
    sp_runtime::DispatchResult,
};
use stoa_primitives::registry::{AssetId, CommitId, RefKind, Role, check_ref_name};

impl<T: Config> Pallet<T> {
    /// Fails unless a ref of this kind may be made, or moved, under this name.
    pub(crate) fn ensure_settable(id: AssetId, kind: RefKind, name: &RefName) -> DispatchResult {
        check_ref_name(name).map_err(Self::name_error)?;
        if let Some(found) = Refs::<T>::get(id, name) {
            ensure!(found.kind == kind, Error::<T>::RefKindMismatch);
            ensure!(kind == RefKind::Branch, Error::<T>::TagImmovable);
        }
        Ok(())
    }

    /// Points a ref at a revision; the caller stores the asset.
    pub(crate) fn place_ref(
        who: &T::AccountId,
        id: AssetId,
        asset: &mut AssetOf<T>,
        kind: RefKind,
        name: RefName,
        commit: CommitId,
    ) -> DispatchResult {
        // Once more, as the same call may have set a ref of this name just before.
        Self::ensure_settable(id, kind, &name)?;
        let (reference, previous) = match Refs::<T>::get(id, &name) {
            Some(found) => (Reference { commit, ..found.clone() }, Some(found.commit)),
            None => {
                asset.refs = asset.refs.checked_add(1).ok_or(Error::<T>::Overflow)?;
                let ticket = Self::hold(who, DepositFor::Reference { name: count(name.len()) })?;
                (Reference { kind, commit, depositor: who.clone(), ticket }, None)
            }
        };
        Refs::<T>::insert(id, &name, reference);
        Self::deposit_event(Event::RefSet { asset: id, name, kind, commit, previous });
        Ok(())
    }

    pub(crate) fn do_set_ref(
        who: T::AccountId,
        id: AssetId,
        kind: RefKind,
        name: RefName,
        commit: CommitId,
    ) -> DispatchResult {
        let mut asset = Self::existing_asset(id)?;
        Self::ensure_role(id, &asset, &who, Role::Writer)?;
        ensure!(!asset.retired, Error::<T>::Retired);
        let revision = Revisions::<T>::get(commit).ok_or(Error::<T>::RevisionNotFound)?;
        ensure!(revision.asset == id, Error::<T>::RevisionNotFound);

        Self::place_ref(&who, id, &mut asset, kind, name, commit)?;
        Assets::<T>::insert(id, asset);
        Ok(())
    }

    pub(crate) fn do_delete_ref(who: T::AccountId, id: AssetId, name: RefName) -> DispatchResult {
        let mut asset = Self::existing_asset(id)?;
        let found = Refs::<T>::get(id, &name).ok_or(Error::<T>::RefNotFound)?;
        let role = match found.kind {
            RefKind::Branch => Role::Writer,
            RefKind::Tag => Role::Admin,
        };
        Self::ensure_role(id, &asset, &who, role)?;
        asset.refs = asset.refs.checked_sub(1).defensive_ok_or(Error::<T>::Overflow)?;

        found.ticket.drop(&found.depositor)?;
        Refs::<T>::remove(id, &name);
        Assets::<T>::insert(id, asset);
        Self::deposit_event(Event::RefDeleted { asset: id, name });
        Ok(())
    }
}

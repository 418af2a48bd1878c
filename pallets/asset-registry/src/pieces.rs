//! Who decides about a piece: the asset that named it first, until it lets go.

use crate::{
    Assets, Config, DenyList, Error, Event, Pallet, PieceAssets, Pieces, RevisionOf, Revisions,
    types::{PieceRecord, Subject},
};
use polkadot_sdk::{
    frame_support::{
        defensive, ensure,
        traits::{Defensive, DefensiveOption},
    },
    sp_runtime::{DispatchError, DispatchResult},
};
use stoa_primitives::{
    Piece, PieceRoot,
    registry::{AssetId, CommitId, PieceAccess, Role, Visibility},
};

impl<T: Config> Pallet<T> {
    /// Fails unless an asset of this visibility may publish the piece.
    pub(crate) fn ensure_publishable(id: AssetId, visibility: Visibility, piece: &Piece) -> DispatchResult {
        ensure!(piece.size > 0, Error::<T>::EmptyPiece);
        Self::ensure_not_denied(Subject::Piece(piece.root))?;
        let controller = Pieces::<T>::get(piece.root).and_then(|record| record.controller);
        let elsewhere = controller.is_some_and(|controller| controller != id);
        ensure!(visibility == Visibility::Public || !elsewhere, Error::<T>::PieceControlledElsewhere);
        Ok(())
    }

    /// Counts one more revision of `asset` that names the piece; tells which asset controls it.
    pub(crate) fn name_piece(asset: AssetId, root: PieceRoot) -> Result<Option<AssetId>, DispatchError> {
        let mut record = Pieces::<T>::get(root).unwrap_or_default();
        record.revisions = record.revisions.checked_add(1).ok_or(Error::<T>::Overflow)?;
        record.controller = record.controller.or(Some(asset));
        let named = PieceAssets::<T>::get(root, asset).checked_add(1).ok_or(Error::<T>::Overflow)?;
        PieceAssets::<T>::insert(root, asset, named);
        Pieces::<T>::insert(root, record);
        Ok(record.controller)
    }

    /// Counts one revision less of `asset` that names the piece; with its last one, the asset lets go of the piece.
    pub(crate) fn forget_piece(asset: AssetId, root: PieceRoot) {
        let Some(mut record) = Pieces::<T>::get(root).defensive_proof("a named piece has a record") else {
            return;
        };
        match PieceAssets::<T>::get(root, asset).checked_sub(1) {
            Some(0) => {
                PieceAssets::<T>::remove(root, asset);
                record.controller = record.controller.filter(|controller| *controller != asset);
            }
            Some(left) => PieceAssets::<T>::insert(root, asset, left),
            None => {
                defensive!("an asset counts the revisions that name a piece");
            }
        }
        record.revisions = record.revisions.checked_sub(1).defensive_unwrap_or_default();
        if record.revisions == 0 {
            Pieces::<T>::remove(root);
        } else {
            Pieces::<T>::insert(root, record);
        }
    }

    fn revision_and_record(commit: CommitId) -> Result<(RevisionOf<T>, PieceRecord), DispatchError> {
        let revision = Revisions::<T>::get(commit).ok_or(Error::<T>::RevisionNotFound)?;
        let record = Pieces::<T>::get(revision.piece.root).defensive_ok_or(Error::<T>::RevisionNotFound)?;
        Ok((revision, record))
    }

    fn assign(root: PieceRoot, record: PieceRecord, controller: AssetId) {
        Pieces::<T>::insert(root, PieceRecord { controller: Some(controller), ..record });
        Self::deposit_event(Event::PieceAssigned { root, controller });
    }

    pub(crate) fn do_claim_piece(who: T::AccountId, commit: CommitId) -> DispatchResult {
        let (revision, record) = Self::revision_and_record(commit)?;
        let asset = Self::existing_asset(revision.asset)?;
        Self::ensure_role(revision.asset, &asset, &who, Role::Admin)?;
        ensure!(record.controller.is_none(), Error::<T>::PieceControlled);

        Self::assign(revision.piece.root, record, revision.asset);
        Ok(())
    }

    pub(crate) fn do_assign_piece(commit: CommitId) -> DispatchResult {
        let (revision, record) = Self::revision_and_record(commit)?;
        ensure!(record.controller != Some(revision.asset), Error::<T>::AlreadyThere);

        Self::assign(revision.piece.root, record, revision.asset);
        Ok(())
    }

    /// Whether nodes may hand out a piece, in at most four reads.
    pub(crate) fn access_of(root: PieceRoot) -> PieceAccess {
        if DenyList::<T>::contains_key(Subject::Piece(root)) {
            return PieceAccess::Denied;
        }
        let Some(record) = Pieces::<T>::get(root) else { return PieceAccess::Unknown };
        let Some(controller) = record.controller else { return PieceAccess::Restricted };
        if DenyList::<T>::contains_key(Subject::Asset(controller)) {
            return PieceAccess::Denied;
        }
        match Assets::<T>::get(controller)
            .defensive_proof("a controller exists")
            .map(|asset| asset.visibility)
        {
            Some(Visibility::Public) => PieceAccess::Public,
            Some(Visibility::Gated | Visibility::Private) | None => PieceAccess::Restricted,
        }
    }
}

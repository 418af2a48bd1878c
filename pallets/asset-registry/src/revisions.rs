//! Revisions: publishing, marking, and what is left of them once their asset is retired.

use crate::{
    Assets, Children, Config, Contents, Error, Event, NextSerial, Pallet, RevisionOf, Revisions, RevisionsOf,
    TombstoneOf, Tombstones,
    assets::ordinal,
    types::{DepositFor, Message, NewRefs, Parents, Revision, Subject, Tombstone, count},
};
use codec::Encode;
use polkadot_sdk::{
    frame_support::{
        defensive, ensure,
        traits::{Consideration, DefensiveOption},
    },
    frame_system,
    sp_io::hashing::blake2_256,
    sp_runtime::{DispatchError, DispatchResult},
};
use stoa_primitives::{
    ContentId, Piece,
    registry::{AssetId, CommitId, Role},
};

/// What a commit id is the hash of, in this order.
pub(crate) type Identity<'a, AccountId, BlockNumber> =
    (AssetId, u32, &'a ContentId, &'a Piece, &'a Parents, &'a Message, &'a AccountId, BlockNumber);

/// The first 20 bytes of the hash of everything that a revision says.
pub(crate) fn commit_id<AccountId: Encode, BlockNumber: Encode>(
    identity: &Identity<'_, AccountId, BlockNumber>,
) -> CommitId {
    let mut id = [0; 20];
    id.iter_mut().zip(identity.using_encoded(blake2_256)).for_each(|(to, from)| *to = from);
    CommitId(id)
}

impl<T: Config> Pallet<T> {
    pub(crate) fn do_publish_revision(
        author: T::AccountId,
        id: AssetId,
        content: ContentId,
        piece: Piece,
        parents: Parents,
        message: Message,
        refs: NewRefs,
    ) -> DispatchResult {
        let mut asset = Self::existing_asset(id)?;
        Self::ensure_role(id, &asset, &author, Role::Writer)?;
        ensure!(!asset.retired, Error::<T>::Retired);
        Self::ensure_not_denied(Subject::Asset(id))?;
        Self::ensure_publishable(id, asset.visibility, &piece)?;
        Self::ensure_parents(&parents)?;
        for new in &refs {
            Self::ensure_settable(id, new.kind, &new.name)?;
        }
        let number = asset.next_revision;
        let published = frame_system::Pallet::<T>::block_number();
        let commit = commit_id(&(id, number, &content, &piece, &parents, &message, &author, published));
        let taken = Revisions::<T>::contains_key(commit) || Tombstones::<T>::contains_key(commit);
        ensure!(!taken, Error::<T>::CommitTaken);
        let serial = NextSerial::<T>::get();
        let next_serial = serial.checked_add(1).ok_or(Error::<T>::Overflow)?;
        asset.next_revision = number.checked_add(1).ok_or(Error::<T>::Overflow)?;
        asset.revisions = asset.revisions.checked_add(1).ok_or(Error::<T>::Overflow)?;

        let deposit = DepositFor::Revision { parents: count(parents.len()), message: count(message.len()) };
        let ticket = Self::hold(&author, deposit)?;
        NextSerial::<T>::put(next_serial);
        RevisionsOf::<T>::insert(id, number, commit);
        Contents::<T>::insert(content, ordinal(serial), commit);
        let controller = Self::name_piece(id, piece.root)?;
        for parent in &parents {
            Children::<T>::insert(parent.commit, ordinal(serial), commit);
            Self::add_child(parent.commit)?;
        }
        let revision = Revision {
            asset: id,
            number,
            serial,
            content,
            piece,
            parents,
            message,
            author: author.clone(),
            published,
            children: 0,
            yanked: false,
            ticket,
        };
        Revisions::<T>::insert(commit, revision);
        Self::deposit_event(Event::RevisionPublished {
            asset: id,
            commit,
            number,
            author: author.clone(),
            content,
            piece,
            controller,
        });
        for new in refs {
            Self::place_ref(&author, id, &mut asset, new.kind, new.name, commit)?;
        }
        Assets::<T>::insert(id, asset);
        Ok(())
    }

    /// Fails unless every parent is a revision of the asset that it's said to be of, named once.
    fn ensure_parents(parents: &Parents) -> DispatchResult {
        for (index, parent) in parents.iter().enumerate() {
            let earlier = parents.iter().take(index);
            ensure!(
                earlier.into_iter().all(|other| other.commit != parent.commit),
                Error::<T>::DuplicateParent
            );
            let found = Revisions::<T>::get(parent.commit).ok_or(Error::<T>::ParentNotFound)?;
            ensure!(found.asset == parent.asset, Error::<T>::ParentNotFound);
        }
        Ok(())
    }

    /// Counts one more revision that names `parent`.
    fn add_child(parent: CommitId) -> DispatchResult {
        Revisions::<T>::try_mutate(parent, |found| {
            let found = found.as_mut().defensive_ok_or(Error::<T>::ParentNotFound)?;
            found.children = found.children.checked_add(1).ok_or(Error::<T>::Overflow)?;
            Ok(())
        })
    }

    /// Counts one revision less that names `parent`.
    fn drop_child(parent: CommitId) {
        let fewer = |children: &mut u32| match children.checked_sub(1) {
            Some(left) => *children = left,
            None => {
                defensive!("a parent counts its children");
            }
        };
        if Revisions::<T>::contains_key(parent) {
            Revisions::<T>::mutate_extant(parent, |found| fewer(&mut found.children));
        } else if Tombstones::<T>::contains_key(parent) {
            Tombstones::<T>::mutate_extant(parent, |found| fewer(&mut found.children));
        } else {
            defensive!("a parent stays while it has children");
        }
    }

    pub(crate) fn do_yank_revision(who: T::AccountId, commit: CommitId) -> DispatchResult {
        let mut revision = Revisions::<T>::get(commit).ok_or(Error::<T>::RevisionNotFound)?;
        let id = revision.asset;
        let asset = Self::existing_asset(id)?;
        let role = if who == revision.author { Role::Writer } else { Role::Admin };
        Self::ensure_role(id, &asset, &who, role)?;
        ensure!(!revision.yanked, Error::<T>::AlreadyYanked);

        revision.yanked = true;
        Revisions::<T>::insert(commit, revision);
        Self::deposit_event(Event::RevisionYanked { asset: id, commit });
        Ok(())
    }

    /// Removes a revision or a tombstone; tells how many parents it had.
    pub(crate) fn do_remove_revision(commit: CommitId) -> Result<u32, DispatchError> {
        if let Some(revision) = Revisions::<T>::get(commit) {
            return Self::remove_record(commit, revision);
        }
        let tombstone = Tombstones::<T>::get(commit).ok_or(Error::<T>::RevisionNotFound)?;
        ensure!(tombstone.children == 0, Error::<T>::HasDescendants);

        let Tombstone { asset, serial, parents, author, ticket, .. } = tombstone;
        Tombstones::<T>::remove(commit);
        Self::unlink(serial, &parents);
        ticket.drop(&author)?;
        Self::deposit_event(Event::RevisionRemoved { asset, commit, tombstone: false });
        Ok(count(parents.len()))
    }

    fn remove_record(commit: CommitId, revision: RevisionOf<T>) -> Result<u32, DispatchError> {
        let Revision { asset: id, number, serial, content, piece, parents, author, children, ticket, .. } =
            revision;
        let mut asset = Assets::<T>::get(id).defensive_ok_or(Error::<T>::AssetNotFound)?;
        ensure!(asset.retired, Error::<T>::NotRetired);
        Self::ensure_not_denied(Subject::Asset(id))?;
        asset.revisions = asset.revisions.checked_sub(1).defensive_ok_or(Error::<T>::Overflow)?;

        let length = count(parents.len());
        Assets::<T>::insert(id, asset);
        RevisionsOf::<T>::remove(id, number);
        Contents::<T>::remove(content, ordinal(serial));
        Self::forget_piece(id, piece.root);
        Revisions::<T>::remove(commit);
        if children == 0 {
            Self::unlink(serial, &parents);
            ticket.drop(&author)?;
        } else {
            let ticket =
                ticket.update(&author, Self::footprint(DepositFor::Tombstone { parents: length }))?;
            let tombstone: TombstoneOf<T> =
                Tombstone { asset: id, serial, parents, author, children, ticket };
            Tombstones::<T>::insert(commit, tombstone);
        }
        Self::deposit_event(Event::RevisionRemoved { asset: id, commit, tombstone: children != 0 });
        Ok(length)
    }

    /// Takes a revision out of its parents' lists of children.
    fn unlink(serial: u64, parents: &Parents) {
        for parent in parents {
            Children::<T>::remove(parent.commit, ordinal(serial));
            Self::drop_child(parent.commit);
        }
    }
}

//! What each call costs at its worst: the longest names, full records, and every index row written or moved.

use crate::{
    Assets, Attestations, Call, Collaborators, Config, DenyList, Namespaces, NamespacesOf, NextAssetId,
    Pallet, Pieces, Refs, Revisions, RevisionsOf, Tombstones,
    types::{
        Claim, Licence, MAX_LICENCE_LEN, MAX_MESSAGE_LEN, MAX_NEW_REFS, MAX_PARENTS, Message, Name, NameKey,
        NewRef, NewRefs, Parent, Parents, RefName, Subject,
    },
};
use alloc::vec;
use polkadot_sdk::{
    frame_benchmarking::{account, v2::*},
    frame_support::traits::{EnsureOrigin, Get, fungible::Mutate},
    frame_system::RawOrigin,
    sp_core::ConstU32,
    sp_runtime::traits::{Bounded, UniqueSaturatedInto},
};
use stoa_primitives::{
    Codec, ContentId, Piece,
    registry::{
        AssetId, AssetKind, CommitId, MAX_NAME_LEN, MAX_REF_LEN, PieceAccess, RefKind, Relation, Role,
        Visibility,
    },
};

/// Longest names for all that isn't measured by length.
const LONG: u32 = MAX_NAME_LEN;

fn text<Most: Get<u32>>(letter: u8, len: u32) -> polkadot_sdk::frame_support::BoundedVec<u8, Most> {
    vec![letter; len.unique_saturated_into()]
        .try_into()
        .expect("the range of the component is the limit; qed")
}

fn name(letter: u8) -> Name {
    text::<ConstU32<MAX_NAME_LEN>>(letter, LONG)
}

fn key(letter: u8) -> NameKey {
    NameKey::from(&name(letter))
}

fn content(number: u8) -> ContentId {
    ContentId { codec: Codec::DagPb, digest: [number; 32] }
}

fn piece(number: u8) -> Piece {
    Piece { root: [number; 32], size: 1 << 30 }
}

/// An account with enough for every deposit.
fn rich<T: Config>(index: u32) -> T::AccountId {
    let who = account("rich", index, 0);
    let plenty = crate::BalanceOf::<T>::max_value() / 1_000_u32.into();
    T::Currency::set_balance(&who, plenty);
    who
}

fn origin<T: Config>(who: &T::AccountId) -> T::RuntimeOrigin {
    RawOrigin::Signed(who.clone()).into()
}

fn namespace<T: Config>(owner: &T::AccountId, letter: u8) -> Result<(), BenchmarkError> {
    Ok(Pallet::<T>::register_namespace(origin::<T>(owner), name(letter))?)
}

/// An asset with the longest of everything, in a namespace of the same letter.
fn asset<T: Config>(owner: &T::AccountId, letter: u8) -> Result<AssetId, BenchmarkError> {
    namespace::<T>(owner, letter)?;
    let id = AssetId(NextAssetId::<T>::get());
    Pallet::<T>::create_asset(
        origin::<T>(owner),
        name(letter),
        name(letter),
        AssetKind::Model,
        text(b'l', MAX_LICENCE_LEN),
        Visibility::Public,
    )?;
    Ok(id)
}

/// A collaborator with a role: working through one costs a read more than owning.
fn collaborator<T: Config>(
    owner: &T::AccountId,
    id: AssetId,
    role: Role,
) -> Result<T::AccountId, BenchmarkError> {
    let who = rich::<T>(7);
    Pallet::<T>::set_collaborator(origin::<T>(owner), id, who.clone(), role)?;
    Ok(who)
}

/// A revision with the longest message; its number among the asset's tells which commit id it got.
fn publish<T: Config>(
    who: &T::AccountId,
    id: AssetId,
    number: u8,
    parents: Parents,
    refs: NewRefs,
) -> Result<CommitId, BenchmarkError> {
    let next = Assets::<T>::get(id).map(|found| found.next_revision).unwrap_or_default();
    let message = text(b'm', MAX_MESSAGE_LEN);
    Pallet::<T>::publish_revision(
        origin::<T>(who),
        id,
        content(number),
        piece(number),
        parents,
        message,
        refs,
    )?;
    RevisionsOf::<T>::get(id, next).ok_or(BenchmarkError::Stop("nothing was published"))
}

fn plain<T: Config>(who: &T::AccountId, id: AssetId, number: u8) -> Result<CommitId, BenchmarkError> {
    publish::<T>(who, id, number, Parents::default(), NewRefs::default())
}

/// Parents that each have as many parents as may be: their records are at their longest.
fn parents<T: Config>(who: &T::AccountId, id: AssetId, count: u32) -> Result<Parents, BenchmarkError> {
    let mut roots = Parents::default();
    for _ in 0..MAX_PARENTS {
        roots
            .try_push(Parent { asset: id, commit: plain::<T>(who, id, 1)?, relation: Relation::Merge })
            .map_err(|_| BenchmarkError::Stop("too many parents"))?;
    }
    let mut parents = Parents::default();
    for _ in 0..count {
        let commit = publish::<T>(who, id, 2, roots.clone(), NewRefs::default())?;
        parents
            .try_push(Parent { asset: id, commit, relation: Relation::Merge })
            .map_err(|_| BenchmarkError::Stop("too many parents"))?;
    }
    Ok(parents)
}

fn moderator<T: Config>() -> Result<T::RuntimeOrigin, BenchmarkError> {
    T::ModerationOrigin::try_successful_origin().map_err(|_| BenchmarkError::Weightless)
}

fn reference(letter: u8) -> RefName {
    text::<ConstU32<MAX_REF_LEN>>(letter, MAX_REF_LEN)
}

#[benchmarks]
mod benchmarks {
    use super::*;

    #[benchmark]
    fn register_namespace(n: Linear<1, MAX_NAME_LEN>) {
        let caller = rich::<T>(1);
        let name: Name = text(b'a', n);

        #[extrinsic_call]
        _(RawOrigin::Signed(caller.clone()), name.clone());

        assert_eq!(Namespaces::<T>::get(NameKey::from(&name)).map(|found| found.owner), Some(caller));
    }

    #[benchmark]
    fn offer_namespace() -> Result<(), BenchmarkError> {
        let (caller, to) = (rich::<T>(1), rich::<T>(2));
        namespace::<T>(&caller, b'a')?;

        #[extrinsic_call]
        _(RawOrigin::Signed(caller), name(b'a'), to.clone());

        assert_eq!(Namespaces::<T>::get(key(b'a')).and_then(|found| found.offered_to), Some(to));
        Ok(())
    }

    #[benchmark]
    fn accept_namespace() -> Result<(), BenchmarkError> {
        let (from, caller) = (rich::<T>(1), rich::<T>(2));
        namespace::<T>(&from, b'a')?;
        Pallet::<T>::offer_namespace(origin::<T>(&from), name(b'a'), caller.clone())?;

        #[extrinsic_call]
        _(RawOrigin::Signed(caller.clone()), name(b'a'));

        assert!(NamespacesOf::<T>::contains_key(caller, key(b'a')));
        Ok(())
    }

    #[benchmark]
    fn cancel_namespace_offer() -> Result<(), BenchmarkError> {
        let (from, caller) = (rich::<T>(1), rich::<T>(2));
        namespace::<T>(&from, b'a')?;
        Pallet::<T>::offer_namespace(origin::<T>(&from), name(b'a'), caller.clone())?;

        #[extrinsic_call]
        _(RawOrigin::Signed(caller), name(b'a'));

        assert_eq!(Namespaces::<T>::get(key(b'a')).and_then(|found| found.offered_to), None);
        Ok(())
    }

    #[benchmark]
    fn remove_namespace() -> Result<(), BenchmarkError> {
        let caller = rich::<T>(1);
        namespace::<T>(&caller, b'a')?;

        #[extrinsic_call]
        _(RawOrigin::Signed(caller), name(b'a'));

        assert!(!Namespaces::<T>::contains_key(key(b'a')));
        Ok(())
    }

    #[benchmark]
    fn create_asset(n: Linear<1, MAX_NAME_LEN>, l: Linear<0, MAX_LICENCE_LEN>) -> Result<(), BenchmarkError> {
        let caller = rich::<T>(1);
        namespace::<T>(&caller, b'a')?;
        let licence: Licence = text(b'l', l);

        #[extrinsic_call]
        _(
            RawOrigin::Signed(caller),
            name(b'a'),
            text(b'b', n),
            AssetKind::Model,
            licence.clone(),
            Visibility::Public,
        );

        assert_eq!(Assets::<T>::get(AssetId(0)).map(|found| found.licence), Some(licence));
        Ok(())
    }

    #[benchmark]
    fn offer_asset() -> Result<(), BenchmarkError> {
        let (caller, to) = (rich::<T>(1), rich::<T>(2));
        let id = asset::<T>(&caller, b'a')?;
        namespace::<T>(&to, b'b')?;

        #[extrinsic_call]
        _(RawOrigin::Signed(caller), id, name(b'b'));

        assert!(Assets::<T>::get(id).is_some_and(|found| found.offer.is_some()));
        Ok(())
    }

    #[benchmark]
    fn accept_asset() -> Result<(), BenchmarkError> {
        let (from, caller) = (rich::<T>(1), rich::<T>(2));
        let id = asset::<T>(&from, b'a')?;
        namespace::<T>(&caller, b'b')?;
        Pallet::<T>::offer_asset(origin::<T>(&from), id, name(b'b'))?;

        #[extrinsic_call]
        _(RawOrigin::Signed(caller), id);

        assert_eq!(Assets::<T>::get(id).map(|found| found.namespace), Some(key(b'b')));
        Ok(())
    }

    #[benchmark]
    fn cancel_asset_offer() -> Result<(), BenchmarkError> {
        let (caller, to) = (rich::<T>(1), rich::<T>(2));
        let id = asset::<T>(&caller, b'a')?;
        namespace::<T>(&to, b'b')?;
        Pallet::<T>::offer_asset(origin::<T>(&caller), id, name(b'b'))?;

        #[extrinsic_call]
        _(RawOrigin::Signed(caller), id);

        assert!(Assets::<T>::get(id).is_some_and(|found| found.offer.is_none()));
        Ok(())
    }

    #[benchmark]
    fn set_visibility() -> Result<(), BenchmarkError> {
        let owner = rich::<T>(1);
        let id = asset::<T>(&owner, b'a')?;
        let caller = collaborator::<T>(&owner, id, Role::Admin)?;

        #[extrinsic_call]
        _(RawOrigin::Signed(caller), id, Visibility::Gated);

        assert_eq!(Assets::<T>::get(id).map(|found| found.visibility), Some(Visibility::Gated));
        Ok(())
    }

    #[benchmark]
    fn set_collaborator() -> Result<(), BenchmarkError> {
        let owner = rich::<T>(1);
        let id = asset::<T>(&owner, b'a')?;
        let caller = collaborator::<T>(&owner, id, Role::Admin)?;
        let new = rich::<T>(2);

        #[extrinsic_call]
        _(RawOrigin::Signed(caller), id, new.clone(), Role::Writer);

        assert_eq!(Collaborators::<T>::get(id, new).map(|found| found.role), Some(Role::Writer));
        Ok(())
    }

    #[benchmark]
    fn remove_collaborator() -> Result<(), BenchmarkError> {
        let owner = rich::<T>(1);
        let id = asset::<T>(&owner, b'a')?;
        let caller = collaborator::<T>(&owner, id, Role::Admin)?;
        let other = rich::<T>(2);
        Pallet::<T>::set_collaborator(origin::<T>(&owner), id, other.clone(), Role::Writer)?;

        #[extrinsic_call]
        _(RawOrigin::Signed(caller), id, other.clone());

        assert!(!Collaborators::<T>::contains_key(id, other));
        Ok(())
    }

    #[benchmark]
    fn retire_asset() -> Result<(), BenchmarkError> {
        let caller = rich::<T>(1);
        let id = asset::<T>(&caller, b'a')?;

        #[extrinsic_call]
        _(RawOrigin::Signed(caller), id);

        assert!(Assets::<T>::get(id).is_some_and(|found| found.retired));
        Ok(())
    }

    #[benchmark]
    fn remove_asset() -> Result<(), BenchmarkError> {
        let caller = rich::<T>(1);
        let id = asset::<T>(&caller, b'a')?;

        #[extrinsic_call]
        _(RawOrigin::Signed(caller), id);

        assert!(!Assets::<T>::contains_key(id));
        Ok(())
    }

    #[benchmark]
    fn publish_revision(
        p: Linear<0, MAX_PARENTS>,
        m: Linear<0, MAX_MESSAGE_LEN>,
        r: Linear<0, MAX_NEW_REFS>,
    ) -> Result<(), BenchmarkError> {
        let owner = rich::<T>(1);
        let id = asset::<T>(&owner, b'a')?;
        let caller = collaborator::<T>(&owner, id, Role::Writer)?;
        let parents = parents::<T>(&owner, id, p)?;
        let message: Message = text(b'm', m);
        let mut refs = NewRefs::default();
        for letter in (b'a'..=b'z').take(r.unique_saturated_into()) {
            refs.try_push(NewRef { kind: RefKind::Branch, name: reference(letter) })
                .map_err(|_| BenchmarkError::Stop("too many refs"))?;
        }
        let number = Assets::<T>::get(id).map(|found| found.next_revision).unwrap_or_default();

        #[extrinsic_call]
        _(RawOrigin::Signed(caller), id, content(9), piece(9), parents, message, refs);

        assert!(RevisionsOf::<T>::contains_key(id, number));
        assert_eq!(Assets::<T>::get(id).map(|found| found.refs), Some(r));
        Ok(())
    }

    #[benchmark]
    fn set_ref() -> Result<(), BenchmarkError> {
        let owner = rich::<T>(1);
        let id = asset::<T>(&owner, b'a')?;
        let caller = collaborator::<T>(&owner, id, Role::Writer)?;
        let commit = publish::<T>(&owner, id, 9, parents::<T>(&owner, id, MAX_PARENTS)?, NewRefs::default())?;

        #[extrinsic_call]
        _(RawOrigin::Signed(caller), id, RefKind::Branch, reference(b'b'), commit);

        assert_eq!(Refs::<T>::get(id, reference(b'b')).map(|found| found.commit), Some(commit));
        Ok(())
    }

    #[benchmark]
    fn delete_ref() -> Result<(), BenchmarkError> {
        let owner = rich::<T>(1);
        let id = asset::<T>(&owner, b'a')?;
        let caller = collaborator::<T>(&owner, id, Role::Admin)?;
        let commit = plain::<T>(&owner, id, 1)?;
        Pallet::<T>::set_ref(origin::<T>(&owner), id, RefKind::Tag, reference(b't'), commit)?;

        #[extrinsic_call]
        _(RawOrigin::Signed(caller), id, reference(b't'));

        assert!(!Refs::<T>::contains_key(id, reference(b't')));
        Ok(())
    }

    #[benchmark]
    fn yank_revision() -> Result<(), BenchmarkError> {
        let owner = rich::<T>(1);
        let id = asset::<T>(&owner, b'a')?;
        let caller = collaborator::<T>(&owner, id, Role::Admin)?;
        let commit = publish::<T>(&owner, id, 9, parents::<T>(&owner, id, MAX_PARENTS)?, NewRefs::default())?;

        #[extrinsic_call]
        _(RawOrigin::Signed(caller), commit);

        assert!(Revisions::<T>::get(commit).is_some_and(|found| found.yanked));
        Ok(())
    }

    /// Nothing descends from it, so each of its parents is written too. One that leaves a tombstone writes less.
    #[benchmark]
    fn remove_revision(p: Linear<0, MAX_PARENTS>) -> Result<(), BenchmarkError> {
        let owner = rich::<T>(1);
        let caller = rich::<T>(2);
        let id = asset::<T>(&owner, b'a')?;
        let commit = publish::<T>(&owner, id, 9, parents::<T>(&owner, id, p)?, NewRefs::default())?;
        Pallet::<T>::retire_asset(origin::<T>(&owner), id)?;

        #[extrinsic_call]
        _(RawOrigin::Signed(caller), commit);

        assert!(!Revisions::<T>::contains_key(commit) && !Tombstones::<T>::contains_key(commit));
        Ok(())
    }

    #[benchmark]
    fn claim_piece() -> Result<(), BenchmarkError> {
        let (owner, other) = (rich::<T>(1), rich::<T>(2));
        let first = asset::<T>(&owner, b'a')?;
        let second = asset::<T>(&other, b'b')?;
        let commit = plain::<T>(&owner, first, 9)?;
        let parents = parents::<T>(&other, second, MAX_PARENTS)?;
        let caller = collaborator::<T>(&other, second, Role::Admin)?;
        let claim = publish::<T>(&other, second, 9, parents, NewRefs::default())?;
        Pallet::<T>::retire_asset(origin::<T>(&owner), first)?;
        Pallet::<T>::remove_revision(origin::<T>(&owner), commit).map_err(|error| error.error)?;

        #[extrinsic_call]
        _(RawOrigin::Signed(caller), claim);

        assert_eq!(Pieces::<T>::get(piece(9).root).and_then(|found| found.controller), Some(second));
        Ok(())
    }

    #[benchmark]
    fn assign_piece() -> Result<(), BenchmarkError> {
        let origin = moderator::<T>()?;
        let (owner, other) = (rich::<T>(1), rich::<T>(2));
        let first = asset::<T>(&owner, b'a')?;
        let second = asset::<T>(&other, b'b')?;
        plain::<T>(&owner, first, 9)?;
        let parents = parents::<T>(&other, second, MAX_PARENTS)?;
        let commit = publish::<T>(&other, second, 9, parents, NewRefs::default())?;

        #[extrinsic_call]
        _(origin as T::RuntimeOrigin, commit);

        assert_eq!(Pieces::<T>::get(piece(9).root).and_then(|found| found.controller), Some(second));
        Ok(())
    }

    #[benchmark]
    fn take_down() -> Result<(), BenchmarkError> {
        let origin = moderator::<T>()?;
        let owner = rich::<T>(1);
        let id = asset::<T>(&owner, b'a')?;
        plain::<T>(&owner, id, 1)?;

        #[extrinsic_call]
        _(origin as T::RuntimeOrigin, Subject::Asset(id), [7; 32]);

        assert_eq!(Pallet::<T>::piece_access(piece(1).root), PieceAccess::Denied);
        Ok(())
    }

    #[benchmark]
    fn restore() -> Result<(), BenchmarkError> {
        let origin = moderator::<T>()?;
        let subject = Subject::Piece(piece(1).root);
        Pallet::<T>::take_down(origin.clone(), subject, [7; 32])?;

        #[extrinsic_call]
        _(origin as T::RuntimeOrigin, subject);

        assert!(!DenyList::<T>::contains_key(subject));
        Ok(())
    }

    #[benchmark]
    fn attest() -> Result<(), BenchmarkError> {
        let (owner, caller) = (rich::<T>(1), rich::<T>(2));
        let id = asset::<T>(&owner, b'a')?;
        let commit = publish::<T>(&owner, id, 9, parents::<T>(&owner, id, MAX_PARENTS)?, NewRefs::default())?;

        #[extrinsic_call]
        _(RawOrigin::Signed(caller.clone()), commit, Claim::Audited, content(5));

        assert!(Attestations::<T>::contains_key(commit, (caller, Claim::Audited)));
        Ok(())
    }

    #[benchmark]
    fn revoke_attestation() -> Result<(), BenchmarkError> {
        let (owner, caller) = (rich::<T>(1), rich::<T>(2));
        let id = asset::<T>(&owner, b'a')?;
        let commit = plain::<T>(&owner, id, 1)?;
        Pallet::<T>::attest(origin::<T>(&caller), commit, Claim::Audited, content(5))?;

        #[extrinsic_call]
        _(RawOrigin::Signed(caller.clone()), commit, Claim::Audited);

        assert!(!Attestations::<T>::contains_key(commit, (caller, Claim::Audited)));
        Ok(())
    }

    impl_benchmark_test_suite!(Pallet, crate::mock::ExtBuilder.build(), crate::mock::Test);
}

use super::*;
use crate::{
    Contents, NextSerial, Revisions, RevisionsOf, Tombstones,
    assets::ordinal,
    revisions::commit_id,
    types::{DepositFor, MAX_PARENTS, Subject},
};
use polkadot_sdk::{
    frame_support::{assert_noop, traits::fungible::InspectHold},
    sp_runtime::{DispatchResult, TokenError},
};
use stoa_primitives::registry::Role;

fn try_publish(who: AccountId, asset: AssetId, piece: Piece, parents: &[Parent]) -> DispatchResult {
    let parents = Parents::try_from(parents.to_vec()).unwrap();
    Registry::publish_revision(
        signed(who),
        asset,
        content(1),
        piece,
        parents,
        message("a"),
        NewRefs::default(),
    )
}

fn held_for_revisions(who: AccountId) -> u64 {
    Balances::balance_on_hold(&crate::HoldReason::Revision.into(), &who)
}

#[test]
fn publish_revision_keeps_what_was_stated_under_its_hash() {
    ExtBuilder.build_and_execute(|| {
        let id = alices_model();
        System::set_block_number(7);
        let commit = publish_from(ALICE, id, 1, &[], &[]);
        let identity =
            (id, 0, &content(1), &piece(1), &Parents::default(), &message("a revision"), &ALICE, 7_u64);
        assert_eq!(commit, commit_id(&identity));
        assert_eq!(
            last_event(),
            Event::RevisionPublished {
                asset: id,
                commit,
                number: 0,
                author: ALICE,
                content: content(1),
                piece: piece(1),
                controller: Some(id),
            }
        );
        let found = Registry::revision(commit).unwrap();
        assert_eq!((found.asset, found.number, found.author, found.published), (id, 0, ALICE, 7));
        assert_eq!(
            (found.content, found.piece, found.message),
            (content(1), piece(1), b"a revision".to_vec())
        );
        assert_eq!(RevisionsOf::<Test>::get(id, 0), Some(commit));
        assert_eq!(Contents::<Test>::get(content(1), ordinal(0)), Some(commit));
    });
}

#[test]
fn the_same_revision_published_twice_has_two_commit_ids() {
    ExtBuilder.build_and_execute(|| {
        let id = alices_model();
        assert_ne!(publish(ALICE, id, 1), publish(ALICE, id, 1));
    });
}

#[test]
fn publish_revision_moves_branches_and_makes_tags() {
    ExtBuilder.build_and_execute(|| {
        let id = alices_model();
        let first = publish_from(ALICE, id, 1, &[], &[branch("main"), tag("v1")]);
        let second = publish_from(ALICE, id, 2, &[fine_tune(id, first)], &[branch("main"), tag("v2")]);
        let refs = |name: &str| Registry::resolve_commit(id, name.as_bytes());
        assert_eq!((refs("main"), refs("v1"), refs("v2")), (Some(second), Some(first), Some(second)));
        assert!(events().contains(&Event::RefSet {
            asset: id,
            name: ref_name("main"),
            kind: RefKind::Branch,
            commit: second,
            previous: Some(first),
        }));
    });
}

#[test]
fn publish_revision_is_for_the_owner_admins_and_writers() {
    ExtBuilder.build_and_execute(|| {
        let id = alices_model();
        assert_noop!(try_publish(BOB, id, piece(1), &[]), Error::NotPermitted);
        assert_ok!(Registry::set_collaborator(signed(ALICE), id, BOB, Role::Writer));
        assert_ok!(Registry::set_collaborator(signed(ALICE), id, CAROL, Role::Admin));
        assert_ok!(try_publish(BOB, id, piece(1), &[]));
        assert_ok!(try_publish(CAROL, id, piece(1), &[]));
        assert!(held(BOB) > 0 && held(CAROL) > 0);
    });
}

#[test]
fn publish_revision_fails_when_something_is_wrong() {
    ExtBuilder.build_and_execute(|| {
        let id = alices_model();
        let other = asset_in(ALICE, "alice", "other", Visibility::Public);
        let commit = publish(ALICE, id, 1);
        assert_noop!(try_publish(ALICE, AssetId(7), piece(1), &[]), Error::AssetNotFound);
        assert_noop!(try_publish(ALICE, id, Piece { root: [1; 32], size: 0 }, &[]), Error::EmptyPiece);
        let unknown = fine_tune(id, CommitId([9; 20]));
        assert_noop!(try_publish(ALICE, id, piece(1), &[unknown]), Error::ParentNotFound);
        let misplaced = fine_tune(other, commit);
        assert_noop!(try_publish(ALICE, id, piece(1), &[misplaced]), Error::ParentNotFound);
        let twice = [fine_tune(id, commit), Parent { relation: Relation::Merge, ..fine_tune(id, commit) }];
        assert_noop!(try_publish(ALICE, id, piece(1), &twice), Error::DuplicateParent);
        assert_ok!(Registry::take_down(root(), Subject::Asset(id), [1; 32]));
        assert_noop!(try_publish(ALICE, id, piece(2), &[]), Error::TakenDown);
        assert_ok!(Registry::restore(root(), Subject::Asset(id)));
        assert_ok!(Registry::take_down(root(), Subject::Piece(piece(2).root), [1; 32]));
        assert_noop!(try_publish(ALICE, id, piece(2), &[]), Error::TakenDown);
        assert_ok!(Registry::retire_asset(signed(ALICE), id));
        assert_noop!(try_publish(ALICE, id, piece(1), &[]), Error::Retired);
    });
}

#[test]
fn publish_revision_fails_when_a_ref_cannot_be_set() {
    ExtBuilder.build_and_execute(|| {
        let id = alices_model();
        publish_from(ALICE, id, 1, &[], &[branch("main"), tag("v1")]);
        let to = |new: NewRef| {
            let refs = NewRefs::try_from(vec![new]).unwrap();
            Registry::publish_revision(
                signed(ALICE),
                id,
                content(1),
                piece(1),
                Parents::default(),
                message("a"),
                refs,
            )
        };
        assert_noop!(to(tag("v1")), Error::TagImmovable);
        assert_noop!(to(tag("main")), Error::RefKindMismatch);
        assert_noop!(to(branch("v1")), Error::RefKindMismatch);
        assert_noop!(to(branch("")), Error::NameLength);
        assert_noop!(to(branch("a b")), Error::NameCharacter);
        assert_noop!(to(branch("a/")), Error::NameEdge);
        assert_noop!(to(branch("a..b")), Error::NameRepeated);
    });
}

#[test]
fn publish_revision_fails_when_it_names_a_tag_twice() {
    ExtBuilder.build_and_execute(|| {
        let id = alices_model();
        let refs = NewRefs::try_from(vec![tag("v1"), tag("v1")]).unwrap();
        let call = RuntimeCall::Registry(crate::Call::publish_revision {
            asset: id,
            content: content(1),
            piece: piece(1),
            parents: Parents::default(),
            message: message("a"),
            refs,
        });
        use polkadot_sdk::sp_runtime::traits::Dispatchable;
        assert_noop!(call.dispatch(signed(ALICE)).map_err(|error| error.error), Error::TagImmovable);
    });
}

#[test]
fn publish_revision_fails_when_the_commit_id_is_in_use() {
    ExtBuilder.build().execute_with(|| {
        let id = alices_model();
        let commit = publish(ALICE, id, 1);
        let taken = Revisions::<Test>::get(commit).unwrap();
        let identity = (id, 1, &content(1), &piece(1), &Parents::default(), &message("a"), &ALICE, 1_u64);
        Revisions::<Test>::insert(commit_id(&identity), taken);
        assert_noop!(try_publish(ALICE, id, piece(1), &[]), Error::CommitTaken);
    });
}

#[test]
fn publish_revision_fails_when_a_counter_is_at_its_end() {
    ExtBuilder.build_and_execute(|| {
        let id = alices_model();
        NextSerial::<Test>::put(u64::MAX);
        assert_noop!(try_publish(ALICE, id, piece(1), &[]), Error::Overflow);
    });
}

#[test]
fn publish_revision_fails_when_the_caller_cannot_pay() {
    ExtBuilder.build_and_execute(|| {
        let id = alices_model();
        assert_ok!(Registry::set_collaborator(signed(ALICE), id, POOR, Role::Writer));
        assert_noop!(try_publish(POOR, id, piece(1), &[]), TokenError::FundsUnavailable);
    });
}

#[test]
fn yank_revision_marks_it_and_keeps_it() {
    ExtBuilder.build_and_execute(|| {
        let id = alices_model();
        let commit = publish(ALICE, id, 1);
        let before = held(ALICE);
        assert_ok!(Registry::yank_revision(signed(ALICE), commit));
        assert_eq!(last_event(), Event::RevisionYanked { asset: id, commit });
        assert!(Registry::revision(commit).unwrap().yanked);
        assert_eq!(held(ALICE), before);
        assert_noop!(Registry::yank_revision(signed(ALICE), commit), Error::AlreadyYanked);
        assert_noop!(Registry::yank_revision(signed(ALICE), CommitId([9; 20])), Error::RevisionNotFound);
    });
}

#[test]
fn a_writer_yanks_only_what_they_published() {
    ExtBuilder.build_and_execute(|| {
        let id = alices_model();
        assert_ok!(Registry::set_collaborator(signed(ALICE), id, BOB, Role::Writer));
        let alices = publish(ALICE, id, 1);
        let bobs = publish(BOB, id, 2);
        assert_noop!(Registry::yank_revision(signed(BOB), alices), Error::NotPermitted);
        assert_noop!(Registry::yank_revision(signed(CAROL), bobs), Error::NotPermitted);
        assert_ok!(Registry::yank_revision(signed(BOB), bobs));
    });
}

#[test]
fn a_revision_is_kept_while_its_asset_is_in_use() {
    ExtBuilder.build_and_execute(|| {
        let id = alices_model();
        let commit = publish(ALICE, id, 1);
        assert_noop!(Registry::remove_revision(signed(ALICE), commit), Error::NotRetired);
        assert_noop!(Registry::remove_revision(signed(ALICE), CommitId([9; 20])), Error::RevisionNotFound);
        assert_ok!(Registry::retire_asset(signed(ALICE), id));
        assert_ok!(Registry::take_down(root(), Subject::Asset(id), [1; 32]));
        assert_noop!(Registry::remove_revision(signed(ALICE), commit), Error::TakenDown);
    });
}

#[test]
fn a_retired_assets_revision_is_removed_by_anybody_and_its_author_gets_the_deposit() {
    ExtBuilder.build_and_execute(|| {
        let id = alices_model();
        assert_ok!(Registry::set_collaborator(signed(ALICE), id, BOB, Role::Writer));
        let commit = publish(BOB, id, 1);
        assert_ok!(Registry::retire_asset(signed(ALICE), id));
        assert_ok!(Registry::remove_revision(signed(CAROL), commit));
        assert_eq!(last_event(), Event::RevisionRemoved { asset: id, commit, tombstone: false });
        assert_eq!(held(BOB), 0);
        assert_eq!(Registry::revision(commit), None);
        assert_eq!(Registry::piece_of_content(content(1)), None);
    });
}

#[test]
fn a_removed_revision_with_children_leaves_a_tombstone_and_most_of_the_deposit_goes_back() {
    ExtBuilder.build_and_execute(|| {
        let base = alices_model();
        namespace(BOB, "bob");
        let tuned = asset_in(BOB, "bob", "tuned", Visibility::Public);
        let first = publish(ALICE, base, 1);
        let second = publish_from(ALICE, base, 2, &[fine_tune(base, first)], &[]);
        let child = publish_from(BOB, tuned, 3, &[fine_tune(base, second)], &[]);
        assert_ok!(Registry::retire_asset(signed(ALICE), base));
        assert_ok!(Registry::remove_revision(signed(ALICE), second));
        assert_eq!(last_event(), Event::RevisionRemoved { asset: base, commit: second, tombstone: true });
        assert_ok!(Registry::remove_revision(signed(ALICE), first));
        let rest = |parents| Registry::deposit(DepositFor::Tombstone { parents });
        assert_eq!(held_for_revisions(ALICE), rest(0) + rest(1));
        assert_ok!(Registry::remove_asset(signed(ALICE), base));

        let ancestors: Vec<_> =
            Registry::ancestors(child, 0, 9).into_iter().map(|entry| (entry.commit, entry.removed)).collect();
        assert_eq!(ancestors, [(second, true), (first, true)]);
        assert_noop!(Registry::remove_revision(signed(ALICE), second), Error::HasDescendants);
        assert_noop!(try_publish(BOB, tuned, piece(4), &[fine_tune(base, second)]), Error::ParentNotFound);

        assert_ok!(Registry::retire_asset(signed(BOB), tuned));
        assert_ok!(Registry::remove_revision(signed(BOB), child));
        assert_noop!(Registry::remove_revision(signed(ALICE), first), Error::HasDescendants);
        assert_ok!(Registry::remove_revision(signed(CAROL), second));
        assert_eq!(last_event(), Event::RevisionRemoved { asset: base, commit: second, tombstone: false });
        assert_ok!(Registry::remove_revision(signed(CAROL), first));
        assert_eq!(held_for_revisions(ALICE), 0);
        assert_eq!(Tombstones::<Test>::iter().count(), 0);
    });
}

#[test]
fn remove_revision_charges_only_for_the_parents_that_it_had() {
    ExtBuilder.build_and_execute(|| {
        let id = alices_model();
        let parents: Vec<_> = (0..MAX_PARENTS).map(|_| fine_tune(id, publish(ALICE, id, 1))).collect();
        let commit = publish_from(ALICE, id, 2, &parents, &[]);
        assert_ok!(Registry::retire_asset(signed(ALICE), id));
        let info = Registry::remove_revision(signed(ALICE), commit).unwrap();
        assert!(info.actual_weight.is_some());
        assert_ok!(Registry::remove_revision(signed(ALICE), parents[0].commit));
    });
}

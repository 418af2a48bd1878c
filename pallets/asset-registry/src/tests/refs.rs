use super::*;
use crate::Refs;
use polkadot_sdk::frame_support::assert_noop;
use stoa_primitives::registry::Role;

fn set(
    who: AccountId,
    asset: AssetId,
    new: NewRef,
    commit: CommitId,
) -> polkadot_sdk::sp_runtime::DispatchResult {
    Registry::set_ref(signed(who), asset, new.kind, new.name, commit)
}

#[test]
fn a_branch_moves_and_its_deposit_is_paid_once() {
    ExtBuilder.build_and_execute(|| {
        let id = alices_model();
        let (first, second) = (publish(ALICE, id, 1), publish(ALICE, id, 2));
        let before = held(ALICE);
        assert_ok!(set(ALICE, id, branch("main"), first));
        let with = held(ALICE);
        assert!(with > before);
        assert_ok!(set(ALICE, id, branch("main"), second));
        assert_eq!(held(ALICE), with);
        assert_eq!(
            last_event(),
            Event::RefSet {
                asset: id,
                name: ref_name("main"),
                kind: RefKind::Branch,
                commit: second,
                previous: Some(first),
            }
        );
        assert_eq!(Refs::<Test>::get(id, ref_name("main")).unwrap().commit, second);
    });
}

#[test]
fn set_ref_fails_when_something_is_wrong() {
    ExtBuilder.build_and_execute(|| {
        let id = alices_model();
        let other = asset_in(ALICE, "alice", "other", Visibility::Public);
        let commit = publish(ALICE, id, 1);
        assert_ok!(set(ALICE, id, tag("v1"), commit));
        assert_ok!(set(ALICE, id, branch("main"), commit));
        assert_noop!(set(ALICE, AssetId(7), branch("b"), commit), Error::AssetNotFound);
        assert_noop!(set(BOB, id, branch("b"), commit), Error::NotPermitted);
        assert_noop!(set(ALICE, id, branch("b"), CommitId([9; 20])), Error::RevisionNotFound);
        assert_noop!(set(ALICE, other, branch("b"), commit), Error::RevisionNotFound);
        assert_noop!(set(ALICE, id, branch(""), commit), Error::NameLength);
        assert_noop!(set(ALICE, id, branch("a\0"), commit), Error::NameCharacter);
        assert_noop!(set(ALICE, id, branch(".a"), commit), Error::NameEdge);
        assert_noop!(set(ALICE, id, branch("a..b"), commit), Error::NameRepeated);
        assert_noop!(set(ALICE, id, tag("v1"), commit), Error::TagImmovable);
        assert_noop!(set(ALICE, id, branch("v1"), commit), Error::RefKindMismatch);
        assert_noop!(set(ALICE, id, tag("main"), commit), Error::RefKindMismatch);
    });
}

#[test]
fn set_ref_fails_when_the_asset_is_retired() {
    ExtBuilder.build_and_execute(|| {
        let id = alices_model();
        let commit = publish(ALICE, id, 1);
        assert_ok!(Registry::retire_asset(signed(ALICE), id));
        assert_noop!(set(ALICE, id, branch("main"), commit), Error::Retired);
    });
}

#[test]
fn a_writer_deletes_branches_but_not_tags_and_whoever_paid_gets_the_deposit() {
    ExtBuilder.build_and_execute(|| {
        let id = alices_model();
        assert_ok!(Registry::set_collaborator(signed(ALICE), id, BOB, Role::Writer));
        let commit = publish_from(ALICE, id, 1, &[], &[branch("main"), tag("v1")]);
        let before = held(ALICE);
        assert_noop!(Registry::delete_ref(signed(BOB), id, ref_name("v1")), Error::NotPermitted);
        assert_noop!(Registry::delete_ref(signed(CAROL), id, ref_name("main")), Error::NotPermitted);
        assert_ok!(Registry::delete_ref(signed(BOB), id, ref_name("main")));
        assert_eq!(last_event(), Event::RefDeleted { asset: id, name: ref_name("main") });
        assert!(held(ALICE) < before);
        assert_eq!(held(BOB), 0);
        assert_ok!(Registry::delete_ref(signed(ALICE), id, ref_name("v1")));
        assert_noop!(Registry::delete_ref(signed(ALICE), id, ref_name("v1")), Error::RefNotFound);
        assert_noop!(Registry::delete_ref(signed(ALICE), AssetId(7), ref_name("v1")), Error::AssetNotFound);
        assert!(Registry::revision(commit).is_some());
    });
}

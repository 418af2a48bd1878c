use super::*;
use crate::{
    AssetNames, Collaborators,
    types::{NameKey, Subject},
};
use polkadot_sdk::{frame_support::assert_noop, sp_runtime::TokenError};
use stoa_primitives::registry::Role;

fn create(
    owner: AccountId,
    namespace: &str,
    text: &str,
    licence: &str,
) -> polkadot_sdk::sp_runtime::DispatchResult {
    let licence = licence.as_bytes().to_vec().try_into().unwrap();
    let (namespace, text) = (name(namespace), name(text));
    Registry::create_asset(signed(owner), namespace, text, AssetKind::Dataset, licence, Visibility::Public)
}

#[test]
fn create_asset_keeps_what_was_stated() {
    ExtBuilder.build_and_execute(|| {
        namespace(ALICE, "Alice");
        let before = held(ALICE);
        let id = asset_in(ALICE, "ALICE", "all-MiniLM-L6-v2", Visibility::Gated);
        assert!(held(ALICE) > before);
        assert_eq!(
            last_event(),
            Event::AssetCreated {
                asset: id,
                namespace: name("Alice"),
                name: name("all-MiniLM-L6-v2"),
                kind: AssetKind::Model,
                visibility: Visibility::Gated,
            }
        );
        let found = Registry::asset(b"alice/ALL-minilm-l6-V2".to_vec()).unwrap();
        assert_eq!((found.id, found.owner, found.visibility), (id, ALICE, Visibility::Gated));
        assert_eq!((found.namespace, found.name), (b"Alice".to_vec(), b"all-MiniLM-L6-v2".to_vec()));
        assert_eq!(found.licence, b"apache-2.0");
    });
}

#[test]
fn create_asset_fails_when_something_is_wrong() {
    ExtBuilder.build_and_execute(|| {
        alices_model();
        assert_noop!(create(ALICE, "alice", "", ""), Error::NameLength);
        assert_noop!(create(ALICE, "alice", "a b", ""), Error::NameCharacter);
        assert_noop!(create(ALICE, "alice", "a.", ""), Error::NameEdge);
        assert_noop!(create(ALICE, "alice", "a--b", ""), Error::NameRepeated);
        assert_noop!(create(ALICE, "alice", "a", "apache 2"), Error::LicenceCharacter);
        assert_noop!(create(ALICE, "nobody", "a", ""), Error::NamespaceNotFound);
        assert_noop!(create(BOB, "alice", "a", ""), Error::NotOwner);
        assert_noop!(create(ALICE, "alice", "MODEL", ""), Error::NameTaken);
        NextAssetId::<Test>::put(u64::MAX);
        assert_noop!(create(ALICE, "alice", "a", ""), Error::Overflow);
    });
}

#[test]
fn an_asset_goes_to_another_namespace_in_two_steps_and_the_deposit_with_it() {
    ExtBuilder.build_and_execute(|| {
        let id = alices_model();
        namespace(BOB, "Bob");
        let (alice, bob) = (held(ALICE), held(BOB));
        assert_ok!(Registry::offer_asset(signed(ALICE), id, name("bob")));
        assert_eq!(last_event(), Event::AssetOffered { asset: id, namespace: name("Bob") });
        assert_eq!(Registry::asset_by_id(id).unwrap().offered_to, Some(b"bob".to_vec()));
        assert_ok!(Registry::accept_asset(signed(BOB), id));
        assert_eq!(last_event(), Event::AssetTransferred { asset: id, namespace: name("Bob") });
        assert_eq!(alice - held(ALICE), held(BOB) - bob);
        assert_eq!(Registry::asset(b"bob/model".to_vec()).unwrap().owner, BOB);
        assert_eq!(Registry::asset(b"alice/model".to_vec()), None);
        assert!(!AssetNames::<Test>::contains_key(
            NameKey::from(&name("alice")),
            NameKey::from(&name("model"))
        ));
        assert_ok!(Registry::remove_namespace(signed(ALICE), name("alice")));
    });
}

#[test]
fn offer_asset_fails_when_something_is_wrong() {
    ExtBuilder.build_and_execute(|| {
        let id = alices_model();
        namespace(BOB, "bob");
        assert_noop!(Registry::offer_asset(signed(ALICE), AssetId(7), name("bob")), Error::AssetNotFound);
        assert_noop!(Registry::offer_asset(signed(BOB), id, name("bob")), Error::NotOwner);
        assert_noop!(Registry::offer_asset(signed(ALICE), id, name("alice")), Error::AlreadyThere);
        assert_noop!(Registry::offer_asset(signed(ALICE), id, name("x")), Error::NamespaceNotFound);
        assert_ok!(Registry::retire_asset(signed(ALICE), id));
        assert_noop!(Registry::offer_asset(signed(ALICE), id, name("bob")), Error::Retired);
        assert_ok!(Registry::take_down(root(), Subject::Asset(id), [1; 32]));
        assert_noop!(Registry::offer_asset(signed(ALICE), id, name("bob")), Error::TakenDown);
    });
}

#[test]
fn accept_asset_fails_when_something_is_wrong() {
    ExtBuilder.build_and_execute(|| {
        let id = alices_model();
        namespace(BOB, "bob");
        assert_noop!(Registry::accept_asset(signed(BOB), AssetId(7)), Error::AssetNotFound);
        assert_noop!(Registry::accept_asset(signed(BOB), id), Error::NotOffered);
        assert_ok!(Registry::offer_asset(signed(ALICE), id, name("bob")));
        assert_noop!(Registry::accept_asset(signed(CAROL), id), Error::NotOffered);
        asset_in(BOB, "bob", "Model", Visibility::Public);
        assert_noop!(Registry::accept_asset(signed(BOB), id), Error::NameTaken);
        assert_ok!(Registry::take_down(root(), Subject::Asset(id), [1; 32]));
        assert_noop!(Registry::accept_asset(signed(BOB), id), Error::TakenDown);
    });
}

#[test]
fn an_offer_lapses_when_the_target_namespace_gets_another_owner() {
    ExtBuilder.build_and_execute(|| {
        let id = alices_model();
        namespace(BOB, "bob");
        assert_ok!(Registry::offer_asset(signed(ALICE), id, name("bob")));
        assert_ok!(Registry::remove_namespace(signed(BOB), name("bob")));
        assert_noop!(Registry::accept_asset(signed(BOB), id), Error::NotOffered);
        namespace(CAROL, "bob");
        assert_noop!(Registry::accept_asset(signed(CAROL), id), Error::NotOffered);
        assert_noop!(Registry::accept_asset(signed(BOB), id), Error::NotOffered);
    });
}

#[test]
fn a_seller_cannot_take_an_asset_out_of_a_namespace_that_was_handed_over() {
    ExtBuilder.build_and_execute(|| {
        let id = alices_model();
        namespace(ALICE, "hideout");
        assert_ok!(Registry::offer_asset(signed(ALICE), id, name("hideout")));
        assert_ok!(Registry::offer_namespace(signed(ALICE), name("alice"), BOB));
        assert_ok!(Registry::accept_namespace(signed(BOB), name("alice")));
        assert_noop!(Registry::accept_asset(signed(ALICE), id), Error::NotOffered);
    });
}

#[test]
fn an_offer_of_an_asset_is_cancelled_by_either_side_only() {
    ExtBuilder.build_and_execute(|| {
        let id = alices_model();
        namespace(BOB, "bob");
        assert_noop!(Registry::cancel_asset_offer(signed(ALICE), id), Error::NotOffered);
        assert_noop!(Registry::cancel_asset_offer(signed(ALICE), AssetId(7)), Error::AssetNotFound);
        for side in [ALICE, BOB] {
            assert_ok!(Registry::offer_asset(signed(ALICE), id, name("bob")));
            assert_noop!(Registry::cancel_asset_offer(signed(CAROL), id), Error::NotOwner);
            assert_ok!(Registry::cancel_asset_offer(signed(side), id));
            assert_eq!(last_event(), Event::AssetOfferCancelled { asset: id });
            assert_noop!(Registry::accept_asset(signed(BOB), id), Error::NotOffered);
        }
    });
}

#[test]
fn set_visibility_is_for_the_owner_and_admins() {
    ExtBuilder.build_and_execute(|| {
        let id = alices_model();
        assert_ok!(Registry::set_collaborator(signed(ALICE), id, BOB, Role::Admin));
        assert_ok!(Registry::set_collaborator(signed(ALICE), id, CAROL, Role::Writer));
        assert_noop!(Registry::set_visibility(signed(CAROL), id, Visibility::Gated), Error::NotPermitted);
        assert_noop!(
            Registry::set_visibility(signed(ALICE), AssetId(7), Visibility::Gated),
            Error::AssetNotFound
        );
        assert_ok!(Registry::set_visibility(signed(BOB), id, Visibility::Gated));
        assert_eq!(last_event(), Event::VisibilityChanged { asset: id, visibility: Visibility::Gated });
        assert_noop!(Registry::set_visibility(signed(ALICE), id, Visibility::Gated), Error::AlreadyThere);
        assert_ok!(Registry::set_visibility(signed(ALICE), id, Visibility::Private));
    });
}

#[test]
fn a_new_collaborator_costs_a_deposit_and_another_role_none() {
    ExtBuilder.build_and_execute(|| {
        let id = alices_model();
        let before = held(ALICE);
        assert_ok!(Registry::set_collaborator(signed(ALICE), id, BOB, Role::Writer));
        let with = held(ALICE);
        assert!(with > before);
        assert_eq!(last_event(), Event::CollaboratorSet { asset: id, account: BOB, role: Role::Writer });
        assert_ok!(Registry::set_collaborator(signed(ALICE), id, BOB, Role::Admin));
        assert_eq!(held(ALICE), with);
        assert_eq!(Collaborators::<Test>::get(id, BOB).unwrap().role, Role::Admin);
        assert_ok!(Registry::remove_collaborator(signed(ALICE), id, BOB));
        assert_eq!(last_event(), Event::CollaboratorRemoved { asset: id, account: BOB });
        assert_eq!(held(ALICE), before);
    });
}

#[test]
fn set_collaborator_fails_when_something_is_wrong() {
    ExtBuilder.build_and_execute(|| {
        let id = alices_model();
        assert_ok!(Registry::set_collaborator(signed(ALICE), id, BOB, Role::Writer));
        let set = |who, asset, role| Registry::set_collaborator(signed(who), asset, BOB, role);
        assert_noop!(set(ALICE, AssetId(7), Role::Admin), Error::AssetNotFound);
        assert_noop!(set(BOB, id, Role::Admin), Error::NotPermitted);
        assert_noop!(set(ALICE, id, Role::Writer), Error::AlreadyThere);
        assert_ok!(Registry::retire_asset(signed(ALICE), id));
        assert_noop!(set(ALICE, id, Role::Admin), Error::Retired);
    });
}

#[test]
fn remove_collaborator_is_for_admins_and_for_whoever_leaves() {
    ExtBuilder.build_and_execute(|| {
        let id = alices_model();
        assert_ok!(Registry::set_collaborator(signed(ALICE), id, BOB, Role::Writer));
        assert_ok!(Registry::set_collaborator(signed(ALICE), id, CAROL, Role::Writer));
        assert_noop!(Registry::remove_collaborator(signed(BOB), id, CAROL), Error::NotPermitted);
        assert_noop!(Registry::remove_collaborator(signed(BOB), AssetId(7), BOB), Error::AssetNotFound);
        assert_noop!(Registry::remove_collaborator(signed(ALICE), id, POOR), Error::CollaboratorNotFound);
        assert_ok!(Registry::remove_collaborator(signed(BOB), id, BOB));
        assert_ok!(Registry::remove_collaborator(signed(ALICE), id, CAROL));
    });
}

#[test]
fn an_asset_is_retired_once_and_only_without_refs() {
    ExtBuilder.build_and_execute(|| {
        let id = alices_model();
        publish_from(ALICE, id, 1, &[], &[branch("main")]);
        assert_noop!(Registry::retire_asset(signed(ALICE), AssetId(7)), Error::AssetNotFound);
        assert_noop!(Registry::retire_asset(signed(BOB), id), Error::NotOwner);
        assert_noop!(Registry::retire_asset(signed(ALICE), id), Error::HasRefs);
        assert_ok!(Registry::delete_ref(signed(ALICE), id, ref_name("main")));
        assert_ok!(Registry::take_down(root(), Subject::Asset(id), [1; 32]));
        assert_noop!(Registry::retire_asset(signed(ALICE), id), Error::TakenDown);
        assert_ok!(Registry::restore(root(), Subject::Asset(id)));
        assert_ok!(Registry::retire_asset(signed(ALICE), id));
        assert_eq!(last_event(), Event::AssetRetired { asset: id });
        assert_noop!(Registry::retire_asset(signed(ALICE), id), Error::Retired);
    });
}

#[test]
fn an_empty_asset_is_removed_with_its_deposit() {
    ExtBuilder.build_and_execute(|| {
        namespace(ALICE, "alice");
        let before = held(ALICE);
        let id = asset_in(ALICE, "alice", "model", Visibility::Public);
        assert_ok!(Registry::remove_asset(signed(ALICE), id));
        assert_eq!(last_event(), Event::AssetRemoved { asset: id });
        assert_eq!(held(ALICE), before);
        assert_ne!(asset_in(ALICE, "alice", "model", Visibility::Public), id);
    });
}

#[test]
fn remove_asset_fails_while_it_has_anything() {
    ExtBuilder.build_and_execute(|| {
        let id = alices_model();
        let remove = |who| Registry::remove_asset(signed(who), id);
        assert_noop!(Registry::remove_asset(signed(ALICE), AssetId(7)), Error::AssetNotFound);
        assert_noop!(remove(BOB), Error::NotOwner);
        let commit = publish_from(ALICE, id, 1, &[], &[branch("main")]);
        assert_noop!(remove(ALICE), Error::HasRevisions);
        assert_ok!(Registry::delete_ref(signed(ALICE), id, ref_name("main")));
        assert_ok!(Registry::set_collaborator(signed(ALICE), id, BOB, Role::Writer));
        assert_ok!(Registry::retire_asset(signed(ALICE), id));
        assert_ok!(Registry::remove_revision(signed(CAROL), commit));
        assert_noop!(remove(ALICE), Error::HasCollaborators);
        assert_ok!(Registry::remove_collaborator(signed(ALICE), id, BOB));
        assert_ok!(Registry::take_down(root(), Subject::Asset(id), [1; 32]));
        assert_noop!(remove(ALICE), Error::TakenDown);
        assert_ok!(Registry::restore(root(), Subject::Asset(id)));
        assert_ok!(remove(ALICE));
    });
}

#[test]
fn remove_asset_fails_while_it_has_refs() {
    ExtBuilder.build().execute_with(|| {
        let id = alices_model();
        // Refs point at revisions, which are asked about first: only a broken state gets here.
        crate::Assets::<Test>::mutate(id, |found| found.as_mut().unwrap().refs = 1);
        assert_noop!(Registry::remove_asset(signed(ALICE), id), Error::HasRefs);
    });
}

#[test]
fn create_asset_fails_when_the_caller_cannot_pay() {
    ExtBuilder.build_and_execute(|| {
        namespace(ALICE, "alice");
        let left = Balances::free_balance(ALICE) - 10;
        assert_ok!(Balances::transfer_allow_death(signed(ALICE), BOB, left));
        assert_noop!(create(ALICE, "alice", "a", ""), TokenError::FundsUnavailable);
    });
}

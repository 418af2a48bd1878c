use super::*;
use crate::{Namespaces, NamespacesOf, types::NameKey};
use polkadot_sdk::{frame_support::assert_noop, sp_runtime::TokenError};

fn owner_of(text: &str) -> Option<AccountId> {
    Namespaces::<Test>::get(NameKey::from(&name(text))).map(|found| found.owner)
}

#[test]
fn register_namespace_keeps_the_case_and_holds_a_deposit() {
    ExtBuilder.build_and_execute(|| {
        namespace(ALICE, "Sentence-Transformers");
        assert_eq!(
            Registry::namespace(b"sentence-transformers".to_vec()).unwrap().name,
            b"Sentence-Transformers"
        );
        assert!(held(ALICE) > 0);
        assert_eq!(
            last_event(),
            Event::NamespaceRegistered { name: name("Sentence-Transformers"), owner: ALICE }
        );
    });
}

#[test]
fn register_namespace_fails_when_the_name_is_taken_in_another_case() {
    ExtBuilder.build_and_execute(|| {
        namespace(ALICE, "Stoa");
        assert_noop!(Registry::register_namespace(signed(BOB), name("sTOA")), Error::NameTaken);
    });
}

#[test]
fn register_namespace_fails_when_the_name_breaks_a_rule() {
    ExtBuilder.build_and_execute(|| {
        for (text, error) in [
            ("", Error::NameLength),
            ("a/b", Error::NameCharacter),
            ("-a", Error::NameEdge),
            ("a..b", Error::NameRepeated),
        ] {
            assert_noop!(Registry::register_namespace(signed(ALICE), name(text)), error);
        }
    });
}

#[test]
fn register_namespace_fails_when_the_caller_cannot_pay() {
    ExtBuilder.build_and_execute(|| {
        assert_noop!(Registry::register_namespace(signed(POOR), name("poor")), TokenError::FundsUnavailable);
    });
}

#[test]
fn a_namespace_changes_hands_in_two_steps_and_the_deposit_with_it() {
    ExtBuilder.build_and_execute(|| {
        let asset = alices_model();
        let before = held(ALICE);
        assert_ok!(Registry::offer_namespace(signed(ALICE), name("ALICE"), BOB));
        assert_eq!(last_event(), Event::NamespaceOffered { name: name("alice"), to: BOB });
        assert_eq!(owner_of("alice"), Some(ALICE));

        assert_ok!(Registry::accept_namespace(signed(BOB), name("Alice")));
        assert_eq!(last_event(), Event::NamespaceTransferred { name: name("alice"), from: ALICE, to: BOB });
        assert_eq!(owner_of("alice"), Some(BOB));
        assert_eq!(before - held(ALICE), held(BOB));
        assert!(!NamespacesOf::<Test>::contains_key(ALICE, NameKey::from(&name("alice"))));
        assert_eq!(Registry::asset_by_id(asset).unwrap().owner, BOB);
    });
}

#[test]
fn accept_namespace_fails_for_all_but_the_one_it_was_offered_to() {
    ExtBuilder.build_and_execute(|| {
        namespace(ALICE, "alice");
        assert_noop!(Registry::accept_namespace(signed(BOB), name("alice")), Error::NotOffered);
        assert_ok!(Registry::offer_namespace(signed(ALICE), name("alice"), BOB));
        assert_noop!(Registry::accept_namespace(signed(CAROL), name("alice")), Error::NotOffered);
        assert_ok!(Registry::offer_namespace(signed(ALICE), name("alice"), CAROL));
        assert_noop!(Registry::accept_namespace(signed(BOB), name("alice")), Error::NotOffered);
        assert_noop!(Registry::accept_namespace(signed(BOB), name("nobody")), Error::NamespaceNotFound);
    });
}

#[test]
fn offer_namespace_fails_for_strangers_and_to_oneself() {
    ExtBuilder.build_and_execute(|| {
        namespace(ALICE, "alice");
        assert_noop!(Registry::offer_namespace(signed(BOB), name("alice"), BOB), Error::NotOwner);
        assert_noop!(Registry::offer_namespace(signed(ALICE), name("alice"), ALICE), Error::AlreadyThere);
        assert_noop!(Registry::offer_namespace(signed(ALICE), name("x"), BOB), Error::NamespaceNotFound);
    });
}

#[test]
fn an_offer_of_a_namespace_is_cancelled_by_either_side_only() {
    ExtBuilder.build_and_execute(|| {
        namespace(ALICE, "alice");
        assert_noop!(Registry::cancel_namespace_offer(signed(ALICE), name("alice")), Error::NotOffered);
        for side in [ALICE, BOB] {
            assert_ok!(Registry::offer_namespace(signed(ALICE), name("alice"), BOB));
            assert_noop!(Registry::cancel_namespace_offer(signed(CAROL), name("alice")), Error::NotOwner);
            assert_ok!(Registry::cancel_namespace_offer(signed(side), name("alice")));
            assert_eq!(last_event(), Event::NamespaceOfferCancelled { name: name("alice") });
            assert_noop!(Registry::accept_namespace(signed(BOB), name("alice")), Error::NotOffered);
        }
        assert_noop!(Registry::cancel_namespace_offer(signed(ALICE), name("x")), Error::NamespaceNotFound);
    });
}

#[test]
fn an_empty_namespace_is_removed_with_its_deposit() {
    ExtBuilder.build_and_execute(|| {
        namespace(ALICE, "alice");
        assert_noop!(Registry::remove_namespace(signed(BOB), name("alice")), Error::NotOwner);
        assert_ok!(Registry::remove_namespace(signed(ALICE), name("ALICE")));
        assert_eq!(last_event(), Event::NamespaceRemoved { name: name("alice") });
        assert_eq!(held(ALICE), 0);
        assert_noop!(Registry::remove_namespace(signed(ALICE), name("alice")), Error::NamespaceNotFound);
        namespace(BOB, "alice");
    });
}

#[test]
fn remove_namespace_fails_while_it_has_assets() {
    ExtBuilder.build_and_execute(|| {
        alices_model();
        assert_noop!(Registry::remove_namespace(signed(ALICE), name("alice")), Error::HasAssets);
    });
}

use super::*;
use crate::{PieceAssets, Pieces};
use polkadot_sdk::{frame_support::assert_noop, sp_runtime::DispatchError};
use stoa_primitives::registry::{PieceAccess, Role};

fn access(number: u8) -> PieceAccess {
    Registry::piece_access(piece(number).root)
}

/// Alice's asset with a visibility of its own, and Mallory's (Bob's) public one.
fn alices_and_bobs(visibility: Visibility) -> (AssetId, AssetId) {
    namespace(ALICE, "alice");
    namespace(BOB, "bob");
    let alices = asset_in(ALICE, "alice", "model", visibility);
    (alices, asset_in(BOB, "bob", "copy", Visibility::Public))
}

#[test]
fn the_access_of_a_piece_follows_the_visibility_of_its_asset() {
    ExtBuilder.build_and_execute(|| {
        let id = alices_model();
        assert_eq!(access(1), PieceAccess::Unknown);
        publish(ALICE, id, 1);
        assert_eq!(access(1), PieceAccess::Public);
        for (visibility, expected) in [
            (Visibility::Gated, PieceAccess::Restricted),
            (Visibility::Private, PieceAccess::Restricted),
            (Visibility::Public, PieceAccess::Public),
        ] {
            assert_ok!(Registry::set_visibility(signed(ALICE), id, visibility));
            assert_eq!(access(1), expected);
        }
    });
}

#[test]
fn a_stranger_who_names_a_gated_piece_in_a_public_asset_opens_nothing() {
    ExtBuilder.build_and_execute(|| {
        let (alices, bobs) = alices_and_bobs(Visibility::Gated);
        publish(ALICE, alices, 1);
        let commit = publish(BOB, bobs, 1);
        assert_eq!(access(1), PieceAccess::Restricted);
        assert_noop!(Registry::claim_piece(signed(BOB), commit), Error::PieceControlled);
        assert_ok!(Registry::set_visibility(signed(BOB), bobs, Visibility::Gated));
        assert_ok!(Registry::set_visibility(signed(BOB), bobs, Visibility::Public));
        assert_eq!(access(1), PieceAccess::Restricted);
    });
}

#[test]
fn a_stranger_who_names_a_public_piece_later_does_not_close_it() {
    ExtBuilder.build_and_execute(|| {
        let (alices, bobs) = alices_and_bobs(Visibility::Public);
        publish(ALICE, alices, 1);
        publish(BOB, bobs, 1);
        assert_ok!(Registry::set_visibility(signed(BOB), bobs, Visibility::Private));
        assert_eq!(access(1), PieceAccess::Public);
    });
}

#[test]
fn a_gated_asset_refuses_a_piece_that_a_stranger_named_first_and_takes_another_packing() {
    ExtBuilder.build_and_execute(|| {
        let (alices, bobs) = alices_and_bobs(Visibility::Gated);
        publish(BOB, bobs, 1);
        let publish_one = || {
            Registry::publish_revision(
                signed(ALICE),
                alices,
                content(1),
                piece(1),
                Parents::default(),
                message("a"),
                NewRefs::default(),
            )
        };
        assert_noop!(publish_one(), Error::PieceControlledElsewhere);
        publish(ALICE, alices, 2);
        assert_eq!(access(2), PieceAccess::Restricted);
        publish(ALICE, alices, 2);
    });
}

#[test]
fn a_squatter_cannot_keep_a_public_asset_from_publishing_and_moderators_hand_the_piece_over() {
    ExtBuilder.build_and_execute(|| {
        let (alices, bobs) = alices_and_bobs(Visibility::Public);
        assert_ok!(Registry::set_visibility(signed(BOB), bobs, Visibility::Private));
        publish(BOB, bobs, 1);
        let commit = publish(ALICE, alices, 1);
        assert_eq!(access(1), PieceAccess::Restricted);
        assert_noop!(Registry::assign_piece(signed(ALICE), commit), DispatchError::BadOrigin);
        assert_ok!(Registry::assign_piece(root(), commit));
        assert_eq!(last_event(), Event::PieceAssigned { root: piece(1).root, controller: alices });
        assert_eq!(access(1), PieceAccess::Public);
        assert_noop!(Registry::assign_piece(root(), commit), Error::AlreadyThere);
        assert_noop!(Registry::assign_piece(root(), CommitId([9; 20])), Error::RevisionNotFound);
    });
}

#[test]
fn a_piece_that_its_asset_let_go_of_stays_closed_until_it_is_claimed() {
    ExtBuilder.build_and_execute(|| {
        let (alices, bobs) = alices_and_bobs(Visibility::Public);
        let first = publish(ALICE, alices, 1);
        let again = publish(ALICE, alices, 1);
        let bobs_commit = publish(BOB, bobs, 1);
        assert_eq!(PieceAssets::<Test>::get(piece(1).root, alices), 2);
        assert_ok!(Registry::retire_asset(signed(ALICE), alices));
        assert_ok!(Registry::remove_revision(signed(ALICE), first));
        assert_eq!(access(1), PieceAccess::Public);
        assert_ok!(Registry::remove_revision(signed(ALICE), again));
        assert_eq!(access(1), PieceAccess::Restricted);

        assert_ok!(Registry::set_collaborator(signed(BOB), bobs, CAROL, Role::Writer));
        assert_noop!(Registry::claim_piece(signed(CAROL), bobs_commit), Error::NotPermitted);
        assert_noop!(Registry::claim_piece(signed(BOB), first), Error::RevisionNotFound);
        assert_ok!(Registry::claim_piece(signed(BOB), bobs_commit));
        assert_eq!(last_event(), Event::PieceAssigned { root: piece(1).root, controller: bobs });
        assert_eq!(access(1), PieceAccess::Public);
    });
}

#[test]
fn the_next_asset_that_publishes_a_piece_without_a_controller_takes_it() {
    ExtBuilder.build_and_execute(|| {
        let (alices, bobs) = alices_and_bobs(Visibility::Public);
        let first = publish(ALICE, alices, 1);
        publish(BOB, bobs, 1);
        assert_ok!(Registry::retire_asset(signed(ALICE), alices));
        assert_ok!(Registry::remove_revision(signed(ALICE), first));
        publish(BOB, bobs, 1);
        assert_eq!(Pieces::<Test>::get(piece(1).root).unwrap().controller, Some(bobs));
    });
}

#[test]
fn a_piece_that_nobody_names_any_more_is_unknown() {
    ExtBuilder.build_and_execute(|| {
        let id = alices_model();
        let commit = publish(ALICE, id, 1);
        assert_ok!(Registry::retire_asset(signed(ALICE), id));
        assert_ok!(Registry::remove_revision(signed(ALICE), commit));
        assert_eq!(access(1), PieceAccess::Unknown);
        assert_eq!(Pieces::<Test>::iter().count() + PieceAssets::<Test>::iter().count(), 0);
    });
}

#[test]
fn a_content_leads_to_all_its_pieces_and_a_liar_hides_none() {
    ExtBuilder.build_and_execute(|| {
        let (alices, bobs) = alices_and_bobs(Visibility::Public);
        let say = |who, asset, number| {
            assert_ok!(Registry::publish_revision(
                signed(who),
                asset,
                content(1),
                piece(number),
                Parents::default(),
                message("a"),
                NewRefs::default(),
            ));
        };
        assert_ok!(Registry::set_visibility(signed(BOB), bobs, Visibility::Private));
        say(BOB, bobs, 66);
        assert_eq!(Registry::piece_of_content(content(1)), Some(piece(66)));
        say(ALICE, alices, 1);
        say(ALICE, alices, 1);
        assert_eq!(Registry::piece_of_content(content(1)), Some(piece(1)));
        assert_eq!(Registry::pieces_of_content(content(1), 0, 9), [piece(66), piece(1)]);
        assert_eq!(Registry::pieces_of_content(content(1), 1, 1), [piece(1)]);
        assert_eq!(Registry::pieces_of_content(content(2), 0, 9), []);
    });
}

use super::*;
use crate::{
    DenyList,
    types::{Subject, TakeDown},
};
use polkadot_sdk::{frame_support::assert_noop, sp_runtime::DispatchError};
use stoa_primitives::registry::PieceAccess;

#[test]
fn an_asset_taken_down_denies_the_pieces_that_it_controls_and_keeps_its_records() {
    ExtBuilder.build_and_execute(|| {
        let id = alices_model();
        let commit = publish(ALICE, id, 1);
        let subject = Subject::Asset(id);
        assert_ok!(Registry::take_down(root(), subject, [7; 32]));
        assert_eq!(last_event(), Event::TakenDown { subject, reason: [7; 32] });
        assert_eq!(DenyList::<Test>::get(subject), Some(TakeDown { reason: [7; 32], since: 1 }));
        assert_eq!(Registry::piece_access(piece(1).root), PieceAccess::Denied);
        assert_eq!(Registry::asset_by_id(id).unwrap().taken_down, Some([7; 32]));
        assert_eq!(Registry::revision(commit).unwrap().access, PieceAccess::Denied);
        assert_eq!(Registry::piece_of_content(content(1)), None);

        assert_ok!(Registry::restore(root(), subject));
        assert_eq!(last_event(), Event::Restored { subject });
        assert_eq!(Registry::piece_access(piece(1).root), PieceAccess::Public);
    });
}

#[test]
fn a_piece_taken_down_is_denied_whoever_names_it_and_before_anybody_did() {
    ExtBuilder.build_and_execute(|| {
        let id = alices_model();
        publish(ALICE, id, 1);
        for number in [1, 2] {
            assert_ok!(Registry::take_down(root(), Subject::Piece(piece(number).root), [7; 32]));
            assert_eq!(Registry::piece_access(piece(number).root), PieceAccess::Denied);
        }
    });
}

#[test]
fn a_piece_stays_denied_after_its_asset_is_gone() {
    ExtBuilder.build_and_execute(|| {
        let id = alices_model();
        let commit = publish(ALICE, id, 1);
        assert_ok!(Registry::take_down(root(), Subject::Piece(piece(1).root), [7; 32]));
        assert_ok!(Registry::retire_asset(signed(ALICE), id));
        assert_ok!(Registry::remove_revision(signed(ALICE), commit));
        assert_ok!(Registry::remove_asset(signed(ALICE), id));
        assert_eq!(Registry::piece_access(piece(1).root), PieceAccess::Denied);
    });
}

#[test]
fn naming_a_piece_elsewhere_does_not_evade_a_take_down_of_its_asset() {
    ExtBuilder.build_and_execute(|| {
        let id = alices_model();
        publish(ALICE, id, 1);
        assert_ok!(Registry::take_down(root(), Subject::Asset(id), [7; 32]));
        let other = asset_in(ALICE, "alice", "other", Visibility::Public);
        publish(ALICE, other, 1);
        assert_eq!(Registry::piece_access(piece(1).root), PieceAccess::Denied);
    });
}

#[test]
fn take_down_and_restore_fail_when_something_is_wrong() {
    ExtBuilder.build_and_execute(|| {
        let id = alices_model();
        let subject = Subject::Asset(id);
        assert_noop!(Registry::take_down(signed(ALICE), subject, [7; 32]), DispatchError::BadOrigin);
        assert_noop!(Registry::take_down(root(), Subject::Asset(AssetId(7)), [7; 32]), Error::AssetNotFound);
        assert_noop!(Registry::restore(root(), subject), Error::NotTakenDown);
        assert_ok!(Registry::take_down(root(), subject, [7; 32]));
        assert_noop!(Registry::take_down(root(), subject, [8; 32]), Error::TakenDown);
        assert_noop!(Registry::restore(signed(ALICE), subject), DispatchError::BadOrigin);
        assert_ok!(Registry::restore(root(), subject));
    });
}

//! Gated pieces, and those taken down.

use super::*;
use crate::HoldReason;
use stoa_primitives::registry::PieceAccess;

fn gated(number: u8) -> Piece {
    let piece = piece(number, 5_000);
    set_access(&piece.root, PieceAccess::Restricted);
    add_admin(&piece.root, ALICE);
    piece
}

fn named(who: &[AccountId]) -> Named<AccountId> {
    who.to_vec().try_into().unwrap()
}

#[test]
fn a_gated_piece_is_ordered_only_by_an_admin_who_names_the_providers() {
    ExtBuilder.build_and_execute(|| {
        let piece = gated(1);
        let price = 150 * GIB;
        assert_noop!(place(ALICE, piece, 1, 4, price, Named::default()), Error::Restricted);
        assert_noop!(place(EVE, piece, 1, 4, price, named(&[EVE])), Error::Restricted);
        assert_ok!(place(ALICE, piece, 1, 4, price, named(&[BOB])));
    });
}

#[test]
fn nobody_gets_gated_bytes_through_an_own_order() {
    ExtBuilder.build_and_execute(|| {
        let piece = piece(1, 5_000);
        // EVE ordered the bare bytes before they became a gated asset's.
        let early = order_for(EVE, piece, 1, 4, &[DAVE]);
        set_access(&piece.root, PieceAccess::Restricted);
        add_admin(&piece.root, ALICE);
        provide(DAVE);
        assert!(!StorageProofs::may_fetch(DAVE, piece.root));
        assert_noop!(StorageProofs::accept(signed(DAVE), early), Error::Restricted);
        order_for(ALICE, piece, 1, 4, &[BOB]);
        assert!(StorageProofs::may_fetch(BOB, piece.root));
        assert!(!StorageProofs::may_fetch(DAVE, piece.root));
        assert!(!StorageProofs::may_fetch(EVE, piece.root));
    });
}

#[test]
fn public_and_bare_pieces_are_for_anybody_and_denied_ones_for_nobody() {
    ExtBuilder.build_and_execute(|| {
        let piece = piece(1, 5_000);
        assert!(StorageProofs::may_fetch(EVE, piece.root));
        set_access(&piece.root, PieceAccess::Public);
        assert!(StorageProofs::may_fetch(EVE, piece.root));
        set_access(&piece.root, PieceAccess::Denied);
        assert!(!StorageProofs::may_fetch(EVE, piece.root));
    });
}

#[test]
fn a_denied_piece_is_neither_ordered_nor_accepted() {
    ExtBuilder.build_and_execute(|| {
        provide(BOB);
        let piece = piece(1, 5_000);
        let id = order(piece, 1, 4);
        set_access(&piece.root, PieceAccess::Denied);
        assert_noop!(StorageProofs::accept(signed(BOB), id), Error::Denied);
        assert_noop!(place(ALICE, piece, 1, 4, 150 * GIB, Named::default()), Error::Denied);
    });
}

#[test]
fn a_denied_piece_leaves_without_notice_or_penalty_through_the_gate() {
    ExtBuilder.build_and_execute(|| {
        let alice = free(ALICE);
        provide(BOB);
        let piece = piece(1, 5_000);
        let id = order(piece, 2, 9);
        accept(BOB, id);
        let stake = held(HoldReason::Stake, BOB);
        assert_noop!(StorageProofs::remove_denied(signed(EVE), id, Some(BOB)), Error::NotDenied);
        prove_windows(BOB, 1);
        set_access(&piece.root, PieceAccess::Denied);
        to_next_window(BOB);
        assert_noop!(StorageProofs::remove_denied(signed(EVE), id, Some(BOB)), Error::GateClosed);
        to_seed(BOB);
        assert_ok!(prove(BOB));
        assert_ok!(StorageProofs::remove_denied(signed(EVE), id, None));
        assert_noop!(StorageProofs::remove_denied(signed(EVE), id, None), Error::NoOpenReplica);
        assert_noop!(StorageProofs::remove_denied(signed(EVE), id, Some(CAROL)), Error::ReplicaNotFound);
        assert_ok!(StorageProofs::remove_denied(signed(EVE), id, Some(BOB)));
        assert_eq!(held(HoldReason::Stake, BOB), stake);
        assert_eq!(free(ALICE), alice - 2 * 5 * 100);
    });
}

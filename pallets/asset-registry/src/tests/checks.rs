//! Each check of `try_state` finds what it is there for.

use super::*;
use crate::{
    AssetNames, Assets, AssetsOf, Attestations, Children, Collaborators, Contents, DenyList, Namespaces,
    NamespacesOf, NextSerial, PieceAssets, Pieces, Refs, Revisions, RevisionsOf, Tombstones,
    assets::ordinal,
    types::{Claim, NameKey, Subject, TakeDown},
};
use polkadot_sdk::{frame_support::traits::fungible::MutateHold, sp_runtime::TryRuntimeError};
use stoa_primitives::registry::Role;

struct State {
    asset: AssetId,
    base: CommitId,
    child: CommitId,
}

/// Breaks a full state and expects the check's complaint.
fn assert_found(complaint: &'static str, harm: impl FnOnce(&State)) {
    ExtBuilder.build().execute_with(|| {
        let asset = alices_model();
        let base = publish_from(ALICE, asset, 1, &[], &[branch("main")]);
        let child = publish_from(ALICE, asset, 2, &[fine_tune(asset, base)], &[]);
        assert_ok!(Registry::set_collaborator(signed(ALICE), asset, BOB, Role::Writer));
        assert_ok!(Registry::attest(signed(BOB), base, Claim::Other, content(1)));
        assert_eq!(Registry::do_try_state(), Ok(()));
        harm(&State { asset, base, child });
        assert_eq!(Registry::do_try_state(), Err(TryRuntimeError::Other(complaint)));
    });
}

fn alice() -> NameKey {
    NameKey::from(&name("alice"))
}

fn change_asset(state: &State, change: impl FnOnce(&mut crate::AssetOf<Test>)) {
    Assets::<Test>::mutate(state.asset, |found| change(found.as_mut().unwrap()));
}

fn change_revision(commit: CommitId, change: impl FnOnce(&mut crate::RevisionOf<Test>)) {
    Revisions::<Test>::mutate(commit, |found| change(found.as_mut().unwrap()));
}

#[test]
fn check_namespaces_finds_a_wrong_key() {
    assert_found("namespace: key isn't its name in lower case", |_| {
        Namespaces::<Test>::mutate(alice(), |found| found.as_mut().unwrap().name = name("bob"));
    });
}

#[test]
fn check_namespaces_finds_a_missing_entry_of_the_owner() {
    assert_found("namespace: not in its owner's list", |_| NamespacesOf::<Test>::remove(ALICE, alice()));
}

#[test]
fn check_namespaces_finds_an_extra_entry_of_an_owner() {
    assert_found("namespace: an owner's list has one too many", |_| {
        NamespacesOf::<Test>::insert(BOB, alice(), ());
    });
}

#[test]
fn check_namespaces_finds_a_wrong_number_of_assets() {
    assert_found("namespace: wrong number of assets", |_| {
        Namespaces::<Test>::mutate(alice(), |found| found.as_mut().unwrap().assets = 2);
    });
}

#[test]
fn check_namespaces_finds_an_offer_to_the_owner() {
    assert_found("namespace: offered to its owner", |_| {
        Namespaces::<Test>::mutate(alice(), |found| found.as_mut().unwrap().offered_to = Some(ALICE));
    });
}

#[test]
fn check_assets_finds_a_number_from_the_future() {
    assert_found("asset: number not given yet", |_| NextAssetId::<Test>::put(0));
}

#[test]
fn check_assets_finds_a_missing_namespace() {
    assert_found("asset: no such namespace", |_| {
        Namespaces::<Test>::remove(alice());
        NamespacesOf::<Test>::remove(ALICE, alice());
    });
}

#[test]
fn check_assets_finds_a_name_that_leads_elsewhere() {
    assert_found("asset: its name leads elsewhere", |_| {
        AssetNames::<Test>::insert(alice(), NameKey::from(&name("model")), AssetId(9));
    });
}

#[test]
fn check_assets_finds_a_name_without_an_asset() {
    assert_found("asset: a name has no asset", |_| {
        AssetNames::<Test>::insert(alice(), NameKey::from(&name("ghost")), AssetId(9));
    });
}

#[test]
fn check_assets_finds_a_gap_in_the_namespaces_list() {
    assert_found("asset: not in its namespace's list", |state| {
        AssetsOf::<Test>::remove(alice(), ordinal(state.asset.0));
    });
}

#[test]
fn check_assets_finds_an_extra_entry_in_a_namespaces_list() {
    assert_found("asset: a namespace's list has one too many", |_| {
        AssetsOf::<Test>::insert(alice(), ordinal(9), ());
    });
}

#[test]
fn check_assets_finds_a_retired_asset_in_use() {
    assert_found("asset: retired but in use", |state| change_asset(state, |asset| asset.retired = true));
}

#[test]
fn check_asset_counters_finds_each_wrong_counter() {
    assert_found("asset: wrong number of revisions", |state| {
        change_asset(state, |asset| asset.revisions = 9)
    });
    assert_found("asset: wrong number of refs", |state| change_asset(state, |asset| asset.refs = 9));
    assert_found("asset: wrong number of collaborators", |state| {
        change_asset(state, |asset| asset.collaborators = 9);
    });
}

#[test]
fn check_asset_counters_finds_an_entry_without_an_asset() {
    assert_found("asset: an entry has no asset", |state| {
        let found = Collaborators::<Test>::get(state.asset, BOB).unwrap();
        Collaborators::<Test>::insert(AssetId(9), BOB, found);
    });
}

#[test]
fn check_revisions_finds_a_changed_record() {
    assert_found("revision: its record hashes to another id", |state| {
        change_revision(state.base, |found| found.message = message("forged"));
    });
}

#[test]
fn check_revisions_finds_a_number_that_leads_elsewhere() {
    assert_found("revision: its number leads elsewhere", |state| {
        RevisionsOf::<Test>::insert(state.asset, 0, state.child);
    });
}

#[test]
fn check_revisions_finds_a_number_from_the_future() {
    assert_found("revision: number not given yet", |state| {
        change_asset(state, |asset| asset.next_revision = 0);
    });
}

#[test]
fn check_revisions_finds_a_number_without_a_revision() {
    assert_found("revision: a number has no revision", |state| {
        RevisionsOf::<Test>::insert(state.asset, 9, state.base);
    });
}

#[test]
fn check_revisions_finds_wrong_serial_numbers() {
    assert_found("revision: serial number not given yet", |_| NextSerial::<Test>::put(0));
    assert_found("revision: serial number given twice", |state| {
        change_revision(state.base, |found| found.serial = 1);
    });
}

#[test]
fn check_revisions_finds_a_revision_with_a_tombstone() {
    assert_found("revision: removed and there at once", |state| {
        let found = Revisions::<Test>::get(state.base).unwrap();
        let crate::types::Revision { asset, serial, parents, author, children, ticket, .. } = found;
        let tombstone = crate::types::Tombstone { asset, serial, parents, author, children, ticket };
        Tombstones::<Test>::insert(state.base, tombstone);
    });
}

#[test]
fn check_lineage_finds_an_unlisted_child() {
    assert_found("lineage: a parent doesn't list its child", |state| {
        Children::<Test>::remove(state.base, ordinal(1));
    });
}

#[test]
fn check_lineage_finds_a_wrong_number_of_children() {
    assert_found("lineage: wrong number of children", |state| {
        change_revision(state.base, |found| found.children = 9);
    });
}

#[test]
fn check_lineage_finds_a_listed_child_that_there_is_not() {
    assert_found("lineage: a parent lists one too many", |state| {
        Children::<Test>::insert(CommitId([9; 20]), ordinal(9), state.base);
    });
}

#[test]
fn check_lineage_finds_a_parent_that_is_not_older() {
    assert_found("lineage: a parent isn't older", |state| {
        NextSerial::<Test>::put(9);
        change_revision(state.base, |found| found.serial = 5);
    });
}

#[test]
fn check_lineage_finds_a_missing_parent() {
    assert_found("lineage: a parent is gone", |state| {
        Refs::<Test>::remove(state.asset, ref_name("main"));
        Revisions::<Test>::remove(state.base);
        RevisionsOf::<Test>::remove(state.asset, 0);
        change_asset(state, |asset| (asset.refs, asset.revisions) = (0, 1));
    });
}

#[test]
fn check_refs_finds_a_ref_to_nowhere() {
    assert_found("ref: no such revision", |state| {
        Refs::<Test>::mutate(state.asset, ref_name("main"), |found| {
            found.as_mut().unwrap().commit = CommitId([9; 20]);
        });
    });
}

#[test]
fn check_refs_finds_a_ref_into_another_asset() {
    assert_found("ref: points into another asset", |state| {
        let other = asset_in(ALICE, "alice", "other", Visibility::Public);
        let commit = publish(ALICE, other, 3);
        Refs::<Test>::mutate(state.asset, ref_name("main"), |found| found.as_mut().unwrap().commit = commit);
    });
}

#[test]
fn check_pieces_finds_each_wrong_counter() {
    assert_found("piece: wrong number of revisions", |_| {
        Pieces::<Test>::mutate(piece(1).root, |found| found.as_mut().unwrap().revisions = 9);
    });
    assert_found("piece: wrong number of an asset's revisions", |state| {
        PieceAssets::<Test>::insert(piece(1).root, state.asset, 9);
    });
}

#[test]
fn check_pieces_finds_a_controller_that_does_not_name_the_piece() {
    assert_found("piece: its controller doesn't name it", |_| {
        Pieces::<Test>::mutate(piece(1).root, |found| found.as_mut().unwrap().controller = Some(AssetId(9)));
    });
}

#[test]
fn check_contents_finds_missing_and_extra_entries() {
    assert_found("content: a revision isn't listed", |_| Contents::<Test>::remove(content(1), ordinal(0)));
    assert_found("content: lists one too many", |state| {
        Contents::<Test>::insert(content(9), ordinal(9), state.base);
    });
}

#[test]
fn check_deny_list_finds_an_asset_that_is_gone() {
    assert_found("deny-list: an asset is gone", |_| {
        DenyList::<Test>::insert(Subject::Asset(AssetId(9)), TakeDown { reason: [0; 32], since: 1 });
    });
}

#[test]
fn check_deposits_finds_a_hold_that_no_ticket_explains() {
    assert_found("deposit: what is held isn't what the tickets add up to", |_| {
        assert_ok!(Balances::hold(&crate::HoldReason::Asset.into(), &ALICE, 1));
    });
}

#[test]
fn check_deposits_finds_a_ticket_without_its_hold() {
    assert_found("deposit: what is held isn't what the tickets add up to", |state| {
        let found = Attestations::<Test>::get(state.base, (BOB, Claim::Other)).unwrap();
        Attestations::<Test>::insert(state.child, (CAROL, Claim::Other), found);
    });
}

#[test]
fn check_deposits_finds_a_ticket_of_an_account_that_is_not_there() {
    assert_found("deposit: a ticket of an account that isn't there", |state| {
        let found = Attestations::<Test>::get(state.base, (BOB, Claim::Other)).unwrap();
        Attestations::<Test>::insert(state.child, (77, Claim::Other), found);
    });
}

//! What clients and the stored state rely on. A change here needs a migration or a new index.

use super::*;
use crate::{
    Assets, AssetsOf, Call, HoldReason, Namespaces, Pieces, Refs, Revisions,
    assets::ordinal,
    revisions::commit_id,
    types::{Claim, DepositFor, NameKey, Subject, TakeDown},
};
use codec::{Compact, Encode};
use polkadot_sdk::{
    frame_support::traits::{GetStorageVersion, StorageVersion},
    sp_io::hashing::{blake2_128, blake2_256, twox_128},
};
use scale_info::{TypeDef, TypeInfo};

/// The variants of an enum, as `index name`.
fn variants<T: TypeInfo>() -> Vec<String> {
    match T::type_info().type_def {
        TypeDef::Variant(found) => {
            found.variants.into_iter().map(|variant| format!("{} {}", variant.index, variant.name)).collect()
        }
        _ => Vec::new(),
    }
}

/// The same for the names in their order.
fn numbered(names: &str) -> Vec<String> {
    names.split_whitespace().enumerate().map(|(index, name)| format!("{index} {name}")).collect()
}

#[test]
fn call_indices_are_frozen() {
    let names = "register_namespace offer_namespace accept_namespace cancel_namespace_offer remove_namespace \
        create_asset offer_asset accept_asset cancel_asset_offer set_visibility set_collaborator \
        remove_collaborator retire_asset remove_asset publish_revision set_ref delete_ref yank_revision \
        remove_revision claim_piece assign_piece take_down restore attest revoke_attestation";
    assert_eq!(variants::<Call<Test>>(), numbered(names));
}

#[test]
fn event_indices_are_frozen() {
    let names = "NamespaceRegistered NamespaceOffered NamespaceOfferCancelled NamespaceTransferred NamespaceRemoved \
        AssetCreated AssetOffered AssetOfferCancelled AssetTransferred VisibilityChanged CollaboratorSet \
        CollaboratorRemoved AssetRetired AssetRemoved RevisionPublished RefSet RefDeleted RevisionYanked \
        RevisionRemoved PieceAssigned TakenDown Restored Attested AttestationRevoked";
    assert_eq!(variants::<Event<Test>>(), numbered(names));
}

#[test]
fn error_indices_are_frozen() {
    let names = "NameLength NameCharacter NameEdge NameRepeated NameTaken LicenceCharacter NamespaceNotFound \
        AssetNotFound RevisionNotFound RefNotFound CollaboratorNotFound ParentNotFound DuplicateParent NotOwner \
        NotPermitted NotOffered AlreadyThere HasAssets HasRevisions HasRefs HasCollaborators HasDescendants Retired \
        NotRetired EmptyPiece PieceControlledElsewhere PieceControlled CommitTaken TagImmovable RefKindMismatch \
        AlreadyYanked TakenDown NotTakenDown AttestationExists AttestationNotFound Overflow";
    assert_eq!(variants::<crate::Error<Test>>(), numbered(names));
}

#[test]
fn enums_that_are_stored_are_frozen() {
    assert_eq!(
        variants::<HoldReason>(),
        numbered("Namespace Asset Revision Reference Collaborator Attestation")
    );
    assert_eq!(variants::<Subject>(), numbered("Asset Piece"));
    assert_eq!(variants::<Claim>(), numbered("Reproduced Evaluated Audited LicenceChecked Disputed Other"));
    assert_eq!(
        variants::<DepositFor>(),
        numbered("Namespace Asset Revision Reference Collaborator Attestation Tombstone")
    );
    assert_eq!(variants::<stoa_primitives::registry::AssetKind>(), numbered("Model Dataset Program Space"));
    assert_eq!(variants::<Visibility>(), numbered("Public Gated Private"));
    assert_eq!(variants::<stoa_primitives::registry::Role>(), numbered("Writer Admin"));
    assert_eq!(variants::<RefKind>(), numbered("Branch Tag"));
    assert_eq!(
        variants::<Relation>(),
        numbered("FineTune Adapter Quantised Merge TrainedOn EvaluatedOn CompiledFrom")
    );
}

#[test]
fn a_commit_id_is_the_hash_of_these_fields_in_this_order() {
    let (parents, text) = (Parents::default(), message("hello"));
    let id = commit_id(&(AssetId(3), 4, &content(1), &piece(2), &parents, &text, &ALICE, 9_u64));
    let mut bytes = 3_u64.to_le_bytes().to_vec();
    bytes.extend(4_u32.to_le_bytes());
    bytes.push(1);
    bytes.extend([1; 32]);
    bytes.extend([2; 32]);
    bytes.extend(1_002_u64.to_le_bytes());
    bytes.push(0);
    bytes.push(5 << 2);
    bytes.extend(b"hello");
    bytes.extend(1_u64.to_le_bytes());
    bytes.extend(9_u64.to_le_bytes());
    assert_eq!(id.0, blake2_256(&bytes)[..20]);
}

#[test]
fn records_are_stored_as_these_fields_in_this_order() {
    ExtBuilder.build_and_execute(|| {
        let id = alices_model();
        let commit = publish_from(ALICE, id, 1, &[], &[branch("main")]);
        let child = publish_from(ALICE, id, 2, &[fine_tune(id, commit)], &[]);

        let found = Namespaces::<Test>::get(NameKey::from(&name("alice"))).unwrap();
        let ticket = found.ticket.encode();
        assert_eq!(ticket.len(), 8);
        assert_eq!(
            found.encode(),
            [(b"alice".to_vec(), ALICE, None::<u64>, 1_u32).encode(), ticket].concat()
        );

        let found = Assets::<Test>::get(id).unwrap();
        let fields =
            (b"alice".to_vec(), b"model".to_vec(), 0_u8, 0_u8, b"apache-2.0".to_vec(), None::<u64>, false);
        let counters = (2_u32, 2_u32, 1_u32, 0_u32, ALICE);
        assert_eq!(found.encode(), [fields.encode(), counters.encode(), found.ticket.encode()].concat());

        let found = Revisions::<Test>::get(child).unwrap();
        let fields = (0_u64, 1_u32, 1_u64, content(2), piece(2), Compact(1_u32), 0_u64, commit, 0_u8);
        let rest = (b"a revision".to_vec(), ALICE, 1_u64, 0_u32, false);
        assert_eq!(found.encode(), [fields.encode(), rest.encode(), found.ticket.encode()].concat());

        let found = Refs::<Test>::get(id, ref_name("main")).unwrap();
        assert_eq!(found.encode(), [(0_u8, commit, ALICE).encode(), found.ticket.encode()].concat());
        assert_eq!(Pieces::<Test>::get(piece(1).root).unwrap().encode(), (Some(0_u64), 1_u32).encode());
        assert_eq!(TakeDown { reason: [7; 32], since: 3_u64 }.encode(), ([7_u8; 32], 3_u64).encode());
        assert_eq!(Subject::Piece([7; 32]).encode(), (1_u8, [7_u8; 32]).encode());
    });
}

#[test]
fn tombstones_collaborators_and_attestations_are_stored_as_these_fields_in_this_order() {
    ExtBuilder.build_and_execute(|| {
        let id = alices_model();
        let base = publish(ALICE, id, 1);
        publish_from(ALICE, id, 2, &[fine_tune(id, base)], &[]);
        assert_ok!(Registry::set_collaborator(
            signed(ALICE),
            id,
            BOB,
            stoa_primitives::registry::Role::Admin
        ));
        assert_ok!(Registry::attest(signed(BOB), base, Claim::Audited, content(5)));
        assert_ok!(Registry::retire_asset(signed(ALICE), id));
        assert_ok!(Registry::remove_revision(signed(ALICE), base));

        let found = crate::Tombstones::<Test>::get(base).unwrap();
        let fields = (0_u64, 0_u64, Compact(0_u32), ALICE, 1_u32);
        assert_eq!(found.encode(), [fields.encode(), found.ticket.encode()].concat());
        let found = crate::Collaborators::<Test>::get(id, BOB).unwrap();
        assert_eq!(found.encode(), [(1_u8, ALICE).encode(), found.ticket.encode()].concat());
        let found = crate::Attestations::<Test>::get(base, (BOB, Claim::Audited)).unwrap();
        assert_eq!(found.encode(), [(content(5), 1_u64).encode(), found.ticket.encode()].concat());
    });
}

#[test]
fn storage_keys_are_frozen() {
    let key = |item: &[u8], parts: &[Vec<u8>]| {
        [&twox_128(b"Registry")[..], &twox_128(item), &parts.concat()].concat()
    };
    let hashed = |part: Vec<u8>| [blake2_128(&part).to_vec(), part].concat();
    ExtBuilder.build_and_execute(|| {
        let stoa = NameKey::from(&name("Stoa"));
        let text = b"stoa".to_vec().encode();
        assert_eq!(Namespaces::<Test>::hashed_key_for(&stoa), key(b"Namespaces", &[hashed(text.clone())]));
        assert_eq!(
            AssetsOf::<Test>::hashed_key_for(stoa, ordinal(258)),
            key(b"AssetsOf", &[hashed(text), vec![0, 0, 0, 0, 0, 0, 1, 2]])
        );
    });
}

#[test]
fn the_storage_version_is_set_at_genesis() {
    ExtBuilder.build_and_execute(|| {
        assert_eq!(Registry::in_code_storage_version(), StorageVersion::new(1));
        assert_eq!(Registry::on_chain_storage_version(), StorageVersion::new(1));
    });
}

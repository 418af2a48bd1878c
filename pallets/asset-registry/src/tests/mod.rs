//! What the registry does, by concern.

mod assets;
mod attestations;
mod checks;
mod deposits;
mod frozen;
mod moderation;
mod namespaces;
mod pieces;
mod queries;
mod random;
mod refs;
mod revisions;

use crate::{
    Event, NextAssetId,
    mock::*,
    types::{Message, Name, NewRef, NewRefs, Parent, Parents, RefName},
};
use polkadot_sdk::{
    frame_support::{assert_ok, traits::fungible::InspectHold},
    frame_system::RawOrigin,
};
use stoa_primitives::{
    Codec, ContentId, Piece,
    registry::{AssetId, AssetKind, CommitId, RefKind, Relation, Visibility},
};

pub(crate) type Error = crate::Error<Test>;

pub(crate) fn signed(who: AccountId) -> RuntimeOrigin {
    RawOrigin::Signed(who).into()
}

pub(crate) fn root() -> RuntimeOrigin {
    RawOrigin::Root.into()
}

pub(crate) fn name(text: &str) -> Name {
    Name::try_from(text.as_bytes().to_vec()).unwrap()
}

pub(crate) fn ref_name(text: &str) -> RefName {
    RefName::try_from(text.as_bytes().to_vec()).unwrap()
}

pub(crate) fn content(number: u8) -> ContentId {
    ContentId { codec: Codec::DagPb, digest: [number; 32] }
}

pub(crate) fn piece(number: u8) -> Piece {
    Piece { root: [number; 32], size: 1_000 + u64::from(number) }
}

pub(crate) fn message(text: &str) -> Message {
    Message::try_from(text.as_bytes().to_vec()).unwrap()
}

pub(crate) fn fine_tune(asset: AssetId, commit: CommitId) -> Parent {
    Parent { asset, commit, relation: Relation::FineTune }
}

pub(crate) fn branch(text: &str) -> NewRef {
    NewRef { kind: RefKind::Branch, name: ref_name(text) }
}

pub(crate) fn tag(text: &str) -> NewRef {
    NewRef { kind: RefKind::Tag, name: ref_name(text) }
}

/// Everything that is held on an account.
pub(crate) fn held(who: AccountId) -> u64 {
    Balances::total_balance_on_hold(&who)
}

/// The registry's last event.
pub(crate) fn last_event() -> Event<Test> {
    events().pop().unwrap()
}

/// The registry's events, oldest first.
pub(crate) fn events() -> Vec<Event<Test>> {
    let registry = |record: polkadot_sdk::frame_system::EventRecord<RuntimeEvent, _>| match record.event {
        RuntimeEvent::Registry(event) => Some(event),
        _ => None,
    };
    System::events().into_iter().filter_map(registry).collect()
}

pub(crate) fn namespace(owner: AccountId, text: &str) {
    assert_ok!(Registry::register_namespace(signed(owner), name(text)));
}

/// An asset in a namespace that is there.
pub(crate) fn asset_in(owner: AccountId, namespace: &str, text: &str, visibility: Visibility) -> AssetId {
    let id = AssetId(NextAssetId::<Test>::get());
    let licence = b"apache-2.0".to_vec().try_into().unwrap();
    let (namespace, text) = (name(namespace), name(text));
    assert_ok!(Registry::create_asset(signed(owner), namespace, text, AssetKind::Model, licence, visibility));
    id
}

/// Alice's public asset `alice/model`, the first one.
pub(crate) fn alices_model() -> AssetId {
    namespace(ALICE, "alice");
    asset_in(ALICE, "alice", "model", Visibility::Public)
}

/// Publishes content and piece number `number` from parents and to refs.
pub(crate) fn publish_from(
    who: AccountId,
    asset: AssetId,
    number: u8,
    parents: &[Parent],
    refs: &[NewRef],
) -> CommitId {
    let parents = Parents::try_from(parents.to_vec()).unwrap();
    let refs = NewRefs::try_from(refs.to_vec()).unwrap();
    let text = message("a revision");
    assert_ok!(Registry::publish_revision(
        signed(who),
        asset,
        content(number),
        piece(number),
        parents,
        text,
        refs
    ));
    let published = events().into_iter().rev().find_map(|event| match event {
        Event::RevisionPublished { commit, .. } => Some(commit),
        _ => None,
    });
    published.unwrap()
}

/// Publishes content and piece number `number`.
pub(crate) fn publish(who: AccountId, asset: AssetId, number: u8) -> CommitId {
    publish_from(who, asset, number, &[], &[])
}

/// The rows of a new entry, as they are in the state: how many, and the bytes of their keys and values.
pub(crate) fn rows_added(entry: impl FnOnce()) -> (u64, u64) {
    use polkadot_sdk::sp_io::{hashing::twox_128, storage};
    let prefix = twox_128(b"Registry");
    let rows = || {
        let mut rows = std::collections::BTreeMap::new();
        let mut key = prefix.to_vec();
        while let Some(next) = storage::next_key(&key).filter(|next| next.starts_with(&prefix)) {
            rows.insert(next.clone(), storage::get(&next).unwrap().len());
            key = next;
        }
        rows
    };
    let before = rows();
    entry();
    // Single values, such as the counters, have the prefix alone for a key and belong to nobody.
    let added: Vec<_> =
        rows().into_iter().filter(|(key, _)| !before.contains_key(key) && key.len() > 32).collect();
    let bytes = added.iter().map(|(key, value)| (key.len() + value) as u64).sum();
    (added.len() as u64, bytes)
}

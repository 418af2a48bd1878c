//! What the market does, by concern.

mod checks;
mod frozen;
mod jobs;
mod keys;
mod licences;
mod listings;
mod queries;
mod random;

use crate::{
    Event, Licences, Listings, NextLicence, NextListing,
    keybox::{self, Contents, PublicKey, Sale, SealedKey, SecretKey},
    mock::*,
    traits::{Grants as _, Purpose},
    types::{Balance, LicenceId, ListingId, Money, Offer, RefundCause, Terms},
};
use polkadot_sdk::{
    frame_support::{assert_noop, assert_ok, traits::fungible::InspectHold},
    frame_system::{self, RawOrigin},
    sp_runtime::DispatchError,
};
use stoa_primitives::registry::{AssetId, CommitId, Visibility};

pub(crate) type Error = crate::Error<Test>;

pub(crate) const PRICE: Balance = 1_000;
pub(crate) const CONTENTS: Contents = Contents { key: [1; 32], salt: [2; 32] };
/// A buyer's one-time secret.
pub(crate) const SECRET: SecretKey = [5; 32];

pub(crate) fn signed(who: AccountId) -> RuntimeOrigin {
    RawOrigin::Signed(who).into()
}

/// For ever, for all revisions, paid at once.
pub(crate) fn perpetual() -> Offer<u64> {
    Offer {
        terms: Terms::Perpetual,
        price: PRICE,
        supply: None,
        revision: None,
        sealed: false,
        refund: 0,
        notice: None,
        until: None,
    }
}

/// The key of a revision.
pub(crate) fn sealed_offer(revision: CommitId) -> Offer<u64> {
    Offer { revision: Some(revision), sealed: true, ..perpetual() }
}

pub(crate) fn list(asset: AssetId, offer: Offer<u64>) -> ListingId {
    let listing = ListingId(NextListing::<Test>::get());
    assert_ok!(Market::list(signed(ALICE), asset, offer));
    listing
}

/// Alice's gated asset on sale.
pub(crate) fn on_sale(offer: Offer<u64>) -> (AssetId, CommitId, ListingId) {
    let (asset, revision) = new_asset(ALICE, Visibility::Gated);
    (asset, revision, list(asset, offer))
}

/// The key of Alice's private asset on sale.
pub(crate) fn key_on_sale() -> (AssetId, CommitId, ListingId) {
    let (asset, revision) = new_asset(ALICE, Visibility::Private);
    assert_ok!(Market::commit_key(signed(ALICE), asset, revision, keybox::commitment(&CONTENTS)));
    (asset, revision, list(asset, sealed_offer(revision)))
}

pub(crate) fn buy(who: AccountId, listing: ListingId, reader: Option<PublicKey>) -> LicenceId {
    let licence = LicenceId(NextLicence::<Test>::get());
    let version = Listings::<Test>::get(listing).unwrap().version;
    assert_ok!(Market::buy(signed(who), listing, version, Balance::MAX, reader));
    licence
}

/// The key of Alice's private asset, sold to Bob.
pub(crate) fn key_sold() -> (AssetId, CommitId, LicenceId) {
    let (asset, revision, listing) = key_on_sale();
    (asset, revision, buy(BOB, listing, Some(keybox::public_of(SECRET))))
}

pub(crate) fn sealed(licence: LicenceId, revision: CommitId, contents: &Contents) -> SealedKey {
    let sale = Sale { licence: licence.0, revision };
    keybox::seal(contents, [7; 32], keybox::public_of(SECRET), &sale).unwrap()
}

/// The same, delivered.
pub(crate) fn key_delivered(contents: &Contents) -> (AssetId, CommitId, LicenceId) {
    let (asset, revision, licence) = key_sold();
    assert_ok!(Market::deliver_key(signed(ALICE), licence, sealed(licence, revision, contents)));
    (asset, revision, licence)
}

pub(crate) fn grant(asset: AssetId, to: AccountId) -> LicenceId {
    let licence = LicenceId(NextLicence::<Test>::get());
    assert_ok!(Market::grant(signed(ALICE), asset, to, None, None));
    licence
}

pub(crate) fn at(block: u64) {
    System::set_block_number(block);
}

pub(crate) fn held(who: AccountId) -> Balance {
    Balances::total_balance_on_hold(&who)
}

/// Everything that an account has, held or not.
pub(crate) fn wealth(who: AccountId) -> Balance {
    Balances::free_balance(who) + held(who)
}

pub(crate) fn money(licence: LicenceId) -> Option<Money<u64>> {
    Licences::<Test>::get(licence).map(|found| found.money)
}

/// The pallet's events, oldest first.
pub(crate) fn events() -> Vec<Event<Test>> {
    let ours = |record: frame_system::EventRecord<RuntimeEvent, _>| match record.event {
        RuntimeEvent::Market(event) => Some(event),
        _ => None,
    };
    System::events().into_iter().filter_map(ours).collect()
}

pub(crate) fn last_event() -> Event<Test> {
    events().pop().unwrap()
}

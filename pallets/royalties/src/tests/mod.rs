//! What royalties do, by concern.

mod checks;
mod frozen;
mod links;
mod locks;
mod payments;
mod queries;
mod random;
mod shares;

use crate::{
    Event, Upstreams, Vaults,
    math::WHOLE,
    mock::*,
    types::{Balance, Batch, Parts, Reason, Shares, Terms},
};
use polkadot_sdk::{
    frame_support::{assert_noop, assert_ok, traits::fungible::InspectHold},
    frame_system::{self, RawOrigin},
};
use stoa_primitives::registry::AssetId;

pub(crate) type Error = crate::Error<Test>;

/// All parts: a guard that never refuses.
pub(crate) const ANY: Parts = Parts(WHOLE);

pub(crate) fn signed(who: AccountId) -> RuntimeOrigin {
    RawOrigin::Signed(who).into()
}

/// So many percent of outside payments.
pub(crate) fn absolute(percent: u32) -> Terms {
    Terms::Absolute(Parts(percent * 10_000))
}

/// So many percent of what the child receives.
pub(crate) fn relative(percent: u32) -> Terms {
    Terms::Relative(Parts(percent * 10_000))
}

pub(crate) fn load(owner: AccountId, asset: AssetId, shares: &[(AccountId, Shares)]) {
    assert_ok!(Royalties::load_shares(signed(owner), asset, Batch::try_from(shares.to_vec()).unwrap()));
}

pub(crate) fn link(owner: AccountId, asset: AssetId, parent: AssetId, terms: Terms) {
    assert_ok!(Royalties::link_parent(signed(owner), asset, parent, terms, ANY));
}

/// Opens an asset, whose owner gets the shares that nobody holds.
pub(crate) fn open(owner: AccountId, asset: AssetId) {
    assert_ok!(Royalties::open(signed(owner), asset, Some(owner)));
}

/// An open asset that was built on others.
pub(crate) fn opened_on(owner: AccountId, parents: &[(AssetId, Terms)]) -> AssetId {
    let asset = new_asset(owner);
    for (parent, terms) in parents {
        link(owner, asset, *parent, *terms);
    }
    open(owner, asset);
    asset
}

/// An open asset.
pub(crate) fn opened(owner: AccountId) -> AssetId {
    opened_on(owner, &[])
}

/// An open asset with these holders, who hold all of it.
pub(crate) fn opened_with(owner: AccountId, shares: &[(AccountId, Shares)]) -> AssetId {
    let asset = new_asset(owner);
    load(owner, asset, shares);
    assert_ok!(Royalties::open(signed(owner), asset, None));
    asset
}

pub(crate) fn pay(asset: AssetId, amount: Balance) {
    assert_ok!(Royalties::pay(signed(PAYER), asset, amount, [7; 32]));
}

pub(crate) fn distribute(asset: AssetId) {
    assert_ok!(Royalties::distribute(signed(PAYER), asset));
}

/// What an account could claim.
pub(crate) fn due(asset: AssetId, account: AccountId) -> Balance {
    Royalties::holding(asset, account).map_or(0, |holding| holding.due)
}

/// What an asset's holders could claim.
pub(crate) fn due_holders(asset: AssetId) -> Balance {
    Royalties::vault(asset).unwrap().due_holders
}

/// What the pallet's account has beyond its existential deposit.
pub(crate) fn pot() -> Balance {
    Balances::free_balance(Royalties::account()) - EXISTENTIAL
}

pub(crate) fn held(who: AccountId) -> Balance {
    Balances::total_balance_on_hold(&who)
}

/// The pallet's events, oldest first.
pub(crate) fn events() -> Vec<Event<Test>> {
    let ours = |record: frame_system::EventRecord<RuntimeEvent, _>| match record.event {
        RuntimeEvent::Royalties(event) => Some(event),
        _ => None,
    };
    System::events().into_iter().filter_map(ours).collect()
}

pub(crate) fn last_event() -> Event<Test> {
    events().pop().unwrap()
}

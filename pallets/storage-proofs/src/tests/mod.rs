//! What the pallet does, by concern.

mod basics;
mod checks;
mod excuses;
mod extension;
mod frozen;
mod gate;
mod gated;
mod grinding;
mod leaving;
mod misses;
mod orders;
mod prices;
mod proofs;
mod providers;
mod queries;
mod random;
mod scale;
mod windows;

use crate::{Event, mock::*, types::*};
use polkadot_sdk::frame_support::{assert_noop, assert_ok, traits::fungible::InspectHold};
use stoa_primitives::Piece;

pub(crate) type Error = crate::Error<Test>;

/// Random cases to try; `PROPTEST_CASES` asks for more.
pub(crate) fn cases() -> u32 {
    std::env::var("PROPTEST_CASES").ok().and_then(|count| count.parse().ok()).unwrap_or(64)
}

pub(crate) fn contact() -> Contact {
    let address = Address::try_from(b"/ip4/127.0.0.1/tcp/30333".to_vec()).unwrap();
    Contact { peer_id: PeerId::try_from(vec![1; 38]).unwrap(), addresses: vec![address].try_into().unwrap() }
}

/// Registers a provider at 100 plancks for a leaf and window, with room for a thousand leaves.
pub(crate) fn provide(who: AccountId) {
    assert_ok!(StorageProofs::register_provider(signed(who), contact(), 100 * GIB, 1_000 * 1_024));
}

/// Places an order of ALICE for `windows` of a piece, at 150 plancks for a leaf and window.
pub(crate) fn order(piece: Piece, replicas: u32, windows: u32) -> OrderId {
    order_for(ALICE, piece, replicas, windows, &[])
}

pub(crate) fn order_for(
    payer: AccountId,
    piece: Piece,
    replicas: u32,
    windows: u32,
    named: &[AccountId],
) -> OrderId {
    let id = OrderId(crate::NextOrderId::<Test>::get());
    let named = named.to_vec().try_into().unwrap();
    assert_ok!(place(payer, piece, replicas, windows, 150 * GIB, named));
    id
}

pub(crate) fn place(
    payer: AccountId,
    piece: Piece,
    replicas: u32,
    windows: u32,
    max_price: Balance,
    named: Named<AccountId>,
) -> polkadot_sdk::sp_runtime::DispatchResult {
    StorageProofs::place_order(signed(payer), piece, replicas, windows, max_price, named, Hints::default())
}

pub(crate) fn accept(who: AccountId, id: OrderId) {
    assert_ok!(StorageProofs::accept(signed(who), id));
}

/// BOB provides, and keeps a piece of `leaves` leaves for an order of ALICE over `windows`.
pub(crate) fn bob_keeps(leaves: u64, windows: u32) -> OrderId {
    provide(BOB);
    let id = order(piece(1, leaves * 1_024), 1, windows);
    accept(BOB, id);
    id
}

pub(crate) fn held(reason: crate::HoldReason, who: AccountId) -> Balance {
    Balances::balance_on_hold(&reason.into(), &who)
}

pub(crate) fn free(who: AccountId) -> Balance {
    Balances::free_balance(who)
}

pub(crate) fn provider(who: AccountId) -> Provider {
    crate::Providers::<Test>::get(who).unwrap()
}

pub(crate) fn replica(id: OrderId, who: AccountId) -> Replica {
    crate::Replicas::<Test>::get(id, who).unwrap()
}

pub(crate) fn settle(id: OrderId, who: AccountId) -> polkadot_sdk::sp_runtime::DispatchResult {
    StorageProofs::settle(signed(EVE), vec![(id, who)].try_into().unwrap())
}

/// The pallet's events so far.
pub(crate) fn events() -> Vec<Event<Test>> {
    System::events()
        .into_iter()
        .filter_map(|record| match record.event {
            RuntimeEvent::StorageProofs(event) => Some(event),
            _ => None,
        })
        .collect()
}

pub(crate) fn last_event() -> Event<Test> {
    events().pop().unwrap()
}

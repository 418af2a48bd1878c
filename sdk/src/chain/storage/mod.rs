//! Storage orders and their providers: calls and reads.

mod types;

pub use multiaddr::{Multiaddr, PeerId};
pub use types::{
    Contact, Duty, LEAVES_PER_GIB, NewOrder, NextPrice, Order, Payment, Provider, Quote, Replica,
    ReplicaOdds, Rules, Standing, StorageCall, Window, plancks,
};

use super::{
    ChainError,
    client::{Chain, ChainState, api},
    types::{Included, Wait},
};
use crate::keys::Keypair;
use api::runtime_types::{
    bounded_collections::bounded_vec::BoundedVec,
    pallet_storage_proofs::{
        liability::Standing as ApiStanding,
        types::{
            ChallengeSet, Contact as ApiContact, Duty as ApiDuty, Order as ApiOrder, OrderId, OrderInfo,
            ProviderInfo, ReplicaInfo,
        },
    },
};
use std::time::Duration;
use stoa_primitives::{LEAF_SIZE, Piece, PieceRoot};
use subxt::{rpcs::client::rpc_params, utils::AccountId32};

/// Entries in a page of a list.
pub const PAGE: u32 = 128;
/// What chances are counted in: parts of 10^18.
const CERTAIN: f64 = 1e18;

/// Makes a call's payload and runs something with it: each is of another type.
macro_rules! with_payload {
    ($call:expr, $payload:ident => $run:expr) => {{
        let calls = api::transactions().storage_proofs();
        match $call {
            StorageCall::Register { contact, price, capacity } => {
                let $payload = calls.register_provider(encode_contact(contact), *price, *capacity);
                $run
            }
            StorageCall::Update { contact, price, capacity } => {
                let contact = contact.as_ref().map(encode_contact);
                let $payload = calls.update_provider(contact, *price, *capacity);
                $run
            }
            StorageCall::AddStake(amount) => {
                let $payload = calls.add_stake(*amount);
                $run
            }
            StorageCall::WithdrawStake(amount) => {
                let $payload = calls.withdraw_stake(*amount);
                $run
            }
            StorageCall::Deregister => {
                let $payload = calls.deregister();
                $run
            }
            StorageCall::Unjail => {
                let $payload = calls.unjail();
                $run
            }
            StorageCall::Place(order) => {
                let $payload = calls.place_order(
                    order.piece.into(),
                    order.replicas,
                    order.windows,
                    order.max_price,
                    BoundedVec(order.named.clone()),
                    BoundedVec(order.hints.iter().map(|peer| BoundedVec(peer.to_bytes())).collect()),
                );
                $run
            }
            StorageCall::CancelOrder(order) => {
                let $payload = calls.cancel_order(OrderId(*order));
                $run
            }
            StorageCall::CancelReplica(order, provider) => {
                let $payload = calls.cancel_replica(OrderId(*order), *provider);
                $run
            }
            StorageCall::CloseReplica(order, provider) => {
                let $payload = calls.close_replica(OrderId(*order), *provider);
                $run
            }
            StorageCall::CloseJailed(order, provider) => {
                let $payload = calls.close_jailed(OrderId(*order), *provider);
                $run
            }
            StorageCall::Drop(order) => {
                let $payload = calls.drop_piece(OrderId(*order));
                $run
            }
            StorageCall::Settle(due) => {
                let due = due.iter().map(|(order, provider)| (OrderId(*order), *provider));
                let $payload = calls.settle(BoundedVec(due.collect()));
                $run
            }
        }
    }};
}

/// What a storage call did.
#[derive(Clone, Debug, Default, Eq, PartialEq)]
pub struct StorageDone {
    /// The number of an order that was placed.
    pub placed: Option<u64>,
    /// Payments that were made.
    pub payments: Vec<Payment>,
    /// What the payer got back.
    pub refunded: u128,
}

impl Chain {
    /// What a storage call costs in fees.
    pub async fn storage_fee(&self, signer: &Keypair, call: &StorageCall) -> Result<u128, ChainError> {
        with_payload!(call, payload => self.fee(&payload, signer).await)
    }

    /// Sends a storage call, and tells what it did.
    pub async fn send_storage(
        &self,
        signer: &Keypair,
        call: &StorageCall,
        wait: Wait,
    ) -> Result<(StorageDone, Included), ChainError> {
        let (included, events) = with_payload!(call, payload => self.send(&payload, signer, wait).await)?;
        let incompatible = |error: subxt::error::EventsError| ChainError::Incompatible(error.to_string());
        let mut done = StorageDone::default();
        if let Some(event) = events.find_first::<api::storage_proofs::events::OrderPlaced>() {
            done.placed = Some(event.map_err(incompatible)?.order.0);
        }
        for event in events.find::<api::storage_proofs::events::Paid>() {
            let event = event.map_err(incompatible)?;
            done.payments.push(Payment {
                order: event.order.0,
                provider: event.provider,
                windows: event.windows,
                amount: event.amount,
                levy: event.levy,
            });
        }
        for event in events.find::<api::storage_proofs::events::OrderClosed>() {
            done.refunded = done.refunded.saturating_add(event.map_err(incompatible)?.refunded);
        }
        for event in events.find::<api::storage_proofs::events::ReplicaEnded>() {
            done.refunded = done.refunded.saturating_add(event.map_err(incompatible)?.refunded);
        }
        if matches!(call, StorageCall::Place(_)) && done.placed.is_none() {
            return Err(ChainError::MissingEvent("OrderPlaced"));
        }
        Ok((done, included))
    }

    /// How the node that this is connected to is reached: its peer id and the addresses that it listens on.
    pub async fn node_contact(&self) -> Result<Contact, ChainError> {
        let wrong = |what: &dyn std::fmt::Display| ChainError::Record(format!("the node's address: {what}"));
        let peer: String = self.raw.request("system_localPeerId", rpc_params![]).await?;
        let listens: Vec<String> = self.raw.request("system_localListenAddresses", rpc_params![]).await?;
        let addresses = listens.iter().filter_map(|address| {
            // The peer id that follows stands in the contact by itself.
            address.split("/p2p/").next()?.parse().ok()
        });
        Ok(Contact { peer: peer.parse().map_err(|error| wrong(&error))?, addresses: addresses.collect() })
    }
}

/// Calls a method of the storage pallet's runtime API.
macro_rules! ask {
    ($state:expr, $method:ident($($argument:expr),*)) => {
        $state.at.runtime_apis().call(api::runtime_apis().storage_proofs_api().$method($($argument),*)).await
    };
}

impl ChainState {
    /// What is governed.
    pub async fn storage_rules(&self) -> Result<Rules, ChainError> {
        let rules = ask!(self, rules())?.parameters;
        Ok(Rules {
            window: rules.window,
            response: rules.response,
            challenges: rules.challenges,
            slash: rules.slash,
            max_misses: rules.max_misses,
            notice: rules.notice,
            stake_per_gib: rules.stake_per_gib,
            min_price: rules.min_price,
            max_price: rules.max_price,
            min_term: rules.min_term,
            accept_within: rules.accept_within,
            provider_deposit: rules.provider_deposit,
        })
    }

    /// A provider.
    pub async fn provider(&self, account: &AccountId32) -> Result<Option<Provider>, ChainError> {
        Ok(ask!(self, provider(*account))?.map(provider))
    }

    /// A provider's open window.
    pub async fn window(&self, provider: &AccountId32) -> Result<Option<Window>, ChainError> {
        Ok(ask!(self, challenges(*provider))?.map(window))
    }

    /// What a provider keeps, slot by slot from `start` on, at most `limit` of it, with what is due.
    pub async fn replicas_of(
        &self,
        provider: &AccountId32,
        start: u32,
        limit: u32,
    ) -> Result<Vec<Replica>, ChainError> {
        let mut found = Vec::new();
        for (_, slot) in ask!(self, proof_set(*provider, start, limit))? {
            let order = self.order(slot.order.0).await?;
            let replicas = order.map(|order| order.replicas).unwrap_or_default();
            found.extend(replicas.into_iter().filter(|replica| replica.provider == *provider));
        }
        Ok(found)
    }

    /// All payments that are due to a provider.
    pub async fn due_to(&self, provider: &Provider) -> Result<Vec<Replica>, ChainError> {
        let mut found = Vec::new();
        for start in (0..provider.pieces).step_by(PAGE as usize) {
            let page = ask!(self, due_payments(provider.account, start, PAGE))?;
            found.extend(page.into_iter().map(replica));
        }
        Ok(found)
    }

    /// An order with its replicas.
    pub async fn order(&self, id: u64) -> Result<Option<Order>, ChainError> {
        Ok(ask!(self, order(OrderId(id)))?.map(order_info))
    }

    /// Orders that providers can accept, oldest first, a page of them.
    pub async fn open_orders(&self, after: Option<u64>, limit: u32) -> Result<Vec<Order>, ChainError> {
        let page = ask!(self, open_orders(after.map(OrderId), limit))?;
        Ok(page.into_iter().map(|(id, found)| order(id.0, found)).collect())
    }

    /// The orders for a piece, oldest first, a page of them.
    pub async fn orders_of_piece(
        &self,
        root: PieceRoot,
        after: Option<u64>,
        limit: u32,
    ) -> Result<Vec<u64>, ChainError> {
        let page = ask!(self, orders_of_piece(root, after.map(OrderId), limit))?;
        Ok(page.into_iter().map(|id| id.0).collect())
    }

    /// All orders of a payer, oldest first. Reads every order of the chain.
    pub async fn orders_of(&self, payer: &AccountId32) -> Result<Vec<Order>, ChainError> {
        let unreadable = |error: &dyn std::fmt::Display| ChainError::Incompatible(error.to_string());
        let storage = self.at.storage();
        let all =
            storage.entry(api::storage().storage_proofs().orders()).map_err(|error| unreadable(&error))?;
        let mut entries = all.iter(()).await.map_err(|error| unreadable(&error))?;
        let mut found = Vec::new();
        while let Some(entry) = entries.next().await {
            let entry = entry.map_err(|error| ChainError::Node(error.to_string()))?;
            let value = entry.value().decode().map_err(|error| unreadable(&error))?;
            if value.payer == *payer {
                let (id,) = entry.key().and_then(|key| key.decode()).map_err(|error| unreadable(&error))?;
                found.push(order(id.0, value));
            }
        }
        found.sort_by_key(|order| order.id);
        Ok(found)
    }

    /// How long a slot lasts, which is the time between blocks when all is well.
    pub async fn slot_duration(&self) -> Result<Duration, ChainError> {
        let call = api::runtime_apis().babe_api().configuration();
        Ok(Duration::from_millis(self.at.runtime_apis().call(call).await?.slot_duration))
    }

    /// What an order would hold of its payer's money.
    pub async fn order_quote(&self, order: &NewOrder) -> Result<Option<Quote>, ChainError> {
        let quote = ask!(self, quote(order.piece.into(), order.replicas, order.windows, order.max_price))?;
        Ok(quote.map(|quote| Quote { leaves: quote.leaves, funds: quote.funds, deposit: quote.deposit }))
    }

    /// The chance, from 0 to 1, that losing a share of a set is caught within `windows` of `challenges` each.
    pub async fn storage_odds(&self, lost: f64, challenges: u32, windows: u32) -> Result<f64, ChainError> {
        Ok(chance(ask!(self, odds(parts(lost), challenges, windows))?))
    }

    /// How a replica is guarded against losing a share of its piece.
    pub async fn replica_odds(
        &self,
        order: u64,
        provider: &AccountId32,
        lost: f64,
        windows: u32,
    ) -> Result<Option<ReplicaOdds>, ChainError> {
        let found = ask!(self, replica_odds(OrderId(order), *provider, parts(lost), windows))?;
        Ok(found.map(|found| ReplicaOdds {
            leaves: found.leaves,
            set: found.set,
            challenges: found.challenges,
            caught: chance(found.caught),
            price: found.price,
            slash: found.slash,
            stake: found.stake,
        }))
    }
}

/// A share as the chain counts it; a saturating cast, so that any float is a valid one.
fn parts(share: f64) -> u64 {
    (share.clamp(0.0, 1.0) * CERTAIN) as u64
}

fn chance(parts: u64) -> f64 {
    parts as f64 / CERTAIN
}

fn bytes_of(leaves: u64) -> u64 {
    leaves.saturating_mul(LEAF_SIZE)
}

fn per_gib(leaf_price: u128) -> u128 {
    leaf_price.saturating_mul(LEAVES_PER_GIB)
}

fn encode_contact(contact: &Contact) -> ApiContact {
    ApiContact {
        peer_id: BoundedVec(contact.peer.to_bytes()),
        addresses: BoundedVec(contact.addresses.iter().map(|address| BoundedVec(address.to_vec())).collect()),
    }
}

/// What a provider registered is its own word: it may be no peer id at all.
fn contact(found: ApiContact) -> Option<Contact> {
    let addresses = found.addresses.0.into_iter().filter_map(|address| address.0.try_into().ok());
    Some(Contact { peer: PeerId::from_bytes(&found.peer_id.0).ok()?, addresses: addresses.collect() })
}

fn provider(info: ProviderInfo<AccountId32>) -> Provider {
    Provider {
        account: info.account,
        contact: contact(info.contact),
        price: per_gib(info.price),
        next_price: info.next_price.map(|(window, price)| NextPrice { window, price: per_gib(price) }),
        capacity: bytes_of(info.capacity),
        stored: bytes_of(info.leaves),
        pieces: info.pieces,
        stake: info.stake,
        required_stake: info.required_stake,
        proven: info.proven,
        misses: info.misses,
        grace: info.grace,
        standing: match info.standing {
            ApiStanding::Active => Standing::Active,
            ApiStanding::Jailed { since } => Standing::Jailed { since },
            ApiStanding::Probation { since } => Standing::Probation { since },
        },
        phase: info.phase,
        window: info.window,
        gate_opens_at: info.gate_opens_at,
    }
}

fn window(set: ChallengeSet) -> Window {
    Window {
        window: set.window,
        opened_at: set.opened_at,
        closes_at: set.closes_at,
        next_opens_at: set.next_opens_at,
        duty: match set.duty {
            ApiDuty::Nothing => Duty::Nothing,
            ApiDuty::Waiting => Duty::Waiting,
            ApiDuty::Due => Duty::Due,
            ApiDuty::Over => Duty::Over,
        },
    }
}

fn order(id: u64, found: ApiOrder<AccountId32>) -> Order {
    let piece: Piece = found.piece.0;
    Order {
        id,
        payer: found.payer,
        piece,
        open: found.open,
        active: found.active,
        windows: found.windows,
        max_price: per_gib(found.max_price),
        named: found.named.0,
        expires_at: found.expires_at,
        min_term: found.min_term,
        deposit: found.deposit,
        replicas: Vec::new(),
    }
}

fn order_info(info: OrderInfo<AccountId32>) -> Order {
    let replicas = info.replicas.into_iter().map(replica).collect();
    Order { replicas, ..order(info.id.0, info.order) }
}

fn replica(info: ReplicaInfo<AccountId32>) -> Replica {
    Replica {
        order: info.order.0,
        provider: info.provider,
        leaf_price: info.replica.price,
        earned: info.replica.earned,
        left: info.replica.left,
        ends: info.replica.ends,
        leaves_at: info.replica.leaves_at,
        due_windows: info.due_windows,
        due: info.due,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn shares_are_counted_in_parts_and_never_beyond_the_whole() {
        assert_eq!(parts(0.1), 100_000_000_000_000_000);
        assert_eq!((parts(0.0), parts(1.0)), (0, 1_000_000_000_000_000_000));
        assert_eq!((parts(-1.0), parts(7.0), parts(f64::NAN)), (0, 1_000_000_000_000_000_000, 0));
        assert!((chance(parts(0.25)) - 0.25).abs() < 1e-12);
    }

    #[test]
    fn prices_for_a_gib_are_those_of_its_leaves() {
        assert_eq!(per_gib(1), 1 << 20);
        assert_eq!(per_gib(u128::MAX), u128::MAX);
        assert_eq!(bytes_of(3), 3_072);
    }

    #[test]
    fn a_contact_comes_back_as_it_was_given_and_nonsense_is_none() {
        let given = Contact {
            peer: "12D3KooWEyoppNCUx8Yx66oV9fJnriXwCcXwDDUA2kj6vnc6iDEp".parse().unwrap(),
            addresses: vec!["/dns/storage.example/tcp/30333".parse().unwrap()],
        };
        assert_eq!(contact(encode_contact(&given)), Some(given.clone()));
        let mut partly = encode_contact(&given);
        partly.addresses.0.push(BoundedVec(vec![0xff; 9]));
        assert_eq!(contact(partly), Some(given.clone()));
        let nonsense = ApiContact { peer_id: BoundedVec(vec![1; 38]), ..encode_contact(&given) };
        assert_eq!(contact(nonsense), None);
    }
}

//! What the chain says of storage, in types that don't depend on a runtime's metadata.

use multiaddr::{Multiaddr, PeerId};
use serde::{Serialize, Serializer};
use stoa_primitives::{LEAF_SIZE, Piece};
use subxt::utils::AccountId32;

/// Leaves in a GiB.
pub const LEAVES_PER_GIB: u128 = (1 << 30) / LEAF_SIZE as u128;

/// How a provider's node is reached.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct Contact {
    /// Its libp2p peer id.
    pub peer: PeerId,
    /// Where it listens.
    pub addresses: Vec<Multiaddr>,
}

impl Serialize for Contact {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        #[derive(Serialize)]
        struct Text {
            peer: String,
            addresses: Vec<String>,
        }
        Text {
            peer: self.peer.to_base58(),
            addresses: self.addresses.iter().map(ToString::to_string).collect(),
        }
        .serialize(serializer)
    }
}

/// How a provider stands.
#[derive(Clone, Copy, Debug, Eq, PartialEq, Serialize)]
#[serde(rename_all = "kebab-case", tag = "state")]
pub enum Standing {
    /// It proves its windows.
    Active,
    /// It missed too many: nothing is owed, nothing is paid, and its replicas can be closed.
    Jailed {
        /// The window from which it is in jail.
        since: u32,
    },
    /// It has to prove one window without pay.
    Probation {
        /// The window from which it was in jail.
        since: u32,
    },
}

impl Standing {
    /// In a word.
    pub fn word(&self) -> &'static str {
        match self {
            Self::Active => "active",
            Self::Jailed { .. } => "jailed",
            Self::Probation { .. } => "on probation",
        }
    }
}

/// Who stores pieces for pay.
#[derive(Clone, Debug, Eq, PartialEq, Serialize)]
pub struct Provider {
    /// Its account.
    pub account: AccountId32,
    /// How it is reached; none when what it registered can't be read.
    pub contact: Option<Contact>,
    /// Plancks for a GiB and window.
    #[serde(serialize_with = "plancks")]
    pub price: u128,
    /// A higher price, and the window from which it applies.
    pub next_price: Option<NextPrice>,
    /// Most bytes that it stores.
    pub capacity: u64,
    /// Bytes that it stores, in whole leaves.
    pub stored: u64,
    /// Pieces that it stores.
    pub pieces: u32,
    /// Stake less what is slashed of it.
    #[serde(serialize_with = "plancks")]
    pub stake: u128,
    /// What its pieces require.
    #[serde(serialize_with = "plancks")]
    pub required_stake: u128,
    /// Proven windows that orders pay for.
    pub proven: u64,
    /// Missed windows that count towards jail.
    pub misses: u32,
    /// Whether the next fault is forgiven.
    pub grace: bool,
    /// How it stands.
    pub standing: Standing,
    /// Its phase.
    pub phase: u8,
    /// Its current window.
    pub window: u32,
    /// The block from which its set may change; in the past when it may change now.
    pub gate_opens_at: u32,
}

/// A price that applies later.
#[derive(Clone, Copy, Debug, Eq, PartialEq, Serialize)]
pub struct NextPrice {
    /// From this window on.
    pub window: u32,
    /// Plancks for a GiB and window.
    #[serde(serialize_with = "plancks")]
    pub price: u128,
}

/// What a provider owes in its open window.
#[derive(Clone, Copy, Debug, Eq, PartialEq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum Duty {
    /// Nothing is owed: proven already, in jail, an empty set, or one that counts from the next window on.
    Nothing,
    /// A proof will be owed as soon as the seed is known.
    Waiting,
    /// A proof is owed and can be submitted.
    Due,
    /// The response is over, or the window is excused.
    Over,
}

impl Duty {
    /// In a few words.
    pub fn words(self) -> &'static str {
        match self {
            Self::Nothing => "nothing is owed",
            Self::Waiting => "waits for its seed",
            Self::Due => "a proof is due",
            Self::Over => "over",
        }
    }
}

/// A provider's open window.
#[derive(Clone, Copy, Debug, Eq, PartialEq, Serialize)]
pub struct Window {
    /// Its number.
    pub window: u32,
    /// The block that it opened in.
    pub opened_at: u32,
    /// The last block that takes a proof.
    pub closes_at: u32,
    /// The earliest block in which the next one opens.
    pub next_opens_at: u32,
    /// What is owed.
    pub duty: Duty,
}

/// A payer's request that providers keep a piece.
#[derive(Clone, Debug, Eq, PartialEq, Serialize)]
pub struct Order {
    /// Its number.
    pub id: u64,
    /// Who pays.
    pub payer: AccountId32,
    /// What is kept.
    #[serde(serialize_with = "piece")]
    pub piece: Piece,
    /// Replicas that nobody took yet.
    pub open: u32,
    /// Replicas that providers keep.
    pub active: u32,
    /// Proven windows that each replica is paid for.
    pub windows: u32,
    /// Highest price in plancks for a GiB and window.
    #[serde(serialize_with = "plancks")]
    pub max_price: u128,
    /// Who may accept; anybody if it is empty.
    pub named: Vec<AccountId32>,
    /// The last block in which providers may accept.
    pub expires_at: u32,
    /// Proven windows before the payer may cancel a replica.
    pub min_term: u32,
    /// The payer's deposit.
    #[serde(serialize_with = "plancks")]
    pub deposit: u128,
    /// Its replicas; none in a list.
    pub replicas: Vec<Replica>,
}

/// A piece that a provider keeps for an order.
#[derive(Clone, Debug, Eq, PartialEq, Serialize)]
pub struct Replica {
    /// Its order.
    pub order: u64,
    /// Who keeps it.
    pub provider: AccountId32,
    /// Plancks for a leaf of 1,024 bytes and a window, fixed when it was accepted.
    #[serde(serialize_with = "plancks")]
    pub leaf_price: u128,
    /// Windows that it was paid for.
    pub earned: u32,
    /// Windows still to be paid for.
    pub left: u32,
    /// The provider's window from which either side may end it, whatever was proven.
    pub ends: u32,
    /// The provider's window from which it may leave, after its notice.
    pub leaves_at: Option<u32>,
    /// Proven windows that the payer owes for.
    pub due_windows: u32,
    /// What the payer owes, the treasury's part included.
    #[serde(serialize_with = "plancks")]
    pub due: u128,
}

/// An order that is to be placed.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct NewOrder {
    /// What is kept.
    pub piece: Piece,
    /// By how many providers.
    pub replicas: u32,
    /// For how many proven windows each.
    pub windows: u32,
    /// Highest price in plancks for a GiB and window.
    pub max_price: u128,
    /// Who may accept; anybody if it is empty.
    pub named: Vec<AccountId32>,
    /// Peers that may have the piece.
    pub hints: Vec<PeerId>,
}

/// What an order would cost.
#[derive(Clone, Copy, Debug, Eq, PartialEq, Serialize)]
pub struct Quote {
    /// Leaves of the piece.
    pub leaves: u64,
    /// What is held for payments: the most that it can cost.
    #[serde(serialize_with = "plancks")]
    pub funds: u128,
    /// What is held until the order is over.
    #[serde(serialize_with = "plancks")]
    pub deposit: u128,
}

/// What is governed. Amounts are in plancks, prices for a GiB and window.
#[derive(Clone, Copy, Debug, Eq, PartialEq, Serialize)]
pub struct Rules {
    /// Blocks in a window.
    pub window: u32,
    /// Blocks from a window's opening to the last one that takes a proof.
    pub response: u32,
    /// Leaves that a proof shows.
    pub challenges: u32,
    /// What a missed window costs for each leaf.
    #[serde(serialize_with = "plancks")]
    pub slash: u128,
    /// Missed windows after which a provider is jailed.
    pub max_misses: u32,
    /// Windows from a notice to the replica's end.
    pub notice: u32,
    /// Stake for a GiB of capacity.
    #[serde(serialize_with = "plancks")]
    pub stake_per_gib: u128,
    /// Lowest price.
    #[serde(serialize_with = "plancks")]
    pub min_price: u128,
    /// Highest price.
    #[serde(serialize_with = "plancks")]
    pub max_price: u128,
    /// Fewest windows of an order, and proven ones before its payer may cancel a replica.
    pub min_term: u32,
    /// Blocks within which providers may accept an order.
    pub accept_within: u32,
    /// Deposit for a provider's record.
    #[serde(serialize_with = "plancks")]
    pub provider_deposit: u128,
}

/// How a replica is guarded.
#[derive(Clone, Copy, Debug, PartialEq, Serialize)]
pub struct ReplicaOdds {
    /// Leaves of the piece.
    pub leaves: u64,
    /// Leaves of the provider's whole set.
    pub set: u64,
    /// Challenges in a window.
    pub challenges: u32,
    /// Chance, from 0 to 1, that the loss that was asked about is caught within the windows.
    pub caught: f64,
    /// What the payer pays for a window.
    #[serde(serialize_with = "plancks")]
    pub price: u128,
    /// What the provider loses with a missed window.
    #[serde(serialize_with = "plancks")]
    pub slash: u128,
    /// What the provider holds at stake.
    #[serde(serialize_with = "plancks")]
    pub stake: u128,
}

/// A call to the storage pallet.
#[derive(Clone, Debug, Eq, PartialEq)]
pub enum StorageCall {
    /// Become a provider: price in plancks for a GiB and window, capacity in bytes.
    Register {
        /// How the node is reached.
        contact: Contact,
        /// Plancks for a GiB and window.
        price: u128,
        /// Most bytes.
        capacity: u64,
    },
    /// Change what is given.
    Update {
        /// How the node is reached.
        contact: Option<Contact>,
        /// Plancks for a GiB and window.
        price: Option<u128>,
        /// Most bytes.
        capacity: Option<u64>,
    },
    /// Add to the stake.
    AddStake(u128),
    /// Take out stake that the capacity doesn't require.
    WithdrawStake(u128),
    /// End the registration; the set must be empty.
    Deregister,
    /// Leave jail.
    Unjail,
    /// Place an order.
    Place(NewOrder),
    /// Give back what nobody took of an order of one's own.
    CancelOrder(u64),
    /// End a replica that one pays for, after its minimum term.
    CancelReplica(u64, AccountId32),
    /// End a replica that is over.
    CloseReplica(u64, AccountId32),
    /// End a replica of a provider in jail.
    CloseJailed(u64, AccountId32),
    /// Give notice for a replica that one keeps.
    Drop(u64),
    /// Pay replicas for what was proven.
    Settle(Vec<(u64, AccountId32)>),
}

/// A payment that was made.
#[derive(Clone, Debug, Eq, PartialEq, Serialize)]
pub struct Payment {
    /// The order.
    pub order: u64,
    /// Who was paid.
    pub provider: AccountId32,
    /// For how many windows.
    pub windows: u32,
    /// What the provider got.
    #[serde(serialize_with = "plancks")]
    pub amount: u128,
    /// What the treasury got.
    #[serde(serialize_with = "plancks")]
    pub levy: u128,
}

/// Amounts are written as text: JSON's numbers are too small for them in most languages.
pub fn plancks<S: Serializer>(amount: &u128, serializer: S) -> Result<S::Ok, S::Error> {
    serializer.collect_str(amount)
}

fn piece<S: Serializer>(piece: &Piece, serializer: S) -> Result<S::Ok, S::Error> {
    #[derive(Serialize)]
    struct Text {
        root: String,
        size: u64,
    }
    Text { root: hex::encode(piece.root), size: piece.size }.serialize(serializer)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_provider_is_written_in_the_forms_that_people_use() {
        let peer: PeerId = "12D3KooWEyoppNCUx8Yx66oV9fJnriXwCcXwDDUA2kj6vnc6iDEp".parse().unwrap();
        let contact = Contact { peer, addresses: vec!["/ip4/127.0.0.1/tcp/30333".parse().unwrap()] };
        let provider = Provider {
            account: AccountId32([0; 32]),
            contact: Some(contact),
            price: u128::MAX,
            next_price: Some(NextPrice { window: 4, price: 7 }),
            capacity: 1 << 30,
            stored: 0,
            pieces: 0,
            stake: 5,
            required_stake: 0,
            proven: 0,
            misses: 0,
            grace: true,
            standing: Standing::Jailed { since: 3 },
            phase: 1,
            window: 2,
            gate_opens_at: 9,
        };
        let json = serde_json::to_value(&provider).unwrap();
        assert_eq!(json["price"], u128::MAX.to_string());
        assert_eq!(json["next_price"]["price"], "7");
        assert_eq!(json["standing"]["state"], "jailed");
        assert_eq!(json["standing"]["since"], 3);
        assert_eq!(json["contact"]["peer"], "12D3KooWEyoppNCUx8Yx66oV9fJnriXwCcXwDDUA2kj6vnc6iDEp");
        assert_eq!(json["contact"]["addresses"][0], "/ip4/127.0.0.1/tcp/30333");
    }
}

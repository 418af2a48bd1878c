//! What the pallet keeps.

use crate::{
    liability::Liability,
    params::{PHASES, Parameters, required_stake},
    phases::Phase,
};
use alloc::vec::Vec;
use codec::{Decode, DecodeWithMemTracking, Encode, MaxEncodedLen};
use polkadot_sdk::{
    frame_support::BoundedVec, sp_core::ConstU32, sp_io::hashing::blake2_256, sp_runtime::Permill,
};
use scale_info::TypeInfo;
use stoa_primitives::{Piece, possession::LeafProof};

/// An amount, in plancks.
pub type Balance = u128;
/// A block's number.
pub type BlockNo = u32;
/// Which window of a phase, from 1; also a number of windows.
pub type WindowIndex = u32;
/// A number of leaves, or which one.
pub type Leaves = u64;
/// Which slot of a proof set.
pub type SlotIndex = u32;
/// What decides which leaves a provider shows in a window.
pub type Seed = [u8; 32];

/// Leaves in a GiB.
pub const LEAVES_PER_GIB: Leaves = 1 << 20;
/// Most leaves in a proof.
pub const MAX_CHALLENGES: u32 = 64;
/// Most replicas of an order.
pub const MAX_REPLICAS: u32 = 32;
/// Most providers that an order names.
pub const MAX_NAMED: u32 = 32;
/// Most peers that an order hints at.
pub const MAX_HINTS: u32 = 4;
/// Longest peer id, in bytes.
pub const MAX_PEER_ID_LEN: u32 = 64;
/// Longest multiaddress, in bytes.
pub const MAX_ADDRESS_LEN: u32 = 128;
/// Most multiaddresses of a provider.
pub const MAX_ADDRESSES: u32 = 8;
/// Bytes of a proof's extrinsic beside its leaves and paths, at most: signature, account, era, nonce and tip.
pub const MAX_PROOF_OVERHEAD: u32 = 512;
/// Most payments in one call.
pub const MAX_SETTLED: u32 = 64;

/// A libp2p peer id, in binary.
pub type PeerId = BoundedVec<u8, ConstU32<MAX_PEER_ID_LEN>>;
/// A libp2p multiaddress, in binary.
pub type Address = BoundedVec<u8, ConstU32<MAX_ADDRESS_LEN>>;
/// Where a provider can be reached.
pub type Addresses = BoundedVec<Address, ConstU32<MAX_ADDRESSES>>;
/// Peers that may have an order's piece.
pub type Hints = BoundedVec<PeerId, ConstU32<MAX_HINTS>>;
/// The providers that an order is for.
pub type Named<AccountId> = BoundedVec<AccountId, ConstU32<MAX_NAMED>>;
/// The leaves that a proof shows, in the order of the challenges.
pub type LeafProofs = BoundedVec<LeafProof, ConstU32<MAX_CHALLENGES>>;
/// Replicas whose payments are due, each by its order and provider.
pub type DueList<AccountId> = BoundedVec<(OrderId, AccountId), ConstU32<MAX_SETTLED>>;

/// An order's number, given in the order of placement.
#[derive(
    Clone,
    Copy,
    Debug,
    Decode,
    DecodeWithMemTracking,
    Encode,
    Eq,
    MaxEncodedLen,
    Ord,
    PartialEq,
    PartialOrd,
    TypeInfo,
)]
pub struct OrderId(pub u64);

impl OrderId {
    /// The number as a key that lists in order.
    pub fn ordinal(self) -> [u8; 8] {
        self.0.to_be_bytes()
    }
}

/// The phase of an account: a hash spreads them.
pub fn phase_index(who: &impl Encode) -> u8 {
    who.using_encoded(blake2_256).first().copied().unwrap_or_default() % PHASES
}

/// Who stores pieces for pay, and what it answers for.
#[derive(Clone, Debug, Decode, Encode, Eq, MaxEncodedLen, PartialEq, TypeInfo)]
pub struct Provider {
    /// Price for a leaf and window.
    pub price: Balance,
    /// A higher price, and the window from which it applies.
    pub next_price: Option<(WindowIndex, Balance)>,
    /// Most leaves that it stores.
    pub capacity: Leaves,
    /// What is held of it.
    pub stake: Balance,
    /// What was slashed and is still part of the stake: a proof is cheap, so others collect.
    pub debt: Balance,
    /// Deposit for the record.
    pub deposit: Balance,
    /// Leaves in all its slots: what a window's challenges are drawn from.
    pub leaves: Leaves,
    /// How many slots it has.
    pub slots: u32,
    /// Proven windows that orders pay for.
    pub proven: u64,
    /// What it owes proofs for, and how it stands.
    pub liability: Liability,
}

impl Provider {
    /// The price in a window.
    pub fn price_at(&self, window: WindowIndex) -> Balance {
        match self.next_price {
            Some((from, price)) if window >= from => price,
            _ => self.price,
        }
    }

    /// Stake less what is slashed of it.
    pub fn free_stake(&self) -> Balance {
        self.stake.saturating_sub(self.debt)
    }

    /// Whether the stake is below what `leaves` require.
    pub fn is_short_for(&self, leaves: Leaves, stake_per_gib: Balance) -> bool {
        required_stake(leaves, stake_per_gib).is_none_or(|required| self.free_stake() < required)
    }

    /// Works out the windows gone by; returns what was found, with the slash added to the debt.
    pub fn catch_up(&mut self, phase: &Phase) -> Fault {
        let misses = self.liability.catch_up(phase, self.leaves > 0);
        let fine = phase.terms.slash.saturating_mul(self.leaves.into()).saturating_mul(misses.slashed.into());
        let fine = fine.min(self.free_stake());
        self.debt = self.debt.saturating_add(fine);
        let short = self.is_short_for(self.leaves, phase.terms.stake_per_gib);
        let starved = self.liability.note_stake(short, phase);
        Fault { missed: misses.missed, fine, jailed: misses.jailed || starved }
    }

    /// Whether its set may change now: nothing is owed for the current window.
    pub fn gate_is_open(&self, phase: &Phase) -> bool {
        self.slots == 0 || self.liability.is_clear(phase)
    }
}

/// What windows gone by brought to light.
#[derive(Clone, Copy, Debug, Default, Eq, PartialEq)]
pub struct Fault {
    /// Windows missed, the forgiven one included.
    pub missed: u32,
    /// What they cost.
    pub fine: Balance,
    /// They, or a stake too low for too long, led to jail.
    pub jailed: bool,
}

impl Fault {
    /// Whether there is anything to tell.
    pub fn is_any(&self) -> bool {
        self.missed > 0 || self.jailed
    }
}

/// How others reach a provider.
#[derive(Clone, Debug, Decode, DecodeWithMemTracking, Encode, Eq, MaxEncodedLen, PartialEq, TypeInfo)]
pub struct Contact {
    /// Its node.
    pub peer_id: PeerId,
    /// Where the node listens.
    pub addresses: Addresses,
}

/// A payer's request that providers keep a piece.
#[derive(Clone, Debug, Decode, DecodeWithMemTracking, Encode, Eq, MaxEncodedLen, PartialEq, TypeInfo)]
pub struct Order<AccountId> {
    /// Who pays.
    pub payer: AccountId,
    /// What is kept.
    pub piece: Piece,
    /// Replicas that nobody took yet.
    pub open: u32,
    /// Replicas that providers keep.
    pub active: u32,
    /// Proven windows that each replica is paid for.
    pub windows: WindowIndex,
    /// Highest price for a leaf and window.
    pub max_price: Balance,
    /// Who may accept; anybody if it is empty.
    pub named: Named<AccountId>,
    /// Peers that may have the piece.
    pub hints: Hints,
    /// The last block in which providers may accept.
    pub expires_at: BlockNo,
    /// Proven windows before the payer may cancel a replica.
    pub min_term: WindowIndex,
    /// The part of every payment that goes to the treasury.
    pub levy: Permill,
    /// The payer's deposit.
    pub deposit: Balance,
}

/// A piece that a provider keeps for an order.
#[derive(
    Clone, Copy, Debug, Decode, DecodeWithMemTracking, Encode, Eq, MaxEncodedLen, PartialEq, TypeInfo,
)]
pub struct Replica {
    /// Its slot in the provider's proof set.
    pub slot: SlotIndex,
    /// Price for a leaf and window, fixed when it was accepted.
    pub price: Balance,
    /// The provider's counter when it was last paid.
    pub counter: u64,
    /// Windows it was paid for.
    pub earned: WindowIndex,
    /// Windows still to be paid for.
    pub left: WindowIndex,
    /// The provider's window from which either side may end it, whatever was proven.
    pub ends: WindowIndex,
    /// The provider's window from which it may leave, after its notice.
    pub leaves_at: Option<WindowIndex>,
}

impl Replica {
    /// Windows that a counter of `proven` makes due.
    pub fn due(&self, proven: u64) -> WindowIndex {
        u32::try_from(proven.saturating_sub(self.counter)).unwrap_or(u32::MAX).min(self.left)
    }
}

/// A slot of a proof set.
#[derive(
    Clone, Copy, Debug, Decode, DecodeWithMemTracking, Encode, Eq, MaxEncodedLen, PartialEq, TypeInfo,
)]
pub struct Slot {
    /// The order that the piece is kept for.
    pub order: OrderId,
    /// What a proof is checked against.
    pub piece: Piece,
}

/// Why a replica ended.
#[derive(
    Clone, Copy, Debug, Decode, DecodeWithMemTracking, Encode, Eq, MaxEncodedLen, PartialEq, TypeInfo,
)]
pub enum EndReason {
    /// Its windows are paid.
    #[codec(index = 0)]
    Finished,
    /// Its time is over.
    #[codec(index = 1)]
    Expired,
    /// The provider left after its notice.
    #[codec(index = 2)]
    Dropped,
    /// The provider left before its notice was over, and paid for it.
    #[codec(index = 3)]
    Hurried,
    /// The payer cancelled it.
    #[codec(index = 4)]
    Cancelled,
    /// The provider is in jail.
    #[codec(index = 5)]
    Jailed,
    /// The piece was taken down.
    #[codec(index = 6)]
    Denied,
}

/// A leaf that a provider has to show.
#[derive(
    Clone, Copy, Debug, Decode, DecodeWithMemTracking, Encode, Eq, MaxEncodedLen, PartialEq, TypeInfo,
)]
pub struct Challenge {
    /// The slot that it fell on.
    pub slot: SlotIndex,
    /// The order of that slot.
    pub order: OrderId,
    /// The piece of that slot.
    pub piece: Piece,
    /// Which leaf of the piece.
    pub leaf: Leaves,
}

/// Where a provider's open window stands.
#[derive(Clone, Copy, Debug, Decode, DecodeWithMemTracking, Encode, Eq, PartialEq, TypeInfo)]
pub enum Duty {
    /// Nothing is owed: proven already, in jail, an empty set, or one that counts from the next window on.
    #[codec(index = 0)]
    Nothing,
    /// A proof will be owed as soon as the seed is known.
    #[codec(index = 1)]
    Waiting,
    /// A proof is owed and can be submitted.
    #[codec(index = 2)]
    Due,
    /// The response is over, or the window is excused.
    #[codec(index = 3)]
    Over,
}

/// A provider's challenges.
#[derive(Clone, Debug, Decode, DecodeWithMemTracking, Encode, Eq, PartialEq, TypeInfo)]
pub struct ChallengeSet {
    /// The window.
    pub window: WindowIndex,
    /// When it opened.
    pub opened_at: BlockNo,
    /// The last block that takes a proof.
    pub closes_at: BlockNo,
    /// The earliest block in which the next window opens.
    pub next_opens_at: BlockNo,
    /// Whether a proof is owed.
    pub duty: Duty,
    /// The seed that the proof has to carry, once it is known.
    pub seed: Option<Seed>,
    /// The leaves to show, in order; empty unless a proof can be submitted.
    pub challenges: Vec<Challenge>,
}

/// A provider as clients read it, as if somebody touched it now.
#[derive(Clone, Debug, Decode, DecodeWithMemTracking, Encode, Eq, PartialEq, TypeInfo)]
pub struct ProviderInfo<AccountId> {
    /// Its account.
    pub account: AccountId,
    /// How it is reached.
    pub contact: Contact,
    /// Price for a leaf and window.
    pub price: Balance,
    /// A higher price, and the window from which it applies.
    pub next_price: Option<(WindowIndex, Balance)>,
    /// Most leaves that it stores.
    pub capacity: Leaves,
    /// Leaves that it stores.
    pub leaves: Leaves,
    /// Pieces that it stores.
    pub pieces: u32,
    /// Stake less what is slashed of it.
    pub stake: Balance,
    /// What its set requires.
    pub required_stake: Balance,
    /// Proven windows.
    pub proven: u64,
    /// Missed windows that count towards jail.
    pub misses: u32,
    /// Whether the next fault is forgiven.
    pub grace: bool,
    /// How it stands.
    pub standing: crate::liability::Standing,
    /// Its phase.
    pub phase: u8,
    /// Its current window.
    pub window: WindowIndex,
    /// The block from which its set may change; in the past when it may change now.
    pub gate_opens_at: BlockNo,
}

/// An order as clients read it.
#[derive(Clone, Debug, Decode, DecodeWithMemTracking, Encode, Eq, PartialEq, TypeInfo)]
pub struct OrderInfo<AccountId> {
    /// Its number.
    pub id: OrderId,
    /// The record.
    pub order: Order<AccountId>,
    /// Its replicas, with what is due to each.
    pub replicas: Vec<ReplicaInfo<AccountId>>,
}

/// A replica as clients read it.
#[derive(Clone, Debug, Decode, DecodeWithMemTracking, Encode, Eq, PartialEq, TypeInfo)]
pub struct ReplicaInfo<AccountId> {
    /// Its order.
    pub order: OrderId,
    /// Who keeps it.
    pub provider: AccountId,
    /// The record.
    pub replica: Replica,
    /// Windows that the payer owes for.
    pub due_windows: WindowIndex,
    /// What the payer owes, the treasury's part included.
    pub due: Balance,
}

/// What an order would cost, to the planck.
#[derive(Clone, Copy, Debug, Decode, DecodeWithMemTracking, Encode, Eq, PartialEq, TypeInfo)]
pub struct Quote {
    /// Leaves of the piece.
    pub leaves: Leaves,
    /// Highest price for a leaf and window.
    pub max_price: Balance,
    /// What is held for payments.
    pub funds: Balance,
    /// What is held as a deposit.
    pub deposit: Balance,
}

/// How an order's replica is guarded.
#[derive(Clone, Copy, Debug, Decode, DecodeWithMemTracking, Encode, Eq, PartialEq, TypeInfo)]
pub struct ReplicaOdds {
    /// Leaves of the piece.
    pub leaves: Leaves,
    /// Leaves of the provider's whole set.
    pub set: Leaves,
    /// Challenges in a window.
    pub challenges: u32,
    /// Chance, in parts of 10^18, that losing the share of the piece that was asked about is caught within the windows.
    pub caught: u64,
    /// What the payer pays for a window.
    pub price: Balance,
    /// What the provider loses with a missed window.
    pub slash: Balance,
    /// What the provider holds at stake.
    pub stake: Balance,
}

/// The parameters in force and what a client needs beside them.
#[derive(Clone, Copy, Debug, Decode, DecodeWithMemTracking, Encode, Eq, PartialEq, TypeInfo)]
pub struct Rules {
    /// The parameters that the next window takes.
    pub parameters: Parameters,
    /// Lowest price for a leaf and window.
    pub min_leaf_price: Balance,
    /// Highest price for a leaf and window.
    pub max_leaf_price: Balance,
}

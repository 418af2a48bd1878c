//! What the pallet keeps and what it tells clients.

use alloc::vec::Vec;
use codec::{Decode, DecodeWithMemTracking, Encode, MaxEncodedLen};
use polkadot_sdk::{frame_support::BoundedVec, sp_core::ConstU32};
use scale_info::TypeInfo;
use stoa_primitives::registry::AssetId;

/// Most parents that an asset links to.
pub const MAX_PARENTS: u32 = 16;
/// Most ancestors that an asset owes something.
pub const MAX_STACK: u32 = 32;
/// Most accounts in one call of `load_shares`.
pub const MAX_BATCH: u32 = 256;
/// Most locks on a holder's shares at once.
pub const MAX_LOCKS: u32 = 16;

/// An amount, in planks.
pub type Balance = u128;
/// Shares of an asset, which has a million.
pub type Shares = u32;
/// A payer's own note on a payment, such as the hash of an invoice.
pub type Memo = [u8; 32];
/// What an asset owes, by ancestor.
pub type Stack = BoundedVec<StackEntry, ConstU32<MAX_STACK>>;
/// The locks on a holder's shares.
pub type Locks = BoundedVec<Lock, ConstU32<MAX_LOCKS>>;
/// Shares by account, for loading.
pub type Batch<AccountId> = BoundedVec<(AccountId, Shares), ConstU32<MAX_BATCH>>;

/// The length of a bounded list, for a weight.
pub(crate) fn count(len: usize) -> u32 {
    u32::try_from(len).unwrap_or(u32::MAX)
}

/// Millionths of a payment.
#[derive(
    Clone,
    Copy,
    Debug,
    Decode,
    DecodeWithMemTracking,
    Default,
    Encode,
    Eq,
    MaxEncodedLen,
    Ord,
    PartialEq,
    PartialOrd,
    TypeInfo,
)]
pub struct Parts(pub u32);

impl Parts {
    /// Both together, without end.
    pub(crate) fn plus(self, other: Self) -> Self {
        Self(self.0.saturating_add(other.0))
    }
}

/// What a child owes for building on a parent.
#[derive(
    Clone, Copy, Debug, Decode, DecodeWithMemTracking, Encode, Eq, MaxEncodedLen, PartialEq, TypeInfo,
)]
pub enum Terms {
    /// This part of every outside payment to the child and to every descendant of it.
    #[codec(index = 0)]
    Absolute(Parts),
    /// This part of what the child receives, from payers and from descendants, after absolute terms.
    #[codec(index = 1)]
    Relative(Parts),
}

impl Terms {
    /// How much.
    pub fn parts(self) -> Parts {
        match self {
            Self::Absolute(parts) | Self::Relative(parts) => parts,
        }
    }

    /// Of the same kind, and at least as much.
    pub fn satisfies(self, offer: Self) -> bool {
        match (self, offer) {
            (Self::Absolute(own), Self::Absolute(asked)) | (Self::Relative(own), Self::Relative(asked)) => {
                own >= asked
            }
            _ => false,
        }
    }
}

/// Why somebody paid.
#[derive(
    Clone, Copy, Debug, Decode, DecodeWithMemTracking, Encode, Eq, MaxEncodedLen, PartialEq, TypeInfo,
)]
pub enum Reason {
    /// By a call of their own.
    #[codec(index = 0)]
    Direct(Memo),
    /// For a licence, with its number.
    #[codec(index = 1)]
    Licence(u64),
    /// For a compute job, with its number.
    #[codec(index = 2)]
    Job(u64),
}

/// An ancestor that an asset owes something.
#[derive(Clone, Copy, Debug, Decode, Encode, Eq, MaxEncodedLen, PartialEq, TypeInfo)]
pub struct StackEntry {
    /// The ancestor.
    pub asset: AssetId,
    /// What it is owed.
    pub terms: Terms,
    /// What it was ever handed.
    pub forwarded: Balance,
}

/// What an asset was built on.
#[derive(Clone, Debug, Decode, Default, Encode, Eq, MaxEncodedLen, PartialEq, TypeInfo)]
pub struct Upstream {
    /// Its parents, with the terms they were linked by.
    pub parents: BoundedVec<(AssetId, Terms), ConstU32<MAX_PARENTS>>,
    /// All ancestors that it owes something.
    pub stack: Stack,
}

/// What an asset earned.
#[derive(Clone, Debug, Decode, Encode, Eq, MaxEncodedLen, PartialEq, TypeInfo)]
pub struct Vault<AccountId> {
    /// It can be paid and linked to; shares and links are no longer set.
    pub open: bool,
    /// What it ever received from payers.
    pub outside: Balance,
    /// What it ever received from descendants.
    pub downstream: Balance,
    /// What it ever handed to ancestors.
    pub forwarded: Balance,
    /// What its holders ever claimed.
    pub claimed: Balance,
    /// All absolute terms of its stack.
    pub absolute: Parts,
    /// All relative terms of its stack.
    pub relative: Parts,
    /// How many shares have a holder.
    pub loaded: Shares,
    /// How many holders it has, with those who have nothing left but something to claim.
    pub holders: u32,
    /// The least that its owner asks of those who link to it from now on.
    pub offer: Option<Terms>,
    /// Who paid the deposit.
    pub depositor: AccountId,
    /// The deposit.
    pub deposit: Balance,
}

/// Shares that can't be transferred for now.
#[derive(Clone, Copy, Debug, Decode, Encode, Eq, MaxEncodedLen, PartialEq, TypeInfo)]
pub struct Lock {
    /// Who locked them and for what.
    pub id: LockId,
    /// How many. Locks overlap: the largest one counts.
    pub shares: Shares,
}

/// Names a lock: the pallet that makes it chooses the bytes, beginning with four of its own.
#[derive(
    Clone, Copy, Debug, Decode, DecodeWithMemTracking, Encode, Eq, MaxEncodedLen, PartialEq, TypeInfo,
)]
pub struct LockId(pub [u8; 16]);

/// Somebody's shares in an asset.
#[derive(Clone, Debug, Decode, Encode, Eq, MaxEncodedLen, PartialEq, TypeInfo)]
pub struct Holder<AccountId> {
    /// How many.
    pub shares: Shares,
    /// The holders' total that `accrued` goes up to.
    pub settled: Balance,
    /// Millionths of a plank beyond `accrued`.
    pub remainder: u32,
    /// Earned and not claimed yet.
    pub accrued: Balance,
    /// What keeps shares from being transferred.
    pub locks: Locks,
    /// Who paid the deposit.
    pub depositor: AccountId,
    /// The deposit.
    pub deposit: Balance,
}

impl<AccountId> Holder<AccountId> {
    /// How many shares can't be transferred.
    pub fn locked(&self) -> Shares {
        self.locks.iter().map(|lock| lock.shares).max().unwrap_or(0)
    }

    /// Nothing is left in it.
    pub fn is_spent(&self) -> bool {
        self.shares == 0 && self.accrued == 0
    }
}

/// Shares that a spender may transfer for their holder.
#[derive(Clone, Debug, Decode, Encode, Eq, MaxEncodedLen, PartialEq, TypeInfo)]
pub struct Approval {
    /// How many.
    pub shares: Shares,
    /// The holder's deposit.
    pub deposit: Balance,
}

/// A vault, for clients.
#[derive(Clone, Debug, Decode, Encode, Eq, PartialEq, TypeInfo)]
pub struct VaultInfo {
    /// It can be paid and linked to.
    pub open: bool,
    /// What it ever received from payers.
    pub outside: Balance,
    /// What it ever received from descendants.
    pub downstream: Balance,
    /// What it ever handed to ancestors.
    pub forwarded: Balance,
    /// What its holders ever claimed.
    pub claimed: Balance,
    /// What `distribute` would hand to ancestors now.
    pub due_upstream: Balance,
    /// What its holders could claim now.
    pub due_holders: Balance,
    /// What is in it.
    pub balance: Balance,
    /// All absolute terms of its stack.
    pub absolute: Parts,
    /// All relative terms of its stack.
    pub relative: Parts,
    /// How many shares have a holder.
    pub loaded: Shares,
    /// How many holders it has.
    pub holders: u32,
    /// The least that its owner asks of those who link to it.
    pub offer: Option<Terms>,
}

/// What an asset was built on, for clients.
#[derive(Clone, Debug, Decode, Encode, Eq, PartialEq, TypeInfo)]
pub struct UpstreamInfo {
    /// Its parents, with the terms they were linked by.
    pub parents: Vec<(AssetId, Terms)>,
    /// All ancestors that it owes something.
    pub stack: Vec<AncestorInfo>,
}

/// An ancestor, for clients.
#[derive(Clone, Copy, Debug, Decode, Encode, Eq, PartialEq, TypeInfo)]
pub struct AncestorInfo {
    /// The ancestor.
    pub asset: AssetId,
    /// What it is owed.
    pub terms: Terms,
    /// What it was ever handed.
    pub forwarded: Balance,
    /// What `distribute` would hand it now.
    pub due: Balance,
}

/// An asset that owes an ancestor, for clients.
#[derive(Clone, Copy, Debug, Decode, Encode, Eq, PartialEq, TypeInfo)]
pub struct DescendantInfo {
    /// The asset.
    pub asset: AssetId,
    /// What the ancestor is owed.
    pub terms: Terms,
    /// What it was ever handed.
    pub forwarded: Balance,
    /// What `distribute` of the asset would hand it now.
    pub due: Balance,
}

/// Shares, for clients.
#[derive(Clone, Debug, Decode, Encode, Eq, PartialEq, TypeInfo)]
pub struct HolderInfo<AccountId> {
    /// The asset.
    pub asset: AssetId,
    /// The holder.
    pub account: AccountId,
    /// How many shares.
    pub shares: Shares,
    /// How many of them can't be transferred for now.
    pub locked: Shares,
    /// What the holder could claim now.
    pub due: Balance,
}

/// What a deposit is asked for.
#[derive(Clone, Copy, Debug, Decode, DecodeWithMemTracking, Encode, Eq, PartialEq, TypeInfo)]
pub enum DepositFor {
    /// A vault with its stack.
    #[codec(index = 0)]
    Vault,
    /// A holder.
    #[codec(index = 1)]
    Holder,
    /// An approval.
    #[codec(index = 2)]
    Approval,
    /// An ancestor of an asset that opens.
    #[codec(index = 3)]
    Ancestor,
}

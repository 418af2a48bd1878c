//! What is stored, and what clients read.

use alloc::vec::Vec;
use codec::{Decode, DecodeWithMemTracking, Encode, MaxEncodedLen};
use polkadot_sdk::{
    frame_support::{BoundedVec, traits::ConstU32},
    sp_runtime::{Permill, Saturating},
};
use scale_info::TypeInfo;
use stoa_primitives::registry::AssetId;

/// Longest name of a DAO, in bytes.
pub const MAX_NAME_LEN: u32 = 64;
/// Most members of a DAO.
pub const MAX_MEMBERS: u32 = 100;
/// Most proposals of a DAO that aren't closed.
pub const MAX_OPEN: u32 = 32;
/// Most of these that one account made.
pub const MAX_OPEN_EACH: u32 = 4;
/// Longest call of a proposal, in bytes.
pub const MAX_CALL_LEN: u32 = 8_192;
/// The shares of an asset.
pub const ALL_SHARES: u32 = 1_000_000;

/// A DAO's number, given in the order of creation.
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
pub struct DaoId(pub u64);

/// A proposal's number, given in the order of creation over all DAOs.
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
pub struct ProposalId(pub u64);

/// Names a lock on shares.
pub type LockId = [u8; 16];

impl ProposalId {
    /// The lock on shares that voted on it.
    pub fn lock(self) -> LockId {
        let mut id = *b"dao/vote\0\0\0\0\0\0\0\0";
        id.iter_mut().skip(8).zip(self.0.to_be_bytes()).for_each(|(place, byte)| *place = byte);
        id
    }
}

/// An encoded call.
pub type CallBytes = BoundedVec<u8, ConstU32<MAX_CALL_LEN>>;
/// A DAO's name, in UTF-8.
pub type Name = BoundedVec<u8, ConstU32<MAX_NAME_LEN>>;

/// Who votes.
#[derive(
    Clone, Copy, Debug, Decode, DecodeWithMemTracking, Encode, Eq, MaxEncodedLen, PartialEq, TypeInfo,
)]
pub enum Electorate {
    /// Members, one vote each.
    #[codec(index = 0)]
    Members,
    /// Those who hold shares of an asset, one vote a share.
    #[codec(index = 1)]
    Shares(AssetId),
}

/// Who is to vote in a new DAO.
#[derive(Clone, Debug, Decode, DecodeWithMemTracking, Encode, Eq, MaxEncodedLen, PartialEq, TypeInfo)]
pub enum Founders<AccountId> {
    /// These members, one vote each.
    #[codec(index = 0)]
    Members(BoundedVec<AccountId, ConstU32<MAX_MEMBERS>>),
    /// Those who hold shares of an asset, one vote a share.
    #[codec(index = 1)]
    Shares(AssetId),
}

impl<AccountId> Founders<AccountId> {
    /// How many members.
    pub fn count(&self) -> u32 {
        match self {
            Self::Members(members) => u32::try_from(members.len()).unwrap_or(MAX_MEMBERS),
            Self::Shares(_) => 0,
        }
    }
}

/// When a proposal passes, and how long everything takes.
#[derive(
    Clone, Copy, Debug, Decode, DecodeWithMemTracking, Encode, Eq, MaxEncodedLen, PartialEq, TypeInfo,
)]
pub struct Rules<BlockNumber> {
    /// The part of all votes that there are that must be cast; more than none.
    pub quorum: Permill,
    /// The part of the votes cast that must be ayes; at least half. There must always be more ayes than nays.
    pub approval: Permill,
    /// For how many blocks votes are taken.
    pub voting_period: BlockNumber,
    /// How many blocks after that a passed proposal waits.
    pub execution_delay: BlockNumber,
    /// In how many blocks after that it can be executed.
    pub execution_period: BlockNumber,
    /// How many shares a proposer must vote with; at least one. None in a DAO of members.
    pub proposal_shares: u32,
}

/// A community that owns things together.
#[derive(Clone, Debug, Decode, Encode, Eq, MaxEncodedLen, PartialEq, TypeInfo)]
pub struct Dao<AccountId, BlockNumber, Ticket> {
    /// Its name, which need not be unique.
    pub name: Name,
    /// Who paid the deposit.
    pub depositor: AccountId,
    /// The deposit.
    pub ticket: Ticket,
    /// Who votes.
    pub electorate: Electorate,
    /// The rules for new proposals.
    pub rules: Rules<BlockNumber>,
    /// How many members it has.
    pub members: u32,
    /// The proposals that aren't closed, and who made them.
    pub open: BoundedVec<(ProposalId, AccountId), ConstU32<MAX_OPEN>>,
}

/// A member of a DAO.
#[derive(Clone, Debug, Decode, Encode, Eq, MaxEncodedLen, PartialEq, TypeInfo)]
pub struct Member<AccountId, Ticket> {
    /// The first proposal that it may vote on.
    pub since: ProposalId,
    /// Who paid the deposit.
    pub depositor: AccountId,
    /// The deposit.
    pub ticket: Ticket,
}

/// What a DAO is asked to do; its call is kept beside it.
#[derive(Clone, Debug, Decode, Encode, Eq, MaxEncodedLen, PartialEq, TypeInfo)]
pub struct Proposal<AccountId, BlockNumber, Ticket> {
    /// The DAO.
    pub dao: DaoId,
    /// Who made it, and paid the deposit.
    pub proposer: AccountId,
    /// The deposit.
    pub ticket: Ticket,
    /// The DAO's rules when it was made.
    pub rules: Rules<BlockNumber>,
    /// The first block in which no vote is taken.
    pub ends: BlockNumber,
    /// How the votes stand.
    pub tally: Tally,
}

/// How the votes stand.
#[derive(
    Clone, Copy, Debug, Decode, DecodeWithMemTracking, Encode, Eq, MaxEncodedLen, PartialEq, TypeInfo,
)]
pub struct Tally {
    /// The votes that there are.
    pub electorate: u32,
    /// Those for it.
    pub ayes: u32,
    /// Those against it.
    pub nays: u32,
}

impl Tally {
    /// Counts a vote.
    pub(crate) fn add(&mut self, aye: bool, power: u32) {
        let side = if aye { &mut self.ayes } else { &mut self.nays };
        *side = side.saturating_add(power);
    }

    /// Takes a vote back.
    pub(crate) fn remove(&mut self, aye: bool, power: u32) {
        let side = if aye { &mut self.ayes } else { &mut self.nays };
        *side = side.saturating_sub(power);
    }

    /// Whether enough voted, and enough of them for it.
    pub fn passes<BlockNumber>(&self, rules: &Rules<BlockNumber>) -> bool {
        let turnout = self.ayes.saturating_add(self.nays);
        self.ayes > self.nays
            && turnout >= rules.quorum.mul_ceil(self.electorate)
            && self.ayes >= rules.approval.mul_ceil(turnout)
    }
}

/// Where a proposal stands.
#[derive(
    Clone, Copy, Debug, Decode, DecodeWithMemTracking, Encode, Eq, MaxEncodedLen, PartialEq, TypeInfo,
)]
pub enum Status {
    /// Votes are taken.
    #[codec(index = 0)]
    Voting,
    /// It didn't pass. Anybody may close it.
    #[codec(index = 1)]
    Rejected,
    /// It passed and waits.
    #[codec(index = 2)]
    Waiting,
    /// It passed. Anybody may execute it.
    #[codec(index = 3)]
    Executable,
    /// It passed, and nobody executed it in time. Anybody may close it.
    #[codec(index = 4)]
    Expired,
}

impl<AccountId, BlockNumber: Copy + PartialOrd + Saturating, Ticket>
    Proposal<AccountId, BlockNumber, Ticket>
{
    /// Where it stands in a block.
    pub fn status(&self, now: BlockNumber) -> Status {
        let starts = self.ends.saturating_add(self.rules.execution_delay);
        if now < self.ends {
            Status::Voting
        } else if !self.tally.passes(&self.rules) {
            Status::Rejected
        } else if now < starts {
            Status::Waiting
        } else if now < starts.saturating_add(self.rules.execution_period) {
            Status::Executable
        } else {
            Status::Expired
        }
    }
}

/// A vote that was cast.
#[derive(Clone, Debug, Decode, Encode, Eq, MaxEncodedLen, PartialEq, TypeInfo)]
pub struct Vote<BlockNumber, Ticket> {
    /// Whether it is for the proposal.
    pub aye: bool,
    /// How many votes it is.
    pub power: u32,
    /// The asset whose shares are locked for it.
    pub asset: Option<AssetId>,
    /// From which block on it can be released.
    pub ends: BlockNumber,
    /// The voter's deposit.
    pub ticket: Ticket,
}

/// Something that costs a deposit.
#[derive(
    Clone, Copy, Debug, Decode, DecodeWithMemTracking, Encode, Eq, MaxEncodedLen, PartialEq, TypeInfo,
)]
pub enum DepositFor {
    /// A DAO, without its members.
    #[codec(index = 0)]
    Dao,
    /// A member.
    #[codec(index = 1)]
    Member,
    /// A proposal with a call of so many bytes.
    #[codec(index = 2)]
    Proposal {
        /// Bytes of the encoded call.
        call: u32,
    },
    /// A vote.
    #[codec(index = 3)]
    Vote,
}

/// A DAO as clients read it.
#[derive(Clone, Debug, Decode, DecodeWithMemTracking, Encode, Eq, PartialEq, TypeInfo)]
pub struct DaoInfo<AccountId, BlockNumber> {
    /// Its number.
    pub id: DaoId,
    /// Its name.
    pub name: Vec<u8>,
    /// Its account.
    pub account: AccountId,
    /// Who votes.
    pub electorate: Electorate,
    /// The rules for new proposals.
    pub rules: Rules<BlockNumber>,
    /// How many members it has.
    pub members: u32,
    /// How many proposals aren't closed.
    pub open: u32,
}

/// A proposal as clients read it.
#[derive(Clone, Debug, Decode, DecodeWithMemTracking, Encode, Eq, PartialEq, TypeInfo)]
pub struct ProposalInfo<AccountId, BlockNumber> {
    /// Its number.
    pub id: ProposalId,
    /// The DAO.
    pub dao: DaoId,
    /// Who made it.
    pub proposer: AccountId,
    /// The encoded call.
    pub call: Vec<u8>,
    /// The rules that count for it.
    pub rules: Rules<BlockNumber>,
    /// The first block in which no vote is taken.
    pub ends: BlockNumber,
    /// How the votes stand.
    pub tally: Tally,
    /// Whether it passes as the votes stand.
    pub passes: bool,
    /// Where it stands in this block.
    pub status: Status,
}

/// A vote as clients read it.
#[derive(Clone, Debug, Decode, DecodeWithMemTracking, Encode, Eq, PartialEq, TypeInfo)]
pub struct VoteInfo<AccountId, BlockNumber> {
    /// Who voted.
    pub voter: AccountId,
    /// Whether for the proposal.
    pub aye: bool,
    /// How many votes it is.
    pub power: u32,
    /// The asset whose shares are locked for it.
    pub asset: Option<AssetId>,
    /// From which block on it can be released.
    pub ends: BlockNumber,
}

//! What is stored, and what clients read.

use codec::{Decode, DecodeWithMemTracking, Encode, MaxEncodedLen};
use core::marker::PhantomData;
use polkadot_sdk::{frame_support::traits::Get, sp_runtime::Perbill, sp_staking::SessionIndex};
use scale_info::TypeInfo;

/// One who is to validate.
#[derive(Clone, Debug, Decode, Encode, Eq, MaxEncodedLen, PartialEq, TypeInfo)]
pub struct Member<AccountId> {
    /// The account.
    pub account: AccountId,
    /// The session in which it was added.
    pub since: SessionIndex,
}

/// Most offenders that can be in a set or a member: this session's, the next one's and the members are three sets.
pub struct MaxOffenders<MaxValidators>(PhantomData<MaxValidators>);

impl<MaxValidators: Get<u32>> Get<u32> for MaxOffenders<MaxValidators> {
    fn get() -> u32 {
        MaxValidators::get().saturating_mul(3)
    }
}

/// An offence, whatever the number of times it was reported.
#[derive(Clone, Debug, Decode, Encode, Eq, MaxEncodedLen, PartialEq, TypeInfo)]
pub struct OffenceRecord<AccountId, BlockNumber> {
    /// Who offended.
    pub validator: AccountId,
    /// In which session.
    pub session: SessionIndex,
    /// How grave the reports say it is; the gravest counts.
    pub severity: Perbill,
    /// The block of the first report.
    pub reported: BlockNumber,
    /// Who reported it first, if anybody has a claim to it.
    pub reporter: Option<AccountId>,
    /// Whether it was punished; one from before the validator was added isn't.
    pub punished: bool,
}

/// A member as clients read it.
#[derive(Clone, Debug, Decode, DecodeWithMemTracking, Encode, Eq, PartialEq, TypeInfo)]
pub struct MemberInfo<AccountId> {
    /// The account.
    pub account: AccountId,
    /// The session in which it was added.
    pub since: SessionIndex,
    /// Whether it has session keys; it is left out until it has.
    pub has_keys: bool,
    /// Whether it offended and goes as soon as the minimum allows.
    pub offended: bool,
}

/// An offence as clients read it.
#[derive(Clone, Debug, Decode, DecodeWithMemTracking, Encode, Eq, PartialEq, TypeInfo)]
pub struct OffenceInfo<AccountId, BlockNumber> {
    /// Its number, counted from 0.
    pub number: u64,
    /// Who offended.
    pub validator: AccountId,
    /// In which session.
    pub session: SessionIndex,
    /// How grave it is, in parts of 1,000,000,000.
    pub severity: u32,
    /// The block of the first report.
    pub reported: BlockNumber,
    /// Who reported it first, if anybody has a claim to it.
    pub reporter: Option<AccountId>,
    /// Whether it was punished.
    pub punished: bool,
}

/// How large the set may be, and how many of it may be disabled.
#[derive(Clone, Debug, Decode, DecodeWithMemTracking, Encode, Eq, PartialEq, TypeInfo)]
pub struct SetLimits {
    /// Fewest members with keys.
    pub minimum: u32,
    /// Most members.
    pub maximum: u32,
    /// Most disabled validators in this session.
    pub disabled: u32,
}

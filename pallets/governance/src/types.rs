//! What a network chooses about its referenda.

use codec::{Decode, DecodeWithMemTracking, Encode, MaxEncodedLen};
use core::fmt;
use polkadot_sdk::sp_runtime::traits::Zero;
use scale_info::TypeInfo;
use serde::{Deserialize, Serialize};

/// A track's number.
pub type TrackId = u16;

/// How long and how dear a track's referenda are. Periods are in blocks.
#[derive(
    Clone,
    Copy,
    Debug,
    Decode,
    DecodeWithMemTracking,
    Deserialize,
    Encode,
    Eq,
    MaxEncodedLen,
    PartialEq,
    Serialize,
    TypeInfo,
)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct TrackRules<Balance, BlockNumber> {
    /// How many referenda are decided at a time; others wait.
    pub max_deciding: u32,
    /// What must be held before a referendum is decided.
    pub decision_deposit: Balance,
    /// From the submission to the earliest decision.
    pub prepare_period: BlockNumber,
    /// For how long a referendum may be decided.
    pub decision_period: BlockNumber,
    /// For how long it must be passing before it has passed. Long enough that a late vote can be answered.
    pub confirm_period: BlockNumber,
    /// From the approval to the earliest dispatch.
    pub min_enactment_period: BlockNumber,
}

/// Periods and deposits that all tracks share. Periods are in blocks.
#[derive(
    Clone,
    Copy,
    Debug,
    Decode,
    DecodeWithMemTracking,
    Deserialize,
    Encode,
    Eq,
    MaxEncodedLen,
    PartialEq,
    Serialize,
    TypeInfo,
)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct Pace<Balance, BlockNumber> {
    /// What is held for a referendum from its submission on.
    pub submission_deposit: Balance,
    /// A referendum whose decision hasn't begun by then may be closed.
    pub undeciding_timeout: BlockNumber,
    /// For how long a vote of single conviction stays locked after the referendum.
    pub vote_locking_period: BlockNumber,
    /// For how long the technical committee may vote on a motion.
    pub motion_duration: BlockNumber,
    /// From one of the treasury's spend rounds to the next.
    pub spend_period: BlockNumber,
    /// For how long an approved spend can be paid out.
    pub payout_period: BlockNumber,
}

/// Why rules can't be lived by.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum RulesError {
    /// No referendum could ever be decided.
    NothingDecided,
    /// A period is zero that can't be.
    ZeroPeriod,
    /// Confirming takes longer than deciding.
    ConfirmTooLong,
}

impl fmt::Display for RulesError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            RulesError::NothingDecided => "maxDeciding must be at least 1",
            RulesError::ZeroPeriod => "a period of 0 blocks: give at least 1",
            RulesError::ConfirmTooLong => "confirmPeriod must not be longer than decisionPeriod",
        })
    }
}

impl<Balance, BlockNumber: Ord + Zero> TrackRules<Balance, BlockNumber> {
    /// Whether a referendum under these rules can pass. Preparing and enacting may take no time at all.
    pub fn check(&self) -> Result<(), RulesError> {
        if self.max_deciding == 0 {
            return Err(RulesError::NothingDecided);
        }
        if self.decision_period.is_zero() || self.confirm_period.is_zero() {
            return Err(RulesError::ZeroPeriod);
        }
        if self.confirm_period > self.decision_period {
            return Err(RulesError::ConfirmTooLong);
        }
        Ok(())
    }
}

impl<Balance, BlockNumber: Zero> Pace<Balance, BlockNumber> {
    /// Whether all periods are longer than nothing.
    pub fn check(&self) -> Result<(), RulesError> {
        let periods = [
            &self.undeciding_timeout,
            &self.vote_locking_period,
            &self.motion_duration,
            &self.spend_period,
            &self.payout_period,
        ];
        if periods.into_iter().any(BlockNumber::is_zero) {
            return Err(RulesError::ZeroPeriod);
        }
        Ok(())
    }
}

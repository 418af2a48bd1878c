//! Referenda: what they decide, how the votes stand, and voting.

use super::{
    ChainError,
    client::{Chain, ChainState, api},
    types::{Included, Wait},
};
use crate::keys::Keypair;
use api::runtime_types::{
    pallet_conviction_voting::vote::{AccountVote, Vote, Voting},
    pallet_referenda::types::ReferendumInfo,
};
use serde::{Serialize, Serializer};
use subxt::utils::AccountId32;

/// Highest conviction: six times the votes, and the longest lock.
pub const MAX_CONVICTION: u8 = 6;
/// The bit of an encoded vote that says aye.
const AYE: u8 = 0b1000_0000;

/// Where a referendum stands.
#[derive(Clone, Copy, Debug, Eq, PartialEq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum Stage {
    /// Votes are taken, and it isn't being decided yet.
    Preparing,
    /// It is being decided.
    Deciding,
    /// It passes, if that stays so.
    Confirming,
    /// It passed.
    Approved,
    /// It didn't pass in time.
    Rejected,
    /// It was cancelled.
    Cancelled,
    /// Nobody put down its decision deposit in time.
    TimedOut,
    /// It was killed, with its deposits.
    Killed,
}

impl Stage {
    /// Whether votes are taken.
    pub fn is_ongoing(self) -> bool {
        matches!(self, Self::Preparing | Self::Deciding | Self::Confirming)
    }
}

/// A referendum.
#[derive(Clone, Debug, Eq, PartialEq, Serialize)]
pub struct Referendum {
    /// Its number.
    pub index: u32,
    /// Where it stands.
    pub stage: Stage,
    /// What only one that is ongoing has.
    #[serde(flatten)]
    pub ongoing: Option<Ongoing>,
}

/// What an ongoing referendum has.
#[derive(Clone, Debug, Eq, PartialEq, Serialize)]
pub struct Ongoing {
    /// The number of its track.
    pub track: u16,
    /// The name of its track.
    pub track_name: String,
    /// The block in which it was submitted.
    pub submitted: u32,
    /// Whether somebody has put down its decision deposit.
    pub decision_deposit: bool,
    /// Ayes, with conviction, in plancks.
    #[serde(serialize_with = "plancks")]
    pub ayes: u128,
    /// Nays, with conviction, in plancks.
    #[serde(serialize_with = "plancks")]
    pub nays: u128,
    /// What voted aye or abstained, without conviction, in plancks.
    #[serde(serialize_with = "plancks")]
    pub support: u128,
}

/// What a vote is for.
#[derive(Clone, Copy, Debug, Eq, PartialEq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum Side {
    /// For the proposal.
    Aye,
    /// Against it.
    Nay,
    /// For neither, but so that it is decided.
    Abstain,
    /// For several of these at once, as only other clients vote.
    Split,
}

/// A vote on a referendum.
#[derive(Clone, Copy, Debug, Eq, PartialEq, Serialize)]
pub struct Ballot {
    /// What it is for.
    pub side: Side,
    /// What votes, in plancks; it stays the voter's.
    #[serde(serialize_with = "plancks")]
    pub amount: u128,
    /// From 0 (a tenth of the amount, no lock) to [`MAX_CONVICTION`] times the amount.
    pub conviction: u8,
}

/// What a vote did.
#[derive(Clone, Debug, Eq, PartialEq, Serialize)]
pub struct Voted {
    /// Where it is.
    #[serde(flatten)]
    pub included: Included,
    /// Whether it cost no fee, as an account's first one on a referendum does.
    pub free: bool,
}

/// JSON has no numbers of 128 bits.
fn plancks<S: Serializer>(amount: &u128, serializer: S) -> Result<S::Ok, S::Error> {
    serializer.collect_str(amount)
}

fn unreadable(error: impl std::fmt::Display) -> ChainError {
    ChainError::Incompatible(error.to_string())
}

impl Ballot {
    /// As the chain has it; `None` for a split one.
    fn encoded(self) -> Option<AccountVote<u128>> {
        let standard = |side| AccountVote::Standard {
            vote: Vote(side | self.conviction.min(MAX_CONVICTION)),
            balance: self.amount,
        };
        match self.side {
            Side::Aye => Some(standard(AYE)),
            Side::Nay => Some(standard(0)),
            Side::Abstain => Some(AccountVote::SplitAbstain { aye: 0, nay: 0, abstain: self.amount }),
            Side::Split => None,
        }
    }

    fn decoded(vote: AccountVote<u128>) -> Self {
        match vote {
            AccountVote::Standard { vote: Vote(bits), balance } => Self {
                side: if bits & AYE == 0 { Side::Nay } else { Side::Aye },
                amount: balance,
                conviction: bits & !AYE,
            },
            AccountVote::SplitAbstain { aye: 0, nay: 0, abstain } => {
                Self { side: Side::Abstain, amount: abstain, conviction: 0 }
            }
            AccountVote::Split { aye, nay } => {
                Self { side: Side::Split, amount: aye.saturating_add(nay), conviction: 0 }
            }
            AccountVote::SplitAbstain { aye, nay, abstain } => {
                let amount = aye.saturating_add(nay).saturating_add(abstain);
                Self { side: Side::Split, amount, conviction: 0 }
            }
        }
    }
}

impl Chain {
    /// Votes on a referendum, or changes the signer's vote.
    pub async fn vote(
        &self,
        signer: &Keypair,
        referendum: u32,
        ballot: Ballot,
        wait: Wait,
    ) -> Result<Voted, ChainError> {
        let vote = ballot.encoded().ok_or_else(|| unreadable("a split vote isn't cast from here"))?;
        let call = api::transactions().conviction_voting().vote(referendum, vote);
        let (included, events) = self.send(&call, signer, wait).await?;
        let free = events.find_first::<api::free_votes::events::FeeWaived>().is_some();
        Ok(Voted { included, free })
    }

    /// Takes the signer's vote on a referendum back.
    pub async fn remove_vote(
        &self,
        signer: &Keypair,
        track: u16,
        referendum: u32,
        wait: Wait,
    ) -> Result<Included, ChainError> {
        let call = api::transactions().conviction_voting().remove_vote(Some(track), referendum);
        Ok(self.send(&call, signer, wait).await?.0)
    }
}

impl ChainState {
    /// A referendum; `None` when there never was one of this number.
    pub async fn referendum(&self, index: u32) -> Result<Option<Referendum>, ChainError> {
        let storage = self.at.storage();
        let all = storage.entry(api::storage().referenda().referendum_info_for()).map_err(unreadable)?;
        let Some(found) = all.try_fetch((index,)).await.map_err(unreadable)? else { return Ok(None) };
        let over = |stage| Referendum { index, stage, ongoing: None };
        Ok(Some(match found.decode().map_err(unreadable)? {
            ReferendumInfo::Ongoing(status) => {
                let stage = match &status.deciding {
                    None => Stage::Preparing,
                    Some(deciding) if deciding.confirming.is_none() => Stage::Deciding,
                    Some(_) => Stage::Confirming,
                };
                let ongoing = Ongoing {
                    track: status.track,
                    track_name: self.track_name(status.track)?,
                    submitted: status.submitted,
                    decision_deposit: status.decision_deposit.is_some(),
                    ayes: status.tally.ayes,
                    nays: status.tally.nays,
                    support: status.tally.support,
                };
                Referendum { index, stage, ongoing: Some(ongoing) }
            }
            ReferendumInfo::Approved(..) => over(Stage::Approved),
            ReferendumInfo::Rejected(..) => over(Stage::Rejected),
            ReferendumInfo::Cancelled(..) => over(Stage::Cancelled),
            ReferendumInfo::TimedOut(..) => over(Stage::TimedOut),
            ReferendumInfo::Killed(..) => over(Stage::Killed),
        }))
    }

    /// The newest referenda that are ongoing, the newest first, among the last `looked_at`.
    pub async fn ongoing_referenda(&self, looked_at: u32) -> Result<Vec<Referendum>, ChainError> {
        let storage = self.at.storage();
        let count = storage.entry(api::storage().referenda().referendum_count()).map_err(unreadable)?;
        let count = count.try_fetch(()).await.map_err(unreadable)?;
        let count = count.map(|count| count.decode()).transpose().map_err(unreadable)?.unwrap_or(0);
        let mut ongoing = Vec::new();
        for index in (count.saturating_sub(looked_at)..count).rev() {
            let found = self.referendum(index).await?;
            ongoing.extend(found.filter(|referendum| referendum.stage.is_ongoing()));
        }
        Ok(ongoing)
    }

    /// An account's vote on a referendum of a track; `None` too when it delegates its votes.
    pub async fn ballot(
        &self,
        voter: &AccountId32,
        track: u16,
        referendum: u32,
    ) -> Result<Option<Ballot>, ChainError> {
        let storage = self.at.storage();
        let all = storage.entry(api::storage().conviction_voting().voting_for()).map_err(unreadable)?;
        let Some(found) = all.try_fetch((*voter, track)).await.map_err(unreadable)? else { return Ok(None) };
        Ok(match found.decode().map_err(unreadable)? {
            Voting::Casting(casting) => {
                let mut votes = casting.votes.0.into_iter();
                votes.find(|(index, _)| *index == referendum).map(|(_, vote)| Ballot::decoded(vote))
            }
            // It delegates its votes.
            _ => None,
        })
    }

    fn track_name(&self, track: u16) -> Result<String, ChainError> {
        let tracks = self.at.constants().entry(api::constants().referenda().tracks()).map_err(unreadable)?;
        let found = tracks.into_iter().find(|(id, _)| *id == track);
        let name = found.map(|(_, info)| info.name).unwrap_or_default();
        Ok(name.trim_end_matches('\0').to_owned())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ballots_read_as_they_are_written() {
        for side in [Side::Aye, Side::Nay, Side::Abstain] {
            let conviction = if side == Side::Abstain { 0 } else { MAX_CONVICTION };
            let ballot = Ballot { side, amount: 7, conviction };
            assert_eq!(Ballot::decoded(ballot.encoded().unwrap()), ballot);
        }
        let split = AccountVote::Split { aye: 1, nay: 2 };
        assert_eq!(Ballot::decoded(split), Ballot { side: Side::Split, amount: 3, conviction: 0 });
        assert!(Ballot { side: Side::Split, amount: 3, conviction: 0 }.encoded().is_none());
    }
}

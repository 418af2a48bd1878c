//! Who may vote with how much, and what happens to a vote afterwards.

use crate::{
    Config, Error, Event, Members, Pallet, ProposalOf, Proposals, Votes, VotingShares,
    types::{DaoId, DepositFor, Electorate, ProposalId, Vote},
};
use polkadot_sdk::{
    frame_support::{ensure, traits::Consideration},
    frame_system,
    sp_runtime::{DispatchError, DispatchResult},
};
use stoa_primitives::registry::AssetId;

/// How many votes somebody casts, and the asset whose shares they are.
pub(crate) type Power = (u32, Option<AssetId>);

impl<T: Config> Pallet<T> {
    /// What `who` votes with on a proposal of a DAO.
    pub(crate) fn power(
        dao: DaoId,
        electorate: Electorate,
        proposal: ProposalId,
        who: &T::AccountId,
        shares: Option<u32>,
    ) -> Result<Power, DispatchError> {
        match electorate {
            Electorate::Members => {
                let member = Members::<T>::get(dao, who).ok_or(Error::<T>::NotMember)?;
                ensure!(member.since <= proposal, Error::<T>::JoinedLater);
                ensure!(shares.is_none(), Error::<T>::NotOfShares);
                Ok((1, None))
            }
            Electorate::Shares(asset) => {
                let held = T::Shares::shares_of(asset, who);
                let shares = shares.unwrap_or(held);
                ensure!(shares > 0 && shares <= held, Error::<T>::NotEnoughShares);
                Ok((shares, Some(asset)))
            }
        }
    }

    pub(crate) fn do_vote(
        who: T::AccountId,
        id: ProposalId,
        aye: bool,
        shares: Option<u32>,
    ) -> DispatchResult {
        let mut proposal = Proposals::<T>::get(id).ok_or(Error::<T>::ProposalNotFound)?;
        let now = frame_system::Pallet::<T>::block_number();
        ensure!(now < proposal.ends, Error::<T>::VotingEnded);
        let dao = crate::Daos::<T>::get(proposal.dao).ok_or(Error::<T>::DaoNotFound)?;
        let power = Self::power(proposal.dao, dao.electorate, id, &who, shares)?;

        Self::cast(id, &mut proposal, who, aye, power)?;
        Proposals::<T>::insert(id, proposal);
        Ok(())
    }

    /// Counts a vote in place of the one that was there.
    pub(crate) fn cast(
        id: ProposalId,
        proposal: &mut ProposalOf<T>,
        voter: T::AccountId,
        aye: bool,
        (power, asset): Power,
    ) -> DispatchResult {
        let ticket = match Votes::<T>::get(id, &voter) {
            Some(before) => {
                ensure!(power >= before.power, Error::<T>::FewerShares);
                proposal.tally.remove(before.aye, before.power);
                before.ticket
            }
            None => Self::hold(&voter, DepositFor::Vote)?,
        };
        if let Some(asset) = asset {
            T::Shares::lock(asset, &voter, id.lock(), power)?;
        }
        proposal.tally.add(aye, power);
        Votes::<T>::insert(id, &voter, Vote { aye, power, asset, ends: proposal.ends, ticket });
        Self::deposit_event(Event::Voted { proposal: id, voter, aye, power });
        Ok(())
    }

    /// Takes a member's vote back.
    pub(crate) fn withdraw_vote(
        id: ProposalId,
        proposal: &mut ProposalOf<T>,
        voter: &T::AccountId,
    ) -> DispatchResult {
        if let Some(vote) = Votes::<T>::take(id, voter) {
            proposal.tally.remove(vote.aye, vote.power);
            vote.ticket.drop(voter)?;
            Self::deposit_event(Event::VoteReleased { proposal: id, voter: voter.clone() });
        }
        Ok(())
    }

    pub(crate) fn do_release_vote(id: ProposalId, voter: T::AccountId) -> DispatchResult {
        let vote = Votes::<T>::get(id, &voter).ok_or(Error::<T>::VoteNotFound)?;
        ensure!(frame_system::Pallet::<T>::block_number() >= vote.ends, Error::<T>::VotingOpen);

        Votes::<T>::remove(id, &voter);
        if let Some(asset) = vote.asset {
            T::Shares::unlock(asset, &voter, id.lock())?;
        }
        vote.ticket.drop(&voter)?;
        Self::deposit_event(Event::VoteReleased { proposal: id, voter });
        Ok(())
    }
}

//! Reads for clients. They run off the chain, but bounded all the same: a node answers them for strangers.

use crate::{
    Calls, Config, DaoOf, Daos, Members, Pallet, ProposalOf, Proposals, VoteOf, Votes,
    runtime_api::MAX_PAGE,
    types::{DaoId, DaoInfo, ProposalId, ProposalInfo, VoteInfo},
};
use alloc::vec::Vec;
use polkadot_sdk::{
    frame_system::{self, pallet_prelude::BlockNumberFor},
    sp_runtime::traits::UniqueSaturatedInto,
};

/// How many entries a page has.
fn page(limit: u32) -> usize {
    limit.min(MAX_PAGE).unique_saturated_into()
}

fn told_dao<T: Config>(id: DaoId, dao: DaoOf<T>) -> DaoInfo<T::AccountId, BlockNumberFor<T>> {
    DaoInfo {
        id,
        name: dao.name.into_inner(),
        account: Pallet::<T>::account_of(id),
        electorate: dao.electorate,
        rules: dao.rules,
        members: dao.members,
        open: dao.open.len().unique_saturated_into(),
    }
}

fn told_proposal<T: Config>(
    id: ProposalId,
    found: ProposalOf<T>,
) -> ProposalInfo<T::AccountId, BlockNumberFor<T>> {
    ProposalInfo {
        id,
        dao: found.dao,
        call: Calls::<T>::get(id).unwrap_or_default().into_inner(),
        rules: found.rules,
        ends: found.ends,
        tally: found.tally,
        passes: found.tally.passes(&found.rules),
        status: found.status(frame_system::Pallet::<T>::block_number()),
        proposer: found.proposer,
    }
}

fn told_vote<T: Config>(voter: T::AccountId, vote: VoteOf<T>) -> VoteInfo<T::AccountId, BlockNumberFor<T>> {
    VoteInfo { voter, aye: vote.aye, power: vote.power, asset: vote.asset, ends: vote.ends }
}

impl<T: Config> Pallet<T> {
    /// A DAO as clients read it.
    pub fn dao_info(id: DaoId) -> Option<DaoInfo<T::AccountId, BlockNumberFor<T>>> {
        Some(told_dao::<T>(id, Daos::<T>::get(id)?))
    }

    /// A proposal as clients read it.
    pub fn proposal_info(id: ProposalId) -> Option<ProposalInfo<T::AccountId, BlockNumberFor<T>>> {
        Some(told_proposal::<T>(id, Proposals::<T>::get(id)?))
    }

    /// A vote as clients read it.
    pub fn vote_info(
        id: ProposalId,
        voter: T::AccountId,
    ) -> Option<VoteInfo<T::AccountId, BlockNumberFor<T>>> {
        Votes::<T>::get(id, &voter).map(|vote| told_vote::<T>(voter, vote))
    }

    /// The DAOs with numbers from `start` on, in their order; numbers of DAOs that ended are passed over.
    pub fn daos(start: DaoId, limit: u32) -> Vec<DaoInfo<T::AccountId, BlockNumberFor<T>>> {
        let page = page(limit);
        let end = crate::NextDao::<T>::get().min(start.0.saturating_add(MAX_PAGE.into()));
        (start.0..end).map(DaoId).filter_map(Self::dao_info).take(page).collect()
    }

    /// The members of a DAO after an account, in no particular order.
    pub fn members(dao: DaoId, after: Option<T::AccountId>, limit: u32) -> Vec<T::AccountId> {
        let entries = match after {
            None => Members::<T>::iter_key_prefix(dao),
            Some(last) => Members::<T>::iter_key_prefix_from(dao, Members::<T>::hashed_key_for(dao, last)),
        };
        entries.take(page(limit)).collect()
    }

    /// The proposals of a DAO that aren't closed, after a number, oldest first.
    pub fn proposals(
        dao: DaoId,
        after: Option<ProposalId>,
        limit: u32,
    ) -> Vec<ProposalInfo<T::AccountId, BlockNumberFor<T>>> {
        let open = Daos::<T>::get(dao).map(|dao| dao.open).unwrap_or_default();
        let ids = open.into_iter().map(|(id, _)| id).filter(|id| after.is_none_or(|last| *id > last));
        ids.filter_map(Self::proposal_info).take(page(limit)).collect()
    }

    /// The votes on a proposal that aren't released, after an account, in no particular order.
    pub fn votes(
        proposal: ProposalId,
        after: Option<T::AccountId>,
        limit: u32,
    ) -> Vec<VoteInfo<T::AccountId, BlockNumberFor<T>>> {
        let entries = match after {
            None => Votes::<T>::iter_prefix(proposal),
            Some(last) => Votes::<T>::iter_prefix_from(proposal, Votes::<T>::hashed_key_for(proposal, last)),
        };
        entries.take(page(limit)).map(|(voter, vote)| told_vote::<T>(voter, vote)).collect()
    }
}

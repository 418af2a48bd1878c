//! Everything that must hold, one named check for each concern.

use crate::{
    BalanceOf, Calls, Config, Daos, Executing, HoldReason, Members, NextDao, NextProposal, Pallet, Proposals,
    Votes,
    types::{DaoId, Electorate, MAX_OPEN_EACH, ProposalId, Status, Tally},
};
use alloc::{collections::BTreeMap, vec::Vec};
use codec::{Decode, Encode};
use polkadot_sdk::{
    frame_support::{ensure, traits::fungible::InspectHold},
    frame_system,
    sp_runtime::{Saturating, TryRuntimeError, traits::Zero},
};

/// Every reason to hold.
const REASONS: [HoldReason; 4] =
    [HoldReason::Dao, HoldReason::Member, HoldReason::Proposal, HoldReason::Vote];

type Check = Result<(), TryRuntimeError>;

/// How many entries a map has for each key.
fn tally<Key: Ord>(keys: impl Iterator<Item = Key>) -> BTreeMap<Key, u32> {
    let mut counts = BTreeMap::new();
    keys.for_each(|key| *counts.entry(key).or_default() += 1);
    counts
}

impl<T: Config> Pallet<T> {
    /// Every check, over the whole state.
    pub(crate) fn do_try_state() -> Check {
        ensure!(!Executing::<T>::get(), "execution: one has no end");
        Self::check_daos()?;
        Self::check_members()?;
        Self::check_proposals()?;
        Self::check_votes()?;
        Self::check_deposits()
    }

    /// Each DAO can live by its rules, and lists its proposals.
    fn check_daos() -> Check {
        let mut listed = 0;
        for (id, dao) in Daos::<T>::iter() {
            ensure!(id.0 < NextDao::<T>::get(), "dao: number not given yet");
            ensure!(
                Self::check_rules(dao.electorate, &dao.rules).is_ok(),
                "dao: rules that no call would set"
            );
            let each = tally(dao.open.iter().map(|(_, proposer)| proposer.encode()));
            ensure!(each.values().all(|own| *own <= MAX_OPEN_EACH), "dao: one has too many open proposals");
            for (proposal, proposer) in dao.open {
                listed += 1;
                let found = Proposals::<T>::get(proposal).ok_or("dao: lists a proposal that isn't there")?;
                ensure!(found.dao == id && found.proposer == proposer, "dao: lists another's proposal");
            }
        }
        ensure!(Proposals::<T>::iter_keys().count() == listed, "dao: a proposal isn't listed");
        Ok(())
    }

    /// Each DAO has the members that it counts, and none if shares vote.
    fn check_members() -> Check {
        let counted = tally(Members::<T>::iter_keys().map(|(dao, _)| dao));
        for (id, dao) in Daos::<T>::iter() {
            let members = counted.get(&id).copied().unwrap_or(0);
            ensure!(dao.members == members, "members: wrong number");
            let fits = (dao.electorate == Electorate::Members) == (members > 0);
            ensure!(fits, "members: none in a DAO of members, or some in one of shares");
        }
        ensure!(counted.keys().all(|id| Daos::<T>::contains_key(id)), "members: one of no DAO");
        let next = ProposalId(NextProposal::<T>::get());
        ensure!(
            Members::<T>::iter_values().all(|member| member.since <= next),
            "members: one has joined in the future"
        );
        Ok(())
    }

    /// Each proposal is of a DAO, has its call, and can be passed.
    fn check_proposals() -> Check {
        let now = frame_system::Pallet::<T>::block_number();
        for (id, found) in Proposals::<T>::iter() {
            ensure!(id.0 < NextProposal::<T>::get(), "proposal: number not given yet");
            ensure!(Daos::<T>::contains_key(found.dao), "proposal: of no DAO");
            ensure!(Calls::<T>::contains_key(id), "proposal: its call is gone");
            let Tally { electorate, ayes, nays } = found.tally;
            ensure!(ayes.saturating_add(nays) <= electorate, "proposal: more votes than there are");
            if found.status(now) == Status::Voting {
                Self::check_electorate(found.dao, id, electorate)?;
            }
        }
        let proposals = Proposals::<T>::iter_keys().count();
        ensure!(Calls::<T>::iter_keys().count() == proposals, "proposal: a call of none");
        Ok(())
    }

    /// Whoever could vote when it was proposed, and still can, is counted.
    fn check_electorate(dao: DaoId, id: ProposalId, electorate: u32) -> Check {
        let found = Daos::<T>::get(dao).ok_or("proposal: of no DAO")?;
        if found.electorate == Electorate::Members {
            let eligible = Members::<T>::iter_prefix_values(dao).filter(|member| member.since <= id).count();
            ensure!(usize::try_from(electorate) == Ok(eligible), "proposal: wrong number of voters");
        }
        Ok(())
    }

    /// While votes are taken, tallies are what they add up to.
    fn check_votes() -> Check {
        let now = frame_system::Pallet::<T>::block_number();
        let mut sums: BTreeMap<ProposalId, (u32, u32)> = BTreeMap::new();
        for (id, voter, vote) in Votes::<T>::iter() {
            ensure!(id.0 < NextProposal::<T>::get(), "vote: on a proposal from the future");
            ensure!(vote.power > 0, "vote: of nothing");
            if now >= vote.ends {
                continue;
            }
            let found = Proposals::<T>::get(id).ok_or("vote: its poll takes votes and is gone")?;
            ensure!(found.ends == vote.ends, "vote: ends at another time than its poll");
            let member = Members::<T>::get(found.dao, &voter).is_some_and(|member| member.since <= id);
            ensure!(vote.asset.is_some() || (member && vote.power == 1), "vote: of one who may not");
            let (ayes, nays) = sums.entry(id).or_default();
            let side = if vote.aye { ayes } else { nays };
            *side = side.saturating_add(vote.power);
        }
        for (id, found) in Proposals::<T>::iter().filter(|(_, found)| now < found.ends) {
            let sum = sums.remove(&id).unwrap_or_default();
            ensure!(sum == (found.tally.ayes, found.tally.nays), "vote: not what the tally says");
        }
        Ok(())
    }

    /// What is held on each account for each reason is what its tickets add up to.
    fn check_deposits() -> Check {
        let daos = Daos::<T>::iter_values().map(|dao| (HoldReason::Dao, dao.depositor, dao.ticket.encode()));
        let members = Members::<T>::iter_values()
            .map(|member| (HoldReason::Member, member.depositor, member.ticket.encode()));
        let proposals = Proposals::<T>::iter_values()
            .map(|found| (HoldReason::Proposal, found.proposer, found.ticket.encode()));
        let votes =
            Votes::<T>::iter().map(|(_, voter, vote)| (HoldReason::Vote, voter, vote.ticket.encode()));
        let tickets: Vec<_> = daos.chain(members).chain(proposals).chain(votes).collect();

        let mut sums: BTreeMap<_, BalanceOf<T>> = BTreeMap::new();
        for (reason, account, ticket) in tickets {
            // A ticket is nothing but the amount that it holds.
            let amount = BalanceOf::<T>::decode(&mut &ticket[..]).map_err(|_| "deposit: not an amount")?;
            let sum = sums.entry((reason.encode(), account.encode())).or_insert_with(Zero::zero);
            *sum = sum.saturating_add(amount);
        }
        for account in frame_system::Account::<T>::iter_keys() {
            for reason in REASONS {
                let sum = sums.remove(&(reason.encode(), account.encode())).unwrap_or_else(Zero::zero);
                let held = T::Currency::balance_on_hold(&reason.into(), &account);
                ensure!(held == sum, "deposit: what is held isn't what the tickets add up to");
            }
        }
        ensure!(sums.is_empty(), "deposit: a ticket of an account that isn't there");
        Ok(())
    }
}

//! What a DAO is asked to do, and what becomes of it.

use crate::{
    Calls, Config, Daos, Error, Event, Executing, NextProposal, Pallet, ProposalOf, Proposals, WeightInfo,
    types::{
        ALL_SHARES, CallBytes, DaoId, DepositFor, Electorate, MAX_OPEN_EACH, Proposal, ProposalId, Status,
        Tally,
    },
};
use codec::{DecodeLimit, Encode};
use polkadot_sdk::{
    frame_support::{
        MAX_EXTRINSIC_DEPTH,
        dispatch::{
            DispatchClass, DispatchErrorWithPostInfo, DispatchResultWithPostInfo, GetDispatchInfo, Pays,
            PostDispatchInfo, extract_actual_weight,
        },
        ensure,
        traits::{Consideration, Contains, Get, IsType, OriginTrait},
        weights::Weight,
    },
    frame_system::{self, RawOrigin},
    sp_runtime::{
        DispatchResult, Saturating,
        traits::{Dispatchable, UniqueSaturatedInto},
    },
};

impl<T: Config> Pallet<T> {
    pub(crate) fn do_propose(
        proposer: T::AccountId,
        dao_id: DaoId,
        call: <T as Config>::RuntimeCall,
        shares: Option<u32>,
    ) -> DispatchResult {
        let mut dao = Daos::<T>::get(dao_id).ok_or(Error::<T>::DaoNotFound)?;
        let id = ProposalId(NextProposal::<T>::get());
        let power = Self::power(dao_id, dao.electorate, id, &proposer, shares)?;
        ensure!(power.0 >= dao.rules.proposal_shares, Error::<T>::NotEnoughShares);
        ensure!(T::CallFilter::contains(&call), Error::<T>::CallFiltered);
        let bytes = CallBytes::try_from(call.encode()).map_err(|_| Error::<T>::CallTooLong)?;
        ensure!(Self::weight_fits(call.get_dispatch_info().call_weight), Error::<T>::CallTooHeavy);
        let own = dao.open.iter().filter(|(_, account)| *account == proposer).count();
        ensure!(u32::try_from(own).is_ok_and(|own| own < MAX_OPEN_EACH), Error::<T>::TooManyOfProposer);
        dao.open.try_push((id, proposer.clone())).map_err(|_| Error::<T>::TooManyProposals)?;

        NextProposal::<T>::put(id.0.checked_add(1).ok_or(Error::<T>::Overflow)?);
        let ends = frame_system::Pallet::<T>::block_number().saturating_add(dao.rules.voting_period);
        let electorate = match dao.electorate {
            Electorate::Members => dao.members,
            Electorate::Shares(_) => ALL_SHARES,
        };
        let mut proposal = Proposal {
            dao: dao_id,
            proposer: proposer.clone(),
            ticket: Self::hold(
                &proposer,
                DepositFor::Proposal { call: bytes.len().unique_saturated_into() },
            )?,
            rules: dao.rules,
            ends,
            tally: Tally { electorate, ayes: 0, nays: 0 },
        };
        Self::deposit_event(Event::Proposed { dao: dao_id, proposal: id, proposer: proposer.clone(), ends });
        Self::cast(id, &mut proposal, proposer, true, power)?;
        Proposals::<T>::insert(id, proposal);
        Calls::<T>::insert(id, bytes);
        Daos::<T>::insert(dao_id, dao);
        Ok(())
    }

    pub(crate) fn do_execute(id: ProposalId, max_weight: Weight) -> DispatchResultWithPostInfo {
        let proposal = Proposals::<T>::get(id).ok_or(Error::<T>::ProposalNotFound)?;
        match proposal.status(frame_system::Pallet::<T>::block_number()) {
            Status::Voting => return Err(Error::<T>::VotingOpen.into()),
            Status::Rejected => return Err(Error::<T>::Rejected.into()),
            Status::Waiting => return Err(Error::<T>::TooEarly.into()),
            Status::Expired => return Err(Error::<T>::Expired.into()),
            Status::Executable => (),
        }
        // A call that executes a proposal that executes a proposal would go on until the stack is full.
        ensure!(!Executing::<T>::get(), Error::<T>::Nested);
        let bytes = Calls::<T>::get(id).ok_or(Error::<T>::CallUnavailable)?;
        // It was decoded when it was proposed, but perhaps by another version of the runtime.
        let call =
            <T as Config>::RuntimeCall::decode_all_with_depth_limit(MAX_EXTRINSIC_DEPTH, &mut &bytes[..])
                .map_err(|_| Error::<T>::CallUnavailable)?;
        let info = call.get_dispatch_info();
        ensure!(info.call_weight.all_lte(max_weight), Error::<T>::MaxWeightTooLow);

        let dao = proposal.dao;
        // Before the call, which may dissolve the DAO.
        Self::finish(id, proposal)?;
        let mut origin = T::RuntimeOrigin::from(RawOrigin::Signed(Self::account_of(dao)));
        origin.add_filter(|call: &<T as frame_system::Config>::RuntimeCall| {
            T::CallFilter::contains(<T as Config>::RuntimeCall::from_ref(call))
        });
        Executing::<T>::put(true);
        let result = call.dispatch(origin);
        Executing::<T>::kill();

        let used = T::WeightInfo::execute().saturating_add(extract_actual_weight(&result, &info));
        let post_info = PostDispatchInfo { actual_weight: Some(used), pays_fee: Pays::Yes };
        match result {
            Ok(_) => {
                Self::deposit_event(Event::Executed { dao, proposal: id });
                Ok(post_info)
            }
            Err(failed) => Err(DispatchErrorWithPostInfo { post_info, error: failed.error }),
        }
    }

    pub(crate) fn do_close(id: ProposalId) -> DispatchResult {
        let proposal = Proposals::<T>::get(id).ok_or(Error::<T>::ProposalNotFound)?;
        let status = proposal.status(frame_system::Pallet::<T>::block_number());
        match status {
            Status::Voting => return Err(Error::<T>::VotingOpen.into()),
            Status::Waiting | Status::Executable => return Err(Error::<T>::StillExecutable.into()),
            Status::Rejected | Status::Expired => (),
        }
        let dao = proposal.dao;
        Self::finish(id, proposal)?;
        Self::deposit_event(Event::Closed { dao, proposal: id, status });
        Ok(())
    }

    /// Removes a proposal and returns its deposit; votes stay until they are released.
    fn finish(id: ProposalId, proposal: ProposalOf<T>) -> DispatchResult {
        Proposals::<T>::remove(id);
        Daos::<T>::mutate_extant(proposal.dao, |dao| dao.open.retain(|(open, _)| *open != id));
        Calls::<T>::remove(id);
        proposal.ticket.drop(&proposal.proposer)
    }

    /// Whether a transaction that executes a call of this weight fits into a block.
    pub(crate) fn weight_fits(call: Weight) -> bool {
        let limits = T::BlockWeights::get();
        let most = limits.get(DispatchClass::Normal).max_extrinsic.unwrap_or(limits.max_block);
        T::WeightInfo::execute().saturating_add(call).all_lte(most)
    }
}

//! DAOs and their members.

use crate::{
    Config, DaoOf, Daos, Error, Event, MemberOf, Members, NextDao, NextProposal, Pallet, Proposals, RulesOf,
    VotingShares,
    types::{
        ALL_SHARES, Dao, DaoId, DepositFor, Electorate, Founders, MAX_MEMBERS, Member, Name, ProposalId,
        Rules,
    },
};
use polkadot_sdk::{
    frame_support::{
        ensure,
        traits::{
            Consideration, Get,
            fungible::{Inspect, Mutate},
            tokens::{Fortitude, Preservation},
        },
    },
    frame_system::{self, ensure_signed, pallet_prelude::OriginFor},
    sp_runtime::{
        DispatchError, DispatchResult, Permill,
        traits::{AccountIdConversion, Zero},
    },
};

impl<T: Config> Pallet<T> {
    /// The account of a DAO.
    pub fn account_of(dao: DaoId) -> T::AccountId {
        T::PalletId::get().into_sub_account_truncating(dao.0)
    }

    /// The origin is a DAO's account.
    pub(crate) fn ensure_dao(origin: OriginFor<T>, dao: DaoId) -> DispatchResult {
        let caller = ensure_signed(origin)?;
        ensure!(Daos::<T>::contains_key(dao), Error::<T>::DaoNotFound);
        ensure!(caller == Self::account_of(dao), Error::<T>::NotTheDao);
        Ok(())
    }

    pub(crate) fn do_create(
        creator: T::AccountId,
        name: Name,
        founders: Founders<T::AccountId>,
        rules: RulesOf<T>,
    ) -> DispatchResult {
        ensure!(!name.is_empty() && core::str::from_utf8(&name).is_ok(), Error::<T>::BadName);
        let electorate = match &founders {
            Founders::Members(members) => {
                ensure!(!members.is_empty(), Error::<T>::NoMembers);
                Electorate::Members
            }
            Founders::Shares(asset) => {
                ensure!(T::Shares::shares_of(*asset, &creator) > 0, Error::<T>::NotEnoughShares);
                Electorate::Shares(*asset)
            }
        };
        Self::check_rules(electorate, &rules)?;

        let id = DaoId(NextDao::<T>::get());
        NextDao::<T>::put(id.0.checked_add(1).ok_or(Error::<T>::Overflow)?);
        let mut dao = Dao {
            name,
            depositor: creator.clone(),
            ticket: Self::hold(&creator, DepositFor::Dao)?,
            electorate,
            rules,
            members: 0,
            open: Default::default(),
        };
        let account = Self::account_of(id);
        Self::deposit_event(Event::Created { dao: id, account, creator: creator.clone() });
        if let Founders::Members(members) = founders {
            for member in members {
                Self::join(id, &mut dao, member, creator.clone())?;
            }
        }
        Daos::<T>::insert(id, dao);
        Ok(())
    }

    pub(crate) fn do_add_member(id: DaoId, member: T::AccountId) -> DispatchResult {
        let mut dao = Daos::<T>::get(id).ok_or(Error::<T>::DaoNotFound)?;
        ensure!(dao.electorate == Electorate::Members, Error::<T>::NotOfMembers);
        Self::join(id, &mut dao, member, Self::account_of(id))?;
        Daos::<T>::insert(id, dao);
        Ok(())
    }

    /// Makes an account a member.
    fn join(id: DaoId, dao: &mut DaoOf<T>, member: T::AccountId, depositor: T::AccountId) -> DispatchResult {
        ensure!(!Members::<T>::contains_key(id, &member), Error::<T>::AlreadyMember);
        ensure!(dao.members < MAX_MEMBERS, Error::<T>::TooManyMembers);
        dao.members = dao.members.checked_add(1).ok_or(Error::<T>::Overflow)?;
        let ticket = Self::hold(&depositor, DepositFor::Member)?;
        let since = ProposalId(NextProposal::<T>::get());
        Members::<T>::insert(id, &member, Member { since, depositor, ticket });
        Self::deposit_event(Event::MemberAdded { dao: id, member });
        Ok(())
    }

    pub(crate) fn do_remove_member(id: DaoId, member: T::AccountId) -> DispatchResult {
        let mut dao = Daos::<T>::get(id).ok_or(Error::<T>::DaoNotFound)?;
        let found = Members::<T>::get(id, &member).ok_or(Error::<T>::NotMember)?;
        ensure!(dao.members > 1, Error::<T>::LastMember);

        Members::<T>::remove(id, &member);
        dao.members = dao.members.checked_sub(1).ok_or(Error::<T>::Overflow)?;
        Self::withdraw_votes(&dao, &member, &found)?;
        found.ticket.drop(&found.depositor)?;
        Daos::<T>::insert(id, dao);
        Self::deposit_event(Event::MemberRemoved { dao: id, member });
        Ok(())
    }

    /// Takes a member that leaves out of the polls that still take votes.
    fn withdraw_votes(dao: &DaoOf<T>, who: &T::AccountId, member: &MemberOf<T>) -> DispatchResult {
        let now = frame_system::Pallet::<T>::block_number();
        for (id, _) in dao.open.iter().filter(|(id, _)| *id >= member.since) {
            Proposals::<T>::try_mutate_exists(id, |found| {
                let proposal = found.as_mut().ok_or(Error::<T>::ProposalNotFound)?;
                if now < proposal.ends {
                    proposal.tally.electorate = proposal.tally.electorate.saturating_sub(1);
                    Self::withdraw_vote(*id, proposal, who)?;
                }
                Ok::<_, DispatchError>(())
            })?;
        }
        Ok(())
    }

    pub(crate) fn do_set_rules(id: DaoId, rules: RulesOf<T>) -> DispatchResult {
        let mut dao = Daos::<T>::get(id).ok_or(Error::<T>::DaoNotFound)?;
        Self::check_rules(dao.electorate, &rules)?;
        dao.rules = rules;
        Daos::<T>::insert(id, dao);
        Self::deposit_event(Event::RulesSet { dao: id, rules });
        Ok(())
    }

    pub(crate) fn do_dissolve(id: DaoId, beneficiary: T::AccountId) -> DispatchResult {
        let dao = Daos::<T>::get(id).ok_or(Error::<T>::DaoNotFound)?;
        // The proposal that does this is no longer open.
        ensure!(dao.open.is_empty(), Error::<T>::ProposalsOpen);

        Daos::<T>::remove(id);
        for (_, member) in Members::<T>::drain_prefix(id) {
            member.ticket.drop(&member.depositor)?;
        }
        dao.ticket.drop(&dao.depositor)?;
        let account = Self::account_of(id);
        let left = T::Currency::reducible_balance(&account, Preservation::Expendable, Fortitude::Polite);
        if !left.is_zero() {
            T::Currency::transfer(&account, &beneficiary, left, Preservation::Expendable)?;
        }
        ensure!(T::Currency::total_balance(&account).is_zero(), Error::<T>::DepositsHeld);
        Self::deposit_event(Event::Dissolved { dao: id, beneficiary });
        Ok(())
    }

    /// Rules that a DAO can live by.
    pub(crate) fn check_rules(electorate: Electorate, rules: &RulesOf<T>) -> DispatchResult {
        let Rules { quorum, approval, voting_period, execution_delay, execution_period, proposal_shares } =
            rules;
        ensure!(!quorum.is_zero(), Error::<T>::ZeroQuorum);
        ensure!(*approval >= Permill::from_percent(50), Error::<T>::LowApproval);
        let (least, most) = (T::MinPeriod::get(), T::MaxPeriod::get());
        let fits = |period| (least..=most).contains(period);
        ensure!(
            fits(voting_period) && fits(execution_period) && *execution_delay <= most,
            Error::<T>::BadPeriod
        );
        let shares_fit = match electorate {
            Electorate::Members => *proposal_shares == 0,
            Electorate::Shares(_) => (1..=ALL_SHARES).contains(proposal_shares),
        };
        ensure!(shares_fit, Error::<T>::BadProposalShares);
        Ok(())
    }

    /// Checks at build time what the calls rely on.
    pub(crate) fn check_constants() {
        assert!(!T::MinPeriod::get().is_zero(), "a poll must last a block at least");
        assert!(T::MinPeriod::get() <= T::MaxPeriod::get(), "there must be periods that a DAO may choose");
        assert!(
            Self::deposit_for(DepositFor::Vote) > 0_u32.into(),
            "the smallest entry must cost something, or else anybody fills the state for nothing",
        );
        assert!(
            Self::weight_fits(polkadot_sdk::frame_support::weights::Weight::zero()),
            "a call that weighs nothing must fit",
        );
        assert!(
            Self::account_of(DaoId(0)) != Self::account_of(DaoId(1)),
            "the type of accounts must have room for a DAO's number",
        );
    }
}

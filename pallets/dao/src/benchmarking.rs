//! What each call costs at its worst: the longest call, a full list of proposals, and as many members as may be.

use crate::{
    BalanceOf, Call, Config, Daos, Members, NextDao, NextProposal, Pallet, Proposals, RulesOf, Votes,
    VotingShares,
    types::{
        DaoId, Founders, MAX_CALL_LEN, MAX_MEMBERS, MAX_NAME_LEN, MAX_OPEN, MAX_OPEN_EACH, Name, ProposalId,
        Rules,
    },
};
use alloc::{boxed::Box, vec, vec::Vec};
use polkadot_sdk::{
    frame_benchmarking::{account, v2::*},
    frame_support::{
        dispatch::GetDispatchInfo,
        traits::{
            Get,
            fungible::{Inspect, Mutate},
        },
    },
    frame_system::{self, RawOrigin},
    sp_runtime::{
        Permill, Saturating,
        traits::{Bounded, UniqueSaturatedInto, Zero},
    },
};

/// An account with enough for every deposit.
fn rich<T: Config>(index: u32) -> T::AccountId {
    let who = account("rich", index, 0);
    fund::<T>(&who);
    who
}

fn fund<T: Config>(who: &T::AccountId) {
    T::Currency::set_balance(who, BalanceOf::<T>::max_value() / 1_000_u32.into());
}

fn name() -> Result<Name, BenchmarkError> {
    vec![b'n'; MAX_NAME_LEN.unique_saturated_into()]
        .try_into()
        .map_err(|_| BenchmarkError::Stop("the name is too long"))
}

fn rules<T: Config>(proposal_shares: u32) -> RulesOf<T> {
    Rules {
        quorum: Permill::from_parts(1),
        approval: Permill::from_percent(50),
        voting_period: T::MinPeriod::get(),
        execution_delay: Zero::zero(),
        execution_period: T::MaxPeriod::get(),
        proposal_shares,
    }
}

fn founders<T: Config>(members: u32) -> Result<Founders<T::AccountId>, BenchmarkError> {
    let members: Vec<_> = (0..members).map(rich::<T>).collect();
    let members = members.try_into().map_err(|_| BenchmarkError::Stop("too many members"))?;
    Ok(Founders::Members(members))
}

/// A DAO of so many members, with money.
fn dao_of<T: Config>(members: u32) -> Result<DaoId, BenchmarkError> {
    let id = DaoId(NextDao::<T>::get());
    let creator = rich::<T>(0);
    Pallet::<T>::create(RawOrigin::Signed(creator).into(), name()?, founders::<T>(members)?, rules::<T>(0))?;
    fund::<T>(&Pallet::<T>::account_of(id));
    Ok(id)
}

/// A DAO of shares, and who holds all of them.
fn dao_of_shares<T: Config>() -> Result<(DaoId, T::AccountId), BenchmarkError> {
    let holder = rich::<T>(0);
    let asset = T::Shares::create_asset(&holder);
    let id = DaoId(NextDao::<T>::get());
    let origin = RawOrigin::Signed(holder.clone()).into();
    Pallet::<T>::create(origin, name()?, Founders::Shares(asset), rules::<T>(1))?;
    Ok((id, holder))
}

/// The longest call there may be; one that is different for each `fill`.
fn long_call<T: Config>(fill: u8) -> <T as Config>::RuntimeCall {
    // Pallet, call, and the length of the list.
    let len: usize = MAX_CALL_LEN.saturating_sub(8).unique_saturated_into();
    frame_system::Call::remark { remark: vec![fill; len] }.into()
}

fn propose<T: Config>(who: &T::AccountId, dao: DaoId, fill: u8) -> Result<ProposalId, BenchmarkError> {
    let id = ProposalId(NextProposal::<T>::get());
    let call = Box::new(long_call::<T>(fill));
    Pallet::<T>::propose(RawOrigin::Signed(who.clone()).into(), dao, call, None)?;
    Ok(id)
}

/// Fills a DAO's list up to `count` proposals, made by its members.
fn fill<T: Config>(dao: DaoId, count: u32) -> Result<(), BenchmarkError> {
    for index in 0..count {
        let who: T::AccountId = account("rich", index.checked_div(MAX_OPEN_EACH).unwrap_or(0), 0);
        propose::<T>(&who, dao, 1)?;
    }
    Ok(())
}

fn forward<T: Config>(blocks: frame_system::pallet_prelude::BlockNumberFor<T>) {
    let block = frame_system::Pallet::<T>::block_number().saturating_add(blocks);
    frame_system::Pallet::<T>::set_block_number(block);
}

#[benchmarks]
mod benches {
    use super::*;

    #[benchmark]
    fn create(m: Linear<1, MAX_MEMBERS>) -> Result<(), BenchmarkError> {
        let caller = rich::<T>(0);
        let founders = founders::<T>(m)?;
        let id = DaoId(NextDao::<T>::get());

        #[extrinsic_call]
        _(RawOrigin::Signed(caller), name()?, founders, rules::<T>(0));

        assert_eq!(Daos::<T>::get(id).map(|dao| dao.members), Some(m));
        Ok(())
    }

    #[benchmark]
    fn propose() -> Result<(), BenchmarkError> {
        let (dao, caller) = dao_of_shares::<T>()?;
        // Others fill the list: the record is at its longest.
        let others = MAX_OPEN.saturating_sub(1);
        Daos::<T>::mutate_extant(dao, |found| {
            found.open = (0..others)
                .map(|index| (ProposalId(index.into()), account("other", index, 0)))
                .collect::<Vec<_>>()
                .try_into()
                .unwrap_or_default();
        });
        let id = ProposalId(NextProposal::<T>::get());

        #[extrinsic_call]
        _(RawOrigin::Signed(caller.clone()), dao, Box::new(long_call::<T>(7)), None);

        assert!(Proposals::<T>::contains_key(id) && Votes::<T>::contains_key(id, caller));
        Ok(())
    }

    #[benchmark]
    fn vote() -> Result<(), BenchmarkError> {
        let (dao, caller) = dao_of_shares::<T>()?;
        let id = super::propose::<T>(&caller, dao, 7)?;

        #[extrinsic_call]
        _(RawOrigin::Signed(caller.clone()), id, false, None);

        assert_eq!(Votes::<T>::get(id, caller).map(|cast| cast.aye), Some(false));
        Ok(())
    }

    #[benchmark]
    fn execute() -> Result<(), BenchmarkError> {
        let dao = dao_of::<T>(MAX_MEMBERS)?;
        fill::<T>(dao, MAX_OPEN.saturating_sub(1))?;
        let caller = rich::<T>(99);
        let id = super::propose::<T>(&caller, dao, 7)?;
        // The votes of one pass it.
        forward::<T>(T::MinPeriod::get());
        let max_weight = long_call::<T>(7).get_dispatch_info().call_weight;

        #[extrinsic_call]
        _(RawOrigin::Signed(caller), id, max_weight);

        assert!(!Proposals::<T>::contains_key(id));
        Ok(())
    }

    #[benchmark]
    fn close() -> Result<(), BenchmarkError> {
        let dao = dao_of::<T>(MAX_MEMBERS)?;
        fill::<T>(dao, MAX_OPEN.saturating_sub(1))?;
        let caller = rich::<T>(99);
        let id = super::propose::<T>(&caller, dao, 7)?;
        forward::<T>(T::MinPeriod::get().saturating_add(T::MaxPeriod::get()));

        #[extrinsic_call]
        _(RawOrigin::Signed(caller), id);

        assert!(!Proposals::<T>::contains_key(id));
        Ok(())
    }

    #[benchmark]
    fn release_vote() -> Result<(), BenchmarkError> {
        let (dao, voter) = dao_of_shares::<T>()?;
        let id = super::propose::<T>(&voter, dao, 7)?;
        forward::<T>(T::MinPeriod::get());

        #[extrinsic_call]
        _(RawOrigin::Signed(rich::<T>(1)), id, voter.clone());

        assert!(!Votes::<T>::contains_key(id, voter));
        Ok(())
    }

    #[benchmark]
    fn add_member() -> Result<(), BenchmarkError> {
        let dao = dao_of::<T>(MAX_MEMBERS.saturating_sub(1))?;
        fill::<T>(dao, MAX_OPEN)?;
        let member = rich::<T>(MAX_MEMBERS);

        #[extrinsic_call]
        _(RawOrigin::Signed(Pallet::<T>::account_of(dao)), dao, member.clone());

        assert!(Members::<T>::contains_key(dao, member));
        Ok(())
    }

    #[benchmark]
    fn remove_member() -> Result<(), BenchmarkError> {
        let dao = dao_of::<T>(MAX_MEMBERS)?;
        fill::<T>(dao, MAX_OPEN)?;
        let member = rich::<T>(99);
        // A vote in every poll there is.
        for (id, _) in Daos::<T>::get(dao).map(|found| found.open).unwrap_or_default() {
            Pallet::<T>::vote(RawOrigin::Signed(member.clone()).into(), id, true, None)?;
        }

        #[extrinsic_call]
        _(RawOrigin::Signed(Pallet::<T>::account_of(dao)), dao, member.clone());

        assert!(!Members::<T>::contains_key(dao, &member));
        assert!(!Votes::<T>::contains_key(ProposalId(0), member));
        Ok(())
    }

    #[benchmark]
    fn set_rules() -> Result<(), BenchmarkError> {
        let dao = dao_of::<T>(MAX_MEMBERS)?;
        fill::<T>(dao, MAX_OPEN)?;
        let changed = Rules { approval: Permill::from_percent(99), ..rules::<T>(0) };

        #[extrinsic_call]
        _(RawOrigin::Signed(Pallet::<T>::account_of(dao)), dao, changed);

        assert_eq!(Daos::<T>::get(dao).map(|found| found.rules), Some(changed));
        Ok(())
    }

    #[benchmark]
    fn dissolve() -> Result<(), BenchmarkError> {
        let dao = dao_of::<T>(MAX_MEMBERS)?;
        let beneficiary = account("beneficiary", 0, 0);
        let account = Pallet::<T>::account_of(dao);
        T::Currency::set_balance(&account, T::Currency::minimum_balance().saturating_mul(2_u32.into()));

        #[extrinsic_call]
        _(RawOrigin::Signed(account), dao, beneficiary);

        assert!(!Daos::<T>::contains_key(dao));
        Ok(())
    }

    impl_benchmark_test_suite!(Pallet, crate::mock::ExtBuilder.build(), crate::mock::Test);
}

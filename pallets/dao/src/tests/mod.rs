mod checks;
mod daos;
mod deposits;
mod execution;
mod frozen;
mod members;
mod proposals;
mod queries;
mod random;
mod shares;

use crate::{
    Event, NextDao, NextProposal,
    mock::*,
    types::{DaoId, Founders, Name, ProposalId, Rules, Status},
};
use polkadot_sdk::{
    frame_support::{assert_noop, assert_ok, traits::fungible::InspectHold, weights::Weight},
    frame_system::{self, RawOrigin},
    pallet_balances, pallet_utility,
    sp_runtime::{DispatchError, Permill, traits::Dispatchable},
};

pub(crate) type Error = crate::Error<Test>;

pub(crate) fn signed(who: AccountId) -> RuntimeOrigin {
    RawOrigin::Signed(who).into()
}

pub(crate) fn name(text: &str) -> Name {
    text.as_bytes().to_vec().try_into().unwrap()
}

/// Half of the votes and half of those cast; ten blocks to vote, five to wait, twenty to execute.
pub(crate) fn rules() -> Rules<u64> {
    Rules {
        quorum: Permill::from_percent(50),
        approval: Permill::from_percent(50),
        voting_period: 10,
        execution_delay: 5,
        execution_period: 20,
        proposal_shares: 0,
    }
}

pub(crate) fn share_rules() -> Rules<u64> {
    Rules { proposal_shares: 1_000, ..rules() }
}

pub(crate) fn founders(members: &[AccountId]) -> Founders<AccountId> {
    Founders::Members(members.to_vec().try_into().unwrap())
}

/// A DAO of members with a million on its account.
pub(crate) fn dao_of(members: &[AccountId]) -> DaoId {
    let id = DaoId(NextDao::<Test>::get());
    assert_ok!(Dao::create(signed(ALICE), name("dao"), founders(members), rules()));
    assert_ok!(Balances::transfer_allow_death(signed(5), Dao::account_of(id), 1_000_000));
    id
}

/// A DAO of the asset's shares with a million on its account.
pub(crate) fn dao_of_shares() -> DaoId {
    let id = DaoId(NextDao::<Test>::get());
    assert_ok!(Dao::create(signed(ALICE), name("dao"), Founders::Shares(ASSET), share_rules()));
    assert_ok!(Balances::transfer_allow_death(signed(5), Dao::account_of(id), 1_000_000));
    id
}

pub(crate) fn pay(to: AccountId, amount: u64) -> RuntimeCall {
    pallet_balances::Call::transfer_keep_alive { dest: to, value: amount }.into()
}

pub(crate) fn remark(len: usize) -> RuntimeCall {
    frame_system::Call::remark { remark: vec![7; len] }.into()
}

pub(crate) fn propose_with(who: AccountId, dao: DaoId, call: RuntimeCall, shares: Option<u32>) -> ProposalId {
    let id = ProposalId(NextProposal::<Test>::get());
    assert_ok!(Dao::propose(signed(who), dao, Box::new(call), shares));
    id
}

pub(crate) fn propose(who: AccountId, dao: DaoId, call: impl Into<RuntimeCall>) -> ProposalId {
    propose_with(who, dao, call.into(), None)
}

pub(crate) fn forward(blocks: u64) {
    System::set_block_number(System::block_number() + blocks);
}

pub(crate) fn status(proposal: ProposalId) -> Status {
    Dao::proposal(proposal).unwrap().status
}

/// Votes of those who have voted for and against.
pub(crate) fn tally(proposal: ProposalId) -> (u32, u32) {
    let tally = Dao::proposal(proposal).unwrap().tally;
    (tally.ayes, tally.nays)
}

pub(crate) fn heavy() -> Weight {
    Weight::from_parts(100_000_000_000, 1_000_000)
}

/// Waits until a proposal that has passed can be executed, and executes it.
pub(crate) fn execute(proposal: ProposalId) {
    forward(15);
    assert_ok!(Dao::execute(signed(DAVE), proposal, heavy()));
}

/// Tries to execute a proposal, as a transaction that fails and is taken back.
pub(crate) fn error_of(proposal: ProposalId) -> DispatchError {
    let call = RuntimeCall::Dao(crate::Call::execute { proposal, max_weight: heavy() });
    call.dispatch(signed(DAVE)).unwrap_err().error
}

/// Has the two of a DAO of Alice, Bob and perhaps others agree on a call and execute it.
pub(crate) fn enact(dao: DaoId, call: impl Into<RuntimeCall>) {
    let proposal = propose(ALICE, dao, call);
    assert_ok!(Dao::vote(signed(BOB), proposal, true, None));
    execute(proposal);
}

/// Everything that is held on an account.
pub(crate) fn held(who: AccountId) -> u64 {
    Balances::total_balance_on_hold(&who)
}

/// The DAOs' events, oldest first.
pub(crate) fn events() -> Vec<Event<Test>> {
    let ours = |record: frame_system::EventRecord<RuntimeEvent, _>| match record.event {
        RuntimeEvent::Dao(event) => Some(event),
        _ => None,
    };
    System::events().into_iter().filter_map(ours).collect()
}

pub(crate) fn last_event() -> Event<Test> {
    events().pop().unwrap()
}

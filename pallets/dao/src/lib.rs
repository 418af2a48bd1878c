//! Communities that own things together, and decide by vote what their account does.
//!
//! A [DAO](types::Dao) has an account like any other: it may own namespaces, receive royalties and pay its members.
//! What it does is proposed as a call, voted on, and dispatched as that account, signed and never more. Its own
//! members, rules and end are changed in no other way.
//!
//! # Votes
//! - In a DAO of members each has one vote. Those who join later have none on what was proposed before.
//!   Whoever leaves or is removed takes its vote back from every poll that still takes votes, and is no longer counted
//!   in its quorum; polls that have ended stand.
//! - In a DAO of shares a share of an asset is a vote. Shares that voted are locked until the poll has ended, so none
//!   votes twice; they may vote in several polls at once. No past balances are looked up.
//! - Who proposes votes for it. A vote may change sides, and grow, but not shrink or be withdrawn.
//! - A poll [passes](types::Tally::passes) by a quorum of all votes and a part of those cast. Its rules are
//!   those of the moment it was proposed. Nobody has a veto.
//!
//! # Execution
//! After the poll and a delay, anybody may [execute](Pallet::execute) a passed proposal, and pays for its weight. It is
//! done once. If the call fails, nothing has happened: it can be tried again until its time is over.
//! No execution happens within another, and [`Config::CallFilter`] applies to nested calls too.
//!
//! # Deposits
//! DAOs, members, proposals and votes hold a deposit on whoever paid it, and return it when they go. Votes are
//! released, with their shares, by anybody after the end of the poll.
//!
//! # Invariants
//! Tallies are what the votes add up to while they are taken. Held balances equal the tickets. `try_state` checks it.

#![cfg_attr(not(feature = "std"), no_std)]

extern crate alloc;

pub mod deposits;
pub mod free_vote;
pub mod runtime_api;
pub mod traits;
pub mod types;
pub mod weights;

#[cfg(feature = "runtime-benchmarks")]
mod benchmarking;
mod daos;
#[cfg(test)]
mod mock;
mod proposals;
mod queries;
#[cfg(test)]
mod tests;
#[cfg(any(test, feature = "try-runtime"))]
mod try_state;
mod votes;

pub use pallet::*;
pub use traits::VotingShares;
pub use weights::WeightInfo;

use polkadot_sdk::{
    frame_support,
    frame_support::traits::fungible::Inspect,
    frame_system::{self, pallet_prelude::BlockNumberFor},
};

/// What a deposit is paid in.
pub type BalanceOf<T> = <<T as Config>::Currency as Inspect<<T as frame_system::Config>::AccountId>>::Balance;
/// The rules of a DAO in this runtime.
pub type RulesOf<T> = types::Rules<BlockNumberFor<T>>;
/// A DAO as this runtime stores it.
pub type DaoOf<T> =
    types::Dao<<T as frame_system::Config>::AccountId, BlockNumberFor<T>, deposits::DaoTicket<T>>;
/// A member as this runtime stores it.
pub type MemberOf<T> = types::Member<<T as frame_system::Config>::AccountId, deposits::MemberTicket<T>>;
/// A proposal as this runtime stores it.
pub type ProposalOf<T> =
    types::Proposal<<T as frame_system::Config>::AccountId, BlockNumberFor<T>, deposits::ProposalTicket<T>>;
/// A vote as this runtime stores it.
pub type VoteOf<T> = types::Vote<BlockNumberFor<T>, deposits::VoteTicket<T>>;

#[frame_support::pallet]
pub mod pallet {
    use super::*;
    use crate::types::{
        CallBytes, DaoId, DaoInfo, DepositFor, Founders, Name, ProposalId, ProposalInfo, Status, VoteInfo,
    };
    use alloc::boxed::Box;
    use polkadot_sdk::{
        frame_support::{
            PalletId,
            dispatch::{GetDispatchInfo, PostDispatchInfo},
            pallet_prelude::*,
            traits::{
                Contains, Footprint,
                fungible::{Mutate, MutateHold},
            },
        },
        frame_system::pallet_prelude::*,
        sp_runtime::traits::{Convert, Dispatchable},
    };

    const STORAGE_VERSION: StorageVersion = StorageVersion::new(1);

    #[pallet::pallet]
    #[pallet::storage_version(STORAGE_VERSION)]
    pub struct Pallet<T>(_);

    /// What DAOs need of their runtime.
    #[pallet::config]
    pub trait Config: polkadot_sdk::frame_system::Config {
        /// The runtime's calls.
        type RuntimeCall: Parameter
            + Dispatchable<RuntimeOrigin = Self::RuntimeOrigin, PostInfo = PostDispatchInfo>
            + GetDispatchInfo
            + From<frame_system::Call<Self>>
            + IsType<<Self as polkadot_sdk::frame_system::Config>::RuntimeCall>;
        /// The runtime's hold reasons.
        type RuntimeHoldReason: From<HoldReason>;
        /// What deposits are held in, and what a DAO that ends leaves behind.
        type Currency: Mutate<Self::AccountId>
            + MutateHold<Self::AccountId, Reason = <Self as Config>::RuntimeHoldReason>;
        /// The deposit for rows and bytes.
        type DepositPrice: Convert<Footprint, BalanceOf<Self>> + 'static;
        /// What DAOs may do, nested calls among it; the runtime's own filter applies as well.
        type CallFilter: Contains<<Self as Config>::RuntimeCall>;
        /// The shares of assets.
        type Shares: VotingShares<Self::AccountId>;
        /// What the accounts of DAOs are derived from, with their numbers.
        #[pallet::constant]
        type PalletId: Get<PalletId>;
        /// Fewest blocks to vote in, and to execute in.
        #[pallet::constant]
        type MinPeriod: Get<BlockNumberFor<Self>>;
        /// Most blocks to vote in, to wait, and to execute in.
        #[pallet::constant]
        type MaxPeriod: Get<BlockNumberFor<Self>>;
        /// What the calls weigh.
        type WeightInfo: WeightInfo;
    }

    /// Why a balance is held.
    #[pallet::composite_enum]
    pub enum HoldReason {
        /// For a DAO.
        #[codec(index = 0)]
        Dao,
        /// For a member.
        #[codec(index = 1)]
        Member,
        /// For a proposal.
        #[codec(index = 2)]
        Proposal,
        /// For a vote.
        #[codec(index = 3)]
        Vote,
    }

    /// Every DAO.
    #[pallet::storage]
    pub type Daos<T: Config> = StorageMap<_, Blake2_128Concat, DaoId, DaoOf<T>>;

    /// The number of the next DAO; none is used twice.
    #[pallet::storage]
    pub type NextDao<T: Config> = StorageValue<_, u64, ValueQuery>;

    /// The members of a DAO.
    #[pallet::storage]
    pub type Members<T: Config> =
        StorageDoubleMap<_, Blake2_128Concat, DaoId, Blake2_128Concat, T::AccountId, MemberOf<T>>;

    /// Every proposal that isn't closed.
    #[pallet::storage]
    pub type Proposals<T: Config> = StorageMap<_, Blake2_128Concat, ProposalId, ProposalOf<T>>;

    /// The call of each of them, which voting doesn't read.
    #[pallet::storage]
    pub type Calls<T: Config> = StorageMap<_, Blake2_128Concat, ProposalId, CallBytes>;

    /// The number of the next proposal; none is used twice.
    #[pallet::storage]
    pub type NextProposal<T: Config> = StorageValue<_, u64, ValueQuery>;

    /// Every vote that isn't released.
    #[pallet::storage]
    pub type Votes<T: Config> =
        StorageDoubleMap<_, Blake2_128Concat, ProposalId, Blake2_128Concat, T::AccountId, VoteOf<T>>;

    /// Whether a proposal is being executed.
    #[pallet::storage]
    pub type Executing<T: Config> = StorageValue<_, bool, ValueQuery>;

    /// What happened.
    #[pallet::event]
    #[pallet::generate_deposit(pub(crate) fn deposit_event)]
    pub enum Event<T: Config> {
        /// A DAO was created.
        #[codec(index = 0)]
        Created {
            /// The DAO.
            dao: DaoId,
            /// Its account.
            account: T::AccountId,
            /// Who paid its deposit.
            creator: T::AccountId,
        },
        /// A proposal was made.
        #[codec(index = 1)]
        Proposed {
            /// The DAO.
            dao: DaoId,
            /// The proposal.
            proposal: ProposalId,
            /// Who made it.
            proposer: T::AccountId,
            /// The first block in which no vote is taken.
            ends: BlockNumberFor<T>,
        },
        /// A vote was cast or changed.
        #[codec(index = 2)]
        Voted {
            /// The proposal.
            proposal: ProposalId,
            /// Who voted.
            voter: T::AccountId,
            /// Whether for it.
            aye: bool,
            /// How many votes it is.
            power: u32,
        },
        /// A proposal was executed.
        #[codec(index = 3)]
        Executed {
            /// The DAO.
            dao: DaoId,
            /// The proposal.
            proposal: ProposalId,
        },
        /// A proposal was closed without having been executed.
        #[codec(index = 4)]
        Closed {
            /// The DAO.
            dao: DaoId,
            /// The proposal.
            proposal: ProposalId,
            /// Rejected or expired.
            status: Status,
        },
        /// A vote was released, with the shares that it locked.
        #[codec(index = 5)]
        VoteReleased {
            /// The proposal.
            proposal: ProposalId,
            /// Who voted.
            voter: T::AccountId,
        },
        /// A member joined.
        #[codec(index = 6)]
        MemberAdded {
            /// The DAO.
            dao: DaoId,
            /// The member.
            member: T::AccountId,
        },
        /// A member left or was removed.
        #[codec(index = 7)]
        MemberRemoved {
            /// The DAO.
            dao: DaoId,
            /// Who was a member.
            member: T::AccountId,
        },
        /// A DAO has new rules for new proposals.
        #[codec(index = 8)]
        RulesSet {
            /// The DAO.
            dao: DaoId,
            /// The rules.
            rules: RulesOf<T>,
        },
        /// A DAO ended.
        #[codec(index = 9)]
        Dissolved {
            /// The DAO.
            dao: DaoId,
            /// Who got what it had.
            beneficiary: T::AccountId,
        },
    }

    /// What can go wrong.
    #[pallet::error]
    pub enum Error<T> {
        /// There is no such DAO.
        #[codec(index = 0)]
        DaoNotFound,
        /// There is no such proposal, or it is closed.
        #[codec(index = 1)]
        ProposalNotFound,
        /// There is no such vote, or it is released.
        #[codec(index = 2)]
        VoteNotFound,
        /// The name is empty or isn't UTF-8.
        #[codec(index = 3)]
        BadName,
        /// The quorum must be more than zero.
        #[codec(index = 4)]
        ZeroQuorum,
        /// The approval must be at least one half.
        #[codec(index = 5)]
        LowApproval,
        /// A period is shorter than `MinPeriod` or longer than `MaxPeriod`.
        #[codec(index = 6)]
        BadPeriod,
        /// A proposer's shares must be from 1 to 1,000,000; in a DAO of members, 0.
        #[codec(index = 7)]
        BadProposalShares,
        /// A DAO of members needs at least one.
        #[codec(index = 8)]
        NoMembers,
        /// It is a member already, or named twice.
        #[codec(index = 9)]
        AlreadyMember,
        /// It isn't a member.
        #[codec(index = 10)]
        NotMember,
        /// It joined after this was proposed.
        #[codec(index = 11)]
        JoinedLater,
        /// There are as many members as may be.
        #[codec(index = 12)]
        TooManyMembers,
        /// The last member can't go. Dissolve the DAO instead.
        #[codec(index = 13)]
        LastMember,
        /// Votes in this DAO are shares, not members.
        #[codec(index = 14)]
        NotOfMembers,
        /// Votes in this DAO are members. State no shares.
        #[codec(index = 15)]
        NotOfShares,
        /// The account has no such number of shares, or none.
        #[codec(index = 16)]
        NotEnoughShares,
        /// A vote can't shrink. State at least the shares that voted already.
        #[codec(index = 17)]
        FewerShares,
        /// Only the DAO itself may do this, by a proposal.
        #[codec(index = 18)]
        NotTheDao,
        /// A DAO can't make this call.
        #[codec(index = 19)]
        CallFiltered,
        /// The call is longer than 8,192 bytes.
        #[codec(index = 20)]
        CallTooLong,
        /// The call is heavier than any transaction may be.
        #[codec(index = 21)]
        CallTooHeavy,
        /// The call can't be decoded any more. Wait until the proposal expires, and close it.
        #[codec(index = 22)]
        CallUnavailable,
        /// The call is heavier than `max_weight`. State its weight.
        #[codec(index = 23)]
        MaxWeightTooLow,
        /// The DAO has as many open proposals as may be. Close those that can be.
        #[codec(index = 24)]
        TooManyProposals,
        /// The proposer has as many open proposals in this DAO as may be.
        #[codec(index = 25)]
        TooManyOfProposer,
        /// Votes are no longer taken.
        #[codec(index = 26)]
        VotingEnded,
        /// Votes are still taken. Try again when the poll has ended.
        #[codec(index = 27)]
        VotingOpen,
        /// It didn't pass. It can be closed.
        #[codec(index = 28)]
        Rejected,
        /// It passed and its delay isn't over. Try again later.
        #[codec(index = 29)]
        TooEarly,
        /// Its time to be executed is over. It can be closed.
        #[codec(index = 30)]
        Expired,
        /// It passed and can still be executed.
        #[codec(index = 31)]
        StillExecutable,
        /// A proposal is being executed. None is executed within another.
        #[codec(index = 32)]
        Nested,
        /// There are other proposals. Close them first.
        #[codec(index = 33)]
        ProposalsOpen,
        /// The DAO still has deposits on hold. Give up what they are for first.
        #[codec(index = 34)]
        DepositsHeld,
        /// A counter is at its end.
        #[codec(index = 35)]
        Overflow,
    }

    #[pallet::hooks]
    impl<T: Config> Hooks<BlockNumberFor<T>> for Pallet<T> {
        fn integrity_test() {
            Self::check_constants();
        }

        #[cfg(feature = "try-runtime")]
        fn try_state(_: BlockNumberFor<T>) -> Result<(), polkadot_sdk::sp_runtime::TryRuntimeError> {
            Self::do_try_state()
        }
    }

    #[pallet::call]
    impl<T: Config> Pallet<T> {
        /// Creates a DAO of members, or of those who hold shares of an asset; the caller is then one of these. The caller
        /// pays the deposits of the DAO and its first members.
        ///
        /// Errors: `BadName`, `ZeroQuorum`, `LowApproval`, `BadPeriod`, `BadProposalShares`, `NoMembers`,
        /// `AlreadyMember`, `NotEnoughShares`.
        #[pallet::call_index(0)]
        #[pallet::weight(T::WeightInfo::create(founders.count()))]
        pub fn create(
            origin: OriginFor<T>,
            name: Name,
            founders: Founders<T::AccountId>,
            rules: RulesOf<T>,
        ) -> DispatchResult {
            Self::do_create(ensure_signed(origin)?, name, founders, rules)
        }

        /// Proposes that a DAO makes a call, and votes for it. The caller is a member, or holds at least as many shares
        /// as the rules say; `shares` says how many vote, all of them if it isn't given. The caller pays the deposit.
        ///
        /// Errors: `DaoNotFound`, `NotMember`, `NotOfShares`, `NotEnoughShares`, `CallFiltered`, `CallTooLong`,
        /// `CallTooHeavy`, `TooManyProposals`, `TooManyOfProposer`.
        #[pallet::call_index(1)]
        #[pallet::weight(T::WeightInfo::propose())]
        pub fn propose(
            origin: OriginFor<T>,
            dao: DaoId,
            call: Box<<T as Config>::RuntimeCall>,
            shares: Option<u32>,
        ) -> DispatchResult {
            Self::do_propose(ensure_signed(origin)?, dao, *call, shares)
        }

        /// Votes, or changes the caller's vote. In a DAO of shares, `shares` says how many vote, all that the caller has
        /// if it isn't given; they are locked until the vote is released. The caller pays the deposit.
        ///
        /// Errors: `ProposalNotFound`, `VotingEnded`, `NotMember`, `JoinedLater`, `NotOfShares`, `NotEnoughShares`,
        /// `FewerShares`.
        #[pallet::call_index(2)]
        #[pallet::weight(T::WeightInfo::vote())]
        pub fn vote(
            origin: OriginFor<T>,
            proposal: ProposalId,
            aye: bool,
            shares: Option<u32>,
        ) -> DispatchResult {
            Self::do_vote(ensure_signed(origin)?, proposal, aye, shares)
        }

        /// Makes the DAO's account dispatch the call of a passed proposal, and returns the proposal's deposit. The caller
        /// is anybody, and pays for the call's weight, which is at most `max_weight`. If the call fails, so does this,
        /// with the call's own error.
        ///
        /// Errors: `ProposalNotFound`, `VotingOpen`, `Rejected`, `TooEarly`, `Expired`, `Nested`, `CallUnavailable`,
        /// `MaxWeightTooLow`.
        #[pallet::call_index(3)]
        #[pallet::weight(T::WeightInfo::execute().saturating_add(*max_weight))]
        pub fn execute(
            origin: OriginFor<T>,
            proposal: ProposalId,
            max_weight: Weight,
        ) -> DispatchResultWithPostInfo {
            ensure_signed(origin)?;
            Self::do_execute(proposal, max_weight)
        }

        /// Closes a proposal that didn't pass or wasn't executed in time, and returns its deposit. The caller is anybody.
        ///
        /// Errors: `ProposalNotFound`, `VotingOpen`, `StillExecutable`.
        #[pallet::call_index(4)]
        #[pallet::weight(T::WeightInfo::close())]
        pub fn close(origin: OriginFor<T>, proposal: ProposalId) -> DispatchResult {
            ensure_signed(origin)?;
            Self::do_close(proposal)
        }

        /// Releases a vote of a poll that has ended: its shares are unlocked and its deposit is returned to the voter.
        /// The caller is anybody.
        ///
        /// Errors: `VoteNotFound`, `VotingOpen`.
        #[pallet::call_index(5)]
        #[pallet::weight(T::WeightInfo::release_vote())]
        pub fn release_vote(
            origin: OriginFor<T>,
            proposal: ProposalId,
            voter: T::AccountId,
        ) -> DispatchResult {
            ensure_signed(origin)?;
            Self::do_release_vote(proposal, voter)
        }

        /// Adds a member, who may vote on what is proposed from now on. The caller is the DAO, and pays the deposit.
        ///
        /// Errors: `DaoNotFound`, `NotTheDao`, `NotOfMembers`, `AlreadyMember`, `TooManyMembers`.
        #[pallet::call_index(6)]
        #[pallet::weight(T::WeightInfo::add_member())]
        pub fn add_member(origin: OriginFor<T>, dao: DaoId, member: T::AccountId) -> DispatchResult {
            Self::ensure_dao(origin, dao)?;
            Self::do_add_member(dao, member)
        }

        /// Removes a member, takes its votes out of all polls that still take votes, and returns its deposit to whoever
        /// paid it. The caller is the DAO.
        ///
        /// Errors: `DaoNotFound`, `NotTheDao`, `NotMember`, `LastMember`.
        #[pallet::call_index(7)]
        #[pallet::weight(T::WeightInfo::remove_member())]
        pub fn remove_member(origin: OriginFor<T>, dao: DaoId, member: T::AccountId) -> DispatchResult {
            Self::ensure_dao(origin, dao)?;
            Self::do_remove_member(dao, member)
        }

        /// Leaves a DAO, as if it removed the caller.
        ///
        /// Errors: `DaoNotFound`, `NotMember`, `LastMember`.
        #[pallet::call_index(8)]
        #[pallet::weight(T::WeightInfo::remove_member())]
        pub fn leave(origin: OriginFor<T>, dao: DaoId) -> DispatchResult {
            Self::do_remove_member(dao, ensure_signed(origin)?)
        }

        /// Sets the rules for new proposals. The caller is the DAO.
        ///
        /// Errors: `DaoNotFound`, `NotTheDao`, `ZeroQuorum`, `LowApproval`, `BadPeriod`, `BadProposalShares`.
        #[pallet::call_index(9)]
        #[pallet::weight(T::WeightInfo::set_rules())]
        pub fn set_rules(origin: OriginFor<T>, dao: DaoId, rules: RulesOf<T>) -> DispatchResult {
            Self::ensure_dao(origin, dao)?;
            Self::do_set_rules(dao, rules)
        }

        /// Ends a DAO that has no other proposals and no deposits on hold, returns all deposits for it and its members,
        /// and gives what it has to `beneficiary`. The caller is the DAO.
        ///
        /// Errors: `DaoNotFound`, `NotTheDao`, `ProposalsOpen`, `DepositsHeld`.
        #[pallet::call_index(10)]
        #[pallet::weight(T::WeightInfo::dissolve())]
        pub fn dissolve(origin: OriginFor<T>, dao: DaoId, beneficiary: T::AccountId) -> DispatchResult {
            Self::ensure_dao(origin, dao)?;
            Self::do_dissolve(dao, beneficiary)
        }
    }

    #[pallet::view_functions]
    impl<T: Config> Pallet<T> {
        /// The DAO of a number.
        pub fn dao(dao: DaoId) -> Option<DaoInfo<T::AccountId, BlockNumberFor<T>>> {
            Self::dao_info(dao)
        }

        /// The proposal of a number, if it isn't closed.
        pub fn proposal(proposal: ProposalId) -> Option<ProposalInfo<T::AccountId, BlockNumberFor<T>>> {
            Self::proposal_info(proposal)
        }

        /// An account's vote on a proposal, if it isn't released.
        pub fn vote_of(
            proposal: ProposalId,
            voter: T::AccountId,
        ) -> Option<VoteInfo<T::AccountId, BlockNumberFor<T>>> {
            Self::vote_info(proposal, voter)
        }

        /// What an entry's deposit would be now.
        pub fn deposit(of: DepositFor) -> BalanceOf<T> {
            Self::deposit_for(of)
        }
    }
}

//! The first vote of an account on a referendum costs no fee.
//!
//! [`FreeVotes`] wraps the extension that charges fees, and looks like it to every client: same name, same bytes. It
//! waives the fee of a vote that its sender signed itself and that
//! - states at least [`Config::MinAmount`], which the sender owns,
//! - is on a referendum that is ongoing and on which the sender hasn't voted freely before,
//! - is one of at most [`Config::MaxPerEra`] in the sender's era, and offers no tip.
//!
//! All other votes are charged like any call: nested ones in batches, proxies and multisigs among them, because
//! only the outermost call is looked at.
//!
//! # Floods
//! A free vote has priority 0, and every paying transaction has more, so paying ones are taken first, and when the pool
//! is full free votes are dropped first. A block takes at most [`Config::MaxPerBlock`] of them; the others wait in the
//! pool. Whoever can't wait offers a tip, and pays.
//!
//! # Records
//! One row for each account that voted freely, with the referenda that weren't over when it last did. A free vote is
//! noted before the vote is dispatched, so one that fails is used up, and removing a vote makes no other free. When all
//! of an account's referenda are over, anybody may [clear](Pallet::clear) its row.

#[cfg(feature = "runtime-benchmarks")]
mod benchmarking;
mod extension;
#[cfg(test)]
mod tests;
mod weights;

pub use extension::{FreeVotes, Tipped};
pub use pallet::*;
pub use weights::WeightInfo;

use codec::{Decode, DecodeWithMemTracking, Encode, MaxEncodedLen};
use polkadot_sdk::{
    frame_support::{
        self, BoundedVec,
        traits::{ConstU32, fungible::Inspect},
    },
    frame_system,
};
use scale_info::TypeInfo;

/// A referendum's number.
pub type PollIndex = u32;
/// Most referenda at once on which an account votes freely.
pub const MAX_POLLS: u32 = 16;

/// What a vote must state.
pub type BalanceOf<T> = <<T as Config>::Currency as Inspect<<T as frame_system::Config>::AccountId>>::Balance;

/// A vote on a referendum, as a call states it.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub struct StatedVote<Balance> {
    /// The referendum.
    pub poll: PollIndex,
    /// The vote's own amount.
    pub amount: Balance,
}

/// The referenda of this runtime.
pub trait Referenda<Call, Balance> {
    /// The vote that a call itself is; `None` for every other call, whatever is nested in it.
    fn vote_of(call: &Call) -> Option<StatedVote<Balance>>;
    /// Whether votes on a referendum are taken.
    fn is_ongoing(poll: PollIndex) -> bool;
    /// A new referendum, and a call that votes on it.
    #[cfg(feature = "runtime-benchmarks")]
    fn create_ongoing(amount: Balance) -> (PollIndex, Call);
}

/// The free votes of an account.
#[derive(
    Clone, Debug, Decode, DecodeWithMemTracking, Default, Encode, Eq, MaxEncodedLen, PartialEq, TypeInfo,
)]
pub struct Used<BlockNumber> {
    /// The era of the newest one.
    pub era: BlockNumber,
    /// How many there were in it.
    pub in_era: u32,
    /// The referenda that they were on and that weren't over then.
    pub polls: BoundedVec<PollIndex, ConstU32<MAX_POLLS>>,
}

#[frame_support::pallet]
pub mod pallet {
    use super::*;
    use polkadot_sdk::{
        frame_support::pallet_prelude::*,
        frame_system::pallet_prelude::*,
        sp_runtime::traits::{CheckedDiv, Zero},
    };

    const STORAGE_VERSION: StorageVersion = StorageVersion::new(1);

    #[pallet::pallet]
    #[pallet::storage_version(STORAGE_VERSION)]
    pub struct Pallet<T>(_);

    /// What free votes need of their runtime.
    #[pallet::config]
    pub trait Config: polkadot_sdk::frame_system::Config {
        /// The referenda.
        type Referenda: Referenda<<Self as polkadot_sdk::frame_system::Config>::RuntimeCall, BalanceOf<Self>>;
        /// What votes are counted in.
        type Currency: Inspect<Self::AccountId>;
        /// The least amount of a free vote.
        type MinAmount: Get<BalanceOf<Self>>;
        /// Blocks of an era.
        type EraLength: Get<BlockNumberFor<Self>>;
        /// Most free votes of an account in an era.
        type MaxPerEra: Get<u32>;
        /// Most free votes in a block.
        type MaxPerBlock: Get<u32>;
        /// What the calls weigh.
        type WeightInfo: WeightInfo;
    }

    /// The free votes of each account.
    #[pallet::storage]
    pub type UsedBy<T: Config> = StorageMap<_, Blake2_128Concat, T::AccountId, Used<BlockNumberFor<T>>>;

    /// How many free votes a block has, and which one it is: the newest that has any.
    #[pallet::storage]
    pub type InBlock<T: Config> = StorageValue<_, (BlockNumberFor<T>, u32), ValueQuery>;

    /// What happened.
    #[pallet::event]
    #[pallet::generate_deposit(pub(crate) fn deposit_event)]
    pub enum Event<T: Config> {
        /// A vote cost no fee.
        #[codec(index = 0)]
        FeeWaived {
            /// Who voted.
            voter: T::AccountId,
            /// The referendum.
            poll: PollIndex,
        },
    }

    /// What can go wrong.
    #[pallet::error]
    pub enum Error<T> {
        /// The account has no free votes on record.
        #[codec(index = 0)]
        NotFound,
        /// One of its referenda is ongoing, or its era isn't over.
        #[codec(index = 1)]
        StillNeeded,
    }

    #[pallet::hooks]
    impl<T: Config> Hooks<BlockNumberFor<T>> for Pallet<T> {
        fn integrity_test() {
            assert!(T::MaxPerEra::get() <= MAX_POLLS, "an era's free votes must fit an account's record");
            assert!(!T::EraLength::get().is_zero(), "an era must have blocks");
        }

        #[cfg(feature = "try-runtime")]
        fn try_state(_: BlockNumberFor<T>) -> Result<(), polkadot_sdk::sp_runtime::TryRuntimeError> {
            Self::check_used()
        }
    }

    #[pallet::call]
    impl<T: Config> Pallet<T> {
        /// Removes the record of an account whose referenda are over. The caller is anybody.
        ///
        /// Errors: `NotFound`, `StillNeeded`.
        #[pallet::call_index(0)]
        #[pallet::weight(<T as Config>::WeightInfo::clear())]
        pub fn clear(origin: OriginFor<T>, voter: T::AccountId) -> DispatchResult {
            ensure_signed(origin)?;
            let used = UsedBy::<T>::get(&voter).ok_or(Error::<T>::NotFound)?;
            let needed =
                used.era == Self::era() || used.polls.iter().any(|poll| T::Referenda::is_ongoing(*poll));
            ensure!(!needed, Error::<T>::StillNeeded);
            UsedBy::<T>::remove(voter);
            Ok(())
        }
    }

    impl<T: Config> Pallet<T> {
        /// Whether a call would cost its signer no fee now, if it offered no tip and the block had room.
        pub fn is_free(
            voter: &T::AccountId,
            call: &<T as polkadot_sdk::frame_system::Config>::RuntimeCall,
        ) -> bool {
            T::Referenda::vote_of(call).is_some_and(|vote| Self::may_vote(voter, &vote))
        }

        /// Whether a vote would be free.
        pub(crate) fn may_vote(voter: &T::AccountId, vote: &StatedVote<BalanceOf<T>>) -> bool {
            let used = UsedBy::<T>::get(voter).unwrap_or_default();
            let in_era = if used.era == Self::era() { used.in_era } else { 0 };
            vote.amount >= T::MinAmount::get()
                && in_era < T::MaxPerEra::get()
                && !used.polls.contains(&vote.poll)
                && T::Currency::total_balance(voter) >= vote.amount
                && T::Referenda::is_ongoing(vote.poll)
                && (!used.polls.is_full() || used.polls.iter().any(|poll| !T::Referenda::is_ongoing(*poll)))
        }

        /// Whether this block takes another one.
        pub(crate) fn has_room() -> bool {
            Self::in_this_block() < T::MaxPerBlock::get()
        }

        /// Notes a free vote.
        pub(crate) fn note(voter: &T::AccountId, poll: PollIndex) {
            let mut used = UsedBy::<T>::get(voter).unwrap_or_default();
            let era = Self::era();
            used.in_era = if used.era == era { used.in_era.saturating_add(1) } else { 1 };
            used.era = era;
            used.polls.retain(|poll| T::Referenda::is_ongoing(*poll));
            if used.polls.try_push(poll).is_err() {
                frame_support::defensive!("a vote is free only if there is room for it");
            }
            UsedBy::<T>::insert(voter, used);
            let now = frame_system::Pallet::<T>::block_number();
            InBlock::<T>::put((now, Self::in_this_block().saturating_add(1)));
        }

        fn in_this_block() -> u32 {
            let (block, count) = InBlock::<T>::get();
            if block == frame_system::Pallet::<T>::block_number() { count } else { 0 }
        }

        fn era() -> BlockNumberFor<T> {
            let now = frame_system::Pallet::<T>::block_number();
            now.checked_div(&T::EraLength::get()).unwrap_or_default()
        }

        /// No record is of the future, of nothing, or has a referendum twice.
        #[cfg(any(test, feature = "try-runtime"))]
        pub(crate) fn check_used() -> Result<(), polkadot_sdk::sp_runtime::TryRuntimeError> {
            for used in UsedBy::<T>::iter_values() {
                ensure!(used.era <= Self::era(), "free votes: in an era of the future");
                ensure!(used.in_era > 0, "free votes: none on record");
                let different: alloc::collections::BTreeSet<_> = used.polls.iter().collect();
                ensure!(different.len() == used.polls.len(), "free votes: two on one referendum");
            }
            ensure!(
                InBlock::<T>::get().0 <= frame_system::Pallet::<T>::block_number(),
                "free votes: in a block of the future"
            );
            Ok(())
        }
    }
}

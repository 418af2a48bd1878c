//! The validators of a network, as a session manager under governance.
//!
//! An admin origin adds and removes members. `pallet-session` asks this pallet for the validators of each session:
//! those members that have session keys. A change made in session `s` takes effect in session `s + 2`, because a set
//! is planned a session ahead. A session whose validators and keys are those of the one before isn't a change, so
//! that GRANDPA doesn't change its set for nothing.
//!
//! # Offences
//! As the `OnOffenceHandler` of `pallet-offences` it does three things with a validator that equivocated:
//! - disables it, at once and again in each session that it is still in, because `pallet-session` forgets who is
//!   disabled when the set changes;
//! - takes it out of the members, or does so as soon as [the minimum](MinimumSize) allows;
//! - notes the offence, once for each validator and session, in a bounded [history](Offences).
//!
//! BABE refuses blocks of disabled validators, so [fewer than a third](disabling_limit) are ever disabled, the first
//! to offend first; of three validators or fewer, none. The slots of a disabled validator stay empty.
//!
//! Adding an offender again is a clean slate: an offence from an earlier session is noted and not punished. Therefore
//! nobody is added who is still in a session's set.
//!
//! # Keys
//! No member without keys is ever planned, and a member needs them to be added. The runtime should close
//! `Session::purge_keys` to signed callers, since validators that purge theirs could empty the set;
//! [`release_keys`](Pallet::release_keys) is open to whoever has left.
//!
//! # Invariants
//! There are at least as many members as the minimum. Whoever is disabled has offended. Whoever offended is remembered
//! for as long as it is a member or in a set. `try_state` checks all of it.

#![cfg_attr(not(feature = "std"), no_std)]

extern crate alloc;

pub mod runtime_api;
pub mod types;
pub mod weights;

#[cfg(feature = "runtime-benchmarks")]
mod benchmarking;
mod members;
#[cfg(test)]
mod mock;
mod offences;
mod sessions;
#[cfg(test)]
mod tests;
#[cfg(any(test, feature = "try-runtime"))]
mod try_state;

pub use pallet::*;
pub use sessions::disabling_limit;
pub use weights::WeightInfo;

use polkadot_sdk::{
    frame_support,
    frame_system::{self, pallet_prelude::BlockNumberFor},
};

/// An offence as this runtime stores it.
pub type OffenceRecordOf<T> = types::OffenceRecord<<T as frame_system::Config>::AccountId, BlockNumberFor<T>>;

#[frame_support::pallet]
pub mod pallet {
    use super::*;
    use crate::types::{MaxOffenders, Member, MemberInfo, OffenceInfo, SetLimits};
    use alloc::{collections::BTreeSet, vec::Vec};
    use polkadot_sdk::{
        frame_support::pallet_prelude::*, frame_system::pallet_prelude::*, sp_staking::SessionIndex,
    };

    const STORAGE_VERSION: StorageVersion = StorageVersion::new(1);

    #[pallet::pallet]
    #[pallet::storage_version(STORAGE_VERSION)]
    pub struct Pallet<T>(_);

    /// What the set needs of its runtime. Declare this pallet before `pallet-session`, whose genesis asks it.
    #[pallet::config]
    pub trait Config:
        polkadot_sdk::frame_system::Config
        + pallet_session::Config<ValidatorId = <Self as polkadot_sdk::frame_system::Config>::AccountId>
        + pallet_session::historical::Config<FullIdentification = ()>
    {
        /// Who may change the set.
        type AdminOrigin: EnsureOrigin<Self::RuntimeOrigin>;
        /// Most members.
        #[pallet::constant]
        type MaxValidators: Get<u32>;
        /// How many offences are remembered.
        #[pallet::constant]
        type MaxOffences: Get<u32>;
        /// Sessions for which an offence can be proven; the roots of older ones are pruned.
        #[pallet::constant]
        type ReportingSessions: Get<SessionIndex>;
        /// What the calls weigh.
        type WeightInfo: WeightInfo;
    }

    /// Who is to validate, in the order they were added.
    #[pallet::storage]
    pub type Members<T: Config> =
        StorageValue<_, BoundedVec<Member<T::AccountId>, T::MaxValidators>, ValueQuery>;

    /// Fewest members with keys; no removal goes below.
    #[pallet::storage]
    pub type MinimumSize<T: Config> = StorageValue<_, u32, ValueQuery>;

    /// Those who offended and may still be in a session's set, the first to offend first.
    #[pallet::storage]
    pub type Offenders<T: Config> =
        StorageValue<_, BoundedVec<T::AccountId, MaxOffenders<T::MaxValidators>>, ValueQuery>;

    /// The newest offences, by number.
    #[pallet::storage]
    pub type Offences<T: Config> = StorageMap<_, Blake2_128Concat, u64, OffenceRecordOf<T>>;

    /// The number of an offence that is remembered.
    #[pallet::storage]
    pub type OffenceNumbers<T: Config> =
        StorageDoubleMap<_, Blake2_128Concat, SessionIndex, Blake2_128Concat, T::AccountId, u64>;

    /// The number of the next offence; none is used twice.
    #[pallet::storage]
    pub type NextOffence<T: Config> = StorageValue<_, u64, ValueQuery>;

    /// The validators to begin with.
    #[pallet::genesis_config]
    #[derive(frame_support::DebugNoBound)]
    pub struct GenesisConfig<T: Config> {
        /// Their accounts; each has its keys in `session.keys`.
        pub validators: Vec<T::AccountId>,
        /// Fewest members.
        pub minimum_size: u32,
    }

    impl<T: Config> Default for GenesisConfig<T> {
        fn default() -> Self {
            Self { validators: Vec::new(), minimum_size: 1 }
        }
    }

    #[pallet::genesis_build]
    impl<T: Config> BuildGenesisConfig for GenesisConfig<T> {
        fn build(&self) {
            let members: Vec<_> =
                self.validators.iter().map(|account| Member { account: account.clone(), since: 0 }).collect();
            let different: BTreeSet<_> = self.validators.iter().map(Encode::encode).collect();
            assert!(different.len() == members.len(), "validatorSet.validators names an account twice");
            assert!(self.minimum_size > 0, "validatorSet.minimumSize must be at least 1");
            // A chain without any validators is one that tests build.
            assert!(
                members.is_empty()
                    || u32::try_from(members.len()).is_ok_and(|size| size >= self.minimum_size),
                "validatorSet.validators must be at least validatorSet.minimumSize, which is {}",
                self.minimum_size,
            );
            let most = T::MaxValidators::get();
            let Ok(members) = BoundedVec::try_from(members) else {
                panic!("validatorSet.validators must be at most {most}");
            };
            Members::<T>::put(members);
            MinimumSize::<T>::put(self.minimum_size);
        }
    }

    /// What happened.
    #[pallet::event]
    #[pallet::generate_deposit(pub(crate) fn deposit_event)]
    pub enum Event<T: Config> {
        /// A member was added. It validates from the session after the next on.
        #[codec(index = 0)]
        ValidatorAdded {
            /// The member.
            validator: T::AccountId,
        },
        /// A member was removed. It validates to the end of the next session.
        #[codec(index = 1)]
        ValidatorRemoved {
            /// Who was a member.
            validator: T::AccountId,
        },
        /// The minimum was set.
        #[codec(index = 2)]
        MinimumSizeSet {
            /// Fewest members.
            size: u32,
        },
        /// An offence was noted.
        #[codec(index = 3)]
        OffenceNoted {
            /// Its number.
            number: u64,
            /// Who offended.
            validator: T::AccountId,
            /// In which session.
            session: SessionIndex,
            /// Whether it is punished; one from before the validator was added isn't.
            punished: bool,
        },
        /// A member that offended was removed.
        #[codec(index = 4)]
        OffenderRemoved {
            /// Who was a member.
            validator: T::AccountId,
        },
        /// A member that offended is kept until the minimum allows its removal. Add another one, or lower the minimum.
        #[codec(index = 5)]
        OffenderKept {
            /// The member.
            validator: T::AccountId,
        },
        /// Somebody who left the set took the deposit on their session keys back.
        #[codec(index = 6)]
        KeysReleased {
            /// Who did.
            account: T::AccountId,
        },
    }

    /// What can go wrong.
    #[pallet::error]
    pub enum Error<T> {
        /// It is a member.
        #[codec(index = 0)]
        AlreadyMember,
        /// It isn't a member.
        #[codec(index = 1)]
        NotMember,
        /// It has no session keys. It should call `Session::set_keys` first.
        #[codec(index = 2)]
        NoSessionKeys,
        /// It is still in the set of this session or the next. Try again when it has left both.
        #[codec(index = 3)]
        StillInSet,
        /// There are as many members as may be. Remove one first.
        #[codec(index = 4)]
        TooManyMembers,
        /// Fewer members with keys than the minimum would remain. Add another one first, or lower the minimum.
        #[codec(index = 5)]
        TooFewMembers,
        /// The minimum is at least 1 and at most the number of members that have keys.
        #[codec(index = 6)]
        BadMinimum,
    }

    #[pallet::hooks]
    impl<T: Config> Hooks<BlockNumberFor<T>> for Pallet<T> {
        fn integrity_test() {
            assert!(T::MaxValidators::get() > 0, "there must be room for a validator");
            assert!(T::MaxOffences::get() > 0, "there must be room for an offence");
            // A set is planned a session ahead and may be reported in the one after it.
            assert!(T::ReportingSessions::get() > 2, "offences must be provable for longer than a set lives");
            let boundary = <T as Config>::WeightInfo::new_session();
            let block = T::BlockWeights::get().max_block;
            assert!(boundary.all_lte(block), "a session of the largest set must be planned within a block");
        }

        #[cfg(feature = "try-runtime")]
        fn try_state(_: BlockNumberFor<T>) -> Result<(), polkadot_sdk::sp_runtime::TryRuntimeError> {
            Self::do_try_state()
        }
    }

    #[pallet::call]
    impl<T: Config> Pallet<T> {
        /// Adds a member, which must have session keys and be in no session's set. An offender that the minimum kept
        /// goes. The caller is the admin origin.
        ///
        /// Errors: `AlreadyMember`, `NoSessionKeys`, `StillInSet`, `TooManyMembers`.
        #[pallet::call_index(0)]
        #[pallet::weight(<T as Config>::WeightInfo::add())]
        pub fn add(origin: OriginFor<T>, validator: T::AccountId) -> DispatchResult {
            T::AdminOrigin::ensure_origin(origin)?;
            Self::do_add(validator)
        }

        /// Removes a member. At least the minimum of members with keys must remain. The caller is the admin origin.
        ///
        /// Errors: `NotMember`, `TooFewMembers`.
        #[pallet::call_index(1)]
        #[pallet::weight(<T as Config>::WeightInfo::remove())]
        pub fn remove(origin: OriginFor<T>, validator: T::AccountId) -> DispatchResult {
            T::AdminOrigin::ensure_origin(origin)?;
            Self::do_remove(validator)
        }

        /// Sets the fewest members that may remain. Offenders that the old minimum kept go. The caller is the admin
        /// origin.
        ///
        /// Errors: `BadMinimum`.
        #[pallet::call_index(2)]
        #[pallet::weight(<T as Config>::WeightInfo::set_minimum_size())]
        pub fn set_minimum_size(origin: OriginFor<T>, size: u32) -> DispatchResult {
            T::AdminOrigin::ensure_origin(origin)?;
            Self::do_set_minimum_size(size)
        }

        /// Clears the caller's session keys and returns their deposit. The caller is neither a member nor in any
        /// session's set.
        ///
        /// Errors: `AlreadyMember`, `StillInSet`, `NoSessionKeys`.
        #[pallet::call_index(3)]
        #[pallet::weight(<T as Config>::WeightInfo::release_keys())]
        pub fn release_keys(origin: OriginFor<T>) -> DispatchResult {
            Self::do_release_keys(ensure_signed(origin)?)
        }
    }

    #[pallet::view_functions]
    impl<T: Config> Pallet<T> {
        /// The validators of this session.
        pub fn validators() -> Vec<T::AccountId> {
            pallet_session::Validators::<T>::get()
        }

        /// The validators of the next session.
        pub fn queued() -> Vec<T::AccountId> {
            pallet_session::QueuedKeys::<T>::get().into_iter().map(|(validator, _)| validator).collect()
        }

        /// Those from whom the sessions after the next are planned, in the order they were added.
        pub fn members() -> Vec<MemberInfo<T::AccountId>> {
            Self::member_infos()
        }

        /// The validators of this session that are disabled.
        pub fn disabled() -> Vec<T::AccountId> {
            Self::disabled_accounts()
        }

        /// Those who offended and may still be in a session's set, the first to offend first.
        pub fn offenders() -> Vec<T::AccountId> {
            Offenders::<T>::get().into_inner()
        }

        /// Offences before number `before`, newest first.
        pub fn offences(
            before: Option<u64>,
            limit: u32,
        ) -> Vec<OffenceInfo<T::AccountId, BlockNumberFor<T>>> {
            Self::offence_infos(before, limit)
        }

        /// How large the set may be, and how many of it may be disabled.
        pub fn limits() -> SetLimits {
            Self::set_limits()
        }
    }
}

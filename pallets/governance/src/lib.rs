//! The origins that referenda decide with, and how long and how dear each kind of referendum is.
//!
//! - [`Origin`] has an origin for every track but root's: a referendum that passes on a track dispatches with it.
//! - [`TrackRules`] are the periods and the deposit of a track, [`Pace`] those of all that is shared. The genesis gives
//!   them, so that networks of different pace have the same code; the admin origin changes them.
//!
//! What needs which share of the votes isn't here: that is the same on every network, and stands in the runtime.
//! Neighbours ask with [`Pallet::rules`] and [`Pallet::pace`]; a value that was never set reads as its default.
//!
//! # Invariants
//! All rules that are kept can be lived by ([`TrackRules::check`], [`Pace::check`]). `try_state` checks it.

#![cfg_attr(not(feature = "std"), no_std)]

extern crate alloc;

#[cfg(feature = "runtime-benchmarks")]
mod benchmarking;
#[cfg(test)]
mod tests;
mod types;
pub mod weights;

pub use pallet::*;
pub use types::{Pace, RulesError, TrackId, TrackRules};
pub use weights::WeightInfo;

use alloc::string::String;
use polkadot_sdk::frame_support;

/// A runtime's parameters, which its genesis sets by their names.
pub trait InitialParameters {
    /// Sets one, or says why not.
    fn set(name: &str, value: u128) -> Result<(), String>;
}

/// A runtime without parameters.
impl InitialParameters for () {
    fn set(_: &str, _: u128) -> Result<(), String> {
        Err("there is no such parameter".into())
    }
}

#[frame_support::pallet]
pub mod pallet {
    use super::*;
    use alloc::vec::Vec;
    use polkadot_sdk::{
        frame_support::{
            pallet_prelude::*,
            sp_runtime::traits::{AtLeast32BitUnsigned, MaybeSerializeDeserialize},
        },
        frame_system::pallet_prelude::*,
    };

    const STORAGE_VERSION: StorageVersion = StorageVersion::new(1);

    #[pallet::pallet]
    #[pallet::storage_version(STORAGE_VERSION)]
    pub struct Pallet<T>(_);

    /// What governance needs of its runtime.
    #[pallet::config]
    pub trait Config: polkadot_sdk::frame_system::Config {
        /// What deposits are counted in.
        type Balance: AtLeast32BitUnsigned
            + Copy
            + Default
            + MaxEncodedLen
            + MaybeSerializeDeserialize
            + Member
            + Parameter;
        /// The tracks of this runtime, and the rules of each where the genesis gives none.
        type DefaultRules: Get<Vec<(TrackId, TrackRules<Self::Balance, BlockNumberFor<Self>>)>>;
        /// The pace where the genesis gives none.
        type DefaultPace: Get<Pace<Self::Balance, BlockNumberFor<Self>>>;
        /// What the genesis sets beside the rules.
        type Parameters: InitialParameters;
        /// Who changes rules.
        type AdminOrigin: EnsureOrigin<Self::RuntimeOrigin>;
        /// What the calls weigh.
        type WeightInfo: WeightInfo;
    }

    /// With what a passed referendum dispatches, beside root.
    #[pallet::origin]
    #[derive(
        Clone, Copy, Debug, Decode, DecodeWithMemTracking, Encode, Eq, MaxEncodedLen, PartialEq, TypeInfo,
    )]
    pub enum Origin {
        /// As root, for what the technical committee has whitelisted.
        #[codec(index = 0)]
        WhitelistedCaller,
        /// Adds and removes validators.
        #[codec(index = 1)]
        ValidatorAdmin,
        /// Sets the hub's prices and limits.
        #[codec(index = 2)]
        HubParameters,
        /// Takes content down and restores it.
        #[codec(index = 3)]
        Moderation,
        /// Spends the treasury's money.
        #[codec(index = 4)]
        Treasurer,
        /// Spends a little of it.
        #[codec(index = 5)]
        SmallSpender,
    }

    macro_rules! ensures {
        ($($(#[$doc:meta])* $name:ident: $origin:ident,)*) => {$(
            $(#[$doc])*
            pub struct $name;
            impl<O: OriginTrait + From<Origin>> EnsureOrigin<O> for $name
            where
                for<'a> &'a O::PalletsOrigin: TryInto<&'a Origin>,
            {
                type Success = ();

                fn try_origin(origin: O) -> Result<(), O> {
                    let let_through = matches!(origin.caller().try_into(), Ok(Origin::$origin));
                    if let_through { Ok(()) } else { Err(origin) }
                }

                #[cfg(feature = "runtime-benchmarks")]
                fn try_successful_origin() -> Result<O, ()> {
                    Ok(O::from(Origin::$origin))
                }
            }
        )*};
    }

    ensures! {
        /// Lets [`Origin::WhitelistedCaller`] through.
        EnsureWhitelistedCaller: WhitelistedCaller,
        /// Lets [`Origin::ValidatorAdmin`] through.
        EnsureValidatorAdmin: ValidatorAdmin,
        /// Lets [`Origin::HubParameters`] through.
        EnsureHubParameters: HubParameters,
        /// Lets [`Origin::Moderation`] through.
        EnsureModeration: Moderation,
        /// Lets [`Origin::Treasurer`] through.
        EnsureTreasurer: Treasurer,
        /// Lets [`Origin::SmallSpender`] through.
        EnsureSmallSpender: SmallSpender,
    }

    /// The rules of each track that has its own.
    #[pallet::storage]
    pub type Rules<T: Config> =
        StorageMap<_, Blake2_128Concat, TrackId, TrackRules<T::Balance, BlockNumberFor<T>>>;

    /// The pace of all that the tracks share.
    #[pallet::storage]
    pub type SharedPace<T: Config> = StorageValue<_, Pace<T::Balance, BlockNumberFor<T>>>;

    /// The pace of a network's governance; what isn't given is the runtime's default.
    #[pallet::genesis_config]
    #[derive(frame_support::DefaultNoBound)]
    pub struct GenesisConfig<T: Config> {
        /// The rules of tracks, by their ids.
        pub tracks: Vec<(TrackId, TrackRules<T::Balance, BlockNumberFor<T>>)>,
        /// What they share.
        pub pace: Option<Pace<T::Balance, BlockNumberFor<T>>>,
        /// The runtime's parameters, by name; those that aren't given have their defaults.
        pub parameters: Vec<(String, u128)>,
    }

    #[pallet::genesis_build]
    impl<T: Config> BuildGenesisConfig for GenesisConfig<T> {
        fn build(&self) {
            for (track, rules) in &self.tracks {
                assert!(Pallet::<T>::is_track(*track), "governance.tracks: there is no track {track}");
                if let Err(error) = rules.check() {
                    panic!("governance.tracks, track {track}: {error}");
                }
                Rules::<T>::insert(track, rules);
            }
            if let Some(pace) = &self.pace {
                if let Err(error) = pace.check() {
                    panic!("governance.pace: {error}");
                }
                SharedPace::<T>::put(pace);
            }
            for (name, value) in &self.parameters {
                if let Err(error) = T::Parameters::set(name, *value) {
                    panic!("governance.parameters, {name} = {value}: {error}");
                }
            }
        }
    }

    /// What happened.
    #[pallet::event]
    #[pallet::generate_deposit(fn deposit_event)]
    pub enum Event<T: Config> {
        /// A track has other rules from now on, for referenda under way too.
        #[codec(index = 0)]
        RulesSet {
            /// The track.
            track: TrackId,
            /// Its rules.
            rules: TrackRules<T::Balance, BlockNumberFor<T>>,
        },
        /// What the tracks share has another pace.
        #[codec(index = 1)]
        PaceSet {
            /// The pace.
            pace: Pace<T::Balance, BlockNumberFor<T>>,
        },
    }

    /// Why a call was refused.
    #[pallet::error]
    pub enum Error<T> {
        /// There is no such track: look at the constant `tracks` of referenda.
        NoSuchTrack,
        /// At least one referendum must be decided at a time.
        NothingDecided,
        /// A period that can't be zero is zero.
        ZeroPeriod,
        /// Confirming takes longer than deciding: make the decision period at least as long.
        ConfirmTooLong,
    }

    impl<T> From<RulesError> for Error<T> {
        fn from(error: RulesError) -> Self {
            match error {
                RulesError::NothingDecided => Error::NothingDecided,
                RulesError::ZeroPeriod => Error::ZeroPeriod,
                RulesError::ConfirmTooLong => Error::ConfirmTooLong,
            }
        }
    }

    #[pallet::call]
    impl<T: Config> Pallet<T> {
        /// Gives a track other rules.
        #[pallet::call_index(0)]
        #[pallet::weight(T::WeightInfo::set_rules())]
        pub fn set_rules(
            origin: OriginFor<T>,
            track: TrackId,
            rules: TrackRules<T::Balance, BlockNumberFor<T>>,
        ) -> DispatchResult {
            T::AdminOrigin::ensure_origin(origin)?;
            ensure!(Self::is_track(track), Error::<T>::NoSuchTrack);
            rules.check().map_err(Error::<T>::from)?;
            Rules::<T>::insert(track, &rules);
            Self::deposit_event(Event::RulesSet { track, rules });
            Ok(())
        }

        /// Gives what the tracks share another pace.
        #[pallet::call_index(1)]
        #[pallet::weight(T::WeightInfo::set_pace())]
        pub fn set_pace(origin: OriginFor<T>, pace: Pace<T::Balance, BlockNumberFor<T>>) -> DispatchResult {
            T::AdminOrigin::ensure_origin(origin)?;
            pace.check().map_err(Error::<T>::from)?;
            SharedPace::<T>::put(&pace);
            Self::deposit_event(Event::PaceSet { pace });
            Ok(())
        }
    }

    #[pallet::hooks]
    impl<T: Config> Hooks<BlockNumberFor<T>> for Pallet<T> {
        fn integrity_test() {
            for (track, rules) in T::DefaultRules::get() {
                assert_eq!(rules.check(), Ok(()), "default rules of track {track}");
            }
            assert_eq!(T::DefaultPace::get().check(), Ok(()), "default pace");
        }

        #[cfg(feature = "try-runtime")]
        fn try_state(_: BlockNumberFor<T>) -> Result<(), polkadot_sdk::sp_runtime::TryRuntimeError> {
            Self::do_try_state()
        }
    }

    impl<T: Config> Pallet<T> {
        /// The rules of a track; `None` when there is no such track.
        pub fn rules(track: TrackId) -> Option<TrackRules<T::Balance, BlockNumberFor<T>>> {
            let default =
                T::DefaultRules::get().into_iter().find(|(id, _)| *id == track).map(|(_, rules)| rules)?;
            Some(Rules::<T>::get(track).unwrap_or(default))
        }

        /// The pace of all that the tracks share.
        pub fn pace() -> Pace<T::Balance, BlockNumberFor<T>> {
            SharedPace::<T>::get().unwrap_or_else(T::DefaultPace::get)
        }

        fn is_track(track: TrackId) -> bool {
            T::DefaultRules::get().iter().any(|(id, _)| *id == track)
        }

        #[cfg(any(test, feature = "try-runtime"))]
        pub(crate) fn do_try_state() -> Result<(), polkadot_sdk::sp_runtime::TryRuntimeError> {
            Self::check_rules()?;
            Self::check_pace()
        }

        #[cfg(any(test, feature = "try-runtime"))]
        fn check_rules() -> Result<(), polkadot_sdk::sp_runtime::TryRuntimeError> {
            for (track, rules) in Rules::<T>::iter() {
                ensure!(Self::is_track(track), "rules of a track that doesn't exist");
                ensure!(rules.check().is_ok(), "a track has rules that can't be lived by");
            }
            Ok(())
        }

        #[cfg(any(test, feature = "try-runtime"))]
        fn check_pace() -> Result<(), polkadot_sdk::sp_runtime::TryRuntimeError> {
            ensure!(Self::pace().check().is_ok(), "the pace can't be lived by");
            Ok(())
        }
    }
}

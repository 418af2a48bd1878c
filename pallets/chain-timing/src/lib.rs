//! Block time and epoch length, fixed at genesis.
//!
//! One wasm serves networks of different pace, so both are values of the genesis and not constants of the
//! code. There is no call that changes them, and there must never be one: BABE counts slots from the Unix
//! epoch, so that another slot duration or epoch length stops block production for good.
//!
//! - [`SlotDuration`], [`EpochLength`] and [`MinimumPeriod`] are `Get`s for BABE's and timestamp's `Config`.
//! - Block time is at least [`MIN_SLOT_DURATION_MS`], because the runtime's block weight must fit it.

#![cfg_attr(not(feature = "std"), no_std)]

use core::marker::PhantomData;
use polkadot_sdk::{frame_support::traits::Get, *};

pub use pallet::*;

/// Shortest block time, in milliseconds: a full block's weight takes half of it.
pub const MIN_SLOT_DURATION_MS: u64 = 2_000;
/// Longest block time, in milliseconds.
pub const MAX_SLOT_DURATION_MS: u64 = 60_000;
/// Fewest slots in an epoch: what BABE needs to hand over authorities and randomness.
pub const MIN_EPOCH_LENGTH: u64 = 10;

#[frame_support::pallet]
pub mod pallet {
    use super::*;
    use polkadot_sdk::{frame_support::pallet_prelude::*, frame_system::pallet_prelude::BlockNumberFor};

    /// Nothing is configured: all of it comes from the genesis.
    #[pallet::config]
    pub trait Config: polkadot_sdk::frame_system::Config {}

    const STORAGE_VERSION: StorageVersion = StorageVersion::new(1);

    #[pallet::pallet]
    #[pallet::storage_version(STORAGE_VERSION)]
    pub struct Pallet<T>(_);

    /// Milliseconds from one slot to the next.
    #[pallet::storage]
    pub type SlotDurationMs<T> = StorageValue<_, u64, ValueQuery>;

    /// Slots in an epoch, which is also a session.
    #[pallet::storage]
    pub type EpochSlots<T> = StorageValue<_, u64, ValueQuery>;

    /// The pace of a network.
    #[pallet::genesis_config]
    #[derive(frame_support::DebugNoBound)]
    pub struct GenesisConfig<T> {
        /// Milliseconds from one slot to the next.
        pub slot_duration_ms: u64,
        /// Slots in an epoch.
        pub epoch_slots: u64,
        #[serde(skip)]
        #[doc(hidden)]
        pub _config: PhantomData<T>,
    }

    impl<T> Default for GenesisConfig<T> {
        fn default() -> Self {
            Self { slot_duration_ms: 6_000, epoch_slots: 600, _config: PhantomData }
        }
    }

    #[pallet::genesis_build]
    impl<T: Config> BuildGenesisConfig for GenesisConfig<T> {
        fn build(&self) {
            assert!(
                (MIN_SLOT_DURATION_MS..=MAX_SLOT_DURATION_MS).contains(&self.slot_duration_ms),
                "chainTiming.slotDurationMs must be from {MIN_SLOT_DURATION_MS} to {MAX_SLOT_DURATION_MS}, not {}",
                self.slot_duration_ms,
            );
            assert!(
                self.epoch_slots >= MIN_EPOCH_LENGTH,
                "chainTiming.epochSlots must be at least {MIN_EPOCH_LENGTH}, not {}",
                self.epoch_slots,
            );
            SlotDurationMs::<T>::put(self.slot_duration_ms);
            EpochSlots::<T>::put(self.epoch_slots);
        }
    }

    #[pallet::hooks]
    impl<T: Config> Hooks<BlockNumberFor<T>> for Pallet<T> {
        #[cfg(feature = "try-runtime")]
        fn try_state(_: BlockNumberFor<T>) -> Result<(), sp_runtime::TryRuntimeError> {
            Self::check_timing()
        }
    }

    impl<T: Config> Pallet<T> {
        /// Both values are what a genesis could have set.
        #[cfg(any(test, feature = "try-runtime"))]
        pub fn check_timing() -> Result<(), sp_runtime::TryRuntimeError> {
            ensure!(
                (MIN_SLOT_DURATION_MS..=MAX_SLOT_DURATION_MS).contains(&SlotDurationMs::<T>::get()),
                "slot duration is out of its bounds"
            );
            ensure!(EpochSlots::<T>::get() >= MIN_EPOCH_LENGTH, "epoch is too short");
            Ok(())
        }
    }
}

/// Milliseconds from one slot to the next.
pub struct SlotDuration<T>(PhantomData<T>);
impl<T: Config> Get<u64> for SlotDuration<T> {
    fn get() -> u64 {
        SlotDurationMs::<T>::get()
    }
}

/// Slots in an epoch.
pub struct EpochLength<T>(PhantomData<T>);
impl<T: Config> Get<u64> for EpochLength<T> {
    fn get() -> u64 {
        EpochSlots::<T>::get()
    }
}

/// Least milliseconds between two blocks' timestamps: half a slot.
pub struct MinimumPeriod<T>(PhantomData<T>);
impl<T: Config> Get<u64> for MinimumPeriod<T> {
    fn get() -> u64 {
        SlotDurationMs::<T>::get() / 2
    }
}

/// `N` epochs, in blocks if every slot has one.
pub struct Epochs<T, const N: u64>(PhantomData<T>);
impl<T: Config, const N: u64> Get<u64> for Epochs<T, N> {
    fn get() -> u64 {
        EpochSlots::<T>::get().saturating_mul(N)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use polkadot_sdk::{
        frame_support::derive_impl,
        sp_io::TestExternalities,
        sp_runtime::{BuildStorage, traits::ConstU64},
    };

    #[frame_support::runtime]
    mod runtime {
        #[runtime::runtime]
        #[runtime::derive(
            RuntimeCall,
            RuntimeEvent,
            RuntimeError,
            RuntimeOrigin,
            RuntimeFreezeReason,
            RuntimeHoldReason,
            RuntimeSlashReason,
            RuntimeLockId,
            RuntimeTask
        )]
        pub struct Test;

        #[runtime::pallet_index(0)]
        pub type System = polkadot_sdk::frame_system;
        #[runtime::pallet_index(1)]
        pub type ChainTiming = crate;
    }

    #[derive_impl(frame_system::config_preludes::TestDefaultConfig)]
    impl frame_system::Config for Test {
        type Block = frame_system::mocking::MockBlock<Test>;
        type BlockHashCount = ConstU64<10>;
    }

    impl Config for Test {}

    fn genesis(slot_duration_ms: u64, epoch_slots: u64) -> TestExternalities {
        RuntimeGenesisConfig {
            chain_timing: GenesisConfig { slot_duration_ms, epoch_slots, ..Default::default() },
            ..Default::default()
        }
        .build_storage()
        .unwrap()
        .into()
    }

    #[test]
    fn genesis_values_reach_their_readers() {
        genesis(3_000, 200).execute_with(|| {
            assert_eq!(SlotDuration::<Test>::get(), 3_000);
            assert_eq!(MinimumPeriod::<Test>::get(), 1_500);
            assert_eq!(EpochLength::<Test>::get(), 200);
            assert_eq!(Epochs::<Test, 24>::get(), 4_800);
            assert_eq!(ChainTiming::check_timing(), Ok(()));
        });
    }

    #[test]
    #[should_panic(expected = "chainTiming.slotDurationMs must be from 2000 to 60000, not 0")]
    fn genesis_refuses_a_block_time_of_zero() {
        genesis(0, 200);
    }

    #[test]
    #[should_panic(expected = "chainTiming.epochSlots must be at least 10, not 9")]
    fn genesis_refuses_an_epoch_that_is_too_short() {
        genesis(3_000, 9);
    }

    #[test]
    fn check_timing_finds_a_lost_value() {
        genesis(3_000, 200).execute_with(|| {
            SlotDurationMs::<Test>::kill();
            assert!(ChainTiming::check_timing().is_err());
            SlotDurationMs::<Test>::put(3_000);
            EpochSlots::<Test>::put(1);
            assert!(ChainTiming::check_timing().is_err());
        });
    }
}

//! What a preset's genesis gives.

use super::*;
use frame_support::traits::{Get, KeyOwnerProofSystem};
use sp_consensus_babe::AllowedSlots;

#[test]
fn every_named_preset_builds() {
    for name in genesis::preset_names() {
        genesis_of(name.as_ref()).execute_with(|| {
            assert!(!Babe::authorities().is_empty(), "{name:?}");
            assert_eq!(Babe::authorities().len(), Grandpa::grandpa_authorities().len(), "{name:?}");
        });
    }
    assert_eq!(genesis::preset(&"nonsense".into()), None);
}

#[test]
fn development_has_one_validator_and_local_has_four() {
    for (preset, validators) in [("development", 1), ("local_testnet", 4)] {
        genesis_of(preset).execute_with(|| {
            assert_eq!(Session::validators().len(), validators);
            assert_eq!(<Runtime as pallet_babe::Config>::ExpectedBlockTime::get(), 3_000);
            assert_eq!(Babe::slot_duration(), 3_000);
        });
    }
}

#[test]
fn every_block_carries_a_vrf_output() {
    genesis_of("development").execute_with(|| {
        let config = Babe::epoch_config().expect("set at genesis");
        assert_eq!(config.allowed_slots, AllowedSlots::PrimaryAndSecondaryVRFSlots);
    });
}

#[test]
fn the_keys_of_the_first_session_can_be_proven() {
    genesis_of("local_testnet").execute_with(|| {
        let (authority, _) = Babe::authorities()[0].clone();
        assert!(Historical::prove((sp_consensus_babe::KEY_TYPE, authority)).is_some());
    });
}

#[test]
fn a_block_fits_the_shortest_block_time() {
    let block = configs::MAXIMUM_BLOCK_WEIGHT.ref_time();
    let slot = pallet_chain_timing::MIN_SLOT_DURATION_MS * 1_000_000_000;
    assert!(block * 2 <= slot, "a block's weight takes more than half of the shortest slot");
}

#[cfg(feature = "try-runtime")]
#[test]
fn every_pallets_state_holds_after_genesis() {
    for name in genesis::preset_names() {
        use frame_support::traits::{TryState, TryStateSelect};
        genesis_of(name.as_ref()).execute_with(|| {
            AllPalletsWithSystem::try_state(1, TryStateSelect::All).expect("the state holds");
        });
    }
}

//! Genesis presets: complete networks for development and for tests.

use crate::*;
use alloc::{string::ToString, vec, vec::Vec};
use frame_support::{build_struct_json_patch, genesis_builder_helper::build_state, traits::fungible::Mutate};
use pallet_governance::{Pace, TrackRules};
use pallet_grandpa::AuthorityId as GrandpaId;
use serde_json::Value;
use sp_authority_discovery::AuthorityId as AuthorityDiscoveryId;
use sp_consensus_babe::{AllowedSlots, AuthorityId as BabeId, BabeEpochConfiguration};
use sp_genesis_builder::{DEV_RUNTIME_PRESET, LOCAL_TESTNET_RUNTIME_PRESET, PresetId};
use sp_keyring::{Ed25519Keyring, Sr25519Keyring};

/// BABE's settings for every network: a quarter of the slots have a primary author, the others a secondary
/// one, and both carry a VRF output.
pub const EPOCH_CONFIGURATION: BabeEpochConfiguration =
    BabeEpochConfiguration { c: (1, 4), allowed_slots: AllowedSlots::PrimaryAndSecondaryVRFSlots };

/// What each of the well-known accounts holds in the presets.
const ENDOWMENT: Balance = 1_000_000 * STOA;

/// The pace of a network.
struct Timing {
    slot_duration_ms: u64,
    epoch_slots: u64,
}

/// So fast that a referendum passes within two minutes: for the presets alone, where nothing is at stake.
fn governance() -> pallet_governance::GenesisConfig<Runtime> {
    let rules = TrackRules {
        max_deciding: 10,
        decision_deposit: STOA,
        prepare_period: 2,
        decision_period: 30,
        confirm_period: 3,
        min_enactment_period: 1,
    };
    let tracks = configs::track::ALL.into_iter().map(|track| (track, rules)).collect();
    let pace = Pace {
        submission_deposit: STOA,
        undeciding_timeout: 100,
        vote_locking_period: 20,
        motion_duration: 100,
        spend_period: 20,
        payout_period: 1_000,
    };
    let parameters = PARAMETERS.iter().map(|(name, value)| (name.to_string(), *value)).collect();
    pallet_governance::GenesisConfig { tracks, pace: Some(pace), parameters }
}

/// As short as windows and deadlines can be, for the same reason.
const PARAMETERS: [(&str, u128); 14] = [
    ("proofs.Window", 64),
    ("proofs.Response", 32),
    ("proofs.JailWindows", 2),
    ("proofs.MinTerm", 1),
    ("proofs.AcceptWithin", 100),
    ("market.DeliveryPeriod", 20),
    ("market.DisputePeriod", 10),
    ("compute.MinStake", STOA),
    ("compute.ApplyBlocks", 4),
    ("compute.RevealBlocks", 5),
    ("compute.MinRunBlocks", 3),
    ("compute.MaxRunBlocks", 1_000),
    ("compute.BondedBlocks", 40),
    ("voting.MinFreeVote", STOA),
];
/// Fewest blocks for a proof in the presets.
const MIN_RESPONSE: BlockNumber = 16;

/// Builds the state of a network. The accounts in which pallets keep what isn't anybody's yet begin with the existential
/// deposit, on top of what the configuration gives out, so that the first amount, however small, has a place.
pub fn build(config: Vec<u8>) -> sp_genesis_builder::Result {
    build_state::<RuntimeGenesisConfig>(config)?;
    for pot in [Treasury::account_id(), Royalties::account(), ComputeEscrow::pot_account()] {
        if System::providers(&pot) == 0 {
            Balances::mint_into(&pot, configs::EXISTENTIAL_DEPOSIT)
                .map_err(|error| alloc::format!("a pot can't be endowed: {error:?}"))?;
        }
    }
    Ok(())
}

fn session_keys(keyring: Sr25519Keyring) -> SessionKeys {
    let ed25519 = match keyring {
        Sr25519Keyring::Bob => Ed25519Keyring::Bob,
        Sr25519Keyring::Charlie => Ed25519Keyring::Charlie,
        Sr25519Keyring::Dave => Ed25519Keyring::Dave,
        _ => Ed25519Keyring::Alice,
    };
    SessionKeys {
        grandpa: GrandpaId::from(ed25519.public()),
        babe: BabeId::from(keyring.public()),
        authority_discovery: AuthorityDiscoveryId::from(keyring.public()),
    }
}

fn network(validators: &[Sr25519Keyring], timing: Timing) -> Value {
    let balances: Vec<(AccountId, Balance)> =
        Sr25519Keyring::iter().map(|keyring| (keyring.to_account_id(), ENDOWMENT)).collect();
    let keys: Vec<(AccountId, AccountId, SessionKeys)> = validators
        .iter()
        .map(|keyring| (keyring.to_account_id(), keyring.to_account_id(), session_keys(*keyring)))
        .collect();
    let committee: Vec<AccountId> = validators.iter().map(|keyring| keyring.to_account_id()).collect();
    build_struct_json_patch!(RuntimeGenesisConfig {
        chain_timing: pallet_chain_timing::GenesisConfig {
            slot_duration_ms: timing.slot_duration_ms,
            epoch_slots: timing.epoch_slots,
        },
        babe: pallet_babe::GenesisConfig { epoch_config: EPOCH_CONFIGURATION },
        balances: pallet_balances::GenesisConfig { balances },
        session: pallet_session::GenesisConfig { keys },
        validator_set: pallet_validator_set::GenesisConfig { validators: committee.clone(), minimum_size: 1 },
        governance: governance(),
        technical_committee: pallet_collective::GenesisConfig { members: committee },
        storage_proofs: pallet_storage_proofs::GenesisConfig { min_response: Some(MIN_RESPONSE) },
    })
}

/// The genesis of a preset, as JSON; `None` when there is no such preset.
pub fn preset(id: &PresetId) -> Option<Vec<u8>> {
    let timing = Timing { slot_duration_ms: 3_000, epoch_slots: 200 };
    let patch = match id.as_ref() {
        DEV_RUNTIME_PRESET => network(&[Sr25519Keyring::Alice], timing),
        LOCAL_TESTNET_RUNTIME_PRESET => network(
            &[Sr25519Keyring::Alice, Sr25519Keyring::Bob, Sr25519Keyring::Charlie, Sr25519Keyring::Dave],
            timing,
        ),
        _ => return None,
    };
    Some(patch.to_string().into_bytes())
}

/// The names of the presets.
pub fn preset_names() -> Vec<PresetId> {
    vec![PresetId::from(DEV_RUNTIME_PRESET), PresetId::from(LOCAL_TESTNET_RUNTIME_PRESET)]
}

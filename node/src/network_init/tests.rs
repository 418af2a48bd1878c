//! What `stoa-consortium` knows of the runtime is what the runtime has, so that a network of a file lives as the file says.

use polkadot_sdk::{
    frame_support::traits::Get,
    pallet_babe, pallet_collective,
    pallet_referenda::{Curve, TracksInfo},
    sp_io::TestExternalities,
    sp_runtime::Perbill,
};
use std::collections::BTreeMap;
use stoa_consortium::{
    Config, Launch,
    governance::{PACE, TRACKS},
    parameters::{PARAMETERS, Unit},
    period::Period,
    runtime,
};
use stoa_runtime::{
    Governance, Runtime, Treasury, configs,
    configs::{PARAMETER_NAMES, dynamic_params, track},
};
use zeroize::Zeroizing;

const EXAMPLE: &str = include_str!("../../../chain-specs/consortium.toml");

fn launch(config: &str) -> Launch {
    let network = Config::parse(config).unwrap().check().unwrap();
    network.launch(|_| Ok(Zeroizing::new("a long enough password".into()))).unwrap()
}

/// The state of the first block of a network.
fn genesis(launch: &Launch) -> TestExternalities {
    let mut config = serde_json::to_value(stoa_runtime::RuntimeGenesisConfig::default()).unwrap();
    // Through text, because the numbers of a patch have more digits than a value of this crate's features holds.
    let patch = serde_json::from_str(&launch.genesis_patch().to_string()).unwrap();
    polkadot_sdk::sc_chain_spec::json_patch::merge(&mut config, patch);
    let mut state = TestExternalities::default();
    state.execute_with(|| stoa_runtime::genesis::build(config.to_string().into_bytes()).unwrap());
    state
}

/// The values that the runtime's parameters have now, by name.
fn parameters() -> BTreeMap<&'static str, u128> {
    fn number(encoded: &[u8]) -> u128 {
        encoded.iter().rev().fold(0, |number, byte| number << 8 | u128::from(*byte))
    }
    macro_rules! values {
        ($($group:ident { $($name:ident),* $(,)? })*) => {
            BTreeMap::from([$($((
                concat!(stringify!($group), ".", stringify!($name)),
                number(&codec::Encode::encode(&dynamic_params::$group::$name::get())),
            )),*),*])
        };
    }
    values! {
        storage { RecordDeposit, ByteDeposit }
        proofs {
            Window, Response, Challenges, Slash, MaxMisses, GraceAfter, JailWindows, Notice, StakePerGib, MinPrice,
            MaxPrice, Levy, ReporterShare, MinTerm, AcceptWithin, OrderDeposit, ProviderDeposit,
        }
        market { DeliveryPeriod, DisputePeriod, DisputeForfeit }
        compute {
            MinStake, MinSeatCost, BaseFee, PokeReward, ApplyBlocks, RevealBlocks, MinRunBlocks, MaxRunBlocks,
            BondedBlocks,
        }
        voting { MinFreeVote }
    }
}

#[test]
fn parameters_are_those_of_the_runtime_with_its_defaults() {
    let known: BTreeMap<_, _> = PARAMETERS.iter().map(|known| (known.in_genesis(), known.default)).collect();
    assert_eq!(known.keys().collect::<Vec<_>>(), {
        let mut names = PARAMETER_NAMES.to_vec();
        names.sort_unstable();
        names
    });
    TestExternalities::default().execute_with(|| {
        for (name, value) in parameters() {
            assert_eq!(known.get(name), Some(&value), "{name}");
        }
    });
}

#[test]
fn every_parameter_of_a_file_holds_from_the_first_block_on() {
    let table: String = PARAMETERS
        .iter()
        .filter(|known| known.group != "storage")
        .map(|known| {
            let name = known.in_file();
            let value = match (known.group, known.name, known.unit) {
                // Those of storage proofs depend on each other, and the genesis refuses what doesn't fit.
                ("proofs", "Window", _) => "\"2h\"",
                ("proofs", "Response", _) => "\"30m\"",
                ("proofs", "Challenges", _) => "33",
                ("proofs", "Slash", _) => "\"0.00001\"",
                ("proofs", "StakePerGib", _) => "\"80\"",
                (_, _, Unit::Tokens) => "\"0.7\"",
                (_, _, Unit::Blocks) => "\"42s\"",
                (_, _, Unit::Number) => "7",
                (_, _, Unit::Part) => "\"7%\"",
            };
            format!("parameters.{name} = {value}\n")
        })
        .collect();
    let launch = launch(&format!("{table}\n{EXAMPLE}"));
    let wanted = &launch.network().parameters;
    assert_eq!(wanted.len(), PARAMETERS.len());
    genesis(&launch).execute_with(|| {
        for (name, value) in parameters() {
            assert_eq!(wanted.get(name), Some(&value), "{name}");
        }
    });
}

#[test]
fn tracks_are_those_of_the_runtime_and_have_the_rules_of_the_file() {
    assert_eq!(TRACKS.iter().map(|track| track.id).collect::<Vec<_>>(), track::ALL);
    let launch = launch(EXAMPLE);
    let network = launch.network();
    genesis(&launch).execute_with(|| {
        for (track, rules) in TRACKS.iter().zip(&network.tracks) {
            let info = <Runtime as polkadot_sdk::pallet_referenda::Config>::Tracks::info(track.id).unwrap();
            let name = String::from_utf8_lossy(&info.name);
            assert_eq!(name.trim_end_matches('\0'), track.name);
            assert_eq!(info.max_deciding, rules.max_deciding, "{name}");
            assert_eq!(info.decision_deposit, rules.decision_deposit, "{name}");
            assert_eq!(info.prepare_period, rules.prepare_period, "{name}");
            assert_eq!(info.decision_period, rules.decision_period, "{name}");
            assert_eq!(info.confirm_period, rules.confirm_period, "{name}");
            assert_eq!(info.min_enactment_period, rules.min_enactment_period, "{name}");
        }
        let pace = Governance::pace();
        assert_eq!(pace.submission_deposit, network.pace.submission_deposit);
        assert_eq!(pace.payout_period, network.pace.payout_period);
    });
}

#[test]
fn defaults_of_tracks_are_those_of_the_runtime() {
    // A chain without a genesis counts blocks of the default time.
    TestExternalities::default().execute_with(|| {
        let block_time = pallet_chain_timing::SlotDuration::<Runtime>::get();
        for (known, (id, rules)) in TRACKS.iter().zip(configs::default_rules()) {
            let name = known.name;
            let blocks = |period: Period| period.blocks(block_time).unwrap();
            assert_eq!(known.id, id);
            assert_eq!(known.default.max_deciding, rules.max_deciding, "{name}");
            assert_eq!(known.default.decision_deposit.plancks(12), Ok(rules.decision_deposit), "{name}");
            assert_eq!(blocks(known.default.prepare_period), rules.prepare_period, "{name}");
            assert_eq!(blocks(known.default.decision_period), rules.decision_period, "{name}");
            assert_eq!(blocks(known.default.confirm_period), rules.confirm_period, "{name}");
            assert_eq!(blocks(known.default.min_enactment_period), rules.min_enactment_period, "{name}");
        }
        let pace = Governance::pace();
        assert_eq!(PACE.submission_deposit.plancks(12), Ok(pace.submission_deposit));
        for (known, period) in [
            (PACE.undeciding_timeout, pace.undeciding_timeout),
            (PACE.vote_locking_period, pace.vote_locking_period),
            (PACE.motion_duration, pace.motion_duration),
            (PACE.spend_period, pace.spend_period),
            (PACE.payout_period, pace.payout_period),
        ] {
            assert_eq!(known.blocks(block_time), Some(period));
        }
    });
}

#[test]
fn limits_are_those_of_the_runtime() {
    assert_eq!(runtime::SS58_PREFIX, configs::SS58_PREFIX);
    assert_eq!(runtime::EXISTENTIAL_DEPOSIT, configs::EXISTENTIAL_DEPOSIT);
    assert_eq!(runtime::TREASURY, <[u8; 32]>::from(Treasury::account_id()));
    assert_eq!(*runtime::BLOCK_TIME_MS.start(), pallet_chain_timing::MIN_SLOT_DURATION_MS);
    assert_eq!(*runtime::BLOCK_TIME_MS.end(), pallet_chain_timing::MAX_SLOT_DURATION_MS);
    assert_eq!(runtime::MIN_EPOCH_SLOTS, pallet_chain_timing::MIN_EPOCH_LENGTH);
    let validators: u32 = <Runtime as pallet_babe::Config>::MaxAuthorities::get();
    assert_eq!(u32::try_from(runtime::MAX_VALIDATORS), Ok(validators));
    let committee: u32 =
        <Runtime as pallet_collective::Config<pallet_collective::Instance1>>::MaxMembers::get();
    assert_eq!(u32::try_from(runtime::MAX_COMMITTEE), Ok(committee));
    let root = genesis(&launch(EXAMPLE)).execute_with(|| {
        <Runtime as polkadot_sdk::pallet_referenda::Config>::Tracks::info(track::ROOT)
            .unwrap()
            .min_support
            .clone()
    });
    let percent = u32::try_from(runtime::ROOT_SUPPORT_PERCENT).unwrap();
    assert!(matches!(root, Curve::LinearDecreasing { floor, .. } if floor == Perbill::from_percent(percent)));
}

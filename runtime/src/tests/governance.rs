//! Referenda, the committee and the brakes.

use super::*;
use configs::{dynamic_params, track};
use frame_support::{
    assert_noop, assert_ok,
    traits::{Contains, Get, Hooks, PalletsInfoAccess, StorePreimage, fungible::Inspect},
};
use frame_system::RawOrigin;
use pallet_conviction_voting::{AccountVote, Conviction, Vote};
use pallet_governance::Origin;
use pallet_referenda::{ReferendumInfo, ReferendumInfoFor, TracksInfo};
use sp_keyring::Sr25519Keyring;
use sp_runtime::{DispatchError, traits::Dispatchable};

type Polls = <Runtime as pallet_referenda::Config>::Tracks;

fn account(keyring: Sr25519Keyring) -> AccountId {
    keyring.to_account_id()
}

fn signed(keyring: Sr25519Keyring) -> RuntimeOrigin {
    RuntimeOrigin::signed(account(keyring))
}

/// Runs what governance does at the beginning of a block.
fn run_to(block: BlockNumber) {
    while System::block_number() < block {
        let next = System::block_number() + 1;
        System::set_block_number(next);
        Scheduler::on_initialize(next);
    }
}

/// Submits a referendum, pays its deposit and votes aye with most of what the voters have.
fn referendum(origin: OriginCaller, call: RuntimeCall, voters: &[Sr25519Keyring]) -> u32 {
    let index = pallet_referenda::ReferendumCount::<Runtime>::get();
    let proposal = Preimage::bound(call).unwrap();
    assert_ok!(Referenda::submit(
        signed(Sr25519Keyring::Alice),
        Box::new(origin),
        proposal,
        frame_support::traits::schedule::DispatchTime::After(0),
    ));
    assert_ok!(Referenda::place_decision_deposit(signed(Sr25519Keyring::Alice), index));
    for voter in voters {
        let balance = Balances::balance(&account(*voter)) / 10 * 9;
        let vote = Vote { aye: true, conviction: Conviction::Locked1x };
        assert_ok!(ConvictionVoting::vote(signed(*voter), index, AccountVote::Standard { vote, balance }));
    }
    index
}

const MANY: [Sr25519Keyring; 4] =
    [Sr25519Keyring::Alice, Sr25519Keyring::Bob, Sr25519Keyring::Charlie, Sr25519Keyring::Dave];

fn set_record_deposit(value: Balance) -> RuntimeCall {
    RuntimeCall::Parameters(pallet_parameters::Call::set_parameter {
        key_value: configs::RuntimeParameters::Storage(dynamic_params::storage::Parameters::RecordDeposit(
            dynamic_params::storage::RecordDeposit,
            Some(value),
        )),
    })
}

#[test]
fn a_referendum_on_hub_parameters_changes_a_price_within_two_minutes() {
    genesis_of("development").execute_with(|| {
        referendum(Origin::HubParameters.into(), set_record_deposit(7), &MANY);
        run_to(1 + 120 / 3);
        assert_eq!(<dynamic_params::storage::RecordDeposit as Get<Balance>>::get(), 7);
    });
}

#[test]
fn a_referendum_of_few_votes_changes_nothing() {
    genesis_of("development").execute_with(|| {
        let index = referendum(Origin::HubParameters.into(), set_record_deposit(7), &[]);
        assert_ok!(ConvictionVoting::vote(
            signed(Sr25519Keyring::Bob),
            index,
            AccountVote::Standard {
                vote: Vote { aye: true, conviction: Conviction::Locked1x },
                balance: STOA
            }
        ));
        run_to(200);
        assert!(matches!(ReferendumInfoFor::<Runtime>::get(index), Some(ReferendumInfo::Rejected(..))));
        assert_eq!(<dynamic_params::storage::RecordDeposit as Get<Balance>>::get(), 50 * MILLI);
    });
}

#[test]
fn a_track_decides_nothing_but_its_own() {
    genesis_of("development").execute_with(|| {
        let call = set_record_deposit(7);
        for origin in [Origin::Moderation, Origin::Treasurer, Origin::ValidatorAdmin, Origin::SmallSpender] {
            assert_noop!(
                call.clone().dispatch(origin.into()).map_err(|error| error.error),
                DispatchError::BadOrigin
            );
        }
        assert_ok!(call.dispatch(Origin::HubParameters.into()));
    });
}

#[test]
fn every_track_is_reached_by_its_origin() {
    genesis_of("local_testnet").execute_with(|| {
        let ids: Vec<_> = Polls::track_ids().collect();
        assert_eq!(ids, track::ALL);
        let origins: [OriginCaller; 7] = [
            RawOrigin::Root.into(),
            Origin::WhitelistedCaller.into(),
            Origin::ValidatorAdmin.into(),
            Origin::HubParameters.into(),
            Origin::Moderation.into(),
            Origin::Treasurer.into(),
            Origin::SmallSpender.into(),
        ];
        for (id, origin) in ids.iter().zip(&origins) {
            assert_eq!(Polls::track_for(origin), Ok(*id));
            assert_eq!(Polls::info(*id).unwrap().max_deciding, Governance::rules(*id).unwrap().max_deciding);
        }
        assert_eq!(Polls::track_for(&RawOrigin::Signed(account(Sr25519Keyring::Alice)).into()), Err(()));
        assert_ok!(Polls::check_integrity());
    });
}

#[test]
fn without_rules_in_the_genesis_periods_are_days_of_this_networks_blocks() {
    genesis_of("development").execute_with(|| {
        for (id, _) in configs::default_rules() {
            pallet_governance::Rules::<Runtime>::remove(id);
        }
        let root = Polls::info(track::ROOT).unwrap();
        assert_eq!(root.decision_period, 14 * 24 * 60 * 60 / 3);
        assert_eq!(root.confirm_period, 24 * 60 * 60 / 3);
        for (id, rules) in configs::default_rules() {
            let hours = 60 * 60 / 3;
            assert!(rules.confirm_period >= 6 * hours, "track {id}: a late vote can't be answered");
        }
    });
}

#[test]
fn the_treasury_pays_what_a_referendum_granted() {
    genesis_of("development").execute_with(|| {
        let treasury = Treasury::account_id();
        assert_ok!(Balances::transfer_keep_alive(
            signed(Sr25519Keyring::Alice),
            treasury.into(),
            1_000 * STOA
        ));
        let beneficiary = account(Sr25519Keyring::Ferdie);
        let before = Balances::balance(&beneficiary);
        let spend = |amount| {
            RuntimeCall::Treasury(pallet_treasury::Call::spend {
                asset_kind: Box::new(()),
                amount,
                beneficiary: Box::new(beneficiary.clone()),
                valid_from: None,
            })
        };
        let too_much = spend(10_001 * STOA).dispatch(Origin::SmallSpender.into());
        assert!(too_much.is_err(), "small spenders have a limit");
        referendum(Origin::SmallSpender.into(), spend(100 * STOA), &MANY);
        run_to(60);
        assert_ok!(Treasury::payout(signed(Sr25519Keyring::Bob), 0));
        assert_eq!(Balances::balance(&beneficiary), before + 100 * STOA);
    });
}

#[test]
fn what_the_committee_whitelisted_passes_as_root() {
    genesis_of("local_testnet").execute_with(|| {
        let call = RuntimeCall::System(frame_system::Call::set_storage {
            items: vec![(b"key".to_vec(), b"value".to_vec())],
        });
        let hash = Preimage::note(codec::Encode::encode(&call).into()).unwrap();
        let whitelist = RuntimeCall::Whitelist(pallet_whitelist::Call::whitelist_call { call_hash: hash });
        assert_noop!(
            whitelist.clone().dispatch(signed(Sr25519Keyring::Alice)).map_err(|error| error.error),
            DispatchError::BadOrigin
        );
        let two_thirds =
            pallet_collective::RawOrigin::<AccountId, pallet_collective::Instance1>::Members(3, 4);
        assert_ok!(whitelist.dispatch(RuntimeOrigin::from(two_thirds)));
        let dispatch =
            RuntimeCall::Whitelist(pallet_whitelist::Call::dispatch_whitelisted_call_with_preimage {
                call: Box::new(call),
            });
        referendum(Origin::WhitelistedCaller.into(), dispatch, &MANY);
        run_to(60);
        assert_eq!(sp_io::storage::get(b"key").map(|value| value.to_vec()), Some(b"value".to_vec()));
    });
}

#[test]
fn brakes_stop_the_market_and_never_the_way_out() {
    genesis_of("development").execute_with(|| {
        let remark = RuntimeCall::System(frame_system::Call::remark { remark: vec![] });
        let transfer = RuntimeCall::Balances(pallet_balances::Call::transfer_keep_alive {
            dest: account(Sr25519Keyring::Bob).into(),
            value: STOA,
        });
        let namespace = RuntimeCall::AssetRegistry(pallet_asset_registry::Call::register_namespace {
            name: b"someone".to_vec().try_into().unwrap(),
        });
        assert_ok!(SafeMode::force_enter(RuntimeOrigin::root()));
        for call in [&transfer, &namespace] {
            assert!(call.clone().dispatch(signed(Sr25519Keyring::Alice)).is_err(), "{call:?}");
        }
        assert_ok!(remark.dispatch(signed(Sr25519Keyring::Alice)));
        let index = referendum(
            RawOrigin::Root.into(),
            RuntimeCall::SafeMode(pallet_safe_mode::Call::force_exit {}),
            &MANY,
        );
        run_to(60);
        assert!(matches!(ReferendumInfoFor::<Runtime>::get(index), Some(ReferendumInfo::Approved(..))));
        assert_ok!(transfer.dispatch(signed(Sr25519Keyring::Alice)));
    });
}

#[test]
fn a_pause_by_name_stops_what_safe_mode_would_and_nothing_else() {
    use configs::{UNSTOPPABLE, Unstoppable, UnstoppableNames};
    let infos = AllPalletsWithSystem::infos();
    let names: Vec<_> = infos.iter().map(|info| info.name).collect();
    for name in UNSTOPPABLE {
        assert!(names.contains(&name), "{name} is no pallet of this runtime");
    }
    for (call, name) in [
        (RuntimeCall::System(frame_system::Call::remark { remark: vec![] }), "System"),
        (RuntimeCall::SafeMode(pallet_safe_mode::Call::force_exit {}), "SafeMode"),
        (RuntimeCall::Referenda(pallet_referenda::Call::one_fewer_deciding { track: 0 }), "Referenda"),
        (
            RuntimeCall::AssetRegistry(pallet_asset_registry::Call::register_namespace {
                name: b"someone".to_vec().try_into().unwrap(),
            }),
            "AssetRegistry",
        ),
    ] {
        let named = (name.as_bytes().to_vec().try_into().unwrap(), b"any".to_vec().try_into().unwrap());
        assert_eq!(Unstoppable::contains(&call), UnstoppableNames::contains(&named), "{name}");
    }
}

//! A chain with two tracks.

use crate::{self as pallet_governance, *};
use polkadot_sdk::{
    frame_support::{assert_noop, assert_ok, derive_impl, parameter_types, traits::EnsureOrigin},
    frame_system::{self, EnsureRoot},
    sp_io::TestExternalities,
    sp_runtime::{BuildStorage, DispatchError},
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
    pub type Governance = pallet_governance;
}

#[derive_impl(frame_system::config_preludes::TestDefaultConfig)]
impl frame_system::Config for Test {
    type Block = frame_system::mocking::MockBlock<Test>;
}

const RULES: TrackRules<u64, u64> = TrackRules {
    max_deciding: 3,
    decision_deposit: 100,
    prepare_period: 5,
    decision_period: 50,
    confirm_period: 10,
    min_enactment_period: 0,
};
const PACE: Pace<u64, u64> = Pace {
    submission_deposit: 1,
    undeciding_timeout: 100,
    vote_locking_period: 20,
    motion_duration: 30,
    spend_period: 40,
    payout_period: 50,
};

parameter_types! {
    pub DefaultRules: Vec<(TrackId, TrackRules<u64, u64>)> = vec![(0, RULES), (10, RULES)];
    pub const DefaultPace: Pace<u64, u64> = PACE;
}

parameter_types! {
    pub storage Price: u128 = 5;
}

/// A runtime whose parameter `price` is at most a hundred.
pub struct OneParameter;
impl InitialParameters for OneParameter {
    fn set(name: &str, value: u128) -> Result<(), String> {
        match (name, value) {
            ("price", ..=100) => Price::set(&value),
            ("price", _) => return Err("the value is out of range".into()),
            _ => return Err("there is no such parameter".into()),
        }
        Ok(())
    }
}

impl Config for Test {
    type Balance = u64;
    type DefaultRules = DefaultRules;
    type DefaultPace = DefaultPace;
    type Parameters = OneParameter;
    type AdminOrigin = EnsureRoot<u64>;
    type WeightInfo = ();
}

pub(crate) fn genesis(governance: GenesisConfig<Test>) -> TestExternalities {
    let storage = RuntimeGenesisConfig { governance, ..Default::default() }.build_storage().unwrap();
    let mut ext = TestExternalities::new(storage);
    ext.execute_with(|| System::set_block_number(1));
    ext
}

fn run(test: impl FnOnce()) {
    genesis(Default::default()).execute_with(|| {
        test();
        Governance::do_try_state().unwrap();
    });
}

#[test]
fn what_the_genesis_does_not_give_reads_as_the_default() {
    run(|| {
        assert_eq!(Governance::rules(0), Some(RULES));
        assert_eq!(Governance::rules(1), None);
        assert_eq!(Governance::pace(), PACE);
    });
}

#[test]
fn genesis_gives_rules_and_pace() {
    let fast = TrackRules { decision_period: 10, ..RULES };
    let pace = Pace { spend_period: 7, ..PACE };
    genesis(GenesisConfig { tracks: vec![(10, fast)], pace: Some(pace), ..Default::default() }).execute_with(
        || {
            assert_eq!(Governance::rules(10), Some(fast));
            assert_eq!(Governance::rules(0), Some(RULES));
            assert_eq!(Governance::pace(), pace);
            Governance::do_try_state().unwrap();
        },
    );
}

#[test]
fn genesis_sets_parameters() {
    let parameters = vec![("price".into(), 7)];
    genesis(GenesisConfig { parameters, ..Default::default() }).execute_with(|| assert_eq!(Price::get(), 7));
}

#[test]
#[should_panic(expected = "governance.parameters, price = 101: the value is out of range")]
fn genesis_refuses_a_parameter_that_is_out_of_range() {
    genesis(GenesisConfig { parameters: vec![("price".into(), 101)], ..Default::default() });
}

#[test]
#[should_panic(expected = "governance.parameters, prize = 1: there is no such parameter")]
fn genesis_refuses_a_parameter_that_does_not_exist() {
    genesis(GenesisConfig { parameters: vec![("prize".into(), 1)], ..Default::default() });
}

#[test]
#[should_panic(expected = "governance.tracks, track 10: a period of 0 blocks: give at least 1")]
fn genesis_refuses_a_decision_period_of_zero() {
    let rules = TrackRules { decision_period: 0, ..RULES };
    genesis(GenesisConfig { tracks: vec![(10, rules)], ..Default::default() });
}

#[test]
#[should_panic(expected = "governance.tracks: there is no track 3")]
fn genesis_refuses_a_track_that_does_not_exist() {
    genesis(GenesisConfig { tracks: vec![(3, RULES)], ..Default::default() });
}

#[test]
#[should_panic(expected = "governance.pace: a period of 0 blocks")]
fn genesis_refuses_a_pace_of_zero() {
    genesis(GenesisConfig { pace: Some(Pace { spend_period: 0, ..PACE }), ..Default::default() });
}

#[test]
fn root_sets_rules_and_pace_and_nobody_else_does() {
    run(|| {
        let rules = TrackRules { confirm_period: 20, ..RULES };
        let pace = Pace { motion_duration: 5, ..PACE };
        assert_noop!(Governance::set_rules(RuntimeOrigin::signed(1), 0, rules), DispatchError::BadOrigin);
        assert_noop!(Governance::set_pace(RuntimeOrigin::signed(1), pace), DispatchError::BadOrigin);
        let other = RuntimeOrigin::from(Origin::HubParameters);
        assert_noop!(Governance::set_pace(other, pace), DispatchError::BadOrigin);

        assert_ok!(Governance::set_rules(RuntimeOrigin::root(), 0, rules));
        System::assert_last_event(Event::RulesSet { track: 0, rules }.into());
        assert_ok!(Governance::set_pace(RuntimeOrigin::root(), pace));
        System::assert_last_event(Event::PaceSet { pace }.into());

        assert_eq!(Governance::rules(0), Some(rules));
        assert_eq!(Governance::rules(10), Some(RULES));
        assert_eq!(Governance::pace(), pace);
    });
}

#[test]
fn rules_that_nobody_could_live_by_are_refused() {
    run(|| {
        let root = RuntimeOrigin::root;
        assert_noop!(Governance::set_rules(root(), 1, RULES), Error::<Test>::NoSuchTrack);
        for (rules, error) in [
            (TrackRules { max_deciding: 0, ..RULES }, Error::<Test>::NothingDecided),
            (TrackRules { decision_period: 0, ..RULES }, Error::ZeroPeriod),
            (TrackRules { confirm_period: 0, ..RULES }, Error::ZeroPeriod),
            (TrackRules { confirm_period: 51, ..RULES }, Error::ConfirmTooLong),
        ] {
            assert_noop!(Governance::set_rules(root(), 0, rules), error);
        }
        for pace in [
            Pace { undeciding_timeout: 0, ..PACE },
            Pace { vote_locking_period: 0, ..PACE },
            Pace { motion_duration: 0, ..PACE },
            Pace { spend_period: 0, ..PACE },
            Pace { payout_period: 0, ..PACE },
        ] {
            assert_noop!(Governance::set_pace(root(), pace), Error::<Test>::ZeroPeriod);
        }
    });
}

#[test]
fn each_origin_is_let_through_by_its_own_check_alone() {
    fn lets<E: EnsureOrigin<RuntimeOrigin>>(origin: Origin) -> bool {
        E::try_origin(origin.into()).is_ok()
    }
    let all = [
        Origin::WhitelistedCaller,
        Origin::ValidatorAdmin,
        Origin::HubParameters,
        Origin::Moderation,
        Origin::Treasurer,
        Origin::SmallSpender,
    ];
    for (at, origin) in all.into_iter().enumerate() {
        let let_through = [
            lets::<EnsureWhitelistedCaller>(origin),
            lets::<EnsureValidatorAdmin>(origin),
            lets::<EnsureHubParameters>(origin),
            lets::<EnsureModeration>(origin),
            lets::<EnsureTreasurer>(origin),
            lets::<EnsureSmallSpender>(origin),
        ];
        assert_eq!(let_through.iter().position(|yes| *yes), Some(at));
        assert_eq!(let_through.iter().filter(|yes| **yes).count(), 1);
    }
    assert!(EnsureModeration::try_origin(RuntimeOrigin::root()).is_err());
    assert!(EnsureModeration::try_origin(RuntimeOrigin::signed(1)).is_err());
}

#[test]
fn check_rules_finds_bad_ones() {
    genesis(Default::default()).execute_with(|| {
        Rules::<Test>::insert(1, RULES);
        assert!(Governance::do_try_state().is_err());
        Rules::<Test>::remove(1);
        Rules::<Test>::insert(0, TrackRules { max_deciding: 0, ..RULES });
        assert!(Governance::do_try_state().is_err());
    });
}

#[test]
fn check_pace_finds_a_bad_one() {
    genesis(Default::default()).execute_with(|| {
        SharedPace::<Test>::put(Pace { payout_period: 0, ..PACE });
        assert!(Governance::do_try_state().is_err());
    });
}

#[test]
fn encoding_of_origins_is_frozen() {
    use codec::Encode;
    assert_eq!(Origin::WhitelistedCaller.encode(), [0]);
    assert_eq!(Origin::SmallSpender.encode(), [5]);
}

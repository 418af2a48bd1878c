//! Which votes are free, and that nothing else is.

use super::*;
use crate::free_vote as pallet_free_vote;
use codec::Encode;
use polkadot_sdk::{
    frame_support::{
        assert_noop, assert_ok, derive_impl,
        dispatch::{DispatchInfo, GetDispatchInfo},
        parameter_types,
        traits::{ConstU32, ConstU64},
        weights::{IdentityFee, Weight},
    },
    frame_system::{self, RawOrigin},
    pallet_balances,
    pallet_transaction_payment::{self, ChargeTransactionPayment, FungibleAdapter},
    pallet_utility,
    sp_io::TestExternalities,
    sp_runtime::{
        BuildStorage, TryRuntimeError,
        generic::ExtensionVersion,
        traits::{DispatchTransaction, TransactionExtension},
        transaction_validity::{
            InvalidTransaction, TransactionSource, TransactionValidityError, ValidTransaction,
        },
    },
};
use proptest::prelude::*;

type AccountId = u64;
type Block = frame_system::mocking::MockBlock<Test>;
type Charge = ChargeTransactionPayment<Test>;
type Extension = FreeVotes<Test, Charge>;

const VERSION: ExtensionVersion = 0;
const WEALTH: u64 = 1_000_000_000_000_000;
const ERA: u64 = 100;

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
        RuntimeTask,
        RuntimeViewFunction
    )]
    pub struct Test;

    #[runtime::pallet_index(0)]
    pub type System = polkadot_sdk::frame_system;
    #[runtime::pallet_index(1)]
    pub type Balances = polkadot_sdk::pallet_balances;
    #[runtime::pallet_index(2)]
    pub type Payment = polkadot_sdk::pallet_transaction_payment;
    #[runtime::pallet_index(3)]
    pub type Utility = polkadot_sdk::pallet_utility;
    #[runtime::pallet_index(4)]
    pub type FreeVote = pallet_free_vote;
}

#[derive_impl(frame_system::config_preludes::TestDefaultConfig)]
impl frame_system::Config for Test {
    type Block = Block;
    type AccountData = pallet_balances::AccountData<u64>;
}

#[derive_impl(pallet_balances::config_preludes::TestDefaultConfig)]
impl pallet_balances::Config for Test {
    type AccountStore = System;
}

#[derive_impl(pallet_transaction_payment::config_preludes::TestDefaultConfig)]
impl pallet_transaction_payment::Config for Test {
    type OnChargeTransaction = FungibleAdapter<Balances, ()>;
    type WeightToFee = IdentityFee<u64>;
    type LengthToFee = IdentityFee<u64>;
    type OperationalFeeMultiplier = polkadot_sdk::frame_support::traits::ConstU8<5>;
}

impl pallet_utility::Config for Test {
    type RuntimeEvent = RuntimeEvent;
    type RuntimeCall = RuntimeCall;
    type PalletsOrigin = OriginCaller;
    type WeightInfo = ();
}

parameter_types! {
    /// The referenda that are ongoing.
    pub static Ongoing: Vec<PollIndex> = (1..=30).collect();
}

// A transfer stands for a vote: its receiver is the referendum, its value the amount.
impl Referenda<RuntimeCall, u64> for Test {
    fn vote_of(call: &RuntimeCall) -> Option<StatedVote<u64>> {
        match call {
            RuntimeCall::Balances(pallet_balances::Call::transfer_keep_alive { dest, value }) => {
                Some(StatedVote { poll: *dest as u32, amount: *value })
            }
            _ => None,
        }
    }

    fn is_ongoing(poll: PollIndex) -> bool {
        Ongoing::get().contains(&poll)
    }

    #[cfg(feature = "runtime-benchmarks")]
    fn create_ongoing(amount: u64) -> (PollIndex, RuntimeCall) {
        (7, vote(7, amount))
    }
}

impl Config for Test {
    type Referenda = Self;
    type Currency = Balances;
    type MinAmount = ConstU64<1_000>;
    type EraLength = ConstU64<ERA>;
    type MaxPerEra = ConstU32<4>;
    type MaxPerBlock = ConstU32<6>;
    type WeightInfo = ();
}

pub(crate) fn build() -> TestExternalities {
    let balances = (1..=200).map(|who| (who, WEALTH)).collect();
    let genesis = RuntimeGenesisConfig {
        balances: pallet_balances::GenesisConfig { balances, ..Default::default() },
        ..Default::default()
    };
    Ongoing::set((1..=30).collect());
    let mut ext = TestExternalities::new(genesis.build_storage().unwrap());
    ext.execute_with(|| System::set_block_number(ERA));
    ext
}

fn run(test: impl FnOnce()) {
    build().execute_with(|| {
        test();
        FreeVote::check_used().unwrap();
    });
}

fn vote(poll: u32, amount: u64) -> RuntimeCall {
    pallet_balances::Call::transfer_keep_alive { dest: poll.into(), value: amount }.into()
}

fn info(call: &RuntimeCall, tip: u64) -> DispatchInfo {
    let mut info = call.get_dispatch_info();
    info.extension_weight = Extension::from(Charge::from(tip)).weight(call);
    info
}

/// Sends a call and returns the fee that it cost, beside what the call itself moved.
fn send_with_tip(who: AccountId, call: RuntimeCall, tip: u64) -> Result<u64, TransactionValidityError> {
    let issued = pallet_balances::TotalIssuance::<Test>::get();
    let info = info(&call, tip);
    let len = call.encoded_size();
    let extension = Extension::from(Charge::from(tip));
    let origin = RawOrigin::Signed(who).into();
    // Whether the call itself works is its own concern; fees are burnt in this chain.
    extension.dispatch_transaction(origin, call, &info, len, VERSION).map(|_| ())?;
    Ok(issued - pallet_balances::TotalIssuance::<Test>::get())
}

fn send(who: AccountId, call: RuntimeCall) -> u64 {
    send_with_tip(who, call, 0).unwrap()
}

fn validate(
    who: AccountId,
    call: &RuntimeCall,
    tip: u64,
) -> Result<ValidTransaction, TransactionValidityError> {
    let extension = Extension::from(Charge::from(tip));
    let info = info(call, tip);
    let origin = RawOrigin::Signed(who).into();
    let source = TransactionSource::External;
    extension
        .validate_only(origin, call, &info, call.encoded_size(), source, VERSION)
        .map(|(valid, ..)| valid)
}

#[test]
fn the_first_vote_on_a_referendum_is_free_and_the_second_is_charged() {
    run(|| {
        assert_eq!(send(100, vote(1, 1_000)), 0);
        System::assert_last_event(Event::FeeWaived { voter: 100, poll: 1 }.into());
        assert!(send(100, vote(1, 1_000)) > 0);
        // Another referendum, another account.
        assert_eq!(send(100, vote(2, 1_000)), 0);
        assert_eq!(send(101, vote(1, 1_000)), 0);
    });
}

#[test]
fn a_vote_below_the_minimum_is_charged() {
    run(|| {
        assert!(send(100, vote(1, 999)) > 0);
        assert_eq!(send(100, vote(1, 1_000)), 0);
    });
}

#[test]
fn a_vote_of_more_than_the_voter_has_is_charged() {
    run(|| {
        assert!(!FreeVote::is_free(&100, &vote(1, WEALTH + 1)));
        assert!(send_with_tip(100, vote(1, WEALTH + 1), 0).unwrap_or(1) > 0);
        assert!(UsedBy::<Test>::get(100).is_none());
        assert!(FreeVote::is_free(&100, &vote(1, Balances::free_balance(100))));
    });
}

#[test]
fn a_vote_on_a_referendum_that_is_over_is_charged() {
    run(|| {
        assert!(send(100, vote(31, 1_000)) > 0);
        Ongoing::mutate(|ongoing| ongoing.push(31));
        assert_eq!(send(100, vote(31, 1_000)), 0);
    });
}

#[test]
fn a_vote_that_fails_is_used_up() {
    run(|| {
        // All of it can't be sent without the account being closed.
        assert_eq!(send(100, vote(1, WEALTH)), 0);
        assert_eq!(Balances::free_balance(100), WEALTH);
        assert!(!FreeVote::is_free(&100, &vote(1, 1_000)));
        assert!(send(100, vote(1, 1_000)) > 0);
    });
}

#[test]
fn nested_votes_are_charged() {
    run(|| {
        for call in [
            pallet_utility::Call::batch { calls: vec![vote(1, 1_000)] },
            pallet_utility::Call::batch_all { calls: vec![vote(2, 1_000)] },
            pallet_utility::Call::as_derivative { index: 0, call: Box::new(vote(3, 1_000)) },
        ] {
            assert!(send(100, call.into()) > 0);
        }
        assert!(UsedBy::<Test>::get(100).is_none());
    });
}

#[test]
fn other_calls_are_charged_and_weigh_no_more() {
    run(|| {
        let call: RuntimeCall = frame_system::Call::remark { remark: vec![1] }.into();
        assert!(send(100, call.clone()) > 0);
        let charge = Charge::from(0);
        let inner = TransactionExtension::<RuntimeCall>::weight(&charge, &call);
        let extension = Extension::from(charge.clone());
        assert_eq!(extension.weight(&call), inner);
        let more = <() as WeightInfo>::free_vote();
        assert_eq!(extension.weight(&vote(1, 1)), inner.saturating_add(more));
    });
}

#[test]
fn the_weight_of_charging_is_given_back_when_nothing_is_charged() {
    run(|| {
        let call = vote(1, 1_000);
        let info = info(&call, 0);
        let charge = TransactionExtension::<RuntimeCall>::weight(&Charge::from(0), &call);
        let used = Extension::from(Charge::from(0))
            .dispatch_transaction(RawOrigin::Signed(100).into(), call.clone(), &info, 10, VERSION)
            .unwrap()
            .unwrap()
            .actual_weight
            .unwrap();
        assert!(charge.any_gt(Weight::zero()));
        assert_eq!(used, info.total_weight().saturating_sub(charge));
    });
}

#[test]
fn a_vote_with_a_tip_is_charged_and_goes_first() {
    run(|| {
        let fee = send_with_tip(100, vote(1, 1_000), 5).unwrap();
        assert!(fee > 5);
        // It was no free one, so that one is still to come.
        assert_eq!(send(100, vote(1, 1_000)), 0);
        assert!(validate(101, &vote(1, 1_000), 5).unwrap().priority > 0);
    });
}

#[test]
fn an_account_has_so_many_free_votes_in_an_era() {
    run(|| {
        for poll in 1..=4 {
            assert_eq!(send(100, vote(poll, 1_000)), 0);
        }
        assert!(send(100, vote(5, 1_000)) > 0);
        System::set_block_number(2 * ERA - 1);
        assert!(send(100, vote(6, 1_000)) > 0);
        System::set_block_number(2 * ERA);
        assert_eq!(send(100, vote(5, 1_000)), 0);
        // But not on the old ones.
        assert!(send(100, vote(1, 1_000)) > 0);
    });
}

#[test]
fn an_account_votes_freely_on_so_many_referenda_at_once() {
    run(|| {
        for poll in 1..=16 {
            System::set_block_number(u64::from(poll) * ERA);
            assert_eq!(send(100, vote(poll, 1_000)), 0);
        }
        System::set_block_number(50 * ERA);
        assert!(send(100, vote(17, 1_000)) > 0);
        Ongoing::mutate(|ongoing| ongoing.retain(|poll| *poll != 3));
        assert_eq!(send(100, vote(17, 1_000)), 0);
        let used = UsedBy::<Test>::get(100).unwrap();
        assert_eq!(used.polls.len(), 16);
        assert!(!used.polls.contains(&3));
    });
}

#[test]
fn a_flood_fills_only_its_part_of_a_block_and_waits_for_the_next() {
    run(|| {
        let full = TransactionValidityError::Invalid(InvalidTransaction::ExhaustsResources);
        for who in 100..106 {
            assert_eq!(send(who, vote(1, 1_000)), 0);
        }
        for who in 106..200 {
            // Refused for now, and not charged either: the author keeps it for the next block.
            assert_noop!(send_with_tip(who, vote(1, 1_000), 0), full);
        }
        // Whoever pays gets in.
        assert!(send_with_tip(106, vote(1, 1_000), 1).unwrap() > 1);
        assert!(send(107, frame_system::Call::remark { remark: vec![] }.into()) > 0);
        System::set_block_number(System::block_number() + 1);
        for who in 106..112 {
            assert_eq!(send(who, vote(1, 1_000)), 0);
        }
        assert_noop!(send_with_tip(112, vote(1, 1_000), 0), full);
    });
}

#[test]
fn every_paying_transaction_goes_before_a_free_vote() {
    run(|| {
        let free = validate(100, &vote(1, 1_000), 0).unwrap();
        assert_eq!(free.priority, 0);
        assert!(validate(100, &vote(1, 999), 0).unwrap().priority > 0);
        let large = frame_system::Call::remark { remark: vec![0; 100_000] }.into();
        assert!(validate(100, &large, 0).unwrap().priority > 0);
    });
}

#[test]
fn the_pool_holds_one_free_vote_for_each_account_and_referendum() {
    run(|| {
        let tags = |who, poll| validate(who, &vote(poll, 1_000), 0).unwrap().provides;
        assert_eq!(tags(100, 1).len(), 1);
        assert_eq!(tags(100, 1), validate(100, &vote(1, 5_000), 0).unwrap().provides);
        assert_ne!(tags(100, 1), tags(100, 2));
        assert_ne!(tags(100, 1), tags(101, 1));
    });
}

#[test]
fn looking_changes_nothing() {
    run(|| {
        polkadot_sdk::frame_support::assert_storage_noop!(assert_ok!(validate(100, &vote(1, 1_000), 0)));
    });
}

#[test]
fn clients_see_the_extension_that_charges() {
    assert_eq!(<Extension as TransactionExtension<RuntimeCall>>::IDENTIFIER, "ChargeTransactionPayment");
    let ours = <Extension as TransactionExtension<RuntimeCall>>::metadata();
    let inner = <Charge as TransactionExtension<RuntimeCall>>::metadata();
    assert_eq!(ours.len(), inner.len());
    for (ours, inner) in ours.iter().zip(&inner) {
        assert_eq!((ours.identifier, ours.ty, ours.implicit), (inner.identifier, inner.ty, inner.implicit));
    }
    assert_eq!(scale_info::meta_type::<Extension>(), scale_info::meta_type::<Charge>());
    for tip in [0, 1, u64::MAX] {
        assert_eq!(Extension::from(Charge::from(tip)).encode(), Charge::from(tip).encode());
    }
}

#[test]
fn a_record_is_cleared_when_it_is_no_longer_needed() {
    run(|| {
        let clear = |who| FreeVote::clear(RawOrigin::Signed(1).into(), who);
        assert_noop!(clear(100), Error::<Test>::NotFound);
        send(100, vote(1, 1_000));
        Ongoing::set(vec![2]);
        assert_noop!(clear(100), Error::<Test>::StillNeeded);
        System::set_block_number(2 * ERA);
        Ongoing::set(vec![1]);
        assert_noop!(clear(100), Error::<Test>::StillNeeded);
        Ongoing::set(vec![2]);
        assert_ok!(clear(100));
        assert!(UsedBy::<Test>::get(100).is_none());
        assert_noop!(
            FreeVote::clear(RawOrigin::Root.into(), 100),
            polkadot_sdk::sp_runtime::DispatchError::BadOrigin
        );
    });
}

#[test]
fn check_used_finds_what_is_wrong_with_records() {
    let broken = |complaint: &'static str, harm: fn()| {
        build().execute_with(|| {
            send(100, vote(1, 1_000));
            harm();
            assert_eq!(FreeVote::check_used(), Err(TryRuntimeError::Other(complaint)));
        });
    };
    broken("free votes: in an era of the future", || {
        UsedBy::<Test>::mutate(100, |used| used.as_mut().unwrap().era = 9);
    });
    broken("free votes: none on record", || {
        UsedBy::<Test>::mutate(100, |used| used.as_mut().unwrap().in_era = 0);
    });
    broken("free votes: two on one referendum", || {
        UsedBy::<Test>::mutate(100, |used| used.as_mut().unwrap().polls.try_push(1).unwrap());
    });
    broken("free votes: in a block of the future", || InBlock::<Test>::put((ERA + 1, 1)));
}

proptest! {
    #![proptest_config(ProptestConfig { cases: cases(), fork: false, ..ProptestConfig::default() })]

    #[test]
    fn no_account_votes_freely_twice_on_an_ongoing_referendum(
        steps in prop::collection::vec((0..4_u8, 100..104_u64, 1..20_u32, 0..30_u64), 1..200),
    ) {
        build().execute_with(|| {
            let mut free = std::collections::BTreeSet::new();
            let mut in_era = std::collections::BTreeMap::<_, u32>::new();
            let mut in_block = std::collections::BTreeMap::<_, u32>::new();
            for (verb, who, poll, number) in steps {
                let now = System::block_number();
                match verb {
                    0 => System::set_block_number(now + number),
                    // Referenda end, and their numbers aren't used again.
                    1 if number > 25 => Ongoing::mutate(|ongoing| ongoing.retain(|other| *other != poll)),
                    _ => {
                        let ongoing = Ongoing::get().contains(&poll);
                        if let Ok(0) = send_with_tip(who, vote(poll, 990 + number), 0) {
                            assert!(ongoing && number >= 10);
                            assert!(free.insert((who, poll)), "{who} voted freely on {poll} twice");
                            let era = in_era.entry((who, now / ERA)).or_default();
                            *era += 1;
                            let block = in_block.entry(now).or_default();
                            *block += 1;
                            assert!(*era <= 4 && *block <= 6);
                        }
                    }
                }
                assert_eq!(FreeVote::check_used(), Ok(()));
            }
        });
    }
}

/// A few cases with every test run; a long campaign says how many in `PROPTEST_CASES`.
fn cases() -> u32 {
    std::env::var("PROPTEST_CASES").ok().and_then(|cases| cases.parse().ok()).unwrap_or(64)
}

//! A chain with nothing but balances, royalties and a registry of a few lines.

use crate::{self as pallet_royalties, Pallet, traits, types::Balance};
use polkadot_sdk::{
    frame_support::{
        self, PalletId, derive_impl, parameter_types,
        traits::{ConstU128, Footprint},
    },
    frame_system, pallet_balances,
    sp_io::TestExternalities,
    sp_runtime::{BuildStorage, traits::Convert},
};
use std::{cell::RefCell, collections::BTreeMap};
use stoa_primitives::registry::AssetId;

pub(crate) type AccountId = u64;
type Block = frame_system::mocking::MockBlock<Test>;

pub(crate) const ALICE: AccountId = 1;
pub(crate) const BOB: AccountId = 2;
pub(crate) const CAROL: AccountId = 3;
/// Somebody who pays and owns nothing.
pub(crate) const PAYER: AccountId = 5;
/// An account that doesn't exist.
pub(crate) const NOBODY: AccountId = 99;
pub(crate) const WEALTH: Balance = 1_000_000_000_000;
pub(crate) const EXISTENTIAL: Balance = 10;

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
    pub type Royalties = pallet_royalties;
}

#[derive_impl(frame_system::config_preludes::TestDefaultConfig)]
impl frame_system::Config for Test {
    type Block = Block;
    type AccountData = pallet_balances::AccountData<Balance>;
}

#[derive_impl(pallet_balances::config_preludes::TestDefaultConfig)]
impl pallet_balances::Config for Test {
    type AccountStore = System;
    type Balance = Balance;
    type ExistentialDeposit = ConstU128<EXISTENTIAL>;
}

/// What is known of an asset: its owner, and whether it was taken down.
type Record = (AccountId, bool);

thread_local! {
    static ASSETS: RefCell<BTreeMap<AssetId, Record>> = const { RefCell::new(BTreeMap::new()) };
}

/// A registry whose assets are made by [`new_asset`].
pub struct FewAssets;

impl traits::Registry<AccountId> for FewAssets {
    fn owner(asset: AssetId) -> Option<AccountId> {
        ASSETS.with_borrow(|assets| assets.get(&asset).map(|(owner, _)| *owner))
    }

    fn is_taken_down(asset: AssetId) -> bool {
        ASSETS.with_borrow(|assets| assets.get(&asset).is_some_and(|(_, taken_down)| *taken_down))
    }

    #[cfg(feature = "runtime-benchmarks")]
    fn create_asset(owner: &AccountId) -> AssetId {
        new_asset(*owner)
    }
}

pub(crate) fn new_asset(owner: AccountId) -> AssetId {
    ASSETS.with_borrow_mut(|assets| {
        let id = AssetId(assets.len() as u64);
        assets.insert(id, (owner, false));
        id
    })
}

pub(crate) fn give_asset(asset: AssetId, to: AccountId) {
    ASSETS.with_borrow_mut(|assets| assets.get_mut(&asset).unwrap().0 = to);
}

pub(crate) fn take_down(asset: AssetId) {
    ASSETS.with_borrow_mut(|assets| assets.get_mut(&asset).unwrap().1 = true);
}

/// A plank for each byte.
pub struct Bytes;

impl Convert<Footprint, Balance> for Bytes {
    fn convert(footprint: Footprint) -> Balance {
        footprint.size.into()
    }
}

parameter_types! {
    pub const Id: PalletId = PalletId(*b"st/royal");
}

impl pallet_royalties::Config for Test {
    type RuntimeHoldReason = RuntimeHoldReason;
    type Currency = Balances;
    type Registry = FewAssets;
    type DepositPrice = Bytes;
    type PalletId = Id;
    type WeightInfo = ();
}

/// Builds a chain, runs a test on it and checks everything that must hold.
#[derive(Default)]
pub(crate) struct ExtBuilder;

impl ExtBuilder {
    pub(crate) fn build(self) -> TestExternalities {
        ASSETS.with_borrow_mut(BTreeMap::clear);
        let balances = (1..=5).map(|who| (who, WEALTH)).collect();
        let genesis = RuntimeGenesisConfig {
            balances: pallet_balances::GenesisConfig { balances, ..Default::default() },
            ..Default::default()
        };
        let mut ext = TestExternalities::new(genesis.build_storage().unwrap());
        ext.execute_with(|| System::set_block_number(1));
        ext
    }

    pub(crate) fn build_and_execute(self, test: impl FnOnce()) {
        self.build().execute_with(|| {
            test();
            Pallet::<Test>::do_try_state().unwrap();
        });
    }
}

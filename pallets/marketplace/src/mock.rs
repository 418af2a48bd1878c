//! A chain with nothing but balances and the market; registry and royalties are a few lines each.

use crate::{
    self as pallet_marketplace, CreditOf, Pallet,
    traits::{self, Purpose},
    types::Balance,
};
use polkadot_sdk::{
    frame_support::{
        self, derive_impl, parameter_types,
        traits::{
            ConstU64, ConstU128, Footprint, OnUnbalanced,
            fungible::{Balanced, Mutate, MutateHold},
            tokens::{Fortitude, Precision, Preservation, Restriction},
        },
    },
    frame_system, pallet_balances,
    sp_io::TestExternalities,
    sp_runtime::{BuildStorage, DispatchError, DispatchResult, traits::Convert},
};
use std::{
    cell::RefCell,
    collections::{BTreeMap, BTreeSet},
};
use stoa_primitives::registry::{AssetId, CommitId, Visibility};

pub(crate) type AccountId = u64;
type Block = frame_system::mocking::MockBlock<Test>;

pub(crate) const ALICE: AccountId = 1;
pub(crate) const BOB: AccountId = 2;
pub(crate) const CAROL: AccountId = 3;
pub(crate) const DAVE: AccountId = 4;
/// Where all that royalties receive ends up.
pub(crate) const VAULTS: AccountId = 50;
/// Where forfeits end up.
pub(crate) const TREASURY: AccountId = 51;
pub(crate) const WEALTH: Balance = 1_000_000_000_000;
pub(crate) const EXISTENTIAL: Balance = 10;
pub(crate) const DELIVERY: u64 = 20;
pub(crate) const DISPUTE: u64 = 30;
pub(crate) const FORFEIT: Balance = 777;

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
    pub type Market = pallet_marketplace;
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

/// What is known of an asset.
#[derive(Clone, Default)]
pub(crate) struct Record {
    pub(crate) admins: Vec<AccountId>,
    pub(crate) visibility: Option<Visibility>,
    pub(crate) taken_down: bool,
    pub(crate) closed: bool,
    pub(crate) revisions: BTreeSet<CommitId>,
}

thread_local! {
    static ASSETS: RefCell<BTreeMap<AssetId, Record>> = const { RefCell::new(BTreeMap::new()) };
    static PAYMENTS: RefCell<Vec<(AssetId, Balance, Purpose)>> = const { RefCell::new(Vec::new()) };
}

fn of_asset<Answer>(asset: AssetId, answer: impl FnOnce(&Record) -> Answer) -> Option<Answer> {
    ASSETS.with_borrow(|assets| assets.get(&asset).map(answer))
}

pub(crate) fn change_asset(asset: AssetId, change: impl FnOnce(&mut Record)) {
    ASSETS.with_borrow_mut(|assets| change(assets.get_mut(&asset).unwrap()));
}

/// An open asset with a revision, whose admins are its owner and Dave.
pub(crate) fn new_asset(owner: AccountId, visibility: Visibility) -> (AssetId, CommitId) {
    ASSETS.with_borrow_mut(|assets| {
        let id = AssetId(assets.len() as u64);
        let revision = CommitId([id.0 as u8 + 1; 20]);
        let record = Record {
            admins: vec![owner, DAVE],
            visibility: Some(visibility),
            revisions: [revision].into(),
            ..Default::default()
        };
        assets.insert(id, record);
        (id, revision)
    })
}

/// What royalties were paid, oldest first.
pub(crate) fn payments() -> Vec<(AssetId, Balance, Purpose)> {
    PAYMENTS.with_borrow(Clone::clone)
}

/// A registry whose assets are made by [`new_asset`].
pub struct FewAssets;

impl traits::Registry<AccountId> for FewAssets {
    fn visibility(asset: AssetId) -> Option<Visibility> {
        of_asset(asset, |record| record.visibility).flatten()
    }

    fn is_admin(asset: AssetId, account: &AccountId) -> bool {
        of_asset(asset, |record| record.admins.contains(account)).unwrap_or(false)
    }

    fn is_taken_down(asset: AssetId) -> bool {
        of_asset(asset, |record| record.taken_down).unwrap_or(false)
    }

    fn has_revision(asset: AssetId, revision: CommitId) -> bool {
        of_asset(asset, |record| record.revisions.contains(&revision)).unwrap_or(false)
    }

    #[cfg(feature = "runtime-benchmarks")]
    fn create_asset(owner: &AccountId, visibility: Visibility) -> (AssetId, CommitId) {
        new_asset(*owner, visibility)
    }
}

/// Royalties that put everything on one account.
pub struct OneVault;

impl OneVault {
    fn ensure(asset: AssetId) -> DispatchResult {
        match of_asset(asset, |record| record.closed || record.taken_down) {
            Some(false) => Ok(()),
            _ => Err(DispatchError::Other("not payable")),
        }
    }
}

impl traits::Royalties<AccountId, RuntimeHoldReason> for OneVault {
    fn ensure_payable(asset: AssetId) -> DispatchResult {
        Self::ensure(asset)
    }

    fn pay(payer: &AccountId, asset: AssetId, amount: Balance, purpose: Purpose) -> DispatchResult {
        Self::ensure(asset)?;
        Balances::transfer(payer, &VAULTS, amount, Preservation::Preserve)?;
        PAYMENTS.with_borrow_mut(|payments| payments.push((asset, amount, purpose)));
        Ok(())
    }

    fn pay_from_hold(
        held: &RuntimeHoldReason,
        payer: &AccountId,
        asset: AssetId,
        amount: Balance,
        purpose: Purpose,
    ) -> DispatchResult {
        let (exact, free, polite) = (Precision::Exact, Restriction::Free, Fortitude::Polite);
        Balances::transfer_on_hold(held, payer, &VAULTS, amount, exact, free, polite)?;
        PAYMENTS.with_borrow_mut(|payments| payments.push((asset, amount, purpose)));
        Ok(())
    }

    #[cfg(feature = "runtime-benchmarks")]
    fn open(_: &AccountId, _: AssetId) {}
}

/// Puts forfeits on an account.
pub struct ToTreasury;

impl OnUnbalanced<CreditOf<Test>> for ToTreasury {
    fn on_nonzero_unbalanced(credit: CreditOf<Test>) {
        Balances::resolve(&TREASURY, credit).unwrap();
    }
}

/// A plank for each byte.
pub struct Bytes;

impl Convert<Footprint, Balance> for Bytes {
    fn convert(footprint: Footprint) -> Balance {
        footprint.size.into()
    }
}

parameter_types! {
    pub const Forfeit: Balance = FORFEIT;
}

impl pallet_marketplace::Config for Test {
    type RuntimeHoldReason = RuntimeHoldReason;
    type Currency = Balances;
    type Registry = FewAssets;
    type Royalties = OneVault;
    type OnForfeit = ToTreasury;
    type DepositPrice = Bytes;
    type DeliveryPeriod = ConstU64<DELIVERY>;
    type DisputePeriod = ConstU64<DISPUTE>;
    type DisputeForfeit = Forfeit;
    type WeightInfo = ();
}

/// Builds a chain, runs a test on it and checks everything that must hold.
#[derive(Default)]
pub(crate) struct ExtBuilder;

impl ExtBuilder {
    pub(crate) fn build(self) -> TestExternalities {
        ASSETS.with_borrow_mut(BTreeMap::clear);
        PAYMENTS.with_borrow_mut(Vec::clear);
        let people = (1..=5).map(|who| (who, WEALTH));
        let balances = people.chain([(VAULTS, EXISTENTIAL), (TREASURY, EXISTENTIAL)]).collect();
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

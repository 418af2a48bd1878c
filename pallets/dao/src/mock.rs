//! A chain with DAOs, batches, and assets whose shares can be transferred and locked.

use crate::{self as pallet_dao, Pallet, VotingShares, types::LockId};
use polkadot_sdk::{
    frame_support::{
        self, PalletId, derive_impl, ensure, parameter_types,
        storage::unhashed,
        traits::{ConstU64, Contains, Footprint},
    },
    frame_system, pallet_balances, pallet_utility,
    sp_io::TestExternalities,
    sp_runtime::{
        BuildStorage, DispatchError, DispatchResult,
        traits::{Convert, IdentityLookup},
    },
};
use std::collections::BTreeMap;
use stoa_primitives::registry::AssetId;

// Wide enough for the number of a DAO in its account.
pub(crate) type AccountId = u128;
type Block = frame_system::mocking::MockBlock<Test>;

pub(crate) const ALICE: AccountId = 1;
pub(crate) const BOB: AccountId = 2;
pub(crate) const CAROL: AccountId = 3;
pub(crate) const DAVE: AccountId = 4;
/// An account that can't pay a deposit.
pub(crate) const POOR: AccountId = 9;
pub(crate) const WEALTH: u64 = 1_000_000_000;
/// An asset of which Alice, Bob and Carol have 600,000, 300,000 and 100,000 shares.
pub(crate) const ASSET: AssetId = AssetId(7);

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
    #[runtime::pallet_index(3)]
    pub type Utility = polkadot_sdk::pallet_utility;
    #[runtime::pallet_index(4)]
    pub type Dao = pallet_dao;
}

#[derive_impl(frame_system::config_preludes::TestDefaultConfig)]
impl frame_system::Config for Test {
    type AccountId = AccountId;
    type Lookup = IdentityLookup<AccountId>;
    type Block = Block;
    type AccountData = pallet_balances::AccountData<u64>;
}

#[derive_impl(pallet_balances::config_preludes::TestDefaultConfig)]
impl pallet_balances::Config for Test {
    type AccountStore = System;
}

impl pallet_utility::Config for Test {
    type RuntimeEvent = RuntimeEvent;
    type RuntimeCall = RuntimeCall;
    type PalletsOrigin = OriginCaller;
    type WeightInfo = ();
}

/// A hundred for each row and one for each byte.
impl Convert<Footprint, u64> for Test {
    fn convert(footprint: Footprint) -> u64 {
        footprint.count * 100 + footprint.size
    }
}

/// DAOs of the mock can't burn money.
impl Contains<RuntimeCall> for Test {
    fn contains(call: &RuntimeCall) -> bool {
        !matches!(call, RuntimeCall::Balances(pallet_balances::Call::burn { .. }))
    }
}

parameter_types! {
    pub const DaoPallet: PalletId = PalletId(*b"stoa/dao");
}

impl pallet_dao::Config for Test {
    type RuntimeCall = RuntimeCall;
    type RuntimeHoldReason = RuntimeHoldReason;
    type Currency = Balances;
    type DepositPrice = Self;
    type CallFilter = Self;
    type Shares = Self;
    type PalletId = DaoPallet;
    type MinPeriod = ConstU64<2>;
    type MaxPeriod = ConstU64<100>;
    type WeightInfo = ();
}

/// Who holds how many shares of an asset, and what locks them.
type Holders = BTreeMap<(AssetId, AccountId), (u32, BTreeMap<LockId, u32>)>;

// In the state, so that a call that fails takes it back.
fn with_shares<R>(work: impl FnOnce(&mut Holders) -> R) -> R {
    let mut holders = unhashed::get_or_default(b"mock/shares");
    let result = work(&mut holders);
    unhashed::put(b"mock/shares", &holders);
    result
}

impl VotingShares<AccountId> for Test {
    fn shares_of(asset: AssetId, who: &AccountId) -> u32 {
        with_shares(|holders| holders.get(&(asset, *who)).map_or(0, |(held, _)| *held))
    }

    fn lock(asset: AssetId, who: &AccountId, id: LockId, shares: u32) -> DispatchResult {
        with_shares(|holders| {
            let (held, locks) = holders.get_mut(&(asset, *who)).ok_or(DispatchError::Other("no holder"))?;
            ensure!(shares <= *held, DispatchError::Other("not so many shares"));
            let lock = locks.entry(id).or_default();
            *lock = shares.max(*lock);
            Ok(())
        })
    }

    fn unlock(asset: AssetId, who: &AccountId, id: LockId) -> DispatchResult {
        with_shares(|holders| {
            let (_, locks) = holders.get_mut(&(asset, *who)).ok_or(DispatchError::Other("no holder"))?;
            locks.remove(&id).map(|_| ()).ok_or(DispatchError::Other("no lock"))
        })
    }

    #[cfg(feature = "runtime-benchmarks")]
    fn create_asset(who: &AccountId) -> AssetId {
        with_shares(|holders| holders.insert((AssetId(8), *who), (1_000_000, BTreeMap::new())));
        AssetId(8)
    }
}

/// The locks on an account's shares of the asset.
pub(crate) fn locks(who: AccountId) -> BTreeMap<LockId, u32> {
    with_shares(|holders| holders.get(&(ASSET, who)).map(|(_, locks)| locks.clone()).unwrap_or_default())
}

/// Gives shares of the asset to another account, unless they are locked.
pub(crate) fn transfer_shares(from: AccountId, to: AccountId, shares: u32) -> Result<(), &'static str> {
    with_shares(|holders| {
        let (held, locks) = holders.get(&(ASSET, from)).cloned().unwrap_or_default();
        let kept = held.checked_sub(shares).ok_or("not so many shares")?;
        ensure!(kept >= locks.values().max().copied().unwrap_or(0), "locked");
        holders.insert((ASSET, from), (kept, locks));
        holders.entry((ASSET, to)).or_default().0 += shares;
        Ok(())
    })
}

/// Builds a chain, runs a test on it and checks everything that must hold.
#[derive(Default)]
pub(crate) struct ExtBuilder;

impl ExtBuilder {
    pub(crate) fn build(self) -> TestExternalities {
        let rich = (1..=5).map(|who| (who, WEALTH));
        let balances = rich.chain([(POOR, 1)]).collect();
        let genesis = RuntimeGenesisConfig {
            balances: pallet_balances::GenesisConfig { balances, ..Default::default() },
            ..Default::default()
        };
        let mut ext = TestExternalities::new(genesis.build_storage().unwrap());
        ext.execute_with(|| {
            System::set_block_number(1);
            with_shares(|holders| {
                for (who, shares) in [(ALICE, 600_000), (BOB, 300_000), (CAROL, 100_000)] {
                    holders.insert((ASSET, who), (shares, BTreeMap::new()));
                }
            });
        });
        ext
    }

    pub(crate) fn build_and_execute(self, test: impl FnOnce()) {
        self.build().execute_with(|| {
            test();
            Pallet::<Test>::do_try_state().unwrap();
        });
    }
}

//! A chain with nothing but balances and the escrow; its neighbours are fixed facts about a few assets.

use crate::{
    self as pallet_compute_escrow, Pallet,
    traits::{Licences, Registry, RevisionFacts, Royalties, SeedState, Seeds},
    types::Parameters,
};
use polkadot_sdk::{
    frame_support::{
        self, PalletId, derive_impl, parameter_types,
        traits::{Footprint, fungible::Mutate, tokens::Preservation},
    },
    frame_system::{self, EnsureRoot},
    pallet_balances,
    sp_io::{TestExternalities, hashing::blake2_256},
    sp_runtime::{BuildStorage, DispatchError, DispatchResult, traits::Convert},
};
use stoa_primitives::{
    Codec, ContentId,
    registry::{AssetId, AssetKind, CommitId, Visibility},
};

pub(crate) type AccountId = u64;
type Block = frame_system::mocking::MockBlock<Test>;

pub(crate) const REQUESTER: AccountId = 1;
pub(crate) const CHALLENGER: AccountId = 2;
/// Pokes jobs on.
pub(crate) const KEEPER: AccountId = 3;
/// Owns every asset.
pub(crate) const OWNER: AccountId = 4;
/// An account that can't pay for anything.
pub(crate) const POOR: AccountId = 9;
/// The first of [`WORKERS`] workers.
pub(crate) const FIRST: AccountId = 100;
pub(crate) const WORKERS: u64 = 80;
pub(crate) const WEALTH: u64 = 1_000_000_000;

/// A public program.
pub(crate) const PROGRAM: AssetId = AssetId(1);
/// A public dataset.
pub(crate) const DATASET: AssetId = AssetId(2);
/// A gated dataset that lets [`PROGRAM`]'s first revision run on it.
pub(crate) const GATED: AssetId = AssetId(3);
/// An encrypted dataset.
pub(crate) const PRIVATE: AssetId = AssetId(4);
/// A gated dataset that isn't for sale by the job.
pub(crate) const UNSOLD: AssetId = AssetId(5);
/// A gated program.
pub(crate) const GATED_PROGRAM: AssetId = AssetId(6);
/// A public dataset whose vault takes no money.
pub(crate) const CLOSED: AssetId = AssetId(7);
/// What a job pays to use a gated asset.
pub(crate) const FEE: u64 = 700;

/// Where an asset's royalties and fees go.
pub(crate) fn vault(asset: AssetId) -> AccountId {
    1_000 + asset.0
}

pub(crate) fn commit_id(number: u8) -> CommitId {
    CommitId([number; 20])
}

pub(crate) fn content(number: u8) -> ContentId {
    ContentId { codec: Codec::DagPb, digest: [number; 32] }
}

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
    pub type Escrow = pallet_compute_escrow;
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

pub(crate) const PARAMETERS: Parameters<u64, u64> = Parameters {
    min_stake: 1_000,
    min_seat_cost: 100,
    base_fee: 10,
    poke_reward: 5,
    apply_blocks: 10,
    reveal_blocks: 10,
    min_run_blocks: 5,
    max_run_blocks: 100,
    bonded_blocks: 200,
};

parameter_types! {
    pub static NoSeeds: bool = false;
    pub static TakenDown: bool = false;
    pub static Now: Parameters<u64, u64> = PARAMETERS;
    pub const EscrowPallet: PalletId = PalletId(*b"stoa/job");
}

std::thread_local! {
    static BEGUN: std::cell::RefCell<Vec<(AssetId, Option<ContentId>)>> = std::cell::RefCell::default();
}

/// The licences that jobs began with since this was last asked: asset, and what runs on it.
pub(crate) fn begun() -> Vec<(AssetId, Option<ContentId>)> {
    BEGUN.take()
}

pub struct Facts;

impl Registry<AccountId> for Facts {
    fn revision(asset: AssetId, commit: CommitId) -> Option<RevisionFacts> {
        let (kind, visibility) = match asset {
            PROGRAM => (AssetKind::Program, Visibility::Public),
            DATASET | CLOSED => (AssetKind::Dataset, Visibility::Public),
            GATED | UNSOLD => (AssetKind::Dataset, Visibility::Gated),
            PRIVATE => (AssetKind::Dataset, Visibility::Private),
            GATED_PROGRAM => (AssetKind::Program, Visibility::Gated),
            _ => return None,
        };
        let [number, ..] = commit.0;
        (!TakenDown::get()).then(|| RevisionFacts { kind, visibility, content: content(number) })
    }

    fn is_admin(_: AssetId, who: &AccountId) -> bool {
        *who == OWNER
    }
}

impl Licences<AccountId, u64> for Facts {
    fn job_fee(_: &AccountId, asset: AssetId, _: CommitId, _: Option<ContentId>) -> Option<u64> {
        (asset != UNSOLD).then_some(FEE)
    }

    fn allows(_: AssetId, program: ContentId) -> bool {
        program == content(1)
    }

    fn begin_job(
        _: &AccountId,
        asset: AssetId,
        _: CommitId,
        program: Option<ContentId>,
        fee: u64,
    ) -> DispatchResult {
        assert_eq!(fee, FEE);
        BEGUN.with_borrow_mut(|begun| begun.push((asset, program)));
        Ok(())
    }

    fn charge(payer: &AccountId, _: u64, asset: AssetId, fee: u64) -> DispatchResult {
        Balances::transfer(payer, &vault(asset), fee, Preservation::Expendable).map(drop)
    }
}

impl Royalties<AccountId, u64> for Facts {
    fn pay(payer: &AccountId, _: u64, asset: AssetId, amount: u64) -> DispatchResult {
        if asset == CLOSED {
            return Err(DispatchError::Unavailable);
        }
        Balances::transfer(payer, &vault(asset), amount, Preservation::Expendable).map(drop)
    }
}

impl Seeds<u64> for Facts {
    fn seed_after(block: u64) -> SeedState {
        if NoSeeds::get() {
            return SeedState::Lost;
        }
        if System::block_number() < block + 8 {
            return SeedState::NotYet;
        }
        SeedState::Ready(blake2_256(&block.to_le_bytes()))
    }
}

#[cfg(feature = "runtime-benchmarks")]
impl crate::traits::BenchmarkHelper<AccountId, u64> for Facts {
    fn revision(_: &AccountId, number: u8, program: bool) -> Option<(AssetId, CommitId)> {
        Some((if program { PROGRAM } else { DATASET }, commit_id(number)))
    }

    fn admin(_: &AccountId) -> AccountId {
        OWNER
    }

    fn fix_seed(_: u64) {}
}

/// One for each row and byte.
pub struct DepositPrice;

impl Convert<Footprint, u64> for DepositPrice {
    fn convert(footprint: Footprint) -> u64 {
        footprint.count * 10 + footprint.size / 10
    }
}

impl pallet_compute_escrow::Config for Test {
    type RuntimeHoldReason = RuntimeHoldReason;
    type Currency = Balances;
    type DepositPrice = DepositPrice;
    type Registry = Facts;
    type Licences = Facts;
    type Royalties = Facts;
    type Seeds = Facts;
    type Parameters = Now;
    type PalletId = EscrowPallet;
    type PotOrigin = EnsureRoot<AccountId>;
    type WeightInfo = ();
    #[cfg(feature = "runtime-benchmarks")]
    type BenchmarkHelper = Facts;
}

/// Builds a chain, runs a test on it and checks everything that must hold.
#[derive(Default)]
pub(crate) struct ExtBuilder;

impl ExtBuilder {
    pub(crate) fn build(self) -> TestExternalities {
        NoSeeds::set(false);
        TakenDown::set(false);
        Now::set(PARAMETERS);
        BEGUN.take();
        let people = [REQUESTER, CHALLENGER, KEEPER, OWNER];
        let rich = people.into_iter().chain(FIRST..FIRST + WORKERS).map(|who| (who, WEALTH));
        let pot = Pallet::<Test>::pot_account();
        let balances = rich.chain([(POOR, 1), (pot, 1)]).collect();
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

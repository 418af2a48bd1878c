//! A chain with nothing but balances and storage proofs.

use crate::{
    self as pallet_storage_proofs, Pallet,
    extension::CheckProofSubmission,
    params::Parameters,
    phases::{Phase, Stage},
    sparse,
    traits::{Pieces, SystemLiveness},
    types::*,
};
use polkadot_sdk::{
    frame_support::{
        self, derive_impl, parameter_types,
        traits::{ConstU32, ConstU128, Get, OnFinalize, OnInitialize, tokens::imbalance::ResolveTo},
        weights::Weight,
    },
    frame_system::{self, RawOrigin, limits::BlockWeights},
    pallet_balances,
    sp_io::{TestExternalities, hashing::blake2_256},
    sp_runtime::{BuildStorage, Perbill, Permill},
};
use std::{
    cell::RefCell,
    collections::{BTreeMap, BTreeSet},
};
use stoa_primitives::{
    Piece, PieceRoot,
    possession::{LeafProof, prove_in_subtree},
    registry::PieceAccess,
};

pub(crate) type AccountId = u64;
type Block = frame_system::mocking::MockBlockU32<Test>;

/// Pays.
pub(crate) const ALICE: AccountId = 1;
/// Provide.
pub(crate) const BOB: AccountId = 2;
pub(crate) const CAROL: AccountId = 3;
pub(crate) const DAVE: AccountId = 4;
/// Reports.
pub(crate) const EVE: AccountId = 5;
/// An account that has next to nothing.
pub(crate) const POOR: AccountId = 9;
pub(crate) const TREASURY: AccountId = 100;
pub(crate) const WEALTH: Balance = 1_000_000_000_000_000;
pub(crate) const GIB: Balance = LEAVES_PER_GIB as Balance;

pub(crate) fn test_parameters() -> Parameters {
    Parameters {
        window: 64,
        response: 24,
        challenges: 4,
        slash: 1_000,
        max_misses: 3,
        grace_after: 100,
        jail_windows: 4,
        notice: 5,
        stake_per_gib: 6_000 * GIB,
        min_price: 10 * GIB,
        max_price: 360 * GIB,
        levy: Permill::from_percent(2),
        reporter_share: Permill::from_percent(10),
        min_term: 2,
        accept_within: 300,
        order_deposit: 10,
        provider_deposit: 50,
    }
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
        RuntimeTask
    )]
    pub struct Test;

    #[runtime::pallet_index(0)]
    pub type System = polkadot_sdk::frame_system;
    #[runtime::pallet_index(1)]
    pub type Balances = polkadot_sdk::pallet_balances;
    #[runtime::pallet_index(2)]
    pub type StorageProofs = pallet_storage_proofs;
}

parameter_types! {
    pub static Governed: Parameters = Parameters::DEFAULT;
    pub static VrfWorks: bool = true;
    pub static Salt: u64 = 0;
    pub static SkippedSlots: u64 = 0;
    pub static Migrating: bool = false;
    pub storage TreasuryAccount: AccountId = TREASURY;
    pub TestWeights: BlockWeights = BlockWeights::with_sensible_defaults(
        Weight::from_parts(1_000_000_000_000, u64::MAX),
        Perbill::from_percent(75),
    );
}

thread_local! {
    static BYTES: RefCell<BTreeMap<PieceRoot, Vec<u8>>> = RefCell::default();
    static ACCESS: RefCell<BTreeMap<PieceRoot, PieceAccess>> = RefCell::default();
    static ADMINS: RefCell<BTreeSet<(PieceRoot, AccountId)>> = RefCell::default();
}

#[derive_impl(frame_system::config_preludes::TestDefaultConfig)]
impl frame_system::Config for Test {
    type Block = Block;
    type BlockWeights = TestWeights;
    type AccountData = pallet_balances::AccountData<Balance>;
}

#[derive_impl(pallet_balances::config_preludes::TestDefaultConfig)]
impl pallet_balances::Config for Test {
    type Balance = Balance;
    type ExistentialDeposit = ConstU128<5>;
    type AccountStore = System;
}

pub struct TestVrf;
impl Get<Option<Seed>> for TestVrf {
    fn get() -> Option<Seed> {
        VrfWorks::get()
            .then(|| blake2_256(&[Salt::get(), System::block_number().into()].map(u64::to_le_bytes).concat()))
    }
}

pub struct TestSlot;
impl Get<u64> for TestSlot {
    fn get() -> u64 {
        u64::from(System::block_number()) + SkippedSlots::get()
    }
}

pub struct TestPieces;
impl Pieces<AccountId> for TestPieces {
    fn access(root: PieceRoot) -> PieceAccess {
        ACCESS.with_borrow(|found| found.get(&root).copied().unwrap_or(PieceAccess::Unknown))
    }

    fn is_admin(who: &AccountId, root: PieceRoot) -> bool {
        ADMINS.with_borrow(|found| found.contains(&(root, *who)))
    }

    #[cfg(feature = "runtime-benchmarks")]
    fn prepare(root: PieceRoot, access: PieceAccess, admin: &AccountId) {
        set_access(&root, access);
        add_admin(&root, *admin);
    }
}

impl pallet_storage_proofs::Config for Test {
    type RuntimeHoldReason = RuntimeHoldReason;
    type Currency = Balances;
    type Parameters = Governed;
    type SeedMemory = ConstU32<40>;
    type Vrf = TestVrf;
    type Liveness = SystemLiveness<Test, TestSlot, Migrating>;
    type Pieces = TestPieces;
    type Treasury = ResolveTo<TreasuryAccount, Balances>;
    type WeightInfo = ();
}

pub(crate) type Extension = CheckProofSubmission<Test>;

/// Builds a chain, runs a test on it and checks everything that must hold.
#[derive(Default)]
pub(crate) struct ExtBuilder;

impl ExtBuilder {
    pub(crate) fn build(self) -> TestExternalities {
        Governed::set(test_parameters());
        VrfWorks::set(true);
        Salt::set(0);
        SkippedSlots::set(0);
        Migrating::set(false);
        BYTES.take();
        ACCESS.take();
        ADMINS.take();
        let rich = (1..=8).chain([TREASURY]).map(|who| (who, WEALTH));
        let balances = rich.chain([(POOR, 100)]).collect();
        let genesis = RuntimeGenesisConfig {
            balances: pallet_balances::GenesisConfig { balances, ..Default::default() },
            storage_proofs: crate::GenesisConfig { min_response: Some(16), ..Default::default() },
            ..Default::default()
        };
        let mut ext = TestExternalities::new(genesis.build_storage().unwrap());
        ext.execute_with(|| {
            start_block(1);
            // Every phase has opened once, so that parameters and seeds are there.
            roll(80);
        });
        ext
    }

    pub(crate) fn build_and_execute(self, test: impl FnOnce()) {
        self.build().execute_with(|| {
            let issued = Balances::total_issuance();
            test();
            Pallet::<Test>::do_try_state().unwrap();
            assert_eq!(Balances::total_issuance(), issued, "money was made or lost");
        });
    }
}

pub(crate) fn set_access(root: &PieceRoot, access: PieceAccess) {
    ACCESS.with_borrow_mut(|found| found.insert(*root, access));
}

pub(crate) fn add_admin(root: &PieceRoot, who: AccountId) {
    ADMINS.with_borrow_mut(|found| found.insert((*root, who)));
}

fn start_block(number: BlockNo) {
    System::set_block_number(number);
    frame_system::BlockWeight::<Test>::kill();
    frame_system::BlockSize::<Test>::kill();
    AllPalletsWithSystem::on_initialize(number);
}

/// Ends the current block and begins the next.
pub(crate) fn next_block() {
    let number = System::block_number();
    AllPalletsWithSystem::on_finalize(number);
    start_block(number + 1);
}

pub(crate) fn roll(blocks: u32) {
    (0..blocks).for_each(|_| next_block());
}

pub(crate) fn phase(who: AccountId) -> Phase {
    Pallet::<Test>::phase_of(&who)
}

pub(crate) fn roll_until(who: AccountId, arrived: impl Fn(&Phase) -> bool) {
    for _ in 0..2_000 {
        if arrived(&phase(who)) {
            return;
        }
        next_block();
    }
    panic!("the phase never gets there");
}

/// The account's next window has opened.
pub(crate) fn to_next_window(who: AccountId) {
    let now = phase(who).window;
    roll_until(who, |phase| phase.window > now);
}

/// The account's window has a seed; the current one if it isn't too late.
pub(crate) fn to_seed(who: AccountId) {
    roll_until(who, |phase| matches!(phase.stage, Stage::Open(_)));
}

/// The seed of the account's next window is known.
pub(crate) fn to_next_seed(who: AccountId) {
    to_next_window(who);
    to_seed(who);
}

/// The response of the account's window has ended.
pub(crate) fn to_close(who: AccountId) {
    roll_until(who, |phase| matches!(phase.stage, Stage::Over));
}

/// `windows` of the account's windows go by without a proof.
pub(crate) fn miss(who: AccountId, windows: u32) {
    for _ in 0..windows {
        to_next_window(who);
        to_close(who);
    }
}

/// A piece of `size` bytes that whoever wants can prove.
pub(crate) fn piece(number: u8, size: u64) -> Piece {
    let bytes: Vec<u8> = (0..size).map(|at| (at * 31 + (at >> 10) * 7) as u8 ^ number).collect();
    let root = *blake3::hash(&bytes).as_bytes();
    BYTES.with_borrow_mut(|found| found.insert(root, bytes));
    Piece { root, size }
}

/// A piece of `size` bytes of which nobody has any.
pub(crate) fn lost_piece(number: u8, size: u64) -> Piece {
    sparse::piece(size, &[], number).0
}

fn leaf_proof(challenge: &Challenge) -> LeafProof {
    BYTES.with_borrow(|found| match found.get(&challenge.piece.root) {
        Some(bytes) => prove_in_subtree(0, bytes, challenge.leaf).unwrap(),
        None => LeafProof { leaf: Vec::new(), path: Vec::new() },
    })
}

/// What an honest provider would submit now.
pub(crate) fn honest_proof(who: AccountId) -> (WindowIndex, Seed, LeafProofs) {
    let set = Pallet::<Test>::challenges(who).unwrap();
    let leaves: Vec<_> = set.challenges.iter().map(leaf_proof).collect();
    (set.window, set.seed.unwrap_or_default(), leaves.try_into().unwrap())
}

pub(crate) fn prove(who: AccountId) -> frame_support::dispatch::DispatchResultWithPostInfo {
    let (window, seed, leaves) = honest_proof(who);
    StorageProofs::submit_proof(signed(who), window, seed, leaves)
}

/// `windows` of the account's windows are proven.
pub(crate) fn prove_windows(who: AccountId, windows: u32) {
    for _ in 0..windows {
        to_next_seed(who);
        prove(who).unwrap();
    }
}

pub(crate) fn signed(who: AccountId) -> RuntimeOrigin {
    RawOrigin::Signed(who).into()
}

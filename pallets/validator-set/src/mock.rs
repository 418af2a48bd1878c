//! A chain with sessions of ten blocks, offences and the set.

use crate::{self as pallet_validator_set, Pallet};
use polkadot_sdk::{
    frame_support::{
        self, derive_impl,
        traits::{ConstU32, ConstU64, Hooks},
    },
    frame_system::{self, EnsureRoot},
    pallet_balances, pallet_offences,
    sp_io::TestExternalities,
    sp_runtime::{
        BuildStorage,
        testing::UintAuthorityId,
        traits::{Convert, ConvertInto},
    },
};

pub(crate) type AccountId = u64;
type Block = frame_system::mocking::MockBlock<Test>;

/// Most members of the mock.
pub(crate) const MOST: u32 = 10;
/// Accounts with keys that aren't members at first: those after the members and up to this one.
pub(crate) const LAST: AccountId = 20;
/// Blocks of a session.
const SESSION: u64 = 10;

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
    pub type ValidatorSet = pallet_validator_set;
    #[runtime::pallet_index(3)]
    pub type Session = pallet_session;
    #[runtime::pallet_index(4)]
    pub type Historical = pallet_session::historical;
    #[runtime::pallet_index(5)]
    pub type Offences = polkadot_sdk::pallet_offences;
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

impl pallet_session::Config for Test {
    type RuntimeEvent = RuntimeEvent;
    type ValidatorId = AccountId;
    type ValidatorIdOf = ConvertInto;
    type ShouldEndSession = pallet_session::PeriodicSessions<ConstU64<SESSION>, ConstU64<0>>;
    type NextSessionRotation = pallet_session::PeriodicSessions<ConstU64<SESSION>, ConstU64<0>>;
    type SessionManager = pallet_session::historical::NoteHistoricalRoot<Self, ValidatorSet>;
    type SessionHandler = pallet_session::TestSessionHandler;
    type Keys = UintAuthorityId;
    type DisablingStrategy = ();
    type WeightInfo = ();
    type Currency = Balances;
    type KeyDeposit = ConstU64<10>;
}

/// Nothing is staked.
impl Convert<AccountId, Option<()>> for Test {
    fn convert(_: AccountId) -> Option<()> {
        Some(())
    }
}

impl pallet_session::historical::Config for Test {
    type RuntimeEvent = RuntimeEvent;
    type FullIdentification = ();
    type FullIdentificationOf = Self;
}

impl pallet_offences::Config for Test {
    type RuntimeEvent = RuntimeEvent;
    type IdentificationTuple = pallet_session::historical::IdentificationTuple<Self>;
    type OnOffenceHandler = ValidatorSet;
}

impl pallet_validator_set::Config for Test {
    type AdminOrigin = EnsureRoot<AccountId>;
    type MaxValidators = ConstU32<MOST>;
    type MaxOffences = ConstU32<4>;
    type ReportingSessions = ConstU32<6>;
    type WeightInfo = ();
}

/// Builds a chain, runs a test on it and checks everything that must hold.
pub(crate) struct ExtBuilder {
    pub(crate) validators: Vec<AccountId>,
    pub(crate) minimum_size: u32,
    pub(crate) without_keys: Vec<AccountId>,
}

impl Default for ExtBuilder {
    fn default() -> Self {
        Self { validators: (1..=4).collect(), minimum_size: 2, without_keys: Vec::new() }
    }
}

impl ExtBuilder {
    pub(crate) fn of(validators: u64, minimum_size: u32) -> Self {
        Self { validators: (1..=validators).collect(), minimum_size, ..Default::default() }
    }

    pub(crate) fn build(self) -> TestExternalities {
        let keys = |range: Vec<AccountId>| -> Vec<_> {
            let with_keys = range.into_iter().filter(|who| !self.without_keys.contains(who));
            with_keys.map(|who| (who, who, UintAuthorityId(who))).collect()
        };
        let others = (1..=LAST).filter(|who| !self.validators.contains(who)).collect();
        let genesis = RuntimeGenesisConfig {
            balances: pallet_balances::GenesisConfig {
                balances: (1..=LAST).map(|who| (who, 1_000)).collect(),
                ..Default::default()
            },
            session: pallet_session::GenesisConfig {
                keys: keys(self.validators.clone()),
                non_authority_keys: keys(others),
            },
            validator_set: pallet_validator_set::GenesisConfig {
                validators: self.validators.clone(),
                minimum_size: self.minimum_size,
            },
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

/// Begins the next session.
pub(crate) fn next_session() {
    let block = (System::block_number() / SESSION + 1) * SESSION;
    System::set_block_number(block);
    Session::on_initialize(block);
}

//! Stoa's runtime.
//!
//! One wasm for every network: what differs between them comes from the genesis (see [`genesis`]), never
//! from `cfg`. Pallets are configured by concern in [`configs`]; [`apis`] is what nodes and clients call.

#![cfg_attr(not(feature = "std"), no_std)]
// `construct_runtime` and the runtime API macros nest deeply.
#![recursion_limit = "512"]
#![allow(missing_docs, reason = "FRAME's macros make public items without documentation")]

#[cfg(feature = "std")]
#[allow(dead_code, unreachable_pub, reason = "the file is generated")]
mod wasm {
    include!(concat!(env!("OUT_DIR"), "/wasm_binary.rs"));
}
#[cfg(feature = "std")]
pub use wasm::WASM_BINARY;

extern crate alloc;

pub mod apis;
pub mod configs;
pub mod genesis;
pub mod migrations;
mod weights;

#[cfg(test)]
mod tests;

use alloc::{borrow::Cow, vec::Vec};
use polkadot_sdk::*;
use sp_runtime::{
    MultiAddress, MultiSignature, generic, impl_opaque_keys,
    traits::{BlakeTwo256, IdentifyAccount, Verify},
};
use sp_version::RuntimeVersion;

/// How an account signs.
pub type Signature = MultiSignature;
/// The public key behind a [`Signature`].
pub type AccountPublic = <Signature as Verify>::Signer;
/// An account.
pub type AccountId = <AccountPublic as IdentifyAccount>::AccountId;
/// An account as calls name it.
pub type Address = MultiAddress<AccountId, ()>;
/// An amount, in plancks: 10^12 make one STOA.
pub type Balance = u128;
/// How many extrinsics an account has sent.
pub type Nonce = u32;
/// A block's hash.
pub type Hash = sp_core::H256;
/// A block's number.
pub type BlockNumber = u32;
/// A block's header.
pub type Header = generic::Header<BlockNumber, BlakeTwo256>;
/// A block.
pub type Block = generic::Block<Header, UncheckedExtrinsic>;
/// A moment, in milliseconds since the Unix epoch.
pub type Moment = u64;

/// One STOA in plancks.
pub const STOA: Balance = 1_000_000_000_000;
/// A thousandth of a STOA.
pub const MILLI: Balance = STOA / 1_000;
/// A millionth of a STOA.
pub const MICRO: Balance = MILLI / 1_000;

/// What a signed extrinsic carries beside its call, in the order that clients know.
pub type TxExtension = (
    frame_system::AuthorizeCall<Runtime>,
    frame_system::CheckNonZeroSender<Runtime>,
    frame_system::CheckSpecVersion<Runtime>,
    frame_system::CheckTxVersion<Runtime>,
    frame_system::CheckGenesis<Runtime>,
    frame_system::CheckEra<Runtime>,
    frame_system::CheckNonce<Runtime>,
    frame_system::CheckWeight<Runtime>,
    pallet_dao::free_vote::FreeVotes<Runtime, pallet_transaction_payment::ChargeTransactionPayment<Runtime>>,
    frame_metadata_hash_extension::CheckMetadataHash<Runtime>,
    pallet_storage_proofs::extension::CheckProofSubmission<Runtime>,
    frame_system::WeightReclaim<Runtime>,
);

/// An extrinsic as it is sent.
pub type UncheckedExtrinsic = generic::UncheckedExtrinsic<Address, RuntimeCall, Signature, TxExtension>;
/// What the signature of an extrinsic covers.
pub type SignedPayload = generic::SignedPayload<RuntimeCall, TxExtension>;

/// Runs blocks.
pub type Executive = frame_executive::Executive<
    Runtime,
    Block,
    frame_system::ChainContext<Runtime>,
    Runtime,
    AllPalletsWithSystem,
>;

impl_opaque_keys! {
    /// The keys of a validator.
    pub struct SessionKeys {
        /// Votes on finality.
        pub grandpa: Grandpa,
        /// Authors blocks.
        pub babe: Babe,
        /// Signs the addresses under which the validator is found.
        pub authority_discovery: AuthorityDiscovery,
    }
}

// The attribute takes literals alone.
macro_rules! version {
    ($spec_version:tt) => {
        /// The version of this runtime. `spec_version` rises with every change of the runtime that is released,
        /// `transaction_version` when an extrinsic encodes differently.
        #[sp_version::runtime_version]
        pub const VERSION: RuntimeVersion = RuntimeVersion {
            spec_name: Cow::Borrowed("stoa"),
            impl_name: Cow::Borrowed("stoa"),
            authoring_version: 1,
            spec_version: $spec_version,
            impl_version: 0,
            apis: apis::RUNTIME_API_VERSIONS,
            transaction_version: 1,
            system_version: 1,
        };
    };
}
#[cfg(not(next_version))]
version!(100);
// What the test of upgrades goes on to; nothing else is different.
#[cfg(next_version)]
version!(101);

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
    pub struct Runtime;

    #[runtime::pallet_index(0)]
    pub type System = frame_system;
    // Before everything that reads the block time at genesis.
    #[runtime::pallet_index(1)]
    pub type ChainTiming = pallet_chain_timing;
    #[runtime::pallet_index(2)]
    pub type Timestamp = pallet_timestamp;
    #[runtime::pallet_index(3)]
    pub type Parameters = pallet_parameters;

    // Consensus. The set before Session, which asks it for validators at genesis; Babe before Session, Session before
    // what reads its validators.
    #[runtime::pallet_index(9)]
    pub type ValidatorSet = pallet_validator_set;
    #[runtime::pallet_index(10)]
    pub type Babe = pallet_babe;
    #[runtime::pallet_index(11)]
    pub type Authorship = pallet_authorship;
    #[runtime::pallet_index(12)]
    pub type Offences = pallet_offences;
    #[runtime::pallet_index(13)]
    pub type Historical = pallet_session::historical;
    #[runtime::pallet_index(14)]
    pub type Session = pallet_session;
    #[runtime::pallet_index(15)]
    pub type Grandpa = pallet_grandpa;
    #[runtime::pallet_index(16)]
    pub type AuthorityDiscovery = pallet_authority_discovery;

    // Money.
    #[runtime::pallet_index(20)]
    pub type Balances = pallet_balances;
    #[runtime::pallet_index(21)]
    pub type TransactionPayment = pallet_transaction_payment;

    // Accounts.
    #[runtime::pallet_index(30)]
    pub type Utility = pallet_utility;
    #[runtime::pallet_index(31)]
    pub type Multisig = pallet_multisig;
    #[runtime::pallet_index(32)]
    pub type Proxy = pallet_proxy;
    #[runtime::pallet_index(33)]
    pub type Identity = pallet_identity;
    #[runtime::pallet_index(34)]
    pub type Preimage = pallet_preimage;
    #[runtime::pallet_index(35)]
    pub type Scheduler = pallet_scheduler;

    // Governance.
    #[runtime::pallet_index(40)]
    pub type Governance = pallet_governance;
    #[runtime::pallet_index(41)]
    pub type Referenda = pallet_referenda;
    #[runtime::pallet_index(42)]
    pub type ConvictionVoting = pallet_conviction_voting;
    #[runtime::pallet_index(43)]
    pub type TechnicalCommittee = pallet_collective<Instance1>;
    #[runtime::pallet_index(44)]
    pub type Whitelist = pallet_whitelist;
    #[runtime::pallet_index(45)]
    pub type Treasury = pallet_treasury;
    #[runtime::pallet_index(46)]
    pub type TxPause = pallet_tx_pause;
    #[runtime::pallet_index(47)]
    pub type SafeMode = pallet_safe_mode;
    #[runtime::pallet_index(48)]
    pub type MultiBlockMigrations = pallet_migrations;
    #[runtime::pallet_index(49)]
    pub type FreeVotes = pallet_dao::free_vote;

    // The hub.
    #[runtime::pallet_index(50)]
    pub type AssetRegistry = pallet_asset_registry;
    #[runtime::pallet_index(51)]
    pub type Royalties = pallet_royalties;
    #[runtime::pallet_index(52)]
    pub type StorageProofs = pallet_storage_proofs;
    #[runtime::pallet_index(53)]
    pub type Marketplace = pallet_marketplace;
    #[runtime::pallet_index(54)]
    pub type ComputeEscrow = pallet_compute_escrow;
    #[runtime::pallet_index(55)]
    pub type Dao = pallet_dao;
}

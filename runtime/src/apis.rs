//! The runtime APIs: what nodes and clients call.

use crate::*;
use alloc::vec::Vec;
use codec::Encode;
use frame_support::{
    genesis_builder_helper::{build_state, get_preset},
    traits::{Get, KeyOwnerProofSystem},
    weights::Weight,
};
use pallet_asset_registry::types::*;
use pallet_grandpa::AuthorityId as GrandpaId;
use sp_api::impl_runtime_apis;
use sp_authority_discovery::AuthorityId as AuthorityDiscoveryId;
use sp_core::{OpaqueMetadata, crypto::KeyTypeId};
use sp_inherents::{CheckInherentsResult, InherentData};
use sp_runtime::{
    ApplyExtrinsicResult, ExtrinsicInclusionMode,
    traits::{Block as BlockT, NumberFor},
    transaction_validity::{TransactionSource, TransactionValidity},
};
use stoa_primitives::{
    ContentId, Piece, PieceRoot,
    registry::{AssetId, CommitId, PieceAccess, Role},
};

impl_runtime_apis! {
    impl sp_api::Core<Block> for Runtime {
        fn version() -> RuntimeVersion {
            VERSION
        }
        fn execute_block(block: <Block as BlockT>::LazyBlock) {
            Executive::execute_block(block);
        }
        fn initialize_block(header: &<Block as BlockT>::Header) -> ExtrinsicInclusionMode {
            Executive::initialize_block(header)
        }
    }

    impl sp_api::Metadata<Block> for Runtime {
        fn metadata() -> OpaqueMetadata {
            OpaqueMetadata::new(Runtime::metadata().into())
        }
        fn metadata_at_version(version: u32) -> Option<OpaqueMetadata> {
            Runtime::metadata_at_version(version)
        }
        fn metadata_versions() -> Vec<u32> {
            Runtime::metadata_versions()
        }
    }

    impl frame_support::view_functions::runtime_api::RuntimeViewFunction<Block> for Runtime {
        fn execute_view_function(
            id: frame_support::view_functions::ViewFunctionId,
            input: Vec<u8>,
        ) -> Result<Vec<u8>, frame_support::view_functions::ViewFunctionDispatchError> {
            Runtime::execute_view_function(id, input)
        }
    }

    impl sp_block_builder::BlockBuilder<Block> for Runtime {
        fn apply_extrinsic(extrinsic: <Block as BlockT>::Extrinsic) -> ApplyExtrinsicResult {
            Executive::apply_extrinsic(extrinsic)
        }
        fn finalize_block() -> <Block as BlockT>::Header {
            Executive::finalize_block()
        }
        fn inherent_extrinsics(data: InherentData) -> Vec<<Block as BlockT>::Extrinsic> {
            data.create_extrinsics()
        }
        fn check_inherents(block: <Block as BlockT>::LazyBlock, data: InherentData) -> CheckInherentsResult {
            data.check_extrinsics(&block)
        }
    }

    impl sp_transaction_pool::runtime_api::TaggedTransactionQueue<Block> for Runtime {
        fn validate_transaction(
            source: TransactionSource,
            extrinsic: <Block as BlockT>::Extrinsic,
            block_hash: <Block as BlockT>::Hash,
        ) -> TransactionValidity {
            Executive::validate_transaction(source, extrinsic, block_hash)
        }
    }

    impl sp_offchain::OffchainWorkerApi<Block> for Runtime {
        fn offchain_worker(header: &<Block as BlockT>::Header) {
            Executive::offchain_worker(header)
        }
    }

    impl sp_session::SessionKeys<Block> for Runtime {
        fn generate_session_keys(owner: Vec<u8>, seed: Option<Vec<u8>>) -> sp_session::OpaqueGeneratedSessionKeys {
            SessionKeys::generate(&owner, seed).into()
        }
        fn decode_session_keys(encoded: Vec<u8>) -> Option<Vec<(Vec<u8>, KeyTypeId)>> {
            SessionKeys::decode_into_raw_public_keys(&encoded)
        }
    }

    impl sp_consensus_babe::BabeApi<Block> for Runtime {
        fn configuration() -> sp_consensus_babe::BabeConfiguration {
            let epoch = Babe::epoch_config().unwrap_or(genesis::EPOCH_CONFIGURATION);
            sp_consensus_babe::BabeConfiguration {
                slot_duration: Babe::slot_duration(),
                epoch_length: <Runtime as pallet_babe::Config>::EpochDuration::get(),
                c: epoch.c,
                authorities: Babe::authorities().to_vec(),
                randomness: Babe::randomness(),
                allowed_slots: epoch.allowed_slots,
            }
        }
        fn current_epoch_start() -> sp_consensus_babe::Slot {
            Babe::current_epoch_start()
        }
        fn current_epoch() -> sp_consensus_babe::Epoch {
            Babe::current_epoch()
        }
        fn next_epoch() -> sp_consensus_babe::Epoch {
            Babe::next_epoch()
        }
        fn generate_key_ownership_proof(
            _slot: sp_consensus_babe::Slot,
            authority_id: sp_consensus_babe::AuthorityId,
        ) -> Option<sp_consensus_babe::OpaqueKeyOwnershipProof> {
            Historical::prove((sp_consensus_babe::KEY_TYPE, authority_id))
                .map(|proof| sp_consensus_babe::OpaqueKeyOwnershipProof::new(proof.encode()))
        }
        fn submit_report_equivocation_unsigned_extrinsic(
            equivocation_proof: sp_consensus_babe::EquivocationProof<<Block as BlockT>::Header>,
            key_owner_proof: sp_consensus_babe::OpaqueKeyOwnershipProof,
        ) -> Option<()> {
            Babe::submit_unsigned_equivocation_report(equivocation_proof, key_owner_proof.decode()?)
        }
    }

    impl sp_consensus_grandpa::GrandpaApi<Block> for Runtime {
        fn grandpa_authorities() -> sp_consensus_grandpa::AuthorityList {
            Grandpa::grandpa_authorities()
        }
        fn current_set_id() -> sp_consensus_grandpa::SetId {
            pallet_grandpa::CurrentSetId::<Runtime>::get()
        }
        fn submit_report_equivocation_unsigned_extrinsic(
            equivocation_proof: sp_consensus_grandpa::EquivocationProof<<Block as BlockT>::Hash, NumberFor<Block>>,
            key_owner_proof: sp_consensus_grandpa::OpaqueKeyOwnershipProof,
        ) -> Option<()> {
            Grandpa::submit_unsigned_equivocation_report(equivocation_proof, key_owner_proof.decode()?)
        }
        fn generate_key_ownership_proof(
            _set_id: sp_consensus_grandpa::SetId,
            authority_id: GrandpaId,
        ) -> Option<sp_consensus_grandpa::OpaqueKeyOwnershipProof> {
            Historical::prove((sp_consensus_grandpa::KEY_TYPE, authority_id))
                .map(|proof| sp_consensus_grandpa::OpaqueKeyOwnershipProof::new(proof.encode()))
        }
    }

    impl sp_authority_discovery::AuthorityDiscoveryApi<Block> for Runtime {
        fn authorities() -> Vec<AuthorityDiscoveryId> {
            AuthorityDiscovery::authorities()
        }
    }

    impl frame_system_rpc_runtime_api::AccountNonceApi<Block, AccountId, Nonce> for Runtime {
        fn account_nonce(account: AccountId) -> Nonce {
            System::account_nonce(account)
        }
    }

    impl pallet_transaction_payment_rpc_runtime_api::TransactionPaymentApi<Block, Balance> for Runtime {
        fn query_info(
            extrinsic: <Block as BlockT>::Extrinsic,
            length: u32,
        ) -> pallet_transaction_payment_rpc_runtime_api::RuntimeDispatchInfo<Balance> {
            TransactionPayment::query_info(extrinsic, length)
        }
        fn query_fee_details(
            extrinsic: <Block as BlockT>::Extrinsic,
            length: u32,
        ) -> pallet_transaction_payment_rpc_runtime_api::FeeDetails<Balance> {
            TransactionPayment::query_fee_details(extrinsic, length)
        }
        fn query_weight_to_fee(weight: Weight) -> Balance {
            TransactionPayment::weight_to_fee(weight)
        }
        fn query_length_to_fee(length: u32) -> Balance {
            TransactionPayment::length_to_fee(length)
        }
    }

    impl pallet_transaction_payment_rpc_runtime_api::TransactionPaymentCallApi<Block, Balance, RuntimeCall> for Runtime {
        fn query_call_info(call: RuntimeCall, length: u32) -> pallet_transaction_payment::RuntimeDispatchInfo<Balance> {
            TransactionPayment::query_call_info(call, length)
        }
        fn query_call_fee_details(call: RuntimeCall, length: u32) -> pallet_transaction_payment::FeeDetails<Balance> {
            TransactionPayment::query_call_fee_details(call, length)
        }
        fn query_weight_to_fee(weight: Weight) -> Balance {
            TransactionPayment::weight_to_fee(weight)
        }
        fn query_length_to_fee(length: u32) -> Balance {
            TransactionPayment::length_to_fee(length)
        }
    }

    impl pallet_asset_registry::runtime_api::AssetRegistryApi<Block, AccountId, Balance, BlockNumber> for Runtime {
        fn namespace(name: Vec<u8>) -> Option<NamespaceInfo<AccountId>> {
            AssetRegistry::namespace(name)
        }
        fn asset(name: Vec<u8>) -> Option<AssetInfo<AccountId>> {
            AssetRegistry::asset(name)
        }
        fn asset_by_id(asset: AssetId) -> Option<AssetInfo<AccountId>> {
            AssetRegistry::asset_by_id(asset)
        }
        fn revision(commit: CommitId) -> Option<RevisionInfo<AccountId, BlockNumber>> {
            AssetRegistry::revision(commit)
        }
        fn resolve(asset: Vec<u8>, reference: Vec<u8>) -> Option<RevisionInfo<AccountId, BlockNumber>> {
            AssetRegistry::resolve(asset, reference)
        }
        fn refs(asset: AssetId, after: Option<Vec<u8>>, limit: u32) -> Vec<RefInfo> {
            AssetRegistry::refs(asset, after, limit)
        }
        fn revisions(asset: AssetId, start: u32, limit: u32) -> Vec<RevisionInfo<AccountId, BlockNumber>> {
            AssetRegistry::revisions(asset, start, limit)
        }
        fn collaborators(asset: AssetId, after: Option<AccountId>, limit: u32) -> Vec<CollaboratorInfo<AccountId>> {
            AssetRegistry::collaborators(asset, after, limit)
        }
        fn role(asset: AssetId, account: AccountId) -> Option<Role> {
            AssetRegistry::role(asset, account)
        }
        fn namespaces_of_account(account: AccountId, after: Option<Vec<u8>>, limit: u32) -> Vec<NamespaceInfo<AccountId>> {
            AssetRegistry::namespaces_of_account(account, after, limit)
        }
        fn assets_of_account(account: AccountId, after: Option<AssetId>, limit: u32) -> Vec<AssetInfo<AccountId>> {
            AssetRegistry::assets_of_account(account, after, limit)
        }
        fn assets_of_namespace(namespace: Vec<u8>, after: Option<AssetId>, limit: u32) -> Vec<AssetInfo<AccountId>> {
            AssetRegistry::assets_of_namespace(namespace, after, limit)
        }
        fn ancestors(commit: CommitId, skip: u32, limit: u32) -> Vec<LineageEntry> {
            AssetRegistry::ancestors(commit, skip, limit)
        }
        fn descendants(commit: CommitId, skip: u32, limit: u32) -> Vec<LineageEntry> {
            AssetRegistry::descendants(commit, skip, limit)
        }
        fn attestations(commit: CommitId, after: Option<(AccountId, Claim)>, limit: u32) -> Vec<AttestationInfo<AccountId, BlockNumber>> {
            AssetRegistry::attestations(commit, after, limit)
        }
        fn piece_access(root: PieceRoot) -> PieceAccess {
            AssetRegistry::piece_access(root)
        }
        fn piece_of_content(content: ContentId) -> Option<Piece> {
            AssetRegistry::piece_of_content(content)
        }
        fn pieces_of_content(content: ContentId, skip: u32, limit: u32) -> Vec<Piece> {
            AssetRegistry::pieces_of_content(content, skip, limit)
        }
        fn deny_list(after: Option<Subject>, limit: u32) -> Vec<(Subject, TakeDown<BlockNumber>)> {
            AssetRegistry::deny_list(after, limit)
        }
        fn deposit(of: DepositFor) -> Balance {
            AssetRegistry::deposit(of)
        }
    }

    impl pallet_validator_set::runtime_api::ValidatorSetApi<Block, AccountId, BlockNumber> for Runtime {
        fn validators() -> Vec<AccountId> {
            ValidatorSet::validators()
        }
        fn queued() -> Vec<AccountId> {
            ValidatorSet::queued()
        }
        fn members() -> Vec<pallet_validator_set::types::MemberInfo<AccountId>> {
            ValidatorSet::members()
        }
        fn disabled() -> Vec<AccountId> {
            ValidatorSet::disabled()
        }
        fn offenders() -> Vec<AccountId> {
            ValidatorSet::offenders()
        }
        fn offences(before: Option<u64>, limit: u32) -> Vec<pallet_validator_set::types::OffenceInfo<AccountId, BlockNumber>> {
            ValidatorSet::offences(before, limit)
        }
        fn limits() -> pallet_validator_set::types::SetLimits {
            ValidatorSet::limits()
        }
    }

    impl pallet_royalties::runtime_api::RoyaltiesApi<Block, AccountId> for Runtime {
        fn vault(asset: AssetId) -> Option<pallet_royalties::runtime_api::VaultInfo> {
            Royalties::vault(asset)
        }
        fn upstream(asset: AssetId) -> Option<pallet_royalties::runtime_api::UpstreamInfo> {
            Royalties::upstream(asset)
        }
        fn descendants(ancestor: AssetId, after: Option<AssetId>, limit: u32) -> Vec<pallet_royalties::runtime_api::DescendantInfo> {
            Royalties::descendants(ancestor, after, limit)
        }
        fn holding(asset: AssetId, account: AccountId) -> Option<pallet_royalties::runtime_api::HolderInfo<AccountId>> {
            Royalties::holding(asset, account)
        }
        fn holders(asset: AssetId, after: Option<AccountId>, limit: u32) -> Vec<pallet_royalties::runtime_api::HolderInfo<AccountId>> {
            Royalties::holders(asset, after, limit)
        }
        fn holdings(account: AccountId, after: Option<AssetId>, limit: u32) -> Vec<pallet_royalties::runtime_api::HolderInfo<AccountId>> {
            Royalties::holdings(account, after, limit)
        }
        fn approval(asset: AssetId, holder: AccountId, spender: AccountId) -> pallet_royalties::runtime_api::Shares {
            Royalties::approval(asset, holder, spender)
        }
        fn deposit(of: pallet_royalties::runtime_api::DepositFor) -> Balance {
            Royalties::deposit_for(of)
        }
    }

    impl sp_genesis_builder::GenesisBuilder<Block> for Runtime {
        fn build_state(config: Vec<u8>) -> sp_genesis_builder::Result {
            build_state::<RuntimeGenesisConfig>(config)
        }
        fn get_preset(id: &Option<sp_genesis_builder::PresetId>) -> Option<Vec<u8>> {
            get_preset::<RuntimeGenesisConfig>(id, genesis::preset)
        }
        fn preset_names() -> Vec<sp_genesis_builder::PresetId> {
            genesis::preset_names()
        }
    }

    #[cfg(feature = "runtime-benchmarks")]
    impl frame_benchmarking::Benchmark<Block> for Runtime {
        fn benchmark_metadata(
            extra: bool,
        ) -> (Vec<frame_benchmarking::BenchmarkList>, Vec<frame_support::traits::StorageInfo>) {
            use frame_benchmarking::BenchmarkList;
            use frame_support::traits::StorageInfoTrait;
            let mut list = Vec::<BenchmarkList>::new();
            list_benchmarks!(list, extra);
            (list, AllPalletsWithSystem::storage_info())
        }

        fn dispatch_benchmark(
            config: frame_benchmarking::BenchmarkConfig,
        ) -> Result<Vec<frame_benchmarking::BenchmarkBatch>, alloc::string::String> {
            use frame_benchmarking::BenchmarkBatch;
            use frame_support::traits::WhitelistedStorageKeys;
            let whitelist = AllPalletsWithSystem::whitelisted_storage_keys();
            let mut batches = Vec::<BenchmarkBatch>::new();
            let params = (&config, &whitelist);
            add_benchmarks!(params, batches);
            Ok(batches)
        }
    }

    #[cfg(feature = "try-runtime")]
    impl frame_try_runtime::TryRuntime<Block> for Runtime {
        fn on_runtime_upgrade(checks: frame_try_runtime::UpgradeCheckSelect) -> (Weight, Weight) {
            let weight = Executive::try_runtime_upgrade(checks).expect("the upgrade holds; it is being tried");
            (weight, configs::MAXIMUM_BLOCK_WEIGHT)
        }

        fn execute_block(
            block: <Block as BlockT>::LazyBlock,
            state_root_check: bool,
            signature_check: bool,
            select: frame_try_runtime::TryStateSelect,
        ) -> Weight {
            Executive::try_execute_block(block, state_root_check, signature_check, select)
                .expect("the block holds; it is being tried")
        }
    }
}

/// The benchmarks of our own pallets: the stock ones come with weights that were measured.
#[cfg(feature = "runtime-benchmarks")]
mod benches {
    use super::*;
    frame_benchmarking::define_benchmarks!(
        [pallet_asset_registry, AssetRegistry]
        [pallet_governance, Governance]
        [pallet_royalties, Royalties]
        [pallet_validator_set, ValidatorSet]
    );
}

//! The runtime APIs: what nodes and clients call.

use crate::*;
use alloc::vec::Vec;
use codec::Encode;
use frame_support::{
    genesis_builder_helper::get_preset,
    traits::{Get, KeyOwnerProofSystem},
    weights::Weight,
};
use pallet_asset_registry::types::*;
use pallet_compute_escrow::runtime_api as compute;
use pallet_dao::runtime_api as community;
use pallet_grandpa::AuthorityId as GrandpaId;
use pallet_marketplace::{runtime_api as market, traits::Grants as _};
use pallet_storage_proofs::runtime_api as proofs;
use sp_api::impl_runtime_apis;
use sp_authority_discovery::AuthorityId as AuthorityDiscoveryId;
use sp_core::{OpaqueMetadata, crypto::KeyTypeId};
use sp_inherents::{CheckInherentsResult, InherentData};
use sp_runtime::{
    ApplyExtrinsicResult, DispatchError, ExtrinsicInclusionMode, Perquintill,
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
            let mut info = TransactionPayment::query_info(extrinsic.clone(), length);
            if costs_no_fee(&extrinsic) {
                info.partial_fee = 0;
            }
            info
        }
        fn query_fee_details(
            extrinsic: <Block as BlockT>::Extrinsic,
            length: u32,
        ) -> pallet_transaction_payment_rpc_runtime_api::FeeDetails<Balance> {
            if costs_no_fee(&extrinsic) {
                return pallet_transaction_payment::FeeDetails { inclusion_fee: None, tip: 0 };
            }
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

    impl pallet_storage_proofs::runtime_api::StorageProofsApi<Block, AccountId> for Runtime {
        fn rules() -> proofs::Rules {
            StorageProofs::rules()
        }
        fn provider(who: AccountId) -> Option<proofs::ProviderInfo<AccountId>> {
            StorageProofs::provider_info(who)
        }
        fn providers(after: Option<AccountId>, limit: u32) -> Vec<proofs::ProviderInfo<AccountId>> {
            StorageProofs::providers(after, limit)
        }
        fn challenges(who: AccountId) -> Option<proofs::ChallengeSet> {
            StorageProofs::challenges(who)
        }
        fn proof_set(who: AccountId, start: u32, limit: u32) -> Vec<(u32, proofs::Slot)> {
            StorageProofs::proof_set(who, start, limit)
        }
        fn gate_opens_at(who: AccountId) -> Option<u32> {
            StorageProofs::gate_opens_at(who)
        }
        fn due_payments(who: AccountId, start: u32, limit: u32) -> Vec<proofs::ReplicaInfo<AccountId>> {
            StorageProofs::due_payments(who, start, limit)
        }
        fn order(id: proofs::OrderId) -> Option<proofs::OrderInfo<AccountId>> {
            StorageProofs::order_info(id)
        }
        fn open_orders(after: Option<proofs::OrderId>, limit: u32) -> Vec<(proofs::OrderId, proofs::Order<AccountId>)> {
            StorageProofs::open_orders(after, limit)
        }
        fn orders_of_piece(root: PieceRoot, after: Option<proofs::OrderId>, limit: u32) -> Vec<proofs::OrderId> {
            StorageProofs::orders_of_piece(root, after, limit)
        }
        fn providers_of_piece(root: PieceRoot, limit: u32) -> Vec<proofs::ProviderInfo<AccountId>> {
            StorageProofs::providers_of_piece(root, limit)
        }
        fn may_fetch(who: AccountId, root: PieceRoot) -> bool {
            StorageProofs::may_fetch(who, root)
        }
        fn quote(piece: Piece, replicas: u32, windows: u32, max_price: u128) -> Option<proofs::Quote> {
            StorageProofs::quote(piece, replicas, windows, max_price)
        }
        fn odds(lost: u64, challenges: u32, windows: u32) -> u64 {
            pallet_storage_proofs::odds::caught(Perquintill::from_parts(lost), challenges, windows).deconstruct()
        }
        fn replica_odds(order: proofs::OrderId, provider: AccountId, lost: u64, windows: u32) -> Option<proofs::ReplicaOdds> {
            StorageProofs::replica_odds(order, provider, Perquintill::from_parts(lost), windows)
        }
    }

    impl pallet_marketplace::runtime_api::MarketplaceApi<Block, AccountId, BlockNumber> for Runtime {
        fn can_read(account: AccountId, asset: AssetId, revision: CommitId) -> bool {
            Marketplace::can_read(&account, asset, revision)
        }
        fn listing(listing: market::ListingId) -> Option<market::ListingInfo<AccountId, BlockNumber>> {
            Marketplace::listing(listing)
        }
        fn listings(asset: AssetId, after: Option<market::ListingId>, limit: u32) -> Vec<market::ListingInfo<AccountId, BlockNumber>> {
            Marketplace::listings(asset, after, limit)
        }
        fn licence(licence: market::LicenceId) -> Option<market::LicenceInfo<AccountId, BlockNumber>> {
            Marketplace::licence(licence)
        }
        fn licences(account: AccountId, after: Option<market::LicenceId>, limit: u32) -> Vec<market::LicenceInfo<AccountId, BlockNumber>> {
            Marketplace::licences(account, after, limit)
        }
        fn grants(asset: AssetId, after: Option<AccountId>, limit: u32) -> Vec<market::GrantInfo<AccountId>> {
            Marketplace::grants(asset, after, limit)
        }
        fn deliveries_due(seller: AccountId, after: Option<market::LicenceId>, limit: u32) -> Vec<market::DeliveryInfo<BlockNumber>> {
            Marketplace::deliveries_due(seller, after, limit)
        }
        fn commitment(asset: AssetId, revision: CommitId) -> Option<market::Commitment> {
            Marketplace::commitment(asset, revision)
        }
        fn key_terms() -> market::KeyTerms<BlockNumber> {
            Marketplace::key_terms()
        }
        fn programs(asset: AssetId, after: Option<ContentId>, limit: u32) -> Vec<ContentId> {
            Marketplace::programs(asset, after, limit)
        }
        fn is_program_allowed(asset: AssetId, program: ContentId) -> bool {
            Marketplace::is_program_allowed(asset, program)
        }
        fn job_fee(account: AccountId, asset: AssetId, revision: CommitId, program: Option<ContentId>) -> Option<Balance> {
            Marketplace::job_fee(&account, asset, revision, program).ok()
        }
        fn deposit(of: market::DepositFor) -> Balance {
            Marketplace::deposit_for(of)
        }
    }

    impl pallet_compute_escrow::runtime_api::ComputeEscrowApi<Block, AccountId, Balance, BlockNumber> for Runtime {
        fn worker(account: AccountId) -> Option<compute::WorkerInfo<AccountId, Balance>> {
            ComputeEscrow::worker_info(&account)
        }
        fn workers(after: Option<AccountId>, limit: u32) -> Vec<compute::WorkerInfo<AccountId, Balance>> {
            ComputeEscrow::workers(after, limit)
        }
        fn job(job: compute::JobId) -> Option<compute::JobInfo<AccountId, Balance, BlockNumber>> {
            ComputeEscrow::job_info(job)
        }
        fn jobs(after: Option<compute::JobId>, limit: u32) -> compute::Page<compute::JobInfo<AccountId, Balance, BlockNumber>> {
            ComputeEscrow::jobs(after, limit)
        }
        fn open_jobs(worker: AccountId, after: Option<compute::JobId>, limit: u32) -> compute::Page<compute::JobInfo<AccountId, Balance, BlockNumber>> {
            ComputeEscrow::open_jobs(&worker, after, limit)
        }
        fn duties(worker: AccountId, after: Option<compute::JobId>, limit: u32) -> Vec<(compute::JobId, compute::Action<BlockNumber>)> {
            ComputeEscrow::duties(&worker, after, limit)
        }
        fn may_read(worker: AccountId, job: compute::JobId, asset: AssetId) -> bool {
            ComputeEscrow::may_read(&worker, job, asset)
        }
        fn certificate(certificate: compute::JobId) -> Option<compute::CertificateInfo<AccountId, Balance, BlockNumber>> {
            ComputeEscrow::certificate_info(certificate)
        }
        fn certificates_of(asset: AssetId, after: Option<compute::JobId>, limit: u32) -> Vec<compute::CertificateInfo<AccountId, Balance, BlockNumber>> {
            ComputeEscrow::certificates_of(asset, after, limit)
        }
        fn figures(program: ContentId) -> compute::Figures {
            ComputeEscrow::figures(program)
        }
        fn quote(requester: AccountId, request: compute::JobRequest<AccountId, Balance, BlockNumber>) -> Result<compute::Quote<Balance>, DispatchError> {
            ComputeEscrow::quote(requester, request)
        }
        fn quote_challenge(challenger: AccountId, certificate: compute::JobId) -> Result<compute::Quote<Balance>, DispatchError> {
            ComputeEscrow::quote_challenge(challenger, certificate)
        }
        fn pot() -> Balance {
            pallet_compute_escrow::Pot::<Runtime>::get()
        }
    }

    impl pallet_dao::runtime_api::DaoApi<Block, AccountId, Balance, BlockNumber> for Runtime {
        fn dao(dao: community::DaoId) -> Option<community::DaoInfo<AccountId, BlockNumber>> {
            Dao::dao_info(dao)
        }
        fn daos(start: community::DaoId, limit: u32) -> Vec<community::DaoInfo<AccountId, BlockNumber>> {
            Dao::daos(start, limit)
        }
        fn members(dao: community::DaoId, after: Option<AccountId>, limit: u32) -> Vec<AccountId> {
            Dao::members(dao, after, limit)
        }
        fn proposal(proposal: community::ProposalId) -> Option<community::ProposalInfo<AccountId, BlockNumber>> {
            Dao::proposal_info(proposal)
        }
        fn proposals(dao: community::DaoId, after: Option<community::ProposalId>, limit: u32) -> Vec<community::ProposalInfo<AccountId, BlockNumber>> {
            Dao::proposals(dao, after, limit)
        }
        fn vote(proposal: community::ProposalId, voter: AccountId) -> Option<community::VoteInfo<AccountId, BlockNumber>> {
            Dao::vote_info(proposal, voter)
        }
        fn votes(proposal: community::ProposalId, after: Option<AccountId>, limit: u32) -> Vec<community::VoteInfo<AccountId, BlockNumber>> {
            Dao::votes(proposal, after, limit)
        }
        fn deposit(of: community::DepositFor) -> Balance {
            Dao::deposit_for(of)
        }
    }

    impl sp_genesis_builder::GenesisBuilder<Block> for Runtime {
        fn build_state(config: Vec<u8>) -> sp_genesis_builder::Result {
            genesis::build(config)
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

/// Whether an extrinsic is a vote whose fee is waived if it is sent now.
fn costs_no_fee(extrinsic: &UncheckedExtrinsic) -> bool {
    let sp_runtime::generic::Preamble::Signed(MultiAddress::Id(voter), _, extensions) = &extrinsic.preamble
    else {
        return false;
    };
    !extensions.8.offers_tip() && FreeVotes::is_free(voter, &extrinsic.function)
}

/// The benchmarks of our own pallets: the stock ones come with weights that were measured.
#[cfg(feature = "runtime-benchmarks")]
mod benches {
    use super::*;
    frame_benchmarking::define_benchmarks!(
        [pallet_asset_registry, AssetRegistry]
        [pallet_compute_escrow, ComputeEscrow]
        [pallet_dao, Dao]
        [pallet_dao_free_vote, FreeVotes]
        [pallet_governance, Governance]
        [pallet_marketplace, Marketplace]
        [pallet_royalties, Royalties]
        [pallet_storage_proofs, StorageProofs]
        [pallet_validator_set, ValidatorSet]
    );
}

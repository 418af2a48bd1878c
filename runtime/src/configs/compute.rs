//! Compute jobs.

use super::{dynamic_params::compute, governance::RootOrTreasurer, hub::Hub, money::StoragePrice};
use crate::*;
use frame_support::{
    PalletId, parameter_types,
    traits::{
        Get,
        fungible::Balanced,
        tokens::{Fortitude, Precision, Preservation},
    },
};
use pallet_asset_registry::{Assets, Revisions};
use pallet_compute_escrow::{
    traits::{RevisionFacts, SeedState},
    types::Parameters,
};
use pallet_royalties::types::Reason;
use pallet_storage_proofs::phases::SeedAfter;
use sp_runtime::{DispatchResult, traits::Zero};
use stoa_primitives::{
    ContentId,
    registry::{AssetId, CommitId, PieceAccess, Role},
};

parameter_types! {
    pub const ComputePalletId: PalletId = PalletId(*b"st/compu");
}

impl pallet_compute_escrow::Config for Runtime {
    type RuntimeHoldReason = RuntimeHoldReason;
    type Currency = Balances;
    type DepositPrice = StoragePrice;
    type Registry = Hub;
    type Licences = Hub;
    type Royalties = Hub;
    type Seeds = Hub;
    type Parameters = ComputeParameters;
    type PalletId = ComputePalletId;
    type PotOrigin = RootOrTreasurer;
    type WeightInfo = crate::weights::pallet_compute_escrow::WeightInfo<Runtime>;
    #[cfg(feature = "runtime-benchmarks")]
    type BenchmarkHelper = super::hub::benchmarking::Jobs;
}

/// What governance decided on, kept within what the pallet can live with.
pub struct ComputeParameters;
impl Get<Parameters<Balance, BlockNumber>> for ComputeParameters {
    fn get() -> Parameters<Balance, BlockNumber> {
        let base_fee = compute::BaseFee::get();
        let least_seat = base_fee.max(super::EXISTENTIAL_DEPOSIT.saturating_mul(2));
        let min_run_blocks = compute::MinRunBlocks::get().max(1);
        Parameters {
            min_stake: compute::MinStake::get(),
            min_seat_cost: compute::MinSeatCost::get().max(least_seat),
            base_fee,
            poke_reward: compute::PokeReward::get(),
            apply_blocks: compute::ApplyBlocks::get().max(1),
            reveal_blocks: compute::RevealBlocks::get().max(1),
            min_run_blocks,
            max_run_blocks: compute::MaxRunBlocks::get().max(min_run_blocks),
            bonded_blocks: compute::BondedBlocks::get().max(1),
        }
    }
}

impl pallet_compute_escrow::traits::Registry<AccountId> for Hub {
    fn revision(asset: AssetId, commit: CommitId) -> Option<RevisionFacts> {
        let found = Assets::<Runtime>::get(asset)?;
        let revision = Revisions::<Runtime>::get(commit).filter(|revision| revision.asset == asset)?;
        let taken_down = <Hub as pallet_marketplace::traits::Registry<AccountId>>::is_taken_down(asset)
            || AssetRegistry::piece_access(revision.piece.root) == PieceAccess::Denied;
        (!taken_down).then_some(RevisionFacts {
            kind: found.kind,
            visibility: found.visibility,
            content: revision.content,
        })
    }

    fn is_admin(asset: AssetId, who: &AccountId) -> bool {
        AssetRegistry::role(asset, who.clone()) == Some(Role::Admin)
    }
}

impl pallet_compute_escrow::traits::Licences<AccountId, Balance> for Hub {
    fn job_fee(
        requester: &AccountId,
        asset: AssetId,
        commit: CommitId,
        program: Option<ContentId>,
    ) -> Option<Balance> {
        Marketplace::job_fee(requester, asset, commit, program).ok()
    }

    fn allows(dataset: AssetId, program: ContentId) -> bool {
        Marketplace::is_program_allowed(dataset, program)
    }

    fn begin_job(
        requester: &AccountId,
        asset: AssetId,
        commit: CommitId,
        program: Option<ContentId>,
        fee: Balance,
    ) -> DispatchResult {
        Marketplace::begin_job(requester, asset, commit, program, fee).map(|_| ())
    }

    fn charge(payer: &AccountId, job: u64, asset: AssetId, fee: Balance) -> DispatchResult {
        pay_for_job(payer, job, asset, fee)
    }
}

impl pallet_compute_escrow::traits::Royalties<AccountId, Balance> for Hub {
    fn pay(payer: &AccountId, job: u64, asset: AssetId, amount: Balance) -> DispatchResult {
        pay_for_job(payer, job, asset, amount)
    }
}

/// Pays what was set aside when the job began: the asset may have been taken down since.
fn pay_for_job(payer: &AccountId, job: u64, asset: AssetId, amount: Balance) -> DispatchResult {
    if amount.is_zero() {
        return Ok(());
    }
    let (exact, preserve, polite) = (Precision::Exact, Preservation::Preserve, Fortitude::Polite);
    let credit = <Balances as Balanced<AccountId>>::withdraw(payer, amount, exact, preserve, polite)?;
    // A refused credit burns when it is dropped, and an error here undoes that with the withdrawal.
    Royalties::pay_credit(credit, asset, Reason::Job(job)).map_err(|(_, error)| error)
}

impl pallet_compute_escrow::traits::Seeds<BlockNumber> for Hub {
    fn seed_after(block: BlockNumber) -> SeedState {
        match StorageProofs::seed_after(block) {
            SeedAfter::NotYet => SeedState::NotYet,
            SeedAfter::Lost => SeedState::Lost,
            SeedAfter::Ready(seed) => SeedState::Ready(seed),
        }
    }
}

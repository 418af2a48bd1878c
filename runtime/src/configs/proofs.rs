//! Storage that is paid for only when it is proven.

use super::{dynamic_params::proofs, governance::TreasuryAccount, hub::Hub};
use crate::*;
use frame_support::{
    migrations::MultiStepMigrator,
    parameter_types,
    traits::{Get, tokens::imbalance::ResolveTo},
};
use pallet_asset_registry::Pieces;
use pallet_storage_proofs::{params::Parameters, traits::SystemLiveness, types::Seed};
use sp_consensus_babe::AllowedSlots;
use stoa_primitives::{
    PieceRoot,
    registry::{PieceAccess, Role},
};

parameter_types! {
    /// A day of the default block time: whoever draws with a seed has so long to do it.
    pub const SeedMemory: BlockNumber = 28_800;
}

impl pallet_storage_proofs::Config for Runtime {
    type RuntimeHoldReason = RuntimeHoldReason;
    type Currency = Balances;
    type Parameters = ProofParameters;
    type SeedMemory = SeedMemory;
    type Vrf = BlockVrf;
    type Liveness = SystemLiveness<Runtime, CurrentSlot, Migrating>;
    type Pieces = Hub;
    type Treasury = ResolveTo<TreasuryAccount, Balances>;
    type WeightInfo = crate::weights::pallet_storage_proofs::WeightInfo<Runtime>;
}

/// What governance decided on.
pub struct ProofParameters;
impl Get<Parameters> for ProofParameters {
    fn get() -> Parameters {
        Parameters {
            window: proofs::Window::get(),
            response: proofs::Response::get(),
            challenges: proofs::Challenges::get(),
            slash: proofs::Slash::get(),
            max_misses: proofs::MaxMisses::get(),
            grace_after: proofs::GraceAfter::get(),
            jail_windows: proofs::JailWindows::get(),
            notice: proofs::Notice::get(),
            stake_per_gib: proofs::StakePerGib::get(),
            min_price: proofs::MinPrice::get(),
            max_price: proofs::MaxPrice::get(),
            levy: proofs::Levy::get(),
            reporter_share: proofs::ReporterShare::get(),
            min_term: proofs::MinTerm::get(),
            accept_within: proofs::AcceptWithin::get(),
            order_deposit: proofs::OrderDeposit::get(),
            provider_deposit: proofs::ProviderDeposit::get(),
        }
    }
}

/// The VRF output of the block before. Where slots without one are allowed, Babe keeps an old one over them, so there
/// is none at all then.
pub struct BlockVrf;
impl Get<Option<Seed>> for BlockVrf {
    fn get() -> Option<Seed> {
        match Babe::epoch_config()?.allowed_slots {
            AllowedSlots::PrimarySlots | AllowedSlots::PrimaryAndSecondaryVRFSlots => {
                pallet_babe::AuthorVrfRandomness::<Runtime>::get()
            }
            AllowedSlots::PrimaryAndSecondaryPlainSlots => None,
        }
    }
}

/// The slot of the block that begins.
pub struct CurrentSlot;
impl Get<u64> for CurrentSlot {
    fn get() -> u64 {
        pallet_babe::CurrentSlot::<Runtime>::get().into()
    }
}

/// Whether a migration keeps extrinsics out.
pub struct Migrating;
impl Get<bool> for Migrating {
    fn get() -> bool {
        MultiBlockMigrations::ongoing()
    }
}

impl pallet_storage_proofs::traits::Pieces<AccountId> for Hub {
    fn access(root: PieceRoot) -> PieceAccess {
        AssetRegistry::piece_access(root)
    }

    fn is_admin(who: &AccountId, root: PieceRoot) -> bool {
        let controller = Pieces::<Runtime>::get(root).and_then(|piece| piece.controller);
        controller.is_some_and(|asset| AssetRegistry::role(asset, who.clone()) == Some(Role::Admin))
    }

    #[cfg(feature = "runtime-benchmarks")]
    fn prepare(root: PieceRoot, access: PieceAccess, admin: &AccountId) {
        super::hub::benchmarking::prepare_piece(root, access, admin);
    }
}

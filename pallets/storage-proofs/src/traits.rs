//! What the pallet asks of its neighbours.

use core::marker::PhantomData;
use polkadot_sdk::{
    frame_support::{dispatch::DispatchClass, traits::Get, weights::Weight},
    frame_system,
};
use stoa_primitives::{PieceRoot, registry::PieceAccess};

/// What the registry says of a piece.
pub trait Pieces<AccountId> {
    /// Who may read it.
    fn access(root: PieceRoot) -> PieceAccess;

    /// Whether an account is an admin of the asset that controls it.
    fn is_admin(who: &AccountId, root: PieceRoot) -> bool;

    /// Makes `access` the answer for a piece and `admin` one of its admins, for benchmarks.
    #[cfg(feature = "runtime-benchmarks")]
    fn prepare(root: PieceRoot, access: PieceAccess, admin: &AccountId);
}

/// Without a registry, every piece is a bare one.
impl<AccountId> Pieces<AccountId> for () {
    fn access(_: PieceRoot) -> PieceAccess {
        PieceAccess::Unknown
    }

    fn is_admin(_: &AccountId, _: PieceRoot) -> bool {
        false
    }

    #[cfg(feature = "runtime-benchmarks")]
    fn prepare(_: PieceRoot, _: PieceAccess, _: &AccountId) {}
}

/// Whether proofs could get into blocks: what excuses a window.
pub trait Liveness {
    /// Whether one more Operational extrinsic of this weight and length wouldn't have fitted into the block that ends.
    fn was_full_for(weight: Weight, len: u32) -> bool;

    /// The slot of the block that begins.
    fn slot() -> u64;

    /// Whether a multi-block migration keeps extrinsics out.
    fn is_migrating() -> bool;
}

/// Blocks are never full and never late.
impl Liveness for () {
    fn was_full_for(_: Weight, _: u32) -> bool {
        false
    }

    fn slot() -> u64 {
        0
    }

    fn is_migrating() -> bool {
        false
    }
}

/// [`Liveness`] by frame-system's book of weight and length, with the slot and the migrations from the runtime.
pub struct SystemLiveness<T, Slot, Migrating>(PhantomData<(T, Slot, Migrating)>);

impl<T, Slot, Migrating> Liveness for SystemLiveness<T, Slot, Migrating>
where
    T: frame_system::Config,
    Slot: Get<u64>,
    Migrating: Get<bool>,
{
    fn was_full_for(weight: Weight, len: u32) -> bool {
        let limit = *T::BlockLength::get().max.get(DispatchClass::Operational);
        if frame_system::Pallet::<T>::block_size().saturating_add(len) > limit {
            return true;
        }
        // As frame-system's `CheckWeight` reckons: over the block's limit, a class still has its reserve.
        let weights = T::BlockWeights::get();
        let class = weights.get(DispatchClass::Operational);
        let more = weight.saturating_add(class.base_extrinsic).saturating_add_proof_size(len.into());
        let consumed = frame_system::Pallet::<T>::block_weight();
        let of_class = consumed.get(DispatchClass::Operational).saturating_add(more);
        let over_class = class.max_total.is_some_and(|max| of_class.any_gt(max));
        let over_block = consumed.total().saturating_add(more).any_gt(weights.max_block)
            && class.reserved.is_some_and(|reserved| of_class.any_gt(reserved));
        over_class || over_block
    }

    fn slot() -> u64 {
        Slot::get()
    }

    fn is_migrating() -> bool {
        Migrating::get()
    }
}

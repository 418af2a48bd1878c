//! Challenges, and the proofs that answer them.

use crate::{
    Config, Error, Event, Pallet, ProofSlots, Providers, TreeNodes,
    liability::Standing,
    phases::{Phase, Stage},
    tree::{self, MAX_DEPTH, Node, Nodes},
    types::{Challenge, Fault, LeafProofs, Leaves, Provider, Seed, SlotIndex, WindowIndex},
    weights::WeightInfo,
};
use codec::Encode;
use polkadot_sdk::{
    frame_support::{
        dispatch::{DispatchResultWithPostInfo, Pays, PostDispatchInfo},
        ensure,
        traits::DefensiveOption,
        weights::Weight,
    },
    sp_io::hashing::blake2_128,
    sp_runtime::{DispatchError, traits::UniqueSaturatedInto},
};
use stoa_primitives::possession::{self, ProofError};

/// A provider's tree in storage.
pub(crate) struct StoredNodes<'a, T: Config>(pub(crate) &'a T::AccountId);

impl<T: Config> Nodes for StoredNodes<'_, T> {
    fn get(&self, level: u8, index: u32) -> Node {
        TreeNodes::<T>::get(self.0, (level, index))
    }

    fn put(&mut self, level: u8, index: u32, node: Node) {
        if node.is_empty() {
            TreeNodes::<T>::remove(self.0, (level, index));
        } else {
            TreeNodes::<T>::insert(self.0, (level, index), node);
        }
    }
}

/// Which leaf of a set of `leaves` challenge number `number` asks for.
pub fn drawn_leaf(seed: &Seed, number: u32, leaves: Leaves) -> Leaves {
    let draw = u128::from_le_bytes((seed, number).using_encoded(blake2_128));
    draw.checked_rem(leaves.into()).unwrap_or_default().unique_saturated_into()
}

impl<T: Config> Pallet<T> {
    /// Weight of a proof whose leaves have so many siblings each, for the deepest tree.
    pub(crate) fn proof_weight(siblings: impl Iterator<Item = u32>) -> Weight {
        Self::proof_weight_at(MAX_DEPTH, siblings)
    }

    fn proof_weight_at(depth: u8, siblings: impl Iterator<Item = u32>) -> Weight {
        let find = T::WeightInfo::find_leaf(depth.into());
        siblings.fold(T::WeightInfo::submit_proof(), |weight, siblings| {
            weight.saturating_add(find).saturating_add(T::WeightInfo::verify_leaf(siblings))
        })
    }

    /// Path lengths, for a weight.
    pub(crate) fn siblings(leaves: &LeafProofs) -> impl Iterator<Item = u32> + '_ {
        leaves.iter().map(|proof| proof.path.len().unique_saturated_into())
    }

    /// Fails unless a proof for this window and seed can count now; two reads. The record is as of now.
    pub(crate) fn check_submission(
        who: &T::AccountId,
        window: WindowIndex,
        seed: &Seed,
    ) -> Result<(Provider, Phase, Fault), Error<T>> {
        let (mut provider, phase) = Self::provider(who).ok_or(Error::ProviderNotFound)?;
        let fault = provider.catch_up(&phase);
        ensure!(!matches!(provider.liability.standing, Standing::Jailed { .. }), Error::Jailed);
        ensure!(window == phase.window, Error::WrongWindow);
        ensure!(phase.stage != Stage::Frozen, Error::SeedNotKnown);
        let expected = phase.seed_of(who).ok_or(Error::WindowClosed)?;
        ensure!(provider.leaves > 0 && !provider.gate_is_open(&phase), Error::AlreadyProven);
        ensure!(*seed == expected, Error::WrongSeed);
        Ok((provider, phase, fault))
    }

    /// The challenge of a number; reads a node for each level of the tree, and the slot.
    pub(crate) fn challenge(
        who: &T::AccountId,
        provider: &Provider,
        seed: &Seed,
        number: u32,
    ) -> Option<Challenge> {
        let drawn = drawn_leaf(seed, number, provider.leaves);
        let (slot, leaf) = tree::locate(&StoredNodes::<T>(who), provider.slots, drawn)?;
        let found = ProofSlots::<T>::get(who, slot)?;
        Some(Challenge { slot, order: found.order, piece: found.piece, leaf })
    }

    pub(crate) fn do_submit_proof(
        who: T::AccountId,
        window: WindowIndex,
        seed: Seed,
        leaves: LeafProofs,
    ) -> DispatchResultWithPostInfo {
        let (mut provider, phase, fault) = Self::check_submission(&who, window, &seed)?;
        let count: u32 = leaves.len().unique_saturated_into();
        ensure!(count == phase.terms.challenges, Error::<T>::WrongCount);
        for (number, proof) in (0..).zip(&leaves) {
            let challenge =
                Self::challenge(&who, &provider, &seed, number).defensive_ok_or(Error::<T>::LeafMismatch)?;
            possession::verify(&challenge.piece, challenge.leaf, proof).map_err(Self::proof_error)?;
        }

        Self::note_fault(&who, &fault);
        let paid = provider.liability.prove(&phase);
        if paid {
            provider.proven = provider.proven.saturating_add(1);
        }
        let depth = tree::depth(provider.slots);
        Providers::<T>::insert(&who, provider);
        Self::deposit_event(Event::Proven { provider: who, window, paid });
        let weight = Self::proof_weight_at(depth, Self::siblings(&leaves));
        Ok(PostDispatchInfo { actual_weight: Some(weight), pays_fee: Pays::No })
    }

    fn proof_error(error: ProofError) -> DispatchError {
        match error {
            ProofError::LeafLength => Error::<T>::LeafLength,
            ProofError::PathLength => Error::<T>::PathLength,
            ProofError::Index | ProofError::Root => Error::<T>::LeafMismatch,
        }
        .into()
    }

    /// Which slot a piece of so many leaves gets at the end of a set.
    pub(crate) fn push_slot(
        who: &T::AccountId,
        provider: &mut Provider,
        leaves: Leaves,
    ) -> Result<SlotIndex, DispatchError> {
        let slot =
            tree::push(&mut StoredNodes::<T>(who), provider.slots, leaves).map_err(Self::tree_error)?;
        provider.slots = provider.slots.checked_add(1).ok_or(Error::<T>::Overflow)?;
        provider.leaves = provider.leaves.checked_add(leaves).ok_or(Error::<T>::Overflow)?;
        Ok(slot)
    }

    /// Frees a slot; tells which one moved into it.
    pub(crate) fn free_slot(
        who: &T::AccountId,
        provider: &mut Provider,
        slot: SlotIndex,
        leaves: Leaves,
    ) -> Result<Option<SlotIndex>, DispatchError> {
        let moved =
            tree::remove(&mut StoredNodes::<T>(who), provider.slots, slot).map_err(Self::tree_error)?;
        provider.slots = provider.slots.checked_sub(1).ok_or(Error::<T>::Overflow)?;
        provider.leaves = provider.leaves.checked_sub(leaves).ok_or(Error::<T>::Overflow)?;
        Ok(moved)
    }

    fn tree_error(error: tree::TreeError) -> DispatchError {
        match error {
            tree::TreeError::Full => Error::<T>::SetFull,
            tree::TreeError::NoSlot | tree::TreeError::Sum => Error::<T>::Overflow,
        }
        .into()
    }
}

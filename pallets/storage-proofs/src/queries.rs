//! What clients read.

use crate::{
    Config, Contacts, OpenOrders, OrderOf, Orders, Pallet, PieceOrders, ProofSlots, Providers, Replicas,
    odds,
    params::{per_leaf, required_stake},
    phases::{Phase, Stage},
    runtime_api::{MAX_PAGE, MAX_WALK},
    traits::Pieces,
    types::{
        BlockNo, Challenge, ChallengeSet, Duty, OrderId, OrderInfo, Provider, ProviderInfo, Replica,
        ReplicaInfo, ReplicaOdds, Rules, Slot, SlotIndex, WindowIndex, phase_index,
    },
};
use alloc::vec::Vec;
use polkadot_sdk::sp_runtime::{Perquintill, traits::UniqueSaturatedInto};
use stoa_primitives::{PieceRoot, registry::PieceAccess};

fn page(limit: u32) -> usize {
    limit.min(MAX_PAGE).unique_saturated_into()
}

impl<T: Config> Pallet<T> {
    /// The parameters in force, with the prices that follow from them.
    pub fn rules() -> Rules {
        let parameters = Self::parameters();
        Rules {
            parameters,
            min_leaf_price: per_leaf(parameters.min_price),
            max_leaf_price: per_leaf(parameters.max_price),
        }
    }

    /// A provider's record as if somebody touched it now.
    fn as_of_now(who: &T::AccountId) -> Option<(Provider, Phase)> {
        let (mut provider, phase) = Self::provider(who)?;
        provider.catch_up(&phase);
        Some((provider, phase))
    }

    /// The first block in which a provider's set may change, if it doesn't prove its window before.
    fn gate(provider: &Provider, phase: &Phase) -> BlockNo {
        if provider.gate_is_open(phase) { Self::now() } else { phase.closes_at.saturating_add(1) }
    }

    /// The first block in which a provider's set may change, if it doesn't prove its window before.
    pub fn gate_opens_at(who: T::AccountId) -> Option<BlockNo> {
        let (provider, phase) = Self::as_of_now(&who)?;
        Some(Self::gate(&provider, &phase))
    }

    /// A provider.
    pub fn provider_info(who: T::AccountId) -> Option<ProviderInfo<T::AccountId>> {
        let (provider, phase) = Self::as_of_now(&who)?;
        let parameters = Self::parameters();
        Some(ProviderInfo {
            contact: Contacts::<T>::get(&who)?,
            phase: phase_index(&who),
            account: who,
            price: provider.price_at(phase.window),
            next_price: provider.next_price.filter(|(from, _)| *from > phase.window),
            capacity: provider.capacity,
            leaves: provider.leaves,
            pieces: provider.slots,
            stake: provider.free_stake(),
            required_stake: required_stake(provider.leaves, parameters.stake_per_gib)?,
            proven: provider.proven,
            misses: provider.liability.misses,
            grace: provider.liability.grace,
            standing: provider.liability.standing,
            window: phase.window,
            gate_opens_at: Self::gate(&provider, &phase),
        })
    }

    /// Providers after one of them, in no particular order.
    pub fn providers(after: Option<T::AccountId>, limit: u32) -> Vec<ProviderInfo<T::AccountId>> {
        match after {
            None => Providers::<T>::iter_keys(),
            Some(after) => Providers::<T>::iter_keys_from(Providers::<T>::hashed_key_for(after)),
        }
        .take(page(limit))
        .filter_map(Self::provider_info)
        .collect()
    }

    /// What a provider has to show in its open window.
    pub fn challenges(who: T::AccountId) -> Option<ChallengeSet> {
        let (provider, phase) = Self::as_of_now(&who)?;
        let duty = match phase.stage {
            Stage::Over | Stage::Unseeded => Duty::Over,
            _ if provider.gate_is_open(&phase) => Duty::Nothing,
            Stage::Frozen => Duty::Waiting,
            Stage::Open(_) => Duty::Due,
        };
        let seed = phase.seed_of(&who);
        let challenges: Vec<Challenge> = match (duty, seed) {
            (Duty::Due, Some(seed)) => (0..phase.terms.challenges)
                .filter_map(|number| Self::challenge(&who, &provider, &seed, number))
                .collect(),
            _ => Vec::new(),
        };
        Some(ChallengeSet {
            window: phase.window,
            opened_at: phase.opened_at,
            closes_at: phase.closes_at,
            next_opens_at: phase.next_opens_at(),
            duty,
            seed,
            challenges,
        })
    }

    /// A provider's proof set from slot `start` on.
    pub fn proof_set(who: T::AccountId, start: SlotIndex, limit: u32) -> Vec<(SlotIndex, Slot)> {
        let slots = Providers::<T>::get(&who).map(|provider| provider.slots).unwrap_or_default();
        (start..slots)
            .take(page(limit))
            .filter_map(|slot| Some((slot, ProofSlots::<T>::get(&who, slot)?)))
            .collect()
    }

    fn replica_info(
        id: OrderId,
        order: &OrderOf<T>,
        provider: T::AccountId,
        replica: Replica,
    ) -> Option<ReplicaInfo<T::AccountId>> {
        let proven = Providers::<T>::get(&provider)?.proven;
        let (due_windows, due) = Self::due(order, &replica, proven);
        Some(ReplicaInfo { order: id, provider, replica, due_windows, due })
    }

    /// What is due to a provider, for its pieces from slot `start` on.
    pub fn due_payments(who: T::AccountId, start: SlotIndex, limit: u32) -> Vec<ReplicaInfo<T::AccountId>> {
        Self::proof_set(who.clone(), start, limit)
            .into_iter()
            .filter_map(|(_, slot)| {
                let replica = Replicas::<T>::get(slot.order, &who)?;
                Self::replica_info(slot.order, &Orders::<T>::get(slot.order)?, who.clone(), replica)
            })
            .filter(|info| info.due_windows > 0)
            .collect()
    }

    /// An order with its replicas.
    pub fn order_info(id: OrderId) -> Option<OrderInfo<T::AccountId>> {
        let order = Orders::<T>::get(id)?;
        let replicas = Replicas::<T>::iter_prefix(id)
            .filter_map(|(provider, replica)| Self::replica_info(id, &order, provider, replica))
            .collect();
        Some(OrderInfo { id, order, replicas })
    }

    /// Orders that providers can accept, oldest first, after one of them.
    pub fn open_orders(after: Option<OrderId>, limit: u32) -> Vec<(OrderId, OrderOf<T>)> {
        match after {
            None => OpenOrders::<T>::iter_keys(),
            Some(after) => OpenOrders::<T>::iter_keys_from(OpenOrders::<T>::hashed_key_for(after.ordinal())),
        }
        .take(page(limit))
        .map(|ordinal| OrderId(u64::from_be_bytes(ordinal)))
        .filter_map(|id| Some((id, Orders::<T>::get(id)?)))
        .collect()
    }

    /// The orders for a piece, oldest first, after one of them.
    pub fn orders_of_piece(root: PieceRoot, after: Option<OrderId>, limit: u32) -> Vec<OrderId> {
        match after {
            None => PieceOrders::<T>::iter_key_prefix(root),
            Some(after) => PieceOrders::<T>::iter_key_prefix_from(
                root,
                PieceOrders::<T>::hashed_key_for(root, after.ordinal()),
            ),
        }
        .take(page(limit))
        .map(|ordinal| OrderId(u64::from_be_bytes(ordinal)))
        .collect()
    }

    /// Who keeps a piece, for the first orders that name it.
    pub fn providers_of_piece(root: PieceRoot, limit: u32) -> Vec<ProviderInfo<T::AccountId>> {
        let mut accounts: Vec<T::AccountId> = Self::orders_of_piece(root, None, MAX_PAGE)
            .into_iter()
            .flat_map(Replicas::<T>::iter_key_prefix)
            .take(page(MAX_PAGE))
            .collect();
        accounts.sort();
        accounts.dedup();
        accounts.into_iter().take(page(limit)).filter_map(Self::provider_info).collect()
    }

    /// Whether a provider may have the bytes of a piece: public and bare ones anybody, restricted ones a provider that is
    /// named in, or accepted for, an order of one who administers the asset.
    pub fn may_fetch(who: T::AccountId, root: PieceRoot) -> bool {
        match T::Pieces::access(root) {
            PieceAccess::Denied => false,
            PieceAccess::Public | PieceAccess::Unknown => true,
            PieceAccess::Restricted => PieceOrders::<T>::iter_key_prefix(root)
                .take(MAX_WALK.unique_saturated_into())
                .map(|ordinal| OrderId(u64::from_be_bytes(ordinal)))
                .filter_map(|id| Some((id, Orders::<T>::get(id)?)))
                .filter(|(id, order)| order.named.contains(&who) || Replicas::<T>::contains_key(id, &who))
                .any(|(_, order)| T::Pieces::is_admin(&order.payer, root)),
        }
    }

    /// How an order's replica is guarded: the odds are the order's own, not those of the provider's whole set.
    pub fn replica_odds(
        id: OrderId,
        who: T::AccountId,
        lost: Perquintill,
        windows: WindowIndex,
    ) -> Option<ReplicaOdds> {
        let order = Orders::<T>::get(id)?;
        let replica = Replicas::<T>::get(id, &who)?;
        let (provider, _) = Self::as_of_now(&who)?;
        let Rules { parameters, .. } = Self::rules();
        let leaves = order.piece.leaves();
        let caught = odds::caught_in_set(lost, leaves, provider.leaves, parameters.challenges, windows);
        Some(ReplicaOdds {
            leaves,
            set: provider.leaves,
            challenges: parameters.challenges,
            caught: caught.deconstruct(),
            price: replica.price.checked_mul(leaves.into())?,
            slash: parameters.slash.checked_mul(provider.leaves.into())?,
            stake: provider.free_stake(),
        })
    }
}

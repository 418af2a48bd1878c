//! What each call costs at its worst: the deepest tree, the largest records, a payment due and a missed window to be
//! slashed for on the way, every row written or moved.

use crate::{
    Adopted, Call, ClockState, Config, Contacts, Orders, Pallet, PastSeeds, Phases, ProofSlots, Providers,
    Replicas, TreeNodes, drawn_leaf,
    liability::Standing,
    params::{PHASES, Parameters},
    phases::{Clock, Cursor, Phase, Stage},
    sparse,
    traits::Pieces,
    tree::{FANOUT, MAX_DEPTH, MAX_SLOTS, Node},
    types::*,
};
use alloc::{vec, vec::Vec};
use polkadot_sdk::{
    frame_benchmarking::{account, v2::*},
    frame_support::{
        BoundedVec,
        traits::{Get, fungible::Mutate},
    },
    frame_system::{self, RawOrigin},
    sp_runtime::traits::UniqueSaturatedInto,
};
use stoa_primitives::{
    LEAF_SIZE, Piece,
    possession::{self, MAX_PATH_LEN},
    registry::PieceAccess,
};

/// The window that everything happens in.
const WINDOW: WindowIndex = 1_000;
const RUNNING: Seed = [7; 32];

/// The longest list of `item`s.
fn full<Item: Clone, Most: Get<u32>>(item: Item) -> BoundedVec<Item, Most> {
    BoundedVec::truncate_from(vec![item; Most::get().unique_saturated_into()])
}

/// An account with enough for everything.
fn rich<T: Config>(name: &'static str, index: u32) -> T::AccountId {
    let who = account(name, index, 0);
    T::Currency::set_balance(&who, Balance::MAX >> 32);
    who
}

fn signed<T: Config>(who: &T::AccountId) -> T::RuntimeOrigin {
    RawOrigin::Signed(who.clone()).into()
}

fn contact() -> Contact {
    Contact { peer_id: full(1), addresses: full(full(2)) }
}

/// Sets the chain up with the default parameters.
fn begin<T: Config>() {
    Adopted::<T>::put(Parameters::default());
}

/// An account's window is `stage`, and the one before it is the last that nothing is owed for.
fn set_phase<T: Config>(who: &T::AccountId, stage: Stage, challenges: u32) {
    let mut terms = Parameters::default().terms();
    terms.challenges = challenges;
    let phase = Phase { window: WINDOW, stage, closes_at: u32::MAX, terms, ..Default::default() };
    Phases::<T>::insert(phase_index(who), phase);
}

/// A provider that just missed a window and has one paid for that nobody settled.
fn fault<T: Config>(who: &T::AccountId) {
    set_phase::<T>(who, Stage::Over, 20);
    Providers::<T>::mutate_extant(who, |provider| {
        provider.proven = provider.proven.saturating_add(1);
        provider.liability.clear_through = WINDOW.saturating_sub(1);
        provider.liability.grace = false;
    });
}

fn provider<T: Config>(index: u32) -> Result<T::AccountId, BenchmarkError> {
    let who = rich::<T>("provider", index);
    let price = Parameters::default().min_price;
    let capacity = u64::from(MAX_SLOTS).saturating_mul(LEAF_SIZE);
    Pallet::<T>::register_provider(signed::<T>(&who), contact(), price, capacity)?;
    Ok(who)
}

/// An order with the largest record, which `who` may accept.
fn order<T: Config>(
    payer: &T::AccountId,
    who: &T::AccountId,
    piece: Piece,
) -> Result<OrderId, BenchmarkError> {
    let id = OrderId(crate::NextOrderId::<T>::get());
    let Parameters { min_term, min_price, .. } = Parameters::default();
    let (named, hints) = (full(who.clone()), full(full(3)));
    let windows = min_term.saturating_mul(2);
    let price = min_price.saturating_mul(2);
    Pallet::<T>::place_order(signed::<T>(payer), piece, 1, windows, price, named, hints)?;
    Ok(id)
}

fn one_leaf() -> Piece {
    sparse::piece(LEAF_SIZE, &[0], 1).0
}

/// The nodes above a slot in a set of so many slots with one leaf each.
fn grow_path<T: Config>(who: &T::AccountId, slot: SlotIndex, slots: u32, depth: u8) {
    let mut below = 1_u32;
    for level in 1..=depth {
        let index = slot / below.saturating_mul(FANOUT);
        let first = index.saturating_mul(below).saturating_mul(FANOUT);
        let node: Vec<Leaves> = (0..FANOUT)
            .map(|child| slots.saturating_sub(first.saturating_add(child.saturating_mul(below))).min(below))
            .take_while(|leaves| *leaves > 0)
            .map(Leaves::from)
            .collect();
        TreeNodes::<T>::insert(who, (level, index), Node::truncate_from(node));
        below = below.saturating_mul(FANOUT);
    }
}

fn edit<T: Config>(id: OrderId, who: &T::AccountId, change: impl FnOnce(&mut Replica)) {
    Replicas::<T>::mutate(id, who, |replica| replica.as_mut().map(change));
}

struct Scene<AccountId> {
    payer: AccountId,
    provider: AccountId,
    order: OrderId,
}

/// A provider with a set of the deepest tree: its first slot is the order's, its last one another order's.
fn scene<T: Config>() -> Result<Scene<T::AccountId>, BenchmarkError> {
    begin::<T>();
    let (payer, who) = (rich::<T>("payer", 0), provider::<T>(0)?);
    let orders = [order::<T>(&payer, &who, one_leaf())?, order::<T>(&payer, &who, one_leaf())?];
    for id in orders {
        Pallet::<T>::accept(signed::<T>(&who), id)?;
    }
    let slots = MAX_SLOTS.saturating_sub(1);
    let last = slots.saturating_sub(1);
    if let Some(other) = ProofSlots::<T>::take(&who, 1) {
        ProofSlots::<T>::insert(&who, last, other);
        edit::<T>(other.order, &who, |replica| replica.slot = last);
    }
    grow_path::<T>(&who, 0, slots, MAX_DEPTH);
    grow_path::<T>(&who, last, slots, MAX_DEPTH);
    Providers::<T>::mutate_extant(&who, |provider| {
        provider.slots = slots;
        provider.leaves = slots.into();
    });
    fault::<T>(&who);
    Ok(Scene { payer, provider: who, order: orders[0] })
}

/// A clock on which only what `cursors` say is due.
fn clock(opening: Cursor, seeding: Cursor, closing: Cursor) -> Clock {
    Clock { opening, seeding, closing, ..Default::default() }
}

const LATER: Cursor = Cursor { phase: 5, at: None };
const DUE: Cursor = Cursor { phase: 5, at: Some(0) };
const NOW: BlockNo = 1_000_000;

fn open_phase<T: Config>(index: u8, stage: Stage) {
    Phases::<T>::insert(index, Phase { window: WINDOW, stage, ..Default::default() });
}

#[benchmarks]
mod benchmarks {
    use super::*;

    #[benchmark]
    fn on_initialize() {
        ClockState::<T>::put(clock(LATER, LATER, LATER));
        let forgotten = NOW.saturating_sub(T::SeedMemory::get());
        PastSeeds::<T>::insert(forgotten, Clock::default().past_seed());

        #[block]
        {
            Pallet::<T>::begin_block(NOW);
        }

        assert_ne!(ClockState::<T>::get(), clock(LATER, LATER, LATER));
        assert!(!PastSeeds::<T>::contains_key(forgotten));
    }

    #[benchmark]
    fn on_finalize() {
        begin::<T>();
        ClockState::<T>::put(Clock::default());

        #[block]
        {
            Pallet::<T>::end_block();
        }

        assert!(ClockState::<T>::get().full <= 1);
    }

    #[benchmark]
    fn open_window() {
        Adopted::<T>::kill();
        open_phase::<T>(5, Stage::Over);
        ClockState::<T>::put(clock(DUE, LATER, LATER));

        #[block]
        {
            Pallet::<T>::begin_block(NOW);
        }

        assert_eq!(Phases::<T>::get(5).stage, Stage::Frozen);
    }

    #[benchmark]
    fn seed_window() {
        open_phase::<T>(5, Stage::Frozen);
        open_phase::<T>(6 % PHASES, Stage::Frozen);
        ClockState::<T>::put(clock(LATER, DUE, LATER));

        #[block]
        {
            Pallet::<T>::begin_block(NOW);
        }

        assert_ne!(Phases::<T>::get(5).stage, Stage::Frozen);
    }

    #[benchmark]
    fn close_window() {
        open_phase::<T>(5, Stage::Open(RUNNING));
        open_phase::<T>(6 % PHASES, Stage::Open(RUNNING));
        let slots_passed = clock(LATER, LATER, DUE);
        ClockState::<T>::put(Clock { migrating: 1, ..slots_passed });

        #[block]
        {
            Pallet::<T>::begin_block(NOW);
        }

        assert_eq!(Phases::<T>::get(5).stage, Stage::Over);
        assert_eq!(Phases::<T>::get(5).excused_total, 1);
    }

    #[benchmark]
    fn register_provider() {
        begin::<T>();
        let caller = rich::<T>("provider", 0);

        #[extrinsic_call]
        _(RawOrigin::Signed(caller.clone()), contact(), Parameters::default().min_price, 1_u64 << 30);

        assert!(Contacts::<T>::contains_key(caller));
    }

    #[benchmark]
    fn update_provider() -> Result<(), BenchmarkError> {
        let Scene { provider: caller, .. } = scene::<T>()?;
        let price = Parameters::default().max_price;
        let capacity = u64::from(MAX_SLOTS).saturating_mul(LEAF_SIZE);

        #[extrinsic_call]
        _(RawOrigin::Signed(caller.clone()), Some(contact()), Some(price), Some(capacity));

        assert!(Providers::<T>::get(caller).is_some_and(|found| found.next_price.is_some()));
        Ok(())
    }

    #[benchmark]
    fn add_stake() -> Result<(), BenchmarkError> {
        let Scene { provider: caller, .. } = scene::<T>()?;

        let before = Providers::<T>::get(&caller).map(|found| found.stake).unwrap_or_default();

        #[extrinsic_call]
        _(RawOrigin::Signed(caller.clone()), 1_000_000_000_000);

        assert!(Providers::<T>::get(caller).is_some_and(|found| found.stake > before));
        Ok(())
    }

    #[benchmark]
    fn withdraw_stake() -> Result<(), BenchmarkError> {
        let Scene { provider: caller, .. } = scene::<T>()?;
        let more = 1_000_000_000_000;
        Pallet::<T>::add_stake(signed::<T>(&caller), more)?;
        fault::<T>(&caller);
        let before = Providers::<T>::get(&caller).map(|found| found.stake).unwrap_or_default();

        #[extrinsic_call]
        _(RawOrigin::Signed(caller.clone()), 1_000_000_000);

        assert!(Providers::<T>::get(caller).is_some_and(|found| found.stake < before));
        Ok(())
    }

    #[benchmark]
    fn deregister() -> Result<(), BenchmarkError> {
        begin::<T>();
        let caller = provider::<T>(0)?;
        Providers::<T>::mutate_extant(&caller, |found| {
            found.liability.grace = false;
            found.debt = 1_000_000_000;
        });

        #[extrinsic_call]
        _(RawOrigin::Signed(caller.clone()));

        assert!(!Providers::<T>::contains_key(caller));
        Ok(())
    }

    #[benchmark]
    fn unjail() -> Result<(), BenchmarkError> {
        let Scene { provider: caller, .. } = scene::<T>()?;
        Pallet::<T>::add_stake(signed::<T>(&caller), 1_000_000_000_000)?;
        Providers::<T>::mutate_extant(&caller, |found| {
            found.liability.standing = Standing::Jailed { since: 1 };
            found.debt = 1_000_000_000;
        });

        #[extrinsic_call]
        _(RawOrigin::Signed(caller.clone()));

        let standing = Providers::<T>::get(caller).map(|found| found.liability.standing);
        assert_eq!(standing, Some(Standing::Probation { since: 1 }));
        Ok(())
    }

    #[benchmark]
    fn place_order() {
        begin::<T>();
        let caller = rich::<T>("payer", 0);
        let piece = one_leaf();
        T::Pieces::prepare(piece.root, PieceAccess::Restricted, &caller);
        let Parameters { min_term, min_price, .. } = Parameters::default();

        #[extrinsic_call]
        _(
            RawOrigin::Signed(caller.clone()),
            piece,
            MAX_REPLICAS,
            min_term,
            min_price,
            full(caller.clone()),
            full(full(3)),
        );

        assert!(Orders::<T>::contains_key(OrderId(0)));
    }

    #[benchmark]
    fn cancel_order() -> Result<(), BenchmarkError> {
        begin::<T>();
        let caller = rich::<T>("payer", 0);
        let id = order::<T>(&caller, &caller, one_leaf())?;

        #[extrinsic_call]
        _(RawOrigin::Signed(caller), id);

        assert!(!Orders::<T>::contains_key(id));
        Ok(())
    }

    #[benchmark]
    fn expire_order() -> Result<(), BenchmarkError> {
        begin::<T>();
        let caller = rich::<T>("payer", 0);
        let id = order::<T>(&caller, &caller, one_leaf())?;
        Orders::<T>::mutate_extant(id, |found| found.expires_at = 0);
        frame_system::Pallet::<T>::set_block_number(1_u32.into());

        #[extrinsic_call]
        _(RawOrigin::Signed(caller), id);

        assert!(!Orders::<T>::contains_key(id));
        Ok(())
    }

    #[benchmark]
    fn accept() -> Result<(), BenchmarkError> {
        let Scene { payer, provider: caller, .. } = scene::<T>()?;
        Pallet::<T>::add_stake(signed::<T>(&caller), 1_000_000_000_000)?;
        let piece = one_leaf();
        T::Pieces::prepare(piece.root, PieceAccess::Restricted, &payer);
        let id = order::<T>(&payer, &caller, piece)?;
        fault::<T>(&caller);

        #[extrinsic_call]
        _(RawOrigin::Signed(caller.clone()), id);

        assert!(Replicas::<T>::contains_key(id, caller));
        Ok(())
    }

    #[benchmark]
    fn drop_piece() -> Result<(), BenchmarkError> {
        let Scene { provider: caller, order, .. } = scene::<T>()?;

        #[extrinsic_call]
        _(RawOrigin::Signed(caller.clone()), order);

        assert!(Replicas::<T>::get(order, caller).is_some_and(|found| found.leaves_at.is_some()));
        Ok(())
    }

    #[benchmark]
    fn drop_now() -> Result<(), BenchmarkError> {
        let Scene { provider: caller, order, .. } = scene::<T>()?;

        #[extrinsic_call]
        _(RawOrigin::Signed(caller.clone()), order);

        assert!(!Replicas::<T>::contains_key(order, caller));
        Ok(())
    }

    #[benchmark]
    fn cancel_replica() -> Result<(), BenchmarkError> {
        let Scene { payer, provider, order } = scene::<T>()?;
        Orders::<T>::mutate_extant(order, |found| found.min_term = 1);

        #[extrinsic_call]
        _(RawOrigin::Signed(payer), order, provider.clone());

        assert!(!Replicas::<T>::contains_key(order, provider));
        Ok(())
    }

    #[benchmark]
    fn close_replica() -> Result<(), BenchmarkError> {
        let Scene { payer, provider, order } = scene::<T>()?;
        edit::<T>(order, &provider, |found| found.ends = 0);

        #[extrinsic_call]
        _(RawOrigin::Signed(payer), order, provider.clone());

        assert!(!Replicas::<T>::contains_key(order, provider));
        Ok(())
    }

    #[benchmark]
    fn close_jailed() -> Result<(), BenchmarkError> {
        let Scene { payer, provider, order } = scene::<T>()?;
        Providers::<T>::mutate_extant(&provider, |found| {
            found.liability.misses = Parameters::default().max_misses;
        });

        #[extrinsic_call]
        _(RawOrigin::Signed(payer), order, provider.clone());

        assert!(!Replicas::<T>::contains_key(order, provider));
        Ok(())
    }

    #[benchmark]
    fn remove_denied() -> Result<(), BenchmarkError> {
        let Scene { payer, provider, order } = scene::<T>()?;
        T::Pieces::prepare(one_leaf().root, PieceAccess::Denied, &payer);

        #[extrinsic_call]
        _(RawOrigin::Signed(payer), order, Some(provider.clone()));

        assert!(!Replicas::<T>::contains_key(order, provider));
        Ok(())
    }

    #[benchmark]
    fn settle(n: Linear<1, MAX_SETTLED>) -> Result<(), BenchmarkError> {
        begin::<T>();
        let caller = rich::<T>("anybody", 0);
        let mut due = DueList::<T::AccountId>::default();
        for index in 0..n {
            let (payer, who) = (rich::<T>("payer", index), provider::<T>(index)?);
            let id = order::<T>(&payer, &who, one_leaf())?;
            Pallet::<T>::accept(signed::<T>(&who), id)?;
            Providers::<T>::mutate_extant(&who, |found| found.proven = 1);
            due.try_push((id, who)).map_err(|_| BenchmarkError::Stop("too many payments"))?;
        }
        let last = due.last().cloned().ok_or(BenchmarkError::Stop("nothing is due"))?;

        #[extrinsic_call]
        _(RawOrigin::Signed(caller), due);

        assert_eq!(Replicas::<T>::get(last.0, last.1).map(|found| found.earned), Some(1));
        Ok(())
    }

    #[benchmark]
    fn submit_proof() -> Result<(), BenchmarkError> {
        begin::<T>();
        let (payer, caller) = (rich::<T>("payer", 0), provider::<T>(0)?);
        let (piece, proofs) = sparse::piece(LEAF_SIZE, &[0], 1);
        let id = order::<T>(&payer, &caller, piece)?;
        Pallet::<T>::accept(signed::<T>(&caller), id)?;
        fault::<T>(&caller);
        Providers::<T>::mutate_extant(&caller, |found| {
            found.liability.clear_through = WINDOW.saturating_sub(2);
        });
        set_phase::<T>(&caller, Stage::Open(RUNNING), 1);
        let seed = Pallet::<T>::phase_of(&caller).seed_of(&caller).unwrap_or_default();

        #[extrinsic_call]
        _(RawOrigin::Signed(caller.clone()), WINDOW, seed, BoundedVec::truncate_from(proofs));

        assert_eq!(Providers::<T>::get(caller).map(|found| found.proven), Some(2));
        Ok(())
    }

    #[benchmark]
    fn find_leaf(d: Linear<1, 3>) -> Result<(), BenchmarkError> {
        begin::<T>();
        let who = provider::<T>(0)?;
        let depth: u8 = d.unique_saturated_into();
        let slots = FANOUT.saturating_pow(d);
        Providers::<T>::mutate_extant(&who, |found| {
            found.slots = slots;
            found.leaves = slots.into();
        });
        let slot: u32 = drawn_leaf(&RUNNING, 0, slots.into()).unique_saturated_into();
        grow_path::<T>(&who, slot, slots, depth);
        ProofSlots::<T>::insert(&who, slot, Slot { order: OrderId(0), piece: one_leaf() });
        let found = Providers::<T>::get(&who).ok_or(BenchmarkError::Stop("no provider"))?;
        let challenge;

        #[block]
        {
            challenge = Pallet::<T>::challenge(&who, &found, &RUNNING, 0);
        }

        assert_eq!(challenge.map(|found| found.slot), Some(slot));
        Ok(())
    }

    #[benchmark]
    fn verify_leaf(s: Linear<0, 54>) -> Result<(), BenchmarkError> {
        let longest: u32 = MAX_PATH_LEN.unique_saturated_into();
        let size = if s < longest { LEAF_SIZE.checked_shl(s).unwrap_or(u64::MAX) } else { u64::MAX };
        let (piece, proofs) = sparse::piece(size, &[0], 1);
        let proof = proofs.first().ok_or(BenchmarkError::Stop("no proof"))?;
        assert_eq!(proof.path.len() as u32, s);
        let verified;

        #[block]
        {
            verified = possession::verify(&piece, 0, proof);
        }

        assert_eq!(verified, Ok(()));
        Ok(())
    }

    #[benchmark]
    fn report_fault() -> Result<(), BenchmarkError> {
        let Scene { payer, provider, .. } = scene::<T>()?;
        let before = Providers::<T>::get(&provider).map(|found| found.stake).unwrap_or_default();

        #[extrinsic_call]
        _(RawOrigin::Signed(payer), provider.clone());

        assert!(Providers::<T>::get(provider).is_some_and(|found| found.stake < before));
        Ok(())
    }

    #[benchmark]
    fn check_proof_submission() -> Result<(), BenchmarkError> {
        let Scene { provider, .. } = scene::<T>()?;
        set_phase::<T>(&provider, Stage::Open(RUNNING), 20);
        let seed = Pallet::<T>::phase_of(&provider).seed_of(&provider).unwrap_or_default();
        let valid;

        #[block]
        {
            valid = Pallet::<T>::check_submission(&provider, WINDOW, &seed).is_ok();
        }

        assert!(valid);
        Ok(())
    }

    impl_benchmark_test_suite!(Pallet, crate::mock::ExtBuilder.build(), crate::mock::Test);
}

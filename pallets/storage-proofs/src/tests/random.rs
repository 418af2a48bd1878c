//! Random lives of providers, payers and reporters: every invariant holds, and no planck is made or lost.

use super::*;
use crate::Replicas;
use polkadot_sdk::{frame_support::traits::fungible::Inspect, sp_runtime::DispatchResult};
use proptest::prelude::*;
use std::collections::BTreeMap;
use stoa_primitives::registry::PieceAccess;

const PROVIDERS: [AccountId; 3] = [BOB, CAROL, DAVE];

#[derive(Clone, Debug)]
enum Step {
    Place { payer: AccountId, number: u8, lost: bool, replicas: u32, windows: u32, price: u8 },
    Accept { who: usize, order: usize },
    Prove { who: usize },
    Tamper { who: usize },
    ToWindow { who: usize },
    ToSeed { who: usize },
    ToClose { who: usize },
    Roll { blocks: u32 },
    Live { blocks: u32 },
    Drop { who: usize, order: usize },
    Hurry { who: usize, order: usize },
    CancelOrder { order: usize },
    Expire { order: usize },
    CancelReplica { who: usize, order: usize },
    Close { by: AccountId, who: usize, order: usize },
    CloseJailed { by: AccountId, who: usize, order: usize },
    Settle { who: usize, order: usize },
    Report { by: AccountId, who: usize },
    Unjail { who: usize },
    Stake { who: usize, amount: u32 },
    Withdraw { who: usize, amount: u32 },
    Price { who: usize, price: u8 },
    Capacity { who: usize, leaves: u16 },
    Register { who: usize },
    Deregister { who: usize },
    Deny { number: u8, denied: bool },
    RemoveDenied { who: Option<usize>, order: usize },
    Randomness { works: bool },
    Stall { slots: u8 },
    Slash { rate: u16 },
}

fn step() -> impl Strategy<Value = Step> {
    let (who, order) = (0..3_usize, 0..64_usize);
    let payer = prop_oneof![Just(ALICE), Just(BOB)];
    let anybody = prop_oneof![Just(ALICE), Just(BOB), Just(EVE)];
    let both = (who.clone(), order.clone());
    prop_oneof![
        6 => (payer, 0..4_u8, prop::bool::weighted(0.2), 1..4_u32, 2..5_u32, 10..255_u8).prop_map(
            |(payer, number, lost, replicas, windows, price)| Step::Place { payer, number, lost, replicas, windows, price }),
        12 => both.clone().prop_map(|(who, order)| Step::Accept { who, order }),
        14 => who.clone().prop_map(|who| Step::Prove { who }),
        1 => who.clone().prop_map(|who| Step::Tamper { who }),
        5 => who.clone().prop_map(|who| Step::ToWindow { who }),
        10 => who.clone().prop_map(|who| Step::ToSeed { who }),
        3 => who.clone().prop_map(|who| Step::ToClose { who }),
        2 => (1..90_u32).prop_map(|blocks| Step::Roll { blocks }),
        5 => (1..200_u32).prop_map(|blocks| Step::Live { blocks }),
        2 => both.clone().prop_map(|(who, order)| Step::Drop { who, order }),
        1 => both.clone().prop_map(|(who, order)| Step::Hurry { who, order }),
        1 => order.clone().prop_map(|order| Step::CancelOrder { order }),
        1 => order.clone().prop_map(|order| Step::Expire { order }),
        2 => both.clone().prop_map(|(who, order)| Step::CancelReplica { who, order }),
        8 => (anybody.clone(), who.clone(), order.clone()).prop_map(|(by, who, order)| Step::Close { by, who, order }),
        2 => (anybody.clone(), who.clone(), order.clone())
            .prop_map(|(by, who, order)| Step::CloseJailed { by, who, order }),
        6 => both.clone().prop_map(|(who, order)| Step::Settle { who, order }),
        4 => (anybody, who.clone()).prop_map(|(by, who)| Step::Report { by, who }),
        2 => who.clone().prop_map(|who| Step::Unjail { who }),
        1 => (who.clone(), 0..5_000_000_u32).prop_map(|(who, amount)| Step::Stake { who, amount }),
        1 => (who.clone(), 0..5_000_000_u32).prop_map(|(who, amount)| Step::Withdraw { who, amount }),
        1 => (who.clone(), 5..255_u8).prop_map(|(who, price)| Step::Price { who, price }),
        1 => (who.clone(), 0..2_000_u16).prop_map(|(who, leaves)| Step::Capacity { who, leaves }),
        1 => who.clone().prop_map(|who| Step::Register { who }),
        1 => who.clone().prop_map(|who| Step::Deregister { who }),
        1 => (0..4_u8, any::<bool>()).prop_map(|(number, denied)| Step::Deny { number, denied }),
        1 => (prop::option::of(who), order).prop_map(|(who, order)| Step::RemoveDenied { who, order }),
        1 => any::<bool>().prop_map(|works| Step::Randomness { works }),
        1 => (0..60_u8).prop_map(|slots| Step::Stall { slots }),
        1 => (1_000..1_200_u16).prop_map(|rate| Step::Slash { rate }),
    ]
}

fn pieces(number: u8) -> Piece {
    piece(number, [900, 1_025, 20_000, 64 * 1_024][usize::from(number % 4)])
}

/// Does a step and tells whether that was allowed; most are refused in most states, and must then change nothing.
fn take(step: Step) -> bool {
    let ids: Vec<_> = {
        let mut ids: Vec<_> = crate::Orders::<Test>::iter_keys().collect();
        ids.sort();
        ids
    };
    let id = |order: usize| ids.get(order % ids.len().max(1)).copied().unwrap_or(OrderId(u64::MAX));
    let who = |index: usize| PROVIDERS[index];
    let scaled = |price: u8| Balance::from(price) * GIB;
    // Errors have their own tests; here any outcome may be, as long as nothing breaks.
    let done = match step {
        Step::Place { payer, number, lost, replicas, windows, price } => {
            let wanted = if lost { lost_piece(number, 5_000) } else { pieces(number) };
            place(payer, wanted, replicas, windows, scaled(price), Named::default())
        }
        Step::Accept { who: index, order } => StorageProofs::accept(signed(who(index)), id(order)),
        Step::Prove { who: index } => try_to_prove(who(index)),
        // Blocks in which everybody does its duty, as far as it has the bytes.
        Step::Live { blocks } => {
            for _ in 0..blocks {
                for who in PROVIDERS {
                    let owed = is_due(who);
                    let done = try_to_prove(who);
                    assert!(done.is_err() || !owed || !is_due(who), "a proof leaves nothing owed");
                }
                next_block();
            }
            Ok(())
        }
        Step::Tamper { who: index } => {
            if StorageProofs::challenges(who(index)).is_some_and(|set| set.duty == Duty::Due) {
                let (window, seed, mut leaves) = honest_proof(who(index));
                leaves[0].leaf.push(1);
                assert!(StorageProofs::submit_proof(signed(who(index)), window, seed, leaves).is_err());
            }
            Ok(())
        }
        Step::ToWindow { who: index } => Ok(to_next_window(who(index))),
        Step::ToSeed { who: index } => {
            Ok((0..80).take_while(|_| !seeded(who(index))).for_each(|_| next_block()))
        }
        Step::ToClose { who: index } => Ok(to_close(who(index))),
        Step::Roll { blocks } => Ok(roll(blocks)),
        Step::Drop { who: index, order } => StorageProofs::drop_piece(signed(who(index)), id(order)),
        Step::Hurry { who: index, order } => StorageProofs::drop_now(signed(who(index)), id(order)),
        Step::CancelOrder { order } => StorageProofs::cancel_order(signed(ALICE), id(order)),
        Step::Expire { order } => StorageProofs::expire_order(signed(EVE), id(order)),
        Step::CancelReplica { who: index, order } => {
            StorageProofs::cancel_replica(signed(ALICE), id(order), who(index))
        }
        Step::Close { by, who: index, order } => {
            StorageProofs::close_replica(signed(by), id(order), who(index))
        }
        Step::CloseJailed { by, who: index, order } => {
            StorageProofs::close_jailed(signed(by), id(order), who(index))
        }
        Step::Settle { who: index, order } => settle(id(order), who(index)),
        Step::Report { by, who: index } => StorageProofs::report_fault(signed(by), who(index)),
        Step::Unjail { who: index } => StorageProofs::unjail(signed(who(index))),
        Step::Stake { who: index, amount } => StorageProofs::add_stake(signed(who(index)), amount.into()),
        Step::Withdraw { who: index, amount } => {
            StorageProofs::withdraw_stake(signed(who(index)), amount.into())
        }
        Step::Price { who: index, price } => {
            StorageProofs::update_provider(signed(who(index)), None, Some(scaled(price)), None)
        }
        Step::Capacity { who: index, leaves } => {
            StorageProofs::update_provider(signed(who(index)), None, None, Some(u64::from(leaves) * 1_024))
        }
        Step::Register { who: index } => {
            StorageProofs::register_provider(signed(who(index)), contact(), 20 * GIB, 300 * 1_024)
        }
        Step::Deregister { who: index } => StorageProofs::deregister(signed(who(index))),
        Step::Deny { number, denied } => {
            let access = if denied { PieceAccess::Denied } else { PieceAccess::Unknown };
            Ok(set_access(&pieces(number).root, access))
        }
        Step::RemoveDenied { who: index, order } => {
            StorageProofs::remove_denied(signed(EVE), id(order), index.map(who))
        }
        Step::Randomness { works } => Ok(VrfWorks::set(works)),
        Step::Stall { slots } => Ok(SkippedSlots::mutate(|skipped| *skipped += u64::from(slots))),
        Step::Slash { rate } => Ok(Governed::mutate(|set| set.slash = rate.into())),
    };
    done.is_ok()
}

fn is_due(who: AccountId) -> bool {
    StorageProofs::challenges(who).is_some_and(|set| set.duty == Duty::Due)
}

fn try_to_prove(who: AccountId) -> DispatchResult {
    if is_due(who) { prove(who).map(|_| ()).map_err(|failed| failed.error) } else { Ok(()) }
}

fn seeded(who: AccountId) -> bool {
    matches!(phase(who).stage, crate::phases::Stage::Open(_))
}

/// What somebody who watches all events knows.
#[derive(Default)]
struct Witness {
    /// Windows that a provider proved and that pay, since it registered.
    proven: BTreeMap<AccountId, Vec<u32>>,
    /// Proofs that a provider had given when it accepted an order.
    since: BTreeMap<(OrderId, AccountId), usize>,
    /// Windows that a replica was paid for.
    paid: BTreeMap<(OrderId, AccountId), usize>,
    /// Windows in which a provider had a set and that it didn't prove.
    missed: BTreeMap<AccountId, u32>,
    /// The provider's window when it was last seen to owe nothing.
    clear: BTreeMap<AccountId, u32>,
}

impl Witness {
    fn see(&mut self) {
        for event in events() {
            match event {
                Event::ProviderRegistered { provider, .. } => {
                    self.proven.insert(provider, Vec::new());
                    self.missed.insert(provider, 0);
                    self.clear.insert(provider, phase(provider).window);
                }
                Event::Accepted { order, provider, .. } => {
                    self.since.insert((order, provider), self.proven[&provider].len());
                    self.paid.insert((order, provider), 0);
                }
                Event::Proven { provider, window, paid } => {
                    if paid {
                        let proven = self.proven.get_mut(&provider).unwrap();
                        assert_ne!(proven.last(), Some(&window), "a window is proven once");
                        proven.push(window);
                    }
                    self.clear.insert(provider, window);
                }
                Event::Paid { order, provider, windows, .. } => {
                    let paid = self.paid.get_mut(&(order, provider)).unwrap();
                    *paid += windows as usize;
                    let proven = self.proven[&provider].len() - self.since[&(order, provider)];
                    assert!(*paid <= proven, "a window was paid for without a proof");
                }
                Event::Faulted { provider, missed, .. } => {
                    // Those since the last clear one have gone by, and none of them was proven.
                    let gone = phase(provider).window - self.clear[&provider];
                    assert!(missed <= gone, "a window was slashed for that was proven, or twice");
                    if missed > 0 {
                        let clear = self.clear.get_mut(&provider).unwrap();
                        *clear += missed;
                    }
                }
                _ => {}
            }
        }
        System::reset_events();
    }
}

proptest! {
    #![proptest_config(ProptestConfig { cases: cases(), fork: false, ..ProptestConfig::default() })]

    #[test]
    fn every_life_keeps_every_invariant(steps in prop::collection::vec(step(), 1..120)) {
        ExtBuilder.build_and_execute(|| {
            let mut witness = Witness::default();
            System::reset_events();
            for who in PROVIDERS {
                assert_ok!(StorageProofs::register_provider(signed(who), contact(), 20 * GIB, 300 * 1_024));
            }
            witness.see();
            let money = || (1..=8).chain([TREASURY]).map(|who| <Balances as Inspect<_>>::total_balance(&who)).sum::<Balance>();
            let before = money();
            for step in steps {
                let before_step = events().len();
                if !take(step) {
                    assert_eq!(events().len(), before_step, "a refused call told something");
                }
                witness.see();
                crate::Pallet::<Test>::do_try_state().unwrap();
                assert_eq!(money(), before, "money was made or lost");
            }
        });
    }

    /// All that is held comes back when everybody goes.
    #[test]
    fn everything_held_is_free_in_the_end(steps in prop::collection::vec(step(), 1..60)) {
        ExtBuilder.build_and_execute(|| {
            for who in PROVIDERS {
                assert_ok!(StorageProofs::register_provider(signed(who), contact(), 20 * GIB, 300 * 1_024));
            }
            for step in steps {
                take(step);
            }
            VrfWorks::set(true);
            // All stay away, go to jail, and anybody closes what they kept.
            roll(64 * 12);
            for (id, who, _) in Replicas::<Test>::iter().collect::<Vec<_>>() {
                to_close(who);
                let closed = StorageProofs::close_jailed(signed(EVE), id, who)
                    .or_else(|_| StorageProofs::close_replica(signed(EVE), id, who));
                assert_ok!(closed);
            }
            for id in crate::Orders::<Test>::iter_keys().collect::<Vec<_>>() {
                assert_ok!(StorageProofs::expire_order(signed(EVE), id));
            }
            for who in PROVIDERS.into_iter().filter(|who| crate::Providers::<Test>::contains_key(who)) {
                assert_ok!(StorageProofs::deregister(signed(who)));
            }
            for who in 1..=8 {
                assert_eq!(Balances::total_balance_on_hold(&who), 0);
            }
        });
    }
}

/// The lives above are worth watching: in some of them everything happens.
#[test]
fn random_lives_meet_every_kind_of_event() {
    use proptest::{strategy::ValueTree, test_runner::TestRunner};
    let mut runner = TestRunner::deterministic();
    let mut met = std::collections::BTreeSet::new();
    for _ in 0..48 {
        ExtBuilder.build_and_execute(|| {
            for who in PROVIDERS {
                assert_ok!(StorageProofs::register_provider(signed(who), contact(), 20 * GIB, 300 * 1_024));
            }
            for _ in 0..120 {
                take(step().new_tree(&mut runner).unwrap().current());
            }
            for event in events() {
                met.insert(match event {
                    Event::Accepted { .. } => "accepted",
                    Event::Paid { .. } => "paid",
                    Event::Proven { .. } => "proven",
                    Event::Faulted { jailed: true, .. } => "jailed",
                    Event::Slashed { reporter: Some(_), .. } => "reported",
                    Event::Slashed { .. } => "slashed",
                    Event::WindowExcused { .. } => "excused",
                    Event::NoticeGiven { .. } => "notice",
                    Event::Unjailed { .. } => "unjailed",
                    Event::ReplicaEnded { reason: EndReason::Finished, .. } => "finished",
                    Event::ReplicaEnded { reason: EndReason::Hurried, .. } => "hurried",
                    Event::ReplicaEnded { reason: EndReason::Jailed, .. } => "closed in jail",
                    _ => "other",
                });
            }
        });
    }
    assert_eq!(met.len(), 13, "{met:?}");
}

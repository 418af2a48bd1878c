//! Whatever a few people do in whatever order, no plank is lost and nothing that was promised changes.

use super::*;
use crate::{
    Call, Holders,
    types::{LockId, MAX_BATCH},
};
use polkadot_sdk::{
    frame_support::traits::fungible::Inspect,
    sp_io::storage,
    sp_runtime::{StateVersion, traits::Dispatchable},
};
use proptest::prelude::*;

const PEOPLE: [AccountId; 4] = [ALICE, BOB, CAROL, 4];
/// One of the accounts that shares go to doesn't exist, so its payouts wait.
const HOLDERS: [AccountId; 4] = [ALICE, BOB, CAROL, NOBODY];

/// A call by one of a few, on one of the first few assets.
#[derive(Clone, Copy, Debug)]
struct Step {
    verb: u8,
    who: u8,
    what: u8,
    other: u8,
    amount: u32,
}

fn step() -> impl Strategy<Value = Step> {
    (0..32_u8, 0..4_u8, 0..8_u8, 0..8_u8, 0..=WHOLE).prop_map(|(verb, who, what, other, amount)| Step {
        verb,
        who,
        what,
        other,
        amount,
    })
}

fn holder(index: u8) -> AccountId {
    HOLDERS[usize::from(index) % HOLDERS.len()]
}

/// Does a step; `false` when it was refused.
fn take(step: Step, assets: &[AssetId]) -> bool {
    let Step { verb, who, what, other, amount } = step;
    let asset = assets[usize::from(what) % assets.len()];
    let second = assets[usize::from(other) % assets.len()];
    let owner = <FewAssets as crate::traits::Registry<_>>::owner(asset).unwrap();
    let caller = PEOPLE[usize::from(who)];
    // One in four calls of owners comes from just anybody.
    let rightful = if who == 0 { caller } else { owner };
    let (id, to) = (LockId([other; 16]), holder(other));
    let terms = if amount % 2 == 0 { Terms::Absolute } else { Terms::Relative }(Parts(amount / 5));
    let (signer, call) = match verb {
        0..=2 => {
            let batch: Vec<_> = (0..amount % 4).map(|index| (holder(index as u8), amount / 4)).collect();
            assert!(batch.len() <= MAX_BATCH as usize);
            (rightful, Call::load_shares { asset, shares: batch.try_into().unwrap() })
        }
        3..=6 => (rightful, Call::link_parent { asset, parent: second, terms, max_upstream: ANY }),
        7 => (rightful, Call::unlink_parent { asset, parent: second }),
        8 => (rightful, Call::set_offer { asset, offer: (amount % 2 == 0).then_some(terms) }),
        9..=11 => (rightful, Call::open { asset, rest: Some(owner) }),
        12 => (rightful, Call::discard { asset }),
        13..=15 => (holder(who), Call::transfer_shares { asset, to, shares: amount / 3 }),
        16 => (holder(who), Call::approve { asset, spender: to, shares: amount / 2 }),
        17 | 18 => {
            (caller, Call::transfer_shares_from { asset, from: to, to: holder(what), shares: amount / 8 })
        }
        19..=23 => (PAYER, Call::pay { asset, amount: (amount % 100).into(), memo: [0; 32] }),
        24..=26 => (caller, Call::distribute { asset }),
        27 => (holder(who), Call::claim { asset }),
        28 => (caller, Call::claim_for { asset, account: to }),
        29 => return Royalties::lock_shares(asset, &to, id, amount / 2).is_ok(),
        30 => return Royalties::unlock_shares(asset, &to, id).is_ok(),
        _ => {
            // Rarely, or else nothing can be paid.
            if amount % 8 == 0 {
                take_down(asset);
            }
            return true;
        }
    };
    RuntimeCall::Royalties(call).dispatch(signed(signer)).is_ok()
}

/// Assets of a few people, some of them open and one built on two.
fn begin() -> Vec<AssetId> {
    let mut assets: Vec<_> = PEOPLE.into_iter().map(opened).collect();
    let parents = [(assets[0], absolute(5)), (assets[1], relative(10))];
    assets.push(opened_on(CAROL, &parents));
    assets.extend(PEOPLE.into_iter().take(3).map(new_asset));
    assets
}

/// The links of open assets, which must never change.
fn promises(assets: &[AssetId]) -> Vec<(AssetId, crate::types::UpstreamInfo)> {
    let open = assets.iter().filter(|asset| Royalties::is_open(**asset));
    open.map(|asset| {
        let mut upstream = Royalties::upstream(*asset).unwrap();
        for entry in &mut upstream.stack {
            (entry.forwarded, entry.due) = (0, 0);
        }
        (*asset, upstream)
    })
    .collect()
}

proptest! {
    #![proptest_config(ProptestConfig { cases: cases(), fork: false, ..ProptestConfig::default() })]

    #[test]
    fn any_sequence_of_calls_loses_nothing_and_changes_no_promise(steps in prop::collection::vec(step(), 1..120)) {
        ExtBuilder.build().execute_with(|| {
            let assets = begin();
            let issued = Balances::total_issuance();
            for step in steps {
                let promised = promises(&assets);
                let before = storage::root(StateVersion::V1);
                if !take(step, &assets) {
                    assert_eq!(before, storage::root(StateVersion::V1), "{step:?} failed and changed something");
                }
                assert_eq!(Royalties::do_try_state(), Ok(()), "after {step:?}");
                let still = promises(&assets);
                assert!(promised.iter().all(|promise| still.contains(promise)), "after {step:?}");
                let vaults: Balance =
                    assets.iter().filter_map(|asset| Royalties::vault(*asset)).map(|vault| vault.balance).sum();
                assert_eq!(pot(), vaults, "after {step:?}");
            }
            // Everybody gets what is theirs; children first would do as well.
            for _ in 0..assets.len() {
                for asset in &assets {
                    Royalties::distribute(signed(PAYER), *asset).ok();
                }
            }
            let holders: Vec<_> = Holders::<Test>::iter_keys().collect();
            for (asset, account) in holders {
                Royalties::claim_for(signed(PAYER), asset, account).ok();
            }
            assert_eq!(Royalties::do_try_state(), Ok(()));
            assert_eq!(Balances::total_issuance(), issued);
            for asset in &assets {
                let Some(vault) = Royalties::vault(*asset) else { continue };
                assert_eq!(vault.due_upstream, 0);
                // What is left is less than a plank for each who is owed, and what an absent account waits for.
                let waits = due(*asset, NOBODY);
                let owed = Upstreams::<Test>::get(asset).stack.len() as u128 + u128::from(vault.holders) + 2;
                assert!(vault.balance - waits <= owed, "{vault:?}");
            }
        });
    }

    #[test]
    fn no_claim_depends_on_when_others_claim_or_distribute(
        payments in prop::collection::vec((0..3_usize, 1..10_000_u128), 1..30),
        early in prop::collection::vec((0..3_usize, 0..4_u8, any::<bool>()), 30),
        absolute in 0..400_000_u32, relative in 0..400_000_u32,
    ) {
        // What everybody has in the end, with claims and distributions in between and without.
        let outcome = |with_early: bool| {
            let mut result = Vec::new();
            ExtBuilder.build_and_execute(|| {
                let shares = [(ALICE, 333_333), (BOB, 666_660), (CAROL, 7)];
                let base = opened_with(ALICE, &shares);
                let mut assets = vec![base];
                for terms in [Terms::Absolute(Parts(absolute)), Terms::Relative(Parts(relative))] {
                    let asset = new_asset(ALICE);
                    load(ALICE, asset, &shares);
                    link(ALICE, asset, *assets.last().unwrap(), terms);
                    open(ALICE, asset);
                    assets.push(asset);
                }
                for ((to, amount), (asset, who, hands_on)) in payments.iter().zip(&early) {
                    pay(assets[*to], *amount);
                    if with_early {
                        Royalties::claim(signed(holder(*who)), assets[*asset]).ok();
                        if *hands_on {
                            Royalties::distribute(signed(PAYER), assets[*asset]).ok();
                        }
                    }
                }
                for asset in assets.iter().rev() {
                    Royalties::distribute(signed(PAYER), *asset).ok();
                }
                for asset in &assets {
                    for (who, _) in shares {
                        Royalties::claim(signed(who), *asset).ok();
                    }
                }
                result = [ALICE, BOB, CAROL].map(wealth).to_vec();
            });
            result
        };
        prop_assert_eq!(outcome(false), outcome(true));
    }
}

/// Everything that an account has, deposits too.
fn wealth(who: AccountId) -> Balance {
    <Balances as Inspect<_>>::total_balance(&who)
}

/// A few cases with every test run; a long campaign says how many in `PROPTEST_CASES`.
fn cases() -> u32 {
    std::env::var("PROPTEST_CASES").ok().and_then(|cases| cases.parse().ok()).unwrap_or(64)
}

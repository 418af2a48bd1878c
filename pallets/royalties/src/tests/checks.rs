//! Each check of `try_state` finds what it is there for.

use super::*;
use crate::{
    Approvals, Descendants, HolderOf, Holders, Holdings, VaultOf,
    types::{Approval, Lock, LockId, StackEntry},
};
use polkadot_sdk::{frame_support::traits::fungible::Mutate, sp_runtime::TryRuntimeError};

struct State {
    base: AssetId,
    asset: AssetId,
    draft: AssetId,
}

/// Breaks a full state and expects the check's complaint.
fn assert_found(complaint: &'static str, harm: impl FnOnce(&State)) {
    ExtBuilder.build().execute_with(|| {
        let base = opened(ALICE);
        let asset = new_asset(BOB);
        load(BOB, asset, &[(BOB, 600_000), (CAROL, 400_000)]);
        link(BOB, asset, base, absolute(5));
        open(BOB, asset);
        let draft = new_asset(BOB);
        load(BOB, draft, &[(BOB, 5)]);
        pay(asset, 1_000);
        distribute(asset);
        assert_ok!(Royalties::claim(signed(BOB), asset));
        assert_ok!(Royalties::approve(signed(BOB), asset, CAROL, 5));
        assert_ok!(Royalties::lock_shares(asset, &BOB, LockId([1; 16]), 10));
        assert_eq!(Royalties::do_try_state(), Ok(()));
        harm(&State { base, asset, draft });
        assert_eq!(Royalties::do_try_state(), Err(TryRuntimeError::Other(complaint)));
    });
}

fn change_vault(asset: AssetId, change: impl FnOnce(&mut VaultOf<Test>)) {
    Vaults::<Test>::mutate(asset, |found| change(found.as_mut().unwrap()));
}

fn change_holder(asset: AssetId, who: AccountId, change: impl FnOnce(&mut HolderOf<Test>)) {
    Holders::<Test>::mutate(asset, who, |found| change(found.as_mut().unwrap()));
}

fn change_entry(asset: AssetId, change: impl FnOnce(&mut StackEntry)) {
    Upstreams::<Test>::mutate(asset, |found| change(found.stack.iter_mut().next().unwrap()));
}

#[test]
fn check_vaults_finds_too_many_shares() {
    assert_found("vault: too many shares", |state| {
        change_vault(state.draft, |vault| vault.loaded = WHOLE + 1);
    });
}

#[test]
fn check_vaults_finds_an_open_one_without_all_its_shares() {
    assert_found("vault: open without all its shares", |state| {
        change_vault(state.draft, |vault| vault.open = true);
    });
}

#[test]
fn check_vaults_finds_one_that_was_paid_before_it_opened() {
    assert_found("vault: paid before it opened", |state| {
        change_vault(state.draft, |vault| vault.outside = 1);
    });
}

#[test]
fn check_vaults_finds_one_that_owes_too_much() {
    assert_found("vault: owes more than the whole", |state| {
        change_vault(state.draft, |vault| vault.relative = Parts(WHOLE + 1));
    });
}

#[test]
fn check_vaults_finds_one_that_paid_too_much() {
    assert_found("vault: more was claimed than earned", |state| {
        change_vault(state.asset, |vault| vault.claimed = 951);
    });
}

#[test]
fn check_holders_finds_an_empty_one() {
    assert_found("holder: nothing left", |state| {
        change_holder(state.draft, BOB, |holder| holder.shares = 0);
    });
}

#[test]
fn check_holders_finds_too_much_locked() {
    assert_found("holder: more locked than held", |state| {
        let lock = Lock { id: LockId([2; 16]), shares: 6 };
        change_holder(state.draft, BOB, |holder| holder.locks.try_push(lock).unwrap());
    });
}

#[test]
fn check_holders_finds_an_empty_lock() {
    assert_found("holder: an empty lock", |state| {
        let lock = Lock { id: LockId([2; 16]), shares: 0 };
        change_holder(state.draft, BOB, |holder| holder.locks.try_push(lock).unwrap());
    });
}

#[test]
fn check_holders_finds_a_remainder_of_a_plank() {
    assert_found("holder: a remainder of a plank", |state| {
        change_holder(state.draft, BOB, |holder| holder.remainder = WHOLE);
    });
}

#[test]
fn check_holders_finds_shares_that_do_not_add_up() {
    assert_found("holder: shares don't add up", |state| {
        change_holder(state.draft, BOB, |holder| holder.shares = 6);
    });
}

#[test]
fn check_holders_finds_a_wrong_number() {
    assert_found("holder: wrong number", |state| change_vault(state.draft, |vault| vault.holders = 2));
}

#[test]
fn check_holders_finds_one_without_a_vault() {
    assert_found("holder: no such vault", |state| {
        let holder = Holders::<Test>::get(state.draft, BOB).unwrap();
        Holders::<Test>::insert(AssetId(77), BOB, holder);
    });
}

#[test]
fn check_earnings_finds_a_settlement_beyond_the_total() {
    assert_found("earnings: settled beyond the total", |state| {
        change_holder(state.asset, CAROL, |holder| holder.settled = 951);
    });
}

#[test]
fn check_earnings_finds_a_millionth_of_a_plank_too_much() {
    assert_found("earnings: holders' claims don't add up to the total", |state| {
        change_holder(state.asset, CAROL, |holder| holder.remainder += 1);
    });
}

#[test]
fn check_holdings_finds_a_missing_asset() {
    assert_found("holdings: an asset isn't listed", |state| Holdings::<Test>::remove(CAROL, state.asset));
}

#[test]
fn check_holdings_finds_an_extra_asset() {
    assert_found("holdings: lists one too many", |state| {
        Holdings::<Test>::insert(CAROL, state.draft, ());
    });
}

#[test]
fn check_upstreams_finds_one_without_a_vault() {
    assert_found("upstream: no such vault", |_| {
        Upstreams::<Test>::insert(AssetId(77), crate::types::Upstream::default());
    });
}

#[test]
fn check_upstreams_finds_a_parent_that_is_not_open() {
    assert_found("upstream: a parent isn't open", |state| {
        Upstreams::<Test>::mutate(state.asset, |found| {
            found.parents.try_push((state.draft, relative(0))).unwrap();
        });
    });
}

#[test]
fn check_upstreams_finds_links_that_do_not_stack() {
    assert_found("upstream: links that don't stack", |state| {
        Upstreams::<Test>::mutate(state.asset, |found| {
            found.parents.try_push((state.base, absolute(101))).unwrap();
        });
    });
}

#[test]
fn check_upstreams_finds_changed_terms() {
    assert_found("upstream: not what the links make", |state| {
        change_entry(state.asset, |entry| entry.terms = absolute(6));
    });
}

#[test]
fn check_upstreams_finds_wrong_sums() {
    // The relative term would come too late to change what was forwarded.
    assert_found("upstream: wrong sums", |state| {
        Upstreams::<Test>::mutate(state.draft, |found| {
            found.parents.try_push((state.base, absolute(5))).unwrap();
            let entry = StackEntry { asset: state.base, terms: absolute(5), forwarded: 0 };
            found.stack.try_push(entry).unwrap();
        });
    });
}

#[test]
fn check_upstreams_finds_a_debt_to_nobody() {
    assert_found("upstream: owed to nobody", |state| {
        change_vault(state.draft, |vault| vault.relative = Parts(1));
    });
}

#[test]
fn check_descendants_finds_a_missing_asset() {
    assert_found("descendants: an asset isn't listed", |state| {
        Descendants::<Test>::remove(state.base, state.asset);
    });
}

#[test]
fn check_descendants_finds_an_extra_asset() {
    assert_found("descendants: lists one too many", |state| {
        Descendants::<Test>::insert(state.base, state.draft, ());
    });
}

#[test]
fn check_forwarded_finds_more_than_was_owed() {
    assert_found("forwarded: more than was owed", |state| {
        change_entry(state.asset, |entry| entry.forwarded = 51);
    });
}

#[test]
fn check_forwarded_finds_a_wrong_sum() {
    assert_found("forwarded: the stack doesn't add up to the vault's sum", |state| {
        change_entry(state.asset, |entry| entry.forwarded = 49);
    });
}

#[test]
fn check_forwarded_finds_money_that_did_not_arrive() {
    assert_found("forwarded: not what an ancestor received", |state| {
        change_entry(state.asset, |entry| entry.forwarded = 49);
        change_vault(state.asset, |vault| vault.forwarded = 49);
    });
}

#[test]
fn check_money_finds_a_missing_plank() {
    assert_found("money: less than the vaults add up to", |_| {
        let account = Royalties::account();
        Balances::set_balance(&account, Balances::free_balance(account) - 1);
    });
}

#[test]
fn check_approvals_finds_an_empty_one() {
    assert_found("approval: for nothing", |state| {
        let deposit = Approvals::<Test>::get((state.asset, BOB, CAROL)).unwrap().deposit;
        Approvals::<Test>::insert((state.asset, BOB, CAROL), Approval { shares: 0, deposit });
    });
}

#[test]
fn check_deposits_finds_a_wrong_amount_for_each_reason() {
    let complaint = "deposit: what is held isn't what the records add up to";
    assert_found(complaint, |state| change_vault(state.draft, |vault| vault.deposit += 1));
    assert_found(complaint, |state| change_holder(state.asset, CAROL, |holder| holder.deposit -= 1));
    assert_found(complaint, |state| {
        Approvals::<Test>::mutate((state.asset, BOB, CAROL), |found| found.as_mut().unwrap().deposit += 1);
    });
}

#[test]
fn check_deposits_finds_an_account_that_is_not_there() {
    assert_found("deposit: of an account that isn't there", |state| {
        // Bob's holds are right without this vault's deposit, which nobody paid.
        let mut vault = Vaults::<Test>::get(state.base).unwrap();
        (vault.open, vault.loaded, vault.holders, vault.depositor) = (false, 0, 0, NOBODY);
        Vaults::<Test>::insert(AssetId(77), crate::types::Vault { outside: 0, downstream: 0, ..vault });
    });
}

//! Everything that must hold, one named check for each concern.

use crate::{
    Approvals, Config, Descendants, HoldReason, Holders, Holdings, Pallet, Upstreams, Vaults,
    math::{self, Owed, WHOLE},
    payments::{inflow, owed},
    shares::total,
    types::{Balance, Parts, Shares, Stack, StackEntry},
};
use alloc::{collections::BTreeMap, vec::Vec};
use codec::Encode;
use polkadot_sdk::{
    frame_support::{
        ensure,
        traits::fungible::{Inspect, InspectHold},
    },
    frame_system,
    sp_runtime::TryRuntimeError,
};
use stoa_primitives::registry::AssetId;

type Check = Result<(), TryRuntimeError>;

/// Millionths of a plank.
fn fine(planks: Balance) -> Balance {
    planks.saturating_mul(WHOLE.into())
}

/// The sums of values by key.
fn sums<Key: Ord>(entries: impl Iterator<Item = (Key, Balance)>) -> BTreeMap<Key, Balance> {
    let mut sums = BTreeMap::new();
    for (key, value) in entries {
        let sum: &mut Balance = sums.entry(key).or_default();
        *sum = sum.saturating_add(value);
    }
    sums
}

fn sorted(stack: &Stack) -> Vec<StackEntry> {
    let mut entries: Vec<_> = stack.iter().map(|entry| StackEntry { forwarded: 0, ..*entry }).collect();
    entries.sort_by_key(|entry| entry.asset);
    entries
}

impl<T: Config> Pallet<T> {
    /// Every check, over the whole state.
    pub(crate) fn do_try_state() -> Check {
        Self::check_vaults()?;
        Self::check_holders()?;
        Self::check_earnings()?;
        Self::check_holdings()?;
        Self::check_upstreams()?;
        Self::check_descendants()?;
        Self::check_forwarded()?;
        Self::check_money()?;
        Self::check_approvals()?;
        Self::check_deposits()
    }

    /// A vault that isn't open is empty, an open one has all its shares out.
    fn check_vaults() -> Check {
        for vault in Vaults::<T>::iter_values() {
            let received = vault.outside.saturating_add(vault.downstream);
            ensure!(vault.loaded <= WHOLE, "vault: too many shares");
            ensure!(!vault.open || vault.loaded == WHOLE, "vault: open without all its shares");
            ensure!(vault.open || received == 0, "vault: paid before it opened");
            ensure!(vault.absolute.plus(vault.relative) <= Parts(WHOLE), "vault: owes more than the whole");
            ensure!(vault.claimed <= total(&vault), "vault: more was claimed than earned");
        }
        Ok(())
    }

    /// Holders add up to their vault's shares and number, and locks don't exceed shares.
    fn check_holders() -> Check {
        let mut found: BTreeMap<AssetId, (Shares, u32)> = BTreeMap::new();
        for (asset, _, holder) in Holders::<T>::iter() {
            let (shares, holders) = found.entry(asset).or_default();
            *shares = shares.saturating_add(holder.shares);
            *holders = holders.saturating_add(1);
            ensure!(!holder.is_spent(), "holder: nothing left");
            ensure!(holder.locked() <= holder.shares, "holder: more locked than held");
            ensure!(holder.locks.iter().all(|lock| lock.shares > 0), "holder: an empty lock");
            ensure!(holder.remainder < WHOLE, "holder: a remainder of a plank");
        }
        for (asset, vault) in Vaults::<T>::iter() {
            let (shares, holders) = found.remove(&asset).unwrap_or_default();
            ensure!(shares == vault.loaded, "holder: shares don't add up");
            ensure!(holders == vault.holders, "holder: wrong number");
        }
        ensure!(found.is_empty(), "holder: no such vault");
        Ok(())
    }

    /// What holders claimed, accrued and carry over is exactly what the vault earned for them.
    fn check_earnings() -> Check {
        for (asset, vault) in Vaults::<T>::iter() {
            let total = total(&vault);
            let mut sum = fine(vault.claimed);
            for holder in Holders::<T>::iter_prefix_values(asset) {
                ensure!(holder.settled <= total, "earnings: settled beyond the total");
                let growth = total.saturating_sub(holder.settled).saturating_mul(holder.shares.into());
                sum = sum
                    .saturating_add(growth)
                    .saturating_add(fine(holder.accrued))
                    .saturating_add(holder.remainder.into());
            }
            ensure!(sum == fine(total), "earnings: holders' claims don't add up to the total");
        }
        Ok(())
    }

    /// Each holder's own list has the asset, and nothing else.
    fn check_holdings() -> Check {
        let mut holders = 0_u32;
        for (asset, account, _) in Holders::<T>::iter() {
            holders = holders.saturating_add(1);
            ensure!(Holdings::<T>::contains_key(account, asset), "holdings: an asset isn't listed");
        }
        ensure!(
            crate::types::count(Holdings::<T>::iter_keys().count()) == holders,
            "holdings: lists one too many"
        );
        Ok(())
    }

    /// Each stack is what the asset's links make of its parents' stacks, and those are open.
    fn check_upstreams() -> Check {
        for (asset, upstream) in Upstreams::<T>::iter() {
            let vault = Vaults::<T>::get(asset).ok_or("upstream: no such vault")?;
            let mut stack = Stack::default();
            let mut owed = Owed::default();
            for (parent, terms) in &upstream.parents {
                ensure!(Self::is_open(*parent) && *parent != asset, "upstream: a parent isn't open");
                let above = Upstreams::<T>::get(parent).stack;
                owed = math::stack_parent(&mut stack, *parent, *terms, &above)
                    .map_err(|_| "upstream: links that don't stack")?;
            }
            ensure!(sorted(&stack) == sorted(&upstream.stack), "upstream: not what the links make");
            ensure!(
                (owed.absolute, owed.relative) == (vault.absolute, vault.relative),
                "upstream: wrong sums"
            );
        }
        let bare = |(asset, vault): (AssetId, crate::VaultOf<T>)| {
            Upstreams::<T>::contains_key(asset) || vault.absolute.plus(vault.relative) == Parts(0)
        };
        ensure!(Vaults::<T>::iter().all(bare), "upstream: owed to nobody");
        Ok(())
    }

    /// Each ancestor's list has the open assets that owe it something, and nothing else.
    fn check_descendants() -> Check {
        let mut links = 0_usize;
        for (asset, upstream) in Upstreams::<T>::iter().filter(|(asset, _)| Self::is_open(*asset)) {
            links = links.saturating_add(upstream.stack.len());
            let listed = |entry: &StackEntry| Descendants::<T>::contains_key(entry.asset, asset);
            ensure!(upstream.stack.iter().all(listed), "descendants: an asset isn't listed");
        }
        ensure!(Descendants::<T>::iter_keys().count() == links, "descendants: lists one too many");
        Ok(())
    }

    /// What ancestors were handed is no more than they were owed, and is what their vaults received.
    fn check_forwarded() -> Check {
        for (asset, vault) in Vaults::<T>::iter() {
            let (inflow, owed) = (inflow(&vault), owed(&vault));
            let stack = Upstreams::<T>::get(asset).stack;
            let within = |entry: &StackEntry| entry.forwarded <= math::owed_to(inflow, owed, entry.terms);
            ensure!(stack.iter().all(within), "forwarded: more than was owed");
            let forwarded = stack.iter().map(|entry| entry.forwarded).fold(0, Balance::saturating_add);
            ensure!(forwarded == vault.forwarded, "forwarded: the stack doesn't add up to the vault's sum");
        }
        let handed = Upstreams::<T>::iter_values().flat_map(|upstream| upstream.stack);
        let mut handed = sums(handed.map(|entry| (entry.asset, entry.forwarded)));
        for (asset, vault) in Vaults::<T>::iter() {
            let from_below = handed.remove(&asset).unwrap_or_default();
            ensure!(from_below == vault.downstream, "forwarded: not what an ancestor received");
        }
        Ok(())
    }

    /// The pallet's account has what all vaults add up to. Anybody may send it more.
    fn check_money() -> Check {
        let vaults = Vaults::<T>::iter_values().map(|vault| {
            let received = vault.outside.saturating_add(vault.downstream);
            received.saturating_sub(vault.forwarded).saturating_sub(vault.claimed)
        });
        let sum = vaults.fold(0, Balance::saturating_add);
        let least = if sum == 0 { 0 } else { sum.saturating_add(T::Currency::minimum_balance()) };
        ensure!(T::Currency::balance(&Self::account()) >= least, "money: less than the vaults add up to");
        Ok(())
    }

    /// An approval that is there is for something.
    fn check_approvals() -> Check {
        ensure!(Approvals::<T>::iter_values().all(|approval| approval.shares > 0), "approval: for nothing");
        Ok(())
    }

    /// What is held on each account for each reason is what its records add up to.
    fn check_deposits() -> Check {
        let vaults =
            Vaults::<T>::iter_values().map(|found| (HoldReason::Vault, found.depositor, found.deposit));
        let holders =
            Holders::<T>::iter_values().map(|found| (HoldReason::Holder, found.depositor, found.deposit));
        let approvals = Approvals::<T>::iter()
            .map(|((_, holder, _), found)| (HoldReason::Approval, holder, found.deposit));
        let all = vaults.chain(holders).chain(approvals);
        let mut sums =
            sums(all.map(|(reason, account, amount)| ((reason.encode(), account.encode()), amount)));
        for account in frame_system::Account::<T>::iter_keys() {
            for reason in [HoldReason::Vault, HoldReason::Holder, HoldReason::Approval] {
                let sum = sums.remove(&(reason.encode(), account.encode())).unwrap_or_default();
                let held = T::Currency::balance_on_hold(&reason.into(), &account);
                ensure!(held == sum, "deposit: what is held isn't what the records add up to");
            }
        }
        ensure!(sums.is_empty(), "deposit: of an account that isn't there");
        Ok(())
    }
}

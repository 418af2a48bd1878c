//! Reads for clients. They run off the chain, but bounded all the same: a node answers them for strangers.

use crate::{
    Approvals, Config, Descendants, HolderOf, Holders, Holdings, Pallet, Upstreams, Vaults,
    math::owed_to,
    payments::{inflow, owed},
    runtime_api::MAX_PAGE,
    shares::{settle, total},
    types::{AncestorInfo, Balance, DescendantInfo, HolderInfo, Shares, StackEntry, UpstreamInfo, VaultInfo},
};
use alloc::vec::Vec;
use polkadot_sdk::sp_runtime::traits::UniqueSaturatedInto;
use stoa_primitives::registry::AssetId;

/// How many entries a page has.
fn page(limit: u32) -> usize {
    limit.min(MAX_PAGE).unique_saturated_into()
}

fn info<T: Config>(
    asset: AssetId,
    account: T::AccountId,
    mut holder: HolderOf<T>,
    total: Balance,
) -> HolderInfo<T::AccountId> {
    let (shares, locked) = (holder.shares, holder.locked());
    // Fails only where a claim would.
    let due = settle(&mut holder, total).map_or(0, |()| holder.accrued);
    HolderInfo { asset, account, shares, locked, due }
}

impl<T: Config> Pallet<T> {
    /// What an asset earned.
    pub fn vault(asset: AssetId) -> Option<VaultInfo> {
        let vault = Vaults::<T>::get(asset)?;
        let (inflow, owed) = (inflow(&vault), owed(&vault));
        let stack = Upstreams::<T>::get(asset).stack;
        let ever_owed =
            stack.iter().map(|entry| owed_to(inflow, owed, entry.terms)).fold(0, u128::saturating_add);
        let received = vault.outside.saturating_add(vault.downstream);
        Some(VaultInfo {
            open: vault.open,
            outside: vault.outside,
            downstream: vault.downstream,
            forwarded: vault.forwarded,
            claimed: vault.claimed,
            due_upstream: ever_owed.saturating_sub(vault.forwarded),
            due_holders: total(&vault).saturating_sub(vault.claimed),
            balance: received.saturating_sub(vault.forwarded).saturating_sub(vault.claimed),
            absolute: vault.absolute,
            relative: vault.relative,
            loaded: vault.loaded,
            holders: vault.holders,
            offer: vault.offer,
        })
    }

    /// What an asset was built on, and what it owes for that.
    pub fn upstream(asset: AssetId) -> Option<UpstreamInfo> {
        let vault = Vaults::<T>::get(asset)?;
        let found = Upstreams::<T>::get(asset);
        let (inflow, owed) = (inflow(&vault), owed(&vault));
        let ancestor = |entry: StackEntry| AncestorInfo {
            asset: entry.asset,
            terms: entry.terms,
            forwarded: entry.forwarded,
            due: owed_to(inflow, owed, entry.terms).saturating_sub(entry.forwarded),
        };
        Some(UpstreamInfo {
            parents: found.parents.into_inner(),
            stack: found.stack.into_iter().map(ancestor).collect(),
        })
    }

    /// The open assets that owe an ancestor something, after one of them, in no particular order.
    pub fn descendants(ancestor: AssetId, after: Option<AssetId>, limit: u32) -> Vec<DescendantInfo> {
        let assets = match after {
            None => Descendants::<T>::iter_key_prefix(ancestor),
            Some(last) => Descendants::<T>::iter_key_prefix_from(
                ancestor,
                Descendants::<T>::hashed_key_for(ancestor, last),
            ),
        };
        let info = |asset| {
            let stack = Self::upstream(asset)?.stack;
            let AncestorInfo { terms, forwarded, due, .. } =
                stack.into_iter().find(|entry| entry.asset == ancestor)?;
            Some(DescendantInfo { asset, terms, forwarded, due })
        };
        assets.take(page(limit)).filter_map(info).collect()
    }

    /// An account's shares in an asset, and what it could claim now.
    pub fn holding(asset: AssetId, account: T::AccountId) -> Option<HolderInfo<T::AccountId>> {
        let total = total(&Vaults::<T>::get(asset)?);
        Holders::<T>::get(asset, &account).map(|holder| info::<T>(asset, account, holder, total))
    }

    /// The holders of an asset after an account, in no particular order.
    pub fn holders(asset: AssetId, after: Option<T::AccountId>, limit: u32) -> Vec<HolderInfo<T::AccountId>> {
        let Some(vault) = Vaults::<T>::get(asset) else { return Vec::new() };
        let total = total(&vault);
        let entries = match after {
            None => Holders::<T>::iter_prefix(asset),
            Some(who) => Holders::<T>::iter_prefix_from(asset, Holders::<T>::hashed_key_for(asset, who)),
        };
        entries.take(page(limit)).map(|(account, holder)| info::<T>(asset, account, holder, total)).collect()
    }

    /// An account's shares in assets after one of them, in no particular order.
    pub fn holdings(
        account: T::AccountId,
        after: Option<AssetId>,
        limit: u32,
    ) -> Vec<HolderInfo<T::AccountId>> {
        let assets = match after {
            None => Holdings::<T>::iter_key_prefix(&account),
            Some(asset) => {
                Holdings::<T>::iter_key_prefix_from(&account, Holdings::<T>::hashed_key_for(&account, asset))
            }
        };
        assets.take(page(limit)).filter_map(|asset| Self::holding(asset, account.clone())).collect()
    }

    /// How many of a holder's shares a spender may transfer.
    pub fn approval(asset: AssetId, holder: T::AccountId, spender: T::AccountId) -> Shares {
        Approvals::<T>::get((asset, holder, spender)).map_or(0, |approval| approval.shares)
    }
}

//! What clients read.

use super::*;
use crate::{
    runtime_api::MAX_PAGE,
    types::{AncestorInfo, DescendantInfo, HolderInfo},
};

#[test]
fn a_vault_tells_what_is_due_to_whom() {
    ExtBuilder.build_and_execute(|| {
        let base = opened(ALICE);
        let asset = opened_on(BOB, &[(base, absolute(5))]);
        pay(asset, 1_000);
        let vault = Royalties::vault(asset).unwrap();
        assert!(vault.open);
        assert_eq!((vault.outside, vault.downstream, vault.balance), (1_000, 0, 1_000));
        assert_eq!((vault.due_upstream, vault.due_holders), (50, 950));
        assert_eq!((vault.holders, vault.loaded, vault.absolute), (1, WHOLE, Parts(50_000)));
        distribute(asset);
        assert_ok!(Royalties::claim(signed(BOB), asset));
        let vault = Royalties::vault(asset).unwrap();
        assert_eq!((vault.forwarded, vault.claimed, vault.balance), (50, 950, 0));
        assert_eq!((vault.due_upstream, vault.due_holders), (0, 0));
        assert_eq!(Royalties::vault(AssetId(50)), None);
    });
}

#[test]
fn an_upstream_tells_terms_and_what_each_ancestor_is_due() {
    ExtBuilder.build_and_execute(|| {
        let base = opened(ALICE);
        let asset = opened_on(BOB, &[(base, absolute(5))]);
        pay(asset, 1_000);
        let upstream = Royalties::upstream(asset).unwrap();
        assert_eq!(upstream.parents, [(base, absolute(5))]);
        let entry = AncestorInfo { asset: base, terms: absolute(5), forwarded: 0, due: 50 };
        assert_eq!(upstream.stack, [entry]);
        distribute(asset);
        let entry = AncestorInfo { forwarded: 50, due: 0, ..entry };
        assert_eq!(Royalties::upstream(asset).unwrap().stack, [entry]);
        assert_eq!(Royalties::upstream(AssetId(50)), None);
    });
}

#[test]
fn an_ancestor_finds_who_owes_it_something() {
    ExtBuilder.build_and_execute(|| {
        let base = opened(ALICE);
        let model = opened_on(BOB, &[(base, absolute(5))]);
        let derived = opened_on(CAROL, &[(model, relative(10))]);
        let draft = new_asset(BOB);
        link(BOB, draft, base, absolute(5));
        pay(derived, 100);
        let mut seen = Vec::new();
        let mut after = None;
        while let Some(found) = Royalties::descendants(base, after, 1).pop() {
            after = Some(found.asset);
            seen.push((found.asset, found.due));
        }
        seen.sort();
        assert_eq!(seen, [(model, 0), (derived, 5)]);
        let of_model = DescendantInfo { asset: derived, terms: relative(10), forwarded: 0, due: 9 };
        assert_eq!(Royalties::descendants(model, None, 9), [of_model]);
    });
}

#[test]
fn holders_and_holdings_come_in_pages() {
    ExtBuilder.build_and_execute(|| {
        let asset = opened_with(ALICE, &[(ALICE, 500_000), (BOB, 300_000), (CAROL, 200_000)]);
        let other = opened(BOB);
        pay(asset, 10);
        let mut seen = Vec::new();
        let mut after = None;
        while let Some(holder) = Royalties::holders(asset, after, 1).pop() {
            after = Some(holder.account);
            seen.push((holder.account, holder.due));
        }
        seen.sort();
        assert_eq!(seen, [(ALICE, 5), (BOB, 3), (CAROL, 2)]);

        let first = Royalties::holdings(BOB, None, 1).pop().unwrap();
        let second = Royalties::holdings(BOB, Some(first.asset), MAX_PAGE).pop().unwrap();
        let mut assets = [first.asset, second.asset];
        assets.sort();
        assert_eq!(assets, [asset, other]);
        assert_eq!(Royalties::holders(AssetId(50), None, 5), []);
    });
}

#[test]
fn a_page_has_a_limit() {
    ExtBuilder.build_and_execute(|| {
        let asset = new_asset(ALICE);
        for start in [0, 200] {
            let batch: Vec<_> = (start..start + 200).map(|index| (1_000 + index, 1)).collect();
            load(ALICE, asset, &batch);
        }
        assert_eq!(Royalties::holders(asset, None, u32::MAX).len(), MAX_PAGE as usize);
    });
}

#[test]
fn a_holding_is_found_by_asset_and_account() {
    ExtBuilder.build_and_execute(|| {
        let asset = opened(ALICE);
        let found = HolderInfo { asset, account: ALICE, shares: WHOLE, locked: 0, due: 0 };
        assert_eq!(Royalties::holding(asset, ALICE), Some(found));
        assert_eq!(Royalties::holding(asset, BOB), None);
        assert_eq!(Royalties::approval(asset, ALICE, BOB), 0);
    });
}

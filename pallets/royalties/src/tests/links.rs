//! Terms between assets.

use super::*;
use polkadot_sdk::sp_runtime::DispatchResult;

fn link_of(asset: AssetId, parent: AssetId, terms: Terms, guard: Parts) -> DispatchResult {
    Royalties::link_parent(signed(ALICE), asset, parent, terms, guard)
}

/// An asset's stack, as ancestor and terms.
fn stack(asset: AssetId) -> Vec<(AssetId, Terms)> {
    let mut stack: Vec<_> =
        Upstreams::<Test>::get(asset).stack.iter().map(|entry| (entry.asset, entry.terms)).collect();
    stack.sort_by_key(|(asset, _)| *asset);
    stack
}

#[test]
fn a_link_copies_absolute_terms_of_all_generations() {
    ExtBuilder.build_and_execute(|| {
        let base = opened(ALICE);
        let data = opened(ALICE);
        let model = opened_on(ALICE, &[(base, absolute(5)), (data, relative(10))]);
        let derived = new_asset(ALICE);
        link(ALICE, derived, model, relative(20));
        assert_eq!(
            last_event(),
            Event::ParentLinked {
                asset: derived,
                parent: model,
                terms: relative(20),
                upstream: Parts(250_000)
            }
        );
        open(ALICE, derived);
        let last = opened_on(ALICE, &[(derived, relative(30))]);
        assert_eq!(stack(derived), [(base, absolute(5)), (model, relative(20))]);
        assert_eq!(stack(last), [(base, absolute(5)), (derived, relative(30))]);
    });
}

#[test]
fn an_ancestor_on_two_roads_counts_once_with_the_larger_term() {
    ExtBuilder.build_and_execute(|| {
        let base = opened(ALICE);
        let one = opened_on(ALICE, &[(base, absolute(5))]);
        let two = opened_on(ALICE, &[(base, absolute(8))]);
        let merge = opened_on(ALICE, &[(one, relative(10)), (two, relative(10))]);
        assert_eq!(stack(merge), [(base, absolute(8)), (one, relative(10)), (two, relative(10))]);
        pay(merge, 1_000);
        distribute(merge);
        assert_eq!(due_holders(base), 80);
    });
}

#[test]
fn an_asset_is_not_its_own_parent() {
    ExtBuilder.build_and_execute(|| {
        let asset = new_asset(ALICE);
        assert_noop!(link_of(asset, asset, absolute(1), ANY), Error::SelfParent);
    });
}

#[test]
fn only_open_assets_are_linked_to_and_so_there_is_no_cycle() {
    ExtBuilder.build_and_execute(|| {
        let (first, second) = (new_asset(ALICE), new_asset(ALICE));
        load(ALICE, first, &[(ALICE, 1)]);
        assert_noop!(link_of(second, first, absolute(1), ANY), Error::NotOpen);
        open(ALICE, first);
        link(ALICE, second, first, absolute(1));
        // A later link that would close the circle.
        assert_noop!(link_of(first, second, absolute(1), ANY), Error::AlreadyOpen);
        open(ALICE, second);
        assert_noop!(link_of(first, second, absolute(1), ANY), Error::AlreadyOpen);
    });
}

#[test]
fn a_taken_down_asset_is_not_linked_to() {
    ExtBuilder.build_and_execute(|| {
        let (parent, asset) = (opened(BOB), new_asset(ALICE));
        take_down(parent);
        assert_noop!(link_of(asset, parent, absolute(1), ANY), Error::TakenDown);
    });
}

#[test]
fn the_same_parent_twice_is_refused() {
    ExtBuilder.build_and_execute(|| {
        let (parent, asset) = (opened(BOB), new_asset(ALICE));
        link(ALICE, asset, parent, absolute(1));
        assert_noop!(link_of(asset, parent, relative(2), ANY), Error::ParentExists);
    });
}

#[test]
fn a_seventeenth_parent_is_refused() {
    ExtBuilder.build_and_execute(|| {
        let asset = new_asset(ALICE);
        for _ in 0..16 {
            link(ALICE, asset, opened(BOB), absolute(1));
        }
        let one_more = opened(BOB);
        assert_noop!(link_of(asset, one_more, absolute(1), ANY), Error::TooManyParents);
    });
}

#[test]
fn a_thirty_third_ancestor_is_refused() {
    ExtBuilder.build_and_execute(|| {
        let family = |others: u32| {
            let parents: Vec<_> = (0..others).map(|_| (opened(BOB), absolute(1))).collect();
            opened_on(BOB, &parents)
        };
        let asset = new_asset(ALICE);
        link(ALICE, asset, family(15), absolute(1));
        link(ALICE, asset, family(14), absolute(1));
        let two_more = family(1);
        assert_noop!(link_of(asset, two_more, absolute(1), ANY), Error::StackTooLong);
        link(ALICE, asset, opened(BOB), absolute(1));
        assert_eq!(stack(asset).len(), 32);
    });
}

#[test]
fn more_than_everything_is_refused() {
    ExtBuilder.build_and_execute(|| {
        let base = opened(BOB);
        let parent = opened_on(BOB, &[(base, absolute(60))]);
        let asset = new_asset(ALICE);
        assert_noop!(link_of(asset, parent, relative(41), ANY), Error::StackAboveWhole);
        assert_noop!(link_of(asset, base, Terms::Absolute(Parts(u32::MAX)), ANY), Error::StackAboveWhole);
        link(ALICE, asset, parent, relative(40));
        assert_eq!(Royalties::vault(asset).unwrap().absolute, Parts(600_000));
    });
}

#[test]
fn the_guard_refuses_more_than_the_caller_accepts() {
    ExtBuilder.build_and_execute(|| {
        let base = opened(BOB);
        let parent = opened_on(BOB, &[(base, absolute(5))]);
        let asset = new_asset(ALICE);
        // The caller knows of 10 % and not of what the parent brings.
        assert_noop!(link_of(asset, parent, relative(10), Parts(100_000)), Error::UpstreamAboveGuard);
        assert_ok!(link_of(asset, parent, relative(10), Parts(150_000)));
    });
}

#[test]
fn a_parents_offer_is_the_least_that_a_child_owes() {
    ExtBuilder.build_and_execute(|| {
        let (parent, asset) = (opened(BOB), new_asset(ALICE));
        assert_ok!(Royalties::set_offer(signed(BOB), parent, Some(relative(10))));
        assert_eq!(last_event(), Event::OfferSet { asset: parent, offer: Some(relative(10)) });
        assert_noop!(link_of(asset, parent, relative(9), ANY), Error::TermsBelowOffer);
        assert_noop!(link_of(asset, parent, absolute(50), ANY), Error::TermsBelowOffer);
        assert_ok!(link_of(asset, parent, relative(12), ANY));
        let too_much = Some(Terms::Absolute(Parts(WHOLE + 1)));
        assert_noop!(Royalties::set_offer(signed(BOB), parent, too_much), Error::StackAboveWhole);
    });
}

#[test]
fn terms_never_change_after_linking() {
    ExtBuilder.build_and_execute(|| {
        let parent = opened(BOB);
        assert_ok!(Royalties::set_offer(signed(BOB), parent, Some(relative(10))));
        let asset = opened_on(ALICE, &[(parent, relative(10))]);
        assert_ok!(Royalties::set_offer(signed(BOB), parent, Some(relative(90))));
        pay(asset, 1_000);
        distribute(asset);
        assert_eq!(due_holders(parent), 100);
        assert_eq!(stack(asset), [(parent, relative(10))]);
    });
}

#[test]
fn unlinking_takes_out_what_the_link_brought() {
    ExtBuilder.build_and_execute(|| {
        let base = opened(BOB);
        let one = opened_on(BOB, &[(base, absolute(5))]);
        let two = opened_on(BOB, &[(base, absolute(8))]);
        let asset = new_asset(ALICE);
        link(ALICE, asset, one, relative(1));
        link(ALICE, asset, two, relative(2));
        assert_ok!(Royalties::unlink_parent(signed(ALICE), asset, two));
        assert_eq!(last_event(), Event::ParentUnlinked { asset, parent: two });
        assert_eq!(stack(asset), [(base, absolute(5)), (one, relative(1))]);
        assert_noop!(Royalties::unlink_parent(signed(ALICE), asset, two), Error::ParentNotFound);
        link(ALICE, asset, two, relative(3));
    });
}

//! What a job may run on, and what it holds.

use super::*;
use crate::{
    RoyaltiesAsked,
    types::{MAX_POKES, Royalty},
};
use polkadot_sdk::{
    frame_support::{assert_noop, dispatch::DispatchResult},
    sp_runtime::Permill,
};

fn try_submit(request: JobRequestOf<Test>) -> DispatchResult {
    Escrow::submit_job(signed(REQUESTER), Box::new(request), u64::MAX)
}

fn with_task(task: Task) -> JobRequestOf<Test> {
    JobRequest { task, ..request(3, 2) }
}

fn gated() -> JobRequestOf<Test> {
    with_task(task_of(rev(PROGRAM, 1), &[rev(GATED, 2), rev(GATED, 3)]))
}

#[test]
fn the_hold_covers_both_rounds_at_the_fuel_limit() {
    ExtBuilder.build_and_execute(|| {
        let id = submit(request(3, 2));
        let found = job(id);
        let quote = Escrow::quote(REQUESTER, request(3, 2)).unwrap();
        assert_eq!((found.seat_cost, found.second, quote.compute), (SEAT, 4, 7 * SEAT));
        assert_eq!(quote.pokes, u64::from(MAX_POKES) * PARAMETERS.poke_reward);
        assert_eq!(quote.total, quote.compute + quote.deposit + quote.pokes);
        assert!(quote.deposit > 0);
        assert_eq!((held(REQUESTER), found.held), (quote.total, quote.total));
        assert_eq!((found.bond, quote.bond), (7 * SEAT, 7 * SEAT));
    });
}

#[test]
fn nothing_is_held_beyond_what_the_requester_allowed() {
    ExtBuilder.build_and_execute(|| {
        let total = Escrow::quote(REQUESTER, request(3, 2)).unwrap().total;
        let submit = |most| Escrow::submit_job(signed(REQUESTER), Box::new(request(3, 2)), most);
        assert_noop!(submit(total - 1), Error::HoldTooHigh);
        assert_ok!(submit(total));
    });
}

#[test]
fn a_quorum_is_a_majority_and_tolerates_one() {
    ExtBuilder.build_and_execute(|| {
        let good = [(1, 1), (3, 2), (4, 3), (5, 3), (5, 4), (15, 8), (15, 14)];
        let bad = [
            (0, 0),
            (1, 0),
            (1, 2),
            (2, 1),
            (2, 2),
            (3, 1),
            (3, 3),
            (4, 2),
            (15, 15),
            (16, 9),
            (u32::MAX, 9),
        ];
        for (replicas, quorum) in good {
            assert_ok!(try_submit(request(replicas, quorum)));
        }
        for (replicas, quorum) in bad {
            assert_noop!(try_submit(request(replicas, quorum)), Error::BadQuorum);
        }
    });
}

#[test]
fn limits_times_and_costs_are_checked() {
    ExtBuilder.build_and_execute(|| {
        let mut zero = task();
        zero.limits.memory = 0;
        assert_noop!(try_submit(with_task(zero)), Error::BadLimits);
        for run_blocks in [4, 101] {
            assert_noop!(try_submit(JobRequest { run_blocks, ..request(3, 2) }), Error::BadRunTime);
        }
        assert_noop!(try_submit(JobRequest { price: 9, ..request(3, 2) }), Error::CostTooLow);
        assert_noop!(try_submit(JobRequest { price: u64::MAX, ..request(3, 2) }), Error::Overflow);
        let mut huge = task();
        huge.limits.fuel = u64::MAX;
        let request = JobRequest { price: 1_000_000, ..with_task(huge) };
        assert_noop!(try_submit(request), Error::Overflow);
    });
}

#[test]
fn a_part_of_a_unit_of_fuel_costs_a_whole_one() {
    ExtBuilder.build_and_execute(|| {
        let mut more = task();
        more.limits.fuel += 1;
        assert_eq!(Escrow::quote(REQUESTER, with_task(more)).unwrap().seat_cost, SEAT + PRICE);
    });
}

#[test]
fn a_named_list_has_distinct_workers_and_enough() {
    ExtBuilder.build_and_execute(|| {
        let with = |list: &[AccountId]| JobRequest { assignment: named(list), ..request(3, 2) };
        assert_noop!(try_submit(with(&[11, 12])), Error::BadNamedList);
        assert_noop!(try_submit(with(&[11, 12, 13, 11])), Error::BadNamedList);
        // The wider round has whom there is.
        for (list, second) in
            [(&[11, 12, 13][..], 0), (&[11, 12, 13, 14], 1), (&[11, 12, 13, 14, 15, 16, 17, 18], 4)]
        {
            let id = submit(with(list));
            assert_eq!((job(id).second, job(id).bond), (second, 7 * SEAT));
            let quote = Escrow::quote(REQUESTER, with(list)).unwrap();
            assert_eq!(quote.compute, u64::from(3 + second) * SEAT);
        }
    });
}

#[test]
fn sources_must_be_there_and_readable() {
    ExtBuilder.build_and_execute(|| {
        let program = rev(PROGRAM, 1);
        for (bad, error) in [
            (task_of(rev(AssetId(77), 1), &[]), Error::SourceNotFound),
            (task_of(program, &[rev(AssetId(77), 1)]), Error::SourceNotFound),
            (task_of(rev(DATASET, 1), &[]), Error::NotAProgram),
            (task_of(program, &[rev(PRIVATE, 1)]), Error::Encrypted),
            (task_of(program, &[rev(UNSOLD, 1)]), Error::NoJobLicence),
        ] {
            assert_noop!(try_submit(with_task(bad)), error);
        }
        let id = submit(with_task(task_of(Source::Content(content(8)), &[Source::Content(content(9))])));
        assert_eq!(job(id).contents.into_inner(), [content(8), content(9)]);
        TakenDown::set(true);
        assert_noop!(try_submit(request(3, 2)), Error::SourceNotFound);
    });
}

#[test]
fn gated_inputs_run_only_with_programs_that_their_owner_allowed() {
    ExtBuilder.build_and_execute(|| {
        let other = task_of(rev(PROGRAM, 2), &[rev(GATED, 1)]);
        assert_noop!(try_submit(with_task(other)), Error::ProgramNotAllowed);
        let anonymous = task_of(Source::Content(content(2)), &[rev(GATED, 1)]);
        assert_noop!(try_submit(with_task(anonymous.clone())), Error::ProgramNotAllowed);
        assert_ok!(try_submit(gated()));
        // It is the program's bytes that are allowed, wherever they come from.
        assert_ok!(try_submit(with_task(task_of(Source::Content(content(1)), &[rev(GATED, 1)]))));
        // The owner may run anything on it.
        submit_as(OWNER, with_task(anonymous));
    });
}

#[test]
fn a_gated_asset_is_charged_once_per_job_and_never_to_its_owner() {
    ExtBuilder.build_and_execute(|| {
        let id = submit(gated());
        assert_eq!(job(id).fees.into_inner(), [(GATED, FEE)]);
        assert_eq!(Escrow::quote(REQUESTER, gated()).unwrap().fees, FEE);
        let program = with_task(task_of(rev(GATED_PROGRAM, 1), &[]));
        assert_eq!(Escrow::quote(REQUESTER, program.clone()).unwrap().fees, FEE);
        assert_eq!(Escrow::quote(OWNER, gated()).unwrap().fees, 0);
        // A quote takes nothing off what is for sale.
        assert_eq!(begun(), [(GATED, Some(content(1)))]);
        submit(program);
        submit_as(OWNER, gated());
        assert_eq!(begun(), [(GATED_PROGRAM, None)]);
    });
}

#[test]
fn a_named_list_on_gated_inputs_needs_the_owners_consent() {
    ExtBuilder.build_and_execute(|| {
        let all = workers(3);
        let request = JobRequest { assignment: named(&all), ..gated() };
        let id = submit(request.clone());
        assert_eq!(job(id).awaiting.into_inner(), [GATED]);
        assert_noop!(Escrow::consent(signed(OWNER), JobId(99), GATED), Error::JobNotFound);
        assert_noop!(Escrow::consent(signed(OWNER), id, DATASET), Error::NotAwaited);
        assert_noop!(Escrow::consent(signed(REQUESTER), id, GATED), Error::NotPermitted);
        // Without it, all goes back although enough applied.
        apply_all(id, &all);
        pass_and_poke(id);
        pass_and_poke(id);
        assert_eq!(outcome(id), Some(Outcome::Refunded));
        assert_eq!((held(REQUESTER), free(vault(GATED))), (0, 0));
        release_all(id, &all);

        let id = submit(request);
        assert_ok!(Escrow::consent(signed(OWNER), id, GATED));
        assert_eq!(draw(id, &all).len(), 3);
        // The owner's own list needs none, and neither does a draw.
        assert!(job(submit_as(OWNER, JobRequest { assignment: named(&all), ..gated() })).awaiting.is_empty());
        assert!(job(submit(gated())).awaiting.is_empty());
    });
}

#[test]
fn an_asset_asks_for_a_share_and_a_job_keeps_the_one_of_its_time() {
    ExtBuilder.build_and_execute(|| {
        let set = |who, share| Escrow::set_royalty(signed(who), PROGRAM, share);
        let tenth = Permill::from_percent(10);
        assert_noop!(set(REQUESTER, Some(tenth)), Error::NotPermitted);
        assert_noop!(set(OWNER, None), Error::RoyaltyNotFound);
        assert_noop!(set(OWNER, Some(Permill::from_percent(91))), Error::RoyaltyTooHigh);
        assert_ok!(set(OWNER, Some(tenth)));
        assert_eq!(held(OWNER), RoyaltiesAsked::<Test>::get(PROGRAM).unwrap().deposit);
        assert!(held(OWNER) > 0);
        let id = submit(with_task(task_of(rev(PROGRAM, 1), &[rev(DATASET, 1), rev(DATASET, 2)])));
        assert_ok!(set(OWNER, Some(Permill::from_percent(20))));
        assert_eq!(job(id).royalties.into_inner(), [Royalty { asset: PROGRAM, share: tenth }]);
        assert_eq!(Escrow::quote(REQUESTER, request(3, 2)).unwrap().worker_price, 16);
        assert_ok!(set(OWNER, None));
        assert_eq!(held(OWNER), 0);
    });
}

#[test]
fn assets_cannot_ask_for_more_than_the_limit_together() {
    ExtBuilder.build_and_execute(|| {
        for (asset, percent) in [(PROGRAM, 60), (DATASET, 30)] {
            let share = Some(Permill::from_percent(percent));
            assert_ok!(Escrow::set_royalty(signed(OWNER), asset, share));
        }
        assert_ok!(try_submit(request(3, 2)));
        assert_ok!(Escrow::set_royalty(signed(OWNER), DATASET, Some(Permill::from_percent(31))));
        assert_noop!(try_submit(request(3, 2)), Error::RoyaltyTooHigh);
    });
}

//! Workers and their stake.

use super::*;
use crate::types::Engines;
use polkadot_sdk::{
    frame_support::assert_noop,
    sp_runtime::{DispatchError, TokenError},
};

fn engines(list: &[EngineId]) -> Engines {
    list.to_vec().try_into().unwrap()
}

#[test]
fn registering_holds_the_stake() {
    ExtBuilder.build_and_execute(|| {
        register(FIRST);
        assert_eq!((held(FIRST), stake(FIRST), locked(FIRST)), (STAKE, STAKE, 0));
        assert_eq!(events(), [Event::WorkerRegistered { worker: FIRST, stake: STAKE }]);
    });
}

#[test]
fn registering_fails_with_a_reason() {
    ExtBuilder.build_and_execute(|| {
        let one = engines(&[ENGINE]);
        let call =
            |who, stake, limits, engines| Escrow::register_worker(signed(who), stake, 1, limits, engines);
        assert_noop!(call(FIRST, 999, LIMITS, one.clone()), Error::StakeTooLow);
        assert_noop!(call(FIRST, STAKE, LIMITS, engines(&[])), Error::BadEngines);
        assert_noop!(call(FIRST, STAKE, LIMITS, engines(&[ENGINE, ENGINE])), Error::BadEngines);
        for limits in
            [Limits { fuel: 0, ..LIMITS }, Limits { memory: 0, ..LIMITS }, Limits { output: 0, ..LIMITS }]
        {
            assert_noop!(call(FIRST, STAKE, limits, one.clone()), Error::BadLimits);
        }
        assert_noop!(
            call(POOR, STAKE, LIMITS, one.clone()),
            DispatchError::Token(TokenError::FundsUnavailable)
        );
        register(FIRST);
        assert_noop!(call(FIRST, STAKE, LIMITS, one), Error::WorkerExists);
    });
}

#[test]
fn a_worker_changes_what_it_takes() {
    ExtBuilder.build_and_execute(|| {
        let other = engines(&[[8; 32]]);
        let update = |engines, limits| Escrow::update_worker(signed(FIRST), 5, limits, engines);
        assert_noop!(update(other.clone(), LIMITS), Error::WorkerNotFound);
        register(FIRST);
        assert_noop!(update(engines(&[]), LIMITS), Error::BadEngines);
        assert_noop!(update(other.clone(), Limits { fuel: 0, ..LIMITS }), Error::BadLimits);
        assert_ok!(update(other.clone(), Limits { fuel: 3, ..LIMITS }));
        let worker = Workers::<Test>::get(FIRST).unwrap();
        assert_eq!((worker.price, worker.limits.fuel, worker.engines), (5, 3, other));
    });
}

#[test]
fn stake_can_be_raised_and_lowered_to_what_is_locked() {
    ExtBuilder.build_and_execute(|| {
        assert_noop!(Escrow::set_stake(signed(FIRST), STAKE), Error::WorkerNotFound);
        register(FIRST);
        assert_ok!(Escrow::set_stake(signed(FIRST), STAKE + 5));
        assert_eq!(held(FIRST), STAKE + 5);
        let id = submit(request(3, 2));
        assert_ok!(Escrow::apply(signed(FIRST), id, 5_000));
        assert_noop!(Escrow::set_stake(signed(FIRST), 4_999), Error::StakeLocked);
        assert_noop!(Escrow::set_stake(signed(FIRST), 999), Error::StakeTooLow);
        assert_ok!(Escrow::set_stake(signed(FIRST), 5_000));
        assert_eq!((held(FIRST), stake(FIRST), locked(FIRST)), (5_000, 5_000, 5_000));
    });
}

#[test]
fn a_worker_leaves_only_with_nothing_locked() {
    ExtBuilder.build_and_execute(|| {
        assert_noop!(Escrow::deregister_worker(signed(FIRST)), Error::WorkerNotFound);
        register(FIRST);
        let id = submit(request(3, 2));
        assert_ok!(Escrow::apply(signed(FIRST), id, 5_000));
        assert_noop!(Escrow::deregister_worker(signed(FIRST)), Error::StakeLocked);
        // Nobody else comes, twice.
        pass_and_poke(id);
        pass_and_poke(id);
        assert_noop!(Escrow::deregister_worker(signed(FIRST)), Error::StakeLocked);
        assert_ok!(Escrow::release(signed(POOR), FIRST, id));
        assert_ok!(Escrow::deregister_worker(signed(FIRST)));
        assert_eq!((held(FIRST), free(FIRST)), (0, WEALTH));
    });
}

#[test]
fn releasing_is_free_of_fees_and_only_for_those_who_were_not_drawn() {
    ExtBuilder.build_and_execute(|| {
        let all = workers(7);
        let id = submit(request(3, 2));
        apply_all(id, &all);
        assert_noop!(Escrow::release(signed(KEEPER), FIRST, id), Error::NothingToRelease);
        pass(id);
        // Closed, but not drawn: nobody may change a weight now that the seed is known.
        assert_noop!(Escrow::release(signed(KEEPER), FIRST, id), Error::NothingToRelease);
        poke(id);
        let seats = seated(id);
        for who in &all {
            if seats.contains(who) {
                assert_noop!(Escrow::release(signed(KEEPER), *who, id), Error::NothingToRelease);
                assert_eq!(locked(*who), bond(id));
            } else {
                let info = Escrow::release(signed(KEEPER), *who, id).unwrap();
                assert_eq!(info.pays_fee, polkadot_sdk::frame_support::dispatch::Pays::No);
                assert_eq!(locked(*who), 0);
                assert_noop!(Escrow::release(signed(KEEPER), *who, id), Error::NothingToRelease);
            }
        }
    });
}

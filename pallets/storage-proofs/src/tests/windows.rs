//! Phases, seeds and parameters.

use super::*;
use crate::{
    Adopted, Phases,
    params::{ParameterFault, Parameters},
    phases::{SeedAfter, Stage},
};

#[test]
fn at_most_one_window_opens_in_a_block_and_all_phases_take_turns() {
    ExtBuilder.build_and_execute(|| {
        System::reset_events();
        roll(640);
        let mut opened = [0; 64];
        for record in events() {
            if let Event::WindowOpened { phase, .. } = record {
                opened[usize::from(phase)] += 1;
            }
        }
        assert!(opened.iter().all(|windows| *windows == 10), "{opened:?}");
    });
}

#[test]
fn the_seed_is_taken_eight_blocks_after_the_sets_froze() {
    ExtBuilder.build_and_execute(|| {
        bob_keeps(5, 4);
        to_next_window(BOB);
        let frozen = phase(BOB);
        assert_eq!(frozen.opened_at, System::block_number());
        for _ in 0..8 {
            next_block();
            assert_eq!(phase(BOB).stage, Stage::Frozen);
            let submitted =
                StorageProofs::submit_proof(signed(BOB), frozen.window, [0; 32], LeafProofs::default());
            assert_eq!(submitted.unwrap_err().error, Error::SeedNotKnown.into());
        }
        // Block o + 8 is over, and with its output the hash is complete.
        let before = crate::ClockState::<Test>::get().running;
        next_block();
        let running = crate::ClockState::<Test>::get().running;
        assert_ne!(running, before);
        assert_eq!(phase(BOB).stage, Stage::Open(running));
        assert_eq!(System::block_number(), frozen.opened_at + 9);
    });
}

#[test]
fn outputs_after_the_freeze_change_the_seed() {
    let seed_with = |salt| {
        ExtBuilder.build().execute_with(|| {
            bob_keeps(5, 4);
            to_next_window(BOB);
            roll(7);
            Salt::set(salt);
            to_seed(BOB);
            phase(BOB).seed_of(&BOB)
        })
    };
    assert_eq!(seed_with(0), seed_with(0));
    assert_ne!(seed_with(0), seed_with(1));
}

/// Without the freeze, a provider that knows the seed tries sizes until its draws miss what it lost.
#[test]
fn a_set_cannot_be_ground_to_a_size_that_suits_the_seed() {
    ExtBuilder.build_and_execute(|| {
        bob_keeps(40, 9);
        let filler = order(piece(2, 3 * 1_024), 1, 4);
        to_next_window(BOB);
        let before = provider(BOB).leaves;
        while !matches!(phase(BOB).stage, Stage::Over) {
            assert_noop!(StorageProofs::accept(signed(BOB), filler), Error::GateClosed);
            assert_eq!(provider(BOB).leaves, before);
            next_block();
        }
    });
}

#[test]
fn a_window_without_randomness_is_excused_for_all_and_has_no_seed() {
    for gap in 0..=8 {
        ExtBuilder.build_and_execute(|| {
            bob_keeps(5, 4);
            to_next_window(BOB);
            roll(gap);
            // The output of this block is missing.
            VrfWorks::set(false);
            next_block();
            VrfWorks::set(true);
            roll(8 - gap);
            assert_eq!(phase(BOB).stage, Stage::Unseeded);
            assert_eq!(phase(BOB).excused_total, 1);
            assert_eq!(phase(BOB).seed_of(&BOB), None);
            let window = phase(BOB).window;
            let submitted = StorageProofs::submit_proof(signed(BOB), window, [0; 32], LeafProofs::default());
            assert_eq!(submitted.unwrap_err().error, Error::WindowClosed.into());
            to_close(BOB);
            assert_eq!(phase(BOB).excused_total, 1);
            assert_noop!(StorageProofs::report_fault(signed(EVE), BOB), Error::NothingToReport);
            // The next one counts again.
            miss(BOB, 1);
            assert_ok!(StorageProofs::report_fault(signed(EVE), BOB));
        });
    }
}

#[test]
fn a_proof_is_for_the_current_window_and_its_response() {
    ExtBuilder.build_and_execute(|| {
        bob_keeps(5, 4);
        to_next_seed(BOB);
        let (window, seed, leaves) = honest_proof(BOB);
        for other in [window - 1, window + 1, 0, u32::MAX] {
            let submitted = StorageProofs::submit_proof(signed(BOB), other, seed, leaves.clone());
            assert_eq!(submitted.unwrap_err().error, Error::WrongWindow.into());
        }
        roll_until(BOB, |phase| System::block_number() == phase.closes_at);
        assert_ok!(StorageProofs::submit_proof(signed(BOB), window, seed, leaves.clone()));
        let again = StorageProofs::submit_proof(signed(BOB), window, seed, leaves);
        assert_eq!(again.unwrap_err().error, Error::AlreadyProven.into());

        to_next_seed(BOB);
        let (window, seed, leaves) = honest_proof(BOB);
        to_close(BOB);
        assert_eq!(System::block_number(), phase(BOB).closes_at + 1);
        let late = StorageProofs::submit_proof(signed(BOB), window, seed, leaves);
        assert_eq!(late.unwrap_err().error, Error::WindowClosed.into());
    });
}

#[test]
fn parameters_apply_from_the_next_window_on() {
    ExtBuilder.build_and_execute(|| {
        bob_keeps(5, 9);
        to_next_window(BOB);
        Governed::set(Parameters { challenges: 7, ..test_parameters() });
        roll(1);
        assert_eq!(StorageProofs::parameters().challenges, 7);
        to_seed(BOB);
        assert_eq!(StorageProofs::challenges(BOB).unwrap().challenges.len(), 4);
        assert_ok!(prove(BOB));
        to_next_seed(BOB);
        assert_eq!(StorageProofs::challenges(BOB).unwrap().challenges.len(), 7);
        assert_ok!(prove(BOB));
    });
}

#[test]
fn unsound_parameters_are_refused_and_stop_nothing() {
    ExtBuilder.build_and_execute(|| {
        bob_keeps(5, 9);
        for bad in [
            Parameters { window: 0, ..test_parameters() },
            Parameters { response: 64, ..test_parameters() },
            Parameters { slash: 0, ..test_parameters() },
            Parameters { challenges: 0, ..test_parameters() },
        ] {
            Governed::set(bad);
            prove_windows(BOB, 1);
            // All phases come round, of which the first one tells.
            roll(45);
            assert_eq!(Adopted::<Test>::get(), Some(test_parameters()));
        }
        let refused = |fault| events().contains(&Event::ParametersRefused { fault });
        assert!(refused(ParameterFault::Response));
        assert!(refused(ParameterFault::Slash));
    });
}

#[test]
fn the_defaults_hold_before_anything_was_adopted() {
    ExtBuilder.build_and_execute(|| {
        Adopted::<Test>::kill();
        assert_eq!(StorageProofs::parameters(), Parameters::default());
    });
}

#[test]
fn windows_get_longer_and_shorter_without_two_opening_at_once() {
    ExtBuilder.build_and_execute(|| {
        for window in [64, 300, 64, 128] {
            Governed::set(Parameters { window, ..test_parameters() });
            let before = Phases::<Test>::get(63).window;
            for _ in 0..700 {
                System::reset_events();
                next_block();
                let opened =
                    events().iter().filter(|event| matches!(event, Event::WindowOpened { .. })).count();
                assert!(opened <= 1);
            }
            assert!(Phases::<Test>::get(63).window > before);
        }
    });
}

#[test]
fn other_pallets_get_the_seed_of_a_window_that_opened_with_theirs_until_it_is_forgotten() {
    ExtBuilder.build_and_execute(|| {
        bob_keeps(5, 4);
        to_next_window(BOB);
        let block = System::block_number();
        for _ in 0..9 {
            assert_eq!(StorageProofs::seed_after(block), SeedAfter::NotYet);
            next_block();
        }
        let Stage::Open(seed) = phase(BOB).stage else { panic!("the window has its seed") };
        assert_eq!(StorageProofs::seed_after(block), SeedAfter::Ready(seed));
        roll(39);
        assert_eq!(StorageProofs::seed_after(block), SeedAfter::Ready(seed));
        next_block();
        assert_eq!(StorageProofs::seed_after(block), SeedAfter::Lost);
    });
}

#[test]
fn without_an_output_in_each_of_its_blocks_no_pallet_gets_a_seed() {
    ExtBuilder.build_and_execute(|| {
        let block = System::block_number();
        roll(4);
        VrfWorks::set(false);
        next_block();
        VrfWorks::set(true);
        roll(4);
        assert_eq!(StorageProofs::seed_after(block), SeedAfter::Lost);
        // The gap was at the end of the block before it.
        roll(9);
        assert_eq!(StorageProofs::seed_after(block + 4), SeedAfter::Lost);
        assert!(matches!(StorageProofs::seed_after(block + 5), SeedAfter::Ready(_)));
    });
}

#[test]
#[should_panic(expected = "storageProofs.minResponse must be at least 1")]
fn a_network_gives_its_providers_time() {
    use polkadot_sdk::sp_runtime::BuildStorage;
    let genesis = crate::GenesisConfig::<Test> { min_response: Some(0), ..Default::default() };
    let _ = RuntimeGenesisConfig { storage_proofs: genesis, ..Default::default() }.build_storage();
}

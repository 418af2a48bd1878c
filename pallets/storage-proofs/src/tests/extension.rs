//! What enters the pool and blocks at all.

use super::*;
use crate::{
    Call,
    extension::{JAILED, NOT_A_PROVIDER, WRONG_SEED},
};
use codec::{DecodeAll, Encode};
use polkadot_sdk::{
    frame_support::{
        dispatch::{DispatchClass, GetDispatchInfo, Pays},
        weights::Weight,
    },
    sp_runtime::{
        traits::{DispatchTransaction, TransactionExtension},
        transaction_validity::{InvalidTransaction, TransactionSource, TransactionValidityError},
    },
};

fn call(window: WindowIndex, seed: Seed, leaves: LeafProofs) -> RuntimeCall {
    Call::submit_proof { window, seed, leaves }.into()
}

/// What the pool and a block's author say of a call.
fn validity(who: AccountId, call: &RuntimeCall) -> Result<(), TransactionValidityError> {
    let info = call.get_dispatch_info();
    let pool = Extension::new()
        .validate_only(signed(who), call, &info, 0, TransactionSource::External, 0)
        .map(|_| ());
    let block = Extension::new().validate_and_prepare(signed(who), call, &info, 0, 0).map(|_| ());
    assert_eq!(pool, block);
    pool
}

fn invalid(reason: InvalidTransaction) -> Result<(), TransactionValidityError> {
    Err(reason.into())
}

#[test]
fn a_good_proof_is_valid_once() {
    ExtBuilder.build_and_execute(|| {
        bob_keeps(40, 9);
        to_next_seed(BOB);
        let (window, seed, leaves) = honest_proof(BOB);
        let good = call(window, seed, leaves);
        assert_eq!(validity(BOB, &good), Ok(()));
        assert_ok!(prove(BOB));
        // Resending fills no pool and no block.
        assert_eq!(validity(BOB, &good), invalid(InvalidTransaction::Stale));
    });
}

#[test]
fn proofs_that_cannot_count_are_invalid_before_they_cost_anything() {
    ExtBuilder.build_and_execute(|| {
        bob_keeps(40, 9);
        to_next_window(BOB);
        let window = phase(BOB).window;
        let early = call(window, [0; 32], LeafProofs::default());
        assert_eq!(validity(BOB, &early), invalid(InvalidTransaction::Future));
        to_seed(BOB);
        let (window, seed, leaves) = honest_proof(BOB);
        let wrong = call(window, [0; 32], leaves.clone());
        assert_eq!(validity(BOB, &wrong), invalid(InvalidTransaction::Custom(WRONG_SEED)));
        let other = call(window + 1, seed, leaves.clone());
        assert_eq!(validity(BOB, &other), invalid(InvalidTransaction::Stale));
        let good = call(window, seed, leaves);
        assert_eq!(validity(EVE, &good), invalid(InvalidTransaction::Custom(NOT_A_PROVIDER)));
        to_close(BOB);
        assert_eq!(validity(BOB, &good), invalid(InvalidTransaction::Stale));
        // Misses that nobody reported jail all the same.
        miss(BOB, 3);
        to_next_seed(BOB);
        let (window, seed) = (phase(BOB).window, phase(BOB).seed_of(&BOB).unwrap());
        let jailed = call(window, seed, LeafProofs::default());
        assert_eq!(validity(BOB, &jailed), invalid(InvalidTransaction::Custom(JAILED)));
    });
}

#[test]
fn other_calls_and_origins_pass_and_weigh_nothing() {
    ExtBuilder.build_and_execute(|| {
        let other: RuntimeCall = Call::deregister {}.into();
        assert_eq!(validity(EVE, &other), Ok(()));
        assert_eq!(Extension::new().weight(&other), Weight::zero());
        let proof = call(1, [0; 32], LeafProofs::default());
        assert_ne!(Extension::new().weight(&proof), Weight::zero());
        let info = proof.get_dispatch_info();
        let root = RuntimeOrigin::root();
        assert!(Extension::new().validate_and_prepare(root, &proof, &info, 0, 0).is_ok());
    });
}

#[test]
fn no_client_needs_to_know_the_extension() {
    assert!(Extension::new().encode().is_empty());
    assert!(Extension::decode_all(&mut &[][..]).is_ok());
    assert!(Extension::new().implicit().is_ok());
    assert!(Extension::metadata().is_empty());
    assert_eq!(format!("{:?}", Extension::default()), "CheckProofSubmission");
}

#[test]
fn a_proof_is_operational_and_weighs_by_leaves_and_siblings() {
    ExtBuilder.build_and_execute(|| {
        bob_keeps(40, 9);
        to_next_seed(BOB);
        let (window, seed, leaves) = honest_proof(BOB);
        let weight = |leaves: &LeafProofs| call(window, seed, leaves.clone()).get_dispatch_info();
        let whole = weight(&leaves);
        assert_eq!((whole.class, whole.pays_fee), (DispatchClass::Operational, Pays::Yes));
        let mut shorter = leaves.clone();
        shorter[0].path.pop();
        assert!(weight(&shorter).call_weight.ref_time() < whole.call_weight.ref_time());
        shorter.pop();
        assert!(weight(&shorter).call_weight.ref_time() < whole.call_weight.ref_time() - 1_000_000);
        // A flat set costs less than the deepest, which was booked.
        let used = StorageProofs::submit_proof(signed(BOB), window, seed, leaves).unwrap().actual_weight;
        assert!(used.unwrap().ref_time() < whole.call_weight.ref_time());
    });
}

//! What clients and the stored state rely on. A change here needs a migration or a new index.

use super::*;
use crate::{
    Call, CertificatesOfAsset, HoldReason,
    types::{Chosen, Figures, Purpose, Role, Standing},
};
use codec::{Compact, Encode};
use polkadot_sdk::{
    frame_support::traits::{GetStorageVersion, Hooks, StorageVersion},
    sp_io::hashing::{blake2_128, twox_128},
};
use scale_info::{TypeDef, TypeInfo};

/// The variants of an enum, as `index name`.
fn variants<T: TypeInfo>() -> Vec<String> {
    match T::type_info().type_def {
        TypeDef::Variant(found) => {
            found.variants.into_iter().map(|variant| format!("{} {}", variant.index, variant.name)).collect()
        }
        _ => Vec::new(),
    }
}

/// The same for the names in their order.
fn numbered(names: &str) -> Vec<String> {
    names.split_whitespace().enumerate().map(|(index, name)| format!("{index} {name}")).collect()
}

/// The fields of a record, in order.
fn fields<T: TypeInfo>() -> Vec<&'static str> {
    match T::type_info().type_def {
        TypeDef::Composite(found) => found.fields.into_iter().filter_map(|field| field.name).collect(),
        _ => Vec::new(),
    }
}

fn words(names: &'static str) -> Vec<&'static str> {
    names.split_whitespace().collect()
}

#[test]
fn call_indices_are_frozen() {
    let names = "register_worker update_worker set_stake deregister_worker submit_job consent apply commit reveal \
        poke release challenge release_bonds set_royalty spend_pot";
    assert_eq!(variants::<Call<Test>>(), numbered(names));
}

#[test]
fn event_indices_are_frozen() {
    let names = "WorkerRegistered WorkerUpdated StakeSet WorkerDeregistered JobSubmitted Consented Applied \
        ApplicationsExtended Drawn Committed RevealsOpened Revealed Widened JobEnded WorkerPaid Forfeited AssetPaid \
        AssetUnpaid Released Challenged ChallengeEnded BondsReleased RoyaltySet PotSpent";
    assert_eq!(variants::<Event<Test>>(), numbered(names));
}

#[test]
fn error_indices_are_frozen() {
    let names = "WorkerExists WorkerNotFound StakeTooLow StakeLocked BadEngines JobNotFound BadQuorum BadLimits \
        BadRunTime BadNamedList CostTooLow HoldTooHigh SourceNotFound NotAProgram Encrypted ProgramNotAllowed \
        NoJobLicence RoyaltyTooHigh NotAwaited NotPermitted ApplicationsClosed TooManyApplicants NotNamed OwnJob \
        SignedIt AlreadyEngaged PriceTooLow LimitsTooHigh WrongEngine PledgeTooLow PledgeTooHigh NoSeat \
        NotCommitting AlreadyCommitted NotRevealing NotCommitted WrongReveal MalformedResult NothingDue \
        SeedNotReady NothingToRelease CertificateNotFound UnderChallenge AlreadyFallen BondsLocked BondsFree \
        PotTooSmall Overflow RoyaltyNotFound";
    assert_eq!(variants::<crate::Error<Test>>(), numbered(names));
}

#[test]
fn enums_that_are_stored_or_hashed_are_frozen() {
    assert_eq!(variants::<HoldReason>(), numbered("Stake Job Royalty"));
    assert_eq!(variants::<Source>(), numbered("Revision Content"));
    let exits = "Exited Trap OutOfFuel OutOfMemory OutputTooLarge InvalidProgram InputUnavailable";
    assert_eq!(variants::<Exit>(), numbered(exits));
    assert_eq!(variants::<Assignment<u64>>(), numbered("Drawn Named"));
    assert_eq!(variants::<Chosen>(), numbered("Drawn Named"));
    assert_eq!(variants::<Role>(), numbered("Applied Seated Signed"));
    assert_eq!(variants::<SeatState>(), numbered("Seated Committed Revealed"));
    assert_eq!(variants::<Phase<u64>>(), numbered("Apply Commit Reveal"));
    assert_eq!(variants::<Purpose>(), numbered("Certify Challenge"));
    assert_eq!(variants::<Standing>(), numbered("Unchallenged Upheld Unresolved Fallen"));
    let outcomes = "Certified InputUnavailable Failed Refunded Overturned Upheld Unresolved";
    assert_eq!(variants::<Outcome>(), numbered(outcomes));
}

#[test]
fn records_have_these_fields_in_this_order() {
    let certificate = "requester task contents context result chosen applicants seats replicas quorum signers price \
        run_blocks settled bond bonded_until challenge standing";
    assert_eq!(fields::<crate::CertificateOf<Test>>(), words(certificate));
    let job = "payer purpose task contents context replicas quorum second assignment price seat_cost bond royalties \
        fees awaiting run_blocks terms deposit held pokes applicants round phase";
    assert_eq!(fields::<JobOf<Test>>(), words(job));
    assert_eq!(fields::<crate::WorkerOf<Test>>(), words("stake locked price limits engines"));
    assert_eq!(fields::<Task>(), words("program inputs arguments engine limits"));
    assert_eq!(fields::<JobResult>(), words("exit fuel output"));
    assert_eq!(fields::<Limits>(), words("fuel memory output"));
    assert_eq!(fields::<Figures>(), words("jobs certificates total agreed fallen"));
    let request = "task replicas quorum assignment price run_blocks";
    assert_eq!(fields::<JobRequestOf<Test>>(), words(request));
}

#[test]
fn what_workers_hash_is_encoded_like_this() {
    let encoded = JobResult { exit: Exit::Exited(-1), fuel: 258, output: Some(content(7)) }.encode();
    let expected = [&[0, 0xff, 0xff, 0xff, 0xff][..], &[2, 1, 0, 0, 0, 0, 0, 0], &[1, 1], &[7; 32]];
    assert_eq!(encoded, expected.concat());
    assert_eq!(JobResult::UNAVAILABLE.encode(), [6, 0, 0, 0, 0, 0, 0, 0, 0, 0]);
    let source = (0_u8, PROGRAM, commit_id(1)).encode();
    assert_eq!(rev(PROGRAM, 1).encode(), source);
    let task = task_of(rev(PROGRAM, 1), &[]).encode();
    let text = b"--epochs=3".to_vec();
    let rest = (Compact(0_u32), Compact(1_u32), text, ENGINE, LIMITS.fuel, LIMITS.memory, LIMITS.output);
    assert_eq!(task, [source, rest.encode()].concat());
}

#[test]
fn storage_keys_are_frozen() {
    let key = |item: &[u8], parts: &[Vec<u8>]| {
        [&twox_128(b"Escrow")[..], &twox_128(item), &parts.concat()].concat()
    };
    let hashed = |part: Vec<u8>| [blake2_128(&part).to_vec(), part].concat();
    assert_eq!(Jobs::<Test>::hashed_key_for(JobId(5)), key(b"Jobs", &[hashed(5_u64.encode())]));
    assert_eq!(
        CertificatesOfAsset::<Test>::hashed_key_for(AssetId(3), 258_u64.to_be_bytes()),
        key(b"CertificatesOfAsset", &[hashed(3_u64.encode()), vec![0, 0, 0, 0, 0, 0, 1, 2]])
    );
}

#[test]
fn the_storage_version_is_set_at_genesis() {
    ExtBuilder.build_and_execute(|| {
        assert_eq!(Escrow::in_code_storage_version(), StorageVersion::new(1));
        assert_eq!(Escrow::on_chain_storage_version(), StorageVersion::new(1));
    });
}

#[test]
fn constants_fit_together() {
    <Escrow as Hooks<u64>>::integrity_test();
}

//! What clients and the stored state rely on. A change here needs a migration or a new index.

use super::*;
use crate::{
    Call, HoldReason,
    types::{DepositFor, KeySale, Licence},
};
use codec::Encode;
use polkadot_sdk::frame_support::traits::{GetStorageVersion, StorageVersion};
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

#[test]
fn call_indices_are_frozen() {
    let names = "commit_key list update_listing unlist buy gift grant return_licence revoke deliver_key dispute refund \
        settle remove_licence allow_program disallow_program";
    assert_eq!(variants::<Call<Test>>(), numbered(names));
}

#[test]
fn event_indices_are_frozen() {
    let names = "KeyCommitted Listed ListingChanged Unlisted Sold Granted KeyDelivered DisputeFailed Refunded Settled \
        Revoked LicenceRemoved ProgramAllowed ProgramDisallowed";
    assert_eq!(variants::<Event<Test>>(), numbered(names));
}

#[test]
fn error_indices_are_frozen() {
    let names = "AssetNotFound RevisionNotFound ListingNotFound LicenceNotFound NotAdmin NotBuyer ZeroPrice ZeroSupply \
        BadTime SealedTerms JobTerms JobListingExists MustBeSealed KeyNotCommitted KeyCommitted ListingChanged \
        PriceAboveGuard ListingExpired SoldOut PerJobOnly KeyRequired KeyUnexpected WeakKey TooManyLicences NoKeyDue \
        TooLate TooEarly WrongSecret NothingHeld NotSettled NotRevocable StillLive TakenDown NoJobListing \
        ProgramNotAllowed ProgramListed Encrypted Overflow";
    assert_eq!(variants::<crate::Error<Test>>(), numbered(names));
}

#[test]
fn enums_that_are_stored_are_frozen() {
    assert_eq!(variants::<HoldReason>(), numbered("Sale Listing Licence Commitment Program"));
    assert_eq!(variants::<Terms<u64>>(), numbered("Perpetual Blocks PerJob"));
    assert_eq!(variants::<Money<u64>>(), numbered("Settled Refundable AwaitsKey Disputable"));
    assert_eq!(variants::<RefundCause>(), numbered("Returned Revoked NotDelivered WrongKey"));
    assert_eq!(variants::<DepositFor>(), numbered("Listing Licence Commitment Program"));
}

#[test]
fn records_are_frozen() {
    let offer: Offer<u64> = Offer {
        terms: Terms::Blocks(1),
        price: 2,
        supply: Some(3),
        revision: Some(CommitId([4; 20])),
        sealed: true,
        refund: 5,
        notice: Some(6),
        until: Some(7),
    };
    let terms = ((1_u8, 1_u64), 2_u128, Some(3_u32), Some([4_u8; 20]));
    assert_eq!(offer.encode(), (terms, true, 5_u64, Some(6_u64), Some(7_u64)).encode());
    let licence: Licence<AccountId, u64> = Licence {
        asset: AssetId(1),
        revision: None,
        holder: BOB,
        payer: CAROL,
        seller: ALICE,
        listing: Some(ListingId(2)),
        price: 3,
        money: Money::AwaitsKey(4),
        key: Some(KeySale { reader: [5; 32], commitment: [6; 32], sealed: Some([7; 112]) }),
        until: Some(8),
        notice: None,
        deposit: 9,
    };
    let people = (1_u64, None::<[u8; 20]>, BOB, CAROL, ALICE);
    let sale = (Some(2_u64), 3_u128, (2_u8, 4_u64), Some(([5_u8; 32], [6_u8; 32], Some([7_u8; 112]))));
    assert_eq!(licence.encode(), (people, sale, Some(8_u64), None::<u64>, 9_u128).encode());
}

#[test]
fn a_box_has_its_format_for_ever() {
    // What another implementation must produce from the same inputs.
    let sale = Sale { licence: 7, revision: CommitId([3; 20]) };
    let sealed = keybox::seal(&CONTENTS, [4; 32], keybox::public_of(SECRET), &sale).unwrap();
    let hex: String = sealed.iter().map(|byte| format!("{byte:02x}")).collect();
    assert_eq!(
        hex,
        "ac01b2209e86354fb853237b5de0f4fab13c7fcbf433a61c01936961\
         7fecf10bac743422e809955c17211134bbde7256ae934e97dc9dbaf5\
         3e6f7bc26ebac3b03ea187c1a5b3ba2a2067b1665ef603bd9c2379ef\
         516dcdf371e9cef9c26c4eaf3f5496dba94a9a2f75d2743e192069d5"
    );
}

#[test]
fn the_storage_version_is_frozen() {
    ExtBuilder.build_and_execute(|| {
        assert_eq!(Market::in_code_storage_version(), StorageVersion::new(1));
        assert_eq!(Market::on_chain_storage_version(), StorageVersion::new(1));
    });
}

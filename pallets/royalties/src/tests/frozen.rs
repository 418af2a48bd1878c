//! What clients and the stored state rely on. A change here needs a migration or a new index.

use super::*;
use crate::{Call, HoldReason, types::*};
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
    let names = "load_shares link_parent unlink_parent set_offer open discard transfer_shares approve \
        transfer_shares_from pay distribute claim claim_for";
    assert_eq!(variants::<Call<Test>>(), numbered(names));
}

#[test]
fn event_indices_are_frozen() {
    let names = "SharesLoaded ParentLinked ParentUnlinked OfferSet Opened Discarded SharesTransferred Approved Paid \
        Forwarded Claimed PayoutWaits";
    assert_eq!(variants::<Event<Test>>(), numbered(names));
}

#[test]
fn error_indices_are_frozen() {
    let names = "AssetNotFound NotOwner NotOpen AlreadyOpen TakenDown TooManyShares SharesIncomplete NotEnoughShares \
        SharesLocked SameAccount ZeroAmount NotApproved SelfParent ParentExists ParentNotFound TooManyParents \
        StackTooLong StackAboveWhole UpstreamAboveGuard TermsBelowOffer NotEmpty NothingToDistribute NothingToClaim \
        NotHolder TooManyLocks LockNotFound Overflow";
    assert_eq!(variants::<crate::Error<Test>>(), numbered(names));
}

#[test]
fn enums_that_are_stored_are_frozen() {
    assert_eq!(variants::<HoldReason>(), numbered("Vault Holder Approval"));
    assert_eq!(variants::<Terms>(), numbered("Absolute Relative"));
    assert_eq!(variants::<Reason>(), numbered("Direct Licence Job"));
    assert_eq!(variants::<DepositFor>(), numbered("Vault Holder Approval Ancestor"));
}

#[test]
fn records_are_frozen() {
    let entry = StackEntry { asset: AssetId(1), terms: Terms::Relative(Parts(2)), forwarded: 3 };
    assert_eq!(entry.encode(), (1_u64, 1_u8, 2_u32, 3_u128).encode());
    let holder = Holder {
        shares: 1,
        settled: 2,
        remainder: 3,
        accrued: 4,
        locks: vec![Lock { id: LockId([5; 16]), shares: 6 }].try_into().unwrap(),
        depositor: ALICE,
        deposit: 7,
    };
    let fields = (1_u32, 2_u128, 3_u32, 4_u128, vec![([5_u8; 16], 6_u32)], ALICE, 7_u128);
    assert_eq!(holder.encode(), fields.encode());
    let vault = Vault {
        open: true,
        outside: 1,
        downstream: 2,
        forwarded: 3,
        claimed: 4,
        absolute: Parts(5),
        relative: Parts(6),
        loaded: 7,
        holders: 8,
        offer: Some(Terms::Absolute(Parts(9))),
        depositor: ALICE,
        deposit: 10,
    };
    let totals = (true, 1_u128, 2_u128, 3_u128, 4_u128);
    let rest = (5_u32, 6_u32, 7_u32, 8_u32, Some((0_u8, 9_u32)), ALICE, 10_u128);
    assert_eq!(vault.encode(), (totals, rest).encode());
}

#[test]
fn the_storage_version_is_frozen() {
    ExtBuilder.build_and_execute(|| {
        assert_eq!(Royalties::in_code_storage_version(), StorageVersion::new(1));
        assert_eq!(Royalties::on_chain_storage_version(), StorageVersion::new(1));
    });
}

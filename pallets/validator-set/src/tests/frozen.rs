//! What clients and the stored state rely on. A change here needs a migration or a new index.

use super::*;
use crate::{Call, types::*};
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
fn indices_are_frozen() {
    assert_eq!(variants::<Call<Test>>(), numbered("add remove set_minimum_size release_keys"));
    assert_eq!(
        variants::<Event<Test>>(),
        numbered(
            "ValidatorAdded ValidatorRemoved MinimumSizeSet OffenceNoted OffenderRemoved OffenderKept KeysReleased"
        )
    );
    assert_eq!(
        variants::<Error>(),
        numbered("AlreadyMember NotMember NoSessionKeys StillInSet TooManyMembers TooFewMembers BadMinimum")
    );
}

#[test]
fn stored_records_are_frozen() {
    let member = Member { account: 1_u64, since: 2 };
    assert_eq!(member.encode(), (1_u64, 2_u32).encode());
    let record = OffenceRecord {
        validator: 1_u64,
        session: 2,
        severity: Perbill::from_percent(10),
        reported: 3_u64,
        reporter: Some(4),
        punished: true,
    };
    assert_eq!(record.encode(), (1_u64, 2_u32, 100_000_000_u32, 3_u64, Some(4_u64), true).encode());
}

#[test]
fn the_storage_version_is_set() {
    ExtBuilder::default().build_and_execute(|| {
        assert_eq!(ValidatorSet::on_chain_storage_version(), StorageVersion::new(1));
    });
}

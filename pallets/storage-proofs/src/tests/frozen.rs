//! What clients and the stored state rely on. A change here needs a migration or a new index.

use super::*;
use crate::{
    Call, HoldReason,
    liability::{Liability, Standing},
    params::{ParameterFault, Parameters},
    phases::{Clock, Phase, Stage},
};
use codec::{Encode, MaxEncodedLen};
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
    let names = "register_provider update_provider add_stake withdraw_stake deregister unjail place_order \
        cancel_order expire_order accept drop_piece drop_now cancel_replica close_replica close_jailed \
        remove_denied settle submit_proof report_fault";
    assert_eq!(variants::<Call<Test>>(), numbered(names));
}

#[test]
fn event_indices_are_frozen() {
    let names = "ProviderRegistered ProviderUpdated StakeChanged ProviderDeregistered Unjailed OrderPlaced OrderClosed \
        OrderRemoved Accepted NoticeGiven ReplicaEnded Paid Proven Faulted Slashed WindowOpened WindowSeeded \
        WindowExcused ParametersAdopted ParametersRefused";
    assert_eq!(variants::<Event<Test>>(), numbered(names));
}

#[test]
fn error_indices_are_frozen() {
    let names = "ProviderNotFound AlreadyRegistered NoPeerId OrderNotFound ReplicaNotFound NotPayer GateClosed Jailed \
        NotJailed SetNotEmpty SetFull EmptyPiece ReplicaCount TermTooShort PriceTooLow PriceTooHigh TooFewNamed NotNamed \
        Expired NotExpired NoOpenReplica AlreadyAccepted CapacityTooLow StakeTooLow Restricted Denied NotDenied \
        NoticeGiven NotOver TermNotServed NothingDue NothingToReport WrongWindow SeedNotKnown WindowClosed AlreadyProven \
        WrongSeed WrongCount LeafLength PathLength LeafMismatch Overflow";
    assert_eq!(variants::<crate::Error<Test>>(), numbered(names));
}

#[test]
fn enums_that_are_stored_or_shown_are_frozen() {
    assert_eq!(variants::<HoldReason>(), numbered("Order OrderDeposit Stake ProviderDeposit"));
    assert_eq!(variants::<Stage>(), numbered("Over Frozen Open Unseeded"));
    assert_eq!(variants::<Standing>(), numbered("Active Jailed Probation"));
    assert_eq!(variants::<Duty>(), numbered("Nothing Waiting Due Over"));
    assert_eq!(variants::<EndReason>(), numbered("Finished Expired Dropped Hurried Cancelled Jailed Denied"));
    assert_eq!(
        variants::<ParameterFault>(),
        numbered("Window Response Challenges Zero ReporterShare Prices Slash Stake")
    );
}

#[test]
fn records_keep_their_length() {
    assert_eq!(Clock::max_encoded_len(), 32 + 33 + 5 + 4 + 4 + 3 * 6);
    assert_eq!(Phase::max_encoded_len(), 4 * 4 + 33 + 4 + 20 + 48);
    assert_eq!(Liability::max_encoded_len(), 4 * 4 + 1 + 5 + 5);
    assert_eq!(Provider::max_encoded_len(), 16 + 21 + 8 + 3 * 16 + 8 + 4 + 8 + 27);
    assert_eq!(Replica::max_encoded_len(), 4 + 16 + 8 + 4 + 4 + 4 + 5);
    assert_eq!(Slot::max_encoded_len(), 8 + 40);
    assert_eq!(Parameters::default().encode().len(), Parameters::max_encoded_len());
}

#[test]
fn the_draw_is_frozen() {
    // Clients find their challenges by it.
    let seed: Seed = core::array::from_fn(|at| at as u8);
    let expected = |number: u32| {
        let hash = polkadot_sdk::sp_io::hashing::blake2_128(&[&seed[..], &number.to_le_bytes()].concat());
        (u128::from_le_bytes(hash) % 1_000_003) as u64
    };
    assert!((0..20).all(|number| crate::drawn_leaf(&seed, number, 1_000_003) == expected(number)));
}

#[test]
fn the_storage_version_is_1() {
    assert_eq!(StorageProofs::in_code_storage_version(), StorageVersion::new(1));
    ExtBuilder.build_and_execute(|| {
        assert_eq!(StorageProofs::on_chain_storage_version(), StorageVersion::new(1));
    });
}

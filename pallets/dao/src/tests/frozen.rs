//! What clients and the stored state rely on. A change here needs a migration or a new index.

use super::*;
use crate::{
    Call, HoldReason,
    types::{DepositFor, Electorate, Tally, Vote},
};
use codec::Encode;
use polkadot_sdk::frame_support::traits::{GetStorageVersion, StorageVersion};
use scale_info::{TypeDef, TypeInfo};
use stoa_primitives::registry::AssetId;

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
    let names =
        "create propose vote execute close release_vote add_member remove_member leave set_rules dissolve";
    assert_eq!(variants::<Call<Test>>(), numbered(names));
    let names =
        "Created Proposed Voted Executed Closed VoteReleased MemberAdded MemberRemoved RulesSet Dissolved";
    assert_eq!(variants::<Event<Test>>(), numbered(names));
    let names = "DaoNotFound ProposalNotFound VoteNotFound BadName ZeroQuorum LowApproval BadPeriod \
        BadProposalShares NoMembers AlreadyMember NotMember JoinedLater TooManyMembers LastMember NotOfMembers \
        NotOfShares NotEnoughShares FewerShares NotTheDao CallFiltered CallTooLong CallTooHeavy CallUnavailable \
        MaxWeightTooLow TooManyProposals TooManyOfProposer VotingEnded VotingOpen Rejected TooEarly Expired \
        StillExecutable Nested ProposalsOpen DepositsHeld Overflow";
    assert_eq!(variants::<Error>(), numbered(names));
}

#[test]
fn enums_that_are_stored_or_sent_are_frozen() {
    assert_eq!(variants::<HoldReason>(), numbered("Dao Member Proposal Vote"));
    assert_eq!(variants::<Electorate>(), numbered("Members Shares"));
    assert_eq!(variants::<Founders<u64>>(), numbered("Members Shares"));
    assert_eq!(variants::<Status>(), numbered("Voting Rejected Waiting Executable Expired"));
    assert_eq!(variants::<DepositFor>(), numbered("Dao Member Proposal Vote"));
}

#[test]
fn stored_records_are_frozen() {
    let bytes = (500_000_u32, 500_000_u32, 10_u64, 5_u64, 20_u64, 0_u32).encode();
    assert_eq!(rules().encode(), bytes);
    assert_eq!(Tally { electorate: 1, ayes: 2, nays: 3 }.encode(), (1_u32, 2_u32, 3_u32).encode());
    let vote = Vote { aye: true, power: 1, asset: Some(AssetId(2)), ends: 3_u64, ticket: 4_u64 };
    assert_eq!(vote.encode(), (true, 1_u32, Some(2_u64), 3_u64, 4_u64).encode());
    assert_eq!(Electorate::Shares(AssetId(2)).encode(), (1_u8, 2_u64).encode());
}

#[test]
fn accounts_of_daos_are_frozen() {
    // "modl", the pallet's eight bytes and the number: what polkadot.js derives too.
    let account = Dao::account_of(DaoId(258));
    assert_eq!(account.encode(), [&b"modlstoa/dao"[..], &[2, 1, 0, 0]].concat());
}

#[test]
fn the_storage_version_is_set() {
    ExtBuilder.build_and_execute(|| {
        assert_eq!(Dao::on_chain_storage_version(), StorageVersion::new(1));
    });
}

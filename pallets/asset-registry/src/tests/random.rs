//! Whatever a few people do in whatever order, everything holds after each call, and in the end everybody can take all
//! that is theirs back.

use super::*;
use crate::{
    Assets, Attestations, Call, Children, Collaborators, Contents, DenyList, Namespaces, Pieces, Refs,
    Revisions, Tombstones,
    types::{Claim, DepositFor, NameKey, Subject},
};
use polkadot_sdk::{frame_system::ensure_signed, sp_runtime::traits::Dispatchable};
use proptest::prelude::*;
use stoa_primitives::registry::{PieceAccess, Role};

const PEOPLE: [AccountId; 4] = [ALICE, BOB, CAROL, 4];
const NAMES: [&str; 3] = ["one", "Two", "three"];

/// A call by one of a few, on one of the first few things there are.
#[derive(Clone, Copy, Debug)]
struct Step {
    verb: u8,
    who: u8,
    what: u8,
    other: u8,
    flag: u8,
}

fn step() -> impl Strategy<Value = Step> {
    (0..35_u8, 0..4_u8, 0..6_u8, 0..6_u8, 0..4_u8).prop_map(|(verb, who, what, other, flag)| Step {
        verb,
        who,
        what,
        other,
        flag,
    })
}

/// The `index`th of a list, round and round.
fn pick<T: Clone>(list: &[T], index: u8) -> Option<T> {
    list.get(usize::from(index).checked_rem(list.len())?).cloned()
}

/// One of the newest revisions and tombstones, so that long sequences build on what they made.
fn commit_of(index: u8) -> CommitId {
    let revisions = Revisions::<Test>::iter().map(|(commit, found)| (found.serial, commit));
    let tombstones = Tombstones::<Test>::iter().map(|(commit, found)| (found.serial, commit));
    let mut commits: Vec<_> = revisions.chain(tombstones).collect();
    commits.sort();
    commits.reverse();
    commits.truncate(6);
    pick(&commits, index).map_or(CommitId([9; 20]), |(_, commit)| commit)
}

/// Who may do it; with the wrong ones, most sequences would get nowhere.
fn rightful(call: &Call<Test>) -> Option<AccountId> {
    let of_namespace = |name: &Name| Namespaces::<Test>::get(NameKey::from(name));
    let of_asset = |asset: &AssetId| Registry::asset_by_id(*asset).map(|found| found.owner);
    match call {
        Call::accept_namespace { name } => of_namespace(name)?.offered_to,
        Call::offer_namespace { name, .. }
        | Call::cancel_namespace_offer { name }
        | Call::remove_namespace { name }
        | Call::create_asset { namespace: name, .. } => Some(of_namespace(name)?.owner),
        Call::accept_asset { asset } => Some(Assets::<Test>::get(asset)?.offer?.to),
        Call::offer_asset { asset, .. }
        | Call::cancel_asset_offer { asset }
        | Call::set_visibility { asset, .. }
        | Call::set_collaborator { asset, .. }
        | Call::remove_collaborator { asset, .. }
        | Call::retire_asset { asset }
        | Call::remove_asset { asset }
        | Call::publish_revision { asset, .. }
        | Call::set_ref { asset, .. }
        | Call::delete_ref { asset, .. } => of_asset(asset),
        Call::yank_revision { commit } | Call::claim_piece { commit } => {
            of_asset(&Revisions::<Test>::get(commit)?.asset)
        }
        _ => None,
    }
}

fn call_of(step: Step) -> (RuntimeOrigin, Call<Test>) {
    let Step { who, what, other, flag, .. } = step;
    let account = PEOPLE[usize::from(other) % PEOPLE.len()];
    let named = |index: u8| name(NAMES[usize::from(index) % NAMES.len()]);
    let assets: Vec<_> = Assets::<Test>::iter_keys().collect();
    let asset = pick(&assets, what).unwrap_or(AssetId(what.into()));
    let commit = commit_of(what);
    let visibility = [Visibility::Public, Visibility::Gated, Visibility::Private][usize::from(flag) % 3];
    let role = if flag % 2 == 0 { Role::Writer } else { Role::Admin };
    let kind = if flag % 2 == 0 { RefKind::Branch } else { RefKind::Tag };
    let claim = if flag % 2 == 0 { Claim::Audited } else { Claim::Disputed };
    let call = match step.verb {
        0 => Call::register_namespace { name: named(what) },
        1 => Call::offer_namespace { name: named(what), to: account },
        2 => Call::accept_namespace { name: named(what) },
        3 => Call::cancel_namespace_offer { name: named(what) },
        4 => Call::remove_namespace { name: named(what) },
        5 | 6 => Call::create_asset {
            namespace: named(what),
            name: named(other),
            kind: AssetKind::Model,
            licence: Default::default(),
            visibility,
        },
        7 => Call::offer_asset { asset, namespace: named(other) },
        8 => Call::accept_asset { asset },
        9 => Call::cancel_asset_offer { asset },
        10 => Call::set_visibility { asset, visibility },
        11 | 12 => Call::set_collaborator { asset, account, role },
        13 => {
            let entries: Vec<_> = Collaborators::<Test>::iter_keys().collect();
            let (asset, account) = pick(&entries, what).unwrap_or((asset, account));
            Call::remove_collaborator { asset, account }
        }
        14 => Call::retire_asset { asset },
        15 => Call::remove_asset { asset },
        16..=20 => {
            let parents = [other, flag].map(commit_of).map(|commit| (commit, Revisions::<Test>::get(commit)));
            let parents =
                parents.into_iter().filter_map(|(commit, found)| Some(fine_tune(found?.asset, commit)));
            Call::publish_revision {
                asset,
                content: content(other),
                piece: piece(flag),
                parents: parents.take(usize::from(flag)).collect::<Vec<_>>().try_into().unwrap(),
                message: message("random"),
                refs: if flag == 0 { vec![branch("main")].try_into().unwrap() } else { NewRefs::default() },
            }
        }
        21 => {
            let asset = Revisions::<Test>::get(commit).map_or(asset, |found| found.asset);
            let name = ref_name(NAMES[usize::from(other) % NAMES.len()]);
            Call::set_ref { asset, kind, name, commit }
        }
        22 | 23 => {
            let entries: Vec<_> = Refs::<Test>::iter_keys().collect();
            let (asset, name) = pick(&entries, what).unwrap_or((asset, ref_name("main")));
            Call::delete_ref { asset, name }
        }
        24 => Call::yank_revision { commit },
        25..=27 => {
            let retired = |asset| Assets::<Test>::get(asset).is_some_and(|found| found.retired);
            let removable = Revisions::<Test>::iter().filter(|(_, found)| retired(found.asset));
            let removable: Vec<_> = removable.map(|(commit, _)| commit).collect();
            Call::remove_revision { commit: pick(&removable, what).unwrap_or(commit) }
        }
        28 => {
            let free = |root| Pieces::<Test>::get(root).is_some_and(|found| found.controller.is_none());
            let claimable = Revisions::<Test>::iter().filter(|(_, found)| free(found.piece.root));
            let claimable: Vec<_> = claimable.map(|(commit, _)| commit).collect();
            Call::claim_piece { commit: pick(&claimable, what).unwrap_or(commit) }
        }
        29 => return (root(), Call::assign_piece { commit }),
        30 => {
            let subject = if flag == 0 { Subject::Asset(asset) } else { Subject::Piece(piece(what).root) };
            return (root(), Call::take_down { subject, reason: [1; 32] });
        }
        31 | 32 => {
            let subjects: Vec<_> = DenyList::<Test>::iter_keys().collect();
            let subject = pick(&subjects, what).unwrap_or(Subject::Asset(asset));
            return (root(), Call::restore { subject });
        }
        33 => Call::attest { commit, claim, evidence: content(1) },
        _ => {
            let entries: Vec<_> = Attestations::<Test>::iter_keys().collect();
            let (commit, (author, claim)) = pick(&entries, what).unwrap_or((commit, (account, claim)));
            return (signed(author), Call::revoke_attestation { commit, claim });
        }
    };
    // One in four calls comes from just anybody.
    let anybody = PEOPLE[usize::from(other) % PEOPLE.len()];
    let who = if who == 0 { anybody } else { rightful(&call).unwrap_or(anybody) };
    (signed(who), call)
}

fn must(origin: RuntimeOrigin, call: Call<Test>) {
    let shown = format!("{call:?}");
    assert!(RuntimeCall::Registry(call).dispatch(origin).is_ok(), "{shown}");
}

fn owner(asset: AssetId) -> RuntimeOrigin {
    signed(Registry::asset_by_id(asset).unwrap().owner)
}

/// Everybody takes back what is theirs.
fn wind_up() {
    for subject in DenyList::<Test>::iter_keys().collect::<Vec<_>>() {
        must(root(), Call::restore { subject });
    }
    for (commit, (author, claim)) in Attestations::<Test>::iter_keys().collect::<Vec<_>>() {
        must(signed(author), Call::revoke_attestation { commit, claim });
    }
    for (asset, name) in Refs::<Test>::iter_keys().collect::<Vec<_>>() {
        must(owner(asset), Call::delete_ref { asset, name });
    }
    for (asset, account) in Collaborators::<Test>::iter_keys().collect::<Vec<_>>() {
        must(owner(asset), Call::remove_collaborator { asset, account });
    }
    for (asset, _) in Assets::<Test>::iter().filter(|(_, found)| !found.retired).collect::<Vec<_>>() {
        must(owner(asset), Call::retire_asset { asset });
    }
    for commit in Revisions::<Test>::iter_keys().collect::<Vec<_>>() {
        must(signed(POOR), Call::remove_revision { commit });
    }
    // Youngest first: a tombstone goes after all that descends from it.
    let mut tombstones: Vec<_> =
        Tombstones::<Test>::iter().map(|(commit, found)| (found.serial, commit)).collect();
    tombstones.sort();
    for (_, commit) in tombstones.into_iter().rev() {
        must(signed(POOR), Call::remove_revision { commit });
    }
    for asset in Assets::<Test>::iter_keys().collect::<Vec<_>>() {
        must(owner(asset), Call::remove_asset { asset });
    }
    for found in Namespaces::<Test>::iter_values().collect::<Vec<_>>() {
        must(signed(found.owner), Call::remove_namespace { name: found.name });
    }
}

proptest! {
    #![proptest_config(ProptestConfig { cases: cases(), fork: false, ..ProptestConfig::default() })]

    #[test]
    fn any_sequence_of_calls_keeps_everything_and_returns_every_deposit(steps in prop::collection::vec(step(), 1..160)) {
        ExtBuilder.build().execute_with(|| {
            // Something to begin with, or else most sequences get nowhere.
            for (owner, text) in PEOPLE.into_iter().zip(NAMES) {
                namespace(owner, text);
                asset_in(owner, text, "model", Visibility::Public);
            }
            for (block, step) in (2_u64..).zip(steps) {
                System::set_block_number(block);
                let (origin, call) = call_of(step);
                let shown = format!("{call:?}");
                let before = polkadot_sdk::sp_io::storage::root(polkadot_sdk::sp_runtime::StateVersion::V1);
                if RuntimeCall::Registry(call).dispatch(origin).is_err() {
                    let after = polkadot_sdk::sp_io::storage::root(polkadot_sdk::sp_runtime::StateVersion::V1);
                    assert_eq!(before, after, "{shown} failed and changed something");
                }
                assert_eq!(Registry::do_try_state(), Ok(()), "after {shown}");
            }
            wind_up();
            assert_eq!(Registry::do_try_state(), Ok(()));
            for who in PEOPLE {
                assert_eq!(held(who), 0, "{who}");
                assert_eq!(Balances::free_balance(who), WEALTH, "{who}");
            }
            assert_eq!(Children::<Test>::iter().count() + Contents::<Test>::iter().count(), 0);
            assert_eq!(Pieces::<Test>::iter().count(), 0);
        });
    }

    #[test]
    fn no_stranger_opens_a_piece_that_a_gated_asset_named_first(steps in prop::collection::vec(step(), 1..80)) {
        ExtBuilder.build().execute_with(|| {
            let secret = piece(200);
            namespace(5, "keeper");
            let kept = asset_in(5, "keeper", "model", Visibility::Gated);
            publish(5, kept, 200);
            for (owner, text) in PEOPLE.into_iter().zip(NAMES) {
                namespace(owner, text);
                asset_in(owner, text, "model", Visibility::Public);
            }
            for (block, step) in (2_u64..).zip(steps) {
                System::set_block_number(block);
                let (origin, mut call) = call_of(step);
                // Every publish of theirs names the secret piece; its keeper and the moderators stay out of it.
                if let Call::publish_revision { piece, .. } = &mut call {
                    *piece = secret;
                }
                let strangers = |who| who != 5;
                if ensure_signed(origin.clone()).is_ok_and(strangers) {
                    // Most of them fail, which is the point as well.
                    RuntimeCall::Registry(call).dispatch(origin).ok();
                }
                assert_eq!(Registry::piece_access(secret.root), PieceAccess::Restricted);
            }
        });
    }

    #[test]
    fn a_name_is_found_in_any_case(text in "[A-Za-z0-9_]{1,96}") {
        ExtBuilder.build_and_execute(|| {
            namespace(ALICE, &text);
            assert_eq!(Registry::namespace(text.to_uppercase().into_bytes()).unwrap().name, text.as_bytes());
            assert_eq!(NameKey::from(&name(&text)), NameKey::find(text.to_lowercase().as_bytes()).unwrap());
        });
    }

    #[test]
    fn a_longer_entry_never_costs_less(parents in 0..16_u32, text in 0..1_024_u32) {
        let deposit = |parents, message| Registry::deposit(DepositFor::Revision { parents, message });
        assert!(deposit(parents, text) < deposit(parents + 1, text));
        assert!(deposit(parents, text) < deposit(parents, text + 1));
    }
}

/// A few cases with every test run; a long campaign says how many in `PROPTEST_CASES`.
fn cases() -> u32 {
    std::env::var("PROPTEST_CASES").ok().and_then(|cases| cases.parse().ok()).unwrap_or(32)
}

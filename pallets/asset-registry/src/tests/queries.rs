use super::*;
use crate::{
    runtime_api::MAX_PAGE,
    types::{Claim, Subject},
};
use stoa_primitives::registry::Role;

fn ids(found: Vec<crate::types::AssetInfo<AccountId>>) -> Vec<u64> {
    found.into_iter().map(|asset| asset.id.0).collect()
}

#[test]
fn resolve_knows_branches_tags_and_commit_ids() {
    ExtBuilder.build_and_execute(|| {
        let id = alices_model();
        let other = asset_in(ALICE, "alice", "other", Visibility::Public);
        let commit = publish_from(ALICE, id, 1, &[], &[branch("main"), tag("v1")]);
        let digits: String = commit.0.iter().map(|byte| format!("{byte:02x}")).collect();
        let resolve = |asset: &str, reference: &str| {
            Registry::resolve(asset.as_bytes().to_vec(), reference.as_bytes().to_vec())
                .map(|found| found.commit)
        };
        for reference in ["main", "v1", digits.as_str(), digits.to_uppercase().as_str()] {
            assert_eq!(resolve("Alice/MODEL", reference), Some(commit), "{reference}");
        }
        assert_eq!(resolve("alice/other", &digits), None);
        for (asset, reference) in [
            ("alice/model", "Main"),
            ("alice/model", ""),
            ("alice/model", &"é".repeat(20)),
            ("alice/model", &format!("+{}", &digits[1..])),
            ("alice/model", &"x".repeat(500)),
            ("alice", "main"),
            ("alice/model/main", "main"),
            ("", "main"),
            (&"x".repeat(500), "main"),
        ] {
            assert_eq!(resolve(asset, reference), None, "{asset} {reference}");
        }
        assert_eq!(Registry::asset_by_id(other).unwrap().refs, 0);
    });
}

#[test]
fn assets_are_listed_oldest_first_and_paged() {
    ExtBuilder.build_and_execute(|| {
        namespace(ALICE, "one");
        namespace(ALICE, "two");
        for number in 0..300 {
            let within = if number % 2 == 0 { "one" } else { "two" };
            asset_in(ALICE, within, &format!("a{number}"), Visibility::Public);
        }
        let all: Vec<u64> = (0..300).collect();
        assert_eq!(ids(Registry::assets_of_account(ALICE, None, 3)), all[..3]);
        assert_eq!(ids(Registry::assets_of_account(ALICE, Some(AssetId(297)), 9)), all[298..]);
        assert_eq!(ids(Registry::assets_of_account(ALICE, None, u32::MAX)).len() as u32, MAX_PAGE);
        assert_eq!(ids(Registry::assets_of_account(BOB, None, 3)), [0; 0]);
        let namespace = |after, limit| ids(Registry::assets_of_namespace(b"TWO".to_vec(), after, limit));
        assert_eq!(namespace(None, 2), [1, 3]);
        assert_eq!(namespace(Some(AssetId(3)), 2), [5, 7]);
        assert_eq!(ids(Registry::assets_of_namespace(vec![b'x'; 500], None, 2)), [0; 0]);
        assert_ok!(Registry::remove_asset(signed(ALICE), AssetId(3)));
        assert_eq!(namespace(Some(AssetId(3)), 2), [5, 7]);
        let names = Registry::namespaces_of_account(ALICE, None, 1);
        let rest = Registry::namespaces_of_account(ALICE, Some(names[0].name.clone()), 9);
        assert_eq!((names.len(), rest.len()), (1, 1));
        assert_ne!(names, rest);
        assert_eq!(Registry::namespaces_of_account(ALICE, Some(vec![b'x'; 500]), 9), []);
    });
}

#[test]
fn revisions_are_listed_oldest_first_and_paged_over_gaps() {
    ExtBuilder.build_and_execute(|| {
        let id = alices_model();
        let commits: Vec<_> = (0..5).map(|number| publish(ALICE, id, number)).collect();
        let list = |start, limit| -> Vec<_> {
            Registry::revisions(id, start, limit).into_iter().map(|found| found.commit).collect()
        };
        assert_eq!(list(0, 2), commits[..2]);
        assert_eq!(list(3, 9), commits[3..]);
        assert_eq!(list(9, 9), []);
        assert_eq!(list(u32::MAX, u32::MAX), []);
        assert_ok!(Registry::retire_asset(signed(ALICE), id));
        assert_ok!(Registry::remove_revision(signed(ALICE), commits[1]));
        assert_eq!(list(0, 2), [commits[0], commits[2]]);
        assert_eq!(Registry::revisions(AssetId(7), 0, 9), []);
    });
}

#[test]
fn refs_collaborators_and_attestations_are_paged_without_loss() {
    ExtBuilder.build_and_execute(|| {
        let id = alices_model();
        let commit = publish(ALICE, id, 1);
        let claims = [Claim::Reproduced, Claim::Evaluated, Claim::Audited, Claim::Disputed, Claim::Other];
        for (number, claim) in claims.into_iter().enumerate() {
            let reference = ref_name(&format!("b{number}"));
            assert_ok!(Registry::set_ref(signed(ALICE), id, RefKind::Branch, reference, commit));
            assert_ok!(Registry::set_collaborator(signed(ALICE), id, number as u64 + 10, Role::Writer));
            assert_ok!(Registry::attest(signed(BOB), commit, claim, content(1)));
        }
        let (mut refs, mut after) = (Vec::new(), None);
        while let [found, ..] = &Registry::refs(id, after.clone(), 1)[..] {
            after = Some(found.name.clone());
            refs.push(found.name.clone());
        }
        refs.sort();
        assert_eq!(refs, [b"b0", b"b1", b"b2", b"b3", b"b4"]);
        assert_eq!(Registry::refs(id, Some(vec![b'x'; 500]), 9), []);

        let (mut people, mut after) = (Vec::new(), None);
        while let [found, ..] = &Registry::collaborators(id, after, 1)[..] {
            after = Some(found.account);
            people.push(found.account);
        }
        people.sort();
        assert_eq!(people, [10, 11, 12, 13, 14]);

        let (mut said, mut after) = (Vec::new(), None);
        while let [found, ..] = &Registry::attestations(commit, after, 1)[..] {
            after = Some((found.author, found.claim));
            said.push(found.claim);
        }
        said.sort();
        assert_eq!(said, claims);
    });
}

#[test]
fn the_role_of_an_owner_is_admin() {
    ExtBuilder.build_and_execute(|| {
        let id = alices_model();
        assert_ok!(Registry::set_collaborator(signed(ALICE), id, BOB, Role::Writer));
        assert_eq!(Registry::role(id, ALICE), Some(Role::Admin));
        assert_eq!(Registry::role(id, BOB), Some(Role::Writer));
        assert_eq!(Registry::role(id, CAROL), None);
        assert_eq!(Registry::role(AssetId(7), ALICE), None);
    });
}

#[test]
fn lineage_is_walked_nearest_first_each_revision_once() {
    ExtBuilder.build_and_execute(|| {
        let id = alices_model();
        let base = publish(ALICE, id, 0);
        let left = publish_from(ALICE, id, 1, &[fine_tune(id, base)], &[]);
        let right = publish_from(
            ALICE,
            id,
            2,
            &[Parent { relation: Relation::Quantised, ..fine_tune(id, base) }],
            &[],
        );
        let merged = publish_from(ALICE, id, 3, &[fine_tune(id, left), fine_tune(id, right)], &[]);

        let up = Registry::ancestors(merged, 0, 9);
        let steps: Vec<_> = up.iter().map(|entry| (entry.commit, entry.depth)).collect();
        assert_eq!(steps, [(left, 1), (right, 1), (base, 2)]);
        let down = Registry::descendants(base, 0, 9);
        let steps: Vec<_> = down.iter().map(|entry| (entry.commit, entry.depth, entry.via)).collect();
        assert_eq!(steps, [(left, 1, base), (right, 1, base), (merged, 2, left)]);
        assert_eq!(down[1].relation, Relation::Quantised);
        assert_eq!(Registry::descendants(base, 1, 1), down[1..2]);
        assert_eq!(Registry::ancestors(merged, 2, 9), up[2..]);
        assert_eq!(Registry::ancestors(merged, u32::MAX, u32::MAX), []);
        assert_eq!(Registry::descendants(merged, 0, 9), []);
        assert_eq!(Registry::revision(base).unwrap().children, 2);
    });
}

#[test]
fn the_deny_list_is_public_and_paged() {
    ExtBuilder.build_and_execute(|| {
        let id = alices_model();
        let subjects = [Subject::Asset(id), Subject::Piece([1; 32]), Subject::Piece([2; 32])];
        for subject in subjects {
            assert_ok!(Registry::take_down(root(), subject, [7; 32]));
        }
        let first = Registry::deny_list(None, 1);
        let rest = Registry::deny_list(Some(first[0].0), 9);
        let mut listed: Vec<_> = first.into_iter().chain(rest).map(|(subject, _)| subject).collect();
        listed.sort();
        assert_eq!(listed, subjects);
    });
}

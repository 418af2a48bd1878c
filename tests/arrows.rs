//! The workspace's arrows go one way: a crate may use only what stands below it.

use cargo_metadata::{DependencyKind, MetadataCommand};
use std::collections::{BTreeMap, BTreeSet};

/// What each crate may use of the others. A new crate is added here on purpose.
const ALLOWED: &[(&str, &[&str])] = &[
    ("stoa-primitives", &[]),
    ("stoa-content", &["stoa-primitives"]),
    ("pallet-asset-registry", &["stoa-primitives"]),
    ("pallet-chain-timing", &["stoa-primitives"]),
    ("stoa-runtime", &["stoa-primitives", "pallet-asset-registry", "pallet-chain-timing"]),
    ("stoa-sdk", &["stoa-primitives", "stoa-content"]),
    ("stoa-gateway", &["stoa-primitives", "stoa-content", "stoa-sdk"]),
    (
        "stoa-node",
        &["stoa-primitives", "stoa-content", "stoa-gateway", "stoa-runtime", "pallet-asset-registry"],
    ),
    ("stoa-cli", &["stoa-primitives", "stoa-content", "stoa-sdk"]),
    ("stoa-tests", &["stoa-primitives", "stoa-sdk"]),
];

/// Crates that must stay usable without the chain's framework.
const WITHOUT_SUBSTRATE: &[&str] =
    &["stoa-primitives", "stoa-content", "stoa-gateway", "stoa-sdk", "stoa-cli"];

#[test]
fn every_crate_uses_only_what_stands_below_it() {
    let metadata = MetadataCommand::new().no_deps().other_options(["--locked".into()]).exec().unwrap();
    let members: BTreeSet<_> = metadata.packages.iter().map(|package| package.name.to_string()).collect();
    let allowed: BTreeMap<_, BTreeSet<_>> =
        ALLOWED.iter().map(|(name, uses)| (*name, uses.iter().copied().collect())).collect();

    let known: BTreeSet<_> = allowed.keys().map(|name| name.to_string()).collect();
    assert_eq!(members, known, "the list of crates and their arrows is out of date");

    for package in &metadata.packages {
        for dependency in &package.dependencies {
            if dependency.kind == DependencyKind::Development || !members.contains(&dependency.name) {
                continue;
            }
            assert!(
                allowed[package.name.as_str()].contains(dependency.name.as_str()),
                "{} must not use {}",
                package.name,
                dependency.name
            );
        }
    }
}

#[test]
fn clients_and_content_do_not_use_the_framework() {
    let metadata = MetadataCommand::new().no_deps().other_options(["--locked".into()]).exec().unwrap();
    for package in &metadata.packages {
        if !WITHOUT_SUBSTRATE.contains(&package.name.as_str()) {
            continue;
        }
        for dependency in &package.dependencies {
            assert!(
                dependency.name != "polkadot-sdk" && !dependency.name.starts_with("pallet-"),
                "{} must not use {}",
                package.name,
                dependency.name
            );
        }
    }
}

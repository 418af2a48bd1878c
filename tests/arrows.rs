//! The workspace's arrows go one way: a crate may use only what stands below it.

use std::{
    collections::{BTreeMap, BTreeSet},
    process::Command,
};

use serde::Deserialize;

/// What each crate may use of the others. A new crate is added here on purpose.
const ALLOWED: &[(&str, &[&str])] = &[
    ("stoa-primitives", &[]),
    ("stoa-content", &["stoa-primitives"]),
    ("pallet-asset-registry", &["stoa-primitives"]),
    ("pallet-chain-timing", &["stoa-primitives"]),
    ("pallet-storage-proofs", &["stoa-primitives"]),
    ("pallet-royalties", &["stoa-primitives"]),
    ("pallet-marketplace", &["stoa-primitives"]),
    ("pallet-compute-escrow", &["stoa-primitives"]),
    ("pallet-dao", &["stoa-primitives"]),
    ("pallet-validator-set", &["stoa-primitives"]),
    ("pallet-governance", &[]),
    (
        "stoa-runtime",
        &[
            "stoa-primitives",
            "pallet-asset-registry",
            "pallet-chain-timing",
            "pallet-compute-escrow",
            "pallet-dao",
            "pallet-governance",
            "pallet-marketplace",
            "pallet-royalties",
            "pallet-storage-proofs",
            "pallet-validator-set",
        ],
    ),
    ("stoa-sdk", &["stoa-primitives", "stoa-content"]),
    ("stoa-gateway", &["stoa-primitives", "stoa-content", "stoa-sdk"]),
    (
        "stoa-node",
        &[
            "stoa-primitives",
            "stoa-content",
            "stoa-gateway",
            "stoa-runtime",
            "stoa-consortium",
            "pallet-asset-registry",
            "pallet-marketplace",
            "pallet-storage-proofs",
        ],
    ),
    ("stoa-consortium", &[]),
    ("stoa-cli", &["stoa-primitives", "stoa-content", "stoa-sdk"]),
    // The command line has the worker's engine as a program beside it, not as a library: see `stoa_sdk::compute`.
    ("stoa-worker", &["stoa-primitives", "stoa-content", "stoa-sdk"]),
    ("stoa-tests", &["stoa-primitives", "stoa-sdk"]),
];

/// Crates that must stay usable without the chain's framework.
const WITHOUT_SUBSTRATE: &[&str] =
    &["stoa-primitives", "stoa-content", "stoa-gateway", "stoa-sdk", "stoa-cli", "stoa-worker"];

/// What we read of `cargo metadata --format-version 1`. The crate `cargo_metadata` would switch on features of
/// `serde_json`, with which most of the node's dependencies would be built a second time for the tests.
#[derive(Deserialize)]
struct Metadata {
    packages: Vec<Package>,
}

#[derive(Deserialize)]
struct Package {
    name: String,
    dependencies: Vec<Dependency>,
}

#[derive(Deserialize)]
struct Dependency {
    name: String,
    /// None for an ordinary dependency.
    kind: Option<String>,
}

fn packages() -> Vec<Package> {
    let output = Command::new(env!("CARGO"))
        .args(["metadata", "--format-version", "1", "--no-deps", "--locked"])
        .current_dir(env!("CARGO_MANIFEST_DIR"))
        .output()
        .unwrap();
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    serde_json::from_slice::<Metadata>(&output.stdout).unwrap().packages
}

#[test]
fn every_crate_uses_only_what_stands_below_it() {
    let packages = packages();
    let members: BTreeSet<_> = packages.iter().map(|package| package.name.clone()).collect();
    let allowed: BTreeMap<_, BTreeSet<_>> =
        ALLOWED.iter().map(|(name, uses)| (*name, uses.iter().copied().collect())).collect();

    let known: BTreeSet<_> = allowed.keys().map(|name| name.to_string()).collect();
    assert_eq!(members, known, "the list of crates and their arrows is out of date");

    for package in &packages {
        for dependency in &package.dependencies {
            if dependency.kind.as_deref() == Some("dev") || !members.contains(&dependency.name) {
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
    for package in packages() {
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

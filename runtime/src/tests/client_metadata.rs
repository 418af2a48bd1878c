//! The metadata that the SDK is generated from.

use super::*;

/// Run with `STOA_UPDATE_METADATA=1` after a change of the runtime, and commit the file. Benchmarks and `try_state` add
/// runtime APIs that no network has.
#[cfg(not(any(feature = "runtime-benchmarks", feature = "try-runtime")))]
#[test]
fn metadata_of_the_sdk_is_current() {
    use std::{env, fs, path::Path};
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("../sdk/metadata.scale");
    let current = genesis_of("development")
        .execute_with(|| Runtime::metadata_at_version(15).expect("version 15 is supported").to_vec());
    if env::var_os("STOA_UPDATE_METADATA").is_some() {
        fs::write(&path, &current).expect("the file can be written");
    }
    let committed = fs::read(&path).unwrap_or_default();
    assert!(
        committed == current,
        "sdk/metadata.scale is out of date: run `make metadata` and commit the file"
    );
}

#[test]
fn metadata_is_offered_in_the_versions_that_clients_read() {
    genesis_of("development").execute_with(|| {
        assert_eq!(Runtime::metadata_versions(), vec![14, 15, 16]);
    });
}

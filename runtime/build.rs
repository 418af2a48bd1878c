//! Builds the runtime's wasm.

fn main() {
    // The next version, for the test of upgrades: scripts/next-runtime.sh.
    println!("cargo::rustc-check-cfg=cfg(next_version)");
    println!("cargo::rerun-if-env-changed=STOA_NEXT_VERSION");
    if std::env::var_os("STOA_NEXT_VERSION").is_some() {
        println!("cargo::rustc-cfg=next_version");
    }

    #[cfg(all(feature = "std", not(feature = "metadata-hash")))]
    substrate_wasm_builder::WasmBuilder::build_using_defaults();

    // The token's symbol and decimals are part of the hash: they must equal the chain spec's properties.
    #[cfg(all(feature = "std", feature = "metadata-hash"))]
    substrate_wasm_builder::WasmBuilder::init_with_defaults().enable_metadata_hash("STOA", 12).build();
}

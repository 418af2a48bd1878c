//! The engine's settings, and the id that is a hash over them.
//!
//! Everything that a result can depend on is pinned here: the version of wasmtime, the target and its CPU features
//! (which decide where the stack ends), WebAssembly's features, and the rules of our own imports. A change of any of
//! them is another engine, so it must change [`RULES`] or one of the constants beside it.

use std::sync::LazyLock;
use wasmtime::{Config, OptLevel, RegallocAlgorithm, Strategy};

/// The version of wasmtime, which `Cargo.toml` pins. `precompile_compatibility_hash` in the tests has it too.
const WASMTIME: &str = "36.0.20";
/// The rules of our imports: files, clock, randomness, fuel of calls. Counted up when one of them changes.
const RULES: u32 = 1;
/// How deep a program's calls may go, in bytes of its stack.
pub(super) const STACK: usize = 1 << 20;
/// Addresses that are reserved for a memory; more than 32 bits can name, so that bounds need no checks in the code.
const RESERVATION: u64 = 4 << 30;
const GUARD: u64 = 32 << 20;

#[cfg(target_arch = "x86_64")]
const TARGET: &str = "x86_64-unknown-linux-gnu";
/// What every x86-64 processor since 2009 has. More would make an engine that fewer machines can be.
#[cfg(target_arch = "x86_64")]
const CPU: &[&str] = &["has_popcnt", "has_sse3", "has_sse41", "has_sse42", "has_ssse3"];
#[cfg(target_arch = "aarch64")]
const TARGET: &str = "aarch64-unknown-linux-gnu";
#[cfg(target_arch = "aarch64")]
const CPU: &[&str] = &[];
#[cfg(not(any(target_arch = "x86_64", target_arch = "aarch64")))]
compile_error!("an engine needs a target of its own for this processor: add one to settings.rs");

/// A feature of WebAssembly.
type Feature = (&'static str, bool, fn(&mut Config, bool) -> &mut Config);

/// WebAssembly's features, each one on purpose. Those that let two runs differ, or that the limits don't know, are off.
const FEATURES: &[Feature] = &[
    ("bulk-memory", true, Config::wasm_bulk_memory),
    ("custom-page-sizes", false, Config::wasm_custom_page_sizes),
    ("extended-const", true, Config::wasm_extended_const),
    ("function-references", false, Config::wasm_function_references),
    ("gc", false, Config::wasm_gc),
    ("memory64", false, Config::wasm_memory64),
    ("multi-memory", false, Config::wasm_multi_memory),
    ("multi-value", true, Config::wasm_multi_value),
    ("reference-types", true, Config::wasm_reference_types),
    ("relaxed-simd", false, Config::wasm_relaxed_simd),
    ("simd", true, Config::wasm_simd),
    ("tail-call", true, Config::wasm_tail_call),
    ("threads", false, Config::wasm_threads),
    ("wide-arithmetic", false, Config::wasm_wide_arithmetic),
];

/// What the id is a hash of.
pub fn description() -> String {
    let features: Vec<_> =
        FEATURES.iter().map(|(name, on, _)| format!("{}{name}", if *on { '+' } else { '-' })).collect();
    format!(
        "stoa-worker rules {RULES}\nwasmtime {WASMTIME} cranelift\ntarget {TARGET} {}\nfeatures {}\n\
         nan canonical\nfuel on\nstack {STACK}\nmemory {RESERVATION} {GUARD}\n",
        CPU.join(" "),
        features.join(" "),
    )
}

/// The engine's id.
pub fn id() -> [u8; 32] {
    static ID: LazyLock<[u8; 32]> = LazyLock::new(|| blake3::hash(description().as_bytes()).into());
    *ID
}

/// The configuration that the description describes.
pub(super) fn config() -> wasmtime::Result<Config> {
    let mut config = Config::new();
    config.target(TARGET)?;
    for flag in CPU {
        // The name of a CPU feature of the target, which wasmtime compares with this machine's before any code runs.
        #[expect(unsafe_code, reason = "wasmtime refuses an engine whose CPU features this machine lacks")]
        unsafe {
            config.cranelift_flag_enable(flag);
        }
    }
    for (_, on, set) in FEATURES {
        set(&mut config, *on);
    }
    config
        .strategy(Strategy::Cranelift)
        .cranelift_opt_level(OptLevel::Speed)
        .cranelift_regalloc_algorithm(RegallocAlgorithm::Backtracking)
        .cranelift_nan_canonicalization(true)
        .consume_fuel(true)
        .epoch_interruption(false)
        .max_wasm_stack(STACK)
        .memory_reservation(RESERVATION)
        .memory_guard_size(GUARD)
        .memory_may_move(false)
        .signals_based_traps(true)
        .wasm_backtrace(false)
        .generate_address_map(false);
    Ok(config)
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Whoever changes a setting changes the engine: the id of the new one is written down here, and in the job's docs.
    #[test]
    #[cfg(target_arch = "x86_64")]
    fn the_id_is_frozen() {
        assert_eq!(hex::encode(id()), "1f5e67a1777fec38726b5a608bba6245e10bb25fe31c1351336f483f8e817126");
    }

    #[test]
    fn the_description_names_the_wasmtime_that_is_built() {
        let manifest = include_str!("../../../Cargo.toml");
        assert!(manifest.contains(&format!("wasmtime = {{ version = \"={WASMTIME}\"")));
    }

    #[test]
    fn features_are_named_once_and_in_order() {
        assert!(FEATURES.windows(2).all(|pair| pair[0].0 < pair[1].0));
    }
}

#!/usr/bin/env bash
# Generates the weights of our own pallets: `scripts/run scripts/weights.sh [PALLET…]`, all of them unless some are
# named. It takes a build of its own: the tool, which has many dependencies, and the runtime with its benchmarks, whose
# wasm is built as substrate-wasm-builder builds it. Run it on an idle machine.
set -euo pipefail
cd "$(dirname "$0")/.."
export CARGO_TARGET_DIR="$STOA_CACHE/weights"
pallets=("$@")
if [ ${#pallets[@]} = 0 ]; then
    mapfile -t pallets < <(sed -n 's/^pub(crate) mod \(.*\);/\1/p' runtime/src/weights/mod.rs)
fi

# The tool brings a wasm runtime of its own, which only its other commands need.
SKIP_WASM_BUILD=1 cargo build --locked --manifest-path scripts/weights/Cargo.toml
RUSTFLAGS="-Clink-arg=--export-table -Clink-arg=--export=__heap_base -Clink-arg=--import-memory --cfg substrate_runtime" \
    cargo rustc --locked -p stoa-runtime --lib --crate-type cdylib --target wasm32v1-none --release \
    --no-default-features --features runtime-benchmarks --config 'profile.release.panic="abort"'

for pallet in "${pallets[@]}"; do
    file="runtime/src/weights/$pallet.rs"
    "$CARGO_TARGET_DIR/debug/stoa-weights" \
        --runtime "$CARGO_TARGET_DIR/wasm32v1-none/release/stoa_runtime.wasm" \
        --genesis-builder-preset development \
        --pallet "$pallet" --extrinsic '*' --steps "${STEPS:-50}" --repeat "${REPEAT:-20}" \
        --output "$file"
    # The crates have their names from the umbrella; one pallet has two sets of weights; whose machine it was, and
    # where its files lie, is nobody's business.
    sed -i \
        -e '/^\/\/ Executed Command:/,/^$/d' -e 's/HOSTNAME: `[^`]*`, //' \
        -e 's/^use frame_support::/use polkadot_sdk::*;\nuse frame_support::/' \
        -e 's/pallet_dao_free_vote::WeightInfo for/pallet_dao::free_vote::WeightInfo for/' \
        "$file"
done
cargo fmt --all

#!/usr/bin/env bash
# Generates the weights of our own pallets: `scripts/run scripts/weights.sh [PALLET…]`. It takes a build of
# its own, since the runtime must be compiled with its benchmarks. Run it on an idle machine.
set -euo pipefail
cd "$(dirname "$0")/.."
export CARGO_TARGET_DIR="$STOA_CACHE/weights"
pallets=("$@")
[ ${#pallets[@]} -gt 0 ] || pallets=(pallet_asset_registry)

cargo build --locked -p stoa-runtime --features runtime-benchmarks
cargo build --locked --manifest-path scripts/weights/Cargo.toml
for pallet in "${pallets[@]}"; do
    "$CARGO_TARGET_DIR/debug/stoa-weights" \
        --runtime "$CARGO_TARGET_DIR/debug/wbuild/stoa-runtime/stoa_runtime.compact.compressed.wasm" \
        --genesis-builder-preset development \
        --pallet "$pallet" --extrinsic '*' --steps 50 --repeat 20 \
        --output "runtime/src/weights/$pallet.rs"
done
cargo fmt --all

#!/usr/bin/env bash
# Prints the path of the next runtime: the one that was built, with nothing changed but a higher `spec_version`. The test
# of upgrades applies it. Only the runtime's own crate is compiled again, and that once for each runtime.
set -euo pipefail
STOA_CACHE="${STOA_CACHE:-$HOME/.cache/stoa}"
project="${CARGO_TARGET_DIR:-$STOA_CACHE/target}/debug/wbuild/stoa-runtime"
built="$project/stoa_runtime.wasm"
[ -f "$built" ] || { echo "$built is missing: run \`make build\` first" >&2; exit 1; }
next="$STOA_CACHE/next-runtime/$(sha256sum "$built" | cut -c1-32).wasm"
if [ ! -f "$next" ]; then
    mkdir -p "$(dirname "$next")"
    # As the wasm builder runs it: with other flags, all dependencies would be compiled again.
    env -u CARGO_ENCODED_RUSTFLAGS STOA_NEXT_VERSION=1 SKIP_WASM_BUILD= CARGO_TARGET_DIR="$project/target" \
        RUSTFLAGS="-C link-arg=--export-table -C link-arg=--export=__heap_base -C link-arg=--import-memory --cfg substrate_runtime" \
        cargo rustc --target=wasm32v1-none --manifest-path="$project/Cargo.toml" --profile release >&2
    cp "$project/target/wasm32v1-none/release/stoa_runtime.wasm" "$next.part"
    mv "$next.part" "$next"
fi
echo "$next"

#!/usr/bin/env bash
# Installs what the build and the tests need, and nothing that is there already.
#
# Two roads to the runtime's target, wasm32v1-none:
#   rustup   rust-toolchain.toml names the compiler and the target; rustup fetches both.
#   Debian   where rustup can't fetch them: Debian's compiler, with the three crates of the
#            target's library built from Debian's own sources.
# The road is decided once and kept in $STOA_CACHE/road; scripts/run reads it.
set -euo pipefail
cd "$(dirname "$0")/.."

STOA_CACHE="${STOA_CACHE:-$HOME/.cache/stoa}"
mkdir -p "$STOA_CACHE"
TARGET=wasm32v1-none
DEBIAN_RUST=(rustc-web cargo-web rust-web-src rust-web-clippy rustfmt-web lld-19)
TOOLS=(protobuf-compiler clang libclang-dev pkg-config cmake make git curl python3 python3-venv)

say() { printf 'setup: %s\n' "$*"; }
as_root() { if [ "$(id -u)" = 0 ]; then "$@"; else sudo "$@"; fi; }

apt_updated=
apt_install() {
    command -v apt-get >/dev/null || {
        say "install these with your system's package manager, then run this again: $*"
        exit 1
    }
    local missing=()
    local package
    for package in "$@"; do
        dpkg-query -W -f='${Status}' "$package" 2>/dev/null | grep -q 'ok installed' || missing+=("$package")
    done
    [ ${#missing[@]} -gt 0 ] || return 0
    say "installing ${missing[*]}"
    if [ -z "$apt_updated" ]; then
        as_root apt-get update -qq
        apt_updated=yes
    fi
    as_root env DEBIAN_FRONTEND=noninteractive apt-get install -y -qq --no-install-recommends "${missing[@]}" >/dev/null
}

has_target() { # has_target RUSTC
    [ -n "$(ls "$("$1" --print sysroot)/lib/rustlib/$TARGET/lib"/libcore-*.rlib 2>/dev/null)" ]
}

rustup_road() {
    command -v rustup >/dev/null || return 1
    local channel
    channel=$(sed -n 's/^channel = "\(.*\)"/\1/p' rust-toolchain.toml)
    rustup run "$channel" rustc --version >/dev/null 2>&1 && has_target "$(rustup which --toolchain "$channel" rustc)" && return 0
    say "asking rustup for Rust $channel with $TARGET"
    rustup toolchain install "$channel" --profile minimal --component clippy,rustfmt --target "$TARGET" >/dev/null 2>&1
}

debian_road() {
    apt_install "${DEBIAN_RUST[@]}"
    export PATH="/usr/bin:$PATH"
    if ! has_target /usr/bin/rustc; then
        say "building $TARGET's core and alloc from Debian's sources"
        local work sysroot
        work=$(mktemp -d)
        sysroot=$(/usr/bin/rustc --print sysroot)
        mkdir -p "$work/src"
        printf '[package]\nname = "sysroot"\nversion = "0.0.0"\nedition = "2024"\n[workspace]\n' > "$work/Cargo.toml"
        printf '#![no_std]\n' > "$work/src/lib.rs"
        # embed-bitcode: without it the runtime's link-time optimisation finds no .llvmbc section.
        (cd "$work" && RUSTC_BOOTSTRAP=1 RUSTFLAGS=-Cembed-bitcode=yes CARGO_TARGET_DIR="$work/target" \
            /usr/bin/cargo build --quiet --release --target "$TARGET" -Zbuild-std=core,alloc)
        as_root mkdir -p "$sysroot/lib/rustlib/$TARGET/lib"
        as_root cp "$work/target/$TARGET/release/deps"/lib{core,alloc,compiler_builtins}-*.rlib "$sysroot/lib/rustlib/$TARGET/lib/"
        rm -rf "$work"
        # A build folder that was used before the target existed remembers its absence.
        rm -rf "${CARGO_TARGET_DIR:-$STOA_CACHE/target}"/*/wbuild
    fi
    command -v rust-lld >/dev/null || as_root ln -sf /usr/lib/llvm-19/bin/lld /usr/local/bin/rust-lld
}

if command -v apt-get >/dev/null; then
    apt_install "${TOOLS[@]}"
fi
for tool in protoc clang cmake pkg-config curl python3; do
    command -v "$tool" >/dev/null || { say "$tool is missing: install it and run this again"; exit 1; }
done

road=$(cat "$STOA_CACHE/road" 2>/dev/null || true)
if [ "$road" = debian ] || ! rustup_road; then
    [ "$road" = debian ] || say "rustup can't fetch the toolchain here: taking Debian's"
    debian_road
    echo debian > "$STOA_CACHE/road"
else
    echo rustup > "$STOA_CACHE/road"
fi

if [ "${1:-}" = --with-tests ]; then
    command -v cargo-nextest >/dev/null || {
        say "installing cargo-nextest"
        scripts/run cargo install --quiet --locked cargo-nextest
    }
    if ! command -v npm >/dev/null; then apt_install nodejs npm; fi
    # Programs of compute jobs, from C: a library, its start-up code and a linker for clang's WASI target.
    makes_wasm() {
        printf 'int main(void) { return 0; }' | clang --target=wasm32-wasi -O2 -x c -o /dev/null - 2>/dev/null
    }
    if ! makes_wasm; then
        clang_version=$(clang -dumpversion)
        apt_install wasi-libc "libclang-rt-${clang_version%%.*}-dev-wasm32" "lld-${clang_version%%.*}"
        makes_wasm || { say "clang can't compile for wasm32-wasi: install wasi-libc and clang's wasm32 runtime"; exit 1; }
    fi
fi
say "ready ($(cat "$STOA_CACHE/road") toolchain, $(scripts/run rustc --version))"

#!/usr/bin/env bash
# Runs a network on this machine until it is interrupted: `scripts/run scripts/local-network.sh [CONFIG [DIR]]`.
# DIR keeps the network, so that it goes on the next time; remove it for a new one.
set -euo pipefail
top=$(cd "$(dirname "$0")/.." && pwd)
config="${1:-$top/chain-specs/local-consortium.toml}"
dir="${2:-$STOA_CACHE/network}"
export STOA_NODE="$CARGO_TARGET_DIR/debug/stoa-node"

if [ ! -d "$dir/data" ]; then
    # The keys are opened at once, so the password that seals them needn't outlive this script.
    STOA_SEAL_PASSWORD=$(head -c 24 /dev/urandom | base64)
    export STOA_SEAL_PASSWORD
    passwords=$(mktemp)
    trap 'rm -f "$passwords"' EXIT
    sed -n '/^\[\[members\]\]/,/^name/ s/^name = "\(.*\)"/\1/p' "$config" |
        while read -r member; do echo "$member $STOA_SEAL_PASSWORD"; done >"$passwords"
    "$STOA_NODE" network init "$config" --out "$dir" --passwords "$passwords"
    for sealed in "$dir"/members/*/keys.sealed; do
        "$STOA_NODE" network open "$sealed" --out "$dir/data"
    done
    unset STOA_SEAL_PASSWORD
fi

nodes=()
trap 'kill "${nodes[@]}" 2>/dev/null; wait; rm -f "${passwords:-}"' EXIT
trap 'exit 0' INT TERM
mkdir -p "$dir/logs"
for run in "$dir"/members/*/*/run.sh; do
    "$run" >>"$dir/logs/$(basename "$(dirname "$run")").log" 2>&1 &
    nodes+=($!)
done

# What the gateway says of the chain: `finalised` is above 0 once the validators agree.
port() { sed -n "s/.*--$1 \([0-9]*\).*/\1/p" "$2" | head -n 1; }
finalised() { curl -fs "http://127.0.0.1:$1/health" | sed -n 's/.*"finalised":\([0-9]*\).*/\1/p'; }
for run in "$dir"/members/*/*/run.sh; do
    name=$(basename "$(dirname "$run")")
    gateway=$(port gateway-port "$run")
    until [ "$(finalised "$gateway")" -gt 0 ] 2>/dev/null; do
        kill -0 "${nodes[@]}" || { echo "a node ended: see $dir/logs" >&2; exit 1; }
        sleep 0.5
    done
    rpc=$(port rpc-port "$run")
    echo "$name: ws://127.0.0.1:$rpc, http://127.0.0.1:$gateway, https://polkadot.js.org/apps/?rpc=ws://127.0.0.1:$rpc"
done
echo "The network finalises. Ctrl-C stops it; $dir/RUNBOOK.md says how it is run."
wait

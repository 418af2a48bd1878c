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

port() { sed -n "s/.*--$1 \"\([0-9]*\)\".*/\1/p" "$2"; }
call() {
    curl -fs -H 'content-type: application/json' "http://127.0.0.1:$1" \
        -d "{\"jsonrpc\":\"2.0\",\"id\":1,\"method\":\"$2\",\"params\":[$3]}"
}
# The number of the last finalised block, in hex; above 0x0 once the validators agree.
finalised() {
    local hash
    hash=$(call "$1" chain_getFinalizedHead "" | sed -n 's/.*"result":\("0x[0-9a-f]*"\).*/\1/p')
    [ -n "$hash" ] && call "$1" chain_getHeader "$hash" | sed -n 's/.*"number":"\(0x[0-9a-f]*\)".*/\1/p'
}
for run in "$dir"/members/*/*/run.sh; do
    name=$(basename "$(dirname "$run")")
    rpc=$(port rpc-port "$run")
    until [ $(($(finalised "$rpc" || echo 0))) -gt 0 ]; do
        kill -0 "${nodes[@]}" || { echo "a node ended: see $dir/logs" >&2; exit 1; }
        sleep 0.5
    done
    gateway=$(port gateway-port "$run")
    echo "$name: ws://127.0.0.1:$rpc${gateway:+, http://127.0.0.1:$gateway}, https://polkadot.js.org/apps/?rpc=ws://127.0.0.1:$rpc"
done
echo "The network finalises. Ctrl-C stops it; $dir/RUNBOOK.md says how it is run."
wait

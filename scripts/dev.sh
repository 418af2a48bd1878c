#!/usr/bin/env bash
# A development chain of one validator, with content and HTTP. Its state is kept in $STOA_DEV_DIR.
set -euo pipefail
dir="${STOA_DEV_DIR:-$HOME/.local/share/stoa-dev}"
exec "$CARGO_TARGET_DIR/debug/stoa-node" --dev --base-path "$dir" --no-mdns \
    --rpc-port "${STOA_RPC_PORT:-9944}" --gateway-port "${STOA_GATEWAY_PORT:-8080}" "$@"

#!/usr/bin/env bash
# Runs the end-to-end tests: `tests/e2e/run.sh [pytest's options]`. It builds nothing.
#
# Most of them wait for blocks. Without options they run in three groups side by side, each with nodes of its own.
set -euo pipefail
here=$(cd "$(dirname "$0")" && pwd)
cache="${STOA_CACHE:-$HOME/.cache/stoa}/e2e"
cd "$here"
export PYTHONDONTWRITEBYTECODE=1
pytest=("$cache/venv/bin/python" -m pytest)
if [ $# -gt 0 ]; then
    exec "${pytest[@]}" "$@"
fi

networks=(consortium)
money=(test_market.py test_compute.py test_hub_write.py)
# Storage for pay waits until it was seen to pass whole: `run.sh test_storage.py`.
others=(--ignore=test_storage.py)
for path in "${networks[@]}" "${money[@]}"; do others+=("--ignore=$path"); done

out=$(mktemp -d)
declare -A groups
# Each ends its own nodes when it is told to end.
trap 'kill "${groups[@]}" 2>/dev/null || true; wait; rm -rf "$out"' EXIT
"${pytest[@]}" "${networks[@]}" >"$out/networks" 2>&1 & groups[networks]=$!
"${pytest[@]}" "${money[@]}" >"$out/money" 2>&1 & groups[money]=$!
"${pytest[@]}" "${others[@]}" >"$out/others" 2>&1 & groups[others]=$!
failed=
for group in "${!groups[@]}"; do
    wait "${groups[$group]}" || failed="$failed $group"
    unset "groups[$group]"
    cat "$out/$group"
done
if [ -n "$failed" ]; then
    echo "end-to-end tests failed in:$failed" >&2
    exit 1
fi

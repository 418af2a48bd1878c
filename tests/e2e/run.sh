#!/usr/bin/env bash
# Runs the end-to-end tests: `tests/e2e/run.sh [pytest's options]`. It builds nothing.
set -euo pipefail
here=$(cd "$(dirname "$0")" && pwd)
cache="${STOA_CACHE:-$HOME/.cache/stoa}/e2e"
cd "$here"
export PYTHONDONTWRITEBYTECODE=1
exec "$cache/venv/bin/python" -m pytest "$@"

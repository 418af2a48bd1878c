#!/bin/sh
# Runs the node {{node}} of the network {{network}}, with its data in STOA_DATA [default: data/{{node}} beside the
# chain specification] and the program STOA_NODE [default: stoa-node]. More flags may follow.
set -eu
here=$(cd "$(dirname "$0")" && pwd)
network=$(cd "$here/../../.." && pwd)
data=${STOA_DATA:-$network/data/{{node}}}
exec "${STOA_NODE:-stoa-node}" \
    {{arguments}} \
    "$@"

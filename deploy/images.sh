#!/usr/bin/env bash
# Builds the producer's and the worker's images, then starts docker-compose.yml with them and has texts spoken through it.
# With Docker, or a podman that can pull, the public base images are used and the new images stay. Where no registry can be
# reached, root makes stand-ins for the public images (deploy/stand-ins.sh) in a store of their own, deleted at the end.
set -euo pipefail
cd "$(dirname "$0")/.."
# shellcheck source=deploy/stand-ins.sh
. deploy/stand-ins.sh

WORK=$(mktemp -d)
BUILD_OPTIONS=()
TOGETHER_OPTIONS=()

main() {
    trap clean_up EXIT
    choose_engine
    lend_pip_settings
    build producer producer.app
    build worker "worker.app, numpy, soundfile"
    .venv/bin/python deploy/images_together.py --engine "$ENGINE" "${TOGETHER_OPTIONS[@]}"
    say "all well after $SECONDS s"
}

choose_engine() {
    ENGINE=docker
    docker info >/dev/null 2>&1 && return
    ENGINE=podman
    command -v podman >/dev/null || install_podman
    podman pull --quiet "$DEBIAN" >/dev/null 2>&1 || use_stand_ins
}

# The host's package index and certificates reach pip in the build as secrets, which leave no trace in an image.
lend_pip_settings() {
    local name value
    echo "[global]" >"$WORK/pip.conf"
    for name in index-url extra-index-url trusted-host proxy; do
        value=$(pip_setting "$name")
        # A folder of the host can't be seen from inside.
        [ -z "$value" ] || [[ $value == *file:* ]] || echo "$name = $value" >>"$WORK/pip.conf"
    done
    value=$(pip_setting cert)
    if [ -n "$value" ]; then
        echo "cert = /run/secrets/ca" >>"$WORK/pip.conf"
        BUILD_OPTIONS+=(--secret "id=ca,src=$value")
    fi
    BUILD_OPTIONS+=(--secret "id=pip.conf,src=$WORK/pip.conf")
}

# PIP_INDEX_URL before pip.conf, as pip itself has it.
pip_setting() {
    local variable=PIP_${1//-/_}
    variable=${variable^^}
    echo "${!variable:-$(python3 -m pip config get "global.$1" 2>/dev/null || true)}"
}

build() {
    local image=speechmill-$1 modules=$2 began=$SECONDS size
    "$ENGINE" build "${BUILD_OPTIONS[@]}" -f "Dockerfile.$1" -t "$image" . >"$WORK/build.log" 2>&1 ||
        give_up "$image could not be built; the end of its log:
$(tail -n 40 "$WORK/build.log")"
    "$ENGINE" run --rm --read-only --network none --entrypoint python "$image" -c "import $modules"
    size=$("$ENGINE" image inspect --format '{{.Size}}' "$image")
    say "built $image in $((SECONDS - began)) s, $((size / 1000000)) MB"
}

say() {
    echo "images: $1"
}

give_up() {
    say "$1" >&2
    exit 1
}

clean_up() {
    drop_stand_ins
    rm -rf "$WORK"
}

main

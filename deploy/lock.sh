#!/usr/bin/env bash
# Writes requirements/*.txt: exact versions with hashes, for every platform, and no address of any index.
# torch is in none of them (requirements/beside.in).
#   deploy/lock.sh             keep the versions that are pinned, add and drop what pyproject.toml and *.in ask for
#   deploy/lock.sh --upgrade   take the newest versions that fit
#   deploy/lock.sh --check     write nothing; fail when a lock is not what would be written
set -euo pipefail
cd "$(dirname "$0")/.."
# shellcheck source=deploy/uv.sh
. deploy/uv.sh

LOCKS=requirements

main() {
    local upgrade=()
    find_python
    find_uv
    case "${1:-}" in
        --check) check; return ;;
        --upgrade) upgrade=(--upgrade) ;;
        "") ;;
        *) echo "lock: unknown option $1; there are --check and --upgrade" >&2; exit 2 ;;
    esac
    lock_all "${upgrade[@]}"
}

# dev.txt holds all that one environment can, and most others take their versions from it: an image runs what the tests ran.
lock_all() {
    local beside=(--excludes requirements/beside.in)
    lock dev "$@" "${beside[@]}" --extra producer --extra worker --extra gpu --extra otel --extra local pyproject.toml \
        requirements/build.in requirements/dev.in
    local same=(--constraints "$LOCKS/dev.txt")
    lock local "${same[@]}" --extra producer --extra worker --extra local pyproject.toml requirements/build.in
    lock producer "${same[@]}" --extra producer --extra otel pyproject.toml
    lock worker "${same[@]}" --extra worker --extra otel pyproject.toml
    lock gpu "${same[@]}" "${beside[@]}" --extra worker --extra gpu --extra otel pyproject.toml
    lock reference "$@" "${beside[@]}" --extra worker --extra reference pyproject.toml
    lock oracle "$@" --excludes requirements/oracle-without.in requirements/oracle.in
    lock build "${same[@]}" requirements/build.in
    lock uv "$@" requirements/uv.in
    lock openai-1 "$@" requirements/openai-1.in
    lock openai-2 "$@" requirements/openai-2.in
}

# A file that is there keeps its pins: uv reads the output file first.
lock() {
    local name=$1
    shift
    "$UV" pip compile --quiet --universal --python-version 3.11 --generate-hashes --no-emit-index-url \
        --custom-compile-command "make lock" --annotation-style line --output-file "$LOCKS/$name.txt" "$@"
}

check() {
    local kept=$LOCKS name stale=0
    LOCKS=$(mktemp -d)
    trap 'rm -rf "$LOCKS"' EXIT
    cp "$kept"/*.txt "$LOCKS"
    lock_all
    for name in dev local producer worker gpu reference oracle build uv openai-1 openai-2; do
        diff <(pins "$kept/$name.txt") <(pins "$LOCKS/$name.txt") >/dev/null && continue
        echo "requirements/$name.txt is not what pyproject.toml and requirements/*.in ask for: run make lock" >&2
        stale=1
    done
    return "$stale"
}

# Comments name the folder that a lock was made in.
pins() {
    sed 's/ *#.*//' "$1"
}

main "$@"

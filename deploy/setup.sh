#!/usr/bin/env bash
# Makes .venv ready: `deploy/setup.sh local` to run the project, `deploy/setup.sh dev` to test and change it too.
# A fresh machine needs a python3 of 3.11 to 3.14 and nothing else: no pip, no venv, no uv. The Makefile calls this when a
# lock is newer than the stamp that it leaves behind.
set -euo pipefail
cd "$(dirname "$0")/.."
# shellcheck source=deploy/uv.sh
. deploy/uv.sh

main() {
    local set=$1
    find_python
    find_uv
    .venv/bin/python -c '' 2>/dev/null || make_venv
    install --require-hashes --requirement "requirements/$set.txt"
    # Its build tool came with the lock: nothing is fetched that was not pinned.
    install --no-deps --no-build-isolation --editable .
    touch .venv/.local-ready
    [ "$set" = local ] || touch .venv/.dev-ready
}

make_venv() {
    rm -rf .venv  # its Python is gone, or was never there
    "$UV" venv --quiet --python "$PYTHON" .venv
}

# Compiled now, six seconds once: where Python may not write its caches, every start would pay 1.5 s for it.
install() {
    "$UV" pip install --quiet --compile-bytecode --python .venv/bin/python "$@"
}

case "${1:-}" in
    local | dev) main "$1" ;;
    *) echo "setup: say which set of packages: local or dev" >&2; exit 2 ;;
esac

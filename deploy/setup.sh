#!/usr/bin/env bash
# Makes .venv ready: `deploy/setup.sh local` to run the project, `gpu` to run it with the voice qwen3, `dev` to test and change it.
# A fresh machine needs a python3 of 3.11 to 3.14 and nothing else: no pip, no venv, no uv. The Makefile calls this when a
# lock is newer than the stamp that it leaves behind.
set -euo pipefail
cd "$(dirname "$0")/.."
# shellcheck source=deploy/uv.sh
. deploy/uv.sh

# Of all that is installed here, torch alone has no hash: its builds (CPU, one for each CUDA, one for each index that builds its
# own) share a version and differ in their bytes. The tests run on the first, docs/benchmarks.md was measured on the second.
TORCH_DEV=torch==2.13.0
TORCH_GPU=torch==2.11.0

main() {
    find_python
    find_uv
    .venv/bin/python -c '' 2>/dev/null || make_venv
    case $1 in
        dev) install_locked dev; install_torch_dev ;;
        gpu) install_locked local gpu; install_torch_gpu ;;
        *) install_locked local ;;
    esac
    # Its build tool came with the lock: nothing is fetched that was not pinned.
    install --no-deps --no-build-isolation --editable .
    touch .venv/.local-ready
    [ "$1" = local ] || touch ".venv/.$1-ready"
}

make_venv() {
    rm -rf .venv  # its Python is gone, or was never there
    "$UV" venv --quiet --python "$PYTHON" .venv
}

install_locked() {
    local lock
    for lock; do
        install --require-hashes --requirement "requirements/$lock.txt"
    done
}

# A build without CUDA, which is a tenth of the size: from folders that pip is told of, else from where PyTorch publishes it, else
# (and elsewhere than on Linux, where the ordinary build has no CUDA) from wherever packages come from.
install_torch_dev() {
    local folder folders from=()
    folders=${PIP_FIND_LINKS:-$("$PYTHON" -m pip config get global.find-links 2>/dev/null || true)}
    for folder in $folders; do
        from+=(--find-links "$folder")
    done
    if [ -z "$folders" ] && [ "$(uname)" = Linux ] && [ -z "${UV_TORCH_BACKEND:-}" ]; then
        install --torch-backend cpu --constraints requirements/dev.txt "$TORCH_DEV" && return
        echo "setup: PyTorch's own CPU build cannot be reached; taking the ordinary one" >&2
    fi
    install "${from[@]}" --constraints requirements/dev.txt "$TORCH_DEV"
}

# The index's ordinary build is for CUDA 13. Where the driver is older, UV_TORCH_BACKEND=auto (uv's own setting) finds another.
install_torch_gpu() {
    install --constraints requirements/gpu.txt "$TORCH_GPU"
}

# Compiled now, six seconds once: where Python may not write its caches, every start would pay 1.5 s for it.
install() {
    "$UV" pip install --quiet --compile-bytecode --python .venv/bin/python "$@"
}

case "${1:-}" in
    local | gpu | dev) main "$1" ;;
    *) echo "setup: say which set of packages: local, gpu or dev" >&2; exit 2 ;;
esac

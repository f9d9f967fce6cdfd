# Sourced by setup.sh and lock.sh: sets PYTHON to a Python that the project runs on, and UV to a uv that runs.
# On a machine without uv, the one pinned in requirements/uv.txt goes to .venv-uv.
# shellcheck shell=bash

PYTHONS=(python3 python3.14 python3.13 python3.12 python3.11)

# Tried by running it: version managers put names on PATH that only answer "not installed".
find_python() {
    for PYTHON in "${PYTHONS[@]}"; do
        "$PYTHON" -c 'import sys; sys.exit(not (3, 11) <= sys.version_info < (3, 15))' 2>/dev/null && return
    done
    give_up "speechmill needs Python 3.11, 3.12, 3.13 or 3.14 on PATH; python3 here: $(python3 --version 2>/dev/null || echo none)"
}

find_uv() {
    UV=uv
    "$UV" --version >/dev/null 2>&1 && return
    UV=$PWD/.venv-uv/bin/uv
    "$UV" --version >/dev/null 2>&1 && return
    echo "setup: no uv on PATH; the pinned one goes to .venv-uv"
    install_uv
}

install_uv() {
    if "$PYTHON" -m pip --version >/dev/null 2>&1; then
        uv_from_pip "$PYTHON" --target .venv-uv
    elif "$PYTHON" -c 'import venv, ensurepip' 2>/dev/null; then
        uv_from_venv "$PYTHON"
    elif [ "$(id -u)" -eq 0 ] && command -v apt-get >/dev/null; then
        venv_from_apt
        uv_from_venv /usr/bin/python3  # the package is for Debian's own Python; uv then works with any
    else
        give_up "uv is missing, and so are pip and venv, which could install it. Run one of these, then try again:
    sudo apt-get install --yes python3-venv    (Debian, Ubuntu)
    $PYTHON -m ensurepip --user                (elsewhere)"
    fi
}

venv_from_apt() {
    local said
    # The lists may be there already, and an update takes seconds.
    said=$(apt_get install python3-venv) || said=$(apt_get update && apt_get install python3-venv) ||
        give_up "apt-get could not install python3-venv; it said: $(tail -n 3 <<<"$said")"
}

apt_get() {
    DEBIAN_FRONTEND=noninteractive apt-get -qq --yes --no-install-recommends \
        -o Dpkg::Use-Pty=0 -o DPkg::Lock::Timeout=120 "$@" 2>&1
}

uv_from_venv() {
    rm -rf .venv-uv
    "$1" -m venv .venv-uv
    uv_from_pip .venv-uv/bin/python
}

uv_from_pip() {
    local python=$1
    shift
    PIP_DISABLE_PIP_VERSION_CHECK=1 PIP_ROOT_USER_ACTION=ignore \
        "$python" -m pip install --quiet --require-hashes --requirement requirements/uv.txt "$@" ||
        give_up "pip could not install uv; its reason is above"
}

give_up() {
    echo "setup: $1" >&2
    exit 1
}

#!/usr/bin/env bash
# Makes .venv-oracle: the unmodified qwen-tts 0.1.1, with the transformers that it wants, for tests/parity.
# torch comes from .venv: both sides then round alike, and no second gigabyte is fetched.
set -euo pipefail
cd "$(dirname "$0")/.."
# shellcheck source=deploy/uv.sh
. deploy/uv.sh

main() {
    find_python
    find_uv
    .venv/bin/python -c "import torch" || give_up "torch is missing in .venv, which the tests need too"
    "$UV" venv --quiet --clear --python .venv/bin/python .venv-oracle
    "$UV" pip install --quiet --python .venv-oracle/bin/python --no-deps --require-hashes --requirement requirements/oracle.txt
    packages_of .venv > "$(packages_of .venv-oracle)/torch-from-venv.pth"  # behind its own: only what it lacks is found there
    .venv-oracle/bin/python -c 'from tests.parity.oracle_imports import import_qwen_tts; import_qwen_tts()'
    touch .venv-oracle/.ready
}

packages_of() {
    "$1/bin/python" -c 'import sysconfig; print(sysconfig.get_path("purelib"))'
}

main

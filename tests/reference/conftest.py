"""These tests speak with the real package qwen-tts, in an environment of its own (deploy/oracle.sh; `make test-all` runs them):
`.venv-oracle/bin/python -m pytest tests/reference`. Where the package is absent there is nothing here to run."""

from collections.abc import Callable
from importlib.util import find_spec
from pathlib import Path

import pytest

from tests.parity.checkpoints import checkpoints_within

collect_ignore_glob = [] if find_spec("qwen_tts") else ["test_*.py"]
if not find_spec("faster_qwen3_tts"):
    collect_ignore_glob += ["test_faster.py"]


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    for each in items:
        each.add_marker(pytest.mark.filterwarnings("ignore"))  # what the package and its old transformers warn of


@pytest.fixture(scope="session")
def checkpoint(tmp_path_factory: pytest.TempPathFactory) -> Callable[[str], Path]:
    """The folder of a tiny checkpoint by its name in tests.parity.utterances.KINDS."""
    return checkpoints_within(tmp_path_factory.mktemp("reference"))

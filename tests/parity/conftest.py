"""The tiny checkpoints on disk, once a test run."""

from collections.abc import Callable
from functools import cache
from pathlib import Path

import pytest

from tests.parity.checkpoints import checkpoints_within
from tests.parity.ours import Ours


@pytest.fixture(scope="session")
def parity_checkpoint(tmp_path_factory: pytest.TempPathFactory) -> Callable[[str], Path]:
    """The folder of a checkpoint by its name in KINDS."""
    return checkpoints_within(tmp_path_factory.mktemp("parity"))


@pytest.fixture(scope="session")
def ours(parity_checkpoint: Callable[[str], Path]) -> Callable[[str], Ours]:
    """Our engine's parts on a checkpoint by its name in KINDS."""
    @cache
    def opened(name: str) -> Ours:
        return Ours(parity_checkpoint(name))

    return opened

"""Checkpoints that the tests of the model load."""

from collections.abc import Callable
from functools import cache
from pathlib import Path

import pytest

from worker.model.config import Kind
from worker.model.random_checkpoint import write_random_checkpoint

TinyCheckpoint = Callable[[Kind], Path]


@pytest.fixture(scope="session")
def tiny_checkpoint(tmp_path_factory: pytest.TempPathFactory) -> TinyCheckpoint:
    """The folder of a tiny random checkpoint of a kind; written once a session, so nobody may change it."""

    @cache
    def folder(kind: Kind) -> Path:
        path = tmp_path_factory.mktemp(f"tiny-{kind}")
        write_random_checkpoint(path, size="tiny", kind=kind)
        return path

    return folder

"""Where `chaos` runs: nothing of another run may be there, whose jobs no client would know."""

from pathlib import Path

import pytest

from speechmill.cli.chaos.command import _folder
from speechmill.cli.exits import Exit, Failure


def test_a_folder_that_is_new_or_empty_is_taken(tmp_path: Path) -> None:
    for path in (tmp_path, tmp_path / "new"):
        with _folder(path) as (folder, _):
            assert folder == path


def test_a_folder_of_another_run_is_refused(tmp_path: Path) -> None:
    (tmp_path / "redis").mkdir()
    with pytest.raises(Failure, match="--data must be a folder that is new or empty") as refused, _folder(tmp_path):
        pass
    assert refused.value.exit == Exit.USAGE

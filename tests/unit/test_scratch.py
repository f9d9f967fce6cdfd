"""Scratch folders go with their process."""

import subprocess
from pathlib import Path

from worker.scratch import clear_scratch, making


def test_what_a_killed_worker_left_is_removed_and_what_a_living_one_makes_is_not(tmp_path: Path) -> None:
    gone = subprocess.Popen(["true"])
    gone.wait()
    left = tmp_path / f"speechmill-{gone.pid}-abc123"
    left.mkdir()
    (left / "speech.mp3").write_bytes(b"half")
    (tmp_path / "somebody-elses").mkdir()
    with making(tmp_path) as mine:
        assert clear_scratch(tmp_path) == 1
        assert Path(mine).exists()
    assert sorted(path.name for path in tmp_path.iterdir()) == ["somebody-elses"]

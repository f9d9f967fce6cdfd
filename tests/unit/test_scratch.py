"""Scratch folders go with their process, and a full disk is told from all other trouble."""

import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from speechmill.errors import BlobsUnavailable, EncodingFailed
from worker.leftovers import clear_scratch
from worker.scratch import Scratch, ScratchFull, making

MAKER = """
import sys, time
from pathlib import Path
from worker.scratch import Scratch, making
with making(Scratch(Path(sys.argv[1]))) as folder:
    Path(folder, "speech.mp3").write_bytes(b"half")
    print(folder, flush=True)
    time.sleep(600)
"""


def grow_old(*paths: Path) -> None:
    for path in paths:
        os.utime(path, (time.time() - 3600,) * 2)


def test_what_a_killed_worker_left_is_removed_and_what_living_ones_make_is_not(tmp_path: Path) -> None:
    (tmp_path / "somebody-elses").mkdir()
    with subprocess.Popen([sys.executable, "-c", MAKER, str(tmp_path)], stdout=subprocess.PIPE, text=True) as maker:
        assert maker.stdout
        theirs = Path(maker.stdout.readline().strip())
        with making(Scratch(tmp_path)) as mine:
            grow_old(theirs, Path(mine))
            assert clear_scratch(tmp_path) == 0
            os.kill(maker.pid, signal.SIGKILL)
            maker.wait()
            assert clear_scratch(tmp_path) == 1
            assert Path(mine).exists()
    assert sorted(path.name for path in tmp_path.iterdir()) == ["somebody-elses"]


def test_the_process_id_of_a_dead_worker_may_be_anybody_s(tmp_path: Path) -> None:
    """After a container has started again it is often the new worker's own."""
    left = tmp_path / f"speechmill-{os.getpid()}-abc123"
    left.mkdir()
    grow_old(left)
    assert clear_scratch(tmp_path) == 1


def test_a_folder_that_may_not_be_locked_yet_is_left_alone(tmp_path: Path) -> None:
    (tmp_path / f"speechmill-{os.getpid()}-abc123").mkdir()
    assert clear_scratch(tmp_path) == 0


def test_signs_of_life_of_workers_long_dead_are_removed(tmp_path: Path) -> None:
    for name in ("1.alive", "1.ready", "2.alive", "2.ready"):
        (tmp_path / f"speechmill-worker-{name}").touch()
    os.utime(tmp_path / "speechmill-worker-1.alive", (time.time() - 100_000,) * 2)
    clear_scratch(tmp_path)
    assert sorted(path.name for path in tmp_path.iterdir()) == ["speechmill-worker-2.alive", "speechmill-worker-2.ready"]


@pytest.mark.parametrize("error", [
    OSError(28, "No space left on device"), OSError(122, "Disk quota exceeded"),
    EncodingFailed("ffmpeg ended with 1: Error closing file file:/x.mp3: No space left on device")])
def test_no_room_is_the_disk_s_fault_and_names_the_setting(tmp_path: Path, error: Exception) -> None:
    told: list[bool] = []
    scratch = Scratch(tmp_path, lambda: told.append(scratch.full))
    with pytest.raises(ScratchFull, match="SPEECHMILL_WORKER__SCRATCH"), making(scratch):
        raise error
    assert scratch.full
    assert told == [True]
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("error", [
    OSError(5, "Input/output error"), EncodingFailed("There is no sound to encode."), BlobsUnavailable("The folder is full.")])
def test_other_trouble_stays_what_it_is(tmp_path: Path, error: Exception) -> None:
    scratch = Scratch(tmp_path)
    with pytest.raises(type(error)) as raised, making(scratch):
        raise error
    assert raised.value is error
    assert not scratch.full


def test_a_full_disk_is_not_looked_at_again_at_once(tmp_path: Path) -> None:
    scratch = Scratch(tmp_path)
    scratch.told_full()
    scratch.look()
    assert scratch.full

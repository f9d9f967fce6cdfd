"""Files that appear whole or not at all, beside others that are written, or were, to the same place."""

import errno
import fcntl
import subprocess
import sys
from pathlib import Path

import pytest

from speechmill.cli.whole_file import whole_file

NAME = "01 [a] chapter*.m4a"
"""What a pattern would read otherwise."""
KILLED = """
import os, pathlib, signal, sys
from speechmill.cli.whole_file import whole_file
with whole_file(pathlib.Path(sys.argv[1])) as file:
    file.write(b"half")
    file.flush()
    os.kill(os.getpid(), signal.SIGKILL)
"""


def write(target: Path, content: bytes) -> None:
    with whole_file(target) as file:
        file.write(content)


def test_a_file_appears_when_all_of_it_is_written(tmp_path: Path) -> None:
    with whole_file(tmp_path / NAME) as file:
        file.write(b"whole")
        assert not (tmp_path / NAME).exists()
    assert [(path.name, path.read_bytes()) for path in tmp_path.iterdir()] == [(NAME, b"whole")]


def test_a_writer_that_fails_leaves_what_was_there(tmp_path: Path) -> None:
    def fail() -> None:
        with whole_file(tmp_path / NAME) as file:
            file.write(b"ne")
            raise RuntimeError

    write(tmp_path / NAME, b"old")
    with pytest.raises(RuntimeError):
        fail()
    assert [(path.name, path.read_bytes()) for path in tmp_path.iterdir()] == [(NAME, b"old")]


def test_what_a_killed_writer_left_goes_with_the_next_one(tmp_path: Path) -> None:
    subprocess.run([sys.executable, "-c", KILLED, str(tmp_path / NAME)], check=False)
    (left,) = tmp_path.iterdir()
    assert left.read_bytes() == b"half"
    other = tmp_path / ".01 [a] chapterX.m4a.0123abcd.part"
    other.touch()  # of another file
    write(tmp_path / NAME, b"whole")
    assert sorted(path.name for path in tmp_path.iterdir()) == sorted([NAME, other.name])


def test_who_still_writes_is_not_disturbed(tmp_path: Path) -> None:
    with whole_file(tmp_path / NAME) as first:
        first.write(b"first")
        write(tmp_path / NAME, b"second")
        assert (tmp_path / NAME).read_bytes() == b"second"
    assert (tmp_path / NAME).read_bytes() == b"first"


def test_a_file_system_without_locks_takes_files_and_keeps_what_was_left(
        tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(*_: object) -> None:
        raise OSError(errno.ENOLCK, "No locks available")

    left = tmp_path / f".{NAME}.0123abcd.part"
    left.touch()
    monkeypatch.setattr(fcntl, "flock", refuse)
    write(tmp_path / NAME, b"whole")
    assert (tmp_path / NAME).read_bytes() == b"whole"
    assert left.exists()


def test_a_folder_that_is_not_there_is_said(tmp_path: Path) -> None:
    with pytest.raises(FileNotFoundError), whole_file(tmp_path / "none" / NAME):
        pass

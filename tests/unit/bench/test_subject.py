"""A process that is measured: by any interpreter, one at a time, and whatever becomes of it is said in one line."""

import os
import sys
import time
from collections.abc import Callable
from pathlib import Path
from queue import SimpleQueue

import pytest

from worker.bench.subject.alone import SubjectBroke, told_by
from worker.bench.subject.process import Call, Ended, Message, Ready, Subject

ROOT = Path(__file__).parents[3]


def call(function: str, python: str = sys.executable, **order: object) -> Call:
    return Call(f"tests.unit.bench.measured:{function}", order, python, {"PYTHONPATH": str(ROOT)})


def test_it_gets_its_order_and_tells_what_it_measured() -> None:
    assert list(told_by(call("echo", text="où", n=3), limit_s=30)) == 2 * [{"text": "où", "n": 3}]


@pytest.mark.parametrize(("function", "problem"), [
    ("refusing", "^no such device$"),
    ("stumbling", r"^ValueError: it said much on many lines\.+ …$"),
    ("crashing", "SIGSEGV after: an illegal memory access"),
    ("missing", "AttributeError: .*missing"),
])
def test_what_broke_is_said_in_one_line(function: str, problem: str) -> None:
    with pytest.raises(SubjectBroke, match=problem) as caught:
        list(told_by(call(function), limit_s=30))
    assert len(str(caught.value)) < 300


def test_an_interpreter_that_is_not_there_is_named() -> None:
    with pytest.raises(SubjectBroke, match="/no/python can't be run: No such file"):
        list(told_by(call("echo", "/no/python"), limit_s=30))


def test_what_takes_too_long_is_ended() -> None:
    with pytest.raises(SubjectBroke, match="took longer than 1 s"):
        list(told_by(call("waiting"), limit_s=1))


def test_what_it_has_started_ends_with_it() -> None:
    [told] = told_by(call("leaving_a_child"), limit_s=30)
    until(lambda: state_of(told["pid"]) == "Z")


def test_another_interpreter_gets_our_code_and_nothing_else_of_ours(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PYTHONPATH", "/our/packages")
    theirs = tmp_path / "python"
    theirs.write_text(f'#!/bin/sh\nPYTHONPATH="$PYTHONPATH:{ROOT}" exec {sys.executable} "$@"\n')
    theirs.chmod(0o755)
    [told] = told_by(Call("tests.unit.bench.measured:packages", {}, str(theirs)), limit_s=30)
    assert told["worker"] == str(ROOT / "worker/__init__.py")
    assert not any(path.startswith(("/our", str(ROOT / "worker"))) for path in told["path"])
    assert "/our/packages" not in told["given"]


def test_time_that_it_stood_still_does_not_count() -> None:
    mailbox: SimpleQueue[tuple[Subject, Message]] = SimpleQueue()
    subject = Subject(call("waiting"), mailbox)
    try:
        assert mailbox.get(timeout=30) == (subject, Ready())
        subject.pause()
        ran_s = subject.ran_s
        time.sleep(0.3)
        assert subject.ran_s == ran_s
        until(lambda: state_of(subject.pid) == "T")
        resumed = time.monotonic()
        subject.resume()
        time.sleep(0.1)
        ran_on_s = subject.ran_s - ran_s
        assert 0.09 < ran_on_s < time.monotonic() - resumed + 0.01
    finally:
        subject.kill()
    assert isinstance(mailbox.get(timeout=30)[1], Ended)
    with pytest.raises(ProcessLookupError):
        os.kill(subject.pid, 0)


def until(true: Callable[[], bool]) -> None:
    deadline = time.monotonic() + 60
    while not true():
        assert time.monotonic() < deadline
        time.sleep(0.01)


def state_of(pid: int) -> str:
    """Z once it is gone."""
    try:
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0]
    except OSError:
        return "Z"

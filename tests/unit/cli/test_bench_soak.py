"""`speechmill bench soak` is the program `python -m worker.bench.soak`, with its options, its words and its status."""

import re
import subprocess
import sys

import pytest

from tests.unit.cli.test_commands import run


def test_it_takes_every_option_of_the_program_that_it_runs() -> None:
    command = [sys.executable, "-m", "worker.bench.soak", "--help"]
    theirs = subprocess.run(command, capture_output=True, text=True, check=True).stdout
    ours = run("bench", "soak", "--help").stdout.decode()
    first_words = re.compile(r"^ +(?:-h, )?(--[a-z]+)", re.MULTILINE)
    assert set(first_words.findall(ours)) == set(first_words.findall(theirs))
    assert len(first_words.findall(ours)) > 9


@pytest.mark.parametrize("arguments", [(), ("--checkpoint", "a/b", "--random", "tiny")])
def test_it_wants_to_know_what_to_speak_with(arguments: tuple[str, ...]) -> None:
    done = run("bench", "soak", *arguments)
    assert done.returncode == 2
    assert b"either --checkpoint NAME, or --random tiny" in done.stderr


@pytest.mark.parametrize(("arguments", "problem"), [
    (("--random", "huge"), b"choose from 'tiny', '0.6b', '1.7b'"),
    (("--random", "tiny", "--slots", "1"), b"at least 2 slots"),
    (("--random", "tiny", "--minutes", "0"), b"it must be more than 0"),
])
def test_it_ends_as_the_program_does_in_its_own_words(arguments: tuple[str, ...], problem: bytes) -> None:
    done = run("bench", "soak", *arguments)
    assert done.returncode == 2
    assert problem in done.stderr

"""`speechmill bench guide` runs `python -m worker.bench.guide`, and takes what that takes."""

import re
import subprocess
import sys

OPTION = re.compile(r"^ +(?:-h, )?(--[a-z-]+)", re.MULTILINE)


def helped(*command: str) -> set[str]:
    done = subprocess.run([sys.executable, "-m", *command, "--help"], capture_output=True, text=True, check=True)
    return set(OPTION.findall(done.stdout))


def test_it_takes_every_option_of_the_program_that_it_runs() -> None:
    theirs = helped("worker.bench.guide")
    assert helped("speechmill.cli.main", "bench", "guide") == theirs
    assert len(theirs) > 9


def test_a_row_that_does_not_exist_is_refused_before_anything_is_made() -> None:
    command = [sys.executable, "-m", "worker.bench.guide", "--random", "1.7b", "--rows", "engin"]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    assert done.returncode == 2
    assert "No row is called 'engin'; there are reference," in done.stderr

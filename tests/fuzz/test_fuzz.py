"""A little of every attack, the same in each run. `make fuzz` is the long one."""

import subprocess
import sys

import pytest

from tests.fuzz.__main__ import TARGETS

pytestmark = pytest.mark.timeout(300)
EXAMPLES = 150
SEED = 7


@pytest.mark.parametrize("name", TARGETS)
def test_it_withstands_whatever_comes(name: str) -> None:
    """No crash, no hang, within its memory; what it refuses, it refuses with an error of ours."""
    done = subprocess.run([sys.executable, "-m", "tests.fuzz", name, "--here", "--examples", str(EXAMPLES), "--seed", str(SEED)],
                          capture_output=True, text=True, timeout=280)
    assert done.returncode == 0, done.stderr[-6000:]

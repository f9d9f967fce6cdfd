"""A bench that is told to stop leaves nothing behind: random weights are gigabytes, and what measures holds a GPU."""

import os
import subprocess
import sys
import time
from pathlib import Path

import pytest

from speechmill.cli.exits import Exit


def of_group(group: int) -> str:
    """Its processes; the dead, whom a container's init may leave lying about, do not count."""
    listed = subprocess.run(["ps", "-eo", "pgid=,stat=,args="], capture_output=True, text=True, check=True).stdout
    return "\n".join(line for line in listed.splitlines()
                     if line.split()[0] == str(group) and not line.split()[1].startswith("Z"))


@pytest.mark.parametrize("bench", ["engine", "soak", "serve", "book"])
def test_sigterm_clears_away_what_a_bench_has_written(bench: str, tmp_path: Path) -> None:
    command = [sys.executable, "-m", "speechmill.cli.main", "bench", bench, "--random", "tiny"]
    process = subprocess.Popen(command, env={**os.environ, "TMPDIR": str(tmp_path)}, start_new_session=True)
    try:
        deadline = time.monotonic() + 60
        while not list(tmp_path.glob("speechmill-*/**/model.safetensors")):  # the weights are being made, or are there
            assert process.poll() is None
            assert time.monotonic() < deadline
            time.sleep(0.01)
        process.terminate()  # it alone, not what it has started
        assert process.wait(30) == Exit.CANCELLED
        assert not list(tmp_path.glob("speechmill-*"))
        deadline = time.monotonic() + 5
        while running := of_group(process.pid):
            assert time.monotonic() < deadline, running
            time.sleep(0.05)
    finally:
        process.kill()
        process.wait()

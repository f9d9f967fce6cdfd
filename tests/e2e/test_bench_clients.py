"""`speechmill bench clients`: clients that wait leave nothing behind, and nobody is turned away while they are there."""

import json
import subprocess

import pytest

from tests.e2e.test_cli import SPEECHMILL, outside

POOL = 20
"""Connections to Redis that one round may have made and the next one not."""


@pytest.mark.slow
def test_three_hundred_clients_come_and_go_and_nothing_is_left_of_them() -> None:
    done = subprocess.run([SPEECHMILL, "bench", "clients", "--clients", "300", "--rounds", "6", "--rate", "10", "--seconds", "1",
                           "--json"], env=outside(), capture_output=True, text=True, check=False, timeout=600)
    assert done.returncode == 0, done.stderr
    report = json.loads(done.stdout)
    assert report["alone"]["refused"] == 0
    for each in report["rounds"]:
        assert (each["submits"]["refused"], each["stay"]["broken"]) == (0, 0)
        assert each["stay"]["heard"] >= 150
        assert each["bytes_a_client"] < 200_000
    last = report["rounds"][-1]
    assert last["left_files"] <= POOL
    assert last["left_bytes"] < 300 * 30_000

"""`speechmill bench crash`: it runs, and what does not hang on the machine's speed holds."""

import json
import subprocess

import pytest

from tests.e2e.test_cli import SPEECHMILL, outside


@pytest.mark.timeout(300)  # it starts two stacks
def test_it_reports_who_does_the_units_of_a_worker_that_was_killed_or_stopped() -> None:
    done = subprocess.run([SPEECHMILL, "bench", "crash", "--units", "6", "--leases", "4", "--grace", "0.5", "--speaking", "0.2",
                           "--json"], env=outside(), capture_output=True, text=True, check=False, timeout=280)
    assert done.returncode == 0, done.stderr
    killed, stopped = json.loads(done.stdout)["runs"]
    assert (killed["end"], stopped["end"]) == ("kill", "stop")
    assert stopped["first_free_s"] >= 0.5, "a worker that stops may finish within its grace"
    for run in (killed, stopped):
        assert 0 < run["first_free_s"] <= run["first_elsewhere_s"] <= run["last_elsewhere_s"] <= run["all_ended_s"]
        assert (run["spoken_twice"], run["charged"]) == (0, 0)


def test_leases_that_are_no_numbers_are_refused() -> None:
    done = subprocess.run([SPEECHMILL, "bench", "crash", "--leases", "3,soon"], env=outside(), capture_output=True, text=True,
                          check=False, timeout=60)
    assert done.returncode == 2
    assert "--leases is seconds of at least 1" in done.stderr

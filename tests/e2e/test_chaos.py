"""`speechmill chaos`, whole: a minute under fire, in which nothing is lost and nothing is done twice."""

import json
import subprocess
from pathlib import Path
from typing import Any

import pytest

from tests.e2e.test_cli import SPEECHMILL, outside

SEED = "1"
LONGEST_S = 360


def chaos(*arguments: str) -> "subprocess.CompletedProcess[str]":
    return subprocess.run([SPEECHMILL, "chaos", *arguments], env=outside(), capture_output=True, text=True, timeout=LONGEST_S,
                          check=False)


@pytest.mark.timeout(LONGEST_S + 30)
def test_nothing_is_lost_and_nothing_done_twice_in_a_minute_under_fire(tmp_path: Path) -> None:
    done = chaos("--seed", SEED, "--seconds", "60", "--json", "--data", str(tmp_path / "chaos"))
    assert done.stdout.count("\n") == 1, done.stderr
    audit: dict[str, Any] = json.loads(done.stdout)
    assert (audit["cases"], done.returncode, audit["ok"]) == ({}, 0, True), done.stderr
    assert all(times >= 1 for times in audit["faults"].values())
    jobs = audit["jobs"]
    assert jobs["accepted"] >= 50
    assert jobs["ended"] == jobs["in_event_log"] == sum(jobs[end] for end in ("completed", "failed", "cancelled", "expired"))
    assert jobs["committed"] == jobs["completed"]
    assert audit["workers_poisoned"] <= 6


def test_it_prints_its_schedule_first_and_the_audit_last(tmp_path: Path) -> None:
    done = chaos("--seed", SEED, "--seconds", "8", "--clients", "2", "--data", str(tmp_path / "chaos"))
    assert done.returncode == 0, done.stderr
    first, *later = done.stderr.splitlines()
    assert first.startswith("seed 1, 8 s, ")
    n_faults = json.loads(done.stdout.splitlines()[-1])["n_faults"]
    planned, live = later[:n_faults], later[n_faults:]
    assert planned
    assert [line for line in live if line in planned] == planned
    assert "ANSWER" in done.stdout

"""A bench of several runs, each a minute and more: what was measured is shown although a later one fails."""

import json
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest
from typer.testing import CliRunner

from speechmill.cli.bench.crash.measure import Moved
from speechmill.cli.bench.crash.measure import Plan as CrashPlan
from speechmill.cli.bench.serve.measure import Served, Takes
from speechmill.cli.bench.serve.steady import Steady
from speechmill.cli.exits import Exit, Failure
from speechmill.cli.main import app


def test_a_format_that_was_served_is_shown_although_the_next_one_fails(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def serve(order: object, name: str) -> Served:
        if name == "mp3":
            raise Failure("mp3: every job failed")
        return Served(name, 0, Steady(10.0, 421.0, 30, 0, 5.0, 9.0, 100.0, 200.0), None, Takes(30, 0, 30, {}), {})

    @contextmanager
    def served(*_: object, **__: object) -> Iterator[tuple[object, None]]:
        yield object(), None

    monkeypatch.setattr("speechmill.cli.bench.serve.command._serve", serve)
    monkeypatch.setattr("speechmill.cli.bench.serve.command._served", served)
    file = tmp_path / "served.json"
    done = CliRunner().invoke(app, ["bench", "serve", "--voice", "tone", "--format", "flac,mp3", "--json", str(file)])
    assert done.exit_code == Exit.FAILED
    assert "42.1" in done.stdout
    assert "mp3: every job failed" in done.stderr
    assert [one["format"] for one in json.loads(file.read_text())["formats"]] == ["flac"]


def test_a_crash_that_was_measured_is_shown_although_the_next_one_fails(monkeypatch: pytest.MonkeyPatch) -> None:
    def measure(plan: CrashPlan) -> Moved:
        if plan.lease_s > 3:
            raise Failure("waited 120 s for the first unit's return, in vain.", Exit.UNAVAILABLE)
        return Moved(1.0, 1.1, 2.0, 2.1, 3.0, 0, 1)

    monkeypatch.setattr("speechmill.cli.bench.crash.measure.measure", measure)
    done = CliRunner().invoke(app, ["bench", "crash", "--leases", "3,30", "--json"])
    runs: list[dict[str, Any]] = json.loads(done.stdout)["runs"]
    assert done.exit_code == Exit.UNAVAILABLE
    assert [(run["lease_s"], run["all_ended_s"]) for run in runs] == [(3.0, 3.0)]

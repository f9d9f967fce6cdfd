"""`speechmill bench scale --quick`: it runs, and what does not hang on the machine's speed holds."""

import json
import subprocess
from pathlib import Path

from tests.e2e.test_cli import SPEECHMILL, outside


def test_what_a_call_does_and_what_a_unit_takes_does_not_grow_with_what_waits(tmp_path: Path) -> None:
    file = tmp_path / "scale.json"
    done = subprocess.run([SPEECHMILL, "bench", "scale", "--quick", "--json", str(file)], env=outside(), capture_output=True,
                          text=True, timeout=100, check=False)
    assert done.returncode == 0, done.stderr
    report = json.loads(file.read_text())
    few, many, shared = report["points"]
    assert [(point["jobs"], point["tenants"]) for point in report["points"]] == [(100, 1), (1_000, 1), (1_000, 10)]
    for call in ("submit", "claim", "completed", "sweep", "metrics", "list", "list, by status", "list, from the middle"):
        # Redis is asked for the same few things, however much waits.
        assert few["costs"][call]["commands"] == many["costs"][call]["commands"] == shared["costs"][call]["commands"] < 70, call
    assert many["job_bytes"] < few["job_bytes"] < 10_000
    assert many["job_bytes"] < 4_000

    book = report["book"]
    assert book["claims_before_sentence"] == 0
    assert 8 <= book["plan_bytes"] < 10
    assert book["take_bytes"] < 400
    assert [at["first_segment"] for at in book["stretches"]] == [0, book["segments"] - 21]
    assert len({at["claim"]["commands"] for at in book["stretches"]}) == 1

    small, large = report["beats"]
    commands_a_lease = (large["cost"]["commands"] - small["cost"]["commands"]) / (large["leases"] - small["leases"])
    assert commands_a_lease < 1.1  # each unit's token is looked at; leases are renewed many at once
    assert [crash["leases"] for crash in report["crashes"]] == [64, 4_096]

    assert [(one["load"]["kind"], one["load"]["fsync"]) for one in report["reached"]] == [
        ("segment", "always"), ("sentence", "everysec")]
    assert all(one["units_per_s"] > 0 and one["most_per_s"] > 0 for one in report["reached"])
    assert "AT A WHOLE CORE" in done.stdout

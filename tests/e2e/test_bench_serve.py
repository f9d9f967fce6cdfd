"""`speechmill bench serve`, whole: a stack of its own under load, and what it says of it."""

import json
import subprocess
from pathlib import Path
from typing import Any

import pytest

from tests.e2e.test_cli import SPEECHMILL, outside

pytestmark = pytest.mark.timeout(240)  # a stack each


def serve(folder: Path, *arguments: str) -> tuple[dict[str, Any], str]:
    """The figures as JSON, and what was printed."""
    file = folder / "serve.json"
    done = subprocess.run([SPEECHMILL, "bench", "serve", *arguments, "--json", str(file)], env=outside(), capture_output=True,
                          text=True, timeout=200, check=False)
    assert done.returncode == 0, done.stderr
    return json.loads(file.read_text()), done.stdout


def test_a_stack_is_loaded_and_measured_in_each_format(tmp_path: Path) -> None:
    report, table = serve(tmp_path, "--voice", "tone", "--concurrency", "2", "--seconds", "1", "--format", "flac,mp3")
    flac, mp3 = report["formats"]
    assert (flac["format"], mp3["format"], report["open_jobs"]) == ("flac", "mp3", 4)
    for row in report["formats"]:
        assert row["n_jobs"] >= 2
        assert (row["n_failed"], row["takes"]["n_flagged"]) == (0, 0)
        assert row["times_realtime"] == row["audio_s"] / row["wall_s"] > 0
        assert row["takes"]["n"] >= row["n_jobs"]
        assert row["takes"]["n_spoken"] == row["takes"]["n"]
    assert {"producer", "speech worker", "cpu worker", "Redis", "bench"} <= set(flac["cores"])
    assert mp3["cores"]["encoders"] > 0
    assert "of_engine" in flac
    assert flac["of_engine"] is None
    assert table.startswith(" ")
    assert "cores busy, mp3: " in table


def test_random_weights_are_spoken_once_each_until_their_cap_beside_the_engines_own_figure(tmp_path: Path) -> None:
    row = tmp_path / "engine.jsonl"
    row.write_text(json.dumps({"concurrency": 2, "times_realtime": 1000.0}) + "\n")
    report, table = serve(tmp_path, "--random", "tiny", "--concurrency", "2", "--waiting", "1", "--seconds", "1", "--lengths",
                          "4.3,4.6", "--format", "flac", "--engine-row", str(row))
    (flac,) = report["formats"]
    takes = flac["takes"]
    assert takes["n"] == takes["n_flagged"] == takes["n_spoken"] == takes["flags"]["too_long"]
    assert flac["of_engine"] == flac["times_realtime"] / 1000
    assert flac["audio_s"] / flac["n_jobs"] < 4.7
    assert "engine" in flac["cores"]
    assert "random weights never end by themselves" in table

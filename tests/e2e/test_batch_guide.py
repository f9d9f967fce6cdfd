"""docs/batches.md: its examples, run as they stand; and `speechmill batch`."""

import hashlib
import json
import os
import re
import subprocess
import sys
import zipfile
from pathlib import Path

import pytest
import soundfile

from tests.e2e.stack import Stack
from tests.e2e.test_readme import stand_in_for_curl

GUIDE = (Path(__file__).parents[2] / "docs/batches.md").read_text("utf-8")
SPEECHMILL = str(Path(sys.executable).with_name("speechmill"))
NAMES = ["greeting.mp3", "gate.wav", "goodbye.mp3", "manifest.jsonl"]


def example(stack: Stack, language: str, number: int = 0) -> str:
    found = re.findall(rf"```{language}\n(.*?)```", GUIDE, re.DOTALL)[number]
    return str(found).replace("http://127.0.0.1:8000", stack.base_url)


@pytest.fixture
def lines(stack: Stack, tmp_path: Path) -> Path:
    """The file of the guide."""
    subprocess.run(["bash", "-c", example(stack, "bash")], cwd=tmp_path, check=True)
    return tmp_path / "lines.jsonl"


def test_the_sdk_example_fetches_the_sound_of_every_line(stack: Stack, lines: Path) -> None:
    done = subprocess.run([sys.executable, "-W", "ignore::ResourceWarning", "-c", example(stack, "python")], cwd=lines.parent,
                          capture_output=True, text=True, timeout=60)
    assert done.returncode == 0, done.stderr
    assert [json.loads(line)["custom_id"] for line in done.stdout.splitlines() if line] == ["greeting", "gate", "goodbye"]
    assert zipfile.ZipFile(lines.parent / "sound.zip").namelist() == NAMES


def test_the_curl_example_does_the_same(stack: Stack, lines: Path) -> None:
    script = f"set -e -o pipefail\n{stand_in_for_curl()}\n{example(stack, 'bash', 1)}"
    done = subprocess.run(["bash", "-c", script], cwd=lines.parent, capture_output=True, text=True, timeout=60)
    assert done.returncode == 0, done.stderr + stack.logs()
    told = [json.loads(line) for line in (lines.parent / "manifest.jsonl").read_text().splitlines()]
    assert [each["file"] for each in told] == NAMES[:3]
    assert hashlib.sha256((lines.parent / "gate.wav").read_bytes()).hexdigest() == told[1]["sha256"]


def batch(stack: Stack, *arguments: str | Path) -> "subprocess.CompletedProcess[str]":
    outside = {name: value for name, value in os.environ.items() if not name.startswith("SPEECHMILL_")}
    return subprocess.run([SPEECHMILL, "batch", *map(str, arguments), "--url", stack.base_url], env=outside, capture_output=True,
                          text=True, timeout=60, check=False)


def test_the_command_line_writes_every_line_to_a_file_of_its_name(stack: Stack, lines: Path) -> None:
    out = lines.parent / "out"
    done = batch(stack, lines, "-o", out)
    assert done.returncode == 0, done.stderr
    batch_id = done.stdout.strip()
    assert sorted(path.name for path in out.iterdir()) == sorted([*NAMES, "output.jsonl"])
    assert soundfile.info(out / "gate.wav").duration > 0.5
    assert "3 of 3 lines" in done.stderr
    assert batch_id in batch(stack, "list").stdout
    assert "completed" in batch(stack, "show", batch_id).stdout
    assert batch(stack, "cancel", batch_id).returncode == 2
    again = batch(stack, "download", batch_id, "-o", lines.parent / "again", "--zip")
    assert again.returncode == 0, again.stderr
    assert zipfile.ZipFile(lines.parent / "again/archive.zip").testzip() is None


def test_a_file_with_a_wrong_line_is_told_of_line_by_line(stack: Stack, lines: Path) -> None:
    lines.write_text(lines.read_text() + "{}\n")
    done = batch(stack, lines, "-o", lines.parent / "out")
    assert done.returncode == 1
    assert "line 4: custom_id must be a string" in done.stderr
    assert not (lines.parent / "out").exists()


def test_a_file_that_is_none_is_a_wrong_command(stack: Stack, tmp_path: Path) -> None:
    done = batch(stack, tmp_path / "missing.jsonl", "-o", tmp_path / "out")
    assert (done.returncode, "is no file" in done.stderr) == (2, True)


def test_the_guide_names_every_status_and_every_code_of_a_line() -> None:
    for name in ("validating", "failed", "in_progress", "finalizing", "completed", "cancelling", "cancelled", "expired",
                 "duplicate_custom_id", "invalid_custom_id", "invalid_json_line", "invalid_encoding", "line_too_long",
                 "invalid_method", "invalid_url", "empty_file", "too_many_lines", "file_not_found", "quota_exceeded",
                 "batch_cancelled", "batch_expired"):
        assert f"`{name}`" in GUIDE, name

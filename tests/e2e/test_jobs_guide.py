"""docs/jobs.md: its examples, run as they stand, against a whole system."""

import json
import re
import subprocess
import sys
from pathlib import Path

import soundfile

from speechmill import errors
from speechmill.job import Status
from tests.e2e.stack import Stack
from tests.e2e.test_readme import stand_in_for_curl

GUIDE = (Path(__file__).parents[2] / "docs/jobs.md").read_text("utf-8")


def examples(language: str, stack: Stack) -> str:
    found = "\n".join(re.findall(rf"```{language}\n(.*?)```", GUIDE, re.DOTALL))
    return found.replace("http://127.0.0.1:8000", stack.base_url)


def test_the_curl_examples_post_a_job_wait_for_it_and_fetch_its_audio(stack: Stack, tmp_path: Path) -> None:
    script = f"set -e -o pipefail\n{stand_in_for_curl()}\n{examples('bash', stack)}"
    done = subprocess.run(["bash", "-c", script], cwd=tmp_path, capture_output=True, text=True, timeout=90)
    assert done.returncode == 0, done.stderr

    accepted, ended = (json.loads((tmp_path / name).read_text()) for name in ("job.json", "ended.json"))
    headers = (tmp_path / "headers.txt").read_text().lower()
    assert f"location: /v1/audio/speech/jobs/{accepted['id']}" in headers
    assert "retry-after: 1" in headers
    assert (ended["status"], ended["progress"], ended["metadata"]) == ("completed", 100, {"invoice": "4711"})
    assert "etag:" in (tmp_path / "etag.txt").read_text().lower()
    assert (tmp_path / "invoice.mp3").stat().st_size == ended["output"]["bytes"]
    assert json.loads((tmp_path / "segments.json").read_text())["data"]


def test_the_python_example_waits_and_writes_the_audio(stack: Stack, tmp_path: Path) -> None:
    done = subprocess.run([sys.executable, "-c", examples("python", stack)], cwd=tmp_path, capture_output=True, text=True,
                          timeout=90)
    assert done.returncode == 0, done.stderr
    assert soundfile.info(tmp_path / "polled.wav").duration > 0.5


def test_the_tables_name_every_status_and_the_codes_that_the_server_sends() -> None:
    named = set(re.findall(r"^\| `(\w+)` \|", GUIDE, re.MULTILINE))
    assert {status.value for status in Status} <= named
    for error in (errors.Gone, errors.IdempotencyKeyReused, errors.NoCatalogue, errors.QueueFull, errors.QuotaExceeded,
                  errors.RateLimited, errors.StoreUnavailable, errors.SyncTimeout):
        assert f"| {error.http_status} |" in GUIDE
        assert f"`{error.code}`" in GUIDE

"""`speechmill bench cancel`: it runs, and what does not hang on the machine's speed holds."""

import json
import subprocess

from tests.e2e.test_cli import SPEECHMILL, outside


def test_it_reports_cancels_with_their_message_and_without() -> None:
    done = subprocess.run([SPEECHMILL, "bench", "cancel", "--jobs", "8", "--lost", "4", "--json"], env=outside(),
                          capture_output=True, text=True, check=False, timeout=120)
    assert done.returncode == 0, done.stderr
    report = json.loads(done.stdout)
    assert (report["told"]["ran"], report["lost"]["ran"]) == (8, 4)
    assert report["told"]["visible"] == report["lost"]["visible"] == 0
    assert 0 <= report["told"]["p50_ms"] <= report["told"]["p99_ms"] <= report["told"]["max_ms"]

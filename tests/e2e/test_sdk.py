"""The OpenAI SDK, unmodified, in its three major versions."""

import json
import shutil
import subprocess
import sys
from pathlib import Path

import pytest
import soundfile

from tests.e2e.stack import Stack

ROOT = Path(__file__).parents[2]


def python_with_sdk(major: int, folder: Path) -> str:
    """The newest SDK is among the test requirements; an older one gets an environment of its own, from its lock."""
    if major == 3:
        return sys.executable
    uv = shutil.which("uv") or str(ROOT / ".venv-uv/bin/uv")
    subprocess.run([uv, "venv", "--quiet", "--python", sys.executable, folder], check=True)
    python = folder / "bin/python"
    subprocess.run([uv, "pip", "install", "--quiet", "--python", python, "--require-hashes", "--requirement",
                    ROOT / f"requirements/openai-{major}.txt"], check=True)
    return str(python)


@pytest.mark.parametrize("major", [1, 2, 3])
def test_the_sdk_speaks_in_every_format_and_understands_our_errors(stack: Stack, tmp_path: Path, major: int) -> None:
    python = python_with_sdk(major, tmp_path / "venv")
    done = subprocess.run([python, str(ROOT / "tests/e2e/sdk_client.py"), stack.base_url, str(tmp_path)],
                          capture_output=True, text=True, timeout=90)
    assert done.returncode == 0, done.stderr
    said = json.loads(done.stdout)
    assert said["version"].startswith(f"{major}.")
    assert said["models"][0] == "tone"
    assert stack.job(said["job"])["speed"] == 1.25
    error = said["error"]
    assert (error["code"], error["param"], error["type"]) == ("unknown_voice", "voice", "invalid_request_error")
    assert error["request_id"].startswith("req_")
    assert "Unknown voice 'nobody'" in error["message"]
    for kind in ("wav", "flac"):
        assert soundfile.info(tmp_path / f"speech.{kind}").samplerate == 24_000
    starts = {kind: (tmp_path / f"speech.{kind}").read_bytes()[:4] for kind in ("mp3", "opus", "aac")}
    assert starts["opus"] == b"OggS"
    assert starts["aac"][0] == 0xFF
    assert starts["aac"][1] & 0xF0 == 0xF0
    assert starts["mp3"][:3] == b"ID3" or starts["mp3"][0] == 0xFF
    assert (tmp_path / "speech.pcm").stat().st_size % 2 == 0
    assert (tmp_path / "streamed.mp3").stat().st_size > 1000

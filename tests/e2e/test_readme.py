"""The README's examples, run as they stand."""

import re
import shlex
import shutil
import subprocess
import sys
from pathlib import Path

import pytest
import soundfile

from tests.e2e.stack import Stack

ROOT = Path(__file__).parents[2]
README = (ROOT / "README.md").read_text("utf-8")


def examples(language: str) -> list[str]:
    return re.findall(rf"```{language}\n(.*?)```", README, re.DOTALL)


def stand_in_for_curl() -> str:
    """Nothing where there is a curl; else a shell function of its name."""
    if shutil.which("curl"):
        return ""
    return f'curl() {{ {shlex.join([sys.executable, str(ROOT / "tests/services/curl.py")])} "$@"; }}'


@pytest.mark.parametrize(("example", "file"), list(zip(examples("bash"), ("hello.mp3", "chapter-1.flac"), strict=True)))
def test_the_curl_examples_write_audio(stack: Stack, tmp_path: Path, example: str, file: str) -> None:
    script = f"set -e -o pipefail\n{stand_in_for_curl()}\n" + example.replace("http://127.0.0.1:8000", stack.base_url)
    done = subprocess.run(["bash", "-c", script], cwd=tmp_path, capture_output=True, text=True, timeout=60)
    assert done.returncode == 0, done.stderr
    assert soundfile.info(tmp_path / file).duration > 0.5


def test_the_sdk_example_writes_audio(stack: Stack, tmp_path: Path) -> None:
    [example] = examples("python")
    done = subprocess.run([sys.executable, "-c", example.replace("http://127.0.0.1:8000", stack.base_url)], cwd=tmp_path,
                          capture_output=True, text=True, timeout=60)
    assert done.returncode == 0, done.stderr
    assert soundfile.info(tmp_path / "hello.wav").samplerate == 24_000


def test_every_page_and_file_that_the_readme_names_is_there() -> None:
    links = set(re.findall(r"\]\(((?!http)[^)#]+)", README))
    named = links | set(re.findall(r"`((?:speechmill|producer|worker)/\S+?\.(?:py|lua))`", README))
    assert len(named) >= 8
    assert [name for name in named if not (ROOT / name).exists()] == []

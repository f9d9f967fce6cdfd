"""A worker that can't speak with the checkpoint it was given ends before it claims anything, and says what would be right."""

import os
import subprocess
import sys
from pathlib import Path

import pytest
import soundfile

from tests.e2e.tiny_checkpoints import write_checkpoint


@pytest.fixture(scope="module")
def checkpoint(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return write_checkpoint(tmp_path_factory.mktemp("start") / "Tiny-CustomVoice", "custom_voice")


def outside() -> dict[str, str]:
    return {name: value for name, value in os.environ.items() if not name.startswith("SPEECHMILL_")}


def start_worker(redis_url: str, scratch: Path, **settings: str) -> tuple[int, str]:
    """Its exit status, and its last line."""
    environment = outside() | {
        "SPEECHMILL_REDIS__URL": redis_url, "SPEECHMILL_WORKER__VOICE": "qwen3", "SPEECHMILL_ENGINE__DEVICE": "cpu",
        "SPEECHMILL_BLOBS__FOLDER": str(scratch), "SPEECHMILL_BLOBS__URL_SECRET": "a secret of the tests",
        "SPEECHMILL_WORKER__SCRATCH": str(scratch), "SPEECHMILL_LOG__FORMAT": "text",
        **{f"SPEECHMILL_{name}": value for name, value in settings.items()}}
    command = [sys.executable, "-m", "worker", "speech"]
    done = subprocess.run(command, env=environment, capture_output=True, text=True, check=False, timeout=100)
    return done.returncode, done.stderr.splitlines()[-1]


def test_no_checkpoint_is_set(redis_url: str, tmp_path: Path) -> None:
    status, line = start_worker(redis_url, tmp_path)
    assert status == 2
    assert "SPEECHMILL_ENGINE__CHECKPOINT must name a folder or a model of the hub" in line


def test_a_folder_that_is_no_checkpoint(redis_url: str, tmp_path: Path) -> None:
    status, line = start_worker(redis_url, tmp_path, ENGINE__CHECKPOINT=str(tmp_path))
    assert status == 1
    assert "this worker cannot speak" in line
    assert f"{tmp_path / 'config.json'} is missing" in line


def test_weights_that_were_cut_off(redis_url: str, tmp_path: Path) -> None:
    folder = write_checkpoint(tmp_path / "Tiny", "custom_voice")
    weights = folder / "model.safetensors"
    os.truncate(weights, weights.stat().st_size // 2)
    status, line = start_worker(redis_url, tmp_path, ENGINE__CHECKPOINT=str(folder))
    assert status == 1
    assert f"{weights} is cut off" in line
    assert "fetch it again" in line


def test_more_slots_than_there_is_memory_for(redis_url: str, tmp_path: Path, checkpoint: Path) -> None:
    status, line = start_worker(redis_url, tmp_path, ENGINE__CHECKPOINT=str(checkpoint), WORKER__SPEECH_SLOTS="1000",
                                ENGINE__SLOT_POSITIONS="1000000")
    assert status == 1
    assert "1000 slots of 1000000 positions take" in line
    assert "slots of that length would fit" in line


def test_demo_speaks_with_a_checkpoint_and_says_how_far_it_is(tmp_path: Path, checkpoint: Path) -> None:
    done = subprocess.run([Path(sys.executable).with_name("speechmill"), "demo", "--voice", "qwen3", "--checkpoint", checkpoint,
                           "-o", tmp_path / "hello.wav"], capture_output=True, text=True, timeout=110, check=False,
                          env={**outside(), "SPEECHMILL_ENGINE__DEVICE": "cpu", "SPEECHMILL_ENGINE__CPU_THREADS": "1"})
    assert done.returncode == 0, done.stderr
    assert soundfile.info(tmp_path / "hello.wav").duration > 1
    told = done.stderr.splitlines()
    assert told.index("loading Tiny-CustomVoice to cpu as float32") < told.index("warming up 4 slots of 1280 positions")

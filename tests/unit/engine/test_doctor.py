"""What the engine's doctor says of this machine, on the CPU, and of machines that lack more."""

import json
import subprocess
import sys
from dataclasses import asdict, replace
from pathlib import Path

import pytest

from worker.engine.doctor import Asked, Finding, findings
from worker.model.random_checkpoint import write_random_checkpoint

ASKED = Asked(voice="qwen3", checkpoint="", offline=False, device="cpu", dtype="auto", n_slots=4, slot_positions=256)


@pytest.fixture(scope="module")
def checkpoint(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("checkpoint")
    write_random_checkpoint(folder, size="tiny", kind="custom_voice")
    return folder


def found(asked: Asked) -> dict[str, Finding]:
    return {finding.name: finding for finding in findings(asked)}


def test_a_machine_without_a_gpu_can_speak_and_is_told_that_it_is_slow(checkpoint: Path) -> None:
    everything = found(replace(ASKED, checkpoint=str(checkpoint)))
    assert everything["GPU"].state == "warning"
    assert "slowly" in everything["GPU"].detail
    assert all(finding.state != "missing" for finding in everything.values())
    assert "1b7 custom_voice" in everything["checkpoint"].detail
    assert "4 of 256 positions" in everything["slots"].detail


def test_slots_that_do_not_fit_are_missing_and_it_says_how_many_would(checkpoint: Path) -> None:
    slots = found(replace(ASKED, checkpoint=str(checkpoint), n_slots=10_000_000))["slots"]
    assert slots.state == "missing"
    assert "slots of that length would fit" in slots.detail
    assert "SPEECHMILL_WORKER__SPEECH_SLOTS" in slots.fix


def test_a_broken_checkpoint_is_missing_and_it_says_which_file(checkpoint: Path, tmp_path: Path) -> None:
    (tmp_path / "config.json").write_text("{}")
    assert "config.json" in found(replace(ASKED, checkpoint=str(tmp_path)))["checkpoint"].detail
    assert found(ASKED)["checkpoint"].fix.startswith("SPEECHMILL_ENGINE__CHECKPOINT=Qwen/")


def test_a_checkpoint_that_the_first_start_would_fetch_stops_nothing_unless_offline(
        tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("huggingface_hub.constants.HF_HUB_CACHE", str(tmp_path))
    somewhere = replace(ASKED, checkpoint="Nobody/Qwen3-TTS-of-nobody")
    assert found(somewhere)["checkpoint"].state == "warning"
    assert found(replace(somewhere, offline=True))["checkpoint"].state == "missing"


def test_a_gpu_that_is_asked_for_and_absent_is_missing(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("torch.cuda.is_available", lambda: False)
    gpu = found(replace(ASKED, device="cuda"))["GPU"]
    assert (gpu.state, gpu.fix) == ("missing", "SPEECHMILL_ENGINE__DEVICE=auto, or torch for your GPU")


def test_the_reference_voice_needs_its_package(checkpoint: Path) -> None:
    everything = found(replace(ASKED, voice="reference", checkpoint=str(checkpoint)))
    assert everything["qwen-tts"].state == "missing"
    assert "speechmill[reference]" in everything["qwen-tts"].fix
    assert not everything.keys() & {"Triton", "slots"}


def test_without_torch_it_says_how_to_get_it(tmp_path: Path) -> None:
    (tmp_path / "torch.py").write_text("raise ImportError('No module named torch')\n")
    command = [sys.executable, "-m", "worker.engine.doctor", json.dumps(asdict(ASKED))]
    done = subprocess.run(command, env={"PYTHONPATH": str(tmp_path)}, capture_output=True, text=True, check=True)
    [finding] = json.loads(done.stdout)
    assert (finding["name"], finding["state"]) == ("torch", "missing")
    assert "make setup-gpu" in finding["fix"]

"""What the engine's doctor says of this machine, on the CPU, and of machines that lack more."""

import json
import re
import subprocess
import sys
from dataclasses import asdict, replace
from pathlib import Path
from typing import Any

import pytest

from worker.engine.doctor import cards
from worker.engine.doctor.driver import Version, match
from worker.engine.doctor.finding import Asked, Finding
from worker.engine.doctor.findings import findings
from worker.engine.doctor.gpu import Capability, optimisations
from worker.engine.doctor.host import judge
from worker.engine.doctor.kernels import cache, cache_folder
from worker.model.random_checkpoint import write_random_checkpoint

ASKED = Asked(voice="qwen3", checkpoint="", offline=False, device="cpu", dtype="auto", n_slots=4, slot_positions=256,
              n_cores=8)


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
    assert not everything.keys() & {"compute capability", "GPU shared", "Triton kernels", "kernel cache"}
    assert all(finding.state != "missing" for finding in everything.values())
    assert "1b7 custom_voice" in everything["checkpoint"].detail
    assert "4 of 256 positions" in everything["slots"].detail
    assert everything["slots"].detail.endswith("would fit")


def test_slots_that_do_not_fit_are_missing_and_it_says_how_many_would(checkpoint: Path) -> None:
    slots = found(replace(ASKED, checkpoint=str(checkpoint), n_slots=10_000_000))["slots"]
    assert slots.state == "missing"
    assert "slots of that length would fit" in slots.detail
    assert "SPEECHMILL_WORKER__SPEECH_SLOTS" in slots.fix


def test_slots_in_float8_are_counted_so_and_what_cannot_read_it_is_missing(checkpoint: Path) -> None:
    def slots(**changes: Any) -> Finding:
        return found(replace(ASKED, checkpoint=str(checkpoint), n_slots=99, slot_positions=100_000, **changes))["slots"]

    def gib(finding: Finding) -> float:
        return float(re.findall(r"take ([\d.]+) GiB", finding.detail)[0])

    assert gib(slots(kv_dtype="float8")) == pytest.approx(gib(slots()) / 4, rel=0.2)
    refused = slots(kv_dtype="float8", decode_attention="sdpa")
    assert (refused.state, refused.fix) == ("missing", "SPEECHMILL_ENGINE__KV_DTYPE=auto")


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


# the driver -----------------------------------------------------------------------------------------------------------------

@pytest.mark.parametrize(("of_torch", "of_driver", "state", "said"), [
    ((13, 0), (13, 1), "ok", "up to 13.1; torch needs 13.0"),
    ((12, 8), (12, 2), "ok", "up to 12.2"),                            # within a major version any will do
    ((12, 6), (13, 0), "ok", "up to 13.0"),
    ((13, 0), (12, 4), "warning", "this torch needs CUDA 13.0"),
    (None, (12, 4), "warning", "this torch is built without CUDA"),
    ((13, 0), None, "unused", "none is installed"),
])
def test_a_driver_too_old_for_torch_is_told_from_one_that_will_do(
        of_torch: Version | None, of_driver: Version | None, state: str, said: str) -> None:
    finding = match(of_torch, of_driver)
    assert finding.state == state
    assert said in finding.detail
    assert bool(finding.fix) == (state == "warning")


# the GPU --------------------------------------------------------------------------------------------------------------------

CUDA_13 = ("sm_75", "sm_80", "sm_86", "sm_90", "sm_100", "sm_120", "compute_120")


@pytest.mark.parametrize(("found", "state", "served", "lacking"), [
    ((9, 0), "ok", "programmatic dependent launch", ""),
    ((12, 0), "ok", "tensor memory accelerator", ""),
    ((8, 6), "ok", "FlashAttention 2", "too old for programmatic dependent launch (9.0)"),
    ((8, 9), "ok", "bfloat16", "too old for programmatic dependent launch (9.0)"),     # runs what was compiled for 8.6
    ((7, 5), "warning", "7.5", "too old for bfloat16 (8.0)"),
    ((7, 0), "missing", "for which this torch has no kernels", ""),
    ((12, 1), "ok", "our Triton kernels", ""),
    ((13, 0), "ok", "our Triton kernels", ""),                                          # by compute_120
])
def test_each_optimisation_is_held_against_the_compute_capability(
        found: Capability, state: str, served: str, lacking: str) -> None:
    finding = optimisations(found, CUDA_13)
    assert finding.state == state
    assert served in finding.detail
    assert lacking in finding.detail
    assert lacking or "too old" not in finding.detail


def nvidia_smi(folder: Path, apps: str, gpus: str) -> str:
    """A program of that name that answers so; gives the PATH to find it by."""
    program = folder / "nvidia-smi"
    program.write_text(f"#!/bin/sh\ncase $1 in\n--query-compute-apps=*) echo '{apps}';;\n*) echo '{gpus}';;\nesac\n")
    program.chmod(0o755)
    return f"{folder}:/usr/bin:/bin"


@pytest.mark.parametrize(("apps", "gpus", "state", "said"), [
    ("", "GPU-a, 4", "ok", "nobody else uses it"),
    ("GPU-b, 7, 900, x", "GPU-a, 4", "ok", "nobody else uses it"),                       # that is another card
    ("GPU-a, 812, 6144, /usr/bin/python3, of a kind", "GPU-a, 6200", "warning",
     "used by /usr/bin/python3, of a kind (pid 812, 6.0 GiB)"),
    ("GPU-a, 812, [N/A], python", "GPU-a, 6200", "warning", "python (pid 812, 0.0 GiB)"),
    ("", "GPU-a, 20480", "warning", "20.0 GiB are in use, and nvidia-smi lists nobody"),
    ("", "GPU-z, 0", "unused", "nvidia-smi doesn't tell"),
])
def test_whoever_else_uses_the_gpu_is_named(
        tmp_path: Path, monkeypatch: pytest.MonkeyPatch, apps: str, gpus: str, state: str, said: str) -> None:
    monkeypatch.setenv("PATH", nvidia_smi(tmp_path, apps, gpus))
    finding = cards.sharing(cards.present(), "GPU-a")
    assert finding.state == state
    assert said in finding.detail


def test_without_nvidia_smi_nobody_can_be_named(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PATH", "/nowhere")
    assert cards.present() == []


# kernels --------------------------------------------------------------------------------------------------------------------

def test_the_cache_of_kernels_must_be_writable_and_an_empty_one_is_announced(
        tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TRITON_CACHE_DIR", str(tmp_path / "new" / "cache"))
    assert cache_folder() == tmp_path / "new" / "cache"
    assert "the first start compiles" in cache(cache_folder()).detail
    (tmp_path / "file").touch()
    blocked = cache(tmp_path / "file" / "cache")
    assert (blocked.state, blocked.fix[:16]) == ("missing", "TRITON_CACHE_DIR")
    monkeypatch.delenv("TRITON_CACHE_DIR")
    monkeypatch.setenv("TRITON_HOME", str(tmp_path))
    assert cache_folder() == tmp_path / ".triton" / "cache"


# cores ----------------------------------------------------------------------------------------------------------------------

def test_few_cores_beside_a_gpu_and_more_threads_than_cores_without_one_are_warned_of() -> None:
    assert judge(16, on_cuda=True, n_threads=64).state == "ok"
    assert judge(2, on_cuda=True, n_threads=2).state == "warning"
    assert judge(2, on_cuda=False, n_threads=2).state == "ok"
    crowded = judge(4, on_cuda=False, n_threads=32)
    assert (crowded.state, crowded.fix) == ("warning", "SPEECHMILL_ENGINE__CPU_THREADS=4")

"""`python -m worker.engine.doctor ASKED`: can this machine speak by a model? ASKED is a JSON object of Asked's fields, and so is
what it prints of findings: `speechmill doctor` asks it, which must not load torch itself."""

import importlib
import json
import os
import shutil
import sys
import sysconfig
from collections.abc import Iterator
from dataclasses import asdict, dataclass
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from typing import TYPE_CHECKING, Literal

if TYPE_CHECKING:
    from worker.engine.torch_setup import Placement
    from worker.model.checkpoint import Checkpoint

GIB = 2**30


@dataclass(frozen=True)
class Asked:
    """What the settings ask for. `voice` is qwen3 (our engine) or reference (the package qwen-tts)."""

    voice: Literal["qwen3", "reference"]
    checkpoint: str
    offline: bool
    device: Literal["auto", "cuda", "cpu"]
    dtype: Literal["auto", "bfloat16", "float32"]
    n_slots: int
    slot_positions: int


@dataclass(frozen=True)
class Finding:
    """As speechmill's (speechmill/cli/doctor/finding.py): `state` missing stops the engine, warning does not; `fix` is what would
    be right."""

    name: str
    state: Literal["ok", "missing", "warning", "unused"]
    detail: str
    fix: str = ""


def findings(asked: Asked) -> Iterator[Finding]:
    """In the order in which they can be mended: what cannot be told without torch is left out where it is absent."""
    torch_found = _torch()
    yield torch_found
    if asked.voice == "reference":
        yield _qwen_tts()
    if torch_found.state == "missing":
        return
    placement, device_found = _device(asked)
    yield device_found
    if placement is None:
        return
    yield _numbers(placement)
    if asked.voice == "qwen3":
        yield from _triton(placement)
    yield _flash_attention(placement)
    checkpoint, checkpoint_found = _checkpoint(asked)
    yield checkpoint_found
    if checkpoint is not None and asked.voice == "qwen3":
        yield _slots(asked, placement, checkpoint)


def _torch() -> Finding:
    try:
        import torch
    except ImportError as error:
        return Finding("torch", "missing", f"cannot be imported: {error}",
                       "make setup-gpu; or pip install torch, the build for your GPU (pytorch.org)")
    cuda = f"with CUDA {torch.version.cuda}" if torch.version.cuda else "without CUDA"
    return Finding("torch", "ok", f"{torch.__version__}, {cuda}")


def _qwen_tts() -> Finding:
    try:
        return Finding("qwen-tts", "ok", f"{version('qwen-tts')} with transformers {version('transformers')}")
    except PackageNotFoundError:
        return Finding("qwen-tts", "missing", "not installed",
                       "pip install 'speechmill[reference]', in an environment without speechmill[gpu]")


def _device(asked: Asked) -> "tuple[Placement | None, Finding]":
    import torch

    from worker.engine.torch_setup import place
    from worker.model.errors import EngineError

    try:
        placement = place(asked)
    except EngineError as error:
        return None, Finding("GPU", "missing", error.message, "SPEECHMILL_ENGINE__DEVICE=auto, or torch for your GPU")
    if placement.device.type == "cpu":
        return placement, Finding("GPU", "warning", "none that torch finds: the CPU speaks, slowly",
                                  "torch for your GPU; nvidia-smi says whether its driver runs")
    properties = torch.cuda.get_device_properties(placement.device)
    free_bytes, total_bytes = torch.cuda.mem_get_info(placement.device)
    return placement, Finding("GPU", "ok", f"{properties.name}, compute capability {properties.major}.{properties.minor}, "
                                           f"{free_bytes / GIB:.0f} of {total_bytes / GIB:.0f} GiB free")


def _numbers(placement: "Placement") -> Finding:
    import torch

    name = str(placement.dtype).removeprefix("torch.")
    if placement.dtype != torch.bfloat16 or placement.device.type == "cpu":
        return Finding("number format", "ok", name)
    if torch.cuda.is_bf16_supported(including_emulation=False):
        return Finding("number format", "ok", "bfloat16, which this GPU computes with")
    return Finding("number format", "warning", "bfloat16, which this GPU only emulates", "SPEECHMILL_ENGINE__DTYPE=float32")


def _triton(placement: "Placement") -> Iterator[Finding]:
    """Triton compiles a launcher around each kernel when it first runs, with a C compiler and Python's own headers."""
    if placement.device.type == "cpu":
        yield Finding("Triton", "unused", "the CPU has torch's own kernels")
        return
    try:
        yield Finding("Triton", "ok", str(importlib.import_module("triton").__version__))
    except ImportError as error:
        yield Finding("Triton", "missing", f"cannot be imported: {error}", "the triton that torch asks for: install torch again")
    compiler = os.environ.get("CC") or shutil.which("gcc") or shutil.which("clang")
    header = Path(sysconfig.get_paths(scheme="posix_prefix")["include"]) / "Python.h"
    lacking = [what for what, found in (("a C compiler", compiler), (str(header), header.exists())) if not found]
    if lacking:
        yield Finding("C compiler", "missing", f"there is no {' and no '.join(lacking)}",
                      "apt-get install gcc libc6-dev libpython3-dev")
    else:
        yield Finding("C compiler", "ok", f"{compiler}, with Python.h")


def _flash_attention(placement: "Placement") -> Finding:
    from worker.engine.attention_choice import why_no_flash_attention

    missing = why_no_flash_attention(placement)
    if missing:
        return Finding("FlashAttention", "unused", f"{missing}; torch's own attention serves prompts")
    return Finding("FlashAttention", "ok", f"flash-attn {version('flash-attn')}")


def _checkpoint(asked: Asked) -> "tuple[Checkpoint | None, Finding]":
    """Looked for here alone: nothing is fetched."""
    from worker.model.checkpoint import open_checkpoint
    from worker.model.errors import CheckpointError
    from worker.model.hub import fetch

    if not asked.checkpoint:
        return None, Finding("checkpoint", "missing", "none is named",
                             "SPEECHMILL_ENGINE__CHECKPOINT=Qwen/Qwen3-TTS-12Hz-1.7B-CustomVoice, or a folder")
    try:
        folder = fetch(asked.checkpoint, offline=True, report=lambda _: None)
    except CheckpointError as error:
        if asked.offline:
            return None, Finding("checkpoint", "missing", error.message, "fetch it where there is a network")
        return None, Finding("checkpoint", "warning", f"{asked.checkpoint} is not here yet", "the first start fetches it")
    try:
        checkpoint = open_checkpoint(folder)
    except CheckpointError as error:
        return None, Finding("checkpoint", "missing", error.message, "fetch it again")
    config = checkpoint.config
    return checkpoint, Finding("checkpoint", "ok", f"{folder}: {config.size} {config.kind}, revision {checkpoint.revision}")


def _slots(asked: Asked, placement: "Placement", checkpoint: "Checkpoint") -> Finding:
    """Before the weights are loaded: they are taken off what is free."""
    from worker.engine.memory import WORKING_BYTES, SlotMemory, free_bytes, memory_bytes_per_slot
    from worker.model.errors import TooLittleMemory

    free = free_bytes(placement.device)
    if free is None:
        return Finding("slots", "unused", "this system does not tell how much memory is free")
    weight_bytes = checkpoint.weight_bytes(placement.dtype)
    memory = SlotMemory(asked.n_slots, asked.slot_positions,
                        memory_bytes_per_slot(checkpoint.config, asked.slot_positions, placement.dtype))
    try:
        memory.check(weight_bytes=weight_bytes, free_bytes=max(0, free - weight_bytes),
                     working_bytes=WORKING_BYTES[placement.device.type])
    except TooLittleMemory as error:
        return Finding("slots", "missing", error.message,
                       "fewer SPEECHMILL_WORKER__SPEECH_SLOTS, or shorter SPEECHMILL_ENGINE__SLOT_POSITIONS")
    fits = (f"{asked.n_slots} of {asked.slot_positions} positions take {memory.total_bytes / GIB:.1f} GiB, the weights "
            f"{weight_bytes / GIB:.1f}; {free / GIB:.0f} GiB are free")
    return Finding("slots", "ok", fits)


if __name__ == "__main__":
    json.dump([asdict(finding) for finding in findings(Asked(**json.loads(sys.argv[1])))], sys.stdout)

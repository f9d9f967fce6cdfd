"""What compiles and runs our kernels, and FlashAttention: looked for, and tried on the GPU."""

import importlib
import os
import shutil
import sysconfig
from collections.abc import Iterator
from importlib.metadata import version
from pathlib import Path

import torch

from worker.engine.attention_choice import why_no_flash_attention
from worker.engine.doctor.finding import Finding
from worker.engine.torch_setup import Placement
from worker.model.attention import flash_attention_prefill, sdpa_prefill
from worker.model.kernels.gpu.one_launch.nvrtc import compile_cubin
from worker.model.kernels.gpu.one_launch.open import why_not
from worker.model.kernels.gpu.one_launch.sizes import FEWEST_ROWS, RELEASED, ROWS
from worker.model.kernels.gpu.one_launch.unavailable import Unavailable
from worker.model.kernels.norm import rms_norm

MOST_WRONG = 0.05
"""Of a result around one, in bfloat16."""


def kernels(placement: Placement) -> Iterator[Finding]:
    """Triton compiles a launcher around each kernel when it first runs, with a C compiler and Python's own headers."""
    if placement.device.type == "cpu":
        yield Finding("Triton", "unused", "the CPU has torch's own kernels")
        return
    needs = [_triton(), _compiler(), cache(cache_folder())]
    yield from needs
    if all(need.state == "ok" for need in needs):
        yield _try(placement)
        yield one_launch(placement)


def cache_folder() -> Path:
    """Where Triton keeps what it compiled, by its own rules."""
    if folder := os.environ.get("TRITON_CACHE_DIR"):
        return Path(folder)
    return Path(os.environ.get("TRITON_HOME") or Path.home()) / ".triton" / "cache"


def cache(folder: Path) -> Finding:
    existing = next(each for each in (folder, *folder.parents) if each.exists())
    mend = "TRITON_CACHE_DIR: a folder that can be written to, of a file system that allows programs, and is kept"
    if not existing.is_dir() or not os.access(existing, os.W_OK | os.X_OK):
        return Finding("kernel cache", "missing", f"{existing} cannot be written to", mend)
    if hasattr(os, "ST_NOEXEC") and os.statvfs(existing).f_flag & os.ST_NOEXEC:
        return Finding("kernel cache", "missing", f"{existing} lies on a file system that allows no programs (noexec)", mend)
    if existing != folder or not any(folder.iterdir()):
        return Finding("kernel cache", "ok", f"{folder}, empty: the first start compiles for half a minute")
    return Finding("kernel cache", "ok", str(folder))


def flash_attention(placement: Placement) -> Finding:
    missing = why_no_flash_attention(placement)
    if missing:
        return Finding("FlashAttention", "unused", f"{missing}; torch's own attention serves prompts")
    name = f"flash-attn {version('flash-attn')}"
    q = torch.randn(1, 64, 4, 128, device=placement.device, dtype=placement.dtype)  # [batch, length, heads, dim]
    try:
        wrong = float((flash_attention_prefill()(q, q, q) - sdpa_prefill(q, q, q)).abs().max())
    except Exception as error:
        return Finding("FlashAttention", "warning", f"{name} can be imported, but not run: {_line(error)}",
                       "a wheel for this torch, CUDA and Python, or SPEECHMILL_ENGINE__PREFILL_ATTENTION=sdpa")
    if not wrong < MOST_WRONG:
        return Finding("FlashAttention", "warning", f"{name} is off by {wrong:.2g}", "SPEECHMILL_ENGINE__PREFILL_ATTENTION=sdpa")
    return Finding("FlashAttention", "ok", name)


def one_launch(placement: Placement) -> Finding:
    """Whether the code predictor draws a frame in one launch; compiled here, tried when a checkpoint is loaded."""
    name = "one launch"
    try:
        missing = why_not(placement.device, placement.dtype)
        if missing is None:
            compile_cubin(RELEASED.defines(ROWS[-1]))
    except Unavailable as reason:
        missing = str(reason)
    if missing:
        return Finding(name, "unused", f"{missing}; a frame's codes are drawn kernel after kernel")
    return Finding(name, "ok", f"{FEWEST_ROWS} to {ROWS[-1]} utterances at once have a frame's codes drawn in one launch")


def _triton() -> Finding:
    try:
        return Finding("Triton", "ok", str(importlib.import_module("triton").__version__))
    except ImportError as error:
        return Finding("Triton", "missing", f"cannot be imported: {error}", "the triton that torch asks for: install torch again")


def _compiler() -> Finding:
    compiler = os.environ.get("CC") or shutil.which("gcc") or shutil.which("clang")
    header = Path(sysconfig.get_paths(scheme="posix_prefix")["include"]) / "Python.h"
    lacking = [what for what, found in (("a C compiler", compiler), (str(header), header.exists())) if not found]
    if lacking:
        return Finding("C compiler", "missing", f"there is no {' and no '.join(lacking)}",
                       "apt-get install gcc libc6-dev libpython3-dev")
    return Finding("C compiler", "ok", f"{compiler}, with Python.h")


def _try(placement: Placement) -> Finding:
    """One of our kernels, beside its twin on the CPU."""
    x = torch.randn(8, 1024).to(placement.dtype)    # [rows, hidden]
    weight = torch.rand(1024).to(placement.dtype)   # [hidden]
    try:
        ours = rms_norm(x.to(placement.device), weight.to(placement.device), 1e-6).cpu()
    except Exception as error:
        return Finding("Triton kernels", "missing", f"one of ours does not compile, or not run: {_line(error)}",
                       "the triton that torch asks for; a GPU of compute capability 8.0 or newer")
    wrong = float((ours.float() - rms_norm(x, weight, 1e-6).float()).abs().max())
    if not wrong < MOST_WRONG:
        return Finding("Triton kernels", "missing", f"one of ours is off by {wrong:.2g} on this GPU",
                       "the triton that torch asks for: install torch again")
    return Finding("Triton kernels", "ok", "one of ours compiles and computes what the CPU does")


def _line(error: Exception) -> str:
    return f"{type(error).__name__}: {str(error).strip().rpartition(chr(10))[2]}"

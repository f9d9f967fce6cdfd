"""torch's own settings, and where the engine computes: set once in the engine's process, before anything is loaded."""

import os
from dataclasses import dataclass
from typing import Literal, Protocol

import torch

from worker.engine.options import EngineOptions
from worker.model.errors import EngineError

KERNEL_CACHES = {"ONEDNN_PRIMITIVE_CACHE_CAPACITY": 256, "LRU_CACHE_CAPACITY": 256, "TORCH_CUDNN_V8_API_LRU_CACHE_LIMIT": 512}
"""Variables that oneDNN, torch's layer over it (ideep) and torch's layer over cuDNN read, each once, before the first
convolution, and how many prepared kernels are kept. All keep one for each set of shapes, the last 1,024 (cuDNN: 10,000) unless
told otherwise. Lengths of prompts, takes and, on a CPU, recordings make ever new shapes, so the process grows until those are
full: by 100 MiB and more with the tiny checkpoint, over an hour or longer; by 2 GiB with cuDNN (pytorch/pytorch#104701). 256 are
full within minutes. On a CPU the tiny checkpoint's codec, whose convolutions are done as fast as they are prepared, takes up to
13% longer for it; that of the real sizes takes as long as before. cuDNN's are for 15 lengths of recordings, 348 shapes, and what
the codec does without graphs."""
FUSION = "TRITON_DEFAULT_FP_FUSION"
"""Triton 3.10 no longer makes one rounding of a product and a sum unless told to; all that was measured was with it."""
FFT_PLANS_KEPT = 16
"""cuFFT has a plan for each number of windows, so for each length that recordings are padded to, and torch keeps the last 4,096
of them, which no variable changes. Graphs use the plans that they were captured with: there must be room for all 15."""


class Wishes(Protocol):
    """Device and number format as asked for: EngineOptions and ReferenceOptions have them."""

    @property
    def device(self) -> Literal["auto", "cuda", "cpu"]:
        ...

    @property
    def dtype(self) -> Literal["auto", "bfloat16", "float32"]:
        ...


@dataclass(frozen=True)
class Placement:
    """Where, and in which numbers: what "auto" came to."""

    device: torch.device
    dtype: torch.dtype


def configure_torch(options: EngineOptions) -> Placement:
    """TF32, cuDNN's choice of algorithms, the number of threads, how Triton rounds, and how many prepared kernels are kept,
    unless the environment says so. Raises EngineError where there is no such device."""
    for variable, n_kept in KERNEL_CACHES.items():
        os.environ.setdefault(variable, str(n_kept))
    os.environ.setdefault(FUSION, "1")
    torch.backends.cuda.matmul.fp32_precision = "tf32" if options.tf32 else "ieee"
    torch.backends.cudnn.conv.fp32_precision = "tf32" if options.tf32 else "ieee"  # type: ignore[attr-defined]
    torch.backends.cudnn.benchmark = options.cudnn_benchmark
    # cuDNN's attention compiles a graph for each new length of a prompt and keeps every one (pytorch/pytorch#190388).
    torch.backends.cuda.enable_cudnn_sdp(False)
    if options.cpu_threads:
        torch.set_num_threads(options.cpu_threads)
    placement = place(options)
    if placement.device.type == "cuda":
        torch.backends.cuda.cufft_plan_cache[placement.device].max_size = FFT_PLANS_KEPT
    return placement


def place(options: Wishes) -> Placement:
    """Device and dtype of these options. Raises EngineError where CUDA is asked for and there is none."""
    if options.device == "cuda" and not torch.cuda.is_available():
        raise EngineError(
            "device: cuda is asked for, but torch finds no CUDA device; say cpu or auto, or install a CUDA build of torch"
        )
    on_cuda = options.device == "cuda" or (options.device == "auto" and torch.cuda.is_available())
    device = torch.device("cuda", torch.cuda.current_device()) if on_cuda else torch.device("cpu")
    chosen = {"bfloat16": torch.bfloat16, "float32": torch.float32, "auto": torch.bfloat16 if on_cuda else torch.float32}
    return Placement(device, chosen[options.dtype])

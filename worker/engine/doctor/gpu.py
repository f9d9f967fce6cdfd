"""The GPU that torch finds: what it is, and which optimisations it is new enough for."""

import re
from collections.abc import Sequence

import torch

from worker.engine.attention_choice import FLASH_CAPABILITY
from worker.engine.doctor.finding import GIB, Asked, Finding
from worker.engine.torch_setup import Placement, place
from worker.model.errors import EngineError

Capability = tuple[int, int]

OPTIMISATIONS: tuple[tuple[str, Capability], ...] = (
    ("bfloat16", (8, 0)),
    ("TF32", (8, 0)),
    ("our Triton kernels", (8, 0)),
    ("FlashAttention 2", FLASH_CAPABILITY),
    ("programmatic dependent launch", (9, 0)),
    ("tensor memory accelerator", (9, 0)),
)
"""What each needs, the oldest first (docs/performance.md)."""


def device(asked: Asked) -> tuple[Placement | None, Finding]:
    try:
        placement = place(asked)
    except EngineError as error:
        return None, Finding("GPU", "missing", error.message, "SPEECHMILL_ENGINE__DEVICE=auto, or torch for your GPU")
    if placement.device.type == "cpu":
        if asked.device == "cpu":
            return placement, Finding("GPU", "warning", "not asked for: the CPU speaks, slowly", "SPEECHMILL_ENGINE__DEVICE=auto")
        return placement, Finding("GPU", "warning", "none that torch finds: the CPU speaks, slowly",
                                  "torch for your GPU; nvidia-smi says whether its driver runs")
    properties = torch.cuda.get_device_properties(placement.device)
    free_bytes, total_bytes = torch.cuda.mem_get_info(placement.device)
    return placement, Finding("GPU", "ok", f"{properties.name}, compute capability {properties.major}.{properties.minor}, "
                                           f"{free_bytes / GIB:.0f} of {total_bytes / GIB:.0f} GiB free")


def uuid(device: torch.device) -> str:
    """As nvidia-smi writes it."""
    return f"GPU-{torch.cuda.get_device_properties(device).uuid}"


def numbers(placement: Placement) -> Finding:
    name = str(placement.dtype).removeprefix("torch.")
    if placement.dtype != torch.bfloat16 or placement.device.type == "cpu":
        return Finding("number format", "ok", name)
    if torch.cuda.is_bf16_supported(including_emulation=False):
        return Finding("number format", "ok", "bfloat16, which this GPU computes with")
    return Finding("number format", "warning", "bfloat16, which this GPU only emulates", "SPEECHMILL_ENGINE__DTYPE=float32")


def capability(device: torch.device) -> Finding:
    return optimisations(torch.cuda.get_device_capability(device), torch.cuda.get_arch_list())


def optimisations(found: Capability, of_torch: Sequence[str]) -> Finding:
    """`of_torch`: what this torch was compiled for, as torch.cuda.get_arch_list gives it."""
    name, number = "compute capability", f"{found[0]}.{found[1]}"
    if of_torch and not _runs(found, of_torch):
        return Finding(name, "missing", f"{number}, for which this torch has no kernels (it has {', '.join(of_torch)})",
                       "torch built for an older CUDA, which still knows this GPU: pytorch.org")
    served = [what for what, needs in OPTIMISATIONS if found >= needs]
    lacking = [f"{what} ({needs[0]}.{needs[1]})" for what, needs in OPTIMISATIONS if found < needs]
    detail = "; ".join(([f"{number}: {', '.join(served)}"] if served else [number])
                       + ([f"too old for {', '.join(lacking)}"] if lacking else []))
    if found < (8, 0):
        return Finding(name, "warning", detail,
                       "a GPU of 8.0 or newer (Ampere); until then SPEECHMILL_ENGINE__DTYPE=float32, and see Triton below")
    return Finding(name, "ok", detail)


def _runs(found: Capability, of_torch: Sequence[str]) -> bool:
    """sm_86 runs what was compiled for sm_80, not the other way round, nor another major version's; compute_90 is compiled by
    the driver, for anything newer."""
    for kind, major, minor in re.findall(r"(sm|compute)_(\d+)(\d)", " ".join(of_torch)):
        compiled = int(major), int(minor)
        if compiled <= found and (kind == "compute" or compiled[0] == found[0]):
            return True
    return False

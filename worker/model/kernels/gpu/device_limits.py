# mypy: disable-error-code="import-not-found, import-untyped"
"""What a GPU gives to a program of ours: asked once a device, by everybody who chooses tiles. No torch until it is asked."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import torch

FIRST_WITH_BOXES = 9
"""Major compute capability from which on a GPU has a tensor memory accelerator (CUDA programming guide)."""
WITH_TENSOR_MEMORY = (10, 11)
"""Major compute capabilities whose products are summed in a memory of their own, the data centre's Blackwell and Thor (PTX ISA,
tcgen05). 12, the desktop's, sums in registers."""


@dataclass(frozen=True)
class DeviceLimits:
    """`shared_bytes` of shared memory is the most that a program may have, `n_cores` (streaming multiprocessors) run programs.
    `has_boxes` where there is a tensor memory accelerator, `sums_in_registers` where products are summed there."""

    shared_bytes: int
    n_cores: int
    has_boxes: bool
    sums_in_registers: bool = True


H200 = DeviceLimits(shared_bytes=227 * 1024, n_cores=132, has_boxes=True)
"""Where all tiles were measured. By compute capability a program may have 163 KiB (8.0), 99 (8.6, 8.9, 12.0), 227 (9.0, 10.0)."""


@cache
def limits_of(device: torch.device) -> DeviceLimits:
    """Of a CUDA device. Where there is none, Triton interprets the kernels, which has no limits: there everything is cut as for
    an H200."""
    if device.type != "cuda":
        return H200
    import torch
    import triton

    major, _ = torch.cuda.get_device_capability(device)
    properties: dict[str, int] = triton.runtime.driver.active.utils.get_device_properties(device.index)
    return DeviceLimits(
        shared_bytes=properties["max_shared_mem"],
        n_cores=properties["multiprocessor_count"],
        has_boxes=major >= FIRST_WITH_BOXES,
        sums_in_registers=major not in WITH_TENSOR_MEMORY,
    )

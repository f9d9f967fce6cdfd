# mypy: disable-error-code="import-not-found, import-untyped, no-untyped-def, no-untyped-call, untyped-decorator"
"""Kernels that follow each other closely: programmatic dependent launch (CUDA programming guide; compute capability 9.0).

A frame is hundreds of kernels of a few microseconds, each of which reads what the one before wrote. Launched so, a kernel is
already on the device, with its weights loaded, when the one before it ends: it says `let_next_start` first of all, reads what
no kernel of the chain writes (weights), then does `wait_for_previous`, and only then reads or writes anything else.

Every kernel of a chain waits, also one that has nothing to wait for: its end tells the next that all before it have ended.
"""

from functools import cache
from typing import Any

import torch
import triton
import triton.language as tl
from torch import Tensor
from triton.language.extra.cuda import gdc_launch_dependents, gdc_wait

FIRST_CAPABILITY = (9, 0)


def in_chain(tensor: Tensor) -> dict[str, Any]:
    """What every kernel of a chain is launched with, on the device of `tensor`: its constexpr PDL, and the launch's attribute."""
    if not tensor.is_cuda or not _overlaps(tensor.device):
        return {"PDL": False}
    return {"PDL": True, "launch_pdl": True}


@cache
def _overlaps(device: torch.device) -> bool:
    return torch.cuda.get_device_capability(device) >= FIRST_CAPABILITY


@triton.jit
def let_next_start(PDL: tl.constexpr):
    """The next kernel may be launched as soon as all programs of this one have come here."""
    if PDL:
        gdc_launch_dependents()


@triton.jit
def wait_for_previous(PDL: tl.constexpr):
    """Returns when the kernel before has ended and all that it wrote can be read."""
    if PDL:
        gdc_wait()

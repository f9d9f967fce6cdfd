# mypy: disable-error-code="import-not-found, import-untyped, no-untyped-def, no-untyped-call, untyped-decorator"
"""Tiles of steps and of weights for a convolution's products: boxes of the tensor memory accelerator, or pointers."""

from math import prod
from typing import Any

import triton
import triton.language as tl
from torch import Tensor
from triton.tools.tensor_descriptor import TensorDescriptor

from worker.model.kernels.gpu.device_limits import limits_of

BOX_BYTES = 16
"""Where a box begins, and how far its rows lie apart, are multiples of it."""


def takes_boxes(x: Tensor, weight: Tensor) -> bool:
    """Whether both can be read in boxes on their device. Half precision alone: float32 products run on other units, where boxes
    gain nothing."""
    return (
        x.element_size() == 2
        and all(n_channels % (BOX_BYTES // 2) == 0 for n_channels in weight.shape[1:])
        and x.data_ptr() % BOX_BYTES == weight.data_ptr() % BOX_BYTES == 0
        and limits_of(x.device).has_boxes
    )


def boxed(x: Tensor, box: tuple[int, ...]) -> Any:
    """`x`, dense, for a kernel that reads it in boxes of this shape, each side at most 256 long."""
    strides = [prod(x.shape[place + 1 :]) for place in range(x.dim())]  # a dimension of one may claim any other
    return TensorDescriptor(x, list(x.shape), strides, list(box))


@triton.jit
def tile_of_steps(
    x, row, start, first_in, n_steps, N_IN: tl.constexpr, STEPS: tl.constexpr, IN: tl.constexpr, BOXES: tl.constexpr
):
    """[STEPS, IN] of x [rows, n_steps, N_IN] from step `start` and channel `first_in` on, zeros outside of it."""
    if BOXES:
        tile = x.load([row, start, first_in]).reshape(STEPS, IN)
    else:
        step = start + tl.arange(0, STEPS)
        channel = first_in + tl.arange(0, IN)
        mask = ((step >= 0) & (step < n_steps))[:, None]
        if N_IN % IN > 0:
            mask = mask & (channel < N_IN)[None, :]
        tile = tl.load(x + (row.to(tl.int64) * n_steps + step)[:, None] * N_IN + channel[None, :], mask, 0.0)
    return tile


@triton.jit
def tile_of_weights(
    weight, tap, first_in, first_out,
    N_IN: tl.constexpr, N_OUT: tl.constexpr, IN: tl.constexpr, OUT: tl.constexpr, BOXES: tl.constexpr,
):  # fmt: skip
    """[IN, OUT] of weight [taps, N_IN, N_OUT]. What a box holds beyond N_IN is another tap's: tile_of_steps has zeros there."""
    if BOXES:
        tile = weight.load([tap * N_IN + first_in, first_out])
    else:
        channel = first_in + tl.arange(0, IN)
        out = first_out + tl.arange(0, OUT)
        at = (tap * N_IN + channel)[:, None] * N_OUT + out[None, :]
        tile = tl.load(weight + at, (channel < N_IN)[:, None] & (out < N_OUT)[None, :], 0.0)
    return tile

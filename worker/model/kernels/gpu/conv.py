# mypy: disable-error-code="import-not-found, import-untyped, no-untyped-def, no-untyped-call, untyped-decorator"
"""conv.py on a GPU: one implicit matrix product over taps and channels, and all that follows it in its epilogue.

The input is read a tap at a time as a box of [steps, channels], moved by as many steps as the tap looks back. Where the GPU has
a tensor memory accelerator (compute capability 9.0), the boxes are its own: it computes the addresses, and what lies before a
row's beginning it reads as zeros, which is the silence that we mean. Elsewhere, in float32, and where channels are too few for
it, the same kernel reads by pointers.
"""

from dataclasses import dataclass
from typing import Any

import torch
import triton
import triton.language as tl
from torch import Tensor

from worker.model.kernels.conv import Conv, Snake
from worker.model.kernels.gpu.boxes import boxed, takes_boxes, tile_of_steps, tile_of_weights
from worker.model.kernels.gpu.conv_tiles import Size, Tiles, tiles_by_boxes, tiles_by_pointers
from worker.model.kernels.gpu.device_limits import limits_of
from worker.model.kernels.gpu.snake import snaked


@dataclass(frozen=True)
class Epilogue:
    """What follows a convolution, and where it goes: at least one of `total` and `active`, both [rows, n_steps, n_out]."""

    residual: Tensor | None
    snake: Snake | None
    total: Tensor | None
    active: Tensor | None

    def arguments(self, unused: Tensor) -> dict[str, Any]:
        """Those of `finish`. A kernel's pointers can't be None; behind a flag that is off, `unused` is never read."""
        return {
            "alpha_ptr": unused if self.snake is None else self.snake.alpha,
            "one_over_beta_ptr": unused if self.snake is None else self.snake.one_over_beta,
            "residual_ptr": unused if self.residual is None else self.residual.contiguous(),
            "sum_ptr": unused if self.total is None else self.total,
            "snaked_ptr": unused if self.active is None else self.active,
            "HAS_RESIDUAL": self.residual is not None,
            "KEEP_SUM": self.total is not None,
            "KEEP_SNAKED": self.active is not None,
        }


def causal_conv(x: Tensor, n_past: int, conv: Conv, *, residual: Tensor | None = None, snake: Snake | None = None) -> Tensor:
    """As worker.model.kernels.conv.causal_conv."""
    y = _empty(x, n_past, conv)
    if snake is None:
        _launch(x, n_past, conv, Epilogue(residual, None, total=y, active=None))
    else:
        _launch(x, n_past, conv, Epilogue(residual, snake, total=None, active=y))
    return y


def causal_conv_both(
    x: Tensor, n_past: int, conv: Conv, *, snake: Snake, residual: Tensor | None = None
) -> tuple[Tensor, Tensor]:
    """As worker.model.kernels.conv.causal_conv_both."""
    y, active = _empty(x, n_past, conv), _empty(x, n_past, conv)
    _launch(x, n_past, conv, Epilogue(residual, snake, total=y, active=active))
    return y, active


def _empty(x: Tensor, n_past: int, conv: Conv) -> Tensor:
    return torch.empty(x.shape[0], (x.shape[1] - n_past) * conv.stretch, conv.n_out, dtype=x.dtype, device=x.device)


def _launch(x: Tensor, n_past: int, conv: Conv, epilogue: Epilogue) -> None:
    x = x.contiguous()
    n_taps, n_in, n_out = conv.weight.shape  # a transposed convolution's output is laid out as stretch * n_out channels
    boxed_tiles = None
    if takes_boxes(x, conv.weight):
        boxed_tiles = tiles_by_boxes(Size(x.shape[0], x.shape[1] - n_past, n_taps, n_in, n_out), limits_of(x.device))
    tiles = boxed_tiles or tiles_by_pointers(n_in, n_out, exact=x.dtype == torch.float32)
    launch(x, n_past, conv, epilogue, tiles, boxes=boxed_tiles is not None)


def launch(x: Tensor, n_past: int, conv: Conv, epilogue: Epilogue, tiles: Tiles, *, boxes: bool) -> None:
    """`x` is dense, and `tiles` suit it."""
    rows, n_in_steps, n_in = x.shape
    n_taps, _, n_out = conv.weight.shape
    n_steps = n_in_steps - n_past
    source, left, right = x, conv.weight, conv.weight
    if boxes:
        source = boxed(x, (1, tiles.steps, tiles.in_))
        left = boxed(conv.weight.view(-1, n_out), (tiles.in_, tiles.left))
        right = boxed(conv.weight.view(-1, n_out), (tiles.in_, tiles.right)) if tiles.right else left
    grid = (triton.cdiv(n_steps, tiles.steps) * triton.cdiv(n_out, tiles.out), rows)
    _causal_conv[grid](
        source, left, right, conv.bias,
        n_steps=n_steps, n_past=n_past, reach=conv.n_past, dilation=conv.dilation,
        **epilogue.arguments(unused=conv.bias),
        N_TAPS=n_taps, N_IN=n_in, N_OUT=n_out, N_SNAKES=conv.n_out,
        BOXES=boxes, STEPS=tiles.steps, LEFT=tiles.left, RIGHT=tiles.right, IN=tiles.in_,
        num_warps=tiles.n_warps, num_stages=tiles.n_stages,
    )  # fmt: skip


@triton.jit(do_not_specialize=["n_steps", "n_past", "reach", "dilation"])  # one compilation serves every length
def _causal_conv(
    x, left_weight, right_weight, bias_ptr, alpha_ptr, one_over_beta_ptr, residual_ptr, sum_ptr, snaked_ptr,
    n_steps, n_past, reach, dilation,
    N_TAPS: tl.constexpr, N_IN: tl.constexpr, N_OUT: tl.constexpr, N_SNAKES: tl.constexpr,
    HAS_RESIDUAL: tl.constexpr, KEEP_SUM: tl.constexpr, KEEP_SNAKED: tl.constexpr,
    BOXES: tl.constexpr, STEPS: tl.constexpr, LEFT: tl.constexpr, RIGHT: tl.constexpr, IN: tl.constexpr,
):  # fmt: skip
    """A program makes STEPS × (LEFT + RIGHT) of one row: output step t is the sum over taps of weight[tap] · x[t + n_past - reach
    + tap·dilation], zeros before the row begins. `reach` is how far back the first tap looks, `n_past` how much of that x has."""
    N_TILES: tl.constexpr = (N_OUT + LEFT + RIGHT - 1) // (LEFT + RIGHT)
    N_BLOCKS: tl.constexpr = (N_IN + IN - 1) // IN
    row = tl.program_id(1)
    first_step = tl.program_id(0) // N_TILES * STEPS
    first_out = tl.program_id(0) % N_TILES * (LEFT + RIGHT)  # neighbours in time read the same input
    left = biases(bias_ptr, first_out + tl.arange(0, LEFT), N_OUT, STEPS)
    if RIGHT > 0:
        right = biases(bias_ptr, first_out + LEFT + tl.arange(0, RIGHT), N_OUT, STEPS)
    for block in range(N_TAPS * N_BLOCKS):  # one loop, so that loads are in flight across taps
        tap, first_in = block // N_BLOCKS, block % N_BLOCKS * IN
        start = first_step + n_past - reach + tap * dilation
        steps = tile_of_steps(x, row, start, first_in, n_steps + n_past, N_IN, STEPS, IN, BOXES)
        weight = tile_of_weights(left_weight, tap, first_in, first_out, N_IN, N_OUT, IN, LEFT, BOXES)
        left = tl.dot(steps, weight, left, input_precision="ieee")
        if RIGHT > 0:
            weight = tile_of_weights(right_weight, tap, first_in, first_out + LEFT, N_IN, N_OUT, IN, RIGHT, BOXES)
            right = tl.dot(steps, weight, right, input_precision="ieee")
    step = first_step + tl.arange(0, STEPS)
    out = first_out + tl.arange(0, LEFT)
    if HAS_RESIDUAL:
        left += residuals(residual_ptr, row, step, out, n_steps, N_OUT)
    finish(
        left, row, step, out, n_steps, alpha_ptr, one_over_beta_ptr, sum_ptr, snaked_ptr,
        N_OUT, N_SNAKES, KEEP_SUM, KEEP_SNAKED,
    )  # fmt: skip
    if RIGHT > 0:
        out = first_out + LEFT + tl.arange(0, RIGHT)
        if HAS_RESIDUAL:
            right += residuals(residual_ptr, row, step, out, n_steps, N_OUT)
        finish(
            right, row, step, out, n_steps, alpha_ptr, one_over_beta_ptr, sum_ptr, snaked_ptr,
            N_OUT, N_SNAKES, KEEP_SUM, KEEP_SNAKED,
        )  # fmt: skip


@triton.jit
def biases(bias_ptr, out, N_OUT: tl.constexpr, STEPS: tl.constexpr):
    """What a sum begins with: [STEPS, channels out], float32."""
    bias = tl.load(bias_ptr + out, out < N_OUT, 0.0).to(tl.float32)[None, :]
    return tl.broadcast_to(bias, [STEPS, out.shape[0]])


@triton.jit
def residuals(residual_ptr, row, step, out, n_steps, N_OUT: tl.constexpr):
    """[steps, channels out] of a row."""
    mask = (step < n_steps)[:, None] & (out < N_OUT)[None, :]
    row_at = row.to(tl.int64) * n_steps * N_OUT
    return tl.load(residual_ptr + row_at + step[:, None] * N_OUT + out[None, :], mask, 0.0)


@triton.jit
def finish(
    total, row, step, out, n_steps, alpha_ptr, one_over_beta_ptr, sum_ptr, snaked_ptr,
    N_OUT: tl.constexpr, N_SNAKES: tl.constexpr, KEEP_SUM: tl.constexpr, KEEP_SNAKED: tl.constexpr,
):  # fmt: skip
    """Stores `total`, float32, of the steps `step` and channels `out` of a row, its SnakeBeta, or both. Nothing was rounded
    before."""
    is_out = out < N_OUT
    mask = (step < n_steps)[:, None] & is_out[None, :]
    at = step[:, None] * N_OUT + out[None, :]  # in the row; 32 bits suffice for 11,000 frames, and registers are scarce here
    row_at = row.to(tl.int64) * n_steps * N_OUT
    if KEEP_SUM:
        tl.store(sum_ptr + row_at + at, total, mask)
    if KEEP_SNAKED:
        alpha = tl.load(alpha_ptr + out % N_SNAKES, is_out, 0.0)[None, :]
        one_over_beta = tl.load(one_over_beta_ptr + out % N_SNAKES, is_out, 0.0)[None, :]
        tl.store(snaked_ptr + row_at + at, snaked(total, alpha, one_over_beta), mask)

# mypy: disable-error-code="import-not-found, import-untyped, no-untyped-def, no-untyped-call, untyped-decorator"
"""residual_unit.py on a GPU, in one kernel: what is between the two convolutions never leaves the registers.

A program makes some steps of all channels, so this is for few of them. It reads in boxes (boxes.py).
"""

import torch
import triton
import triton.language as tl
from torch import Tensor

from worker.model.kernels.conv import Snake
from worker.model.kernels.gpu.boxes import boxed, takes_boxes, tile_of_steps
from worker.model.kernels.gpu.conv import biases, finish, residuals
from worker.model.kernels.gpu.device_limits import limits_of
from worker.model.kernels.gpu.snake import snaked
from worker.model.kernels.gpu.unit_tiles import TILES, UnitTiles, suits
from worker.model.kernels.residual_unit import ResidualUnit


def fits(active: Tensor, n_past: int, unit: ResidualUnit) -> bool:
    """Whether one kernel makes this unit, and sooner than two."""
    rows, n_channels = active.shape[0], active.shape[2]
    if not takes_boxes(active, unit.wide.weight) or not takes_boxes(active, unit.narrow.weight):
        return False
    return suits(rows, active.shape[1] - n_past, n_channels, limits_of(active.device))


def residual_unit(active: Tensor, n_past: int, unit: ResidualUnit, *, residual: Tensor, snake: Snake) -> Tensor:
    """As worker.model.kernels.residual_unit.residual_unit, for what `fits`."""
    y = torch.empty_like(residual)
    launch(active, n_past, unit, residual, snake, None, y, TILES[active.shape[2]])
    return y


def residual_unit_both(
    active: Tensor, n_past: int, unit: ResidualUnit, *, residual: Tensor, snake: Snake
) -> tuple[Tensor, Tensor]:
    """As worker.model.kernels.residual_unit.residual_unit_both, for what `fits`."""
    total, y = torch.empty_like(residual), torch.empty_like(residual)
    launch(active, n_past, unit, residual, snake, total, y, TILES[active.shape[2]])
    return total, y


def launch(
    active: Tensor, n_past: int, unit: ResidualUnit, residual: Tensor, snake: Snake, total: Tensor | None, y: Tensor,
    tiles: UnitTiles,
) -> None:  # fmt: skip
    """Into `y`, and the sum into `total`; `tiles` suit the unit's channels."""
    rows, n_in_steps, n_channels = active.shape
    n_steps = n_in_steps - n_past
    wide, narrow = unit.wide.weight.view(-1, n_channels), unit.narrow.weight[0]  # [taps * channels, channels], [channels] * 2
    _residual_unit[(triton.cdiv(n_steps, tiles.steps), rows)](
        boxed(active.contiguous(), (1, tiles.steps, tiles.in_)),
        boxed(wide, (tiles.in_, tiles.left)), boxed(wide, (tiles.in_, tiles.right)),
        boxed(narrow, (tiles.left, tiles.out)), boxed(narrow, (tiles.right, tiles.out)),
        unit.wide.bias, unit.between.alpha, unit.between.one_over_beta,
        unit.narrow.bias, residual.contiguous(), snake.alpha, snake.one_over_beta,
        y if total is None else total, y,  # a kernel's pointers can't be None
        n_steps, n_past, unit.wide.n_past, unit.wide.dilation,
        KEEP_SUM=total is not None, N_TAPS=len(unit.wide.weight),
        STEPS=tiles.steps, LEFT=tiles.left, RIGHT=tiles.right, IN=tiles.in_, OUT=tiles.out,
        num_warps=tiles.n_warps, num_stages=tiles.n_stages, maxnreg=tiles.n_registers,
    )  # fmt: skip


@triton.jit(do_not_specialize=["n_steps", "n_past", "reach", "dilation"])
def _residual_unit(
    x, wide_left, wide_right, narrow_left, narrow_right,
    wide_bias_ptr, between_alpha_ptr, between_one_over_beta_ptr,
    narrow_bias_ptr, residual_ptr, alpha_ptr, one_over_beta_ptr, sum_ptr, snaked_ptr,
    n_steps, n_past, reach, dilation,
    KEEP_SUM: tl.constexpr, N_TAPS: tl.constexpr,
    STEPS: tl.constexpr, LEFT: tl.constexpr, RIGHT: tl.constexpr, IN: tl.constexpr, OUT: tl.constexpr,
):  # fmt: skip
    """The first loop is a convolution over all taps (conv.py), the second a product with what the first one made."""
    N_CHANNELS: tl.constexpr = LEFT + RIGHT
    N_BLOCKS: tl.constexpr = N_CHANNELS // IN
    dtype = snaked_ptr.dtype.element_ty
    row = tl.program_id(1)
    first_step = tl.program_id(0) * STEPS
    left = biases(wide_bias_ptr, tl.arange(0, LEFT), N_CHANNELS, STEPS)
    right = biases(wide_bias_ptr, LEFT + tl.arange(0, RIGHT), N_CHANNELS, STEPS)
    for block in range(N_TAPS * N_BLOCKS):
        tap, first_in = block // N_BLOCKS, block % N_BLOCKS * IN
        start = first_step + n_past - reach + tap * dilation
        steps = tile_of_steps(x, row, start, first_in, n_steps + n_past, N_CHANNELS, STEPS, IN, True)
        left = tl.dot(steps, wide_left.load([tap * N_CHANNELS + first_in, 0]), left)
        right = tl.dot(steps, wide_right.load([tap * N_CHANNELS + first_in, LEFT]), right)
    if first_step < n_steps:  # always; but where a branch ends, what it made is in half precision, which frees half the registers
        hidden_left = _between(left, tl.arange(0, LEFT), between_alpha_ptr, between_one_over_beta_ptr).to(dtype)
        hidden_right = _between(right, LEFT + tl.arange(0, RIGHT), between_alpha_ptr, between_one_over_beta_ptr).to(dtype)
    else:
        hidden_left, hidden_right = left.to(dtype), right.to(dtype)
    step = first_step + tl.arange(0, STEPS)
    for first_out in range(0, N_CHANNELS, OUT):
        out = first_out + tl.arange(0, OUT)
        residual = residuals(residual_ptr, row, step, out, n_steps, N_CHANNELS)  # on its way during the products
        total = biases(narrow_bias_ptr, out, N_CHANNELS, STEPS)
        total = tl.dot(hidden_left, narrow_left.load([0, first_out]), total)
        total = tl.dot(hidden_right, narrow_right.load([LEFT, first_out]), total)
        finish(
            total + residual, row, step, out, n_steps, alpha_ptr, one_over_beta_ptr, sum_ptr, snaked_ptr,
            N_CHANNELS, N_CHANNELS, KEEP_SUM, True,
        )  # fmt: skip


@triton.jit
def _between(total, channel, alpha_ptr, one_over_beta_ptr):
    return snaked(total, tl.load(alpha_ptr + channel)[None, :], tl.load(one_over_beta_ptr + channel)[None, :])

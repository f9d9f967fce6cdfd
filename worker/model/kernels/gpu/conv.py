# mypy: disable-error-code="import-not-found, import-untyped, no-untyped-def, no-untyped-call, untyped-decorator"
"""conv.py on a GPU: one implicit matrix product over taps and channels, and all that follows it in its epilogue."""

from dataclasses import dataclass, replace

import torch
import triton
import triton.language as tl
from torch import Tensor

from worker.model.kernels.conv import Conv, Snake


@dataclass(frozen=True)
class Tiles:
    """One program computes `steps` × `out` of the output, `in_` input channels of one tap at a time."""

    steps: int = 128
    out: int = 128
    in_: int = 64
    n_warps: int = 8
    n_stages: int = 3


TILES: dict[tuple[int, int, int], Tiles] = {}
"""By (n_in, stretch * n_out, taps), where others than the usual were measured to be faster."""


def causal_conv(x: Tensor, n_past: int, conv: Conv, *, residual: Tensor | None = None, snake: Snake | None = None) -> Tensor:
    """As worker.model.kernels.conv.causal_conv."""
    y = _empty(x, n_past, conv)
    if snake is None:
        _launch(x, n_past, conv, residual, None, y, None)
    else:
        _launch(x, n_past, conv, residual, snake, None, y)
    return y


def causal_conv_both(
    x: Tensor, n_past: int, conv: Conv, *, snake: Snake, residual: Tensor | None = None
) -> tuple[Tensor, Tensor]:
    """As worker.model.kernels.conv.causal_conv_both."""
    y, snaked = _empty(x, n_past, conv), _empty(x, n_past, conv)
    _launch(x, n_past, conv, residual, snake, y, snaked)
    return y, snaked


def _empty(x: Tensor, n_past: int, conv: Conv) -> Tensor:
    return torch.empty(x.shape[0], (x.shape[1] - n_past) * conv.stretch, conv.n_out, dtype=x.dtype, device=x.device)


def _launch(
    x: Tensor, n_past: int, conv: Conv, residual: Tensor | None, snake: Snake | None, y: Tensor | None, snaked: Tensor | None
) -> None:
    rows, n_in_steps, n_in = x.shape
    n_taps, _, n_out = conv.weight.shape  # the layout of a transposed convolution's output is stretch * n_out channels
    n_steps = n_in_steps - n_past
    tiles = _tiles(n_in, n_out, n_taps)
    grid = (triton.cdiv(n_steps, tiles.steps), triton.cdiv(n_out, tiles.out), rows)
    unused = conv.bias               # a kernel's pointers can't be None; behind a flag that is off they are never read
    _causal_conv[grid](
        x.contiguous(), conv.weight, conv.bias,
        unused if snake is None else snake.alpha, unused if snake is None else snake.one_over_beta,
        unused if residual is None else residual, unused if y is None else y, unused if snaked is None else snaked,
        n_steps, n_past, conv.n_past, conv.dilation, n_in, n_out, conv.n_out,
        N_TAPS=n_taps,
        HAS_RESIDUAL=residual is not None, KEEP_SUM=y is not None, KEEP_SNAKED=snaked is not None,
        EVEN=n_in % tiles.in_ == 0, STEPS=tiles.steps, OUT=tiles.out, IN=tiles.in_,
        num_warps=tiles.n_warps, num_stages=tiles.n_stages,
    )  # fmt: skip


def _tiles(n_in: int, n_out: int, n_taps: int) -> Tiles:
    """tl.dot takes nothing narrower than 16."""
    usual = TILES.get((n_in, n_out, n_taps), Tiles())
    out = min(usual.out, max(16, triton.next_power_of_2(n_out)))
    divisor = n_in & -n_in           # the largest power of two in it: then no load of a channel needs a mask
    in_ = min(usual.in_, divisor if divisor >= 16 else max(16, triton.next_power_of_2(n_in)))
    return replace(usual, out=out, in_=in_)


@triton.jit(do_not_specialize=["n_steps", "n_past", "reach", "dilation"])  # one compilation serves every length
def _causal_conv(
    x_ptr, weight_ptr, bias_ptr, alpha_ptr, one_over_beta_ptr, residual_ptr, sum_ptr, snaked_ptr,
    n_steps, n_past, reach, dilation, n_in, n_out, n_snakes,
    N_TAPS: tl.constexpr, HAS_RESIDUAL: tl.constexpr, KEEP_SUM: tl.constexpr, KEEP_SNAKED: tl.constexpr,
    EVEN: tl.constexpr, STEPS: tl.constexpr, OUT: tl.constexpr, IN: tl.constexpr,
):  # fmt: skip
    """A program makes STEPS × OUT of one row: output step t is the sum over taps of weight[tap] · x[t + n_past - reach +
    tap·dilation], zeros before the row begins. `reach` is how far back the first tap looks, `n_past` how much of that x holds.
    The sum is rounded to x's type where the model rounds: behind the convolution, and behind the residual."""
    dtype = sum_ptr.dtype.element_ty if KEEP_SUM else snaked_ptr.dtype.element_ty
    row = tl.program_id(2).to(tl.int64)
    step = tl.program_id(0) * STEPS + tl.arange(0, STEPS)
    out = tl.program_id(1) * OUT + tl.arange(0, OUT)
    channel = tl.arange(0, IN)
    is_step, is_out = step < n_steps, out < n_out
    row_start = row * (n_steps + n_past)
    n_blocks = tl.cdiv(n_in, IN)
    total = tl.zeros([STEPS, OUT], tl.float32)
    for block in range(N_TAPS * n_blocks):  # one loop, so that loads are in flight across taps
        tap, first = block // n_blocks, (block % n_blocks) * IN
        source = step + n_past - reach + tap * dilation
        x_mask = ((source >= 0) & is_step)[:, None]
        weight_mask = is_out[None, :]
        if not EVEN:
            x_mask = x_mask & (first + channel < n_in)[None, :]
            weight_mask = weight_mask & (first + channel < n_in)[:, None]
        x = tl.load(x_ptr + (row_start + source)[:, None] * n_in + (first + channel)[None, :], x_mask, 0.0)
        weight = tl.load(weight_ptr + (tap * n_in + first + channel)[:, None] * n_out + out[None, :], weight_mask, 0.0)
        total = tl.dot(x, weight, total, input_precision="ieee")
    total += tl.load(bias_ptr + out, is_out, 0.0).to(tl.float32)[None, :]
    total = total.to(dtype).to(tl.float32)
    at = (row * n_steps + step)[:, None] * n_out + out[None, :]
    mask = is_step[:, None] & is_out[None, :]
    if HAS_RESIDUAL:
        total = (total + tl.load(residual_ptr + at, mask, 0.0).to(tl.float32)).to(dtype).to(tl.float32)
    if KEEP_SUM:
        tl.store(sum_ptr + at, total, mask)
    if KEEP_SNAKED:
        snake = out % n_snakes
        wave = tl.sin(total * tl.load(alpha_ptr + snake, is_out, 0.0)[None, :])
        tl.store(snaked_ptr + at, total + tl.load(one_over_beta_ptr + snake, is_out, 0.0)[None, :] * wave * wave, mask)

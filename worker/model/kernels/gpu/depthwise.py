# mypy: disable-error-code="import-not-found, import-untyped, no-untyped-def, no-untyped-call, untyped-decorator"
"""depthwise.py on a GPU: one program a step, the whole of its channels in registers."""

import torch
import triton
import triton.language as tl
from torch import Tensor

from worker.model.kernels.depthwise import LAYER_NORM_EPS, Depthwise


def depthwise_norm(x: Tensor, n_past: int, depthwise: Depthwise) -> Tensor:
    """As worker.model.kernels.depthwise.depthwise_norm."""
    rows, n_in_steps, n_channels = x.shape
    n_steps = n_in_steps - n_past
    y = torch.empty(rows, n_steps, n_channels, dtype=x.dtype, device=x.device)
    _depthwise_norm[(rows * n_steps,)](
        x.contiguous(), depthwise.weight, depthwise.bias, depthwise.norm_weight, depthwise.norm_bias, y,
        n_steps, n_past, n_channels, LAYER_NORM_EPS,
        N_TAPS=depthwise.n_past + 1, CHANNELS=triton.next_power_of_2(n_channels), num_warps=4,
    )  # fmt: skip
    return y


@triton.jit(do_not_specialize=["n_steps", "n_past"])
def _depthwise_norm(
    x_ptr, weight_ptr, bias_ptr, norm_weight_ptr, norm_bias_ptr, y_ptr, n_steps, n_past, n_channels, eps,
    N_TAPS: tl.constexpr, CHANNELS: tl.constexpr,
):  # fmt: skip
    """Output step t is LayerNorm(bias + the sum over taps of weight[tap] · x[t + n_past - (N_TAPS - 1) + tap]), zeros before
    the row begins."""
    dtype = y_ptr.dtype.element_ty
    row = (tl.program_id(0) // n_steps).to(tl.int64)
    step = tl.program_id(0) % n_steps
    channel = tl.arange(0, CHANNELS)
    is_channel = channel < n_channels
    row_start = row * (n_steps + n_past)
    total = tl.load(bias_ptr + channel, is_channel, 0.0).to(tl.float32)
    for tap in tl.static_range(N_TAPS):
        source = step + n_past - (N_TAPS - 1) + tap
        x = tl.load(x_ptr + (row_start + tl.maximum(source, 0)) * n_channels + channel, is_channel, 0.0)
        x = tl.where(source >= 0, x, 0.0)
        total += x.to(tl.float32) * tl.load(weight_ptr + tap * n_channels + channel, is_channel, 0.0).to(tl.float32)
    total = tl.where(is_channel, total.to(dtype).to(tl.float32), 0.0)
    centred = tl.where(is_channel, total - tl.sum(total, 0) / n_channels, 0.0)
    normed = centred * tl.rsqrt(tl.sum(centred * centred, 0) / n_channels + eps)
    normed = normed * tl.load(norm_weight_ptr + channel, is_channel, 0.0).to(tl.float32)
    normed += tl.load(norm_bias_ptr + channel, is_channel, 0.0).to(tl.float32)
    tl.store(y_ptr + (row * n_steps + step) * n_channels + channel, normed, is_channel)

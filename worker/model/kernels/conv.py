"""Causal convolutions over time, channels last, with what follows them in the codec: bias, residual, SnakeBeta.

A transposed convolution is one too: each input step makes `stretch` output steps, so its kernel of k·stretch samples is k taps
of stretch·n_out channels that only need to be laid out one after another. On CUDA tensors gpu/conv.py does the same.
"""

from dataclasses import dataclass

import torch
import torch.nn.functional as F
from torch import Tensor

SHORT_STEPS = 64
"""Below it oneDNN spends longer on laying out the weights than on the convolution; a product a tap needs no such thing.
1024 → 1536 channels, 7 taps, 16 steps, 2 cores: 14.5 against 5.0 ms."""


@dataclass(frozen=True)
class Conv:
    """`weight` [taps, n_in, stretch * n_out], `bias` [stretch * n_out]. The last tap sees the present, the one before it what
    was `dilation` steps ago."""

    weight: Tensor
    bias: Tensor
    dilation: int = 1
    stretch: int = 1

    @property
    def n_in(self) -> int:
        return self.weight.shape[1]

    @property
    def n_out(self) -> int:
        return self.weight.shape[2] // self.stretch

    @property
    def memory_size(self) -> int:
        """Numbers that a stream keeps for it."""
        return self.n_past * self.n_in

    @property
    def n_past(self) -> int:
        """Steps before the present that it looks at."""
        return (self.weight.shape[0] - 1) * self.dilation


@dataclass(frozen=True)
class Snake:
    """SnakeBeta: x + sin²(alpha·x) / beta, a pair of float32 numbers a channel (Ziyin et al. 2020, arXiv:2006.08195; with a
    magnitude of its own in BigVGAN, Lee et al. 2022, arXiv:2206.04658). `alpha`, `one_over_beta` [channels]."""

    alpha: Tensor
    one_over_beta: Tensor


def laid_out(weight: Tensor) -> Tensor:
    """[taps, n_in, n_out] in the memory layout that this device's convolution reads without a copy: as it stands for our
    kernel, output channel by output channel for a CPU's."""
    if weight.is_cuda:
        return weight.contiguous()
    return weight.permute(2, 0, 1).contiguous().permute(1, 2, 0)


def causal_conv(x: Tensor, n_past: int, conv: Conv, *, residual: Tensor | None = None, snake: Snake | None = None) -> Tensor:
    """snake(conv(x) + residual): [rows, stretch * n_steps, n_out] in x's dtype.

    `x` [rows, n_past + n_steps, n_in]: `n_past` is conv.n_past where x begins with the steps before the first output, 0 where
    nothing but silence was before it. `residual` has the output's shape. `snake` is of n_out channels.
    """
    if x.is_cuda:
        from worker.model.kernels.gpu import conv as gpu

        return gpu.causal_conv(x, n_past, conv, residual=residual, snake=snake)
    y = _sum(x, n_past, conv, residual)  # [rows, stretch * n_steps, n_out]
    return y if snake is None else _snaked(y, snake)


def causal_conv_both(
    x: Tensor, n_past: int, conv: Conv, *, snake: Snake, residual: Tensor | None = None
) -> tuple[Tensor, Tensor]:
    """The sum, which a later residual needs, and its SnakeBeta: as causal_conv without and with `snake`, computed once."""
    if x.is_cuda:
        from worker.model.kernels.gpu import conv as gpu

        return gpu.causal_conv_both(x, n_past, conv, snake=snake, residual=residual)
    y = _sum(x, n_past, conv, residual)  # [rows, stretch * n_steps, n_out]
    return y, _snaked(y, snake)


def _sum(x: Tensor, n_past: int, conv: Conv, residual: Tensor | None) -> Tensor:
    rows, n_steps = x.shape[0], x.shape[1] - n_past
    if n_past < conv.n_past:
        x = F.pad(x, (0, 0, conv.n_past, 0))  # [rows, conv.n_past + n_steps, n_in]
    y = _by_tap(x, n_steps, conv) if n_steps < SHORT_STEPS else _by_convolution(x, conv)
    y = y.view(rows, n_steps * conv.stretch, conv.n_out)
    return y if residual is None else y.add_(residual)


def _by_tap(x: Tensor, n_steps: int, conv: Conv) -> Tensor:
    y = conv.bias.expand(x.shape[0], n_steps, -1)  # [rows, n_steps, stretch * n_out]
    for tap, weight in enumerate(conv.weight):
        start = tap * conv.dilation
        y = torch.baddbmm(y, x[:, start : start + n_steps], weight.expand(len(x), -1, -1))
    return y


def _by_convolution(x: Tensor, conv: Conv) -> Tensor:
    image = x.transpose(1, 2)[:, :, None]  # [rows, n_in, 1, steps], channels last in memory: no copy
    weight = conv.weight.permute(2, 1, 0)[:, :, None]  # [stretch * n_out, n_in, 1, taps]
    y = F.conv2d(image, weight, conv.bias, dilation=(1, conv.dilation))
    return y[:, :, 0].transpose(1, 2).contiguous()  # [rows, n_steps, stretch * n_out]; a copy only where oneDNN chose otherwise


def _snaked(y: Tensor, snake: Snake) -> Tensor:
    wave = (y * snake.alpha).sin_().square_()  # float32, as alpha is
    return wave.mul_(snake.one_over_beta).add_(y).to(y.dtype)

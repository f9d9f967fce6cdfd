"""A causal depthwise convolution and the LayerNorm behind it: the first half of a ConvNeXt block (Liu et al. 2022,
arXiv:2201.03545). On CUDA tensors gpu/depthwise.py does the same."""

from dataclasses import dataclass

import torch.nn.functional as F
from torch import Tensor

LAYER_NORM_EPS = 1e-6


@dataclass(frozen=True)
class Depthwise:
    """`weight` [taps, channels], `bias` [channels]; `norm_weight`, `norm_bias` [channels]."""

    weight: Tensor
    bias: Tensor
    norm_weight: Tensor
    norm_bias: Tensor

    @property
    def n_past(self) -> int:
        return len(self.weight) - 1

    @property
    def memory_size(self) -> int:
        """Numbers that a stream keeps for it."""
        return self.n_past * self.weight.shape[1]


def depthwise_norm(x: Tensor, n_past: int, depthwise: Depthwise) -> Tensor:
    """LayerNorm(conv(x)) over the channels: [rows, n_steps, channels] in x's dtype.

    `x` [rows, n_past + n_steps, channels]; `n_past` is depthwise.n_past, or 0 where nothing but silence was before.
    """
    if x.is_cuda:
        from worker.model.kernels.gpu import depthwise as gpu

        return gpu.depthwise_norm(x, n_past, depthwise)
    if n_past < depthwise.n_past:
        x = F.pad(x, (0, 0, depthwise.n_past, 0))  # [rows, depthwise.n_past + n_steps, channels]
    n_channels = x.shape[2]
    kernel = depthwise.weight.T[:, None]  # [channels, 1, taps]
    y = F.conv1d(x.transpose(1, 2), kernel, depthwise.bias, groups=n_channels).transpose(1, 2)  # [rows, n_steps, channels]
    return F.layer_norm(y, (n_channels,), depthwise.norm_weight, depthwise.norm_bias, LAYER_NORM_EPS)

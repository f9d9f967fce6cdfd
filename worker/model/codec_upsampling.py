"""Between transformer and waveform: twice as many steps, then a ConvNeXt block, as often as the configuration says."""

import torch.nn.functional as F
from torch import Tensor

from worker.model.codec_past import Past
from worker.model.codec_weights import CodecWeights
from worker.model.kernels.conv import causal_conv
from worker.model.kernels.depthwise import Depthwise, depthwise_norm


class Upsampling:
    """[rows, n_steps, latent_dim] to [rows, ratio * n_steps, latent_dim]. ConvNeXt's gamma is multiplied into its last matrix."""

    def __init__(self, weights: CodecWeights, place: int, ratio: int) -> None:
        stretch, block = f"upsample.{place}.0", f"upsample.{place}.1"
        self._stretch = weights.transposed_conv(stretch, ratio)
        self._depthwise = Depthwise(
            weight=weights.tensor(f"{block}.dwconv.conv.weight")[:, 0].T.contiguous(),  # [taps, channels]
            bias=weights.tensor(f"{block}.dwconv.conv.bias"),
            norm_weight=weights.tensor(f"{block}.norm.weight"),
            norm_bias=weights.tensor(f"{block}.norm.bias"),
        )
        self._wider = (weights.tensor(f"{block}.pwconv1.weight"), weights.tensor(f"{block}.pwconv1.bias"))
        self._narrower = (
            weights.scaled(f"{block}.pwconv2.weight", f"{block}.gamma"),
            weights.scaled(f"{block}.pwconv2.bias", f"{block}.gamma"),
        )

    @property
    def memory_size(self) -> int:
        return self._stretch.memory_size + self._depthwise.memory_size

    def __call__(self, x: Tensor, past: Past) -> Tensor:
        x = causal_conv(*past.before(x, self._stretch.n_past), self._stretch)  # [rows, ratio * n_steps, latent_dim]
        normed = depthwise_norm(*past.before(x, self._depthwise.n_past), self._depthwise)
        return x + F.linear(F.gelu(F.linear(normed, *self._wider)), *self._narrower)

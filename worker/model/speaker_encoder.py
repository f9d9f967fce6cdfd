"""Who speaks: ECAPA-TDNN (Desplanques et al. 2020, arXiv:2005.07143), from a Base checkpoint's `speaker_encoder.*` weights.

In float32 whatever the talker runs in: a voice is encoded once, and its rounding would be in every frame spoken with it.
"""

from collections.abc import Callable
from dataclasses import dataclass

import torch
from torch.nn import functional

from worker.model.config import SpeakerEncoderConfig
from worker.model.mel import Mel
from worker.model.weights import TensorFile

LEAST_VARIANCE = 1e-12


@dataclass(frozen=True)
class Conv:
    """A 1-D convolution that keeps the length: edges are mirrored."""

    weight: torch.Tensor    # [n_out, n_in, n_taps]
    bias: torch.Tensor      # [n_out]
    dilation: int = 1

    def __call__(self, x: torch.Tensor) -> torch.Tensor:
        """[1, n_in, n] to [1, n_out, n]"""
        reach = self.dilation * (self.weight.shape[-1] - 1)
        padded = functional.pad(x, (reach // 2, reach - reach // 2), mode="reflect") if reach else x
        return functional.conv1d(padded, self.weight, self.bias, dilation=self.dilation)


ReadConv = Callable[..., Conv]


class Block:
    """SE-Res2Net: a convolution, groups of channels that each hear the one before, a convolution, channel weights."""

    def __init__(self, read: ReadConv, name: str, n_groups: int, dilation: int) -> None:
        self._n_groups = n_groups
        self._first = read(f"{name}.tdnn1.conv")
        self._groups = [read(f"{name}.res2net_block.blocks.{place}.conv", dilation) for place in range(n_groups - 1)]
        self._last = read(f"{name}.tdnn2.conv")
        self._squeeze, self._excite = read(f"{name}.se_block.conv1"), read(f"{name}.se_block.conv2")

    def __call__(self, x: torch.Tensor) -> torch.Tensor:
        """[1, n_channels, n] to the same."""
        inputs = torch.chunk(torch.relu(self._first(x)), self._n_groups, dim=1)     # each [1, n_channels / n_groups, n]
        outputs = [inputs[0]]
        for conv, group in zip(self._groups, inputs[1:], strict=True):
            heard = group if len(outputs) == 1 else group + outputs[-1]
            outputs.append(torch.relu(conv(heard)))
        h = torch.relu(self._last(torch.cat(outputs, dim=1)))                       # [1, n_channels, n]
        loudness = self._excite(torch.relu(self._squeeze(h.mean(dim=2, keepdim=True))))     # [1, n_channels, 1]
        return x + h * torch.sigmoid(loudness)


class SpeakerEncoder:
    """Mel spectrogram in, speaker embedding out. One thread calls it."""

    def __init__(self, config: SpeakerEncoderConfig, weights: TensorFile, device: torch.device) -> None:
        """Raises CheckpointError where a tensor is missing."""
        def read(name: str, dilation: int = 1) -> Conv:
            name = f"speaker_encoder.{name}"
            return Conv(weights.take(f"{name}.weight", torch.float32), weights.take(f"{name}.bias", torch.float32), dilation)

        last = len(config.channels) - 1
        self._mel = Mel(config.mel_dim, device)
        self._device = device
        self._first = read("blocks.0.conv", config.dilations[0])
        self._blocks = [Block(read, f"blocks.{place}", config.res2net_scale, config.dilations[place]) for place in range(1, last)]
        self._join = read("mfa.conv", config.dilations[last])
        self._look, self._weigh = read("asp.tdnn.conv"), read("asp.conv")
        self._out = read("fc")

    @torch.inference_mode()
    def embed(self, pcm: torch.Tensor) -> torch.Tensor:
        """`pcm` [n_samples] float32, 24 kHz. Returns [enc_dim] float32."""
        h = torch.relu(self._first(self._mel.spectrogram(pcm.to(self._device))[None]))      # [1, n_channels, n]
        heard = []
        for block in self._blocks:
            h = block(h)
            heard.append(h)
        h = torch.relu(self._join(torch.cat(heard, dim=1)))         # [1, n_joined, n]
        return self._out(self._pool(h))[0, :, 0]                    # [enc_dim]

    def _pool(self, h: torch.Tensor) -> torch.Tensor:
        """Attentive statistics: mean and deviation over time, by weights that each channel has of its own.
        [1, n_joined, n] to [1, 2 * n_joined, 1]"""
        n = h.shape[2]
        even = torch.full_like(h, 1 / n)
        context = [part.expand(-1, -1, n) for part in _mean_and_deviation(h, even)]
        scores = self._weigh(torch.tanh(torch.relu(self._look(torch.cat([h, *context], dim=1)))))   # [1, n_joined, n]
        return torch.cat(_mean_and_deviation(h, torch.softmax(scores, dim=2)), dim=1)


def _mean_and_deviation(h: torch.Tensor, weights: torch.Tensor) -> tuple[torch.Tensor, torch.Tensor]:
    """Over time; both [1, n_joined, n] to [1, n_joined, 1]."""
    mean = (weights * h).sum(2, keepdim=True)
    variance = (weights * (h - mean).square()).sum(2, keepdim=True)
    return mean, torch.sqrt(variance.clamp(min=LEAST_VARIANCE))

"""Who speaks: ECAPA-TDNN (Desplanques et al. 2020, arXiv:2005.07143), from a Base checkpoint's `speaker_encoder.*` weights.

In float32 whatever the talker runs in: a voice is encoded once, and its rounding would be in every frame spoken with it.

Behind a recording there may be padding, of any finite values (worker/model/mimi_encoder.py says what for): edges are mirrored at
the recording's end, and sums over time are over the recording.
"""

from collections.abc import Callable
from dataclasses import dataclass

import torch
from torch import Tensor
from torch.nn import functional

from worker.model.config import SpeakerEncoderConfig
from worker.model.mel import HOP_SAMPLES, Mel
from worker.model.mirrored import mirrored
from worker.model.weights import TensorFile

LEAST_VARIANCE = 1e-12


class Heard:
    """Which positions of a padded spectrogram are the recording: the first `n` (int64, of no dimension) of `length`.
    `mask` [length]; `even` [length] is 1 / n for them, else 0."""

    def __init__(self, length: int, n: Tensor) -> None:
        self._length, self._n = length, n
        self.mask = torch.arange(length, device=n.device) < n
        self.even = self.mask / n
        self._mirrored: dict[int, Tensor] = {}

    def mirrored(self, x: Tensor, reach: int) -> Tensor:
        """[1, n_channels, length] to [1, n_channels, length + reach]"""
        if reach not in self._mirrored:
            self._mirrored[reach] = mirrored(self._length, self._n, reach // 2, reach - reach // 2)
        return x[:, :, self._mirrored[reach]]


@dataclass(frozen=True)
class Conv:
    """A 1-D convolution that keeps the length: edges are mirrored."""

    weight: Tensor          # [n_out, n_in, n_taps]
    bias: Tensor            # [n_out]
    dilation: int = 1

    def __call__(self, x: Tensor, heard: Heard) -> Tensor:
        """[1, n_in, length] to [1, n_out, length]"""
        reach = self.dilation * (self.weight.shape[-1] - 1)
        return functional.conv1d(heard.mirrored(x, reach) if reach else x, self.weight, self.bias, dilation=self.dilation)


ReadConv = Callable[..., Conv]


class Block:
    """SE-Res2Net: a convolution, groups of channels that each hear the one before, a convolution, channel weights."""

    def __init__(self, read: ReadConv, name: str, n_groups: int, dilation: int) -> None:
        self._n_groups = n_groups
        self._first = read(f"{name}.tdnn1.conv")
        self._groups = [read(f"{name}.res2net_block.blocks.{place}.conv", dilation) for place in range(n_groups - 1)]
        self._last = read(f"{name}.tdnn2.conv")
        self._squeeze, self._excite = read(f"{name}.se_block.conv1"), read(f"{name}.se_block.conv2")

    def __call__(self, x: Tensor, heard: Heard) -> Tensor:
        """[1, n_channels, length] to the same."""
        inputs = torch.chunk(torch.relu(self._first(x, heard)), self._n_groups, dim=1)  # each [1, n_channels / n_groups, length]
        outputs = [inputs[0]]
        for conv, group in zip(self._groups, inputs[1:], strict=True):
            outputs.append(torch.relu(conv(group if len(outputs) == 1 else group + outputs[-1], heard)))
        h = torch.relu(self._last(torch.cat(outputs, dim=1), heard))                    # [1, n_channels, length]
        mean = (heard.even * h).sum(2, keepdim=True)                                    # [1, n_channels, 1]
        loudness = self._excite(torch.relu(self._squeeze(mean, heard)), heard)
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
        self._first = read("blocks.0.conv", config.dilations[0])
        self._blocks = [Block(read, f"blocks.{place}", config.res2net_scale, config.dilations[place]) for place in range(1, last)]
        self._join = read("mfa.conv", config.dilations[last])
        self._look, self._weigh = read("asp.tdnn.conv"), read("asp.conv")
        self._out = read("fc")

    def embed(self, sound: Tensor, n_samples: Tensor) -> Tensor:
        """`sound` [n] float32, 24 kHz, of which `n_samples` (int64, of no dimension) are the recording. Returns [enc_dim]
        float32."""
        mel = self._mel.spectrogram(sound, n_samples)[None]             # [1, n_mels, length]
        heard = Heard(mel.shape[2], n_samples // HOP_SAMPLES)
        h = torch.relu(self._first(mel, heard))                         # [1, n_channels, length]
        outputs = []
        for block in self._blocks:
            h = block(h, heard)
            outputs.append(h)
        h = torch.relu(self._join(torch.cat(outputs, dim=1), heard))    # [1, n_joined, length]
        return self._out(self._pool(h, heard), heard)[0, :, 0]          # [enc_dim]

    def _pool(self, h: Tensor, heard: Heard) -> Tensor:
        """Attentive statistics: mean and deviation over time, by weights that each channel has of its own.
        [1, n_joined, length] to [1, 2 * n_joined, 1]"""
        context = [part.expand_as(h) for part in _mean_and_deviation(h, heard.even)]
        inner = torch.tanh(torch.relu(self._look(torch.cat([h, *context], dim=1), heard)))
        scores = self._weigh(inner, heard).masked_fill(~heard.mask, -torch.inf)         # [1, n_joined, length]
        return torch.cat(_mean_and_deviation(h, torch.softmax(scores, dim=2)), dim=1)


def _mean_and_deviation(h: Tensor, weights: Tensor) -> tuple[Tensor, Tensor]:
    """Over time; [1, n_joined, length] to [1, n_joined, 1]. `weights` are 0 where nothing is to be heard."""
    mean = (weights * h).sum(2, keepdim=True)
    variance = (weights * (h - mean).square()).sum(2, keepdim=True)
    return mean, torch.sqrt(variance.clamp(min=LEAST_VARIANCE))

"""What came before the steps at hand, for every layer of the codec that looks back: nothing for whole takes, a stream's memory
for chunks. The layers don't know which it is.
"""

from dataclasses import dataclass
from math import prod
from typing import Protocol

import torch
from torch import Tensor


class Past(Protocol):
    """One pass through the codec. Its layers ask in the order in which they run.

    `positions` [rows or 1, n_frames] of these frames in their takes, for RoPE; `visible` bool [rows or 1, 1, n_frames, n_keys]:
    which frames a frame attends to.
    """

    positions: Tensor
    visible: Tensor

    def before(self, x: Tensor, n_past: int) -> tuple[Tensor, int]:
        """`x` [rows, n_steps, channels] with the `n_past` steps before it, and how many of these it has: all, or 0 where
        nothing but silence was before (the kernels know that by themselves)."""
        ...

    def keys_and_values(self, keys: Tensor, values: Tensor) -> tuple[Tensor, Tensor]:
        """Those of these frames, [rows, heads, n_frames, dim] each, behind those of the frames before:
        [rows, heads, n_keys, dim]."""
        ...


class NoPast:
    """Whole takes: nothing comes before them, nothing after."""

    def __init__(self, n_frames: int, window: int, device: torch.device) -> None:
        self.positions = torch.arange(n_frames, device=device)[None]  # [1, n_frames]
        self.visible = _in_window(self.positions, self.positions, window)

    def before(self, x: Tensor, n_past: int) -> tuple[Tensor, int]:  # noqa: ARG002 - a kernel puts the silence there
        return x, 0

    def keys_and_values(self, keys: Tensor, values: Tensor) -> tuple[Tensor, Tensor]:
        return keys, values


@dataclass
class CodecStream:
    """An utterance that is decoded while it is spoken. `memory` [n] holds the last inputs of every layer that looks back, one
    after another in the order in which they run; its size never changes. `n_frames`, int64, are decoded so far. Both stay on
    the device: a number from the host would wait for all that was launched before."""

    memory: Tensor
    n_frames: Tensor


class StreamedPast:
    """Chunks of several streams, equally long. `memory` [rows, n] and `n_frames` [rows] int64 are those of the streams; both are
    changed in place: each layer overwrites its part of the memories, once it has read it, with what the next chunk will need,
    and `close` counts the frames."""

    def __init__(self, memory: Tensor, n_frames: Tensor, n_new: int, window: int) -> None:
        self._memory, self._n_frames, self._n_new = memory, n_frames, n_new
        self._part = slice(0, 0)         # of the layer that runs
        device, decoded = memory.device, n_frames[:, None]  # [rows, 1]
        self.positions = decoded + torch.arange(n_new, device=device)  # [rows, n_new]
        key_positions = decoded + torch.arange(1 - window, n_new, device=device)  # [rows, window - 1 + n_new]
        self.visible = _in_window(self.positions, key_positions, window)
        self._n_keys_kept = window - 1

    def before(self, x: Tensor, n_past: int) -> tuple[Tensor, int]:
        if n_past == 0:
            return x, 0
        rows, _, n_channels = x.shape
        x = torch.cat((self._take((rows, n_past, n_channels)), x), 1)  # [rows, n_past + n_steps, channels]
        self._leave(x[:, x.shape[1] - n_past :])
        return x, n_past

    def keys_and_values(self, keys: Tensor, values: Tensor) -> tuple[Tensor, Tensor]:
        return self._longer(keys), self._longer(values)

    def close(self) -> None:
        """All layers have run."""
        assert self._part.stop == self._memory.shape[1]
        self._n_frames += self._n_new

    def _longer(self, x: Tensor) -> Tensor:
        rows, n_heads, _, dim = x.shape
        x = torch.cat((self._take((rows, n_heads, self._n_keys_kept, dim)), x), 2)  # [rows, heads, n_keys, dim]
        self._leave(x[:, :, x.shape[2] - self._n_keys_kept :])
        return x

    def _take(self, shape: tuple[int, ...]) -> Tensor:
        self._part = slice(self._part.stop, self._part.stop + prod(shape[1:]))
        return self._memory[:, self._part].view(shape)

    def _leave(self, x: Tensor) -> None:
        self._memory[:, self._part] = x.flatten(1)


def _in_window(query: Tensor, key: Tensor, window: int) -> Tensor:
    """A frame sees itself and the `window` - 1 before it; keys of negative positions were never spoken."""
    ago = query[:, :, None] - key[:, None]  # [rows, n_queries, n_keys]
    return ((ago >= 0) & (ago < window) & (key >= 0)[:, None])[:, None]

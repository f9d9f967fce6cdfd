"""True peaks: how high the sound rises between its samples (ITU-R BS.1770-5, annex 2), by looking four times as closely."""

import numpy as np
from numpy.lib.stride_tricks import sliding_window_view
from numpy.typing import NDArray

from worker.voices.seam import Pcm

REACH = 12
"""Samples on either side that a point between two of them depends on."""

_FRAME = 32
"""Samples that are looked at together, or not at all; a window of 2 · REACH fits in one."""


def _between() -> NDArray[np.float32]:
    """Weights of the 2 · REACH samples around the three points between the middle two, [2 · REACH, 3]: a windowed sinc."""
    at = np.arange(-REACH + 1, REACH + 1)[:, None] - np.array([0.25, 0.5, 0.75])
    taps = np.sinc(at) * np.cos(np.pi * at / (2 * REACH + 1)) ** 2
    weights: NDArray[np.float32] = (taps / taps.sum(axis=0)).astype(np.float32)
    return weights


_BETWEEN = _between()
MOST_OVERSHOOT = float(np.abs(_BETWEEN).sum(axis=0).max())
"""What lies between samples is at most this many times the highest of them: where that is harmless, nobody need look."""


def peaks(pcm: Pcm, above: float) -> Pcm:
    """For each sample but REACH at either end: the highest point at it and on the way to both its neighbours,
    [n_samples − 2 · REACH]. Where that is not `above`, it may be just the sample's own height: nobody looked any closer."""
    heights = np.abs(pcm)
    rows = _rows_worth_a_look(heights, above)
    between = np.zeros(len(pcm) - 2 * REACH + 1, np.float32)
    between[rows] = np.abs(sliding_window_view(pcm, 2 * REACH)[rows] @ _BETWEEN).max(axis=1, initial=0)
    highest: Pcm = np.maximum(heights[REACH:-REACH], np.maximum(between[:-1], between[1:]))
    return highest


def _rows_worth_a_look(heights: Pcm, above: float) -> NDArray[np.int64]:
    """The windows of 2 · REACH samples in whose middle the sound may rise above `above`."""
    n_frames = -(-len(heights) // _FRAME)
    frames = np.zeros((n_frames + 1) * _FRAME, np.float32)
    frames[:len(heights)] = heights
    highest = frames.reshape(-1, _FRAME).max(axis=1)
    highest[:-1] = np.maximum(highest[:-1], highest[1:])  # a window reaches into the frame behind the one it begins in
    rows = np.repeat(highest * MOST_OVERSHOOT > above, _FRAME)[:len(heights) - 2 * REACH + 1]
    return np.flatnonzero(rows)


class TruePeak:
    """Add sound in pieces of any size. `peak` is linear, 1 being full scale."""

    def __init__(self) -> None:
        self.peak = 0.0
        self._before = np.zeros(2 * REACH, np.float32)

    def add(self, pcm: Pcm) -> None:
        sound = np.concatenate([self._before, pcm])
        if len(sound) > 2 * REACH:
            self.peak = max(self.peak, float(np.abs(sound).max()))
            self.peak = max(self.peak, float(peaks(sound, self.peak).max()))
        self._before = sound[-2 * REACH:]

    def end(self) -> None:
        """The sound is over: what the last samples lead to counts, too."""
        self.add(np.zeros(2 * REACH, np.float32))

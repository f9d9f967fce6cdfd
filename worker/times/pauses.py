"""The pauses inside a take."""

from dataclasses import dataclass

import numpy as np

from worker.takes.loudness import FRAME_S, has_sound, levels
from worker.voices.seam import Pcm

SHORTEST_S = 0.08
"""A stop such as p or t is silent for less."""
_QUIET = 10 ** (-35 / 20)
"""A frame this far below the loudest one is a pause, breath and the noise of a room included."""


@dataclass(frozen=True, slots=True)
class Pause:
    start_s: float
    end_s: float

    @property
    def length_s(self) -> float:
        return self.end_s - self.start_s

    @property
    def middle_s(self) -> float:
        return (self.start_s + self.end_s) / 2


def pauses(pcm: Pcm) -> list[Pause]:
    """Of a take, float32 [n_samples], in order; the silence at its ends is none. Raises BrokenSound."""
    loudness = levels(pcm)  # [n_frames]
    if not has_sound(loudness):
        return []
    heard = np.flatnonzero(loudness >= float(loudness.max()) * _QUIET)  # numbers of the frames that are no pause
    gaps = np.flatnonzero(np.diff(heard) > round(SHORTEST_S / FRAME_S))
    return [Pause((int(heard[n]) + 1) * FRAME_S, int(heard[n + 1]) * FRAME_S) for n in gaps]

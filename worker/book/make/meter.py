"""The meter that all sound of a chapter passes once: how loud, how high, how long."""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass

import numpy as np

from worker.book.make.loudness import Loudness
from worker.book.make.true_peak import TruePeak
from worker.voices.seam import Pcm

FLOOR_DB = -120.0
"""Silence, where a number is needed."""


@dataclass(frozen=True)
class Reading:
    """`loudness_lufs` is integrated and gated (BS.1770), −120 where there is nothing to measure: less than 400 ms, or nothing
    above −70 LUFS. `rms_dbfs` is over everything, pauses too. `true_peak_dbtp` is found by looking four times as closely."""

    n_samples: int
    loudness_lufs: float
    rms_dbfs: float
    true_peak_dbtp: float

    def louder(self, gain_db: float) -> "Reading":
        """The same sound with a constant gain. What could not be measured still cannot."""
        loudness = self.loudness_lufs if self.loudness_lufs <= FLOOR_DB else self.loudness_lufs + gain_db
        return Reading(self.n_samples, loudness, self.rms_dbfs + gain_db, self.true_peak_dbtp + gain_db)


class Meter:
    def __init__(self) -> None:
        self._loudness = Loudness()
        self._true_peak = TruePeak()
        self._energy = 0.0
        self._n_samples = 0

    def measuring(self, sound: Iterable[Pcm]) -> Iterator[Pcm]:
        """`sound` as it is, measured on its way."""
        for pcm in sound:
            self.add(pcm)
            yield pcm

    def add(self, pcm: Pcm) -> None:
        self._loudness.add(pcm)
        self._true_peak.add(pcm)
        self._energy += float(np.dot(pcm, pcm))
        self._n_samples += len(pcm)

    def reading(self) -> Reading:
        """Of all that was added."""
        self._true_peak.end()
        mean_square = self._energy / max(1, self._n_samples)
        return Reading(self._n_samples, max(FLOOR_DB, self._loudness.integrated_lufs()), db(mean_square ** 0.5),
                       db(self._true_peak.peak))


def db(amplitude: float) -> float:
    """0 is full scale, −120 the least that is told."""
    return max(FLOOR_DB, 20 * float(np.log10(max(amplitude, 1e-9))))

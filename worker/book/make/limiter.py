"""The limiter: where a peak would rise above the ceiling, the sound around it gets a little softer, and nowhere else."""

from collections.abc import Iterable, Iterator

import numpy as np
from numpy.typing import NDArray

from worker.book.make.true_peak import MOST_OVERSHOOT, REACH, peaks
from worker.voices.seam import SAMPLE_RATE_HZ, Pcm

_RAMP = round(0.010 * SAMPLE_RATE_HZ)
"""Samples over which the gain goes down before a peak, and up after it."""
_CONTEXT = 2 * _RAMP + REACH
_BLOCK = SAMPLE_RATE_HZ


class Limiter:
    """Limits once. `n_limited` counts the samples that were made softer."""

    def __init__(self, ceiling: float) -> None:
        """`ceiling` is the highest true peak to let pass, 1 being full scale."""
        self.n_limited = 0
        self._ceiling = ceiling

    def limit(self, sound: Iterable[Pcm]) -> Iterator[Pcm]:
        """As many samples as `sound` has, in pieces of other sizes. Looks ahead, but comes out in time."""
        waiting = [np.zeros(_CONTEXT, np.float32)]
        n_waiting = _CONTEXT
        for pcm in sound:
            waiting.append(pcm)
            n_waiting += len(pcm)
            if n_waiting < _BLOCK + 2 * _CONTEXT:
                continue
            joined = np.concatenate(waiting)
            yield self._limited(joined)
            waiting, n_waiting = [joined[-2 * _CONTEXT:]], 2 * _CONTEXT
        last = np.concatenate([*waiting, np.zeros(_CONTEXT, np.float32)])
        if len(last) > 2 * _CONTEXT:
            yield self._limited(last)

    def _limited(self, sound: Pcm) -> Pcm:
        """All of `sound` but its context, [n_samples − 2 · _CONTEXT]."""
        middle = sound[_CONTEXT:-_CONTEXT]
        if float(np.abs(sound).max()) * MOST_OVERSHOOT <= self._ceiling:
            return middle
        gain = self._gain(peaks(sound, self._ceiling))
        self.n_limited += int(np.count_nonzero(gain < 1))
        return middle * gain

    def _gain(self, peak: Pcm) -> Pcm:
        """What each sample is multiplied with, 1 at most. Averages over a window of values, each of which is enough for the
        sample in its middle, are enough as well, and change slowly."""
        enough = np.minimum(1, self._ceiling / np.maximum(peak, self._ceiling))
        smooth = _mean(_mean(_lowest(enough, 2 * _RAMP + 1), _RAMP + 1), _RAMP + 1)
        smooth[smooth > 1 - 1e-6] = 1  # what rounding leaves of 1
        gain: Pcm = smooth.astype(np.float32)
        return gain


def _lowest(values: Pcm, width: int) -> Pcm:
    """The lowest of each `width` neighbours, [n − width + 1]; by windows that double, not by looking at each."""
    done = 1
    while done < width:
        step = min(done, width - done)
        values = np.minimum(values[:-step], values[step:])
        done += step
    return values


def _mean(values: NDArray[np.float32] | NDArray[np.float64], width: int) -> NDArray[np.float64]:
    """The mean of each `width` neighbours, [n − width + 1]."""
    sums = np.cumsum(values, dtype=np.float64)
    sums = np.concatenate([np.zeros(1), sums])
    mean: NDArray[np.float64] = (sums[width:] - sums[:-width]) / width
    return mean

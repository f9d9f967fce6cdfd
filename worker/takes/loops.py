"""Loops: a voice that is stuck says the same thing, with the same melody, over and over."""

import re

import numpy as np
from numpy.lib.stride_tricks import sliding_window_view
from numpy.typing import NDArray

from worker.voices.seam import SAMPLE_RATE_HZ, Pcm

_HOP = SAMPLE_RATE_HZ // 50
"""Samples of one spectrum: 20 ms."""
_HANN = np.hanning(_HOP).astype(np.float32)
_BANDS = np.unique(np.round(np.geomspace(2, 200, 17)).astype(int))
"""First bin (50 Hz each) of each band, from 100 Hz to 10 kHz."""
_FLOOR = 1e-4
"""−40 dB: what is softer than that counts as equally silent, or pauses would outweigh all that is said."""
_HOPS_AT_ONCE, _PERIODS_AT_ONCE = 100, 24
"""What they take fits the processor's cache. All at once would be fresh pages of memory for each take, which cost more than the
arithmetic; one by one, the interpreter would have its lock for most of the time, and other threads would wait for it."""
_SHORTEST_PERIOD, _LONGEST_PERIOD = 12, 150
"""In hops: 0.24 s, a syllable, to 3 s, a phrase. Below, all speech is periodic."""
_ALIKE = 0.05
"""Three periods in a row are a loop when they differ by less than this share of what a period varies by. Of good takes by
espeak-ng, which says a letter the same way each time, the nearest ("www", "ESA and the JWST") come to 0.08."""
_LEAST_VARIANCE = 0.1
"""Within a period, of a band's power, (log10)²: 3 dB up and down. A steady sound, as of a tone, is no loop."""
_REPETITION = re.compile(r"(\w.{0,40}?)(?:\W*\1){2}", re.IGNORECASE | re.DOTALL)


def is_looping(pcm: Pcm) -> bool:
    """Whether some stretch of 0.24 to 3 s is spoken three times in a row, all but the same. float32 [n_samples]."""
    if len(pcm) < 3 * _SHORTEST_PERIOD * _HOP:
        return False
    spectra = _spectra(pcm)  # [n_bands, n_hops]
    sums = _running_sums(spectra)
    end = min(_LONGEST_PERIOD, spectra.shape[1] // 3 + 1)
    return any(_repeats(spectra, sums, np.arange(start, min(start + _PERIODS_AT_ONCE, end)))
               for start in range(_SHORTEST_PERIOD, end, _PERIODS_AT_ONCE))


def asks_for_repetition(text: str) -> bool:
    """Whether the text itself says something three times in a row: "no, no, no", "www", "1000"."""
    return _REPETITION.search(text) is not None


def _repeats(spectra: NDArray[np.float32], sums: NDArray[np.float64], periods: NDArray[np.int64]) -> bool:
    """Whether for one of `periods` some three in a row are alike: what changes from each to the next, against what changes within
    one."""
    nearest, change = _nearest(spectra, periods)
    variance = _variances(sums, nearest, periods)  # [n_periods, n_bands]
    unrelated = 4 * periods * variance.sum(axis=1)
    return bool(np.any((variance.mean(axis=1) > _LEAST_VARIANCE) & (change < _ALIKE * unrelated)))


def _nearest(spectra: NDArray[np.float32], periods: NDArray[np.int64]) -> tuple[NDArray[np.int64], NDArray[np.float64]]:
    """For each period, where the three periods begin that are most alike, and what changes from each to the next of them, both
    [n_periods]."""
    n_bands, n_hops = spectra.shape
    # One shift a row; what it shifts in at the end is no sound, and no three periods that are looked at reach into it.
    padded = np.zeros((n_bands, n_hops + int(periods[-1])), np.float32)
    padded[:, :n_hops] = spectra
    shifted = sliding_window_view(padded, n_hops, axis=1)[:, periods[0]:]  # [n_bands, n_periods, n_hops]
    power = np.einsum("bh,bh->h", padded, padded)  # [n_hops + longest period]
    change = -2 * np.einsum("bh,bph->ph", spectra, shifted)  # [n_periods, n_hops]
    change += power[:n_hops]
    change += sliding_window_view(power, n_hops)[periods[0]:]
    total = np.zeros((len(periods), n_hops + 1))
    np.cumsum(change, axis=1, out=total[:, 1:])
    starts = np.arange(n_hops)  # of three periods: two changes, each a period long
    ends = np.minimum(starts + 2 * periods[:, None], n_hops)  # [n_periods, n_hops]
    change = np.take_along_axis(total, ends, axis=1) - total[:, :-1]
    change[starts > n_hops - 3 * periods[:, None]] = np.inf
    nearest = change.argmin(axis=1)
    return nearest, np.take_along_axis(change, nearest[:, None], axis=1)[:, 0]


def _running_sums(spectra: NDArray[np.float32]) -> NDArray[np.float64]:
    """Of each band, and of its square, before each hop, [2, n_hops + 1, n_bands]."""
    sums = np.zeros((2, spectra.shape[1] + 1, spectra.shape[0]))
    np.cumsum(spectra.T, axis=0, out=sums[0, 1:])
    np.cumsum(np.square(spectra.T), axis=0, out=sums[1, 1:])
    return sums


def _variances(sums: NDArray[np.float64], starts: NDArray[np.int64], lengths: NDArray[np.int64]) -> NDArray[np.float64]:
    """Of each band, from each start on for so many hops, [n_starts, n_bands]."""
    mean, mean_square = (sums[:, starts + lengths] - sums[:, starts]) / lengths[:, None]  # [n_starts, n_bands] each
    variances: NDArray[np.float64] = mean_square - np.square(mean)
    return variances


def _spectra(pcm: Pcm) -> NDArray[np.float32]:
    """Power by band, logarithmic, [n_bands, n_hops], less its mean over the take."""
    frames = pcm[:len(pcm) // _HOP * _HOP].reshape(-1, _HOP)
    banded = np.empty((len(frames), len(_BANDS) - 1), np.float32)  # [n_hops, n_bands]
    for start in range(0, len(frames), _HOPS_AT_ONCE):
        bins = np.fft.rfft(frames[start:start + _HOPS_AT_ONCE] * _HANN, axis=1)  # [hops at once, n_bins]
        power = np.square(bins.real) + np.square(bins.imag)
        banded[start:start + _HOPS_AT_ONCE] = np.add.reduceat(power, _BANDS[:-1], axis=1)
    spectra = np.log10(banded + _FLOOR * banded.max(initial=0.0) + 1e-12)
    return np.ascontiguousarray((spectra - spectra.mean(axis=0)).T, np.float32)

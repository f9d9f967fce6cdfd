"""Loops: a voice that is stuck says the same thing, with the same melody, over and over."""

import re

import numpy as np
from numpy.typing import NDArray

from worker.voices.seam import SAMPLE_RATE_HZ, Pcm

_HOP = SAMPLE_RATE_HZ // 50
"""Samples of one spectrum: 20 ms."""
_HANN = np.hanning(_HOP).astype(np.float32)
_BANDS = np.unique(np.round(np.geomspace(2, 200, 17)).astype(int))
"""First bin (50 Hz each) of each band, from 100 Hz to 10 kHz."""
_FLOOR = 1e-4
"""−40 dB: what is softer than that counts as equally silent, or pauses would outweigh all that is said."""
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
    spectra = _spectra(pcm)  # [n_hops, n_bands]
    power = np.einsum("ij,ij->i", spectra, spectra)  # [n_hops]
    periods = range(_SHORTEST_PERIOD, min(_LONGEST_PERIOD, len(spectra) // 3 + 1))
    return any(_repeats(spectra, power, period) for period in periods)


def asks_for_repetition(text: str) -> bool:
    """Whether the text itself says something three times in a row: "no, no, no", "www", "1000"."""
    return _REPETITION.search(text) is not None


def _repeats(spectra: NDArray[np.float32], power: NDArray[np.float32], period: int) -> bool:
    """Whether some three periods are alike: what changes from each to the next, against what changes within one."""
    same = np.einsum("ij,ij->i", spectra[period:], spectra[:-period])  # [n_hops - period]
    total = np.cumsum(np.insert(power[period:] + power[:-period] - 2 * same, 0, 0.0), dtype=np.float64)
    change = total[2 * period:] - total[:-2 * period]  # [n_hops - 3 × period + 1], of two periods each
    nearest = int(change.argmin())
    variance = np.var(spectra[nearest:nearest + period], axis=0)  # [n_bands]
    unrelated = 2 * period * 2 * float(variance.sum())
    return float(variance.mean()) > _LEAST_VARIANCE and float(change[nearest]) < _ALIKE * unrelated


def _spectra(pcm: Pcm) -> NDArray[np.float32]:
    """Power by band, logarithmic, [n_hops, n_bands], less its mean over the take."""
    frames = pcm[:len(pcm) // _HOP * _HOP].reshape(-1, _HOP) * _HANN
    power = np.square(np.abs(np.fft.rfft(frames, axis=1)))  # [n_hops, n_bins]
    banded = np.add.reduceat(power, _BANDS[:-1], axis=1)  # [n_hops, n_bands]
    spectra = np.log10(banded + _FLOOR * banded.max(initial=0.0) + 1e-12)
    centred: NDArray[np.float32] = (spectra - spectra.mean(axis=0)).astype(np.float32)
    return centred

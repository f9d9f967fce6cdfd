"""Integrated loudness (ITU-R BS.1770-5, annex 1; EBU R 128) of mono sound that streams by."""

import numpy as np
from numpy.typing import NDArray

from worker.voices.seam import SAMPLE_RATE_HZ, Pcm

STEP = SAMPLE_RATE_HZ // 10
"""Gating blocks of 400 ms begin every 100 ms."""
STEPS_PER_BLOCK = 4
_ABSOLUTE_GATE_LUFS = -70.0
_RELATIVE_GATE_LU = -10.0
_OFFSET_LU = -0.691
"""Makes a sine of 997 Hz at full scale −3.01 LUFS."""

_SETTLED = 4096
"""Samples after which the filters' answer to a click has died away to less than float32 resolves (38 Hz, twice: 2,100)."""
_WINDOW = 32_768

Spectrum = NDArray[np.complex64]


class Loudness:
    """Add sound in pieces of any size; ask at any time. Holds one number for each 100 ms."""

    def __init__(self) -> None:
        self._weight = _k_weighting(_WINDOW)
        self._unfiltered = np.zeros(_SETTLED, np.float32)  # begins with what the filter must have heard before
        self._unsummed = np.zeros(0, np.float32)
        self._energies: list[NDArray[np.float64]] = []

    def add(self, pcm: Pcm) -> None:
        self._unfiltered = np.concatenate([self._unfiltered, pcm])
        while len(self._unfiltered) >= _WINDOW:
            self._sum_up(self._filtered(self._unfiltered[:_WINDOW]))
            self._unfiltered = self._unfiltered[_WINDOW - _SETTLED:]

    def integrated_lufs(self) -> float:
        """Of all that was added; −inf where nothing is louder than −70 LUFS, or all of it is shorter than 400 ms."""
        blocks = self._blocks()
        heard = blocks[_lufs(blocks) > _ABSOLUTE_GATE_LUFS]
        if not len(heard):
            return float("-inf")
        gate = float(_lufs(heard.mean())) + _RELATIVE_GATE_LU
        return float(_lufs(heard[_lufs(heard) > gate].mean()))

    def _filtered(self, window: Pcm) -> Pcm:
        """Overlap-save: what comes before `_SETTLED` is polluted by the window's end."""
        spectrum = np.fft.rfft(window, _WINDOW) * self._weight
        filtered: Pcm = np.fft.irfft(spectrum, _WINDOW)[_SETTLED:len(window)].astype(np.float32, copy=False)
        return filtered

    def _sum_up(self, filtered: Pcm) -> None:
        sound = np.concatenate([self._unsummed, filtered])
        n_whole = len(sound) // STEP * STEP
        steps = sound[:n_whole].reshape(-1, STEP)
        self._energies.append(np.einsum("bs,bs->b", steps, steps, dtype=np.float64))
        self._unsummed = sound[n_whole:]

    def _blocks(self) -> NDArray[np.float64]:
        """Mean square of each gating block, [n_blocks]; what has not filled the window yet counts as well."""
        rest = np.concatenate([self._unsummed, self._filtered(self._unfiltered)])
        steps = rest[:len(rest) // STEP * STEP].reshape(-1, STEP)
        energies = np.concatenate([*self._energies, np.einsum("bs,bs->b", steps, steps, dtype=np.float64)])
        if len(energies) < STEPS_PER_BLOCK:
            return np.zeros(0)
        block: NDArray[np.float64] = np.convolve(energies, np.ones(STEPS_PER_BLOCK), "valid") / (STEP * STEPS_PER_BLOCK)
        return block


def _lufs(mean_square: NDArray[np.float64] | np.float64) -> NDArray[np.float64]:
    return np.asarray(_OFFSET_LU + 10 * np.log10(np.maximum(mean_square, 1e-20)))


def _k_weighting(n_samples: int) -> Spectrum:
    """The two filters in front of the meter, as what they do to each frequency of an FFT over `n_samples`, [n_samples // 2 + 1].

    BS.1770 gives coefficients for 48 kHz only; these are the analogue filters behind them, as libebur128 publishes them."""
    z = np.exp(-2j * np.pi * np.arange(n_samples // 2 + 1) / n_samples)  # z⁻¹ on the unit circle
    k, q = np.tan(np.pi * 1681.974450955533 / SAMPLE_RATE_HZ), 0.7071752369554196
    high = 10 ** (3.999843853973347 / 20)
    band = high ** 0.4996667741545416
    shelf = ((high + band * k / q + k * k) + 2 * (k * k - high) * z + (high - band * k / q + k * k) * z * z) \
        / ((1 + k / q + k * k) + 2 * (k * k - 1) * z + (1 - k / q + k * k) * z * z)
    k, q = np.tan(np.pi * 38.13547087602444 / SAMPLE_RATE_HZ), 0.5003270373238773
    high_pass = (1 - 2 * z + z * z) / (1 + 2 * (k * k - 1) / (1 + k / q + k * k) * z
                                       + (1 - k / q + k * k) / (1 + k / q + k * k) * z * z)
    weight: Spectrum = (shelf * high_pass).astype(np.complex64)
    return weight

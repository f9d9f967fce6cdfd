"""Reference sounds for cloning, made from integers alone, so that every machine makes the same samples."""

import numpy as np
from numpy.typing import NDArray

from worker.model.config import SAMPLE_RATE_HZ

TONES_HZ = (110, 160, 240, 90, 300)
SYLLABLE_SAMPLES = 4_000


def reference_sound(seed: int, n_samples: int) -> NDArray[np.float32]:
    """[n_samples] in [-1, 1], 24 kHz mono float32: triangle waves that change pitch and loudness, in a little noise."""
    noise = np.random.Generator(np.random.PCG64(seed)).integers(-1_000, 1_001, n_samples)  # [n_samples]
    at = np.arange(n_samples)
    syllable = at // SYLLABLE_SAMPLES + seed
    period = SAMPLE_RATE_HZ // np.array(TONES_HZ)[syllable % len(TONES_HZ)]
    triangle = np.abs(at % period * 4 - period * 2) - period  # [-period, period]
    loudness = 2_000 + 3_000 * (syllable % 4)
    pcm: NDArray[np.float32] = ((triangle * loudness // period + noise) / 32_768).astype(np.float32)
    return pcm

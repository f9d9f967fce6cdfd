"""A sound with what a voice has: a fundamental that glides, overtones, breath, syllables."""

import numpy as np

from worker.model.config import SAMPLE_RATE_HZ
from worker.model.reference import Pcm


def voice_like(seconds: float, fundamental_hz: float = 120.0, seed: int = 0) -> Pcm:
    times_s = np.arange(round(seconds * SAMPLE_RATE_HZ)) / SAMPLE_RATE_HZ
    phase = 2 * np.pi * np.cumsum(fundamental_hz * (1 + 0.2 * np.sin(3 * times_s))) / SAMPLE_RATE_HZ
    tone = sum(np.sin(overtone * phase) / overtone for overtone in range(1, 12))
    breath = 0.1 * np.random.default_rng(seed).standard_normal(len(times_s))
    pcm: Pcm = (0.1 * (tone + breath) * (1 + np.sin(25 * times_s))).astype(np.float32)
    return pcm

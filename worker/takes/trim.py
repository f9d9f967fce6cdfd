"""Trimming: a take without the silence around it, and without a click at its ends."""

import numpy as np

from worker.takes.loudness import FRAME, has_sound, levels, loud
from worker.voices.seam import SAMPLE_RATE_HZ, Pcm

LEAD_S = 0.030
"""Kept before the first frame that is not quiet: onsets of f, s and h are softer than that."""
TAIL_S = 0.060
"""Kept after the last one, where words die away."""
FADE_S = 0.005


def trim(pcm: Pcm) -> Pcm:
    """`pcm` without the silence around its speech, faded in and out over 5 ms; empty when there is no sound at all.
    A new array, float32 [n_samples]. Raises BrokenSound for what is no sound."""
    speech = speech_in(pcm)
    return fade_edges(pcm[speech.start:speech.stop])


def speech_in(pcm: Pcm) -> range:
    """Which samples of `pcm` trimming keeps. Raises BrokenSound for what is no sound."""
    loudness = levels(pcm)  # [n_frames]
    if not has_sound(loudness):
        return range(0)
    speech = np.flatnonzero(loud(loudness))
    start = max(0, int(speech[0]) * FRAME - round(LEAD_S * SAMPLE_RATE_HZ))
    end = (int(speech[-1]) + 1) * FRAME + round(TAIL_S * SAMPLE_RATE_HZ)
    return range(start, min(end, len(pcm)))


def fade_edges(pcm: Pcm) -> Pcm:
    """A copy of `pcm` that begins and ends at zero, over 5 ms or half its length: next to silence, it does not click."""
    faded = pcm.astype(np.float32)
    n_samples = min(round(FADE_S * SAMPLE_RATE_HZ), len(pcm) // 2)
    ramp = np.linspace(0, 1, n_samples, endpoint=False, dtype=np.float32)
    faded[:n_samples] *= ramp
    faded[len(pcm) - n_samples:] *= ramp[::-1]
    return faded

"""How loud a take is, in frames of 10 ms; what in it is sound, and what is silence."""

import numpy as np

from worker.voices.seam import SAMPLE_RATE_HZ, BrokenSound, Pcm

FRAME_S = 0.01
FRAME = round(SAMPLE_RATE_HZ * FRAME_S)
"""Samples over which loudness is measured."""
_SILENT_RMS = 1e-3
"""−60 dBFS: no frame as loud as this, no sound."""
_QUIET = 10 ** (-45 / 20)
"""A frame this far below the loudest one is silence around or between the speech: −45 dB keeps soft consonants and breath."""


def levels(pcm: Pcm) -> Pcm:
    """RMS of each frame, [n_frames]; the last one is filled up with silence. Raises BrokenSound for what is no sound: NaN,
    infinities, more than one channel."""
    if pcm.ndim != 1:
        raise BrokenSound(f"The voice gave samples of shape {pcm.shape}; mono, [n_samples], is expected.")
    if not np.isfinite(pcm).all():
        raise BrokenSound("The voice gave samples that are not numbers (NaN or infinite).")
    n_whole = len(pcm) // FRAME * FRAME
    whole, rest = pcm[:n_whole].reshape(-1, FRAME), pcm[n_whole:]
    energy = np.einsum("fs,fs->f", whole, whole)  # [n_whole_frames]; without a copy of the take
    if len(rest):
        energy = np.append(energy, np.dot(rest, rest))
    loudness: Pcm = np.sqrt(energy / FRAME, dtype=np.float32)
    return loudness


def has_sound(loudness: Pcm) -> bool:
    return bool((loudness >= _SILENT_RMS).any())


def loud(loudness: Pcm) -> np.ndarray[tuple[int], np.dtype[np.bool_]]:
    """Which frames are speech, [n_frames]; there must be some sound."""
    return loudness >= speech_rms(float(loudness.max()))


def speech_rms(loudest: float) -> float:
    """A frame is speech from this RMS on, where the loudest one has `loudest`."""
    return max(_SILENT_RMS, loudest * _QUIET)


def dbfs(rms: float) -> float:
    """`rms` in decibels, 0 being full scale."""
    return 20 * float(np.log10(max(rms, 1e-9)))

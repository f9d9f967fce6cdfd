"""A voice to clone: what may be one, and what it is once it was encoded. No torch; worker/engine/torch_references.py encodes."""

import hashlib
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from worker.model.config import SAMPLE_RATE_HZ, SAMPLES_PER_FRAME
from worker.model.errors import BadUtterance
from worker.model.prompt import Ids, Vector

MIN_REFERENCE_S = 1.0
MAX_REFERENCE_S = 30.0
MOST_REFERENCE_FRAMES = round(MAX_REFERENCE_S * SAMPLE_RATE_HZ / SAMPLES_PER_FRAME)
SILENCE_DBFS = -60.0
LOUDEST = 1.5
"""Filters overshoot 1 a little; samples that were never scaled down are in the thousands."""

Pcm = NDArray[np.float32]
"""[n_samples] in [-1, 1], mono, 24 kHz"""


@dataclass(frozen=True)
class PreparedReference:
    """`speaker` [hidden] float32: who speaks (x-vector). `codes` [n_frames, 16] int32: the sound itself, for ICL; None where
    nobody asked for it. `sha256` is that of the samples."""

    speaker: Vector
    codes: Ids | None
    sha256: str


def check_reference(pcm: Pcm) -> None:
    """Raises BadUtterance(param="reference"), saying what would be right."""
    if pcm.ndim != 1 or pcm.dtype != np.float32:
        raise _bad(f"reference is {pcm.dtype} of shape {list(pcm.shape)}; it should be float32, mono: [n_samples]")
    seconds = len(pcm) / SAMPLE_RATE_HZ
    if not MIN_REFERENCE_S <= seconds <= MAX_REFERENCE_S:
        raise _bad(f"reference is {seconds:.2f} s long; it should be {MIN_REFERENCE_S:g} to {MAX_REFERENCE_S:g} s of one voice")
    if not np.isfinite(pcm).all():
        raise _bad("reference has samples that are no numbers (NaN or infinity); decode it again")
    peak = float(np.abs(pcm).max())
    if peak > LOUDEST:
        raise _bad(f"reference has samples up to {peak:.6g}; they should be in [-1, 1]")
    level_dbfs = 10 * np.log10(max(float(np.square(pcm, dtype=np.float64).mean()), 1e-20))
    if level_dbfs < SILENCE_DBFS:
        raise _bad(f"reference is silent ({level_dbfs:.0f} dBFS); it should be a voice, above {SILENCE_DBFS:g} dBFS")


def count_reference_frames(n_samples: int) -> int:
    """How many frames of codes that many samples become."""
    return -(-n_samples // SAMPLES_PER_FRAME)


def fingerprint(pcm: Pcm) -> str:
    """Tells whether two references are the same sound."""
    return hashlib.sha256(pcm.astype("<f4", copy=False).tobytes()).hexdigest()


def _bad(message: str) -> BadUtterance:
    return BadUtterance(message, param="reference")

"""A recording as a voice is to be cloned from it: measured, and refused where no voice can come of it. What is merely poor is
remarked on, in words, and kept: its owner may have nothing better."""

from collections.abc import Iterator

import numpy as np

from speechmill.errors import BadReference
from speechmill.settings import VoiceSettings
from speechmill.voice import Recording, Remark
from worker.takes.loudness import FRAME_S, dbfs, has_sound, levels, loud
from worker.voices.seam import SAMPLE_RATE_HZ, Pcm

LEAST_SPEECH_S = 0.5
"""With less, no model hears who speaks."""
LITTLE_SPEECH_S = 3.0
MOSTLY_SILENCE = 0.5
"""Of the whole, more than this."""
QUIET_DBFS = -40.0
FULL_SCALE = 0.999
CLIPPED_SHARE = 1e-3
"""Of the samples, more than this at full scale: one in a thousand. A peak that touches it is nothing."""


def measure(pcm: Pcm, sha256: str, n_bytes: int) -> Recording:
    """`pcm`: float32 [n_samples], 24 kHz, with some sound in it; `sha256` and `n_bytes` are those of its file."""
    frames = levels(pcm)                                                # [n_frames]
    speech_s = float(np.count_nonzero(loud(frames))) * FRAME_S if has_sound(frames) else 0.0
    duration_s = len(pcm) / SAMPLE_RATE_HZ
    level_dbfs = dbfs(float(np.sqrt(np.square(pcm, dtype=np.float64).mean())))
    clipped = float(np.count_nonzero(np.abs(pcm) >= FULL_SCALE)) / len(pcm)
    return Recording(
        sha256=sha256, bytes=n_bytes, duration_seconds=round(duration_s, 3), speech_seconds=round(speech_s, 2),
        level_dbfs=round(level_dbfs, 1), peak_dbfs=round(dbfs(float(np.abs(pcm).max())), 1),
        remarks=tuple(_remarks(duration_s, speech_s, level_dbfs, clipped)))


def check_recording(pcm: Pcm, settings: VoiceSettings, field: str) -> None:
    """Raises BadReference where no voice can be cloned from it; `field` is what its client calls it."""
    seconds = len(pcm) / SAMPLE_RATE_HZ
    wanted = f"send {settings.shortest_s:g} to {settings.longest_s:g} s of one person speaking."
    if seconds > settings.longest_s:
        raise BadReference(f"{field} is longer than {settings.longest_s:g} s; {wanted}", param=field)
    if seconds < settings.shortest_s:
        raise BadReference(f"{field} is {seconds:.2f} s long; {wanted}", param=field)
    frames = levels(pcm)
    if not has_sound(frames):
        raise BadReference(f"{field} is silent; {wanted}", param=field)
    speech_s = float(np.count_nonzero(loud(frames))) * FRAME_S
    if speech_s < LEAST_SPEECH_S:
        raise BadReference(f"{field} is silent but for {speech_s:.2f} s; {wanted}", param=field)


def _remarks(duration_s: float, speech_s: float, level_dbfs: float, clipped: float) -> Iterator[Remark]:
    if speech_s < LITTLE_SPEECH_S:
        yield Remark(code="little_speech", message=f"Only {speech_s:.1f} s of it are speech; 5 to 15 s make a better voice.")
    if speech_s < (1 - MOSTLY_SILENCE) * duration_s:
        yield Remark(code="mostly_silence", message=f"{duration_s - speech_s:.1f} s of its {duration_s:.1f} s are silence, "
                                                    "which the voice may take on; cut them out.")
    if level_dbfs < QUIET_DBFS:
        yield Remark(code="quiet", message=f"It is quiet ({level_dbfs:.0f} dBFS), so its noise is loud beside it; record it "
                                           "closer.")
    if clipped > CLIPPED_SHARE:
        yield Remark(code="clipping", message=f"{100 * clipped:.1f}% of its samples are cut off at full scale, which the "
                                              "voice will sound like; record it with less gain.")

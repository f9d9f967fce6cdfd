"""Takes: what a voice made of an utterance, trimmed and checked before it is stored. One module for every voice."""

import numpy as np

from speechmill.errors import VoiceFailed
from speechmill.request import has_cjk, is_speakable
from worker.voices.seam import SAMPLE_RATE_HZ, Pcm

_FRAME = SAMPLE_RATE_HZ // 100
"""Samples over which loudness is measured: 10 ms."""
_SILENT_RMS = 1e-3
"""−60 dBFS: no frame as loud as this, no sound."""
_QUIET = 10 ** (-45 / 20)
"""A frame this far below the loudest one is silence around the speech: −45 dB keeps soft consonants and breath."""
_LEAD_S = 0.030
"""Kept before the first frame that is not quiet: onsets of f, s and h are softer than that."""
_TAIL_S = 0.060
"""Kept after the last one, where words die away."""
_FADE_S = 0.005

_LONGEST_REST_S = 3.0
"""A take may last this long, and so much more for each character of its text. Generous: letters four times as slow as people
talk, and a digit or an emoji may be several words."""
_LONGEST_LETTER_S = 0.3
_LONGEST_LETTER_CJK_S = 0.8
_LONGEST_SIGN_S = 1.5
_SHORTEST_LETTER_S = 0.02
"""Fifty letters a second, three times as fast as anybody talks: faster than that, something was left out."""

TOO_LONG, TOO_SHORT = "too_long", "too_short"


def trim(pcm: Pcm) -> Pcm:
    """`pcm` without the silence around its speech, faded in and out over 5 ms; empty when there is no sound at all.
    A new array, float32 [n_samples]. Raises VoiceFailed for what is not sound: NaN, infinities, more than one channel."""
    _refuse_broken(pcm)
    levels = _levels(pcm)
    if not _has_sound(levels):
        return np.zeros(0, np.float32)
    loud = np.flatnonzero(levels >= max(_SILENT_RMS, float(levels.max()) * _QUIET))
    start = max(0, int(loud[0]) * _FRAME - round(_LEAD_S * SAMPLE_RATE_HZ))
    end = (int(loud[-1]) + 1) * _FRAME + round(_TAIL_S * SAMPLE_RATE_HZ)
    return fade_edges(pcm[start:end])


def check(pcm: Pcm, text: str) -> tuple[str, ...]:
    """What is suspicious about a take of `text`: "too_long", "too_short", or nothing.

    Raises VoiceFailed for a take that nobody could use: broken samples, or silence where there is something to speak."""
    _refuse_broken(pcm)
    if not any(map(is_speakable, text)):
        return ()
    if not _has_sound(_levels(pcm)):
        raise VoiceFailed(f"The voice gave no sound for a text of {len(text)} characters.")
    duration_s = len(pcm) / SAMPLE_RATE_HZ
    shortest_s, longest_s = _plausible_s(text)
    if duration_s > longest_s:
        return (TOO_LONG,)
    return (TOO_SHORT,) if duration_s < shortest_s else ()


def fade_edges(pcm: Pcm) -> Pcm:
    """A copy of `pcm` that begins and ends at zero, over 5 ms or half its length: next to silence, it does not click."""
    faded = pcm.astype(np.float32)
    n_samples = min(round(_FADE_S * SAMPLE_RATE_HZ), len(pcm) // 2)
    ramp = np.linspace(0, 1, n_samples, endpoint=False, dtype=np.float32)
    faded[:n_samples] *= ramp
    faded[len(pcm) - n_samples:] *= ramp[::-1]
    return faded


def _refuse_broken(pcm: Pcm) -> None:
    if pcm.ndim != 1:
        raise VoiceFailed(f"The voice gave samples of shape {pcm.shape}; mono, [n_samples], is expected.")
    if not np.isfinite(pcm).all():
        raise VoiceFailed("The voice gave samples that are not numbers (NaN or infinite).")


def _levels(pcm: Pcm) -> Pcm:
    """RMS of each 10 ms frame, [n_frames]; the last one is filled up with silence."""
    padded = np.pad(pcm, (0, -len(pcm) % _FRAME)).reshape(-1, _FRAME)
    return np.sqrt(np.mean(np.square(padded), axis=1, dtype=np.float32))


def _has_sound(levels: Pcm) -> bool:
    return bool((levels >= _SILENT_RMS).any())


def _plausible_s(text: str) -> tuple[float, float]:
    """The shortest and the longest that a take of `text` may last, seconds."""
    n_letters = sum(character.isalpha() for character in text)
    n_signs = sum(map(is_speakable, text)) - n_letters
    letter_s = _LONGEST_LETTER_CJK_S if has_cjk(text) else _LONGEST_LETTER_S
    return _SHORTEST_LETTER_S * n_letters, _LONGEST_REST_S + letter_s * n_letters + _LONGEST_SIGN_S * n_signs

"""Checking takes: each rule notices one fault. What its threshold is for stands beside it."""

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

from speechmill.request import is_speakable
from worker.takes.duration import longest_speech_s, shortest_speech_s
from worker.takes.flags import Flag
from worker.takes.loops import asks_for_repetition, is_looping
from worker.takes.loudness import FRAME_S, dbfs, has_sound, levels, loud
from worker.takes.trim import FADE_S
from worker.voices.seam import SAMPLE_RATE_HZ, BrokenSound, Pcm

_LONGEST_PAUSE_S = 1.5
"""espeak-ng stays below 0.6 s, at the end of a paragraph and after an ellipsis; people seldom pause longer than a second."""
_FULL_SCALE = 0.999
_CLIPPED_SHARE = 0.001
"""One sample in a thousand. Good takes that touch full scale have one in ten thousand there."""
_QUIET_DBFS = -40.0
"""Of the speech alone, RMS. Good takes lie between −15 and −27, whispered ones too."""
_ENDING_S = 0.01
_ENDING_DB = -15.0
"""The last 10 ms before the fade-out, against all speech. Good takes end 20 dB below or softer, most in silence."""


@dataclass(frozen=True)
class Heard:
    """A trimmed take with some sound in it, and its text. `loudness` is RMS by frames of 10 ms, [n_frames]; `speech` says
    which of them are not silence."""

    pcm: Pcm
    text: str
    capped: bool
    loudness: Pcm
    speech: np.ndarray[tuple[int], np.dtype[np.bool_]]

    @property
    def duration_s(self) -> float:
        return len(self.pcm) / SAMPLE_RATE_HZ

    @property
    def level_dbfs(self) -> float:
        """RMS of the speech, without its pauses."""
        return dbfs(_rms(self.loudness[self.speech]))


def check(pcm: Pcm, text: str, *, capped: bool = False) -> tuple[Flag, ...]:
    """What is wrong with a trimmed take (float32 [n_samples]) of `text`, the gravest first. `capped` as a Speech says it.

    Raises BrokenSound for a take that nobody could use: broken samples, or silence where there is something to speak."""
    loudness = levels(pcm)
    if not any(map(is_speakable, text)):
        return ()
    if not has_sound(loudness):
        raise BrokenSound(f"The voice gave no sound for a text of {len(text)} characters.")
    heard = Heard(pcm, text, capped, loudness, loud(loudness))
    return tuple(flag for flag, has_fault in _RULES.items() if has_fault(heard))


def _is_too_long(heard: Heard) -> bool:
    return heard.capped or heard.duration_s > longest_speech_s(heard.text)


def _is_too_short(heard: Heard) -> bool:
    return heard.duration_s < shortest_speech_s(heard.text)


def _is_looping(heard: Heard) -> bool:
    return is_looping(heard.pcm) and not asks_for_repetition(heard.text)


def _is_cut_off(heard: Heard) -> bool:
    """Trimming leaves 60 ms of quiet behind the last sound; where there are none, the sound was still going on."""
    n_fade, n_ending = round(FADE_S * SAMPLE_RATE_HZ), round(_ENDING_S * SAMPLE_RATE_HZ)
    ending = heard.pcm[-n_fade - n_ending:-n_fade]  # [n_ending]
    return dbfs(_rms(ending)) > heard.level_dbfs + _ENDING_DB


def _has_inner_silence(heard: Heard) -> bool:
    gaps = np.diff(np.flatnonzero(heard.speech)) - 1  # [n_speech_frames - 1], in frames
    return bool(gaps.max(initial=0) * FRAME_S > _LONGEST_PAUSE_S)


def _is_clipping(heard: Heard) -> bool:
    if heard.pcm.max() < _FULL_SCALE and heard.pcm.min() > -_FULL_SCALE:
        return False
    return float(np.mean(np.abs(heard.pcm) >= _FULL_SCALE)) > _CLIPPED_SHARE


def _is_too_quiet(heard: Heard) -> bool:
    return heard.level_dbfs < _QUIET_DBFS


_RULES: dict[Flag, Callable[[Heard], bool]] = {
    Flag.TOO_LONG: _is_too_long,
    Flag.TOO_SHORT: _is_too_short,
    Flag.LOOPING: _is_looping,
    Flag.CUT_OFF: _is_cut_off,
    Flag.INNER_SILENCE: _has_inner_silence,
    Flag.CLIPPING: _is_clipping,
    Flag.TOO_QUIET: _is_too_quiet,
}


def _rms(samples: Pcm) -> float:
    return float(np.sqrt(np.mean(np.square(samples), dtype=np.float64))) if len(samples) else 0.0

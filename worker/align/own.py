"""The voice's own knowledge: one that says the same each time says it once more, and tells when it says what."""

from collections.abc import Sequence

import numpy as np

from worker.takes.loudness import FRAME_S, levels
from worker.takes.trim import speech_in
from worker.text.words import words_in
from worker.times.segment import WordTimes
from worker.voices.seam import SAMPLE_RATE_HZ, KnowsWords, Pcm, TimedWords, Utterance

_QUIET = 10 ** (-40 / 20)


class OwnWords:
    """An Aligner for a voice that knows."""

    def __init__(self, voice: KnowsWords) -> None:
        self._voice = voice

    def align(self, utterance: Utterance, pcm: Pcm) -> WordTimes:
        """All None where the take is not what the voice says now: one of two halves, or of an earlier version of it."""
        words = words_in(utterance.text)
        timed = self._voice.timed(utterance)
        kept = speech_in(timed.pcm)
        if len(kept) != len(pcm):
            return [None] * len(words)
        before_s = kept.start / SAMPLE_RATE_HZ
        loudness = levels(pcm)
        return [time and _without_silence(time[0] - before_s, time[1] - before_s, loudness) for time in _shared(words, timed)]

    def close(self) -> None:
        """The voice is the station's."""


def _shared(words: Sequence[tuple[int, int]], timed: TimedWords) -> WordTimes:
    """The times that the voice gives, for words as we count them: of what it says in one go, each has its share."""
    found: list[tuple[float, float] | None] = [None] * len(words)
    for start, end, start_s, end_s in timed.words:
        within = [(n, min(stop, end) - max(begin, start)) for n, (begin, stop) in enumerate(words)
                  if begin < end and start < stop]
        share_s = (end_s - start_s) / max(1, sum(length for _, length in within))
        at_s = start_s
        for n, length in within:
            known = found[n]
            found[n] = (known[0] if known else at_s, at_s + share_s * length)
            at_s += share_s * length
    return found


def _without_silence(start_s: float, end_s: float, loudness: Pcm) -> tuple[float, float]:
    """A word ends with its last sound, not with the pause behind it. `loudness`: of each frame of the take, [n_frames]. The frame
    in which the next word begins is that one's: it may be loud already."""
    first, last = max(0, int(start_s / FRAME_S)), int(end_s / FRAME_S)
    heard = np.flatnonzero(loudness[first:last] >= float(loudness.max()) * _QUIET)
    pauses = len(heard) > 0 and first + int(heard[-1]) + 1 < last
    until_s = (first + int(heard[-1]) + 1) * FRAME_S if pauses else end_s
    return max(0.0, start_s), max(start_s, min(end_s, until_s))

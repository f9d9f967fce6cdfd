"""Trimming while the sound still comes: as worker/takes/trim.py does it with a whole take, but what is certain is passed on at
once."""

import numpy as np

from worker.takes.loudness import FRAME, levels, speech_rms
from worker.takes.trim import FADE_S, LEAD_S, TAIL_S, fade_edges
from worker.voices.seam import SAMPLE_RATE_HZ, Pcm

_N_FADE = round(FADE_S * SAMPLE_RATE_HZ)
_N_LEAD = round(LEAD_S * SAMPLE_RATE_HZ)
_N_TAIL = round(TAIL_S * SAMPLE_RATE_HZ)


class RunningTrim:
    """Of one utterance. Silence before it is dropped, silence in it is held until sound follows, silence after it is dropped. The
    last two frames that sound are held, too: they may be the last of all, which are faded out.

    "Silent" is measured against the loudest frame so far, where `trim` knows the loudest of all: so a soft beginning is never
    lost, and breath before a loud word may stay."""

    def __init__(self) -> None:
        self._held = np.zeros(0, np.float32)
        self._n_looked_at = 0      # samples of `_held` whose loudness is known: whole frames
        self._last = 0             # where in `_held` the last frame that sounds begins
        self._loudest = 0.0
        self._begun = False

    def add(self, pcm: Pcm) -> Pcm:
        """What may be heard now, float32 [n_samples]. Raises BrokenSound for what is no sound."""
        self._held = np.concatenate((self._held, pcm.astype(np.float32)))
        n_whole = (len(self._held) - self._n_looked_at) // FRAME * FRAME
        return self._look_at(levels(self._held[self._n_looked_at:self._n_looked_at + n_whole]), n_whole)

    def end(self) -> Pcm:
        """The rest, faded out."""
        rest = self._held[self._n_looked_at:]
        sure = self._look_at(levels(rest), len(rest)) if len(rest) else rest
        if not self._begun:
            return np.zeros(0, np.float32)
        last = fade_edges(self._held[:self._last + FRAME + _N_TAIL])
        n_in = min(_N_FADE, len(last) // 2)
        last[:n_in] = self._held[:n_in]  # the sound goes on here: only its end is faded
        return np.concatenate((sure, last))

    def _look_at(self, loudness: Pcm, n_samples: int) -> Pcm:
        """`loudness`: of the next frames, [n_frames], which are the next `n_samples` of what is held."""
        self._loudest = max(self._loudest, float(loudness.max(initial=0.0)))
        speech = np.flatnonzero(loudness >= speech_rms(self._loudest))
        before, self._n_looked_at = self._n_looked_at, self._n_looked_at + n_samples
        if not len(speech):
            return np.zeros(0, np.float32)
        if not self._begun:
            start = max(0, before + int(speech[0]) * FRAME - _N_LEAD)
            self._drop(start)
            before -= start
            n_in = min(_N_FADE, len(self._held))
            self._held[:n_in] *= np.linspace(0, 1, _N_FADE, endpoint=False, dtype=np.float32)[:n_in]
            self._begun = True
        last = before + int(speech[-1]) * FRAME
        n_sure = max(0, last - FRAME)
        self._last = last - n_sure
        sure = self._held[:n_sure].copy()
        self._drop(n_sure)
        return sure

    def _drop(self, n_samples: int) -> None:
        self._held = self._held[n_samples:].copy()
        self._n_looked_at -= n_samples

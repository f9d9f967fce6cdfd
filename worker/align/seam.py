"""The aligner seam: all that the worker knows of whatever tells when a word is heard."""

from typing import Protocol

from worker.times.segment import WordTimes
from worker.voices.seam import Pcm, Utterance


class Aligner(Protocol):
    """Built once per worker process; called from many threads."""

    def align(self, utterance: Utterance, pcm: Pcm) -> WordTimes:
        """Start and end, seconds from the beginning of `pcm` (float32 [n_samples], 24 kHz, trimmed), of each word of the
        utterance's text (worker.text.words), in order; None for those it can't tell. Raises VoiceFailed."""
        ...

    def close(self) -> None:
        """Free everything."""
        ...

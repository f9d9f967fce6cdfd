"""An aligner for any voice: a speech recogniser (wav2vec2-CTC) hears the take, and the text is laid along what it heard."""

import threading

import numpy as np
import samplerate  # type: ignore[import-not-found]  # a compiled module without stubs

from speechmill.errors import VoiceFailed
from worker.align.labels import spelled
from worker.align.recogniser import Recogniser
from worker.align.trellis import best_path
from worker.text.words import words_in
from worker.times.segment import WordTimes
from worker.voices.seam import SAMPLE_RATE_HZ, Pcm, Utterance

_SHORTEST_S = 0.1
"""Less is no word, and too little for the recogniser's filters."""


class CtcAligner:
    """`recogniser` is started with the first take, and again after it died; one take is heard at a time."""

    def __init__(self, recogniser: Recogniser) -> None:
        self._recogniser = recogniser
        self._one_at_a_time = threading.Lock()

    def align(self, utterance: Utterance, pcm: Pcm) -> WordTimes:
        """None for words without a letter that the recogniser knows, and for all where the take is shorter than its text. Raises
        VoiceFailed."""
        if len(pcm) < _SHORTEST_S * SAMPLE_RATE_HZ:
            return [None] * len(words_in(utterance.text))
        with self._one_at_a_time:
            vocabulary = self._recogniser.vocabulary
            ratio = self._recogniser.sample_rate_hz / SAMPLE_RATE_HZ
            heard = self._recogniser.hear(samplerate.resample(pcm, ratio, "sinc_fastest"))
        text = spelled(utterance.text, vocabulary)
        if heard.shape[1] <= max((*text.labels, vocabulary.blank)):
            raise VoiceFailed(f"The aligner's model has {heard.shape[1]} labels, fewer than its vocabulary.")
        path = best_path(heard, text.labels, vocabulary.blank)
        if path is None or not np.isfinite(heard).all():
            return [None] * len(text.words)
        frame_s = len(pcm) / SAMPLE_RATE_HZ / len(heard)
        return [(path[word[0]].start * frame_s, path[word[1] - 1].end * frame_s) if word else None for word in text.words]

    def close(self) -> None:
        self._recogniser.close()

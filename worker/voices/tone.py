"""The test voice: one steady tone an utterance, as long as its text, the same bytes each time, and a thousand times faster
than real time. It lets everything around a voice be tested without one."""

import hashlib
import threading
from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np

from speechmill.catalogue import OPENAI_VOICES, ModelInfo, VoiceInfo
from speechmill.errors import Unspeakable, VoiceFailed
from speechmill.request import is_speakable
from worker.voices.in_flight import InFlight
from worker.voices.seam import NO_GAUGES, SAMPLE_RATE_HZ, Cancelled, Pcm, Speech, TimedWords, Utterance

_LOWEST_HZ = {"low": 110.0, "middle": 220.0, "high": 440.0, "whistle": 880.0}
_CHARACTER_S = 0.06
_SHORTEST_S = 0.2
_SILENCE_S = 0.02    # before and after the tone, so that trimming has something to trim
_FADE_S = 0.005
_AMPLITUDE = 0.3
_CHUNK_S = 0.5

MODEL = ModelInfo(
    id="tone",
    voices=tuple(VoiceInfo(id=name, name=name.title(), description=f"A tone between {hz:.0f} and {2 * hz:.0f} Hz.")
                 for name, hz in _LOWEST_HZ.items()),
    default_voice="middle",
    voice_aliases={alias: tuple(_LOWEST_HZ)[n % len(_LOWEST_HZ)] for n, alias in enumerate(OPENAI_VOICES)},
    languages=("ar", "de", "en", "es", "fr", "hi", "it", "ja", "ko", "pt", "ru", "zh"),
)


@dataclass(frozen=True)
class ToneOptions:
    """How fast and how many. `pace` is the time a second of sound takes, seconds; 0 means no waiting. `slots` is how many
    utterances sound at once while others wait; 0 means all of them."""

    pace: float = 0.0
    slots: int = 0


class Tone:
    """The `tone` model. Voice, language, text and seed decide the pitch; the text's length decides the duration."""

    well = True  # there is nothing of it that could be away
    gauges = NO_GAUGES
    knows_words = True

    def __init__(self, options: ToneOptions | None = None) -> None:
        self._options = options or ToneOptions()
        self._slots = threading.Semaphore(self._options.slots) if self._options.slots else None
        self._in_flight = InFlight()

    @property
    def model_id(self) -> str:
        return MODEL.id

    def warm_up(self) -> ModelInfo:
        return MODEL

    def speak(self, utterance: Utterance) -> Speech:
        return self._in_flight.add(ToneSpeech(utterance, self._options.pace, self._slots))

    def timed(self, utterance: Utterance) -> TimedWords:
        """Each character sounds for as long as any other."""
        pcm = np.concatenate(list(_tone(utterance)))
        n_characters = len(utterance.text)
        each_s = len(pcm) / SAMPLE_RATE_HZ / n_characters
        return TimedWords(pcm, [(n, n + 1, n * each_s, (n + 1) * each_s) for n in range(n_characters)])

    def close(self) -> None:
        self._in_flight.close()


class ToneSpeech:
    """One tone; it sounds while `chunks` is read."""

    capped = False

    def __init__(self, utterance: Utterance, pace: float, slots: threading.Semaphore | None) -> None:
        self._utterance = utterance
        self._pace = pace
        self._slots = slots
        self._cancelled = threading.Event()

    def chunks(self) -> Iterator[Pcm]:
        """Half a second at a time. Raises Cancelled, Unspeakable (nothing in the text has a sound) or VoiceFailed (no such
        voice or language)."""
        if not any(map(is_speakable, self._utterance.text)):
            raise Unspeakable("The text has no letter, digit or symbol that can be spoken.", param="input")
        self._take_slot()
        try:
            for chunk in _tone(self._utterance):
                self._cancelled.wait(len(chunk) / SAMPLE_RATE_HZ * self._pace)
                self._stop_when_cancelled()
                yield chunk
            self._stop_when_cancelled()
        finally:
            if self._slots:
                self._slots.release()

    def cancel(self) -> None:
        self._cancelled.set()

    def _take_slot(self) -> None:
        self._stop_when_cancelled()
        while self._slots and not self._slots.acquire(timeout=0.02):
            self._stop_when_cancelled()

    def _stop_when_cancelled(self) -> None:
        if self._cancelled.is_set():
            raise Cancelled


def _tone(utterance: Utterance) -> Iterator[Pcm]:
    frequency_hz = _frequency_hz(utterance)
    n_samples = int(max(_SHORTEST_S, _CHARACTER_S * len(utterance.text)) * SAMPLE_RATE_HZ)
    n_silence, n_fade, n_chunk = (int(s * SAMPLE_RATE_HZ) for s in (_SILENCE_S, _FADE_S, _CHUNK_S))
    for start in range(0, n_samples, n_chunk):
        at = np.arange(start, min(start + n_chunk, n_samples))  # [n_chunk]
        from_edge = np.minimum(at, n_samples - 1 - at) - n_silence
        loudness = _AMPLITUDE * np.clip(from_edge / n_fade, 0.0, 1.0)
        yield (loudness * np.sin(2 * np.pi * frequency_hz / SAMPLE_RATE_HZ * at)).astype(np.float32)


def _frequency_hz(utterance: Utterance) -> float:
    lowest_hz = _LOWEST_HZ.get(utterance.voice)
    if lowest_hz is None:
        raise VoiceFailed(f"tone has no voice {utterance.voice!r}; it has {', '.join(_LOWEST_HZ)}.", param="voice")
    if utterance.language not in MODEL.languages:
        raise VoiceFailed(f"tone has no language {utterance.language!r}; it has {', '.join(MODEL.languages)}.",
                          param="language")
    said = "\0".join((utterance.voice, utterance.language, utterance.text, str(utterance.seed)))
    digest = hashlib.sha256(said.encode("utf-8", "surrogatepass")).digest()
    octaves = int.from_bytes(digest[:4], "big") / 2**32
    return float(lowest_hz * 2**octaves)

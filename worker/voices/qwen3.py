"""Qwen3-TTS: the voice of our own engine, and of the unmodified qwen-tts package, each in a process of its own."""

import itertools
import logging
import math
import weakref
from collections.abc import Iterator, Sequence
from dataclasses import replace

from speechmill.catalogue import ModelInfo
from speechmill.errors import BadReference, SpeechError, Unspeakable, VoiceFailed, VoiceRefused
from speechmill.request import has_cjk, is_speakable
from worker.engine.client import EngineClient
from worker.engine.errors import BrokenNumbers, EngineDied
from worker.engine.speaker import Speak, SpeakerInfo
from worker.engine.speaking import Speaking
from worker.model.config import FRAME_RATE_HZ
from worker.model.errors import BadUtterance, EngineError
from worker.model.reference import PreparedReference
from worker.voices.in_flight import InFlight
from worker.voices.qwen3_catalogue import LANGUAGES, model_info
from worker.voices.qwen3_start import EngineStart
from worker.voices.seam import BrokenSound, Cancelled, Pcm, Speech, Utterance, Watcher

log = logging.getLogger(__name__)

# An utterance without a cap of its own may last this long, and so much more for each character: twice as slow as people read
# aloud. Without an end token, one in three hundred would go on for minutes.
_LONGEST_REST_S = 4.0
_LONGEST_LETTER_S = 0.15
_LONGEST_LETTER_CJK_S = 0.5

_PARAMS = {"voice": "voice", "language": "language", "instructions": "instructions", "reference_text": "ref_text"}
"""Fields of an engine's utterance → fields of a request. Text and max_frames are wrong when they are too long for a slot: no
reason to call the text unspeakable, which would leave a silent gap in a book."""


class Qwen3:
    """One checkpoint. `start` says which, and what runs it; `watcher` is told when its process dies."""

    takes_encoded = True

    def __init__(self, start: EngineStart, watcher: Watcher) -> None:
        self._start = start
        self.model_id = start.model_id  # once: it looks at the file system, and every claim asks for it
        self._watcher = watcher
        self._client: EngineClient | None = None
        self._info: SpeakerInfo | None = None
        self._in_flight = InFlight()
        self._ids = itertools.count(1)
        self._speeches: weakref.WeakValueDictionary[int, Qwen3Speech] = weakref.WeakValueDictionary()

    @property
    def well(self) -> bool:
        return self._client is None or self._client.well

    @property
    def gauges(self) -> dict[str, float]:
        """The engine's figures (worker/engine/speaker.py); empty while it is away."""
        return self._client.gauges if self._client else {}

    def warm_up(self) -> ModelInfo:
        """Fetches the checkpoint where it must, starts the engine and waits until it is warm."""
        try:
            options = self._start.options(report=log.info)
            self._client = EngineClient(options, on_death=self._died, on_broken=lambda error: self._watcher.broken(error.message))
            self._info = self._client.start()
        except EngineError as error:
            raise VoiceFailed(error.message) from None
        return model_info(self.model_id, self._info)

    def speak(self, utterance: Utterance) -> Speech:
        """The engine hears of it with the first chunk that is read, so that a speech nobody reads costs nothing."""
        speech = Qwen3Speech(next(self._ids), utterance, self)
        self._speeches[speech.id] = speech
        return self._in_flight.add(speech)

    def close(self) -> None:
        self._in_flight.close()
        if self._client:
            self._client.close()

    def begin(self, speak_id: int, utterance: Utterance) -> Speaking:
        """Raises Unspeakable, VoiceRefused, VoiceFailed."""
        if self._client is None or self._info is None:
            raise VoiceFailed(f"{self.model_id} is asked to speak before it was warmed up.")
        return self._client.speak(self._speak(speak_id, utterance, self._info))

    def _speak(self, speak_id: int, utterance: Utterance, info: SpeakerInfo) -> Speak:
        if not any(map(is_speakable, utterance.text)):
            raise Unspeakable("The text has no letter, digit or symbol that can be spoken.", param="input")
        language = LANGUAGES.get(utterance.language, "")
        if language not in info.languages:
            raise VoiceRefused(f"{self.model_id} has no language {utterance.language!r}.", param="language")
        if info.kind == "custom_voice" and utterance.voice not in info.voices:
            raise VoiceRefused(f"{self.model_id} has no voice {utterance.voice!r}; it has {', '.join(info.voices)}.",
                               param="voice")
        sampling = replace(info.sampling, seed=utterance.seed, max_frames=max_frames(utterance, info.longest_frames))
        return Speak(id=speak_id, text=utterance.text, language=language, instructions=utterance.instructions,
                     voice=utterance.voice if info.kind == "custom_voice" else "", reference=utterance.reference,
                     sampling=sampling, interactive=utterance.interactive, streamed=utterance.streamed)

    def _died(self, ids: Sequence[int]) -> None:
        self._watcher.died([speech for speech in map(self._speeches.get, ids) if speech])


class Qwen3Speech:
    """One utterance, spoken while `chunks` is read."""

    def __init__(self, speak_id: int, utterance: Utterance, voice: Qwen3) -> None:
        self.id = speak_id
        self.capped = False
        self._utterance = utterance
        self._voice = voice
        self._cancelled = False
        self._speaking: Speaking | None = None

    @property
    def encoded(self) -> PreparedReference | None:
        """What its reference, where that is kept, was encoded to; None where it came encoded."""
        return self._speaking.encoded if self._speaking else None

    def chunks(self) -> Iterator[Pcm]:
        """A second at a time, at most."""
        self._stop_when_cancelled()
        self._speaking = speaking = self._voice.begin(self.id, self._utterance)
        try:
            self._stop_when_cancelled()  # by a cancel that came before it was there
            for pcm in speaking.chunks():
                yield pcm
                self._stop_when_cancelled()
            self.capped = speaking.capped
            self._stop_when_cancelled()
        except EngineError as error:
            self._stop_when_cancelled()
            raise public(error) from None
        finally:
            speaking.cancel()  # for a caller who reads no further

    def cancel(self) -> None:
        self._cancelled = True
        if self._speaking:
            self._speaking.cancel()

    def _stop_when_cancelled(self) -> None:
        if self._cancelled or (self._speaking and self._speaking.cancelled):
            raise Cancelled


def max_frames(utterance: Utterance, longest_frames: int) -> int:
    """Its cap, 80 ms each. The engine lowers it where the prompt leaves less of a slot: only there are tokens counted."""
    letter_s = _LONGEST_LETTER_CJK_S if has_cjk(utterance.text) else _LONGEST_LETTER_S
    longest_s = utterance.longest_s or _LONGEST_REST_S + letter_s * len(utterance.text)
    return min(math.ceil(longest_s * FRAME_RATE_HZ), longest_frames)


def public(error: EngineError) -> SpeechError:
    """The engine's errors as a job's."""
    match error:
        case BadUtterance(param="reference"):
            return BadReference(error.message, param="ref_audio")
        case BadUtterance():
            return VoiceRefused(error.message, param=_PARAMS.get(error.param, "input"))
        case EngineDied():
            # Its own message holds the engine's last lines, which are the operator's and in the log.
            return VoiceFailed("The engine died while it spoke this.")
        case BrokenNumbers():
            return BrokenSound(error.message)
        case _:  # EngineFull
            return VoiceFailed(error.message)

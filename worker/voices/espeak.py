"""The embedded voice: espeak-ng, one short process an utterance. No download, and hundreds of times faster than real time.

It reads plain text: markup and espeak-ng's own escapes are spoken or passed over, never obeyed. It ignores instructions, and
the seed too: the same utterance sounds the same each time.
"""

import threading
import unicodedata
from collections.abc import Callable, Iterator
from pathlib import Path

import numpy as np

from speechmill.catalogue import ModelInfo
from speechmill.errors import SpeechError, Unspeakable, VoiceFailed
from worker.voices.espeak_catalogue import MODEL_ID, NO_VARIANT, VOICES, languages_by_tag, model_info
from worker.voices.espeak_process import EspeakProcess
from worker.voices.espeak_program import EspeakProgram, find_espeak
from worker.voices.espeak_sound import resampled
from worker.voices.espeak_words import timed_words
from worker.voices.in_flight import InFlight
from worker.voices.seam import NO_GAUGES, Cancelled, Pcm, Speech, TimedWords, Utterance

_STALL_S = 20.0              # a sentence takes some 20 ms; this is a machine in deep trouble, or a hang
_SILENT = 0.001              # what has no sound gives plain zeros; the quietest letters peak at 0.04
_CHARACTER_S = 5.0           # names of emoji and letters of other scripts are long; beyond this it runs in circles


class Espeak:
    """The `espeak` model. Without a `program`, the one on PATH or in the wheel is taken."""

    well = True  # there is nothing of it that could be away
    gauges = NO_GAUGES

    def __init__(self, program: EspeakProgram | None = None, *, stall_s: float = _STALL_S) -> None:
        self._program = program
        self._stall_s = stall_s
        self._files: dict[str, str] = {}     # of each language, once warm
        self._data = Path()
        self._in_flight = InFlight()

    @property
    def model_id(self) -> str:
        return MODEL_ID

    def warm_up(self) -> ModelInfo:
        """Finds espeak-ng, lists its languages and speaks a word. Raises VoiceFailed that says what is missing."""
        self._program = self._program or find_espeak()
        version, self._data = self._program.version()
        self._files = languages_by_tag(self._program.voices(), self._data)
        if not self._files:
            raise VoiceFailed(f"{self._program.origin} offers no language whose dictionary lies in {self._data}.")
        model = model_info(version, self._files)
        language = "en" if "en" in self._files else model.languages[0]
        for _chunk in self.speak(Utterance(text="1", voice=model.default_voice, language=language, seed=0)).chunks():
            pass
        return model

    def speak(self, utterance: Utterance) -> Speech:
        """The process starts with the first chunk that is read, so that a speech nobody reads costs nothing."""
        return self._in_flight.add(EspeakSpeech(utterance, self._start))

    @property
    def knows_words(self) -> bool:
        return self._program is not None and bool(self._program.library)

    def timed(self, utterance: Utterance) -> TimedWords:
        """Speaks it once more, now by the library. Raises VoiceFailed."""
        program, file = self._file(utterance)
        return timed_words(program.to_speak_with_words(file, self._data), plain(utterance.text), self._stall_s)

    def close(self) -> None:
        self._in_flight.close()

    def _start(self, utterance: Utterance) -> EspeakProcess:
        program, file = self._file(utterance)
        return EspeakProcess(program.to_speak(file), plain(utterance.text), self._stall_s)

    def _file(self, utterance: Utterance) -> tuple[EspeakProgram, str]:
        """What speaks it, and espeak-ng's name of its language and voice."""
        if self._program is None:
            raise VoiceFailed("espeak-ng is asked to speak before it was warmed up.")
        file = self._files.get(utterance.language)
        if file is None:
            raise VoiceFailed(f"{self._program.origin} has no language {utterance.language!r}.", param="language")
        if utterance.voice not in (voice.id for voice in VOICES):
            raise VoiceFailed(f"espeak has no voice {utterance.voice!r}.", param="voice")
        variant = "" if utterance.voice == NO_VARIANT else f"+{utterance.voice}"
        return self._program, file + variant


class EspeakSpeech:
    """One utterance, spoken while `chunks` is read."""

    capped = False

    def __init__(self, utterance: Utterance, start: Callable[[Utterance], EspeakProcess]) -> None:
        self._utterance = utterance
        self._start = start
        self._lock = threading.Lock()
        self._cancelled = False
        self._process: EspeakProcess | None = None

    def chunks(self) -> Iterator[Pcm]:
        """Half a second at a time. Raises Cancelled; Unspeakable when espeak-ng has no sound for the text; VoiceFailed when
        it can't be run, fails, hangs, or does not come to an end."""
        loudest = 0.0
        try:
            with self._started() as process:
                for pcm in resampled(process.read, limit_s=10 + _CHARACTER_S * len(self._utterance.text)):
                    self._stop_when_cancelled()
                    loudest = max(loudest, float(np.abs(pcm).max(initial=0.0)))
                    yield pcm
                process.finish()
        except SpeechError:
            self._stop_when_cancelled()  # a process that `cancel` killed may fail in any of these ways
            raise
        self._stop_when_cancelled()
        if loudest < _SILENT:
            raise Unspeakable(f"espeak-ng has no sound for this text in language {self._utterance.language!r}.",
                              param="input")

    def cancel(self) -> None:
        with self._lock:
            self._cancelled = True
            if self._process:
                self._process.kill()

    def _started(self) -> EspeakProcess:
        with self._lock:  # else a cancel between the check and the start would miss the process
            if self._cancelled:
                raise Cancelled
            self._process = self._start(self._utterance)
            return self._process

    def _stop_when_cancelled(self) -> None:
        if self._cancelled:
            raise Cancelled


def plain(text: str) -> str:
    """`text` with nothing left in it that espeak-ng would obey instead of speak.

    Control characters are its embedded commands (Ctrl-A 200S doubles the speed), private-use characters its own escapes for
    markup. `[[` begins phonemes, also when characters that it skips (soft hyphen, zero-width non-joiner) stand between;
    a round bracket sounds the same as a square one and begins nothing.
    """
    return "".join(" " if _is_obeyed(character) else character for character in text).replace("[", "(")


def _is_obeyed(character: str) -> bool:
    return unicodedata.category(character) in ("Cc", "Cs", "Co") and character != "\n"

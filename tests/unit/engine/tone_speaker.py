"""A speaker of tones for the engine's process: fast, without a model, and it breaks when its text says so.

A word of the text in capitals is obeyed: CRASH ends the process, BROOD starts another and then does, RAISE raises in a step, HANG
never returns from one, NAN fails that utterance alone, BAD and FULL refuse it, ODD raises what no speaker should, GROW keeps 64
MiB, SLOW takes a second.
"""

import hashlib
import logging
import os
import signal
import subprocess
import threading
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np

from worker.engine.errors import BrokenNumbers, EngineFull
from worker.engine.speaker import Listener, Pcm, Speak, SpeakerInfo
from worker.model.config import SAMPLES_PER_FRAME, Kind
from worker.model.errors import BadUtterance, CheckpointError, EngineError

log = logging.getLogger(__name__)

LANGUAGES = ("chinese", "english", "german", "italian", "portuguese", "spanish", "japanese", "korean", "french", "russian")
VOICES = ("serena", "vivian", "uncle_fu", "ryan", "aiden", "ono_anna", "sohee", "eric", "dylan")
_CHARACTER_S = 0.06
_FRAMES_A_STEP = 25
_GROWTH_BYTES = 64 << 20


@dataclass(frozen=True)
class ToneOptions:
    """`starts_file` gets a line a start; `good_starts` of them succeed, then CheckpointError. `step_s` is what a step takes.
    `start_s` is what a start takes. While there is a file `unless`, none succeeds."""

    kind: Kind = "custom_voice"
    starts_file: Path | None = None
    good_starts: int = 1_000_000
    step_s: float = 0.0
    start_s: float = 0.0
    revision: str = "1"
    die_at_start: bool = False
    unless: Path | None = None


@dataclass
class _Tone:
    speak: Speak
    pcm: Pcm               # [n_samples], what is left of it
    capped: bool


def speaker(options: object, listener: Listener, report: Callable[[str], None]) -> "ToneSpeaker":
    tone_options = options if isinstance(options, ToneOptions) else ToneOptions()
    n_starts = _count_start(tone_options.starts_file)
    report("tuning")
    time.sleep(tone_options.start_s)
    if tone_options.die_at_start:
        print("no strings on this lyre", flush=True)
        os._exit(7)
    if n_starts > tone_options.good_starts or (tone_options.unless and tone_options.unless.exists()):
        raise CheckpointError("model.safetensors is gone.")
    return ToneSpeaker(tone_options, listener)


def _count_start(file: Path | None) -> int:
    if file is None:
        return 1
    with file.open("a") as starts:
        starts.write(f"{os.getpid()}\n")
    return len(file.read_text().splitlines())


@dataclass
class ToneSpeaker:
    options: ToneOptions
    listener: Listener
    _tones: dict[int, _Tone] = field(default_factory=dict)
    _lock: threading.Lock = field(default_factory=threading.Lock)
    _hoard: list[Pcm] = field(default_factory=list)

    @property
    def info(self) -> SpeakerInfo:
        kind = self.options.kind
        return SpeakerInfo(name="tones", kind=kind, voices=VOICES if kind == "custom_voice" else (), languages=LANGUAGES,
                           takes_instructions=kind != "base", revision=self.options.revision, n_slots=4, longest_frames=50_000,
                           notes=("these are tones",))

    def submit(self, speak: Speak) -> None:
        if "BAD" in speak.text:
            raise BadUtterance("voice: nobody has it.", param="voice")
        if "FULL" in speak.text:
            raise EngineFull("1 utterance waits already.")
        if "ODD" in speak.text:
            raise ZeroDivisionError("odd")
        with self._lock:
            self._tones[speak.id] = _tone(speak)

    def cancel(self, speak_id: int) -> None:
        with self._lock:
            self._tones.pop(speak_id, None)

    def step(self) -> bool:
        with self._lock:
            tones = list(self._tones.values())
        time.sleep(self.options.step_s if tones else 0)
        for tone in tones:
            self._obey(tone.speak)
            if "NAN" in tone.speak.text:
                self._fail(tone, BrokenNumbers("NaN in frame 1."))
            else:
                self._sound(tone)
        return bool(tones)

    def gauges(self) -> dict[str, float]:
        return {"slots_used": float(len(self._tones))}

    def _sound(self, tone: _Tone) -> None:
        n_samples = _FRAMES_A_STEP * SAMPLES_PER_FRAME if tone.speak.streamed else len(tone.pcm)
        pcm, tone.pcm = tone.pcm[:n_samples], tone.pcm[n_samples:]
        last = not len(tone.pcm)
        with self._lock:
            if tone.speak.id not in self._tones:
                return
            if last:
                del self._tones[tone.speak.id]
        self.listener.sound(tone.speak.id, pcm, last=last, capped=last and tone.capped)

    def _fail(self, tone: _Tone, error: EngineError) -> None:
        with self._lock:
            self._tones.pop(tone.speak.id, None)
        self.listener.failed(tone.speak.id, error)

    def _obey(self, speak: Speak) -> None:
        if "BROOD" in speak.text:
            brood = subprocess.Popen(["sleep", "600"])
            assert self.options.starts_file
            self.options.starts_file.write_text(str(brood.pid))
        if "CRASH" in speak.text or "BROOD" in speak.text:
            os.kill(os.getpid(), signal.SIGKILL)
        if "RAISE" in speak.text:
            raise RuntimeError("told to")
        if "HANG" in speak.text:
            log.warning("about to hang")
            time.sleep(600)
        if "SLOW" in speak.text:
            time.sleep(1.0)
        if "GROW" in speak.text:
            self._hoard.append(np.ones(_GROWTH_BYTES // 4, np.float32))


def _tone(speak: Speak) -> _Tone:
    """Everything about the utterance decides its pitch; the text's length how long it is."""
    said = "\0".join((speak.text, speak.voice, speak.language, speak.instructions, str(speak.sampling.seed)))
    digest = hashlib.sha256(said.encode("utf-8", "surrogatepass")).digest()
    frequency_hz = 110 * 2 ** (int.from_bytes(digest[:4], "big") / 2**30)
    n_frames = max(3, round(_CHARACTER_S * len(speak.text) * 12.5))
    cap = speak.sampling.max_frames
    at = np.arange(min(n_frames, cap) * SAMPLES_PER_FRAME)  # [n_samples]
    is_on = at < (n_frames - 1) * SAMPLES_PER_FRAME  # its last frame is silence, as after speech that came to an end
    sound = (0.3 * np.sin(2 * np.pi * frequency_hz / 24_000 * at) * is_on).astype(np.float32)
    return _Tone(speak, sound, capped=cap < n_frames)

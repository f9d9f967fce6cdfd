"""From a text to a take that may be heard: found in the store, or spoken, trimmed and checked (worker/ladder.py)."""

import hashlib
import json
import time
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from speechmill.errors import VoiceFailed
from speechmill.request import SpeechSpec
from worker.kept import stored_take
from worker.ladder import Ladder, Sound
from worker.leases import Lease, Stopped
from worker.station import Station
from worker.takes.check import check
from worker.takes.flags import Flag
from worker.text.language import guess_language
from worker.voices.seam import SAMPLE_RATE_HZ, Cancelled, Pcm, Utterance

POST_PROCESSING = 2
"""Version of trimming and checking; it enters the content key, so that a change here never meets takes of before."""


@dataclass(frozen=True)
class Take:
    """A segment's sound, trimmed, float32 [n_samples] at 24 kHz, and how it came about: in which attempt, and how many
    utterances were spoken for it; none when it was in the store."""

    content_key: str
    pcm: Pcm
    flags: tuple[Flag, ...]
    attempt: int
    n_spoken: int
    speak_ms: int = 0
    waited_ms: int = 0   # from the job's acceptance to the call of the voice

    @property
    def cached(self) -> bool:
        return self.n_spoken == 0

    @property
    def duration_s(self) -> float:
        return len(self.pcm) / SAMPLE_RATE_HZ

    def record(self) -> dict[str, object]:
        """What the job store keeps of it."""
        return {"key": self.content_key, "samples": len(self.pcm), "duration_seconds": round(self.duration_s, 3),
                "flags": list(self.flags), "attempts": self.attempt, "spoken": self.n_spoken, "cached": self.cached,
                "speak_ms": self.speak_ms, "waited_ms": self.waited_ms}


def synthesize(station: Station, lease: Lease, spec: SpeechSpec, text: str) -> Take:
    """Raises Stopped, Unspeakable, VoiceRefused, VoiceFailed, VoiceUnavailable."""
    with station.tracer.span("synthesize", "internal", lease.span.traceparent) as span:
        take = _found_or_spoken(station, lease, spec, text)
        span.tell(cached=take.cached, utterances=take.n_spoken, flags=",".join(take.flags),
                  audio_seconds=round(take.duration_s, 3))
    return take


def _found_or_spoken(station: Station, lease: Lease, spec: SpeechSpec, text: str) -> Take:
    assert station.voice  # the speech role has them from the start
    assert station.model
    unit = lease.unit
    language = spec.language
    if language == "auto":
        language = guess_language(text, station.model.languages, station.model.default_language)
    key = content_key(spec, text, language, station.model.revision)
    known = stored_take(station, lease, key)
    if known is not None:
        # With flags too: the ladder has done for it what it can. Only a change of the text or the seed speaks it again.
        return Take(key, known, check(known, text), unit.attempt, n_spoken=0)
    utterance = Utterance(text=text, voice=spec.voice, language=language, seed=_seed(spec, key, unit.attempt),
                          instructions=spec.instructions, interactive=unit.queue.endswith(":interactive"),
                          reference=station.references.get(unit.tenant, spec.reference) if spec.reference else None)
    begun = time.monotonic()
    waited_ms = unit.claimed_ms - unit.queued_ms + round(1000 * (begun - lease.begun))
    ladder = Ladder(lambda part: _speak(station, lease, part), draws=station.model.draws,
                    again=station.settings.worker.respeak_flagged)
    best = ladder.climb(utterance)
    speak_ms = round(1000 * (time.monotonic() - begun))
    return Take(key, best.pcm, best.flags, unit.attempt, ladder.n_spoken, speak_ms=speak_ms, waited_ms=waited_ms)


def silent_take(text: str) -> Take:
    """A moment of silence in place of a segment that the voice has no sound for, flagged."""
    key = hashlib.sha256(f"silence/{text}".encode()).hexdigest()
    return Take(key, np.zeros(SAMPLE_RATE_HZ // 10, np.float32), (Flag.UNSPEAKABLE,), 1, n_spoken=1)


def joined_take(takes: Sequence[Take], pcm: Pcm) -> Take:
    """What `pcm`, the takes of one unit joined, has in common: it was spoken when each of them was, with the faults of all."""
    flags = {flag for take in takes for flag in take.flags}
    key = hashlib.sha256("/".join(take.content_key for take in takes).encode()).hexdigest()
    waited_ms = next((take.waited_ms for take in takes if not take.cached), 0)
    return Take(key, pcm, tuple(flag for flag in Flag if flag in flags), takes[0].attempt, sum(take.n_spoken for take in takes),
                speak_ms=sum(take.speak_ms for take in takes), waited_ms=waited_ms)


def content_key(spec: SpeechSpec, text: str, language: str, revision: str) -> str:
    """SHA-256 over everything that decides how a segment sounds. Speed does not: it is applied when the job is encoded."""
    parts = [text, language, spec.model, revision, spec.voice, spec.instructions, spec.seed, POST_PROCESSING,
             spec.reference.model_dump() if spec.reference else None]
    return hashlib.sha256(json.dumps(parts, ensure_ascii=True).encode()).hexdigest()


def _speak(station: Station, lease: Lease, utterance: Utterance) -> Sound:
    assert station.voice
    lease.check()
    speech = station.voice.speak(utterance)
    try:
        with station.speaking(lease, speech):
            chunks = list(speech.chunks())
    except Cancelled:
        if lease.stopped:
            raise Stopped from None
        raise VoiceFailed("The voice was shut down in the middle of the utterance.") from None
    return Sound(np.concatenate(chunks) if chunks else np.zeros(0, np.float32), speech.capped)


def _seed(spec: SpeechSpec, key: str, attempt: int) -> int:
    """The client's own; else one that is the same for the same content, and another at each attempt."""
    if spec.seed is not None:
        return spec.seed
    return int.from_bytes(hashlib.sha256(f"{key}/{attempt}".encode()).digest()[:8], "big") >> 1

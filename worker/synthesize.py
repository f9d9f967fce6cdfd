"""From a text to a take that may be heard: found in the store, or spoken, trimmed and checked (worker/ladder.py)."""

import hashlib
import json
import time
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from speechmill.errors import VoiceFailed
from speechmill.request import SpeechSpec
from worker.kept import stored_note, stored_take
from worker.ladder import Ladder, Sound
from worker.leases import Lease, Stopped
from worker.station import Station
from worker.takes.check import check
from worker.takes.flags import Flag
from worker.text.language import guess_language
from worker.voices.seam import SAMPLE_RATE_HZ, Cancelled, EncodedSpeech, Pcm, Speech, Utterance

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
        return _record(self.content_key, len(self.pcm), self.flags, self.attempt) | {
            "spoken": self.n_spoken, "cached": self.cached, "speak_ms": self.speak_ms, "waited_ms": self.waited_ms}


def _record(content_key: str, n_samples: int, flags: Sequence[Flag], attempt: int) -> dict[str, object]:
    """Of a take that was found."""
    return {"key": content_key, "samples": n_samples, "duration_seconds": round(n_samples / SAMPLE_RATE_HZ, 3),
            "flags": list(flags), "attempts": attempt, "spoken": 0, "cached": True, "speak_ms": 0, "waited_ms": 0}


def synthesize(station: Station, lease: Lease, spec: SpeechSpec, text: str) -> Take:
    """Raises Stopped, Unspeakable, VoiceRefused, VoiceFailed, VoiceUnavailable."""
    with station.tracer.span("synthesize", "internal", lease.span.traceparent) as span:
        take = _found_or_spoken(station, lease, spec, text)
        span.tell(cached=take.cached, utterances=take.n_spoken, flags=",".join(take.flags),
                  audio_seconds=round(take.duration_s, 3))
    return take


def known_take(station: Station, lease: Lease, spec: SpeechSpec, text: str) -> dict[str, object] | None:
    """The record of a take that lies in storage and says itself what it is: nobody need listen to it again, which is most of what
    a new revision of a book would cost. None where there is none. Raises Stopped."""
    key = wanted(station, spec, text).key
    note = stored_note(station, lease, key)
    if note is None:
        return None
    with station.tracer.span("synthesize", "internal", lease.span.traceparent) as span:
        span.tell(cached=True, utterances=0, flags=",".join(note.flags), audio_seconds=round(note.n_samples / SAMPLE_RATE_HZ, 3))
    return _record(key, note.n_samples, note.flags, lease.unit.attempt)


@dataclass(frozen=True)
class Wanted:
    """A text and the language to speak it in, a tag of the model's, and the content key of how it then sounds."""

    text: str
    language: str
    key: str


def wanted(station: Station, spec: SpeechSpec, text: str) -> Wanted:
    assert station.model  # the speech role has it from the start
    language = spec.language
    if language == "auto":
        language = guess_language(text, station.model.languages, station.model.default_language)
    return Wanted(text, language, content_key(spec, text, language, station.model.revision))


def utterance_of(station: Station, lease: Lease, spec: SpeechSpec, asked: Wanted) -> Utterance:
    """What to ask the voice for in this attempt. Raises what reading a reference does."""
    unit = lease.unit
    return Utterance(text=asked.text, voice=spec.voice, language=asked.language, seed=_seed(spec, asked.key, unit.attempt),
                     instructions=spec.instructions, interactive=unit.queue.endswith(":interactive"),
                     reference=(station.references.get(unit.tenant, spec.reference, station.encoding_model)
                                if spec.reference else None))


def _found_or_spoken(station: Station, lease: Lease, spec: SpeechSpec, text: str) -> Take:
    assert station.model
    unit = lease.unit
    asked = wanted(station, spec, text)
    known = stored_take(station, lease, asked.key)
    if known is not None:
        # With flags too: the ladder has done for it what it can. Only a change of the text or the seed speaks it again.
        return Take(asked.key, known, check(known, text), unit.attempt, n_spoken=0)
    utterance = utterance_of(station, lease, spec, asked)
    begun = time.monotonic()
    waited_ms = unit.claimed_ms - unit.queued_ms + round(1000 * (begun - lease.begun))
    ladder = Ladder(lambda part: _speak(station, lease, spec, part), draws=station.model.draws,
                    again=station.settings.worker.respeak_flagged)
    best = ladder.climb(utterance)
    speak_ms = round(1000 * (time.monotonic() - begun))
    return Take(asked.key, best.pcm, best.flags, unit.attempt, ladder.n_spoken, speak_ms=speak_ms, waited_ms=waited_ms)


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
             spec.reference.model_dump(exclude={"voice_id"}) if spec.reference else None]
    return hashlib.sha256(json.dumps(parts, ensure_ascii=True).encode()).hexdigest()


def _speak(station: Station, lease: Lease, spec: SpeechSpec, utterance: Utterance) -> Sound:
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
    _keep_encoding(station, lease, spec, speech)
    return Sound(np.concatenate(chunks) if chunks else np.zeros(0, np.float32), speech.capped)


def _keep_encoding(station: Station, lease: Lease, spec: SpeechSpec, speech: Speech) -> None:
    """The engine had to encode the recording of a kept voice: nobody will have to again."""
    if spec.reference and station.encoding_model and isinstance(speech, EncodedSpeech) and speech.encoded:
        station.references.keep(lease.unit.tenant, spec.reference, station.encoding_model, speech.encoded)


def _seed(spec: SpeechSpec, key: str, attempt: int) -> int:
    """The client's own; else one that is the same for the same content, and another at each attempt."""
    if spec.seed is not None:
        return spec.seed
    return int.from_bytes(hashlib.sha256(f"{key}/{attempt}".encode()).digest()[:8], "big") >> 1

"""The voice seam: all that the worker knows of whatever speaks.

A voice is anything that turns an *utterance* into 24 kHz mono PCM: a subprocess per utterance (espeak), a function (tone),
or an engine process that batches hundreds of utterances on a GPU. `speak` returns at once; the caller reads chunks from
the returned `Speech` on its own thread, and may cancel it from any other.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from types import MappingProxyType
from typing import Protocol, runtime_checkable

import numpy as np
from numpy.typing import NDArray

from speechmill.catalogue import ModelInfo
from speechmill.errors import VoiceFailed
from worker.engine.speaker import Reference
from worker.model.reference import PreparedReference

SAMPLE_RATE_HZ = 24_000

Pcm = NDArray[np.float32]
"""Samples in [-1, 1], float32, shape [n_samples], mono, 24 kHz."""

NO_GAUGES: Mapping[str, float] = MappingProxyType({})
"""Of a voice without an engine."""


@dataclass(frozen=True)
class Utterance:
    """One segment, ready to be spoken. `text` is at most ~20 s of speech; `voice` and `language` are the catalogue's ids.

    `longest_s` ends it when it runs on without end: what its text can need, with a margin; 0 leaves that to the voice.
    `streamed`: its first sound is wanted as early as possible, not all of it. `reference` is the voice to clone, for models
    that can (ModelInfo.reference)."""

    text: str
    voice: str
    language: str                # a tag of the model's catalogue, never "auto"
    seed: int
    instructions: str = ""
    interactive: bool = False    # may use the slots that a voice keeps for waiting clients
    longest_s: float = 0.0
    streamed: bool = False
    reference: Reference | None = None


class Cancelled(Exception):
    """The utterance was cancelled; its slot is free again."""


class BrokenSound(VoiceFailed):
    """What came is no sound that anybody could use: NaN, or silence. Of this utterance alone; another seed may give better."""


class Speech(Protocol):
    """An utterance being spoken."""

    @property
    def capped(self) -> bool:
        """Whether it was ended because it ran too long, not by itself; known once `chunks` has come to its end."""
        ...

    def chunks(self) -> Iterator[Pcm]:
        """Blocks for each next piece of sound. Raises Cancelled, or Unspeakable, VoiceRefused, VoiceFailed, VoiceUnavailable
        (speechmill.errors)."""
        ...

    def cancel(self) -> None:
        """Ask it to stop; `chunks` then raises Cancelled. Safe from any thread, any number of times, also after the end."""
        ...


class Voice(Protocol):
    """One model that speaks. Built once per worker process."""

    @property
    def model_id(self) -> str:
        """The id of its model in the catalogue; known before it is warm, so that waiting jobs can be told of it."""
        ...

    def warm_up(self) -> ModelInfo:
        """Make ready, so that the first utterance is as fast as the hundredth, and say what it offers.
        Raises VoiceFailed when it can't speak here; the worker then never claims."""
        ...

    def speak(self, utterance: Utterance) -> Speech:
        """Begin speaking. Does not block on the sound."""
        ...

    @property
    def well(self) -> bool:
        """False once it will not speak any more, or nobody looks after it. A voice that is being restarted is well."""
        ...

    @property
    def gauges(self) -> Mapping[str, float]:
        """Figures of the engine behind it (worker/engine/speaker.py), which go to /metrics; empty where there is none, or none
        that runs."""
        ...

    def close(self) -> None:
        """Free everything; utterances in flight end as Cancelled."""
        ...


@dataclass(frozen=True)
class TimedWords:
    """What a voice makes of an utterance, untrimmed, float32 [n_samples], and where in it what is heard: (start, end) in the
    text's characters, (start_s, end_s), in order."""

    pcm: Pcm
    words: Sequence[tuple[int, int, float, float]]


@runtime_checkable
class KnowsWords(Protocol):
    """A voice that says the same each time, and knows when."""

    @property
    def knows_words(self) -> bool:
        """Whether it does here; known once it is warm."""
        ...

    def timed(self, utterance: Utterance) -> TimedWords:
        """Blocks, as reading all of a Speech does. Raises what Speech.chunks raises."""
        ...


@runtime_checkable
class Encodes(Protocol):
    """A voice that encodes recordings before it clones them, and takes what it encoded one to before in its place."""

    @property
    def takes_encoded(self) -> bool:
        ...


@runtime_checkable
class EncodedSpeech(Protocol):
    """A speech of such a voice."""

    @property
    def encoded(self) -> PreparedReference | None:
        """What its utterance's reference was encoded to, where that is kept; known once `chunks` has come to its end."""
        ...


class Watcher(Protocol):
    """Who is told when a voice that runs in a process of its own comes to harm. Called on a thread of the voice's."""

    def died(self, speeches: Sequence[Speech]) -> None:
        """Its process ended with these in flight, and is being restarted. Once an incident, before any of them fails."""
        ...

    def broken(self, reason: str) -> None:
        """It can't be restarted."""
        ...

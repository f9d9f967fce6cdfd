"""The voice seam: all that the worker knows of whatever speaks.

A voice is anything that turns an *utterance* into 24 kHz mono PCM: a subprocess per utterance (espeak), a function (tone),
or an engine process that batches hundreds of utterances on a GPU. `speak` returns at once; the caller reads chunks from
the returned `Speech` on its own thread, and may cancel it from any other.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Protocol

import numpy as np
from numpy.typing import NDArray

from speechmill.catalogue import ModelInfo

SAMPLE_RATE_HZ = 24_000

Pcm = NDArray[np.float32]
"""Samples in [-1, 1], float32, shape [n_samples], mono, 24 kHz."""


@dataclass(frozen=True)
class Utterance:
    """One segment, ready to be spoken. `text` is at most ~20 s of speech; `voice` and `language` are the catalogue's ids."""

    text: str
    voice: str
    language: str                # a tag of the model's catalogue, never "auto"
    seed: int
    instructions: str = ""
    interactive: bool = False    # may use the slots that a voice keeps for waiting clients


class Cancelled(Exception):
    """The utterance was cancelled; its slot is free again."""


class Speech(Protocol):
    """An utterance being spoken."""

    def chunks(self) -> Iterator[Pcm]:
        """Blocks for each next piece of sound. Raises Cancelled, Unspeakable or VoiceFailed (speechmill.errors)."""
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

    def close(self) -> None:
        """Free everything; utterances in flight end as Cancelled."""
        ...

"""What an engine process runs, and what is said to it and by it. No torch: the worker's side imports this too.

A `Speaker` is the engine of ours (worker/engine/engine.py), or the unmodified qwen-tts package behind the same few calls
(worker/reference/). The process around it (worker/engine/process.py) is the same for both.
"""

from dataclasses import dataclass
from functools import cached_property
from typing import Literal, Protocol

import numpy as np
from numpy.typing import NDArray

from worker.model.config import Kind
from worker.model.errors import EngineError
from worker.model.reference import PreparedReference, count_reference_frames, fingerprint
from worker.model.sampling import Sampling

Pcm = NDArray[np.float32]
"""[n_samples] in [-1, 1], mono, 24 kHz"""

DEFAULT_SAMPLING = Sampling()


@dataclass(frozen=True)
class Reference:
    """A voice to clone: its sound, 24 kHz mono float32, and what it says. Without `text` only the speaker embedding is used
    (x-vector); with it the talker continues from the reference (in-context learning, ICL).

    `prepared`: what this very checkpoint encoded it to before, with codes where there is a text; `pcm` may then be empty.
    `is_kept`: whoever speaks with it keeps what it is encoded to, and wants to be told (Listener.encoded)."""

    pcm: Pcm
    text: str = ""
    prepared: PreparedReference | None = None
    is_kept: bool = False

    @cached_property
    def sha256(self) -> str:
        """Of its sound: 2 ms where that is 30 s long."""
        return fingerprint(self.pcm)

    @property
    def n_frames(self) -> int:
        """Of codes that its sound is encoded to."""
        if self.prepared is not None and self.prepared.codes is not None:
            return len(self.prepared.codes)
        return count_reference_frames(len(self.pcm))


@dataclass(frozen=True)
class Speak:
    """One utterance. `voice` is a speaker of a CustomVoice checkpoint, else ""; `language` is qwen-tts's name ("english") or
    "auto". `feed` whole gives the text at once; token by token gives frame i text token i, as a live text source would.
    `streamed`: its sound is wanted as it is made, not whole."""

    id: int
    text: str
    language: str
    voice: str = ""
    instructions: str = ""
    reference: Reference | None = None
    sampling: Sampling = DEFAULT_SAMPLING
    feed: Literal["whole", "token"] = "whole"
    interactive: bool = False
    streamed: bool = False


@dataclass(frozen=True)
class SpeakerInfo:
    """What a loaded checkpoint offers. `revision` changes with its weights. `languages` are qwen-tts's names, without the
    dialects. `longest_frames`: most frames of an utterance with an empty prompt."""

    name: str
    kind: Kind
    voices: tuple[str, ...]
    languages: tuple[str, ...]
    takes_instructions: bool
    revision: str
    n_slots: int
    longest_frames: int
    sampling: Sampling = DEFAULT_SAMPLING  # the checkpoint's own (generation_config.json), for whoever asks for nothing else
    notes: tuple[str, ...] = ()      # what an operator should know: which attention serves, what was stepped down


class Listener(Protocol):
    """Where a speaker says what became of an utterance. Called on the thread that steps."""

    def sound(self, speak_id: int, pcm: Pcm, *, last: bool, capped: bool) -> None:
        """The next samples; with `last` nothing follows. `capped`: max_frames ended it, not the end token."""
        ...

    def failed(self, speak_id: int, error: EngineError) -> None:
        """Nothing follows."""
        ...

    def encoded(self, speak_id: int, reference: PreparedReference) -> None:
        """What its reference, which is kept, was encoded to. Before its first sound; not of one that came prepared."""
        ...

    def flush(self) -> None:
        """Pass on what was told so far: the step goes on for milliseconds. What it ends with is passed on without."""
        ...


class Speaker(Protocol):
    """Speaks utterances. `submit` and `cancel` from any thread, `step` from one."""

    @property
    def info(self) -> SpeakerInfo:
        ...

    def submit(self, speak: Speak) -> None:
        """Take an utterance on. Raises BadUtterance (it can never be spoken here) or EngineFull (not now)."""
        ...

    def cancel(self, speak_id: int) -> None:
        """Stop it at the next frame; the listener hears nothing more of it. Unknown or ended ones are passed over."""
        ...

    def step(self) -> bool:
        """Some progress: a frame of everything that is being spoken. False when there is nothing to do."""
        ...

    def gauges(self) -> dict[str, float]:
        """Figures for metrics, by name: slots used and waiting, frames and audio seconds so far, memory."""
        ...

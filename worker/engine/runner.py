"""The seam between deciding and computing. The scheduler and the engine know only this; tests drive them with a runner that
computes nothing, in milliseconds; worker/engine/torch_runner.py is the real one. No torch here.

Launching and waiting are apart, because a GPU works while the host decides: the engine launches frame t + 1 before it looks
at frame t.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Protocol, TypeAlias

import numpy as np
from numpy.typing import NDArray

from worker.model.prompt import Prompt
from worker.model.sampling import Sampling

Codes = NDArray[np.int32]
"""[n_frames, 16]"""
Pcm = NDArray[np.float32]
"""[n_samples] in [-1, 1], mono, 24 kHz"""


@dataclass(frozen=True)
class Join:
    """An utterance enters `slot`: its prompt is prefilled, and its first code 0 drawn."""

    slot: int
    prompt: Prompt
    sampling: Sampling


@dataclass(frozen=True)
class Frames:
    """One frame of each decoded row, in the order asked for. `codes` [n_rows, 16]; `next_code` [n_rows] is code 0 of the
    frame after, the end token when this frame was the last; `broken` [n_rows]: the codes mean nothing, for NaN was met or the
    launch was lost."""

    codes: Codes
    next_code: NDArray[np.int32]
    broken: NDArray[np.bool_]


class LaunchedFrames(Protocol):
    def ready(self) -> bool:
        """Whether `wait` would return at once."""
        ...

    def wait(self) -> Frames:
        """Blocks until the device has done it."""
        ...


class Runner(Protocol):
    """Talker and code predictor with their slots. One thread calls it."""

    n_slots: int
    slot_positions: int              # prompt and frames of an utterance together, at most
    prefill_batch: int               # most joins of one call
    end_code: int                    # the end token, code 0

    def prefill(self, joins: Sequence[Join]) -> None:
        """Launches the prompts of at most `prefill_batch` joins; their slots are then ready to decode."""
        ...

    def decode(self, slots: Sequence[int]) -> LaunchedFrames:
        """Launches one frame for these slots. Slots are distinct; each was prefilled and has room for one more position."""
        ...


class LaunchedSound(Protocol):
    def ready(self) -> bool:
        """Whether `wait` would return at once."""
        ...

    def wait(self) -> list[Pcm]:
        """One array a take, in the order asked for: 1920 samples a frame."""
        ...


CodecStream: TypeAlias = Any
"""An utterance that is decoded while it is spoken: what the codec remembers between two chunks. Only the codec looks inside."""


class Codec(Protocol):
    """From codes to sound. One thread calls it."""

    batch_frames: int                # most frames of one call, over all takes: about as long as one step may be held up

    def decode(self, takes: Sequence[Codes]) -> LaunchedSound:
        """Whole takes, each [n_frames, 16] of its own length."""
        ...

    def open_stream(self) -> CodecStream:
        ...

    def decode_chunks(self, chunks: Sequence[tuple[CodecStream, Codes]]) -> LaunchedSound:
        """The next frames of each stream, all of one length. Chunk after chunk gives the samples of a whole decode."""
        ...

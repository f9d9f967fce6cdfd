"""An utterance inside the engine, from the moment its prompt is built to the last of its sound. No torch."""

from dataclasses import dataclass, field
from enum import Enum, auto

import numpy as np

from worker.engine.runner import Codes, Join
from worker.model.prompt import Prompt
from worker.model.sampling import Sampling

NO_SLOT = -1
"""It waits, or has ended."""


class Ending(Enum):
    """Why no further frame of it is decoded."""

    SPOKEN = auto()     # the end token was drawn
    CAPPED = auto()     # max_frames came first
    BROKEN = auto()     # NaN or infinity
    CANCELLED = auto()


@dataclass(eq=False)
class Utterance:
    """What the engine knows of one utterance. Made and changed on the stepping thread only.

    `n_launched` frames were asked of the device, of which `n_frames` have come back and belong to it: the difference is in
    flight, or came after its end and means nothing.
    """

    id: int
    prompt: Prompt
    sampling: Sampling
    interactive: bool = False
    streamed: bool = False
    slot: int = NO_SLOT
    ending: Ending | None = None
    n_launched: int = 0
    n_frames: int = 0
    _codes: Codes = field(init=False, repr=False)

    def __post_init__(self) -> None:
        reference = self.prompt.reference_codes
        self.n_reference_frames = 0 if reference is None else len(reference)
        self._codes = np.empty((self.n_reference_frames + self.sampling.max_frames, 16), np.int32)
        if reference is not None:
            self._codes[: self.n_reference_frames] = reference

    @property
    def codes(self) -> Codes:
        """[n_reference_frames + n_frames, 16]: what the codec decodes. The reference goes first, so that the codec's state at
        the first spoken frame is that of the cloned voice."""
        return self._codes[: self.n_codes]

    @property
    def n_codes(self) -> int:
        """Frames in `codes`: asked for far more often."""
        return self.n_reference_frames + self.n_frames

    @property
    def wants_a_frame(self) -> bool:
        """Whether to decode on. The cap needs no look at the frames, so none is launched past it."""
        return self.ending is None and self.n_launched < self.sampling.max_frames

    @property
    def is_heard(self) -> bool:
        """Whether anybody still wants its sound."""
        return self.ending not in (Ending.BROKEN, Ending.CANCELLED)

    def join(self) -> Join:
        return Join(self.slot, self.prompt, self.sampling)

    def read(self, codes: Codes, *, is_last: bool) -> None:
        """Its next frame has come back: `codes` [16]; `is_last`: the end token follows."""
        self._codes[self.n_codes] = codes
        self.n_frames += 1
        if is_last:
            self.ending = Ending.SPOKEN
        elif self.n_frames == self.sampling.max_frames:
            self.ending = Ending.CAPPED

"""The ladder: a take that fails its checks is spoken again with another seed, then in two halves; then the best is kept.

It costs four utterances at most. Whoever keeps a take with flags says so: GET …/segments lists them.
"""

import hashlib
import logging
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace

import numpy as np

from speechmill.errors import Unspeakable, VoiceFailed
from worker.join import Joiner
from worker.takes.check import check
from worker.takes.duration import longest_s
from worker.takes.flags import Flag, gravity
from worker.takes.trim import trim
from worker.text.halves import halves
from worker.text.piece import Boundary
from worker.voices.seam import BrokenSound, Pcm, Utterance

log = logging.getLogger(__name__)


@dataclass(frozen=True)
class Sound:
    """What a voice made of an utterance, untrimmed, float32 [n_samples]. `capped` as its Speech says it."""

    pcm: Pcm
    capped: bool


@dataclass(frozen=True)
class Checked:
    """A text's sound, trimmed, float32 [n_samples], and what is wrong with it."""

    pcm: Pcm
    flags: tuple[Flag, ...]


@dataclass(frozen=True)
class Part:
    """An utterance of a rung, and what follows it there."""

    utterance: Utterance
    boundary: Boundary


class Ladder:
    """Climbs once. `speak` blocks until an utterance is spoken; `draws` is ModelInfo's. With `again` False a take that fails its
    checks is kept as it is; one that is no use at all is spoken again all the same. `n_spoken` counts utterances."""

    def __init__(self, speak: Callable[[Utterance], Sound], *, draws: bool, again: bool = True) -> None:
        self._speak = speak
        self._draws = draws
        self._again = again
        self.n_spoken = 0

    def climb(self, utterance: Utterance) -> Checked:
        """The first take without a flag, else the best of all. Raises VoiceFailed when none was any use, and whatever `speak`
        raises: a voice that breaks down is no matter of this take alone."""
        takes = []
        failure = VoiceFailed("The voice gave nothing.")
        for parts in self._rungs(utterance):
            try:
                take = self._spoken(parts)
            except BrokenSound as error:
                log.info("a take is no use: %s", error.message)
                failure = error
                continue
            except Unspeakable:
                if len(parts) == 1:
                    raise
                continue  # a half alone may be nothing to this voice
            if not take.flags:
                return take
            log.info("a take is %s", ", ".join(take.flags))
            takes.append(take)
            if not self._again:
                break
        if not takes:
            raise failure
        return min(takes, key=lambda take: gravity(take.flags))

    def _rungs(self, utterance: Utterance) -> Iterator[Sequence[Part]]:
        """What to speak, each time for the whole text."""
        yield [Part(utterance, Boundary.END)]
        if self._draws:
            yield [Part(_reseeded(utterance, "again"), Boundary.END)]
        if cut := halves(utterance.text, utterance.language):
            yield [Part(_reseeded(replace(utterance, text=cut.first), "first half"), cut.boundary),
                   Part(_reseeded(replace(utterance, text=cut.second), "second half"), Boundary.END)]

    def _spoken(self, parts: Sequence[Part]) -> Checked:
        """The parts, each trimmed and checked on its own, as the joiner puts them together."""
        takes = [self._checked(part.utterance) for part in parts]
        if len(takes) == 1:
            return takes[0]
        joined = Joiner().join((take.pcm, part.boundary) for take, part in zip(takes, parts, strict=True))
        flags = {flag for take in takes for flag in take.flags}
        return Checked(np.concatenate(list(joined)), tuple(flag for flag in Flag if flag in flags))

    def _checked(self, utterance: Utterance) -> Checked:
        self.n_spoken += 1
        sound = self._speak(replace(utterance, longest_s=longest_s(utterance.text)))
        pcm = trim(sound.pcm)
        return Checked(pcm, check(pcm, utterance.text, capped=sound.capped))


def _reseeded(utterance: Utterance, purpose: str) -> Utterance:
    """With another seed, the same one each time: a client's own seed goes on deciding all that is heard."""
    digest = hashlib.sha256(f"{utterance.seed}/{purpose}".encode()).digest()
    return replace(utterance, seed=int.from_bytes(digest[:8], "big") >> 1)

"""The one joiner: segments in, one stream of sound out, with a pause after each that fits what follows it."""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field

import numpy as np

from worker.takes.trim import fade_edges
from worker.text.piece import Boundary
from worker.voices.seam import SAMPLE_RATE_HZ, Pcm

PAUSE_S = {Boundary.PHRASE: 0.3, Boundary.SENTENCE: 0.6, Boundary.PARAGRAPH: 0.9, Boundary.SECTION: 2.0, Boundary.END: 0.0}


def n_pause_samples(boundary: Boundary) -> int:
    """Samples of silence after a segment that another one follows."""
    return round(PAUSE_S[boundary] * SAMPLE_RATE_HZ)


@dataclass(frozen=True)
class Span:
    """Where a segment lies in the joined sound, seconds."""

    start_s: float
    end_s: float

    def at_speed(self, speed: float) -> "Span":
        """The same after the joined sound was made `speed` times as fast."""
        return Span(self.start_s / speed, self.end_s / speed)


def spans_of(segments: Iterable[tuple[int, Boundary]]) -> list[Span]:
    """Where segments of so many samples lie once they are joined."""
    spans = []
    start = 0
    for n_samples, boundary in segments:
        spans.append(Span(start / SAMPLE_RATE_HZ, (start + n_samples) / SAMPLE_RATE_HZ))
        start += n_samples + n_pause_samples(boundary)
    return spans


@dataclass
class Joiner:
    """Joins once. `spans` grows by one for each segment that has been passed on, `n_samples` counts what has come out."""

    spans: list[Span] = field(default_factory=list)
    n_samples: int = 0

    def join(self, segments: Iterable[tuple[Pcm, Boundary]]) -> Iterator[Pcm]:
        """The segments, float32 [n_samples] each with what follows it, and the silence between them. Holds one segment at a
        time. Each begins and ends at zero, so that no join clicks; there is no pause after the last."""
        pause = 0
        for pcm, boundary in segments:
            if pause:
                yield self._passed_on(np.zeros(pause, np.float32))
            start = self.n_samples
            faded = self._passed_on(fade_edges(pcm))
            self.spans.append(Span(start / SAMPLE_RATE_HZ, self.n_samples / SAMPLE_RATE_HZ))
            yield faded
            pause = n_pause_samples(boundary)

    def _passed_on(self, pcm: Pcm) -> Pcm:
        self.n_samples += len(pcm)
        return pcm

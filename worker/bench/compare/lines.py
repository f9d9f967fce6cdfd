"""What everybody speaks: the same texts, for the same number of frames where who speaks them lets us say so. No torch."""

from dataclasses import dataclass

from worker.bench.load import Lengths, Load


@dataclass(frozen=True)
class Line:
    """One utterance in English. `n_frames` is when it is cut off, which weights that never end make its length."""

    text: str
    n_frames: int
    seed: int


def lines(n: int, lengths: Lengths) -> list[Line]:
    """The same ones every time: the first of many are those of few."""
    load = Load(1, "", lengths)
    return [Line(speak.text, speak.sampling.max_frames, speak.sampling.seed) for speak in load.samples(n)]



"""What one peer made of one load. No torch."""

from collections.abc import Sequence
from dataclasses import dataclass
from statistics import median, quantiles


@dataclass(frozen=True)
class Spoken:
    """`first_s`: from when each utterance was asked for to its first sound; `errors` one line each."""

    audio_s: float
    wall_s: float
    n_utterances: int
    first_s: Sequence[float] = ()
    errors: Sequence[str] = ()


@dataclass(frozen=True)
class PeerRow:
    """`at_once` utterances were in flight. NaN is what was not measured."""

    peer: str
    at_once: int
    times_realtime: float
    rtf: float                    # of one utterance: wall seconds a second of its audio
    first_ms: float
    first_p95_ms: float
    n_utterances: int
    n_errors: int
    notes: str

    @staticmethod
    def of(peer: str, at_once: int, spoken: Spoken, *notes: str) -> "PeerRow":
        speed = spoken.audio_s / spoken.wall_s if spoken.wall_s else 0.0
        said = [*notes, *(f"{len(spoken.errors)} errors, the first: {error}" for error in spoken.errors[:1])]
        return PeerRow(peer, at_once, speed or float("nan"), at_once / speed if speed else float("nan"),
                       *_first_ms(spoken.first_s), spoken.n_utterances, len(spoken.errors), "; ".join(filter(None, said)))


def _first_ms(first_s: Sequence[float]) -> tuple[float, float]:
    """Median and 95th percentile."""
    if len(first_s) < 2:
        return (1000 * first_s[0],) * 2 if first_s else (float("nan"), float("nan"))
    return 1000 * median(first_s), 1000 * quantiles(first_s, n=20, method="inclusive")[-1]

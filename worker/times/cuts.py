"""Where in a take one sentence ends and the next begins: at the pauses that fit the lengths of the sentences best."""

from collections.abc import Sequence
from dataclasses import dataclass

from worker.times.pauses import Pause

_FULL_PAUSE_S = 0.4
"""A longer pause is no better a sign of a sentence's end."""
_WORTH = 1.5
_UNSURE_S = 0.4
_UNSURE_SHARE = 0.15
"""How far a sentence's end may well be from where its share of the characters puts it: so much, and this share of the take."""


@dataclass(frozen=True, slots=True)
class _Candidate:
    at_s: float
    pause_s: float


def cut_points(weights: Sequence[float], duration_s: float, pauses: Sequence[Pause]) -> list[float]:
    """Seconds at which the first, second … of sentences that weigh so much ends; one less than there are sentences, rising,
    within the take. A cut is in the middle of a pause; where none is near enough, the sentences' lengths decide.

    The cheapest way through candidates in their order (dynamic programming), where a cut costs the square of its distance from
    the place that lengths suggest, and a pause is worth the more the longer it is.
    """
    expected_s = _expected(weights, duration_s)
    unsure_s = _UNSURE_S + _UNSURE_SHARE * duration_s
    candidates = sorted([*(_Candidate(pause.middle_s, pause.length_s) for pause in pauses),
                         *(_Candidate(at_s, 0.0) for at_s in expected_s)], key=lambda candidate: candidate.at_s)
    best: list[tuple[float, tuple[int, ...]]] = [(0.0, ())] * (len(candidates) + 1)   # with the first n candidates
    for place_s in expected_s:
        chosen: list[tuple[float, tuple[int, ...]]] = [(float("inf"), ())]
        for n, candidate in enumerate(candidates):
            cost, before = best[n]
            cost += ((candidate.at_s - place_s) / unsure_s) ** 2 - _WORTH * min(1.0, candidate.pause_s / _FULL_PAUSE_S)
            chosen.append(min(chosen[n], (cost, (*before, n)), key=lambda way: way[0]))
        best = chosen
    return [candidates[n].at_s for n in best[-1][1]]


def _expected(weights: Sequence[float], duration_s: float) -> list[float]:
    total, done = sum(weights), 0.0
    places_s = []
    for weight in weights[:-1]:
        done += weight
        places_s.append(duration_s * done / total)
    return places_s

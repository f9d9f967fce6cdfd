"""Cues: pieces of a text, each with its time."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import partial
from itertools import pairwise

from speechmill.captions.clock import Clock, Stretch
from speechmill.captions.pieces import split

LONGEST_S = 7.0
"""What broadcasters leave a cue on the screen at most."""
_A_MOMENT_S = 1.0
"""Nobody reads a cue that is gone so soon."""
_LEAST_S = 0.2


@dataclass(frozen=True)
class Cue:
    text: str
    start_s: float
    end_s: float
    speaker: str = ""


@dataclass(frozen=True)
class Timed:
    """A text that is heard from `start_s` to `end_s`."""

    text: str
    start_s: float
    end_s: float


def cues_of(whole: Timed, words: Sequence[Timed] = (), speaker: str = "") -> Iterator[Cue]:
    """`whole.text` as cues of LONGEST_S at most. They begin with their words where those are known, else they share the time by
    how many columns they fill. One of a word that takes longer goes from the screen early; those beside it are as always."""
    text = " ".join(whole.text.split())
    clock = Clock(text, Stretch(0, len(text), whole.start_s, whole.end_s), _placed(text, words))
    pieces = split(text, choose=partial(_in_time, clock))
    for piece, (start_s, end_s) in zip(pieces, pairwise(_times(text, pieces, clock)), strict=True):
        yield Cue(piece, start_s, min(end_s, start_s + LONGEST_S), speaker)


def _placed(text: str, words: Sequence[Timed]) -> list[Stretch]:
    """Where they stand in `text`; one that isn't there is passed over."""
    placed, place = [], 0
    for word in words:
        if word.text and (found := text.find(word.text, place)) >= 0:
            place = found + len(word.text)
            placed.append(Stretch(found, place, word.start_s, word.end_s))
    return placed


def _in_time(clock: Clock, begin: int, ends: Iterator[int]) -> int:
    """Where the longest cue ends that is not too long in time. A slow word's own is too long, but the shortest there is, and has
    the words before it with it if these would be gone in a moment."""
    chosen = next(ends)
    while clock.at(chosen) - clock.at(begin) > LONGEST_S:
        shorter = next(ends, chosen)
        if shorter == chosen or clock.at(shorter) - clock.at(begin) < _A_MOMENT_S:
            break
        chosen = shorter
    return chosen


def _times(text: str, pieces: Sequence[str], clock: Clock) -> list[float]:
    """When each piece begins, and the last one ends. Each has some time, also where words were given none."""
    places, place = [], 0
    for piece in pieces:
        places.append(text.index(piece, place))
        place = places[-1] + len(piece)
    times_s = [*map(clock.at, places), clock.at(len(text))]
    least_s = min(_LEAST_S, max(0.0, times_s[-1] - times_s[0]) / max(1, len(pieces)))
    for n in range(1, len(pieces)):
        times_s[n] = max(times_s[n], times_s[n - 1] + least_s)
    for n in range(len(pieces) - 1, 0, -1):
        times_s[n] = min(times_s[n], times_s[n + 1] - least_s)
    return times_s

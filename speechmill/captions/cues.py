"""Cues: pieces of a text, each with its time."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from speechmill.captions.columns import columns
from speechmill.captions.pieces import MOST_COLUMNS, split

LONGEST_S = 7.0
"""What broadcasters leave a cue on the screen at most."""
_LEAST_COLUMNS = 8
_SMALLER = 0.85


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
    """`whole.text` as cues of LONGEST_S at most. They begin and end with their words where those are known, else they share the
    time by how many columns they fill. One that is said so slowly that it can't be cut further goes from the screen early."""
    text = " ".join(whole.text.split())
    most_columns = MOST_COLUMNS
    cues = _timed(split(text), whole, words)
    while any(cue.end_s - cue.start_s > LONGEST_S for cue in cues) and most_columns > _LEAST_COLUMNS:
        most_columns = max(_LEAST_COLUMNS, int(most_columns * _SMALLER))
        cues = _timed(split(text, most_columns), whole, words)
    for cue in cues:
        yield Cue(cue.text, cue.start_s, min(cue.end_s, cue.start_s + LONGEST_S), speaker)


def _timed(pieces: Sequence[str], whole: Timed, words: Sequence[Timed]) -> list[Timed]:
    ends_s = _ends_by_words(pieces, whole, words) if words else _ends_by_columns(pieces, whole)
    starts_s = [whole.start_s, *ends_s]
    return [Timed(piece, starts_s[n], ends_s[n]) for n, piece in enumerate(pieces)]


def _ends_by_columns(pieces: Sequence[str], whole: Timed) -> list[float]:
    widths = [max(1, columns(piece)) for piece in pieces]   # marks that stand on no letter have none
    total, done = sum(widths), 0
    ends_s = []
    for width in widths:
        done += width
        ends_s.append(whole.start_s + (whole.end_s - whole.start_s) * done / total)
    return ends_s


def _ends_by_words(pieces: Sequence[str], whole: Timed, words: Sequence[Timed]) -> list[float]:
    """A piece lasts until the first word of the next one begins."""
    ends_s = []
    n = 0
    for piece in pieces:
        place = 0
        while n < len(words) and (found := piece.find(words[n].text, place)) >= 0:
            place = found + len(words[n].text)
            n += 1
        ends_s.append(words[n].start_s if n < len(words) else whole.end_s)
    return [*ends_s[:-1], whole.end_s] if ends_s else []

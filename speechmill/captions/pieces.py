"""A text in pieces of two lines each. Together they are the text, nothing more or less."""

from collections.abc import Callable, Iterator

from speechmill.captions.columns import CLOSING, PAUSES, columns, may_cut, n_fitting
from speechmill.captions.stops import ends_sentence

LINE_COLUMNS = 42
"""As broadcasters have it."""
MOST_COLUMNS = 2 * LINE_COLUMNS
_SEEN_BEHIND = 8
_LEAST_SHARE = 0.35
"""A cut stands at least this far into what fits: a cue of one word before a comma reads badly."""


def _first(_begin: int, ends: Iterator[int]) -> int:
    return next(ends)


def split(text: str, most_columns: int = MOST_COLUMNS, choose: Callable[[int, Iterator[int]], int] = _first) -> list[str]:
    """`text`, whose runs of whitespace are one space each, in pieces that fit in two lines, and in `most_columns`: cut behind a
    sentence, else a pause, else a word; in the middle of a word only where it does not fit. Nothing but the space at a cut is
    lost. `choose` is given where a piece begins, and where it may end, the best first and then ever shorter."""
    pieces, begin = [], 0
    while begin < len(text):
        end = choose(begin, _ends(text, begin, most_columns))
        pieces.append(text[begin:end].rstrip())
        begin = end + text[end:end + 1].isspace()
    return pieces


def _ends(text: str, begin: int, most_columns: int) -> Iterator[int]:
    """Words that fit in a line are not torn to be shorter."""
    rest = text[begin:]
    cut = _cut(rest, most_columns)
    yield begin + cut
    rest = rest[:cut + _SEEN_BEHIND]
    while (most_columns := min(most_columns, columns(rest[:cut].rstrip())) - 1) > 1:
        shorter = _cut(rest, most_columns)
        if most_columns < LINE_COLUMNS and not may_cut(rest, shorter):
            return
        if shorter < cut:
            cut = shorter
            yield begin + cut


def _cut(text: str, most_columns: int) -> int:
    fits = _n_in_two_lines(text, most_columns)
    return fits if fits == len(text) else _best_cut(text, fits)


def lines(piece: str) -> list[str]:
    """One or two lines of LINE_COLUMNS at most, of a piece that `split` gave."""
    end = _line_end(piece, LINE_COLUMNS)
    return [line for line in (piece[:end].rstrip(), piece[end:].lstrip()) if line]


def _n_in_two_lines(text: str, most_columns: int) -> int:
    first = _line_end(text, min(LINE_COLUMNS, most_columns))
    second = first + len(text[first:]) - len(text[first:].lstrip())
    left = most_columns - columns(text[:first].rstrip())
    if left < 2 or second == len(text):
        return first
    return second + _line_end(text[second:], min(LINE_COLUMNS, left))


def _line_end(text: str, most_columns: int) -> int:
    """Where the first line of `text` ends: behind the last word that fits, or within the first."""
    fits = n_fitting(text, most_columns)
    if fits == len(text):
        return fits
    return next((place for place in range(fits, 0, -1) if may_cut(text, place)), fits)


def _best_cut(text: str, fits: int) -> int:
    places = [place for place in range(max(1, round(fits * _LEAST_SHARE)), fits + 1) if may_cut(text, place)]
    for is_good in (ends_sentence, _pauses):
        if best := [place for place in places if is_good(text, place)]:
            return best[-1]
    return places[-1] if places else fits


def _pauses(text: str, place: int) -> bool:
    before = text[:place].rstrip().rstrip(CLOSING)
    return bool(before) and before[-1] in PAUSES

"""Cutting a segment's text in two, where it hurts least."""

import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass

from speechmill.request import has_cjk
from worker.text.graphemes import cuts_within
from worker.text.phrases import CLAUSE_END, SPACE
from worker.text.piece import Boundary
from worker.text.sentences import ends_inside_quotes
from worker.text.stretch import Stretch

_PARAGRAPH_END = re.compile(r"\n\s*\n")


@dataclass(frozen=True, slots=True)
class Halves:
    """Both have something to speak; whitespace at their ends is gone. `boundary` is what lies between them."""

    first: str
    boundary: Boundary
    second: str


def halves(text: str, language: str) -> Halves | None:
    """`text` in two parts, neither less than a quarter of it: cut at the end of a paragraph, else of a sentence, else of a
    clause, else at a space (in CJK, anywhere), each time as near to the middle as there is one. None where a half would be so
    short that a voice does badly on it. `language` is a BCP 47 tag."""
    for boundary, ends in _ends(text, language):
        for end in sorted(ends, key=lambda end: abs(2 * end - len(text))):
            first, second = text[:end].strip(), text[end:].strip()
            if min(end, len(text) - end) >= len(text) / 4 and _is_enough(first) and _is_enough(second):
                return Halves(first, boundary, second)
    return None


def _ends(text: str, language: str) -> Iterator[tuple[Boundary, Iterable[int]]]:
    """Where `text` may be cut, the best kind first."""
    allowed = cuts_within(text, 0, len(text) - 1)
    yield Boundary.PARAGRAPH, [end.end() for end in _PARAGRAPH_END.finditer(text)]
    yield Boundary.SENTENCE, [end for end in ends_inside_quotes(text, language) if end in allowed]
    for mark in (CLAUSE_END, SPACE):
        yield Boundary.PHRASE, [end for match in mark.finditer(text) if (end := match.end()) in allowed]
    if has_cjk(text):
        yield Boundary.PHRASE, allowed


def _is_enough(half: str) -> bool:
    stretch = Stretch(0, len(half), half, Boundary.PHRASE, len(half.split()), has_cjk(half))
    return stretch.speakable and not stretch.is_short

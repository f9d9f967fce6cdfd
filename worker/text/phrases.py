"""Cutting a sentence that is too long for one piece, where it hurts least."""

import re
from collections.abc import Iterator

from worker.text.graphemes import cuts_within
from worker.text.piece import Boundary
from worker.text.sentences import ends_inside_quotes

_CLOSERS = "[\"'“”’»›」』》〉)）\\]】]*"
CLAUSE_END = re.compile(
    rf"[,;:…،؛·՝፣፤፥၊᠂]{_CLOSERS}\s"   # a mark that needs the space after it: 3,000 and 12:30 stay whole
    rf"|\s[-–]\s"
    rf"|[，、；：､…—]+{_CLOSERS}\s?")
SPACE = re.compile(r"[\s\u200b]")


def phrase_ends(sentence: str, cap: int, language: str) -> Iterator[tuple[int, Boundary]]:
    """(end, what follows) of each phrase of `sentence` but the last, each of at most `cap` characters, and what remains
    after them as well. Cuts where a quoted sentence ends, else after the marks of a clause, else at whitespace, else between
    two grapheme clusters, and inside one only where a single one exceeds the cap."""
    if len(sentence) <= cap:
        return
    quoted = ends_inside_quotes(sentence, language)
    start = 0
    while len(sentence) - start > cap:
        # The last phrase shall not be a lone word: leave it a quarter of a piece.
        low, high = start + cap // 4, start + min(cap, len(sentence) - start - cap // 4)
        start, boundary = _best_cut(sentence, start, low, high, quoted)
        yield start, boundary


def _best_cut(text: str, start: int, low: int, high: int, quoted: list[int]) -> tuple[int, Boundary]:
    allowed = cuts_within(text, start, high)
    for boundary, ends in ((Boundary.SENTENCE, quoted), (Boundary.PHRASE, _after(CLAUSE_END, text, start, high)),
                           (Boundary.PHRASE, _after(SPACE, text, start, high))):
        if (last := max((end for end in ends if low <= end <= high and end in allowed), default=0)):
            return last, boundary
    return max(allowed, default=high), Boundary.PHRASE


def _after(mark: re.Pattern[str], text: str, start: int, high: int) -> list[int]:
    return [match.end() for match in mark.finditer(text, start, high)]

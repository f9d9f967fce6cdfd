"""Cutting a sentence that is too long for one piece, where it hurts least."""

import re
from collections.abc import Iterable, Iterator, Set
from dataclasses import dataclass

from worker.text.graphemes import cuts_within
from worker.text.piece import Boundary
from worker.text.sentences import ends_inside_quotes

_CLOSERS = "[\"'“”’»›」』》〉)）\\]】]*"
CLAUSE_END = re.compile(
    rf"[,;:…،؛·՝፣፤፥၊᠂]{_CLOSERS}\s"   # a mark that needs the space after it: 3,000 and 12:30 stay whole
    rf"|\s[-–]\s"
    rf"|[，、；：､…—]+{_CLOSERS}\s?")
SPACE = re.compile(r"[\s\u200b]")


def phrase_ends(sentence: str, cap: int, language: str, inside: Set[int] = frozenset()) -> Iterator[tuple[int, Boundary]]:
    """(end, what follows) of each phrase of `sentence` but the last, each of at most `cap` characters, and what remains
    after them as well. Cuts where a quoted sentence ends, else after the marks of a clause, else at whitespace, else between
    two grapheme clusters, and inside one only where a single one exceeds the cap. Places `inside` what is said of one number,
    say, are cut at where there are no others."""
    if len(sentence) <= cap:
        return
    quoted = ends_inside_quotes(sentence, language)
    start = 0
    while len(sentence) - start > cap:
        # The last phrase shall not be a lone word: leave it a quarter of a piece.
        room = _Room(sentence, start, start + cap // 4, start + min(cap, len(sentence) - start - cap // 4))
        clusters = cuts_within(sentence, start, start + cap)
        best = _best_cut(room, clusters - inside, quoted)
        start, boundary = best or (_any_cut(room, clusters, inside), Boundary.PHRASE)
        yield start, boundary


@dataclass(frozen=True)
class _Room:
    """A phrase begins at `start` of a sentence and shall end between `low` and `high`."""

    sentence: str
    start: int
    low: int
    high: int

    def last(self, ends: Iterable[int], allowed: Set[int]) -> int:
        return max((end for end in ends if self.low <= end <= self.high and end in allowed), default=0)

    def after(self, mark: re.Pattern[str]) -> list[int]:
        return [match.end() for match in mark.finditer(self.sentence, self.start, self.high)]


def _best_cut(room: _Room, allowed: Set[int], quoted: list[int]) -> tuple[int, Boundary] | None:
    for boundary, ends in ((Boundary.SENTENCE, quoted), (Boundary.PHRASE, room.after(CLAUSE_END)),
                           (Boundary.PHRASE, room.after(SPACE)), (Boundary.PHRASE, allowed)):
        if last := room.last(ends, allowed):
            return last, boundary
    return None


def _any_cut(room: _Room, clusters: Set[int], inside: Set[int]) -> int:
    """Where a number of many digits, or a cluster of many marks, leaves no good place."""
    return max(clusters - inside, default=0) or room.last(room.after(SPACE), clusters) or max(clusters, default=room.high)

"""A paragraph with every run of whitespace squeezed into one space, and the way back to the source."""

import re
from array import array
from bisect import bisect_left, bisect_right
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from operator import attrgetter

from worker.text.normalise.edit import Edit, parts
from worker.text.written import Place, Written

_WORD = re.compile(r"\S+")
_stop = attrgetter("stop")


@dataclass(frozen=True, slots=True)
class _Edited:
    """text[start:stop] of a prose is said for `original`."""

    start: int
    stop: int
    original: "Prose"


@dataclass(frozen=True, slots=True)
class Prose:
    """`text[i]` stands at `source[i]` in the text it comes from. No whitespace at the ends.

    Where it is said otherwise than it is written, places are in proportion; `ends` has the end in the source of what an edit's
    last character belongs to, and `inside` the places that lie within an edit: no good ones to cut at. `edited` has the edits,
    in order, with what is written. Of an edit that is cut through, each part has its share of the original: together they are
    what was written, no more and no less.
    """

    text: str
    source: "array[int]"
    ends: Mapping[int, int] = field(default_factory=dict)
    inside: frozenset[int] = frozenset()
    edited: Sequence[_Edited] = ()

    def span(self, start: int, end: int) -> tuple[int, int]:
        """Where text[start:end], which is not empty, comes from; `start` may be behind a space at which an edit was cut through,
        and `end` before it. Nothing is left for a part of an edit only where the original has fewer characters than there are
        parts."""
        while start in self.inside and self.text[start - 1].isspace():
            start -= 1
        first = self.source[start - 1] + 1 if start in self.inside else self.source[start]
        return first, self.ends.get(end - 1, self.source[end - 1] + 1)

    def written(self, start: int, end: int, ends: tuple[int, ...]) -> Written:
        """How text[start:end], which is not empty, was written; sentences end at `ends` of it."""
        places = []
        for at, stop, original in sorted((*self._edits(start, end), *self._spaces(start, end)), key=lambda part: part[0]):
            first, last = self.span(at, stop)
            if stop < end:
                last = self.source[stop]
            words = original.within(first, last) if original else " "
            places.append(Place(at - start, stop - start, first, last, words if last > first else ""))
        return Written(self.span(start, end)[0], tuple(places), ends)

    def within(self, first: int, last: int) -> str:
        """What of the text stands at source[first:last]."""
        return self.text[bisect_left(self.source, first):bisect_left(self.source, last)]

    def _edits(self, start: int, end: int) -> Iterator[tuple[int, int, "Prose"]]:
        """Those in text[start:end], and what is there of those that it was cut through, with all that was written for them. A
        sentence that never ends may have a hundred thousand: no others are looked at."""
        at = bisect_right(self.edited, start, key=_stop)
        while at < len(self.edited) and self.edited[at].start < end:
            edit = self.edited[at]
            yield max(edit.start, start), min(edit.stop, end), edit.original
            at += 1

    def _spaces(self, start: int, end: int) -> Iterator[tuple[int, int, None]]:
        """Those in text[start:end] that stand for more than one character of whitespace, or for none."""
        if not self.ends and self.source[end - 1] - self.source[start] == end - 1 - start:
            return
        at = self.text.find(" ", start, end - 1)
        while at >= 0:
            within_an_edit = at in self.inside or at + 1 in self.inside
            if self.source[at + 1] - self.source[at] != 1 and not within_an_edit:
                yield at, at + 1, None
            at = self.text.find(" ", at + 1, end - 1)

    def said(self, start: int, end: int, edits: Sequence[Edit]) -> "Prose":
        """text[start:end] with the edits made, whose places count from `start`."""
        source = self.source[start:end]
        if not edits:
            return Prose(self.text[start:end], source)
        spoken: list[str] = []
        places = array("L")
        ends: dict[int, int] = {}
        inside: set[int] = set()
        said: list[_Edited] = []
        edited = {edit.start for edit in edits}
        for begin, stop, words in parts(self.text[start:end], edits):
            at, n_source = len(places), stop - begin
            if begin in edited:
                places.extend(source[begin + k * n_source // len(words)] for k in range(len(words)))
                ends[len(places) - 1] = source[stop - 1] + 1
                said.append(_Edited(at, len(places), Prose(self.text[start + begin:start + stop], source[begin:stop])))
                inside.update(range(at + 1, len(places)))
            else:
                places.extend([source[begin]] * (len(words) - n_source))  # the space that keeps it apart from an edit
                places.extend(source[begin:stop])
            spoken.append(words)
        return Prose("".join(spoken), places, ends, frozenset(inside), said)


def squeeze(text: str, start: int, end: int) -> Prose:
    """text[start:end] as prose. Lengths are counted in it, so that a megabyte of spaces weighs as much as one."""
    words: list[str] = []
    source = array("L")
    for word in _WORD.finditer(text, start, end):
        if words:
            source.append(source[-1] + 1)
        words.append(word[0])
        source.extend(range(word.start(), word.end()))
    return Prose(" ".join(words), source)

"""A paragraph with every run of whitespace squeezed into one space, and the way back to the source."""

import re
from array import array
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from worker.text.normalise.edit import Edit, parts

_WORD = re.compile(r"\S+")


@dataclass(frozen=True, slots=True)
class Prose:
    """`text[i]` stands at `source[i]` in the text it comes from. No whitespace at the ends.

    Where it is said otherwise than it is written, places are in proportion; `ends` has the end in the source of what an edit's
    last character belongs to, and `inside` the places that lie within an edit: no good ones to cut at.
    """

    text: str
    source: "array[int]"
    ends: Mapping[int, int] = field(default_factory=dict)
    inside: frozenset[int] = frozenset()

    def span(self, start: int, end: int) -> tuple[int, int]:
        """Where text[start:end] comes from; it is not empty."""
        return self.source[start], self.ends.get(end - 1, self.source[end - 1] + 1)

    def said(self, start: int, end: int, edits: Sequence[Edit]) -> "Prose":
        """text[start:end] with the edits made, whose places count from `start`."""
        source = self.source[start:end]
        if not edits:
            return Prose(self.text[start:end], source)
        spoken: list[str] = []
        places = array("L")
        ends: dict[int, int] = {}
        inside: set[int] = set()
        edited = {edit.start for edit in edits}
        for begin, stop, words in parts(self.text[start:end], edits):
            at, n_source = len(places), stop - begin
            if begin in edited:
                places.extend(source[begin + k * n_source // len(words)] for k in range(len(words)))
                ends[len(places) - 1] = source[stop - 1] + 1
                inside.update(range(at + 1, len(places)))
            else:
                places.extend([source[begin]] * (len(words) - n_source))  # the space that keeps it apart from an edit
                places.extend(source[begin:stop])
            spoken.append(words)
        return Prose("".join(spoken), places, ends, frozenset(inside))


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

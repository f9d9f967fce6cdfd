"""The breaks of a text that somebody wrote by hand."""

import re
from bisect import bisect_right
from dataclasses import dataclass
from statistics import median

from worker.book.read.blocks import PARAGRAPH, SECTION

_GAPS = re.compile(r"\n{3,}")
_BLANKS = " \t\u3000"
_LINE_END = re.compile(r"(?<!\n)\n(?!\n)")
_WRAPPED = 120                  # characters: nobody wraps lines that are longer
_EMPTY = 1 / 10                 # of the lines: fewer, and they don't set paragraphs apart


@dataclass(frozen=True, slots=True)
class Source:
    """A clean text, as it stands in its file. `ends` are the places of its line ends."""

    text: str
    ends: list[int]
    lines_are_paragraphs: bool

    @classmethod
    def of(cls, text: str) -> "Source":
        return cls(text, [end.start() for end in re.finditer("\n", text)], lines_are_paragraphs(text))

    def lines(self, start: int, end: int) -> tuple[int, int]:
        """The first and the last line, counted from 1, of what stands in text[start:end]."""
        stretch = self.text[start:end]
        first = start + len(stretch) - len(stretch.lstrip())
        last = start + len(stretch.rstrip())
        return bisect_right(self.ends, first) + 1, bisect_right(self.ends, max(first, last - 1)) + 1


def laid_out(text: str, *, lines_are_paragraphs: bool) -> str:
    """A clean text with its breaks as content.Chapter wants them: none at its ends, and never more than two blank lines
    within."""
    text = "\n".join(line.rstrip(_BLANKS) for line in text.split("\n")).strip("\n")
    if lines_are_paragraphs:
        text = _LINE_END.sub(PARAGRAPH, text)
    return _GAPS.sub(SECTION, text)


def lines_are_paragraphs(text: str) -> bool:
    """Whether each line is a whole paragraph, as in Chinese novels: hardly an empty one, and all far longer than anybody wraps,
    or most of them indented by ideographic spaces."""
    lines = [line for line in text.split("\n") if line.strip()]
    if len(lines) < 3 or text.count(PARAGRAPH) > len(lines) * _EMPTY:
        return False
    return median(map(len, lines)) > _WRAPPED or sum(line.startswith("\u3000") for line in lines) > len(lines) / 2

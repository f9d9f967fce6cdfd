"""The coarse structure of a plain text: paragraphs, and what separates them."""

import re
from collections.abc import Iterator
from dataclasses import dataclass

from worker.text.piece import Boundary


@dataclass(frozen=True, slots=True)
class Paragraph:
    """text[start:end], which holds something other than whitespace, and what follows it."""

    start: int
    end: int
    boundary: Boundary


def paragraphs(text: str) -> Iterator[Paragraph]:
    """Blank lines and U+2029 end a paragraph. A section ends at two blank lines or more, at a line such as `* * *`, and
    before a chapter heading, which is a paragraph of its own."""
    start = end = -1
    breaks = 0
    after_heading = False
    for line in _LINE.finditer(text):
        content = line[1].strip()
        if not content:
            breaks += _BREAKS.get(line[2], 1)
            continue
        if _RULE.fullmatch(content):
            breaks = _SECTION
            continue
        is_heading = len(content) <= _LONGEST_HEADING and _HEADING.fullmatch(content) is not None
        if start >= 0 and (is_heading or after_heading or breaks >= _PARAGRAPH):
            yield Paragraph(start, end, Boundary.SECTION if is_heading or breaks >= _SECTION else Boundary.PARAGRAPH)
            start = -1
        if start < 0:
            start = line.start(1)
        end, breaks, after_heading = line.end(1), _BREAKS.get(line[2], 1), is_heading
    if start >= 0:
        yield Paragraph(start, end, Boundary.END)


_BREAK = "\n\v\f\r\x1c\x1d\x1e\x85\u2028\u2029"  # as str.splitlines has them
_LINE = re.compile(rf"([^{_BREAK}]*)(\r\n|[{_BREAK}]|\Z)")
_BREAKS = {"\u2029": 2}  # a paragraph separator stands for two line breaks

_PARAGRAPH = 2
"""Line breaks between two paragraphs: the end of the line, and a blank line."""
_SECTION = 3

_RULE = re.compile(r"(?:[*·•~_=#\-–—◇◆○●※＊☆★]\s*){3,}|⁂|✱")

_LONGEST_HEADING = 80
_NUMBER = r"(?:\d+|[ivxlcdm]+|[^\W\d_]+(?=\s*(?:[:.—–-]|$)))"
_HEADING = re.compile(
    rf"(?:chapter|part|book|act|chapitre|partie|kapitel|teil|cap[ií]tulo|parte|capitolo|hoofdstuk|rozdział|глава|часть)"
    rf"\s+{_NUMBER}\b.*"
    r"|第\s*[0-9０-９〇零一二三四五六七八九十百千两]+\s*[章回節节部卷話话幕].*"
    r"|제\s*\d+\s*[장부화].*", re.IGNORECASE)

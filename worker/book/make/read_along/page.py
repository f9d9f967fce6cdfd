"""A chapter's page: its paragraphs as XHTML, and in them a span for each piece of text that is read aloud."""

import re
from collections.abc import Iterator
from dataclasses import dataclass

from worker.book.make.read_along.xml import escaped
from worker.book.make.spoken import SpokenChapter, SpokenSegment

_GAP = re.compile(r"\n[^\S\n]*(?:\n[^\S\n]*)+")
"""A blank line, or several. What may begin with a space takes quadratic time for a run of them that no line ends."""
_SECTION_NEWLINES = 3
_UNTITLED = "Untitled"


@dataclass(frozen=True)
class Paragraph:
    """text[start:end] of a chapter. `ends_section`: a rule follows it."""

    start: int
    end: int
    ends_section: bool


@dataclass(frozen=True)
class ReadPiece:
    """What one segment says of one paragraph: text[start:end], from `start_s` to `end_s` of the chapter's master. A segment that
    goes on in the next paragraph shares its time by characters."""

    id: str
    start: int
    end: int
    start_s: float
    end_s: float


def paragraphs(text: str) -> list[Paragraph]:
    """A blank line ends a paragraph, two end a section. What is not in one is whitespace."""
    found, at = [], 0
    for gap in (*_GAP.finditer(text), None):
        end = at + len(text[at:gap.start()].rstrip()) if gap else len(text)
        if text[at:end].strip():
            found.append(Paragraph(at, end, gap is not None and gap[0].count("\n") >= _SECTION_NEWLINES))
        at = gap.end() if gap else end
    return found


def pieces(chapter: SpokenChapter) -> list[ReadPiece]:
    """In the order in which they are read."""
    spans = paragraphs(chapter.text)
    found, first = [], 0
    for number, segment in enumerate(chapter.segments, 1):
        while first < len(spans) and spans[first].end <= segment.start:
            first += 1
        last = first
        while last < len(spans) and spans[last].start < segment.end:
            last += 1
        found += _of_segment(number, segment, chapter.text, spans[first:last])
    return found


def page(chapter: SpokenChapter, read: list[ReadPiece], language: str) -> str:
    """XHTML. The first paragraph is a heading where it is the chapter's title."""
    lang = f' xml:lang="{escaped(language)}" lang="{escaped(language)}"' if language else ""
    return f"""<?xml version="1.0" encoding="utf-8"?>
<!DOCTYPE html>
<html xmlns="http://www.w3.org/1999/xhtml" xmlns:epub="http://www.idpf.org/2007/ops"{lang}>
<head>
<title>{escaped(chapter.title) or _UNTITLED}</title>
<link rel="stylesheet" type="text/css" href="../style.css"/>
</head>
<body>
<section epub:type="chapter">
{"".join(_blocks(chapter, read))}</section>
</body>
</html>
"""


def _of_segment(number: int, segment: SpokenSegment, text: str, spans: list[Paragraph]) -> list[ReadPiece]:
    shared = [_stripped(text, max(segment.start, span.start), min(segment.end, span.end)) for span in spans]
    shared = [(start, end) for start, end in shared if start < end]
    lengths = [len("".join(text[start:end].split())) for start, end in shared]
    total, done, found = sum(lengths), 0, []
    duration_s = segment.end_s - segment.start_s
    for part, ((start, end), length) in enumerate(zip(shared, lengths, strict=True)):
        start_s = segment.start_s + duration_s * done / total
        done += length
        found.append(ReadPiece(f"s{number}-{part}" if part else f"s{number}", start, end, start_s,
                               segment.start_s + duration_s * done / total))
    return found


def _stripped(text: str, start: int, end: int) -> tuple[int, int]:
    """Without the whitespace at its ends, which need not light up."""
    inside = text[start:end]
    return start + len(inside) - len(inside.lstrip()), end - len(inside) + len(inside.rstrip())


def _blocks(chapter: SpokenChapter, read: list[ReadPiece]) -> Iterator[str]:
    spans = paragraphs(chapter.text)
    at = 0
    for number, span in enumerate(spans):
        inside = []
        while at < len(read) and read[at].start < span.end:
            inside.append(read[at])
            at += 1
        heading = number == 0 and _same(chapter.text[span.start:span.end], chapter.title)
        tag = "h1" if heading else "p"
        yield f"<{tag}>{_marked(chapter.text, span, inside)}</{tag}>\n"
        if span.ends_section and not heading and number + 1 < len(spans):
            yield "<hr/>\n"


def _marked(text: str, span: Paragraph, inside: list[ReadPiece]) -> str:
    marked, at = "", span.start
    for piece in inside:
        marked += escaped(text[at:piece.start]) + f'<span id="{piece.id}">{escaped(text[piece.start:piece.end])}</span>'
        at = piece.end
    return marked + escaped(text[at:span.end])


def _same(text: str, title: str) -> bool:
    return text.casefold().split() == title.casefold().split()

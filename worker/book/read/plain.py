"""Plain text → a book. Chapters begin at lines such as "Chapter 3"; without any, it is one chapter."""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import PurePath

from worker.book.content import Book, Metadata
from worker.book.errors import BookUnreadable
from worker.book.read import gutenberg
from worker.book.read.blocks import PARAGRAPH, SECTION
from worker.book.read.casting import without_tags
from worker.book.read.characters import clean, one_line
from worker.book.read.draft import Draft, cast_drafts
from worker.book.read.headings import LONGEST, is_chapter, is_part, joined
from worker.book.read.layout import Source, laid_out
from worker.book.read.limits import CHAPTERS, SPEAKER_CHARACTERS, TITLE_CHARACTERS
from worker.book.read.matter import judged

_LONG_WORDS = 20_000            # two hours in one chapter: worth a word
_FIELD = re.compile(r"^(Title|Author|Language):[ \t]*(\S.*)$", re.MULTILINE)
_LANGUAGES = {"english": "en", "german": "de", "french": "fr", "spanish": "es", "italian": "it", "portuguese": "pt",
              "dutch": "nl",
              "chinese": "zh", "japanese": "ja", "russian": "ru", "finnish": "fi", "polish": "pl"}
_CONTENTS = 3                   # headings in a row without text between them: a table of contents


def read_plain(text: str, name: str, warnings: list[str]) -> Book:
    """`text` as it was decoded. Raises BookUnreadable where there is none, or for a malformed casting tag."""
    source = Source.of(clean(text))
    drafts = [draft for draft in _drafts(source, name) if draft.text]
    if len(drafts) > CHAPTERS:
        raise BookUnreadable(f"The text has {len(drafts)} chapter headings; {CHAPTERS} chapters are the most that a book may "
                             f"have.")
    if len(drafts) == 1 and drafts[0].words > _LONG_WORDS:
        warnings.append(f"No line reads like a chapter's heading, so the whole text of {drafts[0].words} words is one chapter.")
    return Book(_metadata(source.text, name), judged(cast_drafts(drafts)), warnings=tuple(warnings))


def _drafts(source: Source, name: str) -> Iterator[Draft]:
    """Every line of the text is in one of them."""
    begin, end = 0, len(source.text)
    start = gutenberg.START.search(source.text)
    if start is not None:
        begin = start.end()
        yield _draft(gutenberg.HEADER, source, 0, begin)
    licence = gutenberg.END.search(source.text, begin)
    if licence is not None:
        end = licence.start()
    yield from _chapters(source, begin, end, name)
    if licence is not None:
        yield _draft(gutenberg.LICENCE, source, end, len(source.text))


def _chapters(source: Source, begin: int, end: int, name: str) -> Iterator[Draft]:
    starts = _headings(source, begin, end)
    if len(starts) < 2:
        yield _draft(starts[0][1] if starts else _stem(name) or "Text", source, begin, end)
        return
    yield _draft("", source, begin, starts[0][0], named=False)
    for (at, title), following in zip(starts, [*starts[1:], (end, "")], strict=True):
        yield _draft(title, source, at, following[0])


@dataclass(frozen=True, slots=True)
class _Heading:
    """A line, text[start:end], that reads like a chapter's or a part's heading. `alone`: it has an empty line before or behind
    it."""

    start: int
    end: int
    title: str
    alone: bool


def _headings(source: Source, begin: int, end: int) -> list[tuple[int, str]]:
    """Where chapters begin, and their titles."""
    found = []
    lines = source.text[begin:end].split("\n")
    at = begin
    for before, line, behind in zip(["", *lines], lines, [*lines[1:], ""], strict=False):
        title = without_tags(line) if len(line) <= LONGEST + SPEAKER_CHARACTERS else ""
        if title and (is_chapter(title) or is_part(title)):
            alone = source.lines_are_paragraphs or not before.strip() or not behind.strip()
            found.append(_Heading(at, at + len(line), title, alone))
        at += len(line) + 1
    return [(heading.start, heading.title) for heading in _without_lists(source.text, found) if heading.alone]


def _without_lists(text: str, headings: list[_Heading]) -> list[_Heading]:
    """Headings in a row with nothing between them are a table of contents. Its last line may already be the first chapter's
    heading: then it stands there for the second time."""
    kept: list[_Heading] = []
    row: list[_Heading] = []
    for heading, following in zip(headings, [*headings[1:], None], strict=False):
        row.append(heading)
        if following is not None and not text[heading.end:following.start].strip():
            continue
        if len(row) < _CONTENTS:
            kept += row
        elif any(_alike(other.title, heading.title) for other in row[:-1]):
            kept.append(heading)
        row = []
    return kept


def _alike(one: str, other: str) -> bool:
    """"CHAPTER I. Down the Hole" and "Chapter I"."""
    a, b = sorted(("".join(filter(str.isalnum, title.casefold())) for title in (one, other)), key=len)
    return b.startswith(a)


def _draft(title: str, source: Source, start: int, end: int, *, named: bool = True) -> Draft:
    said = laid_out(source.text[start:end], lines_are_paragraphs=source.lines_are_paragraphs)
    first, last = source.lines(start, end)
    return Draft(title or without_tags(said.split("\n", 1)[0])[:TITLE_CHARACTERS], _with_heading_apart(said, title),
                 f"lines {first}-{last}", named=named)


def _with_heading_apart(text: str, title: str) -> str:
    """The heading ends a section: two blank lines behind it, as content.Chapter has it."""
    line, gap, rest = text.partition(PARAGRAPH)
    if gap and title and joined([without_tags(line)]) == title:
        return f"{line}{SECTION}{rest.lstrip(chr(10))}"
    return text


def _metadata(text: str, name: str) -> Metadata:
    """Of Project Gutenberg's header, where there is one; else the file's name is the title."""
    start = gutenberg.START.search(text)
    fields = dict(_FIELD.findall(text[:start.start()])) if start else {}
    authors = (one_line(fields["Author"]),) if "Author" in fields else ()
    return Metadata(one_line(fields.get("Title", "")) or _stem(name), authors,
                    _LANGUAGES.get(fields.get("Language", "").strip().lower(), ""))


def _stem(name: str) -> str:
    return one_line(PurePath(name).stem)[:TITLE_CHARACTERS]

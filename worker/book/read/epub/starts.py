"""Where chapters begin: at the lines of the table of contents, or else at headings."""

from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, replace
from itertools import pairwise

from worker.book.read.blocks import Block
from worker.book.read.characters import one_line
from worker.book.read.epub.page import Mark, Page
from worker.book.read.epub.toc import Contents, Entry
from worker.book.read.headings import chapter_level, is_chapter, is_numbered, is_part, joined
from worker.book.read.matter import is_matter

_OWN_WORDS = 50             # of prose before its first sub-entry: this line is a chapter, what is below are its sections


@dataclass(frozen=True, slots=True, order=True)
class Place:
    """Before `pages[page].items[item]`."""

    page: int
    item: int


@dataclass(frozen=True, slots=True)
class Start:
    place: Place
    title: str
    source: str


def from_contents(pages: list[Page], contents: Contents, warnings: list[str]) -> list[Start]:
    """In reading order, no two at one place. What points nowhere becomes a warning; what lies within a chapter is part of it."""
    index = _Index.of(pages)
    kept = _chapters_only(pages, [(entry, _located(pages, index, entry, warnings)) for entry in contents.entries])
    starts: dict[Place, list[Entry]] = {}
    for entry, place in kept:
        starts.setdefault(_with_headings_before(pages, place, entry.title), []).append(entry)
    return [Start(place, _title(starts[place]), _source(starts[place][0])) for place in sorted(starts)]


def from_headings(pages: list[Page], *, matter: list[Start]) -> list[Start]:
    """At the headings of the highest level that occurs at least twice; where all of those are parts, at the next level as well.
    `matter` are lines of the table of contents that may stay. Empty where no level occurs twice."""
    headings = list(_headings(pages))
    level = chapter_level([(block.level, block.text) for _, block in headings if not is_matter(block.text)])
    starts = {place: Start(place, _heading_at(pages, place), pages[place.page].path) for place, block in headings
              if block.level <= level}
    if len(starts) > 1:
        starts |= {start.place: start for start in matter if start.place.page not in {place.page for place in starts}}
    return [starts[place] for place in sorted(starts)]


def from_paragraphs(pages: list[Page]) -> list[Page]:
    """The pages with their paragraphs that read like a chapter's or a part's heading as headings: some makers know no other."""
    return [replace(page, items=tuple(_as_heading(item) for item in page.items)) for page in pages]


def _as_heading(item: Block | Mark) -> Block | Mark:
    if isinstance(item, Block) and not item.level and not item.linked and "\n" not in item.text:
        level = 1 if is_part(item.text) else 2 if is_chapter(item.text) else 0
        return replace(item, level=level)
    return item


@dataclass(frozen=True, slots=True)
class _Index:
    pages: dict[str, int]                   # by path
    marks: dict[tuple[int, str], int]       # items by page and id

    @classmethod
    def of(cls, pages: list[Page]) -> "_Index":
        marks: dict[tuple[int, str], int] = {}
        for number, page in enumerate(pages):
            for at, item in enumerate(page.items):
                if isinstance(item, Mark):
                    marks.setdefault((number, item.id), at)
        return cls({page.path: number for number, page in enumerate(pages)}, marks)


def _located(pages: list[Page], index: _Index, entry: Entry, warnings: list[str]) -> Place | None:
    if not entry.path:
        return None         # a line without a link: it only heads those below it
    at = index.pages.get(entry.path)
    if at is None and is_matter(entry.title):
        return None         # many list the table of contents itself, which is no page to read
    if at is None:
        warnings.append(f"The table of contents has {entry.title!r} in {entry.path}, which is not among the pages to read.")
        return None
    if not entry.fragment:
        return Place(at, 0)
    item = index.marks.get((at, entry.fragment))
    if item is None:
        item = _same_heading(pages[at], entry.title)
        if item is None:
            warnings.append(f"The table of contents has {entry.title!r} at {_source(entry)}, a place that is not there.")
            return Place(at, 0) if not any(isinstance(each, Mark) for each in pages[at].items) else None
    return Place(at, item)


def _chapters_only(pages: list[Page], located: list[tuple[Entry, Place | None]]) -> list[tuple[Entry, Place]]:
    """Those that have a place, without the sections of chapters. A line holds sections if it is numbered as a chapter is, or if
    it is one of several that have prose of their own before the first of them; a part, and whatever holds parts or chapters, has
    none. A line without a place begins nothing, but ends what stands above it: EPUB 3 writes a part that has no page so."""
    kept: list[tuple[Entry, Place]] = []
    equals = Counter(entry.depth for entry, place in located if place is not None and not is_matter(entry.title))
    folded = 0              # depth of the chapter whose sections are passed over; 0 for none
    for at, (entry, place) in enumerate(located):
        if folded and entry.depth > folded:
            continue
        folded = 0
        if place is None:
            continue
        kept.append((entry, place))
        below = _below(located, at)
        first = next((other for _, other in below if other is not None), None)
        if first is not None and not _holds_chapters(entry.title, [other.title for other, _ in below]):
            own = _words_between(pages, place, first)
            if is_numbered(entry.title) or (own >= _OWN_WORDS and equals[entry.depth] > 1):
                folded = entry.depth
    return kept


def _holds_chapters(title: str, below: list[str]) -> bool:
    """"1" below a part is a chapter, and below "Chapter 1" a section."""
    if is_part(title) or any(is_part(other) or is_chapter(other) for other in below):
        return True
    return not is_chapter(title) and any(map(is_numbered, below))


def _below(located: list[tuple[Entry, Place | None]], at: int) -> list[tuple[Entry, Place | None]]:
    below = []
    for other in located[at + 1:]:
        if other[0].depth <= located[at][0].depth:
            break
        below.append(other)
    return below


def _words_between(pages: list[Page], start: Place, end: Place) -> int:
    """Of prose: headings do not count."""
    words = 0
    for number in range(start.page, min(end.page, len(pages) - 1) + 1):
        items = pages[number].items
        first, last = start.item if number == start.page else 0, end.item if number == end.page else len(items)
        words += sum(len(item.text.split()) for item in items[first:last] if isinstance(item, Block) and not item.level)
    return words


def _with_headings_before(pages: list[Page], place: Place, title: str) -> Place:
    """Some tables of contents point behind the heading they mean: it belongs to what follows."""
    items = pages[place.page].items
    at = place.item
    while at > 0 and (isinstance(items[at - 1], Mark) or _is_empty(items[at - 1])):
        at -= 1
    before = items[at - 1] if at else None
    if isinstance(before, Block) and before.level and _alike(before.text, title):
        return Place(place.page, at - 1)
    return place


def _is_empty(item: Block | Mark) -> bool:
    return isinstance(item, Block) and not item.text


def _alike(heading: str, title: str) -> bool:
    one, other = ("".join(filter(str.isalnum, text.casefold())) for text in (heading, title))
    return bool(one) and bool(other) and (one in other or other in one)


def _same_heading(page: Page, title: str) -> int | None:
    return next((at for at, item in enumerate(page.items) if isinstance(item, Block) and item.level
                 and _alike(item.text, title)), None)


def _headings(pages: list[Page]) -> Iterator[tuple[Place, Block]]:
    """Those with prose behind them, or the first of several in a row."""
    for number, page in enumerate(pages):
        previous: Block | None = None
        for at, item in enumerate(page.items):
            if isinstance(item, Block) and item.text:
                if item.level and not (previous is not None and previous.level and previous.level < item.level):
                    yield Place(number, at), item
                previous = item


def _heading_at(pages: list[Page], place: Place) -> str:
    """The heading's text, with the one below where it is but a number."""
    lines: list[str] = []
    for item in pages[place.page].items[place.item:]:
        if isinstance(item, Block) and item.text:
            if not item.level or (lines and not (is_numbered(lines[-1]) or is_part(lines[-1]))):
                break
            lines.append(item.text)
    return joined(lines)


def _title(entries: list[Entry]) -> str:
    """Of lines that point to the same place: "Part One" and, below it, "Chapter 1" are both said; of equals, the first."""
    titles = [entries[0].title]
    titles += [below.title for above, below in pairwise(entries) if below.depth > above.depth]
    return joined(list(dict.fromkeys(map(one_line, titles))))


def _source(entry: Entry) -> str:
    return f"{entry.path}#{entry.fragment}" if entry.fragment else entry.path

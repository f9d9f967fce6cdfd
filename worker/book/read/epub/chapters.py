"""Pages and the places where chapters begin → drafts of chapters. Every block of every page is in exactly one of them."""

from dataclasses import dataclass, field, replace
from pathlib import PurePosixPath

from worker.book.read import gutenberg
from worker.book.read.blocks import Block, compose
from worker.book.read.draft import Draft
from worker.book.read.epub.package import Package
from worker.book.read.epub.page import Page
from worker.book.read.epub.starts import Place, Start, from_contents, from_headings, from_paragraphs
from worker.book.read.epub.toc import Contents
from worker.book.read.limits import TITLE_CHARACTERS
from worker.book.read.matter import is_front, is_left_out, is_matter


@dataclass(slots=True)
class _Piece:
    title: str
    source: str
    named: bool
    blocks: list[Block] = field(default_factory=list)
    terms: frozenset[str] = frozenset()
    aside: bool = False

    def draft(self) -> Draft:
        said = [block for block in self.blocks if block.text]
        kinds = frozenset.intersection(*(block.kinds for block in said)) if said else frozenset[str]()
        length = sum(len(block.text) for block in said)
        heading = next((block.text for block in said[:3] if block.level), "")
        title = self.title or heading or PurePosixPath(self.source).stem
        return Draft(title[:TITLE_CHARACTERS], compose(self.blocks), self.source, kinds | self.terms,
                     sum(block.linked for block in said) / length if length else 0.0, self.aside, self.named)


def drafts_of(pages: list[Page], package: Package, contents: Contents, warnings: list[str]) -> list[Draft]:
    """In reading order, each with text. Pages that nobody names belong to the chapter before, unless they are matter by
    themselves."""
    pages, starts = _starts(pages, contents, warnings)
    starts = _framed(pages, starts)
    drafts = []
    for piece in _pieces(pages, starts, package, contents):
        draft = piece.draft()
        if draft.text:
            drafts.append(draft)
        elif piece.named and not is_matter(draft.title):
            warnings.append(f"{draft.title!r} ({draft.source}) has no text.")
    return drafts


def _starts(pages: list[Page], contents: Contents, warnings: list[str]) -> tuple[list[Page], list[Start]]:
    """By the table of contents; else by headings; else by paragraphs that read like headings; else a chapter a page."""
    named = from_contents(pages, contents, warnings)
    if sum(not is_matter(start.title) for start in named) > 1:
        return pages, named
    matter = [start for start in named if is_matter(start.title)]
    by_heading = from_headings(pages, matter=matter)
    if len(by_heading) > 1:
        warnings.append("There is no table of contents that names the chapters; they were found by their headings.")
        return pages, by_heading
    read_as_headings = from_paragraphs(pages)
    by_paragraph = from_headings(read_as_headings, matter=matter)
    if len(by_paragraph) > 1:
        warnings.append("There is no table of contents that names the chapters; they were found by lines that read like "
                        "headings.")
        return read_as_headings, by_paragraph
    if named:
        return pages, named
    warnings.append("There is neither a table of contents nor a heading that names chapters.")
    titles = [page.title for page in pages if page.blocks]
    if "" not in titles and len(set(titles)) == len(titles):
        return pages, [Start(Place(at, 0), page.title, page.path) for at, page in enumerate(pages) if page.blocks]
    return pages, [Start(Place(0, 0), "", pages[0].path)]


def _framed(pages: list[Page], starts: list[Start]) -> list[Start]:
    """With Project Gutenberg's header and licence as pieces of their own, and nothing of them taken for a chapter."""
    places = [(Place(number, at), item.text) for number, page in enumerate(pages) for at, item in enumerate(page.items)
              if isinstance(item, Block)]
    begins = next((place for place, text in places if gutenberg.START.search(text)), None)
    ends = next((place for place, text in places if gutenberg.END.search(text) and (begins is None or place > begins)), None)
    if begins is not None:
        after = Place(begins.page, begins.item + 1)
        inside = [start for start in starts if start.place > begins]
        if not any(start.place == after for start in inside):
            inside.insert(0, Start(after, "", pages[after.page].path))
        header = Start(Place(begins.page, 0), gutenberg.HEADER, pages[begins.page].path)
        starts = [*(start for start in starts if start.place.page < begins.page), header, *inside]
    if ends is not None:
        starts = [*(start for start in starts if start.place < ends), Start(ends, gutenberg.LICENCE, pages[ends.page].path)]
    return starts


def _pieces(pages: list[Page], starts: list[Start], package: Package, contents: Contents) -> list[_Piece]:
    by_place = {start.place: start for start in starts}
    started = {start.place.page for start in starts}
    pieces: list[_Piece] = []
    chapter: _Piece | None = None       # that goes on from page to page
    for number, page in enumerate(pages):
        terms = contents.terms.get(page.path, frozenset())
        piece = chapter
        if number not in started:
            alone = _Piece("", page.path, False, page.blocks, terms, aside=not package.spine[number].linear)
            if chapter is None or alone.aside or is_left_out(replace(alone.draft(), title=_own_title(page))):
                pieces.append(alone)
                continue
        for at, item in enumerate([*page.items, None]):    # a chapter may begin on a page that is but a picture
            start = by_place.get(Place(number, at))
            if start is not None or (piece is None and item is not None):
                title, source = (start.title, start.source) if start else ("", page.path)
                piece = _Piece(title, source, bool(title), terms=terms if at == 0 else frozenset())
                chapter = piece if start is not None else None
                pieces.append(piece)
            if piece is not None and isinstance(item, Block):
                piece.blocks.append(item)
        if chapter is not None and number in started and is_front(chapter.draft()):
            chapter = None              # nobody continues a cover or a title page: what follows is judged by itself
    return pieces


def _own_title(page: Page) -> str:
    return next((block.text for block in page.blocks[:3] if block.level), "")

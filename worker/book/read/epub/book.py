"""An EPUB → a book."""

from dataclasses import replace
from pathlib import Path

from worker.book.content import Book
from worker.book.errors import BookUnreadable
from worker.book.read.casting import CastText
from worker.book.read.epub.archive import Archive
from worker.book.read.epub.chapters import drafts_of
from worker.book.read.epub.container import package_path, refuse_protected
from worker.book.read.epub.cover import read_cover
from worker.book.read.epub.package import Package, read_package
from worker.book.read.epub.page import Page, read_page
from worker.book.read.epub.toc import Contents, read_contents
from worker.book.read.epub.xml import parse_page
from worker.book.read.matter import judged


def read_epub(path: Path) -> Book:
    """Raises BookUnreadable that names the part which is broken, protected or beyond the limits."""
    with Archive(path) as archive:
        refuse_protected(archive)
        package_at, warnings = package_path(archive)
        package = read_package(archive, package_at)
        contents = read_contents(archive, package)
        warnings += [*package.warnings, *contents.warnings]
        pages = _pages(archive, package, contents, warnings)
        drafts = drafts_of(pages, package, contents, warnings)
        if not any(draft.text for draft in drafts):
            raise BookUnreadable(f"The pages that {package.path} lists hold pictures at most, no text. A book of words would "
                                 f"be right.",
                                 package.path)
        cover = read_cover(archive, package, warnings)
    metadata = package.metadata
    if not metadata.language:
        metadata = replace(metadata, language=next((page.language for page in pages if page.language), ""))
    chapters = judged([(draft, CastText(draft.text, ())) for draft in drafts], metadata.title)
    return Book(metadata, chapters, cover, tuple(dict.fromkeys(warnings)))


def _pages(archive: Archive, package: Package, contents: Contents, warnings: list[str]) -> list[Page]:
    """In reading order. One tree at a time: pages are parsed, read and dropped."""
    wanted: dict[str, set[str]] = {}
    for entry in contents.entries:
        wanted.setdefault(entry.path, set()).add(entry.fragment)
    pages = []
    for place in package.spine:
        root, about = parse_page(archive.read(place.path), place.path)
        warnings.extend(about)
        pages.append(read_page(root, place.path, frozenset(wanted.get(place.path, ())) - {""}))
    return pages

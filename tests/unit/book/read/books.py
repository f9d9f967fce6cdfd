"""Short ways from content to a file to a book."""

from collections.abc import Mapping
from pathlib import Path

from tests.books.archive import epub_files, packed
from tests.books.package import Listed, Opf, nav, xhtml
from worker.book.content import Book, Chapter
from worker.book.read.book import read_book


def read_bytes(data: bytes, folder: Path, name: str = "book") -> Book:
    path = folder / name
    path.write_bytes(data)
    return read_book(path)


def read_text(text: str, folder: Path, name: str = "book.txt") -> Book:
    return read_bytes(text.encode(), folder, name)


def simple_epub(pages: Mapping[str, str], contents: str = "") -> dict[str, str | bytes]:
    """The files of an EPUB 3: bodies of pages by their names, in this order, and the <li>s of its table of contents."""
    items = (Listed("nav.xhtml", properties="nav", in_spine=False), *(Listed(name) for name in pages))
    files: dict[str, str | bytes] = {f"OEBPS/{name}": xhtml(body) for name, body in pages.items()}
    files["OEBPS/nav.xhtml"] = nav(contents)
    return epub_files("OEBPS/book.opf", Opf(items).text(), files)


def read_epub(files: Mapping[str, str | bytes], folder: Path) -> Book:
    return read_bytes(packed(files), folder, "book.epub")


def read_page(body: str, folder: Path) -> str:
    """The text of a book that is one page with this body."""
    return "\n\n\n".join(chapter.text for chapter in read_epub(simple_epub({"one.xhtml": body}), folder).chapters)


def titles(book: Book) -> list[str]:
    return [chapter.title for chapter in said(book)]


def said(book: Book) -> list[Chapter]:
    return [chapter for chapter in book.chapters if chapter.include]

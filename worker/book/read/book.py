"""A file → a book: the story."""

from pathlib import Path

from worker.book.content import Book
from worker.book.errors import BookUnreadable
from worker.book.read import limits
from worker.book.read.chapters_json import read_json
from worker.book.read.decode import decode
from worker.book.read.epub.book import read_epub
from worker.book.read.kinds import Kind, kind_of
from worker.book.read.markdown import SUFFIXES, looks_like_markdown, read_markdown
from worker.book.read.plain import read_plain


def read_book(path: Path, name: str = "") -> Book:
    """Reads EPUB 2 and 3, Markdown, plain text, and JSON with chapters; the content tells which, and for Markdown the suffix of
    `name` (what the client calls the file; that of `path` if empty). Raises BookUnreadable that names the part and says what
    would be right. A file from a stranger is better read by `read_apart`."""
    name = name or path.name
    size_bytes = path.stat().st_size
    if size_bytes > limits.FILE_BYTES:
        raise BookUnreadable(f"The file has {size_bytes // limits.MIB} MiB; {limits.FILE_BYTES // limits.MIB} MiB are the most.")
    kind = kind_of(path, name)
    if kind is Kind.EPUB:
        return read_epub(path)
    if size_bytes > limits.TEXT_FILE_BYTES:
        raise BookUnreadable(f"The text has {size_bytes // limits.MIB} MiB; {limits.TEXT_FILE_BYTES // limits.MIB} MiB are the "
                             f"most.")
    text, warnings = decode(path.read_bytes(), "")
    if kind is Kind.JSON:
        return read_json(text, warnings)
    if name.lower().endswith(SUFFIXES) or (not name.lower().endswith(".txt") and looks_like_markdown(text)):
        return read_markdown(text, name, warnings)
    return read_plain(text, name, warnings)

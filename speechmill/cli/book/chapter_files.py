"""Chapters as files in a folder: each is written as soon as it is done."""

import re
from pathlib import Path
from typing import Any

from speechmill.cli.book.api import BookApi, BookView
from speechmill.cli.book.files import save_patiently
from speechmill.cli.exits import Exit, Failure

_MOST_BYTES = 120
"""Of a title in a file's name: file systems take 255 bytes in all."""
_NOT_IN_NAMES = re.compile(r'[\x00-\x1f\x7f/\\:*?"<>|]+')


class ChapterFiles:
    """`save` what is done so far, at each change; `finish` with whatever a broken connection left out."""

    def __init__(self, api: BookApi, folder: Path | None) -> None:
        self._api = api
        self._folder = folder
        self._written: set[tuple[int, str]] = set()

    def save(self, book: BookView) -> None:
        """Raises Failure when a file can't be written; a download that fails is left for the next time."""
        for target, chapter, format in self._missing(book):
            try:
                self._api.save_chapter(book["id"], chapter, format, target)
            except Failure as failure:
                if failure.exit in (Exit.UNAVAILABLE, Exit.TIMEOUT):
                    return
                raise
            self._written.add((chapter, format))

    def finish(self, book: BookView) -> None:
        """Raises Failure for a chapter that can't be had."""
        for target, chapter, format in self._missing(book):
            save_patiently(lambda n=chapter, as_=format, to=target:  # type: ignore[misc]  # the loop's, now
                           self._api.save_chapter(book["id"], n, as_, to))
            self._written.add((chapter, format))

    def _missing(self, book: BookView) -> list[tuple[Path, int, str]]:
        if not self._folder:
            return []
        return [(self._folder / file_name(chapter, format, len(book["chapters"])), chapter["number"], format)
                for chapter in book["chapters"] for format in chapter.get("files") or {}
                if (chapter["number"], format) not in self._written]


def file_name(chapter: dict[str, Any], format: str, n_chapters: int) -> str:
    """'07 The Whale.mp3': in the book's order in every listing, and a name that every file system takes."""
    number = f"{chapter['number']:0{max(2, len(str(n_chapters)))}}"
    title = " ".join(_NOT_IN_NAMES.sub(" ", chapter["title"]).split()).strip(". ")
    title = title.encode()[:_MOST_BYTES].decode("utf-8", "ignore").strip()
    return f"{number} {title}.{format}" if title else f"{number}.{format}"


def make_folder(folder: Path | None) -> None:
    """Raises Failure when there can be no such folder: better before a book is spoken than after."""
    if folder:
        try:
            folder.mkdir(parents=True, exist_ok=True)
        except OSError as error:
            raise Failure(f"cannot make the folder {folder}: {error.strerror}.", Exit.USAGE) from None

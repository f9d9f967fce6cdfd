"""How a book comes along, on stderr: bars on a terminal, lines elsewhere. A chapter that is done is a line that stays."""

import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING

from speechmill.cli.book.api import BookView
from speechmill.cli.book.tell import tell
from speechmill.cli.book.words import Chapter, book_state, chapter_line, chapter_state, characters, spoken_chapters

if TYPE_CHECKING:
    from rich.console import Console
    from rich.progress import Progress, TaskID

Show = Callable[[BookView], None]
LINE_EVERY = 10
"""Percent of a book between two lines, where there are no bars."""
UNREAD = "the book"
"""What it is called until its file was read."""
_TITLE = 40


@contextmanager
def display() -> Iterator[Show]:
    """Gives what to call with each state of the book."""
    if not sys.stderr.isatty():
        yield Lines().show
        return
    from rich.console import Console

    with bars(Console(stderr=True)) as progress:
        yield Bars(progress).show


class Lines:
    def __init__(self) -> None:
        self._done: set[int] = set()
        self._told = ""
        self._told_at = 0

    def show(self, book: BookView) -> None:
        for chapter in _newly_done(book, self._done):
            tell(chapter_line(chapter))
        at = book["progress"] // LINE_EVERY * LINE_EVERY
        if book["status"] != self._told or at > self._told_at:
            self._told, self._told_at = book["status"], at
            tell(f"{book['id']}: {book['progress']} %, {book_state(book)}")


class Bars:
    """A bar for the book, by characters, and one for each chapter that is under way."""

    def __init__(self, progress: "Progress") -> None:
        self._progress = progress
        self._book = progress.add_task(UNREAD, total=None, state="")
        self._chapters: dict[int, TaskID] = {}
        self._done: set[int] = set()

    def show(self, book: BookView) -> None:
        for chapter in _newly_done(book, self._done):
            self._progress.console.print(chapter_line(chapter), markup=False, highlight=False)
        under_way = {chapter["number"]: chapter for chapter in spoken_chapters(book) if chapter["status"] == "in_progress"}
        for number in self._chapters.keys() - under_way.keys():
            self._progress.remove_task(self._chapters.pop(number))
        for number, chapter in under_way.items():
            if number not in self._chapters:
                self._chapters[number] = self._progress.add_task(f"{number:>3}  {_short(chapter['title'])}", total=100, state="")
            self._progress.update(self._chapters[number], completed=chapter["progress"], state=chapter_state(chapter))
        self._progress.update(self._book, description=_short(book["title"] or UNREAD), state=book_state(book),
                              total=book["characters"] or None, completed=characters(book))


def bars(console: "Console") -> "Progress":
    from rich.progress import BarColumn, Progress, TaskProgressColumn, TextColumn

    # Titles are the book's: what looks like rich's markup there is none.
    return Progress(TextColumn("{task.description}", markup=False), BarColumn(bar_width=20), TaskProgressColumn(),
                    TextColumn("{task.fields[state]}", markup=False), console=console, transient=True)


def _newly_done(book: BookView, known: set[int]) -> list[Chapter]:
    done = [chapter for chapter in spoken_chapters(book)
            if chapter["status"] == "completed" and chapter["number"] not in known]
    known.update(chapter["number"] for chapter in done)
    return done


def _short(title: str) -> str:
    return title if len(title) <= _TITLE else title[:_TITLE - 1] + "…"

"""Following a book to its end, and writing what became of it."""

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import typer

from speechmill.cli.book.api import BookView
from speechmill.cli.book.chapter_files import ChapterFiles
from speechmill.cli.book.display import display
from speechmill.cli.book.files import save_patiently, targets
from speechmill.cli.book.flags import tell_flagged
from speechmill.cli.book.options import Deliver
from speechmill.cli.book.server import Server
from speechmill.cli.book.tell import tell
from speechmill.cli.book.words import clock, spoken_chapters
from speechmill.cli.exits import Exit, Failure
from speechmill.cli.follow import ENDS, check_completed, follow

AWAY_S = 900.0
"""A book outlasts the restart of a machine, and so does its following."""

PACE_S = 0.5
"""Least time between two looks: each answer lists all chapters."""


def finish(server: Server, book: BookView, deliver: Deliver) -> BookView:
    """The book, completed, and its files written. Raises Failure when it ends in another way or a file can't be had."""
    with _said_how_to_go_on(server, book["id"], deliver):
        book = _followed_to_its_end(server, book, deliver.chapters_to)
        check_completed(book)
        if deliver.output:
            _write_files(server, book, targets(deliver.output, deliver.formats or book["formats"]))
        for warning in book["warnings"]:
            tell(f"warning: {warning}")
        tell_flagged(server, book, deliver.output)
        if not deliver.anywhere:
            tell(f"{book['id']} is completed; {server.command('download', book['id'], '-o', 'FILE')} writes it to a file.")
    return book


def _followed_to_its_end(server: Server, book: BookView, chapters_to: Path | None) -> BookView:
    """Shows how it comes along, and writes each chapter as soon as it is done."""
    chapters = ChapterFiles(server.api, chapters_to)
    if book["status"] not in ENDS:
        with display() as show:
            def changed(book: BookView) -> None:
                show(book)
                chapters.save(book)

            book = follow(server.api, book["id"], away_s=AWAY_S, pace_s=PACE_S, on_change=changed)
    chapters.finish(book)
    return book


def _write_files(server: Server, book: BookView, files: dict[str, Path]) -> None:
    """Each format to its file, which appears whole or not at all."""
    duration_s = sum(chapter["duration_seconds"] or 0 for chapter in spoken_chapters(book))
    for format, target in files.items():
        save_patiently(lambda as_=format, to=target: server.api.save_book(book, as_, to))  # type: ignore[misc]
        tell(f"{target}: {clock(duration_s)} of speech, {target.stat().st_size / 1e6:.1f} MB")


@contextmanager
def _said_how_to_go_on(server: Server, book_id: str, deliver: Deliver) -> Iterator[None]:
    """Neither Ctrl-C nor a server that stays away ends the book: whoever stops waiting is told how to go on."""
    chapters_to = ("--chapters-to", str(deliver.chapters_to)) if deliver.chapters_to else ()
    again = server.command("download", book_id, "-o", str(deliver.output or "FILE"), *chapters_to)
    try:
        yield
    except KeyboardInterrupt:
        where = "is kept as far as it is" if server.ends_with_us else f"goes on at {server.api.url}"
        tell(f"speechmill: interrupted; {book_id} {where}. To go on with it:\n    {again}")
        tell(f"To give it up:\n    {server.command('cancel', book_id)}")
        if server.ends_with_us:
            tell("stopping; what is being spoken is finished first, and Ctrl-C again stops at once")
        raise typer.Exit(Exit.CANCELLED) from None
    except Failure as failure:
        if failure.exit is Exit.UNAVAILABLE:
            raise Failure(f"{failure.message} The book is not lost; `{again}` goes on.", failure.exit) from None
        raise

"""Books as tables on stdout. Titles stand last: they may be long, and wider than they have characters."""

import sys
from collections.abc import Sequence
from datetime import datetime

from speechmill.cli.book.api import BookView
from speechmill.cli.book.words import book_state, clock, span, spoken_chapters
from speechmill.cli.show import show_table


def show_books(books: Sequence[BookView]) -> None:
    rows = [(book["id"], book["status"], f"{book['progress']} %", str(book["revision"]),
             "plan" if book["dry_run"] else ",".join(book["formats"]),
             _when(book["created_at"]), book["title"] or "") for book in books]
    show_table(("BOOK", "STATUS", "DONE", "REVISION", "FORMATS", "CREATED", "TITLE"), rows)


def show_plan(book: BookView) -> None:
    """Every chapter, also those that are left out, and why."""
    _show_head(book)
    rows = [(str(chapter["number"]), chapter["matter"], "yes" if chapter["included"] else "no", f"{chapter['words']:,}",
             f"{chapter['characters']:,}", _count(chapter["segments"]["total"]), clock(chapter["estimated_seconds"]),
             chapter["reason"] or "", chapter["title"]) for chapter in book["chapters"]]
    show_table(("NUMBER", "PART", "SPOKEN", "WORDS", "CHARACTERS", "SEGMENTS", "TIME", "WHY", "TITLE"), rows)
    spoken = spoken_chapters(book)
    segments = sum(chapter["segments"]["total"] for chapter in spoken)
    sys.stdout.write(f"\n{len(spoken)} of {len(book['chapters'])} chapters, {book['words']:,} words, {book['characters']:,} "
                     f"characters, {segments:,} segments, about {span(book['estimated_seconds'])} of speech\n")
    _show_warnings(book)


def show_book(book: BookView) -> None:
    """A book, a line a field; then its chapters."""
    _show_head(book)
    fields = {
        "book": book["id"],
        "status": book["status"],
        "progress": f"{book['progress']} %, {book_state(book)}",
        "error": (book["error"] or {}).get("message"),
        "revises": f"{book['revises']} (this is revision {book['revision']})" if book["revises"] else None,
        "model": book["model"],
        "voice": book["voice"],
        "language": book["language"],
        "formats": ", ".join(book["formats"]),
        "loudness": book["loudness"],
        "created": _when(book["created_at"]),
    }
    width = max(map(len, fields))
    for name, value in fields.items():
        if value:
            sys.stdout.write(f"{name:<{width}}  {value}\n")
    if chapters := spoken_chapters(book):
        sys.stdout.write("\n")
        show_table(("NUMBER", "STATUS", "DONE", "SEGMENTS", "FLAGGED", "FOUND", "TIME", "TITLE"), [
            (str(chapter["number"]), chapter["status"], f"{chapter['progress']} %", _count(chapter["segments"]["total"]),
             str(chapter["segments"]["flagged"]), str(chapter["segments"]["cached"]),
             clock(chapter["duration_seconds"] or chapter["estimated_seconds"]), chapter["title"]) for chapter in chapters])
    _show_warnings(book)


def _show_head(book: BookView) -> None:
    if book["title"]:
        by = f", by {', '.join(book['authors'])}" if book["authors"] else ""
        sys.stdout.write(f"{book['title']}{by}\n\n")


def _show_warnings(book: BookView) -> None:
    for warning in book["warnings"]:
        sys.stdout.write(f"warning: {warning}\n")


def _count(n: int | None) -> str:
    return f"{n:,}" if n else ""


def _when(seconds: int | None) -> str:
    return "" if seconds is None else f"{datetime.fromtimestamp(seconds):%Y-%m-%d %H:%M:%S}"

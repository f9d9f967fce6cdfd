"""Segments that the checks flagged: said, and how each is spoken again."""

from pathlib import Path
from typing import Any

from speechmill.cli.book.api import BookView
from speechmill.cli.book.server import Server
from speechmill.cli.book.tell import tell
from speechmill.cli.book.words import clock, spoken_chapters

MOST = 20
"""As many are told after a book was made; `show` tells all."""
_EXCERPT = 60


def tell_flagged(server: Server, book: BookView, output: Path | None = None, *, most: int | None = MOST) -> None:
    """A line for each flagged segment, and a command that speaks it again, on stderr."""
    flagged = [(chapter["number"], segment) for chapter in spoken_chapters(book) if chapter["segments"]["flagged"]
               for segment in server.api.segments(book["id"], chapter["number"]) if segment["flags"] or segment["error"]]
    target = ("-o", str(output)) if output else ()
    for number, segment in flagged[:most]:
        tell(f"flagged: chapter {number}, segment {segment['segment']}{_at(segment)}: {_reason(segment)}"
               f"{_excerpt(segment)}")
        tell("    " + server.command("regenerate", book["id"], str(number), str(segment["segment"]), *target))
    if most is not None and len(flagged) > most:
        tell(f"{len(flagged) - most} more are flagged: {server.command('show', book['id'])}")


def _reason(segment: dict[str, Any]) -> str:
    """What the checks found, or why it could not be spoken at all."""
    return ", ".join((*segment["flags"], *([segment["error"]["message"]] if segment["error"] else [])))


def _at(segment: dict[str, Any]) -> str:
    return "" if segment["start_seconds"] is None else f", at {clock(segment['start_seconds'])} of it"


def _excerpt(segment: dict[str, Any]) -> str:
    text = " ".join((segment["text"] or "").split())
    if not text:
        return ""
    return f": {text if len(text) <= _EXCERPT else text[:_EXCERPT - 1] + '…'}"

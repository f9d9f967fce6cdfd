"""A book's state in words."""

from typing import Any

from speechmill.cli.book.api import BookView

Chapter = dict[str, Any]


def chapter_line(chapter: Chapter) -> str:
    """A chapter that is done, in one line."""
    segments = chapter["segments"]
    parts = [clock(chapter["duration_seconds"] or 0), f"{segments['total']} segments", *_shares(segments)]
    return f"{chapter['number']:>3}  {chapter['title']}: {', '.join(parts)}"


def chapter_state(chapter: Chapter) -> str:
    """What is happening to a chapter that is under way."""
    segments = chapter["segments"]
    if not segments["total"]:
        return "being cut into segments"
    if segments["completed"] == segments["total"]:
        return "being joined"
    return ", ".join((f"{segments['completed']} of {segments['total']} segments", *_shares(segments)))


def book_state(book: BookView) -> str:
    """The whole book: what remains, and what was odd."""
    parts = [str(book["status"]).replace("_", " ")]
    made = spoken_chapters(book)
    if made and all(chapter["status"] == "completed" for chapter in made) and book["status"] == "in_progress":
        parts = ["being bound"]
    elif book["eta_seconds"] is not None and book["status"] == "in_progress":
        parts = [f"about {span(book['eta_seconds'])} to go"]
    if flagged := sum(chapter["segments"]["flagged"] for chapter in made):
        parts.append(f"{flagged} flagged")
    if book["cached_share"]:
        parts.append(f"{book['cached_share']:.0%} found, not spoken")
    if book["retries"]:
        parts.append(f"{book['retries']} spoken again")
    return ", ".join(parts)


def spoken_chapters(book: BookView) -> list[Chapter]:
    """Those that are made."""
    return [chapter for chapter in book["chapters"] if chapter["included"]]


def characters(book: BookView) -> int:
    """How many of the book's characters are spoken, as its progress tells."""
    return int(book["progress"] * (book["characters"] or 0) / 100)


def clock(seconds: float) -> str:
    """A length of sound: 7:05, 1:02:03."""
    minutes, left_s = divmod(round(seconds), 60)
    hours, minutes = divmod(minutes, 60)
    return f"{hours}:{minutes:02}:{left_s:02}" if hours else f"{minutes}:{left_s:02}"


def span(seconds: float) -> str:
    """How long something takes, roughly: 40 s, 12 min, 3 h 20 min."""
    if seconds < 90:
        return f"{max(1, round(seconds))} s"
    hours, minutes = divmod(round(seconds / 60), 60)
    return f"{hours} h {minutes:02} min" if hours else f"{minutes} min"


def _shares(segments: dict[str, int]) -> list[str]:
    told = []
    if segments["cached"] and segments["total"]:
        told.append(f"{segments['cached'] / segments['total']:.0%} found, not spoken")
    if segments["flagged"]:
        told.append(f"{segments['flagged']} flagged")
    return told

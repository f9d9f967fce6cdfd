"""What a finished file says about itself: tags and chapter marks, as ffmpeg reads them; and its cover."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from speechmill.errors import EncodingFailed
from worker.book.content import Cover, Metadata
from worker.ffmpeg import Ffmpeg

GENRE = "Audiobook"
_SUFFIXES = {"image/jpeg": "jpeg", "image/png": "png"}
_COVER_PIXELS = 50_000_000
"""A cover comes from a stranger: a PNG of a megabyte can unpack to one of a gigabyte. Shops want some four million."""


@dataclass(frozen=True)
class Edition:
    """The book that all its files belong to. `narrator` stands where players show the composer, as is the custom."""

    metadata: Metadata
    narrator: str = ""
    cover: Cover | None = None


@dataclass(frozen=True)
class Track:
    """A chapter's place among those of the book, counted from 1."""

    number: int
    of: int


@dataclass(frozen=True)
class Mark:
    """A chapter within a file."""

    title: str
    start_s: float
    end_s: float


def book_tags(edition: Edition) -> Mapping[str, str]:
    """By the names that ffmpeg translates for each container; empty ones are left out."""
    about = edition.metadata
    authors = ", ".join(about.authors)
    tags = {"title": about.title, "album": about.title, "artist": authors, "album_artist": authors, "composer": edition.narrator,
            "genre": GENRE, "date": about.published, "description": about.description, "publisher": about.publisher,
            "language": about.language}
    return {name: text for name, text in tags.items() if text}


def chapter_tags(edition: Edition, title: str, track: Track) -> Mapping[str, str]:
    return {**book_tags(edition), "title": title, "track": f"{track.number}/{track.of}"}


def ffmetadata(tags: Mapping[str, str], marks: Sequence[Mark]) -> str:
    """The format that ffmpeg documents as "Metadata 2". Times are in microseconds."""
    return "".join(_lines(tags, marks))


def usable_cover(cover: Cover, folder: Path) -> Path | None:
    """The cover as a file in `folder`; None when it is no picture that a player could show, or has too many pixels."""
    suffix = _SUFFIXES.get(cover.content_type)
    if not suffix:
        return None
    try:
        with Ffmpeg(("-max_pixels", str(_COVER_PIXELS), "-f", f"{suffix}_pipe"), "-frames:v", "1", "-f", "null", "-") as ffmpeg:
            ffmpeg.feed(cover.image)
    except EncodingFailed:
        return None
    path = folder / f"cover.{suffix}"
    path.write_bytes(cover.image)
    return path


def _lines(tags: Mapping[str, str], marks: Sequence[Mark]) -> Iterator[str]:
    yield ";FFMETADATA1\n"
    yield from (f"{name}={_escaped(text)}\n" for name, text in tags.items())
    for mark in marks:
        yield (f"[CHAPTER]\nTIMEBASE=1/1000000\nSTART={round(mark.start_s * 1e6)}\nEND={round(mark.end_s * 1e6)}\n"
               f"title={_escaped(mark.title)}\n")


def _escaped(text: str) -> str:
    text = text.replace("\0", "").replace("\r\n", "\n").replace("\r", "\n")
    end = " " if text.endswith("\\") else ""  # ffmpeg takes the end of the line for part of the text, otherwise
    return "".join(f"\\{character}" if character in "\\=;#\n" else character for character in text) + end

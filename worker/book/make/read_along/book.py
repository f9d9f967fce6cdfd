"""Writing an EPUB that reads itself aloud."""

import tempfile
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from zipfile import ZIP_DEFLATED, ZIP_STORED, ZipFile

from speechmill.errors import EncodingFailed
from worker.book.make.audio_file import AudioFile
from worker.book.make.read_along.overlay import duration_s, overlay
from worker.book.make.read_along.package import CONTAINER, STYLE, Entry, Picture, contents, package
from worker.book.make.read_along.page import page, pieces
from worker.book.make.spoken import SpokenChapter
from worker.book.make.tags import Edition, usable_cover

_AUDIO = {"m4b": ("m4a", "audio/mp4"), "mp3": ("mp3", "audio/mpeg")}
"""The formats that every reading system plays (EPUB 3.3 §3.2), with the suffix and the media type they have there."""


@dataclass(frozen=True)
class ReadAlong:
    """A chapter with its own audio file (`write_chapter`: m4b or mp3)."""

    chapter: SpokenChapter
    audio: AudioFile


def write_epub(edition: Edition, chapters: Sequence[ReadAlong], modified: datetime, path: Path) -> None:
    """Pages, overlays and audio of all chapters in one EPUB 3. Raises EncodingFailed; then there is no file."""
    _check(chapters)
    try:
        with ZipFile(path, "w", ZIP_DEFLATED) as epub:
            epub.writestr("mimetype", "application/epub+zip", ZIP_STORED)  # first, and as it is: OCF §4.3
            epub.writestr("META-INF/container.xml", CONTAINER)
            entries = [_add_chapter(epub, number, read, edition.metadata.language) for number, read in enumerate(chapters, 1)]
            cover = _add_cover(epub, edition, path.parent)
            epub.writestr("EPUB/style.css", STYLE)
            epub.writestr("EPUB/nav.xhtml", contents(edition, entries))
            epub.writestr("EPUB/package.opf", package(edition, entries, cover, modified))
    except OSError as error:
        path.unlink(missing_ok=True)
        raise EncodingFailed(f"The EPUB could not be written: {error.strerror}.") from error
    except BaseException:
        path.unlink(missing_ok=True)
        raise


def _check(chapters: Sequence[ReadAlong]) -> None:
    if not chapters:
        raise EncodingFailed("There is no chapter to make an EPUB of.")
    for number, read in enumerate(chapters, 1):
        if read.audio.format not in _AUDIO:
            raise EncodingFailed(f"Chapter {number} ({read.chapter.title}) is {read.audio.format}; an EPUB holds m4b or mp3.")


def _add_chapter(epub: ZipFile, number: int, read: ReadAlong, language: str) -> Entry:
    suffix, audio_type = _AUDIO[read.audio.format]
    name = f"chapter-{number:04}"
    page_name, overlay_name, audio_name = f"text/{name}.xhtml", f"overlay/{name}.smil", f"audio/{name}.{suffix}"
    spoken = pieces(read.chapter)
    epub.writestr(f"EPUB/{page_name}", page(read.chapter, spoken, language))
    if not spoken:
        return Entry(read.chapter.title, page_name, "", "", "", 0.0)
    epub.writestr(f"EPUB/{overlay_name}", overlay(f"../{page_name}", f"../{audio_name}", spoken, read.audio.starts_s[0]))
    epub.write(read.audio.path, f"EPUB/{audio_name}", ZIP_STORED)
    return Entry(read.chapter.title, page_name, overlay_name, audio_name, audio_type, duration_s(spoken))


def _add_cover(epub: ZipFile, edition: Edition, scratch: Path) -> Picture | None:
    """Left out where it is no picture."""
    if not edition.cover:
        return None
    with tempfile.TemporaryDirectory(dir=scratch, prefix="cover-") as folder:
        picture = usable_cover(edition.cover, Path(folder))
        if picture:
            epub.write(picture, f"EPUB/{picture.name}", ZIP_STORED)
    return Picture(picture.name, edition.cover.content_type) if picture else None

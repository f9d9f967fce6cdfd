"""Finished audio files: a book's, with its chapters marked, or a single chapter's. Made of parts, with tags and cover.

AAC, MP3 and Opus are copied, never encoded again: what a changed chapter costs is that chapter and a new container. Between two
parts lies what the encoder adds to the silence there; where each chapter begins is reckoned from the frames, not from the sound.
"""

import base64
import struct
import tempfile
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import accumulate
from pathlib import Path
from typing import Literal

from speechmill.errors import EncodingFailed
from worker.book.make.languages import three_letters
from worker.book.make.master import read_flac
from worker.book.make.parts import Part, PartFormat
from worker.book.make.tags import Edition, Mark, Track, book_tags, chapter_tags, ffmetadata, usable_cover
from worker.encode import to_pcm16
from worker.ffmpeg import Ffmpeg, pcm_input

FileFormat = Literal["m4b", "mp3", "opus", "flac", "wav"]
PART_OF: Mapping[FileFormat, PartFormat] = {"m4b": "aac", "mp3": "mp3", "opus": "opus", "flac": "flac", "wav": "flac"}
"""What a file of each format is made of."""

NERO_CHAPTERS = 255
"""The older list of chapters in an MP4 file counts in one byte; the other one, a text track, has no such limit."""
_OPUS_SKIPPED_S = 312 / 48_000
"""The encoder's delay, which the header of an Opus file tells players to skip."""
_MP4_AUDIOBOOK = "2"
"""The `stik` atom of MP4 files, by which Apple's players tell audiobooks from songs."""
_MP4_TICKS_A_SECOND = 1000
"""Chapters are counted in these. ffmpeg 9 would take so many that a chapter of more than 76 s is too long for 31 bits, and all
marks are wrong."""
_READ_BYTES = 1 << 20
_QUEUE_PACKETS = 4096
"""Where ffmpeg has several inputs it sleeps 10 ms whenever its queue for one is empty; at its default of 8 packets that made
copying 50 times as slow."""


@dataclass(frozen=True)
class ChapterPart:
    title: str
    part: Part


@dataclass(frozen=True)
class AudioFile:
    """`starts_s` has for each chapter the time in the file at which the first sample of its master plays. `notes` say what the
    file lacks, and why."""

    format: FileFormat
    path: Path
    n_bytes: int
    duration_s: float
    starts_s: tuple[float, ...]
    notes: tuple[str, ...] = ()


def write_book(format: FileFormat, chapters: Sequence[ChapterPart], edition: Edition, path: Path) -> AudioFile:
    """All chapters in one file, marked. Raises EncodingFailed; then there is no file."""
    _check(format, chapters)
    starts_s = starts_s_of(format, chapters)
    ends_s = [*starts_s[1:], _duration_s(format, chapters)]
    marks = [Mark(chapter.title or f"{number}", start_s, end_s)
             for number, (chapter, start_s, end_s) in enumerate(zip(chapters, starts_s, ends_s, strict=True), 1)]
    return _write(format, chapters, _Label(book_tags(edition), tuple(marks), edition), path)


def write_chapter(format: FileFormat, chapter: ChapterPart, track: Track, edition: Edition, path: Path) -> AudioFile:
    """One chapter in a file of its own (m4b: an .m4a); the others need not be there yet. Raises EncodingFailed; then there is no
    file."""
    _check(format, [chapter], track.number)
    tags = chapter_tags(edition, chapter.title, track)
    return _write(format, [chapter], _Label(tags, (), edition), path)


def starts_s_of(format: FileFormat, chapters: Sequence[ChapterPart]) -> tuple[float, ...]:
    """Where each chapter begins in a file of all of them, be it written or not: see AudioFile."""
    begins_s = accumulate((chapter.part.duration_s for chapter in chapters), initial=-_skipped_s(format, chapters))
    return tuple(begin_s + chapter.part.start_s for begin_s, chapter in zip(begins_s, chapters, strict=False))


@dataclass(frozen=True)
class _Label:
    tags: Mapping[str, str]
    marks: tuple[Mark, ...]
    edition: Edition


def _write(format: FileFormat, chapters: Sequence[ChapterPart], label: _Label, path: Path) -> AudioFile:
    with tempfile.TemporaryDirectory(dir=path.parent, prefix="label-") as folder:
        cover = usable_cover(label.edition.cover, Path(folder)) if label.edition.cover else None
        metadata = Path(folder) / "metadata.txt"
        tags = {**label.tags, **dict(_comments(format, label, cover))}
        metadata.write_text(ffmetadata(tags, label.marks), encoding="utf-8")
        try:
            with Ffmpeg(_source(format, chapters), *_output(format, label, metadata, cover), f"file:{path}") as ffmpeg:
                for piece in _content(format, [chapter.part for chapter in chapters]):
                    ffmpeg.feed(piece)
        except BaseException:
            path.unlink(missing_ok=True)
            raise
    return AudioFile(format, path, path.stat().st_size, _duration_s(format, chapters), starts_s_of(format, chapters),
                     tuple(_notes(format, label, cover)))


def _check(format: FileFormat, chapters: Sequence[ChapterPart], first_number: int = 1) -> None:
    if not chapters:
        raise EncodingFailed("There is no chapter to make a file of.")
    first = chapters[0].part
    for number, chapter in enumerate(chapters, first_number):
        if not chapter.part.path.is_file() or chapter.part.path.stat().st_size != chapter.part.n_bytes:
            raise EncodingFailed(f"Chapter {number} ({chapter.title}): {chapter.part.path.name} is not there, or not whole.")
        if chapter.part.format != PART_OF[format]:
            raise EncodingFailed(f"Chapter {number} ({chapter.title}) is {chapter.part.format}; {format} files are made of "
                                 f"{PART_OF[format]}.")
        if chapter.part.sample_rate_hz != first.sample_rate_hz:
            raise EncodingFailed(f"Chapter {number} ({chapter.title}) has {chapter.part.sample_rate_hz} Hz, the first one "
                                 f"{first.sample_rate_hz} Hz: make all chapters with one preset.")


def _duration_s(format: FileFormat, chapters: Sequence[ChapterPart]) -> float:
    return sum(chapter.part.duration_s for chapter in chapters) - _skipped_s(format, chapters)


def _skipped_s(format: FileFormat, chapters: Sequence[ChapterPart]) -> float:
    """What players are told to skip at the start of the file. The first chapter of an MP4 file has to begin at zero: everything
    before its sound is skipped there."""
    return {"m4b": chapters[0].part.start_s, "opus": _OPUS_SKIPPED_S}.get(format, 0.0)


def _notes(format: FileFormat, label: _Label, cover: Path | None) -> Iterator[str]:
    if format == "m4b" and len(label.marks) > NERO_CHAPTERS:
        yield f"Players that read only Nero's list of chapters see {NERO_CHAPTERS} of {len(label.marks)}."
    if label.edition.cover and not cover:
        yield "The cover is left out: it is no JPEG or PNG picture that can be read, or one of too many pixels."
    elif cover and format == "wav":
        yield "WAV files have no place for a cover."
    if label.marks and format == "wav":
        yield "WAV files have no place for chapters."


def _source(format: FileFormat, chapters: Sequence[ChapterPart]) -> tuple[str, ...]:
    """What ffmpeg is fed with."""
    queue = ("-thread_queue_size", str(_QUEUE_PACKETS))
    if format == "m4b":  # what comes before zero, players skip
        return (*queue, "-itsoffset", f"{-_skipped_s(format, chapters):.6f}", "-f", "aac")
    if format == "mp3":
        return (*queue, "-f", "mp3")
    if format == "opus":
        return (*queue, "-f", "concat", "-safe", "0", "-protocol_whitelist", "file,pipe")
    return (*queue, *pcm_input("s16le"))


def _content(format: FileFormat, parts: Sequence[Part]) -> Iterator[bytes]:
    """The parts one after the other: frames as they are, the list of Opus files, or the sound of FLAC files."""
    if format == "opus":
        yield _concat_script(parts).encode()
    elif format in ("m4b", "mp3"):
        for part in parts:
            yield from _file_bytes(part.path)
    else:
        for part in parts:
            yield from (to_pcm16(pcm).tobytes() for pcm in read_flac(part.path))


def _concat_script(parts: Iterable[Part]) -> str:
    """For ffmpeg's concat demuxer. Told how long its packets are, it lets each file begin right after the one before."""
    quoted = ((str(part.path.absolute()).replace("'", "'\\''"), part.duration_s) for part in parts)
    return "ffconcat version 1.0\n" + "".join(f"file 'file:{name}'\nduration {duration_s:.6f}\n" for name, duration_s in quoted)


def _file_bytes(path: Path) -> Iterator[bytes]:
    try:
        with path.open("rb") as file:
            yield from iter(lambda: file.read(_READ_BYTES), b"")
    except OSError as error:
        raise EncodingFailed(f"{path.name} can't be read: {error.strerror}.") from error


def _output(format: FileFormat, label: _Label, metadata: Path, cover: Path | None) -> Iterator[str]:
    """ffmpeg's options after its first input: two more inputs, what goes where, and how."""
    yield from ("-f", "ffmetadata", "-i", f"file:{metadata}")
    shown = cover is not None and format not in ("opus", "wav")
    if shown:
        yield from ("-i", f"file:{cover}", "-map", "2:v", "-c:v", "copy", "-disposition:v:0", "attached_pic",
                    "-metadata:s:v:0", "comment=Cover (front)")
    chapters_from = "-1" if format == "opus" else "1"  # no input: they are comments
    yield from ("-map", "0:a", "-map_metadata", "1", "-map_chapters", chapters_from, "-fflags", "+bitexact",
                "-flags:a", "+bitexact", "-threads", "1")
    if format == "m4b":
        language = three_letters(label.edition.metadata.language)
        yield from ("-c:a", "copy", "-metadata:s:a:0", f"language={language}", "-movflags", "+faststart",
                    "-movie_timescale", f"{_MP4_TICKS_A_SECOND}", "-brand", "M4B " if label.marks else "M4A ", "-f", "ipod")
    elif format == "mp3":  # at a constant rate no header is needed to find a time, and all players agree on where it lies
        yield from ("-c:a", "copy", "-write_xing", "0", "-id3v2_version", "3", "-f", "mp3")
    elif format == "opus":
        yield from ("-c:a", "copy", "-f", "ogg")
    elif format == "flac":
        yield from ("-c:a", "flac", "-f", "flac")
    else:
        yield from ("-c:a", "pcm_s16le", "-rf64", "auto", "-f", "wav")


def _comments(format: FileFormat, label: _Label, cover: Path | None) -> Iterator[tuple[str, str]]:
    """What a format needs beyond the book's tags, and what ffmpeg leaves out or gets wrong: a cover in Ogg; chapters in FLAC,
    and in Ogg, where it is up to a second off."""
    if format == "m4b":
        yield "media_type", _MP4_AUDIOBOOK
    if format == "opus" and cover:
        yield "METADATA_BLOCK_PICTURE", base64.b64encode(_picture_block(cover)).decode()
    if format in ("opus", "flac"):
        for number, mark in enumerate(label.marks):
            yield f"CHAPTER{number:03}", _clock(mark.start_s)
            yield f"CHAPTER{number:03}NAME", mark.title


def _picture_block(cover: Path) -> bytes:
    """As RFC 9639 §8.8 has it; 3 is the front cover. Its size in pixels is left for the player to see."""
    image, kind = cover.read_bytes(), f"image/{cover.suffix[1:]}".encode()
    return struct.pack(">II", 3, len(kind)) + kind + struct.pack(">6I", 0, 0, 0, 0, 0, len(image)) + image


def _clock(time_s: float) -> str:
    minutes, ms = divmod(round(time_s * 1000), 60_000)
    return f"{minutes // 60:02}:{minutes % 60:02}:{ms // 1000:02}.{ms % 1000:03}"

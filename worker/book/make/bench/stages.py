"""The stages that are measured, each with what has to be there before it begins."""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

from worker.book.content import Metadata
from worker.book.make.acx import check_acx
from worker.book.make.audio_file import ChapterPart, write_book
from worker.book.make.chapter import MadeChapter, deliver, make_chapter
from worker.book.make.master import write_master
from worker.book.make.parts import PartFormat
from worker.book.make.preset import ACX, DEFAULT, NONE, Preset
from worker.book.make.tags import Edition
from worker.encode import read_lossless
from worker.join import Joiner
from worker.text.piece import Boundary
from worker.voices.seam import Pcm

_SEGMENTS_PER_CHAPTER = 60
_EDITION = Edition(Metadata(title="A Measured Book", authors=("Nobody",), language="en"))
_FORMATS: tuple[PartFormat, ...] = ("aac", "mp3", "opus", "flac")

Work = Callable[[], object]


@dataclass(frozen=True)
class Stage:
    """`begin` gets an empty folder, puts there what the stage needs, and returns the work that is measured."""

    name: str
    begin: Callable[[Path], Work]


def stages(segments: Sequence[Path]) -> Iterator[Stage]:
    yield Stage("join, measure loudness, write the master",
                lambda folder: lambda: write_master(_joined(segments), folder / "master.flac"))
    for format in _FORMATS:
        yield Stage(f"{format} from the master", _delivering(segments, format, NONE))
    yield Stage("mp3 as ACX wants it, and its report", _delivering(segments, "mp3", ACX))
    yield Stage("aac from the master, with gain and limiter", _delivering(segments, "aac", DEFAULT))
    yield Stage("ACX's limits, of an MP3", lambda folder: _checking(_mastered(segments, folder, "mp3")))
    yield Stage("m4b of one part", lambda folder: _containing(_mastered(segments, folder, "aac"), folder / "book.m4b"))
    yield Stage("whole path: segments to m4b", lambda folder: lambda: _whole(segments, folder))


def _joined(segments: Sequence[Path]) -> Iterator[Pcm]:
    return Joiner().join(_read(segments))


def _read(segments: Sequence[Path]) -> Iterator[tuple[Pcm, Boundary]]:
    for path in segments:
        with path.open("rb") as file:
            yield read_lossless(file), Boundary.SENTENCE


def _mastered(segments: Sequence[Path], folder: Path, *formats: PartFormat) -> MadeChapter:
    return make_chapter(_joined(segments), formats, NONE, folder)


def _delivering(segments: Sequence[Path], format: PartFormat, preset: Preset) -> Callable[[Path], Work]:
    def begin(folder: Path) -> Work:
        chapter = _mastered(segments, folder)
        return lambda: deliver(chapter.master, chapter.heard, (format,), preset, folder)
    return begin


def _checking(chapter: MadeChapter) -> Work:
    return lambda: check_acx(chapter.parts[0].path)


def _containing(chapter: MadeChapter, path: Path) -> Work:
    return lambda: write_book("m4b", [ChapterPart("All", chapter.parts[0])], _EDITION, path)


def _whole(segments: Sequence[Path], folder: Path) -> None:
    """As workers do it: chapter by chapter, then the container."""
    chapters = []
    for first in range(0, len(segments), _SEGMENTS_PER_CHAPTER):
        scratch = folder / f"{first}"
        scratch.mkdir()
        chapter = make_chapter(_joined(segments[first:first + _SEGMENTS_PER_CHAPTER]), ("aac",), DEFAULT, scratch)
        chapters.append(ChapterPart(f"From {first}", chapter.parts[0]))
    write_book("m4b", chapters, _EDITION, folder / "book.m4b")

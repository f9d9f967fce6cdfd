"""The finish step of a book: its chapters bound to one file of each format, with captions, a manifest and a report."""

import json
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

from speechmill.book import BookSpec, Contents, ListedChapter
from speechmill.errors import BlobMissing, SegmentMissing
from speechmill.job import Output, OutputFile
from speechmill.store import books, verbs
from speechmill.store.books import ChapterState
from worker.book.chapter_record import ChapterRecord
from worker.book.chapter_text import ChapterText
from worker.book.content import Cover, Metadata
from worker.book.files import fetch, keep, read
from worker.book.join_chapter import RECORD, file_formats
from worker.book.make.audio_file import PART_OF, AudioFile, ChapterPart, FileFormat, starts_s_of, write_book, write_chapter
from worker.book.make.captions import write_srt, write_vtt
from worker.book.make.cues import cues
from worker.book.make.manifest import write_manifest
from worker.book.make.read_along.book import ReadAlong, write_epub
from worker.book.make.spoken import SpokenChapter, SpokenSegment
from worker.book.make.tags import Edition, Track
from worker.leases import Lease
from worker.scratch import making
from worker.station import Station
from worker.voices.seam import SAMPLE_RATE_HZ


@dataclass(frozen=True)
class _Chapter:
    """A chapter that was made: the files in `folder`, and what is in them."""

    number: int
    title: str
    record: ChapterRecord
    spoken: SpokenChapter
    folder: Path


def bind(station: Station, lease: Lease) -> None:
    """Raises SegmentMissing, EncodingFailed, BlobsUnavailable, Stopped."""
    unit = lease.unit
    spec = BookSpec.model_validate(unit.spec)
    state = station.store.run(books.chapters(unit.job_id, unit.tenant))
    assert state
    assert state.contents
    edition = _edition(station, spec, state.contents)
    with making(station.scratch) as place:
        folder = Path(place)
        chapters = list(_chapters(station, lease, spec, state.contents, state.chapters, folder))
        made = [_whole(station, lease, edition, chapters, format, folder) for format in file_formats(spec.formats)
                if format in spec.formats]
        files: dict[str, OutputFile] = {audio.format: keep(station, lease, f"book.{audio.format}", audio.path) for audio in made}
        if "epub" in spec.formats:
            files |= {"epub": _epub(station, lease, edition, spec, chapters, folder)}
        files |= _beside(station, lease, edition, spec, chapters, made, folder)
    first = files[spec.formats[0]]
    n_samples = sum(chapter.record.n_samples for chapter in chapters)
    output = Output(key=first.key, bytes=first.bytes, sha256=first.sha256, content_type=first.content_type,
                    duration_seconds=round(made[0].duration_s if made else n_samples / SAMPLE_RATE_HZ, 3),
                    sample_rate=SAMPLE_RATE_HZ, files=files)
    station.ring(station.commit(lease, verbs.completed(unit, output, take=None, speak_ms=0)).bells)


def _edition(station: Station, spec: BookSpec, contents: Contents) -> Edition:
    cover = None
    if contents.cover_key:
        cover = Cover(read(station.blobs, contents.cover_key), f"image/{contents.cover_key.rpartition('.')[2]}")
    metadata = Metadata(title=contents.title, authors=contents.authors, language=contents.language,
                        publisher=contents.publisher, published=contents.published, description=contents.description,
                        identifier=contents.identifier, subjects=contents.subjects)
    return Edition(metadata, narrator=spec.voice, cover=cover)


def _chapters(station: Station, lease: Lease, spec: BookSpec, contents: Contents, states: Sequence[ChapterState],
              scratch: Path) -> Iterator[_Chapter]:
    parts = {f"part.{PART_OF[format]}" for format in file_formats(spec.formats)}
    listed = [chapter for chapter in contents.chapters if chapter.track]
    for chapter, state in zip(listed, states, strict=True):
        lease.check()
        folder = scratch / f"{chapter.track}"
        folder.mkdir()
        try:
            yield _fetched(station, chapter, state, parts, folder)
        except (BlobMissing, SegmentMissing):
            # A retry would only bind again, and miss it again.
            raise SegmentMissing(f"A file of chapter {chapter.number} is no longer kept. A new revision makes the chapter again, "
                                 f"from what was spoken: POST …/{lease.unit.job_id}/rerender.") from None


def _fetched(station: Station, chapter: ListedChapter, state: ChapterState, parts: set[str], folder: Path) -> _Chapter:
    assert state.output
    fetch(station.blobs, state.output.files, parts, folder)
    record = ChapterRecord.read(read(station.blobs, state.output.files[RECORD].key), folder)
    text = ChapterText.read(station.blobs, state.text_key).text
    segments = tuple(map(_segment, read(station.blobs, state.output.manifest_key).splitlines()))
    return _Chapter(chapter.number, chapter.title, record, SpokenChapter(chapter.title, text, segments), folder)


def _segment(line: bytes) -> SpokenSegment:
    told = json.loads(line)
    return SpokenSegment(told["start"], told["end"], told["start_seconds"], told["end_seconds"], told["speaker"],
                         tuple(told["flags"]))


def _whole(station: Station, lease: Lease, edition: Edition, chapters: Sequence[_Chapter], format: FileFormat,
           folder: Path) -> AudioFile:
    lease.check()
    with station.tracer.span("bind", "internal", lease.span.traceparent, format=format, chapters=len(chapters)):
        return write_book(format, [_part(chapter, format) for chapter in chapters], edition, folder / f"book.{format}")


def _part(chapter: _Chapter, format: FileFormat) -> ChapterPart:
    return ChapterPart(chapter.title, chapter.record.parts[f"part.{PART_OF[format]}"])


def _epub(station: Station, lease: Lease, edition: Edition, spec: BookSpec, chapters: Sequence[_Chapter],
          folder: Path) -> OutputFile:
    format: FileFormat = "m4b" if "m4b" in file_formats(spec.formats) else "mp3"
    read_along = []
    for track, chapter in enumerate(chapters, 1):
        lease.check()
        own = chapter.folder / f"own.{format}"
        audio = write_chapter(format, _part(chapter, format), Track(track, len(chapters)), edition, own)
        read_along.append(ReadAlong(chapter.spoken, audio))
    write_epub(edition, read_along, datetime.now(UTC), folder / "book.epub")
    return keep(station, lease, "book.epub", folder / "book.epub")


def _beside(station: Station, lease: Lease, edition: Edition, spec: BookSpec, chapters: Sequence[_Chapter],
            made: Sequence[AudioFile], folder: Path) -> dict[str, OutputFile]:
    """Captions of the first file, the manifest of all, and the report. Where there is but an EPUB, whose chapters are files of
    their own, captions are those of the file that these would make."""
    spoken = [chapter.spoken for chapter in chapters]
    format = file_formats(spec.formats)[0]
    starts_s = starts_s_of(format, [_part(chapter, format) for chapter in chapters])
    write_vtt(cues(spoken, starts_s), folder / "book.vtt", edition.metadata.language)
    write_srt(cues(spoken, starts_s), folder / "book.srt")
    files = {name: keep(station, lease, f"book.{name}", folder / f"book.{name}") for name in ("vtt", "srt")}
    write_manifest(edition, spoken, made, folder / "manifest.json")
    report = {"chapters": [{"number": chapter.number, "title": chapter.title,
                            "duration_seconds": round(chapter.record.n_samples / SAMPLE_RATE_HZ, 3),
                            **chapter.record.loudness} for chapter in chapters]}
    (folder / "report.json").write_text(json.dumps(report, ensure_ascii=False, indent=1), encoding="utf-8")
    return {**files, "manifest": keep(station, lease, "manifest.json", folder / "manifest.json"),
            "report": keep(station, lease, "report.json", folder / "report.json")}

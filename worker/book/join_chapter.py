"""The finish step of a chapter: its segments joined, as loud as is asked for, encoded, and its files left in storage."""

import json
import logging
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from speechmill.book import BookFormat, ChapterSpec
from speechmill.errors import BlobMissing, SegmentMissing
from speechmill.job import Output, OutputFile
from speechmill.store import verbs
from worker.accepted import Accepted, accepted_segments, sounds
from worker.book.chapter_record import ChapterRecord, chapter_key
from worker.book.chapter_text import ChapterText
from worker.book.content import Cover, Metadata
from worker.book.files import fetch, keep, read
from worker.book.make.audio_file import PART_OF, ChapterPart, FileFormat, write_chapter
from worker.book.make.chapter import make_chapter
from worker.book.make.parts import PartFormat
from worker.book.make.preset import PRESETS
from worker.book.make.tags import Edition, Track
from worker.join import Joiner, Span, spans_of
from worker.leases import Lease
from worker.scratch import making
from worker.station import Station
from worker.voices.seam import SAMPLE_RATE_HZ

log = logging.getLogger(__name__)

RECORD = "chapter.json"


@dataclass(frozen=True)
class _Chapter:
    """What is to be made."""

    spec: ChapterSpec
    segments: Sequence[Accepted]
    edition: Edition
    key: str


def join_chapter(station: Station, lease: Lease) -> None:
    """Memory holds seconds of sound, however long the chapter. Raises SegmentMissing, EncodingFailed, BlobsUnavailable,
    Stopped."""
    chapter = _chapter(station, lease)
    with making(station.scratch) as place:
        folder = Path(place)
        files = _as_before(station, lease, chapter, folder)
        log.info("chapter %d: %s", chapter.spec.number, "joined" if files is None else "as in the revision before")
        files = files or _made(station, lease, chapter, folder)
    spans = spans_of((segment.take["samples"], segment.boundary) for segment in chapter.segments)
    manifest = keep(station, lease, "segments.jsonl", _lines(station, lease, chapter.segments, spans))
    first = files[_own_name(file_formats(chapter.spec.formats)[0])]
    output = Output(key=first.key, bytes=first.bytes, sha256=first.sha256, content_type=first.content_type,
                    duration_seconds=round(spans[-1].end_s, 3), sample_rate=SAMPLE_RATE_HZ, manifest_key=manifest.key,
                    files=files)
    speak_ms = sum(segment.take["speak_ms"] for segment in chapter.segments)
    station.ring(station.commit(lease, verbs.completed(lease.unit, output, take=None, speak_ms=speak_ms)).bells)


def file_formats(formats: Sequence[BookFormat]) -> list[FileFormat]:
    """In which formats a chapter of such a book has a file: an EPUB brings its chapters as m4a or mp3."""
    found: list[FileFormat] = [format for format in formats if format != "epub"]
    if "epub" in formats and "m4b" not in found and "mp3" not in found:
        found.append("m4b")
    return found


def _chapter(station: Station, lease: Lease) -> _Chapter:
    spec = ChapterSpec.model_validate(lease.unit.spec)
    segments = accepted_segments(station, lease)
    cover = read(station.blobs, spec.cover_key) if spec.cover_key else b""
    edition = edition_of(spec, Metadata(title=spec.book_title, authors=(spec.book_author,) if spec.book_author else (),
                                        language=spec.language if spec.language != "auto" else ""), cover)
    return _Chapter(spec, segments, edition, chapter_key(spec, segments, cover))


def edition_of(spec: ChapterSpec, metadata: Metadata, cover: bytes) -> Edition:
    """What a book's files say of it."""
    picture = Cover(cover, f"image/{spec.cover_key.rpartition('.')[2]}") if cover else None
    return Edition(metadata, narrator=spec.voice, cover=picture)


def _made(station: Station, lease: Lease, chapter: _Chapter, folder: Path) -> dict[str, OutputFile]:
    formats = file_formats(chapter.spec.formats)
    part_formats: list[PartFormat] = list(dict.fromkeys(PART_OF[format] for format in formats))
    joiner = Joiner()
    with station.tracer.span("join", "internal", lease.span.traceparent, segments=len(chapter.segments)):
        made = make_chapter(joiner.join(sounds(station, lease, chapter.segments)), part_formats, PRESETS[chapter.spec.loudness],
                            folder)
    record = ChapterRecord.of(chapter.key, made)
    files = {}
    for format in formats:
        lease.check()
        part = record.parts[f"part.{PART_OF[format]}"]
        own = write_chapter(format, ChapterPart(chapter.spec.title, part), Track(chapter.spec.track, chapter.spec.tracks),
                            chapter.edition, folder / f"chapter.{_own_name(format)}")
        files[_own_name(format)] = keep(station, lease, own.path.name, own.path)
    for name, part in record.parts.items():
        files[name] = keep(station, lease, name, part.path)
    files[RECORD] = keep(station, lease, RECORD, record.content())
    return files


def _as_before(station: Station, lease: Lease, chapter: _Chapter, folder: Path) -> dict[str, OutputFile] | None:
    """The files of the revision before, where nothing of this chapter has changed since; None where something has, or they are
    no longer kept."""
    if not chapter.spec.previous:
        return None
    before = station.store.run(verbs.look(chapter.spec.previous, lease.unit.tenant))
    if before is None or before.output is None or RECORD not in before.output.files:
        return None
    try:
        record = json.loads(read(station.blobs, before.output.files[RECORD].key))
        if record["key"] != chapter.key:
            return None
        fetch(station.blobs, before.output.files, before.output.files, folder)
    except (BlobMissing, SegmentMissing):
        return None
    return {name: keep(station, lease, Path(file.key).name.partition(".")[2], folder / name)
            for name, file in before.output.files.items()}


def _own_name(format: FileFormat) -> str:
    return "m4a" if format == "m4b" else format


def _lines(station: Station, lease: Lease, segments: Sequence[Accepted], spans: Sequence[Span]) -> bytes:
    """One JSON line a segment: span, source text, and where in the chapter's master it lies."""
    text = ChapterText.read(station.blobs, lease.unit.input_key).text
    lines = bytearray()
    for segment, span in zip(segments, spans, strict=True):
        planned = segment.segment
        line = {"start": planned.start, "end": planned.end, "text": " ".join(text[planned.start:planned.end].split()),
                "start_seconds": round(span.start_s, 5), "end_seconds": round(span.end_s, 5), "speaker": planned.speaker,
                "flags": segment.take["flags"]}
        lines += json.dumps(line, ensure_ascii=False, separators=(",", ":")).encode() + b"\n"
    return bytes(lines)

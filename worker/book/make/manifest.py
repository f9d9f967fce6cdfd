"""The manifest: a finished book as JSON, for programs. Which text is spoken when, by whom, in which file."""

import json
from collections.abc import Mapping, Sequence
from dataclasses import asdict
from pathlib import Path

from worker.book.make.audio_file import AudioFile
from worker.book.make.spoken import SpokenChapter, SpokenSegment
from worker.book.make.tags import Edition

VERSION = 1


def write_manifest(edition: Edition, chapters: Sequence[SpokenChapter], books: Sequence[AudioFile], path: Path) -> None:
    """Times are seconds. A segment's are those of its chapter's master; in a file of the whole book it plays at
    `files[…].starts_s[chapter] + start_s`. `start` and `end` count Unicode characters in the chapter's text."""
    manifest = {
        "version": VERSION,
        "book": {**asdict(edition.metadata), "narrator": edition.narrator},
        "files": [{"name": book.path.name, "format": book.format, "bytes": book.n_bytes, "duration_s": _rounded(book.duration_s),
                   "starts_s": [_rounded(start_s) for start_s in book.starts_s], "notes": book.notes} for book in books],
        "chapters": [{"number": number, "title": chapter.title,
                      "segments": [_segment(chapter, segment) for segment in chapter.segments]}
                     for number, chapter in enumerate(chapters, 1)],
    }
    path.write_text(json.dumps(manifest, ensure_ascii=False, indent=1), encoding="utf-8")


def _segment(chapter: SpokenChapter, segment: SpokenSegment) -> Mapping[str, object]:
    return {"start": segment.start, "end": segment.end, "start_s": _rounded(segment.start_s), "end_s": _rounded(segment.end_s),
            "speaker": segment.speaker, "flags": segment.flags, "text": chapter.said(segment)}


def _rounded(time_s: float) -> float:
    """To ten microseconds: finer than a sample."""
    return round(time_s, 5)

"""A book as clients see it, in answers and in webhooks alike. Never its text; of its objects, only the results' addresses."""

from typing import Any

from speechmill.book import BookFormat, BookSpec, ListedChapter
from speechmill.job import Job, OutputFile, Status
from speechmill.store.books import BookState, ChapterState
from speechmill.view import Viewpoint, file_url, has_expired, times_view

BOOKS_PATH = "/v1/audio/books"

CHAPTER_FILES: dict[BookFormat, str] = {"m4b": "m4a", "mp3": "mp3", "opus": "opus", "flac": "flac", "wav": "wav"}
"""What a chapter can be downloaded as, by the format that was asked for of the whole."""
TEXTS = ("vtt", "srt", "manifest", "report")
"""What comes with every book, beside its formats."""
EXTENSIONS = {"manifest": "json", "report": "report.json"}
"""Of files that are not called as what they are."""

ENCODED_PER_S = 70.0
"""Seconds of sound that one core joins, measures and encodes in a second (docs/benchmarks.md has what was measured)."""
TITLE_CHARACTERS = 300
"""Of titles and names, which come from files that may hold anything."""


def book_view(book: Job, state: BookState, here: Viewpoint) -> dict[str, Any]:
    """The book object. May sign a URL for each file of its output, which for S3 takes a fraction of a millisecond each."""
    spec, contents, made = BookSpec.model_validate(book.spec), state.contents, state.chapters
    own = f"{here.base_url}{BOOKS_PATH}/{book.id}"
    return {
        "id": book.id,
        "object": "audio.book",
        "status": book.status.value,
        "progress": book.progress,
        "model": book.model,
        "voice": spec.reference.voice_id if spec.reference and spec.reference.voice_id else spec.voice,
        "language": spec.language,
        "title": _short((contents.title if contents else "") or spec.title),
        "authors": [_short(name) for name in (contents.authors if contents else (spec.author,)) if name],
        "formats": list(spec.formats),
        "loudness": spec.loudness,
        "dry_run": spec.dry_run,
        "revision": spec.revision,
        "revises": spec.revises or None,
        **times_view(book),
        "priority": book.klass.value,
        "waiting": book.waiting.model_dump() if book.waiting else None,
        "characters": contents.characters if contents else None,
        "words": contents.words if contents else None,
        "estimated_seconds": contents.seconds if contents else None,
        "eta_seconds": _eta_s(book, state),
        "segments": {"total": sum(chapter.segments for chapter in made), "completed": sum(chapter.completed for chapter in made),
                     "flagged": sum(chapter.flagged for chapter in made), "cached": sum(chapter.cached for chapter in made)},
        "cached_share": _cached_share(made),
        "retries": sum(max(0, attempts - 1) for attempts in (book.attempts, *(chapter.attempts for chapter in made))),
        "warnings": list(contents.warnings) if contents else [],
        "chapters": [chapter_view(book, listed, made_of(state, listed), here) for listed in contents.chapters]
                    if contents else [],
        "duration_seconds": book.output.duration_seconds if _has_output(book) and book.output else None,
        "output": _output(book, here),
        "error": book.error.model_dump() if book.error else None,
        "metadata": spec.metadata,
        "request_id": book.request_id,
        "urls": {"get": own, "cancel": f"{own}/cancel", "content": f"{own}/content", "rerender": f"{own}/rerender",
                 "events": f"{own}/events"},
    }


def chapter_view(book: Job, listed: ListedChapter, made: ChapterState | None, here: Viewpoint) -> dict[str, Any]:
    """A chapter as its book lists it. `made`: None where it is left out, or the book was only planned."""
    own = f"{here.base_url}{BOOKS_PATH}/{book.id}/chapters/{listed.number}"
    return {
        "number": listed.number,
        "title": _short(listed.title),
        "matter": listed.matter,
        "included": listed.track > 0,
        "reason": listed.reason or None,
        "source": listed.source or None,
        "status": made.status.value if made else None,
        "progress": made.progress if made else None,
        "words": listed.words,
        "characters": listed.characters,
        "segments": {"total": made.segments, "completed": made.completed, "flagged": made.flagged, "cached": made.cached}
                    if made else {"total": listed.segments or 0, "completed": 0, "flagged": 0, "cached": 0},
        "estimated_seconds": listed.seconds,
        "duration_seconds": made.output.duration_seconds if made and made.output else None,
        "files": {} if has_expired(book, here.now_s) else {name: f"{own}/content?format={name}" for name in chapter_files(made)},
        "segments_url": f"{own}/segments" if made else None,
        "error": made.error.model_dump() if made and made.error else None,
    }


def chapter_completed_view(book: Job, state: BookState, track: int, here: Viewpoint) -> dict[str, Any]:
    """What the event book.chapter.completed carries. `track`: which of the chapters that are made it is, from 1."""
    assert state.contents  # it was read, or it would have no chapters
    listed = next(listed for listed in state.contents.chapters if listed.track == track)
    return {"book": book.id, "title": _short(state.contents.title), "metadata": book.spec["metadata"],
            "chapter": chapter_view(book, listed, made_of(state, listed), here)}


def made_of(state: BookState, listed: ListedChapter) -> ChapterState | None:
    """How far a listed chapter is; None where it is not made."""
    return state.chapters[listed.track - 1] if 0 < listed.track <= len(state.chapters) else None


def chapter_files(made: ChapterState | None) -> dict[str, OutputFile]:
    """What can be downloaded of a chapter now, by name."""
    if not made or not made.output or made.status is not Status.COMPLETED:
        return {}
    return {name: file for name, file in made.output.files.items() if name in CHAPTER_FILES.values()}


def book_files(book: Job) -> dict[str, OutputFile]:
    """What can be downloaded of a book now, by name."""
    if not book.output or not _has_output(book):
        return {}
    wanted = (*CHAPTER_FILES, "epub", *TEXTS)
    return {name: book.output.files[name] for name in wanted if name in book.output.files}


def file_name(book_id: str, name: str, chapter: int | None = None) -> str:
    """What a file is saved as."""
    part = f"-{chapter:03}" if chapter else ""
    return f"{book_id}{part}.{EXTENSIONS.get(name, name)}"


def _has_output(book: Job) -> bool:
    return book.output is not None and book.status is Status.COMPLETED


def _output(book: Job, here: Viewpoint) -> dict[str, Any] | None:
    files = book_files(book)
    if not files:
        return None
    expired = has_expired(book, here.now_s)
    return {name: {
        "url": None if expired else file_url(file, file_name(book.id, name), here),
        "url_expires_at": None if expired else int(here.now_s) + here.url_ttl_s,
        "bytes": file.bytes,
        "sha256": file.sha256,
        "content_type": file.content_type,
    } for name, file in files.items()}


def _eta_s(book: Job, state: BookState) -> float | None:
    """Seconds to its end: what is left to speak at the rate of the last minutes, then what is left to join and encode, on one
    core. None where that rate is not known yet."""
    if book.status is not Status.IN_PROGRESS or not state.contents or not state.chapters:
        return None
    open_chapters = [(made, listed) for listed in state.contents.chapters
                     if (made := made_of(state, listed)) and made.status in (Status.QUEUED, Status.IN_PROGRESS)]
    left_characters = sum(made.characters * (100 - made.progress) / 100 for made, _ in open_chapters if made.progress < 99)
    left_to_encode_s = sum(listed.seconds for _, listed in open_chapters)
    if left_characters and not state.characters_per_s:
        return None
    speaking_s = left_characters / state.characters_per_s if left_characters else 0.0
    return round(speaking_s + left_to_encode_s / ENCODED_PER_S, 1)


def _cached_share(made: tuple[ChapterState, ...]) -> float | None:
    """Of the segments that are done, how many were found and not spoken."""
    completed = sum(chapter.completed for chapter in made)
    return round(sum(chapter.cached for chapter in made) / completed, 4) if completed else None


def _short(title: str) -> str:
    return title if len(title) <= TITLE_CHARACTERS else title[:TITLE_CHARACTERS - 1] + "…"

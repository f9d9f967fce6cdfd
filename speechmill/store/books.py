"""What can be done to books in the job store, beside what can be done to every job (verbs.py): see lua/parts.lua."""

import json
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from speechmill.book import ChapterSpec, Contents
from speechmill.job import JobError, Output, Phase, Status, Unit
from speechmill.store.scripts import SCRIPTS
from speechmill.store.verbs import Argument, Call, Verdict, read_bells


@dataclass(frozen=True)
class NewChapter:
    """A chapter to be made: what is asked of it, the object with its text, and how many characters that has."""

    spec: ChapterSpec
    text_key: str
    characters: int


@dataclass(frozen=True)
class ChapterState:
    """How far a chapter is. `cached` counts segments that were found and not spoken."""

    status: Status
    phase: Phase
    progress: int
    characters: int
    segments: int
    completed: int
    flagged: int
    cached: int
    attempts: int
    output: Output | None
    error: JobError | None
    text_key: str                 # the object with its text


@dataclass(frozen=True)
class BookState:
    """What is in a book, once it was read, and the state of the chapters that are made, in order. `characters_per_s` as of the
    last minutes; 0 where nothing was spoken yet."""

    contents: Contents | None
    characters_per_s: float
    chapters: tuple[ChapterState, ...]


def divided(unit: Unit, contents: Contents, chapters: Sequence[NewChapter], *, window: int) -> Call[Verdict]:
    """The book was read. `window` of its chapters may be spoken at once. Without chapters it was only to be planned."""
    characters = sum(chapter.characters for chapter in chapters)
    told: list[Argument] = []
    for chapter in chapters:
        told += chapter.spec.model_dump_json(), chapter.text_key, chapter.characters
    return Call(SCRIPTS["divided"], (unit.ref, unit.token, contents.model_dump_json(), window,
                                     characters or contents.characters, *told),
                lambda reply: Verdict(reply[0] == 1, read_bells(reply[1])))


def chapters(book_id: str, tenant: str) -> Call[BookState | None]:
    """None where there is no such book."""
    return Call(SCRIPTS["chapters"], (book_id, tenant), lambda reply: None if reply is None else _book(*reply))


def _book(contents: str, lately_chars: str, lately_ms: str, parts: Sequence[Sequence[Any]]) -> BookState:
    return BookState(Contents.model_validate_json(contents) if contents else None,
                     1000 * float(lately_chars) / float(lately_ms) if float(lately_ms) else 0.0,
                     tuple(_chapter(*fields) for fields in parts))


def _chapter(status: str, phase: str, progress: str, characters: str, segments: str, done: str, flagged: str,
             cached: str | None, attempts: str, output: str | None, error: str | None, text_key: str) -> ChapterState:
    return ChapterState(
        Status(status), Phase(phase), int(progress), int(characters), int(segments), int(done), int(flagged), int(cached or 0),
        int(attempts), Output.model_validate_json(output) if output else None,
        JobError.model_validate(json.loads(error)) if error else None, text_key)



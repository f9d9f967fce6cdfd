"""JSON with chapters → a book: `{"title", "authors", "language", "chapters": [{"title", "text", "include", "voice"}]}`."""

import json
from typing import Annotated

from pydantic import BaseModel, ConfigDict, Field, ValidationError

from worker.book.content import Book, Chapter, Metadata
from worker.book.errors import BookUnreadable
from worker.book.read.casting import NARRATOR, cast, without_tags
from worker.book.read.characters import clean, one_line
from worker.book.read.layout import laid_out, lines_are_paragraphs
from worker.book.read.limits import CHAPTERS, METADATA_CHARACTERS, SPEAKER_CHARACTERS, TITLE_CHARACTERS

_LEFT_OUT = "the client left it out"

_Words = Annotated[str, Field(max_length=METADATA_CHARACTERS)]


class _Strict(BaseModel):
    model_config = ConfigDict(extra="forbid", strict=True)


class _JsonChapter(_Strict):
    title: _Words = ""
    text: str
    include: bool = True
    voice: Annotated[str, Field(max_length=SPEAKER_CHARACTERS)] = ""


class _JsonBook(_Strict):
    chapters: Annotated[list[_JsonChapter], Field(min_length=1, max_length=CHAPTERS)]
    title: _Words = ""
    author: _Words = ""
    authors: list[_Words] = []
    language: _Words = ""
    publisher: _Words = ""
    published: _Words = ""
    description: _Words = ""
    identifier: _Words = ""
    subjects: list[_Words] = []


def read_json(text: str, warnings: list[str]) -> Book:
    """`text` as it was decoded. Raises BookUnreadable that names the field: `chapters[3].text`."""
    book = _parsed(text)
    chapters = tuple(_chapter(chapter, f"chapters[{at}]") for at, chapter in enumerate(book.chapters))
    if not any(chapter.include for chapter in chapters):
        raise BookUnreadable("chapters: every one of them has \"include\": false, so nothing is to be read.", "chapters")
    authors = [*book.authors, book.author]
    metadata = Metadata(one_line(book.title), tuple(filter(None, map(one_line, authors))), one_line(book.language),
                        one_line(book.publisher),
                        one_line(book.published), one_line(book.description), one_line(book.identifier),
                        tuple(filter(None, map(one_line, book.subjects))))
    return Book(metadata, chapters, warnings=tuple(warnings))


def _chapter(chapter: _JsonChapter, part: str) -> Chapter:
    voice = one_line(chapter.voice)
    text = clean(chapter.text)
    text = laid_out(text, lines_are_paragraphs=lines_are_paragraphs(text)).strip()
    spoken = cast(text, f"{part}.text", voice="" if voice.casefold() == NARRATOR else voice)
    if not spoken.text:
        raise BookUnreadable(f"{part}.text is empty. At least one word would be right, or no such chapter.", f"{part}.text")
    title = (without_tags(chapter.title) or one_line(spoken.text.split("\n", 1)[0]))[:TITLE_CHARACTERS]
    return Chapter(title, spoken.text, part, include=chapter.include, reason="" if chapter.include else _LEFT_OUT,
                   castings=spoken.castings)


def _parsed(text: str) -> _JsonBook:
    try:
        return _JsonBook.model_validate(json.loads(text))
    except json.JSONDecodeError as error:
        raise BookUnreadable(f"The file is no valid JSON: {error.msg} in line {error.lineno}, column {error.colno}.",
                             f"line {error.lineno}") from error
    except RecursionError as error:
        raise BookUnreadable("The JSON is nested too deep: a book has chapters, and chapters have fields.") from error
    except ValidationError as error:
        first = error.errors(include_url=False)[0]
        part = _path(first["loc"])
        raise BookUnreadable(f"{part or 'The JSON'}: {first['msg']}. Right would be "
                             '{"title": "…", "chapters": [{"title": "…", "text": "…"}]}.', part) from error
    except ValueError as error:     # an integer of thousands of digits
        raise BookUnreadable(f"The file is no valid JSON: {error}.") from error


def _path(location: tuple[int | str, ...]) -> str:
    """("chapters", 3, "text") → chapters[3].text"""
    return "".join(f"[{step}]" if isinstance(step, int) else f".{step}" for step in location).lstrip(".")

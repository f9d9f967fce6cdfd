"""What a client may ask for when a book is to be spoken, checked once, before anything is stored.

`parse_book` takes decoded JSON (or a form's fields) and returns a `ParsedBook`: the file to read, a `BookSpec` with everything
resolved, and an `Order` with what may be long. It raises InvalidRequest that names the field and says what would be right.
"""

import json
import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Annotated, Any

from pydantic import BaseModel, BeforeValidator, ConfigDict, Field, StrictBool, StrictStr, ValidationError

from speechmill.book import BookFormat, BookSpec, CastVoice, Loudness, Order, Source
from speechmill.book_cast import CastBodies, parse_cast
from speechmill.book_lexicon import parse_lexicon_field
from speechmill.catalogue import Catalogue
from speechmill.errors import InvalidRequest
from speechmill.job import JobClass
from speechmill.own_voice import NO_VOICES, Voices
from speechmill.request import BOOK_EVENTS, Limits, SpeechSpec, first_problem, parse_speech

MAX_CHAPTERS = 10_000

SPEECH_FIELDS = ("model", "voice", "instructions", "language", "seed", "ref_audio", "ref_text", "normalize", "lexicon_ids",
                 "metadata", "webhook", "expires_after", "deadline", "priority")
"""What a book's request has in common with other speech."""

_LACKING = {"response_format": 'say formats, as in ["m4b"]', "speed": "players have a speed of their own",
            "stream_format": "chapters can be downloaded as soon as they are done"}


def _split_commas(value: object) -> object:
    return [part.strip() for part in value.split(",")] if isinstance(value, str) else value


Formats = Annotated[list[BookFormat], BeforeValidator(_split_commas), Field(min_length=1)]


class ChapterBody(BaseModel):
    """A chapter that is sent as text."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    title: Annotated[StrictStr, Field(max_length=10_000)] = ""
    text: Annotated[StrictStr, Field(min_length=1)]
    include: StrictBool = True
    voice: Annotated[StrictStr, Field(max_length=64)] = ""


class BookBody(BaseModel):
    """The part of a request that a speech request does not have. None means "not given"."""

    model_config = ConfigDict(frozen=True, extra="ignore")

    input: Annotated[StrictStr | None, Field(description="The book as Markdown or plain text.")] = None
    chapters: Annotated[list[ChapterBody] | None, Field(
        min_length=1, max_length=MAX_CHAPTERS, description="Instead of input: the book chapter by chapter.")] = None
    title: Annotated[StrictStr | None, Field(max_length=1000, description="Instead of the file's own.")] = None
    author: Annotated[StrictStr | None, Field(max_length=1000, description="Instead of the file's own.")] = None
    include: Annotated[StrictStr | None, Field(max_length=10_000, description=(
        "Chapters to make, as in 2-5,7. If not given, all but front and back matter."))] = None
    cast: Annotated[CastBodies | None, Field(description="Who speaks what stands behind a tag [voice: label].")] = None
    lexicon: Annotated[Any, Field(description=(
        'How words are said: {"word": "as said"}, [{"grapheme", "alias", "language"}], or a table or PLS as text.'))] = None
    formats: Annotated[Formats | None, Field(description='Of the whole book; ["m4b"] if not given.')] = None
    loudness: Annotated[Loudness | None, Field(description="default: -19 LUFS; acx: ACX's limits; none: as spoken.")] = None
    dry_run: Annotated[StrictBool | None, Field(description="Only read the book and say what would be made.")] = None


@dataclass(frozen=True)
class BookFile:
    """The file to read, as it came, and its name, which helps to tell what it is."""

    name: str
    content: bytes


@dataclass(frozen=True)
class ParsedBook:
    """`file` is None where the request has a file apart (a form's). `recordings`: the files that references name, by SHA-256."""

    narrator: SpeechSpec
    languages: tuple[str, ...]
    body: BookBody
    cast: dict[str, CastVoice]
    order: Order
    file: BookFile | None
    recordings: dict[str, bytes]

    def spec(self, source: Source) -> BookSpec:
        body = self.body
        return BookSpec(
            **self.narrator.model_dump(), source=source, title=body.title or "", author=body.author or "",
            include=chapter_ranges(body.include or ""), cast=self.cast, formats=unique(body.formats or ["m4b"]),
            loudness=body.loudness or "default", dry_run=bool(body.dry_run), languages=self.languages)


def parse_book(body: object, catalogue: Catalogue, *, has_file: bool, voices: Voices = NO_VOICES) -> ParsedBook:
    """One request for a book, checked. `voices`: the tenant's own. Raises InvalidRequest, or NoCatalogue when no model is known
    yet; StoreUnavailable where `voices` does."""
    if not isinstance(body, dict):
        raise InvalidRequest("The body must be a JSON object, or a form with the book as file.", param="body")
    refuse_unknown(body, (*BookBody.model_fields, *SPEECH_FIELDS), "a book")
    refuse_half_characters(body)
    try:
        asked = BookBody.model_validate(body)
    except ValidationError as error:
        raise first_problem(error) from None
    narrator = parse_speech({**_speech_fields(body), "input": "A"}, catalogue, Limits(1), JobClass.BATCH, voices)
    chapter_ranges(asked.include or "")
    reference = narrator.spec.reference
    recordings = {reference.sha256: narrator.reference_audio} if reference and narrator.reference_audio else {}
    cast = parse_cast(asked.cast or {}, narrator.spec, catalogue, voices)
    order = parse_lexicon_field(asked.lexicon)
    return ParsedBook(narrator.spec, catalogue.model(narrator.spec.model).languages, asked, cast.voices, order,
                      _file(asked, body, has_file), {**recordings, **cast.recordings})


def chapter_ranges(text: str) -> tuple[tuple[int, int], ...]:
    """'2-5,7' → ((2, 5), (7, 7)). Raises InvalidRequest."""
    ranges = []
    for part in filter(None, (part.strip() for part in text.split(","))):
        match = re.fullmatch(r"([1-9][0-9]{0,4})(?:\s*-\s*([1-9][0-9]{0,4}))?", part, re.ASCII)
        first, last = (int(match[1]), int(match[2] or match[1])) if match else (0, 0)
        if not match or last < first:
            raise InvalidRequest(f"include must name chapters like 2-5,7, not {part[:40]!r}.", param="include")
        ranges.append((first, last))
    return tuple(ranges)


def unique(formats: list[BookFormat]) -> tuple[BookFormat, ...]:
    return tuple(dict.fromkeys(formats))


def refuse_unknown(body: Mapping[str, Any], known: tuple[str, ...], what: str) -> None:
    """A field that is misspelt would cost hours of speech before somebody notices. Raises InvalidRequest."""
    for field in body:
        if field in _LACKING:
            if body[field] is not None:
                raise InvalidRequest(f"A book has no {field}: {_LACKING[field]}.", param=field)
        elif field not in known:
            raise InvalidRequest(f"A request for {what} has no field {field[:80]!r}; it has {', '.join(sorted(known))}.",
                                 param=field[:80], code="unknown_field")


def refuse_half_characters(body: Mapping[str, Any]) -> None:
    """JSON can carry half of a surrogate pair; UTF-8, and so files, Redis and answers, cannot. Raises InvalidRequest."""
    for field, value in body.items():
        try:
            json.dumps(value, ensure_ascii=False).encode()
        except UnicodeEncodeError:
            raise InvalidRequest(f"{field} has half of a surrogate pair; send whole characters.", param=field) from None


def _speech_fields(body: Mapping[str, Any]) -> dict[str, Any]:
    fields = {name: body[name] for name in SPEECH_FIELDS if name in body}
    webhook = fields.get("webhook")
    if isinstance(webhook, dict) and "events" not in webhook:
        fields["webhook"] = {**webhook, "events": list(BOOK_EVENTS)}
    return fields


def _file(asked: BookBody, body: Mapping[str, Any], has_file: bool) -> BookFile | None:
    there = {"file": has_file, "input": asked.input is not None, "chapters": asked.chapters is not None}
    given = [name for name, is_there in there.items() if is_there]
    wanted = "Send the book as one of file (a form's), input (Markdown or plain text) and chapters"
    if not given:
        raise InvalidRequest(f"{wanted}.", param="file", code="missing_field")
    if len(given) > 1:
        raise InvalidRequest(f"{wanted}; there are {' and '.join(given)}.", param=given[-1])
    if asked.input is not None:
        if not asked.input.strip():
            raise InvalidRequest("input is empty; send the text of the book.", param="input", code="input_empty")
        return BookFile("book.md", asked.input.encode())
    if asked.chapters is not None:
        return BookFile("book.json", _chapters_file(asked, asked.chapters, body))
    return None


def _chapters_file(asked: BookBody, chapters: list[ChapterBody], body: Mapping[str, Any]) -> bytes:
    for number, chapter in enumerate(chapters):
        if not chapter.text.strip():
            raise InvalidRequest(f"chapters.{number}.text is empty; send its text, or no such chapter.",
                                 param=f"chapters.{number}.text", code="input_empty")
    if not any(chapter.include for chapter in chapters):
        raise InvalidRequest("Every one of chapters has include: false; nothing would be spoken.", param="chapters")
    told = {"title": asked.title or "", "author": asked.author or "", "language": str(body.get("language") or ""),
            "chapters": [chapter.model_dump() for chapter in chapters]}
    return json.dumps(told, ensure_ascii=False).encode()

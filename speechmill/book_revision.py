"""A new revision of a book: the old one's request, with what is to be otherwise. Only what changes is spoken again, for all else
is found under its content's hash."""

import secrets
import unicodedata
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Annotated, Any

from pydantic import BaseModel, ConfigDict, Field, StrictStr, ValidationError

from speechmill.book import BookSpec, Contents, Loudness, Order
from speechmill.book_cast import CastBodies, parse_cast
from speechmill.book_lexicon import parse_lexicon_field
from speechmill.book_request import Formats, chapter_ranges, refuse_half_characters, refuse_unknown, unique
from speechmill.catalogue import Catalogue
from speechmill.errors import InvalidRequest
from speechmill.job import JobClass
from speechmill.own_voice import NO_VOICES, Voices
from speechmill.request import LexiconName, Limits, Name, first_problem, is_speakable, parse_speech

_NARRATOR = ("voice", "instructions", "ref_audio", "ref_text")


class RerenderBody(BaseModel):
    """What is to be otherwise. None means "as it was"."""

    model_config = ConfigDict(frozen=True, extra="ignore")

    voice: Annotated[Name | None, Field(description="Of the narrator, as in a speech request.")] = None
    instructions: Annotated[StrictStr | None, Field(max_length=4096)] = None
    ref_audio: StrictStr | None = None
    ref_text: StrictStr | None = None
    cast: Annotated[CastBodies | None, Field(description="Labels that are not named keep their voice.")] = None
    lexicon: Annotated[Any, Field(description="Instead of the old one; {} for none.")] = None
    lexicon_ids: Annotated[list[LexiconName] | None, Field(max_length=4, description="Instead of the old ones.")] = None
    include: Annotated[StrictStr | None, Field(max_length=10_000)] = None
    formats: Formats | None = None
    loudness: Loudness | None = None
    edits: Annotated[dict[StrictStr, StrictStr | None] | None, Field(
        description="New text of chapters, by their number; null brings the book's own text back.")] = None


@dataclass(frozen=True)
class Made:
    """A book as it was asked for, and what is known of it."""

    id: str
    spec: BookSpec
    order: Order
    contents: Contents | None


@dataclass(frozen=True)
class Revision:
    """What is asked for now. `recordings`: the files that new references name, by SHA-256."""

    spec: BookSpec
    order: Order
    recordings: dict[str, bytes] = field(default_factory=dict)


@dataclass(frozen=True)
class Place:
    """A segment of a book: the chapter's number, from 1, and the segment's name (segment_names.py)."""

    chapter: int
    segment: str


def parse_rerender(body: object, made: Made, catalogue: Catalogue, voices: Voices = NO_VOICES) -> Revision:
    """`voices`: the tenant's own. Raises InvalidRequest that names the field, NoCatalogue."""
    if not isinstance(body, dict):
        raise InvalidRequest("The body must be a JSON object that says what is to be otherwise.", param="body")
    refuse_unknown(body, tuple(RerenderBody.model_fields), "a rerender")
    refuse_half_characters(body)
    try:
        asked = RerenderBody.model_validate(body)
    except ValidationError as error:
        raise first_problem(error) from None
    spec, recordings = _with_narrator(asked, made.spec, catalogue, voices)
    cast = parse_cast(asked.cast or {}, spec, catalogue, voices)
    lexicon = {} if asked.lexicon is None else parse_lexicon_field(asked.lexicon).model_dump(include={"lexicon", "lexicon_file"})
    return Revision(
        _next(made, spec).model_copy(update={
            "cast": {**spec.cast, **cast.voices},
            "include": spec.include if asked.include is None else _included(asked.include, made.contents),
            "lexicon_ids": spec.lexicon_ids if asked.lexicon_ids is None else tuple(asked.lexicon_ids),
            "formats": unique(asked.formats) if asked.formats else spec.formats,
            "loudness": asked.loudness or spec.loudness}),
        made.order.model_copy(update={**lexicon, "edits": _edits(asked.edits or {}, made)}),
        {**recordings, **cast.recordings})


def sounding_otherwise(made: Made, place: Place) -> Revision:
    """The same text and voice, but another take of one segment. Each call gives a take of its own."""
    again = {**made.order.again.get(place.chapter, {}), place.segment: secrets.randbelow(2**31 - 1) + 1}
    return Revision(_next(made, made.spec), made.order.model_copy(update={"again": {**made.order.again, place.chapter: again}}))


def _next(made: Made, spec: BookSpec) -> BookSpec:
    """A revision of a book that was only planned makes it."""
    return spec.model_copy(update={"revision": made.spec.revision + 1, "revises": made.id, "dry_run": False})


def _with_narrator(asked: RerenderBody, spec: BookSpec, catalogue: Catalogue,
                   voices: Voices) -> tuple[BookSpec, dict[str, bytes]]:
    given = {name: value for name in _NARRATOR if (value := getattr(asked, name)) is not None}
    if not given:
        return spec, {}
    fields = {"model": spec.model, "language": spec.language, "voice": spec.voice, "instructions": spec.instructions, **given}
    parsed = parse_speech({**fields, "input": "A"}, catalogue, Limits(1), JobClass.BATCH, voices)
    said = parsed.spec
    changes: dict[str, Any] = {"voice": said.voice, "instructions": said.instructions, "reference": said.reference}
    recordings = {said.reference.sha256: parsed.reference_audio} if said.reference and parsed.reference_audio else {}
    return spec.model_copy(update=changes), recordings


def _included(include: str, contents: Contents | None) -> tuple[tuple[int, int], ...]:
    ranges = chapter_ranges(include)
    for _, last in ranges:
        _refuse_missing_chapter(last, contents, "include")
    return ranges


def _edits(edits: Mapping[str, str | None], made: Made) -> dict[int, str]:
    merged = dict(made.order.edits)
    for key, text in edits.items():
        place = f"edits.{key}"
        if not (key.isascii() and key.isdecimal() and len(key) <= 6 and int(key) > 0):
            raise InvalidRequest(f"edits has {key[:40]!r}; name chapters by their number, as in {{\"3\": \"new text\"}}.",
                                 param="edits")
        _refuse_missing_chapter(int(key), made.contents, place)
        if text is None:
            merged.pop(int(key), None)
            continue
        if not any(map(is_speakable, text)):
            raise InvalidRequest(f"{place} has nothing that can be spoken; to leave a chapter out, name the others in include.",
                                 param=place, code="input_empty")
        merged[int(key)] = unicodedata.normalize("NFC", text)
    return merged


def _refuse_missing_chapter(number: int, contents: Contents | None, field: str) -> None:
    if contents and number > len(contents.chapters):
        raise InvalidRequest(f"{field} names chapter {number}; this book has {len(contents.chapters)}.", param=field)

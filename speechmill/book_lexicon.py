"""A request's lexicon, read as the worker will read it: what a worker could not read is refused before anything is stored."""

from collections.abc import Mapping, Sequence
from typing import Annotated, Any

from pydantic import BaseModel, ConfigDict, Field, StrictStr, ValidationError

from speechmill.book import Order
from speechmill.errors import InvalidRequest
from speechmill.lexicon.entry import entry as lexicon_entry
from speechmill.lexicon.parse import parse_lexicon
from speechmill.request import first_problem

MAX_ENTRIES = 20_000
MAX_FILE_CHARACTERS = 4_000_000
Word = Annotated[StrictStr, Field(min_length=1, max_length=80)]


class EntryBody(BaseModel):
    """How a word is said, in all languages or in one (a BCP 47 tag)."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    grapheme: Word
    alias: Word
    language: Annotated[StrictStr, Field(max_length=35)] | None = None


def parse_lexicon_field(value: Any) -> Order:
    """An order with that lexicon. Raises InvalidRequest that names the entry, or the line of a table or PLS."""
    if value is None:
        return Order()
    if isinstance(value, str):
        return Order(lexicon_file=_file(value) if value.strip() else "")
    if not isinstance(value, dict | list):
        raise InvalidRequest('lexicon must be an object like {"Nguyen": "win"}, an array of entries with grapheme and alias, or '
                             "a text that is a table or PLS.", param="lexicon")
    if len(value) > MAX_ENTRIES:
        raise InvalidRequest(f"lexicon has {len(value):,} entries; at most {MAX_ENTRIES:,} are taken.", param="lexicon")
    return Order(lexicon=_words(value) if isinstance(value, dict) else _entries(value))


def _file(text: str) -> str:
    if len(text) > MAX_FILE_CHARACTERS:
        raise InvalidRequest(f"lexicon has {len(text):,} characters; at most {MAX_FILE_CHARACTERS:,} are taken.", param="lexicon")
    if len(parse_lexicon(text, most=MAX_ENTRIES + 1)) > MAX_ENTRIES:
        raise InvalidRequest(f"lexicon has more than {MAX_ENTRIES:,} entries, and no more are taken.", param="lexicon")
    return text


def _words(words: Mapping[str, Any]) -> dict[str, str]:
    for grapheme, alias in words.items():
        _checked({"grapheme": grapheme, "alias": alias}, grapheme[:80])
    return dict(words)


def _entries(entries: Sequence[Any]) -> list[dict[str, Any]]:
    return [_checked(entry, str(n)).model_dump(exclude_none=True) for n, entry in enumerate(entries)]


def _checked(entry: Any, place: str) -> EntryBody:
    try:
        checked = EntryBody.model_validate(entry)
    except ValidationError as error:
        problem = first_problem(error)
        raise InvalidRequest(f"lexicon.{place}: {problem.message}", param=f"lexicon.{place}") from None
    try:
        lexicon_entry(checked.grapheme, checked.alias, checked.language, f"entry {place!r}")
    except InvalidRequest as error:
        raise InvalidRequest(error.message, param=f"lexicon.{place}") from None
    return checked

"""An entry of a lexicon: how a word or a phrase is said."""

import re
import unicodedata
from dataclasses import dataclass

from speechmill.errors import InvalidRequest

MOST_CHARACTERS = 80
"""Of a grapheme and of an alias each: what is spoken for an entry fits into one segment in every language."""


@dataclass(frozen=True, slots=True)
class Entry:
    """`grapheme` is said as `alias`. Written in lower case it stands for any case, with capitals for itself alone. `language`
    is a BCP 47 tag; empty: in all."""

    grapheme: str
    alias: str
    language: str = ""


def entry(grapheme: object, alias: object, language: object, place: str) -> Entry:
    """Checked, in NFC and with single spaces. Raises InvalidRequest, which names the `place` it stands at."""
    if language is not None and not (isinstance(language, str) and re.fullmatch(r"\s*[A-Za-z0-9-]{0,35}\s*", language)):
        raise refused(place, "its language must be a tag such as en or zh")
    return Entry(_words(grapheme, "grapheme", place), _words(alias, "alias", place), (language or "").strip().lower())


def refused(place: str, problem: str) -> InvalidRequest:
    return InvalidRequest(f"lexicon, {place}: {problem}.", param="lexicon")


def _words(value: object, field: str, place: str) -> str:
    if not isinstance(value, str):
        raise refused(place, f"its {field} must be a text")
    if any(unicodedata.category(character) in ("Cc", "Cs") and not character.isspace() for character in value):
        raise refused(place, f"its {field} has a control character or half of a surrogate pair")
    words = " ".join(unicodedata.normalize("NFC", value).split())
    if not any(map(str.isalnum, words)):
        raise refused(place, f"its {field} has no letter or digit; write {_WANTED[field]}")
    if len(words) > MOST_CHARACTERS:
        raise refused(place, f"its {field} has {len(words)} characters; at most {MOST_CHARACTERS} are taken")
    return words


_WANTED = {"grapheme": "the word as the text has it", "alias": "how it is said"}

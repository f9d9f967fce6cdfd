"""How a text is read: what the lexicon says of its words, then what its language's rules say of numbers, signs, abbreviations."""

from collections.abc import Sequence
from dataclasses import dataclass, field

from worker.text.language import guess_language
from worker.text.lexicon.lexicon import Lexicon
from worker.text.normalise.choose import rules_for
from worker.text.normalise.edit import Edit, applied, find_edits

_LANGUAGES = ("en", "am", "ar", "bn", "el", "gu", "hi", "hy", "ja", "kn", "ko", "ml", "my", "pa", "ru", "ta", "te", "zh")
_WITHOUT_LATIN = ("zh", "ja")


@dataclass(frozen=True)
class Reading:
    normalise: bool = True
    lexicon: Lexicon = field(default_factory=Lexicon)

    def edits(self, text: str, language: str, of_lexicon: Sequence[Edit]) -> list[Edit]:
        """All that is said otherwise in `text`, given what the lexicon has changed."""
        return find_edits(text, rules_for(language), of_lexicon) if self.normalise else [*of_lexicon]

    def said(self, text: str, language: str) -> str:
        """`text` as it is said; its whitespace as it stands. `language` is a BCP 47 tag, or "auto"."""
        language = language_of(text) if language == "auto" else language
        return applied(text, self.edits(text, language, self.lexicon.edits(text, language)))


AS_WRITTEN = Reading(normalise=False)


def language_of(text: str) -> str:
    """The language of a text whose client said "auto", as a BCP 47 tag."""
    return guess_language(text, _LANGUAGES, "en")


def language_within(text: str, whole: str) -> str:
    """That of a paragraph, where all of the text is in `whole`: a quotation in English reads its numbers in English."""
    language = guess_language(text, _LANGUAGES, whole)
    if language in _WITHOUT_LATIN and text.isascii() and any(map(str.isalpha, text)):
        return "en"
    return language

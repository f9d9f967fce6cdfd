"""How long a text takes to say: the shortest and the longest that can be right, and when to stop a voice that runs on."""

import unicodedata
from dataclasses import dataclass

from speechmill.request import has_cjk, is_speakable

# Of 260 takes by espeak-ng in 15 languages, the slowest came to 0.66 of the longest, the fastest to 1.7 times the shortest.
_REST_S = 3.0
"""Any text may last this long, and so much more for each of its characters: pauses, a breath, a word that is dwelt on."""
_LONGEST_LETTER_S = 0.15
"""Twice as slow as people read aloud."""
_LONGEST_LETTER_CJK_S = 0.5
_LONGEST_DIGIT_S = 1.0
"""A digit may be several words: "nine hundred million"."""
_LONGEST_SYMBOL_S = 2.5
"""The name of an emoji is a phrase."""
_SHORTEST_LETTER_S = 0.03
"""Thirty-three letters a second, twice as fast as anybody talks: faster than that, something was left out."""
_SHORTEST_LETTER_CJK_S = 0.05
_SHORTEST_DIGIT_S = 0.05
"""Ten of them may be "one billion"."""
_SILENCE_AROUND_S = 1.0
"""Voices begin with up to half a second of silence, and end with some."""


@dataclass(frozen=True)
class Letters:
    """What there is to say in a text, counted. Vowel signs of Indic scripts are letters too."""

    n_letters: int
    n_letters_cjk: int
    n_digits: int
    n_symbols: int

    @classmethod
    def of(cls, text: str) -> "Letters":
        kinds = [unicodedata.category(character)[0] for character in text]
        n_letters = kinds.count("L") + kinds.count("M")
        n_letters_cjk = sum(kind == "L" and has_cjk(character) for kind, character in zip(kinds, text, strict=True))
        n_digits = kinds.count("N")
        n_symbols = sum(kind not in "LMN" and is_speakable(character) for kind, character in zip(kinds, text, strict=True))
        return cls(n_letters - n_letters_cjk, n_letters_cjk, n_digits, n_symbols)


def shortest_speech_s(text: str) -> float:
    """A trimmed take of `text` that is shorter lacks something."""
    letters = Letters.of(text)
    return (_SHORTEST_LETTER_S * letters.n_letters + _SHORTEST_LETTER_CJK_S * letters.n_letters_cjk
            + _SHORTEST_DIGIT_S * letters.n_digits)


def longest_speech_s(text: str) -> float:
    """A trimmed take of `text` that is longer has something that the text has not."""
    letters = Letters.of(text)
    return (_REST_S + _LONGEST_LETTER_S * letters.n_letters + _LONGEST_LETTER_CJK_S * letters.n_letters_cjk
            + _LONGEST_DIGIT_S * letters.n_digits + _LONGEST_SYMBOL_S * letters.n_symbols)


def longest_s(text: str) -> float:
    """When to stop a voice that is still speaking `text`; silence around the speech included."""
    return longest_speech_s(text) + _SILENCE_AROUND_S

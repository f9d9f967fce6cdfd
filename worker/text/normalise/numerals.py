"""Numbers as they are written: what all languages share."""

import re
import unicodedata
from collections.abc import Callable
from fractions import Fraction

import regex  # type: ignore[import-untyped]

from worker.text.normalise.edit import TAKEN, Rule

MOST_DIGITS = 15
"""A whole number of more is read digit by digit: nobody counts in quadrillions, and int() itself refuses thousands of them."""

_ROMAN = re.compile(r"(?=[MDCLXVI])M{0,3}(?:CM|CD|D?C{0,3})(?:XC|XL|L?X{0,3})(?:IX|IV|V?I{0,3})")
_WORTH = {"M": 1000, "D": 500, "C": 100, "L": 50, "X": 10, "V": 5, "I": 1}


def digits_of(text: str) -> list[int]:
    """The worth of each decimal digit in `text`, whatever its script."""
    return [unicodedata.digit(character) for character in text if character.isdecimal()]


def is_read_digit_by_digit(whole: str) -> bool:
    """007 and what is too long to count."""
    return len(whole) > MOST_DIGITS or (len(whole) > 1 and unicodedata.digit(whole[0]) == 0)


def roman(text: str) -> int | None:
    """XIV → 14; None where `text` is no Roman numeral in its usual spelling."""
    if not _ROMAN.fullmatch(text):
        return None
    worths = [_WORTH[letter] for letter in text]
    return sum(-worth if worth < max(worths[n:]) else worth for n, worth in enumerate(worths))


def leftovers(number: Callable[[int], str], fraction: Callable[[int, int], str], *, minus: str, mixed: str) -> Rule:
    """The last rule: numbers of one character, such as ½ ² ④ Ⅳ. 〇 is a word of Chinese and stays. `mixed` stands between a
    number and the fraction behind it: 2½."""
    def say(match: re.Match[str]) -> str | None:
        worth = unicodedata.numeric(match[0], None)
        if worth is None or match[0] == "〇":
            return None
        exact = Fraction(abs(worth)).limit_denominator(1000)
        if exact.denominator == 1:
            return number(exact.numerator)
        behind_number = match.string[:match.start()].endswith(TAKEN)
        words = fraction(exact.numerator, exact.denominator)
        return f"{mixed if behind_number else minus if worth < 0 else ''}{words}"

    return Rule(regex.compile(r"[\p{No}\p{Nl}]"), say)

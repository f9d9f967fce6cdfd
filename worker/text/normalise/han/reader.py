"""Reads what the rules of Chinese and Japanese find, in the words of one of them."""

import re

from worker.text.normalise.han.numbers import digit_by_digit
from worker.text.normalise.han.words import Words
from worker.text.normalise.numerals import is_read_digit_by_digit, roman


class Reader:
    """Its calls take the match of the rule that bears their name (han/rules.py); None says that it is not what it seems."""

    def __init__(self, words: Words) -> None:
        self._words = words

    def whole(self, digits: str) -> str:
        digits = digits.replace(",", "")
        if is_read_digit_by_digit(digits):
            return digit_by_digit(digits, self._words.zero)
        return self._words.cardinal(int(digits))

    def number(self, text: str) -> str:
        """1,234.5 and the like."""
        before, point, after = text.replace("．", ".").partition(".")
        return self.whole(before) + (self._words.point + digit_by_digit(after, self._words.zero) if point else "")

    def signed(self, sign: str | None, text: str) -> str:
        words = self._words
        signs = {"+": words.positive, "＋": words.positive, "±": words.positive + words.minus}
        return (signs.get(sign, words.minus) if sign else "") + self.number(text)

    def roman(self, match: re.Match[str]) -> str | None:
        n = roman(match[1])
        return self._words.cardinal(n) if n else None

    def phone(self, match: re.Match[str]) -> str:
        plus = self._words.plus if match[0].startswith("+") else ""
        groups = [digit_by_digit(group, self._words.zero, self._words.phone_one) for group in re.findall(r"\d+", match[0])]
        return plus + self._words.phone_gap.join(groups)

    def date(self, match: re.Match[str]) -> str | None:
        month, day = int(match[3]), int(match[4])
        if not (1 <= month <= 12 and 1 <= day <= 31):
            return None
        return f"{self._words.year(match[1])}年{self._words.cardinal(month)}月{self._words.cardinal(day)}日"

    def time(self, match: re.Match[str]) -> str | None:
        hours, minutes, seconds = (int(group or 0) for group in match.groups())
        if hours > 24 or minutes > 59 or seconds > 59:
            return None
        words = self._words
        said = words.hour(hours)
        if minutes or seconds:
            said += (words.first_minutes if minutes < 10 else "") + words.cardinal(minutes) + words.minute
        return said + (words.cardinal(seconds) + words.second if seconds else "")

    def ratio(self, match: re.Match[str]) -> str:
        return self.whole(match[1]) + self._words.ratio + self.whole(match[2])

    def slashed(self, match: re.Match[str]) -> str | None:
        """3/4, but not 24/7."""
        top, bottom = match[1], match[2]
        if is_read_digit_by_digit(top) or is_read_digit_by_digit(bottom) or not 0 < int(top) < int(bottom):
            return None
        return self.fraction(int(top), int(bottom))

    def fraction(self, top: int, bottom: int) -> str:
        return f"{self._words.cardinal(bottom)}{self._words.parts_of}{self._words.cardinal(top)}"

    def money_first(self, match: re.Match[str]) -> str:
        return self.signed(match[1], _without_zeros(match[3])) + (match[4] or "") + self._words.currencies[match[2]]

    def money_last(self, match: re.Match[str]) -> str:
        return self.signed(match[1], _without_zeros(match[2])) + (match[3] or "") + self._words.currencies[match[4]]

    def percent_range(self, match: re.Match[str]) -> str:
        return self._share(match[4], self.signed(match[1], match[2]) + self._words.to + self.number(match[3]))

    def percent(self, match: re.Match[str]) -> str:
        return self._share(match[3], self.signed(match[1], match[2]))

    def _share(self, sign: str, number: str) -> str:
        return (self._words.per_mille if sign == "‰" else self._words.percent).format(number)

    def unit(self, match: re.Match[str]) -> str:
        return self.signed(match[1], match[2]) + self._words.units[match[3]]


def _without_zeros(amount: str) -> str:
    """3.50 → 3.5."""
    return amount.rstrip("0").rstrip(".") if "." in amount else amount

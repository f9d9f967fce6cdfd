"""English amounts of money: $3.50 → three dollars and fifty cents."""

import re
from dataclasses import dataclass

from worker.text.normalise.edit import Rule
from worker.text.normalise.english.numbers import cardinal, number


@dataclass(frozen=True)
class Currency:
    one: str
    many: str
    cent: str = ""
    cents: str = ""


_DOLLAR = Currency("dollar", "dollars", "cent", "cents")
_EURO = Currency("euro", "euros", "cent", "cents")
_POUND = Currency("pound", "pounds", "penny", "pence")
_YEN = Currency("yen", "yen")
_CURRENCIES = {
    "$": _DOLLAR, "US$": _DOLLAR, "USD": _DOLLAR, "€": _EURO, "EUR": _EURO, "£": _POUND, "GBP": _POUND, "¥": _YEN, "￥": _YEN,
    "JPY": _YEN, "A$": Currency("Australian dollar", "Australian dollars", "cent", "cents"),
    "C$": Currency("Canadian dollar", "Canadian dollars", "cent", "cents"),
    "HK$": Currency("Hong Kong dollar", "Hong Kong dollars", "cent", "cents"), "CHF": Currency("Swiss franc", "Swiss francs"),
    "CNY": Currency("yuan", "yuan"), "RMB": Currency("yuan", "yuan"), "₹": Currency("rupee", "rupees"),
    "₩": Currency("won", "won"), "₽": Currency("ruble", "rubles"), "₿": Currency("bitcoin", "bitcoins"),
}
_MAGNITUDES = {
    "k": "thousand", "m": "million", "mn": "million", "b": "billion", "bn": "billion", "t": "trillion", "tn": "trillion",
}
_NAME = "(" + "|".join(re.escape(name) for name in sorted(_CURRENCIES, key=len, reverse=True)) + ")"
_AMOUNT = r"(\d+(?:,\d{3})*(?:\.\d+)?)"
_MAGNITUDE = r"(?:[\s-]?(thousand|million|billion|trillion)\b|\s?(k|mn|m|bn|b|tn|t)\b)?"


def rules() -> tuple[Rule, ...]:
    return (
        Rule(re.compile(rf"(?<![A-Za-z]){_NAME}\s?{_AMOUNT}(?:\s?[-–—]\s?|\s+to\s+){_NAME}?{_AMOUNT}{_MAGNITUDE}(?![\d.,]*\d)",
                        re.IGNORECASE), _range),
        Rule(re.compile(rf"([-−]?)(?<![A-Za-z]){_NAME}\s?([-−]?){_AMOUNT}{_MAGNITUDE}", re.IGNORECASE), _symbol_first),
        Rule(re.compile(rf"(?<![\d.,]){_AMOUNT}{_MAGNITUDE}\s?{_NAME}(?![A-Za-z\d])", re.IGNORECASE), _symbol_last),
        Rule(re.compile(r"(?<![\d.,])(\d+)\s?¢"), lambda match: f"{number(match[1])} cent{'' if match[1] == '1' else 's'}"),
    )


def _range(match: re.Match[str]) -> str | None:
    currency = _currency(match[1])
    if currency is None:
        return None
    magnitude = _magnitude(match[5], match[6])
    return f"{number(match[2])} to {number(match[4])} {magnitude}{currency.many}"


def _symbol_first(match: re.Match[str]) -> str | None:
    minus = "minus " if match[1] or match[3] else ""
    currency = _currency(match[2])
    return minus + _said(match[4], _magnitude(match[5], match[6]), currency) if currency else None


def _symbol_last(match: re.Match[str]) -> str | None:
    currency = _currency(match[4])
    return _said(match[1], _magnitude(match[2], match[3]), currency) if currency else None


def _currency(name: str) -> Currency | None:
    """None for what is like a name only to a pattern that ignores case: to one, the sign of kelvin (U+212A) is the K of HK$."""
    return _CURRENCIES.get(name.upper())


def _magnitude(word: str | None, letter: str | None) -> str:
    if letter:
        return f"{_MAGNITUDES[letter.lower()]} "
    return f"{word.lower()} " if word else ""


def _said(amount: str, magnitude: str, currency: Currency) -> str:
    before, _, after = amount.partition(".")
    if magnitude or (after and (len(after) != 2 or not currency.cent)):
        return f"{number(amount)} {magnitude}{currency.many}"
    cents = int(after or 0)
    units = f"{number(before)} {currency.one if before == '1' else currency.many}"
    if not cents:
        return units
    coins = f"{cardinal(cents)} {currency.cent if cents == 1 else currency.cents}"
    return coins if not before.strip("0,") else f"{units} and {coins}"

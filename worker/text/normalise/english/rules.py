"""The rules of English, in the order in which they are tried."""

import re

from worker.text.normalise.addresses import addresses
from worker.text.normalise.edit import Rule
from worker.text.normalise.english import abbreviations, calendar, money, quantities, roman
from worker.text.normalise.english.numbers import cardinal, digit, fraction
from worker.text.normalise.numerals import leftovers

_IN_ADDRESSES = {".": "dot", "/": "slash", "@": "at", "-": "dash", "_": "underscore", ":": "colon", "?": "question mark",
                 "=": "equals", "&": "and", "%": "percent", "#": "hash", "+": "plus", "~": "tilde"}
_SIGNS = {"+": "plus", "=": "equals", "×": "times", "÷": "divided by", "±": "plus or minus", "<": "is less than",
          ">": "is greater than", "≤": "is at most", "≥": "is at least", "≠": "is not", "≈": "is about", "−": "minus"}


def rules() -> tuple[Rule, ...]:
    return (
        *addresses(_IN_ADDRESSES, digit),
        *roman.rules(),
        *money.rules(),
        *calendar.rules(),
        *abbreviations.rules(),
        *_signs(),
        *quantities.rules(),
        Rule(re.compile(r"²(?=\W|\Z)(?<=\w²)"), lambda _: " squared"),
        Rule(re.compile(r"³(?=\W|\Z)(?<=\w³)"), lambda _: " cubed"),
        leftovers(cardinal, fraction, minus="minus ", mixed=" and "),
    )


def _signs() -> tuple[Rule, ...]:
    operators = re.escape("".join(_SIGNS))
    return (
        Rule(re.compile(rf"(?<=[\w)] )[{operators}](?= [\w(.])|(?<=\d)[{operators}](?=\d)"), lambda match: _SIGNS[match[0]]),
        Rule(re.compile(r"(?<=[A-Za-z)])[=<>≤≥≠](?=\d)"), lambda match: f" {_SIGNS[match[0]]} "),
        Rule(re.compile(r"(?<=[\d)] )[-–](?= [\d(])"), lambda _: "minus"),
        Rule(re.compile(r"(?<=[A-Za-z])\+\+"), lambda _: " plus plus"),
        Rule(re.compile(r"[&＆]"), lambda _: "and"),
        Rule(re.compile(r"(?<!\d)(?<!\d\s)[%％]"), lambda _: "percent"),
        Rule(re.compile(r"(?<![\w)])#(?=[A-Za-z])"), lambda _: "hashtag"),
        Rule(re.compile(r"(?<!\w)@(?=\w)|(?<=\s)@(?=\s)"), lambda _: "at"),
    )

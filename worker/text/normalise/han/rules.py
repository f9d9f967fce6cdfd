"""The rules of Chinese and Japanese, in the order in which they are tried. Everything may be written in full width, too."""

import re
from collections.abc import Iterable, Sequence

from worker.text.normalise.addresses import addresses
from worker.text.normalise.edit import TAKEN, Rule
from worker.text.normalise.han.numbers import digit_by_digit
from worker.text.normalise.han.reader import Reader
from worker.text.normalise.han.words import Words
from worker.text.normalise.numerals import leftovers

_NUMBER = r"(\d+(?:,\d{3})+(?!\d)(?:[.．]\d+)?|\d+(?:[.．]\d+)?)"
_START = r"(?<![\d.．])"
_SIGN = r"((?<![A-Za-z\d)）])[-−－+＋±])?"
_DASHES = r"[-–—~～〜－]"
_END = r"(?![\d]|[.．:：/]\d)"
_COUNTED_PARTS = "章节節回卷巻部幕话話篇集册冊期届屆季编編世代次"
_CLOSED = "年月日号號时時点點分秒岁歲元円度期章天周週页頁%％"
_MAGNITUDE = "([百千万萬亿億兆]+)?"
_PHONE = re.compile(
    r"(?<![A-Za-z\d.+-])(?:\+\d{1,3}[ -]?\d{1,4}(?:[ -]?\d{3,4}){1,3}|1[3-9]\d{9}|0\d{1,3}-\d{3,4} ?\d{4}"
    r"|0\d{1,4}-\d{1,4}-\d{3,4}|\d{3}-\d{3,4}-\d{4}|(?<=〒)\d{3}-\d{4}|\d+(?:-\d+){2,})(?![\d-])")


def rules_of(words: Words, own: Sequence[Rule] = ()) -> tuple[Rule, ...]:
    """`own` are rules that one language alone has; they come before all numbers."""
    reader = Reader(words)
    return (
        *addresses(words.in_addresses, lambda n: digit_by_digit(str(n), words.zero)),
        Rule(re.compile(rf"第\s?([IVXLC]+)\s?(?=[{_COUNTED_PARTS}])"), reader.roman, group=1),
        *own,
        *_dates(words, reader),
        Rule(_PHONE, reader.phone),
        *_amounts(words, reader),
        *_signs(words),
        Rule(re.compile(r"(?<![\d.])\d+(?:\.\d+){2,}"), lambda match: words.point.join(map(reader.whole, match[0].split(".")))),
        Rule(re.compile(rf"{_START}{_SIGN}{_NUMBER}"), lambda match: reader.signed(match[1], match[2])),
        Rule(re.compile(r"\d+"), lambda match: reader.whole(match[0])),
        Rule(re.compile(r"[&＆%％]"), lambda match: words.signs[_half_width(match[0])]),
        leftovers(words.cardinal, reader.fraction, minus=words.minus, mixed=words.mixed),
    )


def _dates(words: Words, reader: Reader) -> tuple[Rule, ...]:
    return (
        Rule(re.compile(rf"{_START}(\d{{4}})([-/.－／．])(\d{{1,2}})\2(\d{{1,2}}){_END}"), reader.date),
        Rule(re.compile(rf"(?:(?<=[{_CLOSED}])|(?<=\d:\d\d)){_DASHES}(?=\d)|(?<=\d{{4}}){_DASHES}(?=\d{{4}}\s?年)"),
             lambda _: words.to),
        Rule(re.compile(rf"{_START}(\d{{4}})(?=(?:{TAKEN}\d{{4}})?\s?年(?![间間前後后多半以内內]))"),
             lambda match: words.year(match[1])),
        Rule(re.compile(rf"{_START}(\d{{3}}0)s(?![A-Za-z])"), lambda match: f"{words.year(match[1])}年代"),
        Rule(re.compile(rf"{_START}(\d{{1,2}})[:：](\d\d)(?:[:：](\d\d))?{_END}"), reader.time),
        Rule(re.compile(rf"{_START}(\d+)\s?[:：]\s?(\d+){_END}"), reader.ratio),
    )


def _amounts(words: Words, reader: Reader) -> tuple[Rule, ...]:
    currencies, units = _any_of(words.currencies), _any_of(words.units)
    return (
        Rule(re.compile(rf"{_START}(\d+)\s?[/／⁄]\s?(\d+){_END}"), reader.slashed),
        Rule(re.compile(r"(?<![A-Za-z])(?:[Nn][Oo][.．]?|№|[#＃])\s?(\d+)"),
             lambda match: words.serial.format(reader.whole(match[1]))),
        Rule(re.compile(rf"{_START}(\d+)(?:st|nd|rd|th)(?![A-Za-z])"), lambda match: f"第{reader.whole(match[1])}"),
        Rule(re.compile(rf"{_SIGN}(?<![A-Za-z])({currencies})\s?{_NUMBER}{_MAGNITUDE}"), reader.money_first),
        Rule(re.compile(rf"{_START}{_SIGN}{_NUMBER}{_MAGNITUDE}\s?({currencies})(?![A-Za-z])"), reader.money_last),
        Rule(re.compile(rf"{_START}{_SIGN}{_NUMBER}[%％‰]?\s?{_DASHES}\s?{_NUMBER}([%％‰])"), reader.percent_range),
        Rule(re.compile(rf"{_START}{_SIGN}{_NUMBER}\s?([%％‰])"), reader.percent),
        Rule(re.compile(rf"{_START}{_SIGN}{_NUMBER}{_DASHES}(?={_NUMBER}(?![-\d]))"),
             lambda match: reader.signed(match[1], match[2]) + words.to),
        Rule(re.compile(rf"{_START}{_SIGN}{_NUMBER}\s?({units})(?![A-Za-z\d])"), reader.unit),
        Rule(re.compile(r"(?<=\d)\s?[x×＊*]\s?(?=\d)"), lambda _: words.by),
    )


def _signs(words: Words) -> tuple[Rule, ...]:
    return (
        Rule(re.compile(rf"(?<=[\d{TAKEN}])\s?([+＋=＝÷])\s?(?=[-\d])"), lambda match: words.signs[_half_width(match[1])]),
        Rule(re.compile(r"(?<=\s)[+＋=＝÷](?=\s)"), lambda match: words.signs[_half_width(match[0])]),
    )


def _half_width(sign: str) -> str:
    return chr(ord(sign) - 0xFEE0) if "！" <= sign <= "～" else sign


def _any_of(names: Iterable[str]) -> str:
    return "|".join(re.escape(name) for name in sorted(names, key=len, reverse=True))

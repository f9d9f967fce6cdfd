"""English dates, years, decades and times of day."""

import re

from worker.text.normalise.edit import Rule
from worker.text.normalise.english.numbers import cardinal, looks_like_a_year, ordinal, plural, whole, year

_MONTHS = ("January", "February", "March", "April", "May", "June", "July", "August", "September", "October", "November",
           "December")
_NAMES = {name[:n]: name for name in _MONTHS for n in (3, len(name))} | {"Sept": "September"}
_MONTH = "(" + "|".join(sorted(_NAMES, key=len, reverse=True)) + r")\b\.?"
_DAY = r"(\d{1,2})(?:st|nd|rd|th)?"
_YEAR = r"(?:,?\s+(\d{4}))?"
_END = r"(?![\w/]|[.,:-]\d)"
_START = r"(?<![\w/$€£¥#.,:-])"
_DASH = r"\s?[-–—]\s?"
_HALF = r"\s?([ap])\.?\s?m\b\.?(?!\w)"


def rules() -> tuple[Rule, ...]:
    return (
        Rule(re.compile(r"(?:(?<=:\d\d)|(?<=\d[ap]m))\s?[-–—]\s?(?=\d{1,2}(?::\d\d|\s?[ap]m))"), lambda _: " to "),
        Rule(re.compile(rf"{_START}(\d{{4}})[-/.](\d{{1,2}})[-/.](\d{{1,2}}){_END}"), _iso),
        Rule(re.compile(rf"{_START}(\d{{1,2}})([/.])(\d{{1,2}})\2(\d{{4}}){_END}"), _numeric),
        Rule(re.compile(rf"\b{_MONTH}\s+{_DAY}{_DASH}{_DAY}{_YEAR}{_END}"), _days),
        Rule(re.compile(rf"\b{_MONTH}\s+{_DAY}{_YEAR}{_END}"), _month_first),
        Rule(re.compile(rf"{_START}{_DAY}\s+{_MONTH}{_YEAR}{_END}"), _day_first),
        Rule(re.compile(rf"{_START}(\d{{1,2}})[:：.](\d\d)(?:[:：](\d\d))?{_HALF}", re.IGNORECASE), _time),
        Rule(re.compile(rf"{_START}(\d{{1,2}})[:：](\d\d)(?:[:：](\d\d))?{_END}"), _time_of_24_hours),
        Rule(re.compile(rf"{_START}(\d{{1,2}}){_HALF}", re.IGNORECASE), _hour),
        Rule(re.compile(rf"{_START}(\d{{4}}){_DASH}(\d{{4}}|\d\d){_END}"), _years),
        Rule(re.compile(r"(?<![\w.,])['’‘]?(\d{2}|\d{4})['’]?s\b"), _decade),
        Rule(re.compile(rf"(?<!\w)['’‘](\d\d){_END}"), lambda match: _two_digits(match[1])),
    )


def _iso(match: re.Match[str]) -> str | None:
    return _date(int(match[2]), int(match[3]), match[1])


def _numeric(match: re.Match[str]) -> str | None:
    """The month first, as Americans have it, unless it can't be; with dots, the day."""
    first, second = int(match[1]), int(match[3])
    if first > 12 or match[2] == ".":
        first, second = second, first
    return _date(first, second, match[4])


def _date(month: int, day: int, of_year: str) -> str | None:
    if not (1 <= month <= 12 and 1 <= day <= 31):
        return None
    return f"{_MONTHS[month - 1]} {ordinal(day)}, {_said_year(of_year)}"


def _days(match: re.Match[str]) -> str | None:
    first, last = int(match[2]), int(match[3])
    if not 1 <= first <= 31 or not 1 <= last <= 31:
        return None
    return f"{_NAMES[match[1]]} {ordinal(first)} to {ordinal(last)}{_with_comma(match[4])}"


def _month_first(match: re.Match[str]) -> str | None:
    day = int(match[2])
    return f"{_NAMES[match[1]]} {ordinal(day)}{_with_comma(match[3])}" if 1 <= day <= 31 else None


def _day_first(match: re.Match[str]) -> str | None:
    """The fifth of January, after whose dot, if it ends the sentence, comes nothing."""
    day = int(match[1])
    if not 1 <= day <= 31:
        return None
    the = "" if re.search(r"\b[Tt]he\s+\Z", match.string[:match.start()]) else "the "
    dot = "." if match[0].endswith(".") and _NAMES[match[2]] == match[2] else ""
    return f"{the}{ordinal(day)} of {_NAMES[match[2]]}{_with_comma(match[3])}{dot}"


def _with_comma(of_year: str | None) -> str:
    return f", {_said_year(of_year)}" if of_year else ""


def _said_year(digits: str) -> str:
    return year(int(digits)) if int(digits) >= 1000 else whole(digits)


def _time(match: re.Match[str]) -> str | None:
    said = _clock(match[1], match[2], match[3], whole_hour="")
    return f"{said} {match[4].lower()}.m." if said and int(match[1]) <= 12 else None


def _time_of_24_hours(match: re.Match[str]) -> str | None:
    return _clock(match[1], match[2], match[3], whole_hour=" o'clock" if int(match[1]) <= 12 else " hundred hours")


def _clock(hours: str, minutes: str, seconds: str | None, whole_hour: str) -> str | None:
    if int(hours) > 24 or int(minutes) > 59:
        return None
    said = cardinal(int(hours))
    if int(minutes):
        said += f" {_two_digits(minutes)}"
    elif not seconds:
        said += whole_hour
    return f"{said} and {cardinal(int(seconds))} second{'' if int(seconds) == 1 else 's'}" if seconds else said


def _hour(match: re.Match[str]) -> str | None:
    return f"{cardinal(int(match[1]))} {match[2].lower()}.m." if 1 <= int(match[1]) <= 12 else None


def _years(match: re.Match[str]) -> str | None:
    """1914–1918, 1939-45."""
    first, last = match[1], match[2]
    if not looks_like_a_year(first) or (len(last) == 4 and not looks_like_a_year(last)):
        return None
    if len(last) == 2:
        return f"{year(int(first))} to {_two_digits(last)}" if int(last) > int(first[2:]) else None
    return f"{year(int(first))} to {year(int(last))}"


def _decade(match: re.Match[str]) -> str | None:
    n = int(match[1])
    if len(match[1]) == 2:
        return plural(cardinal(n)) if n % 10 == 0 and n else None
    return plural(year(n)) if n >= 1000 and n % 10 == 0 else None


def _two_digits(digits: str) -> str:
    return f"{'oh ' if int(digits) < 10 else ''}{cardinal(int(digits))}"

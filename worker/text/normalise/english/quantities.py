"""English numbers with what stands beside them: ordinals, percent, units, fractions, ranges, phone numbers."""

import re

from worker.text.normalise.edit import Rule
from worker.text.normalise.english.numbers import (
    digit_by_digit,
    fraction,
    looks_like_a_year,
    number,
    ordinal,
    plural,
    whole,
    year,
)
from worker.text.normalise.numerals import is_read_digit_by_digit

_UNITS = {
    "km": "kilometer", "m": "meter", "cm": "centimeter", "mm": "millimeter", "µm": "micrometer", "μm": "micrometer",
    "nm": "nanometer", "mi": "mile", "yd": "yard", "kg": "kilogram", "g": "gram", "mg": "milligram", "lb": "pound",
    "lbs": "pound", "oz": "ounce", "l": "liter", "L": "liter", "ml": "milliliter", "mL": "milliliter", "cl": "centiliter",
    "ha": "hectare", "km²": "square kilometer", "m²": "square meter", "cm²": "square centimeter", "km2": "square kilometer",
    "m2": "square meter", "m³": "cubic meter", "m3": "cubic meter", "cm³": "cubic centimeter", "h": "hour", "hr": "hour",
    "hrs": "hour", "min": "minute", "mins": "minute", "sec": "second", "secs": "second", "ms": "millisecond", "W": "watt",
    "kW": "kilowatt", "MW": "megawatt", "GW": "gigawatt", "V": "volt", "kV": "kilovolt", "J": "joule", "kJ": "kilojoule",
    "KB": "kilobyte", "kB": "kilobyte", "MB": "megabyte", "GB": "gigabyte", "TB": "terabyte",
    "px": "pixel", "dB": "decibel", "kcal": "kilocalorie", "cal": "calorie", "Ω": "ohm", "°": "degree",
    "mAh": "milliampere hour", "kWh": "kilowatt hour",
}
_FIXED_UNITS = {
    "km/h": "kilometers per hour", "kph": "kilometers per hour", "mph": "miles per hour", "m/s": "meters per second",
    "ft": "feet", "sq ft": "square feet", "Hz": "hertz", "kHz": "kilohertz", "MHz": "megahertz", "GHz": "gigahertz",
    "rpm": "revolutions per minute", "bpm": "beats per minute", "fps": "frames per second", "Mbps": "megabits per second",
    "°N": "degrees north", "°S": "degrees south", "°E": "degrees east", "°W": "degrees west", "°C": "degrees Celsius",
    "°F": "degrees Fahrenheit", "℃": "degrees Celsius", "℉": "degrees Fahrenheit", "%": "percent", "％": "percent",
    "‰": "per mille",
}
_DOTTED_UNITS = frozenset(("oz", "lb", "lbs", "min", "mins", "hr", "hrs", "sec", "secs", "ft", "mi", "yd"))
_END_OF_SENTENCE = re.compile(r"[\"'”’)\]]*(?:\s*\Z|\s+[\"“‘(]?[A-Z])")
_UNIT = "(" + "|".join(re.escape(unit) for unit in sorted([*_UNITS, *_FIXED_UNITS], key=len, reverse=True)) + r")(?![\w/²³])\.?"
_NUMBER = r"(\d{1,3}(?:,\d{2,3})*,\d{3}(?:\.\d+)?|\d+(?:[.．]\d+)?|\.\d+)"
_START = r"(?<![\w.,])"
_SIGN = r"((?:(?<=\s)|(?<=\A)|(?<=[(“\"]))[-−+±])?"
_DASH = r"\s?[-–—~～]\s?"
_HALVES = {"½": (1, 2), "⅓": (1, 3), "⅔": (2, 3), "¼": (1, 4), "¾": (3, 4), "⅛": (1, 8), "⅜": (3, 8), "⅝": (5, 8), "⅞": (7, 8),
           "⅕": (1, 5), "⅖": (2, 5), "⅗": (3, 5), "⅘": (4, 5), "⅙": (1, 6), "⅚": (5, 6)}
_SIGNS = {"-": "minus ", "−": "minus ", "+": "plus ", "±": "plus or minus "}
_BIBLE = (
    "Genesis|Exodus|Leviticus|Numbers|Deuteronomy|Joshua|Judges|Ruth|Samuel|Kings|Chronicles|Ezra|Nehemiah|Esther|Job|Psalms?|"
    "Proverbs|Ecclesiastes|Isaiah|Jeremiah|Lamentations|Ezekiel|Daniel|Hosea|Joel|Amos|Obadiah|Jonah|Micah|Nahum|Habakkuk|"
    "Zephaniah|Haggai|Zechariah|Malachi|Matthew|Mark|Luke|John|Acts|Romans|Corinthians|Galatians|Ephesians|Philippians|"
    "Colossians|Thessalonians|Timothy|Titus|Philemon|Hebrews|James|Peter|Jude|Revelation|Gen|Exod|Ps|Matt|Cor|Rev")
_FAMOUS = {"24/7": "twenty-four seven", "9/11": "nine eleven", "50/50": "fifty-fifty"}
_PHONE = re.compile(
    r"(?<![\w.,/-])(?:(?:\+\d{1,3}[ .-]?)?\(\d{2,5}\)[ .-]?\d{3,4}[ .-]?\d{3,4}|\+\d{1,3}(?:[ .-]?\d{2,5}){2,5}"
    r"|(?:1-)?\d{3}[-.]\d{3}[-.]\d{4}|\d{3}-\d{4}|\d+(?:-\d+){2,})(?![\w-]|[.,]\d)")


def rules() -> tuple[Rule, ...]:
    return (
        Rule(_PHONE, _phone),
        Rule(re.compile(r"(?<![\w.])\d+(?:\.\d+){2,}(?![\w])"), _dotted),
        Rule(re.compile(rf"{_START}(\d+(?:,\d{{3}})*)(?:st|nd|rd|th)\b"), _ordinal),
        Rule(re.compile(r"(?<=[%％°])\s?[-–—]\s?(?=\d)"), lambda _: " to "),
        Rule(re.compile(rf"{_START}(\d)['’′](\d\d?)(?:[\"”″]|'')"),
             lambda match: f"{number(match[1])} foot {number(match[2])}"),
        Rule(re.compile(rf"{_START}{_SIGN}{_NUMBER}{_DASH}{_NUMBER}[\s-]?{_UNIT}"), _range_of_units),
        Rule(re.compile(rf"{_START}{_SIGN}{_NUMBER}[\s-]?{_UNIT}"), _with_unit),
        Rule(re.compile(rf"{_START}{_NUMBER}\ss(?![\w'’])"), lambda match: f"{number(match[1])} second{'s' * (match[1] != '1')}"),
        Rule(re.compile(rf"(?:{_START}(\d+))?\s?([{''.join(_HALVES)}])"), _vulgar),
        Rule(re.compile(rf"{_START}(?:(\d+)[\s-])?(\d{{1,3}})[/⁄](\d{{1,3}})(?:ths?)?(?![\w/⁄]|[.,]\d)"), _slashed),
        Rule(re.compile(rf"{_START}{_NUMBER}\s?[x×]\s?{_NUMBER}(?!\w)"), _by),
        Rule(re.compile(rf"\b(?:{_BIBLE})\.? (\d{{1,3}}):(\d{{1,3}})(?:[-–](\d{{1,3}}))?(?![\w:])"), _verses),
        Rule(re.compile(rf"{_START}(\d{{1,3}}):(\d{{1,3}})(?![\w:])"), _range),
        Rule(re.compile(r"(?<=\d)x(?!\w)"), lambda _: " times"),
        Rule(re.compile(r"(?<=\w)\^(?=[-−]?\d)"), lambda _: " to the power of "),
        Rule(re.compile(rf"{_START}{_NUMBER}(?:[-–—~～]){_NUMBER}(?![\w-]|[.,]\d)"), _range),
        Rule(re.compile(r"(?<![\d.,])(\d{1,4})s\b"), lambda match: plural(number(match[1]))),
        Rule(re.compile(rf"{_START}{_SIGN}{_NUMBER}"), _signed),
        Rule(re.compile(r"\d+"), lambda match: _bare_number(match[0])),  # what is left: behind a dot, inside a word
    )


def _phone(match: re.Match[str]) -> str:
    plus = "plus " if match[0].startswith("+") else ""
    return plus + ", ".join(digit_by_digit(group) for group in re.findall(r"\d+", match[0]))


def _dotted(match: re.Match[str]) -> str:
    """Versions, sections and addresses: 3.11.2."""
    return " point ".join(map(whole, match[0].split(".")))


def _ordinal(match: re.Match[str]) -> str | None:
    digits = match[1].replace(",", "")
    return None if is_read_digit_by_digit(digits) else ordinal(int(digits))


def _range_of_units(match: re.Match[str]) -> str:
    minus = _SIGNS.get(match[1] or "", "")
    return f"{minus}{number(match[2])} to {number(match[3])} {_unit(match, 4, many=True)}"


def _with_unit(match: re.Match[str]) -> str:
    """The dot of "5 min." goes, where it does not end the sentence."""
    compound = match.string[match.start(3) - 1] == "-"  # a 5-km run
    return f"{_SIGNS.get(match[1] or '', '')}{number(match[2])} {_unit(match, 3, many=match[2] != '1' and not compound)}"


def _unit(match: re.Match[str], group: int, *, many: bool) -> str:
    unit = match[group]
    dotted = match[0].endswith(".") and (unit not in _DOTTED_UNITS or _END_OF_SENTENCE.match(match.string, match.end()))
    name = _FIXED_UNITS.get(unit) or _UNITS[unit] + ("s" if many else "")
    return name + ("." if dotted else "")


def _vulgar(match: re.Match[str]) -> str:
    top, bottom = _HALVES[match[2]]
    if not match[1]:
        return ("" if not match[0][0].isspace() else " ") + fraction(top, bottom)
    return f"{whole(match[1])} and {_a(fraction(top, bottom))}"


def _slashed(match: re.Match[str]) -> str | None:
    if not match[1] and f"{match[2]}/{match[3]}" in _FAMOUS:
        return _FAMOUS[f"{match[2]}/{match[3]}"]
    top, bottom = int(match[2]), int(match[3])
    said = fraction(top, bottom)
    return f"{whole(match[1])} and {_a(said)}" if match[1] else said


def _a(said: str) -> str:
    """one and a half, two and three quarters."""
    return f"a {said[4:]}" if said.startswith("one ") else said


def _verses(match: re.Match[str]) -> str:
    book = match[0].rpartition(" ")[0]
    return f"{book} {whole(match[1])} {whole(match[2])}" + (f" to {whole(match[3])}" if match[3] else "")


def _by(match: re.Match[str]) -> str:
    return f"{number(match[1])} by {number(match[2])}"


def _range(match: re.Match[str]) -> str:
    return f"{number(match[1])} to {number(match[2])}"


def _signed(match: re.Match[str]) -> str:
    digits = match[2]
    if not match[1] and (looks_like_a_year(digits) or match.string[match.end():match.end() + 1].isalpha()):
        return _bare_number(digits)
    return _SIGNS.get(match[1] or "", "") + number(digits)


def _bare_number(digits: str) -> str:
    """Of four digits, in pairs: a year, or 1080p."""
    return year(int(digits)) if len(digits) == 4 and digits.isdecimal() and int(digits) >= 1000 else number(digits)

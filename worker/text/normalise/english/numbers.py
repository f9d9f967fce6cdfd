"""English number words, as Americans say them: one hundred twenty-three, nineteen eighty-four, three quarters."""

from worker.text.normalise.numerals import digits_of, is_read_digit_by_digit

_ONES = ("zero", "one", "two", "three", "four", "five", "six", "seven", "eight", "nine", "ten", "eleven", "twelve", "thirteen",
         "fourteen", "fifteen", "sixteen", "seventeen", "eighteen", "nineteen")
_TENS = ("", "", "twenty", "thirty", "forty", "fifty", "sixty", "seventy", "eighty", "ninety")
_SCALES = ((10**12, "trillion"), (10**9, "billion"), (10**6, "million"), (1000, "thousand"), (100, "hundred"))
_ORDINALS = {"one": "first", "two": "second", "three": "third", "five": "fifth", "eight": "eighth", "nine": "ninth",
             "twelve": "twelfth"}
_NO_YEARS_BELOW, _NO_YEARS_FROM = 1010, 2100
_NAMED_PARTS = (*range(2, 11), 12, 16, 20, 32, 64)


def cardinal(n: int) -> str:
    """0 ≤ n < 10**15."""
    if n < 20:
        return _ONES[n]
    if n < 100:
        tens, ones = divmod(n, 10)
        return _TENS[tens] + (f"-{_ONES[ones]}" if ones else "")
    scale, name = next(pair for pair in _SCALES if n >= pair[0])
    count, rest = divmod(n, scale)
    return f"{cardinal(count)} {name}" + (f" {cardinal(rest)}" if rest else "")


def ordinal(n: int) -> str:
    head, last = _split_last(cardinal(n))
    if last in _ORDINALS:
        return head + _ORDINALS[last]
    return head + (f"{last[:-1]}ieth" if last.endswith("y") else f"{last}th")


def plural(words: str) -> str:
    """nineteen eighty → nineteen eighties."""
    if words.endswith("y"):
        return f"{words[:-1]}ies"
    return words + ("es" if words.endswith("x") else "s")


def year(n: int) -> str:
    """1000 ≤ n ≤ 9999, in pairs: nineteen oh five, two thousand nine, twenty ten."""
    century, rest = divmod(n, 100)
    if century % 10 == 0 and rest < 10:
        return cardinal(n)
    if rest == 0:
        return f"{cardinal(century)} hundred"
    return f"{cardinal(century)} {'oh ' if rest < 10 else ''}{cardinal(rest)}"


def looks_like_a_year(digits: str) -> bool:
    return len(digits) == 4 and digits.isdecimal() and _NO_YEARS_BELOW <= int(digits) < _NO_YEARS_FROM


def digit(n: int) -> str:
    return _ONES[n]


def digit_by_digit(text: str) -> str:
    return " ".join(map(digit, digits_of(text)))


def whole(text: str) -> str:
    """A whole number with or without commas in it."""
    digits = text.replace(",", "")
    return digit_by_digit(digits) if is_read_digit_by_digit(digits) else cardinal(int(digits))


def number(text: str) -> str:
    """A number with or without commas and a decimal point: 1,234.5, 0.5, .5."""
    before, point, after = text.replace("．", ".").partition(".")
    if not point:
        return whole(before)
    return f"{whole(before)} point {digit_by_digit(after)}" if before else f"point {digit_by_digit(after)}"


def fraction(top: int, bottom: int) -> str:
    """one half, three quarters, two thirds, twelve over twenty-five."""
    if bottom not in _NAMED_PARTS:
        return f"{cardinal(top)} over {cardinal(bottom)}"
    if bottom == 2:
        return f"{cardinal(top)} {'half' if top == 1 else 'halves'}"
    part = "quarter" if bottom == 4 else ordinal(bottom)
    return f"{cardinal(top)} {part}{'' if top == 1 else 's'}"


def _split_last(words: str) -> tuple[str, str]:
    """twenty-one → ("twenty-", "one")."""
    cut = max(words.rfind(" "), words.rfind("-")) + 1
    return words[:cut], words[cut:]

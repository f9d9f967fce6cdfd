"""Chinese and Japanese number words. Both count in ten thousands and write the same digits; the rest differs."""

from worker.text.normalise.numerals import digits_of

_DIGITS = "零一二三四五六七八九"
_TENS = ((1000, "千"), (100, "百"), (10, "十"))


def chinese(n: int) -> str:
    """0 ≤ n < 10**16. 12 → 十二, 205 → 二百零五, 22,000 → 两万二千: the two that comes first is 两, but for hundreds and tens."""
    said = _chinese(n)
    if said.startswith("一十"):
        return said[1:]
    return f"两{said[1:]}" if said.startswith("二") and said[1:2] in ("千", "万", "亿") else said


def _chinese(n: int) -> str:
    for scale, name in ((10**12, "万亿"), (10**8, "亿"), (10**4, "万"), *_TENS):
        if n >= scale:
            count, rest = divmod(n, scale)
            left_out = "零" if 0 < rest < scale // 10 else ""
            return _chinese(count) + name + (left_out + _chinese(rest) if rest else "")
    return _DIGITS[n]


def japanese(n: int) -> str:
    """0 ≤ n < 10**16. 1 → 一, 1,100 → 千百, 10,000 → 一万."""
    if n == 0:
        return "ゼロ"
    for scale, name in ((10**12, "兆"), (10**8, "億"), (10**4, "万")):
        if n >= scale:
            count, rest = divmod(n, scale)
            return japanese(count) + name + (japanese(rest) if rest else "")
    for scale, name in _TENS:
        if n >= scale:
            count, rest = divmod(n, scale)
            return ("" if count == 1 else _DIGITS[count]) + name + (japanese(rest) if rest else "")
    return _DIGITS[n]


def digit_by_digit(text: str, zero: str, one: str = "一") -> str:
    return "".join(zero if digit == 0 else one if digit == 1 else _DIGITS[digit] for digit in digits_of(text))


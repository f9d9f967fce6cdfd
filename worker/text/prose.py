"""A paragraph with every run of whitespace squeezed into one space, and the way back to the source."""

import re
from array import array
from dataclasses import dataclass

_WORD = re.compile(r"\S+")


@dataclass(frozen=True, slots=True)
class Prose:
    """`text[i]` stands at `source[i]` in the text it comes from. No whitespace at the ends."""

    text: str
    source: "array[int]"


def squeeze(text: str, start: int, end: int) -> Prose:
    """text[start:end] as prose. Lengths are counted in it, so that a megabyte of spaces weighs as much as one."""
    words: list[str] = []
    source = array("L")
    for word in _WORD.finditer(text, start, end):
        if words:
            source.append(source[-1] + 1)
        words.append(word[0])
        source.extend(range(word.start(), word.end()))
    return Prose(" ".join(words), source)

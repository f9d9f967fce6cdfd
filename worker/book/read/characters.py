"""Which characters of a book reach the voice: the same for every kind of file."""

import re
import unicodedata

_LINE_ENDS = re.compile("\r\n|[\r\v\f\x85\u2028]")
_INVISIBLE = dict.fromkeys([
    *(c for c in range(0x20) if c not in (0x09, 0x0A)), *range(0x7F, 0xA0),
    0xAD,                                   # soft hyphen
    0x200B, 0x2060,
    0xFEFF,                 # zero-width space, word joiner, byte order mark; the joiners of Persian and Hindi stay
    *range(0xFFF9, 0xFFFC),                 # interlinear annotation
    *range(0xD800, 0xE000),                 # half a character: JSON can hold one, UTF-8 can not
    *range(0xFDD0, 0xFDF0), 0xFFFE, 0xFFFF,  # no characters at all
])
_BLANKS = str.maketrans({"\u00a0": " ", "\u2007": " ", "\u202f": " "})  # spaces that only forbid a line to break
_SPACE = re.compile(r"\s+")


def clean(text: str) -> str:
    """NFC, lines ended by "\n" and paragraph separators by two, without what nobody sees. It may be called again."""
    text = _LINE_ENDS.sub("\n", text).replace("\u2029", "\n\n")
    return unicodedata.normalize("NFC", text.translate(_INVISIBLE).translate(_BLANKS))


def one_line(text: str) -> str:
    """A title or a name: clean, and every run of whitespace one space."""
    return _SPACE.sub(" ", clean(text)).strip()

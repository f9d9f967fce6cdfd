"""The text of one paragraph: whitespace as a browser shows it."""

import re

from worker.book.read.characters import clean

LINE = "\u2028"
"""A line's end within a paragraph, while it is gathered: <br/>."""
CELL = "\x1f"
"""The end of a table's cell, while its row is gathered. XML can't hold it."""

_CJK = r"[\u2e80-\u30ff\u31f0-\u9fff\uf900-\ufaff\uff01-\uff60\U00020000-\U0003ffff]"
_BETWEEN_CJK = re.compile(rf"(?<={_CJK})[ \t\r\f]*\n[ \t\r\n\f]*(?={_CJK})")
_SPACE = re.compile(r"[ \t\r\n\f]+")
_AROUND_LINE = re.compile(r" *\n *")
_EMPTY_LINES = re.compile(r"\n{2,}")
_STOPS = ".,;:!?…。、，；：！？"


def flowed(raw: str) -> str:
    """Runs of whitespace are one space, and none between characters of Chinese or Japanese where the source only wraps its
    line. LINE ends a line, two of them a paragraph. Cells are set apart by commas."""
    text = _SPACE.sub(" ", _BETWEEN_CJK.sub("", raw))
    text = clean(_cells(text) if CELL in text else text)
    return _EMPTY_LINES.sub("\n\n", _AROUND_LINE.sub("\n", text)).strip()


def _cells(text: str) -> str:
    said = ""
    for cell in filter(None, map(str.strip, text.split(CELL))):
        if said:
            said += " " if said[-1] in _STOPS else ", "
        said += cell
    return said

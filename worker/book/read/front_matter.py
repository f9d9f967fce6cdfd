"""The few lines of YAML at the head of a Markdown file: `key: value`, and lists of names. No YAML library: nothing else is read
of it.

https://pandoc.org/MANUAL.html#extension-yaml_metadata_block """

import re

from worker.book.content import Metadata
from worker.book.read.characters import one_line
from worker.book.read.limits import METADATA_CHARACTERS

_LINE = r"[A-Za-z][\w -]*:.*\n|[ \t]+\S.*\n|-[ \t].*\n|#.*\n|[ \t]*\n"
_BLOCK = re.compile(rf"---[ \t]*\n(?P<lines>(?:{_LINE})*?)(?:---|\.\.\.)[ \t]*(?:\n|\Z)")
_FIELD = re.compile(r"([A-Za-z][\w -]*):[ \t]*(.*)")
_ITEM = re.compile(r"[ \t]*-[ \t]+(.*)")


def split_front_matter(text: str) -> tuple[Metadata, str, int]:
    """What it says, the text behind it, and how many lines it took: none, if the text does not begin with it."""
    block = _BLOCK.match(text)
    if block is None:
        return Metadata(), text, 0
    fields = _fields(block["lines"])
    metadata = Metadata(
        title=_one(fields, "title"),
        authors=tuple(fields.get("author") or fields.get("authors") or ()),
        language=_one(fields, "language") or _one(fields, "lang"),
        publisher=_one(fields, "publisher"),
        published=_one(fields, "date"),
        description=_one(fields, "description"),
    )
    return metadata, text[block.end():], block[0].count("\n")


def _fields(lines: str) -> dict[str, list[str]]:
    fields: dict[str, list[str]] = {}
    values: list[str] = []
    for line in lines.split("\n"):
        if field := _FIELD.fullmatch(line):
            values = fields.setdefault(field[1].strip().lower(), [])
            values += _values(field[2])
        elif item := _ITEM.fullmatch(line):
            values += _values(item[1])
    return fields


def _values(written: str) -> list[str]:
    """`A name`, `"A name"` or `[One, Two]`."""
    written = written.strip()
    pieces = written[1:-1].split(",") if written.startswith("[") and written.endswith("]") else [written]
    values = (one_line(piece.strip().strip("\"'"))[:METADATA_CHARACTERS] for piece in pieces)
    return [value for value in values if value and value not in "|>"]


def _one(fields: dict[str, list[str]], name: str) -> str:
    return next(iter(fields.get(name, ())), "")

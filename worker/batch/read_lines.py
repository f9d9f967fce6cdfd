"""The lines of an uploaded file, one after the other, however long the file is or a line in it."""

import codecs
from collections.abc import Iterator
from dataclasses import dataclass
from typing import BinaryIO

from speechmill.errors import InvalidRequest

_READ_BYTES = 256 * 1024


@dataclass(frozen=True)
class RawLine:
    """A line that is not blank. `number` counts all lines, from 1. One longer than `longest_bytes` is here only to just beyond
    that."""

    number: int
    content: bytes
    longest_bytes: int

    def text(self) -> str:
        """Raises InvalidRequest when it is too long, or not UTF-8."""
        if len(self.content) > self.longest_bytes:
            raise InvalidRequest(f"The line has more than {self.longest_bytes:,} bytes.", code="line_too_long")
        try:
            return self.content.decode("utf-8")
        except UnicodeDecodeError as error:
            raise InvalidRequest(f"The line is not UTF-8 (byte {error.start}); save the file as UTF-8.",
                                 code="invalid_encoding") from None


def read_lines(stream: BinaryIO, longest_bytes: int) -> Iterator[RawLine]:
    """Lines end with LF or CR LF; a byte order mark at the very beginning is none of the first line's. Memory holds one line."""
    number, kept = 1, bytearray()
    piece = stream.read(_READ_BYTES).removeprefix(codecs.BOM_UTF8)
    while piece:
        *complete, rest = piece.split(b"\n")
        for end in complete:
            kept += end[:longest_bytes + 1 - len(kept)]
            yield from _unless_blank(RawLine(number, bytes(kept), longest_bytes))
            number += 1
            kept.clear()
        kept += rest[:longest_bytes + 1 - len(kept)]
        piece = stream.read(_READ_BYTES)
    yield from _unless_blank(RawLine(number, bytes(kept), longest_bytes))


def _unless_blank(line: RawLine) -> Iterator[RawLine]:
    if line.content and not line.content.isspace():
        yield line

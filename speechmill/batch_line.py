"""A line of a batch that passed every check, as it lies in storage until it is opened; and what became of it.

Two objects hold the accepted lines: the lines themselves, one after the other, and where each of them lies (`Place`, 16 bytes a
line). So any run of them is read with two ranged reads, however many there are.
"""

import json
import struct
from dataclasses import asdict, dataclass
from typing import Any, get_args

from speechmill.request import AudioFormat

_PLACE = struct.Struct("<QII")
_WHERE = struct.Struct("<QB")
_FORMATS: tuple[str, ...] = get_args(AudioFormat)


@dataclass(frozen=True)
class AcceptedLine:
    """`name`: its file in the archive, without an ending; unique in the batch, also where case does not count."""

    custom_id: str
    name: str
    text: str
    spec: dict[str, Any]         # a SpeechSpec; what is as by default is left out

    def line(self) -> bytes:
        return json.dumps(asdict(self), ensure_ascii=False, separators=(",", ":")).encode() + b"\n"

    @classmethod
    def read(cls, line: bytes) -> "AcceptedLine":
        return cls(**json.loads(line))


@dataclass(frozen=True)
class LinePlace:
    """Where a line lies among the accepted ones, bytes, and how many characters it has."""

    offset: int
    n_bytes: int
    characters: int

    SIZE = _PLACE.size

    def packed(self) -> bytes:
        return _PLACE.pack(self.offset, self.n_bytes, self.characters)

    @classmethod
    def unpacked(cls, packed: bytes) -> "list[LinePlace]":
        """All of them, in order."""
        return [cls(*fields) for fields in _PLACE.iter_unpack(packed)]


@dataclass(frozen=True)
class LineSound:
    """Where the sound of a line lies: what its object's key is made of. The table of a batch has one for each line, in order;
    a `token` of 0 stands for none."""

    token: int
    format: str

    SIZE = _WHERE.size

    def packed(self) -> bytes:
        return _WHERE.pack(self.token, _FORMATS.index(self.format))

    @classmethod
    def of(cls, key: str) -> "LineSound":
        """`key`: of a line's result (speechmill.blobs.seam.result_key)."""
        token, _, format = key.rpartition("/")[2].partition(".")
        return cls(int(token), format)

    @classmethod
    def unpack(cls, packed: bytes) -> "LineSound":
        token, format = _WHERE.unpack(packed)
        return cls(token, _FORMATS[format])


NO_SOUND = LineSound(0, _FORMATS[0])

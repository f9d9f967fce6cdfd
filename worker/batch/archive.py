"""A zip archive, written member by member (PKWARE's APPNOTE 6.3.10): stored, not deflated, as sound does not get smaller, and
with zip64 records where 65,535 members or 4 GB are not enough.

The standard library's ZipFile keeps half a kilobyte of each member in memory. Here what the archive's directory will say waits in
a file, so 50,000 members cost no more than one.
"""

import shutil
import struct
import zlib
from dataclasses import dataclass
from typing import BinaryIO

_LOCAL = struct.Struct("<4sHHHHHIIIHH")
_CENTRAL = struct.Struct("<4sHHHHHHIIIHHHHHII")
_END_64 = struct.Struct("<4sQHHIIQQQQ")
_LOCATOR_64 = struct.Struct("<4sIQI")
_END = struct.Struct("<4sHHHHIIH")

_UTF8 = 0x800                # flag: names are UTF-8
_STORED = 0
_TIME, _DATE = 0, 0x21       # 1980-01-01, the earliest there is: the same members give the same archive
_MOST_16, _MOST_32 = 0xFFFF, 0xFFFF_FFFF
_PIECE_BYTES = 1024 * 1024

MOST_MEMBER_BYTES = _MOST_32 - 1
"""4 GB are more than the header of a member can say without zip64, which not everything that reads zips knows there."""


@dataclass(frozen=True)
class _Written:
    crc: int
    bytes: int


class Archive:
    """`file` and `directory`, which is only needed meanwhile, are empty and can be read and written. No member may have more
    than MOST_MEMBER_BYTES."""

    def __init__(self, file: BinaryIO, directory: BinaryIO) -> None:
        self._file = file
        self._directory = directory
        self._members = 0

    def add(self, name: str, content: BinaryIO) -> None:
        """Raises ValueError for a member of more than MOST_MEMBER_BYTES."""
        encoded, start = name.encode(), self._file.tell()
        self._file.write(_local(encoded, _Written(0, 0)))
        written = self._copy(content)
        end = self._file.tell()
        self._file.seek(start)
        self._file.write(_local(encoded, written))
        self._file.seek(end)
        self._directory.write(_central(encoded, written, start))
        self._members += 1

    def close(self) -> None:
        """Write the directory behind the members."""
        start, size = self._file.tell(), self._directory.tell()
        self._directory.seek(0)
        shutil.copyfileobj(self._directory, self._file)
        if self._members >= _MOST_16 or start >= _MOST_32 or size >= _MOST_32:
            end = self._file.tell()
            self._file.write(_END_64.pack(b"PK\x06\x06", _END_64.size - 12, 45, 45, 0, 0, self._members, self._members, size,
                                          start))
            self._file.write(_LOCATOR_64.pack(b"PK\x06\x07", 0, end, 1))
        self._file.write(_END.pack(b"PK\x05\x06", 0, 0, min(self._members, _MOST_16), min(self._members, _MOST_16),
                                   min(size, _MOST_32), min(start, _MOST_32), 0))

    def _copy(self, content: BinaryIO) -> _Written:
        crc = size = 0
        while piece := content.read(_PIECE_BYTES):
            crc = zlib.crc32(piece, crc)
            size += len(piece)
            if size > MOST_MEMBER_BYTES:
                raise ValueError("a member of 4 GB or more")
            self._file.write(piece)
        return _Written(crc, size)


def _local(name: bytes, written: _Written) -> bytes:
    return _LOCAL.pack(b"PK\x03\x04", 20, _UTF8, _STORED, _TIME, _DATE, written.crc, written.bytes, written.bytes,
                       len(name), 0) + name


def _central(name: bytes, written: _Written, start: int) -> bytes:
    far = struct.pack("<HHQ", 1, 8, start) if start >= _MOST_32 else b""
    return _CENTRAL.pack(b"PK\x01\x02", 45, 45 if far else 20, _UTF8, _STORED, _TIME, _DATE, written.crc, written.bytes,
                         written.bytes, len(name), len(far), 0, 0, 0, 0, min(start, _MOST_32)) + name + far

"""What is known of a kept take, written into its FLAC file, so that nobody has to decode it and listen to it to know it again.

It is an APPLICATION block behind STREAMINFO (RFC 9639, 8.1, 8.2 and 8.4), which every decoder skips. A checksum over the
file and the note says that it is the file that was written: as good as decoding it, for a hundredth of the time.
"""

import json
import zlib
from dataclasses import dataclass

from worker.takes.flags import Flag

_FLAC = b"fLaC"
_HEADER_BYTES = 4            # of a metadata block: whether it is the last, its type, its length
_STREAMINFO_END = len(_FLAC) + _HEADER_BYTES + 34
_LAST = 0x80
_APPLICATION = 2
_OURS = b"spml"
_SUM_BYTES = 4


@dataclass(frozen=True)
class Note:
    """Length of the sound, and what is wrong with it."""

    n_samples: int
    flags: tuple[Flag, ...]


def with_note(flac: bytes, note: Note) -> bytes:
    """`flac` as `lossless_bytes` makes it."""
    told = json.dumps({"samples": note.n_samples, "flags": note.flags}).encode()
    content = _OURS + _sum(told, flac).to_bytes(_SUM_BYTES, "big") + told
    header = bytes([flac[len(_FLAC)] & _LAST | _APPLICATION]) + len(content).to_bytes(_HEADER_BYTES - 1, "big")
    return _streaminfo(flac, is_last=False) + header + content + flac[_STREAMINFO_END:]


def read_note(flac: bytes) -> Note | None:
    """None where there is none, or the file is damaged."""
    start = _STREAMINFO_END + _HEADER_BYTES
    header, ours = flac[_STREAMINFO_END:start], flac[start:start + len(_OURS)]
    if ours != _OURS or header[0] & ~_LAST != _APPLICATION or flac[len(_FLAC)] & _LAST:
        return None
    end = start + int.from_bytes(header[1:], "big")
    content = flac[start + len(_OURS):end]
    told = content[_SUM_BYTES:]
    before = _streaminfo(flac, is_last=bool(header[0] & _LAST))
    if _sum(told, before + flac[end:]) != int.from_bytes(content[:_SUM_BYTES], "big"):
        return None
    known = json.loads(told)
    return Note(known["samples"], tuple(map(Flag, known["flags"])))


def _streaminfo(flac: bytes, *, is_last: bool) -> bytes:
    """The file up to the end of its first block, which says whether others follow."""
    first = flac[len(_FLAC)] | _LAST if is_last else flac[len(_FLAC)] & ~_LAST
    return flac[:len(_FLAC)] + bytes([first]) + flac[len(_FLAC) + 1:_STREAMINFO_END]


def _sum(told: bytes, flac: bytes) -> int:
    return zlib.crc32(flac, zlib.crc32(told))

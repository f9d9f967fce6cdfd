"""WAV as it streams in: a header of any usual kind, then samples. Servers that stream can't know lengths, and write 0 or the
largest number there; a length that is given must be kept (RIFF: Multimedia Programming Interface and Data Specifications 1.0)."""

import struct
from collections.abc import Iterator
from dataclasses import dataclass

from worker.voices.remote.trouble import Broken

_PCM, _FLOAT, _EXTENSIBLE = 1, 3, 0xFFFE
_UNKNOWN_BYTES = 0x7FFF_FF00
"""From here on, and 0: a length that nobody knew."""
_MAX_HEADER_BYTES = 64 * 1024
RATES_HZ = range(1_000, 384_001)
"""Of sound that somebody recorded or made."""


@dataclass(frozen=True)
class SampleFormat:
    """`coding` is NumPy's: i2 and i4 are 16 and 32-bit integers, f4 is float; 24 bits are i3."""

    coding: str
    n_channels: int
    sample_rate_hz: int

    @property
    def frame_bytes(self) -> int:
        return int(self.coding[1]) * self.n_channels


class Source:
    """Reads exactly so many bytes from blocks of any size."""

    def __init__(self, blocks: Iterator[bytes]) -> None:
        self._blocks = blocks
        self._held = bytearray()

    def read(self, n_bytes: int) -> bytes:
        """Fewer only at the end."""
        while len(self._held) < n_bytes and (block := next(self._blocks, None)) is not None:
            self._held += block
        taken = bytes(self._held[:n_bytes])
        del self._held[:n_bytes]
        return taken


def open_wav(source: Source) -> tuple[SampleFormat, int | None]:
    """Reads up to the first sample: what follows, and how many bytes of it, None where that isn't known. Raises Broken."""
    head = source.read(12)
    if head[:4] not in (b"RIFF", b"RF64") or head[8:] != b"WAVE":
        raise Broken("The speech server sent something that is not WAV.")
    samples: SampleFormat | None = None
    read_bytes = 0
    while len(chunk := source.read(8)) == 8:
        name, length = struct.unpack("<4sI", chunk)
        if name == b"data" and samples:
            return samples, None if length == 0 or length >= _UNKNOWN_BYTES else length
        read_bytes += length
        if read_bytes > _MAX_HEADER_BYTES:
            raise Broken("The speech server's WAV has a header that is too long.")
        body = source.read(length + length % 2)
        if name == b"fmt ":
            samples = _format(body)
    raise Broken("The speech server's WAV ends before its first sample.")


def _format(body: bytes) -> SampleFormat:
    if len(body) < 16:
        raise Broken("The speech server's WAV has a broken header.")
    coding, n_channels, sample_rate_hz, _bytes_per_s, _align, bits = struct.unpack("<HHIIHH", body[:16])
    if coding == _EXTENSIBLE and len(body) >= 26:
        coding = struct.unpack("<H", body[24:26])[0]
    known = {(_PCM, 16): "i2", (_PCM, 24): "i3", (_PCM, 32): "i4", (_FLOAT, 32): "f4"}.get((coding, bits))
    if known is None or not 1 <= n_channels <= 8 or sample_rate_hz not in RATES_HZ:
        raise Broken(f"The speech server's WAV has coding {coding}, {bits} bits, {n_channels} channels, {sample_rate_hz} Hz; "
                     "16-bit mono PCM would be right.")
    return SampleFormat(known, n_channels, sample_rate_hz)

"""How long the sound is that a server sent: WAV by its own header, else what OpenAI calls pcm. No torch."""

import struct

from worker.model.config import SAMPLE_RATE_HZ

_PCM_BYTES_PER_S = 2 * SAMPLE_RATE_HZ    # 16 bits, mono, 24 kHz


class NoSound(Exception):
    """The bytes are no sound; the message says what they look like."""


def duration_s(sound: bytes) -> float:
    """Raises NoSound. A WAV that is sent while it is made does not know its length: what follows its header counts."""
    if sound[:4] != b"RIFF":
        if sound[:1] in (b"{", b"<") or sound[:3] == b"ID3" or sound[:4] in (b"OggS", b"fLaC"):
            raise NoSound(f"asked for pcm, it sent {sound[:16]!r}…")
        return len(sound) / _PCM_BYTES_PER_S
    bytes_per_s, place = 0, 12
    while place + 8 <= len(sound):
        name, length = struct.unpack_from("<4sI", sound, place)
        place += 8
        if name == b"fmt ":
            bytes_per_s = struct.unpack_from("<I", sound, place + 8)[0]
        if name == b"data":
            break
        place += length + length % 2
    if not bytes_per_s or place > len(sound):
        raise NoSound("it sent a WAV file that is cut off in its header")
    return (len(sound) - place) / bytes_per_s

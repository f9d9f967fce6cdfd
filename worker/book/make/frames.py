"""How long encoded sound really is, by counting its frames: what a header says may be an estimate."""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from mmap import ACCESS_READ, mmap
from pathlib import Path

from speechmill.errors import EncodingFailed

AAC_FRAME_SAMPLES = 1024
OPUS_RATE_HZ = 48_000
"""Opus counts in these, whatever went in (RFC 7845 §4)."""
_OPUS_PACKET_SAMPLES = 960
_OPUS_HEADER_PACKETS = 2

# ISO/IEC 11172-3 §2.4.2.3 and 13818-3 §2.4.2.3: layer III, by [is it MPEG-1?].
_MP3_KBPS = {True: (0, 32, 40, 48, 56, 64, 80, 96, 112, 128, 160, 192, 224, 256, 320),
             False: (0, 8, 16, 24, 32, 40, 48, 56, 64, 80, 96, 112, 128, 144, 160)}
_MP3_RATES_HZ = {3: (44_100, 48_000, 32_000), 2: (22_050, 24_000, 16_000), 0: (11_025, 12_000, 8_000)}
_MPEG_1 = 3
_MONO = 3


@dataclass(frozen=True)
class Frames:
    """What all frames of a file decode to, the encoder's delay and padding with it. `bit_rates_bps` and `mono` are MP3's."""

    n_samples: int
    sample_rate_hz: int
    bit_rates_bps: frozenset[int] = frozenset()
    mono: bool = True

    @property
    def duration_s(self) -> float:
        return self.n_samples / self.sample_rate_hz


def aac_frames(path: Path, sample_rate_hz: int) -> Frames:
    """Of an ADTS file (ISO/IEC 13818-7 §6.2). Raises EncodingFailed where it is none."""
    n_frames = at = 0
    with _bytes(path) as sound:
        while at < len(sound):
            if len(sound) < at + 7 or sound[at] != 0xFF or sound[at + 1] & 0xF6 != 0xF0:
                raise _broken(path, "AAC", at)
            at += max(7, (sound[at + 3] & 0x03) << 11 | sound[at + 4] << 3 | sound[at + 5] >> 5)
            n_frames += 1
    return Frames(n_frames * AAC_FRAME_SAMPLES, sample_rate_hz)


def mp3_frames(path: Path) -> Frames:
    """Of an MP3 file, behind its ID3v2 tag if it has one. Raises EncodingFailed where it is none."""
    with _bytes(path) as sound:
        at, n_samples, kbps, mono, rate_hz = _id3_bytes(sound), 0, set(), True, 0
        while at < len(sound):
            if len(sound) < at + 4 or sound[at] != 0xFF or sound[at + 1] & 0xE6 != 0xE2 or sound[at + 2] & 0x0C == 0x0C:
                raise _broken(path, "MP3", at)
            version = sound[at + 1] >> 3 & 3
            rate_hz = _MP3_RATES_HZ[version][sound[at + 2] >> 2 & 3]
            frame_kbps = _MP3_KBPS[version == _MPEG_1][sound[at + 2] >> 4]
            frame_samples = 1152 if version == _MPEG_1 else 576
            kbps.add(frame_kbps)
            mono = mono and sound[at + 3] >> 6 == _MONO
            n_samples += frame_samples
            at += max(4, frame_samples // 8 * frame_kbps * 1000 // rate_hz + (sound[at + 2] >> 1 & 1))
    if not n_samples:
        raise _broken(path, "MP3", 0)
    return Frames(n_samples, rate_hz, frozenset(1000 * rate for rate in kbps), mono)


def opus_frames(path: Path) -> Frames:
    """Of an Ogg Opus file with packets of 20 ms (RFC 3533 §6). Raises EncodingFailed where it is none."""
    n_packets = at = 0
    with _bytes(path) as sound:
        while at < len(sound):
            if len(sound) < at + 27 or sound[at:at + 4] != b"OggS":
                raise _broken(path, "Ogg", at)
            lengths = sound[at + 27:at + 27 + sound[at + 26]]
            n_packets += sum(length < 255 for length in lengths)
            at += 27 + len(lengths) + sum(lengths)
    return Frames((n_packets - _OPUS_HEADER_PACKETS) * _OPUS_PACKET_SAMPLES, OPUS_RATE_HZ)


def _id3_bytes(sound: mmap) -> int:
    """The length of the ID3v2 tag at the start (ID3v2.4 §3.1), 0 where there is none."""
    if sound[:3] != b"ID3" or len(sound) < 10:
        return 0
    return 10 + (sound[6] << 21 | sound[7] << 14 | sound[8] << 7 | sound[9])


@contextmanager
def _bytes(path: Path) -> Iterator[mmap]:
    try:
        with path.open("rb") as file, mmap(file.fileno(), 0, access=ACCESS_READ) as sound:
            yield sound
    except (OSError, ValueError) as error:  # ValueError: it is empty
        raise EncodingFailed(f"{path.name} can't be read: {error}.") from error


def _broken(path: Path, kind: str, at: int) -> EncodingFailed:
    return EncodingFailed(f"{path.name} is damaged: no {kind} frame begins at byte {at}.")

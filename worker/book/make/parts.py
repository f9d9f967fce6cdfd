"""Parts: a chapter's sound in each encoding, bare. Chapters' files and whole books are made of them without encoding again."""

from collections.abc import Iterable, Sequence
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

from speechmill.errors import EncodingFailed
from worker.book.make.frames import AAC_FRAME_SAMPLES, Frames, aac_frames, mp3_frames, opus_frames
from worker.book.make.preset import Preset
from worker.encode import CODECS, PLAIN, to_pcm16
from worker.ffmpeg import Ffmpeg
from worker.voices.seam import SAMPLE_RATE_HZ, Pcm

PartFormat = Literal["aac", "mp3", "opus", "flac"]
"""ADTS; MP3 frames alone; Ogg; FLAC. WAV files are made from FLAC."""

_MP3_DELAY_SAMPLES = 1105
"""LAME puts 576 samples before the sound, every decoder 529 more. Frames alone cannot say so: they are played."""
_OPUS_DELAY_SAMPLES = 312
"""libopus looks 6.5 ms ahead, counted at 48 kHz; its header says so (pre-skip)."""
_OPUS_SILENCE_SAMPLES = 960
"""At 24 kHz. Opus tells how loud a packet is by how it differs from the last; a decoder that comes from another chapter agrees
with the encoder after a packet of silence. Without it, the first packet behind a join was mute."""


@dataclass(frozen=True)
class Part:
    """No tags, and nothing that tells a player what to skip. `duration_s` is that of all its frames; `start_s` where in it the
    first sample of the chapter's master lies, behind the encoder's delay and the preset's silence at the head."""

    format: PartFormat
    path: Path
    n_bytes: int
    sample_rate_hz: int
    duration_s: float
    start_s: float


def encode_parts(sound: Iterable[Pcm], formats: Sequence[PartFormat], preset: Preset, folder: Path) -> tuple[Part, ...]:
    """Encode `sound`, float32 [n_samples] each, into part.aac, part.mp3 … in `folder`, all at once: one process each, which
    read the same stream. All or nothing: what was begun is removed again. Raises EncodingFailed, or what `sound` raises."""
    paths = {format: folder / f"part.{format}" for format in formats}
    try:
        with ExitStack() as running:
            encoders = [running.enter_context(Ffmpeg("s16le", *PLAIN, *_encoding(format, preset), f"file:{path}"))
                        for format, path in paths.items()]
            for format, encoder in zip(formats, encoders, strict=True):
                encoder.feed(bytes(2 * _n_silent(format)))
            for pcm in sound:
                samples = to_pcm16(pcm).tobytes()
                for encoder in encoders:
                    encoder.feed(samples)
        return tuple(_part(format, path, preset) for format, path in paths.items())
    except BaseException:
        for path in paths.values():
            path.unlink(missing_ok=True)
        raise


def _encoding(format: PartFormat, preset: Preset) -> tuple[str, ...]:
    """ffmpeg's options for the output."""
    if format == "mp3":
        return ("-c:a", "libmp3lame", *preset.mp3, "-write_xing", "0", "-id3v2_version", "0", "-f", "mp3")
    if format == "flac":
        return ("-c:a", "flac", "-f", "flac")
    return CODECS[format]


def _n_silent(format: PartFormat) -> int:
    """Samples of silence that a part begins with so that it can follow another."""
    return _OPUS_SILENCE_SAMPLES if format == "opus" else 0


def _part(format: PartFormat, path: Path, preset: Preset) -> Part:
    frames, delay_samples = _frames(format, path)
    start_s = delay_samples / frames.sample_rate_hz + _n_silent(format) / SAMPLE_RATE_HZ + preset.head_s
    return Part(format, path, path.stat().st_size, frames.sample_rate_hz, frames.duration_s, start_s)


def _frames(format: PartFormat, path: Path) -> tuple[Frames, int]:
    """What was encoded, and how many samples of it the encoder put before the sound."""
    if format == "aac":
        return aac_frames(path, SAMPLE_RATE_HZ), AAC_FRAME_SAMPLES
    if format == "mp3":
        return mp3_frames(path), _MP3_DELAY_SAMPLES
    if format == "opus":
        return opus_frames(path), _OPUS_DELAY_SAMPLES
    return _flac_frames(path), 0


def _flac_frames(path: Path) -> Frames:
    """By STREAMINFO (RFC 9639 §8.2), which ffmpeg writes when it is done."""
    with path.open("rb") as file:
        head = file.read(26)
    if head[:4] != b"fLaC" or len(head) < 26:
        raise EncodingFailed(f"{path.name} is no FLAC file.")
    return Frames(int.from_bytes(head[18:26]) & (1 << 36) - 1, int.from_bytes(head[18:21]) >> 4)

"""Sound to files: the six formats that clients download, and the lossless form in which segments are kept.

Everything is 24 kHz mono. libsndfile writes wav and flac, ffmpeg the rest. Files are seekable, so that headers and
durations are right. Memory holds a chunk at a time, however long the sound.
"""

import io
from collections.abc import Callable, Iterable, Iterator
from contextlib import AbstractContextManager, closing, contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import BinaryIO, Literal

import numpy as np
import soundfile
from numpy.typing import NDArray

from speechmill.errors import EncodingFailed
from speechmill.request import AudioFormat
from worker.ffmpeg import Ffmpeg
from worker.speed import at_speed
from worker.times.clock import FileClock
from worker.voices.seam import SAMPLE_RATE_HZ, Pcm

Pcm16 = NDArray[np.int16]
"""Samples as they are stored: shape [n_samples], 32767 is full scale."""
Write = Callable[[Pcm16], None]

RIFF_BYTES = 1 << 32
"""A RIFF file counts its size in 32 bits; from here on WAV is RF64 (EBU Tech 3306)."""
_WAV_HEADER_BYTES = 128
_HINT_SLACK_BYTES = 1 << 16
"""1.3 s, much more than a change of speed shifts the length by."""

# Chosen by measuring twenty minutes of espeak-ng's speech (signal to noise within 20 ms, distance of spectra, speed on one core).
CODECS: dict[str, tuple[str, ...]] = {
    # Constant rate: players find times without an index. 96 kb/s is beyond what 24 kHz mono needs; level 7 of LAME is
    # twice as fast as its default, and no worse at this rate.
    "mp3": ("-c:a", "libmp3lame", "-b:a", "96k", "-compression_level", "7", "-id3v2_version", "0", "-f", "mp3"),
    # Not the voip profile: it filters the voice, and is 8 dB further from the original at the same size. Complexity 5 is
    # four times as fast as 10; the file gets larger, not worse.
    "opus": ("-c:a", "libopus", "-b:a", "48k", "-application", "audio", "-compression_level", "5", "-f", "ogg"),
    # The fast search is six times as fast as twoloop, and nearer to the original at this rate.
    "aac": ("-c:a", "aac", "-b:a", "64k", "-aac_coder", "fast", "-f", "adts"),
}
# No encoder's version in the file: the same sound gives the same bytes.
PLAIN = ("-map_metadata", "-1", "-fflags", "+bitexact", "-flags:a", "+bitexact", "-threads", "1")

_AAC_FRAME = 1024
"""Samples of an AAC frame. The first one primes the decoder; ADTS has no way to say so, and so players play it."""


@dataclass(frozen=True)
class Encoded:
    """What was written. `duration_s` is what comes out of a decoder that heeds the file's header (as of MP3's delay and
    padding), seconds; `clock` is when what is heard there."""

    duration_s: float
    bytes: int
    clock: FileClock


def encode(chunks: Iterable[Pcm], path: Path, format: AudioFormat, speed: float = 1.0, n_samples_hint: int | None = None, *,
           riff_bytes: int = RIFF_BYTES) -> Encoded:
    """Write `chunks` (float32 [n_samples] each, in [-1, 1]; what is beyond is clipped) to `path`, `speed` times as fast.

    `n_samples_hint` is how many samples `chunks` hold in all, or a few more: it decides whether WAV has to be RF64. Without
    it WAV always is. `chunks` is read on the caller's thread; when it raises, ffmpeg is killed, the file removed, and the
    exception goes on. Raises EncodingFailed when there is no sound, no ffmpeg, no space, or more sound than hinted.
    """
    n_samples = n_given = 0

    def given() -> Iterator[Pcm]:
        nonlocal n_given
        for chunk in chunks:
            n_given += len(chunk)
            yield chunk

    try:
        n_bytes = None if n_samples_hint is None else round(n_samples_hint / speed) * 2 + _HINT_SLACK_BYTES
        with _file(path, format, n_bytes, riff_bytes) as write, closing(at_speed(given(), speed)) as sound:
            for chunk in sound:
                n_samples += len(chunk)
                write(to_pcm16(chunk))
            if not n_samples:
                raise EncodingFailed("There is no sound to encode.")
    except BaseException:
        path.unlink(missing_ok=True)
        raise
    duration_s = _duration_s(format, n_samples)
    lead_s = _AAC_FRAME / SAMPLE_RATE_HZ if format == "aac" else 0.0
    return Encoded(duration_s, path.stat().st_size, file_clock(speed, n_given, n_samples, lead_s, duration_s))


def file_clock(speed: float, n_given: int, n_samples: int, lead_s: float, duration_s: float) -> FileClock:
    """Of `n_given` samples that another speed made `n_samples`, in a file that begins with `lead_s` of silence. Half of what
    atempo drops on the way goes missing at the beginning: measured, within 0.03 s at speeds from 0.25 to 4."""
    dropped_s = (n_given / speed - n_samples) / SAMPLE_RATE_HZ
    return FileClock(speed, lead_s - dropped_s / 2, duration_s)


def to_pcm16(pcm: Pcm) -> Pcm16:
    """16-bit samples; what is louder than full scale is clipped, and never wraps around."""
    return np.rint(np.clip(pcm, -1, 1) * 32767).astype("<i2")


def lossless_bytes(pcm: Pcm) -> bytes:
    """A segment (at most a minute or so) as 16-bit mono FLAC. Raises EncodingFailed."""
    file = io.BytesIO()
    with _told("FLAC"):
        soundfile.write(file, to_pcm16(pcm), SAMPLE_RATE_HZ, format="FLAC", subtype="PCM_16")
    return file.getvalue()


def read_lossless(stream: BinaryIO) -> Pcm:
    """The sound that `lossless_bytes` made, float32 [n_samples]; making it lossless again gives the same samples.
    Raises EncodingFailed when it is damaged, or something else."""
    with _told("the stored segment"), soundfile.SoundFile(io.BytesIO(stream.read())) as file:
        if (file.samplerate, file.channels) != (SAMPLE_RATE_HZ, 1):
            raise EncodingFailed(f"The stored segment has {file.samplerate} Hz and {file.channels} channels; "
                                 f"{SAMPLE_RATE_HZ} Hz mono is expected.")
        pcm: Pcm = file.read(dtype="int16").astype(np.float32) / 32767
    return pcm


def _file(path: Path, format: AudioFormat, n_bytes: int | None, riff_bytes: int) -> AbstractContextManager[Write]:
    if format == "flac":
        return _sndfile(path, "FLAC")
    if format == "pcm":
        return _raw(path)
    if format == "wav":
        return _sndfile(path, "RF64") if n_bytes is None or n_bytes > riff_bytes else _riff(path, riff_bytes)
    return _ffmpeg(path, format)


@contextmanager
def _riff(path: Path, riff_bytes: int) -> Iterator[Write]:
    n_bytes = _WAV_HEADER_BYTES
    with _sndfile(path, "WAV") as write:
        def write_within(pcm: Pcm16) -> None:
            nonlocal n_bytes
            n_bytes += pcm.nbytes
            if n_bytes > riff_bytes:  # Going on would end in a header that denies most of the sound.
                raise EncodingFailed("There is more sound than was announced, too much for a plain WAV file.")
            write(pcm)
        yield write_within


@contextmanager
def _sndfile(path: Path, kind: Literal["WAV", "RF64", "FLAC"]) -> Iterator[Write]:
    with _told(kind), soundfile.SoundFile(path, "w", SAMPLE_RATE_HZ, 1, subtype="PCM_16", format=kind) as file:
        yield file.write


@contextmanager
def _raw(path: Path) -> Iterator[Write]:
    with _written():
        file = path.open("wb", buffering=0)
    with file:
        def write(pcm: Pcm16) -> None:
            unwritten = memoryview(pcm.tobytes())
            with _written():
                while unwritten:  # a disk about to be full takes a part, and complains at the next
                    unwritten = unwritten[file.write(unwritten):]
        yield write


@contextmanager
def _ffmpeg(path: Path, format: AudioFormat) -> Iterator[Write]:
    with Ffmpeg("s16le", *PLAIN, *CODECS[format], f"file:{path}") as ffmpeg:
        yield lambda pcm: ffmpeg.feed(pcm.tobytes())


@contextmanager
def _written() -> Iterator[None]:
    """The system's errors as ours; only around our own file, for a source of sound may have errors of that kind too."""
    try:
        yield
    except OSError as error:
        raise EncodingFailed(f"The sound could not be written: {error.strerror}.") from error


@contextmanager
def _told(what: str) -> Iterator[None]:
    """libsndfile's errors as ours."""
    try:
        yield
    except soundfile.SoundFileError as error:
        raise EncodingFailed(f"libsndfile could not deal with {what}: {error}") from error


def _duration_s(format: AudioFormat, n_samples: int) -> float:
    if format == "aac":
        n_samples = -(-(n_samples + _AAC_FRAME) // _AAC_FRAME) * _AAC_FRAME
    return n_samples / SAMPLE_RATE_HZ

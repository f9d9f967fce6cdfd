"""The bytes of an answer → 24 kHz mono float32, piece by piece as they come."""

import re
from collections.abc import Generator, Iterator

import numpy as np
import samplerate  # type: ignore[import-not-found]  # a compiled module without stubs
from numpy.typing import NDArray

from speechmill.errors import EncodingFailed
from speechmill.settings import RemoteSettings
from worker.ffmpeg import Ffmpeg, through
from worker.voices.remote.call import Head
from worker.voices.remote.trouble import Broken
from worker.voices.remote.wav import RATES_HZ, SampleFormat, Source, open_wav
from worker.voices.seam import SAMPLE_RATE_HZ, Pcm

_BLOCK_S = 0.25
_FULL_SCALE_16 = 32767
"""As encode.py and most servers have it: sound that passes through two of us keeps its bytes."""
# Servers that call it L16 send little-endian samples like the others, whatever RFC 2586 says.
_RAW = {"audio/pcm", "audio/x-pcm", "audio/l16", "audio/raw"}
_WAV = {"audio/wav", "audio/x-wav", "audio/wave", "audio/vnd.wave"}
_ANYTHING = {"", "application/octet-stream", "binary/octet-stream"}
# Containers of sound only: a playlist would make ffmpeg open the files and addresses that it names.
_FFMPEG = ("-format_whitelist", "wav,flac,mp3,ogg,aac,matroska", "-protocol_whitelist", "pipe")
_FFMPEG_OUTPUT = ("-map", "0:a:0", "-ac", "1", "-ar", str(SAMPLE_RATE_HZ), "-f", "f32le", "pipe:1")


def decoded(head: Head, blocks: Iterator[bytes], settings: RemoteSettings) -> Generator[Pcm, None, None]:
    """What `blocks`, the body of an answer with this `head`, sound like; pieces of a second at most. Goes by what came, which not
    every server makes what was asked for. Raises Broken for what is no sound, or not all of it."""
    source = Source(blocks)
    kind = _kind(head, settings.response_format)
    first = source.read(12)
    rest = Source(_chained(first, source))
    if first[:4] in (b"RIFF", b"RF64"):
        kind = "wav"
    if kind == "wav":
        samples, n_bytes = open_wav(rest)
        return _resampled(_frames(rest, samples, n_bytes), samples.sample_rate_hz)
    if kind == "pcm":
        samples = SampleFormat("i2", 1, _told_rate_hz(head) or settings.sample_rate_hz)
        return _resampled(_frames(rest, samples, None), samples.sample_rate_hz)
    return _by_ffmpeg(_chained(first, source))


def _kind(head: Head, asked: str) -> str:
    """pcm, wav, or another that ffmpeg reads. Raises Broken for what is not said to be sound."""
    said = head.content_type
    if head.headers.get("content-encoding", "identity").strip().lower() not in ("identity", ""):
        raise Broken("The speech server compressed its answer, which nobody asked for.")
    if said in _RAW:
        return "pcm"
    if said in _WAV:
        return "wav"
    if said in _ANYTHING:
        return asked
    if said.startswith("audio/") or said == "application/ogg":
        return "other"
    raise Broken(f"The speech server sent {said[:80]!r} instead of sound.")


def _told_rate_hz(head: Head) -> int | None:
    """audio/pcm;rate=44100. Raises Broken for a rate that no sound has."""
    told = re.search(r";\s*rate=\"?([0-9]{4,6})\b", head.headers.get("content-type", ""), re.IGNORECASE)
    if told and int(told[1]) not in RATES_HZ:
        raise Broken(f"The speech server says that its sound has {int(told[1])} samples a second.")
    return int(told[1]) if told else None


def _chained(first: bytes, source: Source) -> Iterator[bytes]:
    if first:
        yield first
    while block := source.read(4096):
        yield block


def _frames(source: Source, samples: SampleFormat, n_bytes: int | None) -> Iterator[Pcm]:
    """Blocks of equal length, however the network delivers them, so that the resampled bytes are the same each time, too."""
    block_bytes = int(_BLOCK_S * samples.sample_rate_hz) * samples.frame_bytes
    left = n_bytes
    while left is None or left > 0:
        block = source.read(block_bytes if left is None else min(block_bytes, left))
        if not block:
            break
        if left is not None:
            left -= len(block)
        yield _mono(block[:len(block) // samples.frame_bytes * samples.frame_bytes], samples)
    if left:
        raise Broken(f"The speech server's sound lacks {left} bytes of the {n_bytes} that its header tells.")
    while source.read(block_bytes):
        pass  # what a file says of itself behind its sound; a connection that breaks off here is noticed, too


def _mono(block: bytes, samples: SampleFormat) -> Pcm:
    """float32 [n_samples]; several channels are mixed."""
    sound: NDArray[np.float32]
    match samples.coding:
        case "i2":
            sound = np.maximum(np.frombuffer(block, "<i2").astype(np.float32) / _FULL_SCALE_16, -1.0)
        case "i3":
            padded = np.zeros((len(block) // 3, 4), np.uint8)
            padded[:, 1:] = np.frombuffer(block, np.uint8).reshape(-1, 3)
            sound = padded.view("<i4")[:, 0].astype(np.float32) / np.float32(2**31)
        case "i4":
            sound = np.frombuffer(block, "<i4").astype(np.float32) / np.float32(2**31)
        case _:
            sound = np.clip(np.frombuffer(block, "<f4").astype(np.float32), -1.0, 1.0)
    return sound if samples.n_channels == 1 else sound.reshape(-1, samples.n_channels).mean(axis=1, dtype=np.float32)


def _resampled(sound: Iterator[Pcm], sample_rate_hz: int) -> Generator[Pcm, None, None]:
    if sample_rate_hz == SAMPLE_RATE_HZ:
        yield from sound
        return
    resampler = samplerate.Resampler("sinc_medium", channels=1)
    ratio = SAMPLE_RATE_HZ / sample_rate_hz
    n_owed = 0.0
    for pcm in sound:
        resampled = resampler.process(pcm, ratio)
        n_owed += len(pcm) * ratio - len(resampled)
        yield np.clip(resampled, -1.0, 1.0)
    # The filter still holds the last samples; silence pushes them out.
    rest = resampler.process(np.zeros(256 + int(128 / ratio), np.float32), ratio, end_of_input=True)
    yield np.clip(rest[:max(0, round(n_owed))], -1.0, 1.0)


def _by_ffmpeg(blocks: Iterator[bytes]) -> Generator[Pcm, None, None]:
    rest = b""
    try:
        with Ffmpeg(_FFMPEG, *_FFMPEG_OUTPUT, reads_output=True) as ffmpeg:
            for sound in through(ffmpeg, blocks):
                sound = rest + sound
                whole = len(sound) // 4 * 4
                rest = sound[whole:]
                yield np.clip(np.frombuffer(sound[:whole], "<f4"), -1.0, 1.0)
    except EncodingFailed as error:
        raise Broken("The speech server sent sound that can't be decoded.", error.message) from None

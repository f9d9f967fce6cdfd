"""Sound to the six formats while it still comes: what goes in comes out encoded, a few hundredths of a second later.

The bytes of all calls, joined, are one file. Beside what `worker/encode.py` writes it lacks what only the end could tell: WAV has
no lengths in its header, MP3 no note of its padding (a player plays 46 ms more at its beginning), FLAC no count and checksum; and
Ogg has pages of 20 ms, which makes it a fifth larger. The samples are the same.
"""

import os
import select
import struct
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from typing import Protocol, Self

import numpy as np

from speechmill.errors import EncodingFailed
from speechmill.request import AudioFormat
from worker.encode import CODECS, PLAIN, file_clock, to_pcm16
from worker.ffmpeg import STALL_S, Ffmpeg, pcm_input
from worker.speed import tempo
from worker.times.clock import FileClock
from worker.voices.seam import SAMPLE_RATE_HZ, Pcm

_FLUSHED: dict[str, tuple[str, ...]] = {
    "mp3": (*CODECS["mp3"], "-write_xing", "0"),
    "opus": (*CODECS["opus"], "-page_duration", "20000"),   # microseconds; the default is a second
    "aac": CODECS["aac"],
    # Without padding, which is 8 KiB of nothing before the first sound.
    "flac": ("-c:a", "flac", "-metadata_header_padding", "0", "-f", "flac"),
}
_AT_ONCE = ("-probesize", "32", "-analyzeduration", "0")
"""ffmpeg would look at seconds of its input before it begins; we have said what it is."""
_LINGER_MS = 10
"""So long nothing more may come of what was fed, until the rest is left for the next time."""
_READ_BYTES = 1 << 16
_MP3_FRAME, _MP3_DELAY = 576, 1105
_AAC_FRAME = 1024
_LEAD = {"mp3": _MP3_DELAY, "aac": _AAC_FRAME}
"""Samples that a player plays before the first of ours: nothing in the file tells it to leave them out."""


class Encoder(Protocol):
    """Of one file."""

    def add(self, pcm: Pcm) -> bytes:
        """What there is of the file beyond what was given before, now that `pcm`, float32 [n_samples], is part of it. Raises
        EncodingFailed."""
        ...

    def end(self) -> bytes:
        """The rest of the file. Raises EncodingFailed."""
        ...

    @property
    def n_given(self) -> int:
        """Samples that were added so far."""
        ...

    @property
    def clock(self) -> FileClock:
        """How long a player plays it, and when it plays what was added; known after `end`."""
        ...


@contextmanager
def encoding(format: AudioFormat, speed: float) -> Iterator[Encoder]:
    """An encoder of sound that is to be played `speed` (0.25–4) times as fast. Leaving the context ends its processes. Raises
    EncodingFailed."""
    with ExitStack() as held:
        hurry = None if speed == 1 else held.enter_context(FfmpegPipe("f32le", *tempo(speed), "-f", "f32le"))
        if format in ("pcm", "wav"):
            yield _Encoder(format, speed, _Samples(_OPEN_WAV_HEADER if format == "wav" else b""), hurry)
        else:
            pipe = held.enter_context(FfmpegPipe("s16le", *PLAIN, *_FLUSHED[format], "-flush_packets", "1"))
            yield _Encoder(format, speed, pipe, hurry)


class _Bytes(Protocol):
    def add(self, sound: bytes) -> bytes: ...

    def end(self) -> bytes: ...


class _Samples:
    """16-bit samples as they are, after a header."""

    def __init__(self, header: bytes) -> None:
        self._header = header

    def add(self, sound: bytes) -> bytes:
        header, self._header = self._header, b""
        return header + sound

    def end(self) -> bytes:
        return self.add(b"")


class _Encoder:
    """`hurry`: float samples in, fewer or more of them out."""

    def __init__(self, format: AudioFormat, speed: float, samples: _Bytes, hurry: _Bytes | None) -> None:
        self._format = format
        self._speed = speed
        self._samples = samples
        self._hurry = hurry
        self.n_given = 0
        self._part = b""       # of a float sample, whose other bytes are still to come
        self._n_samples = 0

    def add(self, pcm: Pcm) -> bytes:
        self.n_given += len(pcm)
        return self._encoded(pcm if self._hurry is None else self._floats(self._hurry.add(pcm.astype("<f4").tobytes())))

    def end(self) -> bytes:
        last = b"" if self._hurry is None else self._encoded(self._floats(self._hurry.end()))
        if not self._n_samples:
            raise EncodingFailed("There is no sound to encode.")
        return last + self._samples.end()

    @property
    def clock(self) -> FileClock:
        n_heard = _HEARD[self._format](self._n_samples) if self._format in _HEARD else self._n_samples
        lead_s = _LEAD.get(self._format, 0) / SAMPLE_RATE_HZ
        return file_clock(self._speed, self.n_given, self._n_samples, lead_s, n_heard / SAMPLE_RATE_HZ)

    def _encoded(self, pcm: Pcm) -> bytes:
        self._n_samples += len(pcm)
        return self._samples.add(to_pcm16(pcm).tobytes()) if len(pcm) else b""

    def _floats(self, sound: bytes) -> Pcm:
        sound = self._part + sound
        whole = len(sound) // 4 * 4
        self._part = sound[whole:]
        return np.frombuffer(sound[:whole], "<f4").astype(np.float32, copy=False)


class FfmpegPipe(Ffmpeg):
    """ffmpeg with sound going in and coming out, by turns, on the caller's thread."""

    def __init__(self, samples: str, *arguments: str) -> None:
        """`samples`: the raw format that goes in, as ffmpeg names it. `arguments`: of what comes out."""
        super().__init__((*_AT_ONCE, *pcm_input(samples)), *arguments, "pipe:1", reads_output=True)
        assert self.process.stdout
        self._output = self.process.stdout.fileno()
        os.set_blocking(self._output, False)

    def __enter__(self) -> Self:
        return self

    def add(self, sound: bytes) -> bytes:
        assert self.process.stdin
        stdin = self.process.stdin.fileno()
        unsent, made = memoryview(sound), b""
        both = select.poll()
        both.register(self._output, select.POLLIN)
        both.register(stdin, select.POLLOUT)
        while unsent:
            ready = dict(both.poll(STALL_S * 1000))
            if not ready:
                raise EncodingFailed(f"ffmpeg took and gave no sound for {STALL_S:.0f} s.")
            if self._output in ready:
                made += self._read()
            if stdin in ready:
                unsent = unsent[self._write(stdin, unsent):]
        return made + self._soon()

    def end(self) -> bytes:
        self._close_input()
        os.set_blocking(self._output, True)
        made = bytearray()
        deadline = time.monotonic() + STALL_S
        waits = select.poll()
        waits.register(self._output, select.POLLIN)
        while waits.poll(max(0.0, deadline - time.monotonic()) * 1000):
            piece = os.read(self._output, _READ_BYTES)
            if not piece:
                return bytes(made)
            made += piece
        raise EncodingFailed(f"ffmpeg needed more than {STALL_S:.0f} s to finish.")

    def _soon(self) -> bytes:
        """What comes out as long as it keeps coming."""
        waits = select.poll()
        waits.register(self._output, select.POLLIN)
        made = b""
        while waits.poll(_LINGER_MS):
            made += self._read()
        return made

    def _read(self) -> bytes:
        piece = os.read(self._output, _READ_BYTES)
        if not piece:
            raise self.failure()
        return piece

    def _write(self, stdin: int, sound: memoryview) -> int:
        try:
            return os.write(stdin, sound)
        except BlockingIOError:
            return 0
        except BrokenPipeError:
            raise self.failure() from None


_UNKNOWN = 0xFFFFFFFF
_OPEN_WAV_HEADER = (struct.pack("<4sI4s", b"RIFF", _UNKNOWN, b"WAVE")
                    + struct.pack("<4sIHHIIHH", b"fmt ", 16, 1, 1, SAMPLE_RATE_HZ, 2 * SAMPLE_RATE_HZ, 2, 16)
                    + struct.pack("<4sI", b"data", _UNKNOWN))
"""Of PCM, 16 bits, mono. Lengths of all ones say that nobody knows them: readers go on to the end of the file."""

_HEARD: dict[str, Callable[[int], int]] = {
    "mp3": lambda n_samples: -(-(n_samples + _MP3_DELAY) // _MP3_FRAME) * _MP3_FRAME,
    "aac": lambda n_samples: -(-(n_samples + _AAC_FRAME) // _AAC_FRAME) * _AAC_FRAME,
}

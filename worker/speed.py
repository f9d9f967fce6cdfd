"""Faster or slower without another pitch: ffmpeg's atempo, the same stage for every voice and every format."""

import os
import selectors
from collections.abc import Generator, Iterable, Iterator

import numpy as np

from speechmill.errors import EncodingFailed
from worker.ffmpeg import STALL_S, Ffmpeg
from worker.voices.seam import Pcm

_READ_BYTES = 1 << 16


def at_speed(chunks: Iterable[Pcm], speed: float) -> Generator[Pcm, None, None]:
    """`chunks` played `speed` (0.25–4) times as fast; at 1 they pass as they are. Samples are float32 [n_samples].

    The length is the input's divided by `speed`, give or take what atempo shifts to make its windows fit: up to 0.15 s in
    all at 0.25, however long the sound; 0.02 s at 1.7. Close the iterator to stop early. Raises EncodingFailed.
    """
    if speed == 1:
        yield from chunks
        return
    with Ffmpeg("f32le", "-af", _atempo(speed), "-f", "f32le", "pipe:1", reads_output=True) as ffmpeg:
        rest = b""
        for sound in _through(ffmpeg, (chunk.astype("<f4").tobytes() for chunk in chunks)):
            sound = rest + sound
            whole = len(sound) // 4 * 4
            rest = sound[whole:]
            yield np.frombuffer(sound[:whole], "<f4").astype(np.float32, copy=False)


def _atempo(speed: float) -> str:
    """One stage takes 0.5 at least, and above 2 it drops sound instead of blending it: two share what is beyond."""
    stages = [speed] if 0.5 <= speed <= 2 else [speed ** 0.5] * 2
    return ",".join(f"atempo={stage:.9f}" for stage in stages)


def _through(ffmpeg: Ffmpeg, sounds: Iterator[bytes]) -> Iterator[bytes]:
    """What ffmpeg makes of `sounds`. Writes and reads as ffmpeg is ready for either, on the caller's thread: doing one after
    the other, both sides would wait for each other once the pipes are full."""
    stdin, stdout = ffmpeg.process.stdin, ffmpeg.process.stdout
    assert stdin
    assert stdout
    os.set_blocking(stdin.fileno(), False)
    unsent = memoryview(b"")
    with selectors.DefaultSelector() as ready:
        ready.register(stdout, selectors.EVENT_READ)
        ready.register(stdin, selectors.EVENT_WRITE)
        while True:
            if not unsent and not stdin.closed:
                unsent = memoryview(next((sound for sound in sounds if sound), b""))
                if not unsent:
                    ready.unregister(stdin)
                    stdin.close()
            able = {key.fileobj for key, _ in ready.select(STALL_S)}
            if not able:
                raise EncodingFailed(f"ffmpeg took and gave no sound for {STALL_S:.0f} s.")
            if stdin in able:
                unsent = unsent[_write(ffmpeg, stdin.fileno(), unsent):]
            if stdout in able:
                sound = os.read(stdout.fileno(), _READ_BYTES)
                if not sound and not stdin.closed:
                    raise ffmpeg.failure()
                if not sound:
                    return
                yield sound


def _write(ffmpeg: Ffmpeg, pipe: int, sound: memoryview) -> int:
    try:
        return os.write(pipe, sound)
    except BrokenPipeError:
        raise ffmpeg.failure() from None

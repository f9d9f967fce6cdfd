"""Faster or slower without another pitch: ffmpeg's atempo, the same stage for every voice and every format."""

from collections.abc import Generator, Iterable

import numpy as np

from worker.ffmpeg import Ffmpeg, through
from worker.voices.seam import Pcm


def at_speed(chunks: Iterable[Pcm], speed: float) -> Generator[Pcm, None, None]:
    """`chunks` played `speed` (0.25–4) times as fast; at 1 they pass as they are. Samples are float32 [n_samples].

    The length is the input's divided by `speed`, give or take what atempo shifts to make its windows fit: up to 0.15 s in
    all at 0.25, however long the sound; 0.02 s at 1.7. Close the iterator to stop early. Raises EncodingFailed.
    """
    if speed == 1:
        yield from chunks
        return
    with Ffmpeg("f32le", *tempo(speed), "-f", "f32le", "pipe:1", reads_output=True) as ffmpeg:
        rest = b""
        for sound in through(ffmpeg, (chunk.astype("<f4").tobytes() for chunk in chunks)):
            sound = rest + sound
            whole = len(sound) // 4 * 4
            rest = sound[whole:]
            yield np.frombuffer(sound[:whole], "<f4").astype(np.float32, copy=False)


def tempo(speed: float) -> tuple[str, str]:
    """ffmpeg's option that plays sound `speed` times as fast.

    One stage takes 0.5 at least, and above 2 it drops sound instead of blending it: two share what is beyond."""
    stages = [speed] if 0.5 <= speed <= 2 else [speed ** 0.5] * 2
    return "-af", ",".join(f"atempo={stage:.9f}" for stage in stages)

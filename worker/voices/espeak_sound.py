"""From the WAV stream that espeak-ng writes to samples at our rate."""

from collections.abc import Callable, Iterator

import numpy as np
import samplerate  # type: ignore[import-not-found]  # a compiled module without stubs

from speechmill.errors import VoiceFailed
from worker.voices.espeak_process import wav_sample_rate_hz
from worker.voices.seam import SAMPLE_RATE_HZ, Pcm

_BLOCK_S = 0.5


def resampled(read: Callable[[int], bytes], limit_s: float) -> Iterator[Pcm]:
    """The sound of a WAV stream, at 24 kHz. Raises VoiceFailed when it is none, or longer than `limit_s`.

    Blocks are of equal length however the pipe delivers them, so that the resampled bytes, too, are the same each time."""
    sample_rate_hz = wav_sample_rate_hz(read)
    if sample_rate_hz is None:
        return
    resampler = samplerate.Resampler("sinc_fastest", channels=1)
    ratio = SAMPLE_RATE_HZ / sample_rate_hz
    n_bytes = 2 * int(_BLOCK_S * sample_rate_hz)
    heard_s = 0.0
    while block := read(n_bytes):
        samples = np.frombuffer(block[:len(block) // 2 * 2], "<i2").astype(np.float32) / 32768  # [n_samples]
        yield np.clip(resampler.process(samples, ratio), -1.0, 1.0)
        heard_s += _BLOCK_S
        if heard_s > limit_s:
            raise VoiceFailed(f"espeak-ng did not come to an end: more than {limit_s:g} s of sound.")
    # The filter still holds the last samples; silence pushes them out.
    yield np.clip(resampler.process(np.zeros(256, np.float32), ratio, end_of_input=True), -1.0, 1.0)

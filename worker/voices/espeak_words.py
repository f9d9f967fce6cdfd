"""When espeak-ng says which word: its library tells, while its program does not. The sound is the same."""

import io
import json
import subprocess
from collections.abc import Iterable, Iterator
from itertools import pairwise

import numpy as np

from speechmill.errors import VoiceFailed
from worker.voices.espeak_process import wav_sample_rate_hz
from worker.voices.espeak_sound import resampled
from worker.voices.seam import SAMPLE_RATE_HZ, TimedWords


def timed_words(command: list[str], text: str, limit_s: float) -> TimedWords:
    """Runs `command` (EspeakProgram.to_speak_with_words) for `limit_s` at most. A word lasts until the next one begins, silence
    between them included. Raises VoiceFailed."""
    try:
        done = subprocess.run(command, input=text.encode(), capture_output=True, timeout=limit_s, check=True,
                              start_new_session=True)
    except (OSError, subprocess.SubprocessError) as error:
        raise VoiceFailed(f"espeak-ng could not tell when it says which word: {error}") from None
    line, _, wav = done.stdout.partition(b"\n")
    rate_hz = wav_sample_rate_hz(io.BytesIO(wav).read)
    chunks = list(resampled(io.BytesIO(wav).read, limit_s=float("inf")))
    pcm = np.concatenate(chunks) if chunks else np.zeros(0, np.float32)
    begins = [(character, sample / (rate_hz or 1)) for character, sample in _onward(json.loads(line or b"[]"))]
    ends = [*begins, (len(text), len(pcm) / SAMPLE_RATE_HZ)]
    return TimedWords(pcm, [(start, end, start_s, end_s) for (start, start_s), (end, end_s) in pairwise(ends)])


def _onward(begins: Iterable[tuple[int, int]]) -> Iterator[tuple[int, int]]:
    """Without those that go back in the text, or stay: parts of a number, and what follows a quotation mark."""
    reached = -1
    for character, sample in begins:
        if character > reached:
            reached = character
            yield character, sample

"""Trimming while sound comes: what is heard is what trimming the whole take would have left, and none of it comes late."""

import numpy as np
import pytest

from tests.unit.audio.sound import in_chunks, silence, speechlike, tone
from worker.streams.running_trim import RunningTrim
from worker.takes.trim import trim
from worker.voices.seam import SAMPLE_RATE_HZ, BrokenSound, Pcm


def passed_on(pcm: Pcm, n_samples: int) -> list[Pcm]:
    trimmed = RunningTrim()
    return [*(trimmed.add(chunk) for chunk in in_chunks(pcm, n_samples)), trimmed.end()]


@pytest.mark.parametrize("n_samples", [240, 1920, 24_000, 1_000_000])
@pytest.mark.parametrize("pcm", [
    np.concatenate((silence(0.3), tone(1.0), silence(0.5))),
    np.concatenate((silence(0.3), tone(0.5), silence(0.7), tone(0.5), silence(0.21))),
    np.concatenate((silence(0.1), tone(0.733))),
    tone(0.6),
], ids=["silence around", "a pause within", "ends in sound", "all sound"])
def test_it_leaves_what_trimming_the_whole_take_leaves(pcm: Pcm, n_samples: int) -> None:
    assert np.allclose(np.concatenate(passed_on(pcm, n_samples)), trim(pcm), atol=1e-6)


@pytest.mark.parametrize("n_samples", [240, 1920, 5000])
def test_of_speech_nothing_that_the_whole_take_keeps_is_lost(n_samples: int) -> None:
    pcm = np.concatenate((silence(0.4), speechlike(2.0), silence(0.4)))
    heard, wanted = np.concatenate(passed_on(pcm, n_samples)), trim(pcm)
    assert len(wanted) <= len(heard) <= len(wanted) + 0.2 * SAMPLE_RATE_HZ


def test_sound_is_passed_on_as_it_comes() -> None:
    first, second, *_ = passed_on(tone(1.0), 1920)
    assert len(first) == 1920 - 480  # two frames are held back
    assert len(second) == 1920


def test_it_begins_and_ends_at_zero() -> None:
    heard = np.concatenate(passed_on(np.concatenate((tone(0.4, hz=50), silence(0.01))), 1920))
    assert heard[0] == 0
    assert abs(heard[-1]) < 0.02


def test_of_silence_nothing_is_heard() -> None:
    assert sum(map(len, passed_on(silence(2.0), 1920))) == 0


def test_samples_that_are_no_numbers_are_refused() -> None:
    with pytest.raises(BrokenSound, match="not numbers"):
        RunningTrim().add(np.full(2400, np.nan, np.float32))

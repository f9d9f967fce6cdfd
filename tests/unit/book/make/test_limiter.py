"""The limiter keeps its ceiling, touches nothing but the sound around a peak, and changes no length."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.unit.audio.sound import in_chunks, silence, speechlike, tone
from worker.book.make.limiter import Limiter
from worker.book.make.meter import Meter
from worker.voices.seam import Pcm

CEILING = 0.5


def limited(pcm: Pcm, n_samples: int = 4800) -> tuple[Pcm, int]:
    limiter = Limiter(CEILING)
    sound = list(limiter.limit(in_chunks(pcm, n_samples)))
    return np.concatenate([np.zeros(0, np.float32), *sound]), limiter.n_limited


def true_peak_db(pcm: Pcm) -> float:
    meter = Meter()
    meter.add(pcm)
    return meter.reading().true_peak_dbtp


@pytest.mark.parametrize("loudness", [1.0, 2.0, 8.0])
def test_nothing_rises_above_the_ceiling(loudness: float) -> None:
    sound, n_limited = limited(loudness * speechlike(5))
    assert n_limited
    assert true_peak_db(sound) <= 20 * np.log10(CEILING) + 0.05


def test_peaks_between_samples_count() -> None:
    at = np.arange(24_000)
    pcm = (0.6 * np.sin(2 * np.pi * at / 4 + np.pi / 4)).astype(np.float32)
    assert np.abs(pcm).max() < CEILING
    sound, n_limited = limited(pcm)
    assert n_limited
    assert true_peak_db(sound[2000:-2000]) <= 20 * np.log10(CEILING) + 0.1


def test_what_is_soft_enough_passes_as_it_is() -> None:
    pcm = 0.45 * tone(3, amplitude=1.0)
    sound, n_limited = limited(pcm)
    assert n_limited == 0
    np.testing.assert_array_equal(sound, pcm)


def test_only_the_sound_around_a_peak_gets_softer() -> None:
    pcm = 0.4 * tone(3, amplitude=1.0)
    pcm[36_000:36_100] *= 2
    sound, n_limited = limited(pcm)
    changed = np.flatnonzero(sound != pcm)
    assert 100 <= n_limited <= 1100
    assert len(changed) <= n_limited
    assert changed.min() > 36_000 - 500
    assert changed.max() < 36_100 + 500


def test_the_gain_moves_slowly() -> None:
    pcm = np.full(48_000, 0.4, np.float32)
    pcm[24_000:24_010] = 1.0
    sound, _ = limited(pcm)
    gain = sound / pcm
    assert np.abs(np.diff(gain)).max() < 0.01


@settings(max_examples=25, deadline=None)
@given(n_samples=st.integers(0, 60_000), n_chunk=st.integers(1, 50_000), seed=st.integers(0, 99))
def test_any_sound_in_any_pieces_keeps_its_length_and_the_ceiling(n_samples: int, n_chunk: int, seed: int) -> None:
    pcm = np.random.default_rng(seed).normal(0, 0.4, n_samples).astype(np.float32)
    sound, _ = limited(pcm, max(n_chunk, n_samples // 500 + 1))
    whole, _ = limited(pcm, n_samples + 1)
    assert len(sound) == n_samples
    assert np.abs(sound).max(initial=0) <= CEILING * 1.0001
    np.testing.assert_allclose(sound, whole, atol=2e-6)


def test_silence_stays_silence() -> None:
    sound, n_limited = limited(silence(2))
    assert (len(sound), n_limited, float(np.abs(sound).max())) == (48_000, 0, 0.0)

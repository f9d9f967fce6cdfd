"""Loudness and peaks are those of the standards (ITU-R BS.1770, EBU Tech 3341), however the sound comes in."""

import re
import subprocess
from pathlib import Path

import imageio_ffmpeg  # type: ignore[import-untyped]
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.unit.audio.sound import in_chunks, silence, speechlike, tone
from worker.book.make.master import write_master
from worker.book.make.meter import FLOOR_DB, Meter, Reading
from worker.book.make.true_peak import REACH, peaks
from worker.voices.seam import SAMPLE_RATE_HZ, Pcm


def read(pcm: Pcm, n_samples: int = 4800) -> Reading:
    meter = Meter()
    for chunk in in_chunks(pcm, n_samples):
        meter.add(chunk)
    return meter.reading()


def sine(duration_s: float, level_dbfs: float, hz: float = 997.0) -> Pcm:
    return tone(duration_s, hz, 10 ** (level_dbfs / 20))


def test_a_sine_of_997_hz_at_full_scale_is_3_01_lufs_below_zero() -> None:
    assert read(sine(5, 0.0)).loudness_lufs == pytest.approx(-3.01, abs=0.05)


@pytest.mark.parametrize("level_dbfs", [-20.0, -36.0, -60.0])
def test_loudness_follows_the_level(level_dbfs: float) -> None:
    assert read(sine(5, level_dbfs)).loudness_lufs == pytest.approx(level_dbfs - 3.01, abs=0.05)


def test_what_is_ten_below_the_rest_does_not_count() -> None:
    """EBU Tech 3341, test case 3, with one channel: the soft parts are gated out."""
    sound = np.concatenate([sine(4, -36), sine(16, -23), sine(4, -36)])
    assert read(sound).loudness_lufs == pytest.approx(-26.01, abs=0.1)


def test_silence_does_not_count() -> None:
    """EBU Tech 3341, test case 4, in short: below -70 LUFS is nothing."""
    sound = np.concatenate([sine(5, -72), sine(5, -36), sine(15, -23), sine(5, -36), sine(5, -72)])
    assert read(sound).loudness_lufs == pytest.approx(-26.01, abs=0.1)


@pytest.mark.parametrize("pcm", [speechlike(20), np.concatenate([speechlike(3), silence(2), 0.1 * speechlike(6)])])
def test_ffmpeg_measures_the_same(tmp_path: Path, pcm: Pcm) -> None:
    reading = write_master(in_chunks(pcm), tmp_path / "master.flac")
    said = subprocess.run([imageio_ffmpeg.get_ffmpeg_exe(), "-i", str(tmp_path / "master.flac"), "-af", "ebur128=peak=true",
                           "-f", "null", "-"], capture_output=True, check=True).stderr.decode()
    summary = said[said.rindex("Summary:"):]
    assert reading.loudness_lufs == pytest.approx(float(re.findall(r"I: +(\S+) LUFS", summary)[0]), abs=0.1)
    assert reading.true_peak_dbtp == pytest.approx(float(re.findall(r"Peak: +(\S+) dBFS", summary)[0]), abs=0.2)


@settings(max_examples=15, deadline=None)
@given(n_samples=st.integers(1000, 200_000))
def test_the_sizes_of_the_pieces_do_not_matter(n_samples: int) -> None:
    pcm = speechlike(6)
    whole, pieces = read(pcm, len(pcm)), read(pcm, n_samples)
    assert pieces.n_samples == whole.n_samples == len(pcm)
    assert pieces.loudness_lufs == pytest.approx(whole.loudness_lufs, abs=1e-4)
    assert pieces.rms_dbfs == pytest.approx(whole.rms_dbfs, abs=1e-4)
    assert pieces.true_peak_dbtp == pytest.approx(whole.true_peak_dbtp, abs=1e-3)


def test_single_samples_are_measured_too() -> None:
    pcm = speechlike(0.5)
    assert read(pcm, 1).loudness_lufs == pytest.approx(read(pcm).loudness_lufs, abs=1e-4)


@pytest.mark.parametrize("pcm", [silence(3), np.zeros(0, np.float32), sine(0.39, -10), sine(3, -80)])
def test_silence_and_what_is_shorter_than_a_block_has_no_loudness(pcm: Pcm) -> None:
    assert read(pcm).loudness_lufs == FLOOR_DB


def test_a_true_peak_lies_between_the_samples() -> None:
    """A sine at a quarter of the rate, whose samples all lie 3 dB below its crest."""
    at = np.arange(SAMPLE_RATE_HZ)
    pcm = (0.5 * np.sin(2 * np.pi * at / 4 + np.pi / 4)).astype(np.float32)
    assert 20 * np.log10(np.abs(pcm).max()) == pytest.approx(-9.03, abs=0.01)
    assert read(pcm).true_peak_dbtp == pytest.approx(-6.02, abs=0.3)


def test_a_peak_at_the_very_end_is_seen() -> None:
    pcm = silence(1)
    pcm[-1] = 0.9
    assert read(pcm, 777).true_peak_dbtp >= 20 * np.log10(0.9) - 1e-3


def test_rms_is_over_everything() -> None:
    assert read(np.concatenate([sine(2, 0), silence(2)])).rms_dbfs == pytest.approx(-6.02, abs=0.01)


def test_a_reading_moves_with_its_gain() -> None:
    softer = read(speechlike(3) * np.float32(10 ** (-6 / 20)))
    assert read(speechlike(3)).louder(-6.0).loudness_lufs == pytest.approx(softer.loudness_lufs, abs=1e-3)


@settings(max_examples=30, deadline=None)
@given(seed=st.integers(0, 99), n_samples=st.integers(25, 3000), above=st.floats(0.1, 3.0))
def test_looking_only_where_it_may_be_high_misses_nothing_that_is(seed: int, n_samples: int, above: float) -> None:
    random = np.random.default_rng(seed)
    pcm = (random.normal(0, 0.4, n_samples) * (random.random(n_samples) < 0.3)).astype(np.float32)
    everywhere, where_high = peaks(pcm, 0.0), peaks(pcm, above)
    assert len(everywhere) == n_samples - 2 * REACH
    np.testing.assert_allclose(np.maximum(everywhere, above), np.maximum(where_high, above), rtol=1e-5)

"""Trimming takes and telling the usable from the others."""

import numpy as np
import pytest

from speechmill.errors import VoiceFailed
from tests.unit.audio.sound import silence, speechlike, tone
from worker.takes import TOO_LONG, TOO_SHORT, check, fade_edges, trim
from worker.voices.seam import SAMPLE_RATE_HZ

TEXT = "The mill stood still all day."


def test_silence_around_the_speech_is_trimmed_and_a_little_is_kept() -> None:
    trimmed = trim(np.concatenate([silence(1.0), tone(2.0), silence(3.0)]))
    assert 2.08 <= len(trimmed) / SAMPLE_RATE_HZ <= 2.11
    assert np.abs(trimmed[:600]).max() < 1e-6  # 25 ms before the onset
    assert np.abs(trimmed[-1200:]).max() < 1e-6


def test_noise_of_the_room_counts_as_silence_and_a_soft_onset_does_not() -> None:
    room = np.random.default_rng(1).normal(0, 0.0005, SAMPLE_RATE_HZ).astype(np.float32)
    soft = tone(0.2, amplitude=0.01)  # 34 dB below the speech, as an f is
    trimmed = trim(np.concatenate([room, soft, tone(1.0), room]))
    assert 1.27 <= len(trimmed) / SAMPLE_RATE_HZ <= 1.31


def test_silence_inside_the_speech_stays() -> None:
    take = np.concatenate([tone(0.5), silence(1.0), tone(0.5)])
    assert len(trim(take)) == len(take)


def test_a_trimmed_take_begins_and_ends_at_zero_and_rises_over_five_milliseconds() -> None:
    trimmed = trim(np.full(SAMPLE_RATE_HZ, 0.8, np.float32))
    assert trimmed[0] == trimmed[-1] == 0
    assert np.abs(np.diff(trimmed)).max() <= 0.8 / 120 + 1e-6
    assert (trimmed[120:-120] == np.float32(0.8)).all()


def test_trimming_leaves_the_take_it_was_given_alone_and_what_it_trimmed_as_it_is() -> None:
    take = np.concatenate([silence(0.5), speechlike(1.0), silence(0.5)])
    before = take.copy()
    once = trim(take)
    assert (take == before).all()
    assert np.abs(len(trim(once)) - len(once)) <= 240


def test_a_take_without_sound_trims_to_nothing_and_is_refused_where_there_is_something_to_speak() -> None:
    hiss = np.random.default_rng(2).normal(0, 0.0003, SAMPLE_RATE_HZ).astype(np.float32)
    for quiet in (silence(1.0), silence(0), hiss):
        assert len(trim(quiet)) == 0
        with pytest.raises(VoiceFailed, match="no sound"):
            check(quiet, TEXT)
        assert check(quiet, " … ") == ()


@pytest.mark.parametrize("broken", [np.nan, np.inf, -np.inf])
def test_samples_that_are_not_numbers_are_refused(broken: float) -> None:
    take = tone(1.0)
    take[500] = broken
    for refuse in (trim, lambda pcm: check(pcm, TEXT)):
        with pytest.raises(VoiceFailed, match="not numbers"):
            refuse(take)


def test_more_than_one_channel_is_refused() -> None:
    with pytest.raises(VoiceFailed, match=r"shape \(2, 24000\)"):
        trim(np.stack([tone(1.0), tone(1.0)]))


def test_a_take_of_plausible_length_has_no_flags() -> None:
    assert check(tone(2.0), TEXT) == ()
    assert check(tone(6.0), "今天天气很好我们去公园散步吧") == ()
    assert check(tone(6.0), "9999999999") == ()  # ten digits, spoken as a number
    assert check(tone(1.0), "Hi") == ()


def test_a_take_that_runs_on_or_breaks_off_is_flagged() -> None:
    assert check(tone(30.0), TEXT) == (TOO_LONG,)
    assert check(tone(0.2), TEXT) == (TOO_SHORT,)


def test_fading_a_take_of_a_few_samples_only_fades_what_there_is() -> None:
    for n_samples in range(6):
        faded = fade_edges(np.ones(n_samples, np.float32))
        assert len(faded) == n_samples
        assert n_samples < 2 or faded[0] == faded[-1] == 0

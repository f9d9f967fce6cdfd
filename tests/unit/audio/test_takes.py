"""Trimming takes, how long a text may take, and which take is the best of several."""

import numpy as np
import pytest

from tests.unit.audio.sentences import ALL
from tests.unit.audio.sound import silence, speechlike, tone
from worker.takes.check import check
from worker.takes.duration import longest_s, longest_speech_s, shortest_speech_s
from worker.takes.flags import Flag, gravity
from worker.takes.trim import fade_edges, trim
from worker.voices.seam import SAMPLE_RATE_HZ, BrokenSound, Pcm

TEXT = "The mill stood still all day."


def take(pcm: Pcm) -> Pcm:
    """As a voice gives it, and as it is checked: silence around, then trimmed."""
    return trim(np.concatenate([silence(0.2), pcm, silence(0.2)]))


# --- trimming

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
    paused = np.concatenate([tone(0.5), silence(1.0), tone(0.5)])
    assert len(trim(paused)) == len(paused)


def test_a_trimmed_take_begins_and_ends_at_zero_and_rises_over_five_milliseconds() -> None:
    trimmed = trim(np.full(SAMPLE_RATE_HZ, 0.8, np.float32))
    assert trimmed[0] == trimmed[-1] == 0
    assert np.abs(np.diff(trimmed)).max() <= 0.8 / 120 + 1e-6
    assert (trimmed[120:-120] == np.float32(0.8)).all()


def test_trimming_leaves_the_take_it_was_given_alone_and_what_it_trimmed_as_it_is() -> None:
    whole = np.concatenate([silence(0.5), speechlike(1.0), silence(0.5)])
    before = whole.copy()
    once = trim(whole)
    assert (whole == before).all()
    assert np.abs(len(trim(once)) - len(once)) <= 240


def test_fading_a_take_of_a_few_samples_only_fades_what_there_is() -> None:
    for n_samples in range(6):
        faded = fade_edges(np.ones(n_samples, np.float32))
        assert len(faded) == n_samples
        assert n_samples < 2 or faded[0] == faded[-1] == 0


# --- what nobody could use

def test_a_take_without_sound_trims_to_nothing_and_is_refused_where_there_is_something_to_speak() -> None:
    hiss = np.random.default_rng(2).normal(0, 0.0003, SAMPLE_RATE_HZ).astype(np.float32)
    for quiet in (silence(1.0), silence(0), hiss):
        assert len(trim(quiet)) == 0
        with pytest.raises(BrokenSound, match="no sound"):
            check(quiet, TEXT)
        assert check(quiet, " … ") == ()


@pytest.mark.parametrize("broken", [np.nan, np.inf, -np.inf])
def test_samples_that_are_not_numbers_are_refused(broken: float) -> None:
    damaged = tone(1.0)
    damaged[500] = broken
    for refuse in (trim, lambda pcm: check(pcm, TEXT)):
        with pytest.raises(BrokenSound, match="not numbers"):
            refuse(damaged)


def test_more_than_one_channel_is_refused() -> None:
    with pytest.raises(BrokenSound, match=r"shape \(2, 24000\)"):
        trim(np.stack([tone(1.0), tone(1.0)]))


# --- how long

def test_a_take_of_plausible_length_has_no_flags() -> None:
    assert check(take(tone(2.0)), TEXT) == ()
    assert check(take(tone(6.0)), "今天天气很好我们去公园散步吧") == ()
    assert check(take(tone(6.0)), "9999999999") == ()  # ten digits, spoken as a number
    assert check(take(tone(1.0)), "Hi") == ()


def test_a_take_that_runs_on_or_leaves_words_out_is_flagged() -> None:
    assert check(take(tone(30.0)), TEXT) == (Flag.TOO_LONG,)
    assert check(take(tone(10.0)), "Hi") == (Flag.TOO_LONG,)
    assert check(take(tone(0.2)), TEXT) == (Flag.TOO_SHORT,)


def test_a_take_that_was_stopped_is_too_long_however_long_it_is() -> None:
    assert check(take(tone(2.0)), TEXT, capped=True) == (Flag.TOO_LONG,)


def test_a_voice_may_go_on_a_little_longer_than_speech_may_take_for_there_is_silence_around_it() -> None:
    assert longest_s(TEXT) == longest_speech_s(TEXT) + 1.0


def test_longest_and_shortest_grow_with_the_text_and_leave_room_between() -> None:
    for _language, text in ALL:
        assert longest_speech_s(text) > 3 * shortest_speech_s(text)
        assert longest_speech_s(text + " и 7 字") > longest_speech_s(text)


def test_a_segment_of_the_longest_kind_is_stopped_within_a_minute() -> None:
    assert longest_s("word " * 56) < 40
    assert longest_s("字" * 80) < 50


def test_the_vowel_signs_of_indic_scripts_take_time() -> None:
    assert longest_speech_s("किताब") > longest_speech_s("कतब")


# --- which is the best

def test_a_graver_fault_counts_more_than_several_lesser_ones() -> None:
    by_gravity: list[tuple[Flag, ...]] = [
        (), (Flag.TOO_QUIET,), (Flag.INNER_SILENCE,), (Flag.INNER_SILENCE, Flag.TOO_QUIET), (Flag.CUT_OFF,),
        (Flag.TOO_LONG,), (Flag.TOO_LONG, Flag.CLIPPING)]
    ranks = [gravity(flags) for flags in by_gravity]
    assert ranks == sorted(set(ranks))


def test_flags_have_the_names_that_clients_see() -> None:
    assert [*map(str, Flag)] == ["unspeakable", "too_long", "too_short", "looping", "cut_off", "inner_silence", "clipping",
                                 "too_quiet"]

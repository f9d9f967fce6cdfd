"""Where sentences end inside a take: at the pauses that fit, in order, and never outside."""

from itertools import pairwise

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from worker.text.written import Written
from worker.times.cuts import cut_points
from worker.times.pauses import Pause, pauses
from worker.times.segment import Cut, Said, cuts_of
from worker.voices.seam import SAMPLE_RATE_HZ, Pcm


def sound(*lengths_s: float) -> Pcm:
    """Tone, silence, tone, silence … of these lengths."""
    parts = [(0.3 if n % 2 == 0 else 0.0) * np.sin(np.arange(round(length_s * SAMPLE_RATE_HZ)) / 20)
             for n, length_s in enumerate(lengths_s)]
    return np.concatenate(parts).astype(np.float32)


def test_pauses_are_found_to_the_frame_and_stops_are_none() -> None:
    found = pauses(sound(1.0, 0.3, 0.5, 0.05, 1.0, 0.2, 0.4))
    assert [pause.start_s for pause in found] == pytest.approx([1.0, 2.85], abs=0.011)
    assert [pause.end_s for pause in found] == pytest.approx([1.3, 3.05], abs=0.011)
    assert pauses(np.zeros(1000, np.float32)) == []


def test_a_cut_is_in_the_middle_of_the_pause_near_the_place_that_lengths_suggest() -> None:
    assert cut_points([1, 1], 10, [Pause(0.9, 1.1), Pause(5.4, 5.8), Pause(9.0, 9.2)]) == [pytest.approx(5.6)]


def test_of_two_pauses_the_longer_is_the_end_of_the_sentence() -> None:
    assert cut_points([1, 1], 10, [Pause(4.9, 5.0), Pause(5.5, 5.9)]) == [pytest.approx(5.7)]


def test_without_a_pause_nearby_the_lengths_decide() -> None:
    assert cut_points([1, 3], 8, [Pause(7.5, 7.9)]) == [2.0]
    assert cut_points([1, 1, 2], 8, []) == [2.0, 4.0]


def test_two_sentences_do_not_share_a_pause() -> None:
    first, second = cut_points([10, 1, 10], 10, [Pause(4.8, 5.2)])
    assert first < second


@given(st.lists(st.floats(0.1, 100), min_size=1, max_size=8), st.floats(0.1, 30),
       st.lists(st.tuples(st.floats(0, 1), st.floats(0.001, 0.1)), max_size=12))
def test_cuts_rise_and_stay_within_the_take(weights: list[float], duration_s: float, gaps: list[tuple[float, float]]) -> None:
    heard = [Pause(at * duration_s * 0.9, (at * 0.9 + length) * duration_s) for at, length in gaps]
    found = cut_points(weights, duration_s, heard)
    assert len(found) == len(weights) - 1
    assert all(0 <= at_s <= duration_s for at_s in found)
    assert all(before <= after for before, after in pairwise(found))


def test_sentences_of_a_take_are_cut_where_its_voice_pauses() -> None:
    said = Said("Once upon a time. Then it was over.", Written(0, (), (17, 35)))
    (found,) = cuts_of(said, sound(1.4, 0.1, 0.3, 0.5, 1.8))
    assert found.at_s == pytest.approx(2.05, abs=0.01)
    assert found.estimated


def test_words_say_it_better_than_pauses() -> None:
    said = Said("One. Two.", Written(0, (), (4, 9)))
    assert cuts_of(said, sound(1.0, 0.4, 1.0), [(0.0, 0.5), (0.7, 2.0)]) == [Cut(0.6, estimated=False)]
    (guessed,) = cuts_of(said, sound(1.0, 0.4, 1.0), [(0.0, 0.5), None])
    assert guessed.at_s == pytest.approx(1.2, abs=0.01)
    assert guessed.estimated


def test_one_sentence_is_not_cut() -> None:
    assert cuts_of(Said("One.", Written(0, (), (4,))), sound(1.0)) == []
    assert cuts_of(Said("one, of a longer one,", Written(0, (), ())), sound(1.0)) == []

"""The joiner: pauses, times, no clicks, and memory that does not grow."""

import tracemalloc
from collections.abc import Iterator

import numpy as np
import pytest

from tests.unit.audio.sound import tone
from worker.join import PAUSE_S, Joiner, Span, n_pause_samples
from worker.text.piece import Boundary
from worker.voices.seam import SAMPLE_RATE_HZ, Pcm

EVERY = list(Boundary)


def test_pauses_are_as_long_as_what_they_stand_for() -> None:
    assert PAUSE_S == {"phrase": 0.3, "sentence": 0.6, "paragraph": 0.9, "section": 2.0, "end": 0.0}
    for boundary in EVERY:
        joined = np.concatenate(list(Joiner().join([(tone(1.0), boundary), (tone(1.0), Boundary.END)])))
        assert len(joined) == 2 * SAMPLE_RATE_HZ + n_pause_samples(boundary)
        assert not joined[SAMPLE_RATE_HZ:SAMPLE_RATE_HZ + n_pause_samples(boundary)].any()


def test_there_is_no_pause_after_the_last_segment_whatever_its_boundary() -> None:
    assert sum(map(len, Joiner().join([(tone(1.0), Boundary.SECTION)]))) == SAMPLE_RATE_HZ


def test_the_times_of_the_segments_are_where_they_sound() -> None:
    segments = [(tone(0.5 + n / 7), EVERY[n % 4]) for n in range(20)]
    joiner = Joiner()
    joined = np.concatenate(list(joiner.join(segments)))
    assert joiner.n_samples == len(joined)
    assert len(joiner.spans) == 20
    for (pcm, _), span in zip(segments, joiner.spans, strict=True):
        start, end = round(span.start_s * SAMPLE_RATE_HZ), round(span.end_s * SAMPLE_RATE_HZ)
        assert (joined[start:end][120:-120] == pcm[120:-120]).all()
    assert joiner.spans[-1].end_s == pytest.approx(len(joined) / SAMPLE_RATE_HZ)


def test_times_scale_with_the_speed() -> None:
    assert Span(1.0, 3.0).at_speed(2.0) == Span(0.5, 1.5)


def test_no_join_clicks_even_where_segments_begin_and_end_at_full_scale() -> None:
    square = np.full(SAMPLE_RATE_HZ // 2, 1.0, np.float32)
    joined = np.concatenate(list(Joiner().join([(square, boundary) for boundary in EVERY] + [(-square, Boundary.END)])))
    around = np.concatenate([[0], joined, [0]])
    assert np.abs(np.diff(around)).max() <= 1 / 120 + 1e-6  # the slope of a 5 ms fade, and nothing steeper


def test_no_segments_give_no_sound() -> None:
    joiner = Joiner()
    assert list(joiner.join([])) == []
    assert joiner.spans == []


def test_a_segment_is_asked_for_only_when_the_one_before_has_been_taken() -> None:
    asked: list[int] = []

    def segments() -> Iterator[tuple[Pcm, Boundary]]:
        for n in range(3):
            asked.append(n)
            yield tone(0.1), Boundary.SENTENCE

    joined = Joiner().join(segments())
    next(joined)
    assert asked == [0]


def test_memory_stays_the_same_for_an_hour_of_sound() -> None:
    def segments() -> Iterator[tuple[Pcm, Boundary]]:
        for n in range(360):
            yield np.full(10 * SAMPLE_RATE_HZ, 0.1, np.float32), EVERY[n % 4]

    joiner = Joiner()
    tracemalloc.start()
    try:
        for _ in joiner.join(segments()):
            pass
        peak = tracemalloc.get_traced_memory()[1]
    finally:
        tracemalloc.stop()
    assert joiner.n_samples > 3600 * SAMPLE_RATE_HZ
    assert peak < 5 * 10 * SAMPLE_RATE_HZ * 4  # five segments of ten seconds, 5 MB

"""Forced alignment finds the likeliest path: compared with all paths there are, and on emissions whose truth is known."""

from itertools import groupby, product

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from worker.align.trellis import LogProbabilities, Stay, best_path

BLANK = 0


def log_probabilities(seed: int, n_frames: int, n_labels: int) -> LogProbabilities:
    values = np.random.default_rng(seed).normal(size=(n_frames, n_labels))
    emissions: LogProbabilities = (values - np.log(np.exp(values).sum(1, keepdims=True))).astype(np.float32)
    return emissions


def said(path: tuple[int, ...]) -> tuple[int, ...]:
    """What a path of one label a frame says: repeats are one, blanks are none."""
    return tuple(label for label, _ in groupby(path) if label != BLANK)


def score(path: tuple[int, ...], emissions: LogProbabilities) -> float:
    return float(sum(emissions[frame, label] for frame, label in enumerate(path)))


def path_of(stays: list[Stay], labels: list[int], n_frames: int) -> tuple[int, ...]:
    path = [BLANK] * n_frames
    for label, stay in zip(labels, stays, strict=True):
        path[stay.start:stay.end] = [label] * (stay.end - stay.start)
    return tuple(path)


@settings(max_examples=60, deadline=None)
@given(st.integers(0, 10**6), st.integers(1, 6), st.lists(st.integers(1, 2), min_size=1, max_size=4))
def test_no_other_path_of_the_same_labels_is_likelier(seed: int, n_frames: int, labels: list[int]) -> None:
    emissions = log_probabilities(seed, n_frames, 3)
    possible = [path for path in product(range(3), repeat=n_frames) if said(path) == tuple(labels)]
    found = best_path(emissions, labels, BLANK)
    if not possible:
        assert found is None
        return
    assert found is not None
    path = path_of(found, labels, n_frames)
    assert said(path) == tuple(labels)
    assert score(path, emissions) == pytest.approx(max(score(other, emissions) for other in possible), abs=1e-4)


def test_a_text_is_found_where_it_was_put() -> None:
    truth = [0, 0, 1, 1, 0, 2, 2, 2, 0, 0, 2, 3, 0]
    emissions = np.full((len(truth), 4), np.log(0.01), np.float32)
    emissions[np.arange(len(truth)), truth] = np.log(0.97)
    assert best_path(emissions, [1, 2, 2, 3], BLANK) == [Stay(2, 4), Stay(5, 8), Stay(10, 11), Stay(11, 12)]


def test_fewer_frames_than_labels_have_no_path() -> None:
    assert best_path(log_probabilities(1, 3, 4), [1, 2, 3], BLANK) is not None
    assert best_path(log_probabilities(1, 3, 4), [1, 1, 2], BLANK) is None   # the blank between two equal ones needs a frame
    assert best_path(log_probabilities(1, 3, 4), [], BLANK) is None

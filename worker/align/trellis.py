"""Forced alignment: the likeliest way of a known text through what a recogniser heard, frame by frame.

Connectionist temporal classification (Graves et al., ICML 2006): between any two labels, and around them, there may be blanks;
a label may last for several frames; between two equal labels there must be a blank. The best path is found by dynamic programming
(Viterbi) over states blank, label, blank, label, …, blank.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

LogProbabilities = NDArray[np.float32]
"""Of each label in each frame, natural logarithms, shape [n_frames, n_labels]."""
_NEVER = -np.inf


@dataclass(frozen=True, slots=True)
class Stay:
    """A label was heard in frames start … end - 1."""

    start: int
    end: int


def best_path(emissions: LogProbabilities, labels: Sequence[int], blank: int) -> list[Stay] | None:
    """Where each of `labels` is heard; None where there are too few frames to hear them all. Takes n_frames * len(labels) steps,
    and a byte of memory for each."""
    n_frames, n_states = len(emissions), 2 * len(labels) + 1
    states = np.full(n_states, blank)
    states[1::2] = labels
    may_skip = np.zeros(n_states, bool)   # over the blank between two labels that differ
    may_skip[3::2] = states[3::2] != states[1:-2:2]
    score = np.full(n_states, _NEVER)
    if not labels or not n_frames:
        return None
    score[:2] = emissions[0, states[:2]]
    steps = np.zeros((n_frames, n_states), np.int8)
    ways = np.full((3, n_states), _NEVER)   # stay; from the state before; over a blank
    for frame in range(1, n_frames):
        ways[0] = score
        ways[1, 1:] = score[:-1]
        ways[2, 2:] = np.where(may_skip[2:], score[:-2], _NEVER)
        steps[frame] = ways.argmax(0)
        score = ways.max(0) + emissions[frame, states]
    state = n_states - 1 if score[-1] >= score[-2] else n_states - 2
    if score[state] == _NEVER:
        return None
    return _stays(steps, state, len(labels))


def _stays(steps: NDArray[np.int8], state: int, n_labels: int) -> list[Stay]:
    """Back from the last frame's state."""
    starts, ends = [0] * n_labels, [0] * n_labels
    for frame in range(len(steps) - 1, -1, -1):
        if state % 2:
            starts[state // 2] = frame
            ends[state // 2] = ends[state // 2] or frame + 1
        state -= int(steps[frame, state])
    return [Stay(start, end) for start, end in zip(starts, ends, strict=True)]

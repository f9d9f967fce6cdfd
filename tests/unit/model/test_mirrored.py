"""Positions mirrored at the edges of a recording."""

import numpy as np
import pytest
import torch

from worker.model.mirrored import mirrored


@pytest.mark.parametrize(("n", "left", "right"), [(6, 2, 2), (6, 5, 5), (4, 1, 3), (9, 3, 0)])
def test_positions_are_those_of_numpy_up_to_the_recordings_end(n: int, left: int, right: int) -> None:
    expected = np.pad(np.arange(n), (left, right), mode="reflect")
    assert mirrored(9, torch.tensor(n), left, right)[:left + n + right].tolist() == expected.tolist()


@pytest.mark.parametrize("n", [0, 1, 5, 9, 10, 1000])
def test_nobody_looks_beyond_what_is_there(n: int) -> None:
    at = mirrored(9, torch.tensor(n), 4, 4)
    assert len(at) == 17
    assert 0 <= int(at.min()) <= int(at.max()) < 9

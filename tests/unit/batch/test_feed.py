"""How much of a batch is open at a time."""

import pytest

from speechmill.batch_line import LinePlace
from worker.batch.feed import those_that_fit, window_for


@pytest.mark.parametrize(("slots", "most", "window"), [
    (0, 512, 64), (3, 512, 64), (100, 512, 400), (1000, 512, 512), (100, 10, 10)])
def test_a_window_is_four_lines_a_slot_within_limits(slots: int, most: int, window: int) -> None:
    assert window_for(slots, most) == window


def test_long_lines_count_for_more_and_one_is_always_opened() -> None:
    places = [LinePlace(0, 1, characters) for characters in (500, 300, 300)]
    assert [len(those_that_fit(places, room)) for room in (2000, 1100, 1099, 800, 799, 10)] == [3, 3, 2, 2, 1, 1]

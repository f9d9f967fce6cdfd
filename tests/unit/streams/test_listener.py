"""A listener hears one attempt, in order and without a gap, or is told that it can't."""

import pytest

from producer.feed import Watch
from producer.streams.listening import ROOM, Listener
from speechmill.errors import StreamBroken


class Asked:
    """What the listener asked to have read."""

    def __init__(self) -> None:
        self.times = 0
        self.listener = Listener("speech_1", Watch(until_end=True), self._wants)

    def _wants(self, _listener: Listener) -> None:
        self.times += 1


def entries(first: int, *sounds: bytes) -> list[tuple[bytes, dict[bytes, bytes]]]:
    return [(f"{first + n}-0".encode(), {b"sound": sound}) for n, sound in enumerate(sounds)]


def all_of(listener: Listener) -> list[bytes]:
    return list(iter(listener.take, None))


def test_it_hears_an_attempt_in_order() -> None:
    listener = Asked().listener
    listener.told(7)
    listener.hear(7, entries(1, b"a", b"b"))
    listener.hear(7, entries(3, b"c"))
    assert all_of(listener) == [b"a", b"b", b"c"]


def test_before_anything_was_passed_on_the_next_attempt_is_heard_from_its_beginning() -> None:
    listener = Asked().listener
    listener.told(7)
    listener.hear(7, entries(1, b"a"))
    listener.told(9)
    listener.hear(7, entries(2, b"b"))  # was being read when the news came
    listener.hear(9, entries(1, b"A", b"B"))
    assert all_of(listener) == [b"A", b"B"]


def test_after_that_another_attempt_ends_it() -> None:
    listener = Asked().listener
    listener.told(7)
    listener.hear(7, entries(1, b"a", b"b"))
    assert listener.take() == b"a"
    listener.told(9)
    with pytest.raises(StreamBroken) as broken:
        listener.take()
    assert broken.value.public_code == "attempt_lost"
    assert listener.room == 0


def test_a_lost_attempt_of_which_nothing_was_passed_on_is_forgotten_and_the_next_one_heard() -> None:
    listener = Asked().listener
    listener.told(7)
    listener.hear(7, entries(1, b"dead"))
    listener.lose()
    listener.hear(7, entries(2, b"dead"))  # was being read when it was lost
    assert listener.take() is None
    listener.told(9)
    listener.hear(9, entries(1, b"A"))
    assert all_of(listener) == [b"A"]


def test_news_of_an_older_attempt_changes_nothing() -> None:
    listener = Asked().listener
    listener.told(9)
    listener.told(7)
    assert listener.token == 9


def test_what_comes_after_a_gap_is_never_heard() -> None:
    listener = Asked().listener
    listener.told(7)
    listener.hear(7, entries(1, b"a"))
    listener.hear(7, entries(3, b"c"))
    assert not listener.is_behind
    assert all_of(listener) == [b"a"]
    assert listener.is_behind
    assert listener.room == 0


def test_it_is_read_for_no_more_than_it_has_room_for_and_again_when_it_has() -> None:
    asked = Asked()
    listener = asked.listener
    listener.told(7)
    listener.hear(7, entries(1, *[b"a"] * ROOM))
    assert listener.room == 0
    before = asked.times
    listener.take()
    assert (listener.room, asked.times) == (1, before + 1)

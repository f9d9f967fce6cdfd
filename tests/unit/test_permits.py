"""Permits keep threads free, and no doorbell goes unheard because of them."""

import threading
import time
from collections.abc import Callable

from worker.permits import Permits


def until(true: Callable[[], bool]) -> None:
    deadline = time.monotonic() + 60
    while not true():
        assert time.monotonic() < deadline
        time.sleep(0.005)


def test_no_more_permits_are_given_than_there_are() -> None:
    permits = Permits(2)
    assert [permits.take(), permits.take(), permits.take()] == [True, True, False]
    permits.give_back()
    assert permits.take()


def test_who_gives_back_learns_that_somebody_was_refused_meanwhile() -> None:
    permits = Permits(1)
    permits.take()
    permits.take()
    assert permits.give_back()
    permits.take()
    assert not permits.give_back()


def test_who_wants_to_be_alone_waits_for_the_others_and_lets_nobody_in() -> None:
    permits = Permits(3)
    permits.take()
    permits.take()
    alone = threading.Event()
    leave = threading.Event()

    def suspect() -> None:
        with permits.alone():
            alone.set()
            leave.wait(60)
        permits.give_back()

    thread = threading.Thread(target=suspect)
    thread.start()
    until(lambda: permits.wanted_alone)
    assert not alone.wait(0.1)
    assert not permits.take()
    permits.give_back()
    assert alone.wait(60)
    assert not permits.take()
    leave.set()
    thread.join()
    assert not permits.wanted_alone
    assert [permits.take() for _ in range(4)] == [True, True, True, False]


def test_who_holds_none_waits_for_all() -> None:
    permits = Permits(2)
    permits.take()
    alone = threading.Event()

    def single_suspect() -> None:
        with permits.alone(own=0):
            alone.set()

    thread = threading.Thread(target=single_suspect)
    thread.start()
    until(lambda: permits.wanted_alone)
    assert not alone.wait(0.1)
    permits.give_back()
    assert alone.wait(60)
    thread.join()
    assert permits.take()

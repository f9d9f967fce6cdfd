"""What is left of a unit once it is spoken takes no slot, and never more at once than can be kept."""

import threading
import time
from collections.abc import Callable, Iterator

import pytest

from worker.wrap_ups import WrapUps


@pytest.fixture
def two() -> Iterator[WrapUps]:
    wrap_ups = WrapUps(2)
    yield wrap_ups
    wrap_ups.close()


def begin(wrap_ups: WrapUps, work: Callable[[], object]) -> None:
    assert wrap_ups.take_place()
    wrap_ups.begin(work)


def until(true: Callable[[], object]) -> None:
    deadline = time.monotonic() + 60
    while not true():
        assert time.monotonic() < deadline
        time.sleep(0.005)


def until_there_is_a_place(wrap_ups: WrapUps) -> None:
    until(wrap_ups.take_place)


def test_whoever_begins_one_does_not_wait_for_it(two: WrapUps) -> None:
    go_on = threading.Event()
    done = threading.Event()

    def work() -> None:
        go_on.wait(10)
        done.set()

    begin(two, work)
    assert not done.is_set()
    go_on.set()
    assert done.wait(10)


def test_with_as_many_under_way_as_may_be_there_is_no_place_until_one_is_done(two: WrapUps) -> None:
    storage_is_back = threading.Event()
    for _ in range(2):
        begin(two, lambda: storage_is_back.wait(10))
    assert not two.take_place()
    storage_is_back.set()
    until_there_is_a_place(two)


def test_work_that_breaks_gives_its_place_back_all_the_same_and_the_log_says_why(
        two: WrapUps, caplog: pytest.LogCaptureFixture) -> None:
    def broken() -> None:
        raise ZeroDivisionError

    for _ in range(5):
        until_there_is_a_place(two)
        two.begin(broken)
    done = threading.Event()
    until_there_is_a_place(two)
    two.begin(done.set)
    assert done.wait(10)
    assert [record.exc_info[0] for record in caplog.records if record.exc_info] == [ZeroDivisionError] * 5


def test_a_suspect_waits_for_those_under_way_and_not_for_those_that_follow(two: WrapUps) -> None:
    first, second = threading.Event(), threading.Event()
    begin(two, lambda: first.wait(60))
    suspect = threading.Thread(target=two.wait_for_those_under_way)
    suspect.start()
    until(lambda: two._changed._waiters)  # type: ignore[attr-defined]
    begin(two, lambda: second.wait(60))
    assert suspect.is_alive()
    first.set()
    suspect.join(10)
    assert not suspect.is_alive()
    second.set()


def test_closing_waits_until_all_is_done() -> None:
    wrap_ups, done = WrapUps(1), threading.Event()

    def work() -> None:
        time.sleep(0.05)
        done.set()

    begin(wrap_ups, work)
    wrap_ups.close()
    assert done.is_set()


def test_after_closing_whoever_still_speaks_does_the_rest_himself() -> None:
    wrap_ups = WrapUps(2)
    wrap_ups.close()
    threads: list[threading.Thread] = []
    begin(wrap_ups, lambda: threads.append(threading.current_thread()))
    assert threads == [threading.current_thread()]
    wrap_ups.wait_for_those_under_way()


def test_nothing_under_way_is_nothing_to_wait_for() -> None:
    none = WrapUps(0)
    assert not none.take_place()
    none.wait_for_those_under_way()
    none.close()

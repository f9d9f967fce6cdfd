"""Permits keep threads free, and no doorbell goes unheard because of them."""

from worker.permits import Permits


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

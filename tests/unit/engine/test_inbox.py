"""What happens between threads before a step takes it in."""

import pytest

from tests.unit.engine.looked_through import NotLookedThrough
from worker.engine.errors import EngineFull
from worker.engine.inbox import Arrival, Inbox, Limits
from worker.engine.speaker import Speak


def speak(number: int, *, interactive: bool = False) -> Speak:
    return Speak(number, "a few words", "english", interactive=interactive)


@pytest.fixture
def inbox() -> Inbox:
    return Inbox(Limits(places=3, batch_places=2))


def arrive(inbox: Inbox, number: int) -> None:
    inbox.enter(speak(number))
    inbox.put(Arrival(speak(number), None))


def test_arrivals_are_taken_in_the_order_they_came(inbox: Inbox) -> None:
    arrive(inbox, 2)
    arrive(inbox, 1)
    arrivals, cancelled = inbox.take()
    assert ([one.speak.id for one in arrivals], cancelled) == ([2, 1], set())
    assert inbox.is_empty
    assert inbox.n_taken == 2


def test_places_are_counted_without_a_look_at_everybody() -> None:
    inbox = Inbox(Limits(places=5, batch_places=2))
    inbox._inside = NotLookedThrough()
    for number in (1, 2, 3):
        inbox.enter(speak(number, interactive=True))
    inbox.enter(speak(4))
    for number in (1, 1):
        inbox.leave(number)
    inbox.cancel(2)
    inbox.enter(speak(5))
    with pytest.raises(EngineFull):
        inbox.enter(speak(6))
    inbox.leave(4)
    inbox.enter(speak(6))


def test_one_that_is_cancelled_while_its_prompt_is_built_never_arrives(inbox: Inbox) -> None:
    inbox.enter(speak(1))
    inbox.cancel(1)
    inbox.put(Arrival(speak(1), None))
    assert inbox.take() == ([], set())
    assert inbox.n_inside == 0


def test_one_that_has_arrived_is_cancelled_by_the_next_step(inbox: Inbox) -> None:
    arrive(inbox, 1)
    inbox.cancel(1)
    arrivals, cancelled = inbox.take()
    assert ([one.speak.id for one in arrivals], cancelled) == ([1], {1})


def test_a_cancellation_that_came_too_late_hits_nobody_who_comes_after(inbox: Inbox) -> None:
    arrive(inbox, 1)
    inbox.take()
    inbox.cancel(1)
    inbox.leave(1)
    arrive(inbox, 1)
    assert inbox.take()[1] == set()


def test_places_are_counted_from_entering_to_leaving(inbox: Inbox) -> None:
    inbox.enter(speak(1))
    inbox.enter(speak(2))
    with pytest.raises(EngineFull, match="2 utterances"):
        inbox.enter(speak(3))
    inbox.enter(speak(4, interactive=True))
    with pytest.raises(EngineFull, match="3 utterances"):
        inbox.enter(speak(5, interactive=True))
    inbox.leave(1)
    inbox.enter(speak(3))


def test_both_classes_together_never_have_more_than_all_places() -> None:
    inbox = Inbox(Limits(places=3, batch_places=2))
    for number in (1, 2, 3):
        inbox.enter(speak(number, interactive=True))
    with pytest.raises(EngineFull, match="3 utterances"):
        inbox.enter(speak(4))

"""Slots: a free list, and what is kept for interactive utterances."""

import pytest

from tests.unit.engine.looked_through import NotLookedThrough
from worker.engine.slots import Slots


def test_every_slot_is_given_once() -> None:
    slots = Slots(5, 2)
    assert sorted(slots.take(interactive=True) for _ in range(5)) == [0, 1, 2, 3, 4]
    with pytest.raises(RuntimeError, match="no slot is free"):
        slots.take(interactive=True)


def test_batch_never_has_the_slots_kept_for_interactive_utterances() -> None:
    slots = Slots(5, 2)
    for _ in range(3):
        slots.take(interactive=False)
    assert (slots.n_free, slots.n_free_for_batch) == (2, 0)
    with pytest.raises(RuntimeError, match="no slot is free for a batch utterance"):
        slots.take(interactive=False)


def test_interactive_utterances_in_flight_count_against_the_slots_kept_for_them() -> None:
    slots = Slots(5, 2)
    interactive = [slots.take(interactive=True) for _ in range(2)]
    assert slots.n_free_for_batch == 3
    slots.give_back(interactive[0])
    assert slots.n_free_for_batch == 3


def test_a_slot_that_is_given_back_can_be_taken_again() -> None:
    slots = Slots(1, 0)
    slots.give_back(slots.take(interactive=False))
    assert slots.take(interactive=False) == 0


def test_a_slot_that_nobody_has_is_not_taken_back() -> None:
    slots = Slots(2, 0)
    slot = slots.take(interactive=False)
    slots.give_back(slot)
    with pytest.raises(RuntimeError, match=f"slot {slot} was given back"):
        slots.give_back(slot)


def test_who_has_a_slot_is_counted_without_a_look_at_each() -> None:
    slots = Slots(9, 3)
    taken = [slots.take(interactive=n < 4) for n in range(7)]
    slots._used = NotLookedThrough(slots._used)
    for slot in taken[2:5]:
        slots.give_back(slot)
    assert (slots.n_interactive, slots.n_free_for_batch) == (2, 4)


def test_a_wrong_count_of_interactive_utterances_is_noticed() -> None:
    slots = Slots(3, 1)
    slots.take(interactive=True)
    slots.check_integrity()
    slots._n_interactive = 0
    with pytest.raises(RuntimeError, match="1 slots are interactive utterances', but 0 were counted"):
        slots.check_integrity()


def test_lost_and_doubled_slots_are_noticed() -> None:
    slots = Slots(3, 1)
    slots.take(interactive=False)
    slots.check_integrity()
    lost = slots._free.pop()
    with pytest.raises(RuntimeError, match="lost or doubled"):
        slots.check_integrity()
    slots._free += [lost, lost]
    with pytest.raises(RuntimeError, match="lost or doubled"):
        slots.check_integrity()


@pytest.mark.parametrize("interactive_slots", [-1, 3, 4])
def test_at_least_one_slot_is_left_for_batch(interactive_slots: int) -> None:
    with pytest.raises(ValueError, match="at least one must be left for batch"):
        Slots(3, interactive_slots)

"""Which takes are decoded together, and when."""

import numpy as np

from tests.unit.engine.looked_through import NotLookedThrough
from worker.engine.utterance import Utterance
from worker.engine.whole_takes import LONGEST_WAIT_STEPS, WholeTakes
from worker.model.prompt import Prompt
from worker.model.sampling import Sampling


def take(n_frames: int, *, interactive: bool = False) -> Utterance:
    made = Utterance(n_frames, Prompt(np.zeros(1, np.int32), np.zeros((1, 16), np.int32)), Sampling(max_frames=n_frames),
                     interactive=interactive)
    for _ in range(n_frames):
        made.read(np.zeros(16, np.int32), is_last=False)
    return made


def waiting(*takes: Utterance, batch_frames: int = 1000) -> WholeTakes:
    """They came in this order, all in step 0."""
    made = WholeTakes(batch_frames)
    for one in takes:
        made.add(one, step=0)
    return made


def lengths(takes: list[Utterance]) -> list[int]:
    return [one.id for one in takes]


def test_the_oldest_goes_with_those_nearest_to_it_in_length() -> None:
    takes = waiting(take(100), take(300), take(96), take(20), take(104))
    assert [lengths(takes.take(step=1)) for _ in range(3)] == [[100, 96, 104], [300], [20]]


def test_a_batch_is_no_longer_than_the_codec_wants_it_padding_included() -> None:
    takes = waiting(take(100), take(98), take(99), take(97), batch_frames=300)
    assert lengths(takes.take(step=1)) == [100, 99, 98]


def test_batch_takes_wait_for_company_but_not_for_long() -> None:
    takes = waiting(take(100))
    assert not takes.is_due(step=LONGEST_WAIT_STEPS - 1)
    assert takes.is_due(step=LONGEST_WAIT_STEPS)


def test_two_batches_are_enough_to_choose_from() -> None:
    assert not waiting(*(take(100) for _ in range(19))).is_due(step=1)
    assert waiting(*(take(100) for _ in range(20))).is_due(step=1)


def test_an_interactive_take_goes_at_once_and_first() -> None:
    takes = waiting(take(300), take(100, interactive=True), take(99))
    assert takes.is_due(step=0)
    assert lengths(takes.take(step=0)) == [100, 99]


def test_interactive_takes_do_not_keep_a_batch_take_waiting_for_ever() -> None:
    takes = waiting(take(300), take(100, interactive=True))
    assert lengths(takes.take(step=LONGEST_WAIT_STEPS)) == [300]


def test_who_waits_is_counted_without_a_look_at_each() -> None:
    takes = waiting(*(take(100) for _ in range(31)), batch_frames=1000)
    takes.take(step=1)
    first, second, *_ = takes._waiting
    takes._waiting = NotLookedThrough(takes._waiting)
    takes.drop(take(100))
    for _ in range(2):
        takes.drop(first)
    assert takes.crowd
    takes.drop(second)
    assert not takes.crowd

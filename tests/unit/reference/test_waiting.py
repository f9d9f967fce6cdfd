"""Who is spoken together, and when."""

from dataclasses import replace

import numpy as np

from tests.unit.reference.still_package import speak
from worker.engine.speaker import Reference, Speak
from worker.model.sampling import GREEDY
from worker.reference.waiting import Waiting


def waiting(*speaks: Speak, batch: int = 4, gather_s: float = 0.05) -> Waiting:
    """All came at second 100."""
    queue = Waiting(batch, gather_s)
    for each in speaks:
        queue.add(each, 100.0)
    return queue


def ids(speaks: list[Speak]) -> list[int]:
    return [each.id for each in speaks]


def test_a_call_takes_those_who_came_first_and_leaves_the_rest() -> None:
    queue = waiting(*map(speak, range(6)))
    assert ids(queue.take()) == [0, 1, 2, 3]
    assert ids(queue.take()) == [4, 5]
    assert len(queue) == 0


def test_interactive_utterances_go_first() -> None:
    queue = waiting(speak(1), speak(2), speak(3, interactive=True), batch=2)
    assert ids(queue.take()) == [3, 1]


def test_utterances_that_are_drawn_otherwise_wait_for_a_call_of_their_own() -> None:
    greedy = speak(2, talker=GREEDY)
    fed = replace(speak(4), feed="token")
    queue = waiting(speak(1), greedy, speak(3), fed, speak(5, repetition_penalty=1.3))
    assert [ids(queue.take()) for _ in range(4)] == [[1, 3], [2], [4], [5]]


def test_texts_voices_seeds_references_and_lengths_may_differ_within_a_call() -> None:
    reference = Reference(np.zeros(0, np.float32), "what it says")
    queue = waiting(speak(1), speak(2, "another", max_frames=7), replace(speak(3), voice="ryan", language="german"),
                    replace(speak(4), reference=reference))
    assert ids(queue.take()) == [1, 2, 3, 4]


def test_a_full_call_is_due_at_once_and_another_when_its_first_has_waited_long_enough() -> None:
    assert waiting(*map(speak, range(4))).due_in_s(100.0) == 0
    queue = waiting(speak(1))
    queue.add(speak(2), 100.04)
    assert 0.009 < queue.due_in_s(100.04) < 0.011
    assert queue.due_in_s(101.0) == 0


def test_who_can_not_go_along_fills_no_call() -> None:
    queue = waiting(speak(1), speak(2, talker=GREEDY), batch=2)
    assert queue.due_in_s(100.0) > 0


def test_who_is_dropped_waits_no_longer() -> None:
    queue = waiting(speak(1), speak(2, interactive=True))
    queue.drop(1)
    queue.drop(7)
    assert (queue.count(interactive=True), queue.count(interactive=False)) == (1, 0)
    assert ids(queue.take()) == [2]

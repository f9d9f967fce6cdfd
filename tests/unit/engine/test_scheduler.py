"""Deciding, without an engine around it: who joins when, and what a frame that comes back means."""

import numpy as np
import pytest

from tests.unit.engine.still_runner import END_CODE, Fate, StillRunner, codes_of
from worker.engine.runner import Frames
from worker.engine.scheduler import SHORT_FRAMES, Scheduler
from worker.engine.utterance import NO_SLOT, Ending, Utterance
from worker.engine.waiting import LONGEST_GATHER_STEPS
from worker.model.prompt import Prompt
from worker.model.sampling import Sampling


def utterance(number: int, *, interactive: bool = False, max_frames: int = 20) -> Utterance:
    prompt = Prompt(np.zeros(3, np.int32), np.zeros((3, 16), np.int32))
    return Utterance(number, prompt, Sampling(seed=number, max_frames=max_frames), interactive=interactive)


def scheduler(n_slots: int = 8, *, interactive_slots: int = 2, prefill_batch: int = 4, batch: int = 0,
              interactive: int = 0) -> Scheduler:
    """With utterances waiting: batch ones are numbered from 1, interactive ones from 101."""
    made = Scheduler(StillRunner({}, n_slots, prefill_batch=prefill_batch), interactive_slots=interactive_slots)
    for number in range(1, batch + 1):
        made.add(utterance(number))
    for number in range(101, 101 + interactive):
        made.add(utterance(number, interactive=True))
    return made


def frames(rows: tuple[Utterance, ...], *, ending: tuple[int, ...] = (), broken: tuple[int, ...] = ()) -> Frames:
    return Frames(codes=np.concatenate([codes_of(row.id, row.n_frames, 1) for row in rows]),
                  next_code=np.array([END_CODE if row.id in ending else 5 for row in rows], np.int32),
                  broken=np.array([row.id in broken for row in rows]))


def ids(utterances: tuple[Utterance, ...] | list[Utterance]) -> list[int]:
    return [one.id for one in utterances]


def test_utterances_join_in_the_order_they_came_a_prefill_full_at_a_time() -> None:
    deciding = scheduler(batch=10)
    assert [ids(deciding.next().joins) for _ in range(3)] == [[1, 2, 3, 4], [5, 6], []]


def test_of_many_slots_several_prefills_are_filled_in_a_step_and_no_half_one_comes_on_top() -> None:
    deciding = scheduler(5 * SHORT_FRAMES, batch=11)
    assert [len(deciding.next().joins) for _ in range(3)] == [8, 3, 0]
    for number in range(101, 121):
        deciding.add(utterance(number, interactive=True))
    assert [len(deciding.next().joins) for _ in range(4)] == [8, 8, 4, 0]


def test_who_joins_is_decoded_in_the_same_step() -> None:
    step = scheduler(batch=2).next()
    assert ids(step.rows) == ids(step.joins) == [1, 2]


def test_an_interactive_utterance_goes_first_and_batch_keeps_it_company() -> None:
    assert ids(scheduler(batch=10, interactive=1).next().joins) == [101, 1, 2, 3]


def test_an_interactive_utterance_joins_at_once_where_batch_has_all_it_may() -> None:
    deciding = scheduler(batch=20)
    deciding.next(), deciding.next()
    deciding.add(utterance(101, interactive=True))
    assert ids(deciding.next().joins) == [101]


def test_beyond_the_slots_kept_for_them_interactive_utterances_take_turns_with_batch() -> None:
    deciding = scheduler(8, interactive_slots=2, prefill_batch=8, batch=10, interactive=10)
    assert ids(deciding.next().joins) == [101, 102, 103, 1, 104, 2, 105, 3]


def test_turns_go_on_from_step_to_step() -> None:
    deciding = scheduler(4, interactive_slots=1, prefill_batch=4, batch=10, interactive=10)
    newest = deciding.next().joins[-1]
    assert newest.id == 103
    joined = []
    for _ in range(4):
        deciding.cancel(newest)
        newest, = deciding.next().joins
        joined.append(newest.id)
    assert joined == [2, 104, 3, 105]


def test_interactive_utterances_may_have_all_slots_while_no_batch_waits() -> None:
    deciding = scheduler(4, interactive_slots=1, interactive=6)
    assert ids(deciding.next().joins) == [101, 102, 103, 104]


def test_a_batch_utterance_joins_at_once_where_little_runs() -> None:
    deciding = scheduler(8, batch=3)
    deciding.next()
    deciding.add(utterance(4))
    assert ids(deciding.next().joins) == [4]


def crowded(n_running: int) -> Scheduler:
    deciding = scheduler(n_running + 32, prefill_batch=4, batch=n_running)
    while deciding.waiting:
        deciding.next()
    return deciding


def test_under_load_batch_utterances_gather_before_they_hold_up_the_others() -> None:
    deciding = crowded(64)
    deciding.add(utterance(501))
    assert ids(deciding.next().joins) == []
    for number in (502, 503, 504):
        deciding.add(utterance(number))
    assert ids(deciding.next().joins) == [501, 502, 503, 504]


def test_what_waiting_has_cost_starts_a_prefill() -> None:
    deciding = crowded(32)              # a prefill costs them 8 frames
    for number in (501, 502, 503):
        deciding.add(utterance(number))
    assert [len(deciding.next().joins) for _ in range(3)] == [0, 0, 3]  # 3, 6, 9 lost


def test_nobody_gathers_for_long() -> None:
    deciding = crowded(200)
    deciding.add(utterance(501))
    joined = [ids(deciding.next().joins) for _ in range(LONGEST_GATHER_STEPS)]
    assert joined == [[]] * (LONGEST_GATHER_STEPS - 1) + [[501]]


def test_no_frame_is_launched_past_the_cap() -> None:
    deciding = scheduler()
    deciding.add(utterance(1, max_frames=3))
    assert [ids(deciding.next().rows) for _ in range(4)] == [[1], [1], [1], []]


def test_the_cap_ends_an_utterance_exactly_there() -> None:
    deciding = scheduler()
    capped = utterance(1, max_frames=2)
    deciding.add(capped)
    first, second = deciding.next(), deciding.next()
    assert deciding.commit(first.rows, frames(first.rows)) == []
    assert deciding.commit(second.rows, frames(second.rows)) == [capped]
    assert (capped.ending, capped.n_frames, capped.slot) == (Ending.CAPPED, 2, NO_SLOT)


def test_an_end_token_after_the_last_frame_allowed_is_an_end_and_no_cap() -> None:
    deciding = scheduler()
    spoken = utterance(1, max_frames=1)
    deciding.add(spoken)
    step = deciding.next()
    deciding.commit(step.rows, frames(step.rows, ending=(1,)))
    assert spoken.ending is Ending.SPOKEN


def test_a_frame_in_flight_past_the_end_means_nothing() -> None:
    deciding = scheduler(batch=2)
    first, second = deciding.next(), deciding.next()
    assert ids(deciding.commit(first.rows, frames(first.rows, ending=(1,)))) == [1]
    assert deciding.commit(second.rows, frames(second.rows, ending=(1,), broken=(1,))) == []
    ended, goes_on = second.rows
    assert (ended.n_frames, ended.ending, goes_on.n_frames) == (1, Ending.SPOKEN, 2)


def test_a_freed_slot_is_given_away_while_a_frame_of_its_last_occupant_is_unread() -> None:
    deciding = scheduler(1, interactive_slots=0, batch=2)
    first, second = deciding.next(), deciding.next()
    deciding.commit(first.rows, frames(first.rows, ending=(1,)))
    third = deciding.next()
    assert ids(third.joins) == [2]
    assert deciding.commit(second.rows, frames(second.rows, ending=(1,))) == []
    assert third.joins[0].n_frames == 0
    deciding.commit(third.rows, frames(third.rows))
    assert third.joins[0].codes.tolist() == codes_of(2, 0, 1).tolist()


def test_broken_numbers_end_one_utterance_and_touch_no_other() -> None:
    deciding = scheduler(batch=3)
    step = deciding.next()
    assert ids(deciding.commit(step.rows, frames(step.rows, broken=(2,)))) == [2]
    assert [row.ending for row in step.rows] == [None, Ending.BROKEN, None]
    assert [row.n_frames for row in step.rows] == [1, 0, 1]


def test_a_cancelled_utterance_frees_its_slot_at_the_next_step() -> None:
    deciding = scheduler(1, interactive_slots=0, batch=2)
    step = deciding.next()
    deciding.cancel(step.rows[0])
    assert step.rows[0].ending is Ending.CANCELLED
    assert ids(deciding.next().joins) == [2]
    assert deciding.commit(step.rows, frames(step.rows)) == []


def test_a_cancelled_utterance_that_waits_never_joins() -> None:
    deciding = scheduler(1, interactive_slots=0, batch=3)
    running = deciding.next().rows[0]
    waiting = list(deciding.waiting.batch.values())
    deciding.cancel(waiting[0])
    deciding.cancel(running)
    assert deciding.next().joins == (waiting[1],)


def test_cancelling_one_that_has_ended_gives_no_slot_back_twice() -> None:
    deciding = scheduler(batch=1)
    step = deciding.next()
    deciding.commit(step.rows, frames(step.rows, ending=(1,)))
    deciding.cancel(step.rows[0])
    deciding.check_integrity()
    assert deciding.is_idle


def test_a_slot_that_no_running_utterance_has_is_noticed() -> None:
    deciding = scheduler()
    deciding.slots.take(interactive=False)
    with pytest.raises(RuntimeError, match="0 utterances run, but 7 of 8 slots are free"):
        deciding.check_integrity()


def test_reference_codes_go_before_the_spoken_ones() -> None:
    prompt = Prompt(np.zeros(3, np.int32), np.zeros((3, 16), np.int32), reference_codes=codes_of(9, 0, 4))
    cloned = Utterance(1, prompt, Sampling(max_frames=5))
    cloned.read(codes_of(1, 0, 1)[0], is_last=False)
    assert cloned.codes.tolist() == [*codes_of(9, 0, 4).tolist(), *codes_of(1, 0, 1).tolist()]


def test_a_fate_is_what_the_still_runner_decodes() -> None:
    """The double itself: an end token goes with the last frame."""
    runner = StillRunner({1: Fate(n_frames=2)})
    runner.prefill([utterance_in_slot(1, 0).join()])
    ends = [runner.decode([0]).wait().next_code[0] == END_CODE for _ in range(2)]
    assert ends == [False, True]
    with pytest.raises(AssertionError, match="a prefill is missing"):
        runner.decode([0])


def utterance_in_slot(number: int, slot: int) -> Utterance:
    made = utterance(number)
    made.slot = slot
    return made

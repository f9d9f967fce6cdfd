"""Who waits for a recording to be encoded, in an engine over a runner and a device that compute nothing."""

import itertools
import time

import pytest

from tests.unit.engine.still_engine import StillEngine, StillLaunched, reference
from tests.unit.engine.still_runner import Fate
from worker.engine.arrivals import MOST_LAUNCHED, REFERENCES_S
from worker.engine.speaker import Speak
from worker.model.errors import BadUtterance


def test_a_reference_that_turns_out_broken_fails_its_utterance_alone() -> None:
    still = StillEngine()
    broken, fine = still.submit(Fate(), reference=reference(3, "broken")), still.submit(Fate(n_frames=2), reference=reference(3))
    still.run()
    error = still.listener.of(broken).error
    assert isinstance(error, BadUtterance)
    assert error.param == "reference"
    assert still.listener.of(fine).n_frames == 2


def test_a_reference_that_nobody_foresaw_fails_its_utterance_alone(monkeypatch: pytest.MonkeyPatch) -> None:
    still = StillEngine()
    odd = still.submit(Fate(), reference=reference(3, "odd"))
    fine = still.submit(Fate(n_frames=2), reference=reference(3))
    launch = still.prompter.launch

    def odd_launch(speak: Speak) -> StillLaunched:
        if speak.id == odd:
            raise KeyError("odd")
        return launch(speak)

    monkeypatch.setattr(still.prompter, "launch", odd_launch)
    still.run()
    error = still.listener.of(odd).error
    assert error is not None
    assert error.message == "The reference could not be encoded: KeyError: 'odd'"
    assert still.listener.of(fine).n_frames == 2


def test_what_may_be_the_devices_own_error_ends_the_engine(monkeypatch: pytest.MonkeyPatch) -> None:
    still = StillEngine()
    still.submit(Fate(), reference=reference(3))

    def broken_device(speak: Speak) -> StillLaunched:
        raise RuntimeError("CUDA error: an illegal memory access was encountered")

    monkeypatch.setattr(still.prompter, "launch", broken_device)
    with pytest.raises(RuntimeError, match="illegal memory access"):
        still.step()


def test_frames_go_on_while_references_are_encoded_beside_them() -> None:
    still = StillEngine(n_slots=8)
    speaking = still.submit(Fate(n_frames=20))
    still.step()
    clones = [still.submit(Fate(n_frames=3), reference=reference(2)) for _ in range(6)]
    behind = still.submit(Fate(n_frames=3))
    listened = still.submit(Fate(n_frames=3), interactive=True)
    n_frames_before = len(still.runner.decoded)
    still.step()
    assert still.prompter.encoded == clones[:1]
    assert list(still.prompter.device) == clones[1:MOST_LAUNCHED], "those behind may still be cancelled"
    still.cancel(clones[-1])
    for _ in range(10):
        still.step()
    assert len(still.runner.decoded) == n_frames_before + 11, "each step was a frame"
    still.run()
    assert still.prompter.waited_for == []
    assert still.prompter.encoded == clones[:-1]
    assert still.runner.joined == [speaking, listened, *clones[:-1], behind]


def test_an_engine_with_nothing_else_to_do_waits_for_a_reference() -> None:
    still = StillEngine()
    clones = [still.submit(Fate(n_frames=2), reference=reference(2)) for _ in range(2)]
    still.step()
    assert still.prompter.waited_for == clones[:1]
    assert still.runner.joined == clones[:1]
    still.run()
    assert still.prompter.waited_for == clones[:1], "the second was encoded while the first was spoken"
    assert all(still.listener.of(clone).n_frames == 2 for clone in clones)


def test_a_reference_that_is_being_encoded_may_be_cancelled() -> None:
    still = StillEngine()
    speaking = still.submit(Fate(n_frames=8))
    still.step()
    clones = [still.submit(Fate(n_frames=2), reference=reference(2)) for _ in range(3)]
    still.step()
    still.cancel(clones[1])
    still.run()
    assert still.runner.joined == [speaking, clones[0], clones[2]]


def test_cancelled_references_count_until_the_device_is_done_with_them() -> None:
    """Whoever comes next would otherwise wait behind ever more that nobody wants."""
    still = StillEngine()
    still.prompter.encoded_a_step = 0
    still.submit(Fate(n_frames=40), max_frames=50)
    for _ in range(20):
        clones = [still.submit(Fate(), reference=reference(2)) for _ in range(MOST_LAUNCHED)]
        still.step()
        for clone in clones:
            still.cancel(clone)
    assert len(still.prompter.device) == MOST_LAUNCHED
    wanted = still.submit(Fate(n_frames=2), reference=reference(2))
    still.prompter.encoded_a_step = 1
    still.run()
    assert still.listener.of(wanted).n_frames == 2


def test_an_idle_engine_waits_for_a_reference_though_the_device_is_full_of_cancelled_ones() -> None:
    still = StillEngine()
    still.prompter.encoded_a_step = 0
    first = still.submit(Fate(n_frames=2))
    still.step()
    clones = [still.submit(Fate(), reference=reference(2)) for _ in range(MOST_LAUNCHED)]
    still.step()
    for clone in clones:
        still.cancel(clone)
    wanted = still.submit(Fate(n_frames=2), reference=reference(2), interactive=True)
    still.run()
    assert [still.listener.of(one).n_frames for one in (first, wanted)] == [2, 2]
    assert still.prompter.waited_for == [wanted]


def test_who_is_ready_does_not_wait_for_an_interactive_reference() -> None:
    still = StillEngine()
    ready = still.submit(Fate(n_frames=9))
    clone = still.submit(Fate(n_frames=2), reference=reference(2), interactive=True)
    still.step()
    assert still.runner.joined == [ready]
    assert still.prompter.waited_for == []
    still.run()
    assert still.runner.joined == [ready, clone]


def test_a_pause_before_the_first_reference_is_launched_does_no_harm(monkeypatch: pytest.MonkeyPatch) -> None:
    still = StillEngine()
    clone = still.submit(Fate(n_frames=2), reference=reference(2))
    now = itertools.count()
    monkeypatch.setattr("worker.engine.arrivals.time.monotonic", lambda: float(next(now)))
    still.step()
    monkeypatch.undo()
    still.run()
    assert still.listener.of(clone).n_frames == 2


def test_where_the_host_encodes_it_does_a_few_a_step_so_that_frames_go_on(monkeypatch: pytest.MonkeyPatch) -> None:
    still = StillEngine(n_slots=8)
    still.prompter.encoded_a_step = None
    quick = still.prompter.launch

    def slow(speak: Speak) -> StillLaunched:
        time.sleep(REFERENCES_S)
        return quick(speak)

    monkeypatch.setattr(still.prompter, "launch", slow)
    for _ in range(3):
        still.submit(Fate(n_frames=3), reference=reference(2))
    behind = still.submit(Fate(n_frames=3))
    listened = still.submit(Fate(n_frames=3), interactive=True)
    n_encoded = []
    for _ in range(3):
        still.step()
        n_encoded.append(len(still.prompter.encoded))
    assert n_encoded == [1, 2, 3]
    still.run()
    assert still.runner.joined == [listened, 1, 2, 3, behind]

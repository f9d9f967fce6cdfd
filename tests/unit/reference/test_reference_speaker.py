"""What becomes of utterances that the package speaks in calls of several. The package here speaks at once."""

import pytest

from tests.unit.reference.still_package import StillPackage, StillReference, speak
from worker.engine.errors import BrokenNumbers, EngineFull
from worker.model.config import SAMPLES_PER_FRAME
from worker.model.errors import BadUtterance, TooLittleMemory


def test_who_waits_together_is_spoken_in_one_call() -> None:
    reference = StillReference()
    reference.submit(*map(speak, range(1, 7)))
    reference.run()
    assert reference.package.calls == [[1, 2, 3, 4], [5, 6]]
    assert sorted(reference.listener.sounds) == [1, 2, 3, 4, 5, 6]
    assert all((pcm == number).all() for number, pcm in reference.listener.sounds.items())


def test_a_call_waits_a_moment_for_more() -> None:
    reference = StillReference(batch=2, gather_s=3600)
    reference.submit(speak(1))
    assert reference.speaker.step()
    assert reference.package.calls == []
    reference.submit(speak(2))
    reference.run()
    assert reference.package.calls == [[1, 2]]


def test_who_stays_alone_is_spoken_when_that_moment_is_over() -> None:
    reference = StillReference(batch=2, gather_s=0.05)
    reference.submit(speak(1))
    reference.run()
    assert reference.package.calls == [[1]]


def test_nothing_to_do_is_said() -> None:
    assert not StillReference().speaker.step()


def test_an_utterance_that_runs_on_is_cut_at_its_own_cap_and_says_so() -> None:
    reference = StillReference()
    reference.submit(speak(1, "on and", max_frames=3), speak(2, "two words", max_frames=2))
    reference.run()
    assert len(reference.listener.sounds[1]) == 3 * SAMPLES_PER_FRAME
    assert len(reference.listener.sounds[2]) == 2 * SAMPLES_PER_FRAME
    assert reference.listener.capped == {1}


def test_one_that_is_refused_takes_no_place() -> None:
    reference = StillReference(batch=1, max_waiting=1)
    for _ in range(5):
        with pytest.raises(BadUtterance):
            reference.submit(speak(1, ""))
    reference.submit(speak(2))


def test_a_full_queue_refuses_batch_before_interactive() -> None:
    reference = StillReference(batch=1, max_waiting=2)
    reference.submit(speak(1), speak(2))
    with pytest.raises(EngineFull):
        reference.submit(speak(3))
    reference.submit(speak(4, interactive=True))
    reference.run()
    reference.submit(speak(5))


def test_who_is_cancelled_while_waiting_is_never_spoken() -> None:
    reference = StillReference()
    reference.submit(speak(1), speak(2))
    reference.speaker.cancel(1)
    reference.run()
    assert reference.package.calls == [[2]]


def test_of_one_cancelled_during_its_call_nothing_is_heard() -> None:
    reference = StillReference()
    reference.submit(speak(1), speak(2))
    reference.package.meanwhile = lambda: reference.speaker.cancel(1)
    reference.run()
    assert reference.package.calls == [[1, 2]]
    assert sorted(reference.listener.sounds) == [2]
    assert reference.speaker.gauges()["inside"] == 0


def test_a_call_that_does_not_fit_is_made_in_halves() -> None:
    reference = StillReference(StillPackage(fits=1))
    reference.submit(*map(speak, (1, 2, 3)))
    reference.package.meanwhile = lambda: reference.speaker.cancel(3)
    reference.run()
    assert reference.package.calls == [[1, 2, 3], [1], [2, 3], [2], [3]]
    assert sorted(reference.listener.sounds) == [1, 2]


def test_one_that_does_not_fit_alone_fails_and_the_others_go_on() -> None:
    reference = StillReference(StillPackage(fits=0))
    reference.submit(speak(1))
    reference.run()
    assert isinstance(reference.listener.errors[1], TooLittleMemory)
    reference.package.fits = 4
    reference.submit(speak(2))
    reference.run()
    assert sorted(reference.listener.sounds) == [2]


def test_broken_numbers_fail_their_utterance_alone() -> None:
    reference = StillReference()
    reference.submit(speak(1, "a nan here"), speak(2))
    reference.run()
    assert isinstance(reference.listener.errors[1], BrokenNumbers)
    assert sorted(reference.listener.sounds) == [2]


def test_its_figures_count_as_the_engine_s_do() -> None:
    reference = StillReference()
    reference.submit(*map(speak, range(1, 5)), speak(5, "two words"), speak(6))
    assert reference.speaker.gauges()["inside"] == 6
    reference.run()
    gauges = reference.speaker.gauges()
    assert (gauges["prefills"], gauges["launches"], gauges["frames"], gauges["inside"]) == (2, 5 + 5, 5 * 5 + 2, 0)
    assert gauges["mean_rows"] == pytest.approx(2.7)
    assert gauges["audio_s"] == pytest.approx((5 * 5 + 2) * 0.08)

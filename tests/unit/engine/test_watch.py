"""When an engine counts as hung or grown, without one."""

import pytest

from worker.engine.watch import GIB, Silence, limit_bytes


def test_silence_beyond_the_limit_is_a_hang() -> None:
    silence = Silence(stall_s=2.0)
    assert [silence.look(0.5) for _ in range(5)] == [False, False, False, False, True]


def test_a_sign_of_life_starts_the_count_again() -> None:
    silence = Silence(stall_s=1.0)
    silence.look(0.9)
    silence.heard()
    assert not silence.look(0.9)


def test_a_worker_that_was_frozen_for_an_hour_does_not_blame_its_engine() -> None:
    assert not Silence(stall_s=2.0).look(3600)


@pytest.mark.parametrize(("setting", "fresh", "limit"), [
    (None, 2 * GIB, 7 * GIB),
    (0, 2 * GIB, None),
    (3 * GIB, 2 * GIB, 3 * GIB),
    (1 * GIB, 2 * GIB, None),
])
def test_how_much_memory_is_too_much(setting: int | None, fresh: int, limit: int | None) -> None:
    assert limit_bytes(setting, fresh) == limit

"""What engines say of themselves: kept with a worker's beat, gone with the worker."""

import asyncio

import pytest

from speechmill.settings import RedisSettings, Settings
from speechmill.store import verbs
from speechmill.store.client import AsyncStore, Numbers
from speechmill.store.verbs import EngineFigures
from speechmill.tasks import KEY_PREFIX
from tests.contract.store.conftest import Mill

BUSY = EngineFigures("qwen3", {"slots_used": 3.0, "frames": 412.0})


@pytest.fixture
def settings(redis_url: str) -> Settings:
    return Settings(redis=RedisSettings(url=redis_url))


def enlist(mill: Mill, worker: str, state: str = "ready") -> None:
    mill.store.run(verbs.enlist(worker, "speech", "host", state, {"speech:qwen3:batch": 3}))


def beat(mill: Mill, worker: str, engine: EngineFigures | None = BUSY) -> None:
    mill.store.run(verbs.beat(worker, (), 60_000, engine))


def numbers(settings: Settings) -> Numbers:
    async def read() -> Numbers:
        store = AsyncStore.open(settings)
        try:
            return await store.numbers()
        finally:
            await store.close()

    return asyncio.run(read())


def test_each_worker_has_the_figures_of_its_last_beat(mill: Mill, settings: Settings) -> None:
    for worker in ("w1", "w2"):
        enlist(mill, worker)
        beat(mill, worker)
    later = EngineFigures("qwen3", {"slots_used": 0.0, "frames": 500.0})
    beat(mill, "w2", later)
    assert numbers(settings).engines == {"w1": BUSY, "w2": later}


def test_an_engine_that_is_away_shows_nothing(mill: Mill, settings: Settings) -> None:
    enlist(mill, "w1")
    beat(mill, "w1")
    beat(mill, "w1", None)
    assert numbers(settings).engines == {}


def test_the_figures_go_with_a_worker_that_leaves_and_no_late_beat_brings_them_back(mill: Mill, settings: Settings) -> None:
    enlist(mill, "w1")
    beat(mill, "w1")
    enlist(mill, "w1", "gone")
    assert numbers(settings).engines == {}
    beat(mill, "w1")
    assert numbers(settings).engines == {}


def test_the_figures_go_with_a_worker_that_was_lost(mill: Mill, settings: Settings) -> None:
    enlist(mill, "w1")
    beat(mill, "w1")
    mill.store.redis.zadd(KEY_PREFIX + "workers", {"w1": 1})
    assert mill.sweep().workers_lost == 1
    assert numbers(settings).engines == {}


def test_a_worker_whose_state_changes_keeps_its_figures(mill: Mill, settings: Settings) -> None:
    enlist(mill, "w1")
    beat(mill, "w1")
    enlist(mill, "w1", "draining")
    assert numbers(settings).engines == {"w1": BUSY}


def test_units_are_renewed_by_a_beat_with_figures_as_by_one_without(mill: Mill) -> None:
    enlist(mill, "w1")
    mill.submit()
    unit = mill.claim()
    held = [(unit.ref, unit.token)]
    for engine in (BUSY, None):
        mill.let_leases_end(unit)
        assert mill.store.run(verbs.beat("w1", held, 60_000, engine)) == (True, ())
        assert mill.sweep().crashed == 0

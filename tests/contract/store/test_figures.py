"""What workers and their engines say of themselves: kept with a beat, gone with the worker."""

from speechmill.store import verbs
from speechmill.store.numbers import numbers
from speechmill.store.verbs import EngineFigures, WorkerFigures
from speechmill.tasks import KEY_PREFIX
from tests.contract.store.conftest import Mill

BUSY = WorkerFigures("speech", {"cpu_s": 1.5}, EngineFigures("qwen3", {"slots_used": 3.0, "frames": 412.0}))


def enlist(mill: Mill, worker: str, state: str = "ready") -> None:
    mill.store.run(verbs.enlist(worker, "speech", "host", state, {"speech:qwen3:batch": 3}))


def beat(mill: Mill, worker: str, figures: WorkerFigures = BUSY) -> None:
    mill.store.run(verbs.beat(worker, (), 60_000, figures))


def figures(mill: Mill) -> dict[str, WorkerFigures]:
    return dict(mill.store.run(numbers()).figures)


def test_each_worker_has_the_figures_of_its_last_beat(mill: Mill) -> None:
    for worker in ("w1", "w2"):
        enlist(mill, worker)
        beat(mill, worker)
    later = WorkerFigures("speech", {"cpu_s": 1.6}, EngineFigures("qwen3", {"slots_used": 0.0, "frames": 500.0}))
    beat(mill, "w2", later)
    assert figures(mill) == {"w1": BUSY, "w2": later}


def test_an_engine_that_is_away_shows_nothing(mill: Mill) -> None:
    enlist(mill, "w1")
    beat(mill, "w1")
    beat(mill, "w1", WorkerFigures("speech", {"cpu_s": 1.6}))
    assert figures(mill)["w1"].engine is None


def test_the_figures_go_with_a_worker_that_leaves_and_no_late_beat_brings_them_back(mill: Mill) -> None:
    enlist(mill, "w1")
    beat(mill, "w1")
    enlist(mill, "w1", "gone")
    assert figures(mill) == {}
    beat(mill, "w1")
    assert figures(mill) == {}


def test_the_figures_go_with_a_worker_that_was_lost(mill: Mill) -> None:
    enlist(mill, "w1")
    beat(mill, "w1")
    mill.store.redis.zadd(KEY_PREFIX + "workers", {"w1": 1})
    assert mill.sweep().workers_lost == 1
    assert figures(mill) == {}


def test_a_worker_whose_state_changes_keeps_its_figures(mill: Mill) -> None:
    enlist(mill, "w1")
    beat(mill, "w1")
    enlist(mill, "w1", "draining")
    assert figures(mill) == {"w1": BUSY}


def test_units_are_renewed_by_a_beat_with_figures_as_by_one_without(mill: Mill) -> None:
    enlist(mill, "w1")
    mill.submit()
    unit = mill.claim()
    held = [(unit.ref, unit.token)]
    for said in (BUSY, None):
        mill.let_leases_end(unit)
        assert mill.store.run(verbs.beat("w1", held, 60_000, said)) == (True, ())
        assert mill.sweep().crashed == 0

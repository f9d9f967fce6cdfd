"""The real package as the benchmarks run it: in a process of its own, by another interpreter."""

import sys
from pathlib import Path

import pytest

from tests.reference.packages import interpreter
from worker.bench.compare.comparison import Asked, compare
from worker.bench.compare.peer import PackagePeer
from worker.bench.guide.order import Plan
from worker.bench.guide.rows import guide_rows
from worker.bench.guide.schedule import Limits, Schedule
from worker.bench.load import Lengths
from worker.bench.random_weights import write_endless


@pytest.fixture(scope="module")
def endless(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("endless")
    write_endless(folder, "tiny")
    return folder


@pytest.mark.timeout(400)  # each row imports transformers anew
def test_the_guide_s_rows_of_the_package(endless: Path, tmp_path: Path) -> None:
    names = ("reference", "reference-batching", "reference-flash", "reference-recipe", "engine")
    rows = [row for row in guide_rows(batch=2) if row.name in names]
    plan = Plan(str(endless), device="cpu", frames=4, rounds=2, seconds=0.1, alone_s=(0.2, 0.4), together_s=(0.2, 0.4))
    pythons = {"reference": interpreter(tmp_path), "engine": sys.executable}
    schedule = Schedule(rows, plan, pythons, Limits(row_s=300.0, side_by_side=2))
    done = {outcome.row.name: outcome for outcome in schedule.outcomes()}
    assert done["reference-flash"].problem == "can't run here: it needs a CUDA device"
    assert {name: [speed.at_once for speed in done[name].speeds] for name in names} == {
        "reference": [1, 2], "reference-batching": [2], "reference-flash": [], "reference-recipe": [1], "engine": [1, 2]}
    assert all(len(speed.rounds) == 2 for speed in done["reference"].speeds)
    # What is usually published compiles nothing: `generate` is called, not `forward`.
    assert done["reference-recipe"].speeds[0].notes == ["0 graphs compiled"]


@pytest.mark.timeout(300)
def test_the_package_speaks_the_same_texts_for_as_long_as_it_is_told(endless: Path, tmp_path: Path) -> None:
    asked = Asked(endless, at_once=(1, 2), lengths=Lengths(0.32, 0.32), texts=3, limit_s=60.0)
    rows = list(compare([], [PackagePeer("qwen-tts", interpreter(tmp_path))], asked))
    assert [(row.at_once, row.n_utterances, row.n_errors) for row in rows] == [(1, 3, 0), (2, 4, 0)]
    for row in rows:
        assert row.times_realtime > 0
        assert row.first_ms > 0

"""Rows of the guide on a tiny checkpoint, each in a process of its own."""

import sys
from collections.abc import Iterable

import pytest

from worker.bench.guide.order import Plan
from worker.bench.guide.rows import GuideRow, guide_rows
from worker.bench.guide.schedule import Limits, Outcome, Schedule
from worker.bench.random_weights import write_endless

ROWS = {row.name: row for row in guide_rows(batch=2)}


@pytest.fixture(scope="module")
def plan(tmp_path_factory: pytest.TempPathFactory) -> Plan:
    folder = tmp_path_factory.mktemp("endless")
    write_endless(folder, "tiny")
    return Plan(str(folder), device="cpu", frames=3, rounds=2, seconds=0.1, alone_s=(0.2, 0.4), together_s=(0.2, 0.4))


def outcomes(names: Iterable[str], plan: Plan, limits: Limits, reference: str = sys.executable) -> dict[str, Outcome]:
    rows: list[GuideRow] = [ROWS[name] for name in names]
    pythons = {"engine": sys.executable, "reference": reference}
    return {outcome.row.name: outcome for outcome in Schedule(rows, plan, pythons, limits).outcomes()}


def test_rows_that_can_run_are_measured_and_the_others_say_why_not(plan: Plan) -> None:
    names = ["engine", "engine-no-graphs", "reference"]
    done = outcomes(names, plan, Limits(row_s=90, side_by_side=2))
    assert done.keys() == set(names)
    assert not done["engine"].problem
    assert [speed.at_once for speed in done["engine"].speeds] == [1, 2]
    assert all(min(speed.rounds) > 0 for speed in done["engine"].speeds)
    assert done["engine"].ready_after_s > 0
    assert "no CUDA graphs" in done["engine-no-graphs"].problem
    assert "qwen-tts, which can't be imported" in done["reference"].problem


def test_a_row_that_takes_too_long_is_ended_and_the_next_one_runs(plan: Plan) -> None:
    done = outcomes(["engine", "engine-decode-sdpa"], plan, Limits(row_s=0.2))
    assert [outcome.problem for outcome in done.values()] == 2 * ["took longer than 0.2 s"]


def test_when_all_their_time_is_over_the_rest_says_so(plan: Plan) -> None:
    done = outcomes(["engine", "engine-decode-sdpa"], plan, Limits(total_s=0.2))
    assert [outcome.problem for outcome in done.values()] == 2 * ["no time was left for it"]


def test_an_interpreter_that_is_not_there_is_said_by_its_rows(plan: Plan) -> None:
    done = outcomes(["reference", "reference-eager"], plan, Limits(), reference="/no/python")
    assert [outcome.problem for outcome in done.values()] == 2 * ["/no/python can't be run: No such file or directory"]

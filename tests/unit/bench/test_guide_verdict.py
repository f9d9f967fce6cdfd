"""A row's gain, and the word about it: what is within the noise is no gain."""

import json

import pytest

from worker.bench.guide.order import Speed
from worker.bench.guide.report import json_lines, table
from worker.bench.guide.rows import EngineSetup, GuideRow, Loads, ReferenceSetup
from worker.bench.guide.schedule import Outcome
from worker.bench.guide.verdict import gains, word

BASE = Outcome(GuideRow("base", "baseline", "reference", "", ReferenceSetup(), Loads(together=32)),
               (Speed(1, [0.40, 0.42], 5.0, []), Speed(32, [12.0], 6.5, [])), ready_after_s=12.3)


def outcome(*speeds: Speed, problem: str = "", loads: Loads = BASE.row.loads) -> Outcome:
    row = GuideRow("other", "changed", "reference", "base", ReferenceSetup(attention="eager"), loads)
    return Outcome(row, speeds, 3.0, problem)


@pytest.mark.parametrize(("alone", "together", "said"), [
    ([0.41], [12.3], "no gain"),
    ([0.80], [24.0], "faster"),
    ([0.41], [24.0], "alone no gain; together faster"),
    ([0.80], [6.0], "alone faster; together slower"),
    ([0.40, 0.80], [12.0], "no gain"),       # its own rounds differ by more than it gains
])
def test_the_word_says_what_was_gained(alone: list[float], together: list[float], said: str) -> None:
    assert word(outcome(Speed(1, alone, 5.0, []), Speed(32, together, 5.0, [])), BASE) == said


def test_a_row_about_speaking_together_is_compared_with_speaking_alone() -> None:
    batching = outcome(Speed(32, [12.3], 6.5, []), loads=Loads(alone=False, together=32))
    alone, together = gains(batching, BASE)
    assert alone is None
    assert together is not None
    assert together.times == pytest.approx(30)


def test_what_cannot_be_measured_says_why_and_what_is_missing_says_so() -> None:
    assert word(outcome(problem="can't run here: it needs a CUDA device"), BASE) == "can't run here: it needs a CUDA device"
    assert word(outcome(Speed(1, [0.4], 5.0, []), problem="took longer than 90 s"), BASE) == "took longer than 90 s"
    assert word(Outcome(GuideRow("int8", "INT8 weights", "engine", "base", None)), BASE) == "not yet"
    assert word(outcome(Speed(1, [0.9], 5.0, ["0 graphs compiled"])), None) == "0 graphs compiled", "its baseline is not there"


def test_the_table_has_a_line_for_each_row_and_the_json_as_well() -> None:
    not_yet = Outcome(GuideRow("int8", "INT8 weights", "engine", "base", None))
    engine = Outcome(GuideRow("engine", "ours", "engine", "base", EngineSetup(), Loads(together=32)),
                     (Speed(1, [15.7], 9.0, []), Speed(32, [400.4], 9.0, [])), 41.0)
    lines = table([BASE, engine, not_yet]).splitlines()
    assert lines[2] == "| reference | baseline | 0.41 | 2.439 |  | 12.0 (32) |  | 6.5 | 12 |  |"
    assert lines[3] == "| engine | ours | 15.7 | 0.064 | ×38.29 | 400 (32) | ×33.37 | 9.0 | 41 | faster |"
    assert lines[4] == "| engine | INT8 weights |  |  |  |  |  |  |  | not yet |"
    rows = [json.loads(line) for line in json_lines([BASE, engine, not_yet]).splitlines()]
    assert [row["name"] for row in rows] == ["base", "engine", "int8"]
    assert rows[1]["gain_alone"] == pytest.approx(15.7 / 0.41)

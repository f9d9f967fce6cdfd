"""The guide's rows: each differs in one thing from the row that it is measured against."""

from dataclasses import asdict

import pytest

from worker.bench.case import Case
from worker.bench.guide.rows import EngineSetup, GuideRow, ReferenceSetup, UnknownRow, choose, guide_rows

ROWS = {row.name: row for row in guide_rows(batch=32)}


def test_every_row_is_measured_against_one_above_it() -> None:
    seen: set[str] = set()
    for row in guide_rows(batch=32):
        assert row.name not in seen
        assert (row.against in seen) == (row.name != "reference"), row.name
        seen.add(row.name)


def flat(row: GuideRow) -> dict[str, object]:
    assert row.setup is not None
    return row.setup.changes | {"kernels": row.setup.kernels} if isinstance(row.setup, EngineSetup) else asdict(row.setup)


def differences(row: GuideRow) -> set[str]:
    ours, theirs = flat(row), flat(ROWS[row.against])
    return {name for name in ours if ours[name] != theirs[name]}


def test_a_row_changes_one_thing() -> None:
    several = {"reference-recipe": {"compile", "around", "tf32", "cudnn_benchmark"},        # as it is published
               "engine-no-kernels": {"kernels", "decode_attention"},                        # one of them is our attention
               "engine-float32": {"dtype", "tf32"}}
    for row in ROWS.values():
        if row.setup is None or row.name in ("reference", "engine"):
            continue
        changed = differences(row)
        if "batching" in row.name:
            assert not changed
            assert not row.loads.alone
        elif "fullgraph" in row.name:
            assert changed == {"compile", "fullgraph"}
        else:
            assert changed == several.get(row.name, changed)
            assert len(changed) == 1 or row.name in several, row.name


def test_the_engine_takes_what_its_rows_change() -> None:
    for row in ROWS.values():
        if isinstance(row.setup, EngineSetup):
            text = ",".join(["engine", *(f"{name}={str(value).lower()}" for name, value in row.setup.changes.items())])
            assert Case.parse(text).changes == row.setup.changes


def test_rows_are_chosen_by_name_in_the_order_of_the_table() -> None:
    rows = list(ROWS.values())
    assert [row.name for row in choose(rows, ["engine-float32*", "reference"])] == [
        "reference", "engine-float32", "engine-float32-tf32"]
    assert choose(rows, []) == rows
    with pytest.raises(UnknownRow, match=r"No row is called 'refrence'; there are reference, .*engine-tensor-parallel"):
        choose(rows, ["engine", "refrence"])


def test_what_is_published_compiles_around_the_model() -> None:
    recipe = ROWS["reference-recipe"].setup
    assert isinstance(recipe, ReferenceSetup)
    assert recipe.around

"""What is said of what is written, case by case, in each language that has rules."""

import pytest

from tests.unit.text.normalise.table import cases
from worker.text.normalise.choose import normalise


@pytest.mark.parametrize(("written", "said"), cases("english"))
def test_english(written: str, said: str) -> None:
    assert normalise(written, "en") == said


@pytest.mark.parametrize(("written", "said"), cases("chinese"))
def test_chinese(written: str, said: str) -> None:
    assert normalise(written, "zh") == said


@pytest.mark.parametrize(("written", "said"), cases("japanese"))
def test_japanese(written: str, said: str) -> None:
    assert normalise(written, "ja") == said


@pytest.mark.parametrize(("language", "rows"), [("english", 100), ("chinese", 60), ("japanese", 60)])
def test_each_table_is_worth_its_name(language: str, rows: int) -> None:
    assert len(cases(language)) >= rows

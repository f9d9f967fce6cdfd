"""docs/architecture.md says what happens when something fails, and names the test of each row."""

import re
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
TABLE = re.compile(r"## When something fails\n(.*?)\n## ", re.DOTALL)


def test_each_row_of_the_failure_table_names_a_test_that_is_there() -> None:
    found = TABLE.search((ROOT / "docs/architecture.md").read_text())
    assert found
    rows = [row for row in found[1].splitlines() if row.startswith("| ")][1:]  # below the heading
    files = (ROOT / "tests").rglob("test_*.py")
    tests = {name for file in files for name in re.findall(r"^def (test_\w+)", file.read_text(), re.MULTILINE)}
    assert len(rows) > 20
    for row in rows:
        named = re.findall(r"`(test_\w+)`", row)
        assert named, f"no test: {row}"
        assert set(named) <= tests, f"not there: {set(named) - tests}"

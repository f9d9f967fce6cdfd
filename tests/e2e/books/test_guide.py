"""docs/books.md: its examples, run as they stand, one after the other, against a whole system."""

import json
import re
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.e2e.stack import Stack, running_stack
from tests.e2e.test_readme import stand_in_for_curl

GUIDE = (Path(__file__).parents[3] / "docs/books.md").read_text("utf-8")


@pytest.fixture
def whole(tmp_path: Path) -> Iterator[Stack]:
    with running_stack(tmp_path / "stack") as running:
        yield running


@pytest.mark.timeout(300)
def test_the_examples_plan_make_and_revise_a_book(whole: Stack, tmp_path: Path) -> None:
    examples = "\n".join(re.findall(r"```bash\n(.*?)```", GUIDE, re.DOTALL))
    script = f"set -e -o pipefail\n{stand_in_for_curl()}\n" + examples.replace("http://127.0.0.1:8000", whole.base_url)
    done = subprocess.run(["bash", "-c", script], cwd=tmp_path, capture_output=True, text=True, timeout=180)
    assert done.returncode == 0, done.stderr + whole.logs()

    plan, book, newer = (json.loads((tmp_path / name).read_text()) for name in ("plan.json", "book.json", "newer.json"))
    assert [(chapter["title"], chapter["segments"]["total"] > 0) for chapter in plan["chapters"]] == [
        ("The Grapes", True), ("The Moral", True)]
    assert (book["status"], book["title"], book["authors"]) == ("completed", "The Fox and the Grapes", ["Aesop"])
    assert set(book["output"]) == {"m4b", "mp3", "vtt", "srt", "manifest", "report"}
    assert (newer["status"], newer["revision"], newer["revises"]) == ("completed", 2, book["id"])
    assert newer["segments"]["total"] == book["segments"]["total"] == newer["segments"]["cached"] + 1
    assert (tmp_path / "tale.m4b").read_bytes()[4:8] == b"ftyp"
    assert (tmp_path / "tale.m4b").read_bytes() != (tmp_path / "newer.m4b").read_bytes()
    assert (tmp_path / "tale.vtt").read_text().startswith("WEBVTT")
    assert (tmp_path / "moral.mp3").stat().st_size > 1000

"""The book that ships with the project is what its builder makes of its text, and reads as such."""

import subprocess
import sys
from pathlib import Path

from worker.book.read.book import read_book

EXAMPLES = Path(__file__).parents[3] / "examples"


def test_the_builder_makes_the_same_bytes_again(tmp_path: Path) -> None:
    for name in ("build.py", "reader.txt"):
        (tmp_path / name).write_bytes((EXAMPLES / name).read_bytes())
    subprocess.run([sys.executable, tmp_path / "build.py"], check=True, timeout=60)
    assert (tmp_path / "reader.epub").read_bytes() == (EXAMPLES / "reader.epub").read_bytes()


def test_it_has_three_chapters_a_cover_and_every_word() -> None:
    book = read_book(EXAMPLES / "reader.epub")
    assert book.metadata.authors == ("Abraham Lincoln", "William Shakespeare")
    assert book.cover
    assert book.warnings == ()
    spoken = [chapter for chapter in book.chapters if chapter.include]
    assert [chapter.title for chapter in spoken] == [
        "The Gettysburg Address", "Shall I Compare Thee", "Let Me Not to the Marriage of True Minds"]
    words = " ".join(chapter.text for chapter in spoken).split()
    assert words == (EXAMPLES / "reader.txt").read_text("utf-8").replace("# ", "").split()

"""What the files of a book and of its chapters are called."""

from pathlib import Path

import pytest

from speechmill.cli.book.chapter_files import file_name
from speechmill.cli.book.files import targets
from speechmill.cli.exits import Failure


@pytest.mark.parametrize(("output", "formats", "expected"), [
    ("whale.m4b", ["m4b"], {"m4b": "whale.m4b"}),
    ("whale.ogg", ["opus"], {"opus": "whale.ogg"}),
    ("whale.mp3", ["m4b", "mp3", "report"], {"m4b": "whale.m4b", "mp3": "whale.mp3", "report": "whale.report.json"}),
    ("Moby. Dick", ["m4b", "srt"], {"m4b": "Moby. Dick.m4b", "srt": "Moby. Dick.srt"}),
    ("times.txt", ["manifest"], {"manifest": "times.txt"})])
def test_each_format_has_a_file_of_its_own(output: str, formats: list[str], expected: dict[str, str]) -> None:
    assert targets(Path(output), formats) == {format: Path(name) for format, name in expected.items()}


def test_an_ending_of_another_format_is_refused() -> None:
    with pytest.raises(Failure, match=r"whale\.mp3 ends as mp3, but the book comes as m4b; end the name in \.m4b"):
        targets(Path("whale.mp3"), ["m4b"])


@pytest.mark.parametrize(("title", "name"), [
    ("Loomings", "07 Loomings.mp3"),
    ("", "07.mp3"),
    ("../../etc/passwd", "07 etc passwd.mp3"),
    ("What? “Why”: a/b\\c\n*", "07 What “Why” a b c.mp3"),
    ("第七章　鯨", "07 第七章 鯨.mp3"),
    (" .hidden. ", "07 hidden.mp3")])
def test_a_chapters_title_becomes_a_name_that_every_file_system_takes(title: str, name: str) -> None:
    assert file_name({"number": 7, "title": title}, "mp3", n_chapters=12) == name


def test_names_sort_as_the_book_does_and_stay_short() -> None:
    names = [file_name({"number": n, "title": "鯨" * 500}, "m4a", n_chapters=120) for n in (9, 10, 100)]
    assert names == sorted(names)
    assert max(len(name.encode()) for name in names) < 200

"""Reading in a process of its own gives the same book, and survives whatever the file does there."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

from tests.books import Sample, all_samples
from tests.books.archive import packed
from worker.book.errors import BookUnreadable
from worker.book.read.apart import read_apart
from worker.book.read.book import read_book
from worker.book.read.wire import from_json, to_json

_SAMPLES = all_samples()


@pytest.mark.parametrize("sample", _SAMPLES, ids=[sample.name for sample in _SAMPLES])
def test_a_book_survives_the_way_between_processes(sample: Sample, tmp_path: Path) -> None:
    path = tmp_path / "book.epub"
    path.write_bytes(sample.data)
    book = read_book(path)
    assert from_json(to_json(book)) == book


@pytest.mark.parametrize("name", ["-draft.md", "--help", "--name=x.md"])
def test_a_name_that_looks_like_an_option_is_a_name(name: str, tmp_path: Path) -> None:
    path = tmp_path / "book"
    path.write_text("# One\n\nThe first chapter.\n")
    assert read_apart(path, name) == read_book(path, name)


def test_read_apart_gives_the_same_book(tmp_path: Path) -> None:
    path = tmp_path / "upload"
    path.write_text("# Ä\n\n[voice: anna] a\n\n# B\n\nb")
    assert read_apart(path, "book.md") == read_book(path, "book.md")


def test_an_unreadable_book_is_the_same_error(tmp_path: Path) -> None:
    path = tmp_path / "book.epub"
    path.write_bytes(packed({"META-INF/container.xml": "<container"}))
    with pytest.raises(BookUnreadable) as refused:
        read_apart(path)
    assert refused.value.part == "META-INF/container.xml"
    assert "no well-formed XML" in refused.value.message


def test_a_process_that_takes_too_long_is_ended(tmp_path: Path) -> None:
    path = tmp_path / "endless.txt"
    os.mkfifo(path)             # opening it waits for a writer who never comes
    with pytest.raises(BookUnreadable, match="within 2 s"):
        read_apart(path, timeout_s=2)


def test_a_process_that_takes_too_much_memory_is_an_unreadable_book() -> None:
    code = ("import sys; from worker.book.read import __main__ as program; "
            "program.read_book = lambda *_: bytearray(8 << 30); sys.argv = ['read', 'x']; sys.exit(program.main())")
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, check=False)
    assert done.returncode == 71


def test_a_process_that_works_without_end_is_an_unreadable_book() -> None:
    code = ("from worker.book.read import __main__ as program, limits; limits.CPU_S = 1; program.confine()\n"
            "while True: pass")
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, check=False)
    assert done.returncode < 0


def test_the_program_prints_into_a_file(tmp_path: Path) -> None:
    path, out = tmp_path / "book.txt", tmp_path / "book.json"
    path.write_text("Some words.")
    with out.open("wb") as file:
        subprocess.run([sys.executable, "-m", "worker.book.read", str(path)], stdout=file, check=True)
    assert from_json(out.read_bytes()) == read_book(path)

"""`speechmill book`, whole: against a server that runs, and with a stack of its own that dies in the middle."""

import json
import os
import re
import signal
import subprocess
import sys
import time
import uuid
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest

from tests.e2e.stack import Stack
from tests.unit.book.make.finished import told

SPEECHMILL = str(Path(sys.executable).with_name("speechmill"))
READER = Path(__file__).parents[2] / "examples" / "reader.epub"


def outside() -> dict[str, str]:
    return {name: value for name, value in os.environ.items() if not name.startswith("SPEECHMILL_")}


def book(*arguments: str | Path) -> "subprocess.CompletedProcess[str]":
    return subprocess.run([SPEECHMILL, "book", *map(str, arguments)], env=outside(), capture_output=True, text=True, timeout=110,
                          check=False)


@contextmanager
def started(*arguments: str | Path, **settings: str) -> Iterator["subprocess.Popen[str]"]:
    """Gone at the end, however that comes. `settings` are those of a stack of its own."""
    with subprocess.Popen([SPEECHMILL, "book", *map(str, arguments)], env={**outside(), **settings}, stderr=subprocess.PIPE,
                          text=True) as client:
        try:
            yield client
        finally:
            client.kill()


def made(*arguments: str | Path) -> dict[str, Any]:
    """The book object of a command that succeeded."""
    done = book(*arguments, "--json")
    assert done.returncode == 0, done.stderr
    found: dict[str, Any] = json.loads(done.stdout)
    return found


def until(true: Callable[[], object], timeout_s: float = 60) -> None:
    deadline = time.monotonic() + timeout_s
    while not true():
        assert time.monotonic() < deadline, "it did not come true in time"
        time.sleep(0.05)


def long_book(folder: Path, *, chapters: int = 6, sentences: int = 20) -> Path:
    """Some eleven segments a chapter, none of which was ever spoken before."""
    once = uuid.uuid4().hex[:8]
    file = folder / "long.md"
    file.write_text("\n\n".join(f"# Chapter {chapter}\n\n" + " ".join(
        f"Sentence {n} in chapter {chapter} of {once} takes its time, as every one of its many neighbours does."
        for n in range(sentences)) for chapter in range(1, chapters + 1)), "utf-8")
    return file


def test_a_plan_shows_what_would_be_spoken_and_what_would_not(stack: Stack) -> None:
    planned = book("plan", READER, "--url", stack.base_url)
    assert planned.returncode == 0, planned.stderr
    lines = [" ".join(line.split()) for line in planned.stdout.splitlines()]
    assert lines[0] == "A Short Reader, by Abraham Lincoln, William Shakespeare"
    assert any(re.fullmatch(r"1 front no 3 14 \S* ?\d:\d\d marked as title page A Short Reader", line) for line in lines), lines
    assert any(re.fullmatch(r"2 body yes 270 1,\d\d\d \d+ \d:\d\d The Gettysburg Address", line) for line in lines), lines
    assert any(re.fullmatch(r"3 of 4 chapters, 512 words, .* segments, about .* of speech", line) for line in lines), lines


def test_a_book_becomes_an_m4b_with_chapters_and_files_of_its_chapters(stack: Stack, tmp_path: Path) -> None:
    target = tmp_path / "reader.m4b"
    view = made(READER, "-o", target, "--format", "m4b,flac", "--chapters-to", tmp_path / "parts", "--title", "1984",
                "--url", stack.base_url)
    found = told(target)
    assert [mark.title for mark in found.marks] == [
        "The Gettysburg Address", "Shall I Compare Thee", "Let Me Not to the Marriage of True Minds"]
    assert (view["title"], found.tags["title"]) == ("1984", "1984")
    assert (tmp_path / "reader.flac").read_bytes()[:4] == b"fLaC"
    assert sorted(file.name for file in (tmp_path / "parts").iterdir()) == sorted(
        f"{number:02} {title}.{format}" for number, title in (
            (2, "The Gettysburg Address"), (3, "Shall I Compare Thee"), (4, "Let Me Not to the Marriage of True Minds"))
        for format in ("flac", "m4a"))


def test_the_same_command_again_is_the_same_book(stack: Stack, tmp_path: Path) -> None:
    file = long_book(tmp_path, chapters=2, sentences=6)
    first = made(file, "-o", tmp_path / "a.mp3", "--url", stack.base_url)
    second = made(file, "-o", tmp_path / "b.mp3", "--url", stack.base_url)
    assert first["id"] == second["id"]
    assert (tmp_path / "a.mp3").read_bytes() == (tmp_path / "b.mp3").read_bytes()


def test_a_regenerated_segment_is_the_only_one_that_is_spoken(stack: Stack, tmp_path: Path) -> None:
    file = long_book(tmp_path, chapters=2, sentences=12)
    first = made(file, "-o", tmp_path / "a.flac", "--url", stack.base_url)
    second = made("regenerate", first["id"], "2", "1", "-o", tmp_path / "b.flac", "--url", stack.base_url)
    assert (second["revises"], second["revision"]) == (first["id"], 2)
    segments = second["segments"]
    assert segments["total"] - segments["cached"] == 1


def test_an_edited_chapter_is_the_only_one_that_is_spoken(stack: Stack, tmp_path: Path) -> None:
    file = long_book(tmp_path, chapters=3, sentences=12)
    first = made(file, "-o", tmp_path / "a.flac", "--url", stack.base_url)
    edited = tmp_path / "chapter2.txt"
    edited.write_text(f"Chapter 2\n\nNothing of {uuid.uuid4().hex[:8]} is as it was.", "utf-8")
    second = made("rerender", first["id"], "--edit", f"2={edited}", "-o", tmp_path / "b.flac", "--url", stack.base_url)
    shares = [chapter["segments"]["cached"] / chapter["segments"]["total"] for chapter in second["chapters"]]
    assert (shares[0], shares[2]) == (1, 1)
    assert shares[1] < 1


def test_subtitles_come_with_a_book(stack: Stack, tmp_path: Path) -> None:
    view = made(READER, "-o", tmp_path / "a.m4b", "--url", stack.base_url)
    done = book("download", view["id"], "-o", tmp_path / "a.vtt", "--format", "vtt,manifest", "--url", stack.base_url)
    assert done.returncode == 0, done.stderr
    assert (tmp_path / "a.vtt").read_text("utf-8").startswith("WEBVTT")
    assert "conceived in Liberty" in (tmp_path / "a.json").read_text("utf-8")


def test_books_are_listed_and_shown_and_can_be_given_up(stack: Stack, tmp_path: Path) -> None:
    with started(long_book(tmp_path, chapters=40), "-o", tmp_path / "a.m4b", "--url", stack.base_url) as client:
        assert client.stderr
        while not re.match(r"book_\w+: \d+ %, about", begun := client.stderr.readline()):
            assert begun, "it ended before it had shown any progress"
        client.send_signal(signal.SIGINT)
        _, said = client.communicate(timeout=60)
    assert client.returncode == 6, said
    [book_id] = re.findall(r"interrupted; (book_\w+) goes on at", said)
    listed = json.loads(book("list", "--json", "--url", stack.base_url).stdout)
    assert listed["data"][0]["id"] == book_id
    assert f"book      {book_id}" in book("show", book_id, "--url", stack.base_url).stdout
    assert book("cancel", book_id, "--url", stack.base_url).stdout.split()[1] in ("cancelling", "cancelled")
    assert not (tmp_path / "a.m4b").exists()


def test_a_file_that_is_no_book_is_told_with_the_part_that_is_wrong(stack: Stack, tmp_path: Path) -> None:
    broken = tmp_path / "broken.epub"
    broken.write_bytes(READER.read_bytes()[:9_000])
    for done in (book("plan", broken, "--url", stack.base_url), book(broken, "-o", tmp_path / "a.m4b", "--url", stack.base_url)):
        assert done.returncode == 1
        assert re.search(r"speechmill: book_\w+ has failed: .*(zip|EPUB)", done.stderr), done.stderr


@pytest.mark.timeout(300)
@pytest.mark.parametrize("number", [signal.SIGKILL, signal.SIGINT])
def test_without_a_server_a_book_that_was_stopped_goes_on_where_it_was(tmp_path: Path, number: int) -> None:
    n_chapters = 8
    file, parts, target = long_book(tmp_path, chapters=n_chapters), tmp_path / "parts", tmp_path / "long.m4b"
    arguments = (file, "-o", target, "--chapters-to", parts, "--data", tmp_path / "data", "--up-voice", "tone")
    # One chapter after the other: when the first is there, most of the book is yet to be spoken. What is held then is soon free.
    with started(*arguments, SPEECHMILL_WORKER__CHAPTERS_AT_ONCE="1", SPEECHMILL_WORKER__LEASE_S="8") as client:
        until(lambda: parts.is_dir() and list(parts.glob("*.m4a")))
        client.send_signal(number)
        _, said = client.communicate(timeout=100)
    assert not target.exists()
    if number == signal.SIGINT:
        assert client.returncode == 6
        assert "speechmill book download book_" in said
        assert f"--data {tmp_path / 'data'} --up-voice tone\n" in said
    again = book(*arguments, "--json")
    assert again.returncode == 0, again.stderr
    view = json.loads(again.stdout)
    assert f"going on with {view['id']}, which was sent before" in again.stderr
    assert len(told(target).marks) == len(list(parts.iterdir())) == n_chapters
    assert view["segments"]["completed"] == view["segments"]["total"] > 20
    assert not (tmp_path / "data" / "running.json").exists()

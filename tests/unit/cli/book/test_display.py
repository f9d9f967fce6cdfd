"""What is seen of a book while it comes along."""

import io

import pytest
from rich.console import Console

from speechmill.cli.book.display import Bars, Lines, bars
from speechmill.cli.book.words import clock, span
from tests.unit.cli.book.book_server import Book, BookServer

STATES = [Book("book_1", ["m4b"], done=done, status="completed" if done == 4 else "in_progress" if done else "queued")
          for done in range(5)]


def test_without_a_terminal_each_chapter_is_a_line_and_so_is_every_tenth_percent(capsys: pytest.CaptureFixture[str]) -> None:
    lines = Lines()
    views = BookServer(flagged=((3, 1),))
    for state in (STATES[0], STATES[1], STATES[1], STATES[2]):
        lines.show(views.view(state))
    assert capsys.readouterr().err.splitlines() == [
        "book_1: 0 %, queued, 1 flagged, 25% found, not spoken, 1 spoken again",
        "  2  Loomings: 1:31, 4 segments, 25% found, not spoken",
        "book_1: 33 %, about 3 min to go, 1 flagged, 25% found, not spoken, 1 spoken again",
        "  3  The Carpet-Bag: 1:31, 4 segments, 25% found, not spoken, 1 flagged",
        "book_1: 66 %, about 3 min to go, 1 flagged, 25% found, not spoken, 1 spoken again"]


def test_on_a_terminal_there_is_a_bar_for_the_book_and_one_for_each_chapter_under_way() -> None:
    seen = io.StringIO()
    console = Console(file=seen, force_terminal=True, width=120, color_system=None)
    views = BookServer()
    with bars(console) as progress:
        shown = Bars(progress)
        for state in STATES[:2]:
            shown.show(views.view(state))
        tasks = [(task.description, task.completed, task.total) for task in progress.tasks]
        assert tasks == [("The Whale", 99, 300), ("  3  The Carpet-Bag", 0, 100)]
        shown.show(views.view(STATES[2]))
        assert [task.description for task in progress.tasks] == ["The Whale", "  4  The Spouter-Inn"]
        shown.show(views.view(STATES[1]))
        progress.refresh()
    assert "  2  Loomings: 1:31, 4 segments" in seen.getvalue()
    assert " 33% about 3 min to go" in seen.getvalue()
    assert "0 of 4 segments, 25% found, not spoken" in seen.getvalue()


def test_a_title_that_looks_like_markup_is_shown_as_it_stands() -> None:
    seen = io.StringIO()
    view = BookServer().view(STATES[1])
    for chapter in view["chapters"]:
        chapter["title"] = "[bold]Loud[/bold] [/]"
    with bars(Console(file=seen, force_terminal=True, width=120, color_system=None)) as progress:
        Bars(progress).show(view)
        progress.refresh()
    assert seen.getvalue().count("[bold]Loud[/bold] [/]") >= 2


@pytest.mark.parametrize(("seconds", "length", "time"), [
    (0.4, "0:00", "1 s"), (61, "1:01", "61 s"), (600, "10:00", "10 min"), (41_000, "11:23:20", "11 h 23 min")])
def test_lengths_and_times_are_for_people(seconds: float, length: str, time: str) -> None:
    assert clock(seconds) == length
    assert span(seconds) == time

"""A chapter is called as what is spoken as its heading, also after an edit."""

import pytest

from worker.book.retitle import retitled

TITLED = "The Old Titel\n\n\nIt begins.\n\nIt ends."


@pytest.mark.parametrize(("edit", "title"), [
    ("The Old Title\n\n\nIt begins.", "The Old Title"),
    ("The Old Title\r\n\r\n\r\nIt begins.", "The Old Title"),
    ("The Old Title\n\nIt begins.", "The Old Title"),               # a blank line too few, but no sentence
    ("Where, then?\n\n\nIt begins.", "Where, then?"),
    ("Chapter 2: The Title\nIt begins.", "Chapter 2: The Title"),   # is heard as a heading
    ("The  Old\nTitle\n\n\nIt begins.", "The Old Title")])
def test_a_heading_that_was_changed_is_the_title(edit: str, title: str) -> None:
    assert retitled("The Old Titel", TITLED, edit) == title


@pytest.mark.parametrize("edit", [
    "It began.\n\nIt ended.", "“It begins,” she said.\n\nIt ends.", "It begins", "word " * 30 + "\n\n\nIt begins.",
    "The Old Titel\n\n\nIt began.", ""])
def test_an_edit_that_begins_with_ordinary_text_leaves_the_title(edit: str) -> None:
    assert retitled("The Old Titel", TITLED, edit) == "The Old Titel"


@pytest.mark.parametrize("text", ["It begins.\n\nIt ends.", "I\n\n\nIt begins.", ""])
def test_a_title_that_is_not_spoken_stays(text: str) -> None:
    assert retitled("The Sea", text, "The Land\n\n\nIt begins.") == "The Sea"


def test_a_table_of_contents_that_writes_the_heading_otherwise_is_right_until_the_heading_is_changed() -> None:
    before = "THE SEA\n\n\nIt begins."
    assert retitled("The Sea", before, "THE SEA\n\n\nIt began.") == "The Sea"
    assert retitled("The Sea", before, "the sea\n\n\nIt begins.") == "the sea"


def test_a_heading_of_two_lines_stays_one_of_two_or_becomes_one_of_one() -> None:
    before = "CHAPTER 1\n\nThe Sea\n\n\nIt begins."
    assert retitled("Chapter 1. The Sea", before, "Chapter 1\n\nThe Land\n\n\nIt begins.") == "Chapter 1. The Land"
    assert retitled("Chapter 1. The Sea", before, "The Land\n\n\nIt begins.\n\nIt ends.") == "The Land"
    assert retitled("The Sea", "The Sea\n\nA Tale\n\n\nIt begins.", "The Sea\n\nA Story\n\n\nIt begins.") == "The Sea"


def test_a_title_that_is_but_the_first_line_of_the_text_follows_it() -> None:
    assert retitled("It begins.", "It begins.\n\nIt ends.", "It began.\n\nIt ended.") == "It began."
    assert retitled("Part One", "Part One", "Part Two") == "Part Two"

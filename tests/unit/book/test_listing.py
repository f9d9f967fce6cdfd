"""Which chapters of a book are made, and how all of them are listed."""

import pytest

from speechmill.errors import InvalidRequest
from worker.book.content import Book, Chapter, Matter, Metadata
from worker.book.listing import estimated_s, list_contents

BOOK = Book(Metadata(title="A book", authors=("Anna",)), (
    Chapter("Copyright", "All rights reserved.", matter=Matter.FRONT, include=False, reason="a copyright page"),
    Chapter("One", "The first chapter."),
    Chapter("Two", "The second chapter, which is longer."),
    Chapter("A picture", "* * *"),
))


def tracks(include: tuple[tuple[int, int], ...] = ()) -> list[int]:
    return [chapter.track for chapter in list_contents(BOOK, include).chapters]


def test_what_the_book_includes_is_made_unless_the_client_says_otherwise() -> None:
    assert tracks() == [0, 1, 2, 0]
    assert tracks(((1, 2),)) == [1, 2, 0, 0]
    assert tracks(((3, 3), (1, 1))) == [1, 0, 2, 0]


def test_every_chapter_is_listed_and_those_left_out_say_why() -> None:
    chapters = list_contents(BOOK, ((1, 1), (4, 4))).chapters
    assert [chapter.reason for chapter in chapters] == ["", "it was not asked for", "it was not asked for",
                                                        "there is nothing in it to speak"]
    assert list_contents(BOOK, ()).chapters[0].reason == "a copyright page"


def test_the_sums_are_those_of_what_is_made() -> None:
    contents = list_contents(BOOK, ())
    assert (contents.words, contents.characters) == (9, len(BOOK.chapters[1].text) + len(BOOK.chapters[2].text))
    assert contents.seconds == pytest.approx(contents.characters / 14.6, abs=0.2)


def test_a_chapter_that_is_not_there_is_named() -> None:
    with pytest.raises(InvalidRequest, match="include names chapter 9; this book has 4"):
        list_contents(BOOK, ((2, 9),))


def test_a_book_of_which_nothing_is_left_to_speak_is_refused() -> None:
    with pytest.raises(InvalidRequest, match="No chapter of this book has anything to speak"):
        list_contents(BOOK, ((4, 4),))


def test_a_hundred_thousand_words_of_english_take_eleven_hours_and_chinese_characters_longer_each() -> None:
    assert 11 < estimated_s("a" * 600_000) / 3600 < 12
    assert estimated_s("字" * 100) > 2 * estimated_s("a" * 100)

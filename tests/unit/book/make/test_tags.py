"""Tags and marks arrive as they were given, whatever characters are in them."""

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from tests.unit.audio.sound import tone
from tests.unit.book.make.finished import told
from worker.book.content import Metadata
from worker.book.make.audio_file import ChapterPart, write_book
from worker.book.make.languages import three_letters
from worker.book.make.parts import Part, encode_parts
from worker.book.make.preset import NONE
from worker.book.make.tags import Edition, Track, book_tags, chapter_tags


@pytest.fixture(scope="module")
def part(tmp_path_factory: pytest.TempPathFactory) -> Part:
    return encode_parts([tone(0.5)], ["aac"], NONE, tmp_path_factory.mktemp("part"))[0]


TEXT = st.text(st.sampled_from("ab=;#\\[]\n'\"%&é漢 \t")).map(str.strip).filter(bool)


def as_kept(text: str) -> str:
    """A backslash at the end is followed by a space: ffmpeg would take the next line for part of it."""
    return text + " " if text.endswith("\\") else text


@settings(max_examples=12, deadline=None)
@given(title=TEXT, chapter=TEXT)
@example(title="\\", chapter="1 \\")
def test_any_text_comes_back_as_it_was(tmp_path_factory: pytest.TempPathFactory, part: Part, title: str, chapter: str) -> None:
    path = tmp_path_factory.mktemp("book") / "book.m4b"
    write_book("m4b", [ChapterPart(chapter, part)], Edition(Metadata(title=title)), path)
    assert told(path).tags["title"] == as_kept(title)
    assert told(path).marks[0].title == as_kept(chapter)


def test_a_book_that_says_little_has_few_tags() -> None:
    assert book_tags(Edition(Metadata(title="Emma"))) == {"title": "Emma", "album": "Emma", "genre": "Audiobook"}


def test_a_chapter_has_its_own_title_and_its_place() -> None:
    tags = chapter_tags(Edition(Metadata(title="Emma", authors=("Jane Austen",)), "Nora"), "Volume II", Track(3, 12))
    assert (tags["title"], tags["album"], tags["track"]) == ("Volume II", "Emma", "3/12")
    assert (tags["artist"], tags["composer"]) == ("Jane Austen", "Nora")


@pytest.mark.parametrize(("tag", "code"), [("en-GB", "eng"), ("de", "deu"), ("zh-Hans-CN", "zho"), ("pt_BR", "por"),
                                           ("yue", "yue"), ("", "und"), ("x1", "und"), ("漢字語", "und")])
def test_languages_have_three_letters(tag: str, code: str) -> None:
    assert three_letters(tag) == code

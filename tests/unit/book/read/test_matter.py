"""What is the book, and what stands before and behind it, in several languages and by several signs."""

from pathlib import Path

import pytest

from tests.books.package import line
from tests.unit.book.read.books import read_epub, simple_epub, titles
from worker.book.content import Chapter, Matter

_PROSE = "<p>The sea was calm, and nobody on board said a word until the evening came.</p>"


def _first(title: str, body: str, folder: Path) -> Chapter:
    """The page in question, with two chapters behind it that are surely the book."""
    pages = {"x.xhtml": body, "1.xhtml": f"<h1>Chapter 1</h1>{_PROSE}", "2.xhtml": f"<h1>Chapter 2</h1>{_PROSE}"}
    contents = line(title, "x.xhtml") + line("Chapter 1", "1.xhtml") + line("Chapter 2", "2.xhtml")
    book = read_epub(simple_epub(pages, contents), folder)
    assert titles(book)[-2:] == ["Chapter 1", "Chapter 2"]
    return book.chapters[0]


@pytest.mark.parametrize("title", [
    "Title Page", "Copyright", "TABLE OF CONTENTS", "Contents", "Dedication", "Index", "Notes", "About the Author",
    "Also by Ann Author",
    "Praise for A Book", "Impressum", "Inhaltsverzeichnis", "Widmung", "Anmerkungen", "Über die Autorin", "Danksagung",
    "Table des matières",
    "À propos de l’auteur", "Du même auteur", "Notes de bas de page", "Índice de contenidos", "Sobre la autora",
    "Agradecimientos", "目录", "版权页", "致谢",
    "关于作者", "目次", "奥付", "著者紹介", "索引", "Оглавление", "Об авторе", "Sommario", "Full Project Gutenberg License",
])
def test_a_title_can_say_that_it_is_not_read_out(title: str, tmp_path: Path) -> None:
    chapter = _first(title, f"<h1>{title}</h1>{_PROSE}", tmp_path)
    assert not chapter.include
    assert chapter.matter is not Matter.BODY
    assert chapter.reason.startswith("titled as ")
    assert "The sea was calm" in chapter.text


@pytest.mark.parametrize(("title", "matter"), [
    ("Foreword", Matter.FRONT), ("Vorwort", Matter.FRONT), ("Préface", Matter.FRONT), ("まえがき", Matter.FRONT),
    ("Afterword", Matter.BACK),
    ("Nachwort", Matter.BACK), ("あとがき", Matter.BACK), ("Prologue", Matter.BODY), ("Epílogo", Matter.BODY),
    ("The Index Finger", Matter.BODY),
    ("Notes from Underground", Matter.BODY), ("The Dedication of a Life", Matter.BODY),
    ("Chapter 0: Contents of a Box", Matter.BODY),
    ("A Title Page Turned", Matter.BODY),
])
def test_what_is_meant_to_be_read_is_read(title: str, matter: Matter, tmp_path: Path) -> None:
    chapter = _first(title, f"<h1>{title}</h1>{_PROSE}", tmp_path)
    assert (chapter.include, chapter.matter) == (True, matter)


@pytest.mark.parametrize("body", [
    f'<section epub:type="dedication">{_PROSE}</section>', f'<section role="doc-index">{_PROSE}</section>',
    "<p>All rights reserved.</p><p>ISBN 978-3-00-000000-0</p><p>Not a word may be copied by anyone.</p>",
    "".join(f'<p><a href="{number}.xhtml">The chapter with the number {number}</a></p>' for number in (1, 2)),
    "".join(f"<p>entry {number}, {number}, {number + 7}</p>" for number in range(30)),
])
def test_markup_and_text_can_say_so_too(body: str, tmp_path: Path) -> None:
    chapter = _first("Somewhere", body, tmp_path)
    assert not chapter.include
    assert chapter.reason


def test_a_few_words_before_the_first_chapter_are_a_title_page_but_a_sentence_is_not(tmp_path: Path) -> None:
    pages = {"t.xhtml": "<p>A BOOK</p><p>Ann Author</p>", "s.xhtml": _PROSE, "1.xhtml": f"<h1>Chapter 1</h1>{_PROSE}",
             "2.xhtml": _PROSE}
    contents = line("Chapter 1", "1.xhtml") + line("Chapter 2", "2.xhtml")
    book = read_epub(simple_epub(pages, contents), tmp_path)
    assert [(chapter.title, chapter.include) for chapter in book.chapters] == [
        ("t", False), ("s", True), ("Chapter 1", True), ("Chapter 2", True)]


def test_a_book_that_is_nothing_but_matter_is_read_all_the_same(tmp_path: Path) -> None:
    book = read_epub(simple_epub({"a.xhtml": f"<h1>Notes</h1>{_PROSE}"}, line("Notes", "a.xhtml")), tmp_path)
    assert titles(book) == ["Notes"]

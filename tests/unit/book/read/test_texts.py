"""Plain text, Markdown and JSON as books."""

import json
from pathlib import Path

import pytest

from tests.unit.book.read.books import read_bytes, read_text, said, titles
from worker.book.content import Casting, Matter
from worker.book.errors import BookUnreadable
from worker.book.read.limits import TITLE_CHARACTERS
from worker.text.paragraphs import paragraphs
from worker.text.piece import Boundary

_NOVEL = """THE BOOK

CONTENTS

Chapter I. The Sea
Chapter II. The Land
Chapter III. The End

CHAPTER I. THE SEA

The sea was calm,
and wide.

It stayed so.



CHAPTER II. THE LAND

Land!

[voice: anna]

Where?
"""


class TestPlainText:
    def test_headings_cut_it_into_chapters(self, tmp_path: Path) -> None:
        book = read_text(_NOVEL, tmp_path)
        assert [(chapter.title, chapter.text, chapter.source) for chapter in said(book)][-2:] == [
            ("CHAPTER I. THE SEA", "CHAPTER I. THE SEA\n\n\nThe sea was calm,\nand wide.\n\nIt stayed so.", "lines 9-14"),
            ("CHAPTER II. THE LAND", "CHAPTER II. THE LAND\n\n\nLand!\n\nWhere?", "lines 18-24")]

    def test_a_list_of_headings_is_no_chapters(self, tmp_path: Path) -> None:
        assert sum("Chapter" in chapter.title for chapter in read_text(_NOVEL, tmp_path).chapters) == 0

    def test_without_headings_it_is_one_chapter(self, tmp_path: Path) -> None:
        book = read_text("Only this.\n\nAnd that.", tmp_path, "My Story.txt")
        assert [(chapter.title, chapter.text) for chapter in book.chapters] == [("My Story", "Only this.\n\nAnd that.")]
        assert (book.metadata.title, book.warnings) == ("My Story", ())

    def test_a_very_long_one_without_headings_says_so(self, tmp_path: Path) -> None:
        book = read_text("word " * 30_000, tmp_path)
        assert len(book.chapters) == 1
        assert "30000 words is one chapter" in book.warnings[0]

    def test_project_gutenbergs_frame_is_no_part_of_it(self, tmp_path: Path) -> None:
        text = ("The Project Gutenberg eBook of Emma\n\nTitle: Emma\nAuthor: Jane Austen\nLanguage: English\n\n"
                "*** START OF THE PROJECT GUTENBERG EBOOK EMMA ***\n\nCHAPTER I\n\nEmma Woodhouse.\n\nCHAPTER II\n\nMr. "
                "Weston.\n\n"
                "*** END OF THE PROJECT GUTENBERG EBOOK EMMA ***\n\nUpdated editions.")
        book = read_text(text, tmp_path)
        assert titles(book) == ["CHAPTER I", "CHAPTER II"]
        assert [chapter.matter for chapter in book.chapters if not chapter.include] == [Matter.FRONT, Matter.BACK]
        assert (book.metadata.title, book.metadata.authors, book.metadata.language) == ("Emma", ("Jane Austen",), "en")

    def test_chinese_lines_are_paragraphs(self, tmp_path: Path) -> None:
        book = read_text("第一章 海\n　　海很大。\n　　他走了。\n第二章 山\n　　山很高。\n　　她来了。", tmp_path)
        assert [(chapter.title, chapter.text) for chapter in book.chapters] == [
            ("第一章 海", "第一章 海\n\n\n　　海很大。\n\n　　他走了。"),
            ("第二章 山", "第二章 山\n\n\n　　山很高。\n\n　　她来了。")]

    def test_its_breaks_are_those_that_the_cutter_reads(self, tmp_path: Path) -> None:
        text = said(read_text(_NOVEL, tmp_path))[-1].text
        assert [paragraph.boundary for paragraph in paragraphs(text)] == [Boundary.SECTION, Boundary.PARAGRAPH, Boundary.END]

    @pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "utf-16", "utf-16-le", "utf-16-be", "utf-32"])
    def test_unicode_is_read_in_any_form(self, encoding: str, tmp_path: Path) -> None:
        book = read_bytes("Ünï cödé, 漢字 — “so”.\nNext line.".encode(encoding), tmp_path)
        assert (book.chapters[0].text, book.warnings) == ("Ünï cödé, 漢字 — “so”.\nNext line.", ())

    @pytest.mark.parametrize(("encoding", "text"), [
        ("cp1252", "“Déjà vu”, said the naïve señor — and the façade fell, für die größere Übersicht. It was a café.\n"),
        ("cp1250", "Wieczorem siedział przy oknie i słuchał, jak śnieg spada na dachy. Zamknął książkę i poszedł spać.\n"),
        ("gb18030", "海很大，山很高。他从来没有见过这样的景色，于是停下来看了很久。后来他们一起回家了。\n"),
        ("shift_jis", "吾輩は猫である。名前はまだ無い。"
                      "どこで生れたかとんと見当がつかぬ。何でも薄暗いじめじめした所で泣いていた。\n"),
    ])
    def test_old_encodings_are_guessed_with_a_warning(self, encoding: str, text: str, tmp_path: Path) -> None:
        book = read_bytes((text * 5).encode(encoding), tmp_path)
        assert text.strip() in book.chapters[0].text
        assert "not UTF-8" in book.warnings[0]

    def test_a_few_broken_bytes_do_not_make_it_another_encoding(self, tmp_path: Path) -> None:
        book = read_bytes("Größe ".encode() * 2000 + b"\xff end", tmp_path)
        assert book.chapters[0].text.endswith("Größe \ufffd end")
        assert "1 places" in book.warnings[0]


class TestMarkdown:
    def test_the_highest_level_that_occurs_twice_makes_the_chapters(self, tmp_path: Path) -> None:
        book = read_text("# Title\n\nA first long sentence stands here.\n\n## One\n\na\n\n### x\n\nb\n\nTwo\n---\n\nc", tmp_path,
                         "b.md")
        assert [(chapter.title, chapter.text) for chapter in book.chapters] == [
            ("Title", "Title\n\n\nA first long sentence stands here."), ("One", "One\n\n\na\n\n\nx\n\n\nb"),
            ("Two", "Two\n\n\nc")]
        assert book.metadata.title == "Title"

    def test_markup_is_not_read_out(self, tmp_path: Path) -> None:
        text = ("A *b* **c** `d` [e](http://x \"t\") ![alt](p.png)<!-- no --> <b>f</b>[^1] ~~g~~ &amp; h  \ni\nj\n\n"
                "> quote\n\n1. one\n2. two\n\n| a | b |\n|--|--|\n| c | d |\n\n<div>html</div>\n\n***\n\nk\n\n[^1]: A note.\n")
        assert read_text(text, tmp_path, "b.md").chapters[0].text == (
            "A b c d e f g & h\ni j\n\nquote\n\none\n\ntwo\n\na, b\n\nc, d\n\nhtml\n\n\nk")

    @pytest.mark.parametrize(("written", "said"), [
        ("Tom &amp; Jerry &#8212; 1 &lt; 2 &#x201C;so&rdquo;", "Tom & Jerry — 1 < 2 “so”"), ("&lt;b&gt;&nbsp;bold", "<b> bold"),
        ("R&D, &unknown; & all", "R&D, &unknown; & all"), ("&#91;voice: bob&#93; Hi.", "[voice: bob] Hi."),
        ("&#" + "9" * 40, "\ufffd")])
    def test_entities_of_html_are_what_they_stand_for(self, written: str, said: str, tmp_path: Path) -> None:
        chapter = read_text(f"<div>{written}</div>", tmp_path, "b.md").chapters[0]
        assert (chapter.text, chapter.castings) == (said, ())

    def test_a_number_of_a_character_that_is_longer_than_any_breaks_nothing(self, tmp_path: Path) -> None:
        assert "9" * 1000 in read_text(f"<div>&#{'9' * 5000};</div>", tmp_path, "b.md").chapters[0].text

    def test_front_matter_is_metadata(self, tmp_path: Path) -> None:
        text = "---\ntitle: \"The Sea\"\nauthor:\n  - Ann A\n  - Bob B\nlang: en-GB\ntags: [x, y]\n---\n\nText.\n"
        book = read_text(text, tmp_path, "b.md")
        assert (book.metadata.title, book.metadata.authors, book.metadata.language) == ("The Sea", ("Ann A", "Bob B"), "en-GB")
        assert (book.chapters[0].text, book.chapters[0].source) == ("Text.", "lines 10-11")

    def test_a_rule_at_the_beginning_is_no_front_matter(self, tmp_path: Path) -> None:
        assert read_text("---\n\nJust text: here.\n\nMore.", tmp_path, "b.md").chapters[0].text == "Just text: here.\n\nMore."

    def test_headings_tell_it_where_the_name_does_not(self, tmp_path: Path) -> None:
        assert titles(read_text("# One\n\na\n\n# Two\n\nb", tmp_path, "upload")) == ["One", "Two"]

    def test_tags_cast_it(self, tmp_path: Path) -> None:
        book = read_text("# One\n\n[voice: anna]\n\n*Hello.*\n\n[voice: bob_the_2nd] Hi.\n\n# Two\n\nQuiet.", tmp_path, "b.md")
        first, second = book.chapters
        assert first.text == "One\n\n\nHello.\n\nHi."
        assert [(casting.speaker, first.text[casting.start:casting.end]) for casting in first.castings] == [
            ("anna", "Hello."), ("bob_the_2nd", "Hi.")]
        assert second.castings == ()

    @pytest.mark.parametrize(("written", "said"), [
        ("\\[voice: bob\\] Hi.", "[voice: bob] Hi."), ("\\[voice: bob] Hi.", "[voice: bob] Hi."),
        ("&#91;voice: bob] Hi.", "[voice: bob] Hi."), ("Use `[voice: bob]`, `[/voice]`.", "Use [voice: bob], [/voice]."),
        ("```\n[voice: bob] Hi.\n```", "[voice: bob] Hi."), ("a \\[1\\]", "a [1]")])
    def test_a_tag_that_is_escaped_or_code_is_text(self, written: str, said: str, tmp_path: Path) -> None:
        chapter = read_text(written, tmp_path, "b.md").chapters[0]
        assert (chapter.text, chapter.castings) == (said, ())

    def test_so_it_is_in_a_heading(self, tmp_path: Path) -> None:
        book = read_text("# On \\[voice: bob\\]\n\na\n\n# [voice: anna] `[/voice]`\n\nb", tmp_path, "b.md")
        assert titles(book) == ["On [voice: bob]", "[/voice]"]
        assert [chapter.text for chapter in book.chapters] == ["On [voice: bob]\n\n\na", "[/voice]\n\n\nb"]

    def test_paragraphs_that_are_set_in_have_tags_though_markdown_calls_them_code(self, tmp_path: Path) -> None:
        chapter = read_text("It rained.\n\n    [voice: anna] Hello.", tmp_path, "b.md").chapters[0]
        assert (chapter.text, chapter.castings) == ("It rained.\n\nHello.", (Casting(12, 18, "anna"),))

    def test_a_tag_whose_end_is_escaped_is_malformed(self, tmp_path: Path) -> None:
        with pytest.raises(BookUnreadable, match=r"the tag '\[voice: bob\] Hi' .* no closing bracket"):
            read_text("[voice: bob\\] Hi", tmp_path, "b.md")

    def test_a_malformed_tag_names_chapter_and_line(self, tmp_path: Path) -> None:
        with pytest.raises(BookUnreadable, match=r"'Two' \(lines 5-7\): the tag .*line 4"):
            read_text("# One\n\na\n\n# Two\n\n[voice:] b", tmp_path, "b.md")

    def test_text_that_is_nested_too_deep_is_refused_not_lost(self, tmp_path: Path) -> None:
        with pytest.raises(BookUnreadable, match="nested"):
            read_text(">" * 200 + " deep", tmp_path, "b.md")


class TestJson:
    def test_chapters_are_taken_as_they_are(self, tmp_path: Path) -> None:
        book = read_text(json.dumps({"title": "B", "author": "Ann", "language": "en", "chapters": [
            {"title": "One", "text": "First.\r\n\r\nThen [voice: bob] hi.", "voice": "anna"},
            {"title": "Notes", "text": "x", "include": False},
            {"text": "No title.\nTwo lines."}]}), tmp_path, "b.json")
        one, notes, third = book.chapters
        assert (book.metadata.title, book.metadata.authors, book.metadata.language) == ("B", ("Ann",), "en")
        assert (one.text, [(casting.speaker, one.text[casting.start:casting.end]) for casting in one.castings]) == (
            "First.\n\nThen hi.", [("anna", "First.\n\nThen"), ("bob", "hi.")])
        assert (notes.include, notes.reason, third.title, third.source) == (False, "the client left it out", "No title.",
                                                                            "chapters[2]")

    def test_a_title_is_cut_where_that_of_any_book_is(self, tmp_path: Path) -> None:
        paragraph = "word " * 20_000
        chapters = [{"text": paragraph}, {"title": paragraph[:5_000], "text": paragraph}]
        book = read_text(json.dumps({"chapters": chapters}), tmp_path)
        assert titles(book) == [paragraph[:TITLE_CHARACTERS]] * 2
        assert {chapter.text for chapter in book.chapters} == {paragraph.strip()}

    @pytest.mark.parametrize(("book", "part"), [
        ({"chapters": [{"text": "a"}, {"text": 3}]}, "chapters[1].text"),
        ({"chapters": [{"text": "a"}, {"title": "b"}]}, "chapters[1].text"),
        ({"chapters": [{"text": " \n"}]}, "chapters[0].text"),
        ({"chapters": [{"text": "[voice:] a"}]}, "chapters[0].text"),
        ({"chapters": [{"text": "a", "include": "no"}]}, "chapters[0].include"),
        ({"chapters": [{"text": "a", "speaker": "x"}]}, "chapters[0].speaker"),
        ({"chapters": [{"text": "a", "voice": "x" * 65}]}, "chapters[0].voice"),
        ({"chapters": []}, "chapters"), ({"chapters": "a"}, "chapters"), ({"title": "a"}, "chapters"),
        ({"chapters": [{"text": "a", "include": False}]}, "chapters"),
        ({"title": ["a"], "chapters": [{"text": "a"}]}, "title"),
    ])
    def test_what_is_wrong_names_its_field(self, book: object, part: str, tmp_path: Path) -> None:
        with pytest.raises(BookUnreadable) as refused:
            read_text(json.dumps(book), tmp_path, "b.json")
        assert refused.value.part == part
        assert refused.value.message.startswith(part)

    @pytest.mark.parametrize("text", ['{"chapters": [', '{"chapters": [{"text": "a",}]}', "[1]", "[" * 100_000, "nonsense"])
    def test_what_is_no_such_json_says_so(self, text: str, tmp_path: Path) -> None:
        with pytest.raises(BookUnreadable, match="JSON"):
            read_text(text, tmp_path, "b.json")

    def test_half_characters_do_not_reach_the_voice(self, tmp_path: Path) -> None:
        assert read_text('{"chapters": [{"text": "a\\ud800\\u0000b"}]}', tmp_path).chapters[0].text == "ab"

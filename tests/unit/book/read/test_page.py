"""What a page says, and what of it is not read out."""

from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from lxml import etree

from tests.books.package import line, xhtml
from tests.unit.book.read.books import read_epub, read_page, simple_epub
from worker.book.read.blocks import compose
from worker.book.read.epub.page import read_page as read_elements


@pytest.mark.parametrize(("body", "text"), [
    ("<p>One<br/>two</p>", "One\ntwo"),
    ("<p>One<br/><br/>two</p>", "One\n\ntwo"),
    ("<p>One</p><hr/><p>two</p>", "One\n\n\ntwo"),
    ("<p>One</p><p>* * *</p><p>two</p>", "One\n\n\ntwo"),
    ("<p>One</p><p>⁂</p><p>two</p>", "One\n\n\ntwo"),
    ("<div>loose <p>One</p> ends</div>", "loose\n\nOne\n\nends"),
    ("<ul><li>one</li><li>two<ol><li>inner</li></ol></li></ul>", "one\n\ntwo\n\ninner"),
    ("<dl><dt>word</dt><dd>meaning</dd></dl>", "word\n\nmeaning"),
    ("<table><tr><th>a</th><td>b</td></tr><tr><td>c.</td><td>d</td></tr></table>", "a, b\n\nc. d"),
    ("<table><tr><td><h2>One</h2><p>laid out</p><p>as a page</p></td></tr></table>", "One\n\n\nlaid out\n\nas a page"),
    ("<p>Wrapped\n   in the\tsource</p>", "Wrapped in the source"),
    ("<p>日本\n  語と\n  English</p>", "日本語と English"),
    ("<p>soft\u00adhyphen zero\u200bwidth</p>", "softhyphen zerowidth"),
    ("<p>e\u0301</p>", "é"),
    ("<h1>CHAPTER I<br/>The Sea</h1><p>x</p>", "CHAPTER I. The Sea\n\n\nx"),
    ("<h1>THE HISTORY<br/>OF TOM</h1><p>x</p>", "THE HISTORY OF TOM\n\n\nx"),
    ("<p>a</p><h2>Head</h2><p>b</p>", "a\n\n\nHead\n\n\nb"),
    ("<pre>one\n  two</pre>", "one\ntwo"),
    ("<svg xmlns='http://www.w3.org/2000/svg'><title>hidden</title><text>Shown</text></svg>", "Shown"),
])
def test_blocks_become_paragraphs_lines_and_sections(body: str, text: str, tmp_path: Path) -> None:
    assert read_page(body, tmp_path) == text


@pytest.mark.parametrize(("body", "text"), [
    ("<p><span class='dropcap'>O</span>nce</p>", "Once"),
    ("<p><span class='dropcap'>B</span>\n <span class='smallcaps'>oats</span></p>", "B oats"),
    ("<p><span class='dropcap'>B</span> oats</p>", "Boats"),
    ("<p><span class='dropcap'>A</span> man</p>", "A man"),
    ("<p><img class='drop' alt='O' src='o.png'/>nce</p>", "Once"),
    ("<div><div class='dropcap'>O</div>nce upon</div>", "Once upon"),
])
def test_an_initial_belongs_to_its_word(body: str, text: str, tmp_path: Path) -> None:
    assert read_page(body, tmp_path) == text


@pytest.mark.parametrize("unspoken", [
    "<a epub:type='noteref' href='#n'>1</a>", "<a role='doc-noteref' href='#n'>*</a>", "<sup><a href='n.xhtml#n'>12</a></sup>",
    "<a href='#n'><sup>a</sup></a>", "<a class='fnanchor' href='#n'>[A]</a>", "<a href='#n'>[3]</a>",
    "<aside epub:type='footnote'>A note.</aside>", "<aside role='doc-footnote'>A note.</aside>",
    "<div class='footnotes'>A note.</div>",
    "<span epub:type='pagebreak'>12</span>", "<span role='doc-pagebreak'>12</span>", "<span class='pagenum'>[Pg 12]</span>",
    "<span>[12]</span>", "<span class='pageno'>xii</span>", "<a class='pagebreak'>12</a>",
    "<figcaption>A caption.</figcaption>", "<p class='caption'>A caption.</p>", "<img alt='A picture' src='x.png'/>",
    "<nav><ol><li>A line</li></ol></nav>", "<script>code()</script>", "<style>p {}</style>", "<span hidden='hidden'>hid</span>",
    "<span style='color: red; display : none'>hid</span>", "<span aria-hidden='true'>hid</span>", "<template>hid</template>",
    "<video><p>No video here.</p></video>",
])
def test_what_is_not_read_out_leaves_no_trace(unspoken: str, tmp_path: Path) -> None:
    assert read_page(f"<div>Before{unspoken} <span>after.</span></div>", tmp_path).split() == ["Before", "after."]


@pytest.mark.parametrize("spoken", [
    "<sup>2</sup>", "<a href='http://example.org/#x'>a link</a>", "<a href='two.xhtml#x'>chapter two</a>", "<small>small</small>",
    "<p class='page-break'>II</p>", "<abbr>Mr.</abbr>", "<mark>marked</mark>", "<aside>aside</aside>",
    "<details><summary>s</summary>d</details>",
    "<blockquote>quoted</blockquote>", "<unknown>unknown</unknown>", "<figure><blockquote>quoted</blockquote></figure>",
    "<p epub:type='z3998:letter'>letter</p>", "<ol type='i'><li>item</li></ol>", "<noframes>n</noframes>",
])
def test_what_a_reader_sees_is_read_out(spoken: str, tmp_path: Path) -> None:
    said = read_page(f"<div>Before {spoken} after.</div>", tmp_path).split()
    assert said == ["Before", *" ".join(etree.fromstring(f"<x xmlns:epub='e'>{spoken}</x>").itertext()).split(), "after."]


def test_ruby_keeps_its_base_only(tmp_path: Path) -> None:
    assert read_page("<p><ruby><rb>吾輩</rb><rp>(</rp><rt>わがはい</rt><rp>)</rp></ruby>は</p>", tmp_path) == "吾輩は"


def test_a_note_without_any_mark_is_known_by_its_link_back(tmp_path: Path) -> None:
    body = ("<p>The sea<a id='r1' href='#f1'>1</a> rose.</p><p>On.</p>"
            "<p id='f1'><a href='#r1'>1</a> The Baltic.</p>")
    assert read_page(body, tmp_path) == "The sea rose.\n\nOn."


def test_a_page_that_is_not_well_formed_is_read_as_a_browser_would(tmp_path: Path) -> None:
    assert read_page("<p>Fish & chips<p>A < b &nbsp;&unknown; <b>bold</p>", tmp_path).split() == [
        "Fish", "&", "chips", "A", "<", "b", "&unknown;", "bold"]


@pytest.mark.parametrize("declared", ["utf-16", "UTF-16LE", "utf_32", "ISO-10646-UCS-2", "ucs4", "us-ascii", "gb2312", "no-such"])
def test_a_page_of_utf8_is_read_as_such_whatever_it_declares_that_it_cannot_be(declared: str, tmp_path: Path) -> None:
    page = xhtml("<p>“Größe”, said Zoë.</p>").replace("utf-8", declared)
    book = read_epub({**simple_epub({"one.xhtml": ""}, line("One", "one.xhtml")), "OEBPS/one.xhtml": page}, tmp_path)
    assert (book.chapters[0].text, book.warnings) == ("“Größe”, said Zoë.", ())


@pytest.mark.parametrize("encoding", ["utf-16", "utf-16-le", "utf-16-be"])
def test_one_of_utf16_is_read_as_that(encoding: str, tmp_path: Path) -> None:
    page = xhtml("<p>“Größe”, said Zoë.</p>").replace("utf-8", "utf-16").encode(encoding)
    book = read_epub({**simple_epub({"one.xhtml": ""}), "OEBPS/one.xhtml": page}, tmp_path)
    assert book.chapters[0].text == "“Größe”, said Zoë."


_INLINE = st.sampled_from(["em", "span", "b", "i", "small", "a", "abbr", "q", "u"])
_BLOCK = st.sampled_from(["div", "section", "p", "blockquote", "li", "ul", "td", "tr", "table", "h1", "h2", "article", "dd",
                          "pre", "center"])
_WORD = st.text(st.sampled_from("abcdéñ漢字"), min_size=1, max_size=4)


def _tree(words: list[str], tags: list[str]) -> str:
    """Words, each in an element of its own or loose, nested as the tags come."""
    body, opened = "", list[str]()
    for number, word in enumerate(words):
        tag = tags[number % len(tags)] if tags else "p"
        if len(opened) > number % 7:
            body += f"</{opened.pop()}>"
        body += f"<{tag}>w{number}{word} "
        opened.append(tag)
    return body + "".join(f"</{tag}> " for tag in reversed(opened))


@given(st.lists(_WORD, min_size=1, max_size=30), st.lists(st.one_of(_INLINE, _BLOCK), max_size=9))
@settings(deadline=None)
def test_every_word_of_any_page_is_said_once_and_in_order(words: list[str], tags: list[str]) -> None:
    root = etree.fromstring(xhtml(_tree(words, tags)).encode())
    said = compose(read_elements(root, "page", frozenset()).blocks)
    assert [word.strip(",.") for word in said.split()] == [f"w{number}{word}" for number, word in enumerate(words)]

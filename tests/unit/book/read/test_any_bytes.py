"""Whatever the bytes, there is a book or an error that says why not."""

import tempfile
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from tests.books import all_samples
from tests.books.archive import packed
from tests.unit.book.read.books import read_bytes
from worker.book.content import Book
from worker.book.errors import BookUnreadable

_SAMPLES = [sample.files for sample in all_samples()]
_SNIPPETS = st.sampled_from([
    b"<", b">", b"</p>", b"<p>", b"&", b"&nbsp;", b"<![CDATA[", b"<!--", b"<!DOCTYPE", b"\x00", b"\xff", b"\xef\xbb\xbf", b'"',
    b"#", b"../", b"%00",
    b"<a href='#x'>1</a>", b"<h1>", b"<table><tr><td>", b"idref=", b"\xe3\x80\x80", b"encoding='utf-7'", b"encoding='punycode'",
    b"http://[x"])


def _read(data: bytes, name: str) -> Book | None:
    with tempfile.TemporaryDirectory() as folder:
        try:
            return read_bytes(data, Path(folder), name)
        except BookUnreadable as error:
            refused = error
    assert refused.message
    assert refused.part in refused.message
    return None


def _assert_well_made(book: Book | None) -> None:
    for chapter in book.chapters if book else ():
        assert chapter.text == chapter.text.strip("\n")
        assert chapter.text
        assert chapter.title
        chapter.text.encode()
        assert "\n\n\n\n" not in chapter.text
        assert [casting.start < casting.end <= len(chapter.text)
                for casting in chapter.castings] == [True] * len(chapter.castings)
    assert book is None or any(chapter.include for chapter in book.chapters)


@given(st.binary(max_size=400), st.sampled_from(["a", "a.epub", "a.md", "a.txt", "a.json"]))
@settings(deadline=None)
def test_any_bytes(data: bytes, name: str) -> None:
    _assert_well_made(_read(data, name))


@given(st.text(max_size=400), st.sampled_from(["a", "a.md", "a.txt"]))
@settings(deadline=None)
def test_any_text(text: str, name: str) -> None:
    _assert_well_made(_read(text.encode("utf-8", errors="surrogatepass"), name))


_PIECES = st.sampled_from([
    "[voice: anna]", "[voice:]", "[/voice]", "[voice: narrator] ", "# ", "## One\n", "Chapter 1\n", "\n", "\n\n", " ", "word ",
    "第一章\n", "　", "---\n",
    "title: x\n", "***\n", "> ", "- ", "| a | b |\n|---|---|\n", "[^1]", "[^1]: ", "<b>", "<!--", "`", "```\n", "{", '"', "\\",
    "*** START OF THE PROJECT "
    "GUTENBERG EBOOK ***", "*** END OF THE PROJECT GUTENBERG EBOOK ***", "Part One\n", "\u00ad", "\u2028", "&amp;", "![x](y)",
    "Contents\n"])


@given(st.lists(_PIECES, max_size=25), st.sampled_from(["a.md", "a.txt"]))
@settings(deadline=None, max_examples=300)
def test_any_manuscript(pieces: list[str], name: str) -> None:
    _assert_well_made(_read("".join(pieces).encode(), name))


@given(st.data())
@settings(deadline=None, max_examples=150, suppress_health_check=[HealthCheck.too_slow, HealthCheck.data_too_large])
def test_any_epub_with_a_part_that_was_changed(data: st.DataObject) -> None:
    files = dict(data.draw(st.sampled_from(_SAMPLES)))
    for _ in range(data.draw(st.integers(1, 4))):
        path = data.draw(st.sampled_from(sorted(files)))
        content = files[path] if isinstance(files[path], bytes) else str(files[path]).encode()
        assert isinstance(content, bytes)
        start = data.draw(st.integers(0, len(content)))
        end = data.draw(st.integers(start, min(len(content), start + 60)))
        files[path] = content[:start] + b"".join(data.draw(st.lists(_SNIPPETS, max_size=3))) + content[end:]
    _assert_well_made(_read(packed(files), "a.epub"))


@given(st.data())
@settings(deadline=None, max_examples=100, suppress_health_check=[HealthCheck.too_slow, HealthCheck.data_too_large])
def test_any_zip_with_bytes_that_were_changed(data: st.DataObject) -> None:
    whole = bytearray(packed(data.draw(st.sampled_from(_SAMPLES))))
    for _ in range(data.draw(st.integers(1, 8))):
        whole[data.draw(st.integers(0, len(whole) - 1))] = data.draw(st.integers(0, 255))
    _assert_well_made(_read(bytes(whole[:data.draw(st.integers(1, len(whole)))]), "a.epub"))


@pytest.mark.parametrize("files", _SAMPLES)
def test_any_part_missing(files: dict[str, str | bytes]) -> None:
    for path in files:
        _assert_well_made(_read(packed({other: content for other, content in files.items() if other != path}), "a.epub"))

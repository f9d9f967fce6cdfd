"""An EPUB that reads itself aloud: by the rules of EPUB 3.3, with all of the text, each piece of it at its time.

epubcheck, the W3C's own judge, needs Java and is not run here; it found nothing in these books when they were written.
"""

import re
import zipfile
from datetime import UTC, datetime
from itertools import pairwise
from pathlib import Path, PurePosixPath
from xml.etree import ElementTree

import pytest
from hypothesis import given
from hypothesis import strategies as st

from speechmill.errors import EncodingFailed
from tests.unit.audio.sound import speechlike
from tests.unit.book.make.finished import made_picture
from worker.book.content import Cover, Metadata
from worker.book.make.audio_file import PART_OF, AudioFile, ChapterPart, FileFormat, write_chapter
from worker.book.make.parts import encode_parts
from worker.book.make.preset import DEFAULT
from worker.book.make.read_along.book import ReadAlong, write_epub
from worker.book.make.read_along.page import page, paragraphs, pieces
from worker.book.make.spoken import SpokenChapter, SpokenSegment
from worker.book.make.tags import Edition, Track

XHTML, SMIL = "{http://www.w3.org/1999/xhtml}", "{http://www.w3.org/ns/SMIL}"
OPF, DC, OPS = "{http://www.idpf.org/2007/opf}", "{http://purl.org/dc/elements/1.1/}", "{http://www.idpf.org/2007/ops}"
MODIFIED = datetime(2026, 1, 2, 3, 4, 5, tzinfo=UTC)
TEXTS = ('One & only\n\n\nIt was <dark> & "night". The rain\nfell.\n\nHe went\x01 away.\n\n\nThen he came.\n',
         "Nothing else. 終わり。")


def spoken(text: str, title: str = "", seconds: float = 4.0) -> SpokenChapter:
    """A segment ends behind each full stop."""
    cuts = sorted({0, len(text), *(match.end() for match in re.finditer(r"[.。]\s*", text))})
    each_s = seconds / max(1, len(cuts) - 1)
    return SpokenChapter(title, text, tuple(SpokenSegment(start, end, n * each_s, (n + 1) * each_s)
                                            for n, (start, end) in enumerate(pairwise(cuts))))


@pytest.fixture(scope="module", params=["m4b", "mp3"])
def epub(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> zipfile.ZipFile:
    folder = tmp_path_factory.mktemp("epub")
    format: FileFormat = request.param
    part = encode_parts([speechlike(4)], [PART_OF[format]], DEFAULT, folder)[0]
    edition = Edition(Metadata(title="A <B> & C", authors=("Jane", "Bob"), language="en-GB", published="1813"), "Nora",
                      Cover(made_picture("png"), "image/png"))
    chapters = [spoken(TEXTS[0], "One & only"), spoken(TEXTS[1])]
    files = [write_chapter(format, ChapterPart(chapter.title, part), Track(number, 2), edition, folder / f"{number}.{format}")
             for number, chapter in enumerate(chapters, 1)]
    write_epub(edition, [ReadAlong(*pair) for pair in zip(chapters, files, strict=True)], MODIFIED, folder / "book.epub")
    return zipfile.ZipFile(folder / "book.epub")


def tree(epub: zipfile.ZipFile, name: str) -> ElementTree.Element:
    return ElementTree.fromstring(epub.read(f"EPUB/{name}"))


def names(epub: zipfile.ZipFile, kind: str) -> list[str]:
    return [name.removeprefix("EPUB/") for name in epub.namelist() if name.endswith(kind)]


def seconds(clock: str) -> float:
    hours, minutes, rest = clock.split(":")
    return int(hours) * 3600 + int(minutes) * 60 + float(rest)


def test_the_container_begins_with_its_type_as_it_is(epub: zipfile.ZipFile) -> None:
    first = epub.infolist()[0]
    assert (first.filename, first.compress_type, first.extra) == ("mimetype", zipfile.ZIP_STORED, b"")
    assert epub.read("mimetype") == b"application/epub+zip"
    assert b'full-path="EPUB/package.opf"' in epub.read("META-INF/container.xml")
    assert epub.testzip() is None


def test_the_manifest_lists_every_file_once_and_nothing_else(epub: zipfile.ZipFile) -> None:
    items = tree(epub, "package.opf").findall(f"{OPF}manifest/{OPF}item")
    hrefs = [item.attrib["href"] for item in items]
    assert sorted(hrefs) == sorted(name for name in names(epub, "") if not name.startswith(("mimetype", "META-INF"))
                                   and name != "package.opf")
    assert len({item.attrib["id"] for item in items}) == len(items)
    assert [item.attrib["href"] for item in items if item.get("properties") == "nav"] == ["nav.xhtml"]
    assert [item.attrib["href"] for item in items if item.get("properties") == "cover-image"] == ["cover.png"]


def test_the_spine_is_the_chapters_in_order(epub: zipfile.ZipFile) -> None:
    package = tree(epub, "package.opf")
    by_id = {item.attrib["id"]: item.attrib["href"] for item in package.findall(f"{OPF}manifest/{OPF}item")}
    spine = [by_id[item.attrib["idref"]] for item in package.findall(f"{OPF}spine/{OPF}itemref")]
    assert spine == ["text/chapter-0001.xhtml", "text/chapter-0002.xhtml"]
    links = tree(epub, "nav.xhtml").findall(f".//{XHTML}nav//{XHTML}a")
    assert [(link.attrib["href"], link.text) for link in links] == list(zip(spine, ["One & only", "2"], strict=True))


def test_the_metadata_that_must_be_there_is(epub: zipfile.ZipFile) -> None:
    package = tree(epub, "package.opf")
    metadata = package.find(f"{OPF}metadata")
    assert metadata is not None
    assert [element.text for element in metadata.findall(f"{DC}creator")] == ["Jane", "Bob"]
    assert [metadata.findtext(f"{DC}{name}") for name in ("title", "language", "date")] == ["A <B> & C", "en-GB", "1813"]
    identifier = metadata.find(f"{DC}identifier")
    assert identifier is not None
    assert (identifier.get("id"), (identifier.text or "")[:9]) == (package.get("unique-identifier"), "urn:uuid:")
    by_property = {meta.get("property"): meta.text for meta in metadata.findall(f"{OPF}meta") if "refines" not in meta.attrib}
    assert by_property["dcterms:modified"] == "2026-01-02T03:04:05Z"
    assert by_property["media:narrator"] == "Nora"
    assert f".{by_property['media:active-class']} " in epub.read("EPUB/style.css").decode()


def test_durations_add_up(epub: zipfile.ZipFile) -> None:
    metas = [meta for meta in tree(epub, "package.opf").iter(f"{OPF}meta") if meta.get("property") == "media:duration"]
    refined = {meta.attrib["refines"]: seconds(meta.text or "") for meta in metas if "refines" in meta.attrib}
    total = next(seconds(meta.text or "") for meta in metas if "refines" not in meta.attrib)
    assert set(refined) == {"#overlay-1", "#overlay-2"}
    assert total == pytest.approx(sum(refined.values()), abs=0.0005)
    assert refined["#overlay-1"] == pytest.approx(4.0, abs=0.002)


def test_every_page_with_a_span_names_its_overlay(epub: zipfile.ZipFile) -> None:
    items = {item.attrib["id"]: item for item in tree(epub, "package.opf").findall(f"{OPF}manifest/{OPF}item")}
    for number in (1, 2):
        overlay = items[items[f"page-{number}"].attrib["media-overlay"]]
        assert overlay.attrib["media-type"] == "application/smil+xml"
        assert items[f"audio-{number}"].attrib["media-type"] in ("audio/mp4", "audio/mpeg")


def test_overlays_read_every_span_of_their_page_in_order(epub: zipfile.ZipFile) -> None:
    for name in names(epub, ".smil"):
        pars = tree(epub, name).findall(f"{SMIL}body/{SMIL}seq/{SMIL}par")
        texts = [text.attrib["src"] for par in pars for text in par.findall(f"{SMIL}text")]
        page_name = str(PurePosixPath(name).parent / texts[0].split("#")[0]).replace("overlay/../", "")
        spans = [span.attrib["id"] for span in tree(epub, page_name).iter(f"{XHTML}span")]
        assert [text.split("#")[1] for text in texts] == spans
        assert len(set(spans)) == len(spans)
        seq = tree(epub, name).find(f"{SMIL}body/{SMIL}seq")
        assert seq is not None
        assert seq.attrib[f"{OPS}textref"] == texts[0].split("#")[0]


def test_clips_lie_one_after_the_other_within_their_audio(epub: zipfile.ZipFile) -> None:
    for name in names(epub, ".smil"):
        clips = [audio.attrib for audio in tree(epub, name).iter(f"{SMIL}audio")]
        assert {clip["src"].removeprefix("../") for clip in clips} <= set(epub.namelist() and names(epub, ""))
        times = [(seconds(clip["clipBegin"]), seconds(clip["clipEnd"])) for clip in clips]
        assert all(begin < end for begin, end in times)
        assert all(before[1] <= after[0] + 0.0011 for before, after in pairwise(times))
        assert times[-1][1] <= 4.0 + 0.05
        assert times[0][0] == pytest.approx(0.0 if clips[0]["src"].endswith("m4a") else 1105 / 24_000, abs=0.001)


def test_the_page_shows_all_of_the_text(epub: zipfile.ZipFile) -> None:
    for number, text in enumerate(TEXTS, 1):
        body = tree(epub, f"text/chapter-{number:04}.xhtml").find(f"{XHTML}body")
        assert body is not None
        assert "".join("".join(body.itertext()).split()) == "".join(text.replace("\x01", "").split())


def test_paragraphs_headings_and_sections_are_what_they_were(epub: zipfile.ZipFile) -> None:
    section = tree(epub, "text/chapter-0001.xhtml").find(f"{XHTML}body/{XHTML}section")
    assert section is not None
    assert [element.tag.removeprefix(XHTML) for element in section] == ["h1", "p", "p", "hr", "p"]


def test_a_segment_over_two_paragraphs_lights_up_in_both() -> None:
    chapter = SpokenChapter("", "Yes.\n\nNo, never.", (SpokenSegment(0, 16, 1.0, 4.0),))
    first, second = pieces(chapter)
    assert (first.id, second.id) == ("s1", "s1-1")
    assert (first.start_s, second.end_s) == (1.0, 4.0)
    assert first.end_s == second.start_s == pytest.approx(1.0 + 3.0 * 4 / 13)


@given(st.text(st.sampled_from("ab. \n\t\"<&>漢") | st.characters(), max_size=60), st.lists(st.integers(0, 60), max_size=6))
def test_any_text_in_any_segments_is_shown_whole(text: str, ends: list[int]) -> None:
    cuts = sorted({0, len(text), *(end for end in ends if end < len(text))})
    chapter = SpokenChapter("t", text, tuple(SpokenSegment(start, end, 0.0, 1.0) for start, end in pairwise(cuts)))
    body = ElementTree.fromstring(page(chapter, pieces(chapter), "en").encode("utf-8", "surrogatepass")).find(f"{XHTML}body")
    assert body is not None
    legal = re.sub("[^\t\n\r\u0020-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]", "", text)
    assert "".join("".join(body.itertext()).split()) == "".join(legal.split())


@given(st.text(st.sampled_from("a \t\n"), max_size=40))
def test_paragraphs_hold_everything_but_the_space_between_them(text: str) -> None:
    assert "".join("".join(text[span.start:span.end].split()) for span in paragraphs(text)) == "".join(text.split())


def test_a_run_of_spaces_is_passed_over_at_once() -> None:
    # What a square law takes an hour for.
    text = "a" + " " * 1_000_000 + "b" + " \t" * 500_000 + "\n \n\nc"
    assert [(span.end - span.start, span.ends_section) for span in paragraphs(text)] == [(1_000_002, True), (1, False)]


def test_a_chapter_in_which_nothing_is_said_has_a_page_and_no_sound(tmp_path: Path) -> None:
    silent = ReadAlong(SpokenChapter("Empty", "  \n ", ()), AudioFile("mp3", tmp_path / "never read", 0, 0.0, (0.0,)))
    write_epub(Edition(Metadata()), [silent], MODIFIED, tmp_path / "book.epub")
    with zipfile.ZipFile(tmp_path / "book.epub") as epub:
        assert not names(epub, ".smil")
        assert "media:" not in epub.read("EPUB/package.opf").decode()
        assert (tree(epub, "package.opf").findtext(f"{OPF}metadata/{DC}title"),
                tree(epub, "package.opf").findtext(f"{OPF}metadata/{DC}language")) == ("Untitled", "und")


def test_formats_that_readers_do_not_play_are_refused(tmp_path: Path) -> None:
    wrong = ReadAlong(spoken("Hello.", "One"), AudioFile("wav", tmp_path / "x.wav", 0, 1.0, (0.0,)))
    with pytest.raises(EncodingFailed, match=r"Chapter 1 \(One\) is wav; an EPUB holds m4b or mp3"):
        write_epub(Edition(Metadata()), [wrong], MODIFIED, tmp_path / "book.epub")


def test_a_file_that_is_gone_leaves_no_epub(tmp_path: Path) -> None:
    gone = ReadAlong(spoken("Hello.", "One"), AudioFile("mp3", tmp_path / "gone.mp3", 0, 1.0, (0.0,)))
    with pytest.raises(EncodingFailed, match="EPUB could not be written"):
        write_epub(Edition(Metadata()), [gone], MODIFIED, tmp_path / "book.epub")
    assert list(tmp_path.iterdir()) == []

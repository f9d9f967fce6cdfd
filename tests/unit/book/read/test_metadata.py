"""What the cover and the title page say."""

from pathlib import Path

import pytest

from tests.books.archive import JPEG, PNG
from tests.books.package import Listed, Opf, nav, xhtml
from tests.books.sample import files_of
from tests.unit.book.read.books import read_epub
from worker.book.content import Book, Cover


def _book(folder: Path, *images: Listed, metadata: str = "", guide: str = "", **more: str | bytes) -> Book:
    opf = Opf((Listed("nav.xhtml", properties="nav", in_spine=False), Listed("a.xhtml"), *images), metadata, guide=guide)
    files: dict[str, str | bytes] = {"nav.xhtml": nav(""), "a.xhtml": xhtml("<p>Text.</p>", lang="nl"), "jpeg.jpg": JPEG,
                                     "png.png": PNG,
                                     "cover.xhtml": xhtml('<img src="png.png" alt=""/>'), "gif.gif": b"GIF89a"}
    return read_epub(files_of("b.opf", opf, {**files, **more}), folder)


def test_dublin_core_is_kept(tmp_path: Path) -> None:
    metadata = """<dc:title id="t"> A
      Book </dc:title><dc:creator opf:role="ill">Ill Ustrator</dc:creator><dc:creator>Ann Author</dc:creator><dc:creator
      opf:role="aut">Bob Author</dc:creator>
      <dc:language>pt_BR</dc:language><dc:publisher>House</dc:publisher><dc:date>1813</dc:date>
      <dc:identifier>other</dc:identifier><dc:identifier
id="uid">isbn</dc:identifier><dc:subject>Sea</dc:subject><dc:subject>Land</dc:subject>
      <dc:description>&lt;p&gt;Good &lt;i&gt;one&lt;/i&gt;.&lt;/p&gt;</dc:description>"""
    found = _book(tmp_path, metadata=metadata).metadata
    assert (found.title, found.authors, found.language) == ("A Book", ("Ann Author", "Bob Author"), "pt-BR")
    assert (found.publisher, found.published, found.identifier) == ("House", "1813", "isbn")
    assert (found.subjects, found.description.split()) == (("Sea", "Land"), ["Good", "one", "."])


def test_without_a_language_that_of_its_pages_is_taken(tmp_path: Path) -> None:
    assert _book(tmp_path).metadata.language == "nl"


@pytest.mark.parametrize(("images", "metadata", "guide", "cover"), [
    ((Listed("jpeg.jpg", "image/jpeg"), Listed("png.png", "image/png", "cover-image")), "", "", Cover(PNG, "image/png")),
    ((Listed("jpeg.jpg", "image/jpeg", id="c"),), '<meta name="cover" content="c"/>', "", Cover(JPEG, "image/jpeg")),
    ((Listed("jpeg.jpg", "image/jpeg"),), '<meta name="cover" content="jpeg.jpg"/>', "", Cover(JPEG, "image/jpeg")),
    ((Listed("png.png", "image/png"),), "", '<reference type="cover" href="cover.xhtml"/>', Cover(PNG, "image/png")),
    ((Listed("jpeg.jpg", "image/jpeg", id="my-cover"),), "", "", Cover(JPEG, "image/jpeg")),
    ((Listed("jpeg.jpg", "image/jpeg"),), "", "", None),
])
def test_the_cover_is_found_by_whatever_names_it(images: tuple[Listed, ...], metadata: str, guide: str, cover: Cover | None,
                                                 tmp_path: Path) -> None:
    assert _book(tmp_path, *images, metadata=metadata, guide=guide).cover == cover


def test_a_cover_of_another_kind_is_left_out_with_a_warning(tmp_path: Path) -> None:
    book = _book(tmp_path, Listed("gif.gif", "image/gif", "cover-image"))
    assert book.cover is None
    assert any("gif.gif is neither JPEG nor PNG" in warning for warning in book.warnings)


@pytest.mark.parametrize(("guide", "page", "warning"), [
    ('<reference type="cover" href="cover.xhtml"/>', '<img src="/images/cover.jpg" alt=""/>',
     "The cover's page is left out: cover.xhtml points to '/images/cover.jpg'"),
    ('<reference type="cover" href="/cover.xhtml"/><reference type="text" href="a.xhtml"/>', '<img src="png.png" alt=""/>',
     "A reference of the guide is left out: b.opf points to '/cover.xhtml'"),
])
def test_a_path_out_of_the_zip_costs_a_book_its_cover_at_most(guide: str, page: str, warning: str, tmp_path: Path) -> None:
    book = _book(tmp_path, Listed("jpeg.jpg", "image/jpeg", id="my-cover"), guide=guide, **{"cover.xhtml": xhtml(page)})
    assert (book.cover, [chapter.text for chapter in book.chapters]) == (Cover(JPEG, "image/jpeg"), ["Text."])
    assert any(warning in told for told in book.warnings)

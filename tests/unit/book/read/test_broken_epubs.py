"""What is broken, protected or meant to do harm is refused with an error that names the part."""

import io
import zipfile
from pathlib import Path

import pytest

from tests.books.archive import epub_files, packed
from tests.books.package import Listed, Opf, line, xhtml
from tests.unit.book.read.books import read_bytes, read_epub, said, simple_epub
from worker.book.errors import BookUnreadable
from worker.book.read import limits

_ENCRYPTION = """<encryption xmlns="urn:oasis:names:tc:opendocument:xmlns:container"
xmlns:enc="http://www.w3.org/2001/04/xmlenc#">
<enc:EncryptedData><enc:EncryptionMethod Algorithm="{algorithm}"/><enc:CipherData><enc:CipherReference
URI="{part}"/></enc:CipherData>
</enc:EncryptedData></encryption>"""
_AES = "http://www.w3.org/2001/04/xmlenc#aes128-cbc"
_OBFUSCATED = "http://www.idpf.org/2008/embedding"


def _book() -> dict[str, str | bytes]:
    return simple_epub({"one.xhtml": "<h1>One</h1><p>First.</p>", "two.xhtml": "<h1>Two</h1><p>Second.</p>"},
                       line("One", "one.xhtml") + line("Two", "two.xhtml"))


def _refused(data: bytes, folder: Path) -> BookUnreadable:
    with pytest.raises(BookUnreadable) as refused:
        read_bytes(data, folder, "book.epub")
    assert refused.value.part in refused.value.message
    assert (refused.value.public_code, refused.value.param) == ("book_unreadable", "file")
    return refused.value


class TestABrokenZip:
    def test_cut_off_anywhere_is_no_whole_download(self, tmp_path: Path) -> None:
        whole = packed(_book())
        for length in (30, len(whole) // 2, len(whole) - 10):
            assert "cut off" in _refused(whole[:length], tmp_path).message

    def test_with_a_nameless_entry_is_read_without_it(self, tmp_path: Path) -> None:
        data = io.BytesIO(packed(_book()))
        with zipfile.ZipFile(data, "a") as archive:
            archive.writestr(zipfile.ZipInfo(""), b"nothing")
        assert len(read_bytes(data.getvalue(), tmp_path, "book.epub").chapters) == 2

    def test_damaged_in_a_page_names_the_page(self, tmp_path: Path) -> None:
        whole = bytearray(packed(_book()))
        at = whole.index(b"OEBPS/two.xhtml") + 40
        whole[at:at + 20] = b"\x00" * 20
        assert _refused(bytes(whole), tmp_path).part == "OEBPS/two.xhtml"

    def test_with_a_password_names_the_first_part(self, tmp_path: Path) -> None:
        whole = bytearray(packed(_book()))
        for signature, flags_at in ((b"PK\x03\x04", 6), (b"PK\x01\x02", 8)):
            at = whole.find(signature)
            while at >= 0:
                whole[at + flags_at] |= 1
                at = whole.find(signature, at + 4)
        assert "password" in _refused(bytes(whole), tmp_path).message


class TestAnIncompleteBook:
    def test_without_container_is_found_by_its_package_document(self, tmp_path: Path) -> None:
        files = _book()
        del files["META-INF/container.xml"]
        book = read_epub(files, tmp_path)
        assert [chapter.title for chapter in book.chapters] == ["One", "Two"]
        assert any("META-INF/container.xml is missing" in warning for warning in book.warnings)

    def test_without_package_document_names_the_container(self, tmp_path: Path) -> None:
        files = _book()
        del files["OEBPS/book.opf"]
        assert _refused(packed(files), tmp_path).part == "META-INF/container.xml"

    @pytest.mark.parametrize("package", ["<package", "no xml at all", "<package/>", "<package><manifest/></package>"])
    def test_with_a_broken_package_document_names_it(self, package: str, tmp_path: Path) -> None:
        assert _refused(packed({**_book(), "OEBPS/book.opf": package}), tmp_path).part == "OEBPS/book.opf"

    def test_a_missing_page_is_a_warning_that_names_it(self, tmp_path: Path) -> None:
        files = _book()
        del files["OEBPS/two.xhtml"]
        book = read_epub(files, tmp_path)
        assert [chapter.title for chapter in said(book)] == ["One"]
        assert any("two.xhtml is missing" in warning for warning in book.warnings)

    def test_with_all_pages_missing_is_refused(self, tmp_path: Path) -> None:
        files = {path: content for path, content in _book().items() if path not in ("OEBPS/one.xhtml", "OEBPS/two.xhtml")}
        assert _refused(packed(files), tmp_path).part == "OEBPS/book.opf"

    def test_a_page_whose_name_differs_in_case_is_found(self, tmp_path: Path) -> None:
        files = _book()
        files["OEBPS/TWO.xhtml"] = files.pop("OEBPS/two.xhtml")
        assert [chapter.title for chapter in read_epub(files, tmp_path).chapters] == ["One", "Two"]

    def test_with_pictures_only_is_refused(self, tmp_path: Path) -> None:
        assert "no text" in _refused(packed(simple_epub({"one.xhtml": '<img src="a.png" alt="A picture"/>'})), tmp_path).message

    def test_a_broken_table_of_contents_is_a_warning_and_headings_do(self, tmp_path: Path) -> None:
        files = _book()
        files["OEBPS/nav.xhtml"] = "<!DOCTYPE html [<!ENTITY a 'b'>]><html/>"
        book = read_epub(files, tmp_path)
        assert [chapter.title for chapter in book.chapters] == ["One", "Two"]
        assert any("OEBPS/nav.xhtml" in warning for warning in book.warnings)


class TestAProtectedBook:
    def test_under_drm_names_the_first_encrypted_part(self, tmp_path: Path) -> None:
        files = {**_book(), "META-INF/encryption.xml": _ENCRYPTION.format(algorithm=_AES, part="OEBPS/one.xhtml"),
                 "META-INF/rights.xml": "<rights/>"}
        refused = _refused(packed(files), tmp_path)
        assert refused.part == "OEBPS/one.xhtml"
        assert "Adobe" in refused.message

    def test_with_obfuscated_fonts_is_read(self, tmp_path: Path) -> None:
        files = {**_book(), "META-INF/encryption.xml": _ENCRYPTION.format(algorithm=_OBFUSCATED, part="OEBPS/a.otf")}
        assert len(read_epub(files, tmp_path).chapters) == 2


class TestAnAttack:
    def test_a_page_that_unpacks_without_end_is_refused(self, tmp_path: Path) -> None:
        bomb = xhtml("<p>" + " " * (limits.PART_BYTES + 1) + "</p>")
        assert _refused(packed({**_book(), "OEBPS/two.xhtml": bomb}), tmp_path).part == "OEBPS/two.xhtml"

    def test_a_zip_that_claims_to_unpack_to_far_more_is_refused_before_it_is(self, tmp_path: Path) -> None:
        files = {**_book(), "OEBPS/picture.png": bytes(limits.RATIO_FROM_BYTES + 1)}
        refused = _refused(packed(files), tmp_path)
        assert refused.part == "OEBPS/picture.png"
        assert "bomb" in refused.message

    def test_a_zip_that_lies_about_its_sizes_is_not_believed(self, tmp_path: Path) -> None:
        whole = bytearray(packed({**_book(), "OEBPS/two.xhtml": xhtml("<p>" + "a " * 100_000 + "</p>")}))
        entry = whole.rindex(b"OEBPS/two.xhtml") - 46
        whole[entry + 24:entry + 28] = (10).to_bytes(4, "little")
        assert _refused(bytes(whole), tmp_path).part == "OEBPS/two.xhtml"

    def test_too_many_entries_are_refused(self, tmp_path: Path) -> None:
        data = io.BytesIO()
        with zipfile.ZipFile(data, "w") as archive:
            for number in range(limits.ENTRIES + 1):
                archive.writestr(f"META-INF/{number}", b"")
        assert "entries" in _refused(data.getvalue(), tmp_path).message

    @pytest.mark.parametrize("path", ["OEBPS/book.opf", "META-INF/container.xml", "OEBPS/one.xhtml"])
    def test_entities_are_never_expanded(self, path: str, tmp_path: Path) -> None:
        lol = '<?xml version="1.0"?><!DOCTYPE a [<!ENTITY a "lol"><!ENTITY b "&a;&a;&a;&a;">]><a>&b;</a>'
        assert _refused(packed({**_book(), path: lol}), tmp_path).part == path

    def test_external_entities_are_never_fetched(self, tmp_path: Path) -> None:
        secret = tmp_path / "secret"
        secret.write_text("secret")
        page = f'<?xml version="1.0"?><!DOCTYPE html [<!ENTITY x SYSTEM "file://{secret}">]><html><body><p>&x;</p></body></html>'
        assert _refused(packed({**_book(), "OEBPS/one.xhtml": page}), tmp_path).part == "OEBPS/one.xhtml"

    @pytest.mark.parametrize("depth", [limits.DEPTH + 1, 5_000, 100_000])
    def test_elements_nested_without_end_are_refused(self, depth: int, tmp_path: Path) -> None:
        files = {**_book(), "OEBPS/one.xhtml": xhtml("<div>" * depth + "deep" + "</div>" * depth)}
        assert _refused(packed(files), tmp_path).part == "OEBPS/one.xhtml"

    def test_a_path_that_leaves_the_zip_is_refused(self, tmp_path: Path) -> None:
        opf = Opf((Listed("../../etc/passwd"),)).text()
        refused = _refused(packed(epub_files("OEBPS/book.opf", opf, {"../etc/passwd": "root"})), tmp_path)
        assert refused.part == "OEBPS/book.opf"
        assert "outside the zip" in refused.message


@pytest.mark.parametrize(("head", "what"), [
    (b"%PDF-1.7\n", "a PDF"), (bytes(60) + b"BOOKMOBI" + bytes(40), "a Kindle book"), (b"{\\rtf1 ", "an RTF document"),
    (b"", "empty"),
    (b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1", "Word"), (b"<!DOCTYPE html><html>", "an HTML page"), (b"\x89PNG\r\n", "a picture"),
    (bytes(range(32)) * 40, "binary"), (b"  \n\n ", "empty"), (b"\x1f\x8b\x08", "packed"),
])
def test_what_is_no_book_is_named(head: bytes, what: str, tmp_path: Path) -> None:
    with pytest.raises(BookUnreadable, match=what):
        read_bytes(head, tmp_path, "book.epub")


@pytest.mark.parametrize(("entry", "what"), [("word/document.xml", "a Word document"), ("photos/1.jpg", "no EPUB")])
def test_another_zip_is_named(entry: str, what: str, tmp_path: Path) -> None:
    data = io.BytesIO()
    with zipfile.ZipFile(data, "w") as archive:
        archive.writestr(entry, b"x")
    with pytest.raises(BookUnreadable, match=what):
        read_bytes(data.getvalue(), tmp_path, "book.docx")

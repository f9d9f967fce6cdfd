"""Makes reader.epub of reader.txt: an EPUB 3 (https://www.w3.org/TR/epub-33/), the same bytes each time."""

import io
import struct
import zipfile
import zlib
from dataclasses import dataclass
from html import escape
from pathlib import Path

HERE = Path(__file__).parent
TITLE = "A Short Reader"
MODIFIED = "2025-01-01T00:00:00Z"
COVER_PIXELS = 320


@dataclass(frozen=True)
class Chapter:
    """`paragraphs`: those of several lines are verse."""

    title: str
    author: str
    paragraphs: tuple[str, ...]

    @property
    def body(self) -> str:
        paragraphs = "\n".join(f"<p>{escape(text).replace(chr(10), '<br/>' + chr(10))}</p>" for text in self.paragraphs)
        return f"<h1>{escape(self.title)}</h1>\n<p>by {escape(self.author)}</p>\n{paragraphs}"


def main() -> None:
    (HERE / "reader.epub").write_bytes(built((HERE / "reader.txt").read_text("utf-8")))


def built(text: str) -> bytes:
    """The book of a text whose chapters begin with `# title`, a line `by author` and an empty line."""
    chapters = [_chapter(part) for part in text.split("# ")[1:]]
    into = io.BytesIO()
    # Not compressed, as that comes out differently from one zlib to another; and all of one date.
    with zipfile.ZipFile(into, "w", zipfile.ZIP_STORED) as archive:
        for name, content in _files(chapters).items():
            archive.writestr(zipfile.ZipInfo(name), content)
    return into.getvalue()


def _chapter(part: str) -> Chapter:
    title, author, *paragraphs = part.strip().replace("\nby ", "\n\nby ", 1).split("\n\n")
    return Chapter(title.strip(), author.strip().removeprefix("by "), tuple(paragraphs))


def _files(chapters: list[Chapter]) -> dict[str, bytes]:
    pages = {f"chapter-{n}.xhtml": _page(chapter.title, chapter.body) for n, chapter in enumerate(chapters, 1)}
    texts = {
        "mimetype": "application/epub+zip",
        "META-INF/container.xml": '<?xml version="1.0" encoding="utf-8"?>\n'
        '<container version="1.0" xmlns="urn:oasis:names:tc:opendocument:xmlns:container"><rootfiles>'
        '<rootfile full-path="EPUB/package.opf" media-type="application/oebps-package+xml"/></rootfiles></container>\n',
        "EPUB/package.opf": _package(chapters, list(pages)),
        "EPUB/contents.xhtml": _page("Contents", '<nav epub:type="toc"><h1>Contents</h1><ol>' + "".join(
            f'<li><a href="{name}">{escape(chapter.title)}</a></li>'
            for name, chapter in zip(pages, chapters, strict=True)) + "</ol></nav>"),
        "EPUB/title.xhtml": _page(TITLE, f'<section epub:type="titlepage"><h1>{TITLE}</h1></section>'),
        **{f"EPUB/{name}": page for name, page in pages.items()},
    }
    return {**{name: text.encode() for name, text in texts.items()}, "EPUB/cover.png": _cover()}


def _package(chapters: list[Chapter], pages: list[str]) -> str:
    authors = dict.fromkeys(chapter.author for chapter in chapters)
    items = "".join(f'<item id="c{n}" href="{name}" media-type="application/xhtml+xml"/>\n' for n, name in enumerate(pages, 1))
    spine = "".join(f'<itemref idref="c{n}"/>' for n in range(1, len(pages) + 1))
    return (
        '<?xml version="1.0" encoding="utf-8"?>\n'
        '<package xmlns="http://www.idpf.org/2007/opf" version="3.0" unique-identifier="id">\n'
        '<metadata xmlns:dc="http://purl.org/dc/elements/1.1/">\n'
        f'<dc:identifier id="id">urn:speechmill:examples:reader</dc:identifier>\n<dc:title>{TITLE}</dc:title>\n'
        '<dc:language>en</dc:language>\n' + "".join(f"<dc:creator>{escape(author)}</dc:creator>\n" for author in authors) +
        f'<meta property="dcterms:modified">{MODIFIED}</meta>\n</metadata>\n<manifest>\n'
        '<item id="contents" href="contents.xhtml" media-type="application/xhtml+xml" properties="nav"/>\n'
        '<item id="title" href="title.xhtml" media-type="application/xhtml+xml"/>\n'
        '<item id="cover" href="cover.png" media-type="image/png" properties="cover-image"/>\n'
        f'{items}</manifest>\n<spine><itemref idref="title"/>{spine}</spine>\n</package>\n')


def _page(title: str, body: str) -> str:
    return ('<?xml version="1.0" encoding="utf-8"?>\n<!DOCTYPE html>\n'
            '<html xmlns="http://www.w3.org/1999/xhtml" xmlns:epub="http://www.idpf.org/2007/ops" lang="en" xml:lang="en">\n'
            f"<head><title>{escape(title)}</title></head>\n<body>\n{body}\n</body>\n</html>\n")


def _cover() -> bytes:
    """Sound waves on dark blue: a PNG (https://www.w3.org/TR/png/) of one bit a pixel."""
    side, heights = COVER_PIXELS, (3, 7, 5, 9, 12, 8, 14, 10, 6, 11, 7, 4, 8, 5, 2)
    step = side * 4 // 5 // len(heights)
    rows = []
    for y in range(side):
        lit = sum(((1 << step // 2) - 1) << side // 10 + n * step for n, height in enumerate(reversed(heights))
                  if abs(y - side // 2) < height * side // 40)
        rows.append(b"\0" + lit.to_bytes(side // 8, "big"))
    return (b"\x89PNG\r\n\x1a\n" + _chunk(b"IHDR", struct.pack(">IIBBBBB", side, side, 1, 3, 0, 0, 0))
            + _chunk(b"PLTE", bytes((24, 32, 56, 236, 200, 120))) + _chunk(b"IDAT", _zlib_stored(b"".join(rows)))
            + _chunk(b"IEND", b""))


def _zlib_stored(content: bytes) -> bytes:
    """One stored block of at most 64 KB (RFC 1951 §3.2.4) in the zlib format (RFC 1950)."""
    size = len(content)
    return b"\x78\x01\x01" + struct.pack("<HH", size, size ^ 0xFFFF) + content + struct.pack(">I", zlib.adler32(content))


def _chunk(name: bytes, content: bytes) -> bytes:
    return struct.pack(">I", len(content)) + name + content + struct.pack(">I", zlib.crc32(name + content))


if __name__ == "__main__":
    main()

"""Package documents, written from what they list."""

from dataclasses import dataclass


@dataclass(frozen=True)
class Listed:
    """An item of the manifest, and of the spine if it is a page. `id` is made of the path if empty."""

    path: str
    media_type: str = "application/xhtml+xml"
    properties: str = ""
    id: str = ""
    in_spine: bool = True
    linear: bool = True

    @property
    def key(self) -> str:
        return self.id or "id-" + "".join(letter if letter.isalnum() else "-" for letter in self.path)

    @property
    def is_page(self) -> bool:
        return self.media_type == "application/xhtml+xml" and self.in_spine


@dataclass(frozen=True)
class Opf:
    """`metadata` is the inside of <metadata>, `guide` that of <guide>."""

    items: tuple[Listed, ...]
    metadata: str = "<dc:title>A Book</dc:title><dc:language>en</dc:language>"
    version: str = "3.0"
    toc_id: str = ""
    guide: str = ""

    def text(self) -> str:
        manifest = "\n".join(
            f'<item id="{item.key}" href="{item.path}" media-type="{item.media_type}"'
            + (f' properties="{item.properties}"' if item.properties else "") + "/>" for item in self.items)
        spine = "\n".join(f'<itemref idref="{item.key}"' + ("" if item.linear else ' linear="no"') + "/>"
                          for item in self.items if item.is_page)
        toc = f' toc="{self.toc_id}"' if self.toc_id else ""
        guide = f"<guide>{self.guide}</guide>" if self.guide else ""
        return (f'<?xml version="1.0" encoding="utf-8"?>\n<package xmlns="http://www.idpf.org/2007/opf" version="{self.version}" '
                'unique-identifier="uid">\n<metadata xmlns:dc="http://purl.org/dc/elements/1.1/" '
                'xmlns:opf="http://www.idpf.org/2007/opf">\n'
                f"{self.metadata}\n</metadata>\n<manifest>\n{manifest}\n</manifest>\n<spine{toc}>\n{spine}\n</spine>\n{guide}</package>\n")


def ncx(points: str) -> str:
    """A table of contents of EPUB 2 around its navPoints."""
    return ('<?xml version="1.0" encoding="UTF-8"?>\n<ncx xmlns="http://www.daisy.org/z3986/2005/ncx/" version="2005-1"><head/>'
            f"<docTitle><text>Table of contents</text></docTitle><navMap>{points}</navMap></ncx>")


def point(title: str, src: str, inside: str = "") -> str:
    return f'<navPoint><navLabel><text>{title}</text></navLabel><content src="{src}"/>{inside}</navPoint>'


def xhtml(body: str, *, title: str = "", attributes: str = "", lang: str = "en") -> str:
    """A page of EPUB 3 around its body."""
    return (f'<?xml version="1.0" encoding="utf-8"?>\n<html xmlns="http://www.w3.org/1999/xhtml" '
            f'xmlns:epub="http://www.idpf.org/2007/ops" xml:lang="{lang}"><head><title>{title}</title></head>'
            f"<body{' ' + attributes if attributes else ''}>{body}</body></html>")


def nav(lines: str, landmarks: str = "") -> str:
    """A table of contents of EPUB 3 around its <li>s."""
    marks = f'<nav epub:type="landmarks"><ol>{landmarks}</ol></nav>' if landmarks else ""
    return xhtml(f'<nav epub:type="toc" id="toc"><h1>Contents</h1><ol>{lines}</ol></nav>{marks}', title="Contents")


def line(title: str, href: str, inside: str = "") -> str:
    return f'<li><a href="{href}">{title}</a>{f"<ol>{inside}</ol>" if inside else ""}</li>'


def heading(title: str, inside: str) -> str:
    """A line that links to nothing, above others: a part without a page."""
    return f"<li><span>{title}</span><ol>{inside}</ol></li>"

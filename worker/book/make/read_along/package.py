"""The package document of an EPUB (§5) and its table of contents (§7)."""

import re
import uuid
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime

from worker.book.make.read_along.overlay import clock
from worker.book.make.read_along.xml import escaped
from worker.book.make.tags import Edition

ACTIVE_CLASS = "-epub-media-overlay-active"
CONTAINER = """<?xml version="1.0" encoding="utf-8"?>
<container version="1.0" xmlns="urn:oasis:names:tc:opendocument:xmlns:container">
<rootfiles><rootfile full-path="EPUB/package.opf" media-type="application/oebps-package+xml"/></rootfiles>
</container>
"""
STYLE = (f"body {{ margin: 0 5%; line-height: 1.5; }}\nh1 {{ text-align: center; margin: 2em 0; }}\n"
         f".{ACTIVE_CLASS} {{ background-color: #fd6; color: #000; }}\n")

_W3C_DATE = re.compile(r"\d{4}(-\d\d(-\d\d)?)?")
_UNDETERMINED = "und"


@dataclass(frozen=True)
class Entry:
    """A chapter in the package. Names are paths from the package document's folder; `overlay` and `audio` are empty where
    nothing is read aloud."""

    title: str
    page: str
    overlay: str
    audio: str
    audio_type: str
    duration_s: float


@dataclass(frozen=True)
class Picture:
    name: str
    content_type: str


def package(edition: Edition, entries: Sequence[Entry], cover: Picture | None, modified: datetime) -> str:
    """`modified` is the release of this edition (§5.5.6), with a time zone."""
    language = _language(edition)
    spine = "".join(f'<itemref idref="page-{number}"/>\n' for number in range(1, len(entries) + 1))
    return f"""<?xml version="1.0" encoding="utf-8"?>
<package xmlns="http://www.idpf.org/2007/opf" version="3.0" unique-identifier="id" xml:lang="{language}">
<metadata xmlns:dc="http://purl.org/dc/elements/1.1/">
{"".join(_metadata(edition, entries, modified))}</metadata>
<manifest>
{"".join(_manifest(entries, cover))}</manifest>
<spine>
{spine}</spine>
</package>
"""


def contents(edition: Edition, entries: Sequence[Entry]) -> str:
    """The table of contents, nav.xhtml."""
    items = "".join(f'<li><a href="{entry.page}">{escaped(entry.title) or number}</a></li>\n'
                    for number, entry in enumerate(entries, 1))
    title = escaped(_title(edition))
    return f"""<?xml version="1.0" encoding="utf-8"?>
<!DOCTYPE html>
<html xmlns="http://www.w3.org/1999/xhtml" xmlns:epub="http://www.idpf.org/2007/ops">
<head>
<title>{title}</title>
</head>
<body>
<nav epub:type="toc">
<h1>{title}</h1>
<ol>
{items}</ol>
</nav>
</body>
</html>
"""


def _metadata(edition: Edition, entries: Sequence[Entry], modified: datetime) -> Iterator[str]:
    about = edition.metadata
    yield f'<dc:identifier id="id">{escaped(about.identifier.strip()) or _made_identifier(edition)}</dc:identifier>\n'
    yield f"<dc:title>{escaped(_title(edition))}</dc:title>\n<dc:language>{_language(edition)}</dc:language>\n"
    yield from (f"<dc:creator>{escaped(author)}</dc:creator>\n" for author in about.authors if author.strip())
    if edition.narrator:
        yield (f'<dc:contributor id="narrator">{escaped(edition.narrator)}</dc:contributor>\n'
               '<meta refines="#narrator" property="role" scheme="marc:relators">nrt</meta>\n'
               f'<meta property="media:narrator">{escaped(edition.narrator)}</meta>\n')
    yield from (f"<dc:{name}>{escaped(text)}</dc:{name}>\n"
                for name, text in (("publisher", about.publisher), ("description", about.description)) if text.strip())
    yield from (f"<dc:subject>{escaped(subject)}</dc:subject>\n" for subject in about.subjects if subject.strip())
    if _W3C_DATE.fullmatch(about.published):
        yield f"<dc:date>{about.published}</dc:date>\n"
    yield f'<meta property="dcterms:modified">{modified.astimezone(UTC):%Y-%m-%dT%H:%M:%SZ}</meta>\n'
    yield from _overlay_metadata(entries)


def _overlay_metadata(entries: Sequence[Entry]) -> Iterator[str]:
    read = [(number, entry) for number, entry in enumerate(entries, 1) if entry.overlay]
    for number, entry in read:
        yield f'<meta property="media:duration" refines="#overlay-{number}">{clock(entry.duration_s)}</meta>\n'
    if read:  # the sum of what was rounded, or readers' arithmetic disagrees
        total_s = sum(round(entry.duration_s, 3) for _, entry in read)
        yield f'<meta property="media:duration">{clock(total_s)}</meta>\n'
        yield f'<meta property="media:active-class">{ACTIVE_CLASS}</meta>\n'


def _manifest(entries: Sequence[Entry], cover: Picture | None) -> Iterator[str]:
    yield '<item id="nav" href="nav.xhtml" media-type="application/xhtml+xml" properties="nav"/>\n'
    yield '<item id="style" href="style.css" media-type="text/css"/>\n'
    if cover:
        yield f'<item id="cover" href="{cover.name}" media-type="{cover.content_type}" properties="cover-image"/>\n'
    for number, entry in enumerate(entries, 1):
        overlay = f' media-overlay="overlay-{number}"' if entry.overlay else ""
        yield f'<item id="page-{number}" href="{entry.page}" media-type="application/xhtml+xml"{overlay}/>\n'
        if entry.overlay:
            yield f'<item id="overlay-{number}" href="{entry.overlay}" media-type="application/smil+xml"/>\n'
            yield f'<item id="audio-{number}" href="{entry.audio}" media-type="{entry.audio_type}"/>\n'


def _title(edition: Edition) -> str:
    return " ".join(edition.metadata.title.split()) or "Untitled"


def _language(edition: Edition) -> str:
    return escaped(edition.metadata.language.strip()) or _UNDETERMINED


def _made_identifier(edition: Edition) -> str:
    """The same for every edition of a book that says nothing of itself but title and authors."""
    return f"urn:uuid:{uuid.uuid5(uuid.NAMESPACE_URL, repr((edition.metadata.title, edition.metadata.authors)))}"

"""What a file is, by its first bytes; and what to say of those that are no book to us."""

import re
import zipfile
from enum import StrEnum
from pathlib import Path

from worker.book.errors import BookUnreadable

_HEAD_BYTES = 1024

_ADVICE = "EPUB, Markdown, plain text or JSON would be right"
_CONVERT = "convert it to EPUB, for example with Calibre"
_SAVE = "save it as EPUB, Markdown or plain text"
_COMMENTS = rb"(?:<!--(?:(?!-->).)*-->\s*)*"
_REFUSED = (
    (rb"%PDF-", f"a PDF: its pages are pictures of lines, without chapters and order; {_CONVERT}"),
    (rb".{60}(?:BOOKMOBI|TEXtREAd)", f"a Kindle book (MOBI or AZW): {_CONVERT}. One with DRM can't be"),
    (rb"TPZ\d|\xeaDRMION\xee|CONT\x02\x00", f"a Kindle book (KFX or Topaz): {_CONVERT}. One with DRM can't be"),
    (rb"\{\\rtf", f"an RTF document: {_SAVE}"),
    (rb"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1", f"an old Word document: {_SAVE}"),
    (rb"AT&TFORM", f"a DjVu file: its pages are pictures. {_ADVICE}"),
    (rb"ITSF\x03", f"a CHM file: {_CONVERT}"),
    (rb"\x1f\x8b|BZh\d1AY|\xfd7zXZ|7z\xbc\xaf|Rar!\x1a", f"a packed file: unpack it, and what is in it may be a book. {_ADVICE}"),
    (rb"\x89PNG|\xff\xd8\xff|GIF8[79]a|II\*\x00|MM\x00\*|RIFF.{4}WEBP", f"a picture, not a text: {_ADVICE}"),
    (rb"RIFF.{4}WAVE|ID3[\x00-\x09]|OggS\x00|fLaC\x00|.{4}ftyp", f"a recording, not a text: {_ADVICE}"),
    (rb"\s*(?:<\?xml[^>]*>\s*)?" + _COMMENTS + rb"(?i:<!DOCTYPE\s+html|<html)", f"an HTML page: pack it as EPUB, or {_SAVE}"),
    (rb"\s*<\?xml[^>]*>\s*" + _COMMENTS + rb"<FictionBook", f"an FB2 book: {_CONVERT}"),
)
"""How files begin that are no book to us, and what to say of them."""
_OFFICE = {"word/document.xml": "a Word document", "content.xml": "an OpenDocument text", "xl/workbook.xml": "a spreadsheet",
           "ppt/presentation.xml": "a presentation"}


class Kind(StrEnum):
    EPUB = "epub"
    JSON = "json"
    TEXT = "text"       # Markdown or plain: told by the characters


def kind_of(path: Path, name: str) -> Kind:
    """Raises BookUnreadable for what is known to be something else, and for an empty file."""
    with path.open("rb") as file:
        head = file.read(_HEAD_BYTES)
    if not head:
        raise BookUnreadable(f"The file is empty. {_ADVICE}.")
    if head.startswith((b"PK\x03\x04", b"PK\x05\x06", b"PK\x07\x08")):
        _refuse_other_zip(path)
        return Kind.EPUB
    for pattern, what in _REFUSED:
        if re.match(pattern, head, re.DOTALL):
            raise BookUnreadable(f"The file is {what}.")
    begins_as_json = re.match(rb"(?:\xef\xbb\xbf)?\s*\{\s*\"", head) is not None
    return Kind.JSON if name.lower().endswith(".json") or begins_as_json else Kind.TEXT


def _refuse_other_zip(path: Path) -> None:
    """A zip that is broken passes: whoever opens it as an EPUB says what is wrong."""
    try:
        with zipfile.ZipFile(path) as archive:
            names = set(archive.namelist())
    except (zipfile.BadZipFile, NotImplementedError, ValueError, OSError, EOFError, OverflowError):
        return
    if "META-INF/container.xml" in names or any(each.lower().endswith(".opf") for each in names):
        return
    for entry, what in _OFFICE.items():
        if entry in names:
            raise BookUnreadable(f"The file is {what}: {_SAVE}.")
    inside = sorted(names)[:3]
    if not any(each.lower() == "mimetype" or each.lower().startswith("meta-inf/") for each in names):
        raise BookUnreadable(f"The file is a zip, but no EPUB: it holds {', '.join(inside) or 'nothing'}. {_ADVICE}, not packed.")

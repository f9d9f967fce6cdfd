"""Bytes of a text → characters. Most are UTF-8; old ones are whatever their country used."""

import codecs
import re
from collections.abc import Iterable

from charset_normalizer import from_bytes

from worker.book.errors import BookUnreadable

_MARKS = ((codecs.BOM_UTF8, "utf-8"), (codecs.BOM_UTF32_LE, "utf-32-le"), (codecs.BOM_UTF32_BE, "utf-32-be"),
          (codecs.BOM_UTF16_LE, "utf-16-le"), (codecs.BOM_UTF16_BE, "utf-16-be"))
_OLD = (["cp1252", "gb18030", "shift_jis", "big5", "euc_jp", "euc_kr", "cp1251", "koi8_r"], ["cp1250", "cp1253"])
"""First the former: with cp1250 among them, French is taken for Czech."""
_OF_TEXTS = re.compile(r"(?:iso|latin|windows|cp|utf-?(?:8|16|32)|gb|big5|shift|sjis|euc|koi8|mac|ascii|us-ascii|ks_c|tis)",
                       re.IGNORECASE)
"""Python knows codecs that are no encodings of texts (punycode takes quadratic time); a book may not choose those."""
_SAMPLE_BYTES = 64 * 1024
_FLAWS = 1 / 500                # broken bytes among those that are not ASCII: more than this, and it is no UTF-8
_CONTROLS = 1 / 100             # of the characters: more than this, and it is no text
_CONTROL = re.compile("[\x00-\x08\x0e-\x1f]")


def decode(data: bytes, part: str, *, declared: str = "") -> tuple[str, list[str]]:
    """The text, and warnings where characters were guessed or lost. Raises BookUnreadable where the bytes are no text."""
    for mark, encoding in _MARKS:
        if data.startswith(mark):
            return _decoded(data[len(mark):], encoding, part, guessed=False)
    encoding, guessed = _encoding(data, declared)
    return _decoded(data, encoding, part, guessed=guessed)


def _encoding(data: bytes, declared: str) -> tuple[str, bool]:
    """The name of it, and whether that is a guess."""
    wide = _wide(data)
    if wide:
        return wide, False
    if not declared or declared.lower() in ("utf-8", "utf8", "us-ascii"):
        flaws = _flaws(data)
        if flaws == 0 or flaws < _FLAWS * sum(byte > 0x7F for byte in data[:_SAMPLE_BYTES * 16]):
            return "utf-8", False
    elif _fits(data, declared):
        return declared, False
    elif _flaws(data) == 0:     # hardly ever by chance
        return "utf-8", False
    for encodings in _OLD:
        found = from_bytes(_whole_lines(data), cp_isolation=encodings, steps=8, chunk_size=1024).best()
        if found is not None:
            return found.encoding, True
    return "cp1252", True


def _decoded(data: bytes, encoding: str, part: str, *, guessed: bool) -> tuple[str, list[str]]:
    text = data.decode(encoding, errors="replace")
    if len(_CONTROL.findall(text[:_SAMPLE_BYTES])) > _CONTROLS * len(text[:_SAMPLE_BYTES]):
        raise BookUnreadable(f"{_named(part)} holds binary data, no text. An EPUB, Markdown, plain text or JSON would be right.",
                             part)
    warnings = [f"{_named(part)} is not UTF-8; it was read as {encoding}."] if guessed else []
    lost = text.count("\ufffd") - (data.count("\ufffd".encode()) if encoding == "utf-8" else 0)
    if lost:
        warnings.append(f"{_named(part)} has {lost} places that are no {encoding}; each became \ufffd.")
    return text, warnings


def _flaws(data: bytes) -> int:
    try:
        data.decode("utf-8")
    except UnicodeDecodeError:
        return data.decode("utf-8", errors="replace").count("\ufffd")
    return 0


def _fits(data: bytes, encoding: str) -> bool:
    if not _OF_TEXTS.match(encoding):
        return False
    try:
        data.decode(encoding)
    except (UnicodeDecodeError, LookupError):
        return False
    return True


def _wide(data: bytes) -> str:
    """UTF-16 without a mark: in any script every other byte of its spaces and line ends is zero."""
    head = data[:4096]
    for encoding, space in (("utf-16-le", b" \x00"), ("utf-16-be", b"\x00 ")):
        if len(data) % 2 == 0 and _share(_pairs(head), {space, space.replace(b" ", b"\n")}) > 1 / 50 and _fits(data, encoding):
            return encoding
    return ""


def _pairs(head: bytes) -> list[bytes]:
    return [head[at:at + 2] for at in range(0, len(head) - 1, 2)]


def _share(pairs: Iterable[bytes], of: set[bytes]) -> float:
    found = [pair in of for pair in pairs]
    return sum(found) / len(found) if found else 0.0


def _whole_lines(data: bytes) -> bytes:
    """A sample that ends with a line: half a character at its end would speak against the right encoding."""
    sample = data[:_SAMPLE_BYTES]
    return sample[:sample.rfind(b"\n") + 1] or sample


def _named(part: str) -> str:
    return part or "The file"

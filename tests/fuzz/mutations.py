"""Strategies: valid things, broken in the ways in which things break."""

import io
import warnings
import zipfile
from collections.abc import Mapping, Sequence

from hypothesis import strategies as st
from hypothesis.strategies import DrawFn, SearchStrategy

TOKENS = (
    b"\0", b"\xff", b"\xef\xbb\xbf", b"\xed\xa0\x80", b"\r\n", b"\n", b'"', b"\\", b"\\ud800", b"\\u0000", b" " * 5000,
    b"<", b"&", b"]]>", b"<!DOCTYPE x [<!ENTITY e SYSTEM 'file:///etc/hostname'>]>", b"&e;", b"<![CDATA[", b"<!--", b"#" * 5000,
    b"../", b"/etc/hostname", b"%2e%2e", b"-1", b"0", b"1e999", b"99999999999999999999", b"null", b"{}", b"A" * 70_000,
    b"[" * 2000, b'{"a":' * 2000, b"[voice: ", b"[/voice]", "\u202e".encode(), "👨‍👩‍👧".encode(), ("e\u0301" * 50).encode())
MEMBERS = ("", "/", "//", "../../outside", "/absolute", "C:\\x", "a" * 300, "mimetype", "META-INF/container.xml", "\x00",
           "\u202e.xhtml", "META-INF/encryption.xml", "OEBPS/", "%00", "nav.xhtml#x")
WORDS = (
    "Dr.", "e.g.", "$1,234.56", "10:30", "3/4", "²", "№", "IV", "…", "?!", "。", "「", "」", "3月5日", "１２３", "1e10", "http://a.b/c?d=e",
    "x@y.zz", "-", "--", "—", "'", "“", "”", "\u200b", "\u202e", "\ufeff", "e\u0301", "👨‍👩‍👧", "ﬁ", "ß", "\u0000", "\u2028",
    "\n\n", "\t", "A" * 400, "あ" * 300, "0" * 200, "." * 300, "ا", "ก", "हि", "10,00,000", "1.000,5", "½", "°C", "5 km²",
    "[voice: x]", "<b>", "\\", "%")


@st.composite
def mutated(draw: DrawFn, seeds: Sequence[bytes]) -> bytes:
    """One of `seeds`, changed in up to eight places."""
    data = bytearray(draw(st.sampled_from(seeds)))
    for _ in range(draw(st.integers(0, 8))):
        at, length = draw(st.integers(0, len(data))), draw(st.integers(0, 64))
        kind = draw(st.sampled_from(("drop", "cut", "repeat", "noise", "token", "splice")))
        if kind == "drop":
            del data[at:at + length]
        elif kind == "cut":
            del data[at:]
        elif kind == "repeat":
            data[at:at] = data[at:at + length] * draw(st.integers(1, 50))
        elif kind == "noise":
            data[at:at + length] = draw(st.binary(max_size=64))
        elif kind == "token":
            data[at:at] = draw(st.sampled_from(TOKENS))
        else:
            other = draw(st.sampled_from(seeds))
            data[at:at + length] = other[draw(st.integers(0, len(other))):]
    return bytes(data)


@st.composite
def mutated_zips(draw: DrawFn, seeds: Sequence[Mapping[str, bytes]]) -> bytes:
    """A zip of one of `seeds`, whose members were changed, renamed, dropped, doubled or added, and sometimes its own bytes."""
    files = [*draw(st.sampled_from(seeds)).items()]
    for _ in range(draw(st.integers(0, 4))):
        n = draw(st.integers(0, len(files) - 1)) if files else 0
        kind = draw(st.sampled_from(("content", "content", "content", "name", "drop", "double", "swap")))
        if kind == "content" and files:
            files[n] = (files[n][0], draw(mutated([files[n][1]])))
        elif kind == "name" and files:
            files[n] = (draw(st.sampled_from(MEMBERS)), files[n][1])
        elif kind == "drop" and files:
            del files[n]
        elif kind == "swap" and files:
            files[n] = (files[n][0], files[draw(st.integers(0, len(files) - 1))][1])
        elif files:
            files.append(files[n])
    whole = _zipped(files)
    return draw(mutated([whole])) if draw(st.integers(0, 3)) == 0 else whole


def texts(languages: Sequence[str]) -> SearchStrategy[tuple[str, str]]:
    """A text, and what language it is said to be in: any characters, and what the rules for numbers, signs and ends look for."""
    parts = st.lists(st.one_of(st.sampled_from(WORDS), st.text(max_size=40), st.sampled_from((" ", "\n", ". "))), max_size=60)
    return st.tuples(parts.map("".join), st.sampled_from(languages))


def _zipped(files: Sequence[tuple[str, bytes]]) -> bytes:
    data = io.BytesIO()
    with zipfile.ZipFile(data, "w", zipfile.ZIP_DEFLATED) as archive, warnings.catch_warnings(action="ignore"):  # doubled names
        for name, content in files:
            archive.writestr(zipfile.ZipInfo(name or "x"), content)
    return data.getvalue()

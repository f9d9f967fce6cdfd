"""Reading a form: the same whatever pieces it comes in, and never more than the limits."""

import hashlib
from collections.abc import Mapping
from pathlib import Path

import httpx
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from producer.books.parts import FormLimits, Parts
from speechmill.errors import BodyTooLarge, InvalidRequest, Unavailable

LIMITS = FormLimits(file_bytes=5000, fields_bytes=1000)
FILE = b"\r\n--b\r\n-" * 100 + b"\r\n"


def form(fields: Mapping[str, str], content: bytes = FILE) -> tuple[bytes, bytes]:
    """A body as clients send it, and its boundary."""
    request = httpx.Request("POST", "http://x", files={"file": ("Bücher.txt", content)}, data=fields)
    return request.read(), request.headers["content-type"].partition("boundary=")[2].encode()


def read(body: bytes, boundary: bytes, pieces: list[int], limits: FormLimits = LIMITS) -> Parts:
    parts = Parts(limits)
    parser = parts.parser(boundary)
    at = 0
    for length in [*pieces, len(body)]:
        parser.write(body[at:at + length])
        at += length
    parser.finalize()
    return parts


@given(pieces=st.lists(st.integers(1, 400), max_size=30), text=st.text(max_size=80))
@settings(deadline=None)
def test_a_form_is_the_same_in_whatever_pieces_it_comes(pieces: list[int], text: str) -> None:
    body, boundary = form({"title": text, "empty": ""})
    parts = read(body, boundary, pieces)
    assert parts.finished
    assert bytes(parts.unwritten) == FILE
    assert {name: bytes(value).decode() for name, value in parts.fields.items()} == {"title": text, "empty": ""}


def test_a_file_is_known_by_its_hash_and_its_name(tmp_path: Path) -> None:
    parts = read(*form({}), [7] * 300)
    with (tmp_path / "file").open("wb", buffering=0) as file:
        parts.write_to(file)
    upload = parts.upload(tmp_path / "file")
    assert upload
    assert (upload.name, upload.bytes, upload.sha256) == ("Bücher.txt", len(FILE), hashlib.sha256(FILE).hexdigest())
    assert upload.path.read_bytes() == FILE


def test_neither_file_nor_fields_grow_beyond_their_limits() -> None:
    with pytest.raises(BodyTooLarge, match="5,000"):
        read(*form({}, b"x" * 5001), [100] * 90)
    with pytest.raises(BodyTooLarge, match="1,000"):
        read(*form({"one": "x" * 600, "two": "y" * 600}), [100] * 90)
    with pytest.raises(InvalidRequest, match="64 fields"):
        read(*form({f"f{n}": "" for n in range(70)}), [])


def test_a_full_disk_is_said_as_such() -> None:
    parts = read(*form({}), [])
    with Path("/dev/full").open("wb", buffering=0) as full, pytest.raises(Unavailable, match="No space left") as refused:
        parts.write_to(full)
    assert refused.value.retry_after_s == 30

"""Lines come out of a file however it was written, and one that is too long costs no memory."""

import io
import random

import pytest

from speechmill.errors import InvalidRequest
from worker.batch.read_lines import RawLine, read_lines


def lines(content: bytes, longest_bytes: int = 1000) -> list[tuple[int, bytes]]:
    return [(line.number, line.content.rstrip(b"\r")) for line in read_lines(io.BytesIO(content), longest_bytes)]


@pytest.mark.parametrize("content", [b"a\nb\n", b"a\nb", b"a\r\nb\r\n", b"\xef\xbb\xbfa\nb\n"])
def test_any_ending_and_a_byte_order_mark(content: bytes) -> None:
    assert lines(content) == [(1, b"a"), (2, b"b")]


def test_blank_lines_count_but_are_none() -> None:
    assert lines(b"\n \t\r\na\n\nb\n\n") == [(3, b"a"), (5, b"b")]


@pytest.mark.parametrize("content", [b"", b"\n", b"\xef\xbb\xbf", b"\r\n \r\n"])
def test_a_file_without_lines_has_none(content: bytes) -> None:
    assert lines(content) == []


def test_lines_that_are_longer_than_what_is_read_at_once() -> None:
    draw = random.Random(1)
    wanted = [draw.randbytes(draw.randrange(1, 700_000)).replace(b"\n", b"x") + b"." for _ in range(12)]
    assert [content for _, content in lines(b"\n".join(wanted), 10**6)] == wanted


def test_of_a_line_that_is_too_long_only_the_beginning_is_kept_and_the_next_ones_are_whole() -> None:
    found = list(read_lines(io.BytesIO(b"x" * 5_000_000 + b"\nshort\n"), 100))
    assert [(line.number, len(line.content)) for line in found] == [(1, 101), (2, 5)]
    with pytest.raises(InvalidRequest, match="more than 100 bytes"):
        found[0].text()
    assert found[1].text() == "short"


def test_a_line_of_exactly_the_longest_length_is_taken() -> None:
    assert RawLine(1, b"x" * 100, 100).text() == "x" * 100


def test_what_is_not_utf_8_is_refused_with_its_place() -> None:
    with pytest.raises(InvalidRequest, match=r"not UTF-8 \(byte 2\)"):
        RawLine(1, b"ab\xff", 100).text()

"""Bodies and headers of requests: JSON, forms, and what stands in single headers and in signed URLs."""

import json
from collections.abc import AsyncIterator
from typing import Any

import anyio
from hypothesis import strategies as st
from starlette.requests import Request

from producer.body import decode_json
from producer.books.fields import body_of
from producer.books.form import read_form
from producer.books.parts import FormLimits
from producer.prefer import parse_prefer
from speechmill.address import Policy, check_url
from speechmill.blobs.signing import verify
from speechmill.book_request import parse_book
from speechmill.catalogue import Catalogue
from speechmill.errors import BodyTooLarge, Forbidden, InvalidRequest
from speechmill.job import JobClass
from speechmill.request import Limits, fingerprint, parse_speech
from speechmill.tenants import id_of_key, tenant_name
from tests.fuzz.mutations import mutated
from tests.fuzz.target import Target
from worker.voices.tone import MODEL

CATALOGUE = Catalogue(models=(MODEL,))
HOOK = {"url": "https://example.com/hook", "events": ["speech.job.failed"]}
SPEECH = {"model": "tts-1", "input": "Hello, 3 times.", "voice": {"id": "low"}, "speed": 1.5, "response_format": "wav", "seed": 7,
          "language": "en", "metadata": {"order": "1"}, "webhook": HOOK, "ref_audio": "data:audio/wav;base64,UklGRg==",
          "priority": "batch", "deadline": 60, "expires_after": 3600}
BOOK = {"title": "B", "input": "# One\n\nText.", "voice": "low", "formats": ["m4b", "mp3"], "include": "1-3,5",
        "cast": {"anna": "high"}, "chapters": [{"title": "One", "text": "Text."}], "lexicon": [{"grapheme": "a", "alias": "b"}]}
FORM = (b'--x\r\nContent-Disposition: form-data; name="title"\r\n\r\nA title\r\n'
        b'--x\r\nContent-Disposition: form-data; name="file"; filename="b.txt"\r\nContent-Type: text/plain\r\n\r\nChapter.\r\n'
        b'--x\r\nContent-Disposition: form-data; name="formats"\r\n\r\n["mp3"]\r\n--x--\r\n')
URLS = (b"https://example.com/hook", b"https://[::ffff:127.0.0.1]:8443/", b"https://0x7f.1/", b"http://127.1:80/",
        b"https://user@xn--80ak6aa92e.com:443/?q#f", "https://ⓔxample。com/".encode())
FORM_LIMITS = FormLimits(file_bytes=4096, fields_bytes=4096)
JSON_VALUES: Any = st.recursive(
    st.one_of(st.none(), st.booleans(), st.integers(), st.floats(), st.text(max_size=30)),
    lambda inner: st.one_of(st.lists(inner, max_size=4), st.dictionaries(st.text(max_size=10), inner, max_size=4)), max_leaves=8)


def _speech(raw: bytes) -> None:
    body = decode_json(raw)
    parse_speech(body, CATALOGUE, Limits(4096), JobClass.BATCH)
    fingerprint(body)


def _field(given: tuple[str, Any]) -> None:
    """One field is anything that JSON can say."""
    name, value = given
    parse_speech({**SPEECH, "ref_audio": None, name: value}, CATALOGUE, Limits(4096), JobClass.BATCH)


def _book(raw: bytes) -> None:
    body = decode_json(raw)
    parse_book(body, CATALOGUE, has_file=False)


def _form(given: tuple[bytes, list[int]]) -> None:
    """A form in pieces of any length."""
    body, lengths = given
    pieces, at = [], 0
    for length in [*lengths, len(body)]:
        pieces.append(body[at:at + length])
        at += length
    anyio.run(_read_form, pieces)


async def _read_form(pieces: list[bytes]) -> None:
    waiting: AsyncIterator[dict[str, Any]] = _messages(pieces)

    async def receive() -> dict[str, Any]:
        return await anext(waiting)

    headers = [(b"content-type", b"multipart/form-data; boundary=x")]
    async with read_form(Request({"type": "http", "method": "POST", "headers": headers}, receive), FORM_LIMITS) as form:
        body_of(form)


async def _messages(pieces: list[bytes]) -> AsyncIterator[dict[str, Any]]:
    for piece in pieces:
        yield {"type": "http.request", "body": piece, "more_body": True}
    yield {"type": "http.request", "body": b"", "more_body": False}


def _webhook_url(raw: bytes) -> None:
    check_url(raw.decode("utf-8", "surrogateescape"), Policy())


def _headers(text: str) -> None:
    parse_prefer(text)
    id_of_key(text)
    tenant_name(text)


def _signed(given: tuple[str, dict[str, str]]) -> None:
    verify(*given, "a secret of the tests", 0.0)
    raise AssertionError("a made-up URL was believed")


TARGETS = (
    Target("speech-json", mutated([json.dumps(SPEECH).encode()]), _speech, (InvalidRequest,)),
    Target("speech-field", st.tuples(st.sampled_from([*SPEECH]), JSON_VALUES), _field, (InvalidRequest,)),
    Target("book-json", mutated([json.dumps(BOOK).encode()]), _book, (InvalidRequest,)),
    Target("form", st.tuples(mutated([FORM]), st.lists(st.integers(1, 200), max_size=8)), _form,
           (InvalidRequest, BodyTooLarge), cost=3),
    Target("headers", st.text(max_size=300), _headers, (InvalidRequest,)),
    Target("webhook-url", mutated(URLS), _webhook_url, (InvalidRequest,)),
    Target("signed-url", st.tuples(st.text(max_size=50), st.dictionaries(
        st.sampled_from(("expires", "signature", "type", "name")), st.text(max_size=80))), _signed, (Forbidden,)),
)

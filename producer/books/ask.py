"""A request for a book, read and checked. Nothing is stored before all of it is right."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from hashlib import sha256
from pathlib import Path
from typing import Any

from starlette.requests import Request

from producer.body import decode_json, read_body
from producer.books.fields import body_of
from producer.books.form import read_form
from producer.books.parts import FormLimits, Upload
from producer.books.submit import AskedBook, Origin
from producer.desk import Desk
from producer.lexicons.routes import check_lexicons
from producer.submit import check_webhook, idempotency_key
from producer.voices.known import known_voices
from speechmill.book import Source
from speechmill.book_request import BookFile, ParsedBook, parse_book
from speechmill.request import fingerprint

FORM = "multipart/form-data"


@asynccontextmanager
async def ask_book(desk: Desk, request: Request) -> AsyncIterator[AskedBook]:
    """Raises InvalidRequest, BodyTooLarge, NoCatalogue, StoreUnavailable, Unavailable."""
    origin = Origin.of(request, idempotency_key(request), route="books")
    limits = desk.settings.limits
    if request.headers.get("content-type", "").partition(";")[0].strip().lower() == FORM:
        async with read_form(request, FormLimits(limits.book_bytes, limits.body_bytes)) as form:
            yield await _asked(desk, origin, body_of(form), form.upload)
    else:
        yield await _asked(desk, origin, decode_json(await read_body(request, limits.body_bytes)), None)


async def _asked(desk: Desk, origin: Origin, body: Any, upload: Upload | None) -> AskedBook:
    catalogue = await desk.catalogue()
    # On a thread: a long book's text holds up nobody else.
    voices = await known_voices(desk, origin.tenant, body)
    parsed = await asyncio.to_thread(parse_book, body, catalogue, has_file=upload is not None, voices=voices)
    if parsed.narrator.webhook:
        await check_webhook(desk, parsed.narrator.webhook.url)
    await check_lexicons(desk, origin.tenant, parsed.narrator.lexicon_ids)
    print_ = fingerprint({"body": body, "file": upload.sha256 if upload else None})
    source, content = _of_upload(upload) if upload else _of_text(parsed)
    return AskedBook(origin, print_, parsed.spec(source), parsed.order, parsed.recordings, content)


def _of_upload(upload: Upload) -> tuple[Source, Path]:
    return Source(sha256=upload.sha256, name=_base_name(upload.name), bytes=upload.bytes), upload.path


def _of_text(parsed: ParsedBook) -> tuple[Source, bytes]:
    file: BookFile | None = parsed.file
    assert file  # parse_book has refused a request with no book in it
    return Source(sha256=sha256(file.content).hexdigest(), name=_base_name(file.name), bytes=len(file.content)), file.content


def _base_name(name: str) -> str:
    """Without folders and control characters, and short, but with its ending, which tells Markdown from plain text."""
    shown = "".join(character for character in name if character.isprintable())
    return shown.replace("\\", "/").rpartition("/")[2][-200:] or "book"

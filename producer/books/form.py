"""A form with a file (multipart/form-data, RFC 7578), read as it comes: fields to memory, the file to disk and through SHA-256.

Nothing of it is larger than the limits say, and nothing is left on disk when the request is over.
"""

import asyncio
import tempfile
from collections.abc import AsyncIterator, Iterator
from contextlib import ExitStack, asynccontextmanager, contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import BinaryIO, cast

from python_multipart.exceptions import FormParserError
from python_multipart.multipart import parse_options_header
from starlette.requests import Request

from producer.books.parts import FormLimits, Parts, Upload, file_too_large, no_room
from speechmill.errors import InvalidRequest

WRITE_BYTES = 1024 * 1024
"""So much is gathered before a thread writes it."""


@dataclass(frozen=True)
class Form:
    """`fields` as they came, by name; `files` holds those of them that were sent as files. `upload`: the field `file`."""

    fields: dict[str, bytes]
    files: frozenset[str]
    upload: Upload | None


@asynccontextmanager
async def read_form(request: Request, limits: FormLimits) -> AsyncIterator[Form]:
    """Raises InvalidRequest, BodyTooLarge, Unavailable (this server's disk is full); ClientDisconnect passes through."""
    declared = request.headers.get("content-length", "")
    if declared.isdigit() and int(declared) > limits.whole_bytes:
        raise file_too_large(limits)
    with _temporary_file() as file:
        parts = Parts(limits)
        parser = parts.parser(_boundary(request))
        try:
            size = 0
            async for piece in request.stream():
                size += len(piece)
                if size > limits.whole_bytes:
                    raise file_too_large(limits)
                parser.write(piece)
                if len(parts.unwritten) >= WRITE_BYTES:
                    await asyncio.to_thread(parts.write_to, file)
            parser.finalize()
        except FormParserError as error:
            raise InvalidRequest(f"The form cannot be read: {error}.", param="body", code="malformed_form") from None
        if not parts.finished:
            raise InvalidRequest("The form ends before its last boundary; send all of it.", param="body", code="malformed_form")
        await asyncio.to_thread(parts.write_to, file)
        fields = {name: bytes(content) for name, content in parts.fields.items()}
        yield Form(fields, frozenset(parts.files), parts.upload(Path(file.name)))


@contextmanager
def _temporary_file() -> Iterator[BinaryIO]:
    """Without a buffer. Raises Unavailable."""
    with ExitStack() as held:
        try:
            file = held.enter_context(tempfile.NamedTemporaryFile(buffering=0, prefix="speechmill-book-"))
        except OSError as error:
            raise no_room(error) from error
        yield cast(BinaryIO, file)


def _boundary(request: Request) -> bytes:
    _, options = parse_options_header(request.headers.get("content-type", ""))
    boundary = options.get(b"boundary", b"")
    if not 1 <= len(boundary) <= 70:
        raise InvalidRequest("Content-Type must name the form's boundary, of at most 70 characters.", param="Content-Type",
                             code="malformed_form")
    return boundary

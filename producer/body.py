"""Reading a JSON body: its type, its size and its syntax, each refused with an error that says what would be right."""

import json
from typing import Any

from starlette.requests import Request

from speechmill.errors import BodyTooLarge, InvalidRequest


async def read_body(request: Request, limit_bytes: int) -> bytes:
    """The body, said to be JSON. Raises InvalidRequest and BodyTooLarge; ClientDisconnect passes through."""
    content_type = request.headers.get("content-type", "application/json").partition(";")[0].strip().lower()
    if content_type != "application/json" and not content_type.endswith("+json"):
        raise InvalidRequest(f"Content-Type is {content_type[:80]!r}; send application/json.", param="Content-Type",
                             code="unsupported_content_type")
    return await read_raw(request, limit_bytes)


def decode_json(raw: bytes) -> Any:
    """What the body says. Raises InvalidRequest."""
    try:
        return json.loads(raw.decode("utf-8"), parse_constant=_no_constant)
    except UnicodeDecodeError as error:
        raise InvalidRequest(f"The body is not UTF-8 (byte {error.start}).", param="body", code="malformed_json") from None
    except RecursionError:
        raise InvalidRequest("The body is nested too deeply.", param="body", code="malformed_json") from None
    except ValueError as error:
        raise InvalidRequest(f"The body is not valid JSON: {error}.", param="body", code="malformed_json") from None


async def read_raw(request: Request, limit_bytes: int) -> bytes:
    """The body, of whatever type. Raises BodyTooLarge; ClientDisconnect passes through."""
    declared = request.headers.get("content-length", "")
    if declared.isdigit() and int(declared) > limit_bytes:
        raise _too_large(limit_bytes)
    parts, size = [], 0
    async for part in request.stream():
        size += len(part)
        if size > limit_bytes:
            raise _too_large(limit_bytes)
        parts.append(part)
    return b"".join(parts)


def _no_constant(name: str) -> None:
    raise ValueError(f"{name} is not JSON")


def _too_large(limit_bytes: int) -> BodyTooLarge:
    return BodyTooLarge(f"The body is larger than {limit_bytes:,} bytes.", param="body")

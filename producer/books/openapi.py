"""What /openapi.json says of the routes of books."""

from typing import Any

from producer.openapi import AFTER, EVENTS, IDEMPOTENCY, PREFER, answer, header, json_body, query, route, schema_of
from speechmill.book import BOOK_FORMATS
from speechmill.book_request import SPEECH_FIELDS, BookBody
from speechmill.book_revision import RerenderBody
from speechmill.book_view import CHAPTER_FILES, TEXTS
from speechmill.request import SpeechBody

_BOOK = {"type": "object", "required": ["id", "object", "status", "progress"], "properties": {
    "id": {"type": "string"}, "object": {"const": "audio.book"}, "status": {"type": "string"},
    "progress": {"type": "integer", "minimum": 0, "maximum": 100},
    "eta_seconds": {"type": ["number", "null"]}, "cached_share": {"type": ["number", "null"]},
    "chapters": {"type": "array", "items": {"type": "object", "properties": {
        "number": {"type": "integer"}, "title": {"type": "string"}, "status": {"type": ["string", "null"]},
        "included": {"type": "boolean"}, "files": {"type": "object", "additionalProperties": {"type": "string"}}}}},
    "output": {"type": ["object", "null"], "additionalProperties": {"type": "object"}}}}
_BOOK_LIST = {"type": "object", "properties": {
    "object": {"const": "list"}, "data": {"type": "array", "items": _BOOK}, "first_id": {"type": ["string", "null"]},
    "last_id": {"type": ["string", "null"]}, "has_more": {"type": "boolean"}}}
_FILE = {"description": "The file.", "content": {"*/*": {"schema": {"type": "string", "format": "binary"}}}}


def _request() -> dict[str, Any]:
    """A book's request: its own fields and those that it has in common with speech."""
    own, speech = schema_of(BookBody), schema_of(SpeechBody)
    fields = {**own["properties"], **{name: speech["properties"][name] for name in SPEECH_FIELDS}}
    file = {"type": "string", "format": "binary", "description": "EPUB, Markdown, plain text, or JSON with chapters."}
    return {"application/json": {"schema": {"type": "object", "properties": fields}},
            "multipart/form-data": {"schema": {"type": "object", "required": ["file"], "properties": {"file": file, **fields}}}}


def _formats(names: tuple[str, ...]) -> dict[str, Any]:
    return query("format", "which file; if not given, the first of those asked for", {"enum": list(names)})


CREATE_BOOK = route("Create a book", {202: answer(_BOOK, "Accepted and durable.")}, problems=(400, 413, 422, 429, 503),
                    body=_request(), parameters=(IDEMPOTENCY,)) | {"status_code": 202}
LIST_BOOKS = route("List books", {200: answer(_BOOK_LIST, "A page, without chapters.")}, problems=(400, 503), parameters=(
    AFTER, query("limit", "how many", {"type": "integer", "minimum": 1, "maximum": 100, "default": 20}),
    query("order", "by age", {"enum": ["asc", "desc"], "default": "desc"}), query("status", "only these", {"type": "string"})))
GET_BOOK = route("Look at a book", {200: answer(_BOOK, "The book."), 304: {"description": "As If-None-Match says."}},
                 problems=(404, 503), parameters=(PREFER, header("If-None-Match", "the ETag of an earlier answer")))
CANCEL_BOOK = route("Cancel a book", {200: answer(_BOOK, "The book.")}, problems=(404, 409, 503))
BOOK_EVENTS = route("Follow a book by server-sent events", **EVENTS)
RETRY_BOOK = route("Make what failed again", {200: answer(_BOOK, "The book.")}, problems=(404, 409, 410, 429, 503))
DELETE_BOOK = route("Delete an ended book and its files", {200: answer({"type": "object"}, "It is gone.")},
                    problems=(404, 409, 503))
BOOK_CONTENT = route("Download a file of the whole book", {200: _FILE, 206: _FILE, 302: {"description": "To a signed URL."}},
                     problems=(404, 409, 410, 503), parameters=(_formats((*BOOK_FORMATS, *TEXTS)),))
CHAPTER_CONTENT = route("Download a chapter", {200: _FILE, 206: _FILE, 302: {"description": "To a signed URL."}},
                        problems=(404, 409, 410, 503), parameters=(_formats(tuple(CHAPTER_FILES.values())),))
CHAPTER_SEGMENTS = route("List a chapter's segments", {200: answer({"type": "object"}, "A page.")},
                         problems=(400, 404, 409, 410, 503), parameters=(
    query("after", "number of the last segment of the page before", {"type": "integer"}),
    query("limit", "how many", {"type": "integer", "minimum": 1, "maximum": 1000, "default": 20})))
RERENDER = route("Make a new revision of a book", {202: answer(_BOOK, "The new book.")},
                 problems=(400, 404, 409, 410, 413, 422, 429, 503), body=json_body(RerenderBody),
                 parameters=(IDEMPOTENCY,)) | {"status_code": 202}
REGENERATE = route("Speak a segment again, as a new revision", {202: answer(_BOOK, "The new book.")},
                   problems=(400, 404, 409, 410, 422, 429, 503), parameters=(IDEMPOTENCY,)) | {"status_code": 202}

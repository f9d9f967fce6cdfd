"""New revisions of a book: POST …/rerender, and …/segments/{n}/regenerate. The old one stays as it was."""

import asyncio
import json
from itertools import islice
from typing import Any

from fastapi import APIRouter
from starlette.requests import Request
from starlette.responses import Response

from producer.body import decode_json, read_body
from producer.books.answer import accepted_answer
from producer.books.find import Found, FoundChapter, find_book, find_chapter
from producer.books.openapi import REGENERATE, RERENDER
from producer.books.submit import AskedBook, Origin, read_order, submit_book
from producer.desk import Desk, desk_of, tenant_of
from producer.lexicons.routes import check_lexicons
from producer.submit import idempotency_key
from producer.voices.known import known_voices
from speechmill.book import BookSpec
from speechmill.book_revision import Made, Place, Revision, parse_rerender, sounding_otherwise
from speechmill.book_view import BOOKS_PATH
from speechmill.errors import BlobMissing, Conflict, Gone, NotFound
from speechmill.job import Status
from speechmill.request import fingerprint
from speechmill.segment_names import segment_names
from speechmill.store import verbs

router = APIRouter(prefix=BOOKS_PATH + "/{book_id}")


@router.post("/rerender", **RERENDER)
async def rerender(request: Request, book_id: str) -> Response:
    desk = desk_of(request)
    origin = Origin.of(request, idempotency_key(request), route="rerender")
    raw = await read_body(request, desk.settings.limits.body_bytes)
    body = decode_json(raw) if raw else {}
    made = await _made(desk, await find_book(desk, book_id, origin.tenant))
    catalogue = await desk.catalogue()
    voices = await known_voices(desk, origin.tenant, body)
    revision = await asyncio.to_thread(parse_rerender, body, made, catalogue, voices)
    await check_lexicons(desk, origin.tenant, revision.spec.lexicon_ids)
    return await _submitted(desk, request, origin, revision, {"book": book_id, "body": body})


@router.post("/chapters/{number}/segments/{segment}/regenerate", **REGENERATE)
async def regenerate(request: Request, book_id: str, number: str, segment: str) -> Response:
    """Another take of one segment, as a new revision."""
    desk = desk_of(request)
    origin = Origin.of(request, idempotency_key(request), route="regenerate")
    found = await find_book(desk, book_id, tenant_of(request))
    chapter = find_chapter(found, number)
    n = _number(chapter, segment)
    made = await _made(desk, found)
    revision = sounding_otherwise(made, Place(chapter.listed.number, await _name(desk, origin.tenant, chapter, n)))
    return await _submitted(desk, request, origin, revision, {"book": book_id, "chapter": chapter.listed.number, "segment": n})


async def _made(desk: Desk, found: Found) -> Made:
    """Raises Conflict for one that is not finished, Gone."""
    book = found.book
    if book.status not in (Status.COMPLETED, Status.FAILED):
        raise Conflict(f"The book is {book.status}; only one that is completed or has failed can be revised.",
                       code="book_not_finished", job_id=book.id)
    return Made(book.id, BookSpec.model_validate(book.spec), await read_order(desk, book.id), found.state.contents)


async def _submitted(desk: Desk, request: Request, origin: Origin, revision: Revision, asked: dict[str, Any]) -> Response:
    submitted = await submit_book(desk, AskedBook(origin, fingerprint(asked), revision.spec, revision.order, revision.recordings,
                                                  content=None))
    return await accepted_answer(desk, request, submitted)


def _number(chapter: FoundChapter, segment: str) -> int:
    n_segments = chapter.made.segments
    if not (segment.isascii() and segment.isdecimal() and len(segment) < 10 and int(segment) < n_segments):
        raise NotFound(f"There is no segment {segment[:40]!r} in chapter {chapter.listed.number}; it has {n_segments}, from 0.",
                       param="segment", code="segment_not_found")
    return int(segment)


async def _name(desk: Desk, tenant: str, chapter: FoundChapter, n: int) -> str:
    """Of the chapter's segment `n`. Raises Gone where its plan is no longer kept."""
    job = await desk.store.run(verbs.look(chapter.job_id, tenant))
    key = job.plan_key if job else ""

    def read() -> str:
        with desk.storage.blobs.open(key) as plan:
            lines = map(json.loads, islice(plan, n + 1))
            return list(segment_names((line.get("speaker", ""), line["text"]) for line in lines))[n]

    try:
        return await desk.storage.run(read)
    except BlobMissing:
        raise Gone("What the chapter was cut into is no longer kept.", job_id=chapter.job_id.partition(".")[0]) from None

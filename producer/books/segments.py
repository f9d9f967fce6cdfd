"""GET …/chapters/{n}/segments: what a chapter was cut into, how each piece fared, and where to ask for another take of it."""

import time
from typing import Any

from fastapi import APIRouter
from starlette.requests import Request
from starlette.responses import Response

from producer.books.find import book_not_found, find_book, find_chapter
from producer.books.openapi import CHAPTER_SEGMENTS
from producer.desk import desk_of, tenant_of
from producer.segments import page_of_segments, segment_view
from speechmill.book_view import BOOKS_PATH
from speechmill.errors import BlobMissing, Gone
from speechmill.store import verbs
from speechmill.view import has_expired

router = APIRouter(prefix=BOOKS_PATH + "/{book_id}/chapters/{number}")


@router.get("/segments", **CHAPTER_SEGMENTS)
async def list_chapter_segments(request: Request, book_id: str, number: str) -> Response:
    """`text` is what is spoken, and once the chapter is joined, what is written; `span` is its place in the chapter's text."""
    desk, tenant = desk_of(request), tenant_of(request)
    found = await find_book(desk, book_id, tenant)
    chapter = find_chapter(found, number)
    job = await desk.store.run(verbs.look(chapter.job_id, tenant))
    if job is None:
        raise book_not_found(book_id)
    if has_expired(found.book, time.time()):
        raise Gone("What the book's chapters were cut into is no longer kept.", job_id=book_id)
    own = f"{desk.viewpoint(request).base_url}{BOOKS_PATH}/{book_id}/chapters/{chapter.listed.number}/segments"

    def view(n: int, line: dict[str, Any], take: dict[str, Any] | None, leased: bool) -> dict[str, Any]:
        shown = segment_view(n, line, take, leased)
        error = take.get("error") if take else None
        return {**shown, "object": "audio.book.segment", "status": "failed" if error else shown["status"],
                "speaker": line.get("speaker") or None, "error": error, "regenerate_url": f"{own}/{n}/regenerate"}

    try:
        return await page_of_segments(desk, request, job, view)
    except BlobMissing:
        raise Gone("What the chapter was cut into is no longer kept.", job_id=book_id) from None

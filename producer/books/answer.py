"""Books as answers."""

import asyncio
from collections.abc import Sequence
from typing import Any

from fastapi.responses import JSONResponse
from starlette.requests import Request
from starlette.responses import Response

from producer.books.find import Found, find_book
from producer.desk import Desk, tenant_of
from producer.jobs import poll_later
from speechmill.book_view import BOOKS_PATH, book_view
from speechmill.store.books import BookState
from speechmill.store.verbs import Submitted


async def views(desk: Desk, request: Request, books: Sequence[Found]) -> list[dict[str, Any]]:
    """On a thread: signing URLs for S3 is CPU work, and so is listing thousands of chapters."""
    here = desk.viewpoint(request)
    return await asyncio.to_thread(lambda: [book_view(found.book, found.state, here) for found in books])


async def answer(desk: Desk, request: Request, found: Found, headers: dict[str, str] | None = None) -> Response:
    return JSONResponse((await views(desk, request, [found]))[0], headers=headers)


async def accepted_answer(desk: Desk, request: Request, submitted: Submitted) -> Response:
    """202 with the book, where to look for it and when."""
    if submitted.job:
        found = Found(submitted.job, BookState(None, 0.0, ()))
    else:
        found = await find_book(desk, submitted.job_id, tenant_of(request))
    headers = {"Location": f"{BOOKS_PATH}/{found.book.id}", "x-speech-job-id": found.book.id, **poll_later()}
    if submitted.outcome != "created":
        headers["Idempotent-Replayed"] = "true"
    return JSONResponse((await views(desk, request, [found]))[0], status_code=202, headers=headers)

"""/v1/audio/books: create, look, list, cancel, retry, delete."""

import asyncio
import time
from functools import partial
from itertools import islice

from fastapi import APIRouter
from fastapi.responses import JSONResponse
from starlette.requests import Request
from starlette.responses import Response

from producer.books.answer import accepted_answer, answer, views
from producer.books.ask import ask_book
from producer.books.find import Found, book_not_found, find_book
from producer.books.openapi import BOOK_EVENTS, CANCEL_BOOK, CREATE_BOOK, DELETE_BOOK, GET_BOOK, LIST_BOOKS, RETRY_BOOK
from producer.books.submit import submit_book, use_file_again
from producer.desk import Desk, desk_of, tenant_of
from producer.jobs import number, one_of, poll_later
from producer.prefer import parse_prefer
from producer.streams.events import Snapshot, event_type, events_response
from producer.submit import check_room
from producer.waiting import wait_until
from speechmill.blobs.seam import input_key, job_prefixes
from speechmill.book import BookSpec
from speechmill.book_view import BOOKS_PATH
from speechmill.errors import Conflict, Gone, InvalidRequest
from speechmill.job import Status
from speechmill.store import books, verbs

router = APIRouter(prefix=BOOKS_PATH)

TOLD_EVERY_S = 0.5
"""A book changes with every segment. Whoever waits for changes is told no more often, or would ask a hundred times a second."""
DELETED_AT_ONCE = 16
"""Chapters whose objects are deleted at the same time."""


@router.post("", **CREATE_BOOK)
async def create_book(request: Request) -> Response:
    desk = desk_of(request)
    async with ask_book(desk, request) as asked:
        submitted = await submit_book(desk, asked)
    return await accepted_answer(desk, request, submitted)


@router.get("", **LIST_BOOKS)
async def list_books(request: Request) -> Response:
    """Without their chapters, of which there may be thousands."""
    desk, tenant, query = desk_of(request), tenant_of(request), request.query_params
    limit = number(query.get("limit", "20"), "limit", 1, 100)
    order = one_of(query.get("order", "desc"), "order", ("asc", "desc"))
    status = one_of(query.get("status", ""), "status", ("", *(status.value for status in Status)))
    ids = await desk.store.run(verbs.list_jobs(tenant, status=status, after=query.get("after", ""), limit=limit,
                                               newest_first=order == "desc", kind="books"))
    if ids is None:
        raise InvalidRequest("after must be the id of a book of yours, as last_id of the page before.", param="after")
    jobs = await desk.store.run_all([verbs.look(book_id, tenant) for book_id in ids[:limit]])
    states = await desk.store.run_all([books.chapters(book_id, tenant) for book_id in ids[:limit]])
    found = [Found(book, state) for book, state in zip(jobs, states, strict=True) if book and state]
    data = [{**view, "chapters": [], "chapters_omitted": True} for view in await views(desk, request, found)]
    return JSONResponse({"object": "list", "data": data, "first_id": data[0]["id"] if data else None,
                         "last_id": data[-1]["id"] if data else None, "has_more": len(ids) > limit})


@router.get("/{book_id}", **GET_BOOK)
async def get_book(request: Request, book_id: str) -> Response:
    """Long-polls with `Prefer: wait=N`: answers when the book has changed from If-None-Match, or without it, has ended."""
    desk, tenant = desk_of(request), tenant_of(request)
    preference = parse_prefer(request.headers.get("prefer", ""))
    known = request.headers.get("if-none-match", "").removeprefix("W/").strip('"')

    found = await (find_book(desk, book_id, tenant) if preference.wait_s is None
                   else _changed_book(desk, book_id, tenant, known, preference.wait_s))
    headers = {"ETag": f'"{found.tag}"', "Vary": "Prefer", "Cache-Control": "no-cache"}
    if preference.wait_s is not None:
        headers["Preference-Applied"] = f"wait={preference.wait_s}"
    if known == found.tag:
        return Response(status_code=304, headers=headers)
    return await answer(desk, request, found, headers if found.book.ended else headers | poll_later())


async def _changed_book(desk: Desk, book_id: str, tenant: str, known: str, wait_s: float) -> Found:
    """Once it is another than `known`, has ended, or the time is over."""
    begun = time.monotonic()

    def done(found: Found) -> bool:
        return found.book.ended or (bool(known) and known != found.tag)

    with desk.feed.watching(book_id, until_end=not known) as watch:
        found = await wait_until(watch, lambda: find_book(desk, book_id, tenant), done, wait_s)
    early_s = min(TOLD_EVERY_S, wait_s) - (time.monotonic() - begun)
    if found.book.ended or early_s <= 0:
        return found
    await asyncio.sleep(early_s)
    return await find_book(desk, book_id, tenant)


@router.get("/{book_id}/events", **BOOK_EVENTS)
async def book_events(request: Request, book_id: str) -> Response:
    desk, tenant = desk_of(request), tenant_of(request)

    async def look() -> Snapshot:
        found = await find_book(desk, book_id, tenant)
        view = (await views(desk, request, [found]))[0]
        return Snapshot(found.tag, event_type("book", found.book.status), found.book.ended, view)

    return await events_response(desk, request, book_id, look)


@router.post("/{book_id}/cancel", **CANCEL_BOOK)
async def cancel_book(request: Request, book_id: str) -> Response:
    desk, tenant = desk_of(request), tenant_of(request)
    await find_book(desk, book_id, tenant)
    outcome, bells = await desk.store.run(verbs.cancel(book_id, tenant))
    desk.doorbell.ring(bells)
    found = await find_book(desk, book_id, tenant)
    if outcome == "ended":
        raise Conflict(f"The book is {found.book.status} already.", code="book_already_ended", job_id=book_id)
    return await answer(desk, request, found)


@router.post("/{book_id}/retry", **RETRY_BOOK)
async def retry_book(request: Request, book_id: str) -> Response:
    """Makes the chapters that failed again, and of those only what is not there."""
    desk, tenant = desk_of(request), tenant_of(request)
    found = await find_book(desk, book_id, tenant)
    if found.book.status is Status.FAILED and found.state.contents is None:
        await use_file_again(desk, tenant, BookSpec.model_validate(found.book.spec))  # it is to be read once more
    with desk.tracer.span("retry", "producer", request.state.traceparent, job_id=book_id) as span:
        if span.traceparent:
            span.link(found.book.traceparent)
        limits = desk.settings.limits
        outcome, bells, limit = await desk.store.run(verbs.retry(book_id, tenant, traceparent=span.traceparent,
                                                                 queue_limit=limits.queued_jobs, job_limit=limits.jobs))
    desk.doorbell.ring(bells)
    check_room(outcome, limit)
    if outcome == "expired":
        raise Gone("What the book was made from is no longer kept; create a new book.", job_id=book_id)
    found = await find_book(desk, book_id, tenant)
    if outcome == "not_failed":
        raise Conflict(f"Only a failed book can be retried; this one is {found.book.status}.", code="book_not_failed",
                       job_id=book_id)
    return await answer(desk, request, found)


@router.delete("/{book_id}", **DELETE_BOOK)
async def delete_book(request: Request, book_id: str) -> Response:
    """The objects go first: were we to stop in between, the record is still there, and deleting it again ends it."""
    desk, tenant = desk_of(request), tenant_of(request)
    found = await find_book(desk, book_id, tenant)
    if not found.book.ended:
        raise Conflict(f"The book is {found.book.status}; cancel it first.", code="book_not_ended", job_id=book_id)
    await _delete_objects(desk, tenant, [book_id, *(f"{book_id}.{track}" for track in range(1, len(found.state.chapters) + 1))])
    outcome = await desk.store.run(verbs.delete(book_id, tenant))
    if outcome == "not_ended":
        raise Conflict("The book was retried meanwhile; cancel it first.", code="book_not_ended", job_id=book_id)
    if outcome == "missing":
        raise book_not_found(book_id)
    return JSONResponse({"id": book_id, "object": "audio.book.deleted", "deleted": True})


async def _delete_objects(desk: Desk, tenant: str, job_ids: list[str]) -> None:
    """Of the book and of its chapters. Its file stays, as others of the tenant's books may be made from it."""

    def delete_those_of(job_id: str) -> None:
        for prefix in job_prefixes(tenant, job_id):
            desk.storage.blobs.delete_prefix(prefix)
        desk.storage.blobs.delete(input_key(tenant, job_id))

    left = iter(job_ids)
    while some := list(islice(left, DELETED_AT_ONCE)):
        await asyncio.gather(*(desk.storage.run(partial(delete_those_of, job_id)) for job_id in some))

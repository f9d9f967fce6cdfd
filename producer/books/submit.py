"""Accepting a book: its file and recordings into storage, its order into the job's input, SUBMIT, ring."""

import tempfile
from dataclasses import dataclass
from pathlib import Path
from shutil import copyfileobj

from starlette.requests import Request

from producer.books.parts import no_room
from producer.desk import Desk, tenant_of
from producer.kept import Shared, is_fresh, keep
from producer.submit import accepted
from speechmill.blobs.seam import input_key, reference_key, source_key
from speechmill.book import BookSpec, Order, Source
from speechmill.errors import BlobMissing, Gone
from speechmill.ids import new_id
from speechmill.job import Phase
from speechmill.store import verbs
from speechmill.store.verbs import Submission, Submitted

COST_CHARACTERS = 1_000_000
"""At most, of reading a book: the pictures in a file are no text, so beyond a long book's length its size says nothing."""


@dataclass(frozen=True)
class Origin:
    """Where a request comes from. `route`: what "the same request" is looked for in."""

    tenant: str
    request_id: str
    traceparent: str
    idempotency_key: str
    route: str

    @classmethod
    def of(cls, request: Request, idempotency_key: str, *, route: str) -> "Origin":
        return cls(tenant_of(request), request.state.request_id, request.state.traceparent, idempotency_key, route)


@dataclass(frozen=True)
class AskedBook:
    """A request that has passed every check. `content`: the book's file; None where it is stored already."""

    origin: Origin
    fingerprint: str
    spec: BookSpec
    order: Order
    recordings: dict[str, bytes]
    content: bytes | Path | None


async def submit_book(desk: Desk, asked: AskedBook) -> Submitted:
    """Make the book durable, or find the one that this request is a repetition of. Raises IdempotencyKeyReused, QueueFull, Gone,
    BlobsUnavailable, StoreUnavailable."""
    with desk.tracer.span("submit", "producer", asked.origin.traceparent) as span:
        await _keep_what_it_is_made_from(desk, asked)
        submitted = await _submit(desk, asked, span.traceparent)
        span.tell(job_id=submitted.job_id, outcome=submitted.outcome, model=asked.spec.model, job_class=asked.spec.klass.value,
                  characters=_cost(asked.spec))
    return accepted(desk, submitted)


async def _keep_what_it_is_made_from(desk: Desk, asked: AskedBook) -> None:
    tenant, retention = asked.origin.tenant, desk.settings.retention
    if asked.content is None:
        await use_file_again(desk, tenant, asked.spec)
    else:
        await keep(desk, _file(desk, tenant, asked.spec), asked.content)
    for sha256, audio in asked.recordings.items():
        await keep(desk, Shared(reference_key(tenant, sha256), retention.references_s, "A recording of the cast's"), audio)


def _file(desk: Desk, tenant: str, spec: BookSpec) -> Shared:
    return Shared(source_key(tenant, spec.source.sha256), desk.settings.retention.sources_s, "The book's file")


async def use_file_again(desk: Desk, tenant: str, spec: BookSpec) -> None:
    """Give a book's file, which is stored already, a new date, where it needs one. Raises Gone, BlobsUnavailable,
    StoreUnavailable."""
    source = _file(desk, tenant, spec)
    if await is_fresh(desk, source):
        return

    def fetch(path: Path) -> None:
        try:
            with desk.storage.blobs.open(source.key) as stream, path.open("wb") as file:
                copyfileobj(stream, file)
        except OSError as error:
            raise no_room(error) from error

    with tempfile.TemporaryDirectory(prefix="speechmill-book-") as folder:
        path = Path(folder) / "book"
        try:
            await desk.storage.run(lambda: fetch(path))
        except BlobMissing:
            raise Gone("The file that the book was made from is no longer kept; send it again as a new book.") from None
        await keep(desk, source, path)


async def _submit(desk: Desk, asked: AskedBook, traceparent: str) -> Submitted:
    origin, book_id = asked.origin, new_id("book")
    order, object_key = asked.order.model_dump_json(exclude_defaults=True), ""
    encoded = order.encode()
    if len(encoded) > desk.settings.limits.inline_bytes:
        order, object_key = "", input_key(origin.tenant, book_id)
        await desk.storage.run(lambda: desk.storage.blobs.put(object_key, encoded, "application/json"))
    submitted = await desk.store.run(verbs.submit(Submission(
        job_id=book_id, tenant=origin.tenant, spec=asked.spec, phase=Phase.PLAN, characters=_cost(asked.spec), text=order,
        input_key=object_key, request_id=origin.request_id, fingerprint=asked.fingerprint, route=origin.route,
        idempotency_key=origin.idempotency_key, queue_limit=desk.settings.limits.queued_jobs,
        job_limit=desk.settings.limits.jobs, characters_a_day=desk.settings.limits.characters_a_day,
        idempotency_s=desk.settings.retention.idempotency_s, traceparent=traceparent)))
    if object_key and submitted.outcome != "created":
        await desk.storage.run(lambda: desk.storage.blobs.delete(object_key))
    return submitted


async def read_order(desk: Desk, book_id: str) -> Order:
    """What a book was ordered with. Raises Gone, BlobsUnavailable, StoreUnavailable."""
    text, key = await desk.store.input_of(book_id)
    try:
        return Order.model_validate_json(text or (await desk.storage.run(lambda: desk.storage.blobs.read(key))).data)
    except BlobMissing:
        raise Gone("What the book was ordered with is no longer kept; send it again as a new book.", job_id=book_id) from None


def _cost(spec: BookSpec) -> int:
    source: Source = spec.source
    return min(source.bytes, COST_CHARACTERS)

"""Delivering webhook events from the outbox: each is posted until it is taken, or its schedule ends."""

import json
import logging
import random
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from speechmill.batch_view import batch_view
from speechmill.book_view import book_view, chapter_completed_view
from speechmill.errors import InvalidRequest, StoreUnavailable
from speechmill.job import Job
from speechmill.log import about
from speechmill.store import batches, books, deliveries, endpoints, verbs
from speechmill.store.batches import BatchState
from speechmill.store.books import BookState
from speechmill.store.deliveries import DueEvent, Fault
from speechmill.trace.seam import Span
from speechmill.view import Viewpoint, job_view
from speechmill.webhook import Event, event_body, next_attempt, parse_secret, secret_of
from speechmill.webhook_endpoint import Endpoint, endpoint_view, signing_keys
from worker.deliver import Delivery, Outcome
from worker.station import Station

log = logging.getLogger(__name__)

SECRET_VARIABLE = "SPEECHMILL_WEBHOOKS__SECRET"  # noqa: S105 - what it is called


def deliver_due(station: Station) -> None:
    """Post events until none is due. No more than `deliveries` threads do, so that plan and finish steps find one."""
    while station.deliveries.take():
        try:
            while not station.draining.is_set() and (event := _next_due(station)):
                with about(job_id=event.job_id, event_id=event.event_id, attempt=event.tries):
                    _deliver(station, event)
        finally:
            refused = station.deliveries.give_back()
        if not refused or station.draining.is_set():
            return


def _next_due(station: Station) -> DueEvent | None:
    # Held for longer than an attempt can last, so that a second worker does not post it at the same time.
    hold_ms = round((station.settings.webhooks.timeout_s + 15) * 1000)
    try:
        return station.store.run(deliveries.due(hold_ms))
    except StoreUnavailable as error:
        log.warning("cannot look for webhook events: %s", error.message)
        return None


def _deliver(station: Station, event: DueEvent) -> None:
    delays_s = station.settings.webhooks.delays_s
    try:
        subject = _look(station, event)
        if subject is None:
            _settle(station, event, "dead", note="what it tells of was deleted")
            return
        with _span(station, event, subject) as span:
            assert station.courier  # the cpu role has one from the start, and only it listens to this queue
            outcome = station.courier.post(_delivery(station, event, subject))
            verdict, in_s = _verdict(delays_s, event, outcome)
            span.tell(outcome=verdict, status=outcome.status or 0)
            if not outcome.ok:
                span.fail(str(outcome.status or "no_answer"))
            _settle(station, event, verdict, in_s, note=_note(outcome), fault=_fault(outcome))
    except (StoreUnavailable, InvalidRequest) as error:
        # Not settled, and so not counted as a try: it is due again when its hold ends.
        log.warning("webhook event is held: %s", error.message)
    except Exception:
        log.exception("webhook event could not be posted")
        _settle(station, event, *_verdict(delays_s, event, Outcome(0)), note="unexpected error")


@dataclass(frozen=True)
class _Subject:
    """What an event is about, as it is now: a job, a book with its chapters, a batch, or a webhook endpoint. `track`: the
    chapter that it tells of, or 0."""

    job: Job | None
    book: BookState | None = None
    track: int = 0
    endpoint: Endpoint | None = None
    batch: BatchState | None = None

    def view(self, here: Viewpoint) -> Mapping[str, Any]:
        if self.endpoint:
            return endpoint_view(self.endpoint, round(here.now_s * 1000))
        assert self.job
        if self.batch:
            return batch_view(self.job, self.batch)
        if self.book is None:
            return job_view(self.job, here)
        if self.track:
            return chapter_completed_view(self.job, self.book, self.track, here)
        return book_view(self.job, self.book, here)


def _look(station: Station, event: DueEvent) -> _Subject | None:
    """None where it was deleted."""
    if event.job_id.startswith("we_"):
        endpoint = station.store.run(endpoints.endpoint(event.job_id, event.tenant))
        return _Subject(None, endpoint=endpoint) if endpoint else None
    whole, _, track = event.job_id.partition(".")
    job = station.store.run(verbs.look(whole, event.tenant))
    if job is None:
        return None
    if whole.startswith("batch_"):
        batch = station.store.run(batches.state(whole, event.tenant))
        return _Subject(job, batch=batch) if batch else None
    if not whole.startswith("book_"):
        return _Subject(job)
    book = station.store.run(books.chapters(whole, event.tenant))
    return _Subject(job, book, int(track or 0)) if book else None


def _span(station: Station, event: DueEvent, subject: _Subject) -> Span:
    """Of this try, linked to the one before. Its receiver is not told of the trace: it is somebody else's."""
    parent = subject.job.traceparent if subject.job else ""
    return station.tracer.span("webhook", "client", parent, key=f"{event.id}/{event.tries}",
                               after=f"{event.id}/{event.tries - 1}" if event.tries > 1 else "",
                               job_id=event.job_id, event=event.type, attempt=event.tries)


def _delivery(station: Station, event: DueEvent, subject: _Subject) -> Delivery:
    """The event as it is posted now: times, URLs and signature are fresh at each attempt."""
    settings, now_s = station.settings, time.time()
    url, keys = _receiver(settings.webhooks.secret.get_secret_value(), event, subject, now_s)
    base_url = settings.producer.public_url.rstrip("/") or f"http://{settings.producer.host}:{settings.producer.port}"
    here = Viewpoint(base_url, station.blobs, settings.blobs.url_ttl_s, now_s)
    body = event_body(Event(event.event_id, event.type, event.at_ms), subject.view(here))
    return Delivery(url, event.event_id, body, keys, int(now_s))


def _receiver(secret: str, event: DueEvent, subject: _Subject, now_s: float) -> tuple[str, tuple[bytes, ...]]:
    """Its URL, and the keys to sign with."""
    if event.endpoint:
        return event.endpoint.url, signing_keys(secret, event.endpoint, round(now_s * 1000), SECRET_VARIABLE)
    assert subject.job  # of an event that goes to its job's own webhook
    return subject.job.spec["webhook"]["url"], (parse_secret(secret_of(secret, event.tenant, SECRET_VARIABLE), SECRET_VARIABLE),)


def _verdict(delays_s: Sequence[float], event: DueEvent, outcome: Outcome) -> tuple[str, float]:
    """delivered | again | dead, and in how many seconds."""
    if outcome.ok:
        return "delivered", 0.0
    jitter = random.random()  # noqa: S311 - spreads load, guards nothing
    wait_s = next_attempt(delays_s, event.tries, jitter, outcome.retry_after_s)
    if outcome.disable or wait_s is None:
        return "dead", 0.0
    return "again", wait_s


def _fault(outcome: Outcome) -> Fault:
    if outcome.disable:
        return "gone"
    return "" if outcome.ok or outcome.ours else "failing"


def _settle(station: Station, event: DueEvent, verdict: str, in_s: float = 0.0, *, note: str, fault: Fault = "") -> None:
    log.log(logging.INFO if verdict == "delivered" else logging.WARNING, "webhook %s: %s%s", event.type, verdict,
            f" in {in_s:.0f} s ({note})" if verdict == "again" else f" ({note})")
    patience_s = station.settings.webhooks.disable_after_s
    station.store.run(deliveries.settled(event, verdict, in_ms=round(in_s * 1000), note=note, fault=fault, patience_s=patience_s))


def _note(outcome: Outcome) -> str:
    return json.dumps({"status": outcome.status, "error": outcome.error, "duration_ms": outcome.duration_ms})

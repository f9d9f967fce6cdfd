"""What every route has at hand: settings, store, objects, the feed that wakes waiting clients, the reader of streams, and the
doorbell."""

import asyncio
import time
from collections.abc import Coroutine
from dataclasses import dataclass, field
from typing import Any

from starlette.requests import Request

from producer.auth import Caller
from producer.doorbell import Doorbell
from producer.feed import Feed
from producer.storage import Storage
from producer.streams.listening import Listening
from speechmill.catalogue import Catalogue
from speechmill.errors import NotFound
from speechmill.job import Job
from speechmill.lookup import Lookup
from speechmill.settings import Settings
from speechmill.store import verbs
from speechmill.store.client import AsyncStore
from speechmill.trace.seam import NoTracer, Tracer
from speechmill.view import Viewpoint


@dataclass
class Desk:
    """One producer process."""

    settings: Settings
    store: AsyncStore
    storage: Storage
    feed: Feed
    listening: Listening
    doorbell: Doorbell
    tracer: Tracer = field(default_factory=NoTracer)
    lookup: Lookup = field(default_factory=Lookup)
    background: set[asyncio.Task[None]] = field(default_factory=set)
    _catalogue: Catalogue = field(default_factory=Catalogue)
    _catalogue_until: float = 0.0
    _looking: asyncio.Task[None] | None = None

    async def catalogue(self) -> Catalogue:
        """At most a second old, so that validating costs no round trip."""
        if time.monotonic() >= self._catalogue_until or not self._catalogue.models:
            # One looks for all: were each request of a burst to ask, each would open a connection of its own.
            if self._looking is None or self._looking.done():
                self._looking = asyncio.create_task(self._look_at_catalogue())
                self._looking.add_done_callback(lambda look: look.cancelled() or look.exception())  # all who asked may be gone
            await asyncio.shield(self._looking)
        return self._catalogue

    async def _look_at_catalogue(self) -> None:
        self._catalogue = await self.store.catalogue(self.settings.producer.default_model)
        self._catalogue_until = time.monotonic() + 1.0

    async def job(self, job_id: str, tenant: str) -> Job:
        """Raises NotFound, also for another tenant's job."""
        refuse_books(job_id)
        job = await self.store.run(verbs.look(job_id, tenant))
        if job is None:
            raise NotFound(f"There is no job {job_id[:80]!r}.", param="id", code="job_not_found")
        return job

    def viewpoint(self, request: Request) -> Viewpoint:
        base = self.settings.producer.public_url.rstrip("/") or str(request.base_url).rstrip("/")
        return Viewpoint(base, self.storage.blobs, self.settings.blobs.url_ttl_s, time.time())

    def in_background(self, coroutine: Coroutine[Any, Any, None]) -> None:
        # The loop keeps only a weak reference to a task; without this set it could vanish half done.
        task = asyncio.create_task(coroutine)
        self.background.add(task)
        task.add_done_callback(self.background.discard)


def refuse_books(job_id: str) -> None:
    """Books, voices and batches are jobs of another kind, and have routes of their own. Raises NotFound."""
    if job_id.startswith(("book_", "voice_", "batch_")):
        raise NotFound(f"There is no job {job_id[:80]!r}.", param="id", code="job_not_found")


def desk_of(request: Request) -> Desk:
    desk: Desk = request.app.state.desk
    return desk


def caller_of(request: Request) -> Caller:
    caller: Caller = request.state.caller
    return caller


def tenant_of(request: Request) -> str:
    """Whose jobs this request may see: the tenant of its key (producer/gate.py)."""
    return caller_of(request).tenant

"""What becomes of a job, as server-sent events: a snapshot first, then one whenever it has changed, until it has ended.

Each event is the whole job as it is then. A client that is slow, or was away, misses steps between, and never the end; nothing
gathers for it here.
"""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from dataclasses import dataclass
from typing import Any

from starlette.requests import Request
from starlette.responses import Response, StreamingResponse

from producer.desk import Desk
from producer.feed import Watch
from producer.streams import sse
from speechmill.errors import NotFound, StoreUnavailable
from speechmill.job import Status

HEARTBEAT_S = 15.0
HEARTBEATS_A_LOOK = 4
"""Were the feed ever to miss something, a client would wait for so many. More often, thousands of them would keep a core busy."""
AWAY_S = 1.0
"""Between two looks while the store is away."""
TOLD_EVERY_S = 0.25
"""A long job changes with every segment. Nobody is told more often."""


@dataclass(frozen=True)
class Snapshot:
    """Something that changes until it has ended. `mark`: another one after each change; clients send it back to go on from there.
    `type`: what kind of event it is, such as speech.job.completed; `view`: how clients see it."""

    mark: str
    type: str
    ended: bool
    view: dict[str, Any]


def event_type(kind: str, status: Status) -> str:
    """As webhooks call what has happened: speech.job.progress, book.completed."""
    return f"{kind}.{'progress' if status is Status.IN_PROGRESS else status.value}"


Look = Callable[[], Awaitable[Snapshot]]


async def events_response(desk: Desk, request: Request, id: str, look: Look) -> Response:
    """The events of the job (book, batch) `id`, which `look` sees. Raises what the first `look` raises. A client that has seen
    the end already gets 204, which tells an EventSource to come back no more."""
    seen = request.headers.get("last-event-id") or request.query_params.get("starting_after", "")
    async with desk.feed.turn:
        first = await look()
    if first.ended and first.mark == seen:
        return Response(status_code=204, headers=sse.HEADERS)
    return StreamingResponse(_events(desk, id, look, seen), media_type=sse.MEDIA_TYPE, headers=sse.HEADERS)


async def _events(desk: Desk, id: str, look: Look, seen: str) -> AsyncIterator[bytes]:
    with desk.feed.watching(id, until_end=False) as watch:
        yield sse.HEARTBEAT  # headers go out with the first bytes, and a client may have nothing to be told yet
        async for snapshot in _changes(watch, look, seen):
            if snapshot is None:
                yield sse.HEARTBEAT
            else:
                yield sse.event({"object": "event", "type": snapshot.type, "data": snapshot.view}, snapshot.mark)


async def _changes(watch: Watch, look: Look, seen: str) -> AsyncIterator[Snapshot | None]:
    """Each snapshot that differs from the one before; None when there was none for a while."""
    while True:
        try:
            async with watch.turn:
                snapshot = await look()
        except StoreUnavailable:
            await asyncio.sleep(AWAY_S)
            yield None
            continue
        except NotFound:
            return  # it was deleted
        if snapshot.mark != seen:
            seen = snapshot.mark
            yield snapshot
        if snapshot.ended:
            return
        for _ in range(HEARTBEATS_A_LOOK):
            if await watch.change(HEARTBEAT_S):
                await asyncio.sleep(TOLD_EVERY_S)
                break
            yield None

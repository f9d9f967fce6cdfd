"""Waiting for a job, and what happens when the one who waits goes away."""

import asyncio
import time
from collections.abc import Awaitable, Callable
from typing import TypeVar

from starlette.requests import Request

from producer.desk import Desk
from producer.feed import Watch
from speechmill.errors import Conflict, InvalidRequest, SpeechmillError, StoreUnavailable, SyncTimeout
from speechmill.job import Job, Status
from speechmill.store import verbs
from speechmill.view import JOBS_PATH

LOOK_AGAIN_S = 15.0
AWAY_S = 1.0
"""Between two looks while the store is away."""

T = TypeVar("T")


async def wait_for(desk: Desk, watch: Watch, job_id: str, tenant: str, done: Callable[[Job], bool], timeout_s: float) -> Job:
    """The job, once it is `done` or the time is over. `watch` must have been registered before the call."""
    return await wait_until(watch, lambda: desk.job(job_id, tenant), done, timeout_s)


async def wait_until(watch: Watch, look: Callable[[], Awaitable[T]], done: Callable[[T], bool], timeout_s: float) -> T:
    """What `look` finds, once it is `done` or the time is over. Raises StoreUnavailable where it finds nothing at all; who waits
    already waits on while the store is away."""
    deadline = time.monotonic() + timeout_s
    found: T | None = None
    while True:
        try:
            async with watch.turn:
                found = await look()
        except StoreUnavailable:
            if found is None or time.monotonic() >= deadline:
                raise
            await asyncio.sleep(AWAY_S)
            continue
        left_s = deadline - time.monotonic()
        if done(found) or left_s <= 0:
            return found
        # Were the feed ever to miss something, a client would wait this long and no longer.
        await watch.change(min(left_s, LOOK_AGAIN_S))


async def client_gone(request: Request) -> None:
    """Returns when the client hangs up. Only after the body has been read."""
    while True:
        message = await request.receive()
        if message["type"] == "http.disconnect":
            return


async def cancel_unless_reattached(desk: Desk, job_id: str, tenant: str, waiter: str) -> None:
    """The client of a sync call hung up: its job is cancelled after a while, unless a retry has attached to it."""
    await asyncio.sleep(desk.settings.producer.abandon_after_s)
    try:
        _, bells = await desk.store.run(verbs.cancel(job_id, tenant, waiter=waiter))
    except SpeechmillError:
        return  # It will be spoken for nobody; that costs a little and loses nothing.
    desk.doorbell.ring(bells)


def finished(job: Job) -> Job:
    """The job if it is completed; else raises what a sync client should be told."""
    if job.status is Status.COMPLETED:
        return job
    if not job.ended:
        raise SyncTimeout(f"The speech is not ready yet; the job goes on at {JOBS_PATH}/{job.id}.", job_id=job.id)
    if job.status is Status.CANCELLED:
        raise Conflict("The job was cancelled.", code="job_cancelled", job_id=job.id)
    error = job.error
    message = error.message if error else f"The job is {job.status}."
    code = error.code if error else f"job_{job.status}"
    if job.status is Status.EXPIRED:
        raise SyncTimeout(message, code=code, job_id=job.id)
    if error and error.type == "invalid_request_error":
        raise InvalidRequest(message, param=error.param or "input", code=code, job_id=job.id)
    raise SpeechmillError(message, code=code, job_id=job.id)

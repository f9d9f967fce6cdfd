"""Waiting for a job, and what happens when the one who waits goes away."""

import asyncio
import time
from collections.abc import Awaitable, Callable
from typing import TypeVar

from starlette.requests import Request

from producer.desk import Desk
from producer.feed import Watch
from speechmill.errors import SpeechmillError
from speechmill.job import Job
from speechmill.store import verbs

LOOK_AGAIN_S = 15.0

T = TypeVar("T")


async def wait_for(desk: Desk, watch: Watch, job_id: str, tenant: str, done: Callable[[Job], bool], timeout_s: float) -> Job:
    """The job, once it is `done` or the time is over. `watch` must have been registered before the call."""
    return await wait_until(watch, lambda: desk.job(job_id, tenant), done, timeout_s)


async def wait_until(watch: Watch, look: Callable[[], Awaitable[T]], done: Callable[[T], bool], timeout_s: float) -> T:
    """What `look` finds, once it is `done` or the time is over."""
    deadline = time.monotonic() + timeout_s
    while True:
        found = await look()
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

"""One Redis reader per process: it follows the event log and wakes every client that waits for a job."""

import asyncio
import logging
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import redis.asyncio
from redis.backoff import NoBackoff
from redis.retry import Retry

from speechmill.errors import StoreUnavailable
from speechmill.job import TERMINAL
from speechmill.settings import Settings
from speechmill.store.client import EVENTS_KEY, redis_told

log = logging.getLogger(__name__)

BLOCK_MS = 5_000
AGAIN_S = 0.5
"""After an interruption."""
LOOKS_AT_ONCE = 16
"""Clients that wait have time: thousands of them, woken in the same moment, must not open a connection to Redis each, nor stand
before somebody who brings a job."""


class Watch:
    """One client's interest in one job. Whoever wakes takes his `turn` to look."""

    def __init__(self, until_end: bool, turn: asyncio.Semaphore | None = None) -> None:
        self.until_end = until_end
        self.turn = turn or asyncio.Semaphore()
        self._changed = asyncio.Event()

    def wake(self) -> None:
        self._changed.set()

    async def change(self, timeout_s: float) -> bool:
        """Wait until the job may have changed (True), or the time is over (False)."""
        try:
            await asyncio.wait_for(self._changed.wait(), timeout_s)
        except TimeoutError:
            return False
        self._changed.clear()
        return True


class Feed:
    """Register with `watching` before reading the job, and no change goes unnoticed."""

    def __init__(self, settings: Settings) -> None:
        self._redis = redis.asyncio.Redis.from_url(
            settings.redis.url, decode_responses=True, socket_connect_timeout=1, socket_timeout=BLOCK_MS / 1000 + 5,
            socket_keepalive=True, retry=Retry(NoBackoff(), 0))
        self.turn = asyncio.Semaphore(LOOKS_AT_ONCE)
        self._watches: dict[str, set[Watch]] = {}
        self._task: asyncio.Task[None] | None = None

    def start(self) -> None:
        self._task = asyncio.create_task(self._follow(), name="feed")

    async def close(self) -> None:
        if self._task:
            self._task.cancel()
            await asyncio.gather(self._task, return_exceptions=True)
        await self._redis.aclose()

    @contextmanager
    def watching(self, job_id: str, *, until_end: bool) -> Iterator[Watch]:
        """`until_end`: be woken only by the job's end, not by each step."""
        watch = Watch(until_end, self.turn)
        self._watches.setdefault(job_id, set()).add(watch)
        try:
            yield watch
        finally:
            watches = self._watches[job_id]
            watches.discard(watch)
            if not watches:
                del self._watches[job_id]

    async def _follow(self) -> None:
        """For ever: whoever waits would not notice its end, and be told of nothing any more."""
        while True:
            try:
                with redis_told():
                    await self._follow_on()
            except StoreUnavailable as error:
                log.warning("the event feed is interrupted: %s", error.message)
            except Exception:
                log.exception("the event feed is interrupted")
            await asyncio.sleep(AGAIN_S)

    async def _follow_on(self) -> None:
        # A fixed place to read on from: with "$", what comes between two reads would be missed.
        last: Any = await self._redis.xrevrange(EVENTS_KEY, count=1)
        position = last[0][0] if last else "0-0"
        self._wake_all()
        while True:
            streams: Any = await self._redis.xread({EVENTS_KEY: position}, count=1000, block=BLOCK_MS)
            for entry, fields in streams[0][1] if streams else ():
                position = entry
                # Who waits for a book is told of its chapters, too: <book>.<number>.
                job_id, _, part = fields["job"].partition(".")
                self._wake(job_id, ended=not part and fields["status"] in TERMINAL)

    def _wake(self, job_id: str, *, ended: bool) -> None:
        for watch in self._watches.get(job_id, ()):
            if ended or not watch.until_end:
                watch.wake()

    def _wake_all(self) -> None:
        for watches in self._watches.values():
            for watch in watches:
                watch.wake()

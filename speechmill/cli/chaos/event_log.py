"""Follows the system's event log from the beginning, and counts the ends of each job. The log itself keeps the newest 20,000
entries only, so it is read while it is written."""

import asyncio
from dataclasses import dataclass
from typing import Any

import redis.asyncio
from redis.exceptions import RedisError

from speechmill.cli.chaos.ledger import ENDS
from speechmill.store.client import EVENTS_KEY

_PAUSE_S = 0.3
_LOOK_S = 0.2
_PREFIX = "speech.job."


@dataclass(slots=True)
class Told:
    """What the log said of one job. `n_ends`: how often it ended; `status`: how, the last time."""

    n_ends: int = 0
    n_commits: int = 0
    status: str = ""
    after_end: int = 0      # entries of any kind that followed its end


class EventLog:
    def __init__(self, redis_url: str) -> None:
        self.jobs: dict[str, Told] = {}
        self._redis = redis.asyncio.Redis.from_url(redis_url, decode_responses=True, socket_timeout=5, socket_connect_timeout=1)
        self._position = "0-0"
        self._task: asyncio.Task[None] | None = None

    def start(self) -> None:
        self._task = asyncio.create_task(self._follow())

    async def close(self) -> None:
        if self._task:
            self._task.cancel()
            await asyncio.gather(self._task, return_exceptions=True)
        await self._redis.aclose()

    async def catch_up(self) -> None:
        """Read to the present end. Raises RedisError."""
        while await self._read():
            pass

    async def _follow(self) -> None:
        while True:
            try:
                await self.catch_up()
                await asyncio.sleep(_LOOK_S)
            except (RedisError, OSError):
                await asyncio.sleep(_PAUSE_S)  # It is away, as it should be now and then; nothing in it is lost meanwhile.

    async def _read(self) -> int:
        entries: Any = await self._redis.xrange(EVENTS_KEY, min=f"({self._position}", count=500)
        for position, fields in entries:
            self._position = position
            self._note(fields["job"], fields["type"].removeprefix(_PREFIX))
        return len(entries)

    def _note(self, job_id: str, what: str) -> None:
        told = self.jobs.setdefault(job_id, Told())
        if what in ENDS:
            told.n_ends += 1
            told.n_commits += what == "completed"
            told.status = what
        elif told.status:
            told.after_end += 1

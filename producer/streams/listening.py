"""One reader per process of all sound that clients of it listen to: told by one channel which streams have grown, it reads all of
those at once, and nobody else's.

A client that is slow is not read for; what it has not heard waits in Redis until the cap drops it.
"""

import asyncio
import logging
from collections import deque
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

import redis.asyncio
from redis.backoff import NoBackoff
from redis.retry import Retry

from producer.feed import AGAIN_S, Watch
from speechmill.errors import StoreUnavailable, StreamBroken
from speechmill.settings import Settings
from speechmill.store.client import redis_told
from speechmill.store.streams import STREAMED_CHANNEL, stream_key

log = logging.getLogger(__name__)

ROOM = 16
"""Pieces of sound, of 32 KiB at most, that wait here for one client."""
CHANNEL_S = 5.0
"""The channel is asked whether it is still there after so much silence, and given up after as much again."""


class Listener:
    """One client's place in the sound of one job. It hears one attempt only: the newest, until something of it was passed on."""

    def __init__(self, job_id: str, watch: Watch, wants: Callable[["Listener"], None]) -> None:
        self.job_id = job_id
        self.token = 0       # of the attempt that is heard
        self.number = 0      # of the last piece that was read
        self._watch = watch
        self._wants = wants
        self._pieces: deque[bytes] = deque()
        self._passed_on = False
        self._is_behind = False
        self._broken: StreamBroken | None = None

    @property
    def room(self) -> int:
        return ROOM - len(self._pieces) if self.token and not self._broken and not self._is_behind else 0

    @property
    def has_news(self) -> bool:
        """Whether `take` has something, or something to raise."""
        return bool(self._pieces or self._broken)

    @property
    def is_behind(self) -> bool:
        """Whether what comes next was dropped before it could be read: nothing more will be heard."""
        return self._is_behind and not self._pieces

    def take(self) -> bytes | None:
        """The next piece, None while there is none. Raises StreamBroken when its attempt was lost."""
        if self._pieces:
            was_full = not self.room
            piece = self._pieces.popleft()
            self._passed_on = True
            if was_full:
                self._wants(self)
            return piece
        if self._broken:
            raise self._broken
        return None

    def told(self, token: int) -> None:
        """The attempt `token` is heard, and has sound."""
        if token > self.token:
            if self._passed_on:
                self.lose()
                return
            self._pieces.clear()
            self.token, self.number, self._is_behind = token, 0, False
        if token == self.token:
            self._wants(self)

    def lose(self) -> None:
        """Its attempt is lost, and the next one may sound otherwise. It is heard where nothing of this one was passed on."""
        self._pieces.clear()
        self.token, self.number, self._is_behind = 0, 0, False
        if self._passed_on:
            self._broken = StreamBroken("What was spoken here was lost on its way, and is spoken again from the beginning; this "
                                        "stream cannot go on with it. The job has all of it when it is done.", job_id=self.job_id)
            self._watch.wake()

    def hear(self, token: int, entries: list[tuple[bytes, dict[bytes, bytes]]]) -> None:
        if token != self.token:
            return  # read for the attempt before
        for entry, fields in entries:
            number = int(entry.partition(b"-")[0])
            if number != self.number + 1:
                self._is_behind = True
                break
            self._pieces.append(fields[b"sound"])
            self.number = number
        if entries:
            self._watch.wake()


class Listening:
    """All listeners of this process."""

    def __init__(self, settings: Settings) -> None:
        self._redis = redis.asyncio.Redis.from_url(
            settings.redis.url, socket_connect_timeout=1, socket_timeout=CHANNEL_S + 5, socket_keepalive=True,
            retry=Retry(NoBackoff(), 0))
        self._listeners: dict[str, set[Listener]] = {}
        self._wanting: set[Listener] = set()
        self._wanted = asyncio.Event()
        self._tasks: list[asyncio.Task[None]] = []

    def start(self) -> None:
        self._tasks = [asyncio.create_task(self._follow(), name="listening"), asyncio.create_task(self._read(), name="reading")]

    async def close(self) -> None:
        for task in self._tasks:
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)
        await self._redis.aclose()

    @contextmanager
    def to(self, job_id: str, watch: Watch) -> Iterator[Listener]:
        """Inside, the sound of a job is heard; `watch` is woken when there is some. Enter before the job is looked at."""
        listener = Listener(job_id, watch, self._wants)
        self._listeners.setdefault(job_id, set()).add(listener)
        try:
            yield listener
        finally:
            self._wanting.discard(listener)
            listeners = self._listeners[job_id]
            listeners.discard(listener)
            if not listeners:
                del self._listeners[job_id]

    def _wants(self, listener: Listener) -> None:
        self._wanting.add(listener)
        self._wanted.set()

    async def _follow(self) -> None:
        """A message that is lost costs two seconds: then whoever waits looks himself (sound.py)."""
        while True:
            try:
                with redis_told():
                    await self._follow_on()
            except StoreUnavailable as error:
                log.warning("the channel of streams is interrupted: %s", error.message)
            except Exception:
                log.exception("the channel of streams is interrupted")
            await asyncio.sleep(AGAIN_S)

    async def _follow_on(self) -> None:
        async with self._redis.pubsub() as channel:
            await channel.subscribe(STREAMED_CHANNEL)
            for listeners in self._listeners.values():
                for listener in listeners:
                    self._wants(listener)
            is_asked = False
            while True:
                message = await channel.get_message(timeout=CHANNEL_S)
                if message is None:
                    # A host that lost its power closes no connection, and nothing else is ever sent on this one.
                    if is_asked:
                        raise TimeoutError("Redis has not answered on the channel of streams")
                    await channel.ping()
                is_asked = message is None
                if message and message["type"] == "message":
                    self._tell(message["data"])

    def _tell(self, said: bytes) -> None:
        job_id, _, token = said.decode().partition(" ")
        for listener in self._listeners.get(job_id, ()):
            listener.told(int(token))

    async def _read(self) -> None:
        while True:
            await self._wanted.wait()
            self._wanted.clear()
            wanting = [(listener, listener.token, listener.room) for listener in self._wanting if listener.room]
            self._wanting.clear()
            if not wanting:
                continue
            try:
                with redis_told():
                    replies = await self._entries(wanting)
                self._hand_out(wanting, replies)
                continue
            except StoreUnavailable as error:
                log.warning("streams cannot be read now: %s", error.message)
            except Exception:
                log.exception("streams cannot be read now")
            self._wanting.update(listener for listener, _, _ in wanting)
            self._wanted.set()
            await asyncio.sleep(AGAIN_S)

    def _hand_out(self, wanting: list[tuple[Listener, int, int]], replies: list[Any]) -> None:
        for (listener, token, room), entries in zip(wanting, replies, strict=True):
            listener.hear(token, entries)
            if len(entries) == room:
                self._wants(listener)

    async def _entries(self, wanting: list[tuple[Listener, int, int]]) -> list[Any]:
        pipeline = self._redis.pipeline(transaction=False)
        for listener, token, room in wanting:
            # Entries are numbered <n>-0: this is what comes after the last one.
            pipeline.xrange(stream_key(listener.job_id, token), min=f"{listener.number}-1", count=room)
        replies: list[Any] = await pipeline.execute()
        return replies

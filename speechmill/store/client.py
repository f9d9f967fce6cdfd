"""Runs the store's verbs: `Store` blocks (workers, CLI), `AsyncStore` awaits (producer). Both raise StoreUnavailable when
Redis is away, full, read-only or too slow."""

import json
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any, TypeVar

import redis
import redis.asyncio
from redis.backoff import NoBackoff
from redis.exceptions import NoScriptError, RedisError, ResponseError
from redis.retry import Retry

from speechmill.catalogue import Catalogue, ModelInfo
from speechmill.errors import StoreUnavailable
from speechmill.settings import Settings
from speechmill.store.verbs import Argument, Call
from speechmill.tasks import KEY_PREFIX

T = TypeVar("T")

CATALOGUE_KEY = KEY_PREFIX + "catalogue"
EVENTS_KEY = KEY_PREFIX + "events"
STOP_CHANNEL = KEY_PREFIX + "stop"


@dataclass(frozen=True)
class Policy:
    """The durations and limits that every script is given."""

    lease_ms: int = 30_000
    max_crashes: int = 3
    max_tries: int = 3
    doorbells: int = 64
    results_ms: int = 7 * 86_400_000
    records_ms: int = 30 * 86_400_000

    @classmethod
    def of(cls, settings: Settings) -> "Policy":
        worker, retention = settings.worker, settings.retention
        return cls(lease_ms=round(worker.lease_s * 1000), max_crashes=worker.max_crashes, max_tries=worker.max_tries,
                   doorbells=worker.doorbells, results_ms=retention.results_s * 1000, records_ms=retention.records_s * 1000)

    def arguments(self) -> tuple[Argument, ...]:
        """In the order in which `lua/lib.lua` reads them."""
        return (self.lease_ms, self.max_crashes, self.max_tries, self.doorbells, self.results_ms, self.records_ms)


@dataclass(frozen=True)
class Memory:
    """What Redis uses and may use at most, bytes; 0: as much as there is."""

    used_bytes: int
    limit_bytes: int


class Store:
    """The job store, blocking. Thread-safe: redis-py gives each call a connection of its own."""

    def __init__(self, client: redis.Redis, policy: Policy) -> None:
        self.redis = client
        self._first = policy.arguments()

    @classmethod
    def open(cls, settings: Settings) -> "Store":
        # One try again on a fresh connection: after a Redis restart every pooled one is dead. All verbs bear repetition.
        client = redis.Redis.from_url(
            settings.redis.url, decode_responses=True, socket_timeout=settings.redis.worker_timeout_s,
            socket_connect_timeout=2, socket_keepalive=True, retry=Retry(NoBackoff(), 1), health_check_interval=30,
            # All slots of a worker may end at the same moment. With redis-py's own 100 the others would be told that Redis is
            # away, and a worker that stops would not give their units back.
            max_connections=4096)
        return cls(client, Policy.of(settings))

    def run(self, call: Call[T]) -> T:
        arguments = (KEY_PREFIX, *self._first, *call.args)
        with redis_told():
            try:
                reply = self.redis.evalsha(call.script.sha, 1, *arguments)
            except NoScriptError:
                reply = self.redis.eval(call.script.text, 1, *arguments)
        return call.read(reply)

    def publish(self, model: ModelInfo) -> None:
        """Add or replace a model of the catalogue."""
        with redis_told():
            self.redis.hset(CATALOGUE_KEY, model.id, model.model_dump_json())

    def catalogue(self, default_model: str) -> Catalogue:
        with redis_told():
            models = self.redis.hgetall(CATALOGUE_KEY)
        return _catalogue(models, default_model)

    def takes(self, job_id: str) -> Iterator[tuple[int, dict[str, Any]]]:
        """Segment number and record of every accepted take of a job, in no order; memory stays flat."""
        with redis_told():
            for n, record in self.redis.hscan_iter(f"{KEY_PREFIX}segments:{job_id}", count=500):
                yield int(n), json.loads(record)

    def close(self) -> None:
        self.redis.close()


class AsyncStore:
    """The job store for the producer's event loop, which it never blocks."""

    def __init__(self, client: "redis.asyncio.Redis", policy: Policy) -> None:
        self.redis = client
        self._first = policy.arguments()

    @classmethod
    def open(cls, settings: Settings) -> "AsyncStore":
        client = redis.asyncio.Redis.from_url(
            settings.redis.url, decode_responses=True, socket_timeout=settings.redis.producer_timeout_s,
            socket_connect_timeout=1, socket_keepalive=True, retry=Retry(NoBackoff(), 0), max_connections=4096)
        return cls(client, Policy.of(settings))

    async def run(self, call: Call[T]) -> T:
        arguments = (KEY_PREFIX, *self._first, *call.args)
        with redis_told():
            try:
                reply = await self.redis.evalsha(call.script.sha, 1, *arguments)
            except NoScriptError:
                reply = await self.redis.eval(call.script.text, 1, *arguments)
        return call.read(reply)

    async def run_all(self, calls: Sequence[Call[T]]) -> list[T]:
        """Run many calls in one round trip, each atomic by itself."""
        if not calls:
            return []
        with redis_told():
            replies = await self._pipelined(calls)
            if any(isinstance(reply, NoScriptError) for reply in replies):
                await self.redis.script_load(calls[0].script.text)
                replies = await self._pipelined(calls)
        for reply in replies:
            if isinstance(reply, Exception):
                raise _unavailable(reply)
        return [call.read(reply) for call, reply in zip(calls, replies, strict=True)]

    async def _pipelined(self, calls: Sequence[Call[T]]) -> list[Any]:
        pipeline = self.redis.pipeline(transaction=False)
        for call in calls:
            pipeline.evalsha(call.script.sha, 1, KEY_PREFIX, *self._first, *call.args)
        return await pipeline.execute(raise_on_error=False)

    async def catalogue(self, default_model: str) -> Catalogue:
        with redis_told():
            models = await self.redis.hgetall(CATALOGUE_KEY)
        return _catalogue(models, default_model)

    async def takes(self, job_id: str, first: int, count: int) -> list[dict[str, Any] | None]:
        """Records of the accepted takes of segments `first` … `first + count - 1`; None where there is none yet."""
        if count <= 0:
            return []
        with redis_told():
            found = await self.redis.hmget(f"{KEY_PREFIX}segments:{job_id}", [str(n) for n in range(first, first + count)])
        return [json.loads(record) if record else None for record in found]

    async def input_of(self, job_id: str) -> tuple[str, str]:
        """What a job was made from: the text, where it was small enough to stay here, and the key of the object that holds it,
        where it was not."""
        with redis_told():
            text, key = await self.redis.hmget(f"{KEY_PREFIX}job:{job_id}", ["input", "input_key"])
        return str(text or ""), str(key or "")

    async def times_of(self, job_id: str) -> list[Any] | None:
        """Records (speechmill/timestamps.py) of the sentences of a job of one unit; None where there are none."""
        with redis_told():
            times = await self.redis.hget(f"{KEY_PREFIX}job:{job_id}", "times")
        return json.loads(times) if times else None

    async def leased_units(self, job_id: str) -> set[str]:
        """Units of a job that a worker holds now."""
        with redis_told():
            return {str(unit) for unit in await self.redis.smembers(f"{KEY_PREFIX}leased:{job_id}")}

    async def memory(self) -> Memory:
        with redis_told():
            said = await self.redis.info("memory")
        return Memory(int(said["used_memory"]), int(said["maxmemory"]))

    async def close(self) -> None:
        await self.redis.aclose()


def _catalogue(models: Mapping[Any, Any], default_model: str) -> Catalogue:
    return Catalogue(models=tuple(ModelInfo.model_validate_json(models[name]) for name in sorted(models)),
                     default_model=default_model)


@contextmanager
def redis_told() -> Iterator[None]:
    """Redis's errors as StoreUnavailable; a bug in a script as itself, or it would be waited out like an outage, for ever."""
    try:
        yield
    except (RedisError, OSError) as error:
        text = str(error)
        # Told as plain ResponseErrors, from inside the script that met them: a full disk, and fewer replicas than writes want.
        if type(error) is ResponseError and "user_script:" in text and not text.startswith(("MISCONF", "NOREPLICAS")):
            raise
        raise _unavailable(error) from error
    except RuntimeError as error:
        # uvloop's word for a connection that was closed between two steps of redis-py's.
        if "handler is closed" not in str(error):
            raise
        raise _unavailable(error) from error


def _unavailable(error: Exception) -> StoreUnavailable:
    reason = str(error).split("\n")[0][:200]
    return StoreUnavailable(f"The job store (Redis) cannot be used now: {reason}", retry_after_s=1)

"""The harness's own connection to the Redis under fire, which may have been started a moment ago."""

import asyncio
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import redis.asyncio
from redis.exceptions import RedisError

PATIENCE_S = 60.0
"""Reading what it has written in an hour takes its time."""


@asynccontextmanager
async def answering(redis_url: str) -> "AsyncIterator[redis.asyncio.Redis]":
    """Inside, it answers. Raises RedisError when it doesn't in time."""
    deadline = time.monotonic() + PATIENCE_S
    async with redis.asyncio.Redis.from_url(redis_url, decode_responses=True, socket_timeout=5) as client:
        while True:
            try:
                await client.ping()  # refused while it still reads its append-only file
                break
            except RedisError:
                if time.monotonic() > deadline:
                    raise
                await asyncio.sleep(0.05)
        yield client

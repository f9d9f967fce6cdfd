"""From the last fault to the moment when nothing is left to do."""

import asyncio
import time
from typing import Any

from speechmill.cli.chaos.inspector import Inspector
from speechmill.cli.chaos.patient_redis import answering
from speechmill.cli.chaos.system import DELIVERY_S
from speechmill.tasks import KEY_PREFIX

SETTLE_S = 120.0
_LOOK_S = 0.5
_HOLD_MS = round((DELIVERY_S + 16) * 1000)
"""An event that is being delivered is due again within that time; one that is due later waits for its schedule."""


async def settle(inspector: Inspector, redis_url: str) -> str:
    """What is still going on when patience has ended; empty when nothing is."""
    deadline = time.monotonic() + SETTLE_S
    while unsettled := await inspector.unsettled():
        if time.monotonic() > deadline:
            return unsettled
        await _bring_events_forward(redis_url)
        await asyncio.sleep(_LOOK_S)
    return ""


async def _bring_events_forward(redis_url: str) -> None:
    """The third try of an event comes after five minutes, the tenth after a day. Nobody here waits for that: now that the
    receiver is well again, what only waits is due at once."""
    async with answering(redis_url) as client:
        seconds, microseconds = await client.time()
        now_ms = seconds * 1000 + microseconds // 1000
        waiting: Any = await client.zrangebyscore(f"{KEY_PREFIX}outbox", now_ms + _HOLD_MS, "+inf")
        for event in waiting:
            tenant: Any = await client.hget(f"{KEY_PREFIX}event:{event}", "tenant")
            await client.zadd(f"{KEY_PREFIX}outbox:{tenant}", {event: now_ms}, xx=True)
            await client.zadd(f"{KEY_PREFIX}outboxes", {tenant: now_ms}, xx=True, lt=True)
            await client.zadd(f"{KEY_PREFIX}outbox", {event: now_ms}, xx=True)  # last: the others come again if this fails

"""/metrics: what Prometheus scrapes. Any producer's tells of the whole system; only what stands in own.py is its own."""

import asyncio
from collections.abc import Iterable, Sequence

from fastapi import APIRouter
from prometheus_client import CONTENT_TYPE_LATEST, CollectorRegistry, generate_latest
from prometheus_client.core import Metric
from prometheus_client.registry import Collector
from starlette.requests import Request
from starlette.responses import Response

from producer.desk import Desk, desk_of
from producer.metrics.own import OwnMetrics, reachability, redis_memory
from producer.metrics.store import store_metrics
from producer.metrics.workers import worker_metrics
from producer.openapi import METRICS
from speechmill.errors import BlobsUnavailable, StoreUnavailable
from speechmill.store.numbers import numbers

router = APIRouter()


@router.get("/metrics", **METRICS)
async def metrics(request: Request) -> Response:
    """Always 200: with Redis or storage away, it says so, and shows the rest."""
    desk = desk_of(request)
    own: OwnMetrics = request.app.state.own_metrics
    told, storage = await asyncio.gather(_of_redis(desk), _storage_is_up(desk))
    found = [*reachability(redis=bool(told), storage=storage), *told]
    return Response(generate_latest(own.registry) + _as_text(found), media_type=CONTENT_TYPE_LATEST)


async def _of_redis(desk: Desk) -> Sequence[Metric]:
    """Nothing while it is away."""
    try:
        known, memory = await asyncio.gather(desk.store.run(numbers()), desk.store.memory())
    except StoreUnavailable:
        return ()
    return (redis_memory(memory), *store_metrics(known), *worker_metrics(known.figures))


async def _storage_is_up(desk: Desk) -> bool:
    try:
        await desk.storage.check()
    except BlobsUnavailable:
        return False
    return True


def _as_text(found: Iterable[Metric]) -> bytes:
    registry = CollectorRegistry()
    registry.register(_Found(found))
    return generate_latest(registry)


class _Found(Collector):
    def __init__(self, found: Iterable[Metric]) -> None:
        self._found = found

    def collect(self) -> Iterable[Metric]:
        return self._found

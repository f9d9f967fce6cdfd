"""What this producer counts of itself, and whether it reaches Redis and storage."""

import os
from collections.abc import Iterator

from prometheus_client import CollectorRegistry, Counter, Histogram, ProcessCollector, disable_created_metrics
from prometheus_client.core import Metric
from prometheus_client.multiprocess import MultiProcessCollector

from producer.metrics.described import Described, counter, gauge
from producer.metrics.together import SHARED
from producer.middleware import Answered
from speechmill.blobs.counted import OPERATIONS, Operation
from speechmill.store.client import Memory

REQUESTS = counter("speech_http_requests_total", "Answered requests. A route is the path's pattern; other: no route of ours.",
                   "method", "route", "status")
SECONDS = Described("histogram", "speech_http_request_seconds", "From a request to the end of its answer, waiting included.",
                    ("route",))
STORAGE_ERRORS = counter("speech_producer_storage_errors_total", "Actions that storage did not do.", "operation")
REDIS_UP = gauge("speech_redis_up", "Whether Redis answered this scrape; if not, all that it knows is missing.")
STORAGE_UP = gauge("speech_storage_up", "Whether storage took an object during this scrape.")
REDIS_MEMORY = gauge("speech_redis_memory_bytes", "Memory of Redis: used, and the most it may use (limit), where there is one.",
                     "kind")

DESCRIBED = (REQUESTS, SECONDS, STORAGE_ERRORS, REDIS_UP, STORAGE_UP, REDIS_MEMORY)

BOUNDS_S = (0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30, 60, 300)


class OwnMetrics:
    """Counters of this process, or of all that share the port with it."""

    def __init__(self) -> None:
        disable_created_metrics()  # type: ignore[no-untyped-call]  # a line more for each series, with a date nobody asks for
        self._shared = SHARED in os.environ
        self._registry = CollectorRegistry()
        self._requests = Counter(REQUESTS.name, REQUESTS.text, REQUESTS.labels, registry=self._registry)
        self._seconds = Histogram(SECONDS.name, SECONDS.text, SECONDS.labels, buckets=BOUNDS_S, registry=self._registry)
        self._storage_errors = Counter(STORAGE_ERRORS.name, STORAGE_ERRORS.text, STORAGE_ERRORS.labels, registry=self._registry)
        for operation in OPERATIONS:
            self._storage_errors.labels(operation)  # there from the start, as zero: a rate sees their first step
        if not self._shared:
            ProcessCollector(registry=self._registry)

    def answered(self, answered: Answered) -> None:
        self._requests.labels(answered.method, answered.route, str(answered.status)).inc()
        self._seconds.labels(answered.route).observe(answered.seconds)

    def storage_failed(self, operation: Operation) -> None:
        self._storage_errors.labels(operation).inc()

    @property
    def registry(self) -> CollectorRegistry:
        """To scrape."""
        if not self._shared:
            return self._registry
        all_of_them = CollectorRegistry()
        MultiProcessCollector(all_of_them)  # type: ignore[no-untyped-call]
        return all_of_them


def reachability(*, redis: bool, storage: bool) -> Iterator[Metric]:
    yield REDIS_UP.one(redis)
    yield STORAGE_UP.one(storage)


def redis_memory(memory: Memory) -> Metric:
    limit = {"limit": memory.limit_bytes} if memory.limit_bytes else {}
    return REDIS_MEMORY.by({"used": memory.used_bytes, **limit})

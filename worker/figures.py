"""What a worker's process counts of itself. It serves no metrics: each beat tells Redis, and the producers' /metrics shows it."""

import threading
import time
from collections import Counter
from typing import Literal

from speechmill.blobs.counted import OPERATIONS, Operation
from worker.model.host_memory import HostMemory

Event = Literal["doorbells_lost", "voice_deaths"]

_COUNTED = ("doorbells_lost", "voice_deaths", *(f"storage_errors:{operation}" for operation in OPERATIONS))
"""Those that have not counted yet are told as zero, so that a rate sees their first step."""


class Figures:
    """Counters since the process began, from any thread."""

    def __init__(self) -> None:
        self._started_s = time.time()
        self._counts: Counter[str] = Counter(dict.fromkeys(_COUNTED, 0))
        self._lock = threading.Lock()
        self._memory = HostMemory()   # with segments' sound come and gone in many threads, much of it is holes

    def count(self, event: Event) -> None:
        with self._lock:
            self._counts[event] += 1

    def storage_failed(self, operation: Operation) -> None:
        with self._lock:
            self._counts[f"storage_errors:{operation}"] += 1

    def now(self) -> dict[str, float]:
        """By name: the counters, Unix seconds of the start, seconds of CPU, and bytes of memory."""
        with self._lock:
            counts = dict(self._counts)
        return {**counts, "started_s": self._started_s, "cpu_s": time.process_time(), "rss_bytes": self._memory.look()}
